package monitor

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// line is one time series of an answer.
type line struct {
	names  []string // of the dimensions it is split by, folded
	values []string
	grains map[int]stat // those that have anything
	whole  stat
}

// evaluate works a metric out for one resource.
func (m *Monitor) evaluate(q *query, of *metric, r Resource) []*line {
	e := evaluation{query: q, metric: of, lines: map[string]*line{}, points: q.points()}
	e.split()
	cells := e.gather(m.store, r)
	if of.gauge {
		e.idle(r, m.now(), cells)
	}
	return e.sorted()
}

type evaluation struct {
	*query
	*metric
	demands []*condition // parallel to asked
	asked   []dim        // dimensions the filter names
	by      []dim        // those among them that the answer is split by
	points  []time.Time
	lines   map[string]*line
}

// split decides which dimensions filter and which split.
func (e *evaluation) split() {
	for i := range e.conditions {
		d, ok := e.dim(e.conditions[i].name)
		if !ok {
			continue
		}
		e.asked = append(e.asked, d)
		e.demands = append(e.demands, &e.conditions[i])
		if !slices.Contains(e.rollup, strings.ToLower(e.conditions[i].name)) {
			e.by = append(e.by, d)
		}
	}
}

func (e *evaluation) matches(d *dims) bool {
	for i, which := range e.asked {
		if !e.demands[i].matches(d.of(which)) {
			return false
		}
	}
	return e.wants(d)
}

// lineOf finds the series that a set of dimensions belongs to.
func (e *evaluation) lineOf(d *dims) *line {
	var key strings.Builder
	for _, which := range e.by {
		key.WriteString(d.of(which))
		key.WriteByte(0)
	}
	l := e.lines[key.String()]
	if l == nil {
		l = &line{grains: map[int]stat{}}
		for _, which := range e.by {
			l.names = append(l.names, strings.ToLower(dimNames[which]))
			l.values = append(l.values, d.of(which))
		}
		e.lines[key.String()] = l
	}
	return l
}

func (l *line) add(grain int, s stat) {
	sum := l.grains[grain]
	sum.merge(s)
	l.grains[grain] = sum
	l.whole.merge(s)
}

// place is where a sample of a metric goes: cells of one deployment that fall
// together are one sample.
type place struct {
	line       *line
	minute     int64
	deployment string
}

// gather adds what the store has of the resource, and tells where there was
// something.
func (e *evaluation) gather(s *Store, r Resource) map[place]*cell {
	first, end := e.minutes()
	cells := map[place]*cell{}
	s.each(r.ID, first, end, func(minute int64, d *dims, c *cell) {
		if !e.matches(d) || e.read(c).n == 0 {
			return
		}
		at := place{e.lineOf(d), minute, d[deploymentName]}
		sum := cells[at]
		if sum == nil {
			sum = &cell{}
			cells[at] = sum
		}
		sum.merge(c)
	})
	for at, c := range cells {
		at.line.add(e.index(at.minute, len(e.points)), e.read(c))
	}
	return cells
}

// idle adds a sample of 0 for each minute in which a provisioned deployment was
// there and nobody called it. Split by the kind of stream there is nothing to
// add: idleness is of no kind.
func (e *evaluation) idle(r Resource, now time.Time, busy map[place]*cell) {
	if slices.Contains(e.asked, streamType) {
		return
	}
	first, end := e.minutes()
	end = min(end, now.Unix()/60+1)
	for _, one := range r.Deployments {
		d := dims{region: r.Display, deploymentName: one.Name, modelName: one.Model, modelVersion: one.Version, publisher: one.Format}
		if !e.matches(&d) {
			continue
		}
		l := e.lineOf(&d)
		for minute := max(first, one.Since.Unix()/60); minute < end; minute++ {
			if busy[place{l, minute, one.Name}] == nil {
				l.add(e.index(minute, len(e.points)), stat{n: 1})
			}
		}
	}
}

// sorted puts the series in the order asked for and keeps the first ones. Only
// a filter makes several of them.
func (e *evaluation) sorted() []*line {
	by := cmp.Or(e.orderBy, e.metric.aggregations[0])
	out := make([]*line, 0, len(e.lines))
	for _, l := range e.lines {
		out = append(out, l)
	}
	slices.SortFunc(out, func(a, b *line) int {
		x, _ := a.whole.aggregate(by)
		y, _ := b.whole.aggregate(by)
		c := cmp.Compare(y, x)
		if e.ascending {
			c = -c
		}
		return cmp.Or(c, slices.Compare(a.values, b.values))
	})
	if e.filtered && len(out) > e.top {
		out = out[:e.top]
	}
	return out
}

// aggregate is one aggregation of a stat; ok is false where there is no value.
func (s *stat) aggregate(name string) (v float64, ok bool) {
	switch name {
	case count:
		return s.n, true
	case total:
		return s.sum, true
	}
	if s.n == 0 {
		return 0, false
	}
	switch name {
	case minimum:
		return s.min, true
	case maximum:
		return s.max, true
	}
	return s.sum / s.n, true
}
