package emulator_test

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/emulator"
	"github.com/azptu/azptu/internal/emulator/state"
)

const vTemplates = "2022-09-01"

// module is a template as Bicep compiles one that makes an account with
// deployments, a role and a lock.
func module(t *testing.T) map[string]any {
	t.Helper()
	raw, err := os.ReadFile("testdata/templates/module.json")
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func rolloutBody(template any, parameters map[string]any) map[string]any {
	given := map[string]any{}
	for name, v := range parameters {
		given[name] = map[string]any{"value": v}
	}
	return map[string]any{"properties": map[string]any{"mode": "Incremental", "template": template, "parameters": given}}
}

// follow polls a deployment as clients do, until it is over.
func (r *rest) follow(path string, body any) any {
	r.t.Helper()
	a := r.do("PUT", path, vTemplates, body)
	if a.status != http.StatusCreated && a.status != http.StatusOK {
		r.t.Fatalf("PUT %s: %d %s", path, a.status, a.raw)
	}
	status := strings.TrimPrefix(a.header.Get("Azure-AsyncOperation"), r.s.Endpoints.ArmURL)
	for range 500 {
		switch at(r.must("GET", status, "", nil).body, "status") {
		case "Succeeded", "Failed", "Canceled":
			return r.must("GET", path, vTemplates, nil).body
		}
		time.Sleep(10 * time.Millisecond)
	}
	r.t.Fatalf("%s does not end", path)
	return nil
}

// A template is put in place step by step: what depends on a resource waits for
// it, and references see it.
func TestTemplate(t *testing.T) {
	r := newRest(t, start(t, emulator.Config{TimeScale: 60}))
	path := "{rg}/providers/Microsoft.Resources/deployments/main"
	if a := r.do("POST", path+"/validate", vTemplates, rolloutBody(module(t), map[string]any{"prefix": "tpl"})); a.status != http.StatusOK || at(a.body, "properties.validatedResources.0.id") == nil {
		t.Errorf("validation: %d %s", a.status, a.raw)
	}
	done := r.follow(path, rolloutBody(module(t), map[string]any{"prefix": "tpl", "lock": true}))
	if at(done, "properties.provisioningState") != "Succeeded" {
		t.Fatalf("%v", at(done, "properties.error"))
	}
	id, _ := at(done, "properties.outputs.id.value").(string)
	if at(done, "properties.outputs.names.value.1") != "small" || at(done, "properties.outputs.keyLength.value") != float64(84) ||
		!strings.HasPrefix(at(done, "properties.outputs.endpoint.value").(string), "https://") || at(done, "properties.outputs.key.value") != nil {
		t.Errorf("outputs: %v", at(done, "properties.outputs"))
	}
	if at(done, "properties.parameters.secret.value") != nil || at(done, "properties.parameters.prefix.value") != "tpl" {
		t.Errorf("parameters: %v", at(done, "properties.parameters"))
	}
	if n := len(at(done, "properties.outputResources").([]any)); n != 5 {
		t.Errorf("%d resources were made, want 5", n)
	}
	if got := at(r.must("GET", id+"/deployments/chat", v2025, nil).body, "sku.capacity"); got != float64(50) {
		t.Errorf("the deployment has %v units", got)
	}
	if a := r.do("DELETE", id, v2025, nil); a.status != http.StatusConflict {
		t.Errorf("what the template locked can be deleted: %d", a.status)
	}
	operations := r.must("GET", "{rg}/deployments/main/operations", vTemplates, nil).body
	if n := len(at(operations, "value").([]any)); n != 5 || at(operations, "value.0.properties.provisioningState") != "Succeeded" {
		t.Errorf("%d operations", n)
	}
	// The same again changes nothing.
	again := r.follow(path, rolloutBody(module(t), map[string]any{"prefix": "tpl", "lock": true}))
	if at(again, "properties.provisioningState") != "Succeeded" {
		t.Errorf("again: %v", at(again, "properties.error"))
	}
	if got := at(r.must("POST", path+"/exportTemplate", vTemplates, nil).body, "template.languageVersion"); got != "2.0" {
		t.Errorf("the template given back: %v", got)
	}
	r.must("DELETE", path, vTemplates, nil)
	if a := r.do("GET", path, vTemplates, nil); a.status != http.StatusNotFound {
		t.Errorf("deleted, it is still there: %d", a.status)
	}
}

// At the level of the subscription a template makes the group and, as modules
// do, has another template for what goes into it.
func TestTemplateOfASubscription(t *testing.T) {
	r := newRest(t, start(t, emulator.Config{TimeScale: 60}))
	main := map[string]any{
		"$schema": "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#", "contentVersion": "1.0.0.0",
		"resources": []any{
			map[string]any{"type": "Microsoft.Resources/resourceGroups", "apiVersion": "2021-04-01", "name": "made", "location": "westeurope"},
			map[string]any{
				"type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "inner", "resourceGroup": "made",
				"properties": map[string]any{
					"expressionEvaluationOptions": map[string]any{"scope": "inner"}, "mode": "Incremental",
					"parameters": map[string]any{"prefix": map[string]any{"value": "[concat('su', 'b')]"}}, "template": module(t),
				},
				"dependsOn": []any{"[subscriptionResourceId('Microsoft.Resources/resourceGroups', 'made')]"},
			},
		},
		"outputs": map[string]any{"where": map[string]any{"type": "string", "value": "[reference(extensionResourceId(format('/subscriptions/{0}/resourceGroups/{1}', subscription().subscriptionId, 'made'), 'Microsoft.Resources/deployments', 'inner'), '2022-09-01').outputs.endpoint.value]"}},
	}
	body := rolloutBody(main, nil)
	path := "{sub}/providers/Microsoft.Resources/deployments/whole"
	if a := r.do("PUT", path, vTemplates, body); a.status != http.StatusBadRequest || a.code() != "LocationRequired" {
		t.Errorf("without a place: %d %s", a.status, a.raw)
	}
	body["location"] = "westeurope"
	done := r.follow(path, body)
	if where, _ := at(done, "properties.outputs.where.value").(string); at(done, "properties.provisioningState") != "Succeeded" || !strings.HasPrefix(where, "https://") {
		t.Fatalf("%v %v", at(done, "properties.error"), at(done, "properties.outputs"))
	}
	if got := names(r.must("GET", "{sub}/providers/Microsoft.Resources/deployments", vTemplates, nil).body); len(got) != 1 || got[0] != "whole" {
		t.Errorf("deployments of the subscription: %v", got)
	}
}

// What a template may not do is refused before or while it is done, in Resource
// Manager's words.
func TestTemplateFailures(t *testing.T) {
	r := newRest(t, start(t, emulator.Config{TimeScale: 60}))
	path := "{rg}/providers/Microsoft.Resources/deployments/bad"
	for what, body := range map[string]map[string]any{
		"a parameter too few":         rolloutBody(module(t), nil),
		"a parameter that is none":    rolloutBody(module(t), map[string]any{"prefix": "tpl", "size": 1}),
		"a parameter of a wrong type": rolloutBody(module(t), map[string]any{"prefix": 5}),
		"a parameter too long":        rolloutBody(module(t), map[string]any{"prefix": strings.Repeat("x", 30)}),
		"no template":                 rolloutBody(nil, nil),
		"a circle": rolloutBody(map[string]any{"$schema": "x", "resources": []any{
			map[string]any{"type": "A.B/c", "apiVersion": "1", "name": "x", "dependsOn": []any{"y"}}, map[string]any{"type": "A.B/c", "apiVersion": "1", "name": "y", "dependsOn": []any{"x"}}}}, nil),
	} {
		if a := r.do("PUT", path, vTemplates, body); a.status != http.StatusBadRequest || a.code() != "InvalidTemplate" {
			t.Errorf("%s: %d %s", what, a.status, a.raw)
		}
	}
	big := []any{map[string]any{"name": "huge", "model": "gpt-4o", "version": "2024-08-06", "sku": "ProvisionedManaged", "capacity": 5000}}
	done := r.follow(path, rolloutBody(module(t), map[string]any{"prefix": "big", "models": big}))
	if at(done, "properties.provisioningState") != "Failed" || at(done, "properties.error.code") != "DeploymentFailed" || at(done, "properties.error.details.0.code") != "InsufficientQuota" {
		t.Errorf("beyond the quota: %v", at(done, "properties"))
	}
	failed := false
	for _, o := range at(r.must("GET", path+"/operations", vTemplates, nil).body, "value").([]any) {
		failed = failed || at(o, "properties.statusMessage.error.code") == "InsufficientQuota"
	}
	if !failed {
		t.Error("no operation says why")
	}
}

// One that still runs can be cancelled, and not be begun again.
func TestTemplateCancelled(t *testing.T) {
	r := newRest(t, start(t, emulator.Config{TimeScale: 0.001}))
	path := "{rg}/providers/Microsoft.Resources/deployments/slow"
	body := rolloutBody(module(t), map[string]any{"prefix": "slow"})
	r.must("PUT", path, vTemplates, body)
	if a := r.do("PUT", path, vTemplates, body); a.status != http.StatusConflict || a.code() != "DeploymentActive" {
		t.Errorf("begun again: %d %s", a.status, a.raw)
	}
	r.must("POST", path+"/cancel", vTemplates, nil)
	for range 200 {
		if at(r.must("GET", path, vTemplates, nil).body, "properties.provisioningState") == "Canceled" {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("cancelled, it goes on")
}

// One that an earlier run of the emulator did not end has failed.
func TestTemplateInterrupted(t *testing.T) {
	s := start(t, emulator.Config{})
	r := newRest(t, s)
	path := "{rg}/providers/Microsoft.Resources/deployments/left"
	left := state.Document{ID: r.expand(path), Type: "Microsoft.Resources/deployments", Name: "left", Body: map[string]any{"properties": map[string]any{"provisioningState": "Running"}}}
	if _, _, err := s.State.PutDocument(left, "", state.Match{}, state.Caller{}); err != nil {
		t.Fatal(err)
	}
	if got := at(r.must("GET", path, vTemplates, nil).body, "properties.error.code"); got != "DeploymentInterrupted" {
		t.Errorf("it is said to be %v", got)
	}
	r.must("DELETE", path, vTemplates, nil)
}
