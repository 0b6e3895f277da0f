package admit

import "sync/atomic"

// Concurrency limits how many calls run at once. The zero value admits none;
// NewConcurrency(0) too. It is safe for concurrent use.
type Concurrency struct {
	limit   atomic.Int64
	running atomic.Int64
}

// NewConcurrency returns a limit of so many calls at once.
func NewConcurrency(limit int64) *Concurrency {
	c := &Concurrency{}
	c.limit.Store(limit)
	return c
}

// Enter starts a call if one more may run. Each Enter that succeeds needs one
// Leave.
func (c *Concurrency) Enter() bool {
	for {
		n := c.running.Load()
		if n >= c.limit.Load() {
			return false
		}
		if c.running.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// Leave ends a call that Enter let in.
func (c *Concurrency) Leave() { c.running.Add(-1) }

// Running returns how many calls are in.
func (c *Concurrency) Running() int64 { return c.running.Load() }

// Resize changes the limit; calls that are in stay in.
func (c *Concurrency) Resize(limit int64) { c.limit.Store(limit) }
