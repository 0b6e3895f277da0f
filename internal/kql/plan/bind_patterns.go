package plan

import (
	"github.com/azptu/azptu/internal/kql/ast"
	"github.com/azptu/azptu/internal/kql/value"
)

// patterns binds autocluster, basket and diffpatterns, which look for values that often
// come together. '~' stands for an argument's default.
func (b *binder) patterns(p *pipeline, op *ast.Evaluate, in *scope) {
	a := b.pluginArgs(p, op, in)
	left := map[int]bool{} // columns that are no part of a pattern
	var side Expr
	var sets []value.Value
	if a.n.Name == "diffpatterns" {
		side = a.column("the column that tells the two sets apart")
		left[side.(Ref).ID] = true
		for range 2 {
			sets = append(sets, value.OfString(value.Text(b.constant(a.next("a value of that column"), in))))
		}
	}
	var size, weight Expr
	if a.n.Name == "autocluster" {
		size = a.optional()
	}
	if a.n.Name == "basket" {
		size = a.optional()
	}
	weight = a.optional()
	if a.n.Name == "diffpatterns" {
		size = a.optional()
	}
	many := a.optional()
	b.settle(a, left, side, sets, weight)
	switch a.n.Name {
	case "autocluster":
		a.tune(size, 0.5, 0, 1)
		a.tune(many, 25, 1, 10000)
	case "basket":
		a.tune(size, 0.05, 0.015, 1)
		a.tune(many, 5, 1, 1000)
	default:
		a.tune(size, 0.05, 0.015, 1)
		a.tune(many, 1000, 1, 1000)
	}
	for len(a.rest) > 0 {
		if x, ok := a.optional().(Const); ok {
			a.n.Consts = append(a.n.Consts, x.V)
		}
	}
	counts := "SegmentId:long Count:long Percent:real"
	if side != nil {
		counts = "SegmentId:long CountA:long CountB:long PercentA:real PercentB:real PercentDiffAB:real"
	}
	out := a.made(counts)
	for i, x := range a.exprs {
		if i >= len(a.exprs)-a.n.Dims {
			out = append(out, b.col(a.names[i], x.Type()))
		}
	}
	a.n.Dims = 0
	a.done(out...)
}

// settle puts the columns in order: the weight, the side, those to look at, and begins the
// constants.
func (b *binder) settle(a *pluginArgs, left map[int]bool, side Expr, sets []value.Value, weight Expr) {
	a.exprs, a.names = nil, nil
	put := func(x Expr, name string) { a.exprs, a.names = append(a.exprs, x), append(a.names, name) }
	if weight != nil {
		ref, ok := weight.(Ref)
		if !ok || !ref.T.IsNumeric() {
			b.failf(a.op.Call.Pos, "the weight of %s() is a column of numbers, or '~' for none", a.op.Call.Name)
		}
		left[ref.ID] = true
		put(ref, "weight")
	}
	if side != nil {
		put(b.coerce(side, value.String), "side")
	}
	for _, c := range a.p.node.Columns() {
		if !left[c.ID] {
			put(Ref{c.ID, c.Type}, c.Name)
			a.n.Dims++
		}
	}
	a.n.Consts = append([]value.Value{value.OfBool(weight != nil)}, sets...)
}

// optional takes an argument; nil when it is not given or is '~'.
func (a *pluginArgs) optional() Expr {
	if len(a.rest) == 0 {
		return nil
	}
	x := a.b.scalar(a.next("an argument"), a.p.rowOf(a.in))
	if k, ok := x.(Const); ok && k.V.T == value.String && k.V.S == "~" {
		return nil
	}
	return x
}

// tune adds a constant number between two others.
func (a *pluginArgs) tune(x Expr, fallback, least, most float64) {
	v := value.OfReal(fallback)
	if x != nil {
		k, ok := x.(Const)
		v = value.Convert(k.V, value.Real)
		if !ok || !k.V.T.IsNumeric() || v.Null || v.F < least || v.F > most {
			a.b.failf(a.op.Call.Pos, "%s() takes a constant number from %v to %v here, or '~'", a.op.Call.Name, least, most)
		}
	}
	if least >= 1 {
		v = value.OfLong(int64(v.F))
	}
	a.n.Consts = append(a.n.Consts, v)
}
