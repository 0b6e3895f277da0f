package openai

import (
	"strconv"
	"strings"
	"time"

	"github.com/azptu/azptu/internal/catalog"
	"github.com/azptu/azptu/internal/tokens/jsonlex"
)

// listModels lists the base models, as the service does: what is deployed is
// Resource Manager's to say.
func listModels(x *exchange) *problem {
	b := []byte(`{"data":[`)
	for _, m := range x.h.catalog.Models() {
		for _, v := range m.Versions {
			if b[len(b)-1] == '}' {
				b = append(b, ',')
			}
			b = x.appendModel(b, m, v)
		}
	}
	x.sendModels(append(b, `],"object":"list"}`...))
	return nil
}

// getModel shows one base model, by its full name or, as clients of v1 ask, by
// the name of a deployment of it.
func getModel(x *exchange) *problem {
	name, version := x.target.id, ""
	if d, ok := x.h.cfg.Directory.Deployment(x.account, name); ok {
		name, version = d.Model, d.Version
	}
	for _, m := range x.h.catalog.Models() {
		for _, v := range m.Versions {
			if strings.EqualFold(modelID(m, v), x.target.id) || strings.EqualFold(m.Name, name) && (version == "" || strings.EqualFold(v.Name, version)) {
				x.sendModels(x.appendModel(nil, m, v))
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

// appendModel writes a base model. v1 clients read created and owned_by, which
// stand beside the service's own members.
func (x *exchange) appendModel(b []byte, m catalog.Model, v catalog.Version) []byte {
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
	b = jsonlex.AppendString(append(b, `},"id":`...), modelID(m, v))
	created := releaseOf(v).Unix()
	b = strconv.AppendInt(append(b, `,"status":"succeeded","created_at":`...), created, 10)
	b = strconv.AppendInt(append(b, `,"updated_at":`...), created, 10)
	b = append(b, `,"object":"model"`...)
	if x.target.apiVersion == "v1" {
		b = strconv.AppendInt(append(b, `,"created":`...), created, 10)
		b = append(b, `,"owned_by":"system"`...)
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
