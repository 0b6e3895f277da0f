package fn

import (
	"math"

	"github.com/azptu/azptu/internal/kql/value"
)

// seriesOf reads an array of numbers; what is no number is NaN.
func seriesOf(v value.Value) ([]float64, bool) {
	l, ok := list(v)
	if !ok {
		return nil, false
	}
	out := make([]float64, len(l))
	for i, x := range l {
		f, ok := number(x)
		if !ok {
			f = math.NaN()
		}
		out[i] = f
	}
	return out, true
}

func seriesDyn(f []float64) value.Value {
	out := make([]any, len(f))
	for i, x := range f {
		if !math.IsNaN(x) {
			out[i] = x
		}
	}
	return dyn(out)
}

func series1(f func(float64) float64) Func {
	return Func{Row: func(_ *Context, a []value.Value) value.Value {
		s, ok := seriesOf(a[0])
		if !ok {
			return null(value.Dynamic)
		}
		for i := range s {
			s[i] = f(s[i])
		}
		return seriesDyn(s)
	}}
}

// series1Same keeps integers integers.
func series1Same(ints func(int64) int64, reals func(float64) float64) Func {
	return Func{Row: func(_ *Context, a []value.Value) value.Value {
		l, ok := list(a[0])
		if !ok {
			return null(value.Dynamic)
		}
		out := make([]any, len(l))
		for i, x := range l {
			switch n := x.(type) {
			case int64:
				out[i] = ints(n)
			default:
				if f, ok := number(n); ok {
					out[i] = reals(f)
				}
			}
		}
		return dyn(out)
	}}
}

// pairs walks two series, either of which may be a single number.
func pairs(a []value.Value, f func(x, y any) any) value.Value {
	x, ok1 := list(a[0])
	y, ok2 := list(a[1])
	n := max(len(x), len(y))
	if ok1 && ok2 {
		n = min(len(x), len(y))
	}
	if !ok1 && !ok2 {
		return null(value.Dynamic)
	}
	out := make([]any, n)
	for i := range out {
		p, q := a[0].AsDynamic(), a[1].AsDynamic()
		if ok1 {
			p = x[i]
		}
		if ok2 {
			q = y[i]
		}
		if p != nil && q != nil {
			out[i] = f(p, q)
		}
	}
	return dyn(out)
}

func series2(ints func(a, b int64) any, reals func(a, b float64) any) Func {
	return Func{Row: func(_ *Context, a []value.Value) value.Value {
		return pairs(a, func(x, y any) any {
			i, ok1 := x.(int64)
			j, ok2 := y.(int64)
			if ok1 && ok2 && ints != nil {
				return ints(i, j)
			}
			f, ok1 := number(x)
			g, ok2 := number(y)
			if !ok1 || !ok2 {
				return nil
			}
			return reals(f, g)
		})
	}}
}

func seriesTest(ok func(a, b float64) bool) Func {
	return series2(nil, func(a, b float64) any { return ok(a, b) })
}

