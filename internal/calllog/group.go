package calllog

import (
	"context"
	"errors"
	"fmt"

	"github.com/azptu/azptu/internal/kql/scan"
	"github.com/azptu/azptu/internal/kql/value"
)

// groupReader reads the columns of a row group that a scan wants, side by side.
type groupReader struct {
	req     scan.Request
	rows    int
	columns []*chunk
	paths   []*chunk       // hidden columns; nil for a path that has none
	sources map[int]*chunk // documents that paths without a hidden column look into
}

// errBroken marks an error that is about what is in a file.
var errBroken = errors.New("the segment is damaged")

// scanGroup reads one row group. Paths into bodies come from hidden columns where the
// segment has them. A group that turns out to be damaged is left off and counted.
func (t *table) scanGroup(ctx context.Context, file *parquetFile, group int, req scan.Request, seq int64, emit func(*scan.Batch) error) error {
	g, err := t.openGroup(file, group, req)
	if err != nil {
		t.view.broken.Add(1)
		return nil
	}
	defer g.close()
	step := g.rows
	if req.Transient {
		step = transientRows
	}
	for at := 0; at < g.rows; at += step {
		b, err := g.read(min(step, g.rows-at))
		if err != nil {
			t.view.broken.Add(1)
			return nil // the rest is answered
		}
		b.Seq = seq
		seq++
		if err := emit(b); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// maxGroupRows bounds what a file may claim a row group to have.
const maxGroupRows = 1 << 24

func (t *table) openGroup(file *parquetFile, group int, req scan.Request) (g *groupReader, err error) {
	defer func() {
		if r := recover(); r != nil {
			g, err = nil, fmt.Errorf("%w: %v", errBroken, r)
		}
	}()
	rows := file.parsed.RowGroups()[group].NumRows()
	if rows < 0 || rows > maxGroupRows {
		return nil, fmt.Errorf("%w: a row group of %d rows", errBroken, rows)
	}
	g = &groupReader{req: req, rows: int(rows), sources: map[int]*chunk{}}
	for _, c := range req.Columns {
		g.columns = append(g.columns, file.openChunk(group, t.schema.Columns[c].Name, t.schema.Columns[c].Type, false))
	}
	for _, p := range req.Paths {
		name, h, ok := hiddenFor(t.schema, p)
		if ok {
			_, ok = file.column[name]
		}
		if ok {
			g.paths = append(g.paths, file.openChunk(group, name, h.kind, true))
			continue
		}
		g.paths = append(g.paths, nil)
		if g.sources[p.Column] == nil {
			g.sources[p.Column] = file.openChunk(group, t.schema.Columns[p.Column].Name, t.schema.Columns[p.Column].Type, false)
		}
	}
	return g, nil
}

func (g *groupReader) close() {
	for _, c := range g.columns {
		c.close()
	}
	for _, c := range g.paths {
		if c != nil {
			c.close()
		}
	}
	for _, c := range g.sources {
		c.close()
	}
}

// read makes a batch of the next n rows.
func (g *groupReader) read(n int) (b *scan.Batch, err error) {
	defer func() {
		if r := recover(); r != nil {
			b, err = nil, fmt.Errorf("%w: %v", errBroken, r)
		}
	}()
	b = &scan.Batch{Len: n}
	for _, c := range g.columns {
		v, err := g.next(c, n)
		if err != nil {
			return nil, err
		}
		b.Columns = append(b.Columns, v)
	}
	for _, c := range g.paths {
		if c == nil {
			b.Paths = append(b.Paths, nil)
			continue
		}
		v, err := g.next(c, n)
		if err != nil {
			return nil, err
		}
		if c.kind == value.String {
			v = asJSON(v)
		}
		b.Paths = append(b.Paths, v)
	}
	for column, c := range g.sources {
		v, err := g.next(c, n)
		if err != nil {
			return nil, err
		}
		if b.Sources == nil {
			b.Sources = make(map[int]*value.Vector, len(g.sources))
		}
		b.Sources[column] = v
	}
	return b, nil
}

// next reads rows of one column. A receiver that keeps batches gets codes of its own, and
// numbers written out.
func (g *groupReader) next(c *chunk, n int) (*value.Vector, error) {
	v, err := c.next(n)
	if err != nil || g.req.Transient || v.Codes == nil {
		return v, err
	}
	if v.Words != nil {
		return v.Flat(), nil
	}
	return value.DictOf(v.Dict, append([]uint32(nil), v.Codes...)), nil
}

// asJSON makes a dynamic vector of JSON text without parsing any of it.
func asJSON(text *value.Vector) *value.Vector {
	v := *text
	v.Type, v.Raw, v.Valid = value.Dynamic, true, true
	return &v
}
