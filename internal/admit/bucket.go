// Package admit decides who gets in. It models the utilization bucket by which
// a provisioned deployment admits or refuses calls, the tokens- and
// requests-per-minute limits of standard deployments, rolling windows and
// concurrency limits. Everything is pure: time is an argument, so that the
// emulator (to throttle), the gateway (to predict) and the simulator (to plan)
// run one and the same model, live or on a clock of their own.
//
// The bucket has two named modes. Charge-at-once adds the true weight of a
// call when it arrives, as a trace replay can. Estimate-then-correct, which
// Provisioned implements, adds an estimate on arrival and the difference when
// the call ends, as Microsoft describes the service (Azure OpenAI,
// "Provisioned throughput", text of 2024-08).
//
// Times are durations since an origin that the caller picks and keeps. A time
// before the last one seen counts as the last one, so that clocks stepping
// back never drain or fill anything.
package admit

import "time"

// Bucket is the utilization of one provisioned deployment: it fills with the
// normalized tokens of admitted calls and drains at the rate that was bought.
// A call is admitted while the level is below the depth, whatever its own
// weight, so a burst may end a little above 100 %. The zero Bucket admits
// nothing. A Bucket is not safe for concurrent use; Provisioned is.
type Bucket struct {
	rate  float64       // normalized tokens drained per second
	depth float64       // level of 100 % utilization, normalized tokens
	level float64       // normalized tokens not yet drained, at time last
	last  time.Duration // when level was true
}

// NewBucket returns an empty bucket that drains rate normalized tokens per
// second and is full at depth of them.
func NewBucket(rate, depth float64) Bucket {
	return Bucket{rate: max(rate, 0), depth: max(depth, 0)}
}

// Offer brings a call of the given weight to the bucket at time at. Admitted,
// its weight is added. Refused, wait is the time after which the next call is
// admitted if nothing else arrives; it is MaxWait when that is never.
func (b *Bucket) Offer(at time.Duration, weight float64) (wait time.Duration, ok bool) {
	b.drain(at)
	if b.level >= b.depth {
		return b.wait(), false
	}
	b.level += max(weight, 0)
	return 0, true
}

// Correct adds delta, the true weight of a finished call less what was charged
// for it. The level never falls below zero: what has drained is spent.
func (b *Bucket) Correct(at time.Duration, delta float64) {
	b.drain(at)
	b.level = max(b.level+delta, 0)
}

// Wait tells how long from at the next call has to wait, 0 when it would be
// admitted now.
func (b *Bucket) Wait(at time.Duration) time.Duration {
	b.drain(at)
	if b.level < b.depth {
		return 0
	}
	return b.wait()
}

// Level returns the normalized tokens in the bucket at time at.
func (b *Bucket) Level(at time.Duration) float64 {
	b.drain(at)
	return b.level
}

// Utilization returns the level as a share of the depth: 1 is 100 %.
func (b *Bucket) Utilization(at time.Duration) float64 {
	b.drain(at)
	if b.depth <= 0 {
		return 1
	}
	return b.level / b.depth
}

// Resize gives the bucket a new rate and depth from at on. The utilization is
// kept, not the level: a deployment twice as large that was full is full.
func (b *Bucket) Resize(at time.Duration, rate, depth float64) {
	share := b.Utilization(at)
	b.rate, b.depth = max(rate, 0), max(depth, 0)
	b.level = share * b.depth
}

// Observe sets the utilization to what somebody who knows it reports.
func (b *Bucket) Observe(at time.Duration, utilization float64) {
	b.drain(at)
	b.level = max(utilization, 0) * b.depth
}

// ObserveFull sets the level so that the next call is admitted after wait, as
// a refusal with a retry-after tells.
func (b *Bucket) ObserveFull(at, wait time.Duration) {
	b.drain(at)
	b.level = b.depth + b.rate*max(wait, 0).Seconds()
}

// MaxWait stands for "never": what has no rate does not drain.
const MaxWait = 24 * time.Hour

func (b *Bucket) drain(at time.Duration) {
	if at <= b.last {
		return
	}
	b.level = max(b.level-b.rate*float64(at-b.last)/float64(time.Second), 0)
	b.last = at
}

// wait assumes a drained bucket at or above its depth.
func (b *Bucket) wait() time.Duration {
	return drainTime(b.level-b.depth, b.rate)
}

// drainTime is how long rate takes for more than excess. The extra microsecond
// puts the result beyond the instant of equality, which is still refused, and
// beyond what floating point rounds away.
func drainTime(excess, rate float64) time.Duration {
	if rate <= 0 {
		return MaxWait
	}
	seconds := excess / rate
	if seconds >= MaxWait.Seconds() {
		return MaxWait
	}
	return time.Duration(seconds*float64(time.Second)) + time.Microsecond
}

// RetryAfterMilliseconds writes a wait as the retry-after-ms header does: whole
// milliseconds, rounded up, so that a call at that instant is admitted.
func RetryAfterMilliseconds(wait time.Duration) int64 {
	return int64((max(wait, 0) + time.Millisecond - 1) / time.Millisecond)
}

// RetryAfterSeconds writes a wait as the retry-after header does: whole
// seconds, rounded up.
func RetryAfterSeconds(wait time.Duration) int64 {
	return int64((max(wait, 0) + time.Second - 1) / time.Second)
}
