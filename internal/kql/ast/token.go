package ast

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/azptu/azptu/internal/kql/value"
)

// kind sorts tokens.
type kind uint8

const (
	kEOF kind = iota
	kIdent
	kNumber // long or real
	kSpan   // 1d, 5.5h
	kString
	kTyped // datetime(…), dynamic(…) and the like: Text is what stands between the brackets
	kPunct
)

// token is one word of a query.
type token struct {
	kind kind
	text string // identifier, punctuation, number, or resolved string
	typ  string // for kTyped: the type's name as written
	pos  Pos
	end  Pos
	// gap says that white space or a comment stands before it.
	gap bool
}

// maxText bounds a query's length in bytes.
const maxText = 2 << 20

type lexer struct {
	src string
	i   int
	out []token
}

// lex cuts a query into tokens, ending with kEOF.
func lex(src string) ([]token, error) {
	if len(src) > maxText {
		return nil, Locate(src, maxText, fmt.Sprintf("the query is longer than %d bytes", maxText))
	}
	l := &lexer{src: src}
	for {
		gap, err := l.skip()
		if err != nil {
			return nil, err
		}
		t, err := l.next()
		if err != nil {
			return nil, err
		}
		t.gap, t.end = gap, Pos(l.i)
		l.out = append(l.out, t)
		if t.kind == kEOF {
			return l.out, nil
		}
	}
}

func (l *lexer) fail(at int, format string, args ...any) error {
	return Locate(l.src, Pos(at), fmt.Sprintf(format, args...))
}

// skip passes white space and comments.
func (l *lexer) skip() (bool, error) {
	start := l.i
	for l.i < len(l.src) {
		rest := l.src[l.i:]
		switch {
		case strings.HasPrefix(rest, "//"):
			n := strings.IndexAny(rest, "\r\n")
			if n < 0 {
				n = len(rest)
			}
			l.i += n
		case strings.HasPrefix(rest, "/*"):
			n := strings.Index(rest[2:], "*/")
			if n < 0 {
				return false, l.fail(l.i, "this comment is not closed: expected */")
			}
			l.i += n + 4
		default:
			r, n := utf8.DecodeRuneInString(rest)
			if !unicode.IsSpace(r) && r != '\ufeff' && r != '\u200b' {
				return l.i > start, nil
			}
			l.i += n
		}
	}
	return l.i > start, nil
}

func isIdentStart(r rune) bool { return r == '_' || r == '$' || unicode.IsLetter(r) }
func isIdentPart(r rune) bool  { return isIdentStart(r) || unicode.IsDigit(r) }

func (l *lexer) word(i int) int {
	for i < len(l.src) {
		r, n := utf8.DecodeRuneInString(l.src[i:])
		if !isIdentPart(r) {
			break
		}
		i += n
	}
	return i
}

func (l *lexer) next() (token, error) {
	if l.i >= len(l.src) {
		return token{kind: kEOF, pos: Pos(l.i)}, nil
	}
	c := l.src[l.i]
	switch {
	case c >= '0' && c <= '9':
		return l.number()
	case c == '"' || c == '\'' || c == '`' || c == '@':
		return l.str(l.i)
	case (c == 'h' || c == 'H') && l.i+1 < len(l.src) && strings.IndexByte("'\"@`", l.src[l.i+1]) >= 0:
		return l.str(l.i + 1)
	}
	if r, _ := utf8.DecodeRuneInString(l.src[l.i:]); isIdentStart(r) {
		return l.ident()
	}
	return l.punct()
}

// typedNames are the types whose name followed by ( opens a literal.
var typedNames = map[string]bool{
	"datetime": true, "date": true, "timespan": true, "time": true, "guid": true, "real": true, "double": true, "float": true,
	"int": true, "long": true, "bool": true, "boolean": true, "decimal": true, "dynamic": true,
	"int8": true, "int16": true, "int32": true, "int64": true, "uint8": true, "uint16": true, "uint32": true, "uint64": true, "uniqueid": true,
}

func (l *lexer) ident() (token, error) {
	start := l.i
	l.i = l.word(l.i)
	name := l.src[start:l.i]
	t := token{kind: kIdent, text: name, pos: Pos(start)}
	if name == "in" && strings.HasPrefix(l.src[l.i:], "~") {
		l.i++
		t.text = "in~"
	}
	if !typedNames[name] {
		return t, nil
	}
	j := l.i
	for j < len(l.src) && (l.src[j] == ' ' || l.src[j] == '\t') {
		j++
	}
	if j >= len(l.src) || l.src[j] != '(' {
		return t, nil
	}
	end := closing(l.src, j)
	if end < 0 {
		return t, l.fail(j, "this %s literal is not closed: expected )", name)
	}
	l.i = end
	return token{kind: kTyped, typ: name, text: l.src[j+1 : end-1], pos: Pos(start)}, nil
}

// closing finds the place after the bracket that closes the one at i, passing quoted text.
func closing(s string, i int) int {
	depth := 0
	for i < len(s) {
		switch s[i] {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			if depth--; depth == 0 {
				return i + 1
			}
		case '"', '\'':
			n := quotedEnd(s, i)
			if n < 0 {
				return -1
			}
			i = n - 1
		}
		i++
	}
	return -1
}

