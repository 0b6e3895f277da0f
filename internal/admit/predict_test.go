package admit

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/ptu"
)

// scene is a Poisson load on one provisioned deployment behind a predictor
// that knows neither the depth of its bucket nor what it assumes of a call
// without a maximum. Everything runs on one clock of its own.
type scene struct {
	load             float64 // share of the deployment's throughput
	realWindow       time.Duration
	assumedWindow    time.Duration
	realDefault      int
	assumedDefault   int
	reports          bool // whether answers carry the utilization
	predict          bool
	calls            int
	seed             uint64
	foreign          float64 // share of the throughput that others use, unseen
	withoutMaxTokens bool
}

type outcome struct {
	sent, served, spilled, refused int
	used                           float64
}

type finishing struct {
	at                 time.Duration
	prompt, completion int
	real               Ticket
	ours               Forecast
	foreign            bool
}

type finishings []finishing

func (h finishings) Len() int           { return len(h) }
func (h finishings) Less(i, j int) bool { return h[i].at < h[j].at }
func (h finishings) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *finishings) Push(x any)        { *h = append(*h, x.(finishing)) }
func (h *finishings) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}

func (s scene) run() outcome {
	const units = 50
	throughput := ptu.Throughput{InputTPMPerPTU: 2500, OutputRatio: 4}
	random := rand.New(rand.NewPCG(s.seed, 7))
	deployment := NewProvisioned(units, throughput, Parameters{Window: s.realWindow, DefaultCompletion: s.realDefault})
	predictor := NewPredictor(Prediction{Window: s.assumedWindow, DefaultCompletion: s.assumedDefault, Throughput: throughput, Capacity: units})
	const meanPrompt, meanCompletion = 400, 60
	perCall := throughput.Weigh(meanPrompt, 0, meanCompletion)
	gap := perCall / (throughput.PerSecond(units) * (s.load + s.foreign))

	var out outcome
	var running finishings
	var at, warm time.Duration
	settle := func(until time.Duration) {
		for len(running) > 0 && running[0].at <= until {
			f := heap.Pop(&running).(finishing)
			deployment.Settle(f.at, f.real, f.prompt, 0, f.completion)
			if f.at > warm {
				out.used += throughput.Weigh(f.prompt, 0, f.completion)
			}
			if f.foreign {
				continue
			}
			predictor.Settle(f.at, f.ours, f.prompt, 0, f.completion)
			if s.reports {
				predictor.Observe(f.at, deployment.Utilization(f.at))
			}
		}
	}
	for range s.calls {
		at += time.Duration(random.ExpFloat64() * gap * float64(time.Second))
		settle(at)
		prompt, completion := 100+random.IntN(2*meanPrompt-199), 10+random.IntN(2*meanCompletion-19)
		maxTokens := completion + random.IntN(100)
		if s.withoutMaxTokens {
			maxTokens = 0
		}
		f := finishing{at: at + 200*time.Millisecond + time.Duration(completion)*12*time.Millisecond, prompt: prompt, completion: completion}
		if f.foreign = random.Float64() < s.foreign/(s.load+s.foreign); f.foreign {
			var ok bool
			if f.real, _, ok = deployment.Admit(at, prompt, 0, maxTokens); ok {
				heap.Push(&running, f)
			}
			continue
		}
		out.sent++
		ok := true
		if s.predict {
			f.ours, _, ok = predictor.Admit(at, 1, prompt, maxTokens)
		}
		if !ok {
			out.spilled++
			continue
		}
		var wait time.Duration
		if f.real, wait, ok = deployment.Admit(at, prompt, 0, maxTokens); !ok {
			out.spilled++
			out.refused++
			if s.predict {
				predictor.Refused(at, wait, f.ours)
			}
			continue
		}
		out.served++
		heap.Push(&running, f)
	}
	out.used /= throughput.PerSecond(units) * at.Seconds()
	return out
}

