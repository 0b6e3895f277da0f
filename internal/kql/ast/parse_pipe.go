package ast

import (
	"sort"
	"strings"

	"github.com/azptu/azptu/internal/kql/value"
)

// heads are the operators that can begin a pipeline.
var heads = map[string]bool{
	"datatable": true, "range": true, "print": true, "union": true, "search": true, "find": true, "evaluate": true, "externaldata": true, "external_data": true,
}

// pipeOrExpr reads a tabular expression, or a scalar one when no pipe follows.
func (p *parser) pipeOrExpr() Expr {
	p.enter()
	defer p.leave()
	at := p.tok().pos
	var source Expr
	var ops []Op
	if op := p.head(); op != nil {
		ops = append(ops, op)
	} else {
		source = p.expr()
	}
	for p.accept("|") {
		ops = append(ops, p.operator())
	}
	if len(ops) == 0 {
		return source
	}
	if inner, ok := source.(*Pipe); ok {
		return &Pipe{Pos: at, Source: inner.Source, Ops: append(append([]Op(nil), inner.Ops...), ops...)}
	}
	return &Pipe{Pos: at, Source: source, Ops: ops}
}

// head reads an operator that begins a pipeline, or gives nil.
func (p *parser) head() Op {
	t := p.tok()
	if t.kind != kIdent || !heads[t.text] {
		return nil
	}
	n := p.peek(1)
	if n.kind == kPunct {
		switch n.text {
		case "(":
			if t.text == "range" || t.text == "search" && !p.searchAhead() {
				return nil
			}
		case "|", ";", ",", ")", ".", "=", "==":
			return nil
		}
	}
	return p.operator()
}

// searchAhead tells the operator search (...) from a function of that name.
func (p *parser) searchAhead() bool { return true }

// verbAt gives the operator name at the current token, joining hyphenated words.
func (p *parser) verbAt() string {
	verb, i := p.tok().text, p.i
	for i+2 < len(p.toks) && p.toks[i+1].kind == kPunct && p.toks[i+1].text == "-" && !p.toks[i+1].gap && p.toks[i+2].kind == kIdent && !p.toks[i+2].gap {
		verb += "-" + p.toks[i+2].text
		i += 2
	}
	return verb
}

func (p *parser) operator() Op {
	p.enter()
	defer p.leave()
	t := p.tok()
	if t.kind != kIdent {
		p.expected("an operator such as where, project or summarize")
	}
	verb := p.verbAt()
	read := operatorNames[verb]
	if read == nil {
		e := Locate(p.src, t.pos, "'"+verb+"' is not an operator: expected one such as where, project or summarize")
		e.Near = Nearest(verb, operatorList())
		panic(e)
	}
	for p.advance(); p.toks[p.i-1].end < t.pos+Pos(len(verb)); {
		p.advance()
	}
	return read(p, t.pos, verb)
}

var operatorNames map[string]func(p *parser, at Pos, verb string) Op

func init() {
	operatorNames = map[string]func(p *parser, at Pos, verb string) Op{
		"where": parseWhere, "filter": parseWhere,
		"project": parseColumns, "extend": parseColumns, "print": parseColumns, "distinct": parseColumns, "serialize": parseColumns,
		"project-away": parseColumns, "project-keep": parseColumns, "project-rename": parseColumns, "project-reorder": parseColumns, "project-by-names": parseColumns, "project-smart": nil,
		"summarize": parseSummarize, "sort": parseSort, "order": parseSort, "top": parseTop, "top-nested": parseTopNested, "top-hitters": parseTopHitters,
		"take": parseRows, "limit": parseRows, "sample": parseRows, "sample-distinct": parseRows,
		"count": parseBare, "getschema": parseBare, "consume": parseBare,
		"join": parseJoin, "lookup": parseJoin, "union": parseUnion,
		"mv-expand": parseMvExpand, "mvexpand": parseMvExpand, "mv-apply": parseMvExpand, "mvapply": parseMvExpand,
		"parse": parseParse, "parse-where": parseParse, "parse-kv": parseKV, "make-series": parseMakeSeries,
		"as": parseAs, "evaluate": parseEvaluate, "render": parseRender, "search": parseSearch, "find": parseFind,
		"fork": parseFork, "facet": parseFacet, "partition": parsePartition, "invoke": parseInvoke, "reduce": parseReduce, "scan": parseScan,
		"make-graph": parseMakeGraph, "graph-match": parseGraphMatch, "graph-shortest-paths": parseGraphMatch, "graph-mark-components": parseGraphComponents, "graph-to-table": parseGraphTable,
		"range": parseRange, "datatable": parseDataTable, "externaldata": parseExternal, "external_data": parseExternal,
	}
	delete(operatorNames, "project-smart")
}

