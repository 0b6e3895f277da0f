package arm

import (
	"net/http"
	"slices"
	"strings"

	"github.com/azptu/azptu/internal/emulator/state"
)

// route is one operation: method and path, the api-versions that have it, the
// permission it needs and what answers it.
type route struct {
	method, pattern string
	since           string // first api-version; "" means every one that the provider has
	action          string // "" needs none
	deleted         bool   // the account in the path is a soft-deleted one
	run             func(*request) (*answer, error)

	segments []string
	versions []string
}

// Versions that the Cognitive Services provider answers: those that the
// clients and recordings speak.
var cognitiveVersions = []string{
	"2017-04-18", "2021-10-01", "2022-12-01", "2023-05-01", "2024-10-01", "2025-06-01", "2025-09-01", "2025-10-01-preview", "2026-05-15-preview",
}

// Versions of Resource Manager's own operations.
var resourceVersions = []string{
	"2016-06-01", "2018-05-01", "2019-05-01", "2019-10-01", "2019-11-01", "2020-01-01", "2020-06-01", "2020-10-01", "2021-01-01", "2021-04-01",
	"2022-09-01", "2022-12-01", "2023-07-01", "2024-03-01", "2024-07-01", "2024-08-01", "2024-11-01", "2025-03-01", "2025-04-01",
}

var authorizationVersions = []string{"2015-07-01", "2016-09-01", "2018-01-01-preview", "2018-07-01", "2020-04-01-preview", "2022-04-01", "2022-05-01-preview"}

var diagnosticVersions = []string{"2017-05-01-preview", "2021-05-01-preview"}

// What else of the monitoring provider is kept here.
var insightsVersions = []string{"2015-04-01"}

var tagVersions = []string{"2019-10-01", "2020-06-01", "2020-10-01", "2021-01-01", "2021-04-01", "2022-09-01", "2023-07-01", "2024-03-01", "2024-07-01", "2024-08-01", "2024-11-01", "2025-03-01", "2025-04-01"}

var lockVersions = []string{"2015-01-01", "2016-09-01", "2017-04-01", "2020-05-01"}

// Shorthand of the table's patterns.
const (
	inSubscription = "/subscriptions/{subscription}"
	inGroup        = inSubscription + "/resourceGroups/{group}"
	cognitive      = "/providers/Microsoft.CognitiveServices"
	inAccount      = inGroup + cognitive + "/accounts/{account}"
	inLocation     = inSubscription + cognitive + "/locations/{location}"
	deletedAccount = inLocation + "/resourceGroups/{group}/deletedAccounts/{account}"
)

// permission names an action of the Cognitive Services provider.
func permission(what string) string { return "Microsoft.CognitiveServices/" + what }

// table lists every operation. Patterns match without regard to case;
// {scope...} at the front stands for any resource.
func (h *Handler) table() []*route {
	var all []*route
	add := func(versions []string, routes ...route) {
		for _, r := range routes {
			r.segments = strings.Split(strings.Trim(r.pattern, "/"), "/")
			r.versions = versions
			all = append(all, &r)
		}
	}
	add(resourceVersions, h.resourceRoutes()...)
	add(resourceVersions, h.providerRoutes()...)
	add(resourceVersions, h.rolloutRoutes()...)
	add(authorizationVersions, h.roleRoutes()...)
	add(diagnosticVersions, h.diagnosticRoutes()...)
	add(insightsVersions, h.insightsRoutes()...)
	add(tagVersions, h.tagRoutes()...)
	add(lockVersions, h.lockRoutes()...)
	add(cognitiveVersions, h.accountRoutes()...)
	add(cognitiveVersions, h.deploymentRoutes()...)
	add(cognitiveVersions, h.regionRoutes()...)
	add(cognitiveVersions, h.documentRoutes()...)
	add(cognitiveVersions, h.operationsRoute("Microsoft.CognitiveServices"))
	add(authorizationVersions, h.operationsRoute("Microsoft.Authorization"))
	add(resourceVersions, h.operationsRoute("Microsoft.Resources"))
	return all
}

