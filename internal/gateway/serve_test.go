package gateway

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/call"
	"github.com/azptu/azptu/internal/gateway/config"
	"github.com/azptu/azptu/internal/tokens"
)

func TestTokenLimitHoldsThroughTheGateway(t *testing.T) {
	// Numbers have far more tokens than their length suggests.
	body := `{"messages":[{"role":"user","content":"` + strings.Repeat("7 1 ", 23) + `"}],"max_tokens":100}`
	prompt, err := tokens.CountChat(tokens.For("gpt-4o"), "gpt-4o", []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		time.Sleep(20 * time.Millisecond)
		fmt.Fprintf(w, `{"choices":[],"model":"m","usage":{"prompt_tokens":%d,"completion_tokens":100}}`, prompt.Tokens)
	})
	b := newBench(t, "products: [{name: chat, pools: [gpt-4o], limits: {tokensPerMinute: 1000}}]\n", u)
	var served atomic.Int64
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			res, _, err := b.post(t, chatPath, body)
			if err == nil && res.StatusCode == 200 {
				served.Add(1)
			} else if err == nil && (res.StatusCode != 429 || res.Header.Get("Retry-After-Ms") == "" || res.Header.Get("X-Ratelimit-Limit-Tokens") != "1000") {
				t.Errorf("%v", res)
			}
		})
	}
	wg.Wait()
	if n := served.Load(); n < 3 || n > 6 {
		t.Errorf("%d calls of 200 tokens were served of 1000 a minute", n)
	}
}

func TestLimitsOfKeyProductAndPool(t *testing.T) {
	u := newUpstream(t, answers)
	text := configText("keys:\n  - {name: team-a, product: chat, secret: \"env:TEAM_A_KEY\", limits: {requestsPerMinute: 2}}\n  - {name: team-b, product: chat, secret: \"env:TEAM_B_KEY\"}\n"+
		"products: [{name: chat, pools: [gpt-4o], limits: {requestsPerMinute: 3}}]\n", u)
	b := benchOf(t, text)
	for n, c := range []struct {
		key  string
		want int
	}{{testKey, 200}, {testKey, 200}, {testKey, 429}, {"team-b-key", 200}, {"team-b-key", 429}} {
		res, text, err := b.post(t, chatPath, chatBody, "api-key", c.key)
		if err != nil || res.StatusCode != c.want {
			t.Errorf("call %d: %v %v %s", n, err, res, text)
		}
	}
}

func TestConcurrencyLimitAndWaitingRoom(t *testing.T) {
	var full atomic.Bool
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		if full.Load() {
			refuses("retry-after-ms", "60")(w, r)
			return
		}
		answers(w, r)
	})
	b := newBench(t, "products: [{name: chat, pools: [gpt-4o], queue: {max: 2, wait: 30s}}]\nprediction: {enabled: false}\n", u)
	full.Store(true)
	var ok, refused atomic.Int64
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			if res, _, err := b.post(t, chatPath, chatBody); err == nil && res.StatusCode == 200 {
				ok.Add(1)
			} else if err == nil && res.StatusCode == 429 {
				refused.Add(1)
			}
		})
	}
	for i := 0; refused.Load() < 4 || b.metrics.waiting.Load() < 2; i++ {
		if i == 500 {
			t.Fatalf("%d refused, %d wait", refused.Load(), b.metrics.waiting.Load())
		}
		time.Sleep(10 * time.Millisecond)
	}
	full.Store(false)
	wg.Wait()
	if ok.Load() != 2 || refused.Load() != 4 {
		t.Errorf("%d served, %d refused; the waiting room holds 2", ok.Load(), refused.Load())
	}
	waited := false
	for i := range 6 {
		rec := b.log.next(t, i)
		waited = waited || rec.Status == 200 && rec.Queued > 0
	}
	if !waited {
		t.Error("nobody is recorded as having waited")
	}
}

