// Package template is the language of Resource Manager's templates, the JSON
// that Bicep compiles to: parameters, variables, expressions with their
// functions, copy loops, conditions, dependencies, outputs, with and without
// symbolic names. It takes a template apart into steps, each one resource to be
// put, says which step waits for which, and works out a step's body when the
// resources that it refers to are there. It knows nothing of any resource type
// and puts nothing itself: whoever deploys asks for the steps in their order
// and answers, as the World, for the resources that exist.
package template

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Scope is where a template is deployed to, and when.
type Scope struct {
	Tenant, Subscription, SubscriptionName string
	Group                                  *Group // nil at the level of the subscription
	Deployment, Location                   string // of the deployment itself
	Deployer                               string // object id of who deploys
	Root                                   string // of Resource Manager
	Now                                    time.Time
	NewGUID                                func() string
}

// Group is a resource group.
type Group struct {
	ID, Name, Location string
	Tags               map[string]string
}

// World answers for the resources that exist. ErrPending says that a resource
// is one of the template's own and not there yet.
type World interface {
	Get(id, version string) (map[string]any, error)
	List(id, version, action string) (map[string]any, error)
}

// ErrPending is why a step cannot be worked out yet.
var ErrPending = errors.New("a resource that is referred to is not there yet")

// Template is one template with its parameters, on its way to a scope.
type Template struct {
	Steps []*Step

	doc        map[string]any
	scope      Scope
	parameters map[string]any
	variables  map[string]any
	names      map[string][]*Step // what a dependency may be called, folded
	world      World
	spent      int // on what is being worked out, see mostWork
}

// New reads a template. given are the parameters as a deployment has them: each
// an object with a value.
func New(doc, given map[string]any, scope Scope) (*Template, error) {
	t := &Template{doc: doc, scope: scope, parameters: map[string]any{}, names: map[string][]*Step{}}
	if schema, _ := lookup(doc, "$schema").(string); schema == "" {
		return nil, invalid("The template $schema property is required.")
	}
	if lookup(doc, "resources") == nil {
		return nil, invalid("The template resources property is required.")
	}
	t.variables, _ = lookup(doc, "variables").(map[string]any)
	if err := t.takeParameters(given); err != nil {
		return nil, err
	}
	if err := t.expandVariables(); err != nil {
		return nil, err
	}
	if err := t.plan(); err != nil {
		return nil, err
	}
	return t, nil
}

// Connect names the world that references are looked up in.
func (t *Template) Connect(w World) { t.world = w }

// Hash is a number that depends on the template alone.
func (t *Template) Hash() string {
	raw, err := json.Marshal(t.doc)
	if err != nil {
		return "0"
	}
	sum := sha256.Sum256(raw)
	return strconv.FormatUint(binary.BigEndian.Uint64(sum[:]), 10)
}

// Parameters are the values that the deployment goes by; secrets are left out.
func (t *Template) Parameters() map[string]any {
	out := map[string]any{}
	declared, _ := lookup(t.doc, "parameters").(map[string]any)
	for name, d := range declared {
		kind, _ := lookup(asObject(d), "type").(string)
		entry := map[string]any{"type": typeName(kind)}
		if !secret(kind) {
			entry["value"] = lookup(t.parameters, name)
		}
		out[name] = entry
	}
	return out
}

