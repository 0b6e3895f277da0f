package kustowire

import (
	"context"
	"time"

	"github.com/azptu/azptu/internal/kql"
	"github.com/azptu/azptu/internal/kql/value"
)

// timeColumn is what a time span of Log Analytics is about.
const timeColumn = "TimeGenerated"

// within limits every table that has the time column to an interval; both ends
// are included.
func within(db kql.Database, from, to time.Time) kql.Database {
	return &bounded{Database: db, from: value.FromTime(from), to: value.FromTime(to)}
}

type bounded struct {
	kql.Database
	from, to int64
}

// Table gives the table with the interval laid on it.
func (b *bounded) Table(name string) (kql.Table, bool) {
	t, ok := b.Database.Table(name)
	if !ok {
		return nil, false
	}
	for i, c := range t.Schema() {
		if c.Name == timeColumn && c.Type == value.DateTime {
			return &boundedTable{Table: t, column: i, from: b.from, to: b.to}, true
		}
	}
	return t, true
}

type boundedTable struct {
	kql.Table
	column   int
	from, to int64
}

// Scan scans the table with the time column among the columns, and passes on
// the rows in the interval.
func (t *boundedTable) Scan(ctx context.Context, req kql.ScanRequest, emit func(*kql.Batch) error) error {
	inner := req
	inner.Limit = 0 // rows outside the interval do not count
	inner.Columns = append(append([]int(nil), req.Columns...), t.column)
	bounds := kql.TimeRange{Column: t.column, From: t.from, To: t.to}
	if req.Time != nil && req.Time.Column == t.column {
		bounds.From, bounds.To = max(bounds.From, req.Time.From), min(bounds.To, req.Time.To)
	}
	inner.Time = &bounds
	return t.Table.Scan(ctx, inner, func(b *kql.Batch) error { return emit(t.cut(b, len(req.Columns))) })
}

// cut keeps the rows in the interval and drops the added column.
func (t *boundedTable) cut(b *kql.Batch, columns int) *kql.Batch {
	at := b.Columns[columns]
	var keep []int32
	for i := range b.Len {
		if ticks := at.I64[i&at.Mask()]; !at.Null(i) && ticks >= t.from && ticks <= t.to {
			keep = append(keep, int32(i)) //nolint:gosec // a batch is far smaller
		}
	}
	out := &kql.Batch{Len: len(keep), Seq: b.Seq}
	pick := func(v *kql.Vector) *kql.Vector {
		if v == nil || len(keep) == b.Len {
			return v
		}
		return v.Take(keep)
	}
	for _, v := range b.Columns[:columns] {
		out.Columns = append(out.Columns, pick(v))
	}
	for _, v := range b.Paths {
		out.Paths = append(out.Paths, pick(v))
	}
	if b.Sources != nil {
		out.Sources = make(map[int]*kql.Vector, len(b.Sources))
		for c, v := range b.Sources {
			out.Sources[c] = pick(v)
		}
	}
	return out
}
