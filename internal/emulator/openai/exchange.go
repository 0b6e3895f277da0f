package openai

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

// exchange is one request on its way through the handler.
type exchange struct {
	h         *Handler
	w         http.ResponseWriter
	r         *http.Request
	ctx       context.Context
	target    target
	account   string
	requestID string
	started   time.Time
	body      *[]byte // pooled
	hidden    []Call  // calls of deployments that others took over for
	grants    [2]grant
	granted   int
	writer    writer
	complete  bool // the answer, head included, has been handed over whole
	observed  bool

	values [14]string // of headers; see one
	used   int

	call      Call // what observers are told
	status    int  // 0: nothing answered yet
	firstByte time.Time
}

func (h *Handler) begin(w http.ResponseWriter, r *http.Request) *exchange {
	x := exchanges.Get().(*exchange)
	*x = exchange{h: h, w: w, r: r, ctx: r.Context(), started: h.cfg.Now(), requestID: h.newUUID()}
	return x
}

// exchanges are kept for reuse, but only those whose headers have been read:
// an answer that was never begun may still read them from here.
var exchanges = sync.Pool{New: func() any { return new(exchange) }}

// finish gives buffers back, and sees to it that the observer was told.
func (h *Handler) finish(x *exchange) {
	x.release()
	x.observe()
	if x.complete {
		exchanges.Put(x)
	}
}

// observe tells the observer, once. It comes before the last byte is written,
// so that whoever has an answer finds it in the metrics.
func (x *exchange) observe() {
	h := x.h
	if h.cfg.Observer == nil || x.observed || x.target.operation == opNone {
		return
	}
	x.observed = true
	now := h.cfg.Now()
	for i := range x.hidden {
		x.tell(&x.hidden[i], now)
	}
	x.tell(&x.call, now)
}

// tell completes what is known of a call and shows it to the observer.
func (x *exchange) tell(c *Call, now time.Time) {
	c.At, c.Duration = x.started, now.Sub(x.started)
	c.Caller, c.Received = x.r.RemoteAddr, max(x.r.ContentLength, 0)
	c.Account, c.RequestID = x.account, x.requestID
	if c.Deployment == "" {
		x.place(c)
	}
	c.Operation, c.APIVersion = operationIDs[x.target.operation], x.target.apiVersion
	if c.Status == 0 {
		c.Status = x.status
	}
	if !x.firstByte.IsZero() {
		c.TTFT = x.firstByte.Sub(x.started)
	}
	x.h.cfg.Observer.Observe(c)
}

// place names the deployment of a call that was refused before it was asked: its
// request said where it was going.
func (x *exchange) place(c *Call) {
	if x.account == "" || x.target.deployment == "" {
		return
	}
	d, ok := x.h.cfg.Directory.Deployment(x.account, x.target.deployment)
	if !ok {
		return
	}
	c.Deployment, c.Model, c.Version, c.SKU, c.Region = d.Name, d.Model, d.Version, d.SKU, d.LocationDisplay
	c.Utilization, _ = x.h.Utilization(d.ID)
}

// authorize finds the account by key or token.
func (x *exchange) authorize(hint string) *problem {
	key, bearer := "", ""
	if v := x.r.Header["Api-Key"]; len(v) > 0 {
		key = v[0]
	}
	if v := x.r.Header["Authorization"]; len(v) > 0 {
		if token, ok := cutBearer(v[0]); ok {
			bearer = token
		}
	}
	// The v1 clients of OpenAI send the key as a bearer token; a key has no dots.
	if key == "" && x.target.apiVersion == "v1" && bearer != "" && strings.Count(bearer, ".") != 2 {
		key, bearer = bearer, ""
	}
	account, err := x.h.cfg.Directory.Authorize(x.ctx, hint, key, bearer)
	if err == nil {
		x.account = account
		return nil
	}
	var refusal *AuthError
	if errors.As(err, &refusal) {
		return coded(refusal.Status, refusal.Code, refusal.Message)
	}
	return serverError(x.requestID)
}

func cutBearer(v string) (string, bool) {
	const scheme = "bearer "
	if len(v) < len(scheme) || !strings.EqualFold(v[:len(scheme)], scheme) {
		return "", false
	}
	return strings.TrimSpace(v[len(scheme):]), true
}

var bodies = sync.Pool{New: func() any { b := make([]byte, 0, 4096); return &b }}

// maxPooled is the largest buffer that is kept for another request.
const maxPooled = 64 << 10

