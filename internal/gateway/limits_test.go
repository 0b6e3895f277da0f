package gateway

import (
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/gateway/config"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// accountOf is an account of a process of its own.
func accountOf(limits config.Limits) *localAccount {
	l := newLocalLimits(func() time.Time { return noon })
	return l.account(Scope{Kind: KeyScope, Name: "a"}, limits)
}

// left is what is left of a limit, which must be set.
func left(t *testing.T, a Account, m Measure) int64 {
	t.Helper()
	l, ok := a.Left(noon, m)
	if !ok {
		t.Fatalf("no limit of %v", m)
	}
	return l.Remaining
}

// 64 concurrent calls of 200 tokens against 1,000 a minute: at most one over,
// however wrong the estimates are.
func TestTokenLimitHoldsUnderConcurrency(t *testing.T) {
	for _, estimate := range []int64{150, 200, 300, 5000} {
		a := accountOf(config.Limits{TokensPerMinute: 1000})
		var used atomic.Int64
		var wg sync.WaitGroup
		for range 64 {
			wg.Go(func() {
				var c Claim
				if a.seen.reserve(t.Context(), noon, estimate, &c) != nil {
					return
				}
				used.Add(200)
				c.settle(t.Context(), noon, 200)
			})
		}
		wg.Wait()
		if got := used.Load(); got > 1200 || got < 200 {
			t.Errorf("estimate %d: %d tokens used of 1000", estimate, got)
		}
	}
}

func TestRefusalClaimsNothing(t *testing.T) {
	a := accountOf(config.Limits{TokensPerMinute: 1000, RequestsPerMinute: 2, Concurrent: 3, TokensPerDay: 500, TokensPerMonth: 10_000})
	reserve := func(tokens int64) (c Claim, r *Refusal) {
		r = a.seen.reserve(t.Context(), noon, tokens, &c)
		return c, r
	}
	first, refused := reserve(400)
	if refused != nil {
		t.Fatal("refused below every limit")
	}
	if _, r := reserve(400); r == nil || *r != (Refusal{TokensPerDay, 12 * time.Hour}) {
		t.Errorf("%+v", r)
	}
	if got := left(t, a, TokensPerMinute); got != 600 {
		t.Errorf("the refused call holds tokens: %d left", got)
	}
	if got := left(t, a, ConcurrentCalls); got != 2 {
		t.Errorf("%d more calls may run", got)
	}
	first.settle(t.Context(), noon, 100)
	for m, want := range map[Measure]int64{TokensPerDay: 400, TokensPerMonth: 9900, TokensPerMinute: 900, ConcurrentCalls: 3, RequestsPerMinute: 1} {
		if got := left(t, a, m); got != want {
			t.Errorf("%v: %d left, want %d", m, got, want)
		}
	}
	if _, r := reserve(100); r != nil {
		t.Fatal("second request refused")
	}
	if _, r := reserve(100); r == nil || r.Measure != RequestsPerMinute {
		t.Errorf("third request: %+v", r)
	}
}

// What is spent outlives a change of limits, also of one that goes and comes back.
func TestSpentSurvivesNewConfiguration(t *testing.T) {
	l := newLocalLimits(func() time.Time { return noon })
	scope := Scope{Kind: KeyScope, Name: "a"}
	var held Claim
	if r := l.account(scope, config.Limits{TokensPerMinute: 1000, Concurrent: 5, TokensPerDay: 5000}).seen.reserve(t.Context(), noon, 800, &held); r != nil {
		t.Fatal(r)
	}
	now := l.account(scope, config.Limits{TokensPerMinute: 900, Concurrent: 1})
	if got := left(t, now, TokensPerMinute); got != 100 {
		t.Errorf("%d left of 900 after 800 were claimed before", got)
	}
	if r := now.seen.reserve(t.Context(), noon, 10, &Claim{}); r == nil || r.Measure != ConcurrentCalls {
		t.Errorf("the running call is forgotten: %+v", r)
	}
	held.settle(t.Context(), noon, 50)
	if got := left(t, now, TokensPerMinute); got != 850 {
		t.Errorf("%d left after the old call settled", got)
	}
	if got := left(t, l.account(scope, config.Limits{TokensPerDay: 4000}), TokensPerDay); got != 3950 {
		t.Errorf("%d left of a day's limit that was gone for a while", got)
	}
}

// Limits of one's own cost a call no memory.
func TestAccountsAllocateNothing(t *testing.T) {
	l := newLocalLimits(func() time.Time { return noon })
	limits := config.Limits{TokensPerMinute: 1e6, RequestsPerMinute: 1e6, Concurrent: 5, TokensPerDay: 1e9, TokensPerMonth: 1e9}
	scope := Scope{AddressScope, "192.0.2.1", "p"}
	c := new(Claim)
	ctx := t.Context()
	if n := testing.AllocsPerRun(100, func() {
		a := &l.account(scope, limits).seen
		if a.near(noon, 10) || a.reserve(ctx, noon, 10, c) != nil {
			t.Fatal("refused")
		}
		c.settle(ctx, noon, 5)
		*c = Claim{}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestAddressesAreBounded(t *testing.T) {
	now := noon
	l := newLocalLimits(func() time.Time { return now })
	limits := config.Limits{RequestsPerMinute: 1}
	of := func(address, product string) *localAccount {
		return l.account(Scope{AddressScope, address, product}, limits)
	}
	first := of("192.0.2.1", "p")
	if of("192.0.2.1", "p") != first {
		t.Error("one address, two accounts")
	}
	if of("192.0.2.1", "q") == first {
		t.Error("two products, one account")
	}
	for i := range maxAddresses + 100 {
		of(strconv.Itoa(i), "p")
	}
	if n := len(l.addresses); n > maxAddresses || n < maxAddresses/2 {
		t.Errorf("%d addresses are held", n)
	}
	now = now.Add(2 * time.Minute)
	for i := range maxAddresses {
		of("later "+strconv.Itoa(i), "p")
	}
	if _, ok := l.addresses[Scope{AddressScope, "later 0", "p"}]; !ok || len(l.addresses) > maxAddresses {
		t.Errorf("those that call went, and not those that had been quiet; %d are held", len(l.addresses))
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
