package openai

import (
	"strconv"
	"strings"
	"time"

	"github.com/azptu/azptu/internal/catalog"
	"github.com/azptu/azptu/internal/tokens/jsonlex"
)

// listModels lists the base models and the account's fine-tuned ones, as the
// service does: what is deployed is Resource Manager's to say.
func listModels(x *exchange) *problem {
	b := []byte(`{"data":[`)
	for _, m := range x.h.catalog.Models() {
		for _, v := range m.Versions {
			if b[len(b)-1] == '}' {
				b = append(b, ',')
			}
			b = x.appendModel(b, m, v, nil)
		}
	}
	for _, t := range x.tuned() {
		if m, v, ok := x.baseOf(t); ok {
			b = x.appendModel(append(b, ','), m, v, &t)
		}
	}
	x.sendModels(append(b, `],"object":"list"}`...))
	return nil
}

// tuned are the fine-tuned models of the account.
func (x *exchange) tuned() []FineTunedModel {
	if x.h.cfg.Tuned == nil {
		return nil
	}
	return x.h.cfg.Tuned.FineTuned(x.account)
}

// baseOf finds what a fine-tuned model was trained on.
func (x *exchange) baseOf(t FineTunedModel) (catalog.Model, catalog.Version, bool) {
	m, ok := x.h.catalog.Model(t.Base)
	if !ok {
		return m, catalog.Version{}, false
	}
	for _, v := range m.Versions {
		if strings.EqualFold(v.Name, t.BaseVersion) {
			return m, v, true
		}
	}
	return m, catalog.Version{Name: t.BaseVersion}, true
}

// getModel shows one model, by its full name or, as clients of v1 ask, by
// the name of a deployment of it.
func getModel(x *exchange) *problem {
	name, version := x.target.id, ""
	if d, ok := x.h.cfg.Directory.Deployment(x.account, name); ok {
		name, version = d.Model, d.Version
	}
	for _, t := range x.tuned() {
		if m, v, ok := x.baseOf(t); ok && strings.EqualFold(t.Name, name) {
			x.sendModels(x.appendModel(nil, m, v, &t))
			return nil
		}
	}
	for _, m := range x.h.catalog.Models() {
		for _, v := range m.Versions {
			if strings.EqualFold(modelID(m, v), x.target.id) || strings.EqualFold(m.Name, name) && (version == "" || strings.EqualFold(v.Name, version)) {
				x.sendModels(x.appendModel(nil, m, v, nil))
				return nil
			}
		}
	}
	return typed(404, "invalid_request_error", "model_not_found", "", "The model '"+x.target.id+"' does not exist")
}

func (x *exchange) sendModels(b []byte) {
	h := x.w.Header()
	x.commonHeaders(h)
	h["Content-Type"] = jsonType
	x.send(200, b)
}

func modelID(m catalog.Model, v catalog.Version) string {
	if v.Name == "" {
		return m.Name
	}
	return m.Name + "-" + v.Name
}

// appendModel writes a base model, or the one that was trained on it. v1 clients
// read created and owned_by, which stand beside the service's own members.
func (x *exchange) appendModel(b []byte, m catalog.Model, v catalog.Version, tuned *FineTunedModel) []byte {
	id, created, owner := modelID(m, v), releaseOf(v).Unix(), "system"
	f := x.h.factsOf(Deployment{Model: m.Name, Version: v.Name})
	b = append(b, `{"capabilities":{"fine_tune":false,"inference":true,"completion":`...)
	b = strconv.AppendBool(b, f.completes)
	b = strconv.AppendBool(append(b, `,"chat_completion":`...), f.chats)
	b = strconv.AppendBool(append(b, `,"embeddings":`...), f.embeds)
	b = append(b, `},"lifecycle_status":"`...)
	b = append(b, lifecycle(v)...)
	b = append(b, `","deprecation":{`...)
	if !v.Retirement.IsZero() {
		b = strconv.AppendInt(append(b, `"inference":`...), v.Retirement.Unix(), 10)
	}
	b = append(b, '}')
	if tuned != nil {
		b = jsonlex.AppendString(append(b, `,"model":`...), id)
		id, created, owner = tuned.Name, tuned.Created.Unix(), "organization-owner"
	}
	b = jsonlex.AppendString(append(b, `,"id":`...), id)
	b = strconv.AppendInt(append(b, `,"status":"succeeded","created_at":`...), created, 10)
	b = strconv.AppendInt(append(b, `,"updated_at":`...), created, 10)
	b = append(b, `,"object":"model"`...)
	if x.target.apiVersion == "v1" {
		b = strconv.AppendInt(append(b, `,"created":`...), created, 10)
		b = jsonlex.AppendString(append(b, `,"owned_by":`...), owner)
	}
	return append(b, '}')
}

func lifecycle(v catalog.Version) string {
	if strings.EqualFold(v.Lifecycle, "preview") {
		return "preview"
	}
	return "generally-available"
}

// releaseOf is the date that most versions are named after.
func releaseOf(v catalog.Version) time.Time {
	if day, err := time.Parse(time.DateOnly, v.Name); err == nil {
		return day
	}
	return time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
}
