package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/call"
	"github.com/azptu/azptu/internal/gateway/config"
)

// upstream is a deployment whose behaviour a test writes.
type upstream struct {
	*httptest.Server
	calls   atomic.Int64
	serving atomic.Int64  // calls that are not over
	gone    chan struct{} // one value for each request that was cancelled
	handle  atomic.Pointer[http.HandlerFunc]
}

func newUpstream(t testing.TB, handle http.HandlerFunc) *upstream {
	t.Helper()
	u := &upstream{gone: make(chan struct{}, 100)}
	u.handle.Store(&handle)
	u.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u.calls.Add(1)
		u.serving.Add(1)
		defer u.serving.Add(-1)
		(*u.handle.Load())(w, r)
		if r.Context().Err() != nil {
			u.gone <- struct{}{}
		}
	}))
	u.Server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	u.Start()
	t.Cleanup(func() { u.CloseClientConnections(); u.Close() })
	return u
}

const answerText = `{"choices":[{"finish_reason":"stop","index":0,"message":{"content":"Hello there","role":"assistant"}}],"created":1700000000,"id":"chatcmpl-1","model":"gpt-4o-2024-08-06","object":"chat.completion","usage":{"completion_tokens":7,"prompt_tokens":11,"prompt_tokens_details":{"cached_tokens":3},"total_tokens":18}}`

// answers is a deployment that works: it answers, streams when asked to and
// sends usage only when asked to.
func answers(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	var doc struct {
		Stream  bool
		Options struct {
			Usage bool `json:"include_usage"`
		} `json:"stream_options"`
	}
	_ = json.Unmarshal(raw, &doc)
	if !doc.Stream {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, answerText)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	for _, chunk := range streamChunks(doc.Options.Usage) {
		io.WriteString(w, "data: "+chunk+"\n\n")
		w.(http.Flusher).Flush()
	}
}

func streamChunks(withUsage bool) []string {
	null := ""
	if withUsage {
		null = `,"usage":null`
	}
	chunks := []string{
		`{"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0}]}`,
		`{"choices":[{"delta":{"content":"","role":"assistant"},"finish_reason":null,"index":0}],"created":1700000000,"id":"chatcmpl-1","model":"gpt-4o-2024-08-06","object":"chat.completion.chunk"` + null + `}`,
		`{"choices":[{"delta":{"content":"Hello"},"finish_reason":null,"index":0}],"created":1700000000,"id":"chatcmpl-1","model":"gpt-4o-2024-08-06","object":"chat.completion.chunk"` + null + `}`,
		`{"choices":[{"delta":{"content":" there"},"finish_reason":null,"index":0}],"created":1700000000,"id":"chatcmpl-1","model":"gpt-4o-2024-08-06","object":"chat.completion.chunk"` + null + `}`,
		`{"choices":[{"delta":{},"finish_reason":"stop","index":0}],"created":1700000000,"id":"chatcmpl-1","model":"gpt-4o-2024-08-06","object":"chat.completion.chunk"` + null + `}`,
	}
	if withUsage {
		chunks = append(chunks, `{"choices":[],"created":1700000000,"id":"chatcmpl-1","model":"gpt-4o-2024-08-06","object":"chat.completion.chunk","usage":{"completion_tokens":7,"prompt_tokens":11,"total_tokens":18}}`)
	}
	return append(chunks, "[DONE]")
}

// refuses is a deployment that is full.
func refuses(headers ...string) http.HandlerFunc {
	return fails(http.StatusTooManyRequests, `{"error":{"code":"429","message":"Rate limit is exceeded."}}`, headers...)
}

func fails(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// collected keeps records for a test to look at.
type collected struct {
	mu    sync.Mutex
	calls []call.Call
}

func (c *collected) Append(calls []*call.Call) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, one := range calls {
		kept := *one
		kept.RequestBody, kept.ResponseBody = bytes.Clone(one.RequestBody), bytes.Clone(one.ResponseBody)
		c.calls = append(c.calls, kept)
	}
	return nil
}

