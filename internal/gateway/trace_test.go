package gateway

import (
	"compress/gzip"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// receiver is an OpenTelemetry collector: it takes OTLP over HTTP.
type receiver struct {
	*httptest.Server
	mu      sync.Mutex
	spans   []*tracepb.Span
	metrics map[string]*metricspb.Metric
	raw     strings.Builder
	refuse  int // answers of 503 before the first good one
	asked   int
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{metrics: map[string]*metricspb.Metric{}}
	r.Server = httptest.NewServer(http.HandlerFunc(r.serve))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) serve(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.asked++; r.asked <= r.refuse {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if req.Method != "POST" || req.Header.Get("Content-Type") != "application/x-protobuf" || req.Header.Get("X-Collector-Key") != "backend-secret" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	unzip, err := gzip.NewReader(req.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	raw, _ := io.ReadAll(unzip)
	r.raw.Write(raw)
	switch req.URL.Path {
	case "/otel/v1/traces":
		var m tracepb.TracesData
		err = proto.Unmarshal(raw, &m)
		for _, resource := range m.ResourceSpans {
			for _, scope := range resource.ScopeSpans {
				r.spans = append(r.spans, scope.Spans...)
			}
		}
	case "/otel/v1/metrics":
		var m metricspb.MetricsData
		err = proto.Unmarshal(raw, &m)
		for _, resource := range m.ResourceMetrics {
			for _, scope := range resource.ScopeMetrics {
				for _, metric := range scope.Metrics {
					r.metrics[metric.Name] = metric
				}
			}
		}
	default:
		err = fmt.Errorf("nothing is at %s", req.URL.Path)
	}
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
	}
}

func told(all []*commonpb.KeyValue) map[string]any {
	out := map[string]any{}
	for _, a := range all {
		switch v := a.Value.Value.(type) {
		case *commonpb.AnyValue_StringValue:
			out[a.Key] = v.StringValue
		case *commonpb.AnyValue_IntValue:
			out[a.Key] = v.IntValue
		case *commonpb.AnyValue_DoubleValue:
			out[a.Key] = v.DoubleValue
		}
	}
	return out
}

func (r *receiver) config() string {
	return fmt.Sprintf("telemetry: {otlp: %q, headers: {x-collector-key: \"env:BACKEND_KEY\"}}\n", r.URL+"/otel")
}

func TestCallsAreTraced(t *testing.T) {
	collector := newReceiver(t)
	collector.refuse = 1 // it is asked again
	var mu sync.Mutex
	var parents []string
	listens := func(answer http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			parents = append(parents, r.Header.Get("Traceparent"), r.Header.Get("Tracestate"))
			mu.Unlock()
			w.Header().Set("X-Request-Id", "req-1")
			answer(w, r)
		}
	}
	full, free := newUpstream(t, listens(refuses("retry-after-ms", "5000"))), newUpstream(t, listens(answers))
	b := newBench(t, collector.config(), full, free)
	const trace, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	res, _, err := b.post(t, chatPath, chatStream(), "traceparent", "00-"+trace+"-"+parent+"-01", "tracestate", "vendor=1")
	if err != nil || res.StatusCode != 200 {
		t.Fatal(err, res)
	}
	b.log.next(t, 0)
	b.Gateway.Close(t.Context())

	collector.mu.Lock()
	defer collector.mu.Unlock()
	if len(collector.spans) != 3 {
		t.Fatalf("%d spans came", len(collector.spans))
	}
	i := slices.IndexFunc(collector.spans, func(s *tracepb.Span) bool { return s.Kind == tracepb.Span_SPAN_KIND_SERVER })
	server := collector.spans[i]
	if server.Name != "ChatCompletions_Create" || hex.EncodeToString(server.TraceId) != trace || hex.EncodeToString(server.ParentSpanId) != parent || server.TraceState != "vendor=1" {
		t.Errorf("the server's span %v", server)
	}
	about := told(server.Attributes)
	for key, want := range map[string]any{
		"http.request.method": "POST", "http.response.status_code": int64(200), "azptu.pool": "gpt-4o", "azptu.product": "chat", "azptu.key": "team-a",
		"azptu.backend": "b1", "azptu.spill": "refused", "azptu.attempts": int64(2), "azptu.refused": int64(1), "client.address": "127.0.0.1",
	} {
		if about[key] != want {
			t.Errorf("the server's %s is %v, want %v", key, about[key], want)
		}
	}
	var wantParents []string
	for _, want := range []map[string]any{
		{"azptu.backend": "b0", "error.type": "429", "http.response.status_code": int64(429)},
		{"azptu.backend": "b1", "http.response.status_code": int64(200), "gen_ai.operation.name": "chat", "gen_ai.provider.name": "azure.ai.openai",
			"gen_ai.request.model": "gpt-4o", "gen_ai.response.model": "gpt-4o-2024-08-06", "gen_ai.usage.input_tokens": int64(11), "gen_ai.usage.output_tokens": int64(7),
			"gen_ai.request.max_tokens": int64(20), "http.request.resend_count": int64(1), "azure.service.request.id": "req-1", "server.address": "127.0.0.1"},
	} {
		i := slices.IndexFunc(collector.spans, func(s *tracepb.Span) bool {
			return told(s.Attributes)["azptu.backend"] == want["azptu.backend"] && s != server
		})
		if i < 0 {
			t.Fatalf("no span of the attempt at %v", want["azptu.backend"])
		}
		s := collector.spans[i]
		if s.Kind != tracepb.Span_SPAN_KIND_CLIENT || s.Name != "chat gpt-4o" || string(s.ParentSpanId) != string(server.SpanId) || string(s.TraceId) != string(server.TraceId) {
			t.Errorf("an attempt's span %v", s)
		}
		about := told(s.Attributes)
		for key, value := range want {
			if about[key] != value {
				t.Errorf("attempt at %v: %s is %v, want %v", want["azptu.backend"], key, about[key], value)
			}
		}
		wantParents = append(wantParents, "00-"+trace+"-"+hex.EncodeToString(s.SpanId)+"-01", "vendor=1")
	}
	if !slices.Equal(parents, wantParents) {
		t.Errorf("backends were told %v, want %v", parents, wantParents)
	}
	collector.checkMetrics(t)
	for _, secret := range []string{"Say hello", "Hello there", "backend-secret", testKey} {
		if strings.Contains(collector.raw.String(), secret) {
			t.Errorf("the collector was told %q", secret)
		}
	}
}

func (r *receiver) checkMetrics(t *testing.T) {
	t.Helper()
	for name, points := range map[string]int{"gen_ai.client.operation.duration": 2, "gen_ai.client.token.usage": 2, "http.server.request.duration": 1, "gen_ai.server.time_to_first_token": 1} {
		h := r.metrics[name].GetHistogram()
		if h == nil || len(h.DataPoints) != points || h.DataPoints[0].Count != 1 {
			t.Errorf("%s: %v", name, r.metrics[name])
		}
	}
	for _, p := range r.metrics["gen_ai.client.token.usage"].GetHistogram().GetDataPoints() {
		want := map[any]float64{"input": 11, "output": 7}[told(p.Attributes)["gen_ai.token.type"]]
		if p.GetSum() != want {
			t.Errorf("tokens %v", p)
		}
	}
	if points := r.metrics["azptu.gateway.spillover"].GetSum().GetDataPoints(); len(points) != 1 || points[0].GetAsInt() != 1 {
		t.Errorf("spill-over %v", points)
	}
	if points := r.metrics["azptu.gateway.backend.utilization"].GetGauge().GetDataPoints(); len(points) != 2 {
		t.Errorf("utilization %v", points)
	}
}

// A collector that hangs, and one that is not there, cost calls nothing.
func TestTheCollectorHoldsNothingUp(t *testing.T) {
	hang := make(chan bool)
	collector := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hang }))
	defer collector.Close()
	defer close(hang)
	for _, address := range []string{collector.URL, "http://127.0.0.1:1"} {
		b := newBench(t, fmt.Sprintf("telemetry: {otlp: %q, interval: 1s}\n", address), newUpstream(t, answers))
		for range 50 {
			if res, _ := b.chat(t); res.StatusCode != 200 {
				t.Fatal(res)
			}
		}
		b.log.next(t, 49)
	}
}

