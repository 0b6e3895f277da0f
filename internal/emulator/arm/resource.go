package arm

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/azptu/azptu/internal/emulator/state"
)

func (h *Handler) resourceRoutes() []route {
	return []route{
		{method: "GET", pattern: "/tenants", run: h.listTenants},
		{method: "GET", pattern: "/subscriptions", run: h.listSubscriptions},
		{method: "GET", pattern: inSubscription, action: "Microsoft.Resources/subscriptions/read", run: h.getSubscription},
		{method: "GET", pattern: inSubscription + "/locations", action: "Microsoft.Resources/subscriptions/read", run: h.listLocations},
		{method: "GET", pattern: inSubscription + "/resourceGroups", action: "Microsoft.Resources/subscriptions/resourceGroups/read", run: h.listGroups},
		{method: "GET", pattern: inSubscription + "/resources", action: "Microsoft.Resources/subscriptions/resources/read", run: h.listResources},
		{method: "GET", pattern: inGroup + "/resources", action: "Microsoft.Resources/subscriptions/resourceGroups/read", run: h.listResources},
		{method: "GET", pattern: inGroup, action: "Microsoft.Resources/subscriptions/resourceGroups/read", run: h.getGroup},
		{method: "HEAD", pattern: inGroup, action: "Microsoft.Resources/subscriptions/resourceGroups/read", run: h.headGroup},
		{method: "PUT", pattern: inGroup, action: "Microsoft.Resources/subscriptions/resourceGroups/write", run: h.putGroup},
		{method: "PATCH", pattern: inGroup, action: "Microsoft.Resources/subscriptions/resourceGroups/write", run: h.patchGroup},
		{method: "DELETE", pattern: inGroup, action: "Microsoft.Resources/subscriptions/resourceGroups/delete", run: h.deleteGroup},
		{method: "GET", pattern: inSubscription + "/providers", action: "Microsoft.Resources/subscriptions/providers/read", run: h.listProviders},
		{method: "GET", pattern: inSubscription + "/providers/{namespace}", action: "Microsoft.Resources/subscriptions/providers/read", run: h.getProvider},
		{method: "POST", pattern: inSubscription + "/providers/{namespace}/register", action: "Microsoft.Resources/subscriptions/providers/register/action", run: h.getProvider},
	}
}

// metadata says where this cloud's services are. The old form, one object, is
// what Azure CLI 2.45 reads; newer api-versions give a list of clouds.
func (h *Handler) metadata(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("api-version") < "2019-05-01" {
		(&answer{status: http.StatusOK, body: map[string]any{
			"galleryEndpoint": h.config.Root + "/", "graphEndpoint": h.config.Root + "/", "portalEndpoint": h.config.Root + "/",
			"authentication": map[string]any{"loginEndpoint": h.config.Authority + "/adfs", "audiences": audiences},
		}}).write(w)
		return
	}
	cloud := map[string]any{
		"name": "azptu", "portal": h.config.Root, "graph": h.config.Root, "graphAudience": h.config.Root, "gallery": h.config.Root, "batch": h.config.Root,
		"resourceManager": h.config.Root, "microsoftGraphResourceId": "https://graph.microsoft.com/", "vmImageAliasDoc": h.config.Root, "sqlManagement": h.config.Root,
		"media": h.config.Root, "activeDirectoryDataLake": h.config.Root,
		"authentication": map[string]any{
			"loginEndpoint": h.config.Authority + "/", "audiences": audiences, "tenant": "common", "identityProvider": "AAD",
		},
		"suffixes": map[string]any{"storage": "core.windows.net", "keyVaultDns": "vault.azure.net", "sqlServerHostname": "database.windows.net"},
	}
	var body any = []any{cloud}
	(&answer{status: http.StatusOK, body: body}).write(w)
}

// audiences are the resources that stand for Resource Manager.
var audiences = []string{"https://management.core.windows.net/", "https://management.azure.com/"}

func (h *Handler) listTenants(q *request) (*answer, error) {
	id := h.config.State.Tenant()
	return paged(h, q, []map[string]any{{
		"id": "/tenants/" + id, "tenantId": id, "countryCode": "US", "displayName": "Azptu Emulator", "domains": []string{"azptu.onmicrosoft.com"}, "tenantCategory": "Home",
		"defaultDomain": "azptu.onmicrosoft.com", "tenantType": "AAD",
	}})
}

