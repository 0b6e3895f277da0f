package arm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/azptu/azptu/internal/emulator/state"
	"github.com/azptu/azptu/internal/emulator/template"
)

// rollout is one deployment of a template, while it runs.
type rollout struct {
	h                      *Handler
	id, name               string
	operation, correlation string
	mode, location         string
	tags                   any
	document               map[string]any // the template as it came
	template               *template.Template
	scope                  template.Scope
	caller                 Caller
	by                     state.Caller

	ctx            context.Context
	cancel         context.CancelFunc
	started, ended time.Time
	state          string
	steps          map[*template.Step]*progress
	outputs        map[string]any
	failure        map[string]any
}

// progress is how far a step is.
type progress struct {
	state      string // "", Running, Succeeded, Failed
	operation  string
	started    time.Time
	ended      time.Time
	status     string // of HTTP, as operations name it
	failure    *errorDetail
	provisions bool // was put, not only looked at
}

// look is how long a rollout waits before it looks again at what runs.
const look = 20 * time.Millisecond

func (r *rollout) prepare() {
	r.ctx, r.cancel = context.WithCancel(context.Background())
	r.state, r.started = "Accepted", r.h.config.State.Clock().Now()
	r.steps = map[*template.Step]*progress{}
	for _, s := range r.template.Steps {
		r.steps[s] = &progress{operation: strings.ToUpper(strings.ReplaceAll(guid(), "-", ""))[:16]}
	}
	r.template.Connect(r)
}

// run puts one step after the other in place, those side by side that do not
// wait for each other.
func (r *rollout) run() {
	defer r.cancel()
	r.state = "Running"
	wait := time.NewTicker(look)
	defer wait.Stop()
	for {
		running, changed := r.turn()
		switch {
		case r.ctx.Err() != nil:
			r.end("Canceled")
			return
		case running == 0 && r.failed():
			r.end("Failed")
			return
		case running == 0 && !changed:
			r.finish()
			return
		}
		if changed {
			_ = r.save() // the world is there as long as the emulator is
		}
		select {
		case <-wait.C:
		case <-r.ctx.Done():
		}
	}
}

// turn looks after what runs and starts what can be started.
func (r *rollout) turn() (running int, changed bool) {
	for _, s := range r.template.Steps {
		p := r.steps[s]
		before := p.state
		switch {
		case p.state == "Running":
			r.look(s, p)
		case p.state == "" && !r.failed() && r.ready(s):
			r.start(s, p)
		}
		changed = changed || p.state != before
		if p.state == "Running" {
			running++
		}
	}
	return running, changed
}

func (r *rollout) ready(s *template.Step) bool {
	for _, before := range s.After {
		if r.steps[before].state != "Succeeded" {
			return false
		}
	}
	return true
}

func (r *rollout) failed() bool {
	for _, p := range r.steps {
		if p.state == "Failed" {
			return true
		}
	}
	return false
}

// start puts a step's resource, or makes sure that it is there.
func (r *rollout) start(s *template.Step, p *progress) {
	now := r.h.config.State.Clock().Now()
	if s.Existing {
		p.state = "Succeeded"
		return
	}
	body, err := r.template.Body(s)
	if errors.Is(err, template.ErrPending) {
		return
	}
	p.started, p.provisions, p.state = now, true, "Running"
	if err == nil {
		var status int
		status, _, err = r.h.perform(r.ctx, r.caller, http.MethodPut, s.ID, s.APIVersion, body)
		p.status = statusWord(status)
	}
	if err != nil {
		p.fail(err, now)
	}
}

func statusWord(status int) string { return strings.ReplaceAll(http.StatusText(status), " ", "") }

func (p *progress) fail(err error, now time.Time) {
	p.state, p.ended = "Failed", now
	p.failure = &errorDetail{Code: "InternalServerError", Message: "Encountered internal server error."}
	var no *state.Refusal
	var fault *template.Fault
	switch {
	case errors.As(err, &no):
		p.status = statusWord(no.Status)
		p.failure = &errorDetail{Code: no.Code, Message: no.Message, Target: no.Target}
	case errors.As(err, &fault):
		p.status = statusWord(http.StatusBadRequest)
		p.failure = &errorDetail{Code: "InvalidTemplate", Message: fault.Message}
	}
}

