package openai

import (
	"net/http"
	"net/url"
	"strings"
)

// operation is one thing a client can ask for.
type operation int

const (
	opNone operation = iota
	opChat
	opCompletions
	opEmbeddings
	opResponses
	opResponseGet
	opResponseDelete
	opResponseInput
	opResponseCancel
	opModels
	opModel
	opCount
)

// operations are the handlers. A *problem returned is the answer; otherwise
// the handler has answered.
var operations [opCount]func(*exchange) *problem

func init() {
	operations = [opCount]func(*exchange) *problem{
		opChat: chat, opCompletions: completions, opEmbeddings: embeddings,
		opResponses: createResponse, opResponseGet: getResponse, opResponseDelete: deleteResponse, opResponseInput: responseInput,
		opResponseCancel: cancelResponse,
		opModels:         listModels, opModel: getModel,
	}
}

// operationIDs name operations in errors and metrics, as the dated
// specifications do (2025-03-01-preview for those that came late).
var operationIDs = [opCount]string{
	opChat: "ChatCompletions_Create", opCompletions: "Completions_Create", opEmbeddings: "Embeddings_Create",
	opResponses: "Create_Response", opResponseGet: "Get_Response", opResponseDelete: "Delete_Response", opResponseInput: "Get_Input_Items",
	opResponseCancel: "Cancel_Response",
	opModels:         "Models_List", opModel: "Models_Get",
}

// target is where a request goes.
type target struct {
	operation  operation
	deployment string // from the path; "" on v1, where the body's model names it
	apiVersion string // "v1" on the undated surface
	id         string // of a response or a model
}

// apiVersions are the dated versions that are served.
var apiVersions = map[string]bool{
	"2022-12-01": true, "2023-03-15-preview": true, "2023-05-15": true, "2023-06-01-preview": true, "2023-07-01-preview": true,
	"2023-08-01-preview": true, "2023-09-01-preview": true, "2023-10-01-preview": true, "2023-12-01-preview": true,
	"2024-02-01": true, "2024-02-15-preview": true, "2024-03-01-preview": true, "2024-04-01-preview": true, "2024-05-01-preview": true,
	"2024-06-01": true, "2024-07-01-preview": true, "2024-08-01-preview": true, "2024-09-01-preview": true, "2024-10-01-preview": true,
	"2024-10-21": true, "2024-12-01-preview": true, "2025-01-01-preview": true, "2025-02-01-preview": true, "2025-03-01-preview": true,
	"2025-04-01-preview": true,
}

// responsesSince is the first dated version with the responses operations.
const responsesSince = "2025-03-01-preview"

// route reads the path. Unknown paths and versions get the one answer that the
// service has for both; a known path with another method is told so.
func route(r *http.Request) (target, *problem) {
	rest, ok := strings.CutPrefix(r.URL.Path, "/openai/")
	if !ok {
		return target{}, notFound()
	}
	var t target
	if path, ok := strings.CutPrefix(rest, "v1/"); ok {
		t = routeAction(path)
		t.apiVersion = "v1"
	} else {
		t = routeDated(rest)
		t.apiVersion = apiVersion(r)
		if !apiVersions[t.apiVersion] || t.isResponses() && t.apiVersion < responsesSince {
			return target{}, notFound()
		}
	}
	if t.operation == opResponseGet && r.Method == http.MethodDelete {
		t.operation = opResponseDelete
	}
	switch {
	case t.operation == opNone:
		return target{}, notFound()
	case r.Method != t.method():
		return target{}, methodNotAllowed(t.method())
	}
	return t, nil
}

func (t target) isResponses() bool {
	switch t.operation {
	case opResponses, opResponseGet, opResponseDelete, opResponseInput, opResponseCancel:
		return true
	}
	return false
}

func (t target) method() string {
	switch t.operation {
	case opChat, opCompletions, opEmbeddings, opResponses, opResponseCancel:
		return http.MethodPost
	case opResponseDelete:
		return http.MethodDelete
	}
	return http.MethodGet
}

// routeDated reads what stands behind /openai/.
func routeDated(path string) target {
	if rest, ok := strings.CutPrefix(path, "deployments/"); ok {
		name, action, ok := strings.Cut(rest, "/")
		if !ok || name == "" {
			return target{}
		}
		t := routeAction(action)
		switch t.operation {
		case opChat, opCompletions, opEmbeddings:
			t.deployment = name
			return t
		}
		return target{}
	}
	t := routeAction(path)
	switch t.operation {
	case opChat, opCompletions, opEmbeddings:
		return target{} // dated versions have them below a deployment only
	}
	return t
}

// routeAction reads what stands behind /openai/v1/ or a deployment's name.
func routeAction(path string) target {
	switch path {
	case "chat/completions":
		return target{operation: opChat}
	case "completions":
		return target{operation: opCompletions}
	case "embeddings":
		return target{operation: opEmbeddings}
	case "responses":
		return target{operation: opResponses}
	case "models":
		return target{operation: opModels}
	}
	if id, ok := strings.CutPrefix(path, "models/"); ok && id != "" && !strings.Contains(id, "/") {
		return target{operation: opModel, id: id}
	}
	id, ok := strings.CutPrefix(path, "responses/")
	if !ok || id == "" {
		return target{}
	}
	if before, ok := strings.CutSuffix(id, "/input_items"); ok {
		return target{operation: opResponseInput, id: before}
	}
	if before, ok := strings.CutSuffix(id, "/cancel"); ok {
		return target{operation: opResponseCancel, id: before}
	}
	if strings.Contains(id, "/") {
		return target{}
	}
	return target{operation: opResponseGet, id: id}
}

// apiVersion reads the query without building a map for the usual case.
func apiVersion(r *http.Request) string {
	if v, ok := strings.CutPrefix(r.URL.RawQuery, "api-version="); ok && !strings.ContainsAny(v, "&%+") {
		return v
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return ""
	}
	return query.Get("api-version")
}
