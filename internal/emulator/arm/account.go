package arm

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"

	"github.com/azptu/azptu/internal/emulator/state"
)

// accountBody is an account as the service writes it.
type accountBody struct {
	ID         string            `json:"id"`
	Name       string            `json:"name"`
	Type       string            `json:"type"`
	ETag       string            `json:"etag"`
	Location   string            `json:"location"`
	SKU        skuBody           `json:"sku"`
	Kind       string            `json:"kind"`
	Tags       map[string]string `json:"tags,omitempty"`
	Properties map[string]any    `json:"properties"`
	Identity   *identityBody     `json:"identity,omitempty"`
	SystemData *systemData       `json:"systemData"`
}

// accountInput is what a client sends.
type accountInput struct {
	Kind     string            `json:"kind"`
	Location string            `json:"location"`
	SKU      *skuBody          `json:"sku"`
	Tags     map[string]string `json:"tags"`
	Identity *struct {
		Type string `json:"type"`
	} `json:"identity"`
	Properties map[string]json.RawMessage `json:"properties"`
}

func (h *Handler) accountRoutes() []route {
	return []route{
		{method: "GET", pattern: inSubscription + cognitive + "/accounts", action: permission("accounts/read"), run: h.listAccounts},
		{method: "GET", pattern: inGroup + cognitive + "/accounts", action: permission("accounts/read"), run: h.listAccounts},
		{method: "GET", pattern: inAccount, action: permission("accounts/read"), run: h.getAccount},
		{method: "HEAD", pattern: inAccount, action: permission("accounts/read"), run: h.headAccount},
		{method: "PUT", pattern: inAccount, action: permission("accounts/write"), run: h.putAccount},
		{method: "PATCH", pattern: inAccount, action: permission("accounts/write"), run: h.patchAccount},
		{method: "DELETE", pattern: inAccount, action: permission("accounts/delete"), run: h.deleteAccount},
		{method: "POST", pattern: inAccount + "/listKeys", action: permission("accounts/listKeys/action"), run: h.listKeys},
		{method: "POST", pattern: inAccount + "/regenerateKey", action: permission("accounts/regenerateKey/action"), run: h.regenerateKey},
		{method: "GET", pattern: inAccount + "/skus", action: permission("accounts/skus/read"), run: h.listAccountSKUs},
		{method: "GET", pattern: inAccount + "/usages", action: permission("accounts/usages/read"), run: h.listAccountUsages},
		{method: "GET", pattern: inAccount + "/models", action: permission("accounts/models/read"), run: h.listAccountModels},
		{method: "GET", pattern: inSubscription + cognitive + "/deletedAccounts", action: permission("deletedAccounts/read"), run: h.listDeleted},
		{method: "GET", pattern: deletedAccount, action: permission("locations/resourceGroups/deletedAccounts/read"), deleted: true, run: h.getDeleted},
		{method: "DELETE", pattern: deletedAccount, action: permission("locations/resourceGroups/deletedAccounts/delete"), deleted: true, run: h.purge},
	}
}

// accountOf writes an account in the shape of an api-version.
func accountOf(a state.Account, q *request) accountBody {
	p := map[string]any{}
	maps.Copy(p, a.Settings)
	p["endpoint"] = a.Endpoint
	p["internalId"] = a.InternalID
	p["dateCreated"] = stampOf(a.Created)
	p["callRateLimit"] = map[string]any{"rules": callRules}
	p["isMigrated"] = false
	p["privateEndpointConnections"] = []any{}
	p["capabilities"] = accountCapabilities
	p["endpoints"] = endpointsOf(a)
	p["provisioningState"] = a.State
	setDefault(p, "publicNetworkAccess", "Enabled")
	if a.Kind == "OpenAI" || a.Kind == "AIServices" {
		setDefault(p, "apiProperties", map[string]any{})
	}
	if a.SubDomain != "" {
		p["customSubDomainName"] = a.SubDomain
	}
	if a.DisableLocalAuth {
		p["disableLocalAuth"] = true
	}
	if q.since("2025-06-01") {
		p["allowProjectManagement"] = a.Projects
	}
	if !a.Deleted.IsZero() {
		p["deletionDate"] = stampOf(a.Deleted)
	}
	return accountBody{
		ID: a.ID(), Name: a.Name, Type: "Microsoft.CognitiveServices/accounts", ETag: a.ETag, Location: a.Location, SKU: skuBody{Name: a.SKU},
		Kind: a.Kind, Tags: a.Tags, Properties: p, Identity: identityOf(a.Identity), SystemData: systemDataOf(a.Stamp),
	}
}

