package template

import (
	"errors"
	"maps"
	"strings"
)

// Step is one resource of a template.
type Step struct {
	ID, Type, Name, APIVersion string
	Existing                   bool // it must be there already
	After                      []*Step

	raw   map[string]any
	turns map[string]int64
	deps  []any
	off   bool // its condition does not hold
}

// mostSteps is how many resources a template may have, as Azure limits it.
const mostSteps = 800

// plan takes the resources apart into steps and finds out which waits for which.
func (t *Template) plan() error {
	if err := t.gather(lookup(t.doc, "resources"), nil); err != nil {
		return err
	}
	var on []*Step
	for _, s := range t.Steps {
		if s.off {
			continue
		}
		on = append(on, s)
		for _, d := range s.deps {
			name := written(d)
			found, known := t.names[strings.ToLower(name)]
			if !known {
				return invalid("The resource '%s' is not defined in the template. Please see https://aka.ms/arm-syntax for usage details.", name)
			}
			for _, before := range found {
				if !before.off && before != s {
					s.After = append(s.After, before)
				}
			}
		}
	}
	t.Steps = on
	return t.straight()
}

// straight makes sure that no step waits for itself.
func (t *Template) straight() error {
	state := map[*Step]int{} // 1: being looked at, 2: fine
	var look func(s *Step) error
	look = func(s *Step) error {
		switch state[s] {
		case 1:
			return invalid("Circular dependency detected on resource: '%s'. Please see https://aka.ms/arm-syntax-resources for usage details.", s.ID)
		case 2:
			return nil
		}
		state[s] = 1
		for _, before := range s.After {
			if err := look(before); err != nil {
				return err
			}
		}
		state[s] = 2
		return nil
	}
	for _, s := range t.Steps {
		if err := look(s); err != nil {
			return err
		}
	}
	return nil
}