// read reads the whole request body into a pooled buffer, which release gives
// back.
func (x *exchange) read() ([]byte, *problem) {
	limit := x.h.cfg.MaxBody
	if x.r.ContentLength > limit {
		return nil, tooLarge(limit)
	}
	x.body = bodies.Get().(*[]byte)
	b := (*x.body)[:0]
	if n := x.r.ContentLength; n > int64(cap(b)) && n <= maxPooled {
		b = make([]byte, 0, n+1)
	}
	var watched *bodyWatch // most bodies have come with their headers and need none
	defer func() { watched.end() }()
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := x.r.Body.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		*x.body = b
		switch {
		case int64(len(b)) > limit:
			return nil, tooLarge(limit)
		case err == io.EOF:
			watched.arrived()
			return b, nil
		case errors.Is(err, os.ErrDeadlineExceeded):
			return nil, timedOut() // the connection is of no more use, and so its deadline stays
		case err != nil:
			return nil, invalid("", "", "The request body could not be read.")
		}
		if watched == nil {
			watched = x.watch()
		}
	}
}

// bodyWatch ends the wait for a body that does not arrive in time.
type bodyWatch struct {
	control *http.ResponseController
	timer   *time.Timer
}

func (x *exchange) watch() *bodyWatch {
	w := &bodyWatch{control: http.NewResponseController(x.w)}
	w.timer = time.AfterFunc(x.h.cfg.BodyTime, func() {
		_ = w.control.SetReadDeadline(time.Unix(1, 0)) // long past; a server without deadlines waits on
	})
	return w
}

// end ends the watch, whatever came of it.
func (w *bodyWatch) end() {
	if w != nil {
		w.timer.Stop()
	}
}

// arrived ends the watch of a body that is there.
func (w *bodyWatch) arrived() {
	if w != nil && !w.timer.Stop() {
		_ = w.control.SetReadDeadline(time.Time{}) // the timer was faster than the last byte
	}
}

// release gives the body back; what was read from it must not be used any more.
func (x *exchange) release() {
	if x.body == nil {
		return
	}
	if cap(*x.body) <= maxPooled {
		bodies.Put(x.body)
	}
	x.body = nil
}

// refuse answers with a problem.
func (x *exchange) refuse(p *problem) {
	if x.status != 0 {
		return // too late: the answer has begun
	}
	x.call.ErrorCode = p.code
	h := x.w.Header()
	x.commonHeaders(h)
	h["Content-Type"] = jsonType
	if p.allow != "" {
		h["Allow"] = x.one(p.allow)
	}
	x.retryHeaders(h, p)
	if p.from != nil {
		x.placeHeaders(h, p.from)
		x.throughputHeaders(h, p.from, false)
	}
	x.send(p.status, p.body)
}

// one makes a header's list of one value. The lists of a request lie side by
// side, so that a dozen headers cost one allocation.
func (x *exchange) one(value string) []string {
	if x.used == len(x.values) {
		return []string{value}
	}
	x.values[x.used] = value
	x.used++
	return x.values[x.used-1 : x.used : x.used]
}

// send writes a whole answer.
func (x *exchange) send(status int, body []byte) {
	x.w.Header()["Content-Length"] = x.one(itoa(len(body)))
	x.begun(status)
	x.call.Sent = int64(len(body))
	x.observe()
	x.w.WriteHeader(status)
	_, _ = x.w.Write(body) // a client that has left misses nothing that is owed
	x.complete = true
}

// begun notes, once, that the answer begins.
func (x *exchange) begun(status int) {
	if x.status == 0 {
		x.status = status
		x.firstByte = x.h.cfg.Now()
	}
}

// gone is the status that observers see of a call whose client left before
// anything was answered; nothing is sent.
const gone = 499

// leave ends the exchange of a client that has left.
func (x *exchange) leave() {
	x.call.Abandoned = true
	if x.status == 0 {
		x.status = gone
	}
}

// reset breaks the connection off before any header is written.
func (x *exchange) reset() {
	x.leave()
	if hijacker, ok := x.w.(http.Hijacker); ok {
		if conn, _, err := hijacker.Hijack(); err == nil {
			if tcp, ok := conn.(interface{ SetLinger(int) error }); ok {
				_ = tcp.SetLinger(0) // so that closing sends a reset; without it, it ends
			}
			_ = conn.Close() // the fault is that the connection goes; nobody is left to tell
			return
		}
	}
	// HTTP/2 cannot be hijacked: this is net/http's way to reset the stream.
	panic(http.ErrAbortHandler)
}
