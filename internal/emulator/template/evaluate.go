package template

import (
	"maps"
	"strings"
)

// env is where an expression is worked out: a template with its parameters and
// the turns of the loops around.
type env struct {
	t     *Template
	turns map[string]int64 // of copy loops, by folded name; "" is the innermost one
	live  bool             // resources may be asked for
	now   bool             // newGuid and utcNow may be called: the default of a parameter
	depth int              // of variables that are made of variables
}

// mostWork bounds how many values and parts of expressions are worked out at a
// time, for variables that are made of variables may double at each step, and
// loops may turn within loops.
const mostWork = 500_000

func (e *env) work() error {
	if e.t.spent++; e.t.spent > mostWork {
		return invalid("The template takes more than %d steps to evaluate.", mostWork)
	}
	return nil
}

// value works out every expression in a JSON value.
func (e *env) value(v any) (any, error) {
	if err := e.work(); err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case string:
		return e.text(v)
	case []any:
		out := make([]any, 0, len(v))
		for _, item := range v {
			made, err := e.value(item)
			if err != nil {
				return nil, err
			}
			out = append(out, made)
		}
		return out, nil
	case map[string]any:
		return e.object(v)
	}
	return v, nil
}

// object works out an object. One with a member "copy" that is a list gets the
// members that its loops make.
func (e *env) object(v map[string]any) (any, error) {
	out := make(map[string]any, len(v))
	for name, member := range v {
		if loops, isList := member.([]any); isList && strings.EqualFold(name, "copy") {
			made, err := e.loops(loops)
			if err != nil {
				return nil, err
			}
			maps.Copy(out, made)
			continue
		}
		key, err := e.text(name)
		if err != nil {
			return nil, err
		}
		spelled, isText := key.(string)
		if !isText {
			return nil, invalid("The name of the property '%.80s' is not a string.", name)
		}
		if out[spelled], err = e.value(member); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// loops makes the lists that a copy element of properties or variables stands
// for.
func (e *env) loops(loops []any) (map[string]any, error) {
	out := map[string]any{}
	for _, l := range loops {
		loop, _ := l.(map[string]any)
		name, _ := lookup(loop, "name").(string)
		input := lookup(loop, "input")
		n, err := e.count(lookup(loop, "count"))
		if err != nil {
			return nil, err
		}
		items := []any{}
		for i := range n {
			item, err := e.turn(name, i).value(input)
			if err != nil {
				return nil, err
			}
			items = append(items, item)
		}
		out[name] = items
	}
	return out, nil
}

// mostTurns is how often a loop may turn, as Azure limits it.
const mostTurns = 800

func (e *env) count(v any) (int64, error) {
	v, err := e.value(v)
	if err != nil {
		return 0, err
	}
	n, isNumber := v.(int64)
	if !isNumber || n < 0 || n > mostTurns {
		return 0, invalid("The template copy count '%v' is not valid: a whole number up to %d is required.", v, mostTurns)
	}
	return n, nil
}

// turn is the surroundings of one turn of a loop.
func (e *env) turn(name string, i int64) *env {
	inner := *e
	inner.turns = map[string]int64{"": i, strings.ToLower(name): i}
	for other, n := range e.turns {
		if _, set := inner.turns[other]; !set {
			inner.turns[other] = n
		}
	}
	return &inner
}

// text works out a string.
func (e *env) text(s string) (any, error) {
	if strings.HasPrefix(s, "[[") {
		return s[1:], nil
	}
	if !isExpression(s) {
		return s, nil
	}
	n, err := parse(s[1 : len(s)-1])
	if err != nil {
		return nil, err
	}
	return e.node(n)
}

func (e *env) node(n *node) (any, error) {
	if err := e.work(); err != nil {
		return nil, err
	}
	switch {
	case n.literal != nil:
		return n.literal, nil
	case n.of != nil:
		return e.property(n)
	}
	switch n.call { // those that must not look at every argument
	case "if":
		return e.choose(n)
	case "and", "or":
		return e.logic(n)
	case "variables":
		return e.variable(n)
	}
	args := make([]any, 0, len(n.args))
	for _, a := range n.args {
		v, err := e.node(a)
		if err != nil {
			return nil, err
		}
		args = append(args, v)
	}
	f, known := functionNamed(n.call)
	switch {
	case !known:
		return nil, invalid("The template function '%.60s' is not valid, or the emulator does not have it.", n.call)
	case len(args) < f.least || f.most >= 0 && len(args) > f.most:
		return nil, invalid("The template language function '%s' got %d parameters, which is not how many it takes.", n.call, len(args))
	}
	return f.run(e, args)
}

// choose works out only the branch that is taken.
func (e *env) choose(n *node) (any, error) {
	if len(n.args) != 3 {
		return nil, invalid("The template language function 'if' takes three parameters.")
	}
	v, err := e.node(n.args[0])
	if err != nil {
		return nil, err
	}
	condition, isBool := v.(bool)
	if !isBool {
		return nil, invalid("The template language function 'if' expects its first parameter to be a boolean.")
	}
	if condition {
		return e.node(n.args[1])
	}
	return e.node(n.args[2])
}

func (e *env) logic(n *node) (any, error) {
	for _, a := range n.args {
		v, err := e.node(a)
		if err != nil {
			return nil, err
		}
		b, isBool := v.(bool)
		if !isBool {
			return nil, invalid("The template language function '%s' expects booleans.", n.call)
		}
		if b != (n.call == "and") {
			return b, nil
		}
	}
	return n.call == "and", nil
}

// variable works a variable out when it is asked for.
func (e *env) variable(n *node) (any, error) {
	if len(n.args) != 1 {
		return nil, invalid("The template language function 'variables' takes one parameter.")
	}
	v, err := e.node(n.args[0])
	if err != nil {
		return nil, err
	}
	name, _ := v.(string)
	raw, found := find(e.t.variables, name)
	if !found {
		return nil, invalid("The template variable '%.80s' is not found.", name)
	}
	inner := &env{t: e.t, depth: e.depth + 1}
	if inner.depth > mostNesting {
		return nil, invalid("The template variable '%.80s' is made of itself.", name)
	}
	return inner.value(raw)
}

// property takes a member of an object, or an element of a list or string.
func (e *env) property(n *node) (any, error) {
	of, err := e.node(n.of)
	if err != nil {
		return nil, err
	}
	key, err := e.node(n.key)
	if err != nil {
		return nil, err
	}
	switch of := of.(type) {
	case map[string]any:
		name, isText := key.(string)
		if v, found := find(of, name); isText && found {
			return v, nil
		}
		return nil, invalid("The language expression property '%v' doesn't exist, available properties are '%s'.", key, strings.Join(keys(of), ", "))
	case []any:
		if i, isNumber := key.(int64); isNumber && i >= 0 && i < int64(len(of)) {
			return of[i], nil
		}
		return nil, invalid("The language expression property array index '%v' is out of bounds.", key)
	}
	return nil, invalid("The language expression property '%v' can't be evaluated: it is asked of something that has no properties.", key)
}

// find looks a member up; case does not count.
func find(m map[string]any, name string) (any, bool) {
	if v, found := m[name]; found {
		return v, true
	}
	for key, v := range m {
		if strings.EqualFold(key, name) {
			return v, true
		}
	}
	return nil, false
}

func lookup(m map[string]any, name string) any {
	v, _ := find(m, name)
	return v
}
