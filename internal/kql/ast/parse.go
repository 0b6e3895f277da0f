package ast

import (
	"errors"
	"fmt"
	"strings"
)

// maxDepth bounds nesting, so that no query can exhaust the stack.
const maxDepth = 200

// maxStatements bounds the statements of a query or function.
const maxStatements = 2000

type parser struct {
	src   string
	toks  []token
	i     int
	depth int
	// inRows says that the values of a datatable are being read.
	inRows bool
}

// Parse reads a query. The error is an *Error.
func Parse(text string) (*Query, error) {
	q, err := parse(text)
	var e *Error
	if errors.As(err, &e) {
		if strings.HasPrefix(e.Message, missingPipe) && !strings.HasSuffix(e.Message, "'as'") {
			e.Corrected = addPipes(text, e)
		}
		if e.Corrected == "" {
			advise(text, e)
		}
	}
	return q, err
}

const missingPipe = "a | is missing before "

// addPipes puts in the pipes whose lack the parser reports, one after the other; "" when
// the text does not become right that way.
func addPipes(text string, e *Error) string {
	for range 50 {
		text = text[:e.Offset] + "| " + text[e.Offset:]
		_, err := parse(text)
		if err == nil {
			return text
		}
		if !errors.As(err, &e) || !strings.HasPrefix(e.Message, missingPipe) {
			return ""
		}
	}
	return ""
}

func parse(text string) (q *Query, err error) {
	toks, err := lex(text)
	if err != nil {
		return nil, err
	}
	p := &parser{src: text, toks: toks}
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(*Error)
			if !ok {
				panic(r)
			}
			q, err = nil, e
		}
	}()
	q = &Query{Text: text, Statements: p.statements(kEOF, "")}
	if len(q.Statements) == 0 {
		return nil, Locate(text, 0, "the query is empty")
	}
	return q, nil
}

// The parser gives up at the first fault by panicking with an *Error, which parse catches.

func (p *parser) tok() token { return p.toks[p.i] }

func (p *parser) peek(n int) token {
	if p.i+n < len(p.toks) {
		return p.toks[p.i+n]
	}
	return p.toks[len(p.toks)-1]
}

func (p *parser) advance() token {
	t := p.toks[p.i]
	if t.kind != kEOF {
		p.i++
	}
	return t
}

func (p *parser) failAt(at Pos, format string, args ...any) {
	panic(Locate(p.src, at, fmt.Sprintf(format, args...)))
}

// describe names a token for an error.
func (t token) describe() string {
	switch t.kind {
	case kEOF:
		return "the end of the query"
	case kString:
		return "a string"
	case kTyped:
		return t.typ + "(…)"
	}
	return "'" + t.text + "'"
}

func (p *parser) expected(what string) {
	t := p.tok()
	e := Locate(p.src, t.pos, fmt.Sprintf("expected %s but found %s", what, t.describe()))
	panic(e)
}

func (p *parser) is(punct string) bool {
	t := p.tok()
	return t.kind == kPunct && t.text == punct
}

func (p *parser) accept(punct string) bool {
	if p.is(punct) {
		p.i++
		return true
	}
	return false
}

func (p *parser) need(punct string) token {
	if !p.is(punct) {
		p.expected("'" + punct + "'")
	}
	return p.advance()
}

func (p *parser) isWord(words ...string) bool {
	t := p.tok()
	if t.kind != kIdent {
		return false
	}
	for _, w := range words {
		if t.text == w {
			return true
		}
	}
	return false
}

func (p *parser) acceptWord(words ...string) bool {
	if p.isWord(words...) {
		p.i++
		return true
	}
	return false
}

func (p *parser) needWord(w string) {
	if !p.acceptWord(w) {
		p.expected("'" + w + "'")
	}
}

func (p *parser) enter() {
	if p.depth++; p.depth > maxDepth {
		p.failAt(p.tok().pos, "the query is nested more than %d deep", maxDepth)
	}
}

func (p *parser) leave() { p.depth-- }

// statements reads up to the closing token.
func (p *parser) statements(end kind, punct string) []Statement {
	var out []Statement
	for {
		for p.accept(";") {
		}
		t := p.tok()
		if t.kind == end && (end == kEOF || t.text == punct) {
			return out
		}
		out = append(out, p.statement())
		if len(out) > maxStatements {
			p.failAt(t.pos, "the query has more than %d statements", maxStatements)
		}
		t = p.tok()
		if t.kind == end && (end == kEOF || t.text == punct) {
			return out
		}
		if !p.is(";") {
			p.unexpectedTail()
		}
	}
}

