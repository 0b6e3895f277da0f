package gateway

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"
)

// patience ends a wait that has become too long: for the rest of a request's
// body, for a backend's answer, for its next byte; and any of them when the
// whole call has taken too long. A call has one timer for all of them. It is
// not moved when a wait begins anew, which is often, but looks when it goes
// off how long there is still to wait.
type patience struct {
	x     *exchange
	timer *time.Timer
	src   io.Reader     // what Read reads
	idle  time.Duration // how long Read may wait

	mu     sync.Mutex
	armed  time.Time // when the timer goes off; zero: it does not
	until  time.Time // when the present wait is over
	why    error     // what ends it then
	cancel context.CancelCauseFunc
	body   bool // the wait is for the request's body
	late   bool // which did not come in time
}

// wait begins a wait of at most d for a backend.
func (p *patience) wait(d time.Duration, why error, cancel context.CancelCauseFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.why, p.cancel, p.body = why, cancel, false
	p.begin(d, p.x.g.now())
}

// next begins another wait of the same attempt.
func (p *patience) next(d time.Duration, why error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.why = why
	p.begin(d, p.x.g.now())
}

// touch begins the present wait anew: a byte has come.
func (p *patience) touch(d time.Duration, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.begin(d, now)
}

// sending begins the wait for the first byte of an answer anew: a piece of the
// request has come, and a backend answers when it has the whole.
func (p *patience) sending(d time.Duration, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cancel != nil && p.why == errFirstByte {
		p.begin(d, now)
	}
}

// begin sets the end of the wait. The timer is moved only to go off earlier.
func (p *patience) begin(d time.Duration, now time.Time) {
	p.until = now.Add(d)
	if p.x.deadline.Before(p.until) {
		p.until = p.x.deadline
	}
	if !p.armed.IsZero() && !p.until.Before(p.armed) {
		return
	}
	p.armed = p.until
	if d = p.until.Sub(now); p.timer == nil {
		p.timer = time.AfterFunc(d, p.over)
	} else {
		p.timer.Reset(d)
	}
}

// rest ends the wait; there is none until the next begins.
func (p *patience) rest() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cancel, p.body = nil, false
}

// stop ends everything. It reports false when the timer may still be at work.
func (p *patience) stop() bool {
	p.rest()
	return p.timer == nil || p.timer.Stop()
}

// over is what the timer does.
func (p *patience) over() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.armed = time.Time{}
	if p.cancel == nil && !p.body {
		return
	}
	now := p.x.g.now()
	if left := p.until.Sub(now); left > 0 {
		p.armed = p.until
		p.timer.Reset(left)
		return
	}
	if p.body {
		p.late = true
		_ = http.NewResponseController(p.x.w).SetReadDeadline(time.Unix(1, 0))
		return
	}
	if !now.Before(p.x.deadline) {
		p.why = errTotal
	}
	p.cancel(p.why)
}

// reading makes Read read src and begin the wait anew with each piece.
func (p *patience) reading(src io.Reader, idle time.Duration) io.Reader {
	p.src, p.idle = src, idle
	return p
}

// Read reads on, as long as bytes come.
func (p *patience) Read(b []byte) (int, error) {
	n, err := p.src.Read(b)
	if n > 0 && err == nil {
		p.touch(p.idle, p.x.g.now())
	}
	return n, err
}

// readBody takes the request's whole body in.
func (x *exchange) readBody(limit int64) error {
	held := newHeld(x.r.ContentLength)
	x.entry.request = held
	idle := x.rt.config.Timeouts.Idle
	p := &x.patience
	p.mu.Lock()
	p.body = true
	p.begin(idle, x.started)
	p.mu.Unlock()
	err := held.readAll(p.reading(x.r.Body, idle), limit)
	p.rest()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.late && err == nil {
		_ = http.NewResponseController(x.w).SetReadDeadline(time.Time{})
	}
	return err
}
