package route

import (
	"sync"
	"time"
)

// BreakerRule says when a backend counts as broken.
type BreakerRule struct {
	Failures int           // so many failures ...
	Window   time.Duration // ... within this time open the breaker
	Open     time.Duration // for so long; then one call may try
}

// BreakerState is what a breaker currently does.
type BreakerState int

// The states of a breaker.
const (
	Closed   BreakerState = iota // calls pass
	Open                         // no call passes
	HalfOpen                     // one call passes and decides
)

func (s BreakerState) String() string {
	return [...]string{"closed", "open", "half-open"}[s]
}

// Breaker keeps calls away from a backend that is broken: server errors,
// timeouts, failed connections. A backend that is merely full is not broken.
// It is safe for concurrent use; times are since an origin of the caller's.
type Breaker struct {
	mu       sync.Mutex
	rule     BreakerRule
	failures []time.Duration // the latest, a ring of rule.Failures
	next     int
	state    BreakerState
	until    time.Duration // end of Open; in HalfOpen when the trying call is given up
}

// NewBreaker returns a closed breaker. A rule with no failures never opens.
func NewBreaker(r BreakerRule) *Breaker {
	b := &Breaker{}
	b.SetRule(r)
	return b
}

// SetRule changes the rule. The state is kept, counted failures are forgotten
// when their number changes.
func (b *Breaker) SetRule(r BreakerRule) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if r.Failures != b.rule.Failures {
		b.failures, b.next = make([]time.Duration, 0, max(r.Failures, 0)), 0
	}
	b.rule = r
}

// Allow tells whether a call may be sent at time at. In a breaker that was open
// long enough it lets one caller through, who must report how it went.
func (b *Breaker) Allow(at time.Duration) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.state == Closed:
		return true
	case at < b.until:
		return false
	}
	b.state, b.until = HalfOpen, at+b.rule.Open
	return true
}

// Succeeded reports a call that the backend answered.
func (b *Breaker) Succeeded() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.state == HalfOpen {
		b.state = Closed
		b.failures, b.next = b.failures[:0], 0
	}
}

// Failed reports a call that broke at time at, and tells whether that opened
// the breaker.
func (b *Breaker) Failed(at time.Duration) (opened bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.rule.Failures <= 0 || b.state == Open:
		return false
	case b.state == HalfOpen:
		b.state, b.until = Open, at+b.rule.Open
		return true
	}
	if len(b.failures) < b.rule.Failures {
		b.failures = append(b.failures, at)
	} else {
		b.failures[b.next] = at
	}
	b.next = (b.next + 1) % b.rule.Failures
	if len(b.failures) == b.rule.Failures && at-b.failures[b.next] <= b.rule.Window {
		b.state, b.until = Open, at+b.rule.Open
		b.failures, b.next = b.failures[:0], 0
		return true
	}
	return false
}

// State tells what the breaker does at time at, and how much longer it stays
// open.
func (b *Breaker) State(at time.Duration) (BreakerState, time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.state == Open && at >= b.until {
		return HalfOpen, 0
	}
	if b.state == Open {
		return Open, b.until - at
	}
	return b.state, 0
}
