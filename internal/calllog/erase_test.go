package calllog

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// said is what prompts of a person hold, in every file of a folder.
func said(t *testing.T, dir, words string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		if strings.Contains(string(raw), words) {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// talk records calls of two people into segments of both forms and lines that a
// sink has not got yet.
func talk(t *testing.T, dir string, sink *shelf) *Store {
	t.Helper()
	s := open(t, dir, func(o *Options) {
		o.SegmentBytes = 1
		o.Ship = []Shipment{{Name: "there", Tables: []string{Calls}, Bytes: 2000, Sink: sink}}
	})
	for i := range 12 {
		c := sample()
		c.ID, c.Key, c.Caller = fmt.Sprint(i), []string{"ana", "bob"}[i%2], fmt.Sprintf("10.0.0.%d", i%3)
		c.BackendID = "r" + c.ID
		words := c.Key + "-secret-" + c.ID
		c.RequestBody = []byte(`{"messages":[{"role":"user","content":"` + words + `"}]}`)
		c.ResponseBody = []byte(`{"model":"m","choices":[{"message":{"content":"` + words + `"}}],"usage":{"total_tokens":3}}`)
		s.Record(c)
		if i%3 == 2 {
			flush(t, s)
		}
		if i == 5 {
			if err := errors.Join(s.Ship(context.Background()), s.Compact(context.Background())); err != nil {
				t.Fatal(err)
			}
			sink.mu.Lock()
			sink.down = errors.New("no answer")
			sink.mu.Unlock()
		}
	}
	return s
}

// What one person said is gone from every file; the others' prompts, the counts
// and what sinks are still to get stay.
func TestPromptsOfOneKeyAreErased(t *testing.T) {
	for _, whole := range []bool{false, true} {
		t.Run(fmt.Sprintf("rows=%v", whole), func(t *testing.T) {
			dir, sink, ctx := t.TempDir(), &shelf{}, context.Background()
			s := talk(t, dir, sink)
			if _, err := RequestErasure(dir, Erasure{Key: "ana", Rows: whole}, time.Now()); err != nil {
				t.Fatal(err)
			}
			done, err := s.Erase(ctx)
			if err != nil || done.Calls != 6 || done.Rows < 18 {
				t.Fatalf("%+v, %v", done, err)
			}
			if left := said(t, filepath.Join(dir, Calls), "ana-secret"); len(left) > 0 {
				t.Errorf("still said in %v", left)
			}
			v := NewView(dir)
			for table, column := range map[string]string{Calls: "RequestBody", GatewayLogs: "BackendResponseBody", LLMLog: "RequestMessages"} {
				anas, bobs, rows := 0, 0, 0
				for _, cell := range read(t, v, table, column) {
					text := fmt.Sprint(cell.S, cell.X)
					if cell.X != nil {
						text = fmt.Sprintf("%#v", cell)
					}
					rows++
					if strings.Contains(text, "ana-secret") {
						anas++
					}
					if strings.Contains(text, "bob-secret") || cell.X != nil && !cell.Null {
						bobs++
					}
				}
				if want := map[bool]int{false: 12, true: 6}[whole]; rows != want || anas != 0 || bobs != 6 {
					t.Errorf("%s: %d rows, %d of ana's and %d of bob's prompts", table, rows, anas, bobs)
				}
			}
			if v.Skipped()+v.Broken() != 0 {
				t.Errorf("%d lines and %d segments cannot be read", v.Skipped(), v.Broken())
			}
			got := query(t, dir, "Calls | where Key == 'ana' | summarize sum(TotalTokens)")
			if tokens := got.Rows()[0][0].I; (tokens == 6*39) == whole {
				t.Errorf("%d tokens are left of ana's", tokens)
			}
			if left, _ := filepath.Glob(filepath.Join(dir, eraseFolder, "*")); len(left) > 0 {
				t.Errorf("still asked for: %v", left)
			}
			sink.mu.Lock()
			sink.down = nil
			sink.mu.Unlock()
			if err := s.Ship(ctx); err != nil {
				t.Fatal(err)
			}
			want := numbers(0, 12)
			if whole {
				want = numbers(0, 6) + " 7 9 11"
			}
			if ids := strings.Join(sink.got[Calls], " "); ids != want {
				t.Errorf("the sink got %s, want %s", ids, want)
			}
		})
	}
}

func TestErasureOfACallerAndACall(t *testing.T) {
	dir, sink := t.TempDir(), &shelf{}
	s := talk(t, dir, sink)
	for _, e := range []Erasure{{Key: "ana", Caller: "10.0.0.0"}, {Call: "11"}} {
		if _, err := RequestErasure(dir, e, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil { // the next writer does what this one was asked for
		t.Fatal(err)
	}
	s = open(t, dir, nil)
	if done, err := s.Erase(context.Background()); err != nil || done.Calls != 3 {
		t.Fatalf("%+v, %v", done, err)
	}
	var left []string
	for _, row := range query(t, dir, "Calls | where isnotempty(RequestBody) | project toint(CallId) | order by CallId asc").Rows() {
		left = append(left, fmt.Sprint(row[0].I))
	}
	if strings.Join(left, " ") != "1 2 3 4 5 7 8 9 10" {
		t.Errorf("prompts left of calls %v", left)
	}
	if _, err := RequestErasure(dir, Erasure{Rows: true}, time.Now()); !errors.Is(err, ErrWholeLog) {
		t.Errorf("the whole log: %v", err)
	}
}
