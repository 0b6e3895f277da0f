package arm

import (
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"strings"
	"sync"

	"github.com/azptu/azptu/internal/emulator/state"
)

// documentName is what projects, policies and plans may be called.
var documentName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$`) })

// kind describes a type of document: where it lives and how its name and tag
// are written.
type kind struct {
	typ     string // resource type
	segment string // of the path
	param   string
	account bool // lives on an account
	dress   func(h *Handler, q *request, d *state.Document) error
}

func (h *Handler) documentRoutes() []route {
	project := &kind{typ: "Microsoft.CognitiveServices/accounts/projects", segment: "projects", param: "project", account: true, dress: dressProject}
	policy := &kind{typ: "Microsoft.CognitiveServices/accounts/raiPolicies", segment: "raiPolicies", param: "policy", account: true, dress: dressPolicy}
	accountPlan := &kind{typ: "Microsoft.CognitiveServices/accounts/commitmentplans", segment: "commitmentPlans", param: "plan", account: true, dress: dressAccountPlan}
	plan := &kind{typ: "Microsoft.CognitiveServices/commitmentPlans", segment: "commitmentPlans", param: "plan", dress: dressPlan}
	association := &kind{typ: "Microsoft.CognitiveServices/commitmentPlans/accountAssociations", segment: "accountAssociations", param: "association"}

	var routes []route
	routes = append(routes, h.documents(project, inAccount+"/projects", "accounts/projects", "2025-06-01", true)...)
	routes = append(routes, h.documents(policy, inAccount+"/raiPolicies", "accounts/raiPolicies", "2024-10-01", false)...)
	routes = append(routes, h.documents(accountPlan, inAccount+"/commitmentPlans", "accounts/commitmentPlans", "", false)...)
	routes = append(routes, h.documents(plan, inGroup+cognitive+"/commitmentPlans", "commitmentPlans", "2022-12-01", true)...)
	routes = append(routes, h.documents(association, inGroup+cognitive+"/commitmentPlans/{plan}/accountAssociations", "commitmentPlans/accountAssociations", "2022-12-01", false)...)
	return append(routes,
		route{method: "GET", pattern: inSubscription + cognitive + "/commitmentPlans", since: "2022-12-01", action: permission("commitmentPlans/read"), run: h.list(plan)},
		route{method: "GET", pattern: inSubscription + cognitive + "/quotaTiers", since: "2025-09-01", action: permission("quotaTiers/read"), run: h.listQuotaTiers},
		route{method: "GET", pattern: inSubscription + cognitive + "/quotaTiers/{tier}", since: "2025-09-01", action: permission("quotaTiers/read"), run: h.getQuotaTier},
		route{method: "PUT", pattern: inSubscription + cognitive + "/quotaTiers/{tier}", since: "2025-09-01", action: permission("quotaTiers/write"), run: h.putQuotaTier},
		route{method: "PATCH", pattern: inSubscription + cognitive + "/quotaTiers/{tier}", since: "2025-09-01", action: permission("quotaTiers/write"), run: h.putQuotaTier},
	)
}

// documents are the operations of one kind of document.
func (h *Handler) documents(k *kind, collection, what, since string, patch bool) []route {
	one := collection + "/{" + k.param + "}"
	routes := []route{
		{method: "GET", pattern: collection, since: since, action: permission(what + "/read"), run: h.list(k)},
		{method: "GET", pattern: one, since: since, action: permission(what + "/read"), run: h.get(k)},
		{method: "PUT", pattern: one, since: since, action: permission(what + "/write"), run: h.put(k)},
		{method: "DELETE", pattern: one, since: since, action: permission(what + "/delete"), run: h.remove(k)},
	}
	if patch {
		routes = append(routes, route{method: "PATCH", pattern: one, since: since, action: permission(what + "/write"), run: h.patch(k)})
	}
	return routes
}

// parents are the id that the documents of a request live under, and that of
// the account they live on, if they do. What exists is spelled as it was made.
func (h *Handler) parents(k *kind, q *request) (collection, account string) {
	if k.account {
		account = q.account()
		if a, err := h.config.State.Account(account); err == nil {
			account = a.ID()
		}
		return account + "/" + k.segment, account
	}
	base := "/subscriptions/" + q.params["subscription"]
	if group := q.params["group"]; group != "" {
		if g, err := h.config.State.Group(q.params["subscription"], group); err == nil {
			group = g.Name
		}
		base += "/resourceGroups/" + group
	}
	base += "/providers/Microsoft.CognitiveServices"
	if k.segment == "accountAssociations" {
		base += "/commitmentPlans/" + q.params["plan"]
	}
	return base + "/" + k.segment, ""
}

func (h *Handler) list(k *kind) func(*request) (*answer, error) {
	return func(q *request) (*answer, error) {
		if err := h.parent(k, q); err != nil {
			return nil, err
		}
		collection, _ := h.parents(k, q)
		if q.params["group"] == "" { // of a whole subscription
			collection = "/subscriptions/" + q.params["subscription"]
		}
		out := []map[string]any{}
		for _, d := range h.config.State.Documents(collection, k.typ) {
			out = append(out, documentOf(k, d))
		}
		return paged(h, q, out)
	}
}

// parent makes sure that what the documents live on exists.
func (h *Handler) parent(k *kind, q *request) error {
	if k.account {
		_, err := h.config.State.Account(q.account())
		return err
	}
	if q.params["group"] == "" {
		_, err := h.config.State.Subscription(q.params["subscription"])
		return err
	}
	_, err := h.config.State.Group(q.params["subscription"], q.params["group"])
	return err
}

func (h *Handler) get(k *kind) func(*request) (*answer, error) {
	return func(q *request) (*answer, error) {
		d, err := h.find(k, q)
		if err != nil {
			return nil, err
		}
		found, _ := ok(documentOf(k, d))
		return found.with("ETag", d.ETag), nil
	}
}

func (h *Handler) find(k *kind, q *request) (state.Document, error) {
	if err := h.parent(k, q); err != nil {
		return state.Document{}, err
	}
	collection, _ := h.parents(k, q)
	name := q.params[k.param]
	if d, found := h.config.State.Document(collection + "/" + name); found {
		return d, nil
	}
	resource := strings.TrimPrefix(collection[strings.Index(strings.ToLower(collection), "/providers/")+len("/providers/"):], "/") + "/" + name
	return state.Document{}, state.Refuse(http.StatusNotFound, "ResourceNotFound", "The Resource '%s' under resource group '%s' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix", resource, q.params["group"])
}

// documentOf writes a document. Commitment plans spell their tag eTag.
func documentOf(k *kind, d state.Document) map[string]any {
	body := map[string]any{"id": d.ID, "name": d.Name, "type": d.Type, "systemData": systemDataOf(d.Stamp)}
	maps.Copy(body, d.Body)
	switch k.segment {
	case "projects":
		body["etag"] = d.ETag
		parts := strings.Split(d.ID, "/")
		body["name"] = parts[len(parts)-3] + "/" + d.Name // as the service writes it
	case "commitmentPlans", "accountAssociations":
		body["eTag"] = d.ETag
	default:
		body["etag"] = d.ETag
	}
	return body
}

// sent are the members of a body that a client may set on a document.
var sent = []string{"location", "kind", "sku", "tags", "identity", "properties"}

func (h *Handler) put(k *kind) func(*request) (*answer, error) {
	return func(q *request) (*answer, error) {
		var in map[string]any
		if err := q.decode(&in); err != nil {
			return nil, err
		}
		return h.keep(k, q, in, nil)
	}
}

// patch merges a body into a document: objects member by member, all else as a
// whole.
func (h *Handler) patch(k *kind) func(*request) (*answer, error) {
	return func(q *request) (*answer, error) {
		old, err := h.find(k, q)
		if err != nil {
			return nil, err
		}
		var in map[string]any
		if err := q.decode(&in); err != nil {
			return nil, err
		}
		return h.keep(k, q, merge(old.Body, in), &old)
	}
}

func merge(into, from map[string]any) map[string]any {
	out := maps.Clone(into)
	if out == nil {
		out = map[string]any{}
	}
	for name, v := range from {
		old, both := out[name].(map[string]any)
		if object, isObject := v.(map[string]any); isObject && both {
			v = merge(old, object)
		}
		out[name] = v
	}
	return out
}

// draft makes a document of what a client sent.
func (h *Handler) draft(k *kind, q *request, in map[string]any) (d state.Document, account string, err error) {
	name := q.params[k.param]
	if !documentName().MatchString(name) {
		return d, "", state.Refuse(http.StatusBadRequest, "InvalidResourceName", "The specified resource name '%.80s' is not valid.", name)
	}
	collection, account := h.parents(k, q)
	d = state.Document{ID: collection + "/" + name, Type: k.typ, Name: name, Body: map[string]any{}}
	if k.typ == "Microsoft.CognitiveServices/accounts/commitmentplans" {
		d.ID = account + "/commitmentplans/" + name // as the service spells it
	}
	for _, member := range sent {
		if v, there := in[member]; there {
			d.Body[member] = v
		}
	}
	switch d.Body["properties"].(type) {
	case map[string]any:
	case nil:
		d.Body["properties"] = map[string]any{}
	default:
		return d, "", state.Refuse(http.StatusBadRequest, "InvalidRequestContent", "The request content was invalid and could not be deserialized: 'Error converting value to type 'object'. Path 'properties'.'.")
	}
	return d, account, nil
}

// keep stores a document after its kind has dressed it. old is what was there,
// where the caller has looked.
func (h *Handler) keep(k *kind, q *request, in map[string]any, old *state.Document) (*answer, error) {
	d, account, err := h.draft(k, q, in)
	if err != nil {
		return nil, err
	}
	if !k.account {
		if err := h.parent(k, q); err != nil {
			return nil, err
		}
	}
	if old == nil {
		if found, there := h.config.State.Document(d.ID); there {
			old = &found
		}
	}
	if old != nil && d.Body["identity"] == nil && old.Body["identity"] != nil {
		d.Body["identity"] = old.Body["identity"]
	}
	if k.dress != nil {
		if err := k.dress(h, q, &d); err != nil {
			return nil, err
		}
	}
	put, created, err := h.config.State.PutDocument(d, account, q.match(), q.by())
	if err != nil {
		return nil, err
	}
	a, _ := ok(documentOf(k, put))
	if created {
		a.status = http.StatusCreated
	}
	return a.with("ETag", put.ETag), nil
}

func (h *Handler) remove(k *kind) func(*request) (*answer, error) {
	return func(q *request) (*answer, error) {
		collection, _ := h.parents(k, q)
		found, err := h.config.State.DeleteDocument(collection+"/"+q.params[k.param], q.match())
		switch {
		case err != nil:
			return nil, err
		case !found:
			return empty(http.StatusNoContent)
		case k.segment == "projects" || k.segment == "raiPolicies":
			return empty(http.StatusNoContent) // their specification knows 202 and 204 only
		}
		return empty(http.StatusOK)
	}
}

// properties are a document's properties.
func properties(d *state.Document) map[string]any {
	p, _ := d.Body["properties"].(map[string]any)
	return p
}

// dressProject adds what the service adds to a project. The first project of
// an account is its default.
func dressProject(h *Handler, q *request, d *state.Document) error {
	a, err := h.config.State.Account(q.account())
	if err != nil {
		return nil // PutDocument says it in better words
	}
	if a.Kind != "AIServices" {
		return state.Refuse(http.StatusBadRequest, "InvalidResourceProperties", "The account of kind '%s' does not support projects.", a.Kind)
	}
	if !a.Projects {
		return state.Refuse(http.StatusBadRequest, "InvalidResourceProperties", "Project management is not allowed for account '%s'. Set allowProjectManagement to true.", a.Name)
	}
	if d.Body["location"] == nil {
		d.Body["location"] = a.Location
	}
	p := properties(d)
	others := h.config.State.Documents(q.account()+"/projects", d.Type)
	isDefault := len(others) == 0
	internal := guid()
	for _, other := range others {
		if strings.EqualFold(other.ID, d.ID) {
			isDefault, _ = properties(&other)["isDefault"].(bool)
			internal, _ = properties(&other)["internalId"].(string)
		}
	}
	p["endpoints"] = map[string]any{"AI Foundry API": a.Endpoint + "api/projects/" + d.Name}
	p["isDefault"], p["internalId"], p["provisioningState"] = isDefault, strings.ReplaceAll(internal, "-", ""), "Succeeded"
	d.Body["kind"] = "AIServices"
	return dressIdentity(h, d)
}

// dressIdentity gives the document the managed identity that it asks for.
func dressIdentity(h *Handler, d *state.Document) error {
	asked, isObject := d.Body["identity"].(map[string]any)
	if !isObject {
		return nil
	}
	if asked["principalId"] != nil {
		return nil
	}
	typ, _ := asked["type"].(string)
	made := h.config.State.NewIdentity(nil, typ, d.Name)
	body := map[string]any{"type": made.Type}
	if made.PrincipalID != "" {
		body["principalId"], body["tenantId"] = made.PrincipalID, made.TenantID
	}
	d.Body["identity"] = body
	return nil
}

func dressPolicy(_ *Handler, _ *request, d *state.Document) error {
	p := properties(d)
	if p["basePolicyName"] == nil {
		return state.Refuse(http.StatusBadRequest, "InvalidResourceProperties", "The property 'basePolicyName' of the content filter policy is required.")
	}
	delete(d.Body, "kind")
	delete(d.Body, "sku")
	return nil
}

// decodeInto reads a document's properties into a struct.
func decodeInto(p map[string]any, v any) error {
	b, err := json.Marshal(p)
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		return state.Refuse(http.StatusBadRequest, "InvalidRequestContent", "The request content was invalid and could not be deserialized: 'Error converting value. Path 'properties'.'.")
	}
	return nil
}
