package sketch

import (
	"math"
	"testing"
)

// mix spreads numbers over all bits (splitmix64).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func TestCountsAreExactWhileFewAndCloseWhenMany(t *testing.T) {
	for _, n := range []int{0, 1, 5000, 8192, 100000, 300000} {
		h, other := NewHLL(), NewHLL()
		for i := range n {
			h.Add(mix(uint64(i)))
			if i%2 == 0 {
				other.Add(mix(uint64(i + n/2)))
			}
		}
		if got := h.Count(); n <= exactUpTo && got != int64(n) || math.Abs(float64(got-int64(n))) > 0.03*float64(n) {
			t.Errorf("%d distinct values are counted as %d", n, got)
		}
		carried, ok := HLLOf(h.Dynamic())
		if !ok || carried.Count() != h.Count() {
			t.Errorf("%d values: what is carried counts differently", n)
		}
		carried.Merge(other)
		if want := float64(n) + float64(n)/4; math.Abs(float64(carried.Count())-want) > 0.04*want+1 {
			t.Errorf("merging counts %d, want about %.0f", carried.Count(), want)
		}
	}
}

func TestDigestPercentiles(t *testing.T) {
	d := &Digest{}
	for i := range 100000 {
		d.Add(float64(mix(uint64(i))%1000000), 1)
	}
	for _, p := range []float64{1, 25, 50, 90, 99} {
		x, ok := d.Percentile(p)
		if !ok || math.Abs(x-p*10000) > 6000 {
			t.Errorf("percentile %g is %g", p, x)
		}
	}
	if d2, ok := DigestOf(d.Dynamic()); !ok || math.Abs(d2.Total()-100000) > 1 {
		t.Error("a digest is not carried whole")
	}
	for _, bad := range []any{nil, "x", []any{"tdigest", int64(1), nil}, []any{int64(14), int64(1), "AAAA"}} {
		if _, ok := DigestOf(bad); ok {
			t.Errorf("%v was read as a digest", bad)
		}
		if _, ok := HLLOf(bad); ok {
			t.Errorf("%v was read as a counter", bad)
		}
	}
}
