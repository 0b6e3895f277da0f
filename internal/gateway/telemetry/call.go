package telemetry

import (
	"context"
	"net"
	"net/http"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/azptu/azptu/internal/call"
)

// Call is one request on its way through the gateway.
type Call struct {
	t        *Telemetry
	ctx      context.Context
	span     trace.Span
	attempts int
}

// Begin notes that a request came in. What its header says of a trace is taken
// up.
func (t *Telemetry) Begin(h http.Header, at time.Time) *Call {
	if t == nil {
		return nil
	}
	ctx := propagator.Extract(context.Background(), propagation.HeaderCarrier(h))
	c := &Call{t: t}
	c.ctx, c.span = t.tracer.Start(ctx, "request", trace.WithSpanKind(trace.SpanKindServer), trace.WithTimestamp(at))
	return c
}

// Place is a backend that a call is sent to.
type Place struct {
	Operation string // of generative AI: "chat"; "" for what is none
	Model     string // as it was asked for
	MaxTokens int    // of the answer; 0: not said
	Backend   string
	Host      string // with or without a port
	Scheme    string
	Method    string
}

// Attempt is one request to a backend.
type Attempt struct {
	t     *Telemetry
	span  trace.Span
	at    time.Time
	place Place
	asked []attribute.KeyValue // what metrics say of it too
}

// Attempt notes that the call is sent to a backend, and tells the backend of
// the trace in h.
func (c *Call) Attempt(place Place, h http.Header, at time.Time) *Attempt {
	if c == nil {
		return nil
	}
	a := &Attempt{t: c.t, at: at, place: place}
	name := place.Method
	if place.Operation != "" {
		name = place.Operation + " " + place.Model
		a.asked = append(a.asked, attribute.String("gen_ai.operation.name", place.Operation),
			attribute.String("gen_ai.provider.name", "azure.ai.openai"), attribute.String("gen_ai.request.model", place.Model))
	}
	a.asked = append(a.asked, server(place)...)
	a.asked = append(a.asked, attribute.String("azptu.backend", place.Backend))
	ctx, span := c.t.tracer.Start(c.ctx, name, trace.WithSpanKind(trace.SpanKindClient), trace.WithTimestamp(at))
	a.span = span
	if span.IsRecording() {
		span.SetAttributes(a.asked...)
		span.SetAttributes(attribute.String("http.request.method", place.Method), attribute.String("az.namespace", "Microsoft.CognitiveServices"))
		if place.MaxTokens > 0 && place.Operation != "" {
			span.SetAttributes(attribute.Int("gen_ai.request.max_tokens", place.MaxTokens))
		}
		if c.attempts > 0 {
			span.SetAttributes(attribute.Int("http.request.resend_count", c.attempts))
		}
	}
	c.attempts++
	propagator.Inject(ctx, propagation.HeaderCarrier(h))
	return a
}

func server(p Place) []attribute.KeyValue {
	host, port := p.Host, 443
	if p.Scheme == "http" {
		port = 80
	}
	if h, text, err := net.SplitHostPort(p.Host); err == nil {
		host = h
		if n, err := strconv.Atoi(text); err == nil {
			port = n
		}
	}
	return []attribute.KeyValue{attribute.String("server.address", host), attribute.Int("server.port", port)}
}

// End notes how an attempt went. c is the record of its call; failure says
// what went wrong, "" for nothing: a status, or a word of one's own.
func (a *Attempt) End(c *call.Call, failure string, at time.Time) {
	if a == nil {
		return
	}
	told := a.asked
	if a.place.Operation != "" && failure == "" && c.Model != "" {
		told = append(told, attribute.String("gen_ai.response.model", c.Model))
	}
	if failure != "" {
		told = append(told, attribute.String("error.type", failure))
	}
	if a.span.IsRecording() {
		a.span.SetAttributes(told[len(a.asked):]...)
		a.describe(c, failure)
	}
	a.span.End(trace.WithTimestamp(at))
	if a.place.Operation != "" {
		a.t.attempt(a.span, told, at.Sub(a.at), c, failure)
	}
}

func (a *Attempt) describe(c *call.Call, failure string) {
	if c.BackendStatus > 0 {
		a.span.SetAttributes(attribute.Int("http.response.status_code", c.BackendStatus))
	}
	if c.BackendID != "" {
		a.span.SetAttributes(attribute.String("azure.service.request.id", c.BackendID))
	}
	if failure != "" {
		a.span.SetStatus(codes.Error, "")
		return
	}
	if a.place.Operation != "" && c.Counting != call.NotCounted {
		a.span.SetAttributes(attribute.Int("gen_ai.usage.input_tokens", c.Prompt), attribute.Int("gen_ai.usage.output_tokens", c.Completion),
			attribute.Int("gen_ai.usage.cache_read.input_tokens", c.Cached), attribute.String("azptu.tokens.counting", string(c.Counting)))
	}
}

// End notes that the call is over.
func (c *Call) End(rec *call.Call, at time.Time) {
	if c == nil {
		return
	}
	if c.span.IsRecording() {
		c.describe(rec)
	}
	c.span.End(trace.WithTimestamp(at))
	c.t.call(c.ctx, rec)
}

func (c *Call) describe(rec *call.Call) {
	name := rec.Operation
	if name == "" {
		name = rec.Method
	}
	c.span.SetName(name)
	about := []attribute.KeyValue{
		attribute.String("http.request.method", rec.Method), attribute.Int("http.response.status_code", rec.Status),
		attribute.String("client.address", rec.Caller), attribute.String("azptu.call.id", rec.ID), attribute.Int("azptu.attempts", rec.Attempts),
		attribute.Int("azptu.refused", rec.Refused),
	}
	for _, a := range [...]struct{ key, value string }{
		{"azptu.operation", rec.Operation}, {"azptu.key", rec.Key}, {"azptu.product", rec.Product}, {"azptu.class", rec.Class}, {"azptu.pool", rec.Pool},
		{"azptu.backend", rec.Backend}, {"azptu.spill", string(rec.Spill)}, {"azptu.error.code", rec.ErrorCode},
	} {
		if a.value != "" {
			about = append(about, attribute.String(a.key, a.value))
		}
	}
	if rec.Queued > 0 {
		about = append(about, attribute.Float64("azptu.queued.seconds", rec.Queued.Seconds()))
	}
	if rec.Status >= 500 {
		about = append(about, attribute.String("error.type", strconv.Itoa(rec.Status)))
		c.span.SetStatus(codes.Error, "")
	}
	c.span.SetAttributes(about...)
}
