package cli

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/emulator"
)

// What Azure answers may be empty, unknown or missing: clear words, the right
// exit code, and no figure that nobody gave.
func TestPoorAnswers(t *testing.T) {
	emu, err := emulator.Start(t.Context(), emulator.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = emu.Close(context.Background()) })
	c := newContrary(t, emu)
	cloud := cloudOf(t, emu, c)
	none := `{"value":[]}`
	create := []string{"deployment", "create", "d1", "--account-name", emu.Endpoints.Account, "--model-name", "gpt-4o", "--model-version", "2024-08-06", "--capacity", "50", "--dry-run"}
	prices := []string{"price", "show", "--location", "eastus", "--deployment-type", "regional", "-o", "json"}
	show := []string{"metrics", "show", "gpt-4o-ptu", "--account-name", emu.Endpoints.Account, "-o", "json"}
	for _, one := range []struct {
		name string
		set  func()
		args []string
		code int
		out  string // in standard output
		talk string // in standard error
	}{
		{"no quota rows", func() { c.says("usages$", 200, none) }, []string{"quota", "show"}, 0, "", "no quota to show"},
		{"no quota rows, as JSON", func() { c.says("usages$", 200, none) }, []string{"quota", "show", "-o", "json"}, 0, "[]", ""},
		{"quota nobody may read", func() { c.says("usages$", 403, refusal) }, []string{"quota", "show"}, 4, "", "not allowed"},
		{"quota that is no JSON", func() { c.says("usages$", 200, "<html>") }, []string{"quota", "show"}, 1, "", ""},
		{"a create without quota rows", func() { c.says("usages$", 200, none) }, create, 0, "", "--dry-run"},
		{"a create without the right to read quota", func() { c.says("usages$", 403, refusal) }, create, 0, "", "quota"},
		{"no capacity anywhere", func() { c.says("modelCapacities$", 200, none) }, []string{"capacity", "show", "--model", "gpt-4o"}, 0, "", "No region has capacity"},
		{"no capacity anywhere, as JSON", func() { c.says("modelCapacities$", 200, none) }, []string{"capacity", "show", "--model", "gpt-4o", "-o", "json"}, 0, "[]", ""},
		{"no capacity for a size", func() { c.says("modelCapacities$", 200, none) }, []string{"capacity", "show", "--model", "gpt-4o", "--capacity", "100"}, 5, "", "fit in no region"},
		{"capacity used up", func() { c.changes("modelCapacities$", `"availableCapacity": *\d+`, `"availableCapacity":0`) }, []string{"capacity", "show", "--model", "gpt-4o", "--capacity", "100"}, 5, "", "fit in no region"},
		{"capacity nobody may read", func() { c.says("modelCapacities$", 403, refusal) }, []string{"capacity", "show", "--model", "gpt-4o"}, 4, "", "not allowed"},
		{"prices that are down", func() { c.says("retail/prices$", 503, "") }, prices, 0, `"source": "public reports of the Azure Retail Prices API"`, "could not be asked"},
		{"prices with unknown meters", func() { c.changes("retail/prices$", `Provisioned Managed`, `Something Else`) }, prices, 0, `"source": "public reports of the Azure Retail Prices API"`, "the catalog's prices are shown"},
		{"prices that are no JSON", func() { c.says("retail/prices$", 200, "<html>") }, prices, 0, `"source": "public reports of the Azure Retail Prices API"`, "the catalog's prices are shown"},
		{"no dates", func() { c.changes("locations/eastus/models$", `"(inference|deprecationDate)": *"[^"]*"`, `"$1":""`) }, []string{"model", "retirements", "-o", "json"}, 0, `"source": "azptu-1.0+microsoft-2026-05"`, ""},
		{"dates that are none", func() {
			c.changes("locations/eastus/models$", `"(inference|deprecationDate)": *"[^"]*"`, `"$1":"soon"`)
		}, []string{"model", "retirements", "-o", "json"}, 0, `"source": "azptu-1.0+microsoft-2026-05"`, ""},
		{"no metrics", func() { c.says("metrics:getBatch$", 200, `{"values":[]}`) }, show, 0, `"utilization": null`, ""},
		{"metrics of somebody else", func() {
			c.says("metrics:getBatch$", 200, `{"values":[{"resourceid":"/x","value":[{"name":{"value":"AzureOpenAIRequests"},"timeseries":[{"data":[{"total":9}]}]}]}]}`)
		}, show, 0, `"requests": 0`, ""},
		{"metrics that are no JSON", func() { c.says("metrics:getBatch$", 200, `<html>`) }, show, 1, "", ""},
		{"metrics that are refused", func() { c.says("metrics:getBatch$", 403, refusal) }, show, 4, "", "not allowed"},
	} {
		t.Run(one.name, func(t *testing.T) {
			one.set()
			code, out, talk := playAt(t, cloud, time.Now, one.args...)
			if code != one.code || !strings.Contains(out, one.out) || !strings.Contains(talk, one.talk) {
				t.Errorf("azptu %s: exit code %d, want %d, %q and %q\n%s\n%s", strings.Join(one.args, " "), code, one.code, one.out, one.talk, out, talk)
			}
		})
	}
}
