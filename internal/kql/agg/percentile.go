package agg

import (
	"math"
	"sort"
	"strings"

	"github.com/azptu/azptu/internal/kql/sketch"
	"github.com/azptu/azptu/internal/kql/value"
)

// percentile keeps all values (and weights) of each group and picks by nearest rank.
type percentile struct {
	spec     Spec
	weighted bool
	array    bool
	wanted   []float64
	vals     [][]value.Value
	weights  [][]int64
}

func newPercentile(s Spec) Aggregator {
	p := &percentile{spec: s, weighted: strings.Contains(s.Name, "w"), array: strings.HasSuffix(s.Name, "_array")}
	first := 1
	if p.weighted {
		first = 2
	}
	for _, c := range s.Consts[first:] {
		if l, ok := c.X.([]any); ok {
			for _, x := range l {
				p.wanted = append(p.wanted, value.Convert(value.FromDynamic(x), value.Real).F)
			}
			continue
		}
		p.wanted = append(p.wanted, value.Convert(c, value.Real).F)
	}
	return p
}

func (p *percentile) Resize(n int) { p.vals, p.weights = grow(p.vals, n), grow(p.weights, n) }

func (p *percentile) Update(groups []uint32, args []*value.Vector, n int) {
	for i, g := range groups[:n] {
		x := args[0].Value(i)
		if x.Null || x.T == value.Real && math.IsNaN(x.F) {
			continue
		}
		w := int64(1)
		if p.weighted {
			if w = args[1].Value(i).I; w <= 0 {
				continue
			}
			p.weights[g] = append(p.weights[g], w)
		}
		p.vals[g] = append(p.vals[g], x)
	}
	if p.spec.Bytes != nil {
		p.spec.Bytes(int64(n) * 64)
	}
}

func (p *percentile) Merge(other Aggregator, to []uint32) {
	o := other.(*percentile)
	for i := range o.vals {
		g := to[i]
		p.vals[g] = append(p.vals[g], o.vals[i]...)
		p.weights[g] = append(p.weights[g], o.weights[i]...)
	}
}

func (p *percentile) Results() []*value.Vector {
	n := len(p.wanted)
	if p.array {
		n = 1
	}
	builders := make([]*value.Builder, n)
	for i := range builders {
		builders[i] = value.NewBuilder(p.spec.Result, len(p.vals))
	}
	for g := range p.vals {
		picked := p.pick(g)
		if p.array {
			list := make([]any, len(picked))
			for i, v := range picked {
				list[i] = v.AsDynamic()
			}
			builders[0].Append(value.OfDynamic(list))
			continue
		}
		for i, v := range picked {
			builders[i].Append(value.Convert(v, p.spec.Result))
		}
	}
	out := make([]*value.Vector, n)
	for i, b := range builders {
		out[i] = b.Finish()
	}
	return out
}

func (p *percentile) pick(g int) []value.Value {
	vals, weights := p.vals[g], p.weights[g]
	out := make([]value.Value, len(p.wanted))
	if len(vals) == 0 {
		for i := range out {
			out[i] = value.NullOf(p.spec.Args[0])
		}
		return out
	}
	order := make([]int, len(vals))
	for i := range order {
		order[i] = i
	}
	sort.Slice(order, func(i, j int) bool { return value.Compare(vals[order[i]], vals[order[j]]) < 0 })
	total := float64(len(vals))
	if p.weighted {
		total = 0
		for _, w := range weights {
			total += float64(w)
		}
	}
	for i, want := range p.wanted {
		rank := math.Ceil(want / 100 * total)
		out[i] = vals[order[len(order)-1]]
		if !p.weighted {
			out[i] = vals[order[int(min(max(rank-1, 0), total-1))]]
			continue
		}
		seen := 0.0
		for _, o := range order {
			if seen += float64(weights[o]); seen >= rank {
				out[i] = vals[o]
				break
			}
		}
	}
	return out
}

// digest summarizes numbers for percentile_tdigest.
type digest struct{ d *sketch.Digest }

func newDigest(*Spec) state { return &digest{&sketch.Digest{}} }

func (d *digest) add(row []value.Value) {
	if row[0].Null {
		return
	}
	w := 1.0
	if len(row) > 1 && !row[1].Null {
		w = value.Convert(row[1], value.Real).F
		if row[1].T == value.Real {
			w = row[1].F
		}
	}
	x := row[0]
	if x.T != value.Real {
		x = value.Convert(x, value.Real)
	}
	d.d.Add(x.F, w)
}

func (d *digest) merge(o state) { d.d.Merge(o.(*digest).d) }

func (d *digest) result(*Spec) []value.Value { return []value.Value{value.OfDynamic(d.d.Dynamic())} }

// digestMerge merges digests.
type digestMerge struct{ digest }

func newDigestMerge(*Spec) state { return &digestMerge{digest{&sketch.Digest{}}} }

func (d *digestMerge) add(row []value.Value) {
	if o, ok := sketch.DigestOf(row[0].X); ok {
		d.d.Merge(o)
	}
}

func (d *digestMerge) merge(o state) { d.d.Merge(o.(*digestMerge).d) }
