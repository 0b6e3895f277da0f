package exposition

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// What is written is what Prometheus reads.
func TestPrometheusReadsThePage(t *testing.T) {
	var p Page
	p.Family("azptu_calls_total", Counter, "Calls.")
	odd := "a\"b\\c\nd\xff"
	p.Sample("azptu_calls_total", []string{"pool", odd, "status", "200"}, 1e21)
	p.Family("azptu_level_ratio", Gauge, "Level.")
	p.Sample("azptu_level_ratio", nil, 0.75)
	p.Family("azptu_took_seconds", Histogram, "Time.")
	p.Histogram("azptu_took_seconds", []string{"pool", "x"}, []float64{0.5, 1}, []int64{3, 0, 2}, 7.25)
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(p.String()))
	if err != nil {
		t.Fatalf("%v in\n%s", err, p.String())
	}
	calls := families["azptu_calls_total"].Metric[0]
	if got := calls.Label[0].GetValue(); got != "a\"b\\c\nd\uFFFD" || calls.Counter.GetValue() != 1e21 {
		t.Errorf("%q %v", got, calls)
	}
	if v := families["azptu_level_ratio"].Metric[0].Gauge.GetValue(); v != 0.75 {
		t.Error(v)
	}
	h := families["azptu_took_seconds"].Metric[0].Histogram
	if h.GetSampleCount() != 5 || h.GetSampleSum() != 7.25 || len(h.Bucket) != 3 || h.Bucket[1].GetCumulativeCount() != 3 {
		t.Error(h)
	}
	problems, err := promlint.New(strings.NewReader(p.String())).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("%v %v", err, problems)
	}
}
