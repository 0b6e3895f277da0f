package gateway

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/azptu/azptu/internal/exposition"
)

// metrics counts what happens, for Prometheus. Every series is a few atomic
// words found by a comparable key, so that counting costs a call next to
// nothing.
type metrics struct {
	requests  sync.Map // requestKey → *callSeries
	spills    sync.Map // spillKey → *atomic.Int64
	limited   sync.Map // string scope kind → *atomic.Int64
	inFlight  atomic.Int64
	lost      atomic.Int64 // calls that were not recorded
	bodies    atomic.Int64 // bodies that were not recorded
	reloads   atomic.Int64
	failures  atomic.Int64 // reloads that were refused
	retries   atomic.Int64
	waiting   atomic.Int64
	refusedIn atomic.Int64 // requests that never reached a product: bad key, bad path
}

type requestKey struct {
	pool, product, backend string
	status                 int
}

type spillKey struct{ pool, reason string }

// callSeries is what is counted of calls that are alike.
type callSeries struct {
	count                                 atomic.Int64
	prompt, cached, completion, reasoning atomic.Int64
	cost                                  floatCounter
	total, firstByte, overhead            histogram
}

// backendMetrics is what is counted of attempts at one backend.
type backendMetrics struct {
	attempts, refused, broken, predicted atomic.Int64
	last                                 atomic.Pointer[keyedSeries] // of its last call
}

type keyedSeries struct {
	key requestKey
	*callSeries
}

type floatCounter struct{ bits atomic.Uint64 }

func (f *floatCounter) add(v float64) {
	if v == 0 {
		return
	}
	for {
		old := f.bits.Load()
		if f.bits.CompareAndSwap(old, math.Float64bits(math.Float64frombits(old)+v)) {
			return
		}
	}
}

func (f *floatCounter) value() float64 { return math.Float64frombits(f.bits.Load()) }

// bounds of the histograms, in seconds.
var bounds = [...]float64{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300}

type histogram struct {
	buckets [len(bounds) + 1]atomic.Int64
	sum     atomic.Int64 // nanoseconds
}

func (h *histogram) observe(d time.Duration) {
	i, _ := slices.BinarySearch(bounds[:], d.Seconds())
	h.buckets[i].Add(1)
	h.sum.Add(int64(d))
}

func (m *metrics) series(k requestKey) *callSeries {
	if s, ok := m.requests.Load(k); ok {
		return s.(*callSeries)
	}
	s, _ := m.requests.LoadOrStore(k, &callSeries{})
	return s.(*callSeries)
}

func counter(m *sync.Map, key any) *atomic.Int64 {
	if c, ok := m.Load(key); ok {
		return c.(*atomic.Int64)
	}
	c, _ := m.LoadOrStore(key, new(atomic.Int64))
	return c.(*atomic.Int64)
}

// writeTo puts the histogram on a page.
func (h *histogram) writeTo(p *exposition.Page, name string, labels []string) {
	var counts [len(bounds) + 1]int64
	for i := range h.buckets {
		counts[i] = h.buckets[i].Load()
	}
	p.Histogram(name, labels, bounds[:], counts[:], time.Duration(h.sum.Load()).Seconds())
}

type labelled struct {
	labels []string
	series *callSeries
}

// write renders everything that is counted.
func (m *metrics) write(p *exposition.Page, rt *runtime, at time.Duration) {
	var all []labelled
	m.requests.Range(func(k, v any) bool {
		key := k.(requestKey)
		all = append(all, labelled{[]string{"pool", key.pool, "product", key.product, "backend", key.backend, "status", strconv.Itoa(key.status)}, v.(*callSeries)})
		return true
	})
	slices.SortFunc(all, func(a, b labelled) int { return slices.Compare(a.labels, b.labels) })
	m.writeCalls(p, all)
	m.writeCounters(p)
	writeBackends(p, rt, at)
}

func (m *metrics) writeCalls(p *exposition.Page, all []labelled) {
	p.Family("azptu_gateway_requests_total", exposition.Counter, "Calls answered, by what the client was sent.")
	for _, l := range all {
		p.Sample("azptu_gateway_requests_total", l.labels, float64(l.series.count.Load()))
	}
	p.Family("azptu_gateway_tokens_total", exposition.Counter, "Tokens of answered calls; cached is part of prompt, reasoning part of completion.")
	for _, l := range all {
		for _, t := range []struct {
			kind string
			n    int64
		}{{"prompt", l.series.prompt.Load()}, {"cached", l.series.cached.Load()}, {"completion", l.series.completion.Load()}, {"reasoning", l.series.reasoning.Load()}} {
			if t.n > 0 {
				p.Sample("azptu_gateway_tokens_total", append(slices.Clone(l.labels), "type", t.kind), float64(t.n))
			}
		}
	}
	p.Family("azptu_gateway_cost_usd_total", exposition.Counter, "Cost of answered calls in US dollars: tokens at their price, provisioned units by the share of the hour.")
	for _, l := range all {
		p.Sample("azptu_gateway_cost_usd_total", l.labels, l.series.cost.value())
	}
	for _, h := range []struct {
		name, help string
		pick       func(*callSeries) *histogram
	}{
		{"azptu_gateway_request_duration_seconds", "From the request's header to the last byte of the answer.", func(s *callSeries) *histogram { return &s.total }},
		{"azptu_gateway_first_byte_seconds", "From the request's header to the first byte of the answer.", func(s *callSeries) *histogram { return &s.firstByte }},
		{"azptu_gateway_overhead_seconds", "What the gateway itself took of a call.", func(s *callSeries) *histogram { return &s.overhead }},
	} {
		p.Family(h.name, exposition.Histogram, h.help)
		for _, l := range all {
			h.pick(l.series).writeTo(p, h.name, l.labels)
		}
	}
}

