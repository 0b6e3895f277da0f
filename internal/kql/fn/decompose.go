package fn

import (
	"math"
	"sort"

	"github.com/azptu/azptu/internal/kql/value"
)

var decomposeFuncs = func() group {
	return group{
		"series_decompose":           {Row: seriesDecompose, Columns: decomposeColumns},
		"series_decompose_forecast":  {Row: seriesForecast, Columns: decomposeColumns},
		"series_decompose_anomalies": {Row: seriesAnomalies, Columns: anomalyColumns},
		"series_periods_detect":      {Row: periodsDetect, Columns: periodColumns},
		"series_periods_validate":    {Row: periodsValidate, Columns: periodColumns},
		"series_seasonal":            {Row: seriesSeasonal},
	}
}

func decomposeColumns(int) []Output {
	return []Output{{"baseline", value.Dynamic}, {"seasonal", value.Dynamic}, {"trend", value.Dynamic}, {"residual", value.Dynamic}}
}

func anomalyColumns(int) []Output {
	return []Output{{"ad_flag", value.Dynamic}, {"ad_score", value.Dynamic}, {"baseline", value.Dynamic}}
}

func periodColumns(int) []Output {
	return []Output{{"periods", value.Dynamic}, {"scores", value.Dynamic}}
}

// minPeriod is the shortest period that counts as one.
const minPeriod = 4

// correlogram tells how alike a series is to itself so many places further on.
type correlogram []float64

// correlate gives a series' autocorrelation, each lag by the mean of its products. Missing
// values count as the mean.
func correlate(s []float64) correlogram {
	n := len(s)
	size := 1
	for size < 2*n {
		size *= 2
	}
	m := known(s)
	x := make([]complex128, size)
	for i, f := range s {
		if !math.IsNaN(f) {
			x[i] = complex(f-m, 0)
		}
	}
	x = transform(x, false)
	for i, z := range x {
		x[i] = complex(real(z)*real(z)+imag(z)*imag(z), 0)
	}
	x = transform(x, true)
	out := make(correlogram, n)
	whole := real(x[0]) / float64(n)
	for lag := range out {
		if whole > 1e-12*(1+m*m) {
			out[lag] = real(x[lag]) / float64(n-lag) / whole
		}
	}
	return out
}

// known is the mean of the values that are there.
func known(s []float64) float64 {
	sum, n := 0.0, 0.0
	for _, f := range s {
		if !math.IsNaN(f) {
			sum, n = sum+f, n+1
		}
	}
	if n == 0 {
		return 0
	}
	return sum / n
}

// score says how sure a period is, from 0 to 1: the series has to be like itself both one
// and two periods further on.
func (c correlogram) score(period float64) float64 {
	p := int(math.Round(period))
	if period < minPeriod || 2*period > float64(len(c)) || 2*p >= len(c) {
		return 0
	}
	return min(max(min(c[p], c[int(math.Round(2*period))]), 0), 1)
}

// scored is a period that was found.
type scored struct {
	period int
	score  float64
}

// leastScore is below what a hill of the correlogram is by chance.
const leastScore = 0.1

// maxHills bounds the hills that are looked at, the highest first.
const maxHills = 500

// detect gives the periods between two lengths, the surest first. What is a multiple of a
// surer or shorter one is the same repetition.
func (c correlogram) detect(least, most float64, count int) []scored {
	var hills []scored
	for p := max(minPeriod, int(math.Ceil(least))); p <= len(c)/2 && float64(p) <= most; p++ {
		if s := c.score(float64(p)); s >= leastScore && c[p] >= c[p-1] && p+1 < len(c) && c[p] >= c[p+1] {
			hills = append(hills, scored{p, s})
		}
	}
	sort.SliceStable(hills, func(i, j int) bool { return hills[i].score > hills[j].score })
	hills = hills[:min(len(hills), maxHills)]
	var found []scored
	for _, h := range hills {
		h = simplest(h, hills)
		if len(found) < count && !repeats(h, found) {
			found = append(found, h)
		}
	}
	return found
}

// simplest gives the shortest period that is as sure and of which this is a multiple.
func simplest(h scored, hills []scored) scored {
	best := h
	for _, q := range hills {
		if q.period < best.period && multiple(h.period, q.period) && q.score >= 0.97*h.score {
			best = q
		}
	}
	return best
}

