package http11

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// answer reads the head of the answer and makes a response of it whose body
// takes over the connection. Informational answers before it are passed over.
func (k *conn) answer(req *http.Request, limit int) (*http.Response, error) {
	for read := 0; ; {
		end, odd, err := k.wholeHead(limit - read)
		if err != nil {
			return nil, err
		}
		var h head
		if odd || !h.parse(k.buf[k.r:end], req.Method) {
			return k.oddAnswer(req, limit-read)
		}
		read += end - k.r
		k.r = end
		if h.status >= 200 {
			return k.respond(req, &h), nil
		}
	}
}

// wholeHead reads until the head is in the buffer and tells where it ends. odd
// tells that its lines do not end as they should; then nothing was looked at
// beyond the first such line.
func (k *conn) wholeHead(limit int) (end int, odd bool, err error) {
	at := 0 // behind the lines that were looked at, from r
	for {
		for {
			unseen := k.buf[k.r+at : k.w]
			i := bytes.IndexByte(unseen, '\n')
			if i < 0 {
				break
			}
			if i == 0 || unseen[i-1] != '\r' {
				return 0, true, nil
			}
			at += i + 1
			if i == 1 {
				return k.r + at, at == 2, nil
			}
		}
		if k.w-k.r >= limit {
			return 0, false, errHeadLong
		}
		if k.r == 0 && k.w == len(k.buf) && k.w > 0 {
			k.grow(limit)
		}
		switch err := k.fill(); {
		case err == io.EOF && !k.begun:
			return 0, false, errNoAnswer
		case err == io.EOF:
			return 0, false, io.ErrUnexpectedEOF
		case err != nil:
			return 0, false, err
		}
	}
}

// grow makes room for a head that is longer than the buffer.
func (k *conn) grow(limit int) {
	larger := make([]byte, min(2*len(k.buf), limit+bufferSize))
	n := copy(larger, k.buf)
	k.giveBuffer()
	k.buf = larger
	k.w = n
}

// head is what an answer's head says.
type head struct {
	status  int
	text    string // of the status line, from the code on
	header  http.Header
	length  int64 // -1: not told
	chunked bool
	close   bool
	named   bool // a Connection header has been there
}

// parse reads a head with its empty line. It reports false when the head is
// in any way out of the ordinary; net/http is asked then what it means.
func (h *head) parse(raw []byte, method string) bool {
	text := string(raw)
	line, rest, _ := strings.Cut(text, "\r\n")
	if !h.statusLine(line) {
		return false
	}
	n := strings.Count(rest, "\n") - 1
	values := make([]string, n)
	h.header, h.length = make(http.Header, n), -1
	for i := 0; ; i++ {
		line, rest, _ = strings.Cut(rest, "\r\n")
		if line == "" {
			break
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok || !isToken(name) {
			return false
		}
		value = strings.Trim(value, " \t")
		if !isValue(value) {
			return false
		}
		name = canonical(name)
		keep, ok := h.framing(name, value)
		if !ok {
			return false
		}
		if !keep {
			continue
		}
		if old := h.header[name]; old != nil {
			h.header[name] = append(old, value)
			continue
		}
		values[i] = value
		h.header[name] = values[i : i+1 : i+1]
	}
	return h.sensible(method)
}

func (h *head) statusLine(line string) bool {
	const version = "HTTP/1.1 "
	if len(line) < len(version)+3 || line[:len(version)] != version || len(line) > len(version)+3 && line[len(version)+3] != ' ' {
		return false
	}
	h.text = line[len(version):]
	for _, c := range []byte(h.text[:3]) {
		if c < '0' || c > '9' {
			return false
		}
		h.status = h.status*10 + int(c-'0')
	}
	return h.status >= 100 && h.status != http.StatusSwitchingProtocols && isValue(h.text) && strings.TrimRight(h.text, " \t") == h.text
}

// framing takes in the headers that say how long the answer is and what
// becomes of the connection. keep tells that the response shows the header.
func (h *head) framing(name, value string) (keep, ok bool) {
	switch name {
	case "Content-Length":
		if h.length >= 0 || value == "" || len(value) > 18 {
			return false, false
		}
		n, err := strconv.ParseUint(value, 10, 63)
		h.length = int64(n)
		return true, err == nil
	case "Transfer-Encoding":
		if h.chunked || !strings.EqualFold(value, "chunked") {
			return false, false
		}
		h.chunked = true
		return false, true
	case "Connection":
		if h.named {
			return false, false
		}
		h.named = true
		h.close = strings.EqualFold(value, "close")
		return !h.close, h.close || strings.EqualFold(value, "keep-alive")
	case "Trailer", "Pragma":
		return false, false
	}
	return true, true
}

// sensible tells whether what the head says fits together.
func (h *head) sensible(method string) bool {
	if h.chunked {
		return h.length < 0 && method != http.MethodHead && bodyAllowed(h.status)
	}
	return true
}

func bodyAllowed(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}

// respond makes the response that h describes.
func (k *conn) respond(req *http.Request, h *head) *http.Response {
	a := &answered{}
	res := &a.res
	res.Status, res.StatusCode = h.text, h.status
	res.Proto, res.ProtoMajor, res.ProtoMinor = "HTTP/1.1", 1, 1
	res.Header, res.Request, res.Close = h.header, req, h.close
	res.ContentLength = h.length
	b := &a.body
	b.k, b.close = k, h.close
	switch {
	case req.Method == http.MethodHead:
		b.finish()
	case !bodyAllowed(h.status):
		res.ContentLength = 0
		b.finish()
	case h.chunked:
		res.TransferEncoding = chunkedEncoding
		b.chunked = true
	case h.length < 0:
		res.Close, b.close, b.open = true, true, true
	case h.length == 0:
		b.finish()
	default:
		b.left = uint64(h.length)
	}
	res.Body = b
	if b.k == nil {
		res.Body = http.NoBody
	}
	return res
}

var chunkedEncoding = []string{"chunked"}

// answered is a response and its body in one piece of memory.
type answered struct {
	res  http.Response
	body body
}

// canonical is the canonical form of a header's name. Names that are in it
// already cost nothing.
func canonical(name string) string {
	upper := true
	for i := range len(name) {
		c := name[i]
		if upper && c >= 'a' && c <= 'z' || !upper && c >= 'A' && c <= 'Z' {
			return http.CanonicalHeaderKey(name)
		}
		upper = c == '-'
	}
	return name
}
