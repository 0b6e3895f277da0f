package gateway

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/azptu/azptu/internal/gateway/config"
)

// State is what the gateway believes and has counted, for people and
// dashboards.
type State struct {
	Gateway  string         `json:"gateway"`
	ETag     string         `json:"etag"`
	Draining bool           `json:"draining"`
	InFlight int64          `json:"inFlight"`
	Waiting  int64          `json:"waiting"`
	Backends []BackendState `json:"backends"`
	Limits   []LimitState   `json:"limits"`
}

// BackendState is what is believed of a backend.
type BackendState struct {
	Name        string  `json:"name"`
	Kind        string  `json:"kind"`
	Region      string  `json:"region,omitempty"`
	Deployment  string  `json:"deployment"`
	Utilization float64 `json:"utilization"`
	Breaker     string  `json:"breaker"`
	CoolingMs   int64   `json:"coolingMs,omitempty"`
	LatencyMs   float64 `json:"latencyMs,omitempty"`
	Running     int64   `json:"running"`
	Attempts    int64   `json:"attempts"`
	Refused     int64   `json:"refused"`
	Broken      int64   `json:"broken"`
	Predicted   int64   `json:"predictedFull"`
	UsedUSD     float64 `json:"unitsUsedUsd,omitempty"`
	IdleUSD     float64 `json:"unitsIdleUsd,omitempty"`
}

// State returns the present state.
func (g *Gateway) State() State {
	rt, at := g.runtime.Load(), g.at()
	s := State{Gateway: rt.config.Name, ETag: rt.etag, Draining: g.draining.Load(), InFlight: g.metrics.inFlight.Load(), Waiting: g.metrics.waiting.Load(), Backends: []BackendState{}, Limits: []LimitState{}}
	for _, b := range rt.backends {
		breaker, _ := b.breaker.State(at)
		one := BackendState{
			Name: b.Name, Kind: string(b.Kind), Region: b.Region, Deployment: b.Deployment,
			Utilization: math.Round(b.utilization(at)*1000) / 1000, Breaker: breaker.String(),
			CoolingMs: max(b.cooling()-at, 0).Milliseconds(), LatencyMs: float64(time.Duration(b.latency.Load()).Microseconds()) / 1000,
			Running: b.running.Load(), Attempts: b.metrics.attempts.Load(), Refused: b.metrics.refused.Load(),
			Broken: b.metrics.broken.Load(), Predicted: b.metrics.predicted.Load(),
		}
		if b.Kind == config.PTU {
			one.UsedUSD, one.IdleUSD = b.unitCosts(at)
		}
		s.Backends = append(s.Backends, one)
	}
	var e Explanation
	now := g.now()
	for _, entry := range rt.keys.byHash {
		e.limits(now, entry.who.limits)
	}
	for _, p := range rt.products {
		e.limits(now, p.limits)
	}
	for name, p := range rt.pools {
		if name == p.name { // else it is an alias
			e.limits(now, p.limits)
		}
	}
	s.Limits = append(s.Limits, e.Limits...)
	slices.SortFunc(s.Limits, func(a, b LimitState) int { return strings.Compare(a.Scope+a.What, b.Scope+b.What) })
	return s
}