func setDefault(p map[string]any, key string, value any) {
	if _, there := p[key]; !there {
		p[key] = value
	}
}

// endpointsOf names the account's APIs, all on the one root that answers here.
func endpointsOf(a state.Account) map[string]string {
	names := []string{
		"OpenAI Language Model Instance API", "OpenAI Dall-E API", "OpenAI Sora API", "OpenAI Moderations API", "OpenAI Whisper API",
		"OpenAI Model Scaleset API", "OpenAI Realtime API", "Token Service API", "Azure OpenAI Legacy API - Latest moniker",
	}
	if a.Kind == "AIServices" {
		names = append(names, "AI Foundry API", "ProjectA APIs", "Azure AI Model Inference API", "Cohere AI API", "Mistral AI API", "Content Understanding", "Content Safety", "Token")
	}
	all := map[string]string{}
	for _, name := range names {
		all[name] = a.Endpoint
	}
	return all
}

func (h *Handler) listAccounts(q *request) (*answer, error) {
	accounts, err := h.config.State.Accounts(q.params["subscription"], q.params["group"])
	if err != nil {
		return nil, err
	}
	return paged(h, q, bodies(accounts, q))
}

func bodies(accounts []state.Account, q *request) []accountBody {
	out := make([]accountBody, 0, len(accounts))
	for _, a := range accounts {
		out = append(out, accountOf(a, q))
	}
	return out
}

func (h *Handler) getAccount(q *request) (*answer, error) {
	a, err := h.config.State.Account(q.account())
	if err != nil {
		return nil, err
	}
	found, _ := ok(accountOf(a, q))
	return found.with("ETag", a.ETag), nil
}

func (h *Handler) headAccount(q *request) (*answer, error) {
	if _, err := h.config.State.Account(q.account()); err != nil {
		return empty(http.StatusNotFound)
	}
	return empty(http.StatusNoContent)
}

func (h *Handler) putAccount(q *request) (*answer, error) {
	var in accountInput
	if err := q.decode(&in); err != nil {
		return nil, err
	}
	draft, err := draftOf(q, in)
	if err != nil {
		return nil, err
	}
	a, op, err := h.config.State.PutAccount(draft, q.by())
	if err != nil {
		return nil, err
	}
	if op == nil {
		same, _ := ok(accountOf(a, q))
		return same.with("ETag", a.ETag), nil
	}
	return (&answer{status: http.StatusCreated, body: accountOf(a, q)}).with("ETag", a.ETag).with("Azure-AsyncOperation", h.operationURL(*op, false)), nil
}

func (h *Handler) patchAccount(q *request) (*answer, error) {
	var in accountInput
	if err := q.decode(&in); err != nil {
		return nil, err
	}
	draft, err := draftOf(q, in)
	if err != nil {
		return nil, err
	}
	a, err := h.config.State.PatchAccount(draft, q.by())
	if err != nil {
		return nil, err
	}
	changed, _ := ok(accountOf(a, q))
	return changed.with("ETag", a.ETag), nil
}

// readOnly are the properties that a client may send back but not set.
var readOnly = map[string]bool{
	"endpoint": true, "internalid": true, "datecreated": true, "callratelimit": true, "ismigrated": true, "privateendpointconnections": true,
	"capabilities": true, "endpoints": true, "provisioningstate": true, "deletiondate": true, "scheduledpurgedate": true, "quotalimit": true,
	"skuchangeinfo": true, "commitmentplanassociations": true, "abusepenalty": true,
}

// draftOf reads a client's account. Properties that mean something here are
// taken out; the rest is kept as it came.
func draftOf(q *request, in accountInput) (state.Draft, error) {
	d := state.Draft{
		Subscription: q.params["subscription"], Group: q.params["group"], Name: q.params["account"], Location: in.Location, Kind: in.Kind,
		Tags: in.Tags, Settings: map[string]any{}, Match: q.match(),
	}
	if in.SKU != nil {
		d.SKU = in.SKU.Name
	}
	if in.Identity != nil {
		d.IdentityType = in.Identity.Type
	}
	for name, raw := range in.Properties {
		if string(raw) == "null" {
			continue
		}
		var err error
		switch folded := strings.ToLower(name); {
		case readOnly[folded]:
		case folded == "customsubdomainname":
			err = property(name, raw, &d.SubDomain)
		case folded == "disablelocalauth":
			err = property(name, raw, &d.DisableLocalAuth)
		case folded == "allowprojectmanagement":
			err = property(name, raw, &d.Projects)
		case folded == "restore":
			err = property(name, raw, &d.Restore)
		case folded == "publicnetworkaccess":
			var v string
			err = property(name, raw, &v)
			if err == nil && v != "Enabled" && v != "Disabled" {
				err = state.Refuse(http.StatusBadRequest, "InvalidResourceProperties", "The value '%.80s' of publicNetworkAccess is not supported. Use 'Enabled' or 'Disabled'.", v)
			}
			d.Settings["publicNetworkAccess"] = v
		default:
			var v any
			err = property(name, raw, &v)
			d.Settings[name] = v
		}
		if err != nil {
			return d, err
		}
	}
	return d, nil
}

