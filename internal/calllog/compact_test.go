package calllog

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/call"
	"github.com/azptu/azptu/internal/kql/scan"
	"github.com/azptu/azptu/internal/kql/value"
)

// filled is a log folder with some rows of every sort in closed segments.
func filled(t *testing.T, rows int) (dir string, s *Store) {
	t.Helper()
	dir = t.TempDir()
	s = open(t, dir, func(o *Options) { o.SegmentBytes = 1 })
	for i := range rows {
		c := sample()
		c.ID = fmt.Sprintf("call-%d", i)
		c.At = c.At.Add(time.Duration(i) * time.Minute)
		c.Stream = i%3 == 0
		c.Caller = fmt.Sprintf("10.0.0.%d", i%7)
		switch i % 5 {
		case 1:
			c.Status, c.BackendStatus, c.Counting = 429, 429, call.NotCounted
			c.ResponseBody = []byte(`{"error":{"code":"429","message":"no"}}`)
		case 2:
			c.ResponseBody = []byte("not JSON")
		case 3:
			c.ResponseBody = nil
		}
		s.Record(c)
	}
	s.Record(&call.Call{At: time.Unix(1_800_000_000, 0), Gap: 3})
	if err := s.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	s.Record(sample())
	if err := s.Flush(context.Background()); err != nil { // begins another segment
		t.Fatal(err)
	}
	return dir, s
}

// everything is all rows of all tables as text.
func everything(t *testing.T, dir string) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	v := NewView(dir)
	for _, schema := range Schemas() {
		for _, c := range schema.Columns {
			for _, x := range read(t, v, schema.Table, c.Name) {
				text := fmt.Sprintf("%v %v %v %v", x.Null, x.I, x.F, x.S)
				if x.T == value.Dynamic {
					text = string(value.AppendJSON(nil, x.X))
				}
				all[schema.Table+"."+c.Name] = append(all[schema.Table+"."+c.Name], text)
			}
		}
	}
	if v.Skipped()+v.Broken() != 0 {
		t.Errorf("%d lines and %d segments were passed over", v.Skipped(), v.Broken())
	}
	return all
}

func TestCompactionChangesNothing(t *testing.T) {
	dir, s := filled(t, 100)
	before := everything(t, dir)
	if err := s.Compact(context.Background()); err != nil {
		t.Fatal(err)
	}
	compacted, _ := filepath.Glob(filepath.Join(dir, "*", "*.parquet"))
	if len(compacted) != 4 {
		t.Errorf("compacted: %v", compacted)
	}
	after := everything(t, dir)
	for column, cells := range before {
		if fmt.Sprint(cells) != fmt.Sprint(after[column]) {
			t.Errorf("%s:\n before %.300v\n after  %.300v", column, cells, after[column])
		}
	}
	if len(before["Calls.CallId"]) != 102 {
		t.Errorf("%d rows", len(before["Calls.CallId"]))
	}
}

