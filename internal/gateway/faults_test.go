package gateway

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/call"
)

// misbehaviour is one way in which a backend can fail.
type misbehaviour struct {
	name   string
	handle http.HandlerFunc // for chat that is not streamed, and streamed where stream is nil
	stream http.HandlerFunc
	url    string // instead of a handler: where nobody answers

	// What the client gets when there is another backend that works.
	rescued bool
	// What it gets when there is none: the status, or, for a stream that had
	// begun, the error event and a broken end.
	alone       int
	streamAlone int  // 0: as alone
	cutShort    bool // streams: the client sees a broken end
	tries       int  // attempts at the failing backend when it is alone
	refusal     bool // counts as full, not as broken
	wait        time.Duration
}

func hijack(w http.ResponseWriter) net.Conn {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	return conn
}

func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	conn.Close()
}

func hang(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

// beginning streams some chunks and then does what follows.
func beginning(then func(w http.ResponseWriter, r *http.Request)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "text/event-stream")
		for _, chunk := range streamChunks(true)[:4] {
			io.WriteString(w, "data: "+chunk+"\n\n")
			w.(http.Flusher).Flush()
		}
		then(w, r)
	}
}

func misbehaviours() []misbehaviour {
	resetAtOnce := func(w http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body); reset(hijack(w)) }
	return []misbehaviour{
		{name: "429 in milliseconds", handle: refuses("retry-after-ms", "40000"), rescued: true, alone: 429, tries: 1, refusal: true, wait: 40 * time.Second},
		{name: "429 in seconds", handle: refuses("retry-after", "40"), rescued: true, alone: 429, tries: 1, refusal: true, wait: 40 * time.Second},
		{name: "429 as a date", handle: func(w http.ResponseWriter, r *http.Request) {
			refuses("retry-after", time.Now().Add(40*time.Second).UTC().Format(http.TimeFormat))(w, r)
		}, rescued: true, alone: 429, tries: 1, refusal: true, wait: 40 * time.Second},
		{name: "429 with junk", handle: refuses("retry-after", "soon", "retry-after-ms", "later"), rescued: true, alone: 429, tries: 1, refusal: true, wait: time.Second},
		{name: "424", handle: fails(424, `{"error":{"code":"424","message":"busy"}}`), rescued: true, alone: 429, tries: 1, refusal: true, wait: time.Second},
		{name: "503", handle: fails(503, `{"error":{"code":"503","message":"unavailable"}}`), rescued: true, alone: 503, tries: 3},
		{name: "500", handle: fails(500, `{"statusCode":500,"message":"Internal server error"}`), rescued: true, alone: 500, tries: 3},
		{name: "408", handle: fails(408, `{"error":{"code":"Timeout","message":"The operation was timeout."}}`), rescued: true, alone: 408, tries: 3},
		{name: "reset before headers", handle: resetAtOnce, rescued: true, alone: 502, tries: 3},
		{name: "hang before headers", handle: hang, rescued: true, alone: 504, tries: 3},
		{name: "SSE error event first", handle: fails(500, `{}`), stream: func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Type", "text/event-stream")
			io.WriteString(w, "data: {\"error\":{\"code\":\"server_error\",\"message\":\"sorry\"}}\n\n")
		}, rescued: true, alone: 500, streamAlone: 502, tries: 3},
		{name: "reset after chunks", handle: func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Length", "1000")
			io.WriteString(w, answerText[:50])
			w.(http.Flusher).Flush()
			reset(hijack(w))
		}, stream: beginning(func(w http.ResponseWriter, _ *http.Request) { reset(hijack(w)) }), rescued: true, alone: 502, streamAlone: 200, cutShort: true, tries: 3},
		{name: "hang mid-stream", handle: hang, stream: beginning(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }),
			rescued: true, alone: 504, streamAlone: 200, cutShort: true, tries: 3},
		{name: "end without [DONE]", handle: fails(200, `{"choices":[`), stream: beginning(func(http.ResponseWriter, *http.Request) {}),
			rescued: true, alone: 502, streamAlone: 200, cutShort: true, tries: 3},
		{name: "empty 200", handle: fails(200, ""), stream: func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Type", "text/event-stream")
			w.WriteHeader(200)
		}, rescued: true, alone: 502, tries: 3},
		{name: "truncated JSON", handle: fails(200, answerText[:100]), stream: fails(200, answerText[:100]), rescued: true, alone: 502, tries: 3},
		{name: "wrong credentials", handle: fails(401, `{"error":{"code":"401","message":"Access denied"}}`), rescued: true, alone: 502, tries: 1},
		{name: "TLS failure", url: "https", rescued: true, alone: 502, tries: 3},
		{name: "DNS failure", url: "https://no-such-host.invalid", rescued: true, alone: 502, tries: 3},
	}
}

