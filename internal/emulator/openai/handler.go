// Package openai is the data plane of the emulator: the handler behind an
// Azure OpenAI endpoint. A request is routed, authorized, read and judged;
// its tokens are counted; the deployment it names admits or refuses it, by the
// utilization bucket of provisioned throughput or the rate limits of standard
// deployments, and may let another deployment take over; then an answer is
// generated, the same for the same request and seed, and written whole or as a
// stream, byte for byte shaped as the service was recorded. What is not
// published is ours and says so where it stands.
package openai

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/azptu/azptu/internal/admit"
	"github.com/azptu/azptu/internal/catalog"
)

// Config is what the data plane is made of. Directory and Now are required.
type Config struct {
	Directory Directory
	Observer  Observer         // nil: nobody is told
	Faults    Faults           // nil: nothing goes wrong
	Tuned     Tuned            // nil: nobody has fine-tuned models
	Catalog   *catalog.Catalog // nil: catalog.Builtin()

	Now   func() time.Time                           // wall time: throttling, latency
	Date  func() time.Time                           // the emulated date, for "created" and retirement; nil: Now
	Sleep func(context.Context, time.Duration) error // waits for wall time; nil: a timer

	Seed       uint64           // of generated text and ids
	Tokens     string           // "true" (default) or "estimate": how prompts are counted
	Latency    bool             // answer as slowly as a model writes; false: at once
	Parameters admit.Parameters // of the utilization bucket; the zero value means admit.Assumed()
	MaxBody    int64            // largest request, bytes; 0 means DefaultMaxBody
	BodyTime   time.Duration    // how long a request body may take to arrive; 0 means a minute
	Overloaded string           // message of a full provisioned deployment's 429; "" means DefaultOverloaded
}

// DefaultOverloaded is what a full provisioned deployment says. The service's
// words are not published; these follow the newest that it has for a limit
// (2026: "Your requests to … for … in … have exceeded rate limit."). The words
// in braces are filled in.
const DefaultOverloaded = "Your requests to {deployment} for {model} in {region} have exceeded the provisioned throughput of the deployment. Please retry after {seconds} seconds."

// DefaultMaxBody is the largest request body that is read, in bytes: room for
// the longest context and a few images.
const DefaultMaxBody = 32 << 20

// Handler serves the data plane of every account.
type Handler struct {
	cfg       Config
	catalog   *catalog.Catalog
	origin    time.Time
	ids       atomic.Uint64
	meters    sync.Map // deployment ID → *meter
	responses *responseStore
}

// New returns a Handler.
func New(cfg Config) (*Handler, error) {
	if cfg.Directory == nil || cfg.Now == nil {
		return nil, errors.New("data plane: Directory and Now are required")
	}
	switch cfg.Tokens {
	case "", "true", "estimate":
	default:
		return nil, errors.New(`data plane: Tokens must be "true" or "estimate"`)
	}
	if cfg.Date == nil {
		cfg.Date = cfg.Now
	}
	if cfg.Sleep == nil {
		cfg.Sleep = sleep
	}
	if cfg.Parameters == (admit.Parameters{}) {
		cfg.Parameters = admit.Assumed()
	}
	if cfg.Overloaded == "" {
		cfg.Overloaded = DefaultOverloaded
	}
	if cfg.BodyTime <= 0 {
		cfg.BodyTime = time.Minute
	}
	if cfg.MaxBody <= 0 {
		cfg.MaxBody = DefaultMaxBody
	}
	known := cfg.Catalog
	if known == nil {
		known = catalog.Builtin()
	}
	return &Handler{cfg: cfg, catalog: known, origin: cfg.Now(), responses: newResponseStore()}, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// at is the time that throttling runs on.
func (h *Handler) at() time.Duration { return h.cfg.Now().Sub(h.origin) }

// Reset forgets everything that calls have left behind: utilization, rate
// limits, prompt caches, stored responses.
func (h *Handler) Reset() {
	h.meters.Clear()
	h.responses.clear()
}

// ServeHTTP serves the listener that all accounts share.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.serve("", w, r) }

// ForAccount serves the listener that belongs to one account.
func (h *Handler) ForAccount(account string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.serve(account, w, r) })
}

func (h *Handler) serve(accountHint string, w http.ResponseWriter, r *http.Request) {
	x := h.begin(w, r)
	defer h.finish(x)
	to, p := route(r)
	if p == nil {
		x.target = to
		p = x.authorize(accountHint)
	}
	if p == nil {
		p = operations[to.operation](x)
	}
	if p != nil {
		x.refuse(p)
	}
}
