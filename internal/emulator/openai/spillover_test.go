package openai

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/admit"
)

// faultList makes the deployments named fail.
type faultList map[string]Fault

func (f faultList) Fault(_ context.Context, at Place) Fault { return f[at.Deployment] }

func spillWorld(t *testing.T, faults faultList) *world {
	w := newWorld(t, func(c *Config) {
		c.Parameters = admit.Parameters{Window: time.Second, DefaultCompletion: 100, AsOf: "test"}
		c.Faults = faults
	})
	w.dir.put(Deployment{Name: "spills", Model: "gpt-4o", Version: "2024-08-06", SKU: "GlobalProvisionedManaged", Capacity: 15, Spillover: "spare"},
		Deployment{Name: "spare", Model: "gpt-4o", Version: "2024-08-06", SKU: "GlobalStandard", Capacity: 100},
		Deployment{Name: "other", Model: "gpt-4o", Version: "2024-08-06", SKU: "GlobalStandard", Capacity: 100},
		Deployment{Name: "long-spills", Model: "gpt-4.1", Version: "2025-04-14", SKU: "GlobalProvisionedManaged", Capacity: 15, Spillover: "long-spare"},
		Deployment{Name: "long-spare", Model: "gpt-4.1", Version: "2025-04-14", SKU: "GlobalStandard", Capacity: 1000})
	return w
}

func (w *world) fill(deployment string) {
	w.t.Helper()
	for range 50 {
		if r := w.post(chatPath(deployment), capped(2000, "fill"), lengthHeader, "2000"); r.status != 200 || r.header.Get("x-ms-is-spilled-over") == "true" {
			return
		}
	}
	w.t.Fatal("never full")
}

func TestAFullDeploymentSpillsOver(t *testing.T) {
	w := spillWorld(t, nil)
	w.fill("spills")
	w.calls.take()
	r := w.post(chatPath("spills"), capped(10, "x"), "x-ms-spillover-deployment", "other")
	want := map[string]string{"x-ms-is-spilled-over": "true", "x-ms-spillover-from-deployment": "spills", "x-ms-deployment-name": "spare", "x-ms-spillover-error": ""}
	for name, v := range want {
		if got := r.header.Get(name); got != v {
			t.Errorf("%s: %q, wanted %q", name, got, v)
		}
	}
	if r.status != 200 || r.header.Get("x-ratelimit-remaining-tokens") == "" {
		t.Errorf("%d %v", r.status, r.header)
	}
	calls := w.calls.take()
	if len(calls) != 2 || calls[0].Status != 429 || calls[0].Deployment != "spills" || calls[0].IsSpillover ||
		calls[1].Status != 200 || calls[1].Deployment != "spare" || !calls[1].IsSpillover {
		t.Errorf("observed %+v", calls)
	}
}

func TestTheHeaderNamesTheSpareWhereThePropertyDoesNot(t *testing.T) {
	w := spillWorld(t, nil)
	w.fill("small")
	if r := w.post(chatPath("small"), capped(10, "x")); r.status != 429 {
		t.Errorf("without: %d", r.status)
	}
	r := w.post(chatPath("small"), capped(10, "x"), "x-ms-spillover-deployment", "other")
	if r.status != 200 || r.header.Get("x-ms-deployment-name") != "other" {
		t.Errorf("with: %d %v", r.status, r.header)
	}
	for _, bad := range []string{"ptu", "nonsense"} {
		if r := w.post(chatPath("small"), capped(10, "x"), "x-ms-spillover-deployment", bad); r.status != 429 {
			t.Errorf("to %s: %d", bad, r.status)
		}
	}
}

func TestWhenTheSpareFailsTooTheFirstAnswerStands(t *testing.T) {
	w := spillWorld(t, faultList{"spare": {Status: 503}})
	w.fill("spills")
	w.calls.take()
	r := w.post(chatPath("spills"), capped(10, "x"))
	if r.status != 429 || r.header.Get("x-ms-spillover-error") != "503" || r.header.Get("retry-after-ms") == "" {
		t.Errorf("%d %v %s", r.status, r.header, r.body)
	}
	if calls := w.calls.take(); len(calls) != 2 || calls[0].Status != 503 || calls[0].Deployment != "spare" || !calls[0].IsSpillover ||
		calls[1].Status != 429 || calls[1].Deployment != "spills" {
		t.Errorf("observed %+v", calls)
	}
}

func TestWhatSpillsOver(t *testing.T) {
	for _, status := range []int{429, 500, 503} {
		w := spillWorld(t, faultList{"spills": {Status: status}})
		if r := w.post(chatPath("spills"), capped(10, "x")); r.status != 200 || r.header.Get("x-ms-deployment-name") != "spare" {
			t.Errorf("%d: %d %s", status, r.status, r.body)
		}
	}
	for _, status := range []int{400, 401, 404, 408} {
		w := spillWorld(t, faultList{"spills": {Status: status, Code: "x", Message: "y"}})
		if r := w.post(chatPath("spills"), capped(10, "x")); r.status != status {
			t.Errorf("%d: %d %s", status, r.status, r.body)
		}
	}
	w := spillWorld(t, nil)
	long := strings.Repeat("word ", 130000)
	if r := w.post(chatPath("long-spills"), capped(10, long)); r.status != 200 || r.header.Get("x-ms-deployment-name") != "long-spare" {
		t.Errorf("a long prompt: %d %.300s", r.status, r.body)
	}
	if r := w.post(chatPath("long"), capped(10, long)); r.status != 400 || text(r.decode(t), "error", "code") != "context_length_exceeded" {
		t.Errorf("a long prompt without a spare: %d %.300s", r.status, r.body)
	}
}
