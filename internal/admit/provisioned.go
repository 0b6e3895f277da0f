package admit

import (
	"sync"
	"time"

	"github.com/azptu/azptu/internal/ptu"
)

// Parameters are what the service does not publish about its bucket. They are
// named and dated so that each user of the model states what it assumes.
type Parameters struct {
	Window            time.Duration // how much drained work fits the bucket: depth = rate × Window
	DefaultCompletion int           // output tokens estimated for a call that sets no maximum
	AsOf              string        // date of the assumption
}

// Assumed returns the assumption that is used where nothing else is said. The
// window is ours: real answers show retry-after values of some ten seconds on
// the smallest deployments. The default estimate is ours too.
func Assumed() Parameters {
	return Parameters{Window: 10 * time.Second, DefaultCompletion: 256, AsOf: "2026-11"}
}

// Provisioned admits calls to one provisioned deployment by estimate and
// correction. It is safe for concurrent use; every operation is O(1).
type Provisioned struct {
	mu         sync.Mutex
	bucket     Bucket
	throughput ptu.Throughput
	capacity   int
	params     Parameters
}

// Ticket is the claim of one admitted call. It must be given back once, by
// Settle or by Cancel.
type Ticket struct {
	weight float64 // normalized tokens charged on admission
}

// Weight returns the normalized tokens that were charged on admission.
func (t Ticket) Weight() float64 { return t.weight }

// NewProvisioned returns an idle deployment of capacity units.
func NewProvisioned(capacity int, t ptu.Throughput, p Parameters) *Provisioned {
	rate := t.PerSecond(capacity)
	return &Provisioned{
		bucket:     NewBucket(rate, rate*p.Window.Seconds()),
		throughput: t,
		capacity:   capacity,
		params:     p,
	}
}

// Estimate returns the normalized tokens that a call is charged on arrival:
// its prompt less what is cached, and the completion tokens it allows itself
// (maxTokens; none set, that is 0 or less, counts as the default estimate).
func (p *Provisioned) Estimate(prompt, cached, maxTokens int) float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.estimate(prompt, cached, maxTokens)
}

func (p *Provisioned) estimate(prompt, cached, maxTokens int) float64 {
	if maxTokens <= 0 {
		maxTokens = p.params.DefaultCompletion
	}
	return p.throughput.Weigh(prompt, cached, maxTokens)
}

// Admit brings a call to the deployment. Refused, wait is the time until the
// next call is admitted.
func (p *Provisioned) Admit(at time.Duration, prompt, cached, maxTokens int) (t Ticket, wait time.Duration, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	weight := p.estimate(prompt, cached, maxTokens)
	if wait, ok = p.bucket.Offer(at, weight); !ok {
		return Ticket{}, wait, false
	}
	return Ticket{weight: weight}, 0, true
}

// AdmitBelow is Admit for a class of calls that may only use the deployment up
// to a share of it: at or above limit (1 is 100 %) the call is refused and
// nothing is charged.
func (p *Provisioned) AdmitBelow(at time.Duration, limit float64, prompt, cached, maxTokens int) (t Ticket, wait time.Duration, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if over := p.bucket.Level(at) - limit*p.bucket.depth; over >= 0 {
		return Ticket{}, drainTime(over, p.bucket.rate), false
	}
	weight := p.estimate(prompt, cached, maxTokens)
	if wait, ok = p.bucket.Offer(at, weight); !ok {
		return Ticket{}, wait, false
	}
	return Ticket{weight: weight}, 0, true
}

// Settle corrects the charge of an admitted call to what it really used.
func (p *Provisioned) Settle(at time.Duration, t Ticket, prompt, cached, completion int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bucket.Correct(at, p.throughput.Weigh(prompt, cached, completion)-t.weight)
}

// Cancel gives the whole charge of a call back that did no work.
func (p *Provisioned) Cancel(at time.Duration, t Ticket) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bucket.Correct(at, -t.weight)
}

// Utilization returns the level as a share of the depth: 1 is 100 %.
func (p *Provisioned) Utilization(at time.Duration) float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.bucket.Utilization(at)
}

// Wait tells how long from at the next call has to wait, 0 when none.
func (p *Provisioned) Wait(at time.Duration) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.bucket.Wait(at)
}

// Resize gives the deployment another capacity or, after a migration, another
// model's throughput. Its utilization is kept.
func (p *Provisioned) Resize(at time.Duration, capacity int, t ptu.Throughput) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.capacity, p.throughput = capacity, t
	rate := t.PerSecond(capacity)
	p.bucket.Resize(at, rate, rate*p.params.Window.Seconds())
}

// Capacity returns the units that are deployed.
func (p *Provisioned) Capacity() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.capacity
}

// Observe sets the utilization to what the deployment itself reports.
func (p *Provisioned) Observe(at time.Duration, utilization float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bucket.Observe(at, utilization)
}

// ObserveFull tells that the deployment refused a call and asked to wait.
func (p *Provisioned) ObserveFull(at, wait time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bucket.ObserveFull(at, wait)
}
