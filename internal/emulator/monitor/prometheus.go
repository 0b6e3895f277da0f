package monitor

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// sums are the totals of one series since start.
type sums struct {
	calls, prompt, cached, completion uint64
	seconds                           float64
	buckets                           [len(bounds)]uint64 // calls that took no longer, not cumulative
}

// bounds of the histogram of durations, seconds.
var bounds = [...]float64{0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300}

// since finds the totals that a new cell adds to, or nil when there are too
// many series. The lock is held. Dimensions that are no label are left out.
func (s *Store) since(key series) *sums {
	for _, d := range []dim{apiName, region, textType, category, severity, tierRequest, tierResponse} {
		key.dims[d] = ""
	}
	t := s.totals[key]
	if t == nil && len(s.totals) < s.limit {
		t = &sums{}
		s.totals[key] = t
	}
	return t
}

func (t *sums) add(c *Call) {
	t.calls++
	t.prompt += uint64(max(c.Prompt, 0))
	t.cached += uint64(max(c.Cached, 0))
	t.completion += uint64(max(c.Completion, 0))
	t.seconds += c.Duration.Seconds()
	for i, bound := range bounds {
		if c.Duration.Seconds() <= bound {
			t.buckets[i]++
			break
		}
	}
}

var (
	callLabels = []string{"account", "deployment", "model", "version", "operation", "status", "stream", "spillover"}
	descCalls  = prometheus.NewDesc("azptu_emulator_requests_total", "Finished calls of the data plane.", callLabels, nil)
	descTook   = prometheus.NewDesc("azptu_emulator_request_duration_seconds", "Time from request to last byte.", callLabels, nil)
	descTokens = prometheus.NewDesc("azptu_emulator_tokens_total", "Tokens; cached ones are a part of prompt.", append(append([]string{}, callLabels...), "kind"), nil)
	descUse    = prometheus.NewDesc("azptu_emulator_utilization_ratio", "Level of a provisioned deployment's bucket after its last call; 1 is 100 %.", []string{"account", "deployment"}, nil)
	descLost   = prometheus.NewDesc("azptu_emulator_uncounted_calls_total", "Calls that found no room in the metrics.", nil, nil)
)

// Describe makes a Store a Prometheus collector.
func (s *Store) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descCalls, descTook, descTokens, descUse, descLost} {
		ch <- d
	}
}

// Collect hands out the totals since start.
func (s *Store) Collect(ch chan<- prometheus.Metric) {
	s.mu.RLock()
	merged := map[[8]string]*sums{}
	levels := map[[2]string]float64{}
	for k, t := range s.totals {
		d := &k.dims
		labels := [8]string{lastPart(k.account), d[deploymentName], d[modelName], d[modelVersion], d[operationName], d[statusCode], d[streamType], d[isSpillover]}
		for i := range labels {
			labels[i] = label(labels[i])
		}
		if merged[labels] == nil {
			merged[labels] = &sums{}
		}
		merged[labels].merge(t)
	}
	for k, v := range s.levels {
		levels[[2]string{label(lastPart(k[0])), label(k[1])}] = v
	}
	lost := s.lost
	s.mu.RUnlock()
	for labels, t := range merged {
		l := labels[:]
		ch <- prometheus.MustNewConstMetric(descCalls, prometheus.CounterValue, float64(t.calls), l...)
		ch <- prometheus.MustNewConstHistogram(descTook, t.calls, t.seconds, t.cumulative(), l...)
		for kind, n := range map[string]uint64{"prompt": t.prompt, "cached": t.cached, "completion": t.completion} {
			ch <- prometheus.MustNewConstMetric(descTokens, prometheus.CounterValue, float64(n), append(l[:len(l):len(l)], kind)...)
		}
	}
	for labels, v := range levels {
		ch <- prometheus.MustNewConstMetric(descUse, prometheus.GaugeValue, v, labels[:]...)
	}
	ch <- prometheus.MustNewConstMetric(descLost, prometheus.CounterValue, float64(lost))
}

func (t *sums) merge(o *sums) {
	t.calls, t.prompt, t.cached, t.completion = t.calls+o.calls, t.prompt+o.prompt, t.cached+o.cached, t.completion+o.completion
	t.seconds += o.seconds
	for i := range t.buckets {
		t.buckets[i] += o.buckets[i]
	}
}

// cumulative counts as Prometheus wants: each bucket holds the smaller ones.
func (t *sums) cumulative() map[float64]uint64 {
	out := make(map[float64]uint64, len(bounds))
	var n uint64
	for i, bound := range bounds {
		n += t.buckets[i]
		out[bound] = n
	}
	return out
}

// label makes any text fit for Prometheus, which takes UTF-8 alone.
func label(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// lastPart is the name at the end of a resource id.
func lastPart(id string) string {
	for i := len(id) - 1; i >= 0; i-- {
		if id[i] == '/' {
			return id[i+1:]
		}
	}
	return id
}
