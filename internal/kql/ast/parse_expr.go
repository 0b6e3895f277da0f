package ast

import "github.com/azptu/azptu/internal/kql/value"

// expr reads a scalar expression, or a bracketed tabular one.
func (p *parser) expr() Expr {
	p.enter()
	defer p.leave()
	x := p.and()
	for p.isWord("or") {
		at := p.advance().pos
		x = &Binary{Pos: at, Op: "or", L: x, R: p.and()}
	}
	return x
}

func (p *parser) and() Expr {
	x := p.equality()
	for p.isWord("and") {
		at := p.advance().pos
		x = &Binary{Pos: at, Op: "and", L: x, R: p.equality()}
	}
	return x
}

var equalityOps = map[string]bool{"==": true, "!=": true, "<>": true}

var listOps = map[string]bool{"in": true, "!in": true, "in~": true, "!in~": true, "has_any": true, "has_all": true}

func (p *parser) equality() Expr {
	x := p.relational()
	t := p.tok()
	switch {
	case t.kind == kPunct && equalityOps[t.text]:
		p.i++
		op := t.text
		if op == "<>" {
			op = "!="
		}
		return &Binary{Pos: t.pos, Op: op, L: x, R: p.relational()}
	case t.kind == kIdent && listOps[t.text] && (p.peek(1).text == "(" || t.text == "has_any" || t.text == "has_all"):
		p.i++
		return p.inList(t, x)
	case t.kind == kIdent && (t.text == "between" || t.text == "!between"):
		p.i++
		b := &Between{Pos: t.pos, Not: t.text == "!between", X: x}
		p.need("(")
		b.Lo = p.expr()
		p.need("..")
		b.Hi = p.expr()
		p.need(")")
		return b
	}
	return x
}

func (p *parser) inList(t token, x Expr) Expr {
	in := &In{Pos: t.pos, Op: t.text, X: x}
	if !p.accept("(") {
		in.List = []Expr{p.relational()}
		return in
	}
	for !p.accept(")") {
		if len(in.List) > 0 {
			p.need(",")
		}
		in.List = append(in.List, p.pipeOrExpr())
	}
	return in
}

func (p *parser) relational() Expr {
	x := p.additive()
	if p.is("<") || p.is(">") || p.is("<=") || p.is(">=") { // comparisons do not chain
		t := p.advance()
		return &Binary{Pos: t.pos, Op: t.text, L: x, R: p.additive()}
	}
	return x
}

func (p *parser) additive() Expr {
	x := p.multiplicative()
	for p.is("+") || p.is("-") {
		t := p.advance()
		x = &Binary{Pos: t.pos, Op: t.text, L: x, R: p.multiplicative()}
	}
	return x
}

func (p *parser) multiplicative() Expr {
	x := p.stringOp()
	for p.is("*") || p.is("/") || p.is("%") {
		t := p.advance()
		x = &Binary{Pos: t.pos, Op: t.text, L: x, R: p.stringOp()}
	}
	return x
}

// stringOps maps the spellings of the string operators to one each.
var stringOps = map[string]string{
	"has": "has", "!has": "!has", "has_cs": "has_cs", "!has_cs": "!has_cs",
	"hasprefix": "hasprefix", "!hasprefix": "!hasprefix", "hasprefix_cs": "hasprefix_cs", "!hasprefix_cs": "!hasprefix_cs",
	"hassuffix": "hassuffix", "!hassuffix": "!hassuffix", "hassuffix_cs": "hassuffix_cs", "!hassuffix_cs": "!hassuffix_cs",
	"contains": "contains", "!contains": "!contains", "contains_cs": "contains_cs", "!contains_cs": "!contains_cs",
	"containscs": "contains_cs", "notcontains": "!contains", "notcontainscs": "!contains_cs",
	"startswith": "startswith", "!startswith": "!startswith", "startswith_cs": "startswith_cs", "!startswith_cs": "!startswith_cs",
	"endswith": "endswith", "!endswith": "!endswith", "endswith_cs": "endswith_cs", "!endswith_cs": "!endswith_cs",
}

func (p *parser) stringOp() Expr {
	x := p.unary()
	for {
		t := p.tok()
		switch {
		case t.kind == kPunct && (t.text == "=~" || t.text == "!~"):
			p.i++
			x = &Binary{Pos: t.pos, Op: t.text, L: x, R: p.unary()}
		case t.kind == kIdent && stringOps[t.text] != "":
			p.i++
			x = &Binary{Pos: t.pos, Op: stringOps[t.text], L: x, R: p.unary()}
		case t.kind == kIdent && t.text == "matches" && p.peek(1).text == "regex":
			p.i += 2
			x = &Binary{Pos: t.pos, Op: "matches regex", L: x, R: p.unary()}
		default:
			return x
		}
	}
}

