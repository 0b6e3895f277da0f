package calllog

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/azptu/azptu/internal/kql/scan"
	"github.com/azptu/azptu/internal/kql/value"
)

// groupRows is how many rows one row group of a compacted segment holds: a
// unit of parallel reading.
const groupRows = 1 << 17

// Compact turns every closed segment of lines into a compacted one. It may run
// while rows are written and read.
func (s *Store) Compact(ctx context.Context) error { return s.tend(ctx, s.compactTable) }

func (s *Store) compactTable(ctx context.Context, schema *Schema, closed []segment) (left []segment, err error) {
	var failed []error
	schema = schemaIn(schema, s.dir)
	unsent := s.unsent(schema.Table)
	for _, seg := range closed {
		if err := ctx.Err(); err != nil {
			return closed, errors.Join(append(failed, err)...)
		}
		if seg.compacted {
			failed = append(failed, removeLines(seg)) // a crash may have left them
			continue
		}
		if seg.number >= unsent {
			continue // a sink still reads its lines
		}
		if err := compactSegment(schema, seg); err != nil {
			failed = append(failed, fmt.Errorf("compacting %s: %w", seg.path, err))
		}
	}
	return closed, errors.Join(failed...)
}

// compactSegment writes the compacted form beside the lines, makes it durable,
// gives it its name, and removes the lines.
func compactSegment(schema *Schema, seg segment) error {
	raw, err := os.ReadFile(seg.path)
	if err != nil {
		return err
	}
	columns, rows := parseSegment(schema, raw)
	if rows == 0 {
		return os.Remove(seg.path)
	}
	target := strings.TrimSuffix(seg.path, linesSuffix) + parquetSuffix
	if err := writeSegment(target, schema.Table, columns); err != nil {
		return err
	}
	return os.Remove(seg.path)
}

// writeSegment writes a compacted segment.
func writeSegment(path, table string, columns []*fileColumn) error {
	return writeDurably(path, func(out *bufio.Writer) error { return writeParquet(out, table, columns) })
}

// removeLines removes the lines of a segment that is compacted.
func removeLines(seg segment) error {
	return removeFile(strings.TrimSuffix(seg.path, parquetSuffix) + linesSuffix)
}

// removeFile removes a file that may be gone already.
func removeFile(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// writeDurably writes a file under another name, syncs it and its folder, and
// renames it: it is there whole, or not at all.
func writeDurably(target string, write func(*bufio.Writer) error) error {
	tmp, err := os.OpenFile(target+".tmp", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(tmp, 1<<20)
	err = write(out)
	if err == nil {
		err = out.Flush()
	}
	if err == nil {
		err = tmp.Sync()
	}
	if err = errors.Join(err, tmp.Close()); err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	if err := os.Rename(tmp.Name(), target); err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return syncFolder(filepath.Dir(target))
}

// parseSegment reads whole lines into columns, hidden ones included.
func parseSegment(schema *Schema, raw []byte) (columns []*fileColumn, rows int) {
	all := make([]int, len(schema.Columns))
	for i, c := range schema.Columns {
		all[i] = i
		columns = append(columns, &fileColumn{name: c.Name, kind: c.Type})
	}
	want := newLineWant(schema, scan.Request{Columns: all})
	group := want.start()
	end := func() {
		if group.n == 0 {
			return
		}
		for i, v := range group.batch(0).Columns {
			columns[i].parts = append(columns[i].parts, v)
		}
		rows += group.n
		group = want.start()
	}
	for line := range bytes.Lines(raw) {
		if object, err := openLine(line); err == nil {
			if group.addLine(schema, object); group.n == groupRows {
				end()
			}
		}
	}
	end()
	return append(columns, extractHidden(columns)...), rows
}

// extracted is what hidden columns hold of a part of a body.
type extracted struct {
	bodies *value.Vector
	found  []*value.Vector
}

// sameTexts tells whether two columns hold the same; mostly they are the same
// memory, so that this is quick.
func sameTexts(a, b *value.Vector) bool {
	for i := range min(a.Len, b.Len) {
		if a.Text(i) != b.Text(i) {
			return false
		}
	}
	return a.Len == b.Len
}

// extractHidden makes the hidden columns that hold in every row group.
func extractHidden(columns []*fileColumn) (made []*fileColumn) {
	seen := map[int]extracted{} // by row group: two columns mostly hold the same answers
	for _, body := range columns {
		if !answerColumns[body.name] {
			continue
		}
		hidden := make([]*fileColumn, len(hiddenColumns))
		for i, h := range hiddenColumns {
			hidden[i] = &fileColumn{name: h.name(body.name), kind: h.kind, hidden: true}
		}
		for group, part := range body.parts {
			if of := seen[group].bodies; of == nil || !sameTexts(of, part) {
				seen[group] = extracted{part, extract(part)}
			}
			for i, v := range seen[group].found {
				if hidden[i] == nil || v == nil {
					hidden[i] = nil
					continue
				}
				hidden[i].parts = append(hidden[i].parts, v)
			}
		}
		for _, h := range hidden {
			if h != nil {
				made = append(made, h)
			}
		}
	}
	return made
}

var _ scan.Table = (*table)(nil)
