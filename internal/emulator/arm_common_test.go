package emulator_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/azptu/azptu/internal/emulator"
	"github.com/azptu/azptu/internal/emulator/state"
)

// names are the names of what a list holds.
func names(body any) []string {
	items, _ := at(body, "value").([]any)
	var out []string
	for _, item := range items {
		name, _ := at(item, "name").(string)
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// Everything that can be tagged is tagged by the one API for it, and by its own.
func TestTags(t *testing.T) {
	r := newRest(t, start(t, emulator.Config{}))
	r.must("PUT", "{acc}", v2025, map[string]any{"location": "eastus", "kind": "AIServices", "sku": map[string]any{"name": "S0"}, "properties": map[string]any{"allowProjectManagement": true}})
	r.must("PUT", "{acc}/projects/p", v2025, map[string]any{"location": "eastus", "properties": map[string]any{}})
	tags := func(pairs ...string) map[string]any {
		m := map[string]any{}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i]] = pairs[i+1]
		}
		return map[string]any{"properties": map[string]any{"tags": m}}
	}
	patch := func(operation string, body map[string]any) map[string]any { body["operation"] = operation; return body }
	const version = "2021-04-01"
	for _, scope := range []string{"{sub}", "{rg}", "{acc}", "{acc}/projects/p", "{acc}/deployments/" + state.TurboDeployment} {
		path := scope + "/providers/Microsoft.Resources/tags/default"
		r.must("PUT", path, version, tags("team", "chat", "env", "test"))
		r.must("PATCH", path, version, patch("Merge", tags("Env", "prod", "cost", "42")))
		if got := at(r.must("PATCH", path, version, patch("Delete", tags("team", "other", "cost", ""))).body, "properties.tags"); at(got, "team") != "chat" || at(got, "Env") != "prod" || at(got, "env") != nil || at(got, "cost") != nil {
			t.Errorf("%s: %v", scope, got)
		}
		if scope != "{sub}" {
			own := map[string]string{"{rg}": "2021-04-01"}[scope]
			if own == "" {
				own = v2025
			}
			if got := at(r.must("GET", scope, own, nil).body, "tags.Env"); got != "prod" {
				t.Errorf("%s itself has %v", scope, got)
			}
		}
	}
	found := at(r.must("GET", "{sub}/tagNames", version, nil).body, "value.0")
	if at(found, "tagName") != "Env" || at(found, "count.value") != float64(3) || at(found, "values.0.tagValue") != "prod" {
		t.Errorf("tag names: %v", found)
	}
	if a := r.do("PUT", "{acc}/providers/Microsoft.Resources/tags/default", version, tags("a/b", "c")); a.status != http.StatusBadRequest || at(a.body, "error.code") != "InvalidTagNameCharacters" {
		t.Errorf("a slash in a name: %d %v", a.status, a.body)
	}
	r.must("DELETE", "{acc}/providers/Microsoft.Resources/tags/default", version, nil)
	if got := at(r.must("GET", "{acc}", v2025, nil).body, "tags"); got != nil {
		t.Errorf("deleted, they are %v", got)
	}
}