var seriesFuncs = func() group {
	return group{
		"series_abs":     series1Same(func(i int64) int64 { return max(i, -i) }, math.Abs),
		"series_ceiling": series1Same(func(i int64) int64 { return i }, math.Ceil),
		"series_floor":   series1Same(func(i int64) int64 { return i }, math.Floor),
		"series_sign": series1(func(f float64) float64 {
			if f == 0 {
				return 0
			}
			return math.Copysign(1, f)
		}),
		"series_sin": series1(math.Sin), "series_cos": series1(math.Cos), "series_tan": series1(math.Tan), "series_asin": series1(math.Asin), "series_acos": series1(math.Acos),
		"series_atan": series1(math.Atan), "series_exp": series1(math.Exp), "series_log": series1(math.Log),
		"series_add":      series2(func(a, b int64) any { return a + b }, func(a, b float64) any { return a + b }),
		"series_subtract": series2(func(a, b int64) any { return a - b }, func(a, b float64) any { return a - b }),
		"series_multiply": series2(func(a, b int64) any { return a * b }, func(a, b float64) any { return a * b }),
		"series_divide":   series2(nil, func(a, b float64) any { return a / b }),
		"series_pow":      series2(nil, func(a, b float64) any { return math.Pow(a, b) }),
		"series_equals":   seriesTest(func(a, b float64) bool { return a == b }), "series_not_equals": seriesTest(func(a, b float64) bool { return a != b }),
		"series_less": seriesTest(func(a, b float64) bool { return a < b }), "series_less_equals": seriesTest(func(a, b float64) bool { return a <= b }),
		"series_greater": seriesTest(func(a, b float64) bool { return a > b }), "series_greater_equals": seriesTest(func(a, b float64) bool { return a >= b }),
		"series_sum": {Row: arraySum},
		"series_product": {Row: func(_ *Context, a []value.Value) value.Value {
			s, ok := seriesOf(a[0])
			p := 1.0
			for _, f := range s {
				p *= f
			}
			if !ok {
				return null(value.Real)
			}
			return value.OfReal(p)
		}},
		"series_dot_product": {Row: seriesDot},
		"series_magnitude": {Row: func(_ *Context, a []value.Value) value.Value {
			s, _ := seriesOf(a[0])
			return value.OfReal(math.Sqrt(dot(s, s)))
		}},
		"series_cosine_similarity":   {Row: seriesCosine},
		"series_pearson_correlation": {Row: seriesPearson},
		"series_fill_forward":        {Row: fillForward(false)},
		"series_fill_backward":       {Row: fillForward(true)},
		"series_fill_const":          {Row: fillConst, Nulls: true},
		"series_fill_linear":         {Row: fillLinear, Nulls: true},
		"series_fir":                 {Row: seriesFIR},
		"series_iir":                 {Row: seriesIIR},
		"series_stats":               {Row: seriesStats, Columns: statsColumns},
		"series_stats_dynamic":       {Row: seriesStatsDynamic},
		"series_outliers":            {Row: seriesOutliers},
	}
}

func dot(x, y []float64) float64 {
	sum := 0.0
	for i := range min(len(x), len(y)) {
		sum += x[i] * y[i]
	}
	return sum
}

func seriesDot(_ *Context, a []value.Value) value.Value {
	x, ok1 := seriesOf(a[0])
	y, ok2 := seriesOf(a[1])
	switch {
	case !ok1 && ok2:
		x = constant(asReal(a[0]), len(y))
	case ok1 && !ok2:
		y = constant(asReal(a[1]), len(x))
	}
	return value.OfReal(dot(x, y))
}

func constant(f float64, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = f
	}
	return out
}

func seriesCosine(_ *Context, a []value.Value) value.Value {
	x, _ := seriesOf(a[0])
	y, _ := seriesOf(a[1])
	if len(x) != len(y) || len(x) == 0 {
		return null(value.Real)
	}
	return value.OfReal(dot(x, y) / (math.Sqrt(dot(x, x)) * math.Sqrt(dot(y, y))))
}

func mean(s []float64) float64 {
	t := 0.0
	for _, f := range s {
		t += f
	}
	return t / float64(len(s))
}

func seriesPearson(_ *Context, a []value.Value) value.Value {
	x, _ := seriesOf(a[0])
	y, _ := seriesOf(a[1])
	if len(x) != len(y) || len(x) == 0 {
		return null(value.Real)
	}
	mx, my := mean(x), mean(y)
	var sxy, sxx, syy float64
	for i := range x {
		sxy += (x[i] - mx) * (y[i] - my)
		sxx += (x[i] - mx) * (x[i] - mx)
		syy += (y[i] - my) * (y[i] - my)
	}
	return value.OfReal(sxy / math.Sqrt(sxx) / math.Sqrt(syy))
}

