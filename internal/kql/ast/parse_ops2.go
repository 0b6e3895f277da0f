package ast

import (
	"fmt"
	"slices"
	"strings"

	"github.com/azptu/azptu/internal/kql/value"
)

const stringType = value.String

func parseAs(p *parser, at Pos, _ string) Op {
	o := p.options()
	return &As{Pos: at, Options: o, Name: p.anyName("a name")}
}

func parseEvaluate(p *parser, at Pos, _ string) Op {
	op := &Evaluate{Pos: at, Options: p.options()}
	t := p.tok()
	name := p.anyName("a plugin's name")
	op.Call = p.call(t.pos, name)
	if p.accept(":") {
		op.Given = true
		p.need("(")
		for !p.accept(")") {
			if p.accept("*") {
				op.Open = true
			} else {
				op.Schema = append(op.Schema, p.columnDef())
			}
			if !p.is(")") {
				p.need(",")
			}
		}
	}
	return op
}

// charts are the kinds of render.
var charts = []string{
	"table", "list", "barchart", "columnchart", "piechart", "ladderchart", "timechart", "linechart", "anomalychart", "pivotchart", "areachart", "stackedareachart", "scatterchart", "timepivot", "timeline",
	"card", "treemap", "plotly", "graph", "sankey",
}

func parseRender(p *parser, at Pos, _ string) Op {
	if p.tok().kind != kIdent {
		p.expected("a kind of chart such as timechart or table")
	}
	t := p.advance()
	op := &Render{Pos: at, Kind: t.text}
	if !slices.Contains(charts, strings.ToLower(t.text)) {
		e := Locate(p.src, t.pos, fmt.Sprintf("'%s' is no kind of chart: expected %s", t.text, strings.Join(charts, ", ")))
		e.Near = Nearest(strings.ToLower(t.text), charts)
		panic(e)
	}
	if p.isWord("with") {
		op.Options = p.withOptions()
		return op
	}
	for p.tok().kind == kIdent && p.peek(1).text == "=" {
		op.Options = append(op.Options, p.options(p.tok().text)...)
	}
	return op
}

func parseSearch(p *parser, at Pos, _ string) Op {
	op := &Search{Pos: at, Options: p.options("kind")}
	if p.acceptWord("in") {
		p.need("(")
		op.In = p.list(p.unionTable)
		p.need(")")
	}
	op.Pred = p.searchOr()
	return op
}

// searchOr reads a search predicate, in which a bare string is a term and column:term a
// term in one column.
func (p *parser) searchOr() Expr {
	p.enter()
	defer p.leave()
	x := p.searchAnd()
	for p.isWord("or") {
		at := p.advance().pos
		x = &Binary{Pos: at, Op: "or", L: x, R: p.searchAnd()}
	}
	return x
}

func (p *parser) searchAnd() Expr {
	x := p.searchTerm()
	for p.isWord("and") {
		at := p.advance().pos
		x = &Binary{Pos: at, Op: "and", L: x, R: p.searchTerm()}
	}
	return x
}

func (p *parser) searchTerm() Expr {
	t := p.tok()
	switch {
	case p.is("("):
		return p.searchBracketed()
	case t.kind == kIdent && t.text == "not" && p.peek(1).text == "(":
		p.i += 2
		x := p.searchOr()
		p.need(")")
		return &Call{Pos: t.pos, Name: "not", Args: []Expr{x}}
	case p.is("*") || t.kind == kIdent || p.is("["):
		if x := p.searchColumn(t); x != nil {
			return x
		}
	}
	return p.equality()
}

// searchBracketed reads a bracketed predicate, or an expression that begins with a bracket.
func (p *parser) searchBracketed() Expr {
	start := p.i
	p.i++
	x := p.searchOr()
	if p.accept(")") && (p.tok().kind != kPunct || p.is("|") || p.is(";") || p.is(")")) {
		return x
	}
	p.i = start
	return p.equality()
}

// searchColumn reads column:term or *:term, nil when none stands here.
func (p *parser) searchColumn(t token) Expr {
	start := p.i
	var column Expr = &Star{t.pos}
	if !p.accept("*") {
		column = &Ident{Pos: t.pos, Name: p.anyName("a column"), Quoted: true}
	}
	if o := p.tok(); p.accept(":") {
		return &Binary{Pos: o.pos, Op: ":", L: column, R: p.unary()}
	}
	p.i = start
	return nil
}

func parseFind(p *parser, at Pos, _ string) Op {
	op := &Find{Pos: at, Options: p.options("withsource", "datascope")}
	if p.acceptWord("in") {
		p.need("(")
		op.In = p.list(p.unionTable)
		p.need(")")
	}
	if p.acceptWord("where") {
		op.Pred = p.searchOr()
	} else {
		op.Pred = p.searchOr()
	}
	if !p.isWord("project", "project-smart") {
		return op
	}
	op.Verb = p.verbAt()
	p.i += 1 + 2*strings.Count(op.Verb, "-")
	if op.Verb == "project-smart" {
		return op
	}
	for {
		t := p.tok()
		if p.isWord("pack_all", "pack") && p.peek(1).text == "(" {
			p.i += 2
			p.accept("*")
			p.need(")")
			op.Pack = true
		} else {
			c := FindColumn{X: &Ident{Pos: t.pos, Name: p.anyName("a column"), Quoted: true}}
			if p.accept(":") {
				c.Type = &ColumnDef{Pos: t.pos, Type: p.typeName()}
			}
			op.Project = append(op.Project, c)
		}
		if !p.accept(",") {
			return op
		}
	}
}

