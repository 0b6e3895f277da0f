package ast

import (
	"strings"

	"github.com/azptu/azptu/internal/kql/value"
)

func parseWhere(p *parser, at Pos, _ string) Op {
	return &Where{Pos: at, Pred: p.expr()}
}

func parseColumns(p *parser, at Pos, verb string) Op {
	op := &Columns{Pos: at, Verb: verb}
	read := p.named
	switch verb {
	case "project-away", "project-keep", "project-reorder", "project-by-names":
		read = p.wild
	case "serialize", "project":
		if t := p.tok(); t.kind == kEOF || t.kind == kPunct && (t.text == "|" || t.text == ";" || t.text == ")" || t.text == "}") {
			return op
		}
	}
	for {
		op.Items = append(op.Items, read())
		if verb == "project-reorder" {
			order := ""
			if p.isWord("asc", "desc") {
				order = p.advance().text
			} else if p.isWord("granny") {
				order = p.verbAt()
				p.i += 3
			}
			op.Orders = append(op.Orders, order)
		}
		if !p.accept(",") {
			return op
		}
	}
}

func parseSummarize(p *parser, at Pos, _ string) Op {
	op := &Summarize{Pos: at, Options: p.options()}
	if !p.isWord("by") {
		op.Aggs = p.list(p.named)
	}
	if p.acceptWord("by") {
		op.By = p.list(p.named)
	}
	return op
}

func (p *parser) sortKeys() []SortKey {
	var keys []SortKey
	for {
		k := SortKey{X: p.named()}
		if p.isWord("asc", "desc") {
			k.Asc, k.Said = p.advance().text == "asc", true
		}
		k.Nulls = "last"
		if k.Asc {
			k.Nulls = "first"
		}
		if p.acceptWord("nulls") {
			if !p.isWord("first", "last") {
				p.expected("'first' or 'last'")
			}
			k.Nulls = p.advance().text
		}
		keys = append(keys, k)
		if !p.accept(",") {
			return keys
		}
	}
}

func parseSort(p *parser, at Pos, _ string) Op {
	op := &Sort{Pos: at, Options: p.options()}
	p.needWord("by")
	op.Keys = p.sortKeys()
	return op
}

func parseTop(p *parser, at Pos, _ string) Op {
	op := &Sort{Pos: at, Options: p.options(), N: p.expr()}
	p.needWord("by")
	op.Keys = p.sortKeys()
	return op
}

func parseTopNested(p *parser, at Pos, _ string) Op {
	op := &TopNested{Pos: at}
	for {
		var l NestedLevel
		if !p.isWord("of") {
			l.N = p.expr()
		}
		p.needWord("of")
		l.Of = p.named()
		if p.acceptWord("with") {
			p.needWord("others")
			p.need("=")
			l.Others = p.expr()
		}
		p.needWord("by")
		l.By = p.named()
		if p.isWord("asc", "desc") {
			l.Asc = p.advance().text == "asc"
		}
		if p.acceptWord("nulls") && !p.acceptWord("first") {
			p.needWord("last")
		}
		op.Levels = append(op.Levels, l)
		if !p.accept(",") {
			return op
		}
		if p.verbAt() != "top-nested" {
			p.expected("'top-nested'")
		}
		p.i += 3
	}
}

func parseTopHitters(p *parser, at Pos, _ string) Op {
	op := &TopHitters{Pos: at, N: p.expr()}
	p.needWord("of")
	op.Of = p.named()
	if p.acceptWord("by") {
		op.By = p.named()
	}
	return op
}

func parseRows(p *parser, at Pos, verb string) Op {
	if verb == "limit" {
		verb = "take"
	}
	op := &Rows{Pos: at, Verb: verb}
	p.options()
	op.N = p.expr()
	if verb == "sample-distinct" {
		p.needWord("of")
		op.Of = p.named()
	}
	return op
}

func parseBare(p *parser, at Pos, verb string) Op {
	p.options("decodeblocks")
	op := &Bare{Pos: at, Verb: verb}
	if verb == "count" && p.acceptWord("as") {
		op.Name = p.anyName("a name")
	}
	return op
}

func parseJoin(p *parser, at Pos, verb string) Op {
	op := &Join{Pos: at, Lookup: verb == "lookup", Options: p.options("kind", "withsource", "isfuzzy")}
	op.Right = p.tableArgument()
	if p.acceptWord("on") {
		op.On = p.list(p.expr)
	} else if !p.isWord("where") {
		p.expected("'on'")
	} else {
		p.expected("'on'")
	}
	return op
}

