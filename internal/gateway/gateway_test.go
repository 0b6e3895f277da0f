package gateway

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/azptu/azptu/internal/call"
)

func TestACallIsServedAndRecorded(t *testing.T) {
	seen := make(chan *http.Request, 1)
	body := make(chan string, 1)
	ptu := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		seen <- r.Clone(r.Context())
		body <- string(raw)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("apim-request-id", "up-1")
		w.Header().Set("Set-Cookie", "a=b")
		io.WriteString(w, answerText)
	})
	b := newBench(t, "", ptu)
	res, text, err := b.post(t, chatPath, chatBody, "Cookie", "x=y", "X-Forwarded-For", "1.2.3.4", "x-ms-client-request-id", "c-1")
	if err != nil || res.StatusCode != 200 || text != answerText {
		t.Fatalf("%v %v %s", err, res, text)
	}
	if res.Header.Get("apim-request-id") != "up-1" || res.Header.Get("X-Azptu-Backend") != "b0" || res.Header.Get("Set-Cookie") != "" {
		t.Errorf("header: %v", res.Header)
	}
	up := <-seen
	if up.URL.String() != "/openai/deployments/dep0/chat/completions?api-version=2024-10-21" {
		t.Errorf("asked for %s", up.URL)
	}
	if up.Header.Get("api-key") != "backend-secret" || up.Header.Get("Cookie") != "" || up.Header.Get("X-Forwarded-For") != "" || up.Header.Get("x-ms-client-request-id") != "c-1" {
		t.Errorf("upstream saw %v", up.Header)
	}
	if got := <-body; got != chatBody {
		t.Errorf("upstream got %s", got)
	}
	rec := b.log.next(t, 0)
	if rec.Operation != "ChatCompletions_Create" || rec.Status != 200 || rec.Key != "team-a" || rec.Product != "chat" || rec.Backend != "b0" ||
		rec.Prompt != 11 || rec.Cached != 3 || rec.Completion != 7 || rec.Counting != call.Reported || rec.Model != "gpt-4o-2024-08-06" ||
		rec.Caller != "127.0.0.1" || rec.Attempts != 1 || rec.Spill != "" || string(rec.ResponseBody) != answerText || string(rec.RequestBody) != chatBody ||
		rec.Basis != call.ByShare || rec.Cost <= 0 || rec.APIVersion != "2024-10-21" || rec.BackendID != "up-1" {
		t.Errorf("record: %+v", rec)
	}
}

func TestV1CallsAreMappedToTheDeployment(t *testing.T) {
	body := make(chan string, 1)
	ptu := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		body <- r.URL.String() + " " + string(raw)
		io.WriteString(w, answerText)
	})
	b := newBench(t, "", ptu)
	r := b.request(t, "POST", "/openai/v1/chat/completions", `{"model":"gpt-4o","messages":[]}`)
	r.Header.Del("api-key")
	r.Header.Set("Authorization", "Bearer "+testKey)
	res, _, err := do(r)
	if err != nil || res.StatusCode != 200 {
		t.Fatal(err, res)
	}
	if got := <-body; got != `/openai/v1/chat/completions {"model":"dep0","messages":[]}` {
		t.Error(got)
	}
}

func TestAStreamComesAsTheClientAskedForIt(t *testing.T) {
	ptu := newUpstream(t, answers)
	b := newBench(t, "", ptu)
	_, text, err := b.post(t, chatPath, chatStream())
	if err != nil {
		t.Fatal(err)
	}
	if want := "data: " + strings.Join(streamChunks(false), "\n\ndata: ") + "\n\n"; text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
	_, text, err = b.post(t, chatPath, strings.Replace(chatStream(), "{", `{"stream_options":{"include_usage":true},`, 1))
	if err != nil {
		t.Fatal(err)
	}
	if want := "data: " + strings.Join(streamChunks(true), "\n\ndata: ") + "\n\n"; text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
	rec := b.log.next(t, 0)
	if !rec.Stream || rec.Prompt != 11 || rec.Completion != 7 || rec.Counting != call.Reported {
		t.Errorf("record %+v", rec)
	}
	var answer struct {
		Model   string
		Choices []struct{ Message struct{ Content string } }
		Usage   struct {
			Total int `json:"total_tokens"`
		}
	}
	if err := json.Unmarshal(rec.ResponseBody, &answer); err != nil || answer.Choices[0].Message.Content != "Hello there" || answer.Usage.Total != 18 || answer.Model != "gpt-4o-2024-08-06" {
		t.Errorf("recorded answer %s: %v", rec.ResponseBody, err)
	}
}