// unexpectedTail reports what follows a complete statement.
func (p *parser) unexpectedTail() {
	t := p.tok()
	if t.kind == kIdent && operatorNames[p.verbAt()] != nil {
		p.failAt(t.pos, "%s'%s'", missingPipe, p.verbAt())
	}
	if t.kind == kIdent && p.i > 0 {
		if near := Nearest(t.text, operatorList()); near != "" && !p.is("=") {
			e := Locate(p.src, t.pos, fmt.Sprintf("expected '|', ';' or the end of the query but found %s", t.describe()))
			e.Near = near
			panic(e)
		}
	}
	p.expected("'|', ';' or the end of the query")
}

func (p *parser) statement() Statement {
	t := p.tok()
	if t.kind == kIdent {
		switch t.text {
		case "let":
			if p.peek(1).kind != kPunct || p.peek(1).text == "[" {
				return p.let()
			}
		case "set":
			return p.set()
		case "declare":
			return p.declare()
		case "alias":
			if p.peek(1).text == "database" {
				return p.alias()
			}
		case "restrict":
			if p.peek(1).text == "access" {
				return p.restrict()
			}
		}
		p.refused(t)
	}
	if p.is(".") {
		p.failAt(t.pos, "only queries are run here: what begins with a dot is a management command")
	}
	return &Tabular{Pos: t.pos, X: p.pipeOrExpr()}
}

// sqlWords begin statements of SQL, beside select.
var sqlWords = map[string]bool{"explain": true, "show": true, "delete": true, "insert": true, "update": true, "create": true, "alter": true, "describe": true}

// refused says what of the language is not here, and why.
func (p *parser) refused(t token) {
	next := p.peek(1)
	switch {
	case t.text == "macro" && p.verbAt() == "macro-expand":
		p.failAt(t.pos, "macro-expand runs a query over several databases, and here is only one: write its subquery over that")
	case strings.EqualFold(t.text, "select") && (next.kind != kPunct && next.kind != kEOF || next.text == "*"), sqlWords[strings.ToLower(t.text)] && next.kind == kIdent && operatorNames[next.text] == nil:
		p.failAt(t.pos, "this is SQL; only the Kusto query language is read here: Table | where … | project …")
	}
}

func (p *parser) let() Statement {
	at := p.advance().pos
	name := p.declaredName("a name for let")
	p.need("=")
	return &Let{Pos: at, Name: name, Value: p.letValue()}
}

func (p *parser) letValue() Expr {
	if p.isWord("view") && p.peek(1).text == "(" || p.lambdaAhead() {
		return p.lambda()
	}
	if t := p.tok(); p.isWord("entity_group") && p.peek(1).text == "[" {
		p.failAt(t.pos, "there are no entity groups here: there is one database, whose tables are named as they are")
	}
	return p.pipeOrExpr()
}

// lambdaAhead says whether the brackets that open here are followed by a body.
func (p *parser) lambdaAhead() bool {
	if !p.is("(") {
		return false
	}
	depth := 0
	for i := p.i; i < len(p.toks); i++ {
		if p.toks[i].kind != kPunct {
			continue
		}
		switch p.toks[i].text {
		case "(":
			depth++
		case ")":
			if depth--; depth == 0 {
				n := p.toks[i+1]
				return n.kind == kPunct && n.text == "{"
			}
		}
	}
	return false
}

func (p *parser) lambda() Expr {
	p.enter()
	defer p.leave()
	l := &Lambda{Pos: p.tok().pos, View: p.acceptWord("view")}
	p.need("(")
	l.Params = p.params()
	p.need("{")
	l.Body = p.statements(kPunct, "}")
	p.need("}")
	if len(l.Body) == 0 {
		p.failAt(l.Pos, "this function has no body")
	}
	return l
}

// params reads parameters up to the closing bracket.
func (p *parser) params() []Param {
	var out []Param
	for !p.accept(")") {
		if len(out) > 0 {
			p.need(",")
		}
		out = append(out, p.param())
	}
	return out
}

func (p *parser) param() Param {
	x := Param{Name: p.anyName("a parameter's name")}
	p.need(":")
	if p.accept("(") {
		x.Table = true
		for !p.accept(")") {
			if p.accept("*") {
				x.Any = true
			} else {
				x.Columns = append(x.Columns, p.columnDef())
			}
			if !p.is(")") {
				p.need(",")
			}
		}
		return x
	}
	x.Type = p.typeName()
	if p.accept("=") {
		x.Default = p.expr()
	}
	return x
}

func (p *parser) set() Statement {
	s := &Set{Pos: p.advance().pos, Name: p.anyName("an option's name")}
	if p.accept("=") {
		s.Value = p.expr()
	}
	return s
}

func (p *parser) declare() Statement {
	at := p.advance().pos
	if p.acceptWord("pattern") {
		return p.pattern(at)
	}
	if !p.acceptWord("query_parameters") {
		p.expected("'query_parameters' or 'pattern'")
	}
	p.need("(")
	return &DeclareParameters{Pos: at, Params: p.params()}
}