// Configurations change while calls run: a weight, a key and a limit each
// time. No call notices.
func TestReloadLosesNothing(t *testing.T) {
	calls, every := 4000, 10*time.Millisecond
	if os.Getenv("AZPTU_SOAK") != "" {
		calls, every = 1_000_000, 100*time.Millisecond
	}
	one, two := newUpstream(t, answers), newUpstream(t, answers)
	write := func(n int) string {
		text := configText(fmt.Sprintf("products: [{name: chat, pools: [gpt-4o], limits: {tokensPerMinute: %d}}]\n"+
			"keys:\n  - {name: team-a, product: chat, secret: \"env:TEAM_A_KEY\"}\n  - {name: changing, product: chat, hash: \"sha256:%064x\"}\n", 1_000_000_000+n, n), one, two)
		return strings.Replace(text, "{backend: b1, priority: 2}", fmt.Sprintf("{backend: b1, priority: 1, weight: %d}", 1+n%9), 1)
	}
	b := benchOf(t, write(0))
	stop, stopped := make(chan bool), make(chan int)
	go func() {
		n := 0
		for ticks := time.NewTicker(every); ; {
			select {
			case <-stop:
				ticks.Stop()
				stopped <- n
				return
			case <-ticks.C:
				n++
				b.reload(t, write(n))
			}
		}
	}()
	client := &http.Transport{MaxIdleConnsPerHost: 16}
	defer client.CloseIdleConnections()
	var failed, left atomic.Int64
	left.Store(int64(calls))
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				res, err := client.RoundTrip(b.request(t, "POST", chatPath, chatBody))
				if err != nil {
					failed.Add(1)
					continue
				}
				text, err := io.ReadAll(res.Body)
				res.Body.Close()
				if err != nil || res.StatusCode != 200 || string(text) != answerText {
					failed.Add(1)
				}
			}
		})
	}
	wg.Wait()
	close(stop)
	reloads := <-stopped
	if failed.Load() != 0 || reloads == 0 {
		t.Errorf("%d of %d calls failed over %d reloads", failed.Load(), calls, reloads)
	}
	t.Logf("%d calls, %d reloads", calls, reloads)
}

func TestWhatWasLearnedSurvivesAReload(t *testing.T) {
	ptu, standard := newUpstream(t, refuses("retry-after-ms", "60000")), newUpstream(t, answers)
	text := configText("products: [{name: chat, pools: [gpt-4o], limits: {requestsPerMinute: 3}}]\n", ptu, standard)
	b := benchOf(t, text)
	b.chat(t)
	b.reload(t, text+"drain: 7s\n")
	b.chat(t)
	if n := ptu.calls.Load(); n != 1 {
		t.Errorf("the full deployment was asked %d times", n)
	}
	b.chat(t)
	if res, _ := b.chat(t); res.StatusCode != 429 {
		t.Errorf("the fourth call of three a minute: %v", res)
	}
}

func listen(t *testing.T, text string) *Server {
	t.Helper()
	c, err := config.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	g, err := New(t.Context(), c, []byte(text), Options{Now: time.Now, Getenv: testEnv})
	if err != nil {
		t.Fatal(err)
	}
	s, err := g.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = s.Shutdown(ctx)
	})
	return s
}

// 200 streams are open when the gateway is told to stop: all of them end well.
func TestStoppingLetsStreamsFinish(t *testing.T) {
	release := make(chan bool)
	u := newUpstream(t, beginning(func(w http.ResponseWriter, _ *http.Request) {
		<-release
		for _, chunk := range streamChunks(true)[4:] {
			io.WriteString(w, "data: "+chunk+"\n\n")
		}
	}))
	s := listen(t, configText("probe: 127.0.0.1:0\nprediction: {enabled: false}\n", u))
	const n = 200
	var begun, ended sync.WaitGroup
	var whole atomic.Int64
	client := &http.Transport{}
	begun.Add(n)
	for range n {
		ended.Go(func() {
			r, _ := http.NewRequest("POST", "http://"+s.Addr()+chatPath, strings.NewReader(chatStream()))
			r.Header.Set("api-key", testKey)
			res, err := client.RoundTrip(r)
			if err != nil {
				begun.Done()
				t.Error(err)
				return
			}
			defer res.Body.Close()
			first := make([]byte, 10)
			_, _ = io.ReadFull(res.Body, first)
			begun.Done()
			if rest, err := io.ReadAll(res.Body); err == nil && strings.HasSuffix(string(rest), "[DONE]\n\n") {
				whole.Add(1)
			}
		})
	}
	begun.Wait()
	stopped := make(chan error)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		stopped <- s.Shutdown(ctx)
	}()
	for !s.g.draining.Load() {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(20 * time.Millisecond)
	if conn, err := net.Dial("tcp", s.Addr()); err == nil {
		conn.Close()
		t.Error("new connections are still taken")
	}
	close(release)
	ended.Wait()
	if err := <-stopped; err != nil || whole.Load() != n {
		t.Errorf("%d of %d streams ended well; %v", whole.Load(), n, err)
	}
}

