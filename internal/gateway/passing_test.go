package gateway

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/call"
	"github.com/azptu/azptu/internal/gateway/config"
)

func TestUploadsArePassedOnWithoutBeingHeld(t *testing.T) {
	got := make(chan string, 1)
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		got <- fmt.Sprintf("%s %d %v %s", r.URL.Path, n, err, r.Header.Get("Content-Type")[:19])
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"id":"file-1","object":"file"}`)
	})
	other := newUpstream(t, answers)
	b := newBench(t, "sizes: {body: 1KiB, upload: 8MiB}\n", u, other)
	send := func(size int) *http.Response {
		var form bytes.Buffer
		m := multipart.NewWriter(&form)
		part, _ := m.CreateFormFile("file", "a.bin")
		_, _ = part.Write(make([]byte, size))
		m.Close()
		r := b.request(t, "POST", "/openai/v1/files", form.String(), "Content-Type", m.FormDataContentType())
		res, text, err := do(r)
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode == 200 && text != `{"id":"file-1","object":"file"}` {
			t.Errorf("answer %s", text)
		}
		return res
	}
	if res := send(4 << 20); res.StatusCode != 200 {
		t.Errorf("%v", res)
	}
	if text := <-got; !strings.HasPrefix(text, "/openai/v1/files 4194") || !strings.HasSuffix(text, "<nil> multipart/form-data") {
		t.Errorf("upstream got %s", text)
	}
	if res := send(9 << 20); res.StatusCode != 413 {
		t.Errorf("an upload beyond the limit: %v", res)
	}
	// What a backend holds is asked for there, though another would come first.
	b.reload(t, strings.Replace(strings.Replace(b.text, "{backend: b0, priority: 1}", "{backend: b0, priority: 3}", 1), "{backend: b1, priority: 2}", "{backend: b1, priority: 1}", 1))
	r := b.request(t, "GET", "/openai/v1/files/file-1", "")
	if res, _, err := do(r); err != nil || res.Header.Get("X-Azptu-Backend") != "b0" {
		t.Errorf("%v %v", err, res)
	}
}

func TestResponsesStayWhereTheyWereMade(t *testing.T) {
	makes := func(id string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			raw, _ := io.ReadAll(r.Body)
			if strings.Contains(string(raw), `"stream":true`) {
				w.Header().Set("Content-Type", "text/event-stream")
				fmt.Fprintf(w, "event: response.created\ndata: {\"response\":{\"id\":\"%s-s\"}}\n\n", id)
				fmt.Fprintf(w, "event: response.output_text.delta\ndata: {\"delta\":\"Hi\"}\n\n")
				fmt.Fprintf(w, "event: response.completed\ndata: {\"response\":{\"id\":\"%s-s\",\"model\":\"m\",\"usage\":{\"input_tokens\":5,\"output_tokens\":6,\"output_tokens_details\":{\"reasoning_tokens\":2}}}}\n\n", id)
				return
			}
			fmt.Fprintf(w, `{"id":"%s","object":"response","model":"m","usage":{"input_tokens":5,"input_tokens_details":{"cached_tokens":1},"output_tokens":6}}`, id)
		}
	}
	one, two := newUpstream(t, makes("r1")), newUpstream(t, makes("r2"))
	b := newBench(t, "", one, two)
	if res, text, err := b.post(t, "/openai/v1/responses", `{"model":"gpt-4o","input":"hi"}`); err != nil || res.StatusCode != 200 || !strings.Contains(text, "r1") {
		t.Fatal(err, res, text)
	}
	if rec := b.log.next(t, 0); rec.Prompt != 5 || rec.Completion != 6 || rec.Cached != 1 || rec.Operation != "Responses_Create" {
		t.Errorf("%+v", rec)
	}
	res, text, err := b.post(t, "/openai/v1/responses", `{"model":"gpt-4o","input":"hi","stream":true}`)
	if err != nil || !strings.Contains(text, "event: response.completed\n") || !strings.HasPrefix(text, "event: response.created\ndata: ") {
		t.Fatal(err, res, text)
	}
	if rec := b.log.next(t, 1); rec.Prompt != 5 || rec.Completion != 6 || rec.Reasoning != 2 || !strings.Contains(string(rec.ResponseBody), `"r1-s"`) || rec.Counting != call.Reported {
		t.Errorf("%+v %s", rec, rec.ResponseBody)
	}
	swapped := strings.Replace(strings.Replace(b.text, "{backend: b0, priority: 1}", "{backend: b0, priority: 3}", 1), "{backend: b1, priority: 2}", "{backend: b1, priority: 1}", 1)
	b.reload(t, swapped)
	for _, c := range []struct{ method, path, body, want string }{
		{"GET", "/openai/v1/responses/r1", "", "b0"},
		{"DELETE", "/openai/v1/responses/r1-s", "", "b0"},
		{"POST", "/openai/v1/responses", `{"model":"gpt-4o","input":"more","previous_response_id":"r1"}`, "b0"},
		{"POST", "/openai/v1/responses", `{"model":"gpt-4o","input":"new"}`, "b1"},
	} {
		if res, _, err := do(b.request(t, c.method, c.path, c.body)); err != nil || res.Header.Get("X-Azptu-Backend") != c.want {
			t.Errorf("%s %s: %v %v", c.method, c.path, err, res)
		}
	}
}

func TestLongAnswersAreNotHeldWhole(t *testing.T) {
	data := `{"object":"list","data":[{"embedding":[` + strings.Repeat("0.12345678,", 300_000) + `1]}],"model":"text-embedding-3-large","usage":{"prompt_tokens":9,"total_tokens":9}}`
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, data)
	})
	b := newBench(t, "", u)
	res, text, err := b.post(t, "/openai/deployments/gpt-4o/embeddings?api-version=2024-10-21", `{"input":"words"}`)
	if err != nil || res.StatusCode != 200 || text != data {
		t.Fatalf("%v %v, %d bytes of %d", err, res, len(text), len(data))
	}
	if rec := b.log.next(t, 0); rec.Prompt != 9 || rec.Completion != 0 || rec.Counting != call.Reported || rec.Operation != "Embeddings_Create" {
		t.Errorf("%+v", rec)
	}
}

func TestWebSocketsAreJoined(t *testing.T) {
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("api-key") != "backend-secret" || r.URL.Query().Get("deployment") != "dep0" || r.Header.Get("Sec-WebSocket-Key") == "" {
			w.WriteHeader(400)
			return
		}
		conn, rw, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		fmt.Fprint(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n")
		line, _ := rw.ReadString('\n')
		fmt.Fprint(conn, "heard "+line)
	})
	b := newBench(t, "", u)
	conn, err := net.Dial("tcp", strings.TrimPrefix(b.server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	fmt.Fprintf(conn, "GET /openai/realtime?deployment=gpt-4o&api-version=2024-10-01-preview HTTP/1.1\r\nHost: x\r\napi-key: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\nSec-WebSocket-Version: 13\r\n\r\nhello\n", testKey)
	in := bufio.NewReader(conn)
	res, err := http.ReadResponse(in, nil)
	if err != nil || res.StatusCode != http.StatusSwitchingProtocols || res.Header.Get("Sec-WebSocket-Accept") != "x" {
		t.Fatal(err, res)
	}
	if rest, _ := io.ReadAll(in); string(rest) != "heard hello\n" {
		t.Errorf("%q came through", rest)
	}
	if rec := b.log.next(t, 0); rec.Status != 101 || rec.ResponseSize != int64(len("heard hello\n")) {
		t.Errorf("%+v", rec)
	}
}

// A WebSocket that is open when the gateway is told to stop goes on until it
// ends, or until the grace time does; either way it is recorded.
func TestWebSocketsMayFinishWhenTheGatewayStops(t *testing.T) {
	for _, patient := range []bool{true, false} {
		t.Run(fmt.Sprintf("patient %v", patient), func(t *testing.T) {
			u := newUpstream(t, func(w http.ResponseWriter, _ *http.Request) {
				conn, rw, err := w.(http.Hijacker).Hijack()
				if err != nil {
					return
				}
				defer conn.Close()
				fmt.Fprint(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
				_, _ = io.Copy(conn, rw)
			})
			b := newBench(t, "", u)
			server, err := b.Listen(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			conn, err := net.Dial("tcp", server.Addr())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			fmt.Fprintf(conn, "GET /openai/realtime?deployment=gpt-4o&api-version=1 HTTP/1.1\r\nHost: x\r\napi-key: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", testKey)
			in := bufio.NewReader(conn)
			if res, err := http.ReadResponse(in, nil); err != nil || res.StatusCode != http.StatusSwitchingProtocols {
				t.Fatal(err, res)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			stopped := make(chan error, 1)
			go func() { stopped <- server.Shutdown(ctx) }()
			for !b.draining.Load() {
				time.Sleep(time.Millisecond)
			}
			for range 3 { // it still speaks
				fmt.Fprint(conn, "hello\n")
				if line, err := in.ReadString('\n'); err != nil || line != "hello\n" {
					t.Fatalf("%q %v", line, err)
				}
				time.Sleep(20 * time.Millisecond)
			}
			if patient {
				conn.Close()
			} else {
				cancel()
			}
			if err := <-stopped; (err == nil) != patient {
				t.Errorf("stopped with %v", err)
			}
			if rec := b.log.next(t, 0); rec.Status != 101 || rec.ResponseSize != 18 {
				t.Errorf("%+v", rec)
			}
		})
	}
}

func TestCallersAreLimitedByAddressBehindProxies(t *testing.T) {
	u := newUpstream(t, answers)
	b := newBench(t, "trustedProxies: [127.0.0.0/8, 10.0.0.0/8]\nproducts: [{name: chat, pools: [gpt-4o], perAddress: {requestsPerMinute: 1}}]\n", u)
	for n, c := range []struct {
		forwarded string
		caller    string
		want      int
	}{
		{"203.0.113.9", "203.0.113.9", 200},
		{"198.51.100.1, 203.0.113.9, 10.1.1.1", "203.0.113.9", 429},
		{"203.0.113.9, 198.51.100.7:4711", "198.51.100.7", 200},
		{"", "127.0.0.1", 200},
		{"junk, 10.0.0.3", "10.0.0.3", 200},
	} {
		res, _, err := b.post(t, chatPath, chatBody, "X-Forwarded-For", c.forwarded)
		if err != nil || res.StatusCode != c.want {
			t.Errorf("%q: %v %v", c.forwarded, err, res)
		}
		if rec := b.log.next(t, n); rec.Caller != c.caller {
			t.Errorf("%q: caller %s", c.forwarded, rec.Caller)
		}
	}
}

func TestLongPromptsSpillFromProvisionedUnits(t *testing.T) {
	tooLong := `{"error":{"message":"This model's maximum context length is 128000 tokens.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}`
	ptu, standard := newUpstream(t, fails(400, tooLong)), newUpstream(t, answers)
	b := newBench(t, "", ptu, standard)
	if res, _ := b.chat(t); res.StatusCode != 200 {
		t.Error(res)
	}
	if rec := b.log.next(t, 0); rec.Spill != call.SpillLongPrompt {
		t.Errorf("%+v", rec)
	}
	alone := newBench(t, "", ptu)
	if res, text := alone.chat(t); res.StatusCode != 400 || text != tooLong {
		t.Error(res, text)
	}
	if n := ptu.calls.Load(); n != 2 {
		t.Errorf("asked %d times", n)
	}
}

func TestABrokenBackendIsLeftAlone(t *testing.T) {
	broken, works := newUpstream(t, fails(500, `{}`)), newUpstream(t, answers)
	b := newBench(t, "breaker: {failures: 3, window: 30s, open: 2s}\nretry: {budget: 1}\n", broken, works)
	for range 10 {
		if res, _ := b.chat(t); res.StatusCode != 200 {
			t.Fatal(res)
		}
	}
	if n := broken.calls.Load(); n != 3 {
		t.Errorf("the broken backend was asked %d times", n)
	}
	healed := http.HandlerFunc(answers)
	broken.handle.Store(&healed)
	for i := 0; ; i++ {
		if res, _ := b.chat(t); res.Header.Get("X-Azptu-Backend") == "b0" {
			break
		}
		if i == 200 {
			t.Fatal("the healed backend is still left alone")
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// When everything breaks, retries add their budget to the load and no more.
func TestRetriesCannotMultiplyLoad(t *testing.T) {
	u := newUpstream(t, fails(500, `{}`))
	b := newBench(t, "breaker: {failures: 0}\nretry: {attempts: 5, budget: 0.1, maxWait: 5ms}\n", u)
	const calls = 200
	for range calls {
		b.chat(t)
	}
	if n := u.calls.Load(); n > calls+calls/10+10 {
		t.Errorf("%d calls became %d", calls, n)
	}
}

func TestWithPredictionOffEveryCallAsks(t *testing.T) {
	ptu, standard := newUpstream(t, refuses("retry-after-ms", "60000")), newUpstream(t, answers)
	b := newBench(t, "prediction: {enabled: false}\n", ptu, standard)
	for range 5 {
		b.chat(t)
	}
	if n := ptu.calls.Load(); n != 5 {
		t.Errorf("asked %d times", n)
	}
}

func TestServedOverTLSAndHTTP2(t *testing.T) {
	u := newUpstream(t, answers)
	pair := httptest.NewUnstartedServer(nil)
	pair.StartTLS()
	defer pair.Close()
	dir := t.TempDir()
	certPath, keyPath := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	certificate := pair.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for path, block := range map[string]*pem.Block{certPath: {Type: "CERTIFICATE", Bytes: certificate.Certificate[0]}, keyPath: {Type: "PRIVATE KEY", Bytes: key}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := listen(t, configText(fmt.Sprintf("tls: {cert: %q, key: %q}\n", certPath, keyPath), u))
	roots := x509.NewCertPool()
	roots.AddCert(pair.Certificate())
	client := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "example.com"}, ForceAttemptHTTP2: true}
	defer client.CloseIdleConnections()
	for _, body := range []string{chatBody, chatStream()} {
		r, _ := http.NewRequest("POST", "https://"+s.Addr()+chatPath, strings.NewReader(body))
		r.Header.Set("api-key", testKey)
		res, err := client.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.ProtoMajor != 2 || res.StatusCode != 200 || len(raw) == 0 {
			t.Errorf("%v %v %s", err, res, raw)
		}
	}
}

// A backend whose certificate nobody vouches for is not spoken to; with its
// authority named it is.
func TestBackendCertificatesAreVerified(t *testing.T) {
	backend := httptest.NewTLSServer(http.HandlerFunc(answers))
	defer backend.Close()
	u := newUpstream(t, answers)
	u.URL = backend.URL
	b := newBench(t, "retry: {attempts: 1}\n", u)
	if res, text := b.chat(t); res.StatusCode != 502 || strings.Contains(text, "x509") {
		t.Errorf("%v %s", res, text)
	}
	path := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: backend.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	b.reload(t, strings.Replace(b.text, "region: eastus", fmt.Sprintf("region: eastus, caFile: %q", path), 1))
	if res, _ := b.chat(t); res.StatusCode != 200 {
		t.Errorf("%v", res)
	}
}

func TestSecretsThatAreMissingAreTold(t *testing.T) {
	u := newUpstream(t, answers)
	text := strings.ReplaceAll(configText("", u), "env:BACKEND_KEY", "env:NOT_SET")
	c, err := config.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	_, err = New(t.Context(), c, []byte(text), Options{Now: time.Now, Getenv: testEnv})
	if err == nil || !strings.Contains(err.Error(), "backends[0].auth.key: secret env:NOT_SET is empty or not set") {
		t.Error(err)
	}
	b := newBench(t, "", u)
	same := strings.Replace(b.text, "keys:\n", "keys:\n  - {name: twin, product: chat, secret: \"env:TEAM_A_KEY\"}\n", 1)
	if c, err = config.Parse([]byte(same)); err != nil {
		t.Fatal(err)
	}
	if err := b.Reload(t.Context(), c, []byte(same)); err == nil || !strings.Contains(err.Error(), "same key") {
		t.Errorf("two names for one key: %v", err)
	}
	if res, _ := b.chat(t); res.StatusCode != 200 {
		t.Errorf("a refused reload hurts: %v", res)
	}
}
