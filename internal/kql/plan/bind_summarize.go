package plan

import (
	"strings"

	"github.com/azptu/azptu/internal/kql/ast"
	"github.com/azptu/azptu/internal/kql/value"
)

// grouping binds the keys of summarize, make-series and the like.
func (b *binder) grouping(list []ast.Expr, r *row, names *namer) (keys []Expr, cols []Col) {
	given := map[string]bool{} // names that the query gives itself
	for _, it := range b.items(list, r) {
		switch {
		case it.name == "":
			it.name = names.fresh()
		case !names.taken[it.name]:
		case it.given || given[it.name]:
			b.failf(it.at, "a column with the name '%s' is already declared", it.name)
		default:
			it.name = names.unique(it.name)
		}
		names.taken[it.name], given[it.name] = true, it.given
		keys = append(keys, it.x)
		cols = append(cols, b.col(it.name, it.x.Type()))
	}
	return keys, cols
}

func (b *binder) summarize(p *pipeline, op *ast.Summarize, in *scope) {
	r := p.rowOf(in)
	names := avoiding(r.cols)
	keys, keyCols := b.grouping(op.By, r, names)
	outer := b.tail
	b.tail = &pipeline{keys: keys, keyNames: map[string]bool{}}
	for i, c := range keyCols {
		b.scalarKey(keys[i], op.By[min(i, len(op.By)-1)].At())
		b.tail.keyNames[c.Name] = true
	}
	defer func() { b.tail = outer }()
	var aggs []Agg
	r.aggs = &aggs
	final := &Project{Cols: append([]Col(nil), keyCols...), Exprs: refs(keyCols)}
	for _, x := range op.Aggs {
		b.aggItem(x, r, names, final)
	}
	a := &Aggregate{In: p.node, Keys: keys, Cols: keyCols, Aggs: aggs}
	for _, g := range aggs {
		a.Cols = append(a.Cols[:len(a.Cols):len(a.Cols)], g.Out...)
	}
	final.In = a
	p.node, p.ordered = final, false
}

// scalarKey refuses to tell dynamics apart, which Kusto does not do.
func (b *binder) scalarKey(x Expr, at ast.Pos) {
	if x.Type() == value.Dynamic {
		b.failf(at, "rows cannot be grouped by a dynamic; convert it first, e.g. tostring(…)")
	}
}

// aggItem binds one item of summarize: an aggregate, or an expression of aggregates.
func (b *binder) aggItem(x ast.Expr, r *row, names *namer, final *Project) {
	named, _ := x.(*ast.Named)
	inner := x
	var given []string
	if named != nil {
		inner, given = named.X, named.Names
	}
	put := func(name string, e Expr) {
		final.Cols, final.Exprs = append(final.Cols, b.col(name, e.Type())), append(final.Exprs, e)
	}
	if c, ok := inner.(*ast.Call); ok && isAggregate(c, r) {
		refs := b.aggregate(c, r)
		last := (*r.aggs)[len(*r.aggs)-1]
		for i, ref := range refs {
			if i < len(given) {
				put(b.declared(names, given[i], named.Pos), ref)
			} else if name := aggName(c, i, last.Args, r.cols); name != "" {
				put(names.unique(name), ref)
			} else {
				put(names.fresh(), ref)
			}
		}
		return
	}
	if named != nil && named.Tuple {
		b.failf(x.At(), "this expression gives one column, not %d", len(given))
	}
	before := len(*r.aggs)
	e := b.scalar(inner, r)
	b.onlyAggregates(e, r, x.At(), len(*r.aggs) > before)
	switch name := nameOf(x); {
	case named != nil:
		put(b.declared(names, name, named.Pos), e)
	case name == "":
		put(names.fresh(), e)
	default:
		put(names.unique(name), e)
	}
}

func (b *binder) declared(names *namer, name string, at ast.Pos) string {
	if names.taken[name] {
		b.failf(at, "a column with the name '%s' is already declared", name)
	}
	names.taken[name] = true
	return name
}

// onlyAggregates checks that an expression of summarize holds aggregates, and uses columns
// only inside of them.
func (b *binder) onlyAggregates(e Expr, r *row, at ast.Pos, any bool) {
	if _, isConst := e.(Const); !any && !isConst {
		b.failf(at, "an aggregate was expected here, such as count() or sum(…)")
	}
	Walk(e, func(id int) {
		for _, c := range r.cols {
			if c.ID == id {
				b.failf(at, "the column '%s' stands outside of an aggregate here; write take_any(%s), or compute with it in an extend after summarize", c.Name, c.Name)
			}
		}
	})
}

// bare binds count, getschema and consume.
func (b *binder) bare(p *pipeline, op *ast.Bare) {
	switch op.Verb {
	case "count":
		var aggs []Agg
		ref := b.aggregate(&ast.Call{Pos: op.Pos, Name: "count"}, &row{in: (*scope)(nil).child(), aggs: &aggs})[0]
		a := &Aggregate{In: p.node, Aggs: aggs, Cols: aggs[0].Out}
		p.node = &Project{In: a, Cols: []Col{b.col(nameOr(op.Name, "Count"), value.Long)}, Exprs: []Expr{ref}}
		p.ordered = false
	case "getschema":
		p.node = b.schema(p.node.Columns())
	case "consume":
		p.node = &Limit{In: p.node}
	}
}

