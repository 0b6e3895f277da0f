package monitor

import (
	"maps"
	"slices"

	"github.com/azptu/azptu/internal/exposition"
)

// sums are the totals of one series since start.
type sums struct {
	calls, prompt, cached, completion uint64
	seconds                           float64
	counts                            [len(bounds) + 1]int64 // by how long they took
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
	i, _ := slices.BinarySearch(bounds[:], c.Duration.Seconds())
	t.counts[i]++
}

// labels of a series of calls, in the order of callLabels.
type labels [8]string

var callLabels = [...]string{"account", "deployment", "model", "version", "operation", "status", "stream", "spillover"}

// pairs puts the names beside the values.
func (l labels) pairs() []string {
	out := make([]string, 0, 2*len(l)+2)
	for i, v := range l {
		out = append(out, callLabels[i], v)
	}
	return out
}

// Expose writes the totals since start for Prometheus.
func (s *Store) Expose(p *exposition.Page) {
	merged, levels, lost := s.totalled()
	all := slices.SortedFunc(maps.Keys(merged), func(a, b labels) int { return slices.Compare(a[:], b[:]) })
	const requests, took, tokens = "azptu_emulator_requests_total", "azptu_emulator_request_duration_seconds", "azptu_emulator_tokens_total"
	p.Family(requests, exposition.Counter, "Finished calls of the data plane.")
	for _, l := range all {
		p.Sample(requests, l.pairs(), float64(merged[l].calls))
	}
	p.Family(took, exposition.Histogram, "Time from request to last byte.")
	for _, l := range all {
		p.Histogram(took, l.pairs(), bounds[:], merged[l].counts[:], merged[l].seconds)
	}
	p.Family(tokens, exposition.Counter, "Tokens; cached ones are a part of prompt.")
	for _, l := range all {
		t := merged[l]
		p.Sample(tokens, append(l.pairs(), "kind", "prompt"), float64(t.prompt))
		p.Sample(tokens, append(l.pairs(), "kind", "cached"), float64(t.cached))
		p.Sample(tokens, append(l.pairs(), "kind", "completion"), float64(t.completion))
	}
	p.Family("azptu_emulator_utilization_ratio", exposition.Gauge, "Level of a provisioned deployment's bucket after its last call; 1 is 100 %.")
	for _, l := range slices.SortedFunc(maps.Keys(levels), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		p.Sample("azptu_emulator_utilization_ratio", []string{"account", l[0], "deployment", l[1]}, levels[l])
	}
	p.Family("azptu_emulator_uncounted_calls_total", exposition.Counter, "Calls that found no room in the metrics.")
	p.Sample("azptu_emulator_uncounted_calls_total", nil, float64(lost))
}

// totalled takes the totals apart by label, and the levels of the buckets by
// account and deployment.
func (s *Store) totalled() (merged map[labels]*sums, levels map[[2]string]float64, lost uint64) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	merged, levels = map[labels]*sums{}, map[[2]string]float64{}
	for k, t := range s.totals {
		d := &k.dims
		l := labels{lastPart(k.account), d[deploymentName], d[modelName], d[modelVersion], d[operationName], d[statusCode], d[streamType], d[isSpillover]}
		if merged[l] == nil {
			merged[l] = &sums{}
		}
		merged[l].merge(t)
	}
	for k, v := range s.levels {
		levels[[2]string{lastPart(k[0]), k[1]}] = v
	}
	return merged, levels, uint64(s.lost)
}

func (t *sums) merge(o *sums) {
	t.calls, t.prompt, t.cached, t.completion = t.calls+o.calls, t.prompt+o.prompt, t.cached+o.cached, t.completion+o.completion
	t.seconds += o.seconds
	for i := range t.counts {
		t.counts[i] += o.counts[i]
	}
}

// lastPart is the name at the end of a resource id.
func lastPart(id string) string {
	for i := len(id) - 1; i >= 0; i-- {
		if id[i] == '/' {
			return id[i+1:]
		}
	}
	return id
}
