package fn

import (
	"slices"
	"sort"

	"github.com/azptu/azptu/internal/kql/value"
)

var arrayFuncs = func() group {
	return group{
		"array_length": {Row: func(_ *Context, a []value.Value) value.Value {
			if l, ok := list(a[0]); ok {
				return value.OfLong(int64(len(l)))
			}
			return null(value.Long)
		}},
		"array_concat":       {Row: arrayConcat, Nulls: true},
		"array_reverse":      {Row: arrayReverse},
		"array_rotate_left":  {Row: rotate(1)},
		"array_rotate_right": {Row: rotate(-1)},
		"array_shift_left":   {Row: shift(1)},
		"array_shift_right":  {Row: shift(-1)},
		"array_slice":        {Row: arraySlice},
		"array_split":        {Row: arraySplit},
		"array_sum":          {Row: arraySum},
		"array_index_of":     {Row: arrayIndexOf, Nulls: true},
		"array_iff":          {Row: arrayIff, Nulls: true},
		"array_sort_asc":     {Row: arraySort(true), Columns: sortedColumns},
		"array_sort_desc":    {Row: arraySort(false), Columns: sortedColumns},
		"pack_array": {Nulls: true, Row: func(_ *Context, a []value.Value) value.Value {
			out := make([]any, len(a))
			for i, v := range a {
				out[i] = v.AsDynamic()
			}
			return dyn(out)
		}},
		"zip": {Row: zip},
		"set_has_element": {Nulls: true, Row: func(_ *Context, a []value.Value) value.Value {
			l, ok := list(a[0])
			if !ok {
				return null(value.Bool)
			}
			for _, x := range l {
				if value.EqualDynamic(x, a[1].AsDynamic()) {
					return value.OfBool(true)
				}
			}
			return value.OfBool(false)
		}},
	}
}

func arrayConcat(_ *Context, a []value.Value) value.Value {
	out := []any{}
	any := false
	for _, v := range a {
		if l, ok := list(v); ok {
			out, any = append(out, l...), true
		}
	}
	if !any {
		return null(value.Dynamic)
	}
	return dyn(out)
}

func arrayReverse(_ *Context, a []value.Value) value.Value {
	l, ok := list(a[0])
	if !ok {
		return null(value.Dynamic)
	}
	out := make([]any, len(l))
	for i, x := range l {
		out[len(l)-1-i] = x
	}
	return dyn(out)
}

func rotate(sign int64) Row {
	return func(_ *Context, a []value.Value) value.Value {
		l, ok := list(a[0])
		if !ok {
			return null(value.Dynamic)
		}
		n := int64(len(l))
		out := make([]any, n)
		for i := range out {
			out[i] = l[((int64(i)+sign*(a[1].I%n))%n+n)%n]
		}
		return dyn(out)
	}
}

func onlyStrings(l []any) bool {
	return len(l) > 0 && !slices.ContainsFunc(l, func(x any) bool { _, ok := x.(string); return !ok })
}

func shift(sign int64) Row {
	return func(_ *Context, a []value.Value) value.Value {
		l, ok := list(a[0])
		if !ok {
			return null(value.Dynamic)
		}
		var fill any
		if len(a) > 2 {
			fill = a[2].AsDynamic()
		} else if onlyStrings(l) {
			fill = ""
		}
		out := make([]any, len(l))
		for i := range out {
			if j := int64(i) + sign*a[1].I; j >= 0 && j < int64(len(l)) {
				out[i] = l[j]
			} else {
				out[i] = fill
			}
		}
		return dyn(out)
	}
}

func place(i, n int64) int64 {
	if i < 0 {
		i += n
	}
	return i
}

func arraySlice(_ *Context, a []value.Value) value.Value {
	l, ok := list(a[0])
	if !ok {
		return null(value.Dynamic)
	}
	n := int64(len(l))
	from, to := max(place(a[1].I, n), 0), min(place(a[2].I, n), n-1)
	if from > to {
		return dyn([]any{})
	}
	return dyn(append([]any{}, l[from:to+1]...))
}

func arraySplit(_ *Context, a []value.Value) value.Value {
	l, ok := list(a[0])
	if !ok {
		return null(value.Dynamic)
	}
	n := int64(len(l))
	var at []int64
	if cuts, ok := list(a[1]); ok {
		for _, c := range cuts {
			if i, ok := c.(int64); ok {
				at = append(at, place(i, n))
			}
		}
	} else {
		at = []int64{place(value.Convert(a[1], value.Long).I, n)}
	}
	out := []any{}
	last := int64(0)
	for _, i := range at {
		i = max(min(i, n), last)
		out = append(out, append([]any{}, l[last:i]...))
		last = i
	}
	return dyn(append(out, append([]any{}, l[last:]...)))
}

