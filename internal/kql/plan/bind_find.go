package plan

import (
	"slices"

	"github.com/azptu/azptu/internal/kql/ast"
	"github.com/azptu/azptu/internal/kql/value"
)

// found is a table that find looks through, with its rows that fit.
type found struct {
	*pipeline
	pred Expr
}

// column gives the table's column of a name, and of a type when one is said.
func (f *found) column(name string, t value.Type) (Col, bool) {
	for _, c := range f.node.Columns() {
		if c.Name == name && (t == value.Unknown || c.Type == t) {
			return c, true
		}
	}
	return Col{}, false
}

// findColumn is a column that find gives: those of that name, and type, of the tables,
// turned into Out's type.
type findColumn struct {
	name string
	t    value.Type
	out  Col
}

// find gives for each table that has a column the condition names: the table's name, the
// columns asked for (or those that the condition names or all these tables have) and,
// when nothing is asked for, a bag of the others.
func (b *binder) find(p *pipeline, op *ast.Find, in *scope) {
	named := namesIn(op.Pred, in)
	parts := b.sources(p, op.In, in)
	for _, id := range named {
		b.someHas(parts, id)
	}
	kept := b.foundIn(parts, op, named, in)
	var cols []findColumn
	pack := op.Pack
	switch {
	case len(op.Project) > 0:
		for _, c := range op.Project {
			b.someHas(parts, c.X.(*ast.Ident))
		}
		cols = b.findProject(op, kept)
	case !op.Pack:
		cols = b.findSmart(kept, named)
		pack = slices.ContainsFunc(kept, func(f *found) bool { return len(f.rest(cols)) > 0 }) || len(kept) == 0
	}
	source := b.col(nameOr(op.Options.Get("withsource"), "source_"), value.String)
	u := &Union{Cols: []Col{source}}
	for _, c := range cols {
		u.Cols = append(u.Cols, c.out)
	}
	if pack {
		u.Cols = append(u.Cols, b.col("pack_", value.Dynamic))
	}
	order := make([]int, len(u.Cols))
	for i := range order {
		order[i] = i
	}
	for _, f := range kept {
		u.Ins, u.Map = append(u.Ins, b.findRows(f, cols, pack)), append(u.Map, order)
	}
	p.node, p.ordered = u, false
	if len(kept) == 0 {
		none := &Values{Cols: u.Cols}
		for _, c := range u.Cols {
			none.Data = append(none.Data, value.NewBuilder(c.Type, 0).Finish())
		}
		p.node = none
	}
}

// foundIn keeps the tables for whose rows the condition can hold.
func (b *binder) foundIn(parts []*pipeline, op *ast.Find, named map[string]*ast.Ident, in *scope) (kept []*found) {
	for i, part := range parts {
		cols := part.node.Columns()
		if len(named) > 0 && !slices.ContainsFunc(cols, func(c Col) bool { return named[c.Name] != nil }) {
			continue
		}
		pred := b.searchCond(op.Pred, &row{in: in, cols: cols, terms: true}, false, true)
		if k, ok := pred.(Const); ok && !k.V.Bool() {
			continue
		}
		part.name = nameOr(part.name, "find_arg"+itoa(i))
		kept = append(kept, &found{part, pred})
	}
	return kept
}

// someHas refuses a name that is a column of none of the tables.
func (b *binder) someHas(parts []*pipeline, id *ast.Ident) {
	var names []string
	for _, p := range parts {
		for _, c := range p.node.Columns() {
			if c.Name == id.Name {
				return
			}
			names = append(names, c.Name)
		}
	}
	if len(parts) > 0 {
		b.failNear(id.Pos, "no table has a column '"+id.Name+"'", id.Name, names)
	}
}

// rest gives the columns of a table that are not among those shown.
func (f *found) rest(shown []findColumn) []Col {
	return filterCols(f.node.Columns(), func(c Col) bool {
		return !slices.ContainsFunc(shown, func(s findColumn) bool { return s.name == c.Name && (s.t == c.Type || s.t == value.Unknown) })
	})
}

// findRows gives a table's rows that fit, in the columns that all tables give.
func (b *binder) findRows(f *found, cols []findColumn, pack bool) Node {
	n := &Project{In: &Filter{In: f.node, Pred: f.pred}}
	put := func(t value.Type, x Expr) {
		n.Cols, n.Exprs = append(n.Cols, b.col("", t)), append(n.Exprs, x)
	}
	put(value.String, Const{value.OfString(f.name)})
	for _, c := range cols {
		var x Expr = Const{value.NullOf(c.out.Type)}
		if have, ok := f.column(c.name, c.t); ok {
			x = b.coerce(Ref{have.ID, have.Type}, c.out.Type)
		}
		put(c.out.Type, x)
	}
	if pack {
		put(value.Dynamic, b.pack(f.rest(cols), false))
	}
	return n
}

// findSmart chooses the columns that the condition names and those that all tables have.
// A name of several types gives a column for each, as in a union.
func (b *binder) findSmart(kept []*found, named map[string]*ast.Ident) []findColumn {
	types := map[string][]value.Type{}
	var order []string
	for _, f := range kept {
		for _, c := range f.node.Columns() {
			if types[c.Name] == nil {
				order = append(order, c.Name)
			}
			if !slices.Contains(types[c.Name], c.Type) {
				types[c.Name] = append(types[c.Name], c.Type)
			}
		}
	}
	var out []findColumn
	for _, name := range order {
		lacks := func(f *found) bool { _, has := f.column(name, value.Unknown); return !has }
		if named[name] == nil && slices.ContainsFunc(kept, lacks) {
			continue
		}
		for _, t := range types[name] {
			label := name
			if len(types[name]) > 1 {
				label += "_" + t.String()
			}
			out = append(out, findColumn{name, t, b.col(label, t)})
		}
	}
	return out
}

// findProject gives the columns asked for, in that order.
func (b *binder) findProject(op *ast.Find, kept []*found) []findColumn {
	var out []findColumn
	for _, c := range op.Project {
		name, t := nameOf(c.X), value.Unknown
		for _, f := range kept {
			have, ok := f.column(name, value.Unknown)
			if ok && t != value.Unknown && t != have.Type && c.Type == nil {
				b.failf(c.X.At(), "the column '%s' has several types; say which is wanted, such as %s:%s", name, name, t)
			}
			if ok && t == value.Unknown {
				t = have.Type
			}
		}
		if t == value.Unknown {
			t = value.Dynamic
		}
		if c.Type != nil {
			t = c.Type.Type
		}
		out = append(out, findColumn{name, value.Unknown, b.col(name, t)})
	}
	return out
}

// namesIn gives the names in a condition that can be columns'.
func namesIn(x ast.Expr, in *scope) map[string]*ast.Ident {
	out := map[string]*ast.Ident{}
	var walk func(x ast.Expr)
	walk = func(x ast.Expr) {
		switch x := x.(type) {
		case *ast.Ident:
			if in.find(x.Name) == nil {
				out[x.Name] = x
			}
		case *ast.Unary:
			walk(x.X)
		case *ast.Binary:
			walk(x.L)
			walk(x.R)
		case *ast.In:
			walk(x.X)
			for _, y := range x.List {
				walk(y)
			}
		case *ast.Between:
			walk(x.X)
			walk(x.Lo)
			walk(x.Hi)
		case *ast.Call:
			for _, y := range x.Args {
				walk(y)
			}
		case *ast.Member:
			walk(x.X)
		case *ast.Index:
			walk(x.X)
			walk(x.I)
		}
	}
	walk(x)
	return out
}
