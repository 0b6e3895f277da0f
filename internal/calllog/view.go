package calllog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/azptu/azptu/internal/kql/scan"
	"github.com/azptu/azptu/internal/kql/value"
)

// View reads the tables of a log folder, also while another process writes to
// it. Each query sees the rows that were on disk when it came to them. It is a
// database to the Kusto engine.
type View struct {
	dirs   []string
	skip   atomic.Int64
	broken atomic.Int64
}

// NewView reads the log folder dir, which need not exist yet, and more folders
// as if their rows were in it.
func NewView(dir string, more ...string) *View { return &View{dirs: append([]string{dir}, more...)} }

// Skipped tells how many lines were passed over because their checksum did not
// match, since the view was made.
func (v *View) Skipped() int64 { return v.skip.Load() }

// Broken tells how many times a compacted segment was passed over because it
// could not be read, since the view was made.
func (v *View) Broken() int64 { return v.broken.Load() }

// TableNames lists the tables.
func (v *View) TableNames() []string {
	var names []string
	for _, s := range Schemas() {
		names = append(names, s.Table)
	}
	return names
}

// Table finds a table by its exact name.
func (v *View) Table(name string) (scan.Table, bool) {
	schema, ok := SchemaOf(name)
	if !ok {
		return nil, false
	}
	return &table{view: v, schema: schemaIn(schema, v.dirs...)}, true
}

// table is one table of a view.
type table struct {
	view   *View
	schema *Schema
}

// Schema lists the columns.
func (t *table) Schema() []scan.Column { return t.schema.Columns }

// Scan reads every segment.
func (t *table) Scan(ctx context.Context, req scan.Request, emit func(*scan.Batch) error) error {
	var segments []segment
	for _, dir := range t.view.dirs {
		found, err := listSegments(filepath.Join(dir, t.schema.Table))
		if err != nil {
			return err
		}
		segments = append(segments, found...)
	}
	plan, err := t.plan(segments, req)
	if err != nil {
		return err
	}
	defer plan.close()
	return scan.Each(ctx, len(plan.pieces), req.Parallel, func(i int) error {
		piece := plan.pieces[i]
		if piece.file != nil {
			return t.scanGroup(ctx, piece.file, piece.group, req, int64(i)<<16, emit)
		}
		raw, err := os.ReadFile(piece.path)
		if errors.Is(err, os.ErrNotExist) {
			return t.scanCompacted(ctx, piece.path, req, int64(i)<<16, emit)
		}
		if err != nil {
			return fmt.Errorf("reading table %s: %w", t.schema.Table, err)
		}
		return t.scanLines(ctx, raw, plan.want, int64(i)<<16, emit)
	})
}

// scanCompacted reads a segment whose lines were compacted since the scan was
// planned.
func (t *table) scanCompacted(ctx context.Context, lines string, req scan.Request, seq int64, emit func(*scan.Batch) error) error {
	file, err := openParquet(strings.TrimSuffix(lines, linesSuffix) + parquetSuffix)
	if err != nil {
		t.view.broken.Add(1)
		return nil // nothing more can be done for this query
	}
	defer file.close()
	for group := range file.parsed.RowGroups() {
		if err := t.scanGroup(ctx, file, group, req, seq+int64(group)<<8, emit); err != nil {
			return err
		}
	}
	return nil
}

// scanPlan is the pieces of a scan that can be read side by side.
type scanPlan struct {
	want   *lineWant
	pieces []scanPiece
	files  []*parquetFile
}

// scanPiece is a segment of lines, or one row group of a compacted segment.
type scanPiece struct {
	path  string
	file  *parquetFile
	group int
}

// plan opens the compacted segments and leaves out the row groups that are
// outside the time asked for. A segment that was compacted since it was listed
// is read in its new form; one that cannot be read is passed over and counted.
func (t *table) plan(segments []segment, req scan.Request) (*scanPlan, error) {
	plan := &scanPlan{want: newLineWant(t.schema, req)}
	for _, s := range segments {
		if !s.compacted {
			if _, err := os.Stat(s.path); err == nil {
				plan.pieces = append(plan.pieces, scanPiece{path: s.path})
				continue
			}
			s.path = strings.TrimSuffix(s.path, linesSuffix) + parquetSuffix
		}
		if err := t.planFile(plan, s.path, req); err != nil {
			t.view.broken.Add(1)
		}
	}
	return plan, nil
}

// planFile adds the row groups of a compacted segment that may hold wanted rows. Whatever
// a damaged file makes of its reader is an error.
func (t *table) planFile(plan *scanPlan, path string, req scan.Request) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", errBroken, r)
		}
	}()
	file, err := openParquet(path)
	if err != nil {
		return err
	}
	plan.files = append(plan.files, file)
	var pieces []scanPiece
	for group := range file.parsed.RowGroups() {
		if from, to, ok := file.times(group); ok && req.Time != nil && t.isTime(req.Time.Column) && (to < req.Time.From || from > req.Time.To) {
			continue
		}
		pieces = append(pieces, scanPiece{path: path, file: file, group: group})
	}
	plan.pieces = append(plan.pieces, pieces...)
	return nil
}

