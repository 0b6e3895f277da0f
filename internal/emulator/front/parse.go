package front

import (
	"bytes"
	"net/http"
	"strings"
)

// verdict is what the bytes so far are.
type verdict int

const (
	partial verdict = iota // more must come
	whole                  // a plain request
	strange                // something for net/http to judge
)

// request is where the parts of a plain request lie in the buffer.
type request struct {
	verdict           verdict
	target, targetEnd int
	query             int // of the question mark; 0: none
	body, end         int // end is 0 while it is not known
	used              int
	fields            [mostFields]line
	host              line
}

// line is a header line: its canonical name, and where its value lies.
type line struct {
	name       string // "" when it is not one of the known
	raw        [2]int
	start, end int
}

var (
	method  = []byte("POST ")
	version = []byte(" HTTP/1.1\r\n")
)

// mostFields is how many header lines a plain request has at most.
const mostFields = 48

// parse reads a request as strictly as can be: what it takes has one meaning.
// Lines end in CR LF; no header comes twice; names and values are printable
// ASCII; the length is told by one Content-Length of digits and nothing else.
func (r *request) parse(in []byte) {
	r.verdict, r.query, r.end, r.used = strange, 0, 0, 0
	if n := min(len(in), len(method)); !bytes.Equal(in[:n], method[:n]) {
		return
	}
	limit := in[:min(len(in), largest/2)] // the head has to fit into that
	r.target = len(method)
	first := bytes.IndexByte(limit, '\n')
	if first < 0 {
		r.wait(limit)
		return
	}
	if !r.first(in[:first+1]) {
		return
	}
	blank := bytes.Index(limit[first-1:], crlfcrlf)
	if blank < 0 {
		r.wait(limit)
		return
	}
	r.body = first - 1 + blank + len(crlfcrlf)
	length, ok := r.lines(in[:r.body-2], first+1)
	if !ok || r.body+length > largest {
		return
	}
	if r.end = r.body + length; len(in) < r.end {
		r.verdict = partial
		return
	}
	r.verdict = whole
}

var crlfcrlf = []byte("\r\n\r\n")

// wait says that the head goes on, unless it is too long already.
func (r *request) wait(limit []byte) {
	if len(limit) < largest/2 {
		r.verdict = partial
	}
}

// first reads the request line.
func (r *request) first(line []byte) bool {
	if len(line) < len(method)+1+len(version) || !bytes.HasSuffix(line, version) {
		return false
	}
	r.targetEnd = len(line) - len(version)
	if line[r.target] != '/' || line[r.target+1] == '/' {
		return false
	}
	for i := r.target; i < r.targetEnd; i++ {
		switch c := line[i]; {
		case c == '?' && r.query == 0:
			r.query = i
		case c == '=' || c == '&':
			if r.query == 0 {
				return false
			}
		case class[c]&inTarget == 0:
			return false
		}
	}
	return true
}

// Classes of bytes.
const (
	inTarget = 1 << iota // of a path or query that needs no unescaping
	inName               // of a header's name
	inValue              // of a header's value
	inHost
)

var class = classes()

func classes() (t [256]uint8) {
	for c := '!'; c <= '~'; c++ {
		t[c] |= inValue
	}
	t[' '] |= inValue
	put := func(class uint8, chars string) {
		for _, c := range chars {
			t[c] |= class
		}
	}
	const common = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	put(inName, common)
	put(inTarget, common+"./~")
	put(inHost, common+".:[]")
	return t
}

// Headers that mean something to the server itself.
const (
	ordinary = iota
	isHost
	isLength
	isConnection
	isOther // whose meaning is net/http's to know
)

// known are the headers that clients of the data plane send, under every
// spelling that is usual, and those that mean something.
var known = map[string]field{}

type field struct {
	name string // canonical
	kind int
}

