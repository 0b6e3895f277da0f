package arm

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"

	"github.com/azptu/azptu/internal/emulator/state"
	"github.com/azptu/azptu/internal/ptu"
)

func (h *Handler) regionRoutes() []route {
	return []route{
		{method: "GET", pattern: inLocation + "/operationResults/{operation}", run: h.getOperation},
		{method: "GET", pattern: inLocation + "/models", action: permission("locations/models/read"), run: h.listModels},
		{method: "GET", pattern: inLocation + "/usages", action: permission("locations/usages/read"), run: h.listUsages},
		{method: "GET", pattern: inLocation + "/modelCapacities", since: "2024-10-01", action: permission("locations/modelCapacities/read"), run: h.listCapacities},
		{method: "GET", pattern: inSubscription + cognitive + "/modelCapacities", since: "2024-10-01", action: permission("modelCapacities/read"), run: h.listCapacities},
		{method: "POST", pattern: inSubscription + cognitive + "/calculateModelCapacity", since: "2024-10-01", action: permission("calculateModelCapacity/action"), run: h.calculate},
		{method: "POST", pattern: inLocation + "/checkSkuAvailability", action: permission("locations/checkSkuAvailability/action"), run: h.checkSKU},
		{method: "POST", pattern: inSubscription + cognitive + "/checkDomainAvailability", action: permission("checkDomainAvailability/action"), run: h.checkDomain},
		{method: "GET", pattern: inSubscription + cognitive + "/skus", action: permission("skus/read"), run: h.listSKUs},
		{method: "GET", pattern: inLocation + "/commitmentTiers", action: permission("locations/commitmentTiers/read"), run: h.listTiers},
		{method: "GET", pattern: inLocation + "/raiContentFilters", since: "2024-10-01", action: permission("locations/raiContentFilters/read"), run: h.listFilters},
		{method: "GET", pattern: inLocation + "/raiContentFilters/{filter}", since: "2024-10-01", action: permission("locations/raiContentFilters/read"), run: h.getFilter},
	}
}

// locatedModel is a model in the list of a location.
type locatedModel struct {
	ID          string      `json:"id"`
	Type        string      `json:"type"`
	Name        string      `json:"name"`
	Location    string      `json:"location"`
	Kind        string      `json:"kind"`
	SKUName     string      `json:"skuName"`
	Description string      `json:"description,omitempty"`
	Model       listedModel `json:"model"`
}

type listedModel struct {
	Base                *baseModel        `json:"baseModel,omitempty"` // of a fine-tuned model
	Format              string            `json:"format"`
	Name                string            `json:"name"`
	Version             string            `json:"version"`
	Description         string            `json:"description,omitempty"`
	IsDefaultVersion    bool              `json:"isDefaultVersion"`
	SKUs                []modelSKU        `json:"skus"`
	MaxCapacity         int               `json:"maxCapacity"`
	Capabilities        map[string]string `json:"capabilities"`
	FineTune            map[string]string `json:"finetuneCapabilities,omitempty"`
	Deprecation         *deprecation      `json:"deprecation,omitempty"`
	LifecycleStatus     string            `json:"lifecycleStatus"`
	SystemData          modelSystemData   `json:"systemData"`
	ModelCatalogAssetID string            `json:"modelCatalogAssetId,omitempty"`
	ReplacementConfig   *replacement      `json:"replacementConfig,omitempty"`
}

type baseModel struct {
	Format  string `json:"format"`
	Name    string `json:"name"`
	Version string `json:"version"`
}

type deprecation struct {
	FineTune          string `json:"fineTune,omitempty"`
	Inference         string `json:"inference"`
	DeprecationStatus string `json:"deprecationStatus,omitempty"`
}

type replacement struct {
	TargetModelName            string `json:"targetModelName"`
	TargetModelVersion         string `json:"targetModelVersion"`
	AutoUpgradeStartDate       string `json:"autoUpgradeStartDate"`
	UpgradeOnExpiryLeadTimeDay int    `json:"upgradeOnExpiryLeadTimeDays"`
}

