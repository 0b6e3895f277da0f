package fn

import (
	"github.com/azptu/azptu/internal/kql/sketch"
	"github.com/azptu/azptu/internal/kql/value"
)

var sketchFuncs = func() group {
	return group{
		"dcount_hll": {Row: func(_ *Context, a []value.Value) value.Value {
			if h, ok := sketch.HLLOf(a[0].X); ok {
				return value.OfLong(h.Count())
			}
			return null(value.Long)
		}},
		"hll_merge": {Row: func(_ *Context, a []value.Value) value.Value {
			out := sketch.NewHLL()
			for _, v := range a {
				if h, ok := sketch.HLLOf(v.X); ok {
					out.Merge(h)
				}
			}
			return dyn(out.Dynamic())
		}},
		"hll_isvalid": {Row: func(_ *Context, a []value.Value) value.Value {
			_, ok := sketch.HLLOf(a[0].X)
			return value.OfBool(ok)
		}},
		"tdigest_merge": {Row: func(_ *Context, a []value.Value) value.Value {
			out := &sketch.Digest{}
			for _, v := range a {
				if d, ok := sketch.DigestOf(v.X); ok {
					out.Merge(d)
				}
			}
			return dyn(out.Dynamic())
		}},
		"tdigest_isvalid": {Row: func(_ *Context, a []value.Value) value.Value {
			_, ok := sketch.DigestOf(a[0].X)
			return value.OfBool(ok)
		}},
		"percentile_tdigest": {Row: func(_ *Context, a []value.Value) value.Value {
			if d, ok := sketch.DigestOf(a[0].X); ok {
				if x, ok := d.Percentile(asReal(a[1])); ok {
					return dyn(x)
				}
			}
			return null(value.Dynamic)
		}},
		"percentiles_array_tdigest": {Row: percentilesOfDigest},
		"rank_tdigest": {Row: func(_ *Context, a []value.Value) value.Value {
			if d, ok := sketch.DigestOf(a[0].X); ok {
				return value.OfReal(d.Rank(asReal(a[1])))
			}
			return null(value.Real)
		}},
		"percentrank_tdigest": {Row: func(_ *Context, a []value.Value) value.Value {
			if d, ok := sketch.DigestOf(a[0].X); ok && d.Total() > 0 {
				return value.OfReal(100 * d.Rank(asReal(a[1])) / d.Total())
			}
			return null(value.Real)
		}},
	}
}

// typeArg is the type that an argument names.
func typeArg(a []value.Value, i int) (value.Type, bool) {
	if i >= len(a) || a[i].T != value.String {
		return value.Unknown, false
	}
	return value.TypeByName(a[i].S)
}

// percentilesOfDigest gives percentiles named one by one, or in an array and then as a type.
func percentilesOfDigest(_ *Context, a []value.Value) value.Value {
	d, ok := sketch.DigestOf(a[0].X)
	if !ok {
		return null(value.Dynamic)
	}
	wanted, isList := list(a[1])
	if !isList {
		for _, v := range a[1:] {
			wanted = append(wanted, v.AsDynamic())
		}
	}
	out := []any{}
	for _, w := range wanted {
		p, _ := number(w)
		x, _ := d.Percentile(p)
		v := value.OfReal(x)
		if t, ok := typeArg(a, 2); ok && isList {
			v = value.Convert(v, t)
		}
		out = append(out, v.AsDynamic())
	}
	return dyn(out)
}
