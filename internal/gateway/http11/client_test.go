package http11

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// backend is a server whose connections a test handles itself.
type backend struct {
	net.Listener
	conns atomic.Int64
}

func listen(t testing.TB, serve func(n int64, c net.Conn, in *bufio.Reader)) *backend {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &backend{Listener: ln}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			n := b.conns.Add(1)
			go func() {
				defer c.Close()
				serve(n, c, bufio.NewReader(c))
			}()
		}
	}()
	return b
}

func (b *backend) url() string { return "http://" + b.Addr().String() + "/x?y=z" }

// request reads a request off a connection and returns it as it was sent.
func request(in *bufio.Reader) (raw string, err error) {
	var b bytes.Buffer
	r, err := http.ReadRequest(bufio.NewReaderSize(io.TeeReader(in, &b), 16))
	if err != nil {
		return "", err
	}
	_, err = io.Copy(io.Discard, r.Body)
	return b.String(), err
}

const okay = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

func newClient(t testing.TB) *Client {
	t.Helper()
	d := &net.Dialer{}
	tr := &http.Transport{}
	c := &Client{Dial: d.DialContext, Transport: tr, Now: time.Now}
	t.Cleanup(c.CloseIdleConnections)
	return c
}

func post(ctx context.Context, t testing.TB, rt http.RoundTripper, url, body string) (*http.Response, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("User-Agent", "")
	return rt.RoundTrip(req)
}

func whole(t testing.TB, res *http.Response, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestRequestOnTheWire(t *testing.T) {
	sent := make(chan string, 1)
	b := listen(t, func(_ int64, c net.Conn, in *bufio.Reader) {
		raw := make([]byte, 4096)
		n, _ := c.Read(raw) // head and body come together
		sent <- string(raw[:n])
		io.WriteString(c, okay)
	})
	res, err := post(t.Context(), t, newClient(t), b.url(), "hello")
	if got := whole(t, res, err); got != "ok" {
		t.Errorf("answered %q", got)
	}
	want := "POST /x?y=z HTTP/1.1\r\nHost: " + b.Addr().String() + "\r\nContent-Length: 5\r\n\r\nhello"
	if got := <-sent; got != want {
		t.Errorf("sent %q, want %q", got, want)
	}
}

// TestRequestInPieces: a backend that reads slowly gets the whole request.
func TestRequestInPieces(t *testing.T) {
	body := strings.Repeat("0123456789", maxBody/10)
	b := listen(t, func(_ int64, c net.Conn, in *bufio.Reader) {
		_ = c.(*net.TCPConn).SetReadBuffer(4 << 10)
		for {
			time.Sleep(10 * time.Millisecond)
			r, err := http.ReadRequest(in)
			if err != nil {
				return
			}
			text, _ := io.ReadAll(r.Body)
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(text), text)
		}
	})
	c := newClient(t)
	dial := c.Dial
	c.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err == nil {
			_ = conn.(*net.TCPConn).SetWriteBuffer(4 << 10)
		}
		return conn, err
	}
	for range 3 {
		res, err := post(t.Context(), t, c, b.url(), body)
		if got := whole(t, res, err); got != body {
			t.Fatalf("%d bytes came, want %d", len(got), len(body))
		}
	}
	if n := b.conns.Load(); n != 1 {
		t.Errorf("%d connections for calls one after another", n)
	}
}