// A lock keeps what it is on, and what is below, from deletion or from change.
func TestLocks(t *testing.T) {
	r := newRest(t, start(t, emulator.Config{}))
	const version = "2016-09-01"
	lock := func(level string) map[string]any {
		return map[string]any{"properties": map[string]any{"level": level, "notes": "keep"}}
	}
	on := "{acc}/providers/Microsoft.Authorization/locks/keep"
	r.must("PUT", on, version, lock("CanNotDelete"))
	one := "{acc}/deployments/" + state.TurboDeployment
	for _, path := range []string{one, "{acc}"} {
		if a := r.do("DELETE", path, v2025, nil); a.status != http.StatusConflict || at(a.body, "error.code") != "ScopeLocked" {
			t.Errorf("deleting %s: %d %v", path, a.status, a.body)
		}
	}
	if a := r.do("DELETE", "{rg}", "2021-04-01", nil); a.status != http.StatusConflict {
		t.Errorf("deleting the group of what is locked: %d", a.status)
	}
	r.must("PATCH", one, v2025, map[string]any{"tags": map[string]string{"a": "1"}})

	r.must("PUT", "{rg}/providers/Microsoft.Authorization/locks/still", version, lock("ReadOnly"))
	for _, c := range []struct{ method, path string }{{"PATCH", one}, {"POST", "{acc}/listKeys"}} {
		if a := r.do(c.method, c.path, v2025, map[string]any{}); a.status != http.StatusConflict {
			t.Errorf("%s under a lock that only lets read: %d", c.method, a.status)
		}
	}
	r.must("GET", one, v2025, nil)
	if got := names(r.must("GET", "{acc}/providers/Microsoft.Authorization/locks", version, nil).body); !slices.Equal(got, []string{"keep", "still"}) {
		t.Errorf("locks of the account: %v", got)
	}
	if got := names(r.must("GET", "{rg}/providers/Microsoft.Authorization/locks?$filter=atScope()", version, nil).body); !slices.Equal(got, []string{"still"}) {
		t.Errorf("locks at the group: %v", got)
	}
	r.must("DELETE", "{rg}/providers/Microsoft.Authorization/locks/still", version, nil)
	r.must("DELETE", on, version, nil)
	r.must("DELETE", one, v2025, nil)
	if a := r.do("PUT", on, version, lock("Forever")); a.status != http.StatusBadRequest {
		t.Errorf("no such level: %d", a.status)
	}
}

// The list of resources is filtered as clients ask, the Azure CLI by group.
func TestResources(t *testing.T) {
	r := newRest(t, start(t, emulator.Config{}))
	const version = "2022-09-01"
	r.must("PUT", "{sub}/resourceGroups/other", "2021-04-01", map[string]any{"location": "westeurope"})
	r.must("PUT", "{sub}/resourceGroups/other/providers/Microsoft.CognitiveServices/accounts/second", v2025,
		map[string]any{"location": "westeurope", "kind": "OpenAI", "sku": map[string]any{"name": "S0"}, "tags": map[string]string{"env": "it's"}, "properties": map[string]any{}})
	r.must("PUT", "{sub}/resourceGroups/other/providers/Microsoft.CognitiveServices/commitmentPlans/plan", v2025,
		map[string]any{"location": "westeurope", "kind": "SpeechServices", "sku": map[string]any{"name": "S0"}, "properties": map[string]any{"hostingModel": "Web", "planType": "STT", "current": map[string]any{"tier": "T1"}}})
	first := strings.Split(r.expand("{acc}"), "/")[8]
	for filter, want := range map[string][]string{
		"":                         {first, "plan", "second"},
		"resourceGroup eq 'OTHER'": {"plan", "second"},
		"location eq 'West Europe' and resourceType eq 'microsoft.cognitiveservices/accounts'": {"second"},
		"tagName eq 'env' and tagValue eq 'it''s'":                                             {"second"},
		"tagname eq 'env' and tagvalue eq 'prod'":                                              nil,
		"name eq 'plan' or name eq 'second'":                                                   {"plan", "second"},
		"substringof('eco', name)":                                                             {"second"},
		"startswith(tagName, 'EN')":                                                            {"second"},
		"resourceType ne 'Microsoft.CognitiveServices/accounts'":                               {"plan"},
	} {
		if got := names(r.must("GET", "{sub}/resources?$filter="+strings.ReplaceAll(filter, " ", "%20"), version, nil).body); !slices.Equal(got, want) {
			t.Errorf("%q lists %v, want %v", filter, got, want)
		}
	}
	for _, filter := range []string{"name", "name eq 'a' and", "name eq 'a' and name eq 'b' or name eq 'c'", "size eq '3'", "name eq 'a"} {
		if a := r.do("GET", "{sub}/resources?$filter="+strings.ReplaceAll(filter, " ", "%20"), version, nil); a.status != http.StatusBadRequest {
			t.Errorf("%q: %d", filter, a.status)
		}
	}
	one := at(r.must("GET", "{sub}/resources?$top=1&$expand=createdTime,changedTime,provisioningState", version, nil).body, "value").([]any)
	if len(one) != 1 || at(one[0], "createdTime") == nil || at(one[0], "provisioningState") != "Succeeded" {
		t.Errorf("$top and $expand: %v", one)
	}
	// What was in a group goes with it.
	r.must("DELETE", "{sub}/resourceGroups/other", "2021-04-01", nil)
	r.must("PUT", "{sub}/resourceGroups/other", "2021-04-01", map[string]any{"location": "westeurope"})
	if got := names(r.must("GET", "{sub}/resourceGroups/other/resources", version, nil).body); len(got) != 0 {
		t.Errorf("after the group was deleted: %v", got)
	}
}