func property(name string, raw json.RawMessage, v any) error {
	if err := json.Unmarshal(raw, v); err != nil {
		if _, refused := err.(*state.Refusal); refused {
			return err
		}
		return state.Refuse(http.StatusBadRequest, "InvalidRequestContent", "The request content was invalid and could not be deserialized: 'Error converting value. Path 'properties.%.80s'.'.", name)
	}
	return nil
}

func (h *Handler) deleteAccount(q *request) (*answer, error) {
	found, err := h.config.State.DeleteAccount(q.account(), q.match())
	if err != nil {
		return nil, err
	}
	if !found {
		return empty(http.StatusNoContent)
	}
	return empty(http.StatusOK)
}

// keysBody is the answer of listKeys and regenerateKey.
type keysBody struct {
	Key1 string `json:"key1"`
	Key2 string `json:"key2"`
}

func (h *Handler) listKeys(q *request) (*answer, error) {
	a, err := h.config.State.Account(q.account())
	if err != nil {
		return nil, err
	}
	if a.DisableLocalAuth {
		return nil, state.Refuse(http.StatusBadRequest, "BadRequest", "Failed to list key. disableLocalAuth is set to be true")
	}
	return ok(keysBody{a.Keys[0], a.Keys[1]})
}

func (h *Handler) regenerateKey(q *request) (*answer, error) {
	var in struct {
		KeyName string `json:"keyName"`
	}
	if err := q.decode(&in); err != nil {
		return nil, err
	}
	which := map[string]int{"key1": 1, "key2": 2}[strings.ToLower(in.KeyName)]
	a, err := h.config.State.RegenerateKey(q.account(), which)
	if err != nil {
		return nil, err
	}
	return ok(keysBody{a.Keys[0], a.Keys[1]})
}

// accountSKU is one SKU that an account could change to.
type accountSKU struct {
	ResourceType string  `json:"resourceType"`
	SKU          skuBody `json:"sku"`
}

func (h *Handler) listAccountSKUs(q *request) (*answer, error) {
	a, err := h.config.State.Account(q.account())
	if err != nil {
		return nil, err
	}
	var skus []accountSKU
	for _, name := range state.SKUsOfKind(a.Kind) {
		skus = append(skus, accountSKU{"Microsoft.CognitiveServices/accounts", skuBody{Name: name, Tier: tierOf(name)}})
	}
	return paged(h, q, skus)
}

func tierOf(sku string) string {
	if sku == "F0" {
		return "Free"
	}
	return "Standard"
}

func (h *Handler) listDeleted(q *request) (*answer, error) {
	accounts, err := h.config.State.DeletedAccounts(q.params["subscription"])
	if err != nil {
		return nil, err
	}
	out := []accountBody{}
	for _, a := range accounts {
		out = append(out, deletedOf(a, q))
	}
	return paged(h, q, out)
}

func deletedOf(a state.Account, q *request) accountBody {
	body := accountOf(a, q)
	body.ID = "/subscriptions/" + a.Subscription + "/providers/Microsoft.CognitiveServices/locations/" + state.Normalize(a.Location) + "/resourceGroups/" + a.Group + "/deletedAccounts/" + a.Name
	body.Type = "Microsoft.CognitiveServices/locations/resourceGroups/deletedAccounts"
	return body
}

func (h *Handler) getDeleted(q *request) (*answer, error) {
	a, err := h.config.State.DeletedAccount(q.params["subscription"], q.params["location"], q.params["group"], q.params["account"])
	if err != nil {
		return nil, err
	}
	return ok(deletedOf(a, q))
}

func (h *Handler) purge(q *request) (*answer, error) {
	if !h.config.State.PurgeAccount(q.params["subscription"], q.params["location"], q.params["group"], q.params["account"]) {
		return empty(http.StatusNoContent)
	}
	return empty(http.StatusOK)
}