// netNames are the .NET names of types, as Kusto's schemas print them.
var netNames = map[value.Type]string{
	value.Bool: "System.SByte", value.Int: "System.Int32", value.Long: "System.Int64", value.Real: "System.Double", value.Decimal: "System.Data.SqlTypes.SqlDecimal",
	value.DateTime: "System.DateTime", value.TimeSpan: "System.TimeSpan", value.String: "System.String", value.GUID: "System.Guid", value.Dynamic: "System.Object",
}

func (b *binder) schema(cols []Col) Node {
	builders := []*value.Builder{value.NewBuilder(value.String, 0), value.NewBuilder(value.Long, 0), value.NewBuilder(value.String, 0), value.NewBuilder(value.String, 0)}
	for i, c := range cols {
		builders[0].Append(value.OfString(c.Name))
		builders[1].Append(value.OfLong(int64(i)))
		builders[2].Append(value.OfString(netNames[c.Type]))
		builders[3].Append(value.OfString(c.Type.String()))
	}
	v := &Values{Len: len(cols)}
	for i, name := range []string{"ColumnName", "ColumnOrdinal", "DataType", "ColumnType"} {
		vec := builders[i].Finish()
		v.Cols, v.Data = append(v.Cols, b.col(name, vec.Type)), append(v.Data, vec)
	}
	return v
}

func (b *binder) sort(p *pipeline, op *ast.Sort, in *scope) {
	r := p.rowOf(in)
	s := &Sort{In: p.node, Limit: -1}
	if op.N != nil {
		s.Limit = b.countOf(op.N, in)
	}
	for _, k := range op.Keys {
		x := b.scalar(k.X, r)
		if x.Type() == value.Dynamic {
			b.failf(k.X.At(), "rows cannot be ordered by a dynamic; convert it first, e.g. tostring(…)")
		}
		s.Keys = append(s.Keys, SortKey{X: x, Asc: k.Asc, NullsFirst: k.Nulls == "first"})
	}
	p.node, p.ordered = s, true
}

// countOf binds a constant number of rows.
func (b *binder) countOf(x ast.Expr, in *scope) int64 {
	return b.countWhole(x, in, false)
}

// countAbout binds a count of operators that do not give the same rows each time, which
// may have a fraction.
func (b *binder) countAbout(x ast.Expr, in *scope) int64 { return b.countWhole(x, in, true) }

func (b *binder) countWhole(x ast.Expr, in *scope, about bool) int64 {
	k, ok := b.scalar(x, &row{in: in}).(Const)
	v := value.Convert(k.V, value.Long)
	if !ok || v.Null || !k.V.T.IsInteger() && !(about && k.V.T.IsNumeric()) && (k.V.T != value.Dynamic || value.FromDynamic(k.V.X).T != value.Long) {
		b.failf(x.At(), "a constant whole number of rows was expected here")
	}
	if v.I < 0 {
		b.failf(x.At(), "the number of rows cannot be negative")
	}
	return v.I
}

func (b *binder) take(p *pipeline, op *ast.Rows, in *scope) {
	switch op.Verb {
	case "take":
		p.node = &Limit{In: p.node, N: b.countOf(op.N, in)}
	case "sample":
		p.node, p.ordered = &Sample{In: p.node, N: b.countAbout(op.N, in)}, false
	default:
		b.distinct(p, b.items([]ast.Expr{op.Of}, p.rowOf(in)))
		p.node = &Limit{In: p.node, N: b.countAbout(op.N, in)}
	}
}

func (b *binder) topHitters(p *pipeline, op *ast.TopHitters, in *scope) {
	r := p.rowOf(in)
	n := b.countAbout(op.N, in)
	of := b.item(op.Of, r)[0]
	var aggs []Agg
	r.aggs = &aggs
	var ref Expr
	name := "approximate_count_" + of.name
	if op.By != nil {
		ref = b.aggregate(&ast.Call{Pos: op.Pos, Name: "sum", Args: []ast.Expr{op.By}}, r)[0]
		name = "approximate_sum_" + nameOf(op.By)
	} else {
		ref = b.aggregate(&ast.Call{Pos: op.Pos, Name: "count"}, r)[0]
	}
	key := b.col(of.name, of.x.Type())
	a := &Aggregate{In: p.node, Keys: []Expr{of.x}, Aggs: aggs, Cols: append([]Col{key}, aggs[0].Out...)}
	s := &Sort{In: a, Limit: n, Keys: []SortKey{{X: ref}}}
	s = &Sort{In: s, Limit: -1, Keys: []SortKey{{X: ref, Asc: true}}} // Kusto gives the smallest first
	p.node = &Project{In: s, Cols: []Col{key, b.col(strings.TrimSuffix(name, "_"), ref.Type())}, Exprs: []Expr{Ref{key.ID, key.Type}, ref}}
	p.ordered = true
}
