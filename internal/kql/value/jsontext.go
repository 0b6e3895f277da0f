package value

import (
	"encoding/base64"
	"math"
	"math/bits"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// MaxDepth bounds how deep a dynamic value may nest.
const MaxDepth = 128

// ParseJSON reads JSON text as a dynamic tree. Integers that fit are int64, other numbers
// float64. ok is false when s is not one JSON document within MaxDepth.
func ParseJSON(s string) (x any, ok bool) {
	p := jsonParser{s: s}
	p.space()
	x, ok = p.value(0)
	p.space()
	return x, ok && p.i == len(s)
}

// ParseJSONOrText reads JSON text, taking text that is not JSON as a string; blank is nil.
func ParseJSONOrText(s string) any {
	if s == "" {
		return nil
	}
	if x, ok := ParseJSON(s); ok {
		return x
	}
	return s
}

type jsonParser struct {
	s string
	i int
}

func (p *jsonParser) space() {
	for p.i < len(p.s) && (p.s[p.i] == ' ' || p.s[p.i] == '\n' || p.s[p.i] == '\t' || p.s[p.i] == '\r') {
		p.i++
	}
}

func (p *jsonParser) value(depth int) (any, bool) {
	if p.i >= len(p.s) || depth > MaxDepth {
		return nil, false
	}
	switch c := p.s[p.i]; c {
	case '{':
		return p.object(depth)
	case '[':
		return p.array(depth)
	case '"':
		return p.str()
	case 't':
		return true, p.word("true")
	case 'f':
		return false, p.word("false")
	case 'n':
		return nil, p.word("null")
	}
	return p.number()
}

func (p *jsonParser) word(w string) bool {
	if !strings.HasPrefix(p.s[p.i:], w) {
		return false
	}
	p.i += len(w)
	return true
}

func (p *jsonParser) number() (any, bool) {
	start := p.i
	for p.i < len(p.s) && strings.IndexByte("+-.0123456789eE", p.s[p.i]) >= 0 {
		p.i++
	}
	return jsonNumber(p.s[start:p.i])
}

// jsonNumber reads a number as JSON writes it.
func jsonNumber(t string) (any, bool) {
	body := strings.TrimPrefix(t, "-")
	if body == "" || body[0] < '0' || body[0] > '9' || len(body) > 1 && body[0] == '0' && body[1] >= '0' && body[1] <= '9' {
		return nil, false
	}
	if n, err := strconv.ParseInt(t, 10, 64); err == nil {
		return n, true
	}
	f, err := strconv.ParseFloat(t, 64)
	if err != nil && !math.IsInf(f, 0) {
		return nil, false
	}
	return f, t[len(t)-1] != '.'
}

func (p *jsonParser) str() (any, bool) {
	s, ok := p.text()
	return s, ok
}

// text reads a string at its opening quote.
func (p *jsonParser) text() (string, bool) {
	end, escaped := stringEnd(p.s, p.i)
	if end < 0 {
		return "", false
	}
	t := p.s[p.i+1 : end-1]
	p.i = end
	if !escaped {
		return t, true
	}
	return unescape(t)
}

func (p *jsonParser) array(depth int) (any, bool) {
	p.i++
	out := []any{}
	p.space()
	if p.i < len(p.s) && p.s[p.i] == ']' {
		p.i++
		return out, true
	}
	for {
		p.space()
		x, ok := p.value(depth + 1)
		if !ok {
			return nil, false
		}
		out = append(out, x)
		p.space()
		if p.i >= len(p.s) {
			return nil, false
		}
		c := p.s[p.i]
		p.i++
		if c == ']' {
			return out, true
		}
		if c != ',' {
			return nil, false
		}
	}
}

func (p *jsonParser) object(depth int) (any, bool) {
	p.i++
	out := &Bag{}
	p.space()
	if p.i < len(p.s) && p.s[p.i] == '}' {
		p.i++
		return out, true
	}
	for {
		p.space()
		if p.i >= len(p.s) || p.s[p.i] != '"' {
			return nil, false
		}
		k, ok := p.text()
		if !ok {
			return nil, false
		}
		p.space()
		if p.i >= len(p.s) || p.s[p.i] != ':' {
			return nil, false
		}
		p.i++
		p.space()
		x, ok := p.value(depth + 1)
		if !ok {
			return nil, false
		}
		out.Set(k, x)
		p.space()
		if p.i >= len(p.s) {
			return nil, false
		}
		c := p.s[p.i]
		p.i++
		if c == '}' {
			return out, true
		}
		if c != ',' {
			return nil, false
		}
	}
}

// stringEnd finds the place after the closing quote of the string that opens at i, and
// whether it has escapes; -1 when it does not close.
func stringEnd(s string, i int) (end int, escaped bool) {
	i++
	if end, ok := shortEnd(s, i); ok {
		return end, false
	}
	for {
		q := strings.IndexByte(s[i:], '"')
		if q < 0 {
			return -1, escaped
		}
		part := s[i : i+q]
		i += q + 1
		if strings.IndexByte(part, '\\') < 0 {
			return i, escaped
		}
		escaped = true
		if n := len(part) - len(strings.TrimRight(part, "\\")); n&1 == 0 {
			return i, escaped
		}
	}
}

// shortEnd finds the end of a string without escapes within its first 32 bytes, eight at a
// time: most names and many values are that short.
func shortEnd(s string, i int) (end int, ok bool) {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	for to := min(i+32, len(s)-8); i <= to; i += 8 {
		t := s[i : i+8]
		w := uint64(t[0]) | uint64(t[1])<<8 | uint64(t[2])<<16 | uint64(t[3])<<24 | uint64(t[4])<<32 | uint64(t[5])<<40 | uint64(t[6])<<48 | uint64(t[7])<<56
		quote, slash := w^('"'*ones), w^('\\'*ones)
		if m := ((quote-ones)&^quote | (slash-ones)&^slash) & tops; m != 0 {
			i += bits.TrailingZeros64(m) / 8
			return i + 1, s[i] == '"'
		}
	}
	return 0, false
}

var escapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', '\'': '\''}