// match finds the route for a path. A pattern that begins with {scope} stands
// for the path of any resource, of any length.
func (h *Handler) match(method string, segments []string) (*route, map[string]string, error) {
	var allowed []string
	try := func(candidates []*route, tail []string, scope string) (*route, map[string]string) {
		for _, r := range candidates {
			params, fits := r.fits(tail)
			if !fits {
				continue
			}
			if r.method != method {
				allowed = append(allowed, r.method)
				continue
			}
			if scope != "" || strings.HasPrefix(r.pattern, "{scope}") {
				params["scope"] = scope
			}
			return r, params
		}
		return nil, nil
	}
	if r, params := try(h.routes[len(segments)], segments, ""); r != nil {
		return r, params, nil
	}
	for i := len(segments) - 1; i >= 0; i-- {
		if strings.EqualFold(segments[i], "providers") {
			tail := append([]string{"{scope}"}, segments[i:]...)
			if r, params := try(h.routes[len(tail)], tail, strings.Join(segments[:i], "/")); r != nil {
				return r, params, nil
			}
		}
	}
	if len(allowed) > 0 {
		return nil, nil, state.Refuse(http.StatusMethodNotAllowed, "MethodNotAllowed", "The HTTP method '%s' is not supported at this path. Supported: %s.", method, strings.Join(slices.Compact(allowed), ", "))
	}
	return nil, nil, unknown(segments)
}

// fits matches a path against the pattern and takes its parameters.
func (r *route) fits(segments []string) (map[string]string, bool) {
	if len(segments) != len(r.segments) {
		return nil, false
	}
	params := map[string]string{}
	for i, want := range r.segments {
		if name, isParam := strings.CutPrefix(want, "{"); isParam {
			if segments[i] == "" || want == "{scope}" != (segments[i] == "{scope}") {
				return nil, false
			}
			params[strings.TrimSuffix(name, "}")] = segments[i]
		} else if !strings.EqualFold(want, segments[i]) {
			return nil, false
		}
	}
	return params, true
}

// unknown says that a path leads nowhere, as precisely as Azure does, and that
// it may be the emulator that lacks it.
func unknown(segments []string) error {
	for i := len(segments) - 1; i >= 0; i-- {
		if !strings.EqualFold(segments[i], "providers") || i+1 >= len(segments) {
			continue
		}
		namespace := segments[i+1]
		if _, here := providerNamed(namespace); !here {
			return state.Refuse(http.StatusNotFound, "InvalidResourceNamespace", "The resource namespace '%.80s' is invalid. The emulator has no such resource provider.", namespace)
		}
		var typ []string
		for j := i + 2; j < len(segments); j += 2 {
			typ = append(typ, segments[j])
		}
		return state.Refuse(http.StatusNotFound, "InvalidResourceType", "The resource type '%.160s' could not be found in the namespace '%s'. The emulator does not have it.", strings.Join(typ, "/"), namespace)
	}
	return state.Refuse(http.StatusNotFound, "NotFound", "No HTTP resource was found that matches the request URI.")
}

// checkVersion judges the api-version. Some clients escape the parameter's
// name, and write it in other case.
func (r *route) checkVersion(req *http.Request) (string, error) {
	version := ""
	for name, values := range req.URL.Query() {
		if strings.EqualFold(name, "api-version") && len(values) > 0 {
			version = values[0]
		}
	}
	if version == "" {
		return "", state.Refuse(http.StatusBadRequest, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required for all requests.")
	}
	offered := r.offered()
	for _, v := range offered {
		if strings.EqualFold(v, version) {
			return v, nil
		}
	}
	if len(r.versions) > 0 && &r.versions[0] == &cognitiveVersions[0] {
		typ := "accounts"
		if i := slices.Index(r.segments, "Microsoft.CognitiveServices"); i >= 0 && i+1 < len(r.segments) {
			var parts []string
			for j := i + 1; j < len(r.segments); j += 2 {
				parts = append(parts, r.segments[j])
			}
			typ = strings.Join(parts, "/")
		}
		return "", state.Refuse(http.StatusBadRequest, "NoRegisteredProviderFound", "No registered resource provider found for location '' and API version '%.40s' for type '%s'. The supported api-versions are '%s'. The supported locations are ''.", version, typ, strings.Join(offered, ", "))
	}
	return "", state.Refuse(http.StatusBadRequest, "InvalidApiVersionParameter", "The api-version '%.40s' is invalid. The supported versions are '%s'.", version, strings.Join(offered, ","))
}

// offered lists the api-versions that have the operation.
func (r *route) offered() []string {
	i := 0
	for i < len(r.versions) && r.versions[i] < r.since {
		i++
	}
	return r.versions[i:]
}
