package gateway

import (
	"context"
	"encoding/hex"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/azptu/azptu/internal/catalog"
	"github.com/azptu/azptu/internal/gateway/config"
)

// Options are what a gateway needs of the outside.
type Options struct {
	Now     func() time.Time    // needed: the clock
	Getenv  func(string) string // for secrets kept in the environment; nil: there are none
	Tokens  TokenSource         // signs in to backends and key vaults; nil: only keys can be used
	Sink    Sink                // stores records; nil: none are kept
	Limits  Limits              // what is spent of limits, shared with other gateways; nil: in this process
	Log     *slog.Logger        // what happens to the gateway itself; nil: nothing is logged
	Access  *slog.Logger        // a line for each call; nil: none
	Catalog *catalog.Catalog    // models and prices; nil: the built-in one

	// Wrap puts a round tripper around each transport to backends, for tests
	// and tracing; nil leaves them as they are.
	Wrap func(http.RoundTripper) http.RoundTripper
}

// Gateway serves calls. It is an http.Handler for the clients' listener;
// Admin and Probe are handlers for the others.
type Gateway struct {
	now        func() time.Time
	origin     time.Time
	secrets    Secrets
	tokens     TokenSource
	local      *localLimits
	store      *store // of limits, shared with other gateways; nil: none
	quotas     quotaFile
	log        *slog.Logger
	access     *slog.Logger
	catalog    *catalog.Catalog
	memory     *memory
	metrics    *metrics
	records    *records
	transports *transports
	verifiers  *verifiers
	perBackend sync.Map // name → *backendMetrics
	runtime    atomic.Pointer[runtime]
	hijacked   connections
	silence    time.Duration // of a stream, until the client is sent a comment
	replacing  sync.Mutex    // one configuration after the other comes by the admin API
	draining   atomic.Bool
	retiring   sync.WaitGroup // telemetry that was replaced and sends its last
	sink       Sink
}

// New makes a gateway that serves c. text is what c was read from; its hash
// names the configuration. The error is *config.Invalid.
func New(ctx context.Context, c *config.Config, text []byte, o Options) (*Gateway, error) {
	g := &Gateway{
		now: o.Now, origin: o.Now(), tokens: o.Tokens, log: o.Log, access: o.Access,
		catalog: defaultCatalog(o.Catalog), memory: newMemory(), metrics: &metrics{},
		transports: &transports{now: o.Now, wrap: o.Wrap}, sink: o.Sink, silence: keepAlive,
	}
	if g.log == nil {
		g.log = slog.New(slog.DiscardHandler)
	}
	g.local = newLocalLimits(g.now)
	if o.Limits != nil {
		g.store = &store{limits: o.Limits, now: g.now, origin: g.origin, log: g.log}
	}
	g.carryQuotas(c.QuotaFile)
	plain, err := g.transports.find("", c.Timeouts.Header)
	if err != nil {
		return nil, fmt.Errorf("making the transport: %w", err)
	}
	g.secrets = Secrets{Getenv: o.Getenv, Tokens: o.Tokens, Client: plain}
	g.verifiers = &verifiers{}
	rt, err := g.build(ctx, c, text)
	if err != nil {
		return nil, err
	}
	g.records = newRecords(g.metrics, g.now)
	g.adopt(rt)
	return g, nil
}

// Reload takes another configuration into service. Calls that run finish on
// the old one. On an error, *config.Invalid, the old one stays.
func (g *Gateway) Reload(ctx context.Context, c *config.Config, text []byte) error {
	rt, err := g.build(ctx, c, text)
	if err != nil {
		g.metrics.failures.Add(1)
		return err
	}
	g.adopt(rt)
	g.metrics.reloads.Add(1)
	g.log.Info("configuration taken into service", "etag", rt.etag)
	return nil
}

