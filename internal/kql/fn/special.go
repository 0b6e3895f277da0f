package fn

import (
	"math"

	"github.com/azptu/azptu/internal/kql/value"
)

func real3(f func(a, b, c float64) float64) Func {
	return Func{Row: func(_ *Context, a []value.Value) value.Value {
		return value.OfReal(f(asReal(a[0]), asReal(a[1]), asReal(a[2])))
	}}
}

var specialFuncs = func() group {
	return group{
		"erf": real1(math.Erf), "erfc": real1(math.Erfc), "gamma": real1(math.Gamma),
		"loggamma": real1(func(f float64) float64 {
			l, _ := math.Lgamma(f)
			return l
		}),
		"beta_cdf": real3(betaCDF), "beta_pdf": real3(betaPDF), "beta_inv": {Row: func(_ *Context, a []value.Value) value.Value {
			if p := asReal(a[0]); p <= 0 || p > 1 {
				return null(value.Real)
			}
			return value.OfReal(betaInv(asReal(a[0]), asReal(a[1]), asReal(a[2])))
		}},
	}
}

func betaPDF(x, a, b float64) float64 {
	if x <= 0 || x >= 1 || a <= 0 || b <= 0 {
		return math.NaN()
	}
	return math.Exp((a-1)*math.Log(x) + (b-1)*math.Log(1-x) - logBeta(a, b))
}

func logBeta(a, b float64) float64 {
	x, _ := math.Lgamma(a)
	y, _ := math.Lgamma(b)
	z, _ := math.Lgamma(a + b)
	return x + y - z
}

// betaCDF is the regularized incomplete beta function.
// maxBeta bounds the parameters of the beta distribution, as in Kusto.
const maxBeta = 10000

func betaCDF(x, a, b float64) float64 {
	switch {
	case x < 0 || x > 1 || a <= 0 || b <= 0 || a > maxBeta || b > maxBeta || math.IsNaN(x):
		return math.NaN()
	case x == 0 || x == 1:
		return x
	}
	front := math.Exp(a*math.Log(x) + b*math.Log(1-x) - logBeta(a, b))
	if x < (a+1)/(a+b+2) {
		return front * betaFraction(x, a, b) / a
	}
	return 1 - front*betaFraction(1-x, b, a)/b
}

// betaFraction is the continued fraction of the incomplete beta function (Lentz).
func betaFraction(x, a, b float64) float64 {
	const tiny = 1e-300
	c, d := 1.0, 1-(a+b)*x/(a+1)
	if math.Abs(d) < tiny {
		d = tiny
	}
	d = 1 / d
	h := d
	for m := 1.0; m <= 300; m++ {
		for _, num := range [2]float64{m * (b - m) * x / ((a + 2*m - 1) * (a + 2*m)), -(a + m) * (a + b + m) * x / ((a + 2*m) * (a + 2*m + 1))} {
			d = 1 + num*d
			if math.Abs(d) < tiny {
				d = tiny
			}
			c = 1 + num/c
			if math.Abs(c) < tiny {
				c = tiny
			}
			d = 1 / d
			h *= d * c
			if math.Abs(d*c-1) < 1e-16 {
				return h
			}
		}
	}
	return h
}

func betaInv(p, a, b float64) float64 {
	if a <= 0 || b <= 0 || math.IsNaN(p) {
		return math.NaN()
	}
	lo, hi := 0.0, 1.0
	for range 200 {
		mid := (lo + hi) / 2
		if betaCDF(mid, a, b) < p {
			lo = mid
		} else {
			hi = mid
		}
	}
	return (lo + hi) / 2
}

// welch gives the two-sided p-value of Welch's t-test from means, variances and counts.
func welch(_ *Context, a []value.Value) value.Value {
	m1, v1, n1, m2, v2, n2 := asReal(a[0]), asReal(a[1]), asReal(a[2]), asReal(a[3]), asReal(a[4]), asReal(a[5])
	s1, s2 := v1/n1, v2/n2
	if n1 <= 1 || n2 <= 1 || s1+s2 <= 0 {
		return null(value.Real)
	}
	t := (m1 - m2) / math.Sqrt(s1+s2)
	df := (s1 + s2) * (s1 + s2) / (s1*s1/(n1-1) + s2*s2/(n2-1))
	return value.OfReal(betaCDF(df/(df+t*t), df/2, 0.5))
}
