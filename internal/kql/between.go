package kql

import (
	"context"
	"time"

	"github.com/azptu/azptu/internal/kql/value"
)

// Between limits every table that has a datetime column of that name to the
// rows of an interval; both ends are included. Tables without it stay whole.
// That is what a time span beside a query means.
func Between(db Database, column string, from, to time.Time) Database {
	return &bounded{Database: db, column: column, from: value.FromTime(from), to: value.FromTime(to)}
}

type bounded struct {
	Database
	column   string
	from, to int64
}

// Table gives the table with the interval laid on it.
func (b *bounded) Table(name string) (Table, bool) {
	t, ok := b.Database.Table(name)
	if !ok {
		return nil, false
	}
	for i, c := range t.Schema() {
		if c.Name == b.column && c.Type == value.DateTime {
			return &boundedTable{Table: t, column: i, from: b.from, to: b.to}, true
		}
	}
	return t, true
}

type boundedTable struct {
	Table
	column   int
	from, to int64
}

// Scan scans the table with the time column among the columns, and passes on
// the rows in the interval.
func (t *boundedTable) Scan(ctx context.Context, req ScanRequest, emit func(*Batch) error) error {
	inner := req
	inner.Limit = 0 // rows outside the interval do not count
	inner.Columns = append(append([]int(nil), req.Columns...), t.column)
	bounds := TimeRange{Column: t.column, From: t.from, To: t.to}
	if req.Time != nil && req.Time.Column == t.column {
		bounds.From, bounds.To = max(bounds.From, req.Time.From), min(bounds.To, req.Time.To)
	}
	inner.Time = &bounds
	return t.Table.Scan(ctx, inner, func(b *Batch) error { return emit(t.cut(b, len(req.Columns))) })
}

// cut keeps the rows in the interval and drops the added column.
func (t *boundedTable) cut(b *Batch, columns int) *Batch {
	at := b.Columns[columns]
	var keep []int32
	for i := range b.Len {
		if ticks := at.I64[i&at.Mask()]; !at.Null(i) && ticks >= t.from && ticks <= t.to {
			keep = append(keep, int32(i)) //nolint:gosec // a batch is far smaller
		}
	}
	out := &Batch{Len: len(keep), Seq: b.Seq}
	pick := func(v *Vector) *Vector {
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
		out.Sources = make(map[int]*Vector, len(b.Sources))
		for c, v := range b.Sources {
			out.Sources[c] = pick(v)
		}
	}
	return out
}
