package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/call"
	"github.com/azptu/azptu/internal/gateway/config"
)

// counterStore is a store of limits as one on the network would be: it knows
// requests and tokens a minute, numbers what it grants, and can be unreachable.
type counterStore struct {
	mu     sync.Mutex
	used   map[Scope]*counted
	grants int
	open   map[int]int64 // grants that are not settled, with their tokens
	down   atomic.Bool
	asked  atomic.Int64
}

type counted struct{ tokens, requests int64 }

type counterAccount struct {
	store  *counterStore
	scope  Scope
	limits config.Limits
}

func (s *counterStore) Account(scope Scope, limits config.Limits) Account {
	return counterAccount{s, scope, limits}
}

var errDown = errors.New("connection refused")

func (a counterAccount) Reserve(ctx context.Context, _ time.Time, tokens int64, c *Claim) (*Refusal, error) {
	s := a.store
	s.asked.Add(1)
	if s.down.Load() {
		<-ctx.Done() // a store that hangs is worse than one that refuses
		return nil, errDown
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.of(a.scope)
	if limit := a.limits.TokensPerMinute; limit > 0 && u.tokens+tokens > limit {
		return &Refusal{TokensPerMinute, 7 * time.Second}, nil
	}
	if limit := a.limits.RequestsPerMinute; limit > 0 && u.requests >= limit {
		return &Refusal{RequestsPerMinute, 9 * time.Second}, nil
	}
	u.tokens, u.requests = u.tokens+tokens, u.requests+1
	s.grants++
	s.open[s.grants] = tokens
	c.Note = s.grants
	return nil, nil
}

func (a counterAccount) Settle(ctx context.Context, _ time.Time, used int64, c *Claim) error {
	s := a.store
	if s.down.Load() {
		return errDown
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.of(a.scope).tokens += used - s.open[c.Note.(int)]
	delete(s.open, c.Note.(int))
	return ctx.Err()
}

func (a counterAccount) Left(_ time.Time, m Measure) (Left, bool) {
	a.store.mu.Lock()
	defer a.store.mu.Unlock()
	u := a.store.of(a.scope)
	switch {
	case m == TokensPerMinute && a.limits.TokensPerMinute > 0:
		return Left{a.limits.TokensPerMinute, a.limits.TokensPerMinute - u.tokens, time.Minute}, true
	case m == RequestsPerMinute && a.limits.RequestsPerMinute > 0:
		return Left{a.limits.RequestsPerMinute, a.limits.RequestsPerMinute - u.requests, time.Minute}, true
	}
	return Left{}, false
}

func (s *counterStore) of(scope Scope) *counted {
	if s.used == nil {
		s.used, s.open = map[Scope]*counted{}, map[int]int64{}
	}
	if s.used[scope] == nil {
		s.used[scope] = &counted{}
	}
	return s.used[scope]
}

const storeLimits = "products:\n  - {name: chat, pools: [gpt-4o], perAddress: {requestsPerMinute: 1000}}\nkeys:\n" +
	"  - {name: team-a, product: chat, secret: \"env:TEAM_A_KEY\", limits: {tokensPerMinute: %d, requestsPerMinute: %d}}\n"

// Limits kept in a store that two gateways share hold over both of them.
func TestASharedStoreHoldsLimitsOverGateways(t *testing.T) {
	shared := &counterStore{}
	u := newUpstream(t, answers)
	var gateways []*bench
	for range 2 {
		gateways = append(gateways, benchWith(t, configText(fmt.Sprintf(storeLimits, 1_000_000, 40), u), Options{Limits: shared}))
	}
	var ok, refused atomic.Int64
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			res, text, err := gateways[i%2].post(t, chatPath, chatBody)
			switch {
			case err == nil && res.StatusCode == http.StatusOK && res.Header.Get("X-Ratelimit-Limit-Requests") == "40":
				ok.Add(1)
			case err == nil && res.StatusCode == http.StatusTooManyRequests && res.Header.Get("Retry-After-Ms") == "9000" && strings.Contains(text, "key team-a has used up its requests per minute"):
				refused.Add(1)
			default:
				t.Errorf("%v %v %s", err, res, text)
			}
		})
	}
	wg.Wait()
	if ok.Load() != 40 || refused.Load() != 24 {
		t.Errorf("%d served and %d refused of 64, 40 a minute are allowed to both together", ok.Load(), refused.Load())
	}
	for _, g := range gateways {
		g.log.next(t, 31) // all are settled
	}
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if got := *shared.used[Scope{Kind: KeyScope, Name: "team-a"}]; got != (counted{40 * 18, 40}) || len(shared.open) != 0 {
		t.Errorf("%+v is booked of 40 calls of 18 tokens; %d claims are open", got, len(shared.open))
	}
}

// While the store cannot be reached the limits hold in each gateway alone, and
// no call waits for it but the one that finds out.
func TestAStoreThatCannotBeReached(t *testing.T) {
	shared := &counterStore{}
	u := newUpstream(t, answers)
	b := benchWith(t, configText(fmt.Sprintf(storeLimits, 1_000_000, 3), u), Options{Limits: shared})
	shared.down.Store(true)
	for i, want := range []int{200, 200, 200, 429} {
		res, text, err := b.post(t, chatPath, chatBody)
		if err != nil || res.StatusCode != want || res.Header.Get("X-Ratelimit-Remaining-Requests") != []string{"2", "1", "0", "0"}[i] {
			t.Fatalf("call %d: %v %v %s", i, err, res, text)
		}
	}
	if n := shared.asked.Load(); n > 3 {
		t.Errorf("a store that does not answer was asked %d times within a second", n)
	}
	page := httptest.NewRecorder()
	b.Probe().ServeHTTP(page, httptest.NewRequest("GET", "/metrics", nil))
	if text := page.Body.String(); !strings.Contains(text, "\nazptu_gateway_limit_store_failures_total ") || strings.Contains(text, "\nazptu_gateway_limit_store_failures_total 0") {
		t.Errorf("the failures are not told: %s", text)
	}
	shared.down.Store(false)
	for i := 0; ; i++ { // it is asked again soon, where the key has used nothing
		if res, _, err := b.post(t, chatPath, chatBody); err == nil && res.StatusCode == 200 {
			break
		}
		if i == 500 {
			t.Fatal("the store is not asked again")
		}
		time.Sleep(10 * time.Millisecond)
	}
	if rec := b.log.next(t, 0); rec.Counting != call.Reported || rec.Tokens() != 18 {
		t.Errorf("%+v", rec)
	}
}
