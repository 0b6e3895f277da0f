package calllog

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/kql/scan"
	"github.com/azptu/azptu/internal/kql/value"
)

func open(t testing.TB, dir string, change func(*Options)) *Store {
	t.Helper()
	o := Options{FlushEvery: time.Hour, Now: time.Now} // tests flush themselves
	if change != nil {
		change(&o)
	}
	s, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// read gives one column of a table as values in the order of the rows.
func read(t *testing.T, v *View, tableName, column string) (cells []value.Value) {
	t.Helper()
	table, ok := v.Table(tableName)
	if !ok {
		t.Fatalf("no table %s", tableName)
	}
	schema, _ := SchemaOf(tableName)
	place, ok := schema.Column(column)
	if !ok {
		t.Fatalf("%s has no column %s", tableName, column)
	}
	err := table.Scan(context.Background(), scan.Request{Columns: []int{place}}, func(b *scan.Batch) error {
		for i := range b.Len {
			cells = append(cells, b.Columns[0].Value(i))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return cells
}

func TestRowsComeBackTyped(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, func(o *Options) { o.Now = func() time.Time { return time.Unix(1_700_000_000, 0) } })
	c := sample()
	s.Record(c)
	if err := s.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	v := NewView(dir)
	for _, want := range []struct {
		table, column string
		value         value.Value
	}{
		{Calls, "TimeGenerated", value.OfDateTime(value.FromTime(c.At))},
		{Calls, "PromptTokens", value.OfLong(15)},
		{Calls, "TotalMs", value.OfReal(1234.567)},
		{Calls, "Stream", value.OfBool(false)},
		{Calls, "ErrorCode", value.OfString("")},
		{GatewayLogs, "ResponseCode", value.OfInt(200)},
		{GatewayLogs, "CallerIpAddress", value.OfString("10.0.0.9")},
		{GatewayLogs, "BackendResponseBody", value.OfString(string(c.ResponseBody))},
		{GatewayLogs, "LastErrorElapsed", value.NullOf(value.Long)},
		{LLMLog, "TotalTokens", value.OfInt(39)},
		{Diagnostics, "ResultSignature", value.OfString("200")},
	} {
		cells := read(t, v, want.table, want.column)
		if len(cells) != 1 || cells[0] != want.value {
			t.Errorf("%s.%s = %+v, want %+v", want.table, want.column, cells, want.value)
		}
	}
	if n := len(read(t, v, Metrics, "Total")); n != 0 {
		t.Errorf("a table that was never written has %d rows", n)
	}
}

func TestSegmentsRotateAndReopen(t *testing.T) {
	dir := t.TempDir()
	fixed := time.Unix(1_700_000_000, 0) // a clock that stands still still gives each segment its own number
	s := open(t, dir, func(o *Options) { o.SegmentBytes, o.Now = 1, func() time.Time { return fixed } })
	for range 3 {
		s.Record(sample())
		if err := s.Flush(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, func(o *Options) { o.Now = func() time.Time { return fixed } })
	s.Record(sample())
	if err := s.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	segments, err := listSegments(filepath.Join(dir, Calls))
	if err != nil || len(segments) != 4 {
		t.Errorf("%d segments, %v", len(segments), err)
	}
	if n := len(read(t, NewView(dir), Calls, "CallId")); n != 4 {
		t.Errorf("%d rows", n)
	}
}

func TestTornLineIsCutAndAlteredLineSkipped(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, nil)
	for range 3 {
		s.Record(sample())
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	segments, _ := listSegments(filepath.Join(dir, Calls))
	raw, err := os.ReadFile(segments[0].path)
	if err != nil {
		t.Fatal(err)
	}
	raw[20] ^= 1 // the first row is altered
	if err := os.WriteFile(segments[0].path, append(raw, `{"TimeGenerated":"2026-`...), 0o600); err != nil {
		t.Fatal(err)
	}
	v := NewView(dir)
	if n := len(read(t, v, Calls, "CallId")); n != 2 || v.Skipped() != 1 {
		t.Errorf("%d rows, %d skipped", n, v.Skipped())
	}
	s = open(t, dir, nil)
	s.Record(sample())
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if n := len(read(t, NewView(dir), Calls, "CallId")); n != 3 {
		t.Errorf("%d rows after mending", n)
	}
	if info, err := os.Stat(segments[0].path); err != nil || info.Size() != int64(len(raw)) {
		t.Errorf("the half row is still there: %v, %v", info.Size(), err)
	}
}

func TestOneWriter(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, nil)
	if _, err := Open(dir, Options{Now: time.Now}); !errors.Is(err, ErrInUse) {
		t.Errorf("a second writer: %v", err)
	}
}

func TestNewerFormatIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "FORMAT"), []byte("azptu-log 99\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, Options{Now: time.Now}); err == nil {
		t.Error("a newer format was taken")
	}
}

// While the disk refuses, rows wait; what finds no room is told of by a gap
// row, and nothing is written twice.
func TestDiskThatRefuses(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, func(o *Options) { o.MaxPending = 20_000 })
	for _, schema := range Schemas() { // a file where the folder should be
		if err := os.WriteFile(filepath.Join(dir, schema.Table), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for range 50 {
		s.Record(sample())
	}
	if err := s.Flush(context.Background()); err == nil {
		t.Fatal("written where nothing can be")
	}
	lost := s.Lost()
	if lost == 0 || lost >= 50 {
		t.Fatalf("%d of 50 calls lost", lost)
	}
	for _, schema := range Schemas() {
		if err := os.Remove(filepath.Join(dir, schema.Table)); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // the first makes room, the second writes the gap row
		if err := s.Flush(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	var told, rows int64
	for _, n := range read(t, NewView(dir), Calls, "LostCalls") {
		if n.Null {
			rows++
		} else {
			told += n.I
		}
	}
	if rows+told != 50 || told != lost {
		t.Errorf("%d rows and %d told lost of 50; %d were lost", rows, told, lost)
	}
}

func TestManyWritersAtOnce(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, func(o *Options) { o.FlushEvery = time.Millisecond })
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 200 {
				c := sample()
				c.ID = fmt.Sprintf("%d-%d", i, j)
				s.Record(c)
			}
		})
	}
	wg.Wait()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, id := range read(t, NewView(dir), Calls, "CallId") {
		seen[id.S] = true
	}
	if len(seen) != 1600 {
		t.Errorf("%d of 1600 calls are in the log", len(seen))
	}
}

func BenchmarkRecord(b *testing.B) {
	s, err := Open(b.TempDir(), Options{Now: time.Now, MaxPending: 1 << 30})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	c := sample()
	for b.Loop() {
		s.Record(c)
	}
}

func TestOldSegmentsGo(t *testing.T) {
	dir := t.TempDir()
	now := time.Unix(1_700_000_000, 0)
	s := open(t, dir, func(o *Options) {
		o.SegmentBytes, o.Retain, o.Now = 1, 3*time.Hour, func() time.Time { return now }
	})
	for range 6 {
		s.Record(sample())
		if err := s.Flush(context.Background()); err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Hour)
	}
	if err := errors.Join(s.Compact(context.Background()), s.Expire(context.Background())); err != nil {
		t.Fatal(err)
	}
	// Begun at hours 0 to 5; it is hour 6, so what ended before hour 3 goes.
	if n := len(read(t, NewView(dir), Calls, "CallId")); n != 4 {
		t.Errorf("%d rows are left", n)
	}
	s.opt.RetainBytes = 1
	if err := s.Expire(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n := len(read(t, NewView(dir), Calls, "CallId")); n != 1 {
		t.Errorf("%d rows are left within one byte; only the open segment should be", n)
	}
}