// operatorList gives the operators' names, sorted.
func operatorList() []string {
	names := make([]string, 0, len(operatorNames))
	for n := range operatorNames {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

// OperatorNames lists the tabular operators the parser reads.
func OperatorNames() []string { return operatorList() }

// anyName reads a name, reserved or not.
func (p *parser) anyName(what string) string {
	t := p.tok()
	switch {
	case t.kind == kIdent:
		p.i++
		return t.text
	case p.is("["):
		if n := p.peek(1); n.kind == kString && p.peek(2).text == "]" {
			p.i += 3
			return n.text
		}
	}
	p.expected(what)
	return ""
}

// declaredName reads a name that is being given to something.
func (p *parser) declaredName(what string) string {
	t := p.tok()
	if t.kind == kIdent && reserved[t.text] {
		p.failAt(t.pos, "the name '%s' needs to be bracketed as ['%s'] here", t.text, t.text)
	}
	return p.anyName(what)
}

// typeHabits are types of other languages, and what they are here.
var typeHabits = map[string]string{
	"integer": "long", "bigint": "long", "int64": "long", "int32": "int", "smallint": "int", "number": "real", "float": "real", "numeric": "decimal", "text": "string", "varchar": "string", "char": "string", "nvarchar": "string", "str": "string",
	"timestamp": "datetime", "interval": "timespan", "duration": "timespan", "json": "dynamic", "array": "dynamic", "map": "dynamic", "any": "dynamic",
}

func (p *parser) typeName() value.Type {
	t := p.tok()
	if t.kind != kIdent {
		p.expected("a type such as string or long")
	}
	typ, ok := value.TypeByName(t.text)
	if !ok {
		e := Locate(p.src, t.pos, "'"+t.text+"' is not a type")
		if e.Near = typeHabits[strings.ToLower(t.text)]; e.Near != "" {
			panic(e)
		}
		e.Near = Nearest(t.text, []string{"bool", "int", "long", "real", "decimal", "datetime", "timespan", "string", "guid", "dynamic"})
		panic(e)
	}
	p.i++
	return typ
}

func (p *parser) columnDef() ColumnDef {
	at := p.tok().pos
	name := p.anyName("a column's name")
	p.need(":")
	return ColumnDef{Name: name, Type: p.typeName(), Pos: at}
}

// columnDefs reads (name:type, …).
func (p *parser) columnDefs() []ColumnDef {
	p.need("(")
	var out []ColumnDef
	for !p.accept(")") {
		if len(out) > 0 {
			p.need(",")
			if p.accept(")") {
				break
			}
		}
		out = append(out, p.columnDef())
	}
	return out
}

// options reads name=value settings as long as the names are among those given; names
// beginning with hint. always are.
func (p *parser) options(names ...string) Options {
	var out Options
	for {
		t := p.tok()
		if t.kind != kIdent {
			return out
		}
		name, n := t.text, 1
		if t.text == "hint" && p.peek(1).text == "." {
			name, n = "hint."+p.peek(2).text, 3
		}
		if p.peek(n).text != "=" || p.peek(n).kind != kPunct {
			return out
		}
		known := n == 3
		for _, k := range names {
			known = known || k == name
		}
		if !known {
			return out
		}
		p.i += n + 1
		out = append(out, Option{Name: name, Value: p.optionValue()})
		if p.is(",") && p.peek(1).kind == kIdent && p.peek(2).text == "=" && len(names) > 0 && names[0] == "," {
			p.i++
		}
	}
}

func (p *parser) optionValue() Expr {
	t := p.tok()
	if t.kind == kIdent {
		p.i++
		return &Ident{Pos: t.pos, Name: t.text}
	}
	return p.unary()
}

// withOptions reads with (a=b, c=d).
func (p *parser) withOptions() Options {
	var out Options
	if !p.acceptWord("with") {
		return nil
	}
	bracket := p.accept("(")
	for !bracket || !p.is(")") {
		name := p.anyName("a property's name")
		p.need("=")
		var v Expr
		if p.tok().kind == kIdent && !p.isWord("true", "false") {
			v = &Ident{Pos: p.tok().pos, Name: p.advance().text}
			for p.is(",") && p.peek(1).kind == kIdent && p.peek(2).text != "=" {
				p.i++
				v.(*Ident).Name += "," + p.advance().text
			}
		} else {
			v = p.expr()
		}
		out = append(out, Option{Name: name, Value: v})
		if !p.accept(",") && !(!bracket && p.tok().kind == kIdent && p.peek(1).text == "=") {
			break
		}
	}
	if bracket {
		p.need(")")
	}
	return out
}