// A crash between the rename and the removal of the lines gives each row once.
func TestBothFormsCountOnce(t *testing.T) {
	dir, s := filled(t, 10)
	segments, _ := listSegments(filepath.Join(dir, Calls))
	lines, err := os.ReadFile(segments[0].path)
	if err != nil {
		t.Fatal(err)
	}
	before := everything(t, dir)
	if err := s.Compact(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(segments[0].path, lines, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := everything(t, dir); len(got["Calls.CallId"]) != len(before["Calls.CallId"]) {
		t.Errorf("%d rows, want %d", len(got["Calls.CallId"]), len(before["Calls.CallId"]))
	}
	if err := s.Compact(context.Background()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(segments[0].path); !os.IsNotExist(err) {
		t.Errorf("the lines are still there: %v", err)
	}
}

func TestPathsComeFromHiddenColumns(t *testing.T) {
	dir, s := filled(t, 50)
	schema, _ := SchemaOf(GatewayLogs)
	body, _ := schema.Column("BackendResponseBody")
	req := scan.Request{Paths: []scan.JSONPath{
		{Column: body, Steps: []value.Step{{Key: "model"}}, Want: value.String},
		{Column: body, Steps: []value.Step{{Key: "usage"}, {Key: "prompt_tokens", Reparse: true}}, Want: value.Dynamic},
		{Column: body, Steps: []value.Step{{Key: "error"}, {Key: "code"}}, Want: value.String},
	}}
	texts := func() (out []string) {
		table, _ := NewView(dir).Table(GatewayLogs)
		err := table.Scan(context.Background(), req, func(b *scan.Batch) error {
			for i := range b.Len {
				row := ""
				for j, p := range req.Paths {
					if b.Paths != nil && b.Paths[j] != nil {
						row += " " + string(value.AppendJSON(nil, b.Paths[j].Value(i).AsDynamic()))
						continue
					}
					found := make([]string, 1)
					value.FindPaths(b.Sources[p.Column].Text(i), [][]value.Step{p.Steps}, found)
					if found[0] == "" {
						found[0] = "null"
					}
					row += " " + found[0]
				}
				out = append(out, row)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	before := texts()
	if err := s.Compact(context.Background()); err != nil {
		t.Fatal(err)
	}
	if after := texts(); fmt.Sprint(before) != fmt.Sprint(after) {
		t.Errorf("before %v\nafter  %v", before, after)
	}
	hidden := 0
	table, _ := NewView(dir).Table(GatewayLogs)
	_ = table.Scan(context.Background(), req, func(b *scan.Batch) error {
		if b.Sources == nil {
			hidden++
		}
		return nil
	})
	if hidden != 1 {
		t.Errorf("%d row groups were read without their bodies", hidden)
	}
}

// A body whose usage is text might be read as JSON again; then nothing hidden
// is offered.
func TestDoubtfulBodiesHaveNoHiddenColumns(t *testing.T) {
	bodies := value.StringsOf([]string{`{"model":"m","usage":{"prompt_tokens":1}}`, `{"model":1,"usage":{"prompt_tokens":2}}`})
	out := extract(bodies)
	if out[0] != nil || out[1] == nil || out[1].I64[1] != 2 {
		t.Errorf("model %v, prompt tokens %v", out[0], out[1])
	}
	out = extract(value.StringsOf([]string{`{"model":"m","usage":"{\"prompt_tokens\":1}"}`}))
	for i, v := range out {
		if v != nil {
			t.Errorf("%s is offered", hiddenColumns[i].name("b"))
		}
	}
}

func TestRowGroupsOutsideTheTimeAreNotRead(t *testing.T) {
	dir, s := filled(t, 20)
	if err := s.Compact(context.Background()); err != nil {
		t.Fatal(err)
	}
	schema, _ := SchemaOf(GatewayLogs)
	at, _ := schema.Column(timeColumn)
	table, _ := NewView(dir).Table(GatewayLogs)
	rows := 0
	late := value.FromTime(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	err := table.Scan(context.Background(), scan.Request{Columns: []int{at}, Time: &scan.TimeRange{Column: at, From: late, To: late}}, func(b *scan.Batch) error {
		rows += b.Len
		return nil
	})
	if err != nil || rows != 1 { // the one row that is still a line
		t.Errorf("%d rows read, %v", rows, err)
	}
}

func TestBrokenSegmentIsPassedOver(t *testing.T) {
	dir, s := filled(t, 20)
	if err := s.Compact(context.Background()); err != nil {
		t.Fatal(err)
	}
	segments, _ := listSegments(filepath.Join(dir, Calls))
	if err := os.Truncate(segments[0].path, 100); err != nil {
		t.Fatal(err)
	}
	v := NewView(dir)
	if n := len(read(t, v, Calls, "CallId")); n != 1 || v.Broken() != 1 {
		t.Errorf("%d rows, %d segments passed over", n, v.Broken())
	}
}
