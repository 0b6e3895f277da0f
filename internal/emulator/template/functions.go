package template

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// function is one function of the template language, and how many parameters
// it takes; most is -1 where any number will do.
type function struct {
	least, most int
	run         func(e *env, args []any) (any, error)
}

// functionNamed finds a function by its folded name. if, and, or and variables
// are the evaluator's own; those whose names begin with list ask a resource.
func functionNamed(name string) (function, bool) {
	for _, some := range []map[string]function{textFunctions, numberFunctions, collectionFunctions, deploymentFunctions} {
		if f, known := some[name]; known {
			return f, true
		}
	}
	if strings.HasPrefix(name, "list") {
		return function{1, 3, list(name)}, true
	}
	return function{}, false
}

// pure makes a function of one that needs no surroundings.
func pure(least, most int, run func(args []any) (any, error)) function {
	return function{least, most, func(_ *env, args []any) (any, error) { return run(args) }}
}

// ofText makes a function of one string.
func ofText(run func(s string) (any, error)) function {
	return pure(1, 1, func(args []any) (any, error) {
		s, err := textOf(args[0])
		if err != nil {
			return nil, err
		}
		return run(s)
	})
}

func textOf(v any) (string, error) {
	if s, isText := v.(string); isText {
		return s, nil
	}
	return "", invalid("The template language function expects a string, but got '%.80v'.", v)
}

func intOf(v any) (int64, error) {
	if n, isNumber := v.(int64); isNumber {
		return n, nil
	}
	return 0, invalid("The template language function expects an integer, but got '%.80v'.", v)
}

var numberFunctions = map[string]function{
	"add": arithmetic(func(a, b int64) (int64, bool) { return a + b, true }),
	"sub": arithmetic(func(a, b int64) (int64, bool) { return a - b, true }),
	"mul": arithmetic(func(a, b int64) (int64, bool) { return a * b, true }),
	"div": arithmetic(func(a, b int64) (int64, bool) {
		if b == 0 {
			return 0, false
		}
		return a / b, true
	}),
	"mod": arithmetic(func(a, b int64) (int64, bool) {
		if b == 0 {
			return 0, false
		}
		return a % b, true
	}),
	"min":    pure(1, -1, func(args []any) (any, error) { return extreme(args, func(a, b int64) bool { return a < b }) }),
	"max":    pure(1, -1, func(args []any) (any, error) { return extreme(args, func(a, b int64) bool { return a > b }) }),
	"int":    pure(1, 1, toInt),
	"bool":   pure(1, 1, toBool),
	"true":   pure(0, 0, func([]any) (any, error) { return true, nil }),
	"false":  pure(0, 0, func([]any) (any, error) { return false, nil }),
	"null":   pure(0, 0, func([]any) (any, error) { return nil, nil }),
	"equals": pure(2, 2, func(args []any) (any, error) { return same(args[0], args[1]), nil }),
	"not": pure(1, 1, func(args []any) (any, error) {
		b, isBool := args[0].(bool)
		if !isBool {
			return nil, invalid("The template language function 'not' expects a boolean.")
		}
		return !b, nil
	}),
	"less":            order(func(c int) bool { return c < 0 }),
	"lessorequals":    order(func(c int) bool { return c <= 0 }),
	"greater":         order(func(c int) bool { return c > 0 }),
	"greaterorequals": order(func(c int) bool { return c >= 0 }),
	"coalesce": pure(1, -1, func(args []any) (any, error) {
		for _, a := range args {
			if a != nil {
				return a, nil
			}
		}
		return nil, nil
	}),
}

func arithmetic(run func(a, b int64) (int64, bool)) function {
	return pure(2, 2, func(args []any) (any, error) {
		a, err := intOf(args[0])
		if err != nil {
			return nil, err
		}
		b, err := intOf(args[1])
		if err != nil {
			return nil, err
		}
		n, fine := run(a, b)
		if !fine {
			return nil, invalid("The template language function divides by zero.")
		}
		return n, nil
	})
}

func extreme(args []any, better func(a, b int64) bool) (any, error) {
	if items, isList := args[0].([]any); isList && len(args) == 1 {
		args = items
	}
	var best int64
	for i, a := range args {
		n, err := intOf(a)
		if err != nil {
			return nil, err
		}
		if i == 0 || better(n, best) {
			best = n
		}
	}
	return best, nil
}

// order compares two numbers or two strings.
func order(fits func(c int) bool) function {
	return pure(2, 2, func(args []any) (any, error) {
		switch a := args[0].(type) {
		case int64:
			b, err := intOf(args[1])
			return err == nil && fits(compare(a, b)), err
		case string:
			b, err := textOf(args[1])
			return err == nil && fits(strings.Compare(a, b)), err
		}
		return nil, invalid("The template language function compares numbers or strings, not '%.80v'.", args[0])
	})
}

func compare(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// same compares as the language does: strings without regard to case.
func same(a, b any) bool {
	if x, isText := a.(string); isText {
		y, both := b.(string)
		return both && strings.EqualFold(x, y)
	}
	return reflect.DeepEqual(a, b)
}

func toInt(args []any) (any, error) {
	switch v := args[0].(type) {
	case int64:
		return v, nil
	case float64:
		return int64(v), nil
	case string:
		if n, err := strconv.ParseInt(strings.TrimSpace(v), 10, 64); err == nil {
			return n, nil
		}
	}
	return nil, invalid("The template language function 'int' cannot make a number of '%.80v'.", args[0])
}

func toBool(args []any) (any, error) {
	switch v := args[0].(type) {
	case bool:
		return v, nil
	case int64:
		return v != 0, nil
	case string:
		if b, err := strconv.ParseBool(strings.ToLower(v)); err == nil {
			return b, nil
		}
	}
	return nil, invalid("The template language function 'bool' cannot make a boolean of '%.80v'.", args[0])
}

// written turns a value into the string that the language's string function
// gives.
func written(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case nil:
		return ""
	case bool:
		if v {
			return "True"
		}
		return "False"
	case int64, float64:
		return fmt.Sprint(v)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(b)
}

func keys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

// Decode reads JSON as the language sees it: whole numbers are int64.
func Decode(raw []byte, v *map[string]any) error {
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("reading a template: %w", err)
	}
	for name, member := range *v {
		(*v)[name] = settled(member)
	}
	return nil
}

// settled turns the numbers of a decoded value into int64 and float64.
func settled(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		f, _ := v.Float64()
		return f
	case []any:
		for i := range v {
			v[i] = settled(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = settled(v[name])
		}
	}
	return v
}
