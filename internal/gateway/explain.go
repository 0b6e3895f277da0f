package gateway

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/azptu/azptu/internal/call"
	"github.com/azptu/azptu/internal/gateway/config"
	"github.com/azptu/azptu/internal/route"
)

// Question describes a request that is to be explained.
type Question struct {
	Key       string `json:"key,omitempty"`  // name of the key, not the key
	Model     string `json:"model"`          // pool, alias, or deployment in the path
	Path      string `json:"path,omitempty"` // default: chat completions of Model
	Prompt    int    `json:"promptTokens,omitempty"`
	MaxTokens int    `json:"maxTokens,omitempty"`
}

// Explanation tells what would happen to a request now, and why.
type Explanation struct {
	Key       string        `json:"key,omitempty"`
	Product   string        `json:"product,omitempty"`
	Class     string        `json:"class,omitempty"`
	Operation string        `json:"operation,omitempty"`
	Pool      string        `json:"pool,omitempty"`
	Strategy  string        `json:"strategy,omitempty"`
	Boundary  string        `json:"boundary,omitempty"`
	Order     []Candidate   `json:"order"`
	Outside   []string      `json:"outsideBoundary,omitempty"`
	Limits    []LimitState  `json:"limits"`
	Queue     *config.Queue `json:"queue,omitempty"`
	Verdict   string        `json:"verdict"`
}

// Candidate is a backend in the order in which it would be asked.
type Candidate struct {
	Backend     string  `json:"backend"`
	Kind        string  `json:"kind"`
	Region      string  `json:"region,omitempty"`
	Utilization float64 `json:"utilization"`
	Available   bool    `json:"available"`
	Why         string  `json:"why"`
}

// LimitState is what is left of a limit.
type LimitState struct {
	Scope     string `json:"scope"`
	What      string `json:"what"`
	Limit     int64  `json:"limit"`
	Remaining int64  `json:"remaining"`
}

// Explain answers a question without changing anything.
func (g *Gateway) Explain(q Question) Explanation {
	rt, at := g.runtime.Load(), g.at()
	e := Explanation{Order: []Candidate{}, Limits: []LimitState{}}
	var who *principal
	for _, entry := range rt.keys.byHash {
		if entry.who.name == q.Key || q.Key == "" && len(rt.keys.byHash) == 1 {
			who = entry.who
		}
	}
	if who == nil {
		e.Verdict = fmt.Sprintf("refused with 401: there is no key named %q", q.Key)
		return e
	}
	e.Key, e.Product, e.Class = who.name, who.product.name, string(who.product.class)
	path := q.Path
	if path == "" {
		path = "/openai/deployments/" + q.Model + "/chat/completions"
	}
	t, reason := parsePath("POST", path)
	if reason != "" {
		e.Verdict = "refused with 400: " + reason
		return e
	}
	e.Operation = t.id
	name := q.Model
	if t.deployment != "" {
		name = t.deployment
	}
	p, ok := who.product.pools[name]
	if !ok {
		e.Verdict = fmt.Sprintf("refused with 404: product %s opens no pool %q", who.product.name, name)
		return e
	}
	e.Pool = p.name
	for _, c := range rt.config.Pools {
		if c.Name == p.name {
			e.Strategy, e.Boundary = string(c.Strategy), string(c.Boundary)
		}
	}
	e.Outside = p.route.Outside()
	now := g.now()
	e.limits(now, who.limits)
	e.limits(now, who.product.limits)
	e.limits(now, p.limits)
	e.order(g, who, p, q, at)
	if who.product.queue.Max > 0 {
		e.Queue = &who.product.queue
	}
	return e
}

// limits tells what is left of the limits of an account; one without limits is
// nil.
func (e *Explanation) limits(now time.Time, a *account) {
	if a == nil {
		return
	}
	for m := range measures {
		if l, ok := a.left(now, m); ok {
			e.Limits = append(e.Limits, LimitState{a.scope.String(), m.String(), l.Limit, l.Remaining})
		}
	}
}

func (e *Explanation) order(g *Gateway, who *principal, p *pool, q Question, at time.Duration) {
	e.Verdict = "refused with 429: no backend has room"
	chosen := false
	for n, i := range p.route.Order(nil, wholePool{p, at}, g.random()) {
		b := p.members[i]
		c := Candidate{Backend: b.Name, Kind: string(b.Kind), Region: b.Region, Utilization: math.Round(b.utilization(at)*1000) / 1000}
		c.Available, c.Why = g.availability(b, who, at)
		if c.Available && !chosen {
			chosen = true
			e.Verdict = "goes to " + b.Name
			if n > 0 {
				e.Verdict += fmt.Sprintf(", spilled from %s", e.Order[0].Backend)
			}
		}
		e.Order = append(e.Order, c)
	}
	for _, l := range e.Limits {
		tokens := strings.HasPrefix(l.What, "tokens")
		if l.Remaining <= 0 || tokens && l.Remaining < int64(q.Prompt+q.MaxTokens) && l.Remaining < l.Limit {
			e.Verdict = fmt.Sprintf("refused with 429: %s has used up its %s", l.Scope, l.What)
		}
	}
}

// availability tells whether a backend would be asked now.
func (g *Gateway) availability(b *backend, who *principal, at time.Duration) (ok bool, why string) {
	if state, left := b.breaker.State(at); state == route.Open {
		return false, fmt.Sprintf("%s: broken, left alone for %v", call.SpillBreaker, left.Round(time.Millisecond))
	}
	switch used := b.utilization(at); {
	case b.predictor == nil && b.cooling() > at:
		return false, fmt.Sprintf("%s: asked to wait for %v", call.SpillCooling, (b.cooling() - at).Round(time.Millisecond))
	case b.predictor == nil:
		return true, "Standard deployment, not refusing"
	case !b.predict:
		return true, "prediction is off: it is asked and may refuse"
	case used >= who.product.share:
		return false, fmt.Sprintf("%s: believed to be full for this class", call.SpillPredicted)
	}
	return true, "believed to have room"
}
