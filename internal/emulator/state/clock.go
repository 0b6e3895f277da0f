package state

import (
	"sync"
	"sync/atomic"
	"time"
)

// Clock is the emulator's virtual time: it runs at a multiple of the real
// clock and can be pushed forward, never back. Long-running operations,
// retirement dates, capacity and metrics follow it; throttling does not.
type Clock struct {
	wall func() time.Time
	mu   sync.Mutex // held while the beat is replaced
	beat atomic.Pointer[beat]
}

// beat is one stretch of even running: from there on, virtual time passes at
// scale times the speed of the wall.
type beat struct {
	wall, virtual time.Time
	scale         float64
}

// NewClock starts a clock at wall's present time. scale is how many virtual
// seconds pass in a real one; 0 or less means 1.
func NewClock(wall func() time.Time, scale float64) *Clock {
	if scale <= 0 {
		scale = 1
	}
	c := &Clock{wall: wall}
	now := wall()
	c.beat.Store(&beat{wall: now, virtual: now, scale: scale})
	return c
}

// Now is the virtual time.
func (c *Clock) Now() time.Time { return c.beat.Load().at(c.wall()) }

// Wall is the real time that the clock was built on.
func (c *Clock) Wall() time.Time { return c.wall() }

// Scale is how many virtual seconds pass in a real one.
func (c *Clock) Scale() float64 { return c.beat.Load().scale }

// Advance pushes virtual time forward by d and returns the new time. A
// negative d changes nothing.
func (c *Clock) Advance(d time.Duration) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	wall, old := c.wall(), c.beat.Load()
	next := &beat{wall: wall, virtual: old.at(wall).Add(max(d, 0)), scale: old.scale}
	c.beat.Store(next)
	return next.virtual
}

// SetScale changes the speed from now on; a scale of 0 or less is ignored.
func (c *Clock) SetScale(scale float64) {
	if scale <= 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	wall, old := c.wall(), c.beat.Load()
	c.beat.Store(&beat{wall: wall, virtual: old.at(wall), scale: scale})
}

// resume makes the clock go on from a saved virtual time if that is later.
func (c *Clock) resume(at time.Time) {
	if d := at.Sub(c.Now()); d > 0 {
		c.Advance(d)
	}
}

func (b *beat) at(wall time.Time) time.Time {
	passed := wall.Sub(b.wall)
	if b.scale != 1 {
		passed = time.Duration(float64(passed) * b.scale)
	}
	return b.virtual.Add(passed)
}
