package gateway

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestBodyIsLookedAt(t *testing.T) {
	b, err := scanBody([]byte(`{"messages":[{"role":"user","content":"hello there, how are you"}],"model":"gpt-4o","stream":true,"max_completion_tokens":50,"n":2}`))
	if err != nil {
		t.Fatal(err)
	}
	if b.model != "gpt-4o" || !b.stream || b.usageAsked || b.maxTokens != 50 || b.choices != 2 || b.promptTokens < 8 || b.promptTokens > 20 {
		t.Errorf("%+v", b)
	}
}

func TestBodiesThatAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		``:                                     "object",
		`[]`:                                   "object",
		`{"model":1}`:                          "'model' must be a string",
		`{"stream":"yes"}`:                     "'stream' must be",
		`{"model":"a","model":"b"}`:            "'model' is given twice",
		`{"model":"a","mod\u0065l":"b"}`:       "'model' is given twice",
		`{"model":"a"}{}`:                      "trailing",
		`{"model":"a"`:                         "parse",
		`{"a":` + strings.Repeat("[", 100_000): "parse",
	} {
		if _, err := scanBody([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: %v, want %q", text, err, want)
		}
	}
}

func TestBodyIsRewritten(t *testing.T) {
	cases := []struct {
		in, model string
		ask       bool
		want      string
	}{
		{`{"model":"a","stream":true}`, "", true, `{"stream_options":{"include_usage":true},"model":"a","stream":true}`},
		{`{"model":"a","stream":true}`, "b", true, `{"stream_options":{"include_usage":true},"model":"b","stream":true}`},
		{`{"stream_options":{"include_usage":false},"stream":true,"model":"a"}`, "b\"", true, `{"stream_options":{"include_usage":true},"stream":true,"model":"b\""}`},
		{`{"model":"a","stream":true,"stream_options":null}`, "b", true, `{"model":"b","stream":true,"stream_options":{"include_usage":true}}`},
		{`{"stream":true,"stream_options":{}}`, "b", true, `{"stream":true,"stream_options":{"include_usage":true}}`},
		{`{"model":"a","stream":true,"stream_options":{"include_usage":true}}`, "a", true, `{"model":"a","stream":true,"stream_options":{"include_usage":true}}`},
		{`{"model":"a"}`, "a", true, `{"model":"a"}`},
		{`{"model":"a","stream":true}`, "", false, `{"model":"a","stream":true}`},
		{` { } `, "b", true, ` { } `},
	}
	for _, c := range cases {
		b, err := scanBody([]byte(c.in))
		if err != nil {
			t.Fatal(err)
		}
		var dst buffer
		if got := b.rewrite(&dst, []byte(c.in), c.model, c.ask); string(got) != c.want {
			t.Errorf("%s for %q\n got %s\nwant %s", c.in, c.model, got, c.want)
		}
	}
}

