package calllog

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// A disk that is slow is waited for by nobody: calls are taken while it writes,
// and all of them are there in the end.
func TestSlowDiskHoldsNobodyUp(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, func(o *Options) { o.FlushEvery = time.Millisecond })
	out := s.tables[Calls].out
	out.mu.Lock() // the disk is busy with what came before
	const calls = 2000
	for i := range calls {
		c := sample()
		c.ID = fmt.Sprint(i)
		s.Record(c)
	}
	if lost := s.Lost(); lost != 0 {
		t.Errorf("%d calls found no room", lost)
	}
	if n := len(read(t, NewView(dir), Calls, "CallId")); n != 0 {
		t.Errorf("%d rows were written by a disk that writes nothing", n)
	}
	out.mu.Unlock()
	if err := s.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	if seen := onlyOnce(t, dir, Calls, "CallId"); len(seen) != calls {
		t.Errorf("%d of %d calls are there", len(seen), calls)
	}
}
