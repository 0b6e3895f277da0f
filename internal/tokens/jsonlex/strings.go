package jsonlex

import (
	"unicode/utf16"
	"unicode/utf8"
)

// str consumes a string at the quote and returns it unescaped.
func (l *Lexer) str() []byte {
	start := l.pos + 1
	escaped := l.rawString()
	if l.err != nil {
		return nil
	}
	raw := l.text[start : l.pos-1]
	if !escaped {
		return raw
	}
	l.buf = Unescape(l.buf[:0], raw)
	return l.buf
}

// rawString checks and consumes a string at the quote, and tells whether it
// holds escapes.
func (l *Lexer) rawString() (escaped bool) {
	l.first = false
	b, i := l.text, l.pos+1
	for {
		i = special(b, i)
		if i >= len(b) {
			l.pos = i
			l.fail("string is not closed")
			return false
		}
		switch c := b[i]; {
		case c == '"':
			l.pos = i + 1
			return escaped
		case c == '\\':
			escaped = true
			n := escapeLen(b[i:])
			if n == 0 {
				l.pos = i
				l.fail("bad escape in a string")
				return false
			}
			i += n
		case c < 0x20:
			l.pos = i
			l.fail("control character in a string")
			return false
		default:
			r, n := utf8.DecodeRune(b[i:])
			if r == utf8.RuneError && n == 1 {
				l.pos = i
				l.fail("invalid UTF-8 in a string")
				return false
			}
			i += n
		}
	}
}

func escapeLen(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if _, ok := hex4(b[2:]); ok {
			return 6
		}
	}
	return 0
}

func hex4(b []byte) (r rune, ok bool) {
	if len(b) < 4 {
		return 0, false
	}
	for _, c := range b[:4] {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case c >= 'A' && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

// Unescape appends the meaning of raw, the inside of a checked JSON string, to
// dst.
func Unescape(dst, raw []byte) []byte {
	for i := 0; i < len(raw); {
		if raw[i] != '\\' {
			start := i
			for i < len(raw) && raw[i] != '\\' {
				i++
			}
			dst = append(dst, raw[start:i]...)
			continue
		}
		switch c := raw[i+1]; c {
		case 'u':
			r, n := unicodeEscape(raw[i:])
			dst = utf8.AppendRune(dst, r)
			i += n
			continue
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		default:
			dst = append(dst, c)
		}
		i += 2
	}
	return dst
}

// unicodeEscape reads \uXXXX, or two of them that form a surrogate pair.
func unicodeEscape(raw []byte) (r rune, n int) {
	r, _ = hex4(raw[2:])
	if !utf16.IsSurrogate(r) {
		return r, 6
	}
	if len(raw) >= 12 && raw[6] == '\\' && raw[7] == 'u' {
		if low, ok := hex4(raw[8:]); ok {
			if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
				return pair, 12
			}
		}
	}
	return utf8.RuneError, 6
}

const hexDigits = "0123456789abcdef"

// AppendString appends text as a JSON string, quotes included. Bytes that are
// not UTF-8 become U+FFFD. Unlike encoding/json it leaves <, > and & alone.
func AppendString[T string | []byte](dst []byte, text T) []byte {
	return append(AppendEscaped(append(dst, '"'), text), '"')
}

// AppendEscaped appends text as the inside of a JSON string.
func AppendEscaped[T string | []byte](dst []byte, text T) []byte {
	start := 0
	for i := 0; i < len(text); {
		c := text[i]
		if c >= 0x20 && c < utf8.RuneSelf && c != '"' && c != '\\' {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(string(text[i:min(i+utf8.UTFMax, len(text))]))
			if r != utf8.RuneError || n > 1 {
				i += n
				continue
			}
			dst = append(append(dst, text[start:i]...), "\ufffd"...)
			i++
			start = i
			continue
		}
		dst = append(dst, text[start:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		start = i
	}
	return append(dst, text[start:]...)
}

// ClosingQuote is where the string ends whose inside goes on at a place: the
// place of its closing quote, or the length of text when it has none.
func ClosingQuote(text []byte, at int) int {
	for ; at < len(text); at++ {
		switch text[at] {
		case '\\':
			at++
		case '"':
			return at
		}
	}
	return len(text)
}
