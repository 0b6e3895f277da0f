package prices

import (
	"errors"
	"slices"
	"strconv"
	"strings"
)

// The grammar of $filter, as far as Azure takes it:
//
//	or         = and { "or" and }
//	and        = term { "and" term }
//	term       = "(" or ")" | comparison | call [ ("eq" | "ne") boolean ]
//	comparison = text ("eq" | "ne") text, likewise for numbers and booleans
//	call       = ("contains" | "startswith" | "endswith") "(" text "," text ")"
//	text       = FIELD | 'literal' | ("tolower" | "toupper") "(" text ")"
//
// not(…), in (…), indexof and lambdas are refused, as Azure refuses them, and
// so are more than 20 comparisons (measured by others on 2026-10-08).

var errFilter = errors.New("the filter is not valid")

const (
	mostComparisons = 20
	mostFilter      = 4096 // bytes
	mostNesting     = 30
)

// parse compiles a filter. sensitive says whether the case of values counts.
func parse(text string, sensitive bool) (func(*Row) bool, error) {
	if strings.TrimSpace(text) == "" {
		return func(*Row) bool { return true }, nil
	}
	if len(text) > mostFilter {
		return nil, errFilter
	}
	tokens, err := scan(text)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens, sensitive: sensitive}
	f, err := p.or()
	if err != nil || len(p.tokens) > 0 {
		return nil, errFilter
	}
	return f, nil
}

type token struct {
	text    string
	literal bool // a text between apostrophes
}

// scan cuts a filter into words, literals and the signs ( ) and ,.
func scan(s string) ([]token, error) {
	var out []token
	for {
		s = strings.TrimLeft(s, " \t\r\n")
		switch {
		case s == "":
			return out, nil
		case strings.IndexByte("(),", s[0]) >= 0:
			out, s = append(out, token{text: s[:1]}), s[1:]
		case s[0] == '\'':
			text, rest, ok := literal(s[1:])
			if !ok {
				return nil, errFilter
			}
			out, s = append(out, token{text, true}), rest
		default:
			n := strings.IndexAny(s, " \t\r\n(),'")
			if n < 0 {
				n = len(s)
			}
			out, s = append(out, token{text: s[:n]}), s[n:]
		}
	}
}

// literal reads up to the closing apostrophe; two in a row stand for one.
func literal(s string) (text, rest string, ok bool) {
	var b strings.Builder
	for {
		i := strings.IndexByte(s, '\'')
		if i < 0 {
			return "", "", false
		}
		b.WriteString(s[:i])
		if s = s[i+1:]; !strings.HasPrefix(s, "'") {
			return b.String(), s, true
		}
		b.WriteByte('\'')
		s = s[1:]
	}
}

type parser struct {
	tokens      []token
	sensitive   bool
	comparisons int
	nesting     int
}

type judge = func(*Row) bool

// word tells whether the next token is a bare word; case does not count.
func (p *parser) word(w string) bool {
	return len(p.tokens) > 0 && !p.tokens[0].literal && strings.EqualFold(p.tokens[0].text, w)
}

func (p *parser) take(w string) bool {
	ok := p.word(w)
	if ok {
		p.tokens = p.tokens[1:]
	}
	return ok
}

func (p *parser) or() (judge, error) {
	if p.nesting++; p.nesting > mostNesting {
		return nil, errFilter
	}
	defer func() { p.nesting-- }()
	return p.chain("or", p.and, func(a, b judge) judge { return func(r *Row) bool { return a(r) || b(r) } })
}

func (p *parser) and() (judge, error) {
	return p.chain("and", p.term, func(a, b judge) judge { return func(r *Row) bool { return a(r) && b(r) } })
}

// chain reads parts joined by a word.
func (p *parser) chain(word string, part func() (judge, error), join func(a, b judge) judge) (judge, error) {
	f, err := part()
	for err == nil && p.take(word) {
		var g judge
		if g, err = part(); err == nil {
			f = join(f, g)
		}
	}
	return f, err
}

func (p *parser) term() (judge, error) {
	if p.take("(") {
		f, err := p.or()
		if err != nil || !p.take(")") {
			return nil, errFilter
		}
		return f, nil
	}
	if p.comparisons++; p.comparisons > mostComparisons {
		return nil, errFilter
	}
	for name, f := range map[string]func(s, sub string) bool{"contains": strings.Contains, "startswith": strings.HasPrefix, "endswith": strings.HasSuffix} {
		if p.word(name) && len(p.tokens) > 1 && !p.tokens[1].literal && p.tokens[1].text == "(" {
			p.tokens = p.tokens[2:]
			return p.call(f)
		}
	}
	return p.comparison()
}

