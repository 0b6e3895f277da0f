package plan

import (
	"regexp"
	"strings"

	"github.com/azptu/azptu/internal/kql/ast"
	"github.com/azptu/azptu/internal/kql/fn"
	"github.com/azptu/azptu/internal/kql/value"
)

func (p *pipeline) empty() bool {
	v, ok := p.node.(*Values)
	return ok && len(v.Cols) == 0 && v.Len == 1
}

// sources gives the tables that search or find look through.
func (b *binder) sources(p *pipeline, list []ast.Expr, in *scope) []*pipeline {
	if !p.empty() {
		return []*pipeline{{node: p.node, name: p.name, ordered: p.ordered}}
	}
	var out []*pipeline
	for _, t := range list {
		out = append(out, b.unionTables(t, in, false)...)
	}
	if len(list) == 0 {
		out = b.allNamed("*", 0, in)
	}
	return out
}

func (b *binder) search(p *pipeline, op *ast.Search, in *scope) {
	parts := b.sources(p, op.In, in)
	if len(parts) == 0 {
		b.failf(op.Pos, "there are no tables to search")
	}
	cs := op.Options.Get("kind") == "case_sensitive"
	for i, part := range parts {
		r := &row{in: in, cols: part.node.Columns(), terms: true}
		pred := b.searchCond(op.Pred, r, cs, len(parts) > 1)
		part.node = &Filter{In: part.node, Pred: pred}
		name := part.name
		if name == "" {
			name = "search_arg" + itoa(i)
		}
		part.prepend(b, "$table", name)
	}
	if len(parts) == 1 {
		p.node, p.ordered = parts[0].node, parts[0].ordered
		return
	}
	p.node = b.merge(parts, false)
}

// searchCond binds a search predicate. With lax a table lacking a column that is named
// just does not match.
func (b *binder) searchCond(x ast.Expr, r *row, cs, lax bool) Expr {
	switch x := x.(type) {
	case *ast.Star:
		return Const{value.OfBool(true)}
	case *ast.Literal:
		if x.V.T == value.String || x.V.T.IsNumeric() {
			return b.anyHas(value.Text(x.V), searched(x.V.T, r.cols), cs)
		}
	case *ast.Binary:
		switch x.Op {
		case "and", "or":
			return b.fold(fn.Lookup(x.Op), []Expr{b.searchCond(x.L, r, cs, lax), b.searchCond(x.R, r, cs, lax)}, value.Bool)
		case ":":
			return b.columnHas(x, r, cs, lax)
		}
	case *ast.Call:
		if x.Name == "not" && len(x.Args) == 1 {
			return b.fold(fn.Lookup("not"), []Expr{b.searchCond(x.Args[0], r, cs, lax)}, value.Bool)
		}
	}
	plain := *r
	plain.terms = false
	if lax {
		return b.laxCondition(x, &plain)
	}
	return b.condition(x, &plain)
}

// searched gives the columns in which a term is looked for: a number with a fraction not
// among reals.
func searched(term value.Type, cols []Col) []Col {
	return filterCols(cols, func(c Col) bool { return c.Type != value.Real || term != value.Real })
}

// columnHas binds column:term, or *:term.
func (b *binder) columnHas(x *ast.Binary, r *row, cs, lax bool) Expr {
	term, ok := x.R.(*ast.Literal)
	if !ok {
		b.failf(x.R.At(), "a constant term was expected here")
	}
	cols := r.cols
	if id, ok := x.L.(*ast.Ident); ok {
		i := indexOf(cols, id.Name)
		if i < 0 {
			if lax {
				return Const{value.OfBool(false)}
			}
			b.name(id, r)
		}
		cols = cols[i : i+1]
	}
	return b.anyHas(value.Text(term.V), cols, cs)
}

// laxCondition is false where a name is not known.
func (b *binder) laxCondition(x ast.Expr, r *row) (e Expr) {
	depth := b.depth
	defer func() {
		if f := recover(); f != nil {
			if _, ok := f.(failure); !ok {
				panic(f)
			}
			b.depth = depth
			e = Const{value.OfBool(false)}
		}
	}()
	return b.condition(x, r)
}

// anyMatches looks for a term with * inside, which stands for any text.
func (b *binder) anyMatches(term string, cols []Col, cs bool) Expr {
	parts := strings.Split(strings.Trim(term, "*"), "*")
	for i, p := range parts {
		parts[i] = regexp.QuoteMeta(p)
	}
	re := strings.Join(parts, ".*")
	if !strings.HasPrefix(term, "*") {
		re = `\b` + re
	}
	if !strings.HasSuffix(term, "*") {
		re += `\b`
	}
	if !cs {
		re = "(?i)" + re
	}
	var any Expr = Const{value.OfBool(false)}
	for _, c := range cols {
		any = b.either(any, b.fold(fn.Lookup("matches regex"), []Expr{b.coerce(Ref{c.ID, c.Type}, value.String), Const{value.OfString(re)}}, value.Bool))
	}
	return any
}

// anyHas looks for a term, which may begin or end with *, in columns.
func (b *binder) anyHas(term string, cols []Col, cs bool) Expr {
	op := "has"
	t := strings.Trim(term, "*")
	switch {
	case t == "":
		return Const{value.OfBool(true)}
	case strings.Contains(t, "*"):
		return b.anyMatches(term, cols, cs)
	case strings.HasPrefix(term, "*") && strings.HasSuffix(term, "*"):
		op = "contains"
	case strings.HasSuffix(term, "*"):
		op = "hasprefix"
	case strings.HasPrefix(term, "*"):
		op = "hassuffix"
	}
	if cs {
		op += "_cs"
	}
	var any Expr
	for _, c := range cols {
		x := b.fold(fn.Lookup(op), []Expr{b.coerce(Ref{c.ID, c.Type}, value.String), Const{value.OfString(t)}}, value.Bool)
		any = b.either(any, x)
	}
	if any == nil {
		return Const{value.OfBool(false)}
	}
	return any
}

func (b *binder) searchBinary(x *ast.Binary, r *row) Expr { return b.searchCond(x, r, false, false) }

// anyColumn binds * op x: the condition holds for some column it can be asked of.
func (b *binder) anyColumn(x *ast.Binary, at ast.Pos, r *row) Expr {
	var any Expr
	for _, c := range r.cols {
		y := *x
		y.L = &ast.Ident{Pos: at, Name: c.Name, Quoted: true}
		any = b.either(any, b.laxCondition(&y, r))
	}
	if any == nil {
		return Const{value.OfBool(false)}
	}
	return any
}