// tableArgument reads a table given to an operator: a name, a call or a bracketed pipeline.
func (p *parser) tableArgument() Expr {
	if t := p.tok(); t.kind == kIdent && heads[t.text] && p.peek(1).text != "." {
		if op := p.head(); op != nil {
			return &Pipe{Pos: t.pos, Ops: []Op{op}}
		}
	}
	if p.is("(") {
		x := p.bracketed()
		return x
	}
	return p.postfix()
}

func parseUnion(p *parser, at Pos, _ string) Op {
	op := &Union{Pos: at, Options: p.options("kind", "withsource", "with_source", "isfuzzy")}
	op.Tables = p.list(p.unionTable)
	return op
}

func (p *parser) unionTable() Expr {
	t, n := p.tok(), p.peek(1)
	if p.is("*") || t.kind == kIdent && !heads[t.text] && n.kind == kPunct && n.text == "*" && !n.gap {
		return p.wild()
	}
	return p.tableArgument()
}

func parseMvExpand(p *parser, at Pos, verb string) Op {
	op := &MvExpand{Pos: at, Options: p.options("bagexpansion", "kind", "with_itemindex")}
	for {
		e := Expansion{X: p.named()}
		if p.isWord("to") && p.peek(1).text == "typeof" {
			p.i += 2
			e.To = p.typeOf(p.tok().pos).(*TypeOf)
		}
		op.Items = append(op.Items, e)
		if !p.accept(",") {
			break
		}
	}
	if p.acceptWord("limit") {
		op.Limit = p.expr()
	} else if verb == "mvexpand" { // the old name has a bound of its own
		op.Limit = &Literal{Pos: at, V: value.OfLong(128)}
	}
	if strings.HasSuffix(verb, "apply") {
		p.needWord("on")
		op.Sub = p.subPipe()
	}
	return op
}

// subPipe reads a bracketed pipeline over the rows at hand.
func (p *parser) subPipe() *Pipe {
	p.need("(")
	s := p.openPipe()
	p.need(")")
	return s
}

func (p *parser) openPipe() *Pipe {
	s := &Pipe{Pos: p.tok().pos, Ops: []Op{p.operator()}}
	for p.accept("|") {
		s.Ops = append(s.Ops, p.operator())
	}
	return s
}

func parseParse(p *parser, at Pos, verb string) Op {
	op := &ParseText{Pos: at, Where: verb == "parse-where", Options: p.options("kind", "flags")}
	op.X = p.expr()
	p.needWord("with")
	for {
		t := p.tok()
		switch {
		case p.accept("*"):
			op.Parts = append(op.Parts, ParsePart{Star: true})
		case t.kind == kString:
			op.Parts = append(op.Parts, ParsePart{Text: p.literal()})
		case t.kind == kIdent || p.is("["):
			c := &ColumnDef{Pos: t.pos, Name: p.declaredName("a column"), Type: stringType}
			typed := p.accept(":")
			if typed {
				c.Type = p.typeName()
			}
			op.Parts = append(op.Parts, ParsePart{Column: c, Typed: typed})
		default:
			if len(op.Parts) == 0 {
				p.expected("a pattern: texts, columns and *")
			}
			return op
		}
	}
}

func parseKV(p *parser, at Pos, _ string) Op {
	op := &ParseKV{Pos: at, X: p.expr()}
	p.needWord("as")
	start := p.i
	op.Columns = p.columnDefs()
	for i := start; i < p.i; i++ {
		if t := p.toks[i]; t.kind == kIdent && p.toks[i+1].text == ":" && (reserved[t.text] || t.text == "true" || t.text == "false") {
			p.failAt(t.pos, "the name '%s' needs to be bracketed as ['%s'] here", t.text, t.text)
		}
	}
	op.Options = p.withOptions()
	return op
}

func parseMakeSeries(p *parser, at Pos, _ string) Op {
	op := &MakeSeries{Pos: at, Options: p.options("kind")}
	for {
		a := SeriesAgg{X: p.named()}
		if p.acceptWord("default") {
			p.need("=")
			a.Default = p.expr()
		}
		op.Aggs = append(op.Aggs, a)
		if !p.accept(",") {
			break
		}
	}
	p.needWord("on")
	op.On = p.named()
	if p.acceptWord("in") {
		p.needWord("range")
		p.need("(")
		op.InFrom = p.expr()
		p.need(",")
		op.InTo = p.expr()
		p.need(",")
		op.InStep = p.expr()
		p.need(")")
	} else {
		if p.acceptWord("from") {
			op.From = p.expr()
		}
		if p.acceptWord("to") {
			op.To = p.expr()
		}
		p.needWord("step")
		op.Step = p.expr()
	}
	if p.acceptWord("by") {
		op.By = p.list(p.named)
	}
	return op
}