func subscriptionBody(s state.Subscription) map[string]any {
	return map[string]any{
		"id": "/subscriptions/" + s.ID, "authorizationSource": "RoleBased", "managedByTenants": []any{}, "subscriptionId": s.ID, "tenantId": s.Tenant,
		"displayName": s.Name, "state": "Enabled",
		"subscriptionPolicies": map[string]any{"locationPlacementId": "Public_2014-09-01", "quotaId": "PayAsYouGo_2014-09-01", "spendingLimit": "Off"},
	}
}

// listSubscriptions lists those that the caller has any role in.
func (h *Handler) listSubscriptions(q *request) (*answer, error) {
	out := []map[string]any{}
	for _, s := range h.config.State.Subscriptions() {
		if h.config.State.Knows(q.caller.ObjectID, "/subscriptions/"+s.ID) {
			out = append(out, subscriptionBody(s))
		}
	}
	a, err := paged(h, q, out)
	if a != nil {
		if l, isList := a.body.(list); isList && l.NextLink == "" {
			a.body = map[string]any{"value": l.Value, "count": map[string]any{"type": "Total", "value": len(out)}}
		}
	}
	return a, err
}

func (h *Handler) getSubscription(q *request) (*answer, error) {
	s, err := h.config.State.Subscription(q.params["subscription"])
	if err != nil {
		return nil, err
	}
	return ok(subscriptionBody(s))
}

func (h *Handler) listLocations(q *request) (*answer, error) {
	if _, err := h.config.State.Subscription(q.params["subscription"]); err != nil {
		return nil, err
	}
	out := []map[string]any{}
	for _, r := range state.Regions() {
		out = append(out, map[string]any{
			"id": "/subscriptions/" + q.params["subscription"] + "/locations/" + r.Name, "name": r.Name, "type": "Region", "displayName": r.Display,
			"regionalDisplayName": "(" + r.Geo + ") " + r.Display,
			"metadata":            map[string]any{"regionType": "Physical", "regionCategory": "Recommended", "geographyGroup": r.Geo, "geography": r.Geo},
		})
	}
	return ok(list{Value: out})
}

type groupBody struct {
	ID         string            `json:"id"`
	Name       string            `json:"name"`
	Type       string            `json:"type"`
	Location   string            `json:"location"`
	Tags       map[string]string `json:"tags,omitempty"`
	Properties struct {
		ProvisioningState string `json:"provisioningState"`
	} `json:"properties"`
}

func groupOf(g state.Group) groupBody {
	b := groupBody{ID: g.ID(), Name: g.Name, Type: "Microsoft.Resources/resourceGroups", Location: state.Normalize(g.Location), Tags: g.Tags}
	b.Properties.ProvisioningState = "Succeeded"
	return b
}

func (h *Handler) listGroups(q *request) (*answer, error) {
	groups, err := h.config.State.Groups(q.params["subscription"])
	if err != nil {
		return nil, err
	}
	out := []groupBody{}
	for _, g := range groups {
		out = append(out, groupOf(g))
	}
	return paged(h, q, out)
}

func (h *Handler) getGroup(q *request) (*answer, error) {
	g, err := h.config.State.Group(q.params["subscription"], q.params["group"])
	if err != nil {
		return nil, err
	}
	return ok(groupOf(g))
}

func (h *Handler) headGroup(q *request) (*answer, error) {
	if _, err := h.config.State.Group(q.params["subscription"], q.params["group"]); err != nil {
		return empty(http.StatusNotFound)
	}
	return empty(http.StatusNoContent)
}

type groupInput struct {
	Location string            `json:"location"`
	Tags     map[string]string `json:"tags"`
}

func (h *Handler) putGroup(q *request) (*answer, error) {
	var in groupInput
	if err := q.decode(&in); err != nil {
		return nil, err
	}
	g, created, err := h.config.State.PutGroup(state.Group{Subscription: q.params["subscription"], Name: q.params["group"], Location: in.Location, Tags: in.Tags})
	if err != nil {
		return nil, err
	}
	a, _ := ok(groupOf(g))
	if created {
		a.status = http.StatusCreated
	}
	return a, nil
}