func multiple(p, of int) bool {
	k := math.Round(float64(p) / float64(of))
	return k >= 1 && math.Abs(float64(p)-k*float64(of)) <= max(1, 0.02*float64(p))
}

// repeats says whether a period is one of those found, close to one, or a multiple.
func repeats(h scored, found []scored) bool {
	for _, f := range found {
		if multiple(h.period, f.period) || math.Abs(float64(h.period-f.period)) <= 0.25*float64(f.period) {
			return true
		}
	}
	return false
}

func periodsDetect(_ *Context, a []value.Value) value.Value {
	s, ok := seriesOf(a[0])
	count := a[3].I
	if !ok || count < 0 || count > 1000 {
		return dyn(make([]any, 2))
	}
	periods, scores := make([]any, count), make([]any, count)
	for i := range periods {
		periods[i], scores[i] = 0.0, 0.0
	}
	for i, f := range correlate(s).detect(asReal(a[1]), asReal(a[2]), int(count)) {
		periods[i], scores[i] = float64(f.period), f.score
	}
	return dyn([]any{periods, scores})
}

func periodsValidate(_ *Context, a []value.Value) value.Value {
	s, ok := seriesOf(a[0])
	if !ok {
		return dyn(make([]any, 2))
	}
	c := correlate(s)
	var periods, scores []any
	for _, p := range a[1:] {
		periods, scores = append(periods, asReal(p)), append(scores, c.score(asReal(p)))
	}
	return dyn([]any{periods, scores})
}

// surest finds a series' period, 0 when none is sure enough. A trend would make all lags look
// alike, so it is taken out before.
func surest(s []float64, threshold float64) int {
	found := correlate(straightened(s)).detect(0, math.Inf(1), 1)
	if len(found) == 0 || found[0].score < threshold {
		return 0
	}
	return found[0].period
}

// straightened takes the slope of the line through a series out of it; its mean stays.
func straightened(s []float64) []float64 {
	slope, _ := lineThrough(s)
	out := make([]float64, len(s))
	for i, f := range s {
		out[i] = f - slope*(float64(i)-float64(len(s)-1)/2)
	}
	return out
}

// lineThrough fits a line through the values that are there.
func lineThrough(s []float64) (slope, base float64) {
	var n, sx, sy, sxx, sxy float64
	for i, f := range s {
		if x := float64(i); !math.IsNaN(f) {
			n, sx, sy, sxx, sxy = n+1, sx+x, sy+f, sxx+x*x, sxy+x*f
		}
	}
	if d := n*sxx - sx*sx; d != 0 {
		slope = (n*sxy - sx*sy) / d
	}
	if n > 0 {
		base = (sy - slope*sx) / n
	}
	return slope, base
}

// seasonal gives each of n points the median of the points of a series in the same place of
// the period.
func seasonal(s []float64, period, n int) []float64 {
	out := make([]float64, n)
	for k := range min(period, n) {
		var same []float64
		for j := k; j < len(s); j += period {
			if !math.IsNaN(s[j]) {
				same = append(same, s[j])
			}
		}
		sort.Float64s(same)
		median := 0.0
		if len(same) > 0 {
			median = interpolated(same, 50)
		}
		for j := k; j < n; j += period {
			out[j] = median
		}
	}
	return out
}

// seasonalScore is how sure a period must be for series_seasonal.
const seasonalScore = 0.7

func seriesSeasonal(_ *Context, a []value.Value) value.Value {
	s, ok := seriesOf(a[0])
	if !ok || len(s) == 0 {
		return null(value.Dynamic)
	}
	train := s[:len(s)-int(min(max(arg(a, 2, value.OfLong(0)).I, 0), int64(len(s)-1)))]
	period := arg(a, 1, value.OfLong(-1)).I
	if period == -1 {
		period = int64(surest(train, seasonalScore))
	}
	if period <= 0 {
		return seriesDyn(make([]float64, len(s)))
	}
	return seriesDyn(seasonal(train, int(min(period, int64(len(s)))), len(s)))
}

// parts are what a series is made of.
type parts struct {
	baseline, seasonal, trend, residual []float64
}

