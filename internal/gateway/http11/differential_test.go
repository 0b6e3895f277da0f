package http11

import (
	"bytes"
	"context"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// script is a connection whose other side answers any request with the same
// bytes and hangs up. Pieces are how much of them each reading gets.
type script struct {
	answer []byte
	pieces []byte

	mu      sync.Mutex
	asked   chan struct{}
	once    sync.Once
	closed  chan struct{}
	closing sync.Once
	turn    int
}

func newScript(answer, pieces []byte) *script {
	return &script{answer: answer, pieces: pieces, asked: make(chan struct{}), closed: make(chan struct{})}
}

func (s *script) Read(p []byte) (int, error) {
	select {
	case <-s.asked:
	case <-s.closed:
		return 0, net.ErrClosed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.answer) == 0 {
		return 0, io.EOF
	}
	n := len(p)
	if len(s.pieces) > 0 {
		n = min(n, int(s.pieces[s.turn%len(s.pieces)])+1)
		s.turn++
	}
	n = copy(p[:n], s.answer)
	s.answer = s.answer[n:]
	return n, nil
}

func (s *script) Write(p []byte) (int, error) {
	s.once.Do(func() { close(s.asked) })
	return len(p), nil
}

func (s *script) Close() error {
	s.closing.Do(func() { close(s.closed) })
	return nil
}

func (s *script) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (s *script) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (s *script) SetDeadline(time.Time) error      { return nil }
func (s *script) SetReadDeadline(time.Time) error  { return nil }
func (s *script) SetWriteDeadline(time.Time) error { return nil }

func dialer(answer, pieces []byte) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) { return newScript(answer, pieces), nil }
}

// told is what a caller sees of an answer.
type told struct {
	status   int
	text     string
	proto    string
	header   http.Header
	length   int64
	encoding []string
	close    bool
	body     []byte
	headErr  error
	bodyErr  error
}

func ask(t testing.TB, rt http.RoundTripper, method string, stream bool) (g told) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://backend.example/path", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := rt.RoundTrip(req)
	if err != nil {
		g.headErr = err
		return g
	}
	defer res.Body.Close()
	g.status, g.text, g.proto, g.header, g.length = res.StatusCode, res.Status, res.Proto, res.Header, res.ContentLength
	g.encoding, g.close = res.TransferEncoding, res.Close
	if s, ok := res.Body.(Streamer); ok && stream {
		var b bytes.Buffer
		g.bodyErr = s.Stream(func(p []byte) error { b.Write(p); return nil }, func() error { return nil })
		g.body = b.Bytes()
		return g
	}
	g.body, g.bodyErr = io.ReadAll(res.Body)
	return g
}

func compare(t testing.TB, answer, pieces []byte, method string) {
	t.Helper()
	theirs := &http.Transport{DialContext: dialer(answer, nil), DisableCompression: true, MaxResponseHeaderBytes: defaultMaxHead, ReadBufferSize: bufferSize}
	defer theirs.CloseIdleConnections()
	want := ask(t, theirs, method, false)
	for _, stream := range []bool{false, true} {
		ours := &Client{Dial: dialer(answer, pieces), Transport: theirs, Now: time.Now}
		got := ask(t, ours, method, stream)
		ours.CloseIdleConnections()
		if (got.headErr == nil) != (want.headErr == nil) {
			t.Fatalf("%q (stream %v): error %v, net/http %v", answer, stream, got.headErr, want.headErr)
		}
		if want.headErr != nil {
			continue
		}
		if got.status != want.status || got.text != want.text || got.proto != want.proto || got.length != want.length || got.close != want.close {
			t.Fatalf("%q (stream %v): %d %q %s %d %v, net/http %d %q %s %d %v", answer, stream,
				got.status, got.text, got.proto, got.length, got.close, want.status, want.text, want.proto, want.length, want.close)
		}
		if !maps.EqualFunc(got.header, want.header, slices.Equal) || !slices.Equal(got.encoding, want.encoding) {
			t.Fatalf("%q: header %v %v, net/http %v %v", answer, got.header, got.encoding, want.header, want.encoding)
		}
		if want.status == http.StatusSwitchingProtocols {
			continue // what follows belongs to nobody who did not ask for it
		}
		if (got.bodyErr == nil) != (want.bodyErr == nil) {
			t.Fatalf("%q (stream %v): body ends with %v, net/http %v", answer, stream, got.bodyErr, want.bodyErr)
		}
		if want.bodyErr == nil && !bytes.Equal(got.body, want.body) {
			t.Fatalf("%q (stream %v): body %q, net/http %q", answer, stream, got.body, want.body)
		}
	}
}