type modelSystemData struct {
	CreatedBy          string `json:"createdBy"`
	CreatedByType      string `json:"createdByType"`
	CreatedAt          string `json:"createdAt"`
	LastModifiedBy     string `json:"lastModifiedBy"`
	LastModifiedByType string `json:"lastModifiedByType"`
	LastModifiedAt     string `json:"lastModifiedAt"`
}

// modelSKU is a SKU in a model. The service writes "costs" where specification
// and SDKs read "cost"; so do we.
type modelSKU struct {
	Name            string       `json:"name"`
	UsageName       string       `json:"usageName"`
	Capacity        capacityBody `json:"capacity"`
	DeprecationDate string       `json:"deprecationDate,omitempty"`
	RateLimits      []rateBody   `json:"rateLimits,omitempty"`
	Costs           []costBody   `json:"costs,omitempty"`
}

type costBody struct {
	Name    string `json:"name"`
	MeterID string `json:"meterId"`
	Unit    string `json:"unit"`
}

func listedOf(m state.Model, q *request) listedModel {
	out := listedModel{
		Format: m.Format, Name: m.Name, Version: m.Version, Description: m.Description, IsDefaultVersion: m.Default, MaxCapacity: m.MaxCapacity,
		Capabilities: m.Capabilities, FineTune: m.FineTune, LifecycleStatus: m.Lifecycle,
		ModelCatalogAssetID: fmt.Sprintf("azureml://registries/azure-openai/models/%s/versions/%s", m.Name, m.Version),
		SystemData:          modelSystemData{"Microsoft", "Application", dateOf(m.Created), "Microsoft", "Application", dateOf(m.Created)},
		SKUs:                []modelSKU{},
	}
	if m.Base.Name != "" {
		out.Base = &baseModel{m.Base.Format, m.Base.Name, m.Base.Version}
		out.ModelCatalogAssetID = "" // it is in no catalog
	}
	if !m.Retirement.IsZero() {
		out.Deprecation = &deprecation{FineTune: dateOf(m.Retirement.AddDate(0, 0, -14)), Inference: dateOf(m.Retirement), DeprecationStatus: "Planned"}
	}
	if m.Replacement.Name != "" && q.since("2025-06-01") {
		out.ReplacementConfig = &replacement{m.Replacement.Name, m.Replacement.Version, dateOf(m.Replacement.Start), m.Replacement.LeadDays}
	}
	for _, sku := range m.SKUs {
		s := modelSKU{Name: sku.Name, UsageName: sku.UsageName, Capacity: ruleOf(sku.Rule), DeprecationDate: dateOf(sku.Deprecation)}
		for _, r := range sku.RateLimits {
			s.RateLimits = append(s.RateLimits, rateBody{r.Key, float64(r.Seconds), float64(r.Count)})
		}
		for _, c := range sku.Costs {
			s.Costs = append(s.Costs, costBody{c.Name, c.Meter, c.Unit})
		}
		out.SKUs = append(out.SKUs, s)
	}
	return out
}

func (h *Handler) listModels(q *request) (*answer, error) {
	if _, err := h.config.State.Subscription(q.params["subscription"]); err != nil {
		return nil, err
	}
	models, region, err := h.config.State.Models(q.params["location"])
	if err != nil {
		return nil, err
	}
	var out []locatedModel
	for _, m := range models {
		kinds := []string{m.Kind()}
		if m.Kind() == "OpenAI" {
			kinds = append(kinds, "AIServices") // the service lists such a model once for each kind
		}
		for _, kind := range kinds {
			name := m.Format + "." + m.Name + "." + m.Version
			out = append(out, locatedModel{
				ID:   "/subscriptions/" + q.params["subscription"] + "/providers/Microsoft.CognitiveServices/locations/" + region.Code() + "/models/" + name,
				Type: "Microsoft.CognitiveServices/locations/models", Name: name, Location: region.Code(), Kind: kind, SKUName: "S0", Model: listedOf(m, q),
			})
		}
	}
	return paged(h, q, out)
}

