package front

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// echo tells all that a handler can see of a request, and what the body was.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %q %q %q %v %s %d %d\nhost %q length %d encoding %q close %v error %v\n", r.Method, r.RequestURI, r.URL.Path, r.URL.RawQuery,
		r.URL.ForceQuery, r.Proto, r.ProtoMajor, r.ProtoMinor, r.Host, r.ContentLength, r.TransferEncoding, r.Close, err)
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		fmt.Fprintf(&b, "%q: %q\n", name, r.Header[name])
	}
	fmt.Fprintf(&b, "%q\n", body)
	switch r.Header.Get("X-Do") {
	case "panic":
		panic(http.ErrAbortHandler)
	case "nothing":
		return
	case "none":
		w.WriteHeader(http.StatusNoContent)
		return
	case "odd":
		w.Header()["Two"] = []string{"one", "a\r\nb"}
		w.WriteHeader(599)
		w.Header().Set("Late", "yes")
	case "twice":
		w.WriteHeader(http.StatusTeapot)
		w.WriteHeader(http.StatusOK)
	default:
		w.Header().Set("Content-Type", "text/echo")
		w.Header().Set("Content-Length", strconv.Itoa(b.Len())) // net/http would send a long answer in chunks
	}
	_, _ = w.Write(b.Bytes())
}

// pair is net/http alone, and behind a front.
type pair struct {
	plain, fronted string
	front          *Server
	taken          atomic.Int64 // requests that the front answered
}

func startPair(t testing.TB, h http.HandlerFunc) *pair {
	t.Helper()
	p := &pair{}
	server := func() *http.Server {
		return &http.Server{Handler: h, ReadHeaderTimeout: 15 * time.Second, MaxHeaderBytes: 64 << 10, ErrorLog: quiet}
	}
	open := func() net.Listener {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	l, m := open(), open()
	p.plain, p.fronted = l.Addr().String(), m.Addr().String()
	plain, next := server(), server()
	p.front = &Server{Next: next, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.taken.Add(1)
		h(w, r)
	})}
	ended := make(chan error, 2)
	go func() { ended <- plain.Serve(l) }()
	go func() { ended <- p.front.Serve(m) }()
	t.Cleanup(func() {
		_ = plain.Close()
		_ = p.front.Close()
		_ = next.Close()
		_ = m.Close()
		for range 2 {
			if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
				t.Errorf("served until %v", err)
			}
		}
	})
	return p
}

// say sends raw bytes in the given pieces, closes its side and tells what comes
// back: every answer without what must differ.
func say(t testing.TB, addr string, pieces ...[]byte) string {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	go func() {
		for i, piece := range pieces {
			if i > 0 {
				time.Sleep(2 * time.Millisecond) // so that they arrive one by one
			}
			if _, err := c.Write(piece); err != nil {
				return // refused before all was sent
			}
		}
		_ = c.(*net.TCPConn).CloseWrite()
	}()
	return tell(bufio.NewReader(c))
}

// cutShort stands for what cannot be told: net/http refuses what it cannot read
// and closes, and bytes that arrive later reset the connection.
const cutShort = "cut short by a reset"

func tell(r *bufio.Reader) string {
	var b strings.Builder
	for {
		if _, err := r.Peek(1); err != nil {
			if errors.Is(err, syscall.ECONNRESET) {
				return cutShort
			}
			var timeout net.Error
			if errors.As(err, &timeout) && timeout.Timeout() {
				b.WriteString("and hangs")
			}
			return b.String()
		}
		answer, err := http.ReadResponse(r, nil)
		if err != nil {
			fmt.Fprintf(&b, "unreadable: %v\n", err)
			return b.String()
		}
		body, err := io.ReadAll(answer.Body)
		if errors.Is(err, syscall.ECONNRESET) {
			return cutShort
		}
		answer.Header.Del("Date")
		fmt.Fprintf(&b, "%s %d %v %v %v\n%s\n", answer.Status, answer.ContentLength, answer.Close, answer.Header, err, body)
	}
}

const (
	first = "POST /openai/deployments/d/chat/completions?api-version=2024-10-21 HTTP/1.1\r\n"
	host  = "Host: localhost:80\r\n"
)

// with is a request with other header lines; the body is five bytes long.
func with(lines string) string { return first + host + lines + "\r\nhello" }

var plain = with("api-key: k\r\nContent-Type: application/json\r\nContent-Length: 5\r\n")

