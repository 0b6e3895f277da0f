package gateway

import (
	"context"
	"net/http"
	"time"

	"github.com/azptu/azptu/internal/admit"
	"github.com/azptu/azptu/internal/call"
	"github.com/azptu/azptu/internal/route"
)

// search is the state of finding a backend for one call.
type search struct {
	order    []int
	small    [8]int
	skip     [64]bool // members that will not do for this call, whatever their state
	failures int      // attempts that broke
	paused   time.Duration
	full     bool          // some backend was full
	wait     time.Duration // when the first of the full ones has room
	open     time.Duration // when the first open breaker lets a call try; 0: none is open
	last     *answer       // of the last attempt that broke with an answer
	fault    *fault        // of the last attempt that broke without
	declined *answer       // what a backend said that another may not say
	pressing time.Duration // what a broken backend asked to wait
}

// backoffBase is the longest pause before the first try that repeats a backend.
const backoffBase = 250 * time.Millisecond

// dispatch asks the pool's backends until one answers.
func (x *exchange) dispatch() *fault {
	s := &x.search
	s.order = s.small[:0]
	if x.pinned != "" && x.pinTo(s) {
		// What a backend holds is nowhere else.
	} else {
		s.order = x.pool.route.Order(s.order, wholePool{x.pool, x.g.at()}, x.draw())
	}
	if q := x.product.queue; q.Max > 0 && x.pool.room.waiting(x.product.line) > 0 {
		return x.enterRoom(s, 0)
	}
	for {
		if done, f := x.round(s); done {
			return f
		}
		if s.full && s.failures == 0 {
			if x.product.queue.Max > 0 {
				return x.enterRoom(s, s.wait)
			}
			return x.give(s)
		}
		if !x.pause(s) {
			return x.give(s)
		}
	}
}

func (x *exchange) pinTo(s *search) bool {
	for i, m := range x.pool.members {
		if m.Name == x.pinned {
			s.order = append(s.order, i)
			return true
		}
	}
	return false
}

// round asks each backend of the order once. done means that the call is over:
// answered, or given up with a fault.
func (x *exchange) round(s *search) (done bool, f *fault) {
	s.full, s.wait, s.open = false, 0, 0
	asked := -1 // a backend that is only believed to be full, asked when there is no other
	for _, i := range s.order {
		b := x.pool.members[i]
		if s.skip[i%len(s.skip)] {
			continue
		}
		ticket, reason, wait := x.admission(b)
		if reason != call.NotSpilled {
			x.note(s, b, reason, wait)
			if reason == call.SpillPredicted && asked < 0 && b.cooling() <= x.g.at() {
				asked = i
			}
			continue
		}
		if done, f, stop := x.attempt(s, i, b, ticket); done || stop {
			return done, f
		}
	}
	if asked >= 0 && x.product.share == 1 {
		b := x.pool.members[asked]
		if b.breaker.Allow(x.g.at()) {
			done, f, _ = x.attempt(s, asked, b, x.claim(b))
			return done, f
		}
	}
	return false, nil
}

// note remembers why a backend was passed over.
func (x *exchange) note(s *search, b *backend, reason call.SpillReason, wait time.Duration) {
	if x.rec.Spill == call.NotSpilled {
		x.rec.Spill = reason
	}
	if x.rec.Backend == "" {
		x.name(b)
	}
	if reason == call.SpillBreaker {
		if s.open == 0 || wait < s.open {
			s.open = wait
		}
		return
	}
	if !s.full || wait < s.wait {
		s.wait = wait
	}
	s.full = true
}

// admission tells whether a backend may be asked now, and claims the room.
func (x *exchange) admission(b *backend) (ticket admit.Forecast, reason call.SpillReason, wait time.Duration) {
	at := x.g.at()
	ticket, reason, wait = x.vacancy(b, at)
	if reason == call.NotSpilled && !b.breaker.Allow(at) {
		x.release(b, ticket)
		return ticket, call.SpillBreaker, x.rt.config.Breaker.Open
	}
	return ticket, reason, wait
}

// vacancy tells whether a backend has room, and claims it; whether its breaker
// lets one more call through is not asked.
func (x *exchange) vacancy(b *backend, at time.Duration) (ticket admit.Forecast, reason call.SpillReason, wait time.Duration) {
	if state, left := b.breaker.State(at); state == route.Open {
		return ticket, call.SpillBreaker, left
	}
	if b.predictor == nil {
		if left := b.cooling() - at; left > 0 {
			return ticket, call.SpillCooling, left
		}
	} else if b.predict && x.target.shape != opaque {
		var ok bool
		if ticket, wait, ok = b.predictor.Admit(at, x.product.share, x.body.promptTokens, x.maxCompletion()); !ok {
			b.metrics.predicted.Add(1)
			if left := b.cooling() - at; left > 0 {
				wait = left // what it said itself beats what is believed of it
			}
			return ticket, call.SpillPredicted, wait
		}
	}
	return ticket, call.NotSpilled, 0
}

// claim books the call at a backend that is asked whatever is believed of it.
func (x *exchange) claim(b *backend) admit.Forecast {
	if b.predictor == nil || !b.predict {
		return admit.Forecast{}
	}
	return b.predictor.Send(x.g.at(), x.body.promptTokens, x.maxCompletion())
}

func (x *exchange) maxCompletion() int { return x.body.maxTokens * max(x.body.choices, 1) }