// call reads the arguments of a function of two texts, and what its result is
// compared with, if anything.
func (p *parser) call(f func(s, sub string) bool) (judge, error) {
	a, err := p.operand()
	if err != nil || !p.take(",") {
		return nil, errFilter
	}
	b, err := p.operand()
	if err != nil || !p.take(")") || a.kind != text || b.kind != text {
		return nil, errFilter
	}
	want := true
	if equal := p.word("eq"); equal || p.word("ne") {
		p.tokens = p.tokens[1:]
		yes := p.take("true")
		if !yes && !p.take("false") {
			return nil, errFilter
		}
		want = yes == equal
	}
	fold := p.fold
	return func(r *Row) bool { return f(fold(a.text(r)), fold(b.text(r))) == want }, nil
}

// fold makes case count or not.
func (p *parser) fold(s string) string {
	if p.sensitive {
		return s
	}
	return strings.ToLower(s)
}

type kind int

const (
	text kind = iota
	number
	truth
)

// operand is one side of a comparison.
type operand struct {
	kind   kind
	name   string // of a field
	fixed  string // of a literal
	text   func(*Row) string
	number func(*Row) float64
	truth  func(*Row) bool
}

func (p *parser) comparison() (judge, error) {
	a, err := p.operand()
	if err != nil {
		return nil, err
	}
	equal := p.take("eq")
	if !equal && !p.take("ne") {
		return nil, errFilter
	}
	b, err := p.operand()
	if err != nil || a.kind != b.kind || !known(a, b) || !known(b, a) {
		return nil, errFilter
	}
	switch a.kind {
	case number:
		return func(r *Row) bool { return (a.number(r) == b.number(r)) == equal }, nil
	case truth:
		return func(r *Row) bool { return (a.truth(r) == b.truth(r)) == equal }, nil
	}
	fold := p.fold
	if a.name == "priceType" || b.name == "priceType" {
		fold = strings.ToLower
	}
	return func(r *Row) bool { return (fold(a.text(r)) == fold(b.text(r))) == equal }, nil
}

// known refuses kinds of price that there are none of.
func known(field, value operand) bool {
	return field.name != "priceType" || value.name != "" || slices.Contains([]string{"consumption", "reservation", "devtestconsumption", "savingsplan"}, strings.ToLower(value.fixed))
}

func (p *parser) operand() (operand, error) {
	if len(p.tokens) == 0 {
		return operand{}, errFilter
	}
	t := p.tokens[0]
	p.tokens = p.tokens[1:]
	if t.literal {
		return operand{fixed: t.text, text: func(*Row) string { return t.text }}, nil
	}
	for name, f := range map[string]func(string) string{"tolower": strings.ToLower, "toupper": strings.ToUpper} {
		if strings.EqualFold(t.text, name) && p.take("(") {
			return p.changed(f)
		}
	}
	if strings.EqualFold(t.text, "true") || strings.EqualFold(t.text, "false") {
		v := strings.EqualFold(t.text, "true")
		return operand{kind: truth, truth: func(*Row) bool { return v }}, nil
	}
	if v, err := strconv.ParseFloat(t.text, 64); err == nil {
		return operand{kind: number, number: func(*Row) float64 { return v }}, nil
	}
	return field(t.text)
}

// changed reads the argument of tolower or toupper.
func (p *parser) changed(f func(string) string) (operand, error) {
	if p.nesting++; p.nesting > mostNesting {
		return operand{}, errFilter
	}
	defer func() { p.nesting-- }()
	o, err := p.operand()
	if err != nil || o.kind != text || !p.take(")") {
		return operand{}, errFilter
	}
	inner := o.text
	return operand{text: func(r *Row) string { return f(inner(r)) }}, nil
}

// field is an operand that reads a field of the row.
func field(name string) (operand, error) {
	if f := texts[name]; f != nil {
		return operand{name: name, text: f}, nil
	}
	if f := numbers[name]; f != nil {
		return operand{kind: number, name: name, number: f}, nil
	}
	if f := truths[name]; f != nil {
		return operand{kind: truth, name: name, truth: f}, nil
	}
	return operand{}, errFilter
}
