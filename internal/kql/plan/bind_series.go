package plan

import (
	"github.com/azptu/azptu/internal/kql/ast"
	"github.com/azptu/azptu/internal/kql/value"
)

func (b *binder) makeSeries(p *pipeline, op *ast.MakeSeries, in *scope) {
	r := p.rowOf(in)
	names := newNamer(nil)
	n := &MakeSeries{In: p.node, Nonempty: op.Options.Get("kind") == "nonempty"}
	var keyCols []Col
	n.Keys, keyCols = b.grouping(op.By, r, names)
	axis := b.item(op.On, r)[0]
	n.Axis = axis.x
	t := axis.x.Type()
	if t == value.Int {
		n.Axis, t = b.coerce(n.Axis, value.Long), value.Long
	}
	if t != value.DateTime && t != value.TimeSpan && !t.IsNumeric() {
		b.failf(op.On.At(), "the axis of make-series is a datetime, timespan or number, not %s", t)
	}
	b.bounds(n, op, in, t)
	r.aggs = &n.Aggs
	var series []Col
	for _, a := range op.Aggs {
		x, name := b.seriesValue(a.X, r)
		def := value.OfLong(0)
		if a.Default != nil {
			def = b.constant(a.Default, in)
		}
		if t := x.Type(); t != value.Dynamic && t != value.String {
			def = value.Convert(def, t)
		}
		n.Values, n.Defaults = append(n.Values, x), append(n.Defaults, def)
		if name == "" {
			name = names.fresh()
		} else {
			name = names.unique(name)
		}
		series = append(series, b.col(name, value.Dynamic))
	}
	n.Cols = append(keyCols, series...)
	n.Cols = append(n.Cols, b.col(names.unique(nameOr(axis.name, "axis")), value.Dynamic))
	p.node, p.ordered = n, false
}

// seriesValue binds what make-series computes of the rows at a place: an aggregate, an
// expression of aggregates or a constant.
func (b *binder) seriesValue(x ast.Expr, r *row) (Expr, string) {
	name := nameOf(x)
	if named, ok := x.(*ast.Named); ok {
		x = named.X
	}
	if c, ok := x.(*ast.Call); ok && isAggregate(c, r) {
		refs := b.aggregate(c, r)
		if len(refs) > 1 {
			b.failf(c.Pos, "%s() gives %d columns; a series is made of one: ask for each by itself", c.Name, len(refs))
		}
		if name == "" {
			name = aggName(c, 0, (*r.aggs)[len(*r.aggs)-1].Args, r.cols)
		}
		return refs[0], name
	}
	before := len(*r.aggs)
	e := b.scalar(x, r)
	b.onlyAggregates(e, r, x.At(), len(*r.aggs) > before)
	return e, name
}

func (b *binder) bounds(n *MakeSeries, op *ast.MakeSeries, in *scope, t value.Type) {
	bound := func(x ast.Expr, to value.Type) value.Value {
		if x == nil {
			return value.NullOf(to)
		}
		v := b.constant(x, in)
		if v.T != to && !(v.T.IsNumeric() && to.IsNumeric()) {
			b.failf(x.At(), "the bounds of make-series are of the axis' type %s, not %s", to, v.T)
		}
		return value.Convert(v, to)
	}
	stepType := t
	if t == value.DateTime {
		stepType = value.TimeSpan
	}
	if op.InFrom != nil {
		n.From, n.To, n.Step = bound(op.InFrom, t), bound(op.InTo, t), bound(op.InStep, stepType)
		n.Inclusive = true
	} else {
		n.From, n.To, n.Step = bound(op.From, t), bound(op.To, t), bound(op.Step, stepType)
	}
	if n.Step.Null || n.Step.I < 0 || n.Step.F < 0 || n.Step.T != value.Real && n.Step.T != value.Decimal && n.Step.I == 0 {
		b.failf(op.Pos, "the step of make-series must be more than zero")
	}
}

func (b *binder) topNested(p *pipeline, op *ast.TopNested, in *scope) {
	n := &TopNested{In: p.node}
	names := newNamer(nil)
	for _, l := range op.Levels {
		r := p.rowOf(in)
		key := b.item(l.Of, r)[0]
		level := NestedLevel{N: -1, Key: key.x, Asc: l.Asc}
		if l.N != nil {
			level.N = b.countOf(l.N, in)
		}
		if l.Others != nil {
			v := value.Convert(b.constant(l.Others, in), key.x.Type())
			level.Others = &v
		}
		var aggs []Agg
		r.aggs = &aggs
		inner, given := l.By, ""
		if named, ok := inner.(*ast.Named); ok {
			inner, given = named.X, named.Names[0]
		}
		level.Final = b.scalar(inner, r)
		b.onlyAggregates(level.Final, r, l.By.At(), len(aggs) > 0)
		if len(aggs) != 1 || len(aggs[0].Out) != 1 {
			b.failf(l.By.At(), "one aggregate was expected here, such as sum(…)")
		}
		level.Agg = aggs[0]
		name := names.unique(nameOr(key.name, "Column"))
		n.Levels = append(n.Levels, level)
		n.Cols = append(n.Cols, b.col(name, key.x.Type()), b.col(names.unique(nameOr(given, "aggregated_"+name)), level.Final.Type()))
	}
	p.node, p.ordered = n, false
}