func asObject(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

func secret(kind string) bool { return strings.HasPrefix(strings.ToLower(kind), "secure") }

// typeName spells a type as deployments do.
func typeName(kind string) string {
	switch strings.ToLower(kind) {
	case "securestring":
		return "SecureString"
	case "secureobject":
		return "SecureObject"
	case "":
		return "Object"
	}
	return strings.ToUpper(kind[:1]) + strings.ToLower(kind[1:])
}

// takeParameters judges the parameters that are given and fills in the others.
func (t *Template) takeParameters(given map[string]any) error {
	declared, _ := lookup(t.doc, "parameters").(map[string]any)
	for name := range given {
		if _, known := find(declared, name); !known {
			return invalid("The template parameters '%s' in the parameters file are not valid; they are not present in the original template and can therefore not be provided at deployment time. The only supported parameters for this template are '%s'.", name, strings.Join(keys(declared), ", "))
		}
	}
	for _, name := range keys(declared) { // defaults may refer to each other in any order
		if err := t.takeParameter(name, asObject(declared[name]), given, 0); err != nil {
			return err
		}
	}
	return nil
}

func (t *Template) takeParameter(name string, rule, given map[string]any, depth int) error {
	if _, done := find(t.parameters, name); done {
		return nil
	}
	entry, there := find(given, name)
	if there {
		value, has := find(asObject(entry), "value")
		if !has {
			return invalid("The template parameter '%s' has no value. The emulator has no key vault that it could refer to.", name)
		}
		t.parameters[name] = value
		return judge(name, rule, value)
	}
	standard, has := find(rule, "defaultValue")
	switch {
	case !has && lookup(rule, "nullable") == true:
		t.parameters[name] = nil
		return nil
	case !has:
		return invalid("The value for the template parameter '%s' is not provided. Please see https://aka.ms/arm-create-parameter-file for usage details.", name)
	case depth > mostNesting:
		return invalid("The default value of the template parameter '%s' is made of itself.", name)
	}
	value, err := (&env{t: t, now: true, depth: depth + 1}).value(standard)
	if err != nil {
		return err
	}
	t.parameters[name] = value
	return judge(name, rule, value)
}

// parameter gives a parameter's value; while parameters are being taken, one
// that comes later is taken first.
func (e *env) parameter(name string) (any, error) {
	if v, found := find(e.t.parameters, name); found {
		return v, nil
	}
	declared, _ := lookup(e.t.doc, "parameters").(map[string]any)
	rule, known := find(declared, name)
	if !known {
		return nil, invalid("The template parameter '%.80s' is not found. Please see https://aka.ms/arm-syntax-parameters for usage details.", name)
	}
	if err := e.t.takeParameter(name, asObject(rule), nil, e.depth+1); err != nil {
		return nil, err
	}
	return lookup(e.t.parameters, name), nil
}

// judge holds a value against what a parameter may be.
func judge(name string, rule map[string]any, v any) error {
	kind, _ := lookup(rule, "type").(string)
	fits := true
	switch strings.ToLower(kind) {
	case "string", "securestring":
		_, fits = v.(string)
	case "int":
		_, fits = v.(int64)
	case "bool":
		_, fits = v.(bool)
	case "object", "secureobject":
		_, fits = v.(map[string]any)
	case "array":
		_, fits = v.([]any)
	}
	if !fits && (v != nil || lookup(rule, "nullable") != true) {
		return invalid("Template parameter JToken type is not valid. Expected '%s'. Actual value of the parameter '%s' is of another type. Please see https://aka.ms/arm-create-parameter-file for usage details.", typeName(kind), name)
	}
	if allowed, isList := lookup(rule, "allowedValues").([]any); isList && !slices.ContainsFunc(allowed, func(a any) bool { return same(a, v) }) {
		return invalid("The provided value '%s' for the template parameter '%s' is not valid. The value '%s' is not part of the allowed value(s): '%s'.", written(v), name, written(v), joined(allowed, ","))
	}
	return judgeSize(name, rule, v)
}

func judgeSize(name string, rule map[string]any, v any) error {
	size, least, most := int64(0), "minLength", "maxLength"
	if n, isNumber := v.(int64); isNumber {
		size, least, most = n, "minValue", "maxValue"
	} else if n, err := length([]any{v}); err == nil {
		size, _ = n.(int64)
	}
	if bound, set := lookup(rule, least).(int64); set && size < bound {
		return invalid("The provided value for the template parameter '%s' is not valid. Its %s is '%d'.", name, least, bound)
	}
	if bound, set := lookup(rule, most).(int64); set && size > bound {
		return invalid("The provided value for the template parameter '%s' is not valid. Its %s is '%d'.", name, most, bound)
	}
	return nil
}

// expandVariables works out the loops among the variables; everything else waits
// until it is asked for.
func (t *Template) expandVariables() error {
	loops, isList := lookup(t.variables, "copy").([]any)
	if !isList {
		return nil
	}
	made, err := (&env{t: t}).loops(loops)
	if err != nil {
		return err
	}
	all := map[string]any{}
	for name, v := range t.variables {
		if !strings.EqualFold(name, "copy") {
			all[name] = v
		}
	}
	for name, v := range made {
		all[name] = literal(v)
	}
	t.variables = all
	return nil
}

// literal keeps what is worked out from being taken for an expression again.
func literal(v any) any {
	switch v := v.(type) {
	case string:
		if strings.HasPrefix(v, "[") {
			return "[" + v
		}
	case []any:
		for i := range v {
			v[i] = literal(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = literal(v[name])
		}
	}
	return v
}

// Outputs works out what the deployment gives back, when all is there.
func (t *Template) Outputs() (map[string]any, error) {
	declared, _ := lookup(t.doc, "outputs").(map[string]any)
	out := map[string]any{}
	t.spent = 0
	e := &env{t: t, live: true}
	for _, name := range keys(declared) {
		rule := asObject(declared[name])
		if c, has := find(rule, "condition"); has {
			if v, err := e.value(c); err != nil || v != true {
				if err != nil {
					return nil, err
				}
				continue
			}
		}
		kind, _ := lookup(rule, "type").(string)
		entry := map[string]any{"type": typeName(kind)}
		if !secret(kind) {
			v, err := t.output(e, rule)
			if err != nil {
				return nil, err
			}
			entry["value"] = v
		}
		out[name] = entry
	}
	return out, nil
}

func (t *Template) output(e *env, rule map[string]any) (any, error) {
	loop, loops := lookup(rule, "copy").(map[string]any)
	if !loops {
		return e.value(lookup(rule, "value"))
	}
	made, err := e.loops([]any{map[string]any{"name": "value", "count": lookup(loop, "count"), "input": lookup(loop, "input")}})
	return made["value"], err
}
