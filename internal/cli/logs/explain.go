package logs

import (
	"context"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/azptu/azptu/internal/calllog"
	"github.com/azptu/azptu/internal/kql"
	"github.com/azptu/azptu/internal/kql/value"
)

// witness is a database that remembers which tables a query looked at, and of
// which time: what the planner made of the query's own conditions and of the
// span beside it.
type witness struct {
	kql.Database
	mu    sync.Mutex
	names []string // in the order they were asked for
	spans map[string]span
}

// span is an interval in ticks; both ends are included.
type span struct{ from, to int64 }

func newWitness(of kql.Database) *witness { return &witness{Database: of, spans: map[string]span{}} }

// Table implements kql.Database.
func (w *witness) Table(name string) (kql.Table, bool) {
	t, ok := w.Database.Table(name)
	if !ok {
		return nil, false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.Contains(w.names, name) {
		w.names = append(w.names, name)
	}
	return &witnessed{Table: t, name: name, by: w}, true
}

type witnessed struct {
	kql.Table
	name string
	by   *witness
}

// Scan implements kql.Table.
func (t *witnessed) Scan(ctx context.Context, req kql.ScanRequest, emit func(*kql.Batch) error) error {
	t.by.saw(t.name, req.Time)
	return t.Table.Scan(ctx, req, emit)
}

// saw notes a scan. A table that is looked at twice was asked for both times.
func (w *witness) saw(table string, of *kql.TimeRange) {
	now := span{math.MinInt64, math.MaxInt64}
	if of != nil {
		now = span{of.From, of.To}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if before, twice := w.spans[table]; twice {
		now = span{min(before.from, now.from), max(before.to, now.to)}
	}
	w.spans[table] = now
}

// explainEmpty says which time was asked for when a query found nothing, and
// where rows are: those of the tables it looked at, or else of the others.
func (o *queryOptions) explainEmpty(ctx context.Context, view *calllog.View, dir string, asked *witness) {
	for _, name := range asked.names {
		o.tellSpan(name, asked.spans[name])
	}
	if o.tellExtents(ctx, view, asked.names) {
		return
	}
	if !o.tellExtents(ctx, view, view.TableNames()) {
		o.env.Note(o.env.T("logs.no-rows", "Path", dir))
	}
}

// tellSpan says of which time rows of a table were asked for, unless of any.
func (o *queryOptions) tellSpan(table string, s span) {
	from, to := moment(s.from), moment(s.to)
	switch {
	case s.from > s.to:
		o.env.Note(o.env.T("logs.asked-never", "Table", table))
	case from != nil && to != nil:
		o.env.Note(o.env.T("logs.asked-between", "Table", table, "From", stamp(*from), "To", stamp(*to)))
	case from != nil:
		o.env.Note(o.env.T("logs.asked-since", "Table", table, "From", stamp(*from)))
	case to != nil:
		o.env.Note(o.env.T("logs.asked-until", "Table", table, "To", stamp(*to)))
	}
}

// moment is an end of a span; nil when it is open.
func moment(ticks int64) *time.Time {
	if ticks <= 0 || ticks > value.FromTime(time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)) {
		return nil
	}
	at := value.ToTime(ticks)
	return &at
}

// tellExtents says from when to when tables have rows, and whether any has.
func (o *queryOptions) tellExtents(ctx context.Context, view *calllog.View, tables []string) (found bool) {
	for _, name := range tables {
		e, err := extentOf(ctx, view, name, o.env.Now())
		if err == nil && e.Rows > 0 {
			found = true
			o.env.Note(o.env.T("logs.rows-are", "Table", name, "Rows", e.Rows, "From", stamp(*e.From), "To", stamp(*e.To)))
		}
	}
	return found
}

// stamp is a time as queries write it, to the second.
func stamp(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05Z") }
