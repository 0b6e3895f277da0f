package monitor

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestPrometheus(t *testing.T) {
	w := newWorld(t)
	w.call(nil)
	w.call(func(c *Call) { c.APIVersion = "v1" }) // not a label: the same series
	w.call(func(c *Call) {
		c.Deployment, c.Provisioned, c.PerMinute, c.Utilization, c.Duration = "ptu", true, 1000, 0.75, 3*time.Second
		c.Cached = 10
	})
	w.call(func(c *Call) { c.Deployment = "bad\xff" })
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(w.store)
	problems, err := testutil.GatherAndLint(registry)
	if err != nil || len(problems) > 0 {
		t.Errorf("%v %v", err, problems)
	}
	want := `
# HELP azptu_emulator_requests_total Finished calls of the data plane.
# TYPE azptu_emulator_requests_total counter
azptu_emulator_requests_total{account="contoso",deployment="bad` + "\uFFFD" + `",model="gpt-35-turbo",operation="ChatCompletions_Create",spillover="False",status="200",stream="Non-Streaming",version="0125"} 1
azptu_emulator_requests_total{account="contoso",deployment="ptu",model="gpt-35-turbo",operation="ChatCompletions_Create",spillover="False",status="200",stream="Non-Streaming",version="0125"} 1
azptu_emulator_requests_total{account="contoso",deployment="std",model="gpt-35-turbo",operation="ChatCompletions_Create",spillover="False",status="200",stream="Non-Streaming",version="0125"} 2
# HELP azptu_emulator_utilization_ratio Level of a provisioned deployment's bucket after its last call; 1 is 100 %.
# TYPE azptu_emulator_utilization_ratio gauge
azptu_emulator_utilization_ratio{account="contoso",deployment="ptu"} 0.75
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "azptu_emulator_requests_total", "azptu_emulator_utilization_ratio"); err != nil {
		t.Error(err)
	}
	// Counters outlive a reset of the metrics.
	w.store.Reset()
	if n, err := testutil.GatherAndCount(registry, "azptu_emulator_requests_total"); err != nil || n != 3 {
		t.Errorf("%d series after a reset, %v", n, err)
	}
}
