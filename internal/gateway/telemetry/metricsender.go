package telemetry

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
)

// metricSender is the sender as the metrics SDK wants it. The kinds of data
// that our instruments make are all it knows.
type metricSender struct{ *sender }

func (metricSender) Temporality(k metric.InstrumentKind) metricdata.Temporality {
	return metric.DefaultTemporalitySelector(k)
}

func (metricSender) Aggregation(k metric.InstrumentKind) metric.Aggregation {
	return metric.DefaultAggregationSelector(k)
}

func (metricSender) ForceFlush(context.Context) error { return nil }
func (metricSender) Shutdown(context.Context) error   { return nil }

func (s metricSender) Export(ctx context.Context, d *metricdata.ResourceMetrics) error {
	var scopes []*metricspb.ScopeMetrics
	for _, scope := range d.ScopeMetrics {
		out := &metricspb.ScopeMetrics{Scope: &commonpb.InstrumentationScope{Name: scope.Scope.Name}}
		for _, m := range scope.Metrics {
			out.Metrics = append(out.Metrics, message(m))
		}
		scopes = append(scopes, out)
	}
	if len(scopes) == 0 {
		return nil
	}
	s.send(ctx, "v1/metrics", &metricspb.MetricsData{ResourceMetrics: []*metricspb.ResourceMetrics{{
		Resource: &resourcepb.Resource{Attributes: pairs(d.Resource.Attributes())}, ScopeMetrics: scopes,
	}}})
	return nil
}

func message(m metricdata.Metrics) *metricspb.Metric {
	out := &metricspb.Metric{Name: m.Name, Description: m.Description, Unit: m.Unit}
	switch d := m.Data.(type) {
	case metricdata.Histogram[float64]:
		out.Data = &metricspb.Metric_Histogram{Histogram: histogram(d)}
	case metricdata.Histogram[int64]:
		out.Data = &metricspb.Metric_Histogram{Histogram: histogram(d)}
	case metricdata.Sum[float64]:
		out.Data = &metricspb.Metric_Sum{Sum: sum(d)}
	case metricdata.Sum[int64]:
		out.Data = &metricspb.Metric_Sum{Sum: sum(d)}
	case metricdata.Gauge[float64]:
		out.Data = &metricspb.Metric_Gauge{Gauge: &metricspb.Gauge{DataPoints: points(d.DataPoints)}}
	}
	return out
}

func histogram[N int64 | float64](h metricdata.Histogram[N]) *metricspb.Histogram {
	out := &metricspb.Histogram{AggregationTemporality: temporality(h.Temporality)}
	for _, p := range h.DataPoints {
		total := float64(p.Sum)
		point := &metricspb.HistogramDataPoint{
			Attributes: pairs(p.Attributes.ToSlice()), StartTimeUnixNano: nano(p.StartTime), TimeUnixNano: nano(p.Time),
			Count: p.Count, Sum: &total, BucketCounts: p.BucketCounts, ExplicitBounds: p.Bounds, Exemplars: exemplars(p.Exemplars),
		}
		if least, ok := p.Min.Value(); ok {
			v := float64(least)
			point.Min = &v
		}
		if most, ok := p.Max.Value(); ok {
			v := float64(most)
			point.Max = &v
		}
		out.DataPoints = append(out.DataPoints, point)
	}
	return out
}

func sum[N int64 | float64](s metricdata.Sum[N]) *metricspb.Sum {
	return &metricspb.Sum{AggregationTemporality: temporality(s.Temporality), IsMonotonic: s.IsMonotonic, DataPoints: points(s.DataPoints)}
}

func points[N int64 | float64](all []metricdata.DataPoint[N]) []*metricspb.NumberDataPoint {
	out := make([]*metricspb.NumberDataPoint, 0, len(all))
	for _, p := range all {
		point := &metricspb.NumberDataPoint{
			Attributes: pairs(p.Attributes.ToSlice()), StartTimeUnixNano: nano(p.StartTime), TimeUnixNano: nano(p.Time), Exemplars: exemplars(p.Exemplars),
		}
		switch v := any(p.Value).(type) {
		case int64:
			point.Value = &metricspb.NumberDataPoint_AsInt{AsInt: v}
		case float64:
			point.Value = &metricspb.NumberDataPoint_AsDouble{AsDouble: v}
		}
		out = append(out, point)
	}
	return out
}

// exemplars lead from a metric to traces that it counts.
func exemplars[N int64 | float64](all []metricdata.Exemplar[N]) []*metricspb.Exemplar {
	out := make([]*metricspb.Exemplar, 0, len(all))
	for _, e := range all {
		out = append(out, &metricspb.Exemplar{
			FilteredAttributes: pairs(e.FilteredAttributes), TimeUnixNano: nano(e.Time), SpanId: e.SpanID, TraceId: e.TraceID,
			Value: &metricspb.Exemplar_AsDouble{AsDouble: float64(e.Value)},
		})
	}
	return out
}

func temporality(t metricdata.Temporality) metricspb.AggregationTemporality {
	if t == metricdata.DeltaTemporality {
		return metricspb.AggregationTemporality_AGGREGATION_TEMPORALITY_DELTA
	}
	return metricspb.AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE
}

func nano(t time.Time) uint64 {
	if t.IsZero() {
		return 0
	}
	return uint64(max(t.UnixNano(), 0))
}

// pairs writes attributes; ours are texts and numbers.
func pairs(all []attribute.KeyValue) []*commonpb.KeyValue {
	out := make([]*commonpb.KeyValue, 0, len(all))
	for _, a := range all {
		v := &commonpb.AnyValue{}
		switch a.Value.Type() {
		case attribute.INT64:
			v.Value = &commonpb.AnyValue_IntValue{IntValue: a.Value.AsInt64()}
		case attribute.FLOAT64:
			v.Value = &commonpb.AnyValue_DoubleValue{DoubleValue: a.Value.AsFloat64()}
		case attribute.BOOL:
			v.Value = &commonpb.AnyValue_BoolValue{BoolValue: a.Value.AsBool()}
		default:
			v.Value = &commonpb.AnyValue_StringValue{StringValue: a.Value.String()}
		}
		out = append(out, &commonpb.KeyValue{Key: string(a.Key), Value: v})
	}
	return out
}
