package arm

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/azptu/azptu/internal/emulator/state"
	"github.com/azptu/azptu/internal/emulator/template"
)

// save writes down how far the rollout is.
func (r *rollout) save() error {
	_, _, err := r.h.config.State.PutDocument(r.record(), "", state.Match{}, r.by)
	return err
}

// record is the rollout as a client sees it.
func (r *rollout) record() state.Document {
	end := r.ended
	if end.IsZero() {
		end = r.h.config.State.Clock().Now()
	}
	p := map[string]any{
		"templateHash": r.template.Hash(), "parameters": r.template.Parameters(), "mode": r.mode, "provisioningState": r.state, "timestamp": stampOf(end),
		"duration": spell(end.Sub(r.started)), "correlationId": r.correlation, "providers": r.providers(), "dependencies": r.dependencies(),
	}
	if r.outputs != nil {
		p["outputs"] = r.outputs
	}
	made := []any{}
	for _, s := range r.template.Steps {
		if done := r.steps[s]; done != nil && done.provisions && done.state == "Succeeded" {
			made = append(made, map[string]any{"id": s.ID})
		}
	}
	if r.state == "Succeeded" {
		p["outputResources"] = made
	}
	if r.failure != nil {
		p["error"] = r.failure
	}
	body := map[string]any{"properties": p, "template": r.document, "operations": r.operations()}
	if r.location != "" {
		body["location"] = r.location
	}
	if r.tags != nil {
		body["tags"] = r.tags
	}
	// The store keeps what it is given; the rollout goes on changing its own.
	var kept map[string]any
	if raw, err := json.Marshal(body); err == nil {
		_ = json.Unmarshal(raw, &kept) // JSON of our own
	}
	return state.Document{ID: r.id, Type: rolloutType, Name: r.name, Body: kept}
}

// providers names what the template uses.
func (r *rollout) providers() []any {
	out := []any{}
	seen := map[string]bool{}
	for _, s := range r.template.Steps {
		namespace, typ, _ := strings.Cut(s.Type, "/")
		if !seen[strings.ToLower(s.Type)] {
			seen[strings.ToLower(s.Type)] = true
			out = append(out, map[string]any{"namespace": namespace, "resourceTypes": []any{map[string]any{"resourceType": typ, "locations": []any{nil}}}})
		}
	}
	return out
}

func named(s *template.Step) map[string]any {
	return map[string]any{"id": s.ID, "resourceType": s.Type, "resourceName": s.Name}
}

func (r *rollout) dependencies() []any {
	out := []any{}
	for _, s := range r.template.Steps {
		if len(s.After) == 0 {
			continue
		}
		var on []any
		for _, before := range s.After {
			on = append(on, named(before))
		}
		entry := named(s)
		entry["dependsOn"] = on
		out = append(out, entry)
	}
	return out
}

// operations lists the steps that were begun, the newest first.
func (r *rollout) operations() []any {
	out := []any{}
	for i := len(r.template.Steps) - 1; i >= 0; i-- {
		s := r.template.Steps[i]
		p := r.steps[s]
		if p == nil || !p.provisions {
			continue
		}
		end := p.ended
		if end.IsZero() {
			end = p.started
		}
		q := map[string]any{
			"provisioningOperation": "Create", "provisioningState": p.state, "timestamp": stampOf(end), "duration": spell(end.Sub(p.started)),
			"trackingId": r.correlation, "statusCode": p.status, "targetResource": named(s),
		}
		if p.failure != nil {
			q["statusMessage"] = map[string]any{"status": "Failed", "error": p.failure}
		}
		out = append(out, map[string]any{"id": fmt.Sprintf("%s/operations/%s", r.id, p.operation), "operationId": p.operation, "properties": q})
	}
	return out
}