func (h *Handler) listAccountModels(q *request) (*answer, error) {
	a, err := h.config.State.Account(q.account())
	if err != nil {
		return nil, err
	}
	out := []listedModel{}
	if a.Kind != "OpenAI" && a.Kind != "AIServices" {
		return paged(h, q, out)
	}
	models, _, err := h.config.State.Models(a.Location)
	if err != nil {
		return nil, err
	}
	for _, m := range models {
		if a.Kind == "AIServices" || m.Kind() == a.Kind {
			out = append(out, listedOf(m, q))
		}
	}
	tuned, err := h.config.State.FineTuned(a.ID())
	if err != nil {
		return nil, err
	}
	for _, m := range tuned {
		out = append(out, listedOf(m, q))
	}
	return paged(h, q, out)
}

// usageBody is one quota row.
type usageBody struct {
	Name struct {
		Value          string `json:"value"`
		LocalizedValue string `json:"localizedValue"`
	} `json:"name"`
	CurrentValue  float64 `json:"currentValue"`
	Limit         float64 `json:"limit"`
	Unit          string  `json:"unit"`
	NextResetTime string  `json:"nextResetTime,omitempty"`
	QuotaPeriod   string  `json:"quotaPeriod,omitempty"`
	Status        string  `json:"status,omitempty"`
}

func usageOf(r state.Row) usageBody {
	u := usageBody{CurrentValue: float64(r.Used), Limit: float64(r.Limit), Unit: "Count"}
	u.Name.Value, u.Name.LocalizedValue = r.Name, r.Label
	return u
}

func (h *Handler) listUsages(q *request) (*answer, error) {
	rows, err := h.config.State.Usages(q.params["subscription"], q.params["location"])
	if err != nil {
		return nil, err
	}
	keep := usageFilter(q.URL.Query().Get("$filter"))
	out := []usageBody{}
	for _, r := range rows {
		if keep(r.Name) {
			out = append(out, usageOf(r))
		}
	}
	return paged(h, q, out)
}

// usageFilter understands `name.value eq 'X'`; any other filter keeps all.
func usageFilter(filter string) func(string) bool {
	field, value, found := strings.Cut(filter, " eq ")
	if !found || !strings.EqualFold(strings.TrimSpace(field), "name.value") {
		return func(string) bool { return true }
	}
	want := strings.Trim(strings.TrimSpace(value), "'")
	return func(name string) bool { return strings.EqualFold(name, want) }
}

// listAccountUsages lists what the account's deployments draw from quota.
func (h *Handler) listAccountUsages(q *request) (*answer, error) {
	a, err := h.config.State.Account(q.account())
	if err != nil {
		return nil, err
	}
	rows, err := h.config.State.Usages(a.Subscription, a.Location)
	if err != nil {
		return nil, err
	}
	keep := usageFilter(q.URL.Query().Get("$filter"))
	out := []usageBody{}
	for _, r := range rows {
		if strings.HasSuffix(r.Name, "AccountCount") || !keep(r.Name) {
			continue
		}
		u := usageOf(r)
		u.Status, u.QuotaPeriod, u.NextResetTime = "Included", "30.00:00:00", dateOf(nextMonth(h.config.State.Clock().Now()))
		out = append(out, u)
	}
	return paged(h, q, out)
}

// roomBody is how much of a model one SKU has room for in a region.
type roomBody struct {
	ID         string `json:"id"`
	Type       string `json:"type"`
	Name       string `json:"name"`
	Location   string `json:"location"`
	Properties struct {
		Model             modelBody `json:"model"`
		SKUName           string    `json:"skuName"`
		AvailableCapacity float64   `json:"availableCapacity"`
		AvailableFineTune float64   `json:"availableFinetuneCapacity"`
	} `json:"properties"`
}