func TestAListenerMovesWithoutLosingItsCalls(t *testing.T) {
	release := make(chan bool)
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		<-release
		io.WriteString(w, answerText)
	})
	text := configText("admin: 127.0.0.1:0\n", u)
	s := listen(t, text)
	old := s.Addr()
	result := make(chan int)
	go func() {
		r, _ := http.NewRequest("POST", "http://"+old+chatPath, strings.NewReader(chatBody))
		r.Header.Set("api-key", testKey)
		res, _, err := do(r)
		if err != nil {
			result <- 0
			return
		}
		result <- res.StatusCode
	}()
	for u.calls.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	moved := strings.Replace(text, "listen: 127.0.0.1:0", "listen: localhost:0", 1)
	c, err := config.Parse([]byte(moved))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Reload(t.Context(), c, []byte(moved)); err != nil {
		t.Fatal(err)
	}
	if s.Addr() == old {
		t.Error("the listener did not move")
	}
	close(release)
	if got := <-result; got != 200 {
		t.Errorf("the call that ran was answered %d", got)
	}
}

func TestAdminAPI(t *testing.T) {
	u := newUpstream(t, answers)
	text := configText("admin: 127.0.0.1:0\n", u)
	s := listen(t, text)
	send := func(method, path, body string, headers ...string) (*http.Response, string) {
		t.Helper()
		r, _ := http.NewRequest(method, "http://"+s.AdminAddr()+path, strings.NewReader(body))
		for i := 0; i+1 < len(headers); i += 2 {
			if headers[i] == "Host" {
				r.Host = headers[i+1]
			}
			r.Header.Set(headers[i], headers[i+1])
		}
		res, text, err := do(r)
		if err != nil {
			t.Fatal(err)
		}
		return res, text
	}
	if res, body := send("GET", "/readyz", ""); res.StatusCode != 200 {
		t.Error(res, body)
	}
	res, body := send("GET", "/v1/config", "")
	tag := res.Header.Get("ETag")
	if body != text || tag == "" {
		t.Errorf("configuration %q %s", tag, body)
	}
	if res, _ := send("GET", "/v1/state", "", "Host", "evil.example"); res.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("a rebound name is answered: %v", res)
	}
	if res, _ := send("PUT", "/v1/config", text, "Origin", "https://evil.example"); res.StatusCode != http.StatusForbidden {
		t.Errorf("another site may reload: %v", res)
	}
	if res, _ := send("PUT", "/v1/config", text+"drain: 3s\n", "If-Match", `"old"`); res.StatusCode != http.StatusPreconditionFailed {
		t.Errorf("a stale change is taken: %v", res)
	}
	if res, body := send("PUT", "/v1/config", text+"nonsense: 1\n", "If-Match", tag); res.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, `"path": "nonsense"`) {
		t.Errorf("%v %s", res, body)
	}
	if res, _ := send("PUT", "/v1/config", text+"drain: 3s\n", "If-Match", tag); res.StatusCode != 200 || res.Header.Get("ETag") == tag || s.g.Config().Drain != 3*time.Second {
		t.Errorf("%v", res)
	}
	res, body = send("POST", "/v1/explain", `{"model":"gpt-4o","promptTokens":10}`)
	var e Explanation
	if err := json.Unmarshal([]byte(body), &e); err != nil || res.StatusCode != 200 || e.Verdict != "goes to b0" || e.Product != "chat" || len(e.Order) != 1 {
		t.Errorf("%v %s", err, body)
	}
	if res, body = send("GET", "/metrics", ""); !strings.Contains(body, `azptu_gateway_backend_utilization_ratio{backend="b0"} 0`) || !strings.Contains(body, "azptu_gateway_reloads_total 1\n") {
		t.Errorf("%v %s", res, body)
	}
	s.g.Drain()
	if res, _ := send("GET", "/readyz", ""); res.StatusCode != 503 {
		t.Errorf("ready while draining: %v", res)
	}
}

