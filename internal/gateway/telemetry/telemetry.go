// Package telemetry tells an OpenTelemetry collector of the gateway's calls, by
// OTLP over HTTP: for each call a server span with a client span for each
// attempt at a backend, and metrics, both named by the semantic conventions for
// HTTP and generative AI. The trace that a client began goes on, and backends
// are told of it. Nothing here waits for the collector: spans stand in a
// bounded queue and are dropped when it is full, metrics are sums that are sent
// at intervals. Neither prompts nor answers nor credentials are ever part of
// what is sent. A nil *Telemetry, and what comes of it, does nothing.
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Config says where telemetry goes. Endpoint and Transport are needed.
type Config struct {
	Endpoint  *url.URL    // of the collector; /v1/traces and /v1/metrics are below its path
	Header    http.Header // sent along: credentials of the collector
	Transport http.RoundTripper
	Gateway   string        // its name
	Sample    float64       // share of traces that are kept when no client has decided; 1 keeps all
	Interval  time.Duration // between two reports of metrics
	Log       *slog.Logger  // told when the collector fails and when it works again

	// Utilization gives how full each backend is believed to be (1 is 100 %)
	// whenever metrics are reported; nil reports none.
	Utilization func(yield func(backend string, utilization float64))
}

// Telemetry observes calls. It is safe for concurrent use.
type Telemetry struct {
	tracer trace.Tracer
	traces *sdktrace.TracerProvider
	meters *metric.MeterProvider
	instruments
}

const (
	scope = "github.com/azptu/azptu/internal/gateway"

	queued      = 8192 // spans that may wait
	batched     = 512  // spans sent at once
	batchAfter  = 2 * time.Second
	sendTimeout = 20 * time.Second // with every retry
	cardinality = 2000             // different sets of attributes of one metric
)

var propagator = propagation.TraceContext{}

// New begins to observe.
func New(c Config) (*Telemetry, error) {
	about := resource.NewSchemaless(attribute.String("service.name", "azptu-gateway"), attribute.String("azptu.gateway.name", c.Gateway))
	out := &sender{endpoint: c.Endpoint, header: c.Header, transport: c.Transport, log: c.Log}
	exporter, err := otlptrace.New(context.Background(), spanSender{out})
	if err != nil {
		return nil, fmt.Errorf("making the exporter of spans: %w", err)
	}
	t := &Telemetry{
		traces: sdktrace.NewTracerProvider(
			sdktrace.WithResource(about), sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(c.Sample))),
			sdktrace.WithBatcher(exporter, sdktrace.WithMaxQueueSize(queued), sdktrace.WithMaxExportBatchSize(batched),
				sdktrace.WithBatchTimeout(batchAfter), sdktrace.WithExportTimeout(sendTimeout))),
		meters: metric.NewMeterProvider(
			metric.WithResource(about), metric.WithCardinalityLimit(cardinality),
			metric.WithReader(metric.NewPeriodicReader(metricSender{out}, metric.WithInterval(c.Interval), metric.WithTimeout(sendTimeout)))),
	}
	t.tracer = t.traces.Tracer(scope)
	if err := t.instruments.make(t.meters.Meter(scope), c.Utilization); err != nil {
		return nil, fmt.Errorf("making the metrics: %w", err)
	}
	return t, nil
}

// Close sends what is still there, until ctx ends.
func (t *Telemetry) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return errors.Join(t.traces.Shutdown(ctx), t.meters.Shutdown(ctx))
}
