package fn

import (
	"strconv"
	"strings"

	"github.com/azptu/azptu/internal/kql/value"
)

var bagFuncs = func() group {
	return group{
		"bag_pack": {Nulls: true, Row: func(_ *Context, a []value.Value) value.Value {
			b := &value.Bag{}
			for i := 0; i+1 < len(a); i += 2 {
				b.Set(text(a[i]), a[i+1].AsDynamic())
			}
			return dyn(b)
		}},
		// pack_columns serves pack_all and bag_pack_columns: a flag to leave out the empty,
		// then names and values.
		"pack_columns": {Nulls: true, Row: func(_ *Context, a []value.Value) value.Value {
			b := &value.Bag{}
			for i := 1; i+1 < len(a); i += 2 {
				if v := a[i+1]; !a[0].Bool() || !v.Null && text(v) != "" {
					b.Set(a[i].S, v.AsDynamic())
				}
			}
			return dyn(b)
		}},
		"bag_keys": {Row: func(_ *Context, a []value.Value) value.Value {
			b, ok := bag(a[0])
			if !ok {
				return null(value.Dynamic)
			}
			out := []any{}
			for _, k := range b.Keys {
				out = append(out, k)
			}
			return dyn(out)
		}},
		"bag_has_key": {Row: func(_ *Context, a []value.Value) value.Value {
			x, ok := atPath(a[0].X, a[1].S)
			_ = x
			return value.OfBool(ok)
		}},
		"bag_merge":       {Row: bagMerge, Nulls: true},
		"bag_remove_keys": {Row: bagRemove},
		"bag_set_key":     {Row: bagSet, Nulls: true},
		"bag_zip": {Row: func(_ *Context, a []value.Value) value.Value {
			keys, ok := list(a[0])
			if !ok {
				return null(value.Dynamic)
			}
			vals, _ := list(a[1])
			b := &value.Bag{}
			for i, k := range keys {
				if s, ok := k.(string); ok {
					var v any
					if i < len(vals) {
						v = vals[i]
					}
					b.Set(s, v)
				}
			}
			return dyn(b)
		}},
		"treepath": {Row: func(_ *Context, a []value.Value) value.Value {
			out := []any{}
			treePaths(a[0].X, "", &out)
			return dyn(out)
		}},
	}
}

// atPath follows a JSONPath such as $.a.b, or takes a plain name as a property.
func atPath(x any, path string) (any, bool) {
	if !strings.HasPrefix(path, "$") {
		b, ok := x.(*value.Bag)
		return value.Member(x, path), ok && b.Has(path)
	}
	for _, step := range pathSteps(path) {
		if i, err := strconv.ParseInt(step, 10, 64); err == nil {
			if l, ok := x.([]any); ok {
				if i < 0 || i >= int64(len(l)) {
					return nil, false
				}
				x = l[i]
				continue
			}
		}
		b, ok := x.(*value.Bag)
		if !ok || !b.Has(step) {
			return nil, false
		}
		x = b.Get(step)
	}
	return x, true
}

func pathSteps(path string) []string {
	r := strings.NewReplacer("['", ".", "']", "", `["`, ".", `"]`, "", "[", ".", "]", "")
	return strings.FieldsFunc(r.Replace(strings.TrimPrefix(path, "$")), func(r rune) bool { return r == '.' })
}

func bagMerge(_ *Context, a []value.Value) value.Value {
	out := &value.Bag{}
	any := false
	for _, v := range a {
		b, ok := bag(v)
		if !ok {
			continue
		}
		any = true
		for i, k := range b.Keys {
			if !out.Has(k) {
				out.Set(k, b.Vals[i])
			}
		}
	}
	if !any {
		return null(value.Dynamic)
	}
	return dyn(out)
}

func bagRemove(_ *Context, a []value.Value) value.Value {
	b, ok := bag(a[0])
	if !ok {
		return null(value.Dynamic)
	}
	keys, _ := list(a[1])
	var x any = b
	for _, k := range keys {
		if s, ok := k.(string); ok {
			path := []string{s}
			if strings.HasPrefix(s, "$") {
				path = pathSteps(s)
			}
			x = without(x, path)
		}
	}
	return dyn(x)
}

func without(x any, path []string) any {
	b, ok := x.(*value.Bag)
	if !ok || len(path) == 0 {
		return x
	}
	out := &value.Bag{}
	for i, k := range b.Keys {
		switch {
		case k != path[0]:
			out.Set(k, b.Vals[i])
		case len(path) > 1:
			out.Set(k, without(b.Vals[i], path[1:]))
		}
	}
	return out
}

func bagSet(_ *Context, a []value.Value) value.Value {
	path := []string{a[1].S}
	if strings.HasPrefix(a[1].S, "$") {
		path = pathSteps(a[1].S)
	}
	if _, ok := bag(a[0]); !ok {
		return null(value.Dynamic)
	}
	return dyn(with(a[0].X, path, a[2].AsDynamic()))
}

func with(x any, path []string, v any) any {
	if len(path) == 0 {
		return v
	}
	out := &value.Bag{}
	if b, ok := x.(*value.Bag); ok {
		for i, k := range b.Keys {
			out.Set(k, b.Vals[i])
		}
	}
	out.Set(path[0], with(out.Get(path[0]), path[1:], v))
	return out
}

func treePaths(x any, at string, out *[]any) {
	switch x := x.(type) {
	case *value.Bag:
		for i, k := range x.Keys {
			p := at + "['" + k + "']"
			*out = append(*out, p)
			treePaths(x.Vals[i], p, out)
		}
	case []any:
		if len(x) > 0 {
			p := at + "[0]"
			*out = append(*out, p)
			treePaths(x[0], p, out)
		}
	}
}
