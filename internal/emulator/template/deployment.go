package template

import (
	"fmt"
	"strings"
)

// deploymentFunctions ask for what is being deployed, and where. They are
// listed at the start, for some of them lead back to the evaluator.
var deploymentFunctions map[string]function

func init() {
	deploymentFunctions = map[string]function{
		"parameters": {1, 1, func(e *env, args []any) (any, error) { return e.parameter(written(args[0])) }},
		"copyindex":  {0, 2, copyIndex},
		"resourceid": {2, -1, func(e *env, args []any) (any, error) { return e.resourceID(args) }},
		"subscriptionresourceid": {2, -1, func(e *env, args []any) (any, error) {
			base, rest, err := prefix(args, 1)
			if err != nil {
				return nil, err
			}
			subscription := e.t.scope.Subscription
			if len(base) == 1 {
				subscription = base[0]
			}
			return identify("/subscriptions/"+subscription, rest)
		}},
		"extensionresourceid": {3, -1, func(_ *env, args []any) (any, error) {
			return identify(strings.TrimSuffix(written(args[0]), "/"), args[1:])
		}},
		"tenantresourceid": {2, -1, func(_ *env, args []any) (any, error) { return identify("", args) }},
		"resourcegroup":    {0, 0, func(e *env, _ []any) (any, error) { return e.group() }},
		"subscription": {0, 0, func(e *env, _ []any) (any, error) {
			s := e.t.scope
			return map[string]any{"id": "/subscriptions/" + s.Subscription, "subscriptionId": s.Subscription, "tenantId": s.Tenant, "displayName": s.SubscriptionName}, nil
		}},
		"tenant": {0, 0, func(e *env, _ []any) (any, error) { return map[string]any{"tenantId": e.t.scope.Tenant}, nil }},
		"deployer": {0, 0, func(e *env, _ []any) (any, error) {
			return map[string]any{"objectId": e.t.scope.Deployer, "tenantId": e.t.scope.Tenant}, nil
		}},
		"deployment":   {0, 0, func(e *env, _ []any) (any, error) { return e.deployment(), nil }},
		"environment":  {0, 0, func(e *env, _ []any) (any, error) { return e.environment(), nil }},
		"reference":    {1, 3, reference},
		"resourceinfo": {1, 1, resourceInfo},
		"utcnow":       {0, 1, utcNow},
		"newguid": {0, 0, func(e *env, _ []any) (any, error) {
			if !e.now {
				return nil, invalid("The template function 'newGuid' is only for the default value of a parameter.")
			}
			return e.t.scope.NewGUID(), nil
		}},
	}
}

// copyIndex is the turn of a loop, plus an offset.
func copyIndex(e *env, args []any) (any, error) {
	name, offset := "", int64(0)
	for _, a := range args {
		switch a := a.(type) {
		case string:
			name = a
		case int64:
			offset = a
		}
	}
	i, turning := e.turns[strings.ToLower(name)]
	if !turning {
		return nil, invalid("The template function 'copyIndex' is not expected at this location. The function can only be used in a resource with copy specified.")
	}
	return i + offset, nil
}

// prefix splits the parameters of an id function: what comes before the type,
// up to most of it, and the rest.
func prefix(args []any, most int) (before []string, rest []any, err error) {
	for i, a := range args {
		if strings.Contains(written(a), "/") {
			if i > most {
				break
			}
			return before, args[i:], nil
		}
		before = append(before, written(a))
	}
	return nil, nil, invalid("Unable to evaluate the template language function for resource ids: a fully qualified resource type is required.")
}

func identify(base string, args []any) (any, error) {
	typ := strings.Trim(written(args[0]), "/")
	var names []string
	for _, a := range args[1:] {
		names = append(names, strings.Split(written(a), "/")...)
	}
	if strings.Count(typ, "/") != len(names) {
		return nil, invalid("Unable to evaluate template language function: the type '%s' requires '%d' resource name argument(s).", typ, strings.Count(typ, "/"))
	}
	if strings.EqualFold(typ, "Microsoft.Resources/resourceGroups") {
		return base + "/resourceGroups/" + names[0], nil
	}
	return base + "/providers/" + interleave(typ, names), nil
}

func (e *env) resourceID(args []any) (any, error) {
	before, rest, err := prefix(args, 2)
	if err != nil {
		return nil, err
	}
	base := e.t.scope.base()
	switch len(before) {
	case 1:
		base = "/subscriptions/" + e.t.scope.Subscription + "/resourceGroups/" + before[0]
	case 2:
		base = "/subscriptions/" + before[0] + "/resourceGroups/" + before[1]
	}
	return identify(base, rest)
}

