// Package examples holds configurations for the architectures that most people
// begin with, and tests that serve each of them before emulated accounts.
package examples

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/emulator"
	"github.com/azptu/azptu/internal/gateway"
	"github.com/azptu/azptu/internal/gateway/config"
)

// accounts are the addresses that the examples name; each becomes an emulator
// of its own: another tenant, another subscription, another authority.
var accounts = []string{"contoso-eastus", "contoso-westus", "contoso-centralus"}

// serve runs an example before emulators.
func serve(t *testing.T, name string) *httptest.Server {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	env := map[string]string{"TEAM_A_KEY": "team-a", "REPORTS_KEY": "reports"}
	for i, account := range accounts {
		address := "https://" + account + ".openai.azure.com"
		if !strings.Contains(text, address) {
			continue
		}
		dir := t.TempDir()
		e, err := emulator.Start(t.Context(), emulator.Config{Dir: dir, Seed: uint64(i + 1)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = e.Close(t.Context()) })
		variable := fmt.Sprintf("KEY_%d", i)
		env[variable] = e.Endpoints.APIKey
		blocks := strings.Split(text, "  - name: ")
		for n, block := range blocks {
			if strings.Contains(block, address) {
				for _, auth := range []string{"{managedIdentity: {}}", `{key: "env:SECOND_SUBSCRIPTION_KEY"}`, `{key: "env:THIRD_SUBSCRIPTION_KEY"}`} {
					block = strings.Replace(block, "auth: "+auth, fmt.Sprintf("auth: {key: \"env:%s\"}\n    caFile: %q", variable, filepath.Join(dir, "ca.pem")), 1)
				}
				blocks[n] = strings.Replace(block, address, e.Endpoints.AoaiURL, 1)
			}
		}
		text = strings.Join(blocks, "  - name: ")
	}
	c, err := config.Parse([]byte(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	g, err := gateway.New(t.Context(), c, []byte(text), gateway.Options{Now: time.Now, Getenv: func(n string) string { return env[n] }})
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(g)
	t.Cleanup(func() { s.Close(); g.Close(t.Context()) })
	return s
}

// burst sends calls of about 2,400 normalized tokens each, eight at a time, and
// counts which backend answered how many and what statuses clients saw.
func burst(t *testing.T, s *httptest.Server, key string, calls int) (backends map[string]int, statuses map[int]int) {
	t.Helper()
	backends, statuses = map[string]int{}, map[int]int{}
	prompt := strings.Repeat("some words of a long document ", 350)
	var mu sync.Mutex
	var wg sync.WaitGroup
	lanes := make(chan bool, 8)
	for i := range calls {
		lanes <- true
		wg.Go(func() {
			defer func() { <-lanes }()
			body := fmt.Sprintf(`{"messages":[{"role":"user","content":"%d %s"}],"max_tokens":60}`, i, prompt)
			r, err := http.NewRequestWithContext(t.Context(), "POST", s.URL+"/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21", strings.NewReader(body))
			if err != nil {
				t.Error(err)
				return
			}
			r.Header.Set("api-key", key)
			r.Header.Set("Content-Type", "application/json")
			res, err := http.DefaultTransport.RoundTrip(r)
			if err != nil {
				t.Error(err)
				return
			}
			defer res.Body.Close()
			_, _ = io.Copy(io.Discard, res.Body)
			mu.Lock()
			defer mu.Unlock()
			statuses[res.StatusCode]++
			backends[res.Header.Get("X-Azptu-Backend")]++
		})
	}
	wg.Wait()
	return backends, statuses
}

func TestOneRegionSpillsWhatDoesNotFit(t *testing.T) {
	s := serve(t, "one-region.yaml")
	backends, statuses := burst(t, s, "team-a", 32)
	if statuses[200] != 32 {
		t.Errorf("clients saw %v", statuses)
	}
	if backends["eastus-ptu"] < 12 || backends["eastus-standard"] == 0 {
		t.Errorf("served by %v: provisioned throughput first, the rest beside it", backends)
	}
}

func TestRegionsAddTheirQuota(t *testing.T) {
	s := serve(t, "regions.yaml")
	backends, statuses := burst(t, s, "team-a", 48)
	if statuses[200] != 48 {
		t.Errorf("clients saw %v", statuses)
	}
	if backends["eastus-ptu"] < 12 || backends["eastus-standard"] == 0 || backends["westus-standard"] == 0 {
		t.Errorf("served by %v", backends)
	}
}

func TestSubscriptionsShareTheLoad(t *testing.T) {
	s := serve(t, "subscriptions.yaml")
	backends, statuses := burst(t, s, "team-a", 48)
	if statuses[200] != 48 {
		t.Errorf("clients saw %v", statuses)
	}
	if backends["first-ptu"] < 12 || backends["second-ptu"] < 12 || backends["third-standard"] == 0 {
		t.Errorf("served by %v", backends)
	}
}

func TestBatchWorkLeavesItsReserve(t *testing.T) {
	s := serve(t, "subscriptions.yaml")
	if _, statuses := burst(t, s, "reports", 40); statuses[200] != 40 {
		t.Errorf("batch clients saw %v", statuses)
	}
	backends, statuses := burst(t, s, "team-a", 2) // of 3 that the reserve has room for, where a batch call went over by part of its size
	if statuses[200] != 2 || backends["third-standard"] > 0 {
		t.Errorf("after a batch burst people were served by %v (%v)", backends, statuses)
	}
}

func TestStandardInTurnsWithRetry(t *testing.T) {
	s := serve(t, "standard-with-retry.yaml")
	backends, statuses := burst(t, s, "team-a", 32)
	if statuses[200] != 32 {
		t.Errorf("clients saw %v", statuses)
	}
	if backends["eastus"] < 12 || backends["westus"] < 12 {
		t.Errorf("served by %v: by turns", backends)
	}
}

// Every example is as good as `azptu gateway check` wants it.
func TestExamplesAreSound(t *testing.T) {
	names, err := filepath.Glob("*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if name == "kubernetes.yaml" {
			continue
		}
		c, _, err := gateway.ReadConfig(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, w := range c.Warnings {
			if !strings.Contains(w.Message, "may leave the data boundary of its first choice") {
				t.Errorf("%s: %v", name, w)
			}
		}
	}
}
