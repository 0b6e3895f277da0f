package admit

import (
	"sync"
	"time"
)

// Span is a calendar period that a quota is granted for.
type Span int

// The spans of quotas. They begin at midnight UTC.
const (
	Day Span = iota
	Month
)

// begin is the start of the span that now lies in.
func (s Span) begin(now time.Time) time.Time {
	y, m, d := now.UTC().Date()
	if s == Month {
		d = 1
	}
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

func (s Span) end(begin time.Time) time.Time {
	if s == Month {
		return begin.AddDate(0, 1, 0)
	}
	return begin.AddDate(0, 0, 1)
}

// Contains tells whether the span that began at begin lasts at now.
func (s Span) Contains(begin, now time.Time) bool {
	return !now.Before(begin) && now.Before(s.end(begin))
}

// Quota is an amount granted for each calendar day or month. Unlike the other
// limits it needs to know the date, so it is given wall time. It is safe for
// concurrent use.
type Quota struct {
	mu    sync.Mutex
	span  Span
	limit int64
	used  int64
	begin time.Time
}

// NewQuota returns an unused quota.
func NewQuota(limit int64, s Span) *Quota { return &Quota{limit: limit, span: s} }

// QuotaClaim is what Reserve took, to be corrected by Settle.
type QuotaClaim struct {
	begin time.Time
	n     int64
}

// Reserve claims n. Refused, wait is how long the span still lasts.
func (q *Quota) Reserve(now time.Time, n int64) (c QuotaClaim, wait time.Duration, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.turn(now)
	n = max(n, 0)
	if q.used+n > q.limit {
		return QuotaClaim{}, q.span.end(q.begin).Sub(now), false
	}
	q.used += n
	return QuotaClaim{q.begin, n}, 0, true
}

// Settle corrects a claim to what was used. Use is booked in the span in which
// the call began; a span that is over no longer matters.
func (q *Quota) Settle(now time.Time, c QuotaClaim, used int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.turn(now)
	if c.begin.Equal(q.begin) {
		q.used = max(q.used+used-c.n, 0)
	}
}

// Remaining is what can still be claimed in this span.
func (q *Quota) Remaining(now time.Time) int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.turn(now)
	return max(q.limit-q.used, 0)
}

// Left tells the limit, what of it can still be claimed, and when all of it is
// there again: at the end of the span, or now when nothing was used.
func (q *Quota) Left(now time.Time) (limit, remaining int64, reset time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.turn(now)
	if q.used > 0 {
		reset = max(q.span.end(q.begin).Sub(now), 0)
	}
	return q.limit, max(q.limit-q.used, 0), reset
}

// Used tells what was used of the present span and when that began, in a form
// that Restore takes after a restart.
func (q *Quota) Used(now time.Time) (begin time.Time, used int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.turn(now)
	return q.begin, q.used
}

// Restore adds what was used of the span that began at begin. Use of a span
// that is over is forgotten; use of one that has not come counts in the present
// one: the clock went ahead when it was noted.
func (q *Quota) Restore(now, begin time.Time, used int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.turn(now)
	if !begin.Before(q.begin) {
		q.used += max(used, 0)
	}
}

// Limit returns what is granted for each span.
func (q *Quota) Limit() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.limit
}

// Resize changes the limit; what was used stays used.
func (q *Quota) Resize(limit int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.limit = limit
}

// stepped is how far a clock must go back over the beginning of a span for the
// quota to believe that it had gone ahead before.
const stepped = time.Hour

// turn starts a new span when now lies beyond the present one. A clock that
// steps back does not bring a spent span back: within an hour the later span
// goes on; further back its use counts in the span that the clock now tells,
// so that a quota spent under a clock that was months ahead is not spent for
// months.
func (q *Quota) turn(now time.Time) {
	switch begin := q.span.begin(now); {
	case begin.After(q.begin):
		q.begin, q.used = begin, 0
	case q.begin.Sub(now) > stepped:
		q.begin = begin
	}
}