func FuzzScanBody(f *testing.F) {
	f.Add([]byte(`{"messages":[{"role":"user","content":"hi"}],"model":"gpt-4o","stream":true,"stream_options":{"include_usage":false},"n":1}`))
	f.Add([]byte(`{"stream":true}`))
	f.Add([]byte(`{"m\u006fdel":"\ud800","stream_options":{"include_usage":true,"x":[1]}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		b, err := scanBody(text)
		if err != nil {
			return
		}
		var dst buffer
		out := b.rewrite(&dst, text, "deployment", true)
		var before, after map[string]any
		if err := json.Unmarshal(text, &before); err != nil {
			t.Fatalf("accepted what is no JSON: %v", err)
		}
		if err := json.Unmarshal(out, &after); err != nil {
			t.Fatalf("%s became %s: %v", text, out, err)
		}
		if before["model"] != nil && after["model"] != "deployment" {
			t.Errorf("%s became %s", text, out)
		}
		if b.stream {
			options, _ := after["stream_options"].(map[string]any)
			if !b.usageAsked && options["include_usage"] != true {
				t.Errorf("no usage is asked for in %s", out)
			}
		}
	})
}

func BenchmarkScanBody(b *testing.B) {
	text := []byte(`{"messages":[{"role":"system","content":"You are a helpful assistant."},{"role":"user","content":"` + strings.Repeat("word ", 180) + `"}],"model":"gpt-4o","temperature":0.7,"max_tokens":64}`)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := scanBody(text); err != nil {
			b.Fatal(err)
		}
	}
}

func TestBufferIsBounded(t *testing.T) {
	for _, size := range []int{0, 1, 511, 512, 4096, 5000} {
		for limit, want := range map[int64]error{int64(size): nil, int64(size) + 1: nil, int64(size) - 1: errTooLarge} {
			if limit < 0 {
				continue
			}
			var b buffer
			if err := b.readAll(bytes.NewReader(make([]byte, size)), limit); err != want {
				t.Errorf("%d bytes, limit %d: %v", size, limit, err)
			}
			if int64(len(b.b)) != min(int64(size), limit) {
				t.Errorf("%d bytes, limit %d: holds %d", size, limit, len(b.b))
			}
		}
	}
	var b buffer
	if err := b.readAll(io.MultiReader(strings.NewReader("half"), brokenReader{}), 100); err != io.ErrUnexpectedEOF || string(b.b) != "half" {
		t.Errorf("%q, %v", b.b, err)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestPathsAreRead(t *testing.T) {
	cases := []struct {
		method, path string
		id           string
		deployment   string
		rest, held   string
		v1           bool
	}{
		{"POST", "/openai/deployments/gpt-4o/chat/completions", "ChatCompletions_Create", "gpt-4o", "/chat/completions", "", false},
		{"POST", "/openai/deployments/my%20model/embeddings", "Embeddings_Create", "my model", "/embeddings", "", false},
		{"POST", "/openai/v1/chat/completions", "ChatCompletions_Create", "", "/chat/completions", "", true},
		{"POST", "/openai/v1/responses", "Responses_Create", "", "/responses", "", true},
		{"GET", "/openai/v1/responses/resp_1/input_items", "Responses_Get", "", "/responses/resp_1/input_items", "resp_1", true},
		{"DELETE", "/openai/responses/resp_1", "Responses_Delete", "", "/responses/resp_1", "resp_1", false},
		{"POST", "/openai/v1/files", "Files_Create", "", "/files", "", true},
		{"GET", "/openai/v1/fine_tuning/jobs/ft-1", "FineTuning_Get", "", "/fine_tuning/jobs/ft-1", "ft-1", true},
		{"GET", "/openai/models", "Models_List", "", "/models", "", false},
		{"GET", "/models/info", "Passthrough", "", "/models/info", "", false},
	}
	for _, c := range cases {
		got, reason := parsePath(c.method, c.path)
		if reason != "" || got.id != c.id || got.deployment != c.deployment || got.rest != c.rest || got.held != c.held || got.v1 != c.v1 {
			t.Errorf("%s %s: %+v %s", c.method, c.path, got, reason)
		}
	}
	for _, path := range []string{"", "x", "/openai/../etc", "/openai/deployments/a%2fb/chat/completions", "/openai/%2e%2e/x", "/openai//v1/models",
		"/openai/deployments/a/../b/chat/completions", "/openai/..", "/a%5Cb", "/a\\b", "/openai/x%0d%0aHost:%20y"} {
		if _, reason := parsePath(http.MethodGet, path); reason == "" {
			t.Errorf("%q is passed on", path)
		}
	}
}

func TestQueryParameters(t *testing.T) {
	if v, ok, twice := parameter("a=1&api-version=2024-10-21&b", "api-version"); v != "2024-10-21" || !ok || twice {
		t.Error(v, ok, twice)
	}
	if v, ok, _ := parameter("api%2Dversion=x", "api-version"); v != "x" || !ok {
		t.Error(v, ok)
	}
	if _, _, twice := parameter("api-version=1&api-version=2", "api-version"); !twice {
		t.Error("a parameter given twice passes")
	}
	if got := withParameter("a=1&api-version=2&b=3", "api-version", "4"); got != "a=1&api-version=4&b=3" {
		t.Error(got)
	}
	if got := withParameter("", "api-version", "4"); got != "api-version=4" {
		t.Error(got)
	}
	if got := withoutParameter("x=1&subscription-key=s&y=2", "subscription-key"); got != "x=1&y=2" {
		t.Error(got)
	}
}