func (h *Handler) listCapacities(q *request) (*answer, error) {
	values := q.URL.Query()
	ref := state.ModelRef{Format: values.Get("modelFormat"), Name: values.Get("modelName"), Version: values.Get("modelVersion")}
	for name, v := range map[string]string{"modelFormat": ref.Format, "modelName": ref.Name, "modelVersion": ref.Version} {
		if v == "" {
			return nil, state.Refuse(http.StatusBadRequest, "InvalidQueryParameter", "The query parameter '%s' is required.", name)
		}
	}
	rooms, err := h.config.State.Capacities(q.params["subscription"], q.params["location"], ref)
	if err != nil {
		return nil, err
	}
	out := []roomBody{}
	for _, r := range rooms {
		b := roomBody{
			ID: fmt.Sprintf("/subscriptions/%s/providers/Microsoft.CognitiveServices/locations/%s/models/%s.%s.%s/skuCapacities/%s",
				q.params["subscription"], r.Region.Code(), r.Model.Format, r.Model.Name, r.Model.Version, r.SKU.Name),
			Type: "Microsoft.CognitiveServices/locations/models/skuCapacities", Name: r.SKU.Name, Location: r.Region.Code(),
		}
		b.Properties.Model = modelBody{Format: r.Model.Format, Name: r.Model.Name, Version: r.Model.Version}
		b.Properties.SKUName, b.Properties.AvailableCapacity, b.Properties.AvailableFineTune = r.SKU.Name, float64(r.Available), float64(r.FineTune)
		out = append(out, b)
	}
	return paged(h, q, out)
}

// calculateInput is a question how many units a workload needs.
type calculateInput struct {
	Model     modelBody `json:"model"`
	SKUName   string    `json:"skuName"`
	Workloads []struct {
		RequestPerMinute  float64 `json:"requestPerMinute"`
		RequestParameters struct {
			AvgPromptTokens    float64 `json:"avgPromptTokens"`
			AvgGeneratedTokens float64 `json:"avgGeneratedTokens"`
		} `json:"requestParameters"`
	} `json:"workloads"`
}

type calculateBody struct {
	Model             modelBody `json:"model"`
	SKUName           string    `json:"skuName"`
	EstimatedCapacity struct {
		Value           int `json:"value"`
		DeployableValue int `json:"deployableValue"`
	} `json:"estimatedCapacity"`
}

// calculate sizes workloads by the published formula.
func (h *Handler) calculate(q *request) (*answer, error) {
	var in calculateInput
	if err := q.decode(&in); err != nil {
		return nil, err
	}
	m, found := h.config.State.ModelOf(state.ModelRef{Name: in.Model.Name, Version: in.Model.Version})
	if !found {
		return nil, state.Refuse(http.StatusBadRequest, "InvalidModel", "The model 'Format: %s, Name: %s, Version: %s' is not supported.", in.Model.Format, in.Model.Name, in.Model.Version)
	}
	rule, found := calculatedRule(m, in.SKUName)
	if !found {
		return nil, state.Refuse(http.StatusBadRequest, "InvalidSku", "The SKU '%.80s' is not supported for capacity calculation of model '%s %s'.", in.SKUName, m.Name, m.Version)
	}
	raw := 0.0
	for _, w := range in.Workloads {
		if w.RequestPerMinute < 0 || w.RequestParameters.AvgPromptTokens < 0 || w.RequestParameters.AvgGeneratedTokens < 0 {
			return nil, state.Refuse(http.StatusBadRequest, "InvalidWorkload", "The figures of a workload must not be negative.")
		}
		raw += ptu.Size(ptu.Workload{
			CallsPerMinute: w.RequestPerMinute, PromptTokens: w.RequestParameters.AvgPromptTokens, CompletionTokens: w.RequestParameters.AvgGeneratedTokens,
		}, h.config.State.Throughput(m.Name), rule).Raw
	}
	body := calculateBody{Model: in.Model, SKUName: in.SKUName}
	body.EstimatedCapacity.Value = int(math.Ceil(raw - 1e-9))
	body.EstimatedCapacity.DeployableValue = rule.RoundUp(raw)
	return ok(body)
}