// next waits for the record number n (from 0).
func (c *collected) next(t testing.TB, n int) call.Call {
	t.Helper()
	for range 500 {
		c.mu.Lock()
		if len(c.calls) > n {
			defer c.mu.Unlock()
			return c.calls[n]
		}
		c.mu.Unlock()
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("record %d never came", n)
	return call.Call{}
}

// bench is a gateway before some upstreams.
type bench struct {
	*Gateway
	server *httptest.Server
	log    *collected
	text   string
}

const testKey = "team-a-key"

// configText writes a configuration: the first upstream is provisioned, the
// others are Standard. extra is appended as it is.
func configText(extra string, upstreams ...*upstream) string {
	var b strings.Builder
	b.WriteString("version: 1\nlisten: 127.0.0.1:0\nbackends:\n")
	for i, u := range upstreams {
		kind := "kind: standard, capacity: 450"
		if i == 0 {
			kind = "kind: ptu, sku: ProvisionedManaged, capacity: 100"
		}
		fmt.Fprintf(&b, "  - {name: b%d, endpoint: %q, deployment: dep%d, %s, region: eastus, model: {name: gpt-4o, version: \"2024-08-06\"}, auth: {key: \"env:BACKEND_KEY\"}}\n", i, u.URL, i, kind)
	}
	b.WriteString("pools:\n  - name: gpt-4o\n    members:\n")
	for i := range upstreams {
		fmt.Fprintf(&b, "      - {backend: b%d, priority: %d}\n", i, i+1)
	}
	if !strings.Contains(extra, "products:") {
		b.WriteString("products:\n  - {name: chat, pools: [gpt-4o]}\n")
	}
	if !strings.Contains(extra, "keys:") {
		b.WriteString("keys:\n  - {name: team-a, product: chat, secret: \"env:TEAM_A_KEY\"}\n")
	}
	if !strings.Contains(extra, "logs:") {
		b.WriteString("logs: {bodies: full}\n")
	}
	return b.String() + extra
}

func testEnv(name string) string {
	return map[string]string{"BACKEND_KEY": "backend-secret", "TEAM_A_KEY": testKey, "TEAM_B_KEY": "team-b-key", "OTHER_KEY": "other"}[name]
}

func newBench(t testing.TB, extra string, upstreams ...*upstream) *bench {
	t.Helper()
	return benchOf(t, configText(extra, upstreams...))
}

func benchOf(t testing.TB, text string) *bench {
	t.Helper()
	return benchWith(t, text, Options{})
}

// benchWith is a gateway with something of the outside of its own.
func benchWith(t testing.TB, text string, o Options) *bench {
	t.Helper()
	c, err := config.Parse([]byte(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	b := &bench{log: &collected{}, text: text}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Getenv, o.Sink = testEnv, b.log
	b.Gateway, err = New(t.Context(), c, []byte(text), o)
	if err != nil {
		t.Fatal(err)
	}
	b.server = httptest.NewUnstartedServer(b.Gateway)
	b.server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	b.server.Start()
	t.Cleanup(func() {
		b.server.CloseClientConnections()
		b.server.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		b.Gateway.Close(ctx)
	})
	return b
}

func (b *bench) reload(t testing.TB, text string) {
	t.Helper()
	c, err := config.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Reload(t.Context(), c, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

const (
	chatPath = "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21"
	chatBody = `{"messages":[{"role":"user","content":"Say hello"}],"max_tokens":20}`
)

func chatStream() string { return strings.Replace(chatBody, "{", `{"stream":true,`, 1) }

func (b *bench) request(t testing.TB, method, path, body string, headers ...string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, b.server.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("api-key", testKey)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

// post sends a call and reads the whole answer. err is how reading it ended.
func (b *bench) post(t testing.TB, path, body string, headers ...string) (res *http.Response, text string, err error) {
	t.Helper()
	return do(b.request(t, http.MethodPost, path, body, headers...))
}

func do(r *http.Request) (*http.Response, string, error) {
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	return res, string(raw), err
}

// chat is post of a chat call that must be answered.
func (b *bench) chat(t testing.TB) (*http.Response, string) {
	t.Helper()
	res, text, err := b.post(t, chatPath, chatBody)
	if err != nil {
		t.Fatal(err)
	}
	return res, text
}
