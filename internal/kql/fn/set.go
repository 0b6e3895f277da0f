package fn

import "github.com/azptu/azptu/internal/kql/value"

var setFuncs = func() group {
	return group{
		"set_union":      {Row: setUnion},
		"set_intersect":  {Row: setCombine(true)},
		"set_difference": {Row: setCombine(false)},
		"set_equals": {Row: func(_ *Context, a []value.Value) value.Value {
			x, y := members(a[0]), members(a[1])
			if len(x) != len(y) {
				return value.OfBool(false)
			}
			for k := range x {
				if !y[k] {
					return value.OfBool(false)
				}
			}
			return value.OfBool(true)
		}},
		"jaccard_index": {Row: func(_ *Context, a []value.Value) value.Value {
			x, y := members(a[0]), members(a[1])
			both := 0
			for k := range x {
				if y[k] {
					both++
				}
			}
			if len(x)+len(y) == 0 {
				return value.OfReal(0)
			}
			return value.OfReal(float64(both) / float64(len(x)+len(y)-both))
		}},
	}
}

func memberKey(x any) string { return string(value.AppendCanonical(nil, x)) }

func members(v value.Value) map[string]bool {
	l, _ := list(v)
	m := make(map[string]bool, len(l))
	for _, x := range l {
		m[memberKey(x)] = true
	}
	return m
}

func setUnion(_ *Context, a []value.Value) value.Value {
	seen := map[string]bool{}
	out := []any{}
	for _, v := range a {
		l, _ := list(v)
		for _, x := range l {
			if k := memberKey(x); !seen[k] {
				seen[k] = true
				out = append(out, x)
			}
		}
	}
	return dyn(out)
}

// setCombine keeps the first set's members that all others have (both), or none has.
func setCombine(both bool) Row {
	return func(_ *Context, a []value.Value) value.Value {
		others := make([]map[string]bool, len(a)-1)
		for i, v := range a[1:] {
			others[i] = members(v)
		}
		l, ok := list(a[0])
		if !ok {
			return null(value.Dynamic)
		}
		seen := map[string]bool{}
		out := []any{}
		for _, x := range l {
			k := memberKey(x)
			keep := !seen[k]
			for _, o := range others {
				keep = keep && o[k] == both
			}
			if keep {
				seen[k] = true
				out = append(out, x)
			}
		}
		return dyn(out)
	}
}
