package arm

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/azptu/azptu/internal/emulator/state"
	"github.com/azptu/azptu/internal/emulator/template"
)

// A rollout is a deployment in Resource Manager's sense: a template that is put
// in place. (A deployment, here, is one of a model.)
const rolloutType = "Microsoft.Resources/deployments"

// rollouts are those that run.
type rollouts struct {
	mu      sync.Mutex
	running map[string]*rollout // by folded id
	closed  bool
	all     sync.WaitGroup
}

func (h *Handler) rolloutRoutes() []route {
	const action = rolloutType + "/"
	var routes []route
	for _, base := range []string{inGroup, inSubscription} {
		all := base + "/providers/" + rolloutType
		one := all + "/{rollout}"
		routes = append(routes,
			route{method: "GET", pattern: all, action: action + "read", run: h.listRollouts},
			route{method: "GET", pattern: one, action: action + "read", run: h.getRollout},
			route{method: "HEAD", pattern: one, action: action + "read", run: h.headRollout},
			route{method: "PUT", pattern: one, action: action + "write", run: h.putRollout},
			route{method: "DELETE", pattern: one, action: action + "delete", run: h.deleteRollout},
			route{method: "POST", pattern: one + "/validate", action: action + "validate/action", run: h.validateRollout},
			route{method: "POST", pattern: one + "/cancel", action: action + "cancel/action", run: h.cancelRollout},
			route{method: "POST", pattern: one + "/exportTemplate", action: action + "exportTemplate/action", run: h.exportRollout},
			route{method: "GET", pattern: one + "/operationStatuses/{operation}", run: h.rolloutStatus},
			route{method: "GET", pattern: one + "/operations", action: action + "operations/read", run: h.rolloutOperations},
		)
	}
	return append(routes, route{method: "GET", pattern: inGroup + "/deployments/{rollout}/operations", action: action + "operations/read", run: h.rolloutOperations})
}

// rolloutBase is the group or subscription of a request, as it is spelled.
func (h *Handler) rolloutBase(q *request) (string, *state.Group, error) {
	s, err := h.config.State.Subscription(q.params["subscription"])
	if err != nil {
		return "", nil, err
	}
	if q.params["group"] == "" {
		return "/subscriptions/" + s.ID, nil, nil
	}
	g, err := h.config.State.Group(q.params["subscription"], q.params["group"])
	if err != nil {
		return "", nil, err
	}
	return g.ID(), &g, nil
}

func (h *Handler) rolloutNamed(q *request) (state.Document, error) {
	base, _, err := h.rolloutBase(q)
	if err != nil {
		return state.Document{}, err
	}
	d, found := h.config.State.Document(base + "/providers/" + rolloutType + "/" + q.params["rollout"])
	if !found {
		return state.Document{}, state.Refuse(http.StatusNotFound, "DeploymentNotFound", "Deployment '%.80s' could not be found.", q.params["rollout"])
	}
	return h.interrupted(d), nil
}

// interrupted sees to deployments that an earlier run of the emulator left
// unfinished: nobody goes on with them.
func (h *Handler) interrupted(d state.Document) state.Document {
	goesOn := func() bool {
		now := properties(&d)["provisioningState"]
		return now == "Accepted" || now == "Running"
	}
	if !goesOn() || h.active(d.ID) != nil {
		return d
	}
	if again, found := h.config.State.Document(d.ID); found {
		d = again // it may have ended just now
	}
	if goesOn() {
		d.Body = maps.Clone(d.Body)
		p := maps.Clone(properties(&d))
		p["provisioningState"] = "Failed"
		p["error"] = map[string]any{"code": "DeploymentInterrupted", "message": "The emulator was stopped before the deployment ended."}
		d.Body["properties"] = p
	}
	return d
}

func rolloutOf(d state.Document) map[string]any {
	body := map[string]any{"id": d.ID, "name": d.Name, "type": rolloutType, "properties": d.Body["properties"]}
	for _, name := range []string{"location", "tags"} {
		if v := d.Body[name]; v != nil {
			body[name] = v
		}
	}
	return body
}

func (h *Handler) listRollouts(q *request) (*answer, error) {
	base, _, err := h.rolloutBase(q)
	if err != nil {
		return nil, err
	}
	out := []map[string]any{}
	for _, d := range h.config.State.Documents(base, rolloutType) {
		if strings.EqualFold(d.ID, base+"/providers/"+rolloutType+"/"+d.Name) {
			out = append(out, rolloutOf(h.interrupted(d)))
		}
	}
	slices.Reverse(out) // the newest first
	return paged(h, q, out)
}

