package gateway

import (
	"context"
	"errors"
	"hash/maphash"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/azptu/azptu/internal/call"
	"github.com/azptu/azptu/internal/gateway/config"
	"github.com/azptu/azptu/internal/gateway/telemetry"
	"github.com/azptu/azptu/internal/tokens"
)

// exchange is one request on its way through the gateway.
type exchange struct {
	g  *Gateway
	rt *runtime
	w  http.ResponseWriter
	r  *http.Request

	started time.Time
	target  target
	who     *principal
	product *product
	pool    *pool
	held    string // id of what the call is about and some backend holds; "": nothing
	pinned  string // backend that holds it; "": none or not known
	entry   *entry
	rec     *call.Call // the entry's
	body    body
	counted bool    // the prompt's tokens are counted, not estimated
	upload  *upload // the request's body is not looked at; nil: it is

	claims  [4]Claim
	claimed int

	ctx      context.Context // of the call towards backends; ends when the client leaves and nobody counts on
	deadline time.Time       // end of the whole call
	trying   context.Context // of the present attempt
	giveUp   context.CancelCauseFunc
	patience patience
	search   search
	gone     atomic.Bool // writing to the client failed
	told     [2]string   // memory for the headers of the gateway's own

	trace *telemetry.Call // nil: nobody is told
	tried *telemetry.Attempt

	committed bool // the client has seen a byte of a backend's answer
	delivered bool // the whole of it was written to the client, who may leave now
	refused   bool // the client was answered by the gateway itself
	abort     bool // the connection must end visibly broken
	sent      int64
	usage     usage
	text      assembly
	served    *backend // the one whose answer the client got
}

// Why a call towards backends is given up.
var (
	errFirstByte   = errors.New("the backend did not begin its answer in time")
	errIdle        = errors.New("the backend fell silent")
	errTotal       = errors.New("the call took longer than allowed")
	errCallOver    = errors.New("the call is over")
	errWriteFailed = errors.New("writing to the client failed")
)

// ServeHTTP serves one request.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.metrics.inFlight.Add(1)
	defer g.metrics.inFlight.Add(-1)
	x := newExchange(g, w, r)
	x.begin()
	x.trace = x.rt.telemetry.Begin(r.Header, x.started)
	f := x.admit()
	if f == nil {
		f = x.serve()
	}
	if f != nil && !x.committed {
		x.refuse(f)
	}
	x.finish()
	abort := x.abort
	x.free()
	if abort {
		panic(http.ErrAbortHandler)
	}
}

// exchanges keeps the memory of calls that are over, and their timers.
var exchanges = sync.Pool{New: func() any { return new(exchange) }}

func newExchange(g *Gateway, w http.ResponseWriter, r *http.Request) *exchange {
	x := exchanges.Get().(*exchange)
	x.g, x.rt, x.w, x.r = g, g.runtime.Load(), w, r
	x.started, x.entry = g.now(), newEntry()
	x.rec = &x.entry.Call
	x.patience.x = x
	return x
}

// free gives the memory back, unless somebody else may still look at it: the
// timer, or a transport that reads an upload.
func (x *exchange) free() {
	if !x.patience.stop() || x.upload != nil {
		return
	}
	timer := x.patience.timer
	*x = exchange{}
	x.patience.timer = timer
	exchanges.Put(x)
}

// begin fills in what is known of every request.
func (x *exchange) begin() {
	r, rec := x.r, x.rec
	x.deadline = x.started.Add(x.rt.config.Timeouts.Total)
	rec.At, rec.ID, rec.Gateway = x.started, x.g.newID(), x.rt.config.Name
	rec.Method, rec.Protocol = r.Method, r.Proto
	rec.Caller = callerAddress(r, x.rt.config.TrustedProxies)
	rec.RequestSize = max(r.ContentLength, 0)
	rec.URL = r.URL.EscapedPath()
	if r.URL.RawQuery != "" {
		rec.URL += "?" + withoutParameter(r.URL.RawQuery, "subscription-key")
	}
}

// admit does everything that happens before a backend is chosen. The fault is
// nil when the call may go on.
func (x *exchange) admit() *fault {
	var reason string
	if x.target, reason = parsePath(x.r.Method, x.r.URL.EscapedPath()); reason != "" {
		return newFault(http.StatusBadRequest, "BadRequest", "The request is refused: "+reason+".")
	}
	x.rec.Operation = x.target.id
	version, ok, twice := parameter(x.r.URL.RawQuery, "api-version")
	if twice {
		return newFault(http.StatusBadRequest, "BadRequest", "The query parameter api-version is given more than once.")
	}
	if x.rec.APIVersion = version; !ok && x.target.v1 {
		x.rec.APIVersion = "v1"
	}
	if f := x.identify(); f != nil {
		return f
	}
	if f := x.hold(); f != nil {
		return f
	}
	if f := x.choosePool(); f != nil {
		return f
	}
	return x.reserve()
}

