package monitor

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// problem is a refusal as a client sees it.
type problem struct {
	status        int
	code, message string
}

func (p *problem) Error() string { return p.code + ": " + p.message }

func badRequest(format string, args ...any) error {
	return &problem{http.StatusBadRequest, "BadRequest", fmt.Sprintf(format, args...)}
}

// notFound is Resource Manager's answer for a resource that is not there.
func notFound(id string) error {
	parts := strings.Split(strings.Trim(id, "/"), "/")
	at := slices.IndexFunc(parts, func(s string) bool { return strings.EqualFold(s, "providers") })
	if at < 4 || len(parts) < at+4 {
		return &problem{http.StatusNotFound, "ResourceNotFound", fmt.Sprintf("The resource '%s' was not found.", id)}
	}
	return &problem{http.StatusNotFound, "ResourceNotFound", fmt.Sprintf(
		"The Resource '%s/%s/%s' under resource group '%s' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
		parts[at+1], parts[at+2], parts[at+3], parts[at-1])}
}

// versions that are answered, per kind of request.
var versions = map[string][]string{
	"metrics":           {"2017-05-01-preview", "2018-01-01", "2019-07-01", "2021-05-01", "2023-10-01", "2024-02-01"},
	"metricdefinitions": {"2017-05-01-preview", "2018-01-01", "2019-07-01", "2021-05-01", "2023-10-01", "2024-02-01"},
	"metricnamespaces":  {"2017-12-01-preview", "2018-01-01", "2023-10-01", "2024-02-01"},
	"getbatch":          {"2023-03-01-preview", "2023-10-01", "2024-02-01"},
	"eventtypes":        {"2014-04-01", "2015-04-01", "2017-03-01-preview"},
}

// spelling of the kinds in Resource Manager's messages.
var spelling = map[string]string{
	"metrics": "metrics", "metricdefinitions": "metricDefinitions", "metricnamespaces": "metricNamespaces",
	"getbatch": "metrics:getBatch", "eventtypes": "eventtypes",
}

func checkVersion(kind, version string) error {
	known := versions[kind]
	switch {
	case version == "":
		return &problem{http.StatusBadRequest, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required for all requests."}
	case !slices.Contains(known, strings.ToLower(version)):
		return &problem{http.StatusBadRequest, "InvalidResourceType", fmt.Sprintf(
			"The resource type '%s' could not be found in the namespace 'microsoft.insights' for api version '%s'. The supported api-versions are '%s'.",
			spelling[kind], version, strings.Join(known, ","))}
	}
	return nil
}

// writeProblem answers an error. The batch API and Resource Manager wrap it in
// "error", the metrics API itself does not (Microsoft, "Migrate from the
// metrics API to the getBatch API", 2024-03-11).
func writeProblem(w http.ResponseWriter, wrapped bool, err error) {
	var p *problem
	if !errors.As(err, &p) {
		p = &problem{http.StatusInternalServerError, "InternalServerError", "The server encountered an error. Please try again later."}
	}
	body := any(map[string]string{"code": p.code, "message": p.message})
	if wrapped || p.code != "BadRequest" {
		body = map[string]any{"error": body}
	}
	w.Header().Set("x-ms-error-code", p.code)
	writeJSON(w, p.status, body)
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"error":{"code":"InternalServerError","message":"The answer could not be written."}}`)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(text)
}