func (h *Handler) getRollout(q *request) (*answer, error) {
	d, err := h.rolloutNamed(q)
	if err != nil {
		return nil, err
	}
	return ok(rolloutOf(d))
}

func (h *Handler) headRollout(q *request) (*answer, error) {
	if _, err := h.rolloutNamed(q); err != nil {
		return empty(http.StatusNotFound)
	}
	return empty(http.StatusNoContent)
}

// readRollout reads what a client wants to deploy.
func (h *Handler) readRollout(q *request) (*rollout, error) {
	base, group, err := h.rolloutBase(q)
	if err != nil {
		return nil, err
	}
	if !documentName().MatchString(q.params["rollout"]) || len(q.params["rollout"]) > 64 {
		return nil, state.Refuse(http.StatusBadRequest, "InvalidDeploymentName", "The provided deployment name '%.80s' is not valid: it has up to 64 letters, digits, '-', '.', '_', '(' and ')'.", q.params["rollout"])
	}
	q.body = template.Strict(q.body)
	var probe map[string]any
	if err := q.decode(&probe); err != nil {
		return nil, err
	}
	var in map[string]any
	if err := template.Decode(q.body, &in); err != nil {
		return nil, err
	}
	properties, _ := in["properties"].(map[string]any)
	r := &rollout{h: h, id: base + "/providers/" + rolloutType + "/" + q.params["rollout"], name: q.params["rollout"], caller: q.caller, operation: guid(), tags: in["tags"]}
	r.correlation = guid()
	r.location, _ = in["location"].(string)
	if group == nil && r.location == "" {
		return nil, state.Refuse(http.StatusBadRequest, "LocationRequired", "The location property is required for this definition.")
	}
	mode, _ := properties["mode"].(string)
	switch {
	case strings.EqualFold(mode, "Incremental"):
		r.mode = "Incremental"
	case strings.EqualFold(mode, "Complete") && group != nil:
		r.mode = "Complete"
	default:
		return nil, invalidTemplate("The deployment mode '%.40s' is not valid here. Use 'Incremental', or 'Complete' for a resource group.", mode)
	}
	r.document, _ = properties["template"].(map[string]any)
	if r.document == nil {
		return nil, invalidTemplate("The deployment has no template. The emulator does not fetch one from a template link.")
	}
	given, _ := properties["parameters"].(map[string]any)
	return r, r.read(given, h.scopeFor(q, group, r))
}

func invalidTemplate(format string, args ...any) error {
	return state.Refuse(http.StatusBadRequest, "InvalidTemplate", "Deployment template validation failed: '"+format+"'.", args...)
}

func (h *Handler) scopeFor(q *request, group *state.Group, r *rollout) template.Scope {
	scope := template.Scope{
		Tenant: h.config.State.Tenant(), Subscription: q.params["subscription"], Deployment: r.name, Location: r.location, Deployer: q.caller.ObjectID,
		Root: h.config.Root, Now: h.config.State.Clock().Now(), NewGUID: guid,
	}
	if s, err := h.config.State.Subscription(scope.Subscription); err == nil {
		scope.Subscription, scope.SubscriptionName = s.ID, s.Name
	}
	if group != nil {
		scope.Group = &template.Group{ID: group.ID(), Name: group.Name, Location: state.Normalize(group.Location), Tags: group.Tags}
	}
	return scope
}

// read takes the template apart.
func (r *rollout) read(given map[string]any, scope template.Scope) error {
	t, err := template.New(r.document, given, scope)
	var fault *template.Fault
	switch {
	case errors.As(err, &fault):
		return invalidTemplate("%s", fault.Message)
	case err != nil:
		return err
	}
	r.template, r.scope = t, scope
	return nil
}

func (h *Handler) validateRollout(q *request) (*answer, error) {
	r, err := h.readRollout(q)
	if err != nil {
		return nil, err
	}
	r.state, r.started, r.ended = "Succeeded", r.scope.Now, r.scope.Now
	body := rolloutOf(r.record())
	resources := []map[string]string{}
	for _, s := range r.template.Steps {
		if !s.Existing {
			resources = append(resources, map[string]string{"id": s.ID})
		}
	}
	properties, _ := body["properties"].(map[string]any)
	properties["validatedResources"] = resources
	delete(properties, "outputResources")
	return ok(body)
}

