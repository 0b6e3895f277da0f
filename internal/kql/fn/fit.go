package fn

import (
	"math"

	"github.com/azptu/azptu/internal/kql/value"
)

var fitFuncs = func() group {
	return group{
		"series_fit_line":           {Row: fitLine, Columns: fitColumns},
		"series_fit_line_dynamic":   {Row: fitLineDynamic},
		"series_fit_2lines":         {Row: fit2Lines, Columns: fit2Columns},
		"series_fit_2lines_dynamic": {Row: fit2LinesDynamic},
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

// seriesOutliers scores by Tukey's fences: 0 within the usual range, growing beyond. Missing
// values and those to be ignored score 0.
func seriesOutliers(_ *Context, a []value.Value) value.Value {
	s, ok := seriesOf(a[0])
	lo, hi, known := fences(asText(a, 1, "ctukey"))
	if !ok || len(s) == 0 || !known {
		return null(value.Dynamic)
	}
	if len(a) > 2 && !a[2].Null {
		for i, f := range s {
			if f == asReal(a[2]) {
				s[i] = math.NaN()
			}
		}
	}
	if len(a) > 4 && !a[3].Null && !a[4].Null {
		lo, hi = asReal(a[3]), asReal(a[4])
	}
	return seriesDyn(beyondFences(s, lo, hi))
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

func fit2Columns(int) []Output {
	out := []Output{{"rsquare", value.Real}, {"split_idx", value.Long}, {"variance", value.Real}, {"rvariance", value.Real}, {"line_fit", value.Dynamic}}
	for _, side := range []string{"right_", "left_"} {
		for _, name := range []string{"rsquare", "slope", "interception", "variance", "rvariance"} {
			out = append(out, Output{side + name, value.Real})
		}
	}
	return out
}

// segment is a line fitted to a part of a series, whose first point is at 0.
type segment struct{ rsquare, slope, base, variance, rvariance float64 }

// sums are those of a series up to each point, from which a line through any part follows.
type sums struct{ y, xy, yy []float64 }

func sumsOf(s []float64) sums {
	t := sums{make([]float64, len(s)+1), make([]float64, len(s)+1), make([]float64, len(s)+1)}
	for i, y := range s {
		t.y[i+1], t.xy[i+1], t.yy[i+1] = t.y[i]+y, t.xy[i]+float64(i)*y, t.yy[i]+y*y
	}
	return t
}

// fit fits a line to the points from lo to hi.
func (t sums) fit(lo, hi int) segment {
	n := float64(hi - lo)
	sy, syy := t.y[hi]-t.y[lo], t.yy[hi]-t.yy[lo]
	sxy := t.xy[hi] - t.xy[lo] - float64(lo)*sy
	sx, sxx := n*(n-1)/2, (n-1)*n*(2*n-1)/6
	var l segment
	if d := n*sxx - sx*sx; d > 0 {
		l.slope = (n*sxy - sx*sy) / d
	}
	l.base = (sy - l.slope*sx) / n
	total := max(syy-sy*sy/n, 0)
	residual := max(total-l.slope*(sxy-sx*sy/n), 0)
	l.variance, l.rvariance, l.rsquare = total/n, residual/n, 1
	if total > 0 {
		l.rsquare = 1 - residual/total
	}
	return l
}

// fit2Lines fits one line to each side of the point where that fits best.
func fit2Lines(c *Context, a []value.Value) value.Value {
	s, ok := seriesOf(a[0])
	n := len(s)
	if !ok || n < 4 {
		return dyn(make([]any, 15))
	}
	middle := mean(s)
	flat := make([]float64, n)
	for i, f := range s {
		if flat[i] = f - middle; math.IsNaN(f) {
			return dyn(make([]any, 15))
		}
	}
	t := sumsOf(flat)
	best, split := math.Inf(1), 2
	for i := 2; i <= n-2; i++ {
		if r := t.fit(0, i).rvariance*float64(i) + t.fit(i, n).rvariance*float64(n-i); r < best {
			best, split = r, i
		}
	}
	left, right, variance := t.fit(0, split), t.fit(split, n), t.fit(0, n).variance
	left.base, right.base = left.base+middle, right.base+middle
	line := make([]float64, n)
	for i := range line {
		if line[i] = left.base + left.slope*float64(i); i >= split {
			line[i] = right.base + right.slope*float64(i-split)
		}
	}
	rsquare := 1.0
	if variance > 0 {
		rsquare = 1 - best/float64(n)/variance
	}
	out := []any{rsquare, int64(split), variance, best / float64(n), seriesDyn(line).X}
	for _, l := range []segment{right, left} {
		out = append(out, l.rsquare, l.slope, l.base, l.variance, l.rvariance)
	}
	return dyn(out)
}

// fit2LinesDynamic gives the same as a bag, each side in a bag of its own.
func fit2LinesDynamic(c *Context, a []value.Value) value.Value {
	l, ok := list(fit2Lines(c, a))
	if !ok {
		return null(value.Dynamic)
	}
	b := &value.Bag{}
	columns := fit2Columns(0)
	for i, o := range columns[:5] {
		b.Set(o.Name, l[i])
	}
	for k, side := range []string{"right", "left"} {
		part := &value.Bag{}
		for i := range 5 {
			o := columns[5+5*k+i]
			part.Set(o.Name[len(side)+1:], l[5+5*k+i])
		}
		b.Set(side, part)
	}
	return dyn(b)
}
