package openai

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestBadInput sends what nobody should and reads what the service, or where
// that is not known the emulator, says of it.
func TestBadInput(t *testing.T) {
	w := newWorld(t, nil)
	w.dir.put(Deployment{Name: "paused", Model: "gpt-4o", Version: "2024-11-20", SKU: "Standard", Capacity: 10, Paused: true},
		Deployment{Name: "retired", Model: "gpt-4", Version: "0613", SKU: "Standard", Capacity: 10, Retired: w.clock.Now().Add(-time.Hour)},
		Deployment{Name: "dalle", Model: "dall-e-3", Version: "3.0", SKU: "Standard", Capacity: 10})
	deep := strings.Repeat("[", 100000)
	for _, tc := range []struct {
		name, method, path, body string
		status                   int
		code, param              string
	}{
		{"not JSON", "POST", chatPath("ptu"), `{"messages":`, 400, "", ""},
		{"empty", "POST", chatPath("ptu"), ``, 400, "", ""},
		{"an array", "POST", chatPath("ptu"), `[]`, 400, "", ""},
		{"trailing text", "POST", chatPath("ptu"), `{"messages":[{"role":"user","content":"x"}]} x`, 400, "", ""},
		{"deep", "POST", chatPath("ptu"), `{"messages":` + deep, 400, "", ""},
		{"deep and unknown", "POST", chatPath("ptu"), `{"x":` + deep, 400, "", ""},
		{"invalid UTF-8", "POST", chatPath("ptu"), "{\"messages\":[{\"role\":\"user\",\"content\":\"\xff\"}]}", 400, "", ""},
		{"no messages", "POST", chatPath("ptu"), `{}`, 400, "missing_required_parameter", "messages"},
		{"null messages", "POST", chatPath("ptu"), `{"messages":null}`, 400, "invalid_type", "messages"},
		{"messages a string", "POST", chatPath("ptu"), `{"messages":"hi"}`, 400, "invalid_type", "messages"},
		{"no message", "POST", chatPath("ptu"), `{"messages":[]}`, 400, "empty_array", "messages"},
		{"a number as a message", "POST", chatPath("ptu"), `{"messages":[1]}`, 400, "invalid_type", "messages[0]"},
		{"no role", "POST", chatPath("ptu"), `{"messages":[{"content":"x"}]}`, 400, "missing_required_parameter", "messages[0].role"},
		{"unknown role", "POST", chatPath("ptu"), `{"messages":[{"role":"boss","content":"x"}]}`, 400, "invalid_value", "messages[0].role"},
		{"content a number", "POST", chatPath("ptu"), `{"messages":[{"role":"user","content":"x"},{"role":"user","content":5}]}`, 400, "invalid_type", "messages[1].content"},
		{"max_tokens 0", "POST", chatPath("ptu"), capped(0, "x"), 400, "integer_below_min_value", "max_tokens"},
		{"max_tokens a string", "POST", chatPath("ptu"), `{"messages":[{"role":"user","content":"x"}],"max_tokens":"9"}`, 400, "invalid_type", "max_tokens"},
		{"max_tokens too large", "POST", chatPath("ptu"), capped(50000, "x"), 400, "invalid_value", "max_tokens"},
		{"stream a string", "POST", chatPath("ptu"), `{"messages":[{"role":"user","content":"x"}],"stream":"yes"}`, 400, "invalid_type", "stream"},
		{"n 0", "POST", chatPath("ptu"), `{"messages":[{"role":"user","content":"x"}],"n":0}`, 400, "integer_below_min_value", "n"},
		{"n 1000000", "POST", chatPath("ptu"), `{"messages":[{"role":"user","content":"x"}],"n":1000000}`, 400, "integer_above_max_value", "n"},
		{"temperature 3", "POST", chatPath("ptu"), `{"messages":[{"role":"user","content":"x"}],"temperature":3}`, 400, "decimal_above_max_value", "temperature"},
		{"five stops", "POST", chatPath("ptu"), `{"messages":[{"role":"user","content":"x"}],"stop":["a","b","c","d","e"]}`, 400, "array_above_max_length", "stop"},
		{"a tool without a name", "POST", chatPath("ptu"), `{"messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":{}}]}`, 400, "missing_required_parameter", "tools[0].function.name"},
		{"an unknown tool chosen", "POST", chatPath("ptu"), `{"messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":{"name":"a"}}],"tool_choice":{"type":"function","function":{"name":"b"}}}`, 400, "", "tool_choice"},
		{"JSON not asked for", "POST", chatPath("ptu"), `{"messages":[{"role":"user","content":"x"}],"response_format":{"type":"json_object"}}`, 400, "", "messages"},
		{"a lax strict schema", "POST", chatPath("ptu"), `{"messages":[{"role":"user","content":"x"}],"response_format":{"type":"json_schema","json_schema":{"name":"a","strict":true,"schema":{"type":"object","properties":{"b":{"type":"string"}},"required":["b"]}}}}`, 400, "", "response_format"},
		{"max_tokens of a reasoning model", "POST", chatPath("gpt5"), capped(10, "x"), 400, "unsupported_parameter", "max_tokens"},
		{"chat with an embedding model", "POST", chatPath("embed"), joke, 400, "OperationNotSupported", ""},
		{"chat with an image model", "POST", chatPath("dalle"), joke, 400, "OperationNotSupported", ""},
		{"no such deployment", "POST", chatPath("nonsense"), joke, 404, "DeploymentNotFound", ""},
		{"paused", "POST", chatPath("paused"), joke, 423, "DeploymentPaused", ""},
		{"retired", "POST", chatPath("retired"), joke, 410, "ModelRetired", ""},
		{"no api-version", "POST", "/openai/deployments/ptu/chat/completions", joke, 404, "404", ""},
		{"an unknown api-version", "POST", "/openai/deployments/ptu/chat/completions?api-version=2020-01-01", joke, 404, "404", ""},
		{"responses before their time", "POST", "/openai/responses" + dated, `{}`, 404, "404", ""},
		{"an unknown path", "POST", "/openai/deployments/ptu/poems" + dated, joke, 404, "404", ""},
		{"outside of openai", "GET", "/", "", 404, "404", ""},
		{"a method not allowed", "GET", chatPath("ptu"), "", 405, "405", ""},
		{"embeddings of nothing", "POST", "/openai/deployments/embed/embeddings" + dated, `{"input":[]}`, 400, "empty_array", "input"},
		{"embeddings without input", "POST", "/openai/deployments/embed/embeddings" + dated, `{}`, 400, "missing_required_parameter", "input"},
		{"too many dimensions", "POST", "/openai/deployments/embed/embeddings" + dated, `{"input":"x","dimensions":5000}`, 400, "", "dimensions"},
		{"an unknown format", "POST", "/openai/deployments/embed/embeddings" + dated, `{"input":"x","encoding_format":"hex"}`, 400, "invalid_value", "encoding_format"},
		{"tokens that do not exist", "POST", "/openai/deployments/embed/embeddings" + dated, `{"input":[900000]}`, 400, "invalid_value", ""},
		{"a response without input", "POST", "/openai/v1/responses", `{"model":"ptu"}`, 400, "missing_required_parameter", "input"},
		{"a response of the wrong type", "POST", "/openai/v1/responses", `{"model":"ptu","input":5}`, 400, "invalid_type", "input"},
		{"a response that was never made", "GET", "/openai/v1/responses/resp_x", ``, 404, "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := w.do(tc.method, tc.path, tc.body)
			v := r.decode(t)
			if r.status != tc.status || text(v, "error", "code") != tc.code || text(v, "error", "param") != tc.param || text(v, "error", "message") == "" {
				t.Errorf("%d %s", r.status, r.body)
			}
			if r.header.Get("apim-request-id") == "" || r.header.Get("Content-Type") != "application/json" {
				t.Errorf("headers %v", r.header)
			}
		})
	}
	if got := w.utilization("ptu"); got != 0 {
		t.Errorf("refusals cost %v of the deployment", got)
	}
}

