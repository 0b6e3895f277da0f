package fn

import (
	"math"
	"sort"

	"github.com/azptu/azptu/internal/kql/value"
)

var fitFuncs = func() group {
	return group{
		"series_fit_line":         {Row: fitLine, Columns: fitColumns},
		"series_fit_line_dynamic": {Row: fitLineDynamic},
	}
}

func statsColumns(int) []Output {
	return []Output{{"min", value.Real}, {"min_idx", value.Long}, {"max", value.Real}, {"max_idx", value.Long}, {"avg", value.Real}, {"stdev", value.Real}, {"variance", value.Real}}
}

func seriesStats(_ *Context, a []value.Value) value.Value {
	l, ok := list(a[0])
	if !ok {
		return null(value.Dynamic)
	}
	ignore := len(a) > 1 && a[1].Bool()
	lo, hi, loAt, hiAt := math.Inf(1), math.Inf(-1), int64(-1), int64(-1)
	var n, sum, squares float64
	for i, x := range l {
		f, ok := number(x)
		if !ok || math.IsNaN(f) {
			if ignore {
				continue
			}
			return dyn(make([]any, 7))
		}
		if f < lo {
			lo, loAt = f, int64(i)
		}
		if f > hi {
			hi, hiAt = f, int64(i)
		}
		n, sum, squares = n+1, sum+f, squares+f*f
	}
	if n == 0 {
		return dyn(make([]any, 7))
	}
	avg := sum / n
	variance := 0.0
	if n > 1 {
		variance = max((squares-n*avg*avg)/(n-1), 0)
	}
	return dyn([]any{lo, loAt, hi, hiAt, avg, math.Sqrt(variance), variance})
}

func seriesStatsDynamic(c *Context, a []value.Value) value.Value {
	l, ok := list(seriesStats(c, a))
	if !ok {
		return null(value.Dynamic)
	}
	b := &value.Bag{}
	for i, o := range statsColumns(0) {
		b.Set(o.Name, l[i])
	}
	s, _ := seriesOf(a[0])
	sum := 0.0
	for _, f := range s {
		if !math.IsNaN(f) {
			sum += f
		}
	}
	b.Set("sum", sum)
	b.Set("len", int64(len(s)))
	return dyn(b)
}

func fitColumns(int) []Output {
	return []Output{{"rsquare", value.Real}, {"slope", value.Real}, {"variance", value.Real}, {"rvariance", value.Real}, {"interception", value.Real}, {"line_fit", value.Dynamic}}
}

func fitLine(_ *Context, a []value.Value) value.Value {
	s, ok := seriesOf(a[0])
	n := float64(len(s))
	if !ok || n < 2 {
		return dyn(make([]any, 6))
	}
	mx, my := (n-1)/2, mean(s)
	var sxy, sxx, syy float64
	for i, y := range s {
		dx := float64(i) - mx
		sxy, sxx, syy = sxy+dx*(y-my), sxx+dx*dx, syy+(y-my)*(y-my)
	}
	slope := sxy / sxx
	base := my - slope*mx
	line := make([]float64, len(s))
	var residual float64
	for i, y := range s {
		line[i] = base + slope*float64(i)
		residual += (y - line[i]) * (y - line[i])
	}
	rsquare := 1.0
	if syy > 0 {
		rsquare = 1 - residual/syy
	}
	return dyn([]any{rsquare, slope, syy / n, residual / n, base, seriesDyn(line).X})
}

func fitLineDynamic(c *Context, a []value.Value) value.Value {
	l, ok := list(fitLine(c, a))
	if !ok {
		return null(value.Dynamic)
	}
	b := &value.Bag{}
	for i, o := range fitColumns(0) {
		b.Set(o.Name, l[i])
	}
	return dyn(b)
}

// seriesOutliers scores by Tukey's fences: 0 within the quartiles' range, growing beyond.
func seriesOutliers(_ *Context, a []value.Value) value.Value {
	s, ok := seriesOf(a[0])
	if !ok || len(s) == 0 {
		return null(value.Dynamic)
	}
	lo, hi := 10.0, 90.0
	if len(a) > 4 {
		lo, hi = asReal(a[3]), asReal(a[4])
	}
	o := append([]float64(nil), s...)
	sort.Float64s(o)
	p, q := interpolated(o, lo), interpolated(o, hi)
	out := make([]float64, len(s))
	for i, f := range s {
		switch {
		case q == p:
		case f > q:
			out[i] = (f - q) / (q - p)
		case f < p:
			out[i] = (f - p) / (q - p)
		}
	}
	return seriesDyn(out)
}

// interpolated gives a percentile of sorted numbers, linear between neighbours.
func interpolated(sorted []float64, p float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	at := p / 100 * float64(len(sorted)-1)
	i := int(math.Floor(at))
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (sorted[i+1]-sorted[i])*(at-float64(i))
}

// seriesSeasonal gives each point the median of the points in the same place of the period.
func seriesSeasonal(_ *Context, a []value.Value) value.Value {
	s, ok := seriesOf(a[0])
	if !ok || len(s) == 0 {
		return null(value.Dynamic)
	}
	period := int(arg(a, 1, value.OfLong(-1)).I)
	if period <= 0 {
		period = detectPeriod(s)
	}
	period = min(max(period, 1), len(s))
	test := int(arg(a, 2, value.OfLong(0)).I)
	train := s[:len(s)-min(max(test, 0), len(s)-1)]
	out := make([]float64, len(s))
	for i := range out {
		var same []float64
		for j := i % period; j < len(train); j += period {
			same = append(same, train[j])
		}
		sort.Float64s(same)
		out[i] = interpolated(same, 50)
	}
	return seriesDyn(out)
}

// detectPeriod finds the shift at which a series is most like itself.
func detectPeriod(s []float64) int {
	m := mean(s)
	best, at := 0.0, 1
	n := min(len(s), 4096)
	for lag := 2; lag <= n/2; lag++ {
		sum := 0.0
		for i := 0; i+lag < n; i++ {
			sum += (s[i] - m) * (s[i+lag] - m)
		}
		if sum /= float64(n - lag); sum > best*1.01 {
			best, at = sum, lag
		}
	}
	return at
}