func init() {
	for _, name := range []string{
		"Accept", "Accept-Encoding", "Accept-Language", "Api-Key", "Authorization", "Cache-Control", "Content-Type", "Cookie", "Ocp-Apim-Subscription-Key",
		"Openai-Organization", "Openai-Project", "Origin", "Referer", "Traceparent", "Tracestate", "User-Agent",
		"X-Emulator-Completion-Tokens", "X-Ms-Client-Request-Id", "X-Ms-Spillover-Deployment", "X-Ms-Useragent", "X-Request-Id",
		"X-Stainless-Arch", "X-Stainless-Async", "X-Stainless-Lang", "X-Stainless-Os", "X-Stainless-Package-Version", "X-Stainless-Read-Timeout",
		"X-Stainless-Retry-Count", "X-Stainless-Runtime", "X-Stainless-Runtime-Version", "X-Stainless-Timeout",
	} {
		learn(name, ordinary)
	}
	learn("Host", isHost)
	learn("Content-Length", isLength)
	learn("Connection", isConnection)
	for _, name := range []string{"Transfer-Encoding", "Trailer", "Upgrade", "Expect", "Pragma", "Proxy-Connection", "Keep-Alive", "Te", "Http2-Settings", "Content-Encoding"} {
		learn(name, isOther)
	}
}

func learn(name string, kind int) {
	known[name], known[strings.ToLower(name)] = field{name, kind}, field{name, kind}
}

// lines reads the header lines, which begin at from, and finds the length of
// the body.
func (r *request) lines(head []byte, from int) (length int, ok bool) {
	hosts, lengths := 0, 0
	for from < len(head) {
		l, next, ok := cut(head, from)
		if !ok {
			return 0, false
		}
		from = next
		value := head[l.start:l.end]
		f := known[string(head[l.raw[0]:l.raw[1]])]
		switch l.name = f.name; f.kind {
		case isHost:
			hosts++
			r.host = l
			if !plainHost(value) {
				return 0, false
			}
			continue // net/http keeps it apart from the others
		case isLength:
			lengths++
			if length, ok = digits(value); !ok {
				return 0, false
			}
		case isConnection:
			if !bytes.EqualFold(value, keepAlive) {
				return 0, false
			}
		case isOther:
			return 0, false
		}
		if r.used == mostFields {
			return 0, false
		}
		r.fields[r.used] = l
		r.used++
	}
	return length, hosts == 1 && lengths == 1 && length > 0
}

var keepAlive = []byte("keep-alive")

// cut finds the name and the value of the line that begins at from, the latter
// without the blanks around it. ok is false when there is anything unusual
// about them.
func cut(head []byte, from int) (l line, next int, ok bool) {
	i := from
	for i < len(head) && class[head[i]]&inName != 0 {
		i++
	}
	if i == from || i == len(head) || head[i] != ':' {
		return l, 0, false
	}
	l.raw = [2]int{from, i}
	for i++; i < len(head) && head[i] == ' '; i++ {
	}
	l.start = i
	for i < len(head) && class[head[i]]&inValue != 0 {
		i++
	}
	l.end = i
	for l.end > l.start && head[l.end-1] == ' ' {
		l.end--
	}
	if i+1 >= len(head) || head[i] != '\r' || head[i+1] != '\n' {
		return l, 0, false
	}
	return l, i + 2, true
}

// headers fills in a header; text is the head as one string, of which the values are
// parts, and values the room for their lists. It reports false when a header
// comes twice.
func (r *request) headers(text string, h http.Header, values *[mostFields]string) bool {
	for i := range r.used {
		l := &r.fields[i]
		name := l.name
		if name == "" {
			name = http.CanonicalHeaderKey(text[l.raw[0]:l.raw[1]])
			if known[name].kind != ordinary {
				return false // a known name in an unusual spelling
			}
		}
		values[i] = text[l.start:l.end]
		h[name] = values[i : i+1 : i+1]
	}
	return len(h) == r.used
}

func plainHost(host []byte) bool {
	for _, c := range host {
		if class[c]&inHost == 0 {
			return false
		}
	}
	return len(host) > 0
}

// digits reads a length.
func digits(text []byte) (int, bool) {
	if len(text) == 0 || len(text) > 6 {
		return 0, false
	}
	n := 0
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}