func (e *env) group() (any, error) {
	g := e.t.scope.Group
	if g == nil {
		return nil, invalid("The template function 'RESOURCEGROUP' is not expected at this location: the deployment is not one of a resource group.")
	}
	tags := map[string]any{}
	for name, v := range g.Tags {
		tags[name] = v
	}
	return map[string]any{"id": g.ID, "name": g.Name, "type": "Microsoft.Resources/resourceGroups", "location": g.Location, "tags": tags, "properties": map[string]any{"provisioningState": "Succeeded"}}, nil
}

func (e *env) deployment() any {
	d := map[string]any{"name": e.t.scope.Deployment, "properties": map[string]any{"template": e.t.doc, "templateHash": e.t.Hash(), "mode": "Incremental", "provisioningState": "Accepted"}}
	if e.t.scope.Location != "" {
		d["location"] = e.t.scope.Location
	}
	return d
}

func (e *env) environment() any {
	root := e.t.scope.Root
	return map[string]any{
		"name": "AzureCloud", "gallery": root, "graph": root, "portal": root, "graphAudience": root, "resourceManager": root + "/", "activeDirectoryDataLake": root,
		"authentication": map[string]any{"loginEndpoint": root + "/", "audiences": []any{"https://management.core.windows.net/", "https://management.azure.com/"}, "tenant": "common", "identityProvider": "AAD"},
		"suffixes":       map[string]any{"storage": "core.windows.net", "keyvaultDns": ".vault.azure.net", "sqlServerHostname": ".database.windows.net", "acrLoginServer": ".azurecr.io"},
	}
}

// utcNow is the time of the deployment. The format is .NET's, of which the
// usual letters are understood.
func utcNow(e *env, args []any) (any, error) {
	if !e.now {
		return nil, invalid("The template function 'utcNow' is only for the default value of a parameter.")
	}
	format := "yyyyMMddTHHmmssZ"
	if len(args) == 1 {
		format = written(args[0])
	}
	switch format {
	case "d":
		format = "MM/dd/yyyy"
	case "u":
		format = "yyyy-MM-dd HH:mm:ssZ"
	}
	t := e.t.scope.Now.UTC()
	return strings.NewReplacer("yyyy", t.Format("2006"), "yy", t.Format("06"), "MM", t.Format("01"), "dd", t.Format("02"),
		"HH", t.Format("15"), "mm", t.Format("04"), "ss", t.Format("05"), "fff", fmt.Sprintf("%03d", t.Nanosecond()/1e6)).Replace(format), nil
}

// target finds the resource that is meant by an id, or by the name of a step.
func (e *env) target(v any) (id string, s *Step, err error) {
	name, err := textOf(v)
	if err != nil {
		return "", nil, err
	}
	if found := e.t.names[strings.ToLower(name)]; len(found) > 0 {
		return found[0].ID, found[0], nil
	}
	if !strings.HasPrefix(name, "/") {
		return "", nil, invalid("The resource referenced by '%.200s' is not defined in the template.", name)
	}
	return name, nil, nil
}

// reference is the state of a resource: its properties, or all of it.
func reference(e *env, args []any) (any, error) {
	if !e.live || e.t.world == nil {
		return nil, invalid("The template function 'reference' is not expected at this location.")
	}
	id, s, err := e.target(args[0])
	if err != nil {
		return nil, err
	}
	version, full := "", false
	for _, a := range args[1:] {
		switch v := written(a); {
		case strings.EqualFold(v, "Full"):
			full = true
		default:
			version = v
		}
	}
	switch {
	case s != nil && s.off:
		return nil, invalid("The resource '%s' is not deployed: its condition does not hold.", id)
	case version == "" && s != nil:
		version = s.APIVersion
	case version == "":
		return nil, invalid("The template function 'reference' needs an api-version for '%s', which is not defined in the template.", id)
	}
	body, err := e.t.world.Get(id, version)
	if err != nil || full {
		return body, err
	}
	return asObject(lookup(body, "properties")), nil
}

func resourceInfo(e *env, args []any) (any, error) {
	id, s, err := e.target(args[0])
	if err != nil {
		return nil, err
	}
	if s == nil {
		return nil, invalid("The resource '%s' is not defined in the template.", id)
	}
	return map[string]any{"id": s.ID, "name": s.Name, "type": s.Type, "apiVersion": s.APIVersion}, nil
}

// list makes the function of an action that gives something away, as listKeys.
func list(action string) func(e *env, args []any) (any, error) {
	return func(e *env, args []any) (any, error) {
		if !e.live || e.t.world == nil {
			return nil, invalid("The template function '%s' is not expected at this location.", action)
		}
		id, s, err := e.target(args[0])
		if err != nil {
			return nil, err
		}
		version := ""
		if len(args) > 1 {
			version = written(args[1])
		} else if s != nil {
			version = s.APIVersion
		}
		return e.t.world.List(id, version, action)
	}
}