// attempt sends the call to one backend. done: the call is over. stop: no
// further backend may be asked in this round.
func (x *exchange) attempt(s *search, i int, b *backend, ticket admit.Forecast) (done bool, f *fault, stop bool) {
	if s.failures > 0 && !x.mayRetry(s) {
		x.release(b, ticket)
		return false, nil, true
	}
	o := x.try(b, ticket)
	switch o.verdict {
	case served:
		x.served = b
		if x.held != "" && x.pinned == "" && x.rec.BackendStatus < 300 {
			x.g.memory.held.put(x.held, b.Name) // found
		}
		return true, nil, false
	case clientGone:
		return true, newFault(statusClientGone, "ClientGone", "The client has left."), false
	case improper:
		return true, o.fault, false
	case full:
		x.rec.Refused++
		x.note(s, b, call.SpillRefused, o.wait)
	case tooLong:
		s.skip[i%len(s.skip)] = true
		s.declined = o.answer
		x.spill(call.SpillLongPrompt)
	case notHere:
		s.skip[i%len(s.skip)] = true
		s.declined = o.answer
	case broken:
		s.failures++
		s.last, s.fault, s.pressing = o.answer, o.fault, o.wait
		x.spill(call.SpillFailed)
	case unusable:
		s.skip[i%len(s.skip)] = true
		s.failures++
		s.last, s.fault = o.answer, o.fault
		x.spill(call.SpillFailed)
	}
	if !x.upload.again() {
		return true, x.only(o), false
	}
	return false, nil, x.over()
}

// only ends a call that cannot be sent to another backend: its body is gone.
func (x *exchange) only(o outcome) *fault {
	switch {
	case o.verdict == full:
		return busy("The deployment is at its limit. Please retry later.", o.wait)
	case o.answer != nil:
		x.pass(o.answer)
		return nil
	}
	return o.fault
}

func (x *exchange) spill(reason call.SpillReason) {
	if x.rec.Spill == call.NotSpilled {
		x.rec.Spill = reason
	}
}

// mayRetry asks the bounds on attempts and the budget for one more.
func (x *exchange) mayRetry(s *search) bool {
	if s.failures >= x.rt.config.Retry.Attempts || !x.g.memory.budget.Spend() {
		return false
	}
	x.g.metrics.retries.Add(1)
	return true
}

// pause waits before the next round, if another one is allowed at all.
func (x *exchange) pause(s *search) bool {
	retry := x.rt.config.Retry
	if s.failures == 0 || s.failures >= retry.Attempts || x.over() || !x.anyLeft(s) {
		return false
	}
	d := route.Backoff(s.failures, backoffBase, retry.MaxWait)
	d = time.Duration(float64(d) * (float64(x.g.random()>>11) / (1 << 53)))
	d = max(d, s.pressing, roomStep)
	if s.paused+d > retry.MaxWait || d > x.remaining() {
		return false
	}
	s.paused += d
	return sleep(x.ctx, d)
}

// anyLeft tells whether some backend may still do for this call.
func (x *exchange) anyLeft(s *search) bool {
	for _, i := range s.order {
		if !s.skip[i%len(s.skip)] {
			return true
		}
	}
	return false
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// enterRoom waits in the pool's waiting room until a backend takes the call. A
// call that is let go and refused all the same returns to its place: what a
// backend really has left shows only when it is asked.
func (x *exchange) enterRoom(s *search, pause time.Duration) *fault {
	q := x.product.queue
	room := x.pool.room
	began := x.g.now()
	ctx, cancel := context.WithTimeout(x.ctx, q.Wait)
	defer cancel()
	p, ok := room.enter(x.product.name, x.product.line, q.Max)
	if ok {
		defer room.leave(p)
	}
	for ok {
		x.g.metrics.waiting.Add(1)
		err := room.wait(ctx, p, pause, func() (time.Duration, bool) { return x.anyFree(s) })
		x.g.metrics.waiting.Add(-1)
		x.rec.Queued = x.g.now().Sub(began)
		if err != nil {
			break
		}
		room.letGo(p)
		if done, f := x.round(s); done {
			return f
		}
		if pause = max(s.wait, roomStep); s.failures > 0 || ctx.Err() != nil {
			return x.give(s)
		}
		room.back(p)
	}
	s.full, s.wait = true, max(s.wait, pause)
	return x.give(s)
}

// anyFree tells whether some backend may be asked now, else when one may.
func (x *exchange) anyFree(s *search) (wait time.Duration, free bool) {
	s.full, s.wait = false, 0
	for _, i := range s.order {
		b := x.pool.members[i]
		if s.skip[i%len(s.skip)] {
			continue
		}
		ticket, reason, wait := x.vacancy(b, x.g.at())
		if reason == call.NotSpilled {
			x.release(b, ticket)
			return 0, true
		}
		x.note(s, b, reason, wait)
	}
	return s.wait, false
}

// give ends a call that nobody served.
func (x *exchange) give(s *search) *fault {
	switch {
	case x.ctx.Err() != nil:
		return newFault(statusClientGone, "ClientGone", "The client has left.")
	case x.remaining() <= 0:
		return newFault(http.StatusGatewayTimeout, "Timeout", "The operation was timeout.")
	case s.full:
		return busy("Every deployment that may serve this call is at its limit. Please retry after "+s.wait.Round(time.Millisecond).String()+".", s.wait)
	case s.declined != nil && s.failures == 0:
		x.pass(s.declined)
		return nil
	case s.last != nil:
		x.pass(s.last)
		return nil
	case s.fault != nil:
		return s.fault
	case s.open > 0:
		return &fault{status: http.StatusServiceUnavailable, code: "ServiceUnavailable", waits: true, wait: s.open,
			message: "Every deployment that may serve this call is failing. Please retry later."}
	}
	return newFault(http.StatusServiceUnavailable, "ServiceUnavailable", "No deployment may serve this call.")
}