func (h *Handler) patchGroup(q *request) (*answer, error) {
	var in groupInput
	if err := q.decode(&in); err != nil {
		return nil, err
	}
	g, err := h.config.State.Group(q.params["subscription"], q.params["group"])
	if err != nil {
		return nil, err
	}
	if in.Tags != nil {
		g.Tags = in.Tags
	}
	g, _, err = h.config.State.PutGroup(g)
	if err != nil {
		return nil, err
	}
	return ok(groupOf(g))
}

func (h *Handler) deleteGroup(q *request) (*answer, error) {
	if !h.config.State.DeleteGroup(q.params["subscription"], q.params["group"]) {
		return nil, state.Refuse(http.StatusNotFound, "ResourceGroupNotFound", "Resource group '%s' could not be found.", q.params["group"])
	}
	return empty(http.StatusOK)
}

// listResources lists accounts in the generic form.
func (h *Handler) listResources(q *request) (*answer, error) {
	accounts, err := h.config.State.Accounts(q.params["subscription"], q.params["group"])
	if err != nil {
		return nil, err
	}
	out := []map[string]any{}
	for _, a := range accounts {
		r := map[string]any{"id": a.ID(), "name": a.Name, "type": "Microsoft.CognitiveServices/accounts", "kind": a.Kind, "location": a.Location, "sku": skuBody{Name: a.SKU}}
		if a.Identity != nil {
			r["identity"] = identityOf(a.Identity)
		}
		out = append(out, r)
	}
	return paged(h, q, out)
}

// providers are the resource providers that answer here, and their types.
var providers = map[string][]string{
	"Microsoft.CognitiveServices": {"accounts", "accounts/deployments", "accounts/projects", "accounts/raiPolicies", "commitmentPlans", "deletedAccounts", "locations/models", "locations/usages", "modelCapacities", "operations"},
	"Microsoft.Authorization":     {"roleAssignments", "roleDefinitions"},
	"Microsoft.Insights":          {"diagnosticSettings", "metricDefinitions", "metrics"},
	"Microsoft.Resources":         {"subscriptions", "resourceGroups"},
}

func providerBody(subscription, namespace string) map[string]any {
	types := []map[string]any{}
	var where []string
	for _, r := range state.Regions() {
		where = append(where, r.Display)
	}
	versions := resourceVersions
	switch namespace {
	case "Microsoft.CognitiveServices":
		versions = cognitiveVersions
	case "Microsoft.Authorization":
		versions = authorizationVersions
	case "Microsoft.Insights":
		versions = diagnosticVersions
	}
	newest := make([]string, 0, len(versions))
	for i := len(versions) - 1; i >= 0; i-- {
		newest = append(newest, versions[i])
	}
	for _, t := range providers[namespace] {
		types = append(types, map[string]any{"resourceType": t, "locations": where, "apiVersions": newest, "capabilities": "None"})
	}
	return map[string]any{
		"id": "/subscriptions/" + subscription + "/providers/" + namespace, "namespace": namespace, "resourceTypes": types,
		"registrationState": "Registered", "registrationPolicy": "RegistrationRequired",
	}
}

func (h *Handler) listProviders(q *request) (*answer, error) {
	out := []map[string]any{}
	for _, name := range []string{"Microsoft.Authorization", "Microsoft.CognitiveServices", "Microsoft.Insights", "Microsoft.Resources"} {
		out = append(out, providerBody(q.params["subscription"], name))
	}
	return paged(h, q, out)
}

func (h *Handler) getProvider(q *request) (*answer, error) {
	for name := range providers {
		if strings.EqualFold(name, q.params["namespace"]) {
			return ok(providerBody(q.params["subscription"], name))
		}
	}
	return nil, state.Refuse(http.StatusNotFound, "InvalidResourceNamespace", "The resource namespace '%.80s' is invalid.", q.params["namespace"])
}

// diagnosticRoutes keep diagnostic settings: which logs and metrics go where.
func (h *Handler) diagnosticRoutes() []route {
	const all = "{scope}/providers/Microsoft.Insights/diagnosticSettings"
	const action = "Microsoft.Insights/diagnosticSettings/"
	return []route{
		{method: "GET", pattern: all, action: action + "read", run: h.listSettings},
		{method: "GET", pattern: all + "/{name}", action: action + "read", run: h.getSetting},
		{method: "PUT", pattern: all + "/{name}", action: action + "write", run: h.putSetting},
		{method: "DELETE", pattern: all + "/{name}", action: action + "delete", run: h.deleteSetting},
	}
}