func arraySum(_ *Context, a []value.Value) value.Value {
	l, ok := list(a[0])
	if !ok {
		return null(value.Real)
	}
	sum, any := 0.0, false
	for _, x := range l {
		f, ok := number(x)
		if !ok {
			if x == nil {
				continue
			}
			return null(value.Real)
		}
		sum, any = sum+f, true
	}
	if !any {
		return null(value.Real)
	}
	return value.OfReal(sum)
}

func arrayIndexOf(_ *Context, a []value.Value) value.Value {
	l, ok := list(a[0])
	if !ok {
		return null(value.Long)
	}
	n := int64(len(l))
	start := max(place(arg(a, 2, value.OfLong(0)).I, n), 0)
	length := arg(a, 3, value.OfLong(-1)).I
	nth := arg(a, 4, value.OfLong(1)).I
	if length < -1 || nth < 1 {
		return null(value.Long)
	}
	end := n
	if length >= 0 {
		end = min(n, start+length)
	}
	for i := start; i < end; i++ {
		if value.EqualDynamic(l[i], a[1].AsDynamic()) {
			if nth--; nth == 0 {
				return value.OfLong(i)
			}
		}
	}
	return value.OfLong(-1)
}

func arrayIff(_ *Context, a []value.Value) value.Value {
	l, ok := list(a[0])
	if !ok {
		return null(value.Dynamic)
	}
	pick := func(v value.Value, i int) any {
		if m, ok := list(v); ok {
			if i < len(m) {
				return m[i]
			}
			return nil
		}
		return v.AsDynamic()
	}
	out := make([]any, len(l))
	for i, c := range l {
		switch t, known := truth(c); {
		case !known:
		case t:
			out[i] = pick(a[1], i)
		default:
			out[i] = pick(a[2], i)
		}
	}
	return dyn(out)
}

func truth(x any) (t, known bool) {
	switch x := x.(type) {
	case bool:
		return x, true
	case int64:
		return x != 0, true
	case float64:
		return x != 0, true
	}
	return false, false
}

func sortedColumns(n int) []Output {
	out := make([]Output, n)
	for i := range out {
		out[i] = Output{Name: "array", Type: value.Dynamic}
	}
	return out
}

// arraySort sorts the first array and puts the others in the same order. With several
// arrays the result holds one member for each.
func arraySort(asc bool) Row {
	return func(_ *Context, a []value.Value) value.Value {
		nullsLast := true
		if last := a[len(a)-1]; last.T == value.Bool {
			nullsLast, a = last.I != 0, a[:len(a)-1]
		}
		l, ok := list(a[0])
		if !ok {
			return null(value.Dynamic)
		}
		order := make([]int, len(l))
		for i := range order {
			order[i] = i
		}
		sort.SliceStable(order, func(i, j int) bool {
			x, y := l[order[i]], l[order[j]]
			if x == nil || y == nil {
				return (x == nil) != (y == nil) && (y == nil) == nullsLast
			}
			c := compareMembers(x, y)
			if asc {
				return c < 0
			}
			return c > 0
		})
		out := make([]any, len(a))
		for k, v := range a {
			m, _ := list(v)
			row := make([]any, len(order))
			if len(m) != len(order) {
				continue
			}
			for i, o := range order {
				row[i] = m[o]
			}
			out[k] = row
		}
		if len(out) == 1 {
			return dyn(out[0])
		}
		return dyn(out)
	}
}

func compareMembers(x, y any) int {
	a, b := value.FromDynamic(x), value.FromDynamic(y)
	if a.T != b.T && !(a.T.IsNumeric() && b.T.IsNumeric()) {
		return int(a.T) - int(b.T)
	}
	return value.Compare(a, b)
}

func zip(_ *Context, a []value.Value) value.Value {
	n := 0
	lists := make([][]any, len(a))
	for i, v := range a {
		lists[i], _ = list(v)
		n = max(n, len(lists[i]))
	}
	out := make([]any, n)
	for i := range out {
		row := make([]any, len(a))
		for j, l := range lists {
			if i < len(l) {
				row[j] = l[i]
			}
		}
		out[i] = row
	}
	return dyn(out)
}
