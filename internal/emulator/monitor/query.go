package monitor

import (
	"cmp"
	"slices"
	"strings"
)

// query is a metrics question that was understood.
type query struct {
	window
	metrics      []*metric
	namespace    string
	aggregations []string
	conditions   []condition
	filtered     bool
	rollup       []string // folded names of dimensions not to split by
	top          int
	orderBy      string // an aggregation; "" for the metric's own
	ascending    bool
	namesOnly    bool // resultType=metadata
	answered     int  // data points so far
}

const maxMetrics = 20

// understand reads what list and batch have in common.
func understand(a args, filter string, w window) (*query, error) {
	q := &query{window: w, namespace: a.get("metricnamespace")}
	var err error
	if q.metrics, err = chosen(a.get("metricnames"), q.namespace); err != nil {
		return nil, err
	}
	if q.aggregations, err = aggregationsOf(a.get("aggregation")); err != nil {
		return nil, err
	}
	if q.conditions, err = conditionsOf(filter); err != nil {
		return nil, err
	}
	q.filtered = len(q.conditions) > 0
	for name := range strings.SplitSeq(a.get("rollupby"), ",") {
		if name = strings.ToLower(strings.TrimSpace(name)); name != "" {
			q.rollup = append(q.rollup, name)
		}
	}
	strict, err := a.flag("validatedimensions", true)
	if err != nil {
		return nil, err
	}
	if err := q.checkDimensions(strict); err != nil {
		return nil, err
	}
	if q.top, err = a.top(); err != nil {
		return nil, err
	}
	if q.orderBy, q.ascending, err = order(a.get("orderby")); err != nil {
		return nil, err
	}
	switch strings.ToLower(a.get("resulttype")) {
	case "", "data":
	case "metadata":
		q.namesOnly = true
	default:
		return nil, badRequest("Invalid resultType: %.40s. It must be Data or Metadata.", a.get("resulttype"))
	}
	return q, nil
}

// conditionsOf reads a filter; none is no filter.
func conditionsOf(filter string) ([]condition, error) {
	if strings.TrimSpace(filter) == "" {
		return nil, nil
	}
	return parseFilter(filter)
}

// chosen finds the metrics by name. Azure's words for an unknown one are those
// of its answers quoted in checkmk's agent_azure tests.
func chosen(names, space string) ([]*metric, error) {
	ours := space == "" || strings.EqualFold(space, namespace)
	provider, kind, _ := strings.Cut(cmp.Or(space, namespace), "/")
	if ours && names == "" {
		return []*metric{&metrics[0]}, nil
	}
	var out []*metric
	for name := range strings.SplitSeq(names, ",") {
		name = strings.TrimSpace(name)
		if name == "" {
			continue
		}
		m, ok := metricNamed(name)
		if !ours || !ok {
			valid := ""
			if ours {
				valid = metricList()
			}
			return nil, badRequest("Failed to find metric configuration for provider: %s, resource Type: %s, metric: %.100s, Valid metrics: %s", provider, kind, name, valid)
		}
		if !slices.Contains(out, m) {
			out = append(out, m)
		}
	}
	if len(out) > maxMetrics {
		return nil, badRequest("Requested metrics count: %d bigger than allowed max: %d", len(out), maxMetrics)
	}
	if len(out) == 0 {
		return nil, badRequest("No metric was named.")
	}
	return out, nil
}

func metricList() string {
	names := make([]string, len(metrics))
	for i := range metrics {
		names[i] = metrics[i].name
	}
	return strings.Join(names, ",")
}

var aggregations = []string{average, count, maximum, minimum, total}

// aggregationsOf reads the aggregation argument; empty means each metric's own.
func aggregationsOf(text string) ([]string, error) {
	var out []string
	for name := range strings.SplitSeq(text, ",") {
		name = strings.TrimSpace(name)
		if name == "" || strings.EqualFold(name, "none") {
			continue
		}
		i := slices.IndexFunc(aggregations, func(a string) bool { return strings.EqualFold(a, name) })
		if i < 0 {
			return nil, badRequest("Invalid aggregation type: %.40s, supported ones are: %s", name, strings.Join(aggregations, ","))
		}
		if !slices.Contains(out, aggregations[i]) {
			out = append(out, aggregations[i])
		}
	}
	return out, nil
}

// checkDimensions refuses dimensions that a metric does not have, in Azure's
// words ("Migrate from the metrics API to the getBatch API", 2024-03-11);
// the trace id that Azure adds is left out. Not strict, they are ignored.
func (q *query) checkDimensions(strict bool) error {
	for _, m := range q.metrics {
		var unknown []string
		for _, c := range q.conditions {
			if _, ok := m.dim(c.name); !ok {
				unknown = append(unknown, strings.ToLower(c.name))
			}
		}
		for _, name := range q.rollup {
			if _, ok := m.dim(name); !ok && !slices.Contains(unknown, name) {
				unknown = append(unknown, name)
			}
		}
		if len(unknown) > 0 && strict {
			return badRequest("Metric: %s does not support requested dimension combination: %s, supported ones are: %s", m.name, strings.Join(unknown, ","), m.dimList())
		}
	}
	return nil
}

// order reads "total desc", "average asc", "sum asc".
func order(text string) (by string, ascending bool, err error) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return "", false, nil
	}
	name := words[0]
	if strings.EqualFold(name, "sum") {
		name = total
	}
	i := slices.IndexFunc(aggregations, func(a string) bool { return strings.EqualFold(a, name) })
	ok := i >= 0 && len(words) <= 2
	if ok && len(words) == 2 {
		ascending = strings.EqualFold(words[1], "asc")
		ok = ascending || strings.EqualFold(words[1], "desc")
	}
	if !ok {
		return "", false, badRequest("Invalid orderby: %.40s. It must be an aggregation and asc or desc.", text)
	}
	return aggregations[i], ascending, nil
}