// decompose takes a series apart; what is learned leaves the last test points out. A line
// that is to be found is taken out before the seasons are looked for, so that they do not
// climb with it.
func decompose(s []float64, period int64, trend string, test int64, threshold float64) (parts, bool) {
	n := len(s)
	if trend != "avg" && trend != "linefit" && trend != "none" || period < -1 || test < 0 {
		return parts{}, false
	}
	train := s[:n-int(min(test, int64(n)))]
	if period == -1 {
		period = int64(surest(train, threshold))
	}
	p := parts{seasonal: make([]float64, n), trend: make([]float64, n), baseline: make([]float64, n), residual: make([]float64, n)}
	if period > 0 && n > 0 {
		level := train
		if trend == "linefit" {
			level = straightened(train)
		}
		p.seasonal = seasonal(level, int(min(period, int64(n))), n)
	}
	rest := make([]float64, len(train))
	for i := range rest {
		rest[i] = train[i] - p.seasonal[i]
	}
	slope, base := 0.0, 0.0
	switch trend {
	case "avg":
		base = known(rest)
	case "linefit":
		slope, base = lineThrough(rest)
	}
	for i := range s {
		p.trend[i] = base + slope*float64(i)
		p.baseline[i] = p.seasonal[i] + p.trend[i]
		p.residual[i] = s[i] - p.baseline[i]
	}
	return p, true
}

// decomposeScore is how sure a period must be when the query does not say.
const decomposeScore = 0.6

func asText(a []value.Value, i int, fallback string) string {
	return text(arg(a, i, value.OfString(fallback)))
}

func (p parts) dynamic() value.Value {
	return dyn([]any{seriesDyn(p.baseline).X, seriesDyn(p.seasonal).X, seriesDyn(p.trend).X, seriesDyn(p.residual).X})
}

// seriesDecompose takes the series, period, trend, test points and threshold.
func seriesDecompose(_ *Context, a []value.Value) value.Value {
	s, ok := seriesOf(a[0])
	if !ok {
		return dyn(make([]any, 4))
	}
	p, ok := decompose(s, arg(a, 1, value.OfLong(-1)).I, asText(a, 2, "avg"), arg(a, 3, value.OfLong(0)).I, asReal(arg(a, 4, value.OfReal(decomposeScore))))
	if !ok {
		return dyn(make([]any, 4))
	}
	return p.dynamic()
}

// seriesForecast takes the series, points to forecast, period, trend and threshold.
func seriesForecast(_ *Context, a []value.Value) value.Value {
	s, ok := seriesOf(a[0])
	if !ok {
		return dyn(make([]any, 4))
	}
	p, ok := decompose(s, arg(a, 2, value.OfLong(-1)).I, asText(a, 3, "avg"), a[1].I, asReal(arg(a, 4, value.OfReal(decomposeScore))))
	if !ok {
		return dyn(make([]any, 4))
	}
	return p.dynamic()
}

// seriesAnomalies takes the series, threshold, period, trend, test points, kind of fences
// and threshold for the period.
func seriesAnomalies(_ *Context, a []value.Value) value.Value {
	s, ok := seriesOf(a[0])
	lo, hi, known := fences(asText(a, 5, "ctukey"))
	if !ok || !known {
		return dyn(make([]any, 3))
	}
	limit := asReal(arg(a, 1, value.OfReal(1.5)))
	p, ok := decompose(s, arg(a, 2, value.OfLong(-1)).I, asText(a, 3, "avg"), arg(a, 4, value.OfLong(0)).I, asReal(arg(a, 6, value.OfReal(decomposeScore))))
	if !ok {
		return dyn(make([]any, 3))
	}
	scores := beyondFences(p.residual, lo, hi)
	flags := make([]any, len(scores))
	for i, f := range scores {
		switch {
		case f > limit:
			flags[i] = int64(1)
		case f < -limit:
			flags[i] = int64(-1)
		default:
			flags[i] = int64(0)
		}
	}
	return dyn([]any{flags, seriesDyn(scores).X, seriesDyn(p.baseline).X})
}

// fences gives the percentiles between which values are as usual.
func fences(kind string) (lo, hi float64, ok bool) {
	switch kind {
	case "ctukey":
		return 10, 90, true
	case "tukey":
		return 25, 75, true
	}
	return 0, 0, false
}

// beyondFences scores how many times the usual range values are outside it; missing ones
// score 0.
func beyondFences(s []float64, lo, hi float64) []float64 {
	var o []float64
	for _, f := range s {
		if !math.IsNaN(f) {
			o = append(o, f)
		}
	}
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
	return out
}
