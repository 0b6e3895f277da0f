package monitor

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/azptu/azptu/internal/exposition"
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
	want := `
# HELP azptu_emulator_requests_total Finished calls of the data plane.
# TYPE azptu_emulator_requests_total counter
azptu_emulator_requests_total{account="contoso",deployment="bad` + "\uFFFD" + `",model="gpt-35-turbo",version="0125",operation="ChatCompletions_Create",status="200",stream="Non-Streaming",spillover="False"} 1
azptu_emulator_requests_total{account="contoso",deployment="ptu",model="gpt-35-turbo",version="0125",operation="ChatCompletions_Create",status="200",stream="Non-Streaming",spillover="False"} 1
azptu_emulator_requests_total{account="contoso",deployment="std",model="gpt-35-turbo",version="0125",operation="ChatCompletions_Create",status="200",stream="Non-Streaming",spillover="False"} 2
# HELP azptu_emulator_utilization_ratio Level of a provisioned deployment's bucket after its last call; 1 is 100 %.
# TYPE azptu_emulator_utilization_ratio gauge
azptu_emulator_utilization_ratio{account="contoso",deployment="ptu"} 0.75
`
	var page exposition.Page
	w.store.Expose(&page)
	for _, line := range strings.Split(strings.TrimSpace(want), "\n") {
		if !strings.Contains(page.String(), line+"\n") {
			t.Errorf("%s is missing", line)
		}
	}
	problems, err := promlint.New(strings.NewReader(page.String())).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("%v %v in\n%s", err, problems, page.String())
	}
	// Counters outlive a reset of the metrics.
	w.store.Reset()
	var later exposition.Page
	w.store.Expose(&later)
	if n := strings.Count(later.String(), "\nazptu_emulator_requests_total{"); n != 3 {
		t.Errorf("%d series after a reset", n)
	}
}
