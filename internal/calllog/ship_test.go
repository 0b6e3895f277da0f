package calllog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// shelf is a sink in memory that can be told to fail.
type shelf struct {
	mu      sync.Mutex
	got     map[string][]string // by table, what identifies the rows
	batches int
	down    error
	refuse  string // rows that hold this are refused
}

func (s *shelf) Send(_ context.Context, table string, rows [][]byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.batches++
	if s.down != nil {
		return s.down
	}
	var ids []string
	for _, raw := range rows {
		if s.refuse != "" && strings.Contains(string(raw), s.refuse) {
			return fmt.Errorf("sending: %w", columnMissing{})
		}
		var row struct{ CallId, CorrelationId, CRC string }
		if err := json.Unmarshal(raw, &row); err != nil {
			return err
		}
		ids = append(ids, row.CallId+row.CorrelationId)
	}
	if s.got == nil {
		s.got = map[string][]string{}
	}
	s.got[table] = append(s.got[table], ids...)
	return nil
}

// columnMissing is how a sink refuses rows.
type columnMissing struct{}

func (columnMissing) Error() string { return "column missing" }
func (columnMissing) Refused() bool { return true }

// recordRange records calls by number.
func recordRange(t *testing.T, s *Store, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		c := sample()
		c.ID = fmt.Sprint(i)
		s.Record(c)
	}
	flush(t, s)
}

func numbers(from, to int) string {
	var all []string
	for i := from; i < to; i++ {
		all = append(all, fmt.Sprint(i))
	}
	return strings.Join(all, " ")
}

// A sink gets every row once and in order, across segments, failures and
// restarts; what it has not got is not compacted away from under it.
func TestSinkGetsEveryRow(t *testing.T) {
	dir, sink, ctx := t.TempDir(), &shelf{}, context.Background()
	opened := func() *Store {
		return open(t, dir, func(o *Options) {
			o.SegmentBytes = 5000
			o.Ship = []Shipment{{Name: "there", Tables: []string{Calls, LLMLog}, Bytes: 3000, Sink: sink}}
		})
	}
	before := open(t, dir, nil)
	recordRange(t, before, 0, 5) // before there was a sink
	if err := before.Close(); err != nil {
		t.Fatal(err)
	}
	s := opened()
	for i := 5; i < 40; i += 5 {
		recordRange(t, s, i, i+5)
	}
	sink.mu.Lock()
	sink.down = errors.New("no answer")
	sink.mu.Unlock()
	_ = s.Ship(ctx)
	recordRange(t, s, 40, 60)
	if err := s.Compact(ctx); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = opened()
	recordRange(t, s, 60, 70)
	sink.mu.Lock()
	sink.down = nil
	sink.mu.Unlock()
	if err := s.Ship(ctx); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{Calls, LLMLog} {
		if got := strings.Join(sink.got[table], " "); got != numbers(5, 70) {
			t.Errorf("%s: %s", table, got)
		}
	}
	if sink.got[GatewayLogs] != nil {
		t.Error("a table was sent that was not asked for")
	}
	recordRange(t, s, 70, 71)
	if err := errors.Join(s.Ship(ctx), s.Compact(ctx)); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, Calls, "*"+linesSuffix)); len(left) > 2 {
		t.Errorf("what was sent is not compacted: %v", left)
	}
	if n := len(read(t, NewView(dir), Calls, "CallId")); n != 71 {
		t.Errorf("%d rows", n)
	}
}

// Only the rows at fault are set aside; they can be sent again.
func TestRefusedRowsAreSetAside(t *testing.T) {
	dir, sink, ctx := t.TempDir(), &shelf{refuse: `"CallId":"7"`}, context.Background()
	s := open(t, dir, func(o *Options) { o.Ship = []Shipment{{Name: "there", Tables: []string{Calls}, Sink: sink}} })
	recordRange(t, s, 0, 20)
	if err := s.Ship(ctx); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(sink.got[Calls], " "); got != numbers(0, 7)+" "+numbers(8, 20) {
		t.Errorf("got %s", got)
	}
	dead := filepath.Join(dir, shipFolder, "there"+deadSuffix)
	raw, err := os.ReadFile(dead)
	var row deadRow
	if err != nil || json.Unmarshal(raw, &row) != nil || row.Table != Calls || !strings.Contains(string(row.Row), `"CallId":"7"`) || !strings.Contains(row.Error, "column missing") {
		t.Errorf("set aside: %s, %v", raw, err)
	}
	if info, err := os.Stat(dead); err != nil || info.Mode().Perm()&0o077 != 0 && os.PathSeparator == '/' {
		t.Errorf("others can read refused rows: %v", err)
	}
	if sent, refused, err := Replay(ctx, dir, "there", sink); sent != 0 || refused != 1 || err != nil {
		t.Errorf("sent again too early: %d, %d, %v", sent, refused, err)
	}
	sink.down = errors.New("no answer")
	if _, _, err := Replay(ctx, dir, "there", sink); err == nil {
		t.Error("no error from a sink that does not answer")
	}
	sink.down, sink.refuse = nil, ""
	if sent, refused, err := Replay(ctx, dir, "there", sink); sent != 1 || refused != 0 || err != nil {
		t.Errorf("sent again: %d, %d, %v", sent, refused, err)
	}
	if sent, refused, err := Replay(ctx, dir, "there", sink); sent+refused != 0 || err != nil {
		t.Errorf("sent twice: %d, %d, %v", sent, refused, err)
	}
	if sink.got[Calls][len(sink.got[Calls])-1] != "7" {
		t.Errorf("got %v", sink.got[Calls])
	}
}

func TestSinksAreNamedWell(t *testing.T) {
	for _, of := range []Shipment{{Name: "../x"}, {Name: ""}, {Name: "x", Tables: []string{"Nothing"}}} {
		if s, err := Open(t.TempDir(), Options{Ship: []Shipment{of}}); err == nil {
			_ = s.Close()
			t.Errorf("%+v was taken", of)
		}
	}
}