// A client that writes two slashes, as the Azure CLI does where a resource has
// no parent, means the same resource.
func TestDoubleSlashes(t *testing.T) {
	r := newRest(t, start(t, emulator.Config{}))
	path := strings.Replace(r.expand("{acc}"), "Microsoft.CognitiveServices/", "Microsoft.CognitiveServices//", 1)
	if a := r.do("GET", path, v2025, nil); a.status != http.StatusOK || at(a.body, "id") != r.expand("{acc}") {
		t.Errorf("%d %v", a.status, a.body)
	}
}

// What a provider can do is listed: its types, its operations, what kinds of
// log a resource has, what the caller may do.
func TestWhatThereIs(t *testing.T) {
	r := newRest(t, start(t, emulator.Config{}))
	for path, want := range map[string]struct{ version, name string }{
		"/providers/Microsoft.CognitiveServices/operations":               {v2025, "Microsoft.CognitiveServices/accounts/deployments/write"},
		"/providers/Microsoft.Authorization/operations":                   {"2022-04-01", "Microsoft.Authorization/locks/delete"},
		"/providers/Microsoft.Resources/operations":                       {"2021-04-01", "Microsoft.Resources/tags/read"},
		"/providers/Microsoft.Insights/operations":                        {"2015-04-01", "Microsoft.Insights/diagnosticSettings/write"},
		"{acc}/providers/Microsoft.Insights/diagnosticSettingsCategories": {"2021-05-01-preview", "RequestResponse"},
		"{sub}/providers/Microsoft.Insights/diagnosticSettingsCategories": {"2021-05-01-preview", "Administrative"},
	} {
		if got := names(r.must("GET", path, want.version, nil).body); !slices.Contains(got, want.name) {
			t.Errorf("%s lacks %s: %v", path, want.name, got)
		}
	}
	if got := at(r.must("GET", "/providers/Microsoft.Insights/eventcategories", "2015-04-01", nil).body, "value.0.value"); got != "Administrative" {
		t.Errorf("event categories begin with %v", got)
	}
	if got := at(r.must("GET", "/providers/microsoft.cognitiveservices", "2021-04-01", nil).body, "namespace"); got != "Microsoft.CognitiveServices" {
		t.Errorf("the provider seen from the tenant is %v", got)
	}
	r.must("POST", "{sub}/providers/Microsoft.Insights/register", "2021-04-01", nil)
	if got := at(r.must("GET", "{acc}/providers/Microsoft.Authorization/permissions", "2022-04-01", nil).body, "value.0.actions.0"); got == nil {
		t.Error("the caller may do nothing")
	}
	setting := map[string]any{"properties": map[string]any{"workspaceId": "w", "logs": []map[string]any{{"category": "Imaginary", "enabled": true}}}}
	if a := r.do("PUT", "{acc}/providers/Microsoft.Insights/diagnosticSettings/d", "2021-05-01-preview", setting); a.status != http.StatusBadRequest {
		t.Errorf("a setting for a kind of log that accounts do not have: %d", a.status)
	}
	for path, code := range map[string]string{"{rg}/providers/Microsoft.Storage/storageAccounts/a": "InvalidResourceNamespace", "{acc}/raiBlocklists": "InvalidResourceType", "{rg}/providers/Microsoft.Resources/deploymentScripts/a": "InvalidResourceType"} {
		if a := r.do("GET", path, v2025, nil); a.status != http.StatusNotFound || at(a.body, "error.code") != code || !strings.Contains(at(a.body, "error.message").(string), "emulator") {
			t.Errorf("%s: %d %v", path, a.status, a.body)
		}
	}
}
