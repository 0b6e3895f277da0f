package calllog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/kql/value"
)

func flush(t *testing.T, s *Store) {
	t.Helper()
	if err := s.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// Rows from elsewhere become rows of the table: converted to its types, in
// columns found in any case of letters, with a time of their own or the present one.
func TestForeignRowsAreFitted(t *testing.T) {
	dir := t.TempDir()
	now := time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)
	s := open(t, dir, func(o *Options) { o.Now = func() time.Time { return now } })
	dropped, err := s.AppendRows(GatewayLogs, [][]byte{
		[]byte("{\"TimeGenerated\":\"2026-01-02T03:04:05.1234567Z\",\"responsecode\":\"200\",\"IsRequestSuccess\":1,\n\"CallerIpAddress\":17,\"BackendRequestHeaders\":{\"a\":[1,\n2]},\"nobody\":1}"),
		[]byte(`{"ResponseCode":"many","Url":{"a":1},"Type":"Other","TotalTime":12.0}`),
		[]byte(`{}`),
	})
	if err != nil || dropped != 1 {
		t.Fatalf("%d dropped, %v", dropped, err)
	}
	flush(t, s)
	v := NewView(dir)
	for column, want := range map[string]string{
		"TimeGenerated": "2026-01-02T03:04:05.1234567Z 2026-05-06T07:08:09.0000000Z 2026-05-06T07:08:09.0000000Z", "ResponseCode": "200  ",
		"IsRequestSuccess": "True  ", "CallerIpAddress": "17  ", "Url": ` {"a":1} `, "TotalTime": " 12 ",
		"BackendRequestHeaders": `{"a":[1,2]}  `, "Type": "ApiManagementGatewayLogs Other ApiManagementGatewayLogs",
	} {
		var got []string
		for _, c := range read(t, v, GatewayLogs, column) {
			got = append(got, value.Text(c))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q, want %q", column, got, want)
		}
	}
	var at *RowError
	if _, err := s.AppendRows(GatewayLogs, [][]byte{[]byte(`{}`), []byte(`[1]`)}); !errors.As(err, &at) || at.Row != 1 {
		t.Errorf("a row that is no object: %v", err)
	}
	if _, err := s.AppendRows("Elsewhere", nil); !errors.Is(err, ErrTable) {
		t.Errorf("an unknown table: %v", err)
	}
	flush(t, s)
	if n := len(read(t, v, GatewayLogs, "Type")); n != 3 {
		t.Errorf("%d rows after refused batches", n)
	}
}

// An open table takes the columns that services bring, by the type their names
// end in; they are there for readers and in compacted segments, and what names
// no type is kept aside.
func TestServicesBringColumns(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, func(o *Options) { o.SegmentBytes = 1 })
	row := []byte(`{"Category":"Audit","dCount_d":"2.5","isSystem_b":true,"who_s":"me","when_t":"2026-01-02","x-y_s":"a","plain":[1]}`)
	if _, err := s.AppendRows(Diagnostics, [][]byte{row, []byte(`{"Category":"Audit"}`)}); err != nil {
		t.Fatal(err)
	}
	flush(t, s)
	s.Record(sample())
	flush(t, s)
	for _, form := range []string{"lines", "compacted"} {
		table, _ := NewView(dir).Table(Diagnostics)
		types := map[string]value.Type{}
		for _, c := range table.Schema() {
			types[c.Name] = c.Type
		}
		if types["dCount_d"] != value.Real || types["isSystem_b"] != value.Bool || types["when_t"] != value.DateTime {
			t.Errorf("%s: types %v", form, types)
		}
		got := query(t, dir, `AzureDiagnostics | where Category == "Audit" and isnotempty(who_s) | project a = strcat(dCount_d, isSystem_b, who_s, when_t), AdditionalFields`)
		if got.Len != 1 || got.Rows()[0][0].S != "2.5true"+"me2026-01-02T00:00:00.0000000Z" && got.Rows()[0][0].S != "2.5Trueme2026-01-02T00:00:00.0000000Z" {
			t.Errorf("%s: %v", form, got.Rows())
		} else if rest := string(value.AppendJSON(nil, got.Rows()[0][1].X)); rest != `{"x-y_s":"a","plain":[1]}` {
			t.Errorf("%s: kept aside: %s", form, rest)
		}
		if err := s.Compact(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, nil)
	many := map[string]any{}
	for i := range maxOpen + 10 {
		many[fmt.Sprintf("c%d_s", i)] = "x"
	}
	raw, _ := json.Marshal(many)
	if _, err := s.AppendRows(Diagnostics, [][]byte{raw}); err != nil {
		t.Fatal(err)
	}
	flush(t, s)
	table, _ := NewView(dir).Table(Diagnostics)
	schema, _ := SchemaOf(Diagnostics)
	if n := len(table.Schema()); n != len(schema.Columns)+maxOpen {
		t.Errorf("%d columns", n)
	}
}

func FuzzForeignRow(f *testing.F) {
	f.Add(`{"TimeGenerated":"2026-01-02","Category":"x","a_d":1e999,"b_s":"\ud800","c":{"d":[]}}`)
	f.Add(`{"a_t":"","AdditionalFields":1}`)
	f.Fuzz(func(t *testing.T, row string) {
		s := &Store{opt: Options{Now: time.Now, MaxPending: 1 << 20}, dir: t.TempDir(), tables: map[string]*pending{Diagnostics: {}}}
		if _, err := s.AppendRows(Diagnostics, [][]byte{[]byte(row)}); err != nil {
			return
		}
		lines := s.tables[Diagnostics].rows
		object, err := openLine(lines)
		if err != nil || !json.Valid(append(object, '}')) || strings.Count(string(lines), "\n") != 1 {
			t.Errorf("%q became %q: %v", row, lines, err)
		}
	})
}