func TestPredictionSparesRefusedAttempts(t *testing.T) {
	windows := []struct{ real, assumed time.Duration }{
		{10 * time.Second, 60 * time.Second}, {60 * time.Second, 10 * time.Second}, {10 * time.Second, 30 * time.Second}, {30 * time.Second, 30 * time.Second},
	}
	defaults := []struct{ real, assumed int }{{256, 128}, {128, 256}, {256, 512}, {200, 200}}
	for _, w := range windows {
		for _, d := range defaults {
			for _, reports := range []bool{false, true} {
				for _, bare := range []bool{false, true} {
					name := fmt.Sprintf("depth %v as %v, default %d as %d, reports %v, without maximum %v", w.real, w.assumed, d.real, d.assumed, reports, bare)
					s := scene{realWindow: w.real, assumedWindow: w.assumed, realDefault: d.real, assumedDefault: d.assumed,
						reports: reports, withoutMaxTokens: bare, predict: true, calls: 6_000, seed: 11}
					s.load = 1.3
					over := s.run()
					if share := float64(over.refused) / float64(over.spilled); share >= 0.05 {
						t.Errorf("%s: at 130 %%, %.1f %% of %d spilled calls paid for a refused attempt", name, 100*share, over.spilled)
					}
					if over.used < 0.95 {
						t.Errorf("%s: at 130 %%, the deployment is used to %.1f %%", name, 100*over.used)
					}
					s.load = 0.7
					if calm := s.run(); calm.spilled > 0 {
						t.Errorf("%s: at 70 %%, %d of %d calls spill", name, calm.spilled, calm.sent)
					}
					t.Logf("%s: %d spilled, %d refused, used %.3f", name, over.spilled, over.refused, over.used)
				}
			}
		}
	}
}

func TestWithoutPredictionEverySpillPays(t *testing.T) {
	s := scene{load: 1.3, realWindow: 10 * time.Second, assumedWindow: 60 * time.Second, realDefault: 256, assumedDefault: 256, calls: 6_000, seed: 3}
	out := s.run()
	if out.spilled == 0 || out.refused != out.spilled {
		t.Errorf("%d spilled, %d refused: without prediction they are the same", out.spilled, out.refused)
	}
}

// Others use the same deployment directly; the predictor sees them only by
// the refusals.
func TestPredictionLearnsOfOthers(t *testing.T) {
	s := scene{load: 0.9, foreign: 0.4, realWindow: 10 * time.Second, assumedWindow: 30 * time.Second, realDefault: 256, assumedDefault: 256, calls: 15_000, seed: 5, predict: true}
	out := s.run()
	if share := float64(out.refused) / float64(out.spilled); share >= 0.10 {
		t.Errorf("%.1f %% of %d spilled calls paid for a refused attempt", 100*share, out.spilled)
	}
	if out.used < 0.95 {
		t.Errorf("used to %.1f %%", 100*out.used)
	}
	t.Logf("%+v", out)
}

func TestReserveIsKeptForInteractiveCalls(t *testing.T) {
	p := NewPredictor(Prediction{Window: 10 * time.Second, DefaultCompletion: 100, Throughput: ptu.Throughput{InputTPMPerPTU: 6000, OutputRatio: 1}, Capacity: 1})
	for range 1000 {
		if _, _, ok := p.Admit(0, 0.8, 10, 1); !ok {
			break
		}
	}
	if u := p.Utilization(0); u < 0.8 || u > 0.82 {
		t.Errorf("batch calls fill the deployment to %.2f, want 0.8", u)
	}
	if _, wait, ok := p.Admit(0, 0.8, 10, 1); ok || wait <= 0 {
		t.Errorf("a batch call gets in beyond its share (wait %v)", wait)
	}
	if _, _, ok := p.Admit(0, 1, 10, 1); !ok {
		t.Error("an interactive call finds no room although a fifth is kept for it")
	}
}
