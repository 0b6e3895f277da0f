package admit

import (
	"sync"
	"time"
)

// windowSlots is how finely a rolling window forgets: a claim leaves up to one
// slot (a second of a minute) late, never early.
const windowSlots = 60

// Window is a limit that no rolling period ever exceeds: what was claimed in
// the last period, whole, counts. It is safe for concurrent use.
type Window struct {
	mu    sync.Mutex
	limit int64
	slot  time.Duration // length of one slot: period / windowSlots
	used  [windowSlots + 1]int64
	total int64
	head  int64 // number of the newest slot since the origin
}

// Claim is what Reserve took, to be given back or corrected by Settle.
type Claim struct {
	slot int64
	n    int64
}

// NewWindow returns an unused limit of so much per rolling period.
func NewWindow(limit int64, period time.Duration) *Window {
	return &Window{limit: limit, slot: max(period/windowSlots, 1)}
}

// Reserve claims n at time at. Refused, wait is when n would fit if nothing
// else is claimed; it is MaxWait when n is more than the whole limit.
func (w *Window) Reserve(at time.Duration, n int64) (c Claim, wait time.Duration, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.forget(at)
	n = max(n, 0)
	if n > w.limit {
		return Claim{}, MaxWait, false
	}
	if w.total+n > w.limit {
		return Claim{}, w.wait(at, w.total+n-w.limit), false
	}
	w.add(w.head, n)
	return Claim{slot: w.head, n: n}, 0, true
}

// Settle corrects a claim to what was really used. The difference is booked
// where the claim was made, if the window still remembers it: use beyond a
// claim that has been forgotten is booked now, so that it is not lost.
func (w *Window) Settle(at time.Duration, c Claim, used int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.forget(at)
	delta := max(used, 0) - c.n
	switch {
	case c.slot > w.head-int64(len(w.used)):
		w.add(c.slot, delta)
	case delta > 0:
		w.add(w.head, delta)
	}
}

// Remaining returns what can be claimed at time at.
func (w *Window) Remaining(at time.Duration) int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.forget(at)
	return max(w.limit-w.total, 0)
}

// Left tells the limit, what of it can be claimed at time at, and how long after
// at the whole of it is there again.
func (w *Window) Left(at time.Duration) (limit, remaining int64, reset time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.forget(at)
	if w.total > 0 {
		reset = w.whole(at)
	}
	return w.limit, max(w.limit-w.total, 0), reset
}

// Reset returns how long after at the whole limit is there again.
func (w *Window) Reset(at time.Duration) time.Duration {
	_, _, reset := w.Left(at)
	return reset
}

// Resize changes the limit; what was claimed stays claimed.
func (w *Window) Resize(limit int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.limit = limit
}

// Limit returns what is granted per period.
func (w *Window) Limit() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.limit
}

func (w *Window) add(slot, n int64) {
	w.used[slot%int64(len(w.used))] += n
	w.total += n
}

// forget moves the head to at and drops the slots that left the period.
func (w *Window) forget(at time.Duration) {
	now := int64(max(at, 0) / w.slot)
	if now <= w.head {
		return
	}
	for step := min(now-w.head, int64(len(w.used))); step > 0; step-- {
		slot := (now - step + 1) % int64(len(w.used))
		w.total -= w.used[slot]
		w.used[slot] = 0
	}
	w.head = now
}

// wait tells when at least need of what is claimed will have been forgotten.
func (w *Window) wait(at time.Duration, need int64) time.Duration {
	size := int64(len(w.used))
	for oldest := max(w.head-size+1, 0); oldest <= w.head; oldest++ {
		if need -= w.used[oldest%size]; need <= 0 {
			return max(time.Duration(oldest+size)*w.slot-at, 0)
		}
	}
	return time.Duration(w.head+size)*w.slot - at
}

// whole tells when everything that is claimed will have been forgotten.
func (w *Window) whole(at time.Duration) time.Duration {
	size := int64(len(w.used))
	newest := w.head
	for oldest := max(w.head-size+1, 0); newest > oldest && w.used[newest%size] <= 0; {
		newest--
	}
	return max(time.Duration(newest+size)*w.slot-at, 0)
}
