package agg

import (
	"math"

	"github.com/azptu/azptu/internal/kql/value"
)

// avg is the mean of what is not null; of nothing it is NaN, or null when it is no real.
type avg struct {
	sum *sum
	typ value.Type
}

func newAvg(s Spec) Aggregator {
	return &avg{sum: &sum{typ: s.Args[0]}, typ: s.Result}
}

// MeanOf makes an avg use what a sum of the same values adds up; both must be new.
func MeanOf(mean, total Aggregator) Aggregator {
	a, ok1 := mean.(*avg)
	s, ok2 := total.(*sum)
	if !ok1 || !ok2 || a.sum.typ != s.typ && !(a.sum.typ.Ints() && s.typ.Ints()) {
		return mean
	}
	return &sharedMean{avg{sum: s, typ: a.typ}}
}

// sharedMean is an avg that leaves adding up to a sum.
type sharedMean struct{ avg }

func (*sharedMean) Resize(int) {}

func (*sharedMean) Update([]uint32, []*value.Vector, int) {}

func (*sharedMean) Merge(Aggregator, []uint32) {}

func (a *avg) Resize(n int) { a.sum.Resize(n) }

func (a *avg) Update(groups []uint32, args []*value.Vector, n int) { a.sum.Update(groups, args, n) }

func (a *avg) Merge(o Aggregator, to []uint32) { a.sum.Merge(o.(*avg).sum, to) }

func (a *avg) Results() []*value.Vector {
	a.sum.settle()
	b := value.NewBuilder(a.typ, len(a.sum.seen))
	for i, n := range a.sum.seen {
		b.Append(a.mean(i, n))
	}
	return []*value.Vector{b.Finish()}
}

func (a *avg) mean(i int, n int64) value.Value {
	if n == 0 {
		if a.typ == value.Real {
			return value.OfReal(math.NaN())
		}
		return value.NullOf(a.typ)
	}
	switch {
	case a.sum.typ == value.Real:
		return value.OfReal(a.sum.f[i] / float64(n))
	case a.sum.typ == value.Decimal:
		return value.OfDec(value.DecMean(a.sum.d[i], n))
	case a.typ == value.Real:
		return value.OfReal(float64(a.sum.i[i]) / float64(n))
	}
	return value.Value{T: a.typ, I: a.sum.i[i] / n}
}
