package exec

import (
	"context"
	"sort"

	"github.com/azptu/azptu/internal/kql/plan"
	"github.com/azptu/azptu/internal/kql/value"
)

// sort orders all rows, or keeps the first of them without holding the others.
func (x *Runner) sort(ctx context.Context, n *plan.Sort, emit func(*Rel) error) error {
	cols := n.In.Columns()
	keys := make([]plan.Expr, len(n.Keys))
	for i, k := range n.Keys {
		keys[i] = k.X
	}
	evals := x.compiler(cols).all(keys)
	if n.Limit == 0 {
		return nil
	}
	var in *Rel
	var err error
	if n.Limit > 0 && n.Limit <= 10000 {
		in, err = x.top(ctx, n, cols, evals)
	} else {
		in, err = x.hold(ctx, "sort", n.In)
	}
	if err != nil || in == nil {
		return err
	}
	order := x.order(in, evals, n.Keys)
	if n.Limit >= 0 {
		order = order[:min(len(order), int(n.Limit))]
	}
	return emitBatches(in.take(order), emit)
}

// top gathers candidates and throws away what cannot be among the first whenever there
// are many.
func (x *Runner) top(ctx context.Context, n *plan.Sort, cols []plan.Col, evals []eval) (*Rel, error) {
	var parts []*Rel
	held := 0
	shrink := func() *Rel {
		all := concat(cols, parts)
		order := x.order(all, evals, n.Keys)
		return all.take(order[:min(len(order), int(n.Limit))])
	}
	err := x.stream(ctx, n.In, 1, func(r *Rel) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		parts = append(parts, r)
		if held += r.Len; held > 4*int(n.Limit)+16*batchRows {
			kept := shrink()
			parts, held = []*Rel{kept}, kept.Len
		}
		return nil
	})
	if err != nil || len(parts) == 0 {
		return nil, err
	}
	return shrink(), nil
}

func concat(cols []plan.Col, parts []*Rel) *Rel {
	if len(parts) == 1 {
		return parts[0]
	}
	out := &Rel{Cols: make([]*value.Vector, len(cols))}
	for _, p := range parts {
		out.Len += p.Len
	}
	for i, c := range cols {
		vs := make([]*value.Vector, len(parts))
		for j, p := range parts {
			vs[j] = p.Cols[i]
		}
		out.Cols[i] = value.Concat(c.Type, vs)
	}
	return out
}

// order gives the rows' numbers in sorted order; equal rows keep their places.
func (x *Runner) order(r *Rel, evals []eval, keys []plan.SortKey) []int32 {
	less := make([]func(i, j int32) int, len(keys))
	for k, e := range evals {
		less[k] = comparer(e(r), keys[k])
	}
	order := make([]int32, r.Len)
	for i := range order {
		order[i] = int32(i)
	}
	sort.SliceStable(order, func(a, b int) bool {
		i, j := order[a], order[b]
		for _, f := range less {
			if c := f(i, j); c != 0 {
				return c < 0
			}
		}
		return false
	})
	return order
}

// comparer compares two rows by one key.
func comparer(v *value.Vector, k plan.SortKey) func(i, j int32) int {
	sign, nulls := -1, 1
	if k.Asc {
		sign = 1
	}
	if k.NullsFirst {
		nulls = -1
	}
	if v.Const {
		return func(int32, int32) int { return 0 }
	}
	raw := rawComparer(v)
	if len(v.Nulls) == 0 && v.Type != value.Real && v.Type != value.Dynamic {
		return func(i, j int32) int { return sign * raw(i, j) }
	}
	return func(i, j int32) int {
		a, b := missing(v, i), missing(v, j)
		switch {
		case a && b:
			return nulls * (nullRank(v, j) - nullRank(v, i)) // nulls stand outside of NaN
		case a:
			return nulls
		case b:
			return -nulls
		}
		return sign * raw(i, j)
	}
}

// missing says whether a row sorts with the nulls: null and NaN do.
func missing(v *value.Vector, i int32) bool {
	return v.Null(int(i)) || v.Type == value.Real && v.F64[i] != v.F64[i]
}

func nullRank(v *value.Vector, i int32) int {
	if v.Null(int(i)) {
		return 0
	}
	return 1
}

func rawComparer(v *value.Vector) func(i, j int32) int {
	switch {
	case v.Type.Ints():
		return func(i, j int32) int {
			a, b := v.I64[i], v.I64[j]
			switch {
			case a < b:
				return -1
			case a > b:
				return 1
			}
			return 0
		}
	case v.Type == value.Real:
		return func(i, j int32) int { return value.CompareReal(v.F64[i], v.F64[j]) }
	case v.Codes != nil && v.Type == value.String:
		rank := ranks(v.Dict)
		return func(i, j int32) int { return rank[v.Codes[i]] - rank[v.Codes[j]] }
	}
	return func(i, j int32) int { return value.Compare(v.Value(int(i)), v.Value(int(j))) }
}

// ranks gives each word its place in sorted order; equal words share one.
func ranks(dict []string) []int {
	by := make([]int, len(dict))
	for i := range by {
		by[i] = i
	}
	sort.Slice(by, func(i, j int) bool { return dict[by[i]] < dict[by[j]] })
	out := make([]int, len(dict))
	for i, d := range by {
		out[d] = i
		if i > 0 && dict[by[i-1]] == dict[d] {
			out[d] = out[by[i-1]]
		}
	}
	return out
}
