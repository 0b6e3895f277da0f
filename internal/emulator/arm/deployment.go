package arm

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/azptu/azptu/internal/emulator/state"
	"github.com/azptu/azptu/internal/ptu"
)

// deploymentBody is a deployment as the service writes it.
type deploymentBody struct {
	ID         string               `json:"id"`
	Type       string               `json:"type"`
	Name       string               `json:"name"`
	SKU        skuBody              `json:"sku"`
	Properties deploymentProperties `json:"properties"`
	SystemData *systemData          `json:"systemData"`
	Tags       map[string]string    `json:"tags,omitempty"`
	ETag       string               `json:"etag"`
}

type deploymentProperties struct {
	Model                    modelBody         `json:"model"`
	ScaleSettings            *scaleSettings    `json:"scaleSettings,omitempty"`
	VersionUpgradeOption     string            `json:"versionUpgradeOption,omitempty"`
	CurrentCapacity          int               `json:"currentCapacity,omitempty"`
	Capabilities             map[string]string `json:"capabilities,omitempty"`
	ProvisioningState        string            `json:"provisioningState"`
	RAIPolicyName            string            `json:"raiPolicyName,omitempty"`
	RateLimits               []rateBody        `json:"rateLimits,omitempty"`
	SpilloverDeploymentName  string            `json:"spilloverDeploymentName,omitempty"`
	ParentDeploymentName     string            `json:"parentDeploymentName,omitempty"`
	DynamicThrottlingEnabled *bool             `json:"dynamicThrottlingEnabled,omitempty"`
	DeploymentState          string            `json:"deploymentState,omitempty"`
}

// scaleSettings is how api-version 2022-12-01 says the size.
type scaleSettings struct {
	ScaleType      string `json:"scaleType"`
	Capacity       *int   `json:"capacity,omitempty"`
	ActiveCapacity int    `json:"activeCapacity,omitempty"`
}

// deploymentInput is what a client sends.
type deploymentInput struct {
	SKU *struct {
		Name     string `json:"name"`
		Capacity *int   `json:"capacity"`
	} `json:"sku"`
	Tags       map[string]string `json:"tags"`
	Properties *struct {
		Model                   *modelBody     `json:"model"`
		ScaleSettings           *scaleSettings `json:"scaleSettings"`
		VersionUpgradeOption    *string        `json:"versionUpgradeOption"`
		RAIPolicyName           string         `json:"raiPolicyName"`
		SpilloverDeploymentName string         `json:"spilloverDeploymentName"`
		ParentDeploymentName    string         `json:"parentDeploymentName"`
	} `json:"properties"`
}

func (h *Handler) deploymentRoutes() []route {
	one := inAccount + "/deployments/{deployment}"
	return []route{
		{method: "GET", pattern: inAccount + "/deployments", action: permission("accounts/deployments/read"), run: h.listDeployments},
		{method: "GET", pattern: one, action: permission("accounts/deployments/read"), run: h.getDeployment},
		{method: "PUT", pattern: one, action: permission("accounts/deployments/write"), run: h.putDeployment},
		{method: "PATCH", pattern: one, since: "2024-10-01", action: permission("accounts/deployments/write"), run: h.patchDeployment},
		{method: "DELETE", pattern: one, action: permission("accounts/deployments/delete"), run: h.deleteDeployment},
		{method: "GET", pattern: one + "/skus", since: "2024-10-01", action: permission("accounts/deployments/skus/read"), run: h.listDeploymentSKUs},
		{method: "POST", pattern: one + "/pause", since: "2026-05-15-preview", action: permission("accounts/deployments/pause/action"), run: h.pause(true)},
		{method: "POST", pattern: one + "/resume", since: "2026-05-15-preview", action: permission("accounts/deployments/resume/action"), run: h.pause(false)},
	}
}

// deploymentOf writes a deployment in the shape of an api-version.
func (h *Handler) deploymentOf(d state.Deployment, q *request) deploymentBody {
	body := deploymentBody{
		ID: d.ID(), Type: "Microsoft.CognitiveServices/accounts/deployments", Name: d.Name, SKU: skuBody{Name: d.SKU, Capacity: d.Capacity},
		SystemData: systemDataOf(d.Stamp), Tags: d.Tags, ETag: d.ETag,
	}
	p := &body.Properties
	p.Model, p.VersionUpgradeOption, p.ProvisioningState, p.RAIPolicyName = modelOf(d.Model), d.UpgradeOption, d.State, d.RAIPolicy
	if m, found := h.config.State.ModelOf(d.Model); found {
		p.Capabilities = m.Capabilities
		p.RateLimits = rates(m, d)
	}
	if q.since("2024-10-01") {
		p.CurrentCapacity = d.InForceCapacity
	}
	if q.since("2025-06-01") {
		p.SpilloverDeploymentName, p.ParentDeploymentName = d.Spillover, d.Parent
	}
	if q.version < "2023-05-01" {
		scale := "Manual"
		if ptu.IsStandard(d.SKU) {
			scale = "Standard"
		}
		capacity := d.Capacity
		p.ScaleSettings = &scaleSettings{ScaleType: scale, Capacity: &capacity, ActiveCapacity: d.InForceCapacity}
	}
	if q.since("2026-05-15-preview") && d.Paused {
		p.DeploymentState = "Paused"
	}
	return body
}