// look sees whether a step's resource is there by now.
func (r *rollout) look(s *template.Step, p *progress) {
	now := r.h.config.State.Clock().Now()
	_, body, err := r.h.perform(r.ctx, r.caller, http.MethodGet, s.ID, s.APIVersion, nil)
	if err != nil {
		p.fail(err, now)
		return
	}
	properties, _ := body["properties"].(map[string]any)
	switch provisioning, _ := properties["provisioningState"].(string); provisioning {
	case "", "Succeeded":
		p.state, p.ended, p.status = "Succeeded", now, "OK"
	case "Failed", "Canceled":
		p.state, p.ended, p.status = "Failed", now, "Conflict"
		p.failure = &errorDetail{Code: "ResourceDeploymentFailure", Message: "The resource write operation failed to complete successfully, because it reached terminal provisioning state '" + provisioning + "'."}
		if inner, isObject := properties["error"].(map[string]any); isObject {
			code, _ := inner["code"].(string)
			message, _ := inner["message"].(string)
			p.failure = &errorDetail{Code: code, Message: message}
		}
	}
}

// finish works out the outputs when every step is done.
func (r *rollout) finish() {
	for s, p := range r.steps {
		if p.state != "Succeeded" { // what it waits for will never be there
			_, err := r.template.Body(s)
			if err == nil || errors.Is(err, template.ErrPending) {
				err = &template.Fault{Message: "Circular dependency detected on resource: '" + s.ID + "'."}
			}
			p.fail(err, r.h.config.State.Clock().Now())
		}
	}
	if r.failed() {
		r.end("Failed")
		return
	}
	outputs, err := r.template.Outputs()
	if err != nil {
		p := &progress{}
		p.fail(err, r.h.config.State.Clock().Now())
		r.failure = map[string]any{"code": "DeploymentOutputEvaluationFailed", "message": "Unable to evaluate template outputs. Please see error details and deployment operations. Please see https://aka.ms/arm-common-errors for usage details.", "details": []any{p.failure}}
		r.end("Failed")
		return
	}
	r.outputs = outputs
	if r.mode == "Complete" {
		r.clear()
	}
	r.end("Succeeded")
}

// clear deletes the accounts and plans of the group that the template does not
// have, as a deployment in mode Complete does.
func (r *rollout) clear() {
	_, body, err := r.h.perform(r.ctx, r.caller, http.MethodGet, r.scope.Group.ID+"/resources", "2021-04-01", nil)
	if err != nil {
		return
	}
	items, _ := body["value"].([]any)
	for _, item := range items {
		resource, _ := item.(map[string]any)
		id, _ := resource["id"].(string)
		wanted := false
		for s := range r.steps {
			wanted = wanted || within(s.ID, id)
		}
		if !wanted {
			_, _, _ = r.h.perform(r.ctx, r.caller, http.MethodDelete, id, cognitiveVersions[len(cognitiveVersions)-2], nil) // what is locked stays
		}
	}
}

func (r *rollout) end(how string) {
	r.state, r.ended = how, r.h.config.State.Clock().Now()
	if how == "Failed" && r.failure == nil {
		var details []any
		for _, s := range r.template.Steps {
			if p := r.steps[s]; p.failure != nil {
				details = append(details, p.failure)
			}
		}
		r.failure = map[string]any{"code": "DeploymentFailed", "target": r.id, "message": "At least one resource deployment operation failed. Please list deployment operations for details. Please see https://aka.ms/arm-deployment-operations for usage details.", "details": details}
	}
	_ = r.save() // see run
}

// Get and List let the template ask for resources.
func (r *rollout) Get(id, version string) (map[string]any, error) {
	if err := r.there(id); err != nil {
		return nil, err
	}
	_, body, err := r.h.perform(r.ctx, r.caller, http.MethodGet, id, version, nil)
	return body, err
}

func (r *rollout) List(id, version, action string) (map[string]any, error) {
	if err := r.there(id); err != nil {
		return nil, err
	}
	_, body, err := r.h.perform(r.ctx, r.caller, http.MethodPost, id+"/"+action, version, nil)
	return body, err
}

func (r *rollout) there(id string) error {
	for s, p := range r.steps {
		if strings.EqualFold(s.ID, id) && p.state != "Succeeded" {
			return template.ErrPending
		}
	}
	return nil
}

// perform sends a request to this handler itself, in a caller's name.
func (h *Handler) perform(ctx context.Context, caller Caller, method, id, version string, body any) (int, map[string]any, error) {
	var content []byte
	if body != nil {
		var err error
		if content, err = json.Marshal(body); err != nil {
			return 0, nil, fmt.Errorf("writing a resource: %w", err)
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, h.config.Root, bytes.NewReader(content))
	if err != nil {
		return 0, nil, fmt.Errorf("asking for a resource: %w", err)
	}
	req.URL.Path, req.URL.RawQuery = id, "api-version="+version
	a, err := h.operate(nil, req, caller)
	if err != nil {
		return 0, nil, err
	}
	raw, err := json.Marshal(a.body)
	if err != nil {
		return 0, nil, fmt.Errorf("reading a resource: %w", err)
	}
	out := map[string]any{}
	if a.body != nil {
		err = template.Decode(raw, &out)
	}
	return a.status, out, err
}
