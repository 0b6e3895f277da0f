package fn

import (
	"math"
	"math/bits"

	"github.com/azptu/azptu/internal/kql/value"
)

func real1(f func(float64) float64) Func {
	return Func{Row: func(_ *Context, a []value.Value) value.Value {
		return value.OfReal(f(asReal(a[0])))
	}}
}

func asReal(v value.Value) float64 {
	if v.T == value.Real {
		return v.F
	}
	return value.Convert(v, value.Real).F
}

// logarithm is null for what is negative, as Kusto has it of log() alone.
func logarithm(f func(float64) float64) Func {
	return Func{Row: func(_ *Context, a []value.Value) value.Value {
		x := asReal(a[0])
		if x < 0 {
			return null(value.Real)
		}
		return value.OfReal(f(x))
	}}
}

func long2(f func(a, b int64) int64) Func {
	return Func{Row: func(_ *Context, a []value.Value) value.Value { return value.OfLong(f(a[0].I, a[1].I)) }}
}

func predicate(f func(float64) bool) Func {
	return Func{Row: func(_ *Context, a []value.Value) value.Value { return value.OfBool(f(asReal(a[0]))) }}
}

var mathFuncs = func() group {
	return group{
		"abs": {Row: abs}, "sign": real1(func(f float64) float64 {
			switch {
			case f > 0:
				return 1
			case f < 0:
				return -1
			}
			return 0
		}),
		"acos": real1OrNull(math.Acos), "asin": real1OrNull(math.Asin), "atan": real1(math.Atan), "cos": real1(math.Cos), "sin": real1(math.Sin), "tan": real1(math.Tan),
		"cot":     real1(func(f float64) float64 { return 1 / math.Tan(f) }),
		"degrees": real1(func(f float64) float64 { return f * 180 / math.Pi }), "radians": real1(func(f float64) float64 { return f * math.Pi / 180 }),
		"exp": real1(math.Exp), "exp2": real1(math.Exp2), "exp10": real1(func(f float64) float64 { return math.Pow(10, f) }),
		"log": logarithm(math.Log), "log2": logarithm(math.Log2), "log10": logarithm(math.Log10), "sqrt": real1(math.Sqrt),
		"ceiling": {Row: ceiling}, "round": {Row: round, Nulls: true},
		"pow": {Row: func(_ *Context, a []value.Value) value.Value {
			return value.OfReal(math.Pow(asReal(a[0]), asReal(a[1])))
		}},
		"atan2": {Row: func(_ *Context, a []value.Value) value.Value {
			return value.OfReal(math.Atan2(asReal(a[0]), asReal(a[1])))
		}},
		"pi":       {Row: func(*Context, []value.Value) value.Value { return value.OfReal(math.Pi) }},
		"isnan":    predicate(math.IsNaN),
		"isinf":    predicate(func(f float64) bool { return math.IsInf(f, 0) }),
		"isfinite": predicate(func(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }),
		"rand": {Volatile: true, Row: func(c *Context, a []value.Value) value.Value {
			if len(a) > 0 && a[0].I > 1 {
				return value.OfReal(math.Floor(c.Random() * float64(a[0].I)))
			}
			return value.OfReal(c.Random())
		}},
		"binary_and": long2(func(a, b int64) int64 { return a & b }), "binary_or": long2(func(a, b int64) int64 { return a | b }), "binary_xor": long2(func(a, b int64) int64 { return a ^ b }),
		"binary_shift_left": binaryShift(func(a int64, n uint64) int64 { return a << n }), "binary_shift_right": binaryShift(func(a int64, n uint64) int64 { return a >> n }),
		"binary_not": {Row: func(_ *Context, a []value.Value) value.Value { return value.OfLong(^a[0].I) }},
		"bitset_count_ones": {Row: func(_ *Context, a []value.Value) value.Value {
			return value.OfLong(int64(bits.OnesCount64(uint64(a[0].I))))
		}},
		"max_of": {Row: extreme(1), Nulls: true}, "min_of": {Row: extreme(-1), Nulls: true},
		"bin": {Row: bin, Vec: vecBin}, "bin_at": {Row: binAt},
		"range":      {Row: rangeOf},
		"welch_test": {Row: welch},
	}
}

func abs(_ *Context, a []value.Value) value.Value {
	v := a[0]
	switch v.T {
	case value.Real:
		v.F = math.Abs(v.F)
	case value.Decimal:
		if v.Dec().Sign() < 0 {
			return value.OfDec(v.Dec().Neg())
		}
	default:
		if v.I < 0 {
			v.I = -v.I
		}
	}
	return v
}

func ceiling(_ *Context, a []value.Value) value.Value {
	switch v := a[0]; v.T {
	case value.Real:
		return value.OfReal(math.Ceil(v.F))
	case value.Decimal:
		return value.OfDec(v.Dec().Neg().Floor().Neg())
	}
	return a[0]
}

func round(_ *Context, a []value.Value) value.Value {
	if a[0].Null {
		return a[0]
	}
	p := arg(a, 1, value.OfLong(0)).I
	switch v := a[0]; v.T {
	case value.Real:
		return value.OfReal(roundReal(v.F, p))
	case value.Decimal:
		return value.OfDec(v.Dec().Round(int32(max(min(p, 34), -34))))
	default:
		if p < 0 && p > -19 {
			unit := int64(math.Pow10(int(-p)))
			v.I = int64(math.Round(float64(v.I)/float64(unit))) * unit
		}
		return v
	}
}

