package monitor

import (
	"fmt"
	"strings"
)

// The tokens of the filters of metrics and of the activity log.
type kind int

const (
	end kind = iota
	word
	quoted // a text between apostrophes, unquoted
	open
	closed
	broken
)

type token struct {
	kind kind
	text string
	at   int // position in the filter
}

// is tells whether the token is a keyword; case does not count.
func (t token) is(keyword string) bool {
	return t.kind == word && strings.EqualFold(t.text, keyword)
}

func (t token) String() string {
	switch t.kind {
	case end:
		return "end"
	case broken:
		return "unfinished text"
	}
	return fmt.Sprintf("'%.40s'", t.text)
}

type lexer struct {
	rest string
	pos  int
}

func (l *lexer) next() token {
	trimmed := strings.TrimLeft(l.rest, " \t\r\n")
	l.pos += len(l.rest) - len(trimmed)
	l.rest = trimmed
	at := l.pos
	if l.rest == "" {
		return token{end, "", at}
	}
	switch l.rest[0] {
	case '(':
		l.skip(1)
		return token{open, "(", at}
	case ')':
		l.skip(1)
		return token{closed, ")", at}
	case '\'':
		return l.quoted(at)
	}
	n := strings.IndexAny(l.rest, " \t\r\n()'")
	if n < 0 {
		n = len(l.rest)
	}
	text := l.rest[:n]
	l.skip(n)
	return token{word, text, at}
}

func (l *lexer) skip(n int) { l.rest, l.pos = l.rest[n:], l.pos+n }

// quoted reads a text in which two apostrophes stand for one.
func (l *lexer) quoted(at int) token {
	var b strings.Builder
	l.skip(1)
	for {
		n := strings.IndexByte(l.rest, '\'')
		if n < 0 {
			l.skip(len(l.rest))
			return token{broken, "", at}
		}
		b.WriteString(l.rest[:n])
		l.skip(n + 1)
		if !strings.HasPrefix(l.rest, "'") {
			return token{quoted, b.String(), at}
		}
		b.WriteByte('\'')
		l.skip(1)
	}
}