func TestTheFileIsWatched(t *testing.T) {
	u := newUpstream(t, answers)
	text := configText("", u)
	path := filepath.Join(t.TempDir(), "gateway.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := listen(t, text)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	signal, told := make(chan os.Signal), make(chan error, 10)
	go s.Watch(ctx, path, 5*time.Millisecond, signal, func(err error) { told <- err })
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	write(text + "drain: 9s\n")
	if err := <-told; err != nil || s.g.Config().Drain != 9*time.Second {
		t.Errorf("%v; drain %v", err, s.g.Config().Drain)
	}
	write(text + "drain: soon\n")
	if err := <-told; err == nil || s.g.Config().Drain != 9*time.Second {
		t.Errorf("a faulty file is taken: %v", err)
	}
	write(text)
	if err := <-told; err != nil {
		t.Error(err)
	}
	signal <- os.Interrupt
	if err := <-told; err != nil {
		t.Error(err)
	}
}

// A secret that is replaced is taken up, and one that is missing meanwhile stops
// nobody. What came by the admin API stays in service.
func TestFilesThatAreNamedAreWatched(t *testing.T) {
	u := newUpstream(t, answers)
	dir := t.TempDir()
	key, path := filepath.Join(dir, "team-a.key"), filepath.Join(dir, "gateway.yaml")
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text := strings.Replace(configText("", u), "env:TEAM_A_KEY", "file:"+filepath.ToSlash(key), 1)
	write(key, "first key\n")
	write(path, text)
	s := listen(t, text)
	told := make(chan error, 10)
	go s.Watch(t.Context(), path, 5*time.Millisecond, nil, func(err error) { told <- err })
	write(path, text+"# it watches\n")
	if err := <-told; err != nil {
		t.Fatal(err)
	}
	changed := text + "drain: 9s\n"
	c, err := config.Parse([]byte(changed))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Reload(t.Context(), c, []byte(changed)); err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond) // it is seen that another configuration serves
	rt := func() *runtime { return s.g.runtime.Load() }
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	if err := <-told; err == nil || rt().keys.find("first key") == nil {
		t.Errorf("%v; the key that was removed must serve until there is another", err)
	}
	write(key, "the second key\n")
	for err = <-told; err != nil; err = <-told { // it was seen while it was written
	}
	if rt().keys.find("the second key") == nil || rt().keys.find("first key") != nil || rt().config.Drain != 9*time.Second {
		t.Errorf("the new key is not known, or the configuration is another: drain %v", rt().config.Drain)
	}
}

