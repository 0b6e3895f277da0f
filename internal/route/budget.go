package route

import (
	"sync"
	"time"
)

// Budget bounds how much retries may add to the load: each call earns a share
// of a retry, each retry spends a whole one. When backends fail altogether,
// the load on them grows by that share and no more. It is safe for concurrent
// use.
type Budget struct {
	mu      sync.Mutex
	share   float64
	balance float64
}

// budgetDepth is how many retries may be saved up, and what a new budget
// holds, so that the first failures of a quiet hour are retried.
const budgetDepth = 10

// NewBudget returns a budget that earns share of a retry with each call.
func NewBudget(share float64) *Budget { return &Budget{share: share, balance: budgetDepth} }

// SetShare changes the share.
func (b *Budget) SetShare(share float64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.share = share
}

// Earn books a call.
func (b *Budget) Earn() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.balance = min(b.balance+b.share, budgetDepth)
}

// Spend takes a retry from the budget; false means that none is left.
func (b *Budget) Spend() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.share <= 0 || b.balance < 1 {
		return false
	}
	b.balance--
	return true
}

// Backoff returns the longest pause before try number n (1 for the first
// retry): exponential from base, at most limit. A caller takes a uniformly
// random part of it, so that clients that failed together do not return
// together.
func Backoff(n int, base, limit time.Duration) time.Duration {
	d := base
	for ; n > 1 && d < limit; n-- {
		d *= 2
	}
	return min(d, limit)
}
