package admit

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/ptu"
)

var gpt4o = ptu.Throughput{InputTPMPerPTU: 2500, OutputRatio: 4}

func TestRetryAfterIsExact(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 10_000 {
		units := 15 + 5*random.IntN(200)
		rate := gpt4o.PerSecond(units)
		b := NewBucket(rate, rate*10)
		at := time.Duration(random.Int64N(int64(time.Hour)))
		var wait time.Duration
		for ok := true; ok; {
			wait, ok = b.Offer(at, random.Float64()*rate*8)
			at += time.Duration(random.Int64N(int64(50 * time.Millisecond)))
			if !ok {
				at = b.last // the instant of the refusal
			}
		}
		ms := time.Duration(RetryAfterMilliseconds(wait)) * time.Millisecond
		early, then := b, b
		if _, ok := early.Offer(at+ms-5*time.Millisecond, 1); ok && ms >= 5*time.Millisecond {
			t.Fatalf("admitted 5 ms before the %v it was told to wait", ms)
		}
		if _, ok := then.Offer(at+ms, 1); !ok {
			t.Fatalf("refused after the %v it was told to wait: level %v of %v", ms, then.level, then.depth)
		}
	}
}

// Whatever traffic comes, admitted work stays within what drained plus one
// bucket and one call.
func TestAdmittedWorkIsBounded(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		p := NewProvisioned(15+5*random.IntN(40), gpt4o, Parameters{Window: time.Duration(1+random.IntN(60)) * time.Second, DefaultCompletion: 1})
		rate := gpt4o.PerSecond(p.Capacity())
		type running struct {
			t        Ticket
			cancel   bool
			prompt   int
			used     int
			finishes time.Duration
		}
		var inflight []running
		var at time.Duration
		var done, largest float64
		for range 2000 {
			at += time.Duration(random.ExpFloat64() * float64(40*time.Millisecond))
			keep := inflight[:0]
			for _, r := range inflight {
				switch {
				case r.finishes > at:
					keep = append(keep, r)
				case r.cancel:
					p.Cancel(at, r.t)
				default:
					p.Settle(at, r.t, r.prompt, 0, r.used)
					done += gpt4o.Weigh(r.prompt, 0, r.used)
				}
			}
			inflight = keep
			prompt, limit := 1+random.IntN(4000), 1+random.IntN(1000)
			if ticket, wait, ok := p.Admit(at, prompt, 0, limit); ok {
				largest = max(largest, ticket.Weight())
				inflight = append(inflight, running{ticket, random.IntN(10) == 0, prompt, random.IntN(limit + 1), at + time.Duration(random.Int64N(int64(20*time.Second)))})
			} else if wait <= 0 {
				t.Fatalf("refused without a time to wait")
			}
			if bound := rate*at.Seconds() + rate*p.params.Window.Seconds() + largest; done > bound {
				t.Fatalf("%v normalized tokens done by %v, at most %v can be", done, at, bound)
			}
		}
	}
}

func TestCancelReturnsCapacity(t *testing.T) {
	p := NewProvisioned(15, gpt4o, Assumed())
	ticket, _, ok := p.Admit(0, 1000, 0, 4000)
	if !ok || p.Utilization(0) <= 1 {
		t.Fatalf("a large call is admitted by an idle deployment and fills it: %v, %v", ok, p.Utilization(0))
	}
	if _, wait, ok := p.Admit(0, 1, 0, 1); ok || wait <= 0 {
		t.Fatalf("a full deployment refuses: ok %v, wait %v", ok, wait)
	}
	p.Cancel(0, ticket)
	if got := p.Utilization(0); got != 0 {
		t.Errorf("utilization %v after the only call was cancelled", got)
	}
}

func TestCachedTokensAreFreeAndGuessIsCorrected(t *testing.T) {
	p := NewProvisioned(100, gpt4o, Parameters{Window: 10 * time.Second, DefaultCompletion: 500})
	if got := p.Estimate(3000, 2048, 100); got != 952+400 {
		t.Errorf("estimate %v", got)
	}
	ticket, _, _ := p.Admit(0, 1000, 0, 0)
	if ticket.Weight() != 3000 {
		t.Errorf("a call without a maximum is charged %v", ticket.Weight())
	}
	p.Settle(0, ticket, 1000, 0, 10)
	if got, want := p.Utilization(0), 1040/(gpt4o.PerSecond(100)*10); got != want {
		t.Errorf("utilization %v after correction, want %v", got, want)
	}
}

func TestObserveAndResize(t *testing.T) {
	p := NewProvisioned(50, gpt4o, Assumed())
	p.ObserveFull(0, 3*time.Second)
	if wait := p.Wait(0); RetryAfterMilliseconds(wait) != 3001 && RetryAfterMilliseconds(wait) != 3000 {
		t.Errorf("told to wait 3 s, waits %v", wait)
	}
	p.Observe(0, 0.874)
	if got := p.Utilization(0); got != 0.874 {
		t.Errorf("utilization %v", got)
	}
	p.Resize(0, 100, gpt4o)
	if got := p.Utilization(0); got < 0.873 || got > 0.875 {
		t.Errorf("utilization %v after a resize", got)
	}
	if got := p.Utilization(-time.Hour); got < 0.873 {
		t.Errorf("a clock stepping back drained the bucket to %v", got)
	}
}

