package arm

import (
	"net/http"
	"slices"
	"strings"

	"github.com/azptu/azptu/internal/emulator/state"
)

// diagnosticRoutes keep diagnostic settings: which logs and metrics go where.
func (h *Handler) diagnosticRoutes() []route {
	const all = "{scope}/providers/Microsoft.Insights/diagnosticSettings"
	const kinds = "{scope}/providers/Microsoft.Insights/diagnosticSettingsCategories"
	const action = "Microsoft.Insights/diagnosticSettings/"
	return []route{
		{method: "GET", pattern: all, action: action + "read", run: h.listSettings},
		{method: "GET", pattern: all + "/{name}", action: action + "read", run: h.getSetting},
		{method: "PUT", pattern: all + "/{name}", action: action + "write", run: h.putSetting},
		{method: "DELETE", pattern: all + "/{name}", action: action + "delete", run: h.deleteSetting},
		{method: "GET", pattern: kinds, action: action + "read", run: h.listCategories},
		{method: "GET", pattern: kinds + "/{name}", action: action + "read", run: h.getCategory},
	}
}

// category is a kind of log or metric that a resource can send somewhere.
type category struct {
	name, kind string
	groups     []string
}

// accountCategories are those of Cognitive Services accounts, as the portal
// lists them; only Audit and RequestResponse are ever written here.
var accountCategories = []category{
	{"Audit", "Logs", []string{"allLogs", "audit"}},
	{"RequestResponse", "Logs", []string{"allLogs"}},
	{"AzureOpenAIRequestUsage", "Logs", []string{"allLogs"}},
	{"Trace", "Logs", []string{"allLogs"}},
	{"AllMetrics", "Metrics", []string{}},
}

// subscriptionCategories are those of the activity log.
var subscriptionCategories = []category{
	{"Administrative", "Logs", []string{}}, {"Security", "Logs", []string{}}, {"ServiceHealth", "Logs", []string{}}, {"Alert", "Logs", []string{}},
	{"Recommendation", "Logs", []string{}}, {"Policy", "Logs", []string{}}, {"Autoscale", "Logs", []string{}}, {"ResourceHealth", "Logs", []string{}},
}

func categoriesOf(q *request) []category {
	switch parts := strings.Split(q.params["scope"], "/"); {
	case len(parts) == 8 && strings.EqualFold(parts[6], "accounts"):
		return accountCategories
	case len(parts) == 2:
		return subscriptionCategories
	}
	return nil
}

func categoryOf(q *request, c category) map[string]any {
	return map[string]any{
		"id": "/" + q.params["scope"] + "/providers/microsoft.insights/diagnosticSettingsCategories/" + c.name, "name": c.name,
		"type": "microsoft.insights/diagnosticSettingsCategories", "properties": map[string]any{"categoryType": c.kind, "categoryGroups": c.groups},
	}
}

func (h *Handler) listCategories(q *request) (*answer, error) {
	if err := h.resource(q); err != nil {
		return nil, err
	}
	out := []map[string]any{}
	for _, c := range categoriesOf(q) {
		out = append(out, categoryOf(q, c))
	}
	return paged(h, q, out)
}

func (h *Handler) getCategory(q *request) (*answer, error) {
	if err := h.resource(q); err != nil {
		return nil, err
	}
	for _, c := range categoriesOf(q) {
		if strings.EqualFold(c.name, q.params["name"]) {
			return ok(categoryOf(q, c))
		}
	}
	return nil, state.Refuse(http.StatusNotFound, "ResourceNotFound", "The diagnostic settings category '%.80s' was not found.", q.params["name"])
}

// eventCategories are the kinds of event of the activity log.
func (h *Handler) eventCategories(q *request) (*answer, error) {
	out := []map[string]string{}
	for _, c := range subscriptionCategories {
		out = append(out, map[string]string{"value": c.name, "localizedValue": c.name})
	}
	return ok(list{Value: out})
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
		WorkspaceID         string         `json:"workspaceId"`
		StorageAccountID    string         `json:"storageAccountId"`
		EventHub            string         `json:"eventHubAuthorizationRuleId"`
		MarketplacePartner  string         `json:"marketplacePartnerId"`
		Logs                []settingEntry `json:"logs"`
		Metrics             []settingEntry `json:"metrics"`
		LogAnalyticsDestTyp *string        `json:"logAnalyticsDestinationType"`
	} `json:"properties"`
}

// settingEntry is one category, or group of categories, that a setting sends.
type settingEntry struct {
	Category string `json:"category"`
	Group    string `json:"categoryGroup"`
}

// check makes sure that the resource has what the setting asks for. Where it
// is not known what a resource has, everything goes.
func (in settingInput) check(known []category) error {
	if known == nil {
		return nil
	}
	for kind, entries := range map[string][]settingEntry{"Logs": in.Properties.Logs, "Metrics": in.Properties.Metrics} {
		for _, e := range entries {
			if e.Category != "" && !slices.ContainsFunc(known, func(c category) bool { return c.kind == kind && strings.EqualFold(c.name, e.Category) }) {
				return state.Refuse(http.StatusBadRequest, "BadRequest", "Category '%.80s' is not supported.", e.Category)
			}
			if e.Group != "" && !slices.ContainsFunc(known, func(c category) bool {
				return slices.ContainsFunc(c.groups, func(g string) bool { return strings.EqualFold(g, e.Group) })
			}) {
				return state.Refuse(http.StatusBadRequest, "BadRequest", "Category group '%.80s' is not supported.", e.Group)
			}
		}
	}
	return nil
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
	if err := in.check(categoriesOf(q)); err != nil {
		return nil, err
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
