package gateway

import (
	"context"
	"sync"
	"time"

	"github.com/azptu/azptu/internal/admit"
	"github.com/azptu/azptu/internal/gateway/config"
)

// localLimits are Limits in this process. What was spent is kept by the name of
// its scope for as long as the process lives; quotas of days and months can be
// carried over to the next one (quotas.go).
type localLimits struct {
	now    func() time.Time
	origin time.Time // of the clock of everything that only compares durations

	mu        sync.Mutex
	scopes    map[Scope]*localAccount
	addresses map[Scope]*localAccount // of callers, which are bounded
	carried   map[quotaName]spent     // noted by the process before, of quotas that nobody has asked for yet
}

func newLocalLimits(now func() time.Time) *localLimits {
	return &localLimits{now: now, origin: now(), scopes: map[Scope]*localAccount{}, addresses: map[Scope]*localAccount{}, carried: map[quotaName]spent{}}
}

// localAccount is one set of limits and what is spent of it. Another set of
// limits makes another one that shares what is spent.
type localAccount struct {
	origin time.Time
	scope  Scope
	limits config.Limits
	parts
	seen account       // this, as calls see it
	last time.Duration // when it was asked for; guarded by localLimits.mu
}

// parts are what is spent. One that no limit ever needed is nil.
type parts struct {
	tokens     *admit.Window
	requests   *admit.Window
	concurrent *admit.Concurrency
	day, month *admit.Quota
}

// Account implements Limits.
func (l *localLimits) Account(s Scope, limits config.Limits) Account { return l.account(s, limits) }

func (l *localLimits) account(s Scope, limits config.Limits) *localAccount {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.scopes
	if s.Kind == AddressScope {
		all = l.addresses
	}
	at := l.now().Sub(l.origin)
	a, ok := all[s]
	switch {
	case ok && a.limits == limits:
	case ok:
		a = l.fitted(s, limits, a.parts)
	default:
		if s.Kind == AddressScope && len(all) >= maxAddresses {
			l.evict(at)
		}
		a = l.fitted(s, limits, parts{})
	}
	a.last = at
	all[s] = a
	return a
}

// fitted gives what is spent the size of the limits, and makes what is new.
func (l *localLimits) fitted(s Scope, limits config.Limits, spent parts) *localAccount {
	a := &localAccount{origin: l.origin, scope: s, limits: limits, parts: spent}
	a.seen = account{scope: s, kept: a, spare: a}
	window(&a.tokens, a.limits.TokensPerMinute)
	window(&a.requests, a.limits.RequestsPerMinute)
	l.quota(&a.day, a.limits.TokensPerDay, quotaName{a.scope, admit.Day})
	l.quota(&a.month, a.limits.TokensPerMonth, quotaName{a.scope, admit.Month})
	switch c := a.limits.Concurrent; {
	case c == 0:
	case a.concurrent == nil:
		a.concurrent = admit.NewConcurrency(c)
	default:
		a.concurrent.Resize(c)
	}
	return a
}

func window(w **admit.Window, limit int64) {
	switch {
	case limit == 0:
	case *w == nil:
		*w = admit.NewWindow(limit, time.Minute)
	default:
		(*w).Resize(limit)
	}
}

// quota makes or resizes a quota. A new one begins with what the process before
// has noted.
func (l *localLimits) quota(q **admit.Quota, limit int64, n quotaName) {
	switch {
	case limit == 0:
	case *q == nil:
		*q = admit.NewQuota(limit, n.span)
		if s, ok := l.carried[n]; ok {
			(*q).Restore(l.now(), s.begin, s.used)
			delete(l.carried, n)
		}
	default:
		(*q).Resize(limit)
	}
}

// maxAddresses bounds the addresses that are remembered.
const maxAddresses = 50_000

// evict makes room among the addresses: those that have been quiet for a minute
// go, and if there are none, some, so that room is not sought for each call.
func (l *localLimits) evict(at time.Duration) {
	for s, a := range l.addresses {
		if at-a.last > time.Minute {
			delete(l.addresses, s)
		}
	}
	if len(l.addresses) < maxAddresses {
		return
	}
	for s := range l.addresses {
		if len(l.addresses) < maxAddresses*7/8 {
			return
		}
		delete(l.addresses, s)
	}
}

