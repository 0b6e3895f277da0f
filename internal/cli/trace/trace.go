// Package trace shows HTTP requests and answers as they pass, for
// --debug=http. What must not be seen is masked before it is written: keys,
// tokens, passwords and signatures in headers, queries, forms and JSON bodies.
// The bodies themselves pass through unchanged.
package trace

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

const bodyShown = 8 << 10 // bytes of a body that are written

// Transport writes what passes through another transport.
type Transport struct {
	base http.RoundTripper
	out  io.Writer
	now  func() time.Time

	mu    sync.Mutex // one exchange is written in one piece
	count int
}

// New traces base to out; now times the exchanges.
func New(base http.RoundTripper, out io.Writer, now func() time.Time) *Transport {
	return &Transport{base: base, out: out, now: now}
}

// RoundTrip sends req by the base transport and writes both sides.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	t.mu.Lock()
	t.count++
	number := t.count
	t.mu.Unlock()

	req, sent := peekRequest(req)
	var b strings.Builder
	fmt.Fprintf(&b, "#%d > %s %s\n", number, req.Method, MaskURL(req.URL))
	headers(&b, '>', req.Header)
	body(&b, '>', req.Header.Get("Content-Type"), sent)
	t.write(b.String())

	start := t.now()
	resp, err := t.base.RoundTrip(req)
	b.Reset()
	if err != nil {
		fmt.Fprintf(&b, "#%d ! %v (%s)\n", number, err, t.now().Sub(start).Round(time.Millisecond))
		t.write(b.String())
		return resp, err
	}
	fmt.Fprintf(&b, "#%d < %s (%s)\n", number, resp.Status, t.now().Sub(start).Round(time.Millisecond))
	headers(&b, '<', resp.Header)
	contentType := resp.Header.Get("Content-Type")
	if !strings.HasPrefix(contentType, "text/event-stream") { // a stream must not wait for us
		body(&b, '<', contentType, peekResponse(resp))
	}
	t.write(b.String())
	return resp, nil
}

func (t *Transport) write(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, _ = io.WriteString(t.out, text)
}

// peekRequest reads the beginning of a request's body and gives the request to
// send in its place: some clients hand out the very body as its copy, so what
// was read must be wound back.
func peekRequest(req *http.Request) (*http.Request, []byte) {
	if req.GetBody == nil {
		return req, nil
	}
	copied, err := req.GetBody()
	if err != nil {
		return req, nil
	}
	start, _ := io.ReadAll(io.LimitReader(copied, bodyShown+1))
	again, err := req.GetBody()
	if err != nil {
		return req, nil
	}
	wound := *req
	wound.Body = again
	return &wound, start
}

// peekResponse reads the beginning of a response's body and puts it back.
func peekResponse(resp *http.Response) []byte {
	start, err := io.ReadAll(io.LimitReader(resp.Body, bodyShown+1))
	rest := io.Reader(resp.Body)
	if err != nil {
		rest = &failingReader{err}
	}
	resp.Body = &rejoined{io.MultiReader(bytes.NewReader(start), rest), resp.Body}
	return start
}

type rejoined struct {
	io.Reader
	io.Closer
}

type failingReader struct{ err error }

func (r *failingReader) Read([]byte) (int, error) { return 0, r.err }

func headers(b *strings.Builder, side rune, h http.Header) {
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range h[name] {
			fmt.Fprintf(b, "%c %s: %s\n", side, name, MaskHeader(name, value))
		}
	}
}

func body(b *strings.Builder, side rune, contentType string, raw []byte) {
	if len(raw) == 0 {
		return
	}
	cut := len(raw) > bodyShown
	text := MaskBody(contentType, raw[:min(len(raw), bodyShown)])
	for line := range strings.Lines(text) {
		fmt.Fprintf(b, "%c   %s\n", side, strings.TrimRight(line, "\r\n"))
	}
	if cut {
		fmt.Fprintf(b, "%c   …\n", side)
	}
}