// unescape resolves the escapes in the inside of a JSON string.
func unescape(t string) (string, bool) {
	b := make([]byte, 0, len(t))
	for i := 0; i < len(t); i++ {
		c := t[i]
		if c != '\\' {
			b = append(b, c)
			continue
		}
		i++
		if i >= len(t) {
			return "", false
		}
		if t[i] != 'u' {
			e, ok := escapes[t[i]]
			if !ok {
				return "", false
			}
			b = append(b, e)
			continue
		}
		if i+5 > len(t) {
			return "", false
		}
		n, err := strconv.ParseUint(t[i+1:i+5], 16, 32)
		if err != nil {
			return "", false
		}
		i += 4
		r := rune(n)
		if utf16.IsSurrogate(r) && i+7 <= len(t) && t[i+1] == '\\' && t[i+2] == 'u' {
			if m, err := strconv.ParseUint(t[i+3:i+7], 16, 32); err == nil {
				if r2 := utf16.DecodeRune(r, rune(m)); r2 != utf8.RuneError {
					r, i = r2, i+6
				}
			}
		}
		b = utf8.AppendRune(b, r)
	}
	return string(b), true
}

// AppendJSON prints a dynamic tree as compact JSON, datetimes and the like as strings.
func AppendJSON(b []byte, x any) []byte {
	switch x := x.(type) {
	case nil:
		return append(b, "null"...)
	case bool:
		return strconv.AppendBool(b, x)
	case int64:
		return strconv.AppendInt(b, x, 10)
	case float64:
		return appendJSONReal(b, x)
	case string:
		return AppendQuoted(b, x)
	case []any:
		b = append(b, '[')
		for i, e := range x {
			if i > 0 {
				b = append(b, ',')
			}
			b = AppendJSON(b, e)
		}
		return append(b, ']')
	case *Bag:
		b = append(b, '{')
		for i, k := range x.Keys {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(AppendQuoted(b, k), ':')
			b = AppendJSON(b, x.Vals[i])
		}
		return append(b, '}')
	}
	return AppendQuoted(b, Text(FromDynamic(x)))
}

func appendJSONReal(b []byte, f float64) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return AppendQuoted(b, FormatReal(f))
	}
	return append(b, FormatReal(f)...)
}

const hexDigits = "0123456789abcdef"

// AppendQuoted prints s as a JSON string. Bytes that are not UTF-8 become U+FFFD.
func AppendQuoted(b []byte, s string) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			i++
			if c >= ' ' && c != '"' && c != '\\' {
				b = append(b, c)
				continue
			}
			b = appendEscape(b, c)
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		b = utf8.AppendRune(b, r)
		i += n
	}
	return append(b, '"')
}

func appendEscape(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\n':
		return append(b, '\\', 'n')
	case '\r':
		return append(b, '\\', 'r')
	case '\t':
		return append(b, '\\', 't')
	case '\b':
		return append(b, '\\', 'b')
	case '\f':
		return append(b, '\\', 'f')
	}
	return append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}

// Base64 encodes bytes in the standard alphabet with padding.
func Base64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
