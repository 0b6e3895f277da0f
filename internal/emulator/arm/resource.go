package arm

import (
	"net/http"

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
