package agg

import (
	"math"

	"github.com/azptu/azptu/internal/kql/value"
)

// extreme is min and max; nulls are passed over.
type extreme struct {
	typ  value.Type
	sign int
	ints []int64
	seen []bool
	vals []value.Value
}

func newExtreme(s Spec) Aggregator {
	e := &extreme{typ: s.Result, sign: 1}
	if s.Name == "min" {
		e.sign = -1
	}
	return e
}

func (e *extreme) Resize(n int) {
	e.seen = grow(e.seen, n)
	if e.typ.Ints() {
		e.ints = grow(e.ints, n)
	} else {
		e.vals = grow(e.vals, n)
	}
}

func (e *extreme) Update(groups []uint32, args []*value.Vector, n int) {
	v := args[0]
	if e.typ.Ints() {
		e.updateInts(groups[:n], v)
		return
	}
	for i, g := range groups[:n] {
		if x := v.Value(i); !x.Null && !(x.T == value.String && x.S == "" && e.seen[g]) {
			e.offer(g, x)
		}
	}
}

func (e *extreme) updateInts(groups []uint32, v *value.Vector) {
	m := v.Mask()
	for i, g := range groups {
		if v.Nulls.Get(i & m) {
			continue
		}
		x := v.I64[i&m]
		if !e.seen[g] || e.sign > 0 && x > e.ints[g] || e.sign < 0 && x < e.ints[g] {
			e.ints[g], e.seen[g] = x, true
		}
	}
}

func (e *extreme) offer(g uint32, x value.Value) {
	if !e.seen[g] {
		e.vals[g], e.seen[g] = x, true
		return
	}
	if x.T == value.Real && math.IsNaN(x.F) {
		e.vals[g] = x
		return
	}
	old := e.vals[g]
	if old.T == value.Real && math.IsNaN(old.F) {
		return
	}
	if old.T == value.String && old.S == "" || value.Compare(x, old)*e.sign > 0 {
		e.vals[g] = x
	}
}

func (e *extreme) Merge(other Aggregator, to []uint32) {
	o := other.(*extreme)
	for i, seen := range o.seen {
		if !seen {
			continue
		}
		g := to[i]
		if !e.typ.Ints() {
			e.offer(g, o.vals[i])
		} else if x := o.ints[i]; !e.seen[g] || e.sign > 0 && x > e.ints[g] || e.sign < 0 && x < e.ints[g] {
			e.ints[g], e.seen[g] = x, true
		}
	}
}

func (e *extreme) Results() []*value.Vector {
	b := value.NewBuilder(e.typ, len(e.seen))
	for i, seen := range e.seen {
		switch {
		case !seen:
			b.AppendNull()
		case e.typ.Ints():
			b.Append(value.Value{T: e.typ, I: e.ints[i]})
		default:
			b.Append(value.Convert(e.vals[i], e.typ))
		}
	}
	return []*value.Vector{b.Finish()}
}