// TestNothingSlipsIn promises that no part of a request can end its head or
// begin another request.
func TestNothingSlipsIn(t *testing.T) {
	b := listen(t, func(_ int64, c net.Conn, in *bufio.Reader) { t.Error("something was sent") })
	for name, spoil := range map[string]func(*http.Request){
		"value":        func(r *http.Request) { r.Header["A"] = []string{"b\r\nC: d"} },
		"bare LF":      func(r *http.Request) { r.Header["A"] = []string{"b\nC: d"} },
		"NUL":          func(r *http.Request) { r.Header["A"] = []string{"b\x00"} },
		"name":         func(r *http.Request) { r.Header["A: b\r\nC"] = []string{"d"} },
		"empty name":   func(r *http.Request) { r.Header[""] = []string{"d"} },
		"method":       func(r *http.Request) { r.Method = "GET / HTTP/1.1\r\n\r\nGET" },
		"host":         func(r *http.Request) { r.Host = "a\r\nB: c" },
		"query":        func(r *http.Request) { r.URL.RawQuery = "a b" },
		"query CR":     func(r *http.Request) { r.URL.RawQuery = "a\r\nB: c" },
		"opaque":       func(r *http.Request) { r.URL.Opaque = "/ HTTP/1.1\r\n" },
		"short body":   func(r *http.Request) { r.ContentLength = 9 },
		"longer body":  func(r *http.Request) { r.ContentLength = 3 },
		"context over": func(r *http.Request) { *r = *r.WithContext(over) },
	} {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, b.url(), strings.NewReader("hello"))
		spoil(req)
		if res, err := newClient(t).RoundTrip(req); err == nil {
			res.Body.Close()
			t.Errorf("%s: sent", name)
		}
	}
}

var over = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

func TestConnectionsAreUsedAgain(t *testing.T) {
	b := listen(t, func(_ int64, c net.Conn, in *bufio.Reader) {
		for {
			if _, err := request(in); err != nil {
				return
			}
			io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n")
		}
	})
	c := newClient(t)
	for range 20 {
		res, err := post(t.Context(), t, c, b.url(), "x")
		if got := whole(t, res, err); got != "ok" {
			t.Fatalf("answered %q", got)
		}
	}
	if n := b.conns.Load(); n != 1 {
		t.Errorf("%d connections for calls one after another", n)
	}
	res, err := post(t.Context(), t, c, b.url(), "x")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close() // unread: what is left of it must not become another call's answer
	res, err = post(t.Context(), t, c, b.url(), "x")
	if got := whole(t, res, err); got != "ok" || b.conns.Load() != 2 {
		t.Errorf("after an answer that was not read: %q on %d connections", got, b.conns.Load())
	}
}

// TestStrayBytes promises that what a backend sends unasked is never taken for
// the answer to another call.
func TestStrayBytes(t *testing.T) {
	for name, stray := range map[string]string{"with the answer": "", "later": "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"} {
		sent := make(chan bool, 2)
		b := listen(t, func(n int64, c net.Conn, in *bufio.Reader) {
			for {
				if _, err := request(in); err != nil {
					return
				}
				if n > 1 {
					io.WriteString(c, okay)
					continue
				}
				if stray == "" {
					io.WriteString(c, okay+"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
				} else {
					io.WriteString(c, okay)
					time.Sleep(20 * time.Millisecond)
					io.WriteString(c, stray)
				}
				sent <- true
			}
		})
		c := newClient(t)
		res, err := post(t.Context(), t, c, b.url(), "x")
		whole(t, res, err)
		<-sent
		time.Sleep(20 * time.Millisecond)
		res, err = post(t.Context(), t, c, b.url(), "x")
		if got := whole(t, res, err); got != "ok" {
			t.Errorf("%s: the second call was answered %q", name, got)
		}
	}
}

// TestStaleConnections: one that the backend closed while it was idle costs no
// call; one that breaks under a call costs that call unless it may be repeated.
func TestStaleConnections(t *testing.T) {
	closed := make(chan bool, 10)
	b := listen(t, func(_ int64, c net.Conn, in *bufio.Reader) {
		if _, err := request(in); err == nil {
			io.WriteString(c, okay)
		}
		c.Close()
		closed <- true
	})
	c := newClient(t)
	for i := range 5 {
		res, err := post(t.Context(), t, c, b.url(), "x")
		if got := whole(t, res, err); got != "ok" {
			t.Fatalf("call %d: %q", i, got)
		}
		<-closed
		time.Sleep(5 * time.Millisecond)
	}

	breaks := listen(t, func(n int64, c net.Conn, in *bufio.Reader) {
		for i := 0; ; i++ {
			if _, err := request(in); err != nil || n == 1 && i == 1 {
				return
			}
			io.WriteString(c, okay)
		}
	})
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		breaks.conns.Store(0)
		c := newClient(t)
		var last error
		for range 2 {
			req, _ := http.NewRequestWithContext(t.Context(), method, breaks.url(), nil)
			res, err := c.RoundTrip(req)
			if last = err; err == nil {
				whole(t, res, err)
			}
		}
		if (last == nil) != (method == http.MethodGet) {
			t.Errorf("%s on a connection that breaks under it: %v", method, last)
		}
	}
}