func (h *Handler) putRollout(q *request) (*answer, error) {
	r, err := h.readRollout(q)
	if err != nil {
		return nil, err
	}
	r.by = q.by()
	_, existed := h.config.State.Document(r.id)
	if err := h.begin(r); err != nil {
		return nil, err
	}
	d, _ := h.config.State.Document(r.id)
	a, _ := ok(rolloutOf(d))
	if !existed {
		a.status = http.StatusCreated
	}
	return a.with("Azure-AsyncOperation", h.config.Root+r.id+"/operationStatuses/"+r.operation+"?api-version="+q.version), nil
}

// begin starts a rollout, unless one of its name runs.
func (h *Handler) begin(r *rollout) error {
	h.rollouts.mu.Lock()
	defer h.rollouts.mu.Unlock()
	key := strings.ToLower(r.id)
	switch other := h.rollouts.running[key]; {
	case h.rollouts.closed:
		return state.Refuse(http.StatusServiceUnavailable, "ServiceUnavailable", "The emulator is stopping.")
	case other != nil:
		return state.Refuse(http.StatusConflict, "DeploymentActive", "Unable to edit or replace deployment '%s': previous deployment from '%s' is still active. Please see https://aka.ms/arm-deploy for usage details.", r.name, stampOf(other.started))
	}
	if h.rollouts.running == nil {
		h.rollouts.running = map[string]*rollout{}
	}
	r.prepare()
	if err := r.save(); err != nil {
		return err
	}
	h.rollouts.running[key] = r
	h.rollouts.all.Go(func() {
		r.run()
		h.rollouts.mu.Lock()
		defer h.rollouts.mu.Unlock()
		delete(h.rollouts.running, key)
	})
	return nil
}

// Close ends the deployments of templates that run.
func (h *Handler) Close() {
	h.rollouts.mu.Lock()
	h.rollouts.closed = true
	for _, r := range h.rollouts.running {
		r.cancel()
	}
	h.rollouts.mu.Unlock()
	h.rollouts.all.Wait()
}

func (h *Handler) active(id string) *rollout {
	h.rollouts.mu.Lock()
	defer h.rollouts.mu.Unlock()
	return h.rollouts.running[strings.ToLower(id)]
}

func (h *Handler) cancelRollout(q *request) (*answer, error) {
	d, err := h.rolloutNamed(q)
	if err != nil {
		return nil, err
	}
	r := h.active(d.ID)
	if r == nil {
		return nil, state.Refuse(http.StatusConflict, "DeploymentCannotBeCancelled", "The deployment '%s' cannot be cancelled: it is not running.", d.Name)
	}
	r.cancel()
	return empty(http.StatusNoContent)
}

func (h *Handler) deleteRollout(q *request) (*answer, error) {
	d, err := h.rolloutNamed(q)
	if err != nil {
		return empty(http.StatusNoContent)
	}
	if h.active(d.ID) != nil {
		return nil, state.Refuse(http.StatusConflict, "DeploymentBeingUsed", "The deployment '%s' is running and cannot be deleted.", d.Name)
	}
	if _, err := h.config.State.DeleteDocument(d.ID, q.match()); err != nil {
		return nil, err
	}
	return empty(http.StatusNoContent)
}

func (h *Handler) exportRollout(q *request) (*answer, error) {
	d, err := h.rolloutNamed(q)
	if err != nil {
		return nil, err
	}
	return ok(map[string]any{"template": d.Body["template"]})
}

// rolloutStatus is what the Azure-AsyncOperation header leads to.
func (h *Handler) rolloutStatus(q *request) (*answer, error) {
	d, err := h.rolloutNamed(q)
	if err != nil {
		return nil, err
	}
	p := properties(&d)
	body := map[string]any{"status": p["provisioningState"]}
	if p["error"] != nil {
		body["error"] = p["error"]
	}
	a, _ := ok(body)
	if h.active(d.ID) != nil {
		a.with("Retry-After", "1")
	}
	return a, nil
}

func (h *Handler) rolloutOperations(q *request) (*answer, error) {
	d, err := h.rolloutNamed(q)
	if err != nil {
		return nil, err
	}
	operations, _ := d.Body["operations"].([]any)
	return paged(h, q, operations)
}

// spell writes a duration as Resource Manager does.
func spell(d time.Duration) string {
	return "PT" + strconv.FormatFloat(d.Round(10*time.Millisecond).Seconds(), 'f', -1, 64) + "S"
}