// isMissing says whether x is the placeholder that fill functions replace.
func isMissing(x any, placeholder value.Value) bool {
	if placeholder.Null || placeholder.T == value.Unknown {
		return x == nil
	}
	return value.EqualDynamic(x, placeholder.AsDynamic())
}

func fillForward(backward bool) Row {
	return func(_ *Context, a []value.Value) value.Value {
		l, _ := list(a[0])
		missing := arg(a, 1, value.Value{})
		out := append([]any{}, l...)
		var last any
		for i := range out {
			if backward {
				i = len(out) - 1 - i
			}
			if isMissing(out[i], missing) {
				if last != nil {
					out[i] = last
				}
			} else {
				last = out[i]
			}
		}
		return dyn(out)
	}
}

func fillConst(_ *Context, a []value.Value) value.Value {
	l, _ := list(a[0])
	fill := arg(a, 1, value.OfLong(0))
	missing := arg(a, 2, value.Value{})
	out := append([]any{}, l...)
	for i := range out {
		if isMissing(out[i], missing) {
			out[i] = fill.AsDynamic()
		}
	}
	return dyn(out)
}

func fillLinear(_ *Context, a []value.Value) value.Value {
	l, _ := list(a[0])
	missing := arg(a, 1, value.Value{})
	edges := len(a) < 3 || a[2].Bool()
	whole := wholeNumbers(l)
	out := append([]any{}, l...)
	last := -1
	for i := range out {
		if isMissing(out[i], missing) {
			continue
		}
		f, _ := number(out[i])
		switch {
		case last < 0 && edges:
			for j := range i {
				out[j] = out[i]
			}
		case last >= 0:
			g, _ := number(out[last])
			for j := last + 1; j < i; j++ {
				out[j] = filled(g+(f-g)*float64(j-last)/float64(i-last), whole)
			}
		}
		last = i
	}
	if edges && last >= 0 {
		for j := last + 1; j < len(out); j++ {
			out[j] = out[last]
		}
	} else if last < 0 {
		constant := any(0.0)
		if len(a) > 3 {
			constant = a[3].AsDynamic()
		}
		for j := range out {
			out[j] = constant
		}
	}
	return dyn(out)
}

// filled gives a point of a series of whole numbers as one.
func filled(f float64, whole bool) any {
	if whole {
		return int64(f)
	}
	return f
}

// wholeNumbers says that all numbers of a series are integers.
func wholeNumbers(l []any) bool {
	for _, x := range l {
		if _, real := x.(float64); real {
			return false
		}
	}
	return true
}

func seriesFIR(_ *Context, a []value.Value) value.Value {
	s, _ := seriesOf(a[0])
	filter, _ := seriesOf(a[1])
	normalize, center := true, false
	if len(a) > 2 {
		normalize = a[2].Bool()
	}
	if len(a) > 3 {
		center = a[3].Bool()
	}
	total := 0.0
	for _, f := range filter {
		total += f
	}
	if !normalize || total == 0 {
		total = 1
	}
	shift := 0
	if center {
		shift = len(filter) / 2
	}
	out := make([]float64, len(s))
	for i := range out {
		for j, f := range filter {
			if k := i - j + shift; k >= 0 && k < len(s) {
				out[i] += s[k] * f / total
			}
		}
	}
	return seriesDyn(out)
}

func seriesIIR(_ *Context, a []value.Value) value.Value {
	s, _ := seriesOf(a[0])
	num, _ := seriesOf(a[1])
	den, _ := seriesOf(a[2])
	if len(den) == 0 || den[0] == 0 {
		return null(value.Dynamic)
	}
	out := make([]float64, len(s))
	for i := range s {
		v := 0.0
		for j, b := range num {
			if i >= j {
				v += b * s[i-j]
			}
		}
		for j := 1; j < len(den); j++ {
			if i >= j {
				v -= den[j] * out[i-j]
			}
		}
		out[i] = v / den[0]
	}
	return seriesDyn(out)
}