func TestErrors(t *testing.T) {
	for name, c := range map[string]struct{ answer, want string }{
		"nothing":   {"", errNoAnswer.Error()},
		"half head": {"HTTP/1.1 200 OK\r\nA: b", io.ErrUnexpectedEOF.Error()},
		"long head": {"HTTP/1.1 200 OK\r\n" + strings.Repeat("A: 0123456789\r\n", 30_000), errHeadLong.Error()},
		"long line": {"HTTP/1.1 200 OK\r\nA: " + strings.Repeat("x", 400<<10), errHeadLong.Error()},
		"long odd":  {"HTTP/1.1 200 OK\nA: " + strings.Repeat("x", 400<<10), errHeadLong.Error()},
		"many 1xx":  {strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 20_000), errHeadLong.Error()},
		"half body": {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", io.ErrUnexpectedEOF.Error()},
	} {
		b := listen(t, func(_ int64, k net.Conn, in *bufio.Reader) {
			if _, err := request(in); err == nil {
				io.WriteString(k, c.answer)
			}
		})
		res, err := post(t.Context(), t, newClient(t), b.url(), "x")
		if err == nil {
			_, err = io.ReadAll(res.Body)
			res.Body.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

// TestCancel promises that a call ends when its context does, wherever it is,
// with the reason that was given, and that the backend notices.
func TestCancel(t *testing.T) {
	reason := errors.New("enough of this")
	for name, begin := range map[string]string{
		"before the head": "",
		"in the head":     "HTTP/1.1 200 OK\r\nA",
		"in the body":     "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
		"in a chunk":      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal",
		"between chunks":  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
		"odd":             "HTTP/1.1 200 OK\nContent-Length: 10\n\nhalf",
	} {
		for _, stream := range []bool{false, true} {
			gone, begun := make(chan bool), make(chan bool)
			b := listen(t, func(_ int64, c net.Conn, in *bufio.Reader) {
				if _, err := request(in); err != nil {
					return
				}
				io.WriteString(c, begin)
				close(begun)
				_, _ = io.Copy(io.Discard, c)
				close(gone)
			})
			ctx, cancel := context.WithCancelCause(t.Context())
			go func() {
				<-begun
				time.Sleep(5 * time.Millisecond)
				cancel(reason)
			}()
			res, err := post(ctx, t, newClient(t), b.url(), "x")
			if err == nil {
				if s, ok := res.Body.(Streamer); ok && stream {
					err = s.Stream(func([]byte) error { return nil }, func() error { return nil })
				} else {
					_, err = io.ReadAll(res.Body)
				}
				res.Body.Close()
			}
			if !errors.Is(err, reason) {
				t.Errorf("%s: ended with %v", name, err)
			}
			<-gone
		}
	}
}

// TestBytesAreNotDelayed promises that each byte is handed on before the next
// one is waited for: the backend sends a piece only when the one before it has
// come out here, so that holding anything back would never end.
func TestBytesAreNotDelayed(t *testing.T) {
	event := "data: {\"choices\":[]}\n\n"
	framed := fmt.Sprintf("%x\r\n%s\r\n", len(event), event)
	const head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
	for name, c := range map[string]struct {
		pieces []string // after each of them so many bytes have come out
		out    []int
	}{
		"chunk by chunk":         {[]string{head, framed, framed, "0\r\n\r\n"}, []int{0, 22, 44, 44}},
		"with the head":          {[]string{head + framed, framed, "0\r\n\r\n"}, []int{22, 44, 44}},
		"several at once":        {[]string{head, framed + framed + framed, "0\r\n\r\n"}, []int{0, 66, 66}},
		"a chunk in two":         {[]string{head, framed[:10], framed[10:], "0\r\n\r\n"}, []int{0, 6, 22, 22}},
		"end of chunk apart":     {[]string{head, framed[:26], framed[26:] + framed, "0\r\n\r\n"}, []int{0, 22, 44, 44}},
		"size of chunk apart":    {[]string{head, framed + "1", framed[1:], "0\r\n\r\n"}, []int{0, 22, 44, 44}},
		"last chunk in two":      {[]string{head, framed + "0\r\n", "\r\n"}, []int{0, 22, 22}},
		"last chunk in three":    {[]string{head, framed + "0", "\r\n\r", "\n"}, []int{0, 22, 22, 22}},
		"until the end":          {[]string{"HTTP/1.1 200 OK\r\n\r\n", event, event}, []int{0, 22, 44}},
		"by length":              {[]string{"HTTP/1.1 200 OK\r\nContent-Length: 44\r\n\r\n", event, event[:3], event[3:]}, []int{0, 22, 25, 44}},
		"larger than the buffer": {[]string{head, fmt.Sprintf("%x\r\n", 10_000) + strings.Repeat("x", 9000), strings.Repeat("x", 1000) + "\r\n", "0\r\n\r\n"}, []int{0, 9000, 10_000, 10_000}},
	} {
		for _, way := range []string{"read", "stream", "tls"} {
			t.Run(name+"/"+way, func(t *testing.T) {
				out := make(chan int, 100)
				defer close(out)
				b := listen(t, func(_ int64, k net.Conn, in *bufio.Reader) {
					if way == "tls" {
						k = tls.Server(k, serverTLS(t, "http/1.1"))
						in = bufio.NewReader(k)
					}
					if _, err := request(in); err != nil {
						return
					}
					seen := -1
					for i, piece := range c.pieces {
						io.WriteString(k, piece)
						for seen < c.out[i] {
							n, more := <-out
							if !more {
								return
							}
							seen = n
						}
					}
					k.Close()
				})
				cl, url := newClient(t), b.url()
				if way == "tls" {
					cl.TLS, url = trusting(t), strings.Replace(url, "http:", "https:", 1)
				}
				res, err := post(t.Context(), t, cl, url, "x")
				if err != nil {
					t.Fatal(err)
				}
				defer res.Body.Close()
				out <- 0
				got := 0
				if way == "read" {
					p := make([]byte, 50)
					for err == nil {
						var n int
						n, err = res.Body.Read(p)
						got += n
						out <- got
					}
				} else {
					err = res.Body.(Streamer).Stream(func(p []byte) error { got += len(p); return nil }, func() error { out <- got; return nil })
				}
				if err != nil && err != io.EOF {
					t.Fatal(err)
				}
				if last := c.out[len(c.out)-1]; got != last {
					t.Errorf("%d bytes, want %d", got, last)
				}
			})
		}
	}
}

// serverTLS is a configuration with the certificate of net/http's tests.
func serverTLS(t testing.TB, protocols ...string) *tls.Config {
	t.Helper()
	s := httptest.NewTLSServer(http.NotFoundHandler())
	defer s.Close()
	return &tls.Config{Certificates: s.TLS.Certificates, NextProtos: protocols}
}

func trusting(t testing.TB) *tls.Config {
	t.Helper()
	s := httptest.NewTLSServer(http.NotFoundHandler())
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return &tls.Config{RootCAs: roots, ServerName: "example.com"}
}

func TestTLS(t *testing.T) {
	var proto atomic.Pointer[string]
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		proto.Store(&r.Proto)
		io.Copy(w, r.Body)
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	c := newClient(t)
	if _, err := post(t.Context(), t, c, s.URL, "hello"); err == nil {
		t.Error("a certificate that nobody trusts was taken")
	}
	c = newClient(t)
	c.TLS = trusting(t)
	res, err := post(t.Context(), t, c, s.URL, "hello")
	if got := whole(t, res, err); got != "hello" || *proto.Load() != "HTTP/1.1" {
		t.Errorf("%q in %s", got, *proto.Load())
	}
}

// TestHTTP2Only: a backend that refuses HTTP/1.1 is served by the other way,
// with the body that was already read.
func TestHTTP2Only(t *testing.T) {
	protocols := new(http.Protocols)
	protocols.SetHTTP2(true)
	s := &http.Server{Protocols: protocols, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s", r.Proto, text)
	})}
	defer s.Close()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refuses, takes := serverTLS(t, "nothing"), serverTLS(t, "h2")
	refuses.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if slices.Contains(hello.SupportedProtos, "h2") {
			return takes, nil
		}
		return nil, nil
	}
	go func() { _ = s.Serve(tls.NewListener(ln, refuses)) }()
	c := newClient(t)
	c.TLS = trusting(t)
	c.HTTP2 = &http.Transport{TLSClientConfig: c.TLS.Clone(), Protocols: protocols}
	for range 2 {
		res, err := post(t.Context(), t, c, "https://"+ln.Addr().String(), "hello")
		if got := whole(t, res, err); got != "HTTP/2.0 hello" {
			t.Errorf("answered %q", got)
		}
	}
}

