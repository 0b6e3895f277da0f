package gateway

import (
	"bytes"
	"context"
	"errors"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/azptu/azptu/internal/admit"
	"github.com/azptu/azptu/internal/gateway/config"
)

// verdict is how an attempt went.
type verdict int

const (
	served     verdict = iota // the client has its answer
	clientGone                // nobody is left to answer
	full                      // the backend has no room
	tooLong                   // the provisioned deployment does not take so long a prompt
	notHere                   // it does not hold what the call is about; another may
	broken                    // the backend failed; it may work again
	improper                  // the client's request cannot be sent on
	unusable                  // the backend will not do for this call: wrong credentials, no such deployment
)

// outcome is the verdict and what goes with it.
type outcome struct {
	verdict verdict
	wait    time.Duration // what the backend asked to wait
	answer  *answer       // what it said, if it did
	fault   *fault        // else what happened
}

// answer is a backend's answer that is held back for the time being.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// maxRefusal bounds what is read of an answer that is no success.
const maxRefusal = 256 << 10

// name notes the backend in the record.
func (x *exchange) name(b *backend) {
	rec := x.rec
	rec.Backend, rec.Deployment, rec.Kind, rec.Region = b.Name, b.Deployment, string(b.Kind), b.Region
	rec.Model, rec.ModelVersion = b.Model, b.Version
}

// release gives back what was claimed of a backend that was not asked.
func (x *exchange) release(b *backend, ticket admit.Forecast) {
	if b.predictor != nil && b.predict {
		b.predictor.Cancel(x.g.at(), ticket)
	}
}

// try sends the call to b and relays its answer when it is one. It and what it
// calls keep their frames small: thousands of streams wait below them.
func (x *exchange) try(b *backend, ticket admit.Forecast) (o outcome) {
	x.beginTry(b)
	defer x.endTry(b)
	o = x.exchangeWith(b, x.g.now())
	x.learn(b, ticket, o)
	if x.tried != nil {
		x.endAttempt(o)
	}
	return o
}

func (x *exchange) beginTry(b *backend) {
	x.name(b)
	x.rec.Attempts++
	x.rec.BackendStatus = 0
	b.metrics.attempts.Add(1)
	b.running.Add(1)
	x.trying, x.giveUp = context.WithCancelCause(x.ctx)
	x.patience.wait(x.rt.config.Timeouts.FirstByte, errFirstByte, x.giveUp)
}

func (x *exchange) endTry(b *backend) {
	x.patience.rest()
	x.giveUp(errCallOver)
	b.running.Add(-1)
}

// exchangeWith sends the request and passes the answer on.
func (x *exchange) exchangeWith(b *backend, began time.Time) outcome {
	res, o := x.ask(b, began)
	if res == nil {
		return o
	}
	o = x.relay(x.trying, b, res, began)
	res.Body.Close()
	return o
}

// ask sends the request and returns the answer when it is a good one. Time
// spent waiting for the backend is booked as such; what is relayed while it
// streams counts too.
func (x *exchange) ask(b *backend, began time.Time) (*http.Response, outcome) {
	req, presented, o := x.request(x.trying, b)
	if req == nil {
		return nil, o
	}
	x.rec.BackendURL = addressOf(req.URL)
	res, err := b.transport.RoundTrip(req)
	if err != nil {
		x.rec.Upstream += x.g.now().Sub(began)
		return nil, x.failed(x.trying, b, err)
	}
	res.Request = nil // its memory is not needed while the answer streams
	x.rec.BackendStatus = res.StatusCode
	x.rec.BackendID = firstOf(res.Header, "Apim-Request-Id", "X-Request-Id")
	x.observe(b, res.Header)
	if res.StatusCode >= 200 && res.StatusCode < 300 {
		b.observeLatency(x.g.now().Sub(began))
		return res, o
	}
	o = x.refusal(b, res, presented)
	x.rec.Upstream += x.g.now().Sub(began)
	return nil, o
}

// refusal reads an answer that is no success.
func (x *exchange) refusal(b *backend, res *http.Response, presented []string) outcome {
	defer res.Body.Close()
	x.patience.next(x.rt.config.Timeouts.Idle, errIdle)
	a := &answer{status: res.StatusCode, header: res.Header}
	held := newBuffer()
	err := held.readAll(res.Body, maxRefusal)
	a.body = bytes.Clone(held.b)
	held.free()
	if err != nil && !errors.Is(err, errTooLarge) {
		return x.failed(x.trying, b, err)
	}
	if res.StatusCode == http.StatusUnauthorized {
		b.auth.reject(presented)
	}
	return x.judge(b, a)
}

