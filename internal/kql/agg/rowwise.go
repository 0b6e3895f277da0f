package agg

import "github.com/azptu/azptu/internal/kql/value"

// state is one group's state of an aggregate that takes rows one at a time.
type state interface {
	add(row []value.Value)
	merge(o state)
	result(s *Spec) []value.Value
}

// rows runs a state for each group.
type rows struct {
	spec   Spec
	make   func(s *Spec) state
	states []state
}

func rowwise(f func(s *Spec) state) maker {
	return func(s Spec) Aggregator { return &rows{spec: s, make: f} }
}

func (r *rows) Resize(n int) {
	old := len(r.states)
	r.states = grow(r.states, n)
	for i := old; i < n; i++ {
		r.states[i] = r.make(&r.spec)
	}
}

func (r *rows) Update(groups []uint32, args []*value.Vector, n int) {
	row := make([]value.Value, len(args))
	for i := range n {
		for j, v := range args {
			row[j] = v.Value(i)
		}
		r.states[groups[i]].add(row)
	}
	if r.spec.Bytes != nil {
		for _, v := range args {
			if !v.Const {
				r.spec.Bytes(v.Bytes())
			}
		}
	}
}

func (r *rows) Merge(other Aggregator, to []uint32) {
	for i, s := range other.(*rows).states {
		r.states[to[i]].merge(s)
	}
}

func (r *rows) Results() []*value.Vector {
	empty := r.make(&r.spec).result(&r.spec)
	builders := make([]*value.Builder, len(empty))
	for i, v := range empty {
		builders[i] = value.NewBuilder(v.T, len(r.states))
	}
	for _, s := range r.states {
		for i, v := range s.result(&r.spec) {
			builders[i].Append(v)
		}
	}
	out := make([]*value.Vector, len(builders))
	for i, b := range builders {
		out[i] = b.Finish()
	}
	return out
}
