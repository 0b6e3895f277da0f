package emulator_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/cognitiveservices/armcognitiveservices"

	"github.com/azptu/azptu/internal/emulator"
)

// The exercise on limits of a class about scaling Azure OpenAI, step by step,
// with the clients that a student would use.
func TestClassExerciseOnLimits(t *testing.T) {
	s := start(t, emulator.Config{TimeScale: 100})
	e, f := s.Endpoints, factory(t, s)
	wait := &runtime.PollUntilDoneOptions{Frequency: 5 * time.Millisecond}
	deploy := func(account, name string, capacity int32) error {
		p, err := f.NewDeploymentsClient().BeginCreateOrUpdate(t.Context(), e.ResourceGroup, account, name, order("gpt-35-turbo", "0125", "Standard", capacity), nil)
		if err == nil {
			_, err = p.PollUntilDone(t.Context(), wait)
		}
		return err
	}
	// usage is a row of the region's quota.
	usage := func(name string) (used, limit int32) {
		t.Helper()
		for pager := f.NewUsagesClient().NewListPager(e.Location, nil); pager.More(); {
			page, err := pager.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, u := range page.Value {
				if *u.Name.Value == name {
					return int32(*u.CurrentValue), int32(*u.Limit)
				}
			}
		}
		t.Fatalf("no quota row %s in %s", name, e.Location)
		return 0, 0
	}

	// 1. Deploy GPT-3.5 Turbo with another limit than the default one: 1,000
	// tokens per minute.
	if err := deploy(e.Account, "actividad", 1); err != nil {
		t.Fatal(err)
	}
	made, err := f.NewDeploymentsClient().Get(t.Context(), e.ResourceGroup, e.Account, "actividad", nil)
	if err != nil {
		t.Fatal(err)
	}
	var perMinute float32
	for _, r := range made.Properties.RateLimits {
		if *r.Key == "token" {
			perMinute = *r.Count
		}
	}
	if *made.SKU.Capacity != 1 || perMinute != 1000 {
		t.Errorf("capacity %d, %v tokens a minute", *made.SKU.Capacity, perMinute)
	}

	// 2. Send prompts until the limit is reached. 3. Send the prompt at least 20
	// times, then read the errors from the metrics of the service.
	text := strings.Repeat("Explica los límites de tokens por minuto. ", 20)
	statuses := map[string]float64{}
	for range 25 {
		res, body := post(t, s, "actividad", prompt(text, 200))
		statuses[fmt.Sprint(res.StatusCode)]++
		if res.StatusCode == 429 && (res.Header.Get("retry-after-ms") == "" || !strings.Contains(string(body), `"429"`)) {
			t.Errorf("429 without its marks: %v %s", res.Header, body)
		}
	}
	if statuses["429"] < 1 || statuses["200"] < 1 || len(statuses) != 2 {
		t.Fatalf("answers by status: %v", statuses)
	}
	byStatus := metricsOf(t, s, firstAccount(s), "StatusCode eq '*'", "total", "AzureOpenAIRequests")
	if got := totals(byStatus[0]); fmt.Sprint(got) != fmt.Sprint(statuses) {
		t.Errorf("AzureOpenAIRequests by StatusCode: %v, seen %v", got, statuses)
	}
	all := metricsOf(t, s, firstAccount(s), "", "total", "TotalErrors", "TotalCalls", "BlockedCalls")
	for i, want := range []float64{statuses["429"], 25, statuses["429"]} {
		if got := totals(all[i])[""]; got != want {
			t.Errorf("%s: %v, want %v", *all[i].Name.Value, got, want)
		}
	}

	// 3 (again). Deploy the model several times, until the quota of the region is
	// used up: the capacities of all deployments add up to the limit.
	const row = "OpenAI.Standard.gpt-35-turbo"
	used, limit := usage(row)
	for n := 0; used < limit; n++ {
		if err := deploy(e.Account, fmt.Sprintf("relleno-%d", n), min(limit-used, 200)); err != nil {
			t.Fatal(err)
		}
		used, _ = usage(row)
	}
	if used != limit {
		t.Errorf("%s: %d of %d", row, used, limit)
	}

	// 4. One more is refused.
	if err := deploy(e.Account, "uno-mas", 1); code(err) != "InsufficientQuota" || !strings.Contains(err.Error(), "Tokens Per Minute (thousands) - GPT-35-Turbo") {
		t.Errorf("beyond the quota: %v", err)
	}

	// 5. Create OpenAI resources until there is a limit.
	had, most := usage("OpenAI.S0.AccountCount")
	accounts := f.NewAccountsClient()
	for n := had; ; n++ {
		p, err := accounts.BeginCreate(t.Context(), e.ResourceGroup, fmt.Sprintf("recurso-%d", n), armcognitiveservices.Account{
			Location: to.Ptr(e.Location), Kind: to.Ptr("OpenAI"), SKU: &armcognitiveservices.SKU{Name: to.Ptr("S0")}, Properties: &armcognitiveservices.AccountProperties{},
		}, nil)
		if err == nil && n < most {
			if n == had { // one resource is followed to its end
				_, err = p.PollUntilDone(t.Context(), wait)
			}
			if err != nil {
				t.Fatal(err)
			}
			continue
		}
		if n != most || err == nil {
			t.Errorf("resource %d of %d: %v", n+1, most, err)
		}
		break
	}
	if now, _ := usage("OpenAI.S0.AccountCount"); now != most {
		t.Errorf("%d resources of %d", now, most)
	}
}
