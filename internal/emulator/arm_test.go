package emulator_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/cognitiveservices/armcognitiveservices"

	"github.com/azptu/azptu/internal/emulator"
	"github.com/azptu/azptu/internal/emulator/state"
)

// at walks into a decoded body: "value.0.properties.model".
func at(body any, path string) any {
	for name := range strings.SplitSeq(path, ".") {
		switch v := body.(type) {
		case map[string]any:
			body = v[name]
		case []any:
			var i int
			if _, err := fmt.Sscan(name, &i); err != nil || i >= len(v) {
				return nil
			}
			body = v[i]
		default:
			return nil
		}
	}
	return body
}

// Each api-version has the body of its time.
func TestBodiesByVersion(t *testing.T) {
	r := newRest(t, start(t, emulator.Config{}))
	r.must("PUT", "{acc}/deployments/"+state.RoomyDeployment, v2025, map[string]any{"sku": map[string]any{"name": "ProvisionedManaged", "capacity": 100},
		"properties": map[string]any{"model": map[string]any{"format": "OpenAI", "name": "gpt-4o", "version": "2024-08-06"}, "spilloverDeploymentName": state.StandardDeployment}})
	r.must("POST", "{acc}/deployments/"+state.TurboDeployment+"/pause", vPreview, nil)
	for _, c := range []struct {
		version, deployment string
		has, lacks          []string
	}{
		{"2022-12-01", state.TurboDeployment, []string{"sku.name", "properties.scaleSettings.capacity", "properties.rateLimits"}, []string{"properties.currentCapacity", "properties.deploymentState"}},
		{"2023-05-01", state.TurboDeployment, []string{"sku.capacity"}, []string{"properties.scaleSettings", "properties.currentCapacity"}},
		{"2024-10-01", state.RoomyDeployment, []string{"properties.currentCapacity"}, []string{"properties.spilloverDeploymentName", "properties.scaleSettings"}},
		{"2025-06-01", state.RoomyDeployment, []string{"properties.spilloverDeploymentName"}, []string{"properties.deploymentState", "properties.versionUpgradeOption"}},
		{v2025, state.TurboDeployment, []string{"properties.versionUpgradeOption"}, []string{"properties.deploymentState"}},
		{vPreview, state.TurboDeployment, []string{"properties.deploymentState"}, nil},
	} {
		body := r.must("GET", "{acc}/deployments/"+c.deployment, c.version, nil).body
		for _, path := range c.has {
			if at(body, path) == nil {
				t.Errorf("%s, %s: %s is missing", c.version, c.deployment, path)
			}
		}
		for _, path := range c.lacks {
			if v := at(body, path); v != nil {
				t.Errorf("%s, %s: %s is %v, which that version does not know", c.version, c.deployment, path, v)
			}
		}
	}
	if v := at(r.must("GET", "{acc}", "2024-10-01", nil).body, "properties.allowProjectManagement"); v != nil {
		t.Errorf("accounts of 2024-10-01 know of projects: %v", v)
	}
}

// Lists come in pages that nextLink joins, and every item once.
func TestPaging(t *testing.T) {
	s := start(t, emulator.Config{PageSize: 7})
	pager := factory(t, s).NewModelsClient().NewListPager("westeurope", nil)
	pages, seen := 0, map[string]int{}
	for pager.More() {
		page, err := pager.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		pages++
		for _, m := range page.Value {
			seen[*m.Kind+*m.Model.Name+*m.Model.Version]++
		}
	}
	whole := newRest(t, start(t, emulator.Config{})).must("GET", "{cs}/locations/westeurope/models", v2025, nil).body
	if n := len(at(whole, "value").([]any)); len(seen) != n || pages != (n+6)/7 {
		t.Errorf("%d models on %d pages, want %d", len(seen), pages, n)
	}
	for m, n := range seen {
		if n != 1 {
			t.Errorf("%s is listed %d times", m, n)
		}
	}
}

// Entity tags keep two writers apart.
func TestEntityTags(t *testing.T) {
	r := newRest(t, start(t, emulator.Config{}))
	path := "{acc}/deployments/" + state.TurboDeployment
	tag := r.must("GET", path, v2025, nil).header.Get("ETag")
	patch := map[string]any{"tags": map[string]string{"a": "1"}}
	if a := r.do("PATCH", path, v2025, patch, "If-Match", tag); a.status != http.StatusOK || a.header.Get("ETag") == tag {
		t.Errorf("with the present tag: %d, new tag %s", a.status, a.header.Get("ETag"))
	}
	if a := r.do("PATCH", path, v2025, patch, "If-Match", tag); a.status != http.StatusPreconditionFailed {
		t.Errorf("with the old tag: %d", a.status)
	}
	if a := r.do("DELETE", path, v2025, nil, "If-Match", tag); a.status != http.StatusPreconditionFailed {
		t.Errorf("deleting with the old tag: %d", a.status)
	}
	body := map[string]any{"sku": map[string]any{"name": "Standard", "capacity": 1}, "properties": map[string]any{"model": map[string]any{"format": "OpenAI", "name": "gpt-35-turbo", "version": "0125"}}}
	if a := r.do("PUT", path, v2025, body, "If-None-Match", "*"); a.status != http.StatusPreconditionFailed {
		t.Errorf("creating what is there: %d", a.status)
	}
}