func TestAWrongKeyIsRefusedInTheServicesWords(t *testing.T) {
	w := newWorld(t, nil)
	for _, headers := range [][]string{{"api-key", "wrong"}, {"api-key", ""}, {"api-key", "", "Authorization", "Bearer nonsense"}, {"api-key", "", "Authorization", "Basic eDp5"}} {
		r := w.post(chatPath("ptu"), joke, headers...)
		if r.status != 401 || len(r.body) != 224 || text(r.decode(t), "error", "code") != "401" {
			t.Errorf("%v: %d %s", headers, r.status, r.body)
		}
	}
}

func TestPromptsThatDoNotFitAreRefused(t *testing.T) {
	w := newWorld(t, nil)
	w.dir.put(Deployment{Name: "four", Model: "gpt-4", Version: "0613", SKU: "Standard", Capacity: 1000}, Deployment{Name: "five", Model: "gpt-5", Version: "2025-08-07", SKU: "GlobalStandard", Capacity: 10000})
	long := strings.Repeat("word ", 10370)
	r := w.post(chatPath("four"), `{"messages":[{"role":"user","content":"`+long+`"}]}`)
	if got, want := text(r.decode(t), "error", "message"), "This model's maximum context length is 8192 tokens. However, your messages resulted in 10378 tokens. Please reduce the length of the messages."; r.status != 400 || got != want {
		t.Errorf("%d %s", r.status, r.body)
	}
	r = w.post(chatPath("four"), capped(8000, strings.Repeat("word ", 500)))
	if got, want := text(r.decode(t), "error", "message"), "This model's maximum context length is 8192 tokens. However, you requested 8508 tokens (508 in the messages, 8000 in the completion). Please reduce the length of the messages or completion."; r.status != 400 || got != want {
		t.Errorf("%d %s", r.status, r.body)
	}
	r = w.post(chatPath("five"), `{"messages":[{"role":"user","content":"`+strings.Repeat("word ", 300000)+`"}]}`)
	if got := text(r.decode(t), "error", "message"); r.status != 400 || !strings.HasPrefix(got, "Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in 300008 tokens.") {
		t.Errorf("%d %s", r.status, r.body)
	}
}

