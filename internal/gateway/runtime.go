package gateway

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/azptu/azptu/internal/calllog/mask"
	"github.com/azptu/azptu/internal/catalog"
	"github.com/azptu/azptu/internal/gateway/config"
	"github.com/azptu/azptu/internal/gateway/telemetry"
	"github.com/azptu/azptu/internal/ptu"
	"github.com/azptu/azptu/internal/route"
)

// runtime is one configuration ready to serve. It does not change: a reload
// makes another one, and calls finish on the one they began with.
type runtime struct {
	config    *config.Config
	text      []byte // what config was read from
	etag      string // of text
	backends  []*backend
	byName    map[string]*backend
	pools     map[string]*pool // by name and alias
	products  map[string]*product
	keys      keyring
	entra     *verifier // nil: no client tokens are taken
	keyHeader string    // canonical
	telemetry *telemetry.Telemetry
	masks     *mask.Rules // for the bodies of products that keep them masked
}

// pool is a set of backends that serve one model name.
type pool struct {
	name    string
	route   *route.Pool
	members []*backend
	limits  *account // nil: none
	room    *room
}

// product is what keys may use.
type product struct {
	name       string
	pools      map[string]*pool // by name and alias
	first      *pool
	accounts   *pool // a backend of each account, under the first pool's name
	class      config.Class
	line       int      // in waiting rooms: 0 interactive, 1 batch
	share      float64  // of provisioned backends that its calls may fill
	limits     *account // nil: none
	perAddress config.Limits
	queue      config.Queue
	bodies     config.Bodies
}

// wholePool is the View of a pool at one moment.
type wholePool struct {
	p  *pool
	at time.Duration
}

func (v wholePool) Utilization(i int) float64 { return v.p.members[i].utilization(v.at) }

func (v wholePool) Latency(i int) time.Duration { return time.Duration(v.p.members[i].latency.Load()) }

// builder makes a runtime and notes every fault on the way.
type builder struct {
	g      *Gateway
	ctx    context.Context
	c      *config.Config
	rt     *runtime
	at     time.Duration
	faults []config.Fault
	commit []func() // what reaches beyond the runtime; done when there is no fault
}

func (b *builder) fault(path, format string, args ...any) {
	b.faults = append(b.faults, config.Fault{Path: path, Message: fmt.Sprintf(format, args...)})
}

// build makes a runtime of a configuration and what is remembered. The error
// is *config.Invalid: secrets that cannot be read and the like.
func (g *Gateway) build(ctx context.Context, c *config.Config, text []byte) (*runtime, error) {
	sum := sha256.Sum256(text)
	b := &builder{g: g, ctx: ctx, c: c, at: g.at(), rt: &runtime{
		config: c, text: text, etag: `"` + hex.EncodeToString(sum[:12]) + `"`,
		byName: map[string]*backend{}, pools: map[string]*pool{}, products: map[string]*product{},
		keyHeader: http.CanonicalHeaderKey(c.KeyHeader),
	}}
	g.memory.mu.Lock()
	defer g.memory.mu.Unlock()
	if g.memory.budget == nil {
		g.memory.budget = route.NewBudget(c.Retry.Budget)
	}
	for i := range c.Backends {
		b.backend(i)
	}
	for i := range c.Pools {
		b.pool(i)
	}
	for i := range c.Products {
		b.product(i)
	}
	for i := range c.Keys {
		b.key(i)
	}
	if c.Entra != nil {
		b.entra()
	}
	var err error
	if b.rt.masks, err = mask.New(c.Logs.Mask...); err != nil {
		b.fault("logs.mask", "%v", err)
	}
	if len(b.faults) == 0 {
		b.telemetry()
	}
	if len(b.faults) > 0 {
		return nil, &config.Invalid{Faults: b.faults}
	}
	g.memory.budget.SetShare(c.Retry.Budget)
	for _, do := range b.commit {
		do()
	}
	return b.rt, nil
}

// account finds what is spent of limits, once nothing stands in the way of the
// configuration: limits of one that is refused must not touch those in service.
func (b *builder) account(at **account, kind ScopeKind, name string, limits config.Limits) {
	if limits.Any() {
		b.commit = append(b.commit, func() { *at = b.g.account(Scope{Kind: kind, Name: name}, limits) })
	}
}

func (b *builder) backend(i int) {
	c := b.c.Backends[i]
	path := fmt.Sprintf("backends[%d]", i)
	known, commit := b.g.memory.standing(c, b.c, b.g.catalog, b.at)
	b.commit = append(b.commit, func() { commit(b.at) })
	be := &backend{
		Backend:  c,
		standing: known,
		predict:  c.Kind == config.PTU && b.c.Prediction.Enabled,
		reserve:  b.c.Prediction.Reserve,
		url:      url.URL{Scheme: c.Endpoint.Scheme, Host: c.Endpoint.Host},
		metrics:  b.g.backendMetrics(c.Name),
	}
	b.prices(be)
	switch {
	case c.Auth.Token == config.NoToken:
		key, err := b.g.secrets.Find(b.ctx, c.Auth.Key)
		if err != nil {
			b.fault(path+".auth.key", "%v", err)
		}
		be.auth = keyAuth{[]string{key}}
	case b.g.tokens == nil:
		b.fault(path+".auth", "no sign-in is set up")
	default:
		be.auth = tokenAuth{b.g.tokenCache(c.Auth)}
	}
	var err error
	if be.transport, err = b.g.transports.find(c.CAFile, b.c.Timeouts.Header); err != nil {
		b.fault(path+".caFile", "%v", err)
	}
	b.rt.backends = append(b.rt.backends, be)
	b.rt.byName[c.Name] = be
}