// request makes the request for a backend anew: its own framing, its own
// credentials, only such headers as mean something to it.
func (x *exchange) request(ctx context.Context, b *backend) (*http.Request, []string, outcome) {
	h := make(http.Header, max(len(x.r.Header)-2, 1))
	x.copyRequestHeaders(h)
	if x.trace != nil {
		x.beginAttempt(b, h)
	}
	presented, err := b.auth.authorize(ctx, h)
	if err != nil {
		if x.ctx.Err() != nil {
			return nil, nil, x.failed(ctx, b, err)
		}
		x.rec.ErrorMessage = err.Error()
		return nil, nil, outcome{verdict: unusable, fault: newFault(http.StatusBadGateway, "BackendSignIn", "The gateway could not sign in to the deployment's account.")}
	}
	req := x.r.WithContext(ctx)
	req.URL, req.Header, req.Host = x.backendURL(b), h, b.url.Host
	req.Proto, req.ProtoMajor, req.ProtoMinor = "HTTP/1.1", 1, 1
	req.Body, req.ContentLength, req.TransferEncoding, req.Trailer, req.Close = nil, 0, nil, nil, false
	req.RequestURI, req.RemoteAddr, req.TLS, req.Pattern = "", "", nil, ""
	if x.upload != nil {
		x.attachUpload(req, b)
	} else if x.entry.request != nil && (len(x.entry.request.b) > 0 || x.r.Method != http.MethodDelete) {
		x.attachBody(req, b)
	}
	return req, presented, outcome{}
}

// backendURL is where the request goes at b.
func (x *exchange) backendURL(b *backend) *url.URL {
	u := b.url
	query := x.r.URL.RawQuery
	if query != "" {
		query = withoutParameter(query, "subscription-key")
	}
	escaped := x.target.rest
	switch {
	case x.target.deployment != "":
		escaped = "/openai/deployments/" + url.PathEscape(b.Deployment) + x.target.rest
	case x.target.v1:
		escaped = "/openai/v1" + x.target.rest
	case x.target.azure:
		escaped = "/openai" + x.target.rest
	}
	if _, ok, _ := parameter(query, "deployment"); ok {
		query = withParameter(query, "deployment", url.QueryEscape(b.Deployment))
	}
	if b.APIVersion != "" && !x.target.v1 && x.target.azure {
		query = withParameter(query, "api-version", url.QueryEscape(b.APIVersion))
	}
	u.Path, u.RawQuery = escaped, query
	if plain, err := url.PathUnescape(escaped); err == nil && plain != escaped {
		u.Path, u.RawPath = plain, escaped
	}
	return &u
}

// addressOf is u as text, which costs less than what can write any address.
func addressOf(u *url.URL) string {
	if u.RawQuery == "" {
		return u.Scheme + "://" + u.Host + u.EscapedPath()
	}
	return u.Scheme + "://" + u.Host + u.EscapedPath() + "?" + u.RawQuery
}

// attachBody gives the request the body as b is to get it.
func (x *exchange) attachBody(req *http.Request, b *backend) {
	text := x.entry.request.b
	model := ""
	if x.target.deployment == "" {
		model = b.Deployment
	}
	ask := x.target.shape == chat || x.target.shape == completion
	if x.target.model && x.upload == nil {
		var scratch buffer
		text = x.body.rewrite(&scratch, text, model, ask)
	}
	req.Body, req.ContentLength = http.NoBody, int64(len(text))
	if len(text) > 0 {
		held := &heldBody{}
		held.Reset(text)
		req.Body = held
	}
}

// heldBody is a request's body from memory.
type heldBody struct{ bytes.Reader }

func (*heldBody) Close() error { return nil }

// failed judges an attempt that got no whole answer.
func (x *exchange) failed(ctx context.Context, b *backend, err error) outcome {
	cause := context.Cause(ctx)
	spoiled := x.spoiled(cause)
	switch {
	case x.ctx.Err() != nil:
		return outcome{verdict: clientGone}
	case spoiled != nil:
		return outcome{verdict: improper, fault: spoiled}
	case cause == errTotal || cause == errFirstByte || cause == errIdle:
		x.rec.ErrorMessage = cause.Error()
		return outcome{verdict: broken, fault: newFault(http.StatusGatewayTimeout, "Timeout", "The operation was timeout.")}
	case errors.Is(err, errWriteFailed):
		x.gone.Store(true)
		return outcome{verdict: clientGone}
	}
	x.rec.ErrorMessage = strings.ReplaceAll(err.Error(), b.url.Host, b.Name)
	return outcome{verdict: broken, fault: newFault(http.StatusBadGateway, "BackendFailed", "The deployment could not be reached or broke its answer off.")}
}

