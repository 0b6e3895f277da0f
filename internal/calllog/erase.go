package calllog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/azptu/azptu/internal/kql/scan"
	"github.com/azptu/azptu/internal/kql/value"
)

// Erasure says whose prompts and answers are to be forgotten. What is given of
// Key, Caller and Call must all hold of a call; one of them must be given.
type Erasure struct {
	Key    string `json:"key,omitempty"`    // name of the subscription key, or of the token's subject
	Caller string `json:"caller,omitempty"` // address
	Call   string `json:"call,omitempty"`   // correlation id
	// Rows removes the rows of the calls as a whole. Otherwise they stay, with
	// their token counts, without what was asked and answered.
	Rows bool `json:"rows,omitempty"`
}

// Erased tells what an erasure came to.
type Erased struct {
	Calls int // that the erasure is about
	Rows  int // of all tables that were changed or removed
}

// ErrWholeLog means that an erasure names nobody.
var ErrWholeLog = errors.New("an erasure must name a key, a caller or a call")

// eraseFolder holds erasures that are asked for and not done yet.
const eraseFolder = "erase"

// RequestErasure asks the writer of a folder to forget somebody. The request is
// a file that is there until everything is done: a writer that is killed in the
// middle, or was not running, does it when it is there again.
func RequestErasure(dir string, e Erasure, now time.Time) (request string, err error) {
	if e.Key == "" && e.Caller == "" && e.Call == "" {
		return "", ErrWholeLog
	}
	raw, err := json.Marshal(e)
	if err != nil {
		return "", fmt.Errorf("writing the request: %w", err)
	}
	folder := filepath.Join(dir, eraseFolder)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", fmt.Errorf("writing the request: %w", err)
	}
	request = filepath.Join(folder, fmt.Sprintf("%020d.json", now.UnixNano()))
	if err := writeWhole(request, raw); err != nil {
		return "", fmt.Errorf("writing the request: %w", err)
	}
	return request, nil
}

// Erase does what was requested: what was recorded before it is called is
// rewritten, segment by segment, each whole or not at all. Calls go on being
// recorded meanwhile.
func (s *Store) Erase(ctx context.Context) (Erased, error) {
	s.tending.Lock()
	defer s.tending.Unlock()
	requests, err := filepath.Glob(filepath.Join(s.dir, eraseFolder, "*.json"))
	if err != nil || len(requests) == 0 {
		return Erased{}, err
	}
	if err := s.Flush(ctx); err != nil {
		return Erased{}, err
	}
	var total Erased
	var failed []error
	for _, path := range requests {
		done, err := s.eraseOne(ctx, path)
		total.Calls, total.Rows = total.Calls+done.Calls, total.Rows+done.Rows
		if err != nil {
			failed = append(failed, fmt.Errorf("erasing: %w", err))
		}
	}
	return total, errors.Join(failed...)
}

func (s *Store) eraseOne(ctx context.Context, request string) (done Erased, err error) {
	raw, err := os.ReadFile(request)
	if errors.Is(err, fs.ErrNotExist) {
		return done, nil
	}
	if err != nil {
		return done, err
	}
	e := &eraser{store: s}
	if err := json.Unmarshal(raw, &e.Erasure); err != nil {
		return done, fmt.Errorf("reading request %s: %w", request, err)
	}
	if err := e.find(ctx); err != nil {
		return done, err
	}
	done.Calls = len(e.calls)
	for table := range erasable {
		n, err := e.table(ctx, table)
		done.Rows += n
		if err != nil {
			return done, fmt.Errorf("table %s: %w", table, err)
		}
	}
	if err := e.setAside(); err != nil {
		return done, err
	}
	s.opt.Log.Info("prompts were erased", "calls", done.Calls, "rows", done.Rows)
	return done, removeFile(request)
}

// place is where a table tells whose a row is, and what was said.
type place struct {
	id, key, caller string // columns; "" when the table has none
	said            []string
}

var erasable = map[string]place{
	Calls:       {"CallId", "Key", "CallerIpAddress", []string{"RequestBody", "ResponseBody", "ErrorMessage"}},
	GatewayLogs: {"CorrelationId", "ApimSubscriptionId", "CallerIpAddress", []string{"RequestBody", "ResponseBody", "BackendRequestBody", "BackendResponseBody", "LastErrorMessage"}},
	LLMLog:      {"CorrelationId", "", "", []string{"RequestMessages", "ResponseMessages"}},
	Diagnostics: {"CorrelationId", "", "CallerIPAddress", nil},
}

// eraser does one erasure.
type eraser struct {
	Erasure
	store    *Store
	calls    map[string]bool // ids of the calls it is about
	requests map[string]bool // what backends call them
}

// find gathers the calls that the erasure is about.
func (e *eraser) find(ctx context.Context) error {
	e.calls, e.requests = map[string]bool{}, map[string]bool{}
	if e.Call != "" && e.Key == "" && e.Caller == "" {
		e.calls[e.Call] = true
	}
	for _, table := range []string{Calls, GatewayLogs} {
		if err := e.findIn(ctx, table); err != nil {
			return err
		}
	}
	return nil
}