// localClaim is what a call holds of a localAccount.
type localClaim struct {
	tokens   admit.Claim
	reserved bool // tokens is a claim
	day      admit.QuotaClaim
	month    admit.QuotaClaim
	entered  bool
}

// Reserve implements Account; it never fails.
func (a *localAccount) Reserve(_ context.Context, now time.Time, tokens int64, c *Claim) (*Refusal, error) {
	return a.reserve(now, tokens, c), nil
}

func (a *localAccount) reserve(now time.Time, tokens int64, c *Claim) *Refusal {
	m, wait, ok := a.claim(now, tokens, &c.local)
	if !ok {
		a.release(now, 0, &c.local)
		return &Refusal{m, wait}
	}
	return nil
}

// claim takes what is needed of one limit after the other. Requests come last:
// a call that another limit turned away costs none.
func (a *localAccount) claim(now time.Time, tokens int64, c *localClaim) (m Measure, wait time.Duration, ok bool) {
	at := now.Sub(a.origin)
	limits := &a.limits
	if limits.Concurrent > 0 {
		if c.entered = a.concurrent.Enter(); !c.entered {
			return ConcurrentCalls, time.Second, false
		}
	}
	if limits.TokensPerMinute > 0 {
		if c.tokens, wait, c.reserved = a.tokens.Reserve(at, min(tokens, limits.TokensPerMinute)); !c.reserved {
			return TokensPerMinute, wait, false
		}
	}
	if limits.TokensPerDay > 0 {
		if c.day, wait, ok = a.day.Reserve(now, min(tokens, limits.TokensPerDay)); !ok {
			return TokensPerDay, wait, false
		}
	}
	if limits.TokensPerMonth > 0 {
		if c.month, wait, ok = a.month.Reserve(now, min(tokens, limits.TokensPerMonth)); !ok {
			return TokensPerMonth, wait, false
		}
	}
	if limits.RequestsPerMinute > 0 {
		if _, wait, ok := a.requests.Reserve(at, 1); !ok {
			return RequestsPerMinute, wait, false
		}
	}
	return 0, 0, true
}

// Settle implements Account; it never fails.
func (a *localAccount) Settle(_ context.Context, now time.Time, used int64, c *Claim) error {
	a.release(now, used, &c.local)
	return nil
}

// release corrects what was claimed to what was used, which is nothing of a call
// that was refused.
func (a *localAccount) release(now time.Time, used int64, c *localClaim) {
	if c.reserved {
		a.tokens.Settle(now.Sub(a.origin), c.tokens, used)
	}
	if c.day != (admit.QuotaClaim{}) {
		a.day.Settle(now, c.day, used)
	}
	if c.month != (admit.QuotaClaim{}) {
		a.month.Settle(now, c.month, used)
	}
	if c.entered {
		a.concurrent.Leave()
	}
}

// Left implements Account.
func (a *localAccount) Left(now time.Time, m Measure) (l Left, ok bool) {
	limits := &a.limits
	switch {
	case m == TokensPerMinute && limits.TokensPerMinute > 0:
		l.Limit, l.Remaining, l.Reset = a.tokens.Left(now.Sub(a.origin))
	case m == RequestsPerMinute && limits.RequestsPerMinute > 0:
		l.Limit, l.Remaining, l.Reset = a.requests.Left(now.Sub(a.origin))
	case m == TokensPerDay && limits.TokensPerDay > 0:
		l.Limit, l.Remaining, l.Reset = a.day.Left(now)
	case m == TokensPerMonth && limits.TokensPerMonth > 0:
		l.Limit, l.Remaining, l.Reset = a.month.Left(now)
	case m == ConcurrentCalls && limits.Concurrent > 0:
		l.Limit = limits.Concurrent
		l.Remaining = max(l.Limit-a.concurrent.Running(), 0)
	default:
		return Left{}, false
	}
	return l, true
}