// gather makes steps of a list of resources, or of an object of resources with
// symbolic names. parent is the resource that they are nested in.
func (t *Template) gather(resources any, parent *Step) error {
	add := func(symbol string, r any) error {
		raw, isObject := r.(map[string]any)
		if !isObject {
			return invalid("A resource of the template is not an object.")
		}
		return t.repeat(symbol, raw, parent)
	}
	switch all := resources.(type) {
	case []any:
		for _, r := range all {
			if err := add("", r); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, symbol := range keys(all) {
			if err := add(symbol, all[symbol]); err != nil {
				return err
			}
		}
	case nil:
	default:
		return invalid("The template resources property must be an array or an object.")
	}
	return nil
}

// repeat makes the steps of a resource: one, or one for each turn of its loop.
func (t *Template) repeat(symbol string, raw map[string]any, parent *Step) error {
	e := &env{t: t}
	if parent != nil {
		e.turns = parent.turns
	}
	loop, loops := lookup(raw, "copy").(map[string]any)
	if !loops {
		s, err := t.step(e, symbol, raw, parent)
		if err == nil && symbol != "" {
			t.call(symbol, s)
		}
		return err
	}
	name := written(lookup(loop, "name"))
	n, err := e.count(lookup(loop, "count"))
	if err != nil {
		return err
	}
	for _, all := range []string{name, symbol} {
		if key := strings.ToLower(all); all != "" && t.names[key] == nil {
			t.names[key] = []*Step{} // a loop of no turns can be waited for too
		}
	}
	serial := strings.EqualFold(written(lookup(loop, "mode")), "serial")
	batch, _ := lookup(loop, "batchSize").(int64)
	batch = max(batch, 1)
	var made []*Step
	for i := range n {
		s, err := t.step(e.turn(name, i), symbol, raw, parent)
		if err != nil {
			return err
		}
		if begin := i - i%batch; serial && begin > 0 { // a batch waits for the one before it
			for _, before := range made[begin-batch : begin] {
				s.deps = append(s.deps, before.ID)
			}
		}
		made = append(made, s)
		t.callTurn(name, symbol, i, s)
	}
	return nil
}

// callTurn gives a step of a loop the names of the loop and of its turn.
func (t *Template) callTurn(name, symbol string, i int64, s *Step) {
	t.call(name, s)
	if symbol == "" {
		return
	}
	if !strings.EqualFold(symbol, name) {
		t.call(symbol, s)
	}
	t.call(symbol+"["+written(i)+"]", s)
}

// call gives a step a name that others may wait for it by.
func (t *Template) call(name string, s *Step) {
	key := strings.ToLower(name)
	t.names[key] = append(t.names[key], s)
}

func (t *Template) step(e *env, symbol string, raw map[string]any, parent *Step) (*Step, error) {
	if len(t.Steps) == mostSteps {
		return nil, invalid("The number of template resources exceeds the limit of '%d'.", mostSteps)
	}
	s := &Step{raw: raw, turns: e.turns}
	if parent != nil {
		s.off = parent.off
		s.deps = []any{parent.ID}
	}
	if err := t.place(e, s, parent); err != nil {
		return nil, err
	}
	s.Existing, _ = lookup(raw, "existing").(bool)
	if c, has := find(raw, "condition"); has && !s.off {
		v, err := e.value(c)
		if err != nil {
			return nil, err
		}
		on, isBool := v.(bool)
		if !isBool {
			return nil, invalid("The condition of the resource '%s' is not a boolean.", s.ID)
		}
		s.off = !on
	}
	deps, err := e.value(lookup(raw, "dependsOn"))
	if err != nil {
		return nil, err
	}
	if list, isList := deps.([]any); isList {
		s.deps = append(s.deps, list...)
	}
	for _, other := range t.Steps {
		if strings.EqualFold(other.ID, s.ID) && !other.off && !s.off {
			return nil, invalid("The resource '%s' is defined multiple times in a template. Please see https://aka.ms/arm-syntax-resources for usage details.", s.ID)
		}
	}
	t.Steps = append(t.Steps, s)
	t.call(s.ID, s)
	t.call(s.Name, s)
	if i := strings.LastIndex(strings.ToLower(s.ID), "/providers/"); i >= 0 {
		t.call(s.ID[i+len("/providers/"):], s)
	}
	return s, t.gather(lookup(raw, "resources"), s)
}

// place works out what a step's resource is called and where it lies.
func (t *Template) place(e *env, s *Step, parent *Step) error {
	for _, f := range []struct {
		name string
		to   *string
	}{{"type", &s.Type}, {"name", &s.Name}, {"apiVersion", &s.APIVersion}} {
		v, err := e.value(lookup(s.raw, f.name))
		if err != nil {
			return err
		}
		*f.to, _ = v.(string)
		if *f.to == "" {
			return invalid("The template resource lacks its '%s'.", f.name)
		}
	}
	if parent != nil {
		if !strings.HasPrefix(strings.ToLower(s.Type), strings.ToLower(parent.Type)+"/") {
			s.Type = parent.Type + "/" + s.Type
		}
		if strings.Count(s.Name, "/") < strings.Count(s.Type, "/")-1 {
			s.Name = parent.Name + "/" + s.Name
		}
	}
	if strings.Count(s.Type, "/") != strings.Count(s.Name, "/")+1 {
		return invalid("The template resource '%s' for type '%s' has incorrect segment lengths. A nested resource type must have identical number of segments as its resource name. A root resource type must have segment length one greater than its resource name.", s.Name, s.Type)
	}
	base, err := t.base(e, s.raw)
	if err != nil {
		return err
	}
	if strings.EqualFold(s.Type, "Microsoft.Resources/resourceGroups") {
		s.ID = base + "/resourceGroups/" + s.Name
		return nil
	}
	s.ID = base + "/providers/" + interleave(s.Type, strings.Split(s.Name, "/"))
	return nil
}

// base is what a resource lies in: the scope that it names, or the deployment's.
func (t *Template) base(e *env, raw map[string]any) (string, error) {
	texts := map[string]string{}
	for _, name := range []string{"scope", "subscriptionId", "resourceGroup"} {
		v, err := e.value(lookup(raw, name))
		if err != nil {
			return "", err
		}
		texts[name], _ = v.(string)
	}
	own := t.scope.base()
	switch scope := strings.Trim(texts["scope"], "/"); {
	case scope == "":
	case strings.HasPrefix(strings.ToLower(scope), "subscriptions/"):
		return "/" + scope, nil
	default: // a resource of the scope: type, names
		parts := strings.Split(scope, "/")
		if len(parts) < 3 {
			return "", invalid("The scope '%s' of a resource is not valid.", texts["scope"])
		}
		return own + "/providers/" + scope, nil
	}
	if group := texts["resourceGroup"]; group != "" {
		subscription := t.scope.Subscription
		if texts["subscriptionId"] != "" {
			subscription = texts["subscriptionId"]
		}
		return "/subscriptions/" + subscription + "/resourceGroups/" + group, nil
	}
	if texts["subscriptionId"] != "" {
		return "/subscriptions/" + texts["subscriptionId"], nil
	}
	return own, nil
}

func (s Scope) base() string {
	if s.Group != nil {
		return s.Group.ID
	}
	return "/subscriptions/" + s.Subscription
}

// interleave joins a type and the names of a resource and its parents.
func interleave(typ string, names []string) string {
	parts := strings.Split(typ, "/")
	out := parts[0]
	for i, p := range parts[1:] {
		out += "/" + p
		if i < len(names) {
			out += "/" + names[i]
		}
	}
	return out
}

// Members of a resource that are the template's and not the resource's.
var ownMembers = map[string]bool{
	"name": true, "type": true, "apiversion": true, "dependson": true, "condition": true, "copy": true, "comments": true, "scope": true,
	"resources": true, "existing": true, "resourcegroup": true, "subscriptionid": true, "metadata": true, "asserts": true,
}

// Body works out what is to be put for a step. The error is ErrPending when it
// refers to a resource that is not there yet.
func (t *Template) Body(s *Step) (map[string]any, error) {
	t.spent = 0
	e := &env{t: t, turns: s.turns, live: true}
	out := map[string]any{}
	for name, member := range s.raw {
		if ownMembers[strings.ToLower(name)] {
			continue
		}
		var v any
		var err error
		if strings.EqualFold(name, "properties") && strings.EqualFold(s.Type, "Microsoft.Resources/deployments") {
			v, err = e.nested(asObject(member))
		} else {
			v, err = e.value(member)
		}
		var fault *Fault
		switch {
		case errors.As(err, &fault):
			return nil, invalid("Unable to process template language expressions for resource '%s'. '%s'", s.ID, fault.Message)
		case err != nil:
			return nil, err
		}
		if v != nil {
			out[name] = v
		}
	}
	return out, nil
}

// nested works out the properties of a deployment within the template. Its own
// template is left as it is when it asks for a scope of its own, as modules do.
func (e *env) nested(properties map[string]any) (any, error) {
	options := asObject(lookup(properties, "expressionEvaluationOptions"))
	inner, _ := lookup(options, "scope").(string)
	rest := maps.Clone(properties)
	var kept any
	for name, member := range properties {
		if strings.EqualFold(name, "template") {
			kept = member
			delete(rest, name)
		}
	}
	v, err := e.value(rest)
	if err != nil {
		return nil, err
	}
	if !strings.EqualFold(inner, "inner") {
		if kept, err = e.value(kept); err != nil {
			return nil, err
		}
		kept = literal(kept)
	}
	out := asObject(v)
	out["template"] = kept
	return out, nil
}
