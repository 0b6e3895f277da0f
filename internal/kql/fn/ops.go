package fn

import (
	"math"

	"github.com/azptu/azptu/internal/kql/value"
)

// operatorFuncs are the infix operators, under their spelling. The binder gives both sides
// one type where an operator needs that.
var operatorFuncs = func() group {
	return group{
		"+": {Row: add, Vec: vecArith(func(a, b int64) int64 { return a + b }, func(a, b float64) float64 { return a + b })},
		"-": {Row: subtract, Vec: vecArith(func(a, b int64) int64 { return a - b }, func(a, b float64) float64 { return a - b })},
		"*": {Row: multiply, Vec: vecArith(func(a, b int64) int64 { return a * b }, func(a, b float64) float64 { return a * b })},
		"/": {Row: divide, Vec: vecArith(nil, func(a, b float64) float64 { return a / b })},
		"%": {Row: modulo},
		"neg": {Row: func(_ *Context, a []value.Value) value.Value {
			v := a[0]
			switch v.T {
			case value.Real:
				return value.OfReal(-v.F)
			case value.Decimal:
				return value.OfDec(v.Dec().Neg())
			}
			v.I = -v.I
			return v
		}},
		"==":  {Row: equal, Nulls: true, Vec: vecCompare(func(c int) bool { return c == 0 }, false)},
		"!=":  {Row: notEqual, Nulls: true, Vec: vecCompare(func(c int) bool { return c != 0 }, true)},
		"<":   compared(func(c int) bool { return c < 0 }),
		"<=":  compared(func(c int) bool { return c <= 0 }),
		">":   compared(func(c int) bool { return c > 0 }),
		">=":  compared(func(c int) bool { return c >= 0 }),
		"and": {Row: and, Nulls: true, Vec: vecLogic(true)},
		"or":  {Row: or, Nulls: true, Vec: vecLogic(false)},
		"between": {Row: func(_ *Context, a []value.Value) value.Value {
			return value.OfBool(!isNaN(a) && value.Compare(a[0], a[1]) >= 0 && value.Compare(a[0], a[2]) <= 0)
		}},
		"!between": {Row: func(_ *Context, a []value.Value) value.Value {
			return value.OfBool(isNaN(a) || value.Compare(a[0], a[1]) < 0 || value.Compare(a[0], a[2]) > 0)
		}},
		"[]": {Row: func(_ *Context, a []value.Value) value.Value {
			if a[1].T == value.String {
				return dyn(value.Member(a[0].X, a[1].S))
			}
			return dyn(value.Element(a[0].X, a[1].I))
		}},
	}
}

func isNaN(a []value.Value) bool {
	for _, v := range a {
		if v.T == value.Real && math.IsNaN(v.F) {
			return true
		}
	}
	return false
}

func add(_ *Context, a []value.Value) value.Value {
	x, y := a[0], a[1]
	switch {
	case x.T == value.Real:
		return value.OfReal(x.F + y.F)
	case x.T == value.Decimal:
		return value.OfDec(x.Dec().Add(y.Dec()))
	case x.T == value.DateTime || y.T == value.DateTime:
		return dateSum(x.I, y.I)
	}
	return value.Value{T: widerInt(x.T), I: x.I + y.I}
}

// dateSum adds a timespan to a datetime, null beyond the calendar.
func dateSum(x, y int64) value.Value {
	s := x + y
	if (s > x) != (y > 0) && y != 0 {
		return null(value.DateTime)
	}
	return value.OfDateTime(s)
}

func widerInt(t value.Type) value.Type {
	if t == value.Int {
		return value.Long
	}
	return t
}

func subtract(_ *Context, a []value.Value) value.Value {
	x, y := a[0], a[1]
	switch {
	case x.T == value.Real:
		return value.OfReal(x.F - y.F)
	case x.T == value.Decimal:
		return value.OfDec(x.Dec().Sub(y.Dec()))
	case x.T == value.DateTime && y.T == value.DateTime:
		return value.OfTimeSpan(x.I - y.I)
	case x.T == value.DateTime:
		return dateSum(x.I, -y.I)
	}
	return value.Value{T: widerInt(x.T), I: x.I - y.I}
}

