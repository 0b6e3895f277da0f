package http11

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// outgoing is the memory of a request: it is written at once and kept until
// the answer begins, in case the connection was stale.
type outgoing struct{ b []byte }

var requests = sync.Pool{New: func() any { return &outgoing{b: make([]byte, 0, 4<<10)} }}

func (o *outgoing) free() { requests.Put(o) }

// compose writes head and body. Framing is made here: whatever the header
// says of it is left out.
func (o *outgoing) compose(req *http.Request) error {
	method := req.Method
	if method == "" {
		method = http.MethodGet
	}
	host := req.Host
	if host == "" {
		host = req.URL.Host
	}
	path := req.URL.RequestURI()
	switch {
	case !isToken(method):
		return fmt.Errorf("invalid method %q", method)
	case !plainHost(host):
		return fmt.Errorf("invalid host %q", host)
	case !isTarget(path):
		return errors.New("invalid character in the request's address")
	}
	b := append(o.b[:0], method...)
	b = append(append(append(b, ' '), path...), " HTTP/1.1\r\nHost: "...)
	b = append(append(b, host...), "\r\n"...)
	if _, ok := req.Header["User-Agent"]; !ok {
		b = append(b, "User-Agent: Go-http-client/1.1\r\n"...)
	}
	if n := req.ContentLength; n > 0 || method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch {
		b = append(strconv.AppendInt(append(b, "Content-Length: "...), n, 10), "\r\n"...)
	}
	b, err := appendHeader(b, req.Header)
	if err != nil {
		return err
	}
	o.b = append(b, "\r\n"...)
	return o.appendBody(req)
}

func appendHeader(b []byte, h http.Header) ([]byte, error) {
	for name, values := range h {
		switch name {
		case "Host", "Content-Length", "Transfer-Encoding", "Trailer":
			continue
		case "User-Agent":
			if len(values) == 0 || values[0] == "" {
				continue
			}
			values = values[:1]
		}
		if !isToken(name) {
			return b, fmt.Errorf("invalid header name %q", name)
		}
		for _, v := range values {
			v = strings.Trim(v, " \t")
			if !isValue(v) {
				return b, fmt.Errorf("invalid value of header %q", name)
			}
			b = append(append(append(append(b, name...), ": "...), v...), "\r\n"...)
		}
	}
	return b, nil
}

func (o *outgoing) appendBody(req *http.Request) error {
	n := int(req.ContentLength)
	if n == 0 {
		return nil
	}
	head := len(o.b)
	if cap(o.b) < head+n {
		o.b = append(make([]byte, 0, head+n), o.b...)
	}
	o.b = o.b[:head+n]
	if _, err := io.ReadFull(req.Body, o.b[head:]); err != nil {
		return fmt.Errorf("reading the request's body: %w", err)
	}
	var one [1]byte
	if n, _ := req.Body.Read(one[:]); n > 0 {
		return errors.New("the request's body is longer than it says")
	}
	return nil
}

// kinds of bytes.
const (
	tokenByte  = 1 << iota // may stand in a name
	valueByte              // may stand in a value
	targetByte             // may stand in an address
)

var bytesKind = func() (t [256]byte) {
	for c := range 256 {
		if c >= ' ' && c != 0x7f || c == '\t' {
			t[c] |= valueByte
		}
		if c > ' ' && c != 0x7f {
			t[c] |= targetByte
		}
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c < 0x80 && strings.IndexByte("!#$%&'*+-.^_`|~", byte(c)) >= 0 {
			t[c] |= tokenByte
		}
	}
	return t
}()

func consists[T string | []byte](s T, kind byte) bool {
	for i := range len(s) {
		if bytesKind[s[i]]&kind == 0 {
			return false
		}
	}
	return true
}

func isToken[T string | []byte](s T) bool { return len(s) > 0 && consists(s, tokenByte) }

func isValue[T string | []byte](s T) bool { return consists(s, valueByte) }

func isTarget(s string) bool { return len(s) > 0 && consists(s, targetByte) }