func TestHostileTextCostsLittle(t *testing.T) {
	w := newWorld(t, nil)
	blob := strings.Repeat("a", 8<<20)
	for path, body := range map[string]string{
		chatPath("ptu"): `{"messages":[{"role":"user","content":"` + blob + `"}]}`,
		"/openai/deployments/embed/embeddings" + dated: `{"input":["` + blob + `"]}`,
	} {
		r := w.post(path, body)
		if r.status != 400 || !strings.Contains(text(r.decode(t), "error", "message"), "maximum context length") {
			t.Errorf("%s: %d %.200s", path, r.status, r.body)
		}
	}
	image := `{"messages":[{"role":"user","content":[{"type":"text","text":"` + strings.Repeat("word ", 2000) + `"},{"type":"image_url","image_url":{"url":"data:image/png;base64,` + blob + `"}}]}]}`
	if r := w.post(chatPath("ptu"), image); r.status != 200 {
		t.Errorf("%d %.200s", r.status, r.body)
	}
}

func TestTheContentFilterIsAskedForByWords(t *testing.T) {
	w := newWorld(t, nil)
	ask := func(words string) string { return `{"messages":[{"role":"user","content":"` + words + `"}]}` }
	r := w.post(chatPath("ptu"), ask("content-filter-test:violence"))
	v := r.decode(t)
	if r.status != 400 || text(v, "error", "code") != "content_filter" || at(v, "error", "innererror", "content_filter_result", "violence", "filtered") != true || at(v, "error", "innererror", "content_filter_result", "hate", "filtered") != false {
		t.Errorf("%d %s", r.status, r.body)
	}
	v = w.post(chatPath("ptu"), ask("content-filter-test:hate:completion")).decode(t)
	if text(v, "choices", 0, "finish_reason") != "content_filter" || at(v, "choices", 0, "content_filter_results", "hate", "filtered") != true {
		t.Errorf("%v", v)
	}
	streamed := events(t, w.post(chatPath("ptu"), strings.Replace(ask("content-filter-test:hate:completion"), "{", `{"stream":true,`, 1)))
	if last := streamed[len(streamed)-1]; text(last, "choices", 0, "finish_reason") != "content_filter" || at(last, "choices", 0, "content_filter_results", "hate", "filtered") != true {
		t.Errorf("%v", last)
	}
}

func TestABodyPastTheBoundIsNotRead(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.MaxBody = 1 << 20 })
	for _, length := range []int64{2 << 20, -1} {
		req, err := http.NewRequest("POST", w.srv.URL+chatPath("ptu"), io.LimitReader(endless{}, 2<<20))
		if err != nil {
			t.Fatal(err)
		}
		req.ContentLength = length
		req.Header.Set("api-key", testKey)
		res, err := w.srv.Client().Do(req)
		if err != nil {
			if errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) {
				continue // the answer came before the body was sent
			}
			t.Fatal(err)
		}
		if res.StatusCode != 413 {
			t.Errorf("length %d: %d", length, res.StatusCode)
		}
		_ = res.Body.Close()
	}
	if r := w.post(chatPath("ptu"), `{"messages":[{"role":"user","content":"`+strings.Repeat("x ", 200000)+`"}]}`); r.status != 400 || text(r.decode(t), "error", "code") != "context_length_exceeded" {
		t.Errorf("%d", r.status)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return copy(p, bytes.Repeat([]byte(" "), len(p))), nil }

