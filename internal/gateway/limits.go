package gateway

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/azptu/azptu/internal/gateway/config"
)

// Limits keeps what is spent of the configured limits. The one that a gateway
// makes for itself lives in its process (locallimits.go); one that several
// gateways share, given by Options, makes limits hold over all of them. It is
// safe for concurrent use.
type Limits interface {
	// Account finds what is spent of a scope, which is kept when its limits
	// change. It asks nobody and is cheap: addresses are looked up for each call.
	Account(Scope, config.Limits) Account
}

// Account is what is spent of the limits of one scope. It is safe for
// concurrent use.
type Account interface {
	// Reserve claims one request of so many tokens and notes in the claim, which
	// is empty, what Settle will need. Refused, nothing is claimed. An estimate
	// that is larger than a whole limit claims the whole: such a call gets in when
	// nothing else was used, and what it uses is booked. The error tells that the
	// account could not be reached, never that a limit is used up.
	Reserve(ctx context.Context, now time.Time, tokens int64, c *Claim) (*Refusal, error)

	// Settle corrects a claim to what was used and lets the call go. It is called
	// once for each claim, also when the client has left.
	Settle(ctx context.Context, now time.Time, used int64, c *Claim) error

	// Left tells from memory what is left of a limit; ok is false where none is
	// set. It asks nobody: a store elsewhere tells what its last answer said.
	Left(now time.Time, m Measure) (l Left, ok bool)
}

// Scope is what limits are of: a key, a product, a pool, or a caller's address
// as a product sees it.
type Scope struct {
	Kind    ScopeKind
	Name    string
	Product string // of an address
}

// ScopeKind is a kind of scope.
type ScopeKind string

// The kinds of scopes.
const (
	KeyScope     ScopeKind = "key"
	ProductScope ScopeKind = "product"
	PoolScope    ScopeKind = "pool"
	AddressScope ScopeKind = "address"
)

// String is the scope as clients are told of it: "key team-a".
func (s Scope) String() string { return string(s.Kind) + " " + s.Name }

// Measure is what a limit bounds.
type Measure int

// The measures.
const (
	TokensPerMinute Measure = iota
	RequestsPerMinute
	TokensPerDay
	TokensPerMonth
	ConcurrentCalls
	measures
)

var measureNames = [measures]string{"tokensPerMinute", "requestsPerMinute", "tokensPerDay", "tokensPerMonth", "concurrent"}

// String is the measure's key in gateway.yaml.
func (m Measure) String() string { return measureNames[m] }

var measureTexts = [measures]string{"tokens per minute", "requests per minute", "tokens per day", "tokens per month", "concurrent calls"}

// Left is what is left of a limit.
type Left struct {
	Limit, Remaining int64
	Reset            time.Duration // until all of it is there again
}

// Refusal is why an account turned a call away.
type Refusal struct {
	Measure Measure
	Wait    time.Duration // until the call would fit, if nothing else came
}

// Claim is what one call reserved in one account.
type Claim struct {
	Note any // whatever a store wants to remember of what it granted

	account *account
	spare   bool // the account could not be reached: it is its spare that has granted
	local   localClaim
}

// account is what calls see of an Account. It never fails: while a store
// elsewhere cannot be reached, the limits are held by what this process itself
// has granted meanwhile.
type account struct {
	scope Scope
	kept  Account
	spare *localAccount // kept itself when it is of this process
	store *store        // nil: kept is of this process
}

// store is what all accounts of a store elsewhere know of it.
type store struct {
	limits  Limits
	now     func() time.Time
	origin  time.Time
	log     *slog.Logger
	failed  atomic.Int64 // claims and settlements that it did not take
	resting atomic.Int64 // until when it is not asked, since origin
}

// How long a store may take for an answer, and how long it is not asked after it
// gave none.
const (
	storePatience = 250 * time.Millisecond
	storeRest     = time.Second
)

// reaches tells whether the store is to be asked now.
func (s *store) reaches() bool { return int64(s.now().Sub(s.origin)) >= s.resting.Load() }

// missed notes that the store did not answer.
func (s *store) missed(err error) {
	s.failed.Add(1)
	at := int64(s.now().Sub(s.origin))
	if was := s.resting.Load(); at >= was && s.resting.CompareAndSwap(was, at+int64(storeRest)) {
		s.log.Warn("the store of limits cannot be reached: limits are held for this gateway alone", "error", err)
	}
}

// account finds what is spent of a scope's limits.
func (g *Gateway) account(s Scope, limits config.Limits) *account {
	own := g.local.account(s, limits)
	if g.store == nil {
		return &own.seen
	}
	return &account{scope: s, kept: g.store.limits.Account(s, limits), spare: own, store: g.store}
}

// reserve claims one request of so many tokens.
func (a *account) reserve(ctx context.Context, now time.Time, tokens int64, c *Claim) *Refusal {
	c.account = a
	if a.store == nil {
		return a.spare.reserve(now, tokens, c)
	}
	if a.store.reaches() {
		ctx, cancel := context.WithTimeout(ctx, storePatience)
		defer cancel()
		refused, err := a.kept.Reserve(ctx, now, tokens, c)
		if err == nil {
			return refused
		}
		a.store.missed(err)
	}
	c.spare = true
	return a.spare.reserve(now, tokens, c)
}

// settle corrects a claim where it was granted.
func (c *Claim) settle(ctx context.Context, now time.Time, used int64) {
	a := c.account
	if a.store == nil || c.spare {
		a.spare.release(now, used, &c.local)
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storePatience)
	defer cancel()
	if err := a.kept.Settle(ctx, now, used, c); err != nil {
		a.store.missed(err)
	}
}

// left tells what is left of a limit.
func (a *account) left(now time.Time, m Measure) (Left, bool) {
	if a.store != nil && a.store.reaches() {
		return a.kept.Left(now, m)
	}
	return a.spare.Left(now, m)
}

// near tells whether a claim of so many tokens comes near a limit, so that an
// estimate is not good enough.
func (a *account) near(now time.Time, tokens int64) bool {
	l, ok := a.left(now, TokensPerMinute)
	return ok && (l.Remaining-tokens < l.Limit/4 || tokens > l.Limit/8)
}

// accounts are those that a call is booked in: of its key, its product, its
// pool, and its address. Those without limits are nil.
func (x *exchange) accounts() [4]*account {
	var all [4]*account
	if x.who != nil {
		all[0], all[1] = x.who.limits, x.product.limits
	}
	if x.pool != nil {
		all[2] = x.pool.limits
	}
	if x.product != nil && x.product.perAddress.Any() {
		all[3] = x.g.account(Scope{AddressScope, x.rec.Caller, x.product.name}, x.product.perAddress)
	}
	return all
}
