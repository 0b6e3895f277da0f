package gateway

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/gateway/config"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// 64 concurrent calls of 200 tokens against 1,000 a minute: at most one over,
// however wrong the estimates are.
func TestTokenLimitHoldsUnderConcurrency(t *testing.T) {
	for _, estimate := range []int64{150, 200, 300, 5000} {
		l := limiterFrom(nil, "key a", config.Limits{TokensPerMinute: 1000})
		var used atomic.Int64
		var wg sync.WaitGroup
		for range 64 {
			wg.Go(func() {
				h, _, ok := l.reserve(noon, 0, estimate)
				if !ok {
					return
				}
				used.Add(200)
				h.settle(noon, 0, 200)
			})
		}
		wg.Wait()
		if got := used.Load(); got > 1200 || got < 200 {
			t.Errorf("estimate %d: %d tokens used of 1000", estimate, got)
		}
	}
}

func TestRefusalClaimsNothing(t *testing.T) {
	l := limiterFrom(nil, "product p", config.Limits{TokensPerMinute: 1000, RequestsPerMinute: 2, Concurrent: 3, TokensPerDay: 500, TokensPerMonth: 10_000})
	first, _, ok := l.reserve(noon, 0, 400)
	if !ok {
		t.Fatal("refused below every limit")
	}
	if _, r, ok := l.reserve(noon, 0, 400); ok || r.what != "tokens per day" || r.wait != 12*time.Hour || r.scope != "product p" {
		t.Errorf("admitted %v: %+v", ok, r)
	}
	if got := l.tokens.Remaining(0); got != 600 {
		t.Errorf("the refused call holds tokens: %d left", got)
	}
	if l.concurrent.Running() != 1 {
		t.Errorf("%d calls run", l.concurrent.Running())
	}
	first.settle(noon, 0, 100)
	if l.day.Remaining(noon) != 400 || l.month.Remaining(noon) != 9900 || l.tokens.Remaining(0) != 900 || l.concurrent.Running() != 0 {
		t.Error("what was settled is not what was used")
	}
	if _, _, ok := l.reserve(noon, 0, 100); !ok {
		t.Fatal("second request refused")
	}
	if _, r, ok := l.reserve(noon, 0, 100); ok || r.what != "requests per minute" {
		t.Errorf("third request: %v %+v", ok, r)
	}
}

func TestLimiterSurvivesNewConfiguration(t *testing.T) {
	old := limiterFrom(nil, "key a", config.Limits{TokensPerMinute: 1000, Concurrent: 5})
	held, _, _ := old.reserve(noon, 0, 800)
	now := limiterFrom(old, "key a", config.Limits{TokensPerMinute: 900, Concurrent: 1})
	if got := now.tokens.Remaining(0); got != 100 {
		t.Errorf("%d left of 900 after 800 were claimed before", got)
	}
	if _, r, ok := now.reserve(noon, 0, 10); ok || r.what != "concurrent calls" {
		t.Errorf("the running call is forgotten: %v %+v", ok, r)
	}
	held.settle(noon, 0, 50)
	if got := now.tokens.Remaining(0); got != 850 {
		t.Errorf("%d left after the old call settled", got)
	}
}

func TestAddressesAreBounded(t *testing.T) {
	var a addresses
	limits := config.Limits{RequestsPerMinute: 1}
	if a.of("192.0.2.1", limits, 0) != a.of("192.0.2.1", limits, time.Second) {
		t.Error("one address, two limiters")
	}
	for i := range maxAddresses + 100 {
		a.of(string(rune(i+1000)), limits, time.Duration(i))
	}
	if len(a.seen) > maxAddresses {
		t.Errorf("%d addresses are held", len(a.seen))
	}
}

// A call that was let out of the waiting room and refused all the same keeps
// its place, so that later ones do not pass it for ever; one that is not refused
// soon makes way.
func TestWaitingCallsKeepTheirTurn(t *testing.T) {
	r := newRoom()
	first, _ := r.enter("p", 0, 2)
	second, _ := r.enter("p", 0, 2)
	if _, ok := r.enter("p", 0, 2); ok {
		t.Error("more wait than may")
	}
	admit := func() (time.Duration, bool) { return 0, true }
	gone := make(chan error, 1)
	go func() { gone <- r.wait(t.Context(), second, 0, admit) }()
	for range 3 { // refused again and again
		if err := r.wait(t.Context(), first, time.Millisecond, admit); err != nil {
			t.Fatal(err)
		}
		r.letGo(first)
		r.back(first)
		select {
		case <-gone:
			t.Fatal("the second passed the first, which was refused")
		case <-time.After(5 * time.Millisecond):
		}
	}
	if err := r.wait(t.Context(), first, 0, admit); err != nil {
		t.Fatal(err)
	}
	r.letGo(first)
	if err := <-gone; err != nil { // the first is being answered
		t.Fatal(err)
	}
	r.back(first) // and is refused after all
	if !r.first(first) {
		t.Error("it does not stand where it stood")
	}
	r.leave(first)
	r.leave(second)
	r.leave(second)
	if r.waiting(1) != 0 || len(r.count) != 0 {
		t.Errorf("%d still wait, %v", r.waiting(1), r.count)
	}
}

func TestInteractiveCallsGoBeforeBatch(t *testing.T) {
	r := newRoom()
	batch, _ := r.enter("b", 1, 3)
	person, _ := r.enter("p", 0, 3)
	order := make(chan string, 2)
	gone := make(chan error)
	go func() {
		gone <- r.wait(t.Context(), batch, 0, func() (time.Duration, bool) { order <- "batch"; return 0, true })
	}()
	if err := r.wait(t.Context(), person, 20*time.Millisecond, func() (time.Duration, bool) { order <- "person"; return 0, true }); err != nil {
		t.Fatal(err)
	}
	r.leave(person)
	if err := <-gone; err != nil {
		t.Fatal(err)
	}
	if a, b := <-order, <-order; a != "person" || b != "batch" {
		t.Errorf("let go: %s, %s", a, b)
	}
}