// identify finds out who calls.
func (x *exchange) identify() *fault {
	c := presented(x.r.Header, x.rt.keyHeader)
	who := x.rt.keys.find(c.key)
	if who == nil && c.key == "" {
		who = x.rt.keys.find(c.bearer)
		if who == nil && c.bearer != "" && x.rt.entra != nil && strings.Count(c.bearer, ".") == 2 {
			var err error
			if who, err = x.rt.entra.verify(x.r.Context(), c.bearer); err != nil {
				x.g.metrics.refusedIn.Add(1)
				x.rec.ErrorMessage = err.Error()
				return newFault(http.StatusUnauthorized, "401", textBadKey)
			}
		}
	}
	if who == nil {
		x.g.metrics.refusedIn.Add(1)
		return newFault(http.StatusUnauthorized, "401", textBadKey)
	}
	x.who, x.product = who, who.product
	x.rec.Key, x.rec.Product, x.rec.Class = who.name, who.product.name, string(who.product.class)
	return nil
}

// hold takes the request's body in, or decides that it is passed on as it comes.
func (x *exchange) hold() *fault {
	r := x.r
	if e := r.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return newFault(http.StatusUnsupportedMediaType, "UnsupportedMediaType", "Compressed request bodies are not accepted.")
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead || r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	sizes := x.rt.config.Sizes
	json := isJSON(r.Header.Get("Content-Type"))
	if !json && x.target.shape == opaque {
		x.upload = &upload{}
		if r.ContentLength > sizes.Upload {
			return tooLarge(sizes.Upload)
		}
		return x.takeUpload()
	}
	if r.ContentLength > sizes.Body {
		return tooLarge(sizes.Body)
	}
	switch err := x.readBody(sizes.Body); {
	case errors.Is(err, errTooLarge):
		return tooLarge(sizes.Body)
	case err != nil:
		x.abort = true // nothing sensible can follow on this connection
		return newFault(http.StatusBadRequest, "BadRequest", "The request body could not be read.")
	}
	return x.scan()
}

// scan looks at the body that is held. Only operations that need no model may
// come without one.
func (x *exchange) scan() (f *fault) {
	text := x.entry.request.b
	x.rec.RequestSize = int64(len(text))
	if len(text) == 0 && !x.target.model {
		return nil
	}
	var err error
	if x.body, err = scanBody(text); err != nil {
		return newFault(http.StatusBadRequest, "BadRequest", err.Error())
	}
	x.rec.Stream = x.body.stream
	return nil
}

func tooLarge(limit int64) *fault {
	return newFault(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "The request body is larger than the "+byteCount(limit)+" that are allowed.")
}

func isJSON(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	kind = strings.TrimSpace(kind)
	return kind == "" || strings.EqualFold(kind, "application/json") || strings.HasSuffix(strings.ToLower(kind), "+json")
}

// choosePool finds the pool that the request is for.
func (x *exchange) choosePool() *fault {
	name := x.target.deployment
	if name == "" {
		name = x.body.model
	}
	if name == "" && !x.target.model {
		name, _, _ = parameter(x.r.URL.RawQuery, "deployment") // realtime sessions name it there
		if name == "" && x.target.v1 {
			name, _, _ = parameter(x.r.URL.RawQuery, "model")
		}
	}
	if x.held = x.target.held; x.held == "" {
		x.held = x.body.refers
	}
	if x.held != "" {
		x.pinned = x.g.memory.held.find(x.held)
	}
	switch p, ok := x.product.pools[name]; {
	case ok:
		x.pool = p
	case name == "" && x.target.model:
		return newFault(http.StatusBadRequest, "BadRequest", "The request names no model: 'model' is required.")
	case name == "" || !x.target.model:
		x.pool = x.poolHolding(x.pinned)
	default:
		return newFault(http.StatusNotFound, "DeploymentNotFound", textNoDeployment)
	}
	x.rec.Pool = x.pool.name
	return nil
}

// poolHolding is the product's pool with a backend. Where something is held is
// not known after a restart, nor to a gateway that did not make it: then it is
// looked for at all accounts. Else it is the first pool.
func (x *exchange) poolHolding(backend string) *pool {
	if backend == "" && x.held != "" {
		return x.product.accounts
	}
	if backend != "" {
		for _, p := range x.product.pools {
			for _, m := range p.members {
				if m.Name == backend {
					return p
				}
			}
		}
	}
	return x.product.first
}