func (p *parser) unary() Expr {
	if p.is("-") || p.is("+") {
		p.enter()
		defer p.leave()
		t := p.advance()
		n := p.tok()
		x := p.unary()
		if lit, ok := x.(*Literal); ok && t.text == "-" && (n.kind == kNumber || n.kind == kSpan) {
			if v, ok := negated(lit.V, n.text); ok {
				return &Literal{Pos: t.pos, V: v}
			}
		}
		return &Unary{Pos: t.pos, Op: t.text, X: x}
	}
	return p.postfix()
}

func negated(v value.Value, text string) (value.Value, bool) {
	switch v.T {
	case value.Int, value.Long, value.TimeSpan:
		v.I = -v.I
		return v, !v.Null
	case value.Real:
		v.F = -v.F
		return v, true
	}
	return v, false
}

func (p *parser) postfix() Expr {
	x := p.primary()
	for {
		t := p.tok()
		switch {
		case p.is("."):
			if lit, ok := x.(*Literal); ok && lit.V.T != value.Dynamic {
				return x
			}
			p.i++
			x = p.member(t, x)
		case p.is("["):
			if _, lit := x.(*Literal); lit && x.(*Literal).V.T != value.Dynamic {
				return x
			}
			p.i++
			x = p.index(t, x)
		default:
			return x
		}
	}
}

func (p *parser) member(dot token, x Expr) Expr {
	if at := p.tok(); p.accept("[") {
		return p.index(at, x)
	}
	n := p.tok()
	if ofDatabase(x) {
		return p.entity(dot, x)
	}
	if n.kind == kTyped {
		p.expected("a property's name")
	}
	return &Member{Pos: dot.pos, X: x, Name: p.anyName("a property's name")}
}

// ofDatabase says that an expression is database(…), cluster(…) or one behind the other.
func ofDatabase(x Expr) bool {
	if m, ok := x.(*MethodCall); ok {
		x = m.Call
	}
	c, ok := x.(*Call)
	return ok && (c.Name == "database" || c.Name == "cluster")
}

// entity reads what stands behind a database: a table, tables by a name with asterisks, a
// function with its arguments.
func (p *parser) entity(dot token, x Expr) Expr {
	if name, ok := p.wildName(); ok {
		return &Member{Pos: dot.pos, X: x, Name: name, Wild: true}
	}
	at := p.tok().pos
	name := p.anyName("a table's name")
	if p.is("(") {
		return &MethodCall{Pos: dot.pos, X: x, Call: p.call(at, name)}
	}
	return &Member{Pos: dot.pos, X: x, Name: name}
}

func (p *parser) index(at token, x Expr) Expr {
	if n := p.tok(); n.kind == kString && p.peek(1).text == "]" {
		p.i += 2
		return &Member{Pos: at.pos, X: x, Name: n.text}
	}
	i := p.expr()
	p.need("]")
	return &Index{Pos: at.pos, X: x, I: i}
}

func (p *parser) primary() Expr {
	t := p.tok()
	switch t.kind {
	case kNumber, kSpan, kString, kTyped:
		return p.literal()
	case kIdent:
		return p.identifier()
	case kPunct:
		switch t.text {
		case "(":
			return p.bracketed()
		case "*":
			p.i++
			return &Star{t.pos}
		case "[":
			if p.peek(1).kind == kString && p.peek(2).text == "]" {
				p.i += 3
				name := &Ident{Pos: t.pos, Name: p.toks[p.i-2].text, Quoted: true}
				if p.is("(") {
					return p.call(t.pos, name.Name)
				}
				return name
			}
		}
	}
	p.expected("an expression")
	return nil
}

func (p *parser) bracketed() Expr {
	p.need("(")
	x := p.pipeOrExpr()
	p.need(")")
	return x
}

var boolWords = map[string]bool{"true": true, "True": true, "TRUE": true, "false": false, "False": false, "FALSE": false}

func (p *parser) identifier() Expr {
	t := p.tok()
	if b, ok := boolWords[t.text]; ok && p.peek(1).text != "(" {
		p.i++
		return &Literal{Pos: t.pos, V: value.OfBool(b)}
	}
	if t.text == "typeof" && p.peek(1).text == "(" {
		p.i++
		return p.typeOf(t.pos)
	}
	if n := p.peek(1); n.kind == kPunct && n.text == "(" {
		p.i++
		return p.call(t.pos, t.text)
	}
	if reserved[t.text] || reservedReference[t.text] {
		p.failAt(t.pos, "expected an expression but found '%s'; a column of that name is written ['%s']", t.text, t.text)
	}
	p.i++
	return &Ident{Pos: t.pos, Name: t.text}
}

