package template

import (
	"bytes"
	"encoding/json"
)

// Strict turns the JSON that Resource Manager takes of templates into the
// standard's: without comments, every name in double quotes, no line ends in
// strings, no comma before a bracket that closes. The Azure CLI splices the
// file of a template into its request as it is, under a name without quotes.
// What is strict already comes back as it is.
func Strict(in []byte) []byte {
	if json.Valid(in) {
		return in
	}
	l := &lenient{in: in}
	for l.at < len(l.in) {
		l.token()
	}
	return l.out.Bytes()
}

// lenient rewrites JSON token by token.
type lenient struct {
	in  []byte
	at  int
	out bytes.Buffer
}

func (l *lenient) token() {
	switch c := l.in[l.at]; {
	case c == '"' || c == '\'':
		l.quoted(c)
	case l.comment():
	case c == ',':
		l.at++
		if next := l.peek(); next != '}' && next != ']' {
			l.out.WriteByte(',')
		}
	case isLetter(c):
		l.bare()
	default:
		l.out.WriteByte(c)
		l.at++
	}
}

// comment skips a comment, if one begins here.
func (l *lenient) comment() bool {
	rest := l.in[l.at:]
	end := -1
	switch {
	case bytes.HasPrefix(rest, []byte("//")):
		end = bytes.IndexByte(rest, '\n')
	case bytes.HasPrefix(rest, []byte("/*")):
		if end = bytes.Index(rest[2:], []byte("*/")); end >= 0 {
			end += 4
		}
	default:
		return false
	}
	if end < 0 {
		end = len(rest)
	}
	l.at += end
	return true
}

// peek is the next character that means something; 0 at the end.
func (l *lenient) peek() byte {
	for l.at < len(l.in) {
		switch c := l.in[l.at]; {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			l.at++
		case !l.comment():
			return c
		}
	}
	return 0
}

// quoted copies a string; line ends in it are escaped.
func (l *lenient) quoted(quote byte) {
	l.out.WriteByte('"')
	for l.at++; l.at < len(l.in); l.at++ {
		switch c := l.in[l.at]; {
		case c == quote:
			l.at++
			l.out.WriteByte('"')
			return
		case c == '\\' && l.at+1 < len(l.in):
			l.at++
			if l.in[l.at] != '\'' {
				l.out.WriteByte('\\')
			}
			l.out.WriteByte(l.in[l.at])
		case c == '"':
			l.out.WriteString(`\"`)
		case c == '\n':
			l.out.WriteString(`\n`)
		case c == '\r':
			l.out.WriteString(`\r`)
		case c == '\t':
			l.out.WriteString(`\t`)
		default:
			l.out.WriteByte(c)
		}
	}
}

// bare copies a word, in quotes if it is a name.
func (l *lenient) bare() {
	from := l.at
	for l.at < len(l.in) && (isLetter(l.in[l.at]) || l.in[l.at] >= '0' && l.in[l.at] <= '9') {
		l.at++
	}
	word := l.in[from:l.at]
	if l.peek() == ':' {
		l.out.WriteByte('"')
		l.out.Write(word)
		l.out.WriteByte('"')
		return
	}
	l.out.Write(word)
}

func isLetter(c byte) bool { return c == '_' || c == '$' || c|0x20 >= 'a' && c|0x20 <= 'z' }