// What a client decided about its trace holds; else the share that is kept.
func TestTracesAreSampled(t *testing.T) {
	collector := newReceiver(t)
	b := newBench(t, strings.Replace(collector.config(), "{otlp", "{sample: 0, otlp", 1), newUpstream(t, answers))
	for _, flags := range []string{"00", "01", "none"} {
		parent := "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-" + flags
		if flags == "none" {
			parent = ""
		}
		if res, _, err := b.post(t, chatPath, chatBody, "traceparent", parent); err != nil || res.StatusCode != 200 {
			t.Fatal(err, res)
		}
	}
	b.log.next(t, 2)
	// Another collector: what was queued for the first still gets there.
	second := newReceiver(t)
	b.reload(t, strings.Replace(b.text, collector.URL, second.URL, 1))
	if res, _ := b.chat(t); res.StatusCode != 200 {
		t.Fatal(res)
	}
	b.log.next(t, 3)
	b.Gateway.Close(t.Context())
	collector.mu.Lock()
	defer collector.mu.Unlock()
	if n := len(collector.spans); n != 2 {
		t.Errorf("%d spans came, want those of the trace that its client keeps", n)
	}
	if h := collector.metrics["http.server.request.duration"].GetHistogram(); h == nil || h.DataPoints[0].Count != 3 {
		t.Errorf("metrics count every call: %v", h)
	}
	second.mu.Lock()
	defer second.mu.Unlock()
	if h := second.metrics["http.server.request.duration"].GetHistogram(); h == nil || h.DataPoints[0].Count != 1 {
		t.Errorf("the second collector got %v", h)
	}
}

// BenchmarkTelemetry is a call with and without a collector.
func BenchmarkTelemetry(b *testing.B) {
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	defer collector.Close()
	for name, extra := range map[string]string{"off": "", "on": fmt.Sprintf("telemetry: {otlp: %q}\n", collector.URL)} {
		b.Run(name, func(b *testing.B) {
			g := newBench(b, extra+"logs: {bodies: none}\n", newUpstream(b, answers))
			b.ReportAllocs()
			for b.Loop() {
				g.ServeHTTP(httptest.NewRecorder(), g.request(b, http.MethodPost, chatPath, chatBody))
			}
		})
	}
}