func (p *parser) typeOf(at Pos) Expr {
	x := &TypeOf{Pos: at}
	p.need("(")
	for !p.accept(")") {
		if len(x.Types) > 0 {
			p.need(",")
		}
		if p.accept("*") {
			continue
		}
		if p.peek(1).text == ":" {
			x.Types = append(x.Types, p.columnDef())
		} else {
			x.Types = append(x.Types, ColumnDef{Type: p.typeName()})
		}
	}
	return x
}

func (p *parser) call(at Pos, name string) *Call {
	p.enter()
	defer p.leave()
	c := &Call{Pos: at, Name: name}
	p.need("(")
	for !p.accept(")") {
		if len(c.Args) > 0 {
			p.need(",")
		}
		if p.is(")") && len(c.Args) > 0 {
			p.expected("an argument")
		}
		c.Args = append(c.Args, p.argument())
	}
	return c
}

// argument reads a call's argument: name = x, a table, or an expression.
func (p *parser) argument() Expr {
	t := p.tok()
	if p.lambdaAhead() {
		return p.lambda()
	}
	if n := 1; t.kind == kIdent || p.is("[") && p.peek(1).kind == kString && p.peek(2).text == "]" {
		if p.is("[") {
			t, n = p.peek(1), 3
		}
		if p.peek(n).kind == kPunct && p.peek(n).text == "=" {
			p.i += n + 1
			return &Named{Pos: t.pos, Names: []string{t.text}, X: p.pipeOrExpr()}
		}
	}
	return p.pipeOrExpr()
}

// named reads an expression that may be given a name, or several: (a, b) = x.
func (p *parser) named() Expr {
	t := p.tok()
	if names, ok := p.tuple(); ok {
		return &Named{Pos: t.pos, Names: names, Tuple: true, X: p.expr()}
	}
	if t.kind == kIdent && p.peek(1).kind == kPunct && p.peek(1).text == "=" {
		name := p.declaredName("a name")
		p.i++
		return &Named{Pos: t.pos, Names: []string{name}, X: p.expr()}
	}
	if p.is("[") && p.peek(1).kind == kString && p.peek(2).text == "]" && p.peek(3).kind == kPunct && p.peek(3).text == "=" {
		name := p.peek(1).text
		p.i += 4
		return &Named{Pos: t.pos, Names: []string{name}, X: p.expr()}
	}
	return p.expr()
}

// tuple reads (a, b) = when it stands here.
func (p *parser) tuple() ([]string, bool) {
	if !p.is("(") {
		return nil, false
	}
	start := p.i
	p.i++
	var names []string
	for {
		t := p.tok()
		switch {
		case t.kind == kIdent:
			p.i++
		case p.is("[") && p.peek(1).kind == kString && p.peek(2).text == "]":
			t = p.peek(1)
			p.i += 3
		default:
			p.i = start
			return nil, false
		}
		names = append(names, t.text)
		if p.accept(",") {
			continue
		}
		if p.is(")") && p.peek(1).kind == kPunct && p.peek(1).text == "=" {
			p.i += 2
			return names, true
		}
		p.i = start
		return nil, false
	}
}

// list reads one or more of what read reads, separated by commas.
func (p *parser) list(read func() Expr) []Expr {
	out := []Expr{read()}
	for p.accept(",") {
		out = append(out, read())
	}
	return out
}

// wild reads a column name that may hold asterisks, such as tmp* or *.
func (p *parser) wild() Expr {
	t := p.tok()
	if name, ok := p.wildName(); ok {
		if name == "*" {
			return &Star{t.pos}
		}
		return &Ident{Pos: t.pos, Name: name, Wild: true}
	}
	if p.is("[") && p.peek(1).kind == kString {
		return &Ident{Pos: t.pos, Name: p.anyName("a column"), Quoted: true}
	}
	return p.named()
}

// wildName reads a name with asterisks when one stands here.
func (p *parser) wildName() (string, bool) {
	name, star, i := "", false, p.i
	for {
		n := p.toks[i]
		if n.kind == kPunct && n.text == "*" {
			star = true
		} else if n.kind != kIdent && n.kind != kNumber {
			break
		}
		if i > p.i && n.gap {
			break
		}
		name += n.text
		i++
	}
	if star {
		p.i = i
	}
	return name, star
}