// quotedEnd finds the place after the quote that closes the one at i; backslash escapes.
func quotedEnd(s string, i int) int {
	q := s[i]
	for i++; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case q:
			return i + 1
		}
	}
	return -1
}

// digitsEnd finds where the digits that begin at i end.
func digitsEnd(s string, i int) int {
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return i
}

// exponentEnd finds where an exponent that begins at i ends; i when none does.
func exponentEnd(s string, i int) int {
	if i >= len(s) || s[i] != 'e' && s[i] != 'E' {
		return i
	}
	j := i + 1
	if j < len(s) && (s[j] == '+' || s[j] == '-') {
		j++
	}
	if end := digitsEnd(s, j); end > j {
		return end
	}
	return i
}

// fractionEnd finds where a point and the digits behind it end; i when there are none.
func (l *lexer) fractionEnd(i int) int {
	s := l.src
	if i >= len(s) || s[i] != '.' || strings.HasPrefix(s[i:], "..") {
		return i
	}
	if end := digitsEnd(s, i+1); end > i+1 || l.word(i+1) == i+1 {
		return end
	}
	return i
}

func (l *lexer) number() (token, error) {
	start, s := l.i, l.src
	if strings.HasPrefix(s[start:], "0x") || strings.HasPrefix(s[start:], "0X") {
		l.i = l.word(start)
		return token{kind: kNumber, text: s[start:l.i], pos: Pos(start)}, nil
	}
	whole := digitsEnd(s, start)
	body := l.fractionEnd(whole)
	i := exponentEnd(s, body)
	end := l.word(i)
	l.i = end
	if end == i {
		return token{kind: kNumber, text: s[start:end], pos: Pos(start)}, nil
	}
	if unit := s[i:end]; i == body && unit == strings.ToLower(unit) {
		if _, ok := value.SpanUnit(unit); ok {
			return token{kind: kSpan, text: s[start:end], pos: Pos(start)}, nil
		}
	}
	if body == whole {
		return token{kind: kIdent, text: s[start:end], pos: Pos(start)}, nil
	}
	return token{}, l.fail(start, "%q is not a number or a timespan", s[start:end])
}

var punctuation = []string{"<|", "=>", "==", "!=", "<>", "=~", "!~", "<=", ">=", "..", "--", "|", ",", ";", "(", ")", "[", "]", "{", "}", ":", "=", "<", ">", "+", "-", "*", "/", "%", ".", "!", "?"}

func (l *lexer) punct() (token, error) {
	start := l.i
	for _, p := range punctuation {
		if p != "--" && strings.HasPrefix(l.src[start:], p) {
			l.i += len(p)
			if p == "!" {
				if end := l.word(l.i); end > l.i {
					if l.src[l.i:end] == "in" && strings.HasPrefix(l.src[end:], "~") {
						end++
					}
					l.i = end
					return token{kind: kIdent, text: l.src[start:end], pos: Pos(start)}, nil
				}
			}
			return token{kind: kPunct, text: p, pos: Pos(start)}, nil
		}
	}
	r, _ := utf8.DecodeRuneInString(l.src[start:])
	return token{}, l.fail(start, "unexpected character %q", r)
}

// str reads a string literal that opens at i: plain, verbatim (@) or multi-line (```).
func (l *lexer) str(i int) (token, error) {
	start := l.i
	s := l.src
	if strings.HasPrefix(s[i:], "```") {
		n := strings.Index(s[i+3:], "```")
		if n < 0 {
			return token{}, l.fail(start, "this string is not closed: expected ```")
		}
		l.i = i + n + 6
		return token{kind: kString, text: s[i+3 : i+3+n], pos: Pos(start)}, nil
	}
	if s[i] == '@' {
		return l.verbatim(start, i+1)
	}
	if s[i] == '`' {
		return token{}, l.fail(start, "unexpected character '`'")
	}
	end := quotedEnd(s, i)
	if end < 0 || strings.ContainsAny(s[i:end], "\r\n") {
		return token{}, l.fail(start, "this string is not closed: expected %c", s[i])
	}
	text, ok := unquote(s[i+1 : end-1])
	if !ok {
		return token{}, l.fail(start, "this string has an escape that is not known; write @%c…%c to take backslashes as they are", s[i], s[i])
	}
	l.i = end
	return token{kind: kString, text: text, pos: Pos(start)}, nil
}

func (l *lexer) verbatim(start, i int) (token, error) {
	s := l.src
	if i >= len(s) || s[i] != '"' && s[i] != '\'' {
		return token{}, l.fail(start, "expected a quote after @")
	}
	q := s[i : i+1]
	var b strings.Builder
	for i++; ; {
		n := strings.Index(s[i:], q)
		if n < 0 {
			return token{}, l.fail(start, "this string is not closed: expected %s", q)
		}
		b.WriteString(s[i : i+n])
		i += n + 1
		if !strings.HasPrefix(s[i:], q) {
			l.i = i
			return token{kind: kString, text: b.String(), pos: Pos(start)}, nil
		}
		b.WriteString(q)
		i++
	}
}
