package agg

import (
	"github.com/azptu/azptu/internal/kql/sketch"
	"github.com/azptu/azptu/internal/kql/value"
	"github.com/cespare/xxhash/v2"
)

// dcount counts distinct values: dcount, count_distinct and hll.
type dcount struct {
	spec Spec
	h    []*sketch.HLL
	buf  []byte
}

func newDCount(s Spec) Aggregator { return &dcount{spec: s} }

func (d *dcount) Resize(n int) {
	old := len(d.h)
	d.h = grow(d.h, n)
	for i := old; i < n; i++ {
		d.h[i] = sketch.NewHLL()
	}
}

func (d *dcount) Update(groups []uint32, args []*value.Vector, n int) {
	v := args[0]
	if v.Codes != nil && v.Type == value.String && len(v.Dict) <= n {
		hashes := make([]uint64, len(v.Dict))
		for i, w := range v.Dict {
			hashes[i] = xxhash.Sum64String(w)
		}
		for i, g := range groups[:n] {
			d.h[g].Add(hashes[v.Codes[i]])
		}
		return
	}
	for i, g := range groups[:n] {
		switch {
		case v.Type == value.String:
			d.h[g].Add(xxhash.Sum64String(v.Text(i)))
		case !v.Null(i):
			d.buf = value.AppendKey(d.buf[:0], v, i)
			d.h[g].Add(xxhash.Sum64(d.buf))
		}
	}
}

func (d *dcount) Merge(o Aggregator, to []uint32) {
	for i, h := range o.(*dcount).h {
		d.h[to[i]].Merge(h)
	}
}

func (d *dcount) Results() []*value.Vector {
	b := value.NewBuilder(d.spec.Result, len(d.h))
	for _, h := range d.h {
		if d.spec.Name == "hll" {
			b.Append(value.OfDynamic(h.Dynamic()))
		} else {
			b.Append(value.OfLong(h.Count()))
		}
	}
	return []*value.Vector{b.Finish()}
}

// hllMerge merges counters made by hll().
type hllMerge struct{ h *sketch.HLL }

func newHLLMerge(*Spec) state { return &hllMerge{sketch.NewHLL()} }

func (m *hllMerge) add(row []value.Value) {
	if h, ok := sketch.HLLOf(row[0].X); ok {
		m.h.Merge(h)
	}
}

func (m *hllMerge) merge(o state) { m.h.Merge(o.(*hllMerge).h) }

func (m *hllMerge) result(*Spec) []value.Value { return []value.Value{value.OfDynamic(m.h.Dynamic())} }