// rates are the limits of a deployment that is billed by the token: those of
// one unit times its capacity.
func rates(m state.Model, d state.Deployment) []rateBody {
	sku, found := m.SKU(d.SKU)
	if !found {
		return nil
	}
	var out []rateBody
	for _, r := range sku.RateLimits {
		out = append(out, rateBody{r.Key, float64(r.Seconds), float64(r.Count * max(d.InForceCapacity, d.Capacity))})
	}
	return out
}

func (h *Handler) listDeployments(q *request) (*answer, error) {
	deployments, err := h.config.State.Deployments(q.account())
	if err != nil {
		return nil, err
	}
	out := make([]deploymentBody, 0, len(deployments))
	for _, d := range deployments {
		out = append(out, h.deploymentOf(d, q))
	}
	return paged(h, q, out)
}

func (h *Handler) getDeployment(q *request) (*answer, error) {
	d, err := h.config.State.Deployment(q.account(), q.params["deployment"])
	if err != nil {
		return nil, err
	}
	found, _ := ok(h.deploymentOf(d, q))
	return found.with("ETag", d.ETag), nil
}

func (h *Handler) putDeployment(q *request) (*answer, error) {
	var in deploymentInput
	if err := q.decode(&in); err != nil {
		return nil, err
	}
	order, err := orderOf(q, in)
	if err != nil {
		return nil, err
	}
	out, err := h.config.State.PutDeployment(order, q.by())
	if err != nil {
		return nil, err
	}
	a := h.outcome(q, out)
	if out.Created {
		a.status = http.StatusCreated
	}
	return a, nil
}

// orderOf reads a client's deployment.
func orderOf(q *request, in deploymentInput) (state.Order, error) {
	o := state.Order{Account: q.account(), Name: q.params["deployment"], Tags: in.Tags, Match: q.match()}
	if in.Properties == nil || in.Properties.Model == nil {
		return o, state.Refuse(http.StatusBadRequest, "InvalidResourceProperties", "The property 'properties.model' of account deployment is required.")
	}
	p := in.Properties
	o.Model = state.ModelRef(*p.Model)
	o.UpgradeOption, o.RAIPolicy, o.Spillover, o.Parent = p.VersionUpgradeOption, p.RAIPolicyName, p.SpilloverDeploymentName, p.ParentDeploymentName
	switch {
	case in.SKU != nil && in.SKU.Name != "":
		o.SKU, o.Capacity = in.SKU.Name, in.SKU.Capacity
	case p.ScaleSettings != nil:
		if !strings.EqualFold(p.ScaleSettings.ScaleType, "Standard") {
			return o, state.Refuse(http.StatusBadRequest, "InvalidResourceProperties", "The specified scale type '%.40s' of account deployment is not supported by the model '%.80s'.", p.ScaleSettings.ScaleType, o.Model.Name)
		}
		o.SKU, o.Scaled, o.Capacity = ptu.SKUStandard, true, p.ScaleSettings.Capacity
	case q.since("2023-05-01"):
		return o, state.Refuse(http.StatusBadRequest, "InvalidResourceProperties", "The property 'sku' of account deployment is required.")
	}
	return o, nil
}

// outcome writes what became of an order: at once, or by an operation.
func (h *Handler) outcome(q *request, out state.Outcome) *answer {
	a := (&answer{status: http.StatusOK, body: h.deploymentOf(out.Deployment, q)}).with("ETag", out.Deployment.ETag)
	if out.Operation != nil {
		a.with("Azure-AsyncOperation", h.operationURL(*out.Operation, false)).with("Retry-After", h.retryAfter(*out.Operation))
	}
	return a
}