// A request that was repeated because its answer was lost does no harm.
func TestPutIsIdempotent(t *testing.T) {
	r := newRest(t, start(t, emulator.Config{}))
	body := map[string]any{"sku": map[string]any{"name": "Standard", "capacity": 1}, "properties": map[string]any{"model": map[string]any{"format": "OpenAI", "name": "gpt-35-turbo", "version": "0125"}}}
	one := r.do("PUT", "{acc}/deployments/same", v2025, body)
	two := r.do("PUT", "{acc}/DEPLOYMENTS/SAME", v2025, body)
	if one.status != http.StatusCreated || two.status != http.StatusOK || at(one.body, "etag") != at(two.body, "etag") || at(two.body, "name") != "same" {
		t.Errorf("%d %v, then %d %v", one.status, at(one.body, "etag"), two.status, at(two.body, "etag"))
	}
	for _, status := range []int{http.StatusOK, http.StatusNoContent} {
		if a := r.do("DELETE", "{acc}/deployments/same", v2025, nil); a.status != status {
			t.Errorf("deleting: %d, want %d", a.status, status)
		}
	}
}

// PATCH resizes through the SDK, whose final answer comes from Location.
func TestPatchThroughTheSDK(t *testing.T) {
	s := start(t, emulator.Config{TimeScale: 50})
	e := s.Endpoints
	p, err := factory(t, s).NewDeploymentsClient().BeginUpdate(t.Context(), e.ResourceGroup, e.Account, state.RoomyDeployment,
		armcognitiveservices.PatchResourceTagsAndSKU{SKU: &armcognitiveservices.SKU{Name: to.Ptr("ProvisionedManaged"), Capacity: to.Ptr[int32](150)}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	d, err := p.PollUntilDone(t.Context(), &runtime.PollUntilDoneOptions{Frequency: 5 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if *d.SKU.Capacity != 150 || *d.Properties.CurrentCapacity != 150 {
		t.Errorf("%d units, %d in force", *d.SKU.Capacity, *d.Properties.CurrentCapacity)
	}
}

// Delete, list, restore, purge: through the SDK, as a user would.
func TestSoftDeleteThroughTheSDK(t *testing.T) {
	s := start(t, emulator.Config{})
	ctx, e := t.Context(), s.Endpoints
	f := factory(t, s)
	wait := &runtime.PollUntilDoneOptions{Frequency: 5 * time.Millisecond}
	p, err := f.NewAccountsClient().BeginDelete(ctx, e.ResourceGroup, e.Account, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.PollUntilDone(ctx, wait); err != nil {
		t.Fatal(err)
	}
	page, err := f.NewDeletedAccountsClient().NewListPager(nil).NextPage(ctx)
	if err != nil || len(page.Value) != 1 || page.Value[0].Properties.DeletionDate == nil {
		t.Fatalf("%v: %+v", err, page.Value)
	}
	if status, _ := chat(t, s, e.AoaiURL, state.RoomyDeployment, "api-key", e.APIKey); status != http.StatusUnauthorized {
		t.Errorf("the key of a deleted account answers %d", status)
	}
	back, err := f.NewAccountsClient().BeginCreate(ctx, e.ResourceGroup, e.Account, armcognitiveservices.Account{
		Location: to.Ptr(e.Location), Properties: &armcognitiveservices.AccountProperties{Restore: to.Ptr(true)}, // as little as Azure CLI says
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := back.PollUntilDone(ctx, wait); err != nil {
		t.Fatal(err)
	}
	if status, _ := chat(t, s, e.AoaiURL, state.RoomyDeployment, "api-key", e.APIKey); status != http.StatusOK {
		t.Errorf("the key of a restored account answers %d", status)
	}
	if p, err = f.NewAccountsClient().BeginDelete(ctx, e.ResourceGroup, e.Account, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := p.PollUntilDone(ctx, wait); err != nil {
		t.Fatal(err)
	}
	gone, err := f.NewDeletedAccountsClient().BeginPurge(ctx, e.Location, e.ResourceGroup, e.Account, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := gone.PollUntilDone(ctx, wait); err != nil {
		t.Fatal(err)
	}
	if page, err = f.NewDeletedAccountsClient().NewListPager(nil).NextPage(ctx); err != nil || len(page.Value) != 0 {
		t.Errorf("after the purge: %v %+v", err, page.Value)
	}
}

// Both forms of the metadata that clients discover a cloud by.
func TestMetadata(t *testing.T) {
	s := start(t, emulator.Config{})
	for version, want := range map[string]string{"2015-01-01": "authentication.loginEndpoint", "2019-05-01": "0.authentication.loginEndpoint", "2022-09-01": "0.resourceManager"} {
		r := newRest(t, s)
		r.token = "" // nobody signs in to ask
		if v := at(r.must("GET", "/metadata/endpoints", version, nil).body, want); v == nil {
			t.Errorf("%s: %s is missing", version, want)
		}
	}
}

// Diagnostic settings, projects and policies are kept as they were given.
func TestDocumentsAreKept(t *testing.T) {
	r := newRest(t, start(t, emulator.Config{}))
	setting := map[string]any{"properties": map[string]any{"workspaceId": "/subscriptions/x/w", "logs": []any{map[string]any{"category": "RequestResponse", "enabled": true}}}}
	const path = "{acc}/providers/Microsoft.Insights/diagnosticSettings/all"
	r.must("PUT", path, "2021-05-01-preview", setting)
	got := r.must("GET", "{acc}/providers/microsoft.insights/diagnosticSettings", "2021-05-01-preview", nil)
	if at(got.body, "value.0.properties.logs.0.category") != "RequestResponse" {
		t.Errorf("settings: %s", got.raw)
	}
	if a := r.do("PUT", path, "2021-05-01-preview", map[string]any{"properties": map[string]any{"logs": []any{1}}}); a.status != http.StatusBadRequest {
		t.Errorf("a setting without a destination: %d %s", a.status, a.raw)
	}
	for _, name := range []string{"one", "two"} {
		r.must("PUT", "{acc}/projects/"+name, v2025, map[string]any{"properties": map[string]any{}})
	}
	var defaults []any
	for _, p := range at(r.must("GET", "{acc}/projects", v2025, nil).body, "value").([]any) {
		defaults = append(defaults, at(p, "properties.isDefault"))
	}
	if !slices.Equal(defaults, []any{true, false}) {
		t.Errorf("which projects are the default: %v", defaults)
	}
	r.must("PATCH", "{acc}/projects/two", v2025, map[string]any{"properties": map[string]any{"description": "new"}})
	two := r.must("GET", "{acc}/projects/two", v2025, nil).body
	if at(two, "properties.description") != "new" || at(two, "properties.isDefault") != false {
		t.Errorf("after the patch: %v", two)
	}
}

// calculateModelCapacity computes by the published formula: gpt-4.1 serves 3000
// input tokens a minute and unit, an output token counts four.
func TestCalculateModelCapacity(t *testing.T) {
	r := newRest(t, start(t, emulator.Config{}))
	body := r.must("POST", "{cs}/calculateModelCapacity", v2025, map[string]any{"model": map[string]any{"format": "OpenAI", "name": "gpt-4.1", "version": "2025-04-14"}, "skuName": "GlobalProvisionedManaged",
		"workloads": []any{map[string]any{"requestPerMinute": 100, "requestParameters": map[string]any{"avgPromptTokens": 1000, "avgGeneratedTokens": 200}}}}).body
	if at(body, "estimatedCapacity.value") != 60.0 || at(body, "estimatedCapacity.deployableValue") != 60.0 {
		t.Errorf("100 × (1000 + 4 × 200) / 3000 units: %v", body)
	}
}

// An account with projects is not deleted; deployments are no hindrance.
func TestDeleteAccountWithProjects(t *testing.T) {
	r := newRest(t, start(t, emulator.Config{}))
	r.must("PUT", "{acc}/projects/one", v2025, map[string]any{"location": "eastus", "identity": map[string]any{"type": "SystemAssigned"}, "properties": map[string]any{}})
	if a := r.do("DELETE", "{acc}", v2025, nil); a.status != 409 || !strings.Contains(string(a.raw), "CannotDeleteResource") || !strings.Contains(string(a.raw), "/projects/") {
		t.Errorf("deleted with a project: %d %s", a.status, a.raw)
	}
	r.must("DELETE", "{acc}/projects/one", v2025, nil)
	r.must("DELETE", "{acc}", v2025, nil)
}
