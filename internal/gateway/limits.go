package gateway

import (
	"sync"
	"time"

	"github.com/azptu/azptu/internal/admit"
	"github.com/azptu/azptu/internal/gateway/config"
)

// limiter is the state of one set of limits: of a key, a product, a pool or a
// caller's address. A part that is nil is not limited. The parts survive a
// reload; their sizes follow the configuration.
type limiter struct {
	scope      string // "key team-a", for the refusal's text
	tokens     *admit.Window
	requests   *admit.Window
	concurrent *admit.Concurrency
	day, month *admit.Quota
}

// limiterFrom makes a limiter of what is configured. It takes over the state
// of old, which may be nil and stays usable for calls that hold it.
func limiterFrom(old *limiter, scope string, c config.Limits) *limiter {
	l := &limiter{scope: scope}
	if old != nil {
		*l = *old
		l.scope = scope
	}
	window(&l.tokens, c.TokensPerMinute)
	window(&l.requests, c.RequestsPerMinute)
	quota(&l.day, c.TokensPerDay, admit.Day)
	quota(&l.month, c.TokensPerMonth, admit.Month)
	switch {
	case c.Concurrent == 0:
		l.concurrent = nil
	case l.concurrent == nil:
		l.concurrent = admit.NewConcurrency(c.Concurrent)
	default:
		l.concurrent.Resize(c.Concurrent)
	}
	return l
}

func window(w **admit.Window, limit int64) {
	switch {
	case limit == 0:
		*w = nil
	case *w == nil:
		*w = admit.NewWindow(limit, time.Minute)
	case (*w).Limit() != limit:
		(*w).Resize(limit)
	}
}

func quota(q **admit.Quota, limit int64, s admit.Span) {
	switch {
	case limit == 0:
		*q = nil
	case *q == nil:
		*q = admit.NewQuota(limit, s)
	case (*q).Limit() != limit:
		(*q).Resize(limit)
	}
}

// near tells whether a claim of so many tokens comes near a limit, so that an
// estimate is not good enough.
func (l *limiter) near(at time.Duration, tokens int64) bool {
	if l.tokens == nil {
		return false
	}
	limit := l.tokens.Limit()
	return l.tokens.Remaining(at)-tokens < limit/4 || tokens > limit/8
}

// hold is what one call reserved of one limiter.
type hold struct {
	l        *limiter
	tokens   admit.Claim
	reserved int64
	day      admit.QuotaClaim
	month    admit.QuotaClaim
	entered  bool
}

// refusal is why a limit turned a call away.
type refusal struct {
	scope, what string
	wait        time.Duration
}

// reserve claims one request of so many tokens. Refused, nothing is claimed.
// An estimate that is larger than the whole limit claims the whole: such a
// call gets in when nothing else was used, and what it uses is booked.
func (l *limiter) reserve(now time.Time, at time.Duration, tokens int64) (h hold, r refusal, ok bool) {
	h.l = l
	refuse := func(what string, wait time.Duration) (hold, refusal, bool) {
		h.cancel(now, at)
		return hold{}, refusal{l.scope, what, wait}, false
	}
	if l.concurrent != nil {
		if h.entered = l.concurrent.Enter(); !h.entered {
			return refuse("concurrent calls", time.Second)
		}
	}
	if l.tokens != nil {
		h.reserved = min(tokens, l.tokens.Limit())
		c, wait, ok := l.tokens.Reserve(at, h.reserved)
		if !ok {
			h.reserved = 0
			return refuse("tokens per minute", wait)
		}
		h.tokens = c
	}
	if l.day != nil {
		c, wait, ok := l.day.Reserve(now, min(tokens, l.day.Limit()))
		if !ok {
			return refuse("tokens per day", wait)
		}
		h.day = c
	}
	if l.month != nil {
		c, wait, ok := l.month.Reserve(now, min(tokens, l.month.Limit()))
		if !ok {
			return refuse("tokens per month", wait)
		}
		h.month = c
	}
	// Requests come last: a call that another limit turned away costs none.
	if l.requests != nil {
		if _, wait, ok := l.requests.Reserve(at, 1); !ok {
			return refuse("requests per minute", wait)
		}
	}
	return h, refusal{}, true
}

// settle corrects what was reserved to what was used and lets the call go.
func (h *hold) settle(now time.Time, at time.Duration, used int64) {
	l := h.l
	if l == nil {
		return
	}
	if l.tokens != nil {
		l.tokens.Settle(at, h.tokens, used)
	}
	if l.day != nil {
		l.day.Settle(now, h.day, used)
	}
	if l.month != nil {
		l.month.Settle(now, h.month, used)
	}
	if h.entered {
		l.concurrent.Leave()
	}
	h.l = nil
}

// cancel gives back what a refused reservation had already claimed.
func (h *hold) cancel(now time.Time, at time.Duration) {
	l := h.l
	if h.entered {
		l.concurrent.Leave()
	}
	if l.tokens != nil && h.reserved > 0 {
		l.tokens.Settle(at, h.tokens, 0)
	}
	if l.day != nil && h.day != (admit.QuotaClaim{}) {
		l.day.Settle(now, h.day, 0)
	}
	if l.month != nil && h.month != (admit.QuotaClaim{}) {
		l.month.Settle(now, h.month, 0)
	}
}

// addresses holds the limiters of callers' addresses. It is bounded: when it
// is full, addresses that have been quiet for a minute make room, and if there
// are none, any.
type addresses struct {
	mu   sync.Mutex
	seen map[string]*addressed
}

type addressed struct {
	limiter *limiter
	limits  config.Limits // what limiter was made of
	last    time.Duration
}

const maxAddresses = 50_000

func (a *addresses) of(address string, limits config.Limits, at time.Duration) *limiter {
	a.mu.Lock()
	defer a.mu.Unlock()
	e, ok := a.seen[address]
	if !ok {
		if len(a.seen) >= maxAddresses {
			a.evict(at)
		}
		if a.seen == nil {
			a.seen = map[string]*addressed{}
		}
		e = &addressed{}
		a.seen[address] = e
	}
	if e.limiter == nil || e.limits != limits {
		e.limiter, e.limits = limiterFrom(e.limiter, "address "+address, limits), limits
	}
	e.last = at
	return e.limiter
}

func (a *addresses) evict(at time.Duration) {
	for address, e := range a.seen {
		if at-e.last > time.Minute {
			delete(a.seen, address)
		}
	}
	for address := range a.seen {
		if len(a.seen) < maxAddresses {
			return
		}
		delete(a.seen, address)
	}
}
