package arm

import (
	"slices"
	"strings"

	"github.com/azptu/azptu/internal/emulator/state"
)

func (h *Handler) providerRoutes() []route {
	const read = "Microsoft.Resources/subscriptions/providers/read"
	return []route{
		{method: "GET", pattern: "/providers", run: h.listProviders},
		{method: "GET", pattern: "/providers/{namespace}", run: h.getProvider},
		{method: "GET", pattern: inSubscription + "/providers", action: read, run: h.listProviders},
		{method: "GET", pattern: inSubscription + "/providers/{namespace}", action: read, run: h.getProvider},
		{method: "POST", pattern: inSubscription + "/providers/{namespace}/register", action: "Microsoft.Resources/subscriptions/providers/register/action", run: h.getProvider},
	}
}

// insightsRoutes are the lists of the monitoring provider that are the same
// for everybody.
func (h *Handler) insightsRoutes() []route {
	return []route{
		{method: "GET", pattern: "/providers/Microsoft.Insights/eventcategories", run: h.eventCategories},
		h.operationsRoute("Microsoft.Insights"),
	}
}

// provider is a resource provider that answers here, and its types.
type provider struct {
	namespace, display string
	types              []string
	versions           []string
}

var providers = []provider{
	{"Microsoft.Authorization", "Microsoft Authorization", []string{"locks", "permissions", "roleAssignments", "roleDefinitions", "operations"}, authorizationVersions},
	{"Microsoft.CognitiveServices", "Microsoft Cognitive Services", []string{
		"accounts", "accounts/deployments", "accounts/projects", "accounts/raiPolicies", "accounts/commitmentPlans", "commitmentPlans", "commitmentPlans/accountAssociations",
		"deletedAccounts", "locations", "locations/commitmentTiers", "locations/modelCapacities", "locations/models", "locations/operationResults", "locations/raiContentFilters",
		"locations/resourceGroups", "locations/resourceGroups/deletedAccounts", "locations/usages", "modelCapacities", "operations", "quotaTiers", "skus",
	}, cognitiveVersions},
	{"Microsoft.Insights", "Microsoft Monitoring Insights", []string{"diagnosticSettings", "diagnosticSettingsCategories", "eventCategories", "eventtypes", "metricDefinitions", "metricNamespaces", "metrics", "operations"}, diagnosticVersions},
	{"Microsoft.Resources", "Microsoft Resources", []string{"deployments", "deployments/operations", "operations", "providers", "resourceGroups", "resources", "subscriptions", "subscriptions/locations", "subscriptions/providers", "subscriptions/resourceGroups", "tags", "tenants"}, resourceVersions},
}

// providerNamed finds a resource provider; case does not count.
func providerNamed(namespace string) (provider, bool) {
	for _, p := range providers {
		if strings.EqualFold(p.namespace, namespace) {
			return p, true
		}
	}
	return provider{}, false
}

func providerBody(subscription string, p provider) map[string]any {
	var where []string
	for _, r := range state.Regions() {
		where = append(where, r.Display)
	}
	newest := slices.Clone(p.versions)
	slices.Reverse(newest)
	types := []map[string]any{}
	for _, t := range p.types {
		types = append(types, map[string]any{"resourceType": t, "locations": where, "apiVersions": newest, "capabilities": "None"})
	}
	body := map[string]any{"namespace": p.namespace, "resourceTypes": types}
	if subscription == "" {
		body["id"] = "/providers/" + p.namespace
		return body
	}
	body["id"] = "/subscriptions/" + subscription + "/providers/" + p.namespace
	body["registrationState"], body["registrationPolicy"] = "Registered", "RegistrationRequired"
	return body
}

func (h *Handler) listProviders(q *request) (*answer, error) {
	out := []map[string]any{}
	for _, p := range providers {
		out = append(out, providerBody(q.params["subscription"], p))
	}
	return paged(h, q, out)
}

func (h *Handler) getProvider(q *request) (*answer, error) {
	p, found := providerNamed(q.params["namespace"])
	if !found {
		return nil, unknown([]string{"providers", q.params["namespace"]})
	}
	return ok(providerBody(q.params["subscription"], p))
}

// providerOperation is one thing that can be done with a provider, and allowed by
// a role.
type providerOperation struct {
	Name         string           `json:"name"`
	IsDataAction bool             `json:"isDataAction"`
	Display      operationDisplay `json:"display"`
	Origin       string           `json:"origin"`
}

type operationDisplay struct {
	Provider    string `json:"provider"`
	Resource    string `json:"resource"`
	Operation   string `json:"operation"`
	Description string `json:"description"`
}

func (h *Handler) operationsRoute(namespace string) route {
	return route{method: "GET", pattern: "/providers/" + namespace + "/operations", run: func(q *request) (*answer, error) {
		return paged(h, q, h.operations(namespace))
	}}
}

// operations lists the actions that the routes of a provider need, and the data
// actions that roles name.
func (h *Handler) operations(namespace string) []providerOperation {
	seen := map[string]bool{} // by name; whether it is a data action
	for _, routes := range h.routes {
		for _, r := range routes {
			seen[r.action] = false
		}
	}
	for _, r := range state.Roles() {
		for _, action := range r.DataActions {
			if !strings.Contains(action, "*") {
				seen[action] = true
			}
		}
	}
	p, _ := providerNamed(namespace)
	out := []providerOperation{}
	for name, data := range seen {
		if !strings.HasPrefix(name, namespace+"/") {
			continue
		}
		what := strings.TrimSuffix(strings.TrimPrefix(name, namespace+"/"), "/action")
		i := strings.LastIndexByte(what, '/')
		resource, verb := what[:max(i, 0)], what[i+1:]
		words := strings.ToUpper(verb[:1]) + verb[1:] + " " + resource
		out = append(out, providerOperation{name, data, operationDisplay{p.display, resource, words, words + "."}, "user,system"})
	}
	slices.SortFunc(out, func(a, b providerOperation) int { return strings.Compare(a.Name, b.Name) })
	return out
}