// CheckSecrets tells which secrets of c cannot be found.
func CheckSecrets(ctx context.Context, c *config.Config, find Secrets) []config.Fault {
	var faults []config.Fault
	check := func(path string, s config.Secret) {
		if s.IsZero() {
			return
		}
		if _, err := find.Find(ctx, s); err != nil {
			faults = append(faults, config.Fault{Path: path, Message: err.Error()})
		}
	}
	for i, b := range c.Backends {
		check(fmt.Sprintf("backends[%d].auth.key", i), b.Auth.Key)
	}
	for i, k := range c.Keys {
		check(fmt.Sprintf("keys[%d].secret", i), k.Secret)
	}
	for _, h := range c.Telemetry.Headers {
		check("telemetry.headers."+h.Name, h.Value)
	}
	return faults
}

// prices finds what a backend's calls cost: negotiated prices first.
func (b *builder) prices(be *backend) {
	k := b.g.catalog
	if be.Kind == config.Standard {
		if be.price, be.priced = b.c.Prices[be.Model]; !be.priced {
			be.price, be.priced = k.Tokens.Price(be.Model, be.SKU)
		}
		return
	}
	model, _ := k.Model(be.Model)
	throughput, _ := model.EffectiveThroughput()
	be.tpm = throughput.InputTPMPerPTU
	if t, ok := ptu.TypeOfSKU(be.SKU); ok {
		be.unitHour = k.Units.Hourly[t]
	}
	if own, ok := b.c.PTUHour[be.SKU]; ok {
		be.unitHour = own
	}
}

func (b *builder) pool(i int) {
	c := b.c.Pools[i]
	p := &pool{name: c.Name, room: b.g.memory.room(c.Name)}
	b.account(&p.limits, PoolScope, c.Name, c.Limits)
	members := make([]route.Member, 0, len(c.Members))
	for _, m := range c.Members {
		be := b.rt.byName[m.Backend]
		p.members = append(p.members, be)
		members = append(members, route.Member{Name: be.Name, Priority: m.Priority, Weight: m.Weight, Area: route.AreaOf(be.SKU, be.Region)})
	}
	var err error
	if p.route, err = route.NewPool(members, c.Strategy, c.Boundary); err != nil {
		b.fault(fmt.Sprintf("pools[%d]", i), "%v", err)
		return
	}
	b.rt.pools[c.Name] = p
	for _, alias := range c.Aliases {
		b.rt.pools[alias] = p
	}
}

func (b *builder) product(i int) {
	c := b.c.Products[i]
	p := &product{
		name: c.Name, pools: map[string]*pool{}, class: c.Class, share: 1,
		perAddress: c.PerAddress, queue: c.Queue, bodies: c.Bodies,
	}
	b.account(&p.limits, ProductScope, c.Name, c.Limits)
	if c.Class == config.Batch {
		p.line, p.share = 1, 1-b.c.Prediction.Reserve
	}
	for _, name := range c.Pools {
		opened := b.rt.pools[name]
		if p.first == nil {
			p.first = opened
		}
		for key, candidate := range b.rt.pools {
			if candidate == opened {
				p.pools[key] = candidate
			}
		}
	}
	p.accounts = b.accounts(c, p.first)
	b.rt.products[c.Name] = p
}

// maxAccounts bounds how many accounts are asked for something that is held
// nobody knows where.
const maxAccounts = 16

// accounts is a pool of one backend for each account that a product's pools
// reach, in their order. What an account holds, all its deployments can find.
func (b *builder) accounts(c config.Product, first *pool) *pool {
	if first == nil {
		return nil
	}
	p := &pool{name: first.name, room: first.room}
	seen := map[string]bool{}
	var members []route.Member
	for _, name := range c.Pools {
		opened := b.rt.pools[name]
		if opened == nil {
			continue
		}
		for _, be := range opened.members {
			if at := be.url.Scheme + be.url.Host; !seen[at] && len(members) < maxAccounts {
				seen[at] = true
				p.members = append(p.members, be)
				members = append(members, route.Member{Name: be.Name, Priority: len(members) + 1, Weight: 1})
			}
		}
	}
	var err error
	if p.route, err = route.NewPool(members, route.Priority, route.Anywhere); err != nil {
		return nil // the product's own pools have the same fault, which is told
	}
	b.commit = append(b.commit, func() { p.limits = first.limits })
	return p
}

func (b *builder) key(i int) {
	c := b.c.Keys[i]
	path := fmt.Sprintf("keys[%d]", i)
	hash := c.Hash
	if !c.Secret.IsZero() {
		key, err := b.g.secrets.Find(b.ctx, c.Secret)
		if err != nil {
			b.fault(path+".secret", "%v", err)
			return
		}
		hash = hashKey(key)
	}
	if other, taken := b.rt.keys.byHash[hash]; taken {
		b.fault(path, "is the same key as %q", other.who.name)
		return
	}
	who := &principal{name: c.Name, product: b.rt.products[c.Product]}
	b.account(&who.limits, KeyScope, c.Name, c.Limits)
	b.rt.keys.add(hash, who)
}

func (b *builder) entra() {
	c := b.c.Entra
	client, err := b.g.transports.find(c.CAFile, b.c.Timeouts.Header)
	if err != nil {
		b.fault("entra.caFile", "%v", err)
		return
	}
	v := b.g.verifiers.find(c, client)
	clients := map[string]*principal{}
	for _, client := range c.Clients {
		name := client.Name
		if name == "" {
			name = client.ID
		}
		clients[client.ID] = &principal{name: name, product: b.rt.products[client.Product], limits: nil}
	}
	b.rt.entra = &verifier{keys: v, config: c, clients: clients, now: b.g.now}
}

func defaultCatalog(c *catalog.Catalog) *catalog.Catalog {
	if c == nil {
		return catalog.Builtin()
	}
	return c
}