func (p *scanPlan) close() {
	for _, f := range p.files {
		f.close()
	}
}

func (t *table) isTime(column int) bool {
	return column >= 0 && column < len(t.schema.Columns) && t.schema.Columns[column].Name == timeColumn
}

// batchRows is how many rows of a segment of lines make one batch.
const batchRows = 8192

func (t *table) scanLines(ctx context.Context, raw []byte, want *lineWant, seq int64, emit func(*scan.Batch) error) error {
	rows := want.start()
	for len(raw) > 0 {
		end := bytes.IndexByte(raw, '\n')
		if end < 0 {
			break // a writer is in the middle of it
		}
		line := raw[:end]
		raw = raw[end+1:]
		object, err := openLine(line)
		if err != nil {
			t.view.skip.Add(1)
			continue
		}
		rows.add(object)
		if rows.n == batchRows {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := emit(rows.batch(seq)); err != nil {
				return err
			}
			seq++
			rows = want.start()
		}
	}
	if rows.n == 0 {
		return nil
	}
	return emit(rows.batch(seq))
}

// lineWant is which columns of a line are wanted.
type lineWant struct {
	columns []int // places in the schema, each once
	types   []value.Type
	paths   [][]value.Step
	place   map[int]int // of a schema column in columns, or beyond them if it is only repeated by one
	repeats []int       // for each of columns, the place of the one that it may repeat, or -1
	req     scan.Request
}

func newLineWant(schema *Schema, req scan.Request) *lineWant {
	w := &lineWant{req: req, place: map[int]int{}}
	add := func(column int) {
		if _, known := w.place[column]; known {
			return
		}
		c := schema.Columns[column]
		w.place[column] = len(w.columns)
		w.columns, w.types = append(w.columns, column), append(w.types, c.Type)
		w.paths = append(w.paths, []value.Step{{Key: c.Name}})
	}
	for _, c := range req.Columns {
		add(c)
	}
	for _, p := range req.Paths {
		add(p.Column)
	}
	w.repeats = make([]int, len(w.columns))
	for i, column := range w.columns {
		w.repeats[i] = w.repeated(schema, schema.Columns[column].Name)
	}
	return w
}

// repeated is the place of the column that one may repeat; it is read too.
func (w *lineWant) repeated(schema *Schema, column string) int {
	source, ok := schema.Column(repeated[column])
	if !ok {
		return -1
	}
	place, known := w.place[source]
	if !known {
		place = len(w.paths)
		w.place[source], w.paths = place, append(w.paths, []value.Step{{Key: repeated[column]}})
	}
	return place
}

// lineRows collects the rows of one batch.
type lineRows struct {
	want     *lineWant
	n        int
	builders []*value.Builder
	found    []string
	bodies   map[int]value.Value // of the line, what others may repeat, by place
}

func (w *lineWant) start() *lineRows {
	r := &lineRows{want: w, found: make([]string, len(w.paths)), bodies: map[int]value.Value{}}
	for _, t := range w.types {
		r.builders = append(r.builders, value.NewBuilder(t, 64))
	}
	return r
}

// maxPaths is how many members of a document are looked up in one pass.
const maxPaths = 64

func (r *lineRows) add(object []byte) {
	r.n++
	doc := string(object) + "}"
	for from := 0; from < len(r.found); from += maxPaths {
		to := min(from+maxPaths, len(r.found))
		value.FindPaths(doc, r.want.paths[from:to], r.found[from:to])
	}
	r.build(cell)
}

// build appends what was found of a line to the columns. A value that repeats
// another is read once.
func (r *lineRows) build(cell func(raw string, t value.Type) value.Value) {
	clear(r.bodies)
	for i, b := range r.builders {
		at := i
		if from := r.want.repeats[i]; from >= 0 && r.found[i] == sameMark[r.want.paths[i][0].Key] {
			at = from
		}
		v, read := r.bodies[at]
		if !read {
			v = cell(r.found[at], r.want.types[i])
		}
		if at != i {
			r.bodies[at] = v
		}
		b.Append(v)
	}
}

// cell is the JSON text of a member as a value of its column's type. A missing
// member, or one that does not fit, is null or the empty string.
func cell(raw string, t value.Type) value.Value {
	if raw == "" {
		return value.NullOf(t)
	}
	x, ok := value.ParseJSON(raw)
	if !ok {
		return value.NullOf(t)
	}
	if t == value.Dynamic {
		return value.OfDynamic(x)
	}
	return value.Convert(value.OfDynamic(x), t)
}

func (r *lineRows) batch(seq int64) *scan.Batch {
	vectors := make([]*value.Vector, len(r.builders))
	for i, b := range r.builders {
		vectors[i] = b.Finish()
	}
	b := &scan.Batch{Len: r.n, Seq: seq}
	for _, c := range r.want.req.Columns {
		b.Columns = append(b.Columns, vectors[r.want.place[c]])
	}
	if len(r.want.req.Paths) > 0 {
		b.Sources = make(map[int]*value.Vector)
		for _, p := range r.want.req.Paths {
			b.Sources[p.Column] = vectors[r.want.place[p.Column]]
		}
	}
	return b
}