func parseFork(p *parser, at Pos, _ string) Op {
	op := &Fork{Pos: at}
	for {
		var b Branch
		if p.tok().kind == kIdent && p.peek(1).text == "=" {
			b.Name = p.advance().text
			p.i++
		}
		if !p.is("(") {
			if len(op.Branches) == 0 || b.Name != "" {
				p.expected("'('")
			}
			return op
		}
		b.Sub = p.subPipe()
		op.Branches = append(op.Branches, b)
	}
}

func parseFacet(p *parser, at Pos, _ string) Op {
	op := &Facet{Pos: at}
	p.needWord("by")
	op.By = p.list(p.expr)
	if p.acceptWord("with") {
		if p.is("(") {
			op.With = p.subPipe()
		} else {
			op.With = &Pipe{Pos: p.tok().pos, Ops: []Op{p.operator()}}
		}
	}
	return op
}

func parsePartition(p *parser, at Pos, _ string) Op {
	op := &Partition{Pos: at, Options: p.options()}
	p.needWord("by")
	if t := p.tok(); t.kind == kIdent && p.peek(1).text == "(" && p.peek(1).kind == kPunct {
		p.i++
		op.By = &Ident{Pos: t.pos, Name: t.text}
	} else {
		op.By = p.expr()
	}
	if p.accept("{") {
		op.Legacy = true
		if t := p.tok(); t.kind == kIdent && operatorNames[p.verbAt()] == nil || p.is("(") {
			src := p.pipeOrExpr()
			if pipe, ok := src.(*Pipe); ok {
				op.Sub = pipe
			} else {
				op.Sub = &Pipe{Pos: src.At(), Source: src}
			}
		} else {
			op.Sub = p.openPipe()
		}
		p.need("}")
		return op
	}
	op.Sub = p.subPipe()
	return op
}

func parseInvoke(p *parser, at Pos, _ string) Op {
	t := p.tok()
	name := p.anyName("a function's name")
	return &Invoke{Pos: at, Call: p.call(t.pos, name)}
}

func parseReduce(p *parser, at Pos, _ string) Op {
	op := &Reduce{Pos: at, Options: p.options("kind")}
	p.needWord("by")
	op.By = p.expr()
	op.Options = append(op.Options, p.withOptions()...)
	return op
}

func parseScan(p *parser, at Pos, _ string) Op {
	op := &Scan{Pos: at, Options: p.options("with_match_id")}
	if p.acceptWord("declare") {
		p.need("(")
		op.Declare = p.params()
	}
	p.needWord("with")
	p.need("(")
	for !p.accept(")") {
		op.Steps = append(op.Steps, p.scanStep())
		for p.accept(";") {
		}
	}
	if len(op.Steps) == 0 {
		p.failAt(at, "scan needs at least one step")
	}
	return op
}

func (p *parser) scanStep() ScanStep {
	p.needWord("step")
	s := ScanStep{Name: p.anyName("a step's name")}
	s.Optional = p.acceptWord("optional")
	if p.acceptWord("output") {
		p.need("=")
		s.Output = p.anyName("all, last or none")
	}
	p.need(":")
	s.Cond = p.expr()
	if p.accept("=>") {
		s.Assign = p.list(p.named)
	}
	if !p.is(";") && !p.is(")") {
		p.expected("';'")
	}
	return s
}

func parseRange(p *parser, at Pos, _ string) Op {
	op := &Range{Pos: at, Name: p.declaredName("a column's name")}
	p.needWord("from")
	op.From = p.expr()
	p.needWord("to")
	op.To = p.expr()
	p.needWord("step")
	op.Step = p.expr()
	return op
}

func parseDataTable(p *parser, at Pos, _ string) Op {
	p.options()
	op := &DataTable{Pos: at, Columns: p.columnDefs()}
	p.need("[")
	p.inRows = true
	defer func() { p.inRows = false }()
	for !p.accept("]") {
		if len(op.Values) > 0 {
			p.need(",")
			if p.accept("]") {
				break
			}
		}
		t := p.tok()
		x := p.unary()
		_, lit := x.(*Literal)
		if u, ok := x.(*Unary); ok {
			_, lit = u.X.(*Literal)
		}
		if !lit {
			p.failAt(t.pos, "a datatable holds constants only")
		}
		op.Values = append(op.Values, x)
	}
	if n := len(op.Columns); n == 0 && len(op.Values) > 0 || n > 0 && len(op.Values)%n != 0 {
		p.failAt(at, "this datatable has %d values for %d columns: the last row is not whole", len(op.Values), n)
	}
	return op
}

func parseExternal(p *parser, at Pos, _ string) Op {
	op := &External{Pos: at, Columns: p.columnDefs()}
	p.need("[")
	op.Sources = p.list(p.expr)
	p.need("]")
	op.Options = p.withOptions()
	return op
}