func TestHalfARequestIsNoCall(t *testing.T) {
	w := newWorld(t, nil)
	conn, err := net.Dial("tcp", strings.TrimPrefix(w.srv.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\napi-key: %s\r\nContent-Length: 1000\r\n\r\n{\"messages\":", chatPath("ptu"), testKey); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < 1000; i++ {
		if all := w.calls.take(); len(all) == 1 {
			if all[0].Status != 400 || w.utilization("ptu") != 0 {
				t.Errorf("observed %+v", all[0])
			}
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Error("the exchange does not end")
}

func TestABodyThatDoesNotComeIsNotWaitedFor(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.BodyTime = 30 * time.Millisecond })
	conn, err := net.Dial("tcp", strings.TrimPrefix(w.srv.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\napi-key: %s\r\nContent-Length: 1000\r\n\r\n{\"messages\":", chatPath("ptu"), testKey); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil || !bytes.HasPrefix(answer, []byte("HTTP/1.1 408 ")) || !bytes.Contains(answer, []byte(`"code":"Timeout"`)) {
		t.Errorf("%v %s", err, answer)
	}
}

func TestFaults(t *testing.T) {
	w := newWorld(t, func(c *Config) {
		c.Now = time.Now
		c.Faults = faultList{
			"ptu": {Status: 429, RetryAfter: 3 * time.Second}, "small": {Reset: true}, "standard": {CutAfter: 3},
			"turbo": {Status: 500}, "gpt5": {Hang: true}, "long": {Status: 408}, "embed": {Delay: 20 * time.Millisecond},
		}
	})
	if r := w.post(chatPath("ptu"), joke); r.status != 429 || r.retryAfter(t) != 3*time.Second {
		t.Errorf("%d %v", r.status, r.header)
	}
	if r := w.post(chatPath("turbo"), joke); r.status != 500 || text(r.decode(t), "error", "code") != "server_error" || !strings.Contains(string(r.body), r.header.Get("apim-request-id")) {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := w.post(chatPath("long"), joke); r.status != 408 || string(r.body) != `{"error":{"code":"Timeout","message":"The operation was timeout."}}` {
		t.Errorf("%d %s", r.status, r.body)
	}
	start := time.Now()
	if r := w.post("/openai/deployments/embed/embeddings"+dated, `{"input":"x"}`); r.status != 200 || time.Since(start) < 20*time.Millisecond {
		t.Errorf("%d after %v", r.status, time.Since(start))
	}
	try := func(deployment, body string, timeout time.Duration) (reply, error) {
		client := &http.Client{Timeout: timeout, Transport: &http.Transport{DisableKeepAlives: true}}
		req, err := http.NewRequest("POST", w.srv.URL+chatPath(deployment), strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("api-key", testKey)
		res, err := client.Do(req)
		if err != nil {
			return reply{}, err
		}
		defer res.Body.Close()
		got, err := io.ReadAll(res.Body)
		return reply{res.StatusCode, res.Header, got}, err
	}
	if r, err := try("small", joke, time.Second); err == nil {
		t.Errorf("reset: answered %d", r.status)
	}
	if r, err := try("gpt5", joke, 50*time.Millisecond); err == nil {
		t.Errorf("hang: answered %d", r.status)
	}
	r, err := try("standard", strings.Replace(joke, "{", `{"stream":true,`, 1), time.Second)
	if err == nil || bytes.Contains(r.body, []byte("[DONE]")) || bytes.Count(r.body, []byte("data: ")) != 3 {
		t.Errorf("cut: %v, %d events", err, bytes.Count(r.body, []byte("data: ")))
	}
}

func FuzzChat(f *testing.F) {
	for _, body := range []string{joke, capped(5, "x"), `{"messages":[{"role":"user","content":"x"}],` + weatherTools + `}`, `{"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AA"}}]}],"stream":true,"n":2,"logprobs":true,"stop":"e"}`} {
		f.Add([]byte(body))
	}
	w := newWorld(f, nil)
	f.Fuzz(func(t *testing.T, body []byte) {
		w.clock.advance(time.Minute)
		req := httptest.NewRequest("POST", chatPath("ptu"), bytes.NewReader(body))
		req.Header.Set("api-key", testKey)
		r := httptest.NewRecorder()
		w.h.ServeHTTP(r, req)
		switch r.Code {
		case 200, 400, 429:
		default:
			t.Errorf("%d %s for %q", r.Code, r.Body, body)
		}
	})
}
