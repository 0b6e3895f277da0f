package value

import (
	"math/rand/v2"
	"testing"
)

func TestDecMeanIsQuo(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	check := func(total, n int64) {
		t.Helper()
		want, _ := DecOf(total).Quo(DecOf(n))
		got := DecMean(DecOf(total), n)
		if got.String() != want.String() || got.Exp != want.Exp || got.Cmp(want) != 0 {
			t.Fatalf("%d / %d = %s (exponent %d), want %s (%d)", total, n, got, got.Exp, want, want.Exp)
		}
	}
	for _, total := range []int64{0, 1, -1, 2, 10, 99, 100, 12345, -98765, 1 << 62, -1 << 63, 1<<63 - 1, 999999999999999999} {
		for _, n := range []int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 16, 99, 125, 1000, 1 << 40, 1<<63 - 1} {
			check(total, n)
		}
	}
	for range 20000 {
		check(r.Int64N(1<<(1+r.IntN(62)))-r.Int64N(1000), 1+r.Int64N(1<<(1+r.IntN(40))))
	}
}
