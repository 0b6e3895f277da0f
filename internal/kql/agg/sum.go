package agg

import "github.com/azptu/azptu/internal/kql/value"

// sum adds up. Integers wrap around as Kusto's do; null rows are passed over.
type sum struct {
	typ  value.Type
	i    []int64
	f    []float64
	d    []value.Dec
	seen []int64
	// coded is what was added up of coded columns and is not yet in the slices above.
	coded codedSum
}

func newSum(s Spec) Aggregator { return &sum{typ: s.Result} }

func (s *sum) Resize(n int) {
	switch s.typ {
	case value.Real:
		s.f = grow(s.f, n)
	case value.Decimal:
		s.d = grow(s.d, n)
	default:
		s.i = grow(s.i, n)
	}
	s.seen = grow(s.seen, n)
	if s.coded.parts != nil {
		s.coded.parts = grow(s.coded.parts, n)
	}
}

func (s *sum) Update(groups []uint32, args []*value.Vector, n int) {
	v := args[0]
	if v.Words != nil {
		if s.updateCoded(groups[:n], v) {
			return
		}
		v = v.Flat()
	}
	m := v.Mask()
	nulls := len(v.Nulls) > 0
	switch s.typ {
	case value.Real:
		for i, g := range groups[:n] {
			if !nulls || !v.Nulls.Get(i&m) {
				s.f[g] += v.F64[i&m]
				s.seen[g]++
			}
		}
	case value.Decimal:
		s.decimals(groups[:n], v, m)
	default:
		for i, g := range groups[:n] {
			if !nulls || !v.Nulls.Get(i&m) {
				s.i[g] += v.I64[i&m]
				s.seen[g]++
			}
		}
	}
}

func (s *sum) decimals(groups []uint32, v *value.Vector, m int) {
	nulls := len(v.Nulls) > 0
	for i, g := range groups {
		if !nulls || !v.Nulls.Get(i&m) {
			d, acc := &v.Dec[i&m], &s.d[g]
			if t := acc.Coef + d.Coef; d.Big == nil && acc.Big == nil && d.Exp == acc.Exp && (t > acc.Coef) == (d.Coef > 0) {
				acc.Coef = t
			} else {
				*acc = acc.Add(*d)
			}
			s.seen[g]++
		}
	}
}

func (s *sum) Merge(other Aggregator, to []uint32) {
	o := other.(*sum)
	s.settle()
	o.settle()
	for i, n := range o.seen {
		g := to[i]
		s.seen[g] += n
		switch s.typ {
		case value.Real:
			s.f[g] += o.f[i]
		case value.Decimal:
			s.d[g] = s.d[g].Add(o.d[i])
		default:
			s.i[g] += o.i[i]
		}
	}
}

func (s *sum) Results() []*value.Vector {
	s.settle()
	return []*value.Vector{{Type: s.typ, Len: len(s.seen), I64: s.i, F64: s.f, Dec: s.d}}
}