// recorder notes what was left to it.
type recorder struct{ n atomic.Int64 }

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	r.n.Add(1)
	return nil, errors.New("not here")
}

func TestWhatIsLeftToTransport(t *testing.T) {
	long := strings.Repeat("x", maxBody+1)
	for name, change := range map[string]func(*http.Request){
		"long body": func(r *http.Request) {
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(long)), int64(len(long))
		},
		"unknown length":  func(r *http.Request) { r.ContentLength = -1 },
		"perhaps no body": func(r *http.Request) { r.ContentLength = 0 },
		"upgrade":         func(r *http.Request) { r.Header.Set("Upgrade", "websocket") },
		"expectation":     func(r *http.Request) { r.Header.Set("Expect", "100-continue") },
		"last request":    func(r *http.Request) { r.Close = true },
		"other scheme":    func(r *http.Request) { r.URL.Scheme = "ftp" },
		"other alphabet":  func(r *http.Request) { r.URL.Host = "bücher.example" },
		"no host":         func(r *http.Request) { r.URL.Host = "" },
	} {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1:1/", strings.NewReader("x"))
		change(req)
		left := &recorder{}
		c := &Client{Transport: left, Now: time.Now}
		if _, err := c.RoundTrip(req); err == nil || left.n.Load() != 1 {
			t.Errorf("%s: not left to the transport", name)
		}
	}
}

func TestIdleConnectionsEnd(t *testing.T) {
	gone := make(chan bool, 10)
	b := listen(t, func(_ int64, c net.Conn, in *bufio.Reader) {
		for {
			if _, err := request(in); err != nil {
				gone <- true
				return
			}
			io.WriteString(c, okay)
		}
	})
	c := newClient(t)
	c.Idle = 10 * time.Millisecond
	res, err := post(t.Context(), t, c, b.url(), "x")
	whole(t, res, err)
	<-gone
	c = newClient(t)
	res, err = post(t.Context(), t, c, b.url(), "x")
	whole(t, res, err)
	c.CloseIdleConnections()
	<-gone
}

func BenchmarkCall(b *testing.B) {
	s := listen(b, func(_ int64, c net.Conn, in *bufio.Reader) {
		p := make([]byte, 4096)
		for {
			if _, err := c.Read(p); err != nil {
				return
			}
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nX-Ms-Region: East US\r\nContent-Length: 2\r\n\r\nok")
		}
	})
	for name, rt := range map[string]http.RoundTripper{"ours": newClient(b), "transport": &http.Transport{}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				res, err := post(b.Context(), b, rt, s.url(), "hello")
				whole(b, res, err)
			}
		})
	}
}
