package telemetry

import (
	"context"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/azptu/azptu/internal/call"
)

// instruments are what is measured. The first three and their bounds are those
// of the conventions for generative AI, the fourth that for HTTP servers.
type instruments struct {
	duration  metric.Float64Histogram // of attempts
	tokens    metric.Int64Histogram
	firstByte metric.Float64Histogram
	request   metric.Float64Histogram // of calls
	spills    metric.Int64Counter
	cost      metric.Float64Counter
}

var (
	genAISeconds = []float64{0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92}
	genAIFirst   = []float64{0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}
	genAITokens  = []float64{1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864}
	httpSeconds  = []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}
)

func (i *instruments) make(m metric.Meter, utilization func(func(string, float64))) error {
	var first error
	keep := func(err error) {
		if first == nil {
			first = err
		}
	}
	histogram := func(name, help string, bounds []float64) metric.Float64Histogram {
		h, err := m.Float64Histogram(name, metric.WithUnit("s"), metric.WithDescription(help), metric.WithExplicitBucketBoundaries(bounds...))
		keep(err)
		return h
	}
	i.duration = histogram("gen_ai.client.operation.duration", "GenAI operation duration.", genAISeconds)
	i.firstByte = histogram("gen_ai.server.time_to_first_token", "Time to generate first token for successful responses.", genAIFirst)
	i.request = histogram("http.server.request.duration", "Duration of HTTP server requests.", httpSeconds)
	var err error
	i.tokens, err = m.Int64Histogram("gen_ai.client.token.usage", metric.WithUnit("{token}"),
		metric.WithDescription("Number of input and output tokens used."), metric.WithExplicitBucketBoundaries(genAITokens...))
	keep(err)
	i.spills, err = m.Int64Counter("azptu.gateway.spillover", metric.WithUnit("{call}"), metric.WithDescription("Calls that another backend than the first choice served, by why."))
	keep(err)
	i.cost, err = m.Float64Counter("azptu.gateway.cost", metric.WithUnit("{USD}"), metric.WithDescription("Cost of answered calls in US dollars: tokens at their price, provisioned units by the share of the hour."))
	keep(err)
	if utilization != nil {
		_, err = m.Float64ObservableGauge("azptu.gateway.backend.utilization", metric.WithUnit("1"), metric.WithDescription("How full a backend is believed to be; 1 is 100 %."),
			metric.WithFloat64Callback(func(_ context.Context, o metric.Float64Observer) error {
				utilization(func(backend string, u float64) {
					o.Observe(u, metric.WithAttributes(attribute.String("azptu.backend", backend)))
				})
				return nil
			}))
		keep(err)
	}
	return first
}

// attempt measures one request of generative AI to a backend.
func (i *instruments) attempt(span trace.Span, told []attribute.KeyValue, took time.Duration, c *call.Call, failure string) {
	ctx := trace.ContextWithSpan(context.Background(), span)
	i.duration.Record(ctx, took.Seconds(), metric.WithAttributes(told...))
	if failure != "" || c.Counting == call.NotCounted {
		return
	}
	kind := append(told, attribute.String("gen_ai.token.type", "input"))
	i.tokens.Record(ctx, int64(c.Prompt), metric.WithAttributes(kind...))
	if c.Completion > 0 {
		kind[len(told)] = attribute.String("gen_ai.token.type", "output")
		i.tokens.Record(ctx, int64(c.Completion), metric.WithAttributes(kind...))
	}
}

// call measures one request to the gateway.
func (i *instruments) call(ctx context.Context, c *call.Call) {
	whose := []attribute.KeyValue{attribute.String("azptu.pool", c.Pool), attribute.String("azptu.product", c.Product)}
	about := append(whose[:2:2], attribute.String("http.request.method", method(c.Method)), attribute.Int("http.response.status_code", c.Status))
	if c.Status >= 500 {
		about = append(about, attribute.String("error.type", strconv.Itoa(c.Status)))
	}
	i.request.Record(ctx, c.Total.Seconds(), metric.WithAttributes(about...))
	if c.Stream && c.FirstByte > 0 && c.Counting != call.NotCounted {
		i.firstByte.Record(ctx, c.FirstByte.Seconds(), metric.WithAttributes(append(whose[:2:2],
			attribute.String("gen_ai.provider.name", "azure.ai.openai"), attribute.String("gen_ai.request.model", c.Pool), attribute.String("gen_ai.response.model", c.Model))...))
	}
	if c.Spilled() && c.Status < 400 {
		i.spills.Add(ctx, 1, metric.WithAttributes(append(whose[:2:2], attribute.String("azptu.spill", string(c.Spill)))...))
	}
	if c.Cost > 0 {
		i.cost.Add(ctx, c.Cost, metric.WithAttributes(append(whose[:2:2], attribute.String("azptu.backend", c.Backend))...))
	}
}

// method keeps clients from making up as many as they like.
func method(m string) string {
	switch m {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS":
		return m
	}
	return "_OTHER"
}
