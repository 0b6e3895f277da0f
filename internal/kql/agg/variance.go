package agg

import (
	"math"
	"strings"

	"github.com/azptu/azptu/internal/kql/value"
)

// variance keeps count, mean and squared distance (Welford).
type variance struct {
	name string
	n    []float64
	mean []float64
	m2   []float64
}

func newVariance(s Spec) Aggregator { return &variance{name: s.Name} }

func (v *variance) Resize(n int) { v.n, v.mean, v.m2 = grow(v.n, n), grow(v.mean, n), grow(v.m2, n) }

func floatAt(v *value.Vector, i int) (float64, bool) {
	x := v.Value(i)
	if x.Null {
		return 0, false
	}
	if x.T == value.Real {
		return x.F, true
	}
	return value.Convert(x, value.Real).F, true
}

func (v *variance) Update(groups []uint32, args []*value.Vector, n int) {
	for i, g := range groups[:n] {
		if x, ok := floatAt(args[0], i); ok {
			v.n[g]++
			d := x - v.mean[g]
			v.mean[g] += d / v.n[g]
			v.m2[g] += d * (x - v.mean[g])
		}
	}
}

func (v *variance) Merge(other Aggregator, to []uint32) {
	o := other.(*variance)
	for i, m := range o.n {
		if m == 0 {
			continue
		}
		g := to[i]
		n := v.n[g] + m
		d := o.mean[i] - v.mean[g]
		v.m2[g] += o.m2[i] + d*d*v.n[g]*m/n
		v.mean[g] += d * m / n
		v.n[g] = n
	}
}

func (v *variance) Results() []*value.Vector {
	b := value.NewBuilder(value.Real, len(v.n))
	for i, n := range v.n {
		if !strings.HasSuffix(v.name, "p") {
			n--
		}
		r := 0.0
		if n > 0 {
			r = tenDigits(v.m2[i] / n)
		}
		if strings.HasPrefix(v.name, "stdev") {
			r = math.Sqrt(r)
		}
		b.Append(value.OfReal(r))
	}
	return []*value.Vector{b.Finish()}
}

// tenDigits rounds to ten fraction digits, as Kusto does with a variance, also before it
// takes the root of it.
func tenDigits(f float64) float64 {
	if math.Abs(f) >= 1e16 {
		return f
	}
	return math.RoundToEven(f*1e10) / 1e10
}

// covariance keeps the sums of products.
type covariance struct {
	sample         bool
	n, x, y, cross []float64
}

func newCovariance(s Spec) Aggregator { return &covariance{sample: s.Name == "covariance"} }

func (c *covariance) Resize(n int) {
	c.n, c.x, c.y, c.cross = grow(c.n, n), grow(c.x, n), grow(c.y, n), grow(c.cross, n)
}

func (c *covariance) Update(groups []uint32, args []*value.Vector, n int) {
	for i, g := range groups[:n] {
		x, ok1 := floatAt(args[0], i)
		y, ok2 := floatAt(args[1], i)
		if ok1 && ok2 {
			c.n[g]++
			dx := x - c.x[g]
			c.x[g] += dx / c.n[g]
			c.y[g] += (y - c.y[g]) / c.n[g]
			c.cross[g] += dx * (y - c.y[g])
		}
	}
}

func (c *covariance) Merge(other Aggregator, to []uint32) {
	o := other.(*covariance)
	for i, m := range o.n {
		if m == 0 {
			continue
		}
		g := to[i]
		n := c.n[g] + m
		dx, dy := o.x[i]-c.x[g], o.y[i]-c.y[g]
		c.cross[g] += o.cross[i] + dx*dy*c.n[g]*m/n
		c.x[g] += dx * m / n
		c.y[g] += dy * m / n
		c.n[g] = n
	}
}

func (c *covariance) Results() []*value.Vector {
	b := value.NewBuilder(value.Real, len(c.n))
	for i, n := range c.n {
		if n == 0 {
			b.Append(value.OfReal(math.NaN()))
			continue
		}
		if c.sample {
			n--
		}
		if n == 0 {
			b.Append(value.OfReal(0))
		} else {
			b.Append(value.OfReal(c.cross[i] / n))
		}
	}
	return []*value.Vector{b.Finish()}
}