const settingType = "Microsoft.Insights/diagnosticSettings"

func settingID(q *request) string {
	return "/" + q.params["scope"] + "/providers/Microsoft.Insights/diagnosticSettings/" + q.params["name"]
}

func settingOf(d state.Document) map[string]any {
	return map[string]any{"id": d.ID, "name": d.Name, "type": settingType, "location": nil, "kind": nil, "tags": nil, "identity": nil, "properties": d.Body["properties"], "systemData": systemDataOf(d.Stamp)}
}

// resource makes sure that what a setting or role is about exists.
func (h *Handler) resource(q *request) error {
	parts := strings.Split(q.params["scope"], "/")
	switch {
	case len(parts) >= 8 && strings.EqualFold(parts[5], "Microsoft.CognitiveServices") && strings.EqualFold(parts[6], "accounts"):
		_, err := h.config.State.Account("/" + strings.Join(parts[:8], "/"))
		return err
	case len(parts) >= 4 && strings.EqualFold(parts[2], "resourceGroups"):
		_, err := h.config.State.Group(parts[1], parts[3])
		return err
	case len(parts) >= 2:
		_, err := h.config.State.Subscription(parts[1])
		return err
	}
	return nil
}

func (h *Handler) listSettings(q *request) (*answer, error) {
	if err := h.resource(q); err != nil {
		return nil, err
	}
	out := []map[string]any{}
	for _, d := range h.config.State.Documents("/"+q.params["scope"]+"/providers/Microsoft.Insights/diagnosticSettings", settingType) {
		out = append(out, settingOf(d))
	}
	return paged(h, q, out)
}

func (h *Handler) getSetting(q *request) (*answer, error) {
	if err := h.resource(q); err != nil {
		return nil, err
	}
	d, found := h.config.State.Document(settingID(q))
	if !found {
		return nil, state.Refuse(http.StatusNotFound, "ResourceNotFound", "The Resource 'microsoft.insights/diagnosticSettings/%.80s' was not found.", q.params["name"])
	}
	return ok(settingOf(d))
}

// destinations of a diagnostic setting; at least one must be named.
type settingInput struct {
	Properties *struct {
		WorkspaceID         string            `json:"workspaceId"`
		StorageAccountID    string            `json:"storageAccountId"`
		EventHub            string            `json:"eventHubAuthorizationRuleId"`
		MarketplacePartner  string            `json:"marketplacePartnerId"`
		Logs                []json.RawMessage `json:"logs"`
		Metrics             []json.RawMessage `json:"metrics"`
		LogAnalyticsDestTyp *string           `json:"logAnalyticsDestinationType"`
	} `json:"properties"`
}

func (h *Handler) putSetting(q *request) (*answer, error) {
	if err := h.resource(q); err != nil {
		return nil, err
	}
	var in settingInput
	if err := q.decode(&in); err != nil {
		return nil, err
	}
	if in.Properties == nil || in.Properties.WorkspaceID+in.Properties.StorageAccountID+in.Properties.EventHub+in.Properties.MarketplacePartner == "" {
		return nil, state.Refuse(http.StatusBadRequest, "BadRequest", "At least one data sink needs to be specified.")
	}
	if len(in.Properties.Logs)+len(in.Properties.Metrics) == 0 {
		return nil, state.Refuse(http.StatusBadRequest, "BadRequest", "At least one category of logs or metrics needs to be specified.")
	}
	var body map[string]any
	if err := q.decode(&body); err != nil {
		return nil, err
	}
	d := state.Document{ID: settingID(q), Type: settingType, Name: q.params["name"], Body: map[string]any{"properties": body["properties"]}}
	put, _, err := h.config.State.PutDocument(d, "", q.match(), q.by())
	if err != nil {
		return nil, err
	}
	return ok(settingOf(put))
}

func (h *Handler) deleteSetting(q *request) (*answer, error) {
	found, err := h.config.State.DeleteDocument(settingID(q), q.match())
	if err != nil {
		return nil, err
	}
	if !found {
		return empty(http.StatusNoContent)
	}
	return empty(http.StatusOK)
}