const quick = "timeouts: {firstByte: 500ms, idle: 500ms, total: 20s}\nretry: {attempts: 3, budget: 1, maxWait: 3s}\nbreaker: {failures: 100}\n"

// target makes the upstream a misbehaviour needs, and the line that points to it.
func (m misbehaviour) upstream(t *testing.T, stream bool) *upstream {
	handle := m.handle
	if stream && m.stream != nil {
		handle = m.stream
	}
	if handle == nil {
		handle = answers
	}
	u := newUpstream(t, handle)
	switch m.url {
	case "":
	case "https":
		u.URL = strings.Replace(u.URL, "http://", "https://", 1)
	default:
		u.URL = m.url
	}
	return u
}

func TestFaultMatrix(t *testing.T) {
	for _, m := range misbehaviours() {
		for _, stream := range []bool{false, true} {
			body, kind := chatBody, "whole"
			if stream {
				body, kind = chatStream(), "stream"
			}
			t.Run(fmt.Sprintf("%s/%s/rescued", m.name, kind), func(t *testing.T) { t.Parallel(); m.checkRescued(t, body, stream) })
			t.Run(fmt.Sprintf("%s/%s/alone", m.name, kind), func(t *testing.T) { t.Parallel(); m.checkAlone(t, body, stream) })
			t.Run(fmt.Sprintf("%s/%s/client leaves", m.name, kind), func(t *testing.T) { t.Parallel(); m.checkLeaving(t, body, stream) })
		}
	}
}

// With another backend the client never notices, unless the answer had begun.
func (m misbehaviour) checkRescued(t *testing.T, body string, stream bool) {
	other := newUpstream(t, answers)
	b := newBench(t, quick, m.upstream(t, stream), other)
	began := time.Now()
	res, text, err := b.post(t, chatPath, body)
	if stream && m.cutShort {
		m.checkCut(t, res, text, err)
		return
	}
	if err != nil || res.StatusCode != 200 || res.Header.Get("X-Azptu-Backend") != "b1" {
		t.Fatalf("%v %v %s", err, res, text)
	}
	if stream && !strings.HasSuffix(text, "data: [DONE]\n\n") || !stream && text != answerText {
		t.Errorf("answer %s", text)
	}
	t.Logf("the way round took %v", time.Since(began))
	rec := b.log.next(t, 0)
	want := call.SpillFailed
	if m.refusal {
		want = call.SpillRefused
	}
	if rec.Attempts != 2 || rec.Spill != want || rec.Tokens() != 18 || rec.Status != 200 {
		t.Errorf("record %+v", rec)
	}
}

// Alone, the client gets a clear answer after as many attempts as are allowed.
func (m misbehaviour) checkAlone(t *testing.T, body string, stream bool) {
	b := newBench(t, quick, m.upstream(t, stream))
	res, text, err := b.post(t, chatPath, body)
	if stream && m.cutShort {
		m.checkCut(t, res, text, err)
		rec := b.log.next(t, 0)
		if rec.Attempts != 1 || rec.Counting != call.Estimated || rec.Completion == 0 || rec.ErrorCode != "StreamBroken" || rec.Status != 200 {
			t.Errorf("record %+v", rec)
		}
		return
	}
	want := m.alone
	if stream && m.streamAlone != 0 {
		want = m.streamAlone
	}
	if err != nil || res.StatusCode != want {
		t.Fatalf("%v %v %s", err, res, text)
	}
	if m.wait > 0 {
		if wait, ok := retryAfter(res.Header, time.Now()); !ok || wait > m.wait+50*time.Millisecond || wait < m.wait-1500*time.Millisecond {
			t.Errorf("told to wait %v, want %v", wait, m.wait)
		}
	}
	rec := b.log.next(t, 0)
	if rec.Attempts != m.tries || rec.Tokens() != 0 || rec.Status != want || rec.ErrorMessage == "" && rec.ErrorCode == "" && m.name != "500" && m.name != "SSE error event first" {
		t.Errorf("want %d tries; record %+v", m.tries, rec)
	}
}