// cases are requests and whether they are plain.
var cases = []struct {
	name  string
	text  string
	plain bool
}{
	{"plain", plain, true},
	{"as Go writes it", with("User-Agent: Go-http-client/1.1\r\nContent-Length: 5\r\nApi-Key: k\r\nAccept-Encoding: gzip\r\n"), true},
	{"as curl writes it", with("User-Agent: curl/8\r\nAccept: */*\r\napi-key: k\r\nContent-Type: application/json\r\nContent-Length: 5\r\n"), true},
	{"kept alive", with("Connection: Keep-Alive\r\nContent-Length: 5\r\n"), true},
	{"pipelined", plain + plain + plain, true},
	{"pipelined, then odd", plain + strings.Replace(plain, "POST", "PUT", 1) + plain, true},
	{"half of a second", plain + plain[:40], true},
	{"unknown header", with("x-some-THING: a b  \r\nx_y: 1\r\nContent-Length:5\r\n"), true},
	{"empty value", with("X-Empty:\r\nContent-Length:   5   \r\n"), true},
	{"long value", with("X-Long: " + strings.Repeat("a", 9000) + "\r\nContent-Length: 5\r\n"), true},
	{"many bytes", first + host + "Content-Length: 20000\r\n\r\n" + strings.Repeat("b", 20000), true},
	{"no query", "POST /a HTTP/1.1\r\n" + host + "Content-Length: 1\r\n\r\nx", true},
	{"empty query", "POST /a? HTTP/1.1\r\n" + host + "Content-Length: 1\r\n\r\nx", true},
	{"dots", "POST /a/../b/./c// HTTP/1.1\r\n" + host + "Content-Length: 1\r\n\r\nx", true},
	{"panics", with("X-Do: panic\r\nContent-Length: 5\r\n") + plain, true},
	{"says nothing", with("X-Do: nothing\r\nContent-Length: 5\r\n") + plain, true},
	{"says none", with("X-Do: none\r\nContent-Length: 5\r\n") + plain, true},
	{"odd answer", with("X-Do: odd\r\nContent-Length: 5\r\n") + plain, true},
	{"two statuses", with("X-Do: twice\r\nContent-Length: 5\r\n") + plain, true},

	{"length and chunks", with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), false},
	{"chunks and length", with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), false},
	{"chunks", first + host + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", false},
	{"chunks, odd case", first + host + "tRANSFER-eNCODING: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + plain, false},
	{"length, odd case", with("cONTENT-lENGTH: 5\r\nContent-Length: 0\r\n"), false},
	{"two lengths, alike", with("Content-Length: 5\r\nContent-Length: 5\r\n"), false},
	{"two lengths", with("Content-Length: 5\r\nContent-Length: 0\r\n"), false},
	{"list of lengths", with("Content-Length: 5, 5\r\n"), false},
	{"signed length", with("Content-Length: +5\r\n"), false},
	{"negative length", with("Content-Length: -5\r\n"), false},
	{"hexadecimal length", with("Content-Length: 0x5\r\n"), false},
	{"no length", with(""), false},
	{"empty length", with("Content-Length:\r\n"), false},
	{"no body", first + host + "Content-Length: 0\r\n\r\n", false},
	{"huge length", with("Content-Length: 99999999999999999999\r\n"), false},
	{"blank before the colon", with("Content-Length : 5\r\n"), false},
	{"tab before the value", with("Content-Length:\t5\r\n"), false},
	{"tab in the value", with("X-A: a\tb\r\nContent-Length: 5\r\n"), false},
	{"folded", with("X-A: a\r\n b\r\nContent-Length: 5\r\n"), false},
	{"folded length", with("X-A: a\r\n\tContent-Length: 3\r\nContent-Length: 5\r\n"), false},
	{"bare line feeds", strings.ReplaceAll(plain, "\r\n", "\n"), false},
	{"one bare line feed", with("X-A: a\nContent-Length: 5\r\n"), false},
	{"bare carriage return", with("X-A: a\rb\r\nContent-Length: 5\r\n"), false},
	{"end in line feeds", first + host + "Content-Length: 5\n\nhello", false},
	{"zero byte", with("X-A: a\x00b\r\nContent-Length: 5\r\n"), false},
	{"not ASCII", with("X-A: é\r\nContent-Length: 5\r\n"), false},
	{"nameless", with(": a\r\nContent-Length: 5\r\n"), false},
	{"no colon", with("X-A\r\nContent-Length: 5\r\n"), false},
	{"name with a blank", with("X A: a\r\nContent-Length: 5\r\n"), false},
	{"twice the same", with("X-A: a\r\nx-a: b\r\nContent-Length: 5\r\n"), false},
	{"no host", first + "Content-Length: 5\r\n\r\nhello", false},
	{"two hosts", with(host + "Content-Length: 5\r\n"), false},
	{"odd host", first + "Host: a b\r\nContent-Length: 5\r\n\r\nhello", false},
	{"empty host", first + "Host:\r\nContent-Length: 5\r\n\r\nhello", false},
	{"old version", strings.Replace(plain, "HTTP/1.1", "HTTP/1.0", 1), false},
	{"next version", strings.Replace(plain, "HTTP/1.1", "HTTP/2.0", 1), false},
	{"odd version", strings.Replace(plain, "HTTP/1.1", "HTTP/1.1 ", 1), false},
	{"small version", strings.Replace(plain, "HTTP/1.1", "http/1.1", 1), false},
	{"second space", strings.Replace(plain, "POST ", "POST  ", 1), false},
	{"no target", "POST HTTP/1.1\r\n" + host + "Content-Length: 1\r\n\r\nx", false},
	{"empty target", "POST  HTTP/1.1\r\n" + host + "Content-Length: 1\r\n\r\nx", false},
	{"root", "POST / HTTP/1.1\r\n" + host + "Content-Length: 1\r\n\r\nx", true},
	{"absolute", "POST http://a/b HTTP/1.1\r\n" + host + "Content-Length: 1\r\n\r\nx", false},
	{"two slashes", "POST //a/b HTTP/1.1\r\n" + host + "Content-Length: 1\r\n\r\nx", false},
	{"escapes", "POST /a%2Fb HTTP/1.1\r\n" + host + "Content-Length: 1\r\n\r\nx", false},
	{"two questions", "POST /a?b?c HTTP/1.1\r\n" + host + "Content-Length: 1\r\n\r\nx", false},
	{"fragment", "POST /a#b HTTP/1.1\r\n" + host + "Content-Length: 1\r\n\r\nx", false},
	{"get", "GET /a HTTP/1.1\r\n" + host + "\r\n", false},
	{"get with a body", strings.Replace(plain, "POST", "GET", 1), false},
	{"head", "HEAD /a HTTP/1.1\r\n" + host + "\r\n", false},
	{"small method", strings.Replace(plain, "POST", "post", 1), false},
	{"expects", with("Expect: 100-continue\r\nContent-Length: 5\r\n"), false},
	{"closes", with("Connection: close\r\nContent-Length: 5\r\n"), false},
	{"names a header", with("Connection: keep-alive, X-A\r\nContent-Length: 5\r\n"), false},
	{"upgrades", with("Connection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nContent-Length: 5\r\n"), false},
	{"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", false},
	{"TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", false},
	{"line before", "\r\n" + plain, false},
	{"half a line", "POST /openai", false},
	{"half a head", plain[:120], false},
	{"half a body", plain[:len(plain)-2], false},
	{"long line", "POST /" + strings.Repeat("a", 20000) + " HTTP/1.1\r\n" + host + "Content-Length: 1\r\n\r\nx", false},
	{"long head", with(strings.Repeat("X-A"+": b\r\n", 1) + "X-B: " + strings.Repeat("c", 17000) + "\r\nContent-Length: 5\r\n"), false},
	{"head beyond all limits", with("X-B: " + strings.Repeat("c", 90000) + "\r\nContent-Length: 5\r\n"), false},
	{"many headers", with(manyHeaders(60) + "Content-Length: 5\r\n"), false},
	{"long body", first + host + "Content-Length: 40000\r\n\r\n" + strings.Repeat("b", 40000), false},
	{"nothing", "", false},
}

func manyHeaders(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "X-%d: v\r\n", i)
	}
	return b.String()
}

