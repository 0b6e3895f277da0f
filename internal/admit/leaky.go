package admit

import (
	"sync"
	"time"
)

// Leaky is a limit of so much per period that refills steadily, as the
// x-ratelimit headers of standard deployments show it: 14 of 120,000 tokens
// per minute used, and the reset is 7 ms away (recorded 2026-03-31). It is safe
// for concurrent use; every operation is O(1).
type Leaky struct {
	mu     sync.Mutex
	limit  float64
	period time.Duration
	bucket Bucket
}

// NewLeaky returns an unused limit of so much per period.
func NewLeaky(limit int64, period time.Duration) *Leaky {
	rate := float64(limit) / period.Seconds()
	return &Leaky{limit: float64(limit), period: period, bucket: NewBucket(rate, float64(limit))}
}

// Reserve claims n at time at. Refused, wait is when n would fit; it is MaxWait
// when n is more than the whole limit, as Azure answers 86,400 seconds.
func (l *Leaky) Reserve(at time.Duration, n int64) (wait time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if float64(n) > l.limit {
		return MaxWait, false
	}
	if over := l.bucket.Level(at) + float64(n) - l.limit; over > 1e-6 {
		return drainTime(over, l.bucket.rate), false
	}
	l.bucket.level += float64(max(n, 0))
	return 0, true
}

// Settle corrects a claim to what was really used.
func (l *Leaky) Settle(at time.Duration, reserved, used int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.bucket.Correct(at, float64(used-reserved))
}

// Limit returns what is granted per period.
func (l *Leaky) Limit() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return int64(l.limit)
}

// Remaining returns what can be claimed at time at.
func (l *Leaky) Remaining(at time.Duration) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return int64(max(l.limit-l.bucket.Level(at), 0))
}

// Reset returns how long after at the whole limit is there again.
func (l *Leaky) Reset(at time.Duration) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	level := l.bucket.Level(at)
	if level == 0 || l.bucket.rate <= 0 {
		return 0
	}
	return time.Duration(level / l.bucket.rate * float64(time.Second))
}

// Resize changes the limit from at on; the share in use is kept.
func (l *Leaky) Resize(at time.Duration, limit int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.limit = float64(limit)
	l.bucket.Resize(at, l.limit/l.period.Seconds(), l.limit)
}
