package kql

import (
	"context"
	"fmt"
	"sort"

	"github.com/azptu/azptu/internal/kql/scan"
	"github.com/azptu/azptu/internal/kql/value"
)

// Table implements Database.
func (t Tables) Table(name string) (Table, bool) {
	x, ok := t[name]
	return x, ok
}

// TableNames implements Database; the names are sorted.
func (t Tables) TableNames() []string {
	names := make([]string, 0, len(t))
	for n := range t {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

// MemoryTable is a table whose batches are held in memory.
type MemoryTable struct {
	schema  []Column
	batches []*Batch
}

// NewMemoryTable makes an empty table.
func NewMemoryTable(schema []Column) *MemoryTable { return &MemoryTable{schema: schema} }

// Append adds a batch whose Columns stand in the order of the schema.
func (m *MemoryTable) Append(b *Batch) { m.batches = append(m.batches, b) }

// AppendRows adds rows of values, converting each to its column's type.
func (m *MemoryTable) AppendRows(rows [][]Value) error {
	b := &Batch{Len: len(rows)}
	for c, col := range m.schema {
		vb := value.NewBuilder(col.Type, len(rows))
		for r, row := range rows {
			if len(row) != len(m.schema) {
				return fmt.Errorf("row %d has %d values for %d columns", r, len(row), len(m.schema))
			}
			vb.Append(value.Convert(row[c], col.Type))
		}
		b.Columns = append(b.Columns, vb.Finish())
	}
	m.Append(b)
	return nil
}

// Schema implements Table.
func (m *MemoryTable) Schema() []Column { return m.schema }

// Scan implements Table. It filters nothing and leaves JSON paths to the engine.
func (m *MemoryTable) Scan(ctx context.Context, req ScanRequest, emit func(*Batch) error) error {
	return scan.Each(ctx, len(m.batches), req.Parallel, func(i int) error {
		src := m.batches[i]
		b := &Batch{Len: src.Len, Seq: int64(i)}
		for _, c := range req.Columns {
			b.Columns = append(b.Columns, src.Columns[c])
		}
		if len(req.Paths) > 0 {
			b.Sources = make(map[int]*Vector, 1)
			for _, p := range req.Paths {
				b.Sources[p.Column] = src.Columns[p.Column]
			}
		}
		return emit(b)
	})
}