func (e *eraser) findIn(ctx context.Context, name string) error {
	at := erasable[name]
	t, _ := NewView(e.store.dir).Table(name)
	schema, _ := SchemaOf(name)
	req := scan.Request{}
	for _, column := range []string{at.id, at.key, at.caller, "BackendRequestId"} {
		if place, ok := schema.Column(column); ok {
			req.Columns = append(req.Columns, place)
		}
	}
	return t.Scan(ctx, req, func(b *scan.Batch) error {
		for i := range b.Len {
			id := b.Columns[0].Text(i)
			if id == "" || !e.matches(id, b.Columns[1].Text(i), b.Columns[2].Text(i)) {
				continue
			}
			e.calls[strings.Clone(id)] = true
			if len(b.Columns) > 3 {
				if request := b.Columns[3].Text(i); request != "" {
					e.requests[strings.Clone(request)] = true
				}
			}
		}
		return nil
	})
}

func (e *eraser) matches(id, key, caller string) bool {
	return (e.Key == "" || e.Key == key) && (e.Caller == "" || e.Caller == caller) && (e.Call == "" || e.Call == id)
}

// concerns tells whether a row with this id is one of the calls.
func (e *eraser) concerns(table, id string) bool {
	if table == Diagnostics {
		return e.requests[id]
	}
	return e.calls[id]
}

// table rewrites the segments of a table that hold rows of the calls.
func (e *eraser) table(ctx context.Context, table string) (rows int, err error) {
	at := erasable[table]
	if !e.Rows && len(at.said) == 0 {
		return 0, nil
	}
	out := e.store.tables[table].out
	if err := out.close(); err != nil { // what is recorded from now on goes into another segment
		return 0, err
	}
	closed, err := out.closed()
	if err != nil {
		return 0, err
	}
	schema, _ := SchemaOf(table)
	schema = schemaIn(schema, e.store.dir)
	for _, seg := range closed {
		if err := ctx.Err(); err != nil {
			return rows, err
		}
		var n int
		if seg.compacted {
			n, err = e.columns(schema, seg)
		} else {
			n, err = e.lines(table, seg)
		}
		rows += n
		if err != nil {
			return rows, fmt.Errorf("segment %s: %w", seg.path, err)
		}
	}
	return rows, nil
}

// columns rewrites a compacted segment.
func (e *eraser) columns(schema *Schema, seg segment) (rows int, err error) {
	if err := removeLines(seg); err != nil { // a crash may have left them
		return 0, err
	}
	at := erasable[schema.Table]
	columns, hit, err := e.readColumns(schema, seg)
	if err != nil || len(hit) == 0 {
		return 0, err
	}
	rows, kept := counted(hit)
	if e.Rows && kept == 0 {
		return rows, os.Remove(seg.path)
	}
	for _, c := range columns {
		if !e.Rows && !slices.Contains(at.said, c.name) {
			continue
		}
		for i, v := range c.parts {
			c.parts[i] = without(v, hit[i], e.Rows)
		}
	}
	dropEmptyGroups(columns)
	columns = append(columns, extractHidden(columns)...)
	return rows, writeSegment(seg.path, schema.Table, columns)
}

// counted tells how many rows are marked and how many are not.
func counted(hit [][]bool) (marked, others int) {
	for _, part := range hit {
		for _, yes := range part {
			if yes {
				marked++
			} else {
				others++
			}
		}
	}
	return marked, others
}

// dropEmptyGroups takes out the row groups that have no rows any more.
func dropEmptyGroups(columns []*fileColumn) {
	for i := len(columns[0].parts) - 1; i >= 0; i-- {
		if columns[0].parts[i].Len > 0 {
			continue
		}
		for _, c := range columns {
			c.parts = slices.Delete(c.parts, i, i+1)
		}
	}
}

// without is a column without some of its values: they are empty, or gone.
func without(v *value.Vector, hit []bool, gone bool) *value.Vector {
	b := value.NewBuilder(v.Type, v.Len)
	for i := range v.Len {
		switch {
		case !hit[i]:
			b.Append(v.Value(i))
		case !gone:
			b.AppendNull()
		}
	}
	return b.Finish()
}

// readColumns reads a compacted segment as a whole and marks the rows that are
// concerned; no marks mean that none is.
func (e *eraser) readColumns(schema *Schema, seg segment) (columns []*fileColumn, hit [][]bool, err error) {
	file, err := openParquet(seg.path)
	if err != nil {
		return nil, nil, err
	}
	defer file.close()
	found := false
	for group := range file.parsed.RowGroups() {
		ids, err := file.read(group, erasable[schema.Table].id, value.String, false)
		if err != nil {
			return nil, nil, err
		}
		marks := make([]bool, ids.Len)
		for i := range marks {
			marks[i] = e.concerns(schema.Table, ids.Text(i))
			found = found || marks[i]
		}
		hit = append(hit, marks)
	}
	if !found {
		return nil, nil, nil
	}
	for _, c := range schema.Columns {
		column := &fileColumn{name: c.Name, kind: c.Type}
		for group := range file.parsed.RowGroups() {
			v, err := file.read(group, c.Name, c.Type, false)
			if err != nil {
				return nil, nil, err
			}
			column.parts = append(column.parts, v)
		}
		columns = append(columns, column)
	}
	return columns, hit, nil
}