func (m *metrics) writeCounters(p *exposition.Page) {
	p.Family("azptu_gateway_spillover_total", exposition.Counter, "Calls that another backend than the first choice served, by why.")
	var spills []spillKey
	m.spills.Range(func(k, _ any) bool { spills = append(spills, k.(spillKey)); return true })
	slices.SortFunc(spills, func(a, b spillKey) int { return strings.Compare(a.pool+"\x00"+a.reason, b.pool+"\x00"+b.reason) })
	for _, k := range spills {
		p.Sample("azptu_gateway_spillover_total", []string{"pool", k.pool, "reason", k.reason}, float64(counter(&m.spills, k).Load()))
	}
	p.Family("azptu_gateway_limited_total", exposition.Counter, "Calls that a limit turned away, by whose it is.")
	var scopes []string
	m.limited.Range(func(k, _ any) bool { scopes = append(scopes, k.(string)); return true })
	slices.Sort(scopes)
	for _, k := range scopes {
		p.Sample("azptu_gateway_limited_total", []string{"scope", k}, float64(counter(&m.limited, k).Load()))
	}
	for _, c := range []struct {
		name, kind, help string
		value            int64
	}{
		{"azptu_gateway_in_flight", exposition.Gauge, "Calls being served.", m.inFlight.Load()},
		{"azptu_gateway_waiting", exposition.Gauge, "Calls in a waiting room.", m.waiting.Load()},
		{"azptu_gateway_refused_total", exposition.Counter, "Requests refused before a product was known.", m.refusedIn.Load()},
		{"azptu_gateway_retries_total", exposition.Counter, "Attempts after one that broke.", m.retries.Load()},
		{"azptu_gateway_records_lost_total", exposition.Counter, "Calls that the log could not take.", m.lost.Load()},
		{"azptu_gateway_bodies_lost_total", exposition.Counter, "Calls recorded without their bodies because the log could not keep up.", m.bodies.Load()},
		{"azptu_gateway_reloads_total", exposition.Counter, "Configurations taken into service.", m.reloads.Load()},
		{"azptu_gateway_reload_failures_total", exposition.Counter, "Configurations refused.", m.failures.Load()},
	} {
		p.Family(c.name, c.kind, c.help)
		p.Sample(c.name, nil, float64(c.value))
	}
}

func writeBackends(p *exposition.Page, rt *runtime, at time.Duration) {
	gauges := []struct {
		name, kind, help string
		value            func(*backend) (float64, bool)
	}{
		{"azptu_gateway_backend_attempts_total", exposition.Counter, "Requests sent to a backend.", func(b *backend) (float64, bool) { return float64(b.metrics.attempts.Load()), true }},
		{"azptu_gateway_backend_refused_total", exposition.Counter, "Requests that a backend refused because it was full.", func(b *backend) (float64, bool) { return float64(b.metrics.refused.Load()), true }},
		{"azptu_gateway_backend_broken_total", exposition.Counter, "Requests at which a backend broke.", func(b *backend) (float64, bool) { return float64(b.metrics.broken.Load()), true }},
		{"azptu_gateway_backend_predicted_full_total", exposition.Counter, "Calls that were not sent because the backend was believed to be full.", func(b *backend) (float64, bool) { return float64(b.metrics.predicted.Load()), true }},
		{"azptu_gateway_backend_utilization_ratio", exposition.Gauge, "How full a backend is believed to be; 1 is 100 %.", func(b *backend) (float64, bool) { return b.utilization(at), true }},
		{"azptu_gateway_backend_breaker_open", exposition.Gauge, "1 while a broken backend is left alone.", func(b *backend) (float64, bool) {
			state, _ := b.breaker.State(at)
			return float64(min(int(state), 1)), true
		}},
		{"azptu_gateway_backend_running", exposition.Gauge, "Calls at a backend.", func(b *backend) (float64, bool) { return float64(b.running.Load()), true }},
		{"azptu_gateway_units_used_usd_total", exposition.Counter, "Cost of provisioned units that calls used, since this process knows the backend.", func(b *backend) (float64, bool) {
			used, _ := b.unitCosts(at)
			return used, b.unitHour > 0
		}},
		{"azptu_gateway_units_idle_usd_total", exposition.Counter, "Cost of provisioned units that lay idle, since this process knows the backend.", func(b *backend) (float64, bool) {
			_, idle := b.unitCosts(at)
			return idle, b.unitHour > 0
		}},
	}
	for _, g := range gauges {
		p.Family(g.name, g.kind, g.help)
		for _, b := range rt.backends {
			if v, ok := g.value(b); ok {
				p.Sample(g.name, []string{"backend", b.Name}, v)
			}
		}
	}
}