func TestWhoMayNot(t *testing.T) {
	ptu := newUpstream(t, answers)
	b := newBench(t, "", ptu)
	cases := []struct {
		name, path, body string
		headers          []string
		status           int
		code             string
	}{
		{"wrong key", chatPath, chatBody, []string{"api-key", "wrong"}, 401, "401"},
		{"the backend's key", chatPath, chatBody, []string{"api-key", "backend-secret"}, 401, "401"},
		{"unknown deployment", strings.Replace(chatPath, "gpt-4o", "gpt-5", 1), chatBody, nil, 404, "DeploymentNotFound"},
		{"the backend's own name", strings.Replace(chatPath, "gpt-4o", "dep0", 1), chatBody, nil, 404, "DeploymentNotFound"},
		{"no model", "/openai/v1/chat/completions", `{"messages":[]}`, nil, 400, "BadRequest"},
		{"no JSON", chatPath, `{`, nil, 400, "BadRequest"},
		{"dot segments", "/openai/deployments/../v1/chat/completions", chatBody, nil, 400, "BadRequest"},
		{"encoded slash", "/openai/deployments/a%2fb/chat/completions", chatBody, nil, 400, "BadRequest"},
		{"two versions", chatPath + "&api-version=2", chatBody, nil, 400, "BadRequest"},
		{"compressed", chatPath, chatBody, []string{"Content-Encoding", "gzip"}, 415, "UnsupportedMediaType"},
	}
	for _, c := range cases {
		res, text, err := b.post(t, c.path, c.body, c.headers...)
		var doc struct {
			Error struct{ Code, Message string }
		}
		if err != nil || json.Unmarshal([]byte(text), &doc) != nil || res.StatusCode != c.status || doc.Error.Code != c.code || doc.Error.Message == "" {
			t.Errorf("%s: %v %v %s", c.name, err, res, text)
		}
	}
	if n := ptu.calls.Load(); n != 0 {
		t.Errorf("%d of them reached a backend", n)
	}
}

func TestCallsSpillOneByOne(t *testing.T) {
	ptu := newUpstream(t, refuses("retry-after-ms", "50000"))
	standard := newUpstream(t, answers)
	b := newBench(t, "", ptu, standard)
	for i := range 5 {
		res, _ := b.chat(t)
		if res.StatusCode != 200 || res.Header.Get("X-Azptu-Backend") != "b1" {
			t.Fatalf("call %d: %v", i, res)
		}
	}
	if n := ptu.calls.Load(); n != 1 {
		t.Errorf("the full deployment was asked %d times; after the first refusal the gateway knows", n)
	}
	if first, second := b.log.next(t, 0), b.log.next(t, 1); first.Spill != call.SpillRefused || first.Refused != 1 || first.Attempts != 2 || second.Spill != call.SpillPredicted || second.Attempts != 1 {
		t.Errorf("records %+v %+v", first, second)
	}
	if rec := b.log.next(t, 0); rec.Basis != call.ByToken || rec.Cost == 0 {
		t.Errorf("a Standard call costs %v by %q", rec.Cost, rec.Basis)
	}
}

func TestEverythingFullTellsTheSmallestWait(t *testing.T) {
	ptu := newUpstream(t, refuses("retry-after-ms", "2500"))
	standard := newUpstream(t, refuses("retry-after", "7"))
	b := newBench(t, "", ptu, standard)
	for range 3 {
		res, text := b.chat(t)
		if res.StatusCode != 429 || !strings.Contains(text, `"code":"429"`) {
			t.Fatal(res, text)
		}
		wait, ok := retryAfter(res.Header, noon)
		if !ok || wait.Milliseconds() < 500 || wait.Milliseconds() > 2550 {
			t.Errorf("told to wait %v", wait)
		}
	}
	if ptu.calls.Load() > 1 || standard.calls.Load() > 1 {
		t.Errorf("asked %d and %d times although both had said when", ptu.calls.Load(), standard.calls.Load())
	}
}
