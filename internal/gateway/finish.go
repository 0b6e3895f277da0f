package gateway

import (
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/azptu/azptu/internal/admit"
	"github.com/azptu/azptu/internal/call"
	"github.com/azptu/azptu/internal/gateway/config"
	"github.com/azptu/azptu/internal/tokens"
)

// finish settles what was reserved, counts, and hands the record over. It runs
// once for every request, however it went.
func (x *exchange) finish() {
	now := x.g.now()
	rec := x.rec
	rec.Total = now.Sub(x.started)
	rec.ResponseSize = x.sent
	if !x.refused && !x.delivered && rec.Status != http.StatusSwitchingProtocols && x.left() {
		rec.Status = statusClientGone
	}
	x.settle(now)
	x.count()
	if log := x.g.access; log != nil && log.Enabled(x.r.Context(), slog.LevelInfo) {
		x.logAccess(log)
	}
	x.trace.End(rec, now)
	x.g.records.take(x.entry, x.keeps())
}

// settle corrects the limits to what the call used.
func (x *exchange) settle(now time.Time) {
	for i := range x.claimed {
		x.claims[i].settle(x.r.Context(), now, int64(x.rec.Tokens()))
		x.claims[i] = Claim{}
	}
	x.claimed = 0
}

// account books the tokens of a served answer: reported ones, else counted
// from the texts.
func (x *exchange) account(b *backend) {
	rec, u := x.rec, &x.usage
	if x.target.shape == opaque && !u.reported {
		return
	}
	if !u.reported {
		x.estimate(b)
	}
	rec.Prompt, rec.Cached, rec.Completion, rec.Reasoning = u.prompt, min(u.cached, u.prompt), u.completion, u.reasoning
	rec.Counting = call.Estimated
	if u.reported {
		rec.Counting = call.Reported
	}
	if u.model != "" {
		rec.Model = u.model
	}
	switch {
	case b.Kind == config.Standard && b.priced:
		rec.Cost, rec.Basis = b.price.Cost(int64(rec.Prompt), int64(rec.Cached), int64(rec.Completion)), call.ByToken
	case b.Kind == config.PTU:
		weight := b.predictor.Weigh(rec.Prompt, rec.Cached, rec.Completion)
		b.addWeight(weight)
		if b.unitHour > 0 && b.tpm > 0 {
			rec.Cost, rec.Basis = b.shareCost(weight), call.ByShare
		}
	}
}

// estimate counts with the model's own tokenizer what the answer did not tell.
func (x *exchange) estimate(b *backend) {
	encoding := tokens.For(b.Model)
	x.usage.prompt = x.body.promptTokens
	if x.entry.request != nil {
		x.usage.prompt = x.promptTokens(encoding, b.Model)
	}
	x.usage.completion = x.text.count(encoding)
}

// count adds the call to the metrics.
func (x *exchange) count() {
	rec, m := x.rec, x.g.metrics
	s := x.series(requestKey{pool: rec.Pool, product: rec.Product, backend: rec.Backend, status: rec.Status})
	s.count.Add(1)
	s.total.observe(rec.Total)
	if rec.FirstByte > 0 {
		s.firstByte.observe(rec.FirstByte)
	}
	s.overhead.observe(rec.Overhead())
	if rec.Counting != call.NotCounted {
		s.prompt.Add(int64(rec.Prompt))
		s.cached.Add(int64(rec.Cached))
		s.completion.Add(int64(rec.Completion))
		s.reasoning.Add(int64(rec.Reasoning))
		s.cost.add(rec.Cost)
	}
	if rec.Spilled() && x.served != nil {
		counter(&m.spills, spillKey{rec.Pool, string(rec.Spill)}).Add(1)
	}
}

// series finds what calls like this one are counted in. The one that served
// the backend's last call is nearly always it.
func (x *exchange) series(k requestKey) *callSeries {
	if x.served == nil {
		return x.g.metrics.series(k)
	}
	last := &x.served.metrics.last
	if l := last.Load(); l != nil && l.key == k {
		return l.callSeries
	}
	s := x.g.metrics.series(k)
	last.Store(&keyedSeries{k, s})
	return s
}

// keeps is what may be kept of the call's bodies.
func (x *exchange) keeps() config.Bodies {
	if x.product == nil {
		return config.NoBodies
	}
	return x.product.bodies
}

func (x *exchange) logAccess(log *slog.Logger) {
	rec := x.rec
	log.LogAttrs(x.r.Context(), slog.LevelInfo, "call",
		slog.String("id", rec.ID), slog.String("method", rec.Method), slog.String("url", rec.URL), slog.Int("status", rec.Status),
		slog.String("caller", rec.Caller), slog.String("key", rec.Key), slog.String("product", rec.Product), slog.String("pool", rec.Pool),
		slog.String("backend", rec.Backend), slog.Int("attempts", rec.Attempts), slog.String("spill", string(rec.Spill)),
		slog.Int("promptTokens", rec.Prompt), slog.Int("completionTokens", rec.Completion),
		slog.Duration("firstByte", rec.FirstByte), slog.Duration("total", rec.Total), slog.String("error", rec.ErrorCode), slog.String("message", rec.ErrorMessage))
}

// ownHeaders sets what the gateway tells of itself and of its limits.
func (x *exchange) ownHeaders(h http.Header) {
	x.told = [2]string{x.rec.ID, x.rec.Backend}
	h["X-Azptu-Id"] = x.told[:1:1]
	if x.rec.Backend != "" {
		h["X-Azptu-Backend"] = x.told[1:2:2]
	}
	if x.rec.Spill != call.NotSpilled {
		h["X-Azptu-Spill"] = []string{string(x.rec.Spill)}
	}
	x.limitHeaders(h)
}

// limitHeaders tells the client the tightest of its limits, in the headers
// that Azure OpenAI uses.
func (x *exchange) limitHeaders(h http.Header) {
	var tokens, requests Left
	var anyTokens, anyRequests bool
	var now time.Time
	for _, a := range x.accounts() {
		if a == nil {
			continue
		}
		if now.IsZero() {
			now = x.g.now()
		}
		if l, ok := a.left(now, TokensPerMinute); ok && (!anyTokens || l.Remaining < tokens.Remaining) {
			tokens, anyTokens = l, true
		}
		if l, ok := a.left(now, RequestsPerMinute); ok && (!anyRequests || l.Remaining < requests.Remaining) {
			requests, anyRequests = l, true
		}
	}
	if anyTokens {
		limitHeader(h, &tokenHeaders, &tokens)
	}
	if anyRequests {
		limitHeader(h, &requestHeaders, &requests)
	}
}

// Headers that tell of a limit: its size, what is left, when it is whole again.
var (
	tokenHeaders   = [3]string{"X-Ratelimit-Limit-Tokens", "X-Ratelimit-Remaining-Tokens", "X-Ratelimit-Reset-Tokens"}
	requestHeaders = [3]string{"X-Ratelimit-Limit-Requests", "X-Ratelimit-Remaining-Requests", "X-Ratelimit-Reset-Requests"}
)

// limitHeader sets three headers whose values share their memory.
func limitHeader(h http.Header, names *[3]string, l *Left) {
	var digits [64]byte
	b := strconv.AppendInt(digits[:0], l.Limit, 10)
	first := len(b)
	b = strconv.AppendInt(b, l.Remaining, 10)
	second := len(b)
	b = strconv.AppendInt(b, admit.RetryAfterMilliseconds(l.Reset), 10)
	text := string(b)
	values := []string{text[:first], text[first:second], text[second:]}
	for i, name := range names {
		h[name] = values[i : i+1 : i+1]
	}
}
