package fn

import "github.com/azptu/azptu/internal/kql/value"

// bothNulls joins the null bits of two vectors; ok is false when that takes work.
func noNulls(a []*value.Vector) bool {
	for _, v := range a {
		if v.HasNulls() {
			return false
		}
	}
	return true
}

// vecArith computes long with long and real with real without nulls.
func vecArith(ints func(a, b int64) int64, reals func(a, b float64) float64) Vec {
	return func(_ *Context, a []*value.Vector, n int) *value.Vector {
		x, y := a[0], a[1]
		if !noNulls(a) || x.Const && y.Const {
			return nil
		}
		mx, my := x.Mask(), y.Mask()
		switch {
		case x.Type == value.Real && y.Type == value.Real:
			out := make([]float64, n)
			for i := range out {
				out[i] = reals(x.F64[i&mx], y.F64[i&my])
			}
			return &value.Vector{Type: value.Real, Len: n, F64: out}
		case ints != nil && x.Type == value.Long && y.Type == value.Long:
			out := make([]int64, n)
			for i := range out {
				out[i] = ints(x.I64[i&mx], y.I64[i&my])
			}
			return &value.Vector{Type: value.Long, Len: n, I64: out}
		}
		return nil
	}
}

// vecCompare compares vectors of one type without nulls. nan is the answer when one side
// is NaN.
func vecCompare(ok func(int) bool, nan bool) Vec {
	pass := [3]int64{bit(ok(-1)), bit(ok(0)), bit(ok(1))}
	return func(_ *Context, a []*value.Vector, n int) *value.Vector {
		x, y := a[0], a[1]
		if x.Type != y.Type || !noNulls(a) || x.Const && y.Const {
			return nil
		}
		switch {
		case x.Type.Ints():
			return compareInts(x, y, n, pass)
		case x.Type == value.Real:
			return compareReals(x, y, n, pass, bit(nan))
		case x.Type == value.String && y.Const && x.Codes != nil && len(x.Dict) <= n:
			return compareWords(x, y.Text(0), n, pass)
		case x.Type == value.String:
			return compareStrings(x, y, n, pass)
		}
		return nil
	}
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func compareInts(x, y *value.Vector, n int, pass [3]int64) *value.Vector {
	out := make([]int64, n)
	lt, eq, gt := pass[0], pass[1], pass[2]
	if y.Const && !x.Const {
		c := y.I64[0]
		for i, v := range x.I64[:n] {
			switch {
			case v < c:
				out[i] = lt
			case v > c:
				out[i] = gt
			default:
				out[i] = eq
			}
		}
		return value.BoolsOf(out, nil)
	}
	mx, my := x.Mask(), y.Mask()
	for i := range out {
		v, w := x.I64[i&mx], y.I64[i&my]
		switch {
		case v < w:
			out[i] = lt
		case v > w:
			out[i] = gt
		default:
			out[i] = eq
		}
	}
	return value.BoolsOf(out, nil)
}

func compareReals(x, y *value.Vector, n int, pass [3]int64, nan int64) *value.Vector {
	out := make([]int64, n)
	mx, my := x.Mask(), y.Mask()
	for i := range out {
		v, w := x.F64[i&mx], y.F64[i&my]
		switch {
		case v < w:
			out[i] = pass[0]
		case v > w:
			out[i] = pass[2]
		case v == w:
			out[i] = pass[1]
		default:
			out[i] = nan
		}
	}
	return value.BoolsOf(out, nil)
}

func compareWords(x *value.Vector, c string, n int, pass [3]int64) *value.Vector {
	words := make([]int64, len(x.Dict))
	for i, w := range x.Dict {
		words[i] = pass[1+compareText(w, c)]
	}
	out := make([]int64, n)
	for i, code := range x.Codes[:n] {
		out[i] = words[code]
	}
	return value.BoolsOf(out, nil)
}

func compareText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func compareStrings(x, y *value.Vector, n int, pass [3]int64) *value.Vector {
	out := make([]int64, n)
	for i := range out {
		out[i] = pass[1+compareText(x.Text(i), y.Text(i))]
	}
	return value.BoolsOf(out, nil)
}

// vecLogic computes and (all) or or without nulls.
func vecLogic(all bool) Vec {
	return func(_ *Context, a []*value.Vector, n int) *value.Vector {
		if !noNulls(a) {
			return nil
		}
		x, y := a[0], a[1]
		mx, my := x.Mask(), y.Mask()
		out := make([]int64, n)
		for i := range out {
			if all {
				out[i] = x.I64[i&mx] & y.I64[i&my]
			} else {
				out[i] = x.I64[i&mx] | y.I64[i&my]
			}
		}
		return value.BoolsOf(out, nil)
	}
}