func multiply(_ *Context, a []value.Value) value.Value {
	x, y := a[0], a[1]
	switch {
	case x.T == value.TimeSpan && y.T == value.Real:
		return scaleSpan(x.I, y.F)
	case x.T == value.Real && y.T == value.TimeSpan:
		return scaleSpan(y.I, x.F)
	case x.T == value.Real:
		return value.OfReal(x.F * y.F)
	case x.T == value.Decimal:
		return value.OfDec(x.Dec().Mul(y.Dec()))
	case x.T == value.TimeSpan || y.T == value.TimeSpan:
		return value.OfTimeSpan(x.I * y.I)
	}
	return value.OfLong(x.I * y.I)
}

func scaleSpan(ticks int64, by float64) value.Value {
	f := float64(ticks) * by
	if math.IsNaN(f) || math.Abs(f) >= math.MaxInt64 {
		return null(value.TimeSpan)
	}
	return value.OfTimeSpan(int64(f))
}

func divide(_ *Context, a []value.Value) value.Value {
	x, y := a[0], a[1]
	switch {
	case x.T == value.TimeSpan && y.T == value.TimeSpan || x.T == value.DateTime && y.T == value.TimeSpan:
		return value.OfReal(float64(x.I) / float64(y.I))
	case x.T == value.TimeSpan && y.T == value.Real:
		return scaleSpan(x.I, 1/y.F)
	case x.T == value.Real:
		return value.OfReal(x.F / y.F)
	case x.T == value.Decimal:
		if q, ok := x.Dec().Quo(y.Dec()); ok {
			return value.OfDec(q)
		}
		return null(value.Decimal)
	case y.I == 0 || x.I == math.MinInt64 && y.I == -1:
		return null(widerInt(x.T))
	}
	return value.Value{T: widerInt(x.T), I: x.I / y.I}
}

func remainder(_ *Context, a []value.Value) value.Value {
	x, y := a[0], a[1]
	switch {
	case x.T == value.Real:
		if y.F == 0 {
			return value.OfReal(math.NaN())
		}
		return value.OfReal(math.Mod(x.F, y.F))
	case x.T == value.Decimal:
		if r, ok := x.Dec().Rem(y.Dec()); ok {
			return value.OfDec(r)
		}
		return null(value.Decimal)
	case y.I == 0 || y.I == -1:
		if y.I == 0 {
			return null(widerInt(x.T))
		}
		return value.Value{T: widerInt(x.T)}
	}
	t := widerInt(x.T)
	if t == value.DateTime {
		t = value.TimeSpan
	}
	return value.Value{T: t, I: x.I % y.I}
}

func equal(_ *Context, a []value.Value) value.Value {
	switch {
	case a[0].Null && a[1].Null:
		return null(value.Bool)
	case a[0].Null || a[1].Null || isNaN(a):
		return value.OfBool(false)
	}
	return value.OfBool(value.Compare(a[0], a[1]) == 0)
}

func notEqual(c *Context, a []value.Value) value.Value {
	v := equal(c, a)
	if !v.Null {
		v.I ^= 1
	}
	return v
}

func and(_ *Context, a []value.Value) value.Value {
	x, y := a[0], a[1]
	switch {
	case !x.Null && x.I == 0 || !y.Null && y.I == 0:
		return value.OfBool(false)
	case x.Null || y.Null:
		return null(value.Bool)
	}
	return value.OfBool(true)
}

func or(_ *Context, a []value.Value) value.Value {
	x, y := a[0], a[1]
	switch {
	case x.Bool() || y.Bool():
		return value.OfBool(true)
	case x.Null || y.Null:
		return null(value.Bool)
	}
	return value.OfBool(false)
}

func compared(ok func(int) bool) Func {
	return Func{Row: func(_ *Context, a []value.Value) value.Value {
		return value.OfBool(!isNaN(a) && ok(value.Compare(a[0], a[1])))
	}, Vec: vecCompare(ok, false)}
}

// modulo is the remainder as Kusto computes it: never negative.
func modulo(c *Context, a []value.Value) value.Value {
	r := remainder(c, a)
	y := a[1]
	switch {
	case r.Null:
	case r.T == value.Real && r.F < 0:
		r.F += math.Abs(y.F)
	case r.T == value.Decimal && r.Dec().Sign() < 0:
		d := y.Dec()
		if d.Sign() < 0 {
			d = d.Neg()
		}
		return value.OfDec(r.Dec().Add(d))
	case r.I < 0:
		r.I += max(y.I, -y.I)
	}
	return r
}