// What cannot be framed one way only never reaches a backend as two requests.
func TestSmugglingShapes(t *testing.T) {
	var mu sync.Mutex
	var seen []string
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		mu.Lock()
		seen = append(seen, r.Method+" "+r.URL.Path+" "+string(raw))
		mu.Unlock()
		io.WriteString(w, answerText)
	})
	b := newBench(t, "", u)
	address := strings.TrimPrefix(b.server.URL, "http://")
	head := "POST " + chatPath + " HTTP/1.1\r\nHost: x\r\napi-key: " + testKey + "\r\nContent-Type: application/json\r\n"
	hidden := "GET /admin HTTP/1.1\r\nHost: x\r\n\r\n"
	size := fmt.Sprint(len(chatBody))
	chunked := fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(chatBody), chatBody)
	cases := map[string]string{
		"length and chunked":        head + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked + hidden,
		"two lengths":               head + "Content-Length: " + size + "\r\nContent-Length: 0\r\n\r\n" + chatBody + hidden,
		"length with a sign":        head + "Content-Length: +" + size + "\r\n\r\n" + chatBody,
		"unknown coding":            head + "Transfer-Encoding: chunked, identity\r\n\r\n" + chunked,
		"coding in disguise":        head + "Transfer-Encoding : chunked\r\n\r\n" + chunked,
		"bare line feeds":           strings.ReplaceAll(head+"Content-Length: "+size+"\r\n\r\n", "\r\n", "\n") + chatBody,
		"folded header":             head + "X-Fold: a\r\n b: c\r\nContent-Length: " + size + "\r\n\r\n" + chatBody,
		"junk in a chunk extension": head + "Transfer-Encoding: chunked\r\n\r\n" + fmt.Sprintf("%x;\x00a=\"b\r\n%s\r\n0\r\n\r\n", len(chatBody), chatBody) + hidden,
		"negative chunk":            head + "Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n0\r\n\r\n",
		"line break in a value":     head + "X-A: b\rX-C: d\r\nContent-Length: " + size + "\r\n\r\n" + chatBody,
		"two hosts":                 head + "Host: y\r\nContent-Length: " + size + "\r\n\r\n" + chatBody,
		"absolute target":           strings.Replace(head, "POST /", "POST http://evil.example/", 1) + "Content-Length: " + size + "\r\n\r\n" + chatBody,
		"method with a space":       "POST  " + strings.TrimPrefix(head, "POST ") + "Content-Length: " + size + "\r\n\r\n" + chatBody,
	}
	for name, raw := range cases {
		t.Run(name, func(t *testing.T) {
			mu.Lock()
			seen = nil
			mu.Unlock()
			conn, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(2 * time.Second))
			if _, err := io.WriteString(conn, raw); err != nil {
				t.Fatal(err)
			}
			_ = conn.(*net.TCPConn).CloseWrite()
			io.Copy(io.Discard, conn)
			mu.Lock()
			defer mu.Unlock()
			for _, one := range seen {
				if one != "POST /openai/deployments/dep0/chat/completions "+chatBody {
					t.Errorf("the backend saw %q", one)
				}
			}
			if len(seen) > 1 {
				t.Errorf("one request became %d", len(seen))
			}
		})
	}
	if res, _ := b.chat(t); res.StatusCode != 200 {
		t.Errorf("other traffic suffers: %v", res)
	}
}

func TestSlowAndOversizedClients(t *testing.T) {
	u := newUpstream(t, answers)
	s := listen(t, configText("timeouts: {header: 200ms, idle: 200ms}\nsizes: {body: 1KiB, header: 4KiB}\n", u))
	cases := []struct{ name, send, want string }{
		{"header never ends", "POST / HTTP/1.1\r\nHost: x\r\n", ""},
		{"body never comes", "POST " + chatPath + " HTTP/1.1\r\nHost: x\r\napi-key: " + testKey + "\r\nContent-Length: 500\r\n\r\n{", " 400 "},
		{"header too large", "GET / HTTP/1.1\r\nHost: x\r\nX-A: " + strings.Repeat("a", 20<<10) + "\r\n\r\n", " 431 "},
		{"body too large", "POST " + chatPath + " HTTP/1.1\r\nHost: x\r\napi-key: " + testKey + "\r\nContent-Length: 5000\r\n\r\n", " 413 "},
		{"chunked body too large", "POST " + chatPath + " HTTP/1.1\r\nHost: x\r\napi-key: " + testKey + "\r\nTransfer-Encoding: chunked\r\n\r\n800\r\n" + strings.Repeat("x", 2048) + "\r\n0\r\n\r\n", " 413 "},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			conn, err := net.Dial("tcp", s.Addr())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			began := time.Now()
			_ = conn.SetDeadline(began.Add(5 * time.Second))
			if _, err := io.WriteString(conn, c.send); err != nil {
				t.Fatal(err)
			}
			status, _ := bufio.NewReader(conn).ReadString('\n')
			if c.want != "" && !strings.Contains(status, c.want) {
				t.Errorf("answered %q", status)
			}
			io.Copy(io.Discard, conn)
			if held := time.Since(began); held > 3*time.Second {
				t.Errorf("held for %v", held)
			}
		})
	}
}

