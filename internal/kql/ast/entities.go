package ast

import "github.com/azptu/azptu/internal/kql/value"

// Statements about what a query may name: aliases of databases, patterns, and restrict.
type (
	// Alias gives a database another name: alias database Name = cluster(…).database(…).
	Alias struct {
		Pos
		Name string
		X    Expr
	}
	// DeclarePattern binds a name to tables by constant arguments: name('a').b is the Body
	// of the case with these arguments and that path. Scope is nil when the cases have no
	// path; a pattern that is only declared has no parameters and no cases.
	DeclarePattern struct {
		Pos
		Name   string
		Params []Param
		Scope  *Param
		Cases  []PatternCase
	}
	// PatternCase is one case of a pattern.
	PatternCase struct {
		Args []*Literal
		Path string
		Body []Statement
	}
	// Restrict hides all tables, views and patterns but these from what follows.
	Restrict struct {
		Pos
		Entities []Expr
	}
)

func (p *parser) alias() Statement {
	at := p.advance().pos
	p.needWord("database")
	a := &Alias{Pos: at, Name: p.anyName("a name for the database")}
	p.need("=")
	a.X = p.postfix()
	return a
}

func (a *Alias) printStatement(p *printer) {
	p.s("alias database ", Name(a.Name), " = ")
	a.X.print(p, precPostfix)
}

func (p *parser) restrict() Statement {
	r := &Restrict{Pos: p.advance().pos}
	p.needWord("access")
	p.needWord("to")
	p.need("(")
	r.Entities = p.list(p.unionTable)
	p.need(")")
	return r
}

func (r *Restrict) printStatement(p *printer) {
	p.s("restrict access to (")
	p.tables(r.Entities)
	p.s(")")
}

func (p *parser) pattern(at Pos) Statement {
	d := &DeclarePattern{Pos: at, Name: p.declaredName("a name for the pattern")}
	if !p.accept("=") {
		return d
	}
	p.need("(")
	d.Params = p.params()
	if p.accept("[") {
		scope := p.param()
		d.Scope = &scope
		p.need("]")
	}
	p.need("{")
	for !p.accept("}") {
		d.Cases = append(d.Cases, p.patternCase(d))
		for p.accept(";") {
		}
	}
	return d
}

func (p *parser) patternCase(d *DeclarePattern) PatternCase {
	at := p.need("(").pos
	var c PatternCase
	for !p.accept(")") {
		if len(c.Args) > 0 {
			p.need(",")
		}
		lit, ok := p.unary().(*Literal)
		if !ok || lit.V.T != value.String {
			p.failAt(at, "the arguments of a pattern's case are constant strings")
		}
		c.Args = append(c.Args, lit)
	}
	if len(c.Args) != len(d.Params) {
		p.failAt(at, "this case has %d arguments, the pattern has %d parameters", len(c.Args), len(d.Params))
	}
	if d.Scope != nil {
		p.need(".")
		p.need("[")
		if p.tok().kind != kString {
			p.expected("a path in quotes")
		}
		c.Path = p.advance().text
		p.need("]")
	}
	p.need("=")
	p.need("{")
	if c.Body = p.statements(kPunct, "}"); len(c.Body) == 0 {
		p.failAt(at, "this case has no body")
	}
	p.need("}")
	return c
}

func (d *DeclarePattern) printStatement(p *printer) {
	p.s("declare pattern ", Name(d.Name))
	if len(d.Cases) == 0 && d.Scope == nil && len(d.Params) == 0 {
		return
	}
	p.s(" = (")
	p.params(d.Params)
	p.s(")")
	if d.Scope != nil {
		p.s("[")
		p.params([]Param{*d.Scope})
		p.s("]")
	}
	p.s(" { ")
	for _, c := range d.Cases {
		p.s("(")
		for i, a := range c.Args {
			if i > 0 {
				p.s(", ")
			}
			a.print(p, 0)
		}
		p.s(")")
		if d.Scope != nil {
			p.s(".[", Quote(c.Path), "]")
		}
		p.s(" = { ")
		p.statements(c.Body)
		p.s(" }; ")
	}
	p.s("}")
}