func (m misbehaviour) checkCut(t *testing.T, res *http.Response, text string, err error) {
	t.Helper()
	if res == nil || res.StatusCode != 200 {
		t.Fatalf("%v %v", err, res)
	}
	if err == nil {
		t.Error("the end looks whole")
	}
	if strings.Contains(text, "[DONE]") || !strings.Contains(text, "Hello") || !strings.Contains(text, `{"error":{"code":"StreamBroken"`) {
		t.Errorf("answer %s", text)
	}
}

// A client that leaves frees the backend at once, whatever state it is in, and
// the gateway serves the next call. It leaves when the backend has the call, or
// would have it; on a busy machine that takes a while.
func (m misbehaviour) checkLeaving(t *testing.T, body string, stream bool) {
	u := m.upstream(t, stream)
	b := newBench(t, "timeouts: {firstByte: 30s, idle: 30s, total: 60s}\nretry: {attempts: 100, budget: 1, maxWait: 60s}\nbreaker: {failures: 0}\n", u)
	quickest := time.Hour
	for try := 0; try < leavings && quickest > freeWithin; try++ {
		ctx, cancel := context.WithCancel(t.Context())
		attempts := b.backendMetrics("b0").attempts.Load()
		answered := make(chan bool)
		go func() {
			defer close(answered)
			if res, err := http.DefaultTransport.RoundTrip(b.request(t, "POST", chatPath, body).WithContext(ctx)); err == nil {
				_, _ = io.Copy(io.Discard, res.Body)
				res.Body.Close()
			}
		}()
		for b.backendMetrics("b0").attempts.Load() == attempts {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(20 * time.Millisecond)
		left := time.Now()
		cancel()
		<-answered
		b.log.next(t, try)
		for i := 0; u.serving.Load() != 0; i++ {
			if i == 5000 {
				t.Fatal("the backend is never freed")
			}
			time.Sleep(time.Millisecond)
		}
		quickest = min(quickest, time.Since(left))
	}
	if quickest > freeWithin {
		t.Errorf("the call went on for %v after the client had left, at best", quickest)
	}
	working := http.HandlerFunc(answers)
	u.handle.Store(&working)
	for i := 0; b.metrics.inFlight.Load() != 0; i++ {
		if i == 2000 {
			t.Fatalf("%d calls are still running", b.metrics.inFlight.Load())
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// A backend is freed within freeWithin of its client's leaving. What else the
// machine does can only make that longer, so the quickest of some tries tells.
const (
	freeWithin = 100 * time.Millisecond
	leavings   = 10
)

func TestAClientThatLeavesCancelsTheBackend(t *testing.T) {
	for _, drain := range []bool{false, true} {
		t.Run(fmt.Sprintf("drain %v", drain), func(t *testing.T) {
			begun, more := make(chan bool, 1), make(chan bool)
			ended := make(chan time.Time, 1)
			u := newUpstream(t, beginning(func(w http.ResponseWriter, r *http.Request) {
				begun <- true
				select {
				case <-r.Context().Done():
				case <-more:
					for _, chunk := range streamChunks(true)[4:] {
						io.WriteString(w, "data: "+chunk+"\n\n")
					}
				}
				ended <- time.Now()
			}))
			extra := ""
			if drain {
				extra = "onClientGone: drain\n"
			}
			b := newBench(t, extra, u)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			res, err := http.DefaultTransport.RoundTrip(b.request(t, "POST", chatPath, chatStream()).WithContext(ctx))
			if err != nil {
				t.Fatal(err)
			}
			<-begun
			for in := bufio.NewReader(res.Body); ; { // some of the answer has come
				line, err := in.ReadString('\n')
				if err != nil {
					t.Fatal(err)
				}
				if strings.Contains(line, "Hello") {
					break
				}
			}
			cancel()
			left := time.Now()
			if drain {
				time.Sleep(50 * time.Millisecond)
				close(more)
			}
			t.Logf("the backend was done %v after the client had left", (<-ended).Sub(left))
			rec := b.log.next(t, 0)
			wantCounting := call.Estimated
			if drain {
				wantCounting = call.Reported
			}
			if rec.Status != statusClientGone || rec.Counting != wantCounting || rec.Completion == 0 {
				t.Errorf("record %+v", rec)
			}
		})
	}
}