func (g *Gateway) adopt(rt *runtime) {
	var failing atomic.Int64
	g.records.sink.Store(&sinkState{sink: g.sink, maxBody: int(rt.config.Logs.MaxBody), mask: rt.masks, failed: func(err error) {
		if failing.Add(1) == 1 {
			g.log.Error("records cannot be stored", "error", err)
		}
	}})
	old := g.runtime.Swap(rt)
	if old != nil && old.telemetry != rt.telemetry {
		g.retiring.Go(func() { g.closeTelemetry(context.Background(), old.telemetry) })
	}
}

// Config is the configuration in service.
func (g *Gateway) Config() *config.Config { return g.runtime.Load().config }

// ETag names the configuration in service.
func (g *Gateway) ETag() string { return g.runtime.Load().etag }

// Drain makes /readyz fail, so that nobody sends new calls here.
func (g *Gateway) Drain() { g.draining.Store(true) }

// Close stores what is still queued and closes idle connections. It is called
// when no call is served any more; those that were cut off are recorded too.
func (g *Gateway) Close(ctx context.Context) {
	g.hijacked.closeAll()
	for g.metrics.inFlight.Load() > 0 && sleep(ctx, lookAgain) {
	}
	g.records.close(ctx)
	g.closeTelemetry(ctx, g.runtime.Load().telemetry)
	g.retiring.Wait()
	g.transports.closeIdle()
}

// at is the time on the clock of everything that only compares durations.
func (g *Gateway) at() time.Duration { return g.now().Sub(g.origin) }

// random is a number to draw lots with; nothing secret depends on it.
func (g *Gateway) random() uint64 { return rand.Uint64() }

// newID makes a random correlation id in the form of a UUID.
func (g *Gateway) newID() string {
	var raw [16]byte
	a, b := rand.Uint64(), rand.Uint64()
	for i := range 8 {
		raw[i], raw[8+i] = byte(a>>(8*i)), byte(b>>(8*i))
	}
	raw[6], raw[8] = raw[6]&0x0f|0x40, raw[8]&0x3f|0x80
	var text [36]byte
	hex.Encode(text[:8], raw[:4])
	hex.Encode(text[9:13], raw[4:6])
	hex.Encode(text[14:18], raw[6:8])
	hex.Encode(text[19:23], raw[8:10])
	hex.Encode(text[24:], raw[10:])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}

func (g *Gateway) backendMetrics(name string) *backendMetrics {
	m, _ := g.perBackend.LoadOrStore(name, &backendMetrics{})
	return m.(*backendMetrics)
}

// tokenCache finds the cache for a way to sign in. The memory is locked.
func (g *Gateway) tokenCache(how config.Auth) *tokenCache {
	c, ok := g.memory.tokens[how]
	if !ok {
		c = &tokenCache{source: g.tokens, how: how, resource: cognitiveServices, now: g.now}
		g.memory.tokens[how] = c
	}
	return c
}

// connections are those that left net/http's care.
type connections struct {
	mu    sync.Mutex
	conns map[net.Conn]bool
}

func (c *connections) add(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conns == nil {
		c.conns = map[net.Conn]bool{}
	}
	c.conns[conn] = true
}

func (c *connections) remove(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.conns, conn)
}

// wait waits until all of them have ended.
func (c *connections) wait(ctx context.Context) error {
	for {
		c.mu.Lock()
		open := len(c.conns)
		c.mu.Unlock()
		if open == 0 {
			return nil
		}
		if !sleep(ctx, lookAgain) {
			return ctx.Err()
		}
	}
}

// lookAgain is how often what is to end is looked at.
const lookAgain = 10 * time.Millisecond

func (c *connections) closeAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for conn := range c.conns {
		conn.Close()
	}
}

func byteCount(n int64) string {
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return strconv.FormatInt(n>>20, 10) + " MiB"
	case n >= 1<<10 && n%(1<<10) == 0:
		return strconv.FormatInt(n>>10, 10) + " KiB"
	}
	return strconv.FormatInt(n, 10) + " bytes"
}