func TestBodiesAreKeptAsTheProductAllows(t *testing.T) {
	u := newUpstream(t, answers)
	ask := `{"messages":[{"role":"user","content":"write to ana@example.com, card 4111 1111 1111 1111"}]}`
	for bodies, want := range map[string]string{
		"full":   ask,
		"masked": `{"messages":[{"role":"user","content":"write to ***, card ***"}]}`,
		"none":   "",
	} {
		b := newBench(t, "logs: {bodies: full}\nproducts: [{name: chat, pools: [gpt-4o], bodies: "+bodies+"}]\n", u)
		if _, _, err := b.post(t, chatPath, ask); err != nil {
			t.Fatal(err)
		}
		if rec := b.log.next(t, 0); string(rec.RequestBody) != want {
			t.Errorf("%s keeps %s", bodies, rec.RequestBody)
		}
	}
}

func TestLongBodiesKeepModelAndUsage(t *testing.T) {
	long := strings.Replace(answerText, "Hello there", strings.Repeat("Hello there \\u00e9", 5000), 1)
	short := shorten([]byte(long), 2000)
	var doc struct {
		Model string
		Usage struct {
			Total int `json:"total_tokens"`
		}
	}
	if err := json.Unmarshal(short, &doc); err != nil || len(short) > 2000 || doc.Model != "gpt-4o-2024-08-06" || doc.Usage.Total != 18 {
		t.Errorf("%v: %s", err, short)
	}
	many := []byte(`{"model":"m","usage":{"total_tokens":18},"data":[` + strings.Repeat(`"ab",`, 5000) + `1]}`)
	if short = shorten(many, 2000); json.Unmarshal(short, &doc) != nil || len(short) > 2000 || doc.Model != "m" {
		t.Errorf("%s", short)
	}
}

// A log that cannot keep up costs bodies, then records; never a call.
func TestAStuckLogHoldsUpNobody(t *testing.T) {
	u := newUpstream(t, answers)
	text := configText("", u)
	c, err := config.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	stuck := &stuckSink{release: make(chan bool)}
	g, err := New(t.Context(), c, []byte(text), Options{Now: time.Now, Getenv: testEnv, Sink: stuck})
	if err != nil {
		t.Fatal(err)
	}
	for range recordQueue + 2*recordBatch {
		e := newEntry()
		e.At = noon
		e.request = newBuffer()
		e.request.b = append(e.request.b, bytes.Repeat([]byte("x"), 16<<10)...)
		g.records.take(e, config.FullBodies)
	}
	if g.metrics.lost.Load() == 0 || g.metrics.bodies.Load() == 0 {
		t.Errorf("lost %d records and %d bodies", g.metrics.lost.Load(), g.metrics.bodies.Load())
	}
	lost := g.metrics.lost.Load()
	close(stuck.release)
	g.Close(t.Context())
	g.records.take(newEntry(), config.FullBodies) // a call that ends late harms nobody
	g.Close(t.Context())
	if stuck.gap != lost || stuck.whole+lost != recordQueue+2*recordBatch || stuck.bare == 0 {
		t.Errorf("stored %d, gap rows tell of %d, lost %d", stuck.whole, stuck.gap, lost)
	}
}

type stuckSink struct {
	release          chan bool
	whole, gap, bare int64
}

func (s *stuckSink) Append(calls []*call.Call) error {
	<-s.release
	for _, c := range calls {
		if c.Gap > 0 {
			s.gap += c.Gap
			continue
		}
		s.whole++
		if c.BodiesLost {
			s.bare++
		}
	}
	return nil
}
