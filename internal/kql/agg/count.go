package agg

import "github.com/azptu/azptu/internal/kql/value"

// count counts rows. An argument changes nothing: Kusto counts its nulls too.
type count struct{ n []int64 }

func newCount(Spec) Aggregator { return &count{} }

func (c *count) Resize(n int) { c.n = grow(c.n, n) }

func (c *count) Update(groups []uint32, _ []*value.Vector, n int) {
	for _, g := range groups[:n] {
		c.n[g]++
	}
}

func (c *count) Merge(o Aggregator, to []uint32) {
	for i, n := range o.(*count).n {
		c.n[to[i]] += n
	}
}

func (c *count) Results() []*value.Vector {
	return []*value.Vector{{Type: value.Long, Len: len(c.n), I64: c.n}}
}
