package calllog

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/call"
	"github.com/azptu/azptu/internal/kql"
	"github.com/azptu/azptu/internal/kql/value"
)

// What backends were asked is in AzureMetrics when the minute is over, or the
// store is closed: a row for each backend and metric.
func TestMetricsOfBackends(t *testing.T) {
	dir := t.TempDir()
	now := time.Date(2026, 3, 4, 5, 6, 50, 0, time.UTC)
	s := open(t, dir, func(o *Options) {
		o.Now, o.Identity = func() time.Time { return now }, Identity{ResourceID: "/subscriptions/S/gw", SubscriptionID: "S"}
	})
	record := func(backend string, status, prompt int) {
		c := sample()
		c.Backend, c.BackendStatus, c.Prompt, c.Completion, c.Kind, c.Utilization, c.FirstByte = backend, status, prompt, 10, "standard", 0.5, 20*time.Millisecond
		if backend == "ptu" {
			c.Kind = "ptu"
		}
		if status >= 400 {
			c.Counting = call.NotCounted
		}
		s.Record(c)
	}
	record("ptu", 200, 100)
	record("standard", 200, 7)
	record("ptu", 200, 300)
	record("ptu", 429, 0)
	record("ptu", 503, 0)
	record("", 0, 0) // nobody answered
	flush(t, s)
	if n := len(read(t, NewView(dir), Metrics, "Total")); n != 0 {
		t.Errorf("%d rows while the minute goes on", n)
	}
	now = now.Add(time.Minute)
	flush(t, s)
	record("standard", 200, 5)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	ask := func(query string) (rows []string) {
		t.Helper()
		res, err := (&kql.Engine{}).Query(context.Background(), query, kql.Options{Database: NewView(dir), Now: now})
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range res.Tables[0].Rows() {
			var cells []string
			for _, cell := range row {
				cells = append(cells, strings.TrimSuffix(value.Text(cell), ".0"))
			}
			rows = append(rows, strings.Join(cells, " "))
		}
		return rows
	}
	got := ask(`AzureMetrics | where TimeGenerated == datetime(2026-03-04T05:06:00Z) and ResourceId endswith "/BACKENDS/PTU"
| order by MetricName asc | project strcat(MetricName, " ", UnitName), Total, Count, Average, Minimum, Maximum`)
	for _, want := range []string{
		"AzureOpenAIAvailabilityRate Percent 300 4 75 0 100", "AzureOpenAIProvisionedManagedUtilizationV2 Percent 200 4 50 50 50", "AzureOpenAIRequests Count 4 4 1 1 1",
		"BlockedCalls Count 1 1 1 1 1", "ClientErrors Count 1 1 1 1 1", "ServerErrors Count 1 1 1 1 1", "SuccessfulCalls Count 2 2 1 1 1",
		"ProcessedPromptTokens Count 400 2 200 100 300", "GeneratedTokens Count 20 2 10 10 10", "TokenTransaction Count 420 2 210 110 310", "ActiveTokens Count 420 2 210 110 310",
		"AzureOpenAITimeToResponse MilliSeconds 80 4 20 20 20", "Latency MilliSeconds 4000 4 1000 1000 1000", "AzureOpenAITTLTInMS MilliSeconds 2469.134 2 1234.567 1234.567 1234.567",
	} {
		if !strings.Contains(strings.Join(got, "\n")+"\n", want+"\n") {
			t.Errorf("no %q in\n%s", want, strings.Join(got, "\n"))
		}
	}
	if got := ask(`AzureMetrics | where MetricName == "ProcessedPromptTokens" | summarize sum(Total) by TimeGenerated, Resource, ResourceProvider, _ResourceId, TimeGrain | order by TimeGenerated asc, sum_Total desc`); strings.Join(got, "\n") != strings.Join([]string{
		"2026-03-04T05:06:00.0000000Z CONTOSO-EASTUS MICROSOFT.COGNITIVESERVICES /subscriptions/s/gw/backends/ptu PT1M 400",
		"2026-03-04T05:06:00.0000000Z CONTOSO-EASTUS MICROSOFT.COGNITIVESERVICES /subscriptions/s/gw/backends/standard PT1M 7",
		"2026-03-04T05:07:00.0000000Z CONTOSO-EASTUS MICROSOFT.COGNITIVESERVICES /subscriptions/s/gw/backends/standard PT1M 5",
	}, "\n") {
		t.Errorf("tokens: %s", strings.Join(got, "\n"))
	}
	// A public query: the newest of each metric.
	if got := ask("AzureMetrics | summarize arg_max(TimeGenerated, UnitName, Total, Count, Maximum, Minimum, Average) by MetricName"); len(got) < 10 {
		t.Errorf("the newest metrics: %v", got)
	}
}

// Metering does not keep what it was handed, and does not wait for the disk.
func TestMeterIsBounded(t *testing.T) {
	s := open(t, t.TempDir(), func(o *Options) { o.MaxPending, o.Now = 1, func() time.Time { return time.Unix(1_700_000_000, 0) } })
	for i := range 1000 {
		c := sample()
		c.Backend = fmt.Sprint(i % 3)
		s.Record(c)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := 0.0 // also those that found no room in the log
	for _, b := range s.meter.backends {
		calls += b.values[allCalls].n
	}
	if len(s.meter.backends) != 3 || calls != 1000 {
		t.Errorf("%d backends, %v calls", len(s.meter.backends), calls)
	}
}