func (h *Handler) patchDeployment(q *request) (*answer, error) {
	var members map[string]json.RawMessage
	if err := q.decode(&members); err != nil {
		return nil, err
	}
	for name := range members {
		if !strings.EqualFold(name, "sku") && !strings.EqualFold(name, "tags") {
			return nil, state.Refuse(http.StatusBadRequest, "InvalidRequestContent", "The request content was invalid and could not be deserialized: 'Could not find member '%.80s' on object of type 'PatchResourceTagsAndSku'. Path '%.80s'.'.", name, name)
		}
	}
	var in deploymentInput
	if err := q.decode(&in); err != nil {
		return nil, err
	}
	p := state.Patch{Account: q.account(), Name: q.params["deployment"], Tags: in.Tags, Match: q.match()}
	if in.SKU != nil {
		p.Capacity = in.SKU.Capacity
		if in.SKU.Name != "" {
			p.SKU = &in.SKU.Name
		}
	}
	out, err := h.config.State.PatchDeployment(p, q.by())
	if err != nil {
		return nil, err
	}
	a := h.outcome(q, out)
	if out.Operation != nil {
		a.status = http.StatusAccepted
		a.with("Location", h.operationURL(*out.Operation, true))
	}
	return a, nil
}

func (h *Handler) deleteDeployment(q *request) (*answer, error) {
	op, found, err := h.config.State.DeleteDeployment(q.account(), q.params["deployment"], q.match())
	switch {
	case err != nil:
		return nil, err
	case !found:
		return empty(http.StatusNoContent)
	case op == nil:
		return empty(http.StatusOK)
	}
	return (&answer{status: http.StatusAccepted}).with("Azure-AsyncOperation", h.operationURL(*op, false)).
		with("Location", h.operationURL(*op, true)).with("Retry-After", h.retryAfter(*op)), nil
}

func (h *Handler) pause(pause bool) func(*request) (*answer, error) {
	return func(q *request) (*answer, error) {
		d, err := h.config.State.PauseDeployment(q.account(), q.params["deployment"], pause, q.by())
		if err != nil {
			return nil, err
		}
		body := h.deploymentOf(d, q)
		if !d.Paused {
			body.Properties.DeploymentState = "Running"
		}
		return ok(body)
	}
}

// deploymentSKU is one size that a deployment could have.
type deploymentSKU struct {
	ResourceType string       `json:"resourceType"`
	SKU          skuBody      `json:"sku"`
	Capacity     capacityBody `json:"capacity"`
}

// capacityBody is the rule of a SKU. Standard SKUs have no minimum and step.
type capacityBody struct {
	Minimum       int   `json:"minimum,omitempty"`
	Maximum       int   `json:"maximum,omitempty"`
	Step          int   `json:"step,omitempty"`
	Default       int   `json:"default,omitempty"`
	AllowedValues []int `json:"allowedValues,omitempty"`
}

func ruleOf(r ptu.Rule) capacityBody {
	return capacityBody{Minimum: r.Minimum, Maximum: r.Maximum, Step: r.Step, Default: r.Default}
}

// sizesOf is the rule of a SKU as a deployment lists it: with its default, and,
// where the minimum is not on the step (o1: 25, then steps of 50), with the
// sizes that quota could ever cover one by one.
func sizesOf(sku state.SKU) capacityBody {
	body := ruleOf(sku.Rule)
	body.Default = max(sku.Rule.Default, sku.Rule.Minimum)
	if sku.Rule.Step > 0 && sku.Rule.Minimum%sku.Rule.Step != 0 {
		for n := sku.Rule.Minimum; n > 0 && n <= sku.Quota; n = sku.Rule.RoundUp(float64(n + 1)) {
			body.AllowedValues = append(body.AllowedValues, n)
		}
	}
	return body
}

func (h *Handler) listDeploymentSKUs(q *request) (*answer, error) {
	d, err := h.config.State.Deployment(q.account(), q.params["deployment"])
	if err != nil {
		return nil, err
	}
	skus := []deploymentSKU{}
	if m, found := h.config.State.ModelOf(d.Model); found {
		if sku, found := m.SKU(d.SKU); found {
			skus = append(skus, deploymentSKU{"Microsoft.CognitiveServices/accounts/deployments", skuBody{Name: sku.Name, Capacity: d.Capacity}, sizesOf(sku)})
		}
	}
	return paged(h, q, skus)
}

// retryAfter is how many seconds a client should wait before it asks after an
// operation: as long as that takes, but never long. Azure's recorded answers
// have no such header where the operation is over at once; without it a client
// of the Azure SDK would sleep for half a minute.
func (h *Handler) retryAfter(op state.Operation) string {
	left := op.End.Sub(h.config.State.Clock().Now()).Seconds() / h.config.State.Clock().Scale()
	return fmt.Sprint(int(min(max(left+0.5, 1), 5)))
}
