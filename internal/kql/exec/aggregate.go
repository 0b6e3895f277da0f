package exec

import (
	"context"
	"fmt"
	"sort"
	"sync"

	"github.com/azptu/azptu/internal/kql/agg"
	"github.com/azptu/azptu/internal/kql/plan"
	"github.com/azptu/azptu/internal/kql/value"
)

// grouping is the running state of an aggregate operator on one goroutine.
type grouping struct {
	g    *grouper
	aggs []agg.Aggregator
}

func (x *Runner) newGrouping(keys []plan.Expr, aggs []plan.Agg) *grouping {
	types := make([]value.Type, len(keys))
	for i, k := range keys {
		types[i] = k.Type()
	}
	s := &grouping{g: newGrouper(types)}
	for _, a := range aggs {
		spec := a.Spec
		spec.Bytes = func(n int64) {
			if err := x.grow(n); err != nil {
				x.Fn.Fail(blame(err, "summarize"))
			}
		}
		s.aggs = append(s.aggs, agg.New(spec))
	}
	for i, a := range aggs {
		for j, b := range aggs {
			if a.Spec.Name == "avg" && b.Spec.Name == "sum" && plan.Same(a.Args[0], b.Args[0]) {
				s.aggs[i] = agg.MeanOf(s.aggs[i], s.aggs[j])
			}
		}
	}
	return s
}

// aggregate groups its input, on several goroutines when the order of rows does not matter.
func (x *Runner) aggregate(ctx context.Context, n *plan.Aggregate, emit func(*Rel) error) error {
	workers := x.workers()
	for _, a := range n.Aggs {
		if agg.OrderMatters(a.Spec.Name) || a.Spec.Result == value.Real && a.Spec.Name != "avg" {
			workers = 1
		}
	}
	c := x.over(n.In)
	keys := c.all(n.Keys)
	args := make([][]eval, len(n.Aggs))
	for i, a := range n.Aggs {
		args[i] = c.all(a.Args)
	}
	var mu sync.Mutex
	var free, every []*grouping
	err := x.stream(ctx, n.In, workers, func(r *Rel) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		mu.Lock()
		var s *grouping
		if len(free) > 0 {
			s = free[len(free)-1]
			free = free[:len(free)-1]
		} else {
			s = x.newGrouping(n.Keys, n.Aggs)
			every = append(every, s)
		}
		mu.Unlock()
		err := x.update(s, r, keys, args)
		mu.Lock()
		free = append(free, s)
		mu.Unlock()
		return err
	})
	if err != nil {
		return err
	}
	if len(every) == 0 {
		every = append(every, x.newGrouping(n.Keys, n.Aggs))
	}
	return emitBatches(x.finish(every, n), emit)
}

func (x *Runner) update(s *grouping, r *Rel, keys []eval, args [][]eval) error {
	kv := make([]*value.Vector, len(keys))
	for i, k := range keys {
		kv[i] = k(r)
	}
	before := s.g.len()
	groups := s.g.assign(kv, r.Len, r.Seq)
	total := s.g.len()
	if x.MaxRows > 0 && int64(total) > x.MaxRows {
		return &LimitError{What: fmt.Sprintf("makes more than %d groups: filter rows first, or group by fewer or coarser keys (bin)", x.MaxRows), Operator: "summarize"}
	}
	if total > before {
		if err := x.grow(int64(total-before) * int64(64+48*(len(keys)+len(args)))); err != nil {
			return blame(err, "summarize")
		}
	}
	for i, a := range s.aggs {
		a.Resize(total)
		av := make([]*value.Vector, len(args[i]))
		for j, e := range args[i] {
			if av[j] = e(r); !agg.TakesCodes(a) {
				av[j] = av[j].Flat()
			}
		}
		a.Update(groups, av, r.Len)
	}
	return x.Fn.Err()
}

// finish merges what the goroutines have and puts groups in the order they were first seen.
func (x *Runner) finish(every []*grouping, n *plan.Aggregate) *Rel {
	s := every[0]
	for _, o := range every[1:] {
		to := s.g.merge(o.g)
		for i, a := range s.aggs {
			a.Resize(s.g.len())
			o.aggs[i].Resize(o.g.len())
			a.Merge(o.aggs[i], to)
		}
	}
	total := s.g.len()
	out := &Rel{Len: total}
	out.Cols = append(out.Cols, s.g.columns()...)
	for _, a := range s.aggs {
		a.Resize(total)
		out.Cols = append(out.Cols, a.Results()...)
	}
	if len(every) > 1 && len(s.g.keys) > 0 {
		order := make([]int32, total)
		for i := range order {
			order[i] = int32(i)
		}
		sort.Slice(order, func(i, j int) bool { return s.g.first[order[i]] < s.g.first[order[j]] })
		out = out.take(order)
	}
	return out
}
