package front

import (
	"io"
	"net/http"
	"strconv"
)

// answer is the http.ResponseWriter of one request after another. It gathers
// the answer, head and body, and sends them in one write.
type answer struct {
	header http.Header
	status int    // 0: nothing said yet
	head   []byte // status line and headers as they were at WriteHeader, without length and end
	body   []byte
	typed  bool // the handler named a type
	dated  bool
	length string // what the handler said that the length is
}

func (a *answer) begin() {
	clear(a.header)
	a.status, a.typed, a.dated, a.length = 0, false, false, ""
	a.head, a.body = a.head[:0], a.body[:0]
}

// Header implements http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter: what the header says afterwards
// does not count.
func (a *answer) WriteHeader(status int) {
	if a.status != 0 || status < 200 {
		return
	}
	a.status = status
	a.head = append(a.head, "HTTP/1.1 "...)
	a.head = strconv.AppendInt(a.head, int64(status), 10)
	a.head = append(a.head, ' ')
	if text := http.StatusText(status); text != "" {
		a.head = append(a.head, text...)
	} else {
		a.head = strconv.AppendInt(append(a.head, "status code "...), int64(status), 10)
	}
	a.head = append(a.head, "\r\n"...)
	for name, values := range a.header {
		switch name {
		case "Content-Length":
			if len(values) == 1 {
				a.length = values[0]
			}
			continue
		case "Content-Type":
			a.typed = true
		case "Date":
			a.dated = true
		}
		for _, v := range values {
			a.head = append(append(a.head, name...), ": "...)
			a.head = appendValue(a.head, v)
			a.head = append(a.head, "\r\n"...)
		}
	}
}

// appendValue writes a header value; what would end the line becomes a blank,
// as with net/http.
func appendValue(dst []byte, v string) []byte {
	from := len(dst)
	dst = append(dst, v...)
	for i := from; i < len(dst); i++ {
		if dst[i] == '\r' || dst[i] == '\n' {
			dst[i] = ' '
		}
	}
	return dst
}

// Write implements http.ResponseWriter.
func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	if !bodied(a.status) {
		return 0, http.ErrBodyNotAllowed
	}
	a.body = append(a.body, p...)
	return len(p), nil
}

// Flush implements http.Flusher. An answer from here comes in one piece, so
// there is nothing to do before its end.
func (a *answer) Flush() {}

func bodied(status int) bool {
	return status != http.StatusNoContent && status != http.StatusNotModified
}

// mostKept is the largest buffer that a connection keeps for its next answer.
const mostKept = 16 << 10

// end sends the answer. An error says that the connection has come to its end.
func (a *answer) end(w io.Writer, s *Server) error {
	a.WriteHeader(http.StatusOK)
	short := a.length != "" && a.length != strconv.Itoa(len(a.body))
	if short {
		a.head = append(a.head, "Connection: close\r\n"...) // what the handler promised, it did not keep
	}
	if !a.typed && len(a.body) > 0 {
		a.head = append(append(append(a.head, "Content-Type: "...), http.DetectContentType(a.body)...), "\r\n"...)
	}
	if !a.dated {
		a.head = append(append(append(a.head, "Date: "...), s.now()...), "\r\n"...)
	}
	if bodied(a.status) {
		a.head = strconv.AppendInt(append(a.head, "Content-Length: "...), int64(len(a.body)), 10)
		a.head = append(a.head, "\r\n"...)
	}
	a.head = append(append(a.head, "\r\n"...), a.body...)
	_, err := w.Write(a.head)
	if cap(a.head) > mostKept {
		a.head = nil
	}
	if cap(a.body) > mostKept {
		a.body = nil
	}
	if err == nil && short {
		err = io.ErrShortWrite
	}
	return err
}