// Whatever is sent, the front changes nothing about the answer; and only what is
// plain is answered by it.
func TestSameAnswers(t *testing.T) {
	p := startPair(t, echo)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			before := p.taken.Load()
			got, want := say(t, p.fronted, []byte(c.text)), say(t, p.plain, []byte(c.text))
			if got != want {
				t.Errorf("the front answers\n%s\nnet/http answers\n%s", got, want)
			}
			if taken := p.taken.Load() > before; taken != c.plain {
				t.Errorf("answered by the front: %v", taken)
			}
		})
	}
}

// However a request is cut into pieces, it is one request.
func TestPieces(t *testing.T) {
	p := startPair(t, echo)
	want := say(t, p.plain, []byte(plain+plain))
	for at := 1; at < 2*len(plain); at += 3 {
		if got := say(t, p.fronted, []byte((plain + plain)[:at]), []byte((plain + plain)[at:])); got != want {
			t.Fatalf("cut at %d the answer is\n%s\nwant\n%s", at, got, want)
		}
	}
	var bytes [][]byte
	for _, c := range []byte(plain) {
		bytes = append(bytes, []byte{c})
	}
	if got, want := say(t, p.fronted, bytes...), say(t, p.plain, []byte(plain)); got != want {
		t.Fatalf("byte by byte the answer is\n%s\nwant\n%s", got, want)
	}
	if p.taken.Load() == 0 {
		t.Error("the front answered none")
	}
}

