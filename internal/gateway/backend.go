package gateway

import (
	"context"
	"math"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/azptu/azptu/internal/admit"
	"github.com/azptu/azptu/internal/catalog"
	"github.com/azptu/azptu/internal/gateway/config"
	"github.com/azptu/azptu/internal/ptu"
	"github.com/azptu/azptu/internal/route"
)

// backend is one deployment as one configuration knows it.
type backend struct {
	config.Backend
	*standing // what was learned about it; survives reloads
	auth      authorizer
	transport http.RoundTripper
	predict   bool           // refusals are foreseen
	reserve   float64        // share kept from batch calls
	price     ptu.TokenPrice // by the token; for provisioned units zero
	priced    bool
	unitHour  float64 // US dollars for one unit and hour; 0: unknown
	tpm       float64 // normalized tokens a minute that one unit serves
	url       url.URL // scheme and host
	metrics   *backendMetrics
}

// authorizer signs a request to a backend.
type authorizer interface {
	// authorize sets the credentials; what it returns is given to reject when
	// the backend does not accept them.
	authorize(ctx context.Context, h http.Header) (presented []string, err error)
	reject(presented []string)
}

type keyAuth struct{ header []string }

func (a keyAuth) authorize(_ context.Context, h http.Header) ([]string, error) {
	h[headerAPIKey] = a.header
	return a.header, nil
}

func (keyAuth) reject([]string) {}

type tokenAuth struct{ cache *tokenCache }

func (a tokenAuth) authorize(ctx context.Context, h http.Header) ([]string, error) {
	header, err := a.cache.bearer(ctx)
	if err != nil {
		return nil, err
	}
	h[headerAuth] = header
	return header, nil
}

func (a tokenAuth) reject(header []string) { a.cache.reject(header) }

// standing is what was learned about a backend.
type standing struct {
	predictor *admit.Predictor // nil for Standard
	breaker   *route.Breaker
	coolUntil atomic.Int64  // time.Duration: the backend asked to be left alone until then
	leftAt    atomic.Int64  // time.Duration: when a client last left a call that the backend was at work on
	latency   atomic.Int64  // time.Duration, smoothed time to the first byte
	reported  atomic.Uint64 // bits of the utilization that a Standard deployment's headers show
	running   atomic.Int64
	weighed   atomic.Uint64 // bits of the normalized tokens served since started
	started   time.Duration // when the standing began
}

// prediction is what is assumed of a provisioned backend.
func prediction(b config.Backend, p config.Prediction, c *catalog.Catalog) admit.Prediction {
	model, _ := c.Model(b.Model)
	throughput, _ := model.EffectiveThroughput()
	return admit.Prediction{Window: p.Window, DefaultCompletion: p.DefaultCompletion, Throughput: throughput, Capacity: b.Capacity}
}

// utilization is how full the backend is believed to be; 1 is 100 %.
func (b *backend) utilization(at time.Duration) float64 {
	if b.predictor != nil {
		return b.predictor.Utilization(at)
	}
	if at < b.cooling() {
		return 1
	}
	return math.Float64frombits(b.reported.Load())
}

func (s *standing) cooling() time.Duration { return time.Duration(s.coolUntil.Load()) }

// cool notes that the backend asked to be left alone for a while.
func (s *standing) cool(until time.Duration) { s.coolUntil.Store(int64(until)) }

// A refusal that comes within staleAfter of a call that was left may speak of
// the time before: the backend learns that its room is free a little later
// than we do. Such a refusal is believed for staleWait at most.
const (
	staleAfter = time.Second
	staleWait  = 250 * time.Millisecond
)

// believed is how much of the wait that a backend asks for at time at is
// believed.
func (s *standing) believed(at, wait time.Duration) time.Duration {
	if left := time.Duration(s.leftAt.Load()); left > 0 && at-left < staleAfter {
		return min(wait, staleWait)
	}
	return wait
}

const latencyShare = 8 // one call changes the smoothed latency by an eighth

func (s *standing) observeLatency(d time.Duration) {
	for {
		old := s.latency.Load()
		next := int64(d)
		if old != 0 {
			next = old + (int64(d)-old)/latencyShare
		}
		if s.latency.CompareAndSwap(old, max(next, 1)) {
			return
		}
	}
}

func (s *standing) addWeight(w float64) {
	for {
		old := s.weighed.Load()
		if s.weighed.CompareAndSwap(old, math.Float64bits(math.Float64frombits(old)+w)) {
			return
		}
	}
}

// unitCosts returns what the provisioned units have cost since the standing
// began, in US dollars, split into what calls used and what lay idle.
func (b *backend) unitCosts(at time.Duration) (used, idle float64) {
	if b.unitHour == 0 || b.tpm == 0 {
		return 0, 0
	}
	used = b.shareCost(math.Float64frombits(b.weighed.Load()))
	whole := (at - b.started).Hours() * float64(b.Capacity) * b.unitHour
	return used, max(whole-used, 0)
}

// shareCost prices normalized tokens by the share of the units' hour they use.
func (b *backend) shareCost(weight float64) float64 {
	return weight / (b.tpm * 60) * b.unitHour
}
