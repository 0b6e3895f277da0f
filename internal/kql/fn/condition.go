package fn

import (
	"errors"
	"math"
	"strings"

	"github.com/azptu/azptu/internal/kql/value"
)

var conditionFuncs = func() group {
	return group{
		"iff":  {Row: iff, Nulls: true, Vec: vecIff},
		"case": {Row: caseOf, Nulls: true},
		"coalesce": {Nulls: true, Row: func(_ *Context, a []value.Value) value.Value {
			for _, v := range a {
				if !v.Null && !(v.T == value.String && v.S == "") {
					return v
				}
			}
			return a[len(a)-1]
		}},
		"not": {Row: func(_ *Context, a []value.Value) value.Value { return value.OfBool(a[0].I == 0) }},
		"isnull": {Nulls: true, Row: func(_ *Context, a []value.Value) value.Value {
			return value.OfBool(a[0].Null)
		}},
		"isnotnull": {Nulls: true, Row: func(_ *Context, a []value.Value) value.Value {
			return value.OfBool(!a[0].Null)
		}},
		"isempty":    {Nulls: true, Row: func(_ *Context, a []value.Value) value.Value { return value.OfBool(text(a[0]) == "") }, Vec: vecEmpty(true)},
		"isnotempty": {Nulls: true, Row: func(_ *Context, a []value.Value) value.Value { return value.OfBool(text(a[0]) != "") }, Vec: vecEmpty(false)},
		"assert": {Row: func(c *Context, a []value.Value) value.Value {
			if !a[0].Bool() {
				c.Fail(errors.New("assertion failed: " + a[1].S))
			}
			return a[0]
		}},
		"around": {Row: func(_ *Context, a []value.Value) value.Value {
			if a[0].T == value.Real || a[1].T == value.Real || a[2].T == value.Real {
				return value.OfBool(math.Abs(asReal(a[0])-asReal(a[1])) <= asReal(a[2]))
			}
			d := value.Convert(a[2], value.Long).I
			x, y := value.Convert(a[0], value.Long).I, value.Convert(a[1], value.Long).I
			return value.OfBool(x >= y-d && x <= y+d)
		}},
		"in":   {Row: in(false, false), Nulls: true},
		"!in":  {Row: in(true, false), Nulls: true},
		"in~":  {Row: in(false, true), Nulls: true},
		"!in~": {Row: in(true, true), Nulls: true},
	}
}

func iff(_ *Context, a []value.Value) value.Value {
	if a[0].Bool() {
		return a[1]
	}
	return a[2]
}

func caseOf(_ *Context, a []value.Value) value.Value {
	for i := 0; i+1 < len(a); i += 2 {
		if a[i].Bool() {
			return a[i+1]
		}
	}
	return a[len(a)-1]
}

// vecIff chooses between longs or reals without nulls.
func vecIff(_ *Context, a []*value.Vector, n int) *value.Vector {
	c, x, y := a[0], a[1], a[2]
	if c.Const || x.Type != y.Type || x.HasNulls() || y.HasNulls() {
		return nil
	}
	mx, my := x.Mask(), y.Mask()
	switch {
	case x.Type.Ints():
		out := make([]int64, n)
		for i := range out {
			if c.I64[i] != 0 && !c.Nulls.Get(i) {
				out[i] = x.I64[i&mx]
			} else {
				out[i] = y.I64[i&my]
			}
		}
		return &value.Vector{Type: x.Type, Len: n, I64: out}
	case x.Type == value.String:
		out := make([]string, n)
		for i := range out {
			if c.I64[i] != 0 && !c.Nulls.Get(i) {
				out[i] = x.Text(i)
			} else {
				out[i] = y.Text(i)
			}
		}
		return value.StringsOf(out)
	}
	return nil
}

func vecEmpty(want bool) Vec {
	return func(_ *Context, a []*value.Vector, n int) *value.Vector {
		v := a[0]
		if v.Type != value.String || v.Codes != nil || v.Const {
			return nil
		}
		out := make([]int64, n)
		for i := range out {
			out[i] = bit((v.Str[i] == "") == want)
		}
		return value.BoolsOf(out, nil)
	}
}

// in looks the first argument up among the others; a dynamic array among them stands for
// its members.
func in(not, fold bool) Row {
	return func(_ *Context, a []value.Value) value.Value {
		return value.OfBool(found(a, fold) != not)
	}
}

func found(a []value.Value, fold bool) bool {
	x := a[0]
	if x.Null {
		return false
	}
	if x.T == value.Dynamic {
		x = value.FromDynamic(x.X)
	}
	for _, v := range a[1:] {
		if l, ok := list(v); ok && v.T == value.Dynamic {
			for _, e := range l {
				if sameMember(x, value.FromDynamic(e), fold) {
					return true
				}
			}
			continue
		}
		if v.T == value.Dynamic {
			v = value.FromDynamic(v.X)
		}
		if sameMember(x, v, fold) {
			return true
		}
	}
	return false
}

func sameMember(x, y value.Value, fold bool) bool {
	if x.T == value.String && y.T == value.String && fold {
		return strings.EqualFold(x.S, y.S)
	}
	if y.Null {
		return false
	}
	if x.T != y.T && !(x.T.IsNumeric() && y.T.IsNumeric()) {
		y = value.Convert(y, x.T)
		if y.Null {
			return false
		}
	}
	return value.Compare(x, y) == 0
}
