package calllog

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/azptu/azptu/internal/call"
)

// meter adds calls up to what Azure Monitor calls platform metrics: rows of
// AzureMetrics, one for each metric of each backend and minute, under the names
// that the service itself uses. A call counts in the minute in which it was
// recorded. The zero value is ready.
type meter struct {
	minute   time.Time // that is being added up
	backends map[string]*backendMinute
	last     *backendMinute // of the call before
}

// backendMinute is what was measured of one backend in a minute.
type backendMinute struct {
	backend, account string
	values           [measures]measure
}

// What is measured of calls.
const (
	allCalls = iota
	goodCalls
	clientErrors
	serverErrors
	refusedCalls
	availability
	promptTokens
	completionTokens
	allTokens
	activeTokens
	utilization
	firstByte
	lastByte
	speed
	latency
	measures
)

// metricNames are what the measures are called, and their units.
var metricNames = [measures]struct{ name, unit string }{
	allCalls:         {"AzureOpenAIRequests", "Count"},
	goodCalls:        {"SuccessfulCalls", "Count"},
	clientErrors:     {"ClientErrors", "Count"},
	serverErrors:     {"ServerErrors", "Count"},
	refusedCalls:     {"BlockedCalls", "Count"},
	availability:     {"AzureOpenAIAvailabilityRate", "Percent"},
	promptTokens:     {"ProcessedPromptTokens", "Count"},
	completionTokens: {"GeneratedTokens", "Count"},
	allTokens:        {"TokenTransaction", "Count"},
	activeTokens:     {"ActiveTokens", "Count"},
	utilization:      {"AzureOpenAIProvisionedManagedUtilizationV2", "Percent"},
	firstByte:        {"AzureOpenAITimeToResponse", "MilliSeconds"},
	lastByte:         {"AzureOpenAITTLTInMS", "MilliSeconds"},
	speed:            {"AzureOpenAITokenPerSecond", "Count"},
	latency:          {"Latency", "MilliSeconds"},
}

// measure is enough for every aggregation of Azure Monitor.
type measure struct{ n, sum, min, max float64 }

func (m *measure) add(x float64) {
	if m.n == 0 {
		m.min, m.max = x, x
	}
	m.n++
	m.sum, m.min, m.max = m.sum+x, min(m.min, x), max(m.max, x)
}

// add counts a call that a backend answered. What no backend answered is
// nobody's metric.
func (m *meter) add(c *call.Call, accountOf func(url string) string) {
	if c.BackendStatus == 0 {
		return
	}
	if m.last == nil || m.last.backend != c.Backend {
		m.last = m.of(c, accountOf)
	}
	v := &m.last.values
	v[allCalls].add(1)
	v[latency].add(milli(c.Upstream))
	served := 100.0
	switch {
	case c.BackendStatus >= 500:
		v[serverErrors].add(1)
		served = 0
	case c.BackendStatus >= 400:
		v[clientErrors].add(1)
	default:
		v[goodCalls].add(1)
		v[lastByte].add(milli(c.Total))
	}
	v[availability].add(served)
	if c.BackendStatus == 429 {
		v[refusedCalls].add(1)
	}
	if c.FirstByte > 0 {
		v[firstByte].add(milli(c.FirstByte))
	}
	if c.Kind == "ptu" {
		v[utilization].add(100 * c.Utilization)
	}
	if c.Counting != call.NotCounted {
		m.last.tokens(c)
	}
}

func (b *backendMinute) tokens(c *call.Call) {
	v := &b.values
	v[promptTokens].add(float64(c.Prompt))
	v[completionTokens].add(float64(c.Completion))
	v[allTokens].add(float64(c.Tokens()))
	if c.Kind == "ptu" {
		v[activeTokens].add(float64(c.Tokens() - c.Cached))
	}
	generating := c.Total
	if c.Stream {
		generating -= c.FirstByte
	}
	if c.Completion > 0 && generating > 0 {
		v[speed].add(float64(c.Completion) / generating.Seconds())
	}
}

// of finds a backend of the present minute.
func (m *meter) of(c *call.Call, accountOf func(url string) string) *backendMinute {
	b := m.backends[c.Backend]
	if b == nil {
		if m.backends == nil {
			m.backends = map[string]*backendMinute{}
		}
		b = &backendMinute{backend: strings.Clone(c.Backend), account: strings.Clone(accountOf(c.BackendURL))}
		m.backends[b.backend] = b
	}
	return b
}

func milli(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// turn appends the rows of the minute that is over, if one is, and begins the
// present one.
func (m *meter) turn(b []byte, now time.Time, common []byte, resource string) []byte {
	minute := now.UTC().Truncate(time.Minute)
	if minute.Equal(m.minute) {
		return b
	}
	b = m.end(b, common, resource)
	m.minute = minute
	return b
}

// end appends the rows of the present minute as far as it came. common are the
// members that all rows have; resource is the gateway's, below which a backend is.
func (m *meter) end(b, common []byte, resource string) []byte {
	head := timeMember(nil, m.minute)
	for _, name := range slices.Sorted(maps.Keys(m.backends)) {
		of := m.backends[name]
		for i, v := range of.values {
			if v.n == 0 {
				continue
			}
			w := beginRow(b, head)
			w.members(common)
			w.text("MetricName", metricNames[i].name)
			w.real("Total", v.sum)
			w.real("Count", v.n)
			w.real("Average", v.sum/v.n)
			w.real("Minimum", v.min)
			w.real("Maximum", v.max)
			w.text("TimeGrain", "PT1M")
			w.text("UnitName", metricNames[i].unit)
			w.text("Resource", of.account)
			w.text("ResourceProvider", "MICROSOFT.COGNITIVESERVICES")
			w.text("ResourceId", strings.ToUpper(resource+"/backends/"+of.backend))
			w.text("_ResourceId", strings.ToLower(resource+"/backends/"+of.backend))
			b = w.end()
		}
	}
	m.backends, m.last = nil, nil
	return b
}