// judge tells what an answer that is no success means.
func (x *exchange) judge(b *backend, a *answer) outcome {
	var u usage
	_ = readUsage(a.body, &u) // an answer without an error object is judged by its status
	x.rec.ErrorCode, x.rec.ErrorMessage = u.errorCode, u.errorMessage
	wait, asked := retryAfter(a.header, x.g.now())
	o := outcome{answer: a, wait: wait}
	switch s := a.status; {
	case s == http.StatusTooManyRequests, s == http.StatusFailedDependency: // 0301 versions answer 424 when they are busy
		if o.verdict = full; !asked {
			o.wait = time.Second
		}
	case s == http.StatusUnauthorized, s == http.StatusForbidden, s == http.StatusLocked,
		s == http.StatusNotFound && u.errorCode == "DeploymentNotFound", s == http.StatusGone:
		o.verdict = unusable
		if s == http.StatusUnauthorized || s == http.StatusForbidden {
			// The client must not take it for its own key that is refused.
			o.answer, o.fault = nil, newFault(http.StatusBadGateway, "BackendSignIn", "The deployment's account refused the gateway's credentials.")
		}
	case s == http.StatusRequestTimeout, s >= 500:
		o.verdict = broken
	case s == http.StatusBadRequest && b.Kind == config.PTU && isTooLong(&u):
		o.verdict = tooLong
	case x.held != "" && x.pinned == "" && (s == http.StatusNotFound || u.errorCode == "previous_response_not_found"):
		o.verdict = notHere
	default:
		x.pass(a)
		o.verdict = served
	}
	return o
}

// isTooLong recognizes the refusals of prompts that exceed what a deployment
// takes.
func isTooLong(u *usage) bool {
	return u.errorCode == "context_length_exceeded" ||
		strings.Contains(u.errorMessage, "maximum context length") ||
		strings.Contains(u.errorMessage, "exceed the configured limit")
}

// observe takes note of what a backend says of its load.
func (x *exchange) observe(b *backend, h http.Header) {
	if v := h["Azure-Openai-Deployment-Utilization"]; len(v) > 0 && b.predictor != nil {
		if f, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(v[0]), "%"), 64); err == nil {
			b.predictor.Observe(x.g.at(), f/100)
		}
	}
	if b.predictor != nil {
		return
	}
	left, limit := h["X-Ratelimit-Remaining-Tokens"], h["X-Ratelimit-Limit-Tokens"]
	if len(left) == 0 || len(limit) == 0 {
		return
	}
	l, errL := strconv.ParseFloat(left[0], 64)
	m, errM := strconv.ParseFloat(limit[0], 64)
	if errL == nil && errM == nil && m > 0 && l >= 0 && l <= m {
		b.reported.Store(math.Float64bits(1 - l/m))
	}
}

// learn corrects what is believed of a backend by how the attempt went.
func (x *exchange) learn(b *backend, ticket admit.Forecast, o outcome) {
	at := x.g.at()
	wait := b.believed(at, o.wait)
	switch o.verdict {
	case clientGone:
		b.leftAt.Store(int64(at))
		b.breaker.Succeeded()
	case served:
		b.breaker.Succeeded()
	case tooLong, notHere, full:
		b.breaker.Succeeded()
		if o.verdict == full {
			b.metrics.refused.Add(1)
			b.cool(at + wait)
		}
	case broken, unusable:
		b.metrics.broken.Add(1)
		if b.breaker.Failed(at) {
			x.g.log.Warn("breaker opened", "backend", b.Name, "status", x.rec.BackendStatus, "error", x.rec.ErrorMessage)
		}
	}
	if b.predictor == nil {
		return
	}
	defer func() { x.rec.Utilization = b.predictor.Utilization(at) }()
	switch {
	case o.verdict == full:
		b.predictor.Refused(at, wait, ticket)
	case !b.predict:
	case x.rec.Tokens() > 0 && (o.verdict == served || o.verdict == clientGone):
		b.predictor.Settle(at, ticket, x.rec.Prompt, x.rec.Cached, x.rec.Completion)
	default:
		b.predictor.Cancel(at, ticket)
	}
}

// pass sends a held answer to the client as it is.
func (x *exchange) pass(a *answer) {
	h := x.w.Header()
	x.copyResponseHeaders(h, a.header)
	x.ownHeaders(h)
	h["Content-Length"] = []string{strconv.Itoa(len(a.body))}
	x.rec.Status = a.status
	x.rec.FirstByte = x.g.now().Sub(x.started)
	x.committed = true
	x.deliver(a.status, a.body)
	x.entry.keepAnswer(a.body)
}

func firstOf(h http.Header, names ...string) string {
	for _, name := range names {
		if v := h[name]; len(v) > 0 && v[0] != "" {
			return v[0]
		}
	}
	return ""
}