// roundReal rounds to p fraction digits, halves away from zero.
func roundReal(f float64, p int64) float64 {
	if p > 15 || p < -300 || math.IsInf(f, 0) {
		return f
	}
	scale := math.Pow10(int(p))
	r := math.Round(f*scale) / scale
	if math.IsNaN(r) || math.IsInf(r, 0) {
		return f
	}
	return r
}

func extreme(sign int) Row {
	return func(_ *Context, a []value.Value) value.Value {
		best := null(a[0].T)
		for _, v := range a {
			if isNaN([]value.Value{best}) {
				break // nothing compares with it
			}
			if !v.Null && !(isNaN([]value.Value{v}) && !best.Null) && (best.Null || best.T == value.String && best.S == "" || value.Compare(v, best)*sign > 0) {
				best = v
			}
		}
		return best
	}
}

// bin rounds down to a multiple of the second argument.
func bin(_ *Context, a []value.Value) value.Value {
	return binFrom(a[0], a[1], value.Value{T: a[0].T})
}

func binAt(_ *Context, a []value.Value) value.Value { return binFrom(a[0], a[1], a[2]) }

func binFrom(v, size, at value.Value) value.Value {
	if v.T == value.Decimal || size.T == value.Decimal {
		d := value.Convert(v, value.Decimal).Dec()
		base := value.Convert(at, value.Decimal).Dec()
		if r, ok := value.BigFloor(d.Sub(base), value.Convert(size, value.Decimal).Dec()); ok {
			return value.OfDec(r.Add(base))
		}
		return null(value.Decimal)
	}
	if v.T == value.Real || size.T == value.Real && v.T.IsNumeric() {
		s, base := asReal(size), asReal(at)
		if s <= 0 {
			return null(value.Real)
		}
		return value.OfReal(math.Floor((asReal(v)-base)/s)*s + base)
	}
	step := size.I
	if size.T == value.Real {
		step = int64(size.F * float64(value.Day))
	}
	if step <= 0 {
		return null(v.T)
	}
	t := widerInt(v.T)
	r := floorDiv(v.I-at.I, step)*step + at.I
	if t == value.DateTime {
		return value.OfDateTime(r)
	}
	return value.Value{T: t, I: r}
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

// vecBin bins datetimes, timespans and longs by a constant.
func vecBin(_ *Context, a []*value.Vector, n int) *value.Vector {
	v, size := a[0], a[1]
	if !v.Type.Ints() || v.Type == value.Int || !size.Const || !size.Type.Ints() || len(size.Nulls) > 0 || v.Const || size.I64[0] <= 0 {
		return nil
	}
	step := size.I64[0]
	out := make([]int64, n)
	for i, x := range v.I64[:n] {
		r := x % step
		if r < 0 {
			r += step
		}
		out[i] = x - r
	}
	return &value.Vector{Type: v.Type, Len: n, I64: out, Nulls: v.Nulls}
}

// maxRange bounds the members that range() makes, as Kusto does.
const maxRange = 1048576

func rangeOf(_ *Context, a []value.Value) value.Value {
	step := value.OfLong(1)
	if a[0].T == value.DateTime || a[0].T == value.TimeSpan {
		step = value.OfTimeSpan(value.Hour)
	}
	step = arg(a, 2, step)
	from, to := a[0], a[1]
	if from.T == value.Real || to.T == value.Real || step.T == value.Real || from.T == value.Decimal {
		return realRange(asReal(from), asReal(to), asReal(step))
	}
	out := []any{}
	if step.I == 0 {
		return dyn(out)
	}
	for i := from.I; (step.I > 0 && i <= to.I || step.I < 0 && i >= to.I) && len(out) < maxRange; i += step.I {
		out = append(out, value.Value{T: widerInt(from.T), I: i}.AsDynamic())
	}
	return dyn(out)
}

func realRange(from, to, step float64) value.Value {
	out := []any{}
	if step == 0 || math.IsNaN(from+to+step) {
		return dyn(out)
	}
	for i := 0; i < maxRange; i++ {
		f := from + float64(i)*step
		if step > 0 && f > to || step < 0 && f < to {
			break
		}
		out = append(out, f)
	}
	return dyn(out)
}

// real1OrNull is for functions that are not defined everywhere.
func real1OrNull(f func(float64) float64) Func {
	return Func{Row: func(_ *Context, a []value.Value) value.Value {
		x := asReal(a[0])
		y := f(x)
		if math.IsNaN(y) && !math.IsNaN(x) {
			return null(value.Real)
		}
		return value.OfReal(y)
	}}
}

// binaryShift counts bits round; there is no shift by fewer than none.
func binaryShift(f func(a int64, n uint64) int64) Func {
	return Func{Row: func(_ *Context, a []value.Value) value.Value {
		if a[1].I < 0 {
			return null(value.Long)
		}
		return value.OfLong(f(a[0].I, uint64(a[1].I)&63))
	}}
}