// What Quick says no to is net/http's, and what comes behind it on the
// connection too.
func TestQuick(t *testing.T) {
	p := startPair(t, echo)
	p.front.Quick = func(body []byte) bool { return !bytes.Equal(body, []byte("hello")) }
	other := strings.Replace(plain, "hello", "olleh", 1)
	if got, want := say(t, p.fronted, []byte(other+plain+other)), say(t, p.plain, []byte(other+plain+other)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if n := p.taken.Load(); n != 1 {
		t.Errorf("the front answered %d", n)
	}
}

// A request that does not arrive in time goes to net/http, with what has come
// of it; a connection that is not used is closed.
func TestSlow(t *testing.T) {
	p := startPair(t, echo)
	dial := func(text string) net.Conn {
		c, err := net.Dial("tcp", p.fronted)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, text); err != nil {
			t.Fatal(err)
		}
		if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		return c
	}
	slow, unused := dial(plain[:100]), dial("")
	defer slow.Close()
	defer unused.Close()
	settled := func(n int, state int32) func() bool {
		return func() bool {
			p.front.mu.Lock()
			defer p.front.mu.Unlock()
			in := 0
			for c := range p.front.open {
				if c.state.Load() == state {
					in++
				}
			}
			return in == n
		}
	}
	until(t, settled(1, arriving))
	p.front.sweep(p.front.tick.Add(patience + 1))
	until(t, settled(0, arriving))
	if _, err := io.WriteString(slow, plain[100:]); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(slow).ReadString('\n'); err != nil || line != "HTTP/1.1 200 OK\r\n" {
		t.Errorf("the slow request was answered %q, %v", line, err)
	}
	if n := p.taken.Load(); n != 0 {
		t.Errorf("the front answered %d", n)
	}
	until(t, settled(1, fresh))
	p.front.sweep(p.front.tick.Add(untouched - patience))
	if _, err := unused.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the unused connection was not closed: %v", err)
	}
	kept := dial(plain)
	defer kept.Close()
	until(t, settled(1, waiting))
	p.front.sweep(p.front.tick.Add(idle))
	until(t, settled(1, waiting))
	p.front.sweep(p.front.tick.Add(2))
	until(t, settled(0, waiting))
}

func until(t *testing.T, so func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !so(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited in vain")
		}
	}
}

// Close lets what is being answered be answered, and frees handlers that wait.
func TestClose(t *testing.T) {
	inside := make(chan struct{})
	p := startPair(t, func(w http.ResponseWriter, r *http.Request) {
		close(inside)
		<-r.Context().Done()
		_, _ = io.WriteString(w, "last word")
	})
	answered := make(chan string)
	go func() { answered <- say(t, p.fronted, []byte(plain)) }()
	<-inside
	if err := p.front.Close(); err != nil {
		t.Fatal(err)
	}
	if got := <-answered; !strings.Contains(got, "last word") {
		t.Errorf("answered %q", got)
	}
}

// FuzzSameAnswers holds the front to net/http's answers for any bytes.
func FuzzSameAnswers(f *testing.F) {
	for _, c := range cases {
		f.Add([]byte(c.text), uint16(0))
	}
	f.Add([]byte(plain), uint16(77))
	p := startPair(f, echo)
	f.Fuzz(func(t *testing.T, text []byte, at uint16) {
		if len(text) > 100<<10 {
			return
		}
		pieces := [][]byte{text}
		if cut := int(at); cut > 0 && cut < len(text) {
			pieces = [][]byte{text[:cut], text[cut:]}
		}
		got, want := say(t, p.fronted, pieces...), say(t, p.plain, pieces...)
		if got != want && got != cutShort && want != cutShort {
			t.Errorf("%q\nthe front answers\n%s\nnet/http answers\n%s", text, got, want)
		}
	})
}
