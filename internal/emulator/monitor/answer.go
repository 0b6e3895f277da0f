package monitor

import (
	"time"
)

// The JSON of Azure Monitor's answers.

type localized struct {
	Value     string `json:"value"`
	Localized string `json:"localizedValue"`
}

func named(s string) localized { return localized{s, s} }

type metricsAnswer struct {
	Cost      int            `json:"cost"`
	Timespan  string         `json:"timespan,omitempty"`
	StartTime string         `json:"starttime,omitempty"`
	EndTime   string         `json:"endtime,omitempty"`
	Interval  string         `json:"interval"`
	Value     []metricAnswer `json:"value"`
	Namespace string         `json:"namespace"`
	Region    string         `json:"resourceregion"`
	Resource  string         `json:"resourceid,omitempty"`
}

type metricAnswer struct {
	ID         string         `json:"id"`
	Type       string         `json:"type"`
	Name       localized      `json:"name"`
	About      string         `json:"displayDescription"`
	Unit       string         `json:"unit"`
	TimeSeries []seriesAnswer `json:"timeseries"`
	ErrorCode  string         `json:"errorCode"`
}

type seriesAnswer struct {
	Metadata []metadataAnswer `json:"metadatavalues"`
	Data     []pointAnswer    `json:"data,omitempty"`
}

type metadataAnswer struct {
	Name  localized `json:"name"`
	Value string    `json:"value"`
}

type pointAnswer struct {
	Time    string   `json:"timeStamp"`
	Total   *float64 `json:"total,omitempty"`
	Average *float64 `json:"average,omitempty"`
	Minimum *float64 `json:"minimum,omitempty"`
	Maximum *float64 `json:"maximum,omitempty"`
	Count   *float64 `json:"count,omitempty"`
}

// list answers …/providers/Microsoft.Insights/metrics.
func (m *Monitor) list(id string, a args) (any, error) {
	r, err := m.find(id)
	if err != nil {
		return nil, err
	}
	w, err := listWindow(a, m.now())
	if err != nil {
		return nil, err
	}
	q, err := understand(a, a["$filter"], w)
	if err != nil {
		return nil, err
	}
	answer, err := m.answer(q, r)
	if err != nil {
		return nil, err
	}
	answer.Timespan = stamp(w.start) + "/" + stamp(w.end)
	return answer, nil
}

// maxPoints is how many data points one request may be answered with; ours. It
// is a metric by the minute for a month, ten times over.
const maxPoints = 500_000

// answer evaluates every metric of a query.
func (m *Monitor) answer(q *query, r Resource) (*metricsAnswer, error) {
	out := &metricsAnswer{Interval: q.interval, Value: []metricAnswer{}, Namespace: namespace, Region: r.Location}
	if q.namespace != "" {
		out.Namespace = q.namespace
	}
	first, end := q.minutes()
	for _, of := range q.metrics {
		lines := m.evaluate(q, of, r)
		one := metricAnswer{
			ID:   r.ID + "/providers/Microsoft.Insights/metrics/" + of.name,
			Type: "Microsoft.Insights/metrics", Name: localized{of.name, of.display},
			About: of.about, Unit: of.unit, TimeSeries: []seriesAnswer{}, ErrorCode: "Success",
		}
		points := q.points()
		if q.answered += len(lines) * len(points); q.answered > maxPoints && !q.namesOnly {
			return nil, badRequest("The query asks for more than %d data points. Choose a shorter timespan, a longer interval, fewer metrics, or a smaller top.", maxPoints)
		}
		for _, l := range lines {
			one.TimeSeries = append(one.TimeSeries, q.series(of, l, points))
		}
		// Minutes read, less one, per series: the rule that recorded costs follow.
		out.Cost += max(len(lines), 1) * max(int(end-first)-1, 0)
		out.Value = append(out.Value, one)
	}
	return out, nil
}

func (q *query) series(of *metric, l *line, points []time.Time) seriesAnswer {
	out := seriesAnswer{Metadata: []metadataAnswer{}}
	for i, name := range l.names {
		out.Metadata = append(out.Metadata, metadataAnswer{named(name), l.values[i]})
	}
	if q.namesOnly {
		return out
	}
	wanted := q.aggregations
	if len(wanted) == 0 {
		wanted = of.aggregations[:1]
	}
	for i, t := range points {
		p, here := pointAnswer{Time: stamp(t)}, l.grains[i]
		for _, name := range wanted {
			if v, ok := here.aggregate(name); ok {
				*p.field(name) = &v
			}
		}
		out.Data = append(out.Data, p)
	}
	return out
}

func (p *pointAnswer) field(name string) **float64 {
	switch name {
	case average:
		return &p.Average
	case minimum:
		return &p.Minimum
	case maximum:
		return &p.Maximum
	case count:
		return &p.Count
	}
	return &p.Total
}