// calculatedRule is the rule to round by. Where a model is not sold under the
// SKU but under another provisioned one, that one's serves, as Azure's own
// example sizes gpt-4 for a regional deployment.
func calculatedRule(m state.Model, sku string) (ptu.Rule, bool) {
	if _, provisioned := ptu.TypeOfSKU(sku); !provisioned {
		return ptu.Rule{}, false
	}
	if s, found := m.SKU(sku); found {
		return s.Rule, true
	}
	for _, t := range ptu.DeploymentTypes() {
		if s, found := m.SKU(t.SKU()); found {
			return s.Rule, true
		}
	}
	return ptu.Rule{}, false
}

type skuAvailability struct {
	Kind         string `json:"kind"`
	Type         string `json:"type"`
	SKUName      string `json:"skuName"`
	SKUAvailable bool   `json:"skuAvailable"`
	Reason       string `json:"reason,omitempty"`
	Message      string `json:"message,omitempty"`
}

func (h *Handler) checkSKU(q *request) (*answer, error) {
	var in struct {
		Kind string   `json:"kind"`
		Type string   `json:"type"`
		SKUs []string `json:"skus"`
	}
	if err := q.decode(&in); err != nil {
		return nil, err
	}
	out := []skuAvailability{}
	_, known := state.RegionOf(q.params["location"])
	for _, sku := range in.SKUs {
		a := skuAvailability{Kind: in.Kind, Type: in.Type, SKUName: sku}
		a.SKUAvailable = known && slices.Contains(state.AccountKinds(), in.Kind) && slices.Contains(state.SKUsOfKind(in.Kind), sku)
		if !a.SKUAvailable {
			a.Reason, a.Message = "NotAvailableForSubscription", "The SKU is not available."
		}
		out = append(out, a)
	}
	return ok(list{Value: out})
}

type domainAvailability struct {
	SubdomainName        string `json:"subdomainName"`
	Type                 string `json:"type"`
	IsSubdomainAvailable bool   `json:"isSubdomainAvailable"`
	Kind                 string `json:"kind,omitempty"`
	Reason               string `json:"reason,omitempty"`
}

func (h *Handler) checkDomain(q *request) (*answer, error) {
	var in struct {
		SubdomainName string `json:"subdomainName"`
		Type          string `json:"type"`
		Kind          string `json:"kind"`
	}
	if err := q.decode(&in); err != nil {
		return nil, err
	}
	free, reason := h.config.State.SubDomainFree(in.SubdomainName)
	return ok(domainAvailability{in.SubdomainName, in.Type, free, in.Kind, reason})
}

type resourceSKU struct {
	ResourceType string   `json:"resourceType"`
	Name         string   `json:"name"`
	Tier         string   `json:"tier"`
	Kind         string   `json:"kind"`
	Locations    []string `json:"locations"`
	Restrictions []any    `json:"restrictions"`
}

func (h *Handler) listSKUs(q *request) (*answer, error) {
	out := []resourceSKU{}
	for _, kind := range state.AccountKinds() {
		for _, sku := range state.SKUsOfKind(kind) {
			if kind != "OpenAI" && kind != "AIServices" {
				out = append(out, resourceSKU{"accounts", sku, tierOf(sku), kind, []string{"GLOBAL"}, []any{}})
				continue
			}
			for _, r := range state.Regions() {
				out = append(out, resourceSKU{"accounts", sku, tierOf(sku), kind, []string{strings.ToUpper(r.Name)}, []any{}})
			}
		}
	}
	return paged(h, q, out)
}