var answers = []string{
	"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\nhello",
	"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
	"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n there\r\n0\r\n\r\n",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n ther",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nA: b\r\n\r\n",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n0\r\n\r\n",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nhello",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n11111111111111111\r\nhello",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nhello",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\nhello",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + strings.Repeat("A: b\r\n", 900) + "\r\n",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + strings.Repeat("1;"+strings.Repeat("x", 900)+"\r\nX\r\n", 30) + "0\r\n\r\n",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + strings.Repeat("x", 5000) + "\r\nX\r\n0\r\n\r\n",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	"HTTP/1.1 200 OK\r\n\r\nuntil the end",
	"HTTP/1.0 200 OK\r\n\r\nuntil the end",
	"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok",
	"HTTP/1.1 204 No Content\r\n\r\n",
	"HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nbody",
	"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\nEtag: \"a\"\r\n\r\n",
	"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
	"HTTP/1.1 100 Continue\r\n\r\n",
	"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nraw",
	"HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n",
	"HTTP/1.1 429 Too Many Requests\r\nretry-after-ms: 1500\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
	"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
	"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n",
	"HTTP/1.1  200 OK\r\nContent-Length: 0\r\n\r\n",
	"HTTP/1.1 20 OK\r\n\r\n",
	"HTTP/1.1 2000 OK\r\n\r\n",
	"HTTP/1.1 +20 OK\r\n\r\n",
	"HTTP/2.0 200 OK\r\n\r\n",
	"ICY 200 OK\r\n\r\n",
	"SSH-2.0-OpenSSH_9.6\r\n",
	"",
	"\r\n\r\n",
	"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
	"HTTP/1.1 200 OK\r\nContent-Length: 2\n\r\nok",
	"HTTP/1.1 200 OK\r\nA: one\r\n two\r\nContent-Length: 0\r\n\r\n",
	"HTTP/1.1 200 OK\r\n A: one\r\nContent-Length: 0\r\n\r\n",
	"HTTP/1.1 200 OK\r\nNo colon\r\n\r\n",
	"HTTP/1.1 200 OK\r\nA : spaced\r\nContent-Length: 0\r\n\r\n",
	"HTTP/1.1 200 OK\r\n: empty\r\nContent-Length: 0\r\n\r\n",
	"HTTP/1.1 200 OK\r\nA: \x01\r\nContent-Length: 0\r\n\r\n",
	"HTTP/1.1 200 OK\r\nA: \xff\r\nb: \t x \t\r\nContent-Length: 0\r\n\r\n",
	"HTTP/1.1 200 OK\r\nA: 1\r\na: 2\r\nA: 3\r\nContent-Length: 0\r\n\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok",
	"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
	"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok",
	"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok",
	"HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\nok",
	"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nok",
	"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nPragma: no-cache\r\n\r\nok",
	"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive, close\r\n\r\nok",
	"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\nConnection: close\r\n\r\nok",
	"HTTP/1.1 200 OK\r\nTrailer: A\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nA: b\r\n\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r",
	"HTTP/1.1 200 OK\r\nLong: " + strings.Repeat("x", 9000) + "\r\nContent-Length: 5000\r\n\r\n" + strings.Repeat("y", 5000),
	"HTTP/1.1 200 OK\r\nLong: " + strings.Repeat("x", 300<<10) + "\r\nContent-Length: 0\r\n\r\n",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2000\r\n" + strings.Repeat("z", 0x2000) + "\r\n0\r\n\r\n",
}

// TestSameAsNetHTTP promises that an answer means here what it means to
// net/http, however it is cut into pieces.
func TestSameAsNetHTTP(t *testing.T) {
	for _, answer := range answers {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			for _, pieces := range [][]byte{nil, {0}, {1}, {6}, {0, 30, 2}, {200}} {
				if len(answer) > 10_000 && len(pieces) > 0 && pieces[0] < 100 {
					continue
				}
				compare(t, []byte(answer), pieces, method)
			}
		}
	}
}

func FuzzSameAsNetHTTP(f *testing.F) {
	for _, answer := range answers {
		if len(answer) < 1000 {
			f.Add([]byte(answer), []byte{3, 0, 200}, false)
		}
	}
	f.Fuzz(func(t *testing.T, answer, pieces []byte, head bool) {
		if len(answer) > 20_000 {
			return
		}
		method := http.MethodGet
		if head {
			method = http.MethodHead
		}
		compare(t, answer, pieces, method)
	})
}

// TestMain keeps net/http from telling the log of answers with too many bytes.
func TestMain(m *testing.M) {
	log.SetOutput(io.Discard)
	m.Run()
}
