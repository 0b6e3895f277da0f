package exec

import (
	"context"
	"sort"

	"github.com/azptu/azptu/internal/kql/plan"
	"github.com/azptu/azptu/internal/kql/value"
)

// topNested keeps the best values of each level within each value kept of the level above.
func (x *Runner) topNested(ctx context.Context, n *plan.TopNested, emit func(*Rel) error) error {
	in, err := x.hold(ctx, "top-nested", n.In)
	if err != nil {
		return err
	}
	c := x.compiler(n.In.Columns())
	builders := make([]*value.Builder, len(n.Cols))
	for i, col := range n.Cols {
		builders[i] = value.NewBuilder(col.Type, 0)
	}
	all := make([]int32, in.Len)
	for i := range all {
		all[i] = int32(i)
	}
	x.nest(n, c, in, all, 0, nil, builders)
	out := &Rel{Len: builders[0].Len()}
	for _, b := range builders {
		out.Cols = append(out.Cols, b.Finish())
	}
	return emitBatches(out, emit)
}

type nestedGroup struct {
	key, agg value.Value
	rows     []int32
}

func (x *Runner) nest(n *plan.TopNested, c *compiler, in *Rel, sel []int32, level int, prefix []value.Value, out []*value.Builder) {
	if level == len(n.Levels) {
		for i, v := range prefix {
			out[i].Append(v)
		}
		return
	}
	l := n.Levels[level]
	groups := x.nestedGroups(l, c, in.take(sel), sel)
	sort.SliceStable(groups, func(i, j int) bool {
		cmp := value.Compare(groups[i].agg, groups[j].agg)
		if l.Asc {
			return cmp < 0
		}
		return cmp > 0
	})
	kept := groups
	var rest []int32
	if l.N >= 0 && int64(len(groups)) > l.N {
		kept = groups[:l.N]
		for _, g := range groups[l.N:] {
			rest = append(rest, g.rows...)
		}
	}
	for _, g := range kept {
		x.nest(n, c, in, g.rows, level+1, append(prefix[:len(prefix):len(prefix)], g.key, g.agg), out)
	}
	if l.Others != nil && len(rest) > 0 {
		agg := x.aggOf(l, c, in.take(rest))
		x.nestOthers(n, c, in, rest, level+1, append(prefix[:len(prefix):len(prefix)], *l.Others, agg), out)
	}
}

// nestOthers carries the row for the others down: below it there are only others.
func (x *Runner) nestOthers(n *plan.TopNested, c *compiler, in *Rel, sel []int32, level int, prefix []value.Value, out []*value.Builder) {
	for ; level < len(n.Levels); level++ {
		l := n.Levels[level]
		key := value.NullOf(l.Key.Type())
		if l.Others != nil {
			key = *l.Others
		}
		prefix = append(prefix, key, x.aggOf(l, c, in.take(sel)))
	}
	for i, v := range prefix {
		out[i].Append(v)
	}
}

func (x *Runner) nestedGroups(l plan.NestedLevel, c *compiler, r *Rel, sel []int32) []nestedGroup {
	s := x.newGrouping([]plan.Expr{l.Key}, []plan.Agg{l.Agg})
	key := c.compile(l.Key)(r)
	ids := s.g.assign([]*value.Vector{key}, r.Len, 0)
	s.aggs[0].Resize(s.g.len())
	s.aggs[0].Update(ids, keysOf(c.all(l.Agg.Args), r), r.Len)
	final := x.finalOf(l, s.aggs[0].Results()[0])
	keys := s.g.columns()[0]
	out := make([]nestedGroup, s.g.len())
	for i := range out {
		out[i].key, out[i].agg = keys.Value(i), final.Value(i)
	}
	for i, id := range ids {
		out[id].rows = append(out[id].rows, sel[i])
	}
	return out
}

// finalOf computes the expression around the aggregate.
func (x *Runner) finalOf(l plan.NestedLevel, agg *value.Vector) *value.Vector {
	return x.compiler(l.Agg.Out).compile(l.Final)(&Rel{Cols: []*value.Vector{agg}, Len: agg.Len})
}

func (x *Runner) aggOf(l plan.NestedLevel, c *compiler, r *Rel) value.Value {
	s := x.newGrouping(nil, []plan.Agg{l.Agg})
	s.aggs[0].Resize(1)
	s.aggs[0].Update(make([]uint32, r.Len), keysOf(c.all(l.Agg.Args), r), r.Len)
	return x.finalOf(l, s.aggs[0].Results()[0]).Value(0)
}
