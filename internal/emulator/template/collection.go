package template

import (
	"maps"
	"slices"
	"strings"
)

var collectionFunctions = map[string]function{
	"length":       pure(1, 1, length),
	"empty":        pure(1, 1, func(args []any) (any, error) { return args[0] == nil || isEmpty(args[0]), nil }),
	"contains":     pure(2, 2, contains),
	"first":        pure(1, 1, func(args []any) (any, error) { return end(args[0], true) }),
	"last":         pure(1, 1, func(args []any) (any, error) { return end(args[0], false) }),
	"take":         pure(2, 2, func(args []any) (any, error) { return cut(args, true) }),
	"skip":         pure(2, 2, func(args []any) (any, error) { return cut(args, false) }),
	"createarray":  pure(0, -1, func(args []any) (any, error) { return slices.Clone(args), nil }),
	"createobject": pure(0, -1, createObject),
	"array": pure(1, 1, func(args []any) (any, error) {
		if items, isList := args[0].([]any); isList {
			return items, nil
		}
		return []any{args[0]}, nil
	}),
	"range":        pure(2, 2, numbers),
	"union":        pure(1, -1, union),
	"intersection": pure(2, -1, intersection),
	"flatten":      pure(1, 1, flatten),
	"items":        pure(1, 1, items),
	"objectkeys": pure(1, 1, func(args []any) (any, error) {
		m, isObject := args[0].(map[string]any)
		if !isObject {
			return nil, invalid("The template language function 'objectKeys' expects an object.")
		}
		out := []any{}
		for _, name := range keys(m) {
			out = append(out, name)
		}
		return out, nil
	}),
	"tryget": pure(2, -1, func(args []any) (any, error) {
		v := args[0]
		for _, key := range args[1:] {
			switch of := v.(type) {
			case map[string]any:
				v = lookup(of, written(key))
			case []any:
				i, isNumber := key.(int64)
				if !isNumber || i < 0 || i >= int64(len(of)) {
					return nil, nil
				}
				v = of[i]
			default:
				return nil, nil
			}
		}
		return v, nil
	}),
}

func length(args []any) (any, error) {
	switch v := args[0].(type) {
	case string:
		return int64(len(v)), nil
	case []any:
		return int64(len(v)), nil
	case map[string]any:
		return int64(len(v)), nil
	}
	return nil, invalid("The template language function 'length' expects an array, an object or a string.")
}

func isEmpty(v any) bool {
	n, err := length([]any{v})
	return err == nil && n == int64(0)
}

func contains(args []any) (any, error) {
	switch of := args[0].(type) {
	case string:
		return strings.Contains(of, written(args[1])), nil
	case []any:
		return slices.ContainsFunc(of, func(v any) bool { return same(v, args[1]) }), nil
	case map[string]any:
		_, found := find(of, written(args[1]))
		return found, nil
	}
	return nil, invalid("The template language function 'contains' expects an array, an object or a string.")
}

// end is the first or last element.
func end(v any, first bool) (any, error) {
	switch v := v.(type) {
	case []any:
		switch {
		case len(v) == 0:
			return nil, nil
		case first:
			return v[0], nil
		}
		return v[len(v)-1], nil
	case string:
		switch {
		case v == "":
			return "", nil
		case first:
			return v[:1], nil
		}
		return v[len(v)-1:], nil
	}
	return nil, invalid("The template language function expects an array or a string.")
}

// cut takes, or skips, the first elements.
func cut(args []any, take bool) (any, error) {
	n, err := intOf(args[1])
	if err != nil {
		return nil, err
	}
	n = max(n, 0)
	switch v := args[0].(type) {
	case []any:
		n = min(n, int64(len(v)))
		if take {
			return v[:n:n], nil
		}
		return v[n:], nil
	case string:
		n = min(n, int64(len(v)))
		if take {
			return v[:n], nil
		}
		return v[n:], nil
	}
	return nil, invalid("The template language function expects an array or a string.")
}

func createObject(args []any) (any, error) {
	if len(args)%2 != 0 {
		return nil, invalid("The template language function 'createObject' takes names and values in turn.")
	}
	out := map[string]any{}
	for i := 0; i < len(args); i += 2 {
		out[written(args[i])] = args[i+1]
	}
	return out, nil
}

func numbers(args []any) (any, error) {
	from, err := intOf(args[0])
	if err != nil {
		return nil, err
	}
	n, err := intOf(args[1])
	if err != nil {
		return nil, err
	}
	if n < 0 || n > 10000 {
		return nil, invalid("The template language function 'range' makes up to 10000 numbers.")
	}
	out := []any{}
	for i := range n {
		out = append(out, from+i)
	}
	return out, nil
}

// union joins objects, the last one winning member by member, or lists without
// what comes twice.
func union(args []any) (any, error) {
	if _, isObject := args[0].(map[string]any); isObject {
		out := map[string]any{}
		for _, a := range args {
			m, isObject := a.(map[string]any)
			if !isObject {
				return nil, invalid("The template language function 'union' joins objects or arrays, not both.")
			}
			merge(out, m)
		}
		return out, nil
	}
	out := []any{}
	for _, a := range args {
		items, isList := a.([]any)
		if !isList {
			return nil, invalid("The template language function 'union' expects objects or arrays.")
		}
		for _, v := range items {
			if !slices.ContainsFunc(out, func(w any) bool { return same(v, w) }) {
				out = append(out, v)
			}
		}
	}
	return out, nil
}

func merge(into, from map[string]any) {
	for name, v := range from {
		old, both := into[name].(map[string]any)
		if m, isObject := v.(map[string]any); isObject && both {
			joined := maps.Clone(old)
			merge(joined, m)
			v = joined
		}
		into[name] = v
	}
}

func intersection(args []any) (any, error) {
	out, isList := args[0].([]any)
	if !isList {
		return nil, invalid("The template language function 'intersection' expects arrays.")
	}
	out = slices.Clone(out)
	for _, a := range args[1:] {
		items, isList := a.([]any)
		if !isList {
			return nil, invalid("The template language function 'intersection' expects arrays.")
		}
		out = slices.DeleteFunc(out, func(v any) bool { return !slices.ContainsFunc(items, func(w any) bool { return same(v, w) }) })
	}
	return out, nil
}

func flatten(args []any) (any, error) {
	outer, isList := args[0].([]any)
	if !isList {
		return nil, invalid("The template language function 'flatten' expects an array.")
	}
	out := []any{}
	for _, v := range outer {
		items, isList := v.([]any)
		if !isList {
			return nil, invalid("The template language function 'flatten' expects an array of arrays.")
		}
		out = append(out, items...)
	}
	return out, nil
}

func items(args []any) (any, error) {
	m, isObject := args[0].(map[string]any)
	if !isObject {
		return nil, invalid("The template language function 'items' expects an object.")
	}
	out := []any{}
	for _, name := range keys(m) {
		out = append(out, map[string]any{"key": name, "value": m[name]})
	}
	return out, nil
}
