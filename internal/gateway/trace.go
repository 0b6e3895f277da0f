package gateway

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/azptu/azptu/internal/gateway/telemetry"
)

// telemetry makes what tells a collector of calls. What there is stays when its
// configuration did not change. The memory is locked.
func (b *builder) telemetry() {
	c := b.c.Telemetry
	if c.OTLP == nil {
		b.g.memory.telemetry, b.g.memory.told = nil, ""
		return
	}
	header := http.Header{}
	for _, h := range c.Headers {
		value, err := b.g.secrets.Find(b.ctx, h.Value)
		if err != nil {
			b.fault("telemetry.headers."+h.Name, "%v", err)
			return
		}
		header.Set(h.Name, value)
	}
	transport, err := b.g.transports.find(c.CAFile, b.c.Timeouts.Header)
	if err != nil {
		b.fault("telemetry.caFile", "%v", err)
		return
	}
	told := fmt.Sprintf("%s %s %p %v %v %x", b.c.Name, c.OTLP, transport, c.Sample, c.Interval, sha256.Sum256(fmt.Append(nil, header)))
	if b.g.memory.told != told {
		t, err := telemetry.New(telemetry.Config{
			Endpoint: c.OTLP, Header: header, Transport: transport, Gateway: b.c.Name, Sample: c.Sample, Interval: c.Interval,
			Log: b.g.log, Utilization: b.g.utilizations,
		})
		if err != nil {
			b.fault("telemetry", "%v", err)
			return
		}
		b.g.memory.telemetry, b.g.memory.told = t, told
	}
	b.rt.telemetry = b.g.memory.telemetry
}

// utilizations tells how full each backend is believed to be.
func (g *Gateway) utilizations(yield func(backend string, utilization float64)) {
	rt := g.runtime.Load()
	if rt == nil {
		return // the first configuration is still being read
	}
	at := g.at()
	for _, b := range rt.backends {
		yield(b.Name, b.utilization(at))
	}
}

// lastReport bounds how long a stopping gateway waits for its collector.
const lastReport = 3 * time.Second

func (g *Gateway) closeTelemetry(ctx context.Context, t *telemetry.Telemetry) {
	ctx, cancel := context.WithTimeout(ctx, lastReport)
	defer cancel()
	if err := t.Close(ctx); err != nil {
		g.log.Warn("the last of the telemetry was not sent", "error", err)
	}
}

// beginAttempt tells of a request that goes to b, and tells b of the trace.
func (x *exchange) beginAttempt(b *backend, h http.Header) {
	place := telemetry.Place{Backend: b.Name, Host: b.url.Host, Scheme: b.url.Scheme, Method: x.r.Method, MaxTokens: x.body.maxTokens}
	switch x.target.shape {
	case chat, response:
		place.Operation = "chat"
	case completion:
		place.Operation = "text_completion"
	case embedding:
		place.Operation = "embeddings"
	}
	place.Model = x.pool.name
	x.tried = x.trace.Attempt(place, h, x.g.now())
}

func (x *exchange) endAttempt(o outcome) {
	failure := ""
	switch {
	case o.verdict == clientGone:
		failure = "canceled"
	case x.rec.BackendStatus >= http.StatusBadRequest:
		failure = strconv.Itoa(x.rec.BackendStatus)
	case o.fault != nil:
		failure = o.fault.code
	case o.verdict != served:
		failure = "_OTHER"
	case x.abort:
		failure = "StreamBroken"
	}
	x.tried.End(x.rec, failure, x.g.now())
	x.tried = nil
}
