package agg

import "github.com/azptu/azptu/internal/kql/value"

// count counts rows, or those whose argument is not null (or, for a bool, is true).
type count struct{ n []int64 }

func newCount(Spec) Aggregator { return &count{} }

func (c *count) Resize(n int) { c.n = grow(c.n, n) }

func (c *count) Update(groups []uint32, args []*value.Vector, n int) {
	if len(args) == 0 || !args[0].HasNulls() {
		for _, g := range groups[:n] {
			c.n[g]++
		}
		return
	}
	for i, g := range groups[:n] {
		if !args[0].Null(i) {
			c.n[g]++
		}
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