func TestReserveForAnotherClass(t *testing.T) {
	p := NewProvisioned(100, gpt4o, Assumed())
	p.Observe(0, 0.8)
	if _, wait, ok := p.AdmitBelow(0, 0.7, 10, 0, 10); ok || wait <= 0 {
		t.Errorf("a batch call entered the reserve: ok %v, wait %v", ok, wait)
	}
	if _, _, ok := p.Admit(0, 10, 0, 10); !ok {
		t.Error("an interactive call was refused")
	}
	if _, _, ok := p.AdmitBelow(2*time.Second, 0.7, 10, 0, 10); !ok {
		t.Error("a batch call was refused below its share")
	}
}

func TestZeroCapacityNeverAdmits(t *testing.T) {
	p := NewProvisioned(0, gpt4o, Assumed())
	if _, wait, ok := p.Admit(0, 1, 0, 1); ok || wait != MaxWait {
		t.Errorf("ok %v, wait %v", ok, wait)
	}
}

func TestLeakyShowsWhatAzureShows(t *testing.T) {
	l := NewLeaky(120_000, time.Minute)
	if _, ok := l.Reserve(0, 14); !ok {
		t.Fatal("refused")
	}
	if l.Remaining(0) != 119_986 || l.Reset(0) != 7*time.Millisecond {
		t.Errorf("remaining %d, reset %v; recorded 119986 and 7 ms", l.Remaining(0), l.Reset(0))
	}
	if wait, ok := l.Reserve(0, 120_001); ok || wait != MaxWait {
		t.Errorf("more than the whole limit: ok %v, wait %v", ok, wait)
	}
	wait, ok := l.Reserve(0, 120_000)
	if ok {
		t.Fatal("fits beside 14 others")
	}
	if _, ok := l.Reserve(wait, 120_000); !ok {
		t.Errorf("refused after the %v it was told to wait", wait)
	}
}

func TestWindowHolds(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	w := NewWindow(1000, time.Minute)
	type taken struct {
		at time.Duration
		n  int64
	}
	var log []taken
	var at time.Duration
	for range 20_000 {
		at += time.Duration(random.ExpFloat64() * float64(200*time.Millisecond))
		n := int64(1 + random.IntN(200))
		c, wait, ok := w.Reserve(at, n)
		if !ok {
			if wait <= 0 {
				t.Fatalf("refused %d of %d without a wait", n, w.Remaining(at))
			}
			continue
		}
		used := random.Int64N(n + 1)
		w.Settle(at, c, used)
		log = append(log, taken{at, used})
	}
	var sum int64
	for head, tail := 0, 0; head < len(log); head++ {
		sum += log[head].n
		for ; log[tail].at <= log[head].at-time.Minute; tail++ {
			sum -= log[tail].n
		}
		if sum > 1000 {
			t.Fatalf("%d in the minute before %v", sum, log[head].at)
		}
	}
	if len(log) < 100 {
		t.Errorf("only %d were let in", len(log))
	}
}

func TestWindowWaitIsEnough(t *testing.T) {
	w := NewWindow(100, time.Minute)
	w.Reserve(0, 60)
	w.Reserve(30*time.Second, 40)
	_, wait, ok := w.Reserve(31*time.Second, 50)
	if ok {
		t.Fatal("fits")
	}
	if _, _, ok := w.Reserve(31*time.Second+wait, 50); !ok {
		t.Errorf("refused after the %v it was told to wait", wait)
	}
	if _, _, ok := w.Reserve(31*time.Second+wait-2*time.Second, 50); ok {
		t.Errorf("told to wait %v, but it fits earlier", wait)
	}
	if w.Reset(0) <= 0 || w.Limit() != 100 {
		t.Error("reset or limit wrong")
	}
}

func TestWindowUnderConcurrency(t *testing.T) {
	w := NewWindow(1000, time.Minute)
	var admitted atomic.Int64
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			if _, _, ok := w.Reserve(time.Second, 200); ok {
				admitted.Add(1)
			}
		})
	}
	wg.Wait()
	if admitted.Load() != 5 {
		t.Errorf("%d calls of 200 tokens were let in by 1,000 tokens per minute", admitted.Load())
	}
}

func TestConcurrency(t *testing.T) {
	c := NewConcurrency(3)
	var most, running atomic.Int64
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			for range 100 {
				if !c.Enter() {
					continue
				}
				n := running.Add(1)
				for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
				}
				running.Add(-1)
				c.Leave()
			}
		})
	}
	wg.Wait()
	if most.Load() > 3 || c.Running() != 0 {
		t.Errorf("%d ran at once, %d still in", most.Load(), c.Running())
	}
	c.Resize(0)
	if c.Enter() {
		t.Error("a limit of none let one in")
	}
}

func BenchmarkBucketOffer(b *testing.B) {
	bucket := NewBucket(5000, 50_000)
	var at time.Duration
	for b.Loop() {
		at += 50 * time.Microsecond
		bucket.Offer(at, 1000)
	}
}

func BenchmarkProvisionedAdmitSettle(b *testing.B) {
	p := NewProvisioned(1000, gpt4o, Assumed())
	var at time.Duration
	for b.Loop() {
		at += 50 * time.Millisecond
		if t, _, ok := p.Admit(at, 1000, 0, 100); ok {
			p.Settle(at, t, 1000, 0, 50)
		}
	}
}
