package ast

import (
	"math"
	"strconv"
	"strings"

	"github.com/azptu/azptu/internal/kql/value"
)

func (p *parser) literal() Expr {
	t := p.advance()
	lit := &Literal{Pos: t.pos}
	switch t.kind {
	case kString:
		text := t.text
		for p.tok().kind == kString {
			text += p.advance().text
		}
		lit.V = value.OfString(text)
	case kSpan:
		ticks, ok := value.ParseTimeSpan(t.text)
		if !ok {
			p.failAt(t.pos, "%s is beyond the range of a timespan", t.text)
		}
		lit.V = value.OfTimeSpan(ticks)
	case kNumber:
		lit.V = p.number(t)
	default:
		lit.V = p.typed(t)
	}
	return lit
}

func (p *parser) number(t token) value.Value {
	if n, ok := value.ParseLong(t.text); ok {
		return value.OfLong(n)
	}
	if t.text == "9223372036854775808" && p.inRows && p.toks[p.i-2].text == "-" {
		return value.OfLong(math.MinInt64)
	}
	f, err := strconv.ParseFloat(t.text, 64)
	if err != nil || !strings.ContainsAny(t.text, ".eE") {
		p.failAt(t.pos, "%s is beyond the range of a number", t.text)
	}
	return value.OfReal(f)
}

// typed reads the inside of a literal such as datetime(2024-01-01).
func (p *parser) typed(t token) value.Value {
	typ, _ := value.TypeByName(t.typ)
	text := strings.TrimSpace(t.text)
	if typ == value.Dynamic {
		x, ok := parseDynamic(text, 0)
		if !ok {
			p.failAt(t.pos, "what stands in dynamic(…) is not JSON")
		}
		return value.OfDynamic(x)
	}
	if v, ok := typedLiteral(typ, text); ok {
		return v
	}
	p.failAt(t.pos, "%q is not a %s", text, typ)
	return value.Value{}
}

func typedLiteral(typ value.Type, text string) (value.Value, bool) {
	if text == "null" || text == "" && typ != value.DateTime {
		return value.NullOf(typ), text != ""
	}
	if n := len(text); n >= 2 && (text[0] == '"' || text[0] == '\'') && text[n-1] == text[0] {
		inner, ok := unquote(text[1 : n-1])
		if !ok {
			return value.Value{}, false
		}
		text = inner
	}
	switch typ {
	case value.DateTime:
		text = strings.ReplaceAll(strings.ReplaceAll(text, ", ", "-"), " - ", "-")
	case value.TimeSpan:
		ticks, ok := value.ParseTimeSpan(text)
		return value.OfTimeSpan(ticks), ok
	case value.Int, value.Long:
		v := value.Convert(value.OfString(text), typ)
		if v.Null {
			if f, ok := value.ParseReal(text); ok {
				v = value.Convert(value.OfReal(f), typ)
			}
		}
		return v, !v.Null
	}
	v := value.Convert(value.OfString(text), typ)
	return v, !v.Null
}

// parseDynamic reads the inside of dynamic(…): JSON, with single quotes and Kusto's typed
// literals allowed too, or a bare literal.
func parseDynamic(text string, depth int) (any, bool) {
	if text == "" || depth > 16 {
		return nil, false
	}
	if x, ok := value.ParseJSON(text); ok {
		return x, true
	}
	toks, err := lex(text)
	if err != nil {
		return nil, false
	}
	d := dynamicReader{toks: toks, depth: depth}
	x, ok := d.value(0)
	return x, ok && d.toks[d.i].kind == kEOF
}

type dynamicReader struct {
	toks []token
	i    int
	// depth counts the dynamic(…) literals this one stands in.
	depth int
}

func (d *dynamicReader) punct(s string) bool {
	if t := d.toks[d.i]; t.kind == kPunct && t.text == s {
		d.i++
		return true
	}
	return false
}

func (d *dynamicReader) value(depth int) (any, bool) {
	if depth > value.MaxDepth {
		return nil, false
	}
	t := d.toks[d.i]
	switch t.kind {
	case kString:
		d.i++
		return t.text, true
	case kIdent:
		d.i++
		x, ok := map[string]any{"true": true, "false": false, "null": nil}[t.text]
		return x, ok
	case kNumber, kSpan, kTyped:
		return d.scalar(t)
	}
	switch {
	case d.punct("-"):
		return d.negative()
	case d.punct("["):
		return d.array(depth)
	case d.punct("{"):
		return d.bag(depth)
	}
	return nil, false
}

func (d *dynamicReader) negative() (any, bool) {
	x, ok := d.value(value.MaxDepth)
	switch n := x.(type) {
	case int64:
		return -n, ok
	case float64:
		return -n, ok
	case value.Span:
		return -n, ok
	}
	return nil, false
}

func (d *dynamicReader) scalar(t token) (any, bool) {
	d.i++
	switch t.kind {
	case kNumber:
		if n, ok := value.ParseLong(t.text); ok {
			return n, true
		}
		f, ok := value.ParseReal(t.text)
		return f, ok
	case kSpan:
		s, ok := value.ParseTimeSpan(t.text)
		return value.Span(s), ok
	}
	typ, _ := value.TypeByName(t.typ)
	if typ == value.Dynamic {
		return parseDynamic(strings.TrimSpace(t.text), d.depth+1)
	}
	v, ok := typedLiteral(typ, strings.TrimSpace(t.text))
	return v.AsDynamic(), ok
}

func (d *dynamicReader) array(depth int) (any, bool) {
	out := []any{}
	for !d.punct("]") {
		if len(out) > 0 && !d.punct(",") {
			return nil, false
		}
		x, ok := d.value(depth + 1)
		if !ok {
			return nil, false
		}
		out = append(out, x)
	}
	return out, true
}

func (d *dynamicReader) bag(depth int) (any, bool) {
	out := &value.Bag{}
	for n := 0; !d.punct("}"); n++ {
		if n > 0 && !d.punct(",") {
			return nil, false
		}
		k := d.toks[d.i]
		if k.kind != kString {
			return nil, false
		}
		d.i++
		if !d.punct(":") {
			return nil, false
		}
		x, ok := d.value(depth + 1)
		if !ok {
			return nil, false
		}
		out.Set(k.text, x)
	}
	return out, true
}