// reserve claims what the limits grant.
func (x *exchange) reserve() *fault {
	now := x.g.now()
	completion := x.body.maxTokens
	if completion == 0 && x.target.shape != opaque && x.target.shape != embedding {
		completion = x.rt.config.Prediction.DefaultCompletion
	}
	completion *= max(x.body.choices, 1)
	for _, a := range x.accounts() {
		if a == nil {
			continue
		}
		if a.near(now, int64(x.body.promptTokens+completion)) {
			x.countPrompt()
		}
		c := &x.claims[x.claimed]
		if refused := a.reserve(x.r.Context(), now, int64(x.body.promptTokens+completion), c); refused != nil {
			*c = Claim{}
			counter(&x.g.metrics.limited, string(a.scope.Kind)).Add(1)
			return busy("The "+a.scope.String()+" has used up its "+measureTexts[refused.Measure]+". Please retry later.", refused.Wait)
		}
		x.claimed++
	}
	return nil
}

// countPrompt replaces the estimate of the prompt's tokens by their number. It
// is done where it matters: when a limit of tokens is nearly used up.
func (x *exchange) countPrompt() {
	if x.counted || x.entry.request == nil || x.target.shape == opaque {
		return
	}
	x.counted = true
	model := x.pool.members[0].Model
	if n := x.promptTokens(tokens.For(model), model); n > 0 {
		x.body.promptTokens = n
	}
}

// promptTokens counts the prompt's tokens.
func (x *exchange) promptTokens(c tokens.Counter, model string) int {
	text := x.entry.request.b
	if x.target.shape == chat {
		if p, err := tokens.CountChat(c, model, text); err == nil {
			return p.Tokens
		}
	}
	return c.Count(text[x.body.prompt.from:x.body.prompt.to])
}

// serve sends the call to a backend and its answer to the client.
func (x *exchange) serve() *fault {
	x.ctx = x.r.Context()
	if x.rt.config.OnClientGone == config.Drain {
		x.ctx = context.WithoutCancel(x.ctx)
	}
	x.g.memory.budget.Earn()
	if isUpgrade(x.r) {
		return x.upgrade()
	}
	return x.dispatch()
}

// left tells whether the client has left.
func (x *exchange) left() bool { return x.gone.Load() || x.r.Context().Err() != nil }

// remaining is how much longer the whole call may take.
func (x *exchange) remaining() time.Duration { return x.deadline.Sub(x.g.now()) }

// over tells that no further attempt makes sense: nobody waits for an answer,
// or the time is up.
func (x *exchange) over() bool { return x.ctx.Err() != nil || x.remaining() <= 0 }

var prefixSeed = maphash.MakeSeed()

// draw is the number that picks among equal backends: the same for calls with
// the same long prompt prefix, random for others.
func (x *exchange) draw() uint64 {
	n := x.rt.config.Affinity.Prefix
	if p := x.body.prompt; n > 0 && p.to-p.from >= n {
		return maphash.Bytes(prefixSeed, x.entry.request.b[p.from:p.from+n])
	}
	return x.g.random()
}

// refuse answers with a fault of the gateway's own.
func (x *exchange) refuse(f *fault) {
	x.rec.ErrorCode = f.code
	if x.rec.ErrorMessage == "" {
		x.rec.ErrorMessage = f.message
	}
	if f.status == statusClientGone {
		x.rec.Status = statusClientGone
		x.abort = true // a client that only stopped sending must not take silence for an answer
		return
	}
	x.refused = true
	h := x.w.Header()
	x.ownHeaders(h)
	x.rec.Status = f.status
	x.rec.FirstByte = x.g.now().Sub(x.started)
	if x.abort || f.status == http.StatusRequestEntityTooLarge || x.unread() {
		// The rest of the body is not waited for: it may be long, or never come.
		h.Set("Connection", "close")
		rc := http.NewResponseController(x.w)
		_ = rc.EnableFullDuplex()
		_ = rc.SetReadDeadline(x.g.now().Add(unreadGrace))
	}
	x.abort = false
	x.sent += int64(f.write(x.w))
}

// unreadGrace is how long the rest of a refused body may take to arrive, so that
// a client that is still sending gets to read why it was refused.
const unreadGrace = 500 * time.Millisecond

// unread tells whether a body of the request has not been taken in.
func (x *exchange) unread() bool {
	if x.upload != nil {
		return !x.upload.whole
	}
	return x.entry.request == nil && x.r.ContentLength != 0
}

// statusClientGone is recorded for a client that left before its answer; the
// number is nginx's.
const statusClientGone = 499
