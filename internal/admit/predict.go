package admit

import (
	"sync"
	"time"

	"github.com/azptu/azptu/internal/ptu"
)

// Prediction is what the predictor of a provisioned deployment assumes.
type Prediction struct {
	Window            time.Duration // assumed depth of the deployment's bucket
	DefaultCompletion int           // expected completion of a call that sets no maximum, until calls have shown
	Throughput        ptu.Throughput
	Capacity          int
}

// Predictor foresees whether a provisioned deployment has room for a call. It
// keeps the same bucket as the deployment does, fills it with the calls that
// are sent there, and corrects it by what the deployment says: refusals with
// their retry-after, reported utilization, tokens used.
//
// Nobody outside knows the depth of the real bucket, nor what it assumes of
// calls without a maximum, nor who else uses the deployment. So the predictor
// does not trust its own threshold: it moves it until a small share of the
// calls it decides about near the threshold is refused. Each refusal that it
// did not foresee lowers the threshold, each call it turns away raises it a
// little, in the proportion that is wanted (refusedShare). The bucket of a
// deployment kept that close to full never runs dry, so nothing that was paid
// for is left unused.
//
// It is safe for concurrent use; times are since an origin of the caller's.
type Predictor struct {
	mu     sync.Mutex
	bucket Bucket
	assume Prediction
	depth  float64 // level of 100 %, in normalized tokens
	rate   float64 // normalized tokens drained per second
	margin float64 // how far below the depth calls are turned away already; normalized tokens
	usual  float64 // completion that calls without a maximum lately had; tokens
}

const (
	// refusedShare is the share of spilled calls that may have paid for a
	// refused attempt first.
	refusedShare = 0.02
	// marginStep is how far one refusal lowers the threshold, as a share of the
	// depth.
	marginStep = 0.1
	// marginMost bounds how far below the depth the threshold may go.
	marginMost = 0.6
	// observedShare is how much of a reported utilization is believed at once:
	// a report is older than the calls that were sent since.
	observedShare = 0.2
	// learnedShare is how much one call without a maximum changes what is
	// expected of the next.
	learnedShare = 1.0 / 32
)

// NewPredictor returns a predictor of an idle deployment.
func NewPredictor(p Prediction) *Predictor {
	r := &Predictor{}
	r.assume = p
	r.usual = float64(p.DefaultCompletion)
	r.rate = p.Throughput.PerSecond(p.Capacity)
	r.depth = r.rate * p.Window.Seconds()
	r.bucket = NewBucket(r.rate, r.depth)
	return r
}

// Forecast is the claim of one call that was sent. It is given back once, by
// Settle or Cancel.
type Forecast struct {
	weight float64
	open   bool // the call sets no maximum
}

// Admit asks for room at time at for a call of prompt tokens that allows
// itself maxTokens of completion (0: unknown). share is how much of the
// deployment the call's class may use, 1 being all. Turned away, wait is when
// there will be room.
func (p *Predictor) Admit(at time.Duration, share float64, prompt, maxTokens int) (t Forecast, wait time.Duration, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	full := p.bucket.Level(at) - p.depth
	if over := full + p.margin + (1-share)*p.depth; over >= 0 {
		if full+p.margin >= 0 {
			p.relax(at)
		}
		return Forecast{}, p.drain(over), false
	}
	t = p.claim(prompt, maxTokens)
	p.bucket.Correct(at, t.weight)
	return t, 0, true
}

// Send books a call that is sent whatever the prediction says.
func (p *Predictor) Send(at time.Duration, prompt, maxTokens int) Forecast {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.claim(prompt, maxTokens)
	p.bucket.Correct(at, t.weight)
	return t
}

func (p *Predictor) claim(prompt, maxTokens int) Forecast {
	t := Forecast{open: maxTokens <= 0}
	if t.open {
		maxTokens = int(p.usual)
	}
	t.weight = p.assume.Throughput.Weigh(prompt, 0, maxTokens)
	return t
}

// relax raises the threshold a little: a call was turned away, so the
// prediction may be too careful. With no margin left the level itself is
// doubted.
func (p *Predictor) relax(at time.Duration) {
	step := marginStep * p.depth * refusedShare / (1 - refusedShare)
	if p.margin >= step {
		p.margin -= step
		return
	}
	p.bucket.Correct(at, p.margin-step)
	p.margin = 0
}

func (p *Predictor) drain(over float64) time.Duration {
	if p.rate <= 0 {
		return MaxWait
	}
	return min(time.Duration(over/p.rate*float64(time.Second))+time.Microsecond, MaxWait)
}

// Refused reports that the deployment refused the call of t and asked to wait.
func (p *Predictor) Refused(at, wait time.Duration, _ Forecast) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bucket.ObserveFull(at, wait)
	p.margin = min(p.margin+marginStep*p.depth, marginMost*p.depth)
}

// Settle corrects the claim of an answered call to what it used.
func (p *Predictor) Settle(at time.Duration, t Forecast, prompt, cached, completion int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t.open {
		p.usual += learnedShare * (float64(completion) - p.usual)
	}
	p.bucket.Correct(at, p.assume.Throughput.Weigh(prompt, cached, completion)-t.weight)
}

// Cancel gives the claim of a call back that did no work.
func (p *Predictor) Cancel(at time.Duration, t Forecast) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bucket.Correct(at, -t.weight)
}

// Observe takes note of the utilization (1 is 100 %) that the deployment
// itself reports.
func (p *Predictor) Observe(at time.Duration, utilization float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !(utilization >= 0 && utilization < 100) {
		return
	}
	p.bucket.Correct(at, observedShare*(utilization*p.depth-p.bucket.Level(at)))
}

// Utilization is how full the deployment is believed to be; 1 is 100 %.
func (p *Predictor) Utilization(at time.Duration) float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.bucket.Utilization(at)
}

// Weigh returns the normalized tokens of a finished call.
func (p *Predictor) Weigh(prompt, cached, completion int) float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.assume.Throughput.Weigh(prompt, cached, completion)
}

// Resize changes what is assumed; utilization and margin are kept as shares.
func (p *Predictor) Resize(at time.Duration, a Prediction) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.assume == a {
		return
	}
	share := 0.0
	if p.depth > 0 {
		share = p.margin / p.depth
	}
	p.assume = a
	p.rate = a.Throughput.PerSecond(a.Capacity)
	p.depth = p.rate * a.Window.Seconds()
	p.bucket.Resize(at, p.rate, p.depth)
	p.margin = share * p.depth
}
