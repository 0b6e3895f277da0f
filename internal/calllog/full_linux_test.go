package calllog

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// smallDisk is a file system of its own with so many bytes.
func smallDisk(t *testing.T, bytes int) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", bytes)); err != nil {
		t.Skip("a small file system cannot be mounted: " + err.Error())
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// On a disk that is full the log goes on as soon as there is room: each call is
// there once, or told of as lost, and compaction leaves nothing half-made.
func TestFullDisk(t *testing.T) {
	disk := smallDisk(t, 2<<20)
	dir := filepath.Join(disk, "logs")
	s := open(t, dir, func(o *Options) { o.MaxPending, o.SegmentBytes = 200_000, 300_000 })
	ballast := filepath.Join(disk, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 1200<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	recorded, refused := 0, 0
	for s.Lost() < 20 {
		for range 10 {
			c := sample()
			c.ID = fmt.Sprint(recorded)
			c.RequestBody = fmt.Appendf(nil, `{"messages":[{"role":"user","content":"%s"}]}`, strings.Repeat("x", 500))
			s.Record(c)
			recorded++
		}
		if err := s.Flush(context.Background()); err != nil {
			refused++
		}
	}
	if refused == 0 {
		t.Fatal("a full disk took everything")
	}
	if err := s.Compact(context.Background()); err != nil {
		t.Logf("while the disk is full: %v", err)
	}
	onlyOnceBeside(t, dir) // what was written before can be read all the while
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the first makes room, the second writes the gap row
		if err := s.Flush(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Compact(context.Background()); err != nil {
		t.Fatal(err)
	}
	rows, told := onlyOnceBeside(t, dir)
	if rows+told != recorded || told == 0 {
		t.Errorf("%d rows and %d told lost, of %d calls", rows, told, recorded)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*", "*.tmp")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	t.Logf("%d calls, %d flushes refused, %d calls told lost", recorded, refused, told)
}

// onlyOnceBeside counts the calls, each once, beside the gap rows.
func onlyOnceBeside(t *testing.T, dir string) (rows, told int) {
	t.Helper()
	v := NewView(dir)
	seen := map[string]bool{}
	lost := read(t, v, Calls, "LostCalls")
	for i, id := range read(t, v, Calls, "CallId") {
		if !lost[i].Null {
			told += int(lost[i].I)
			continue
		}
		if rows++; seen[id.S] {
			t.Errorf("call %s is there twice", id.S)
		}
		seen[id.S] = true
	}
	if v.Skipped()+v.Broken() != 0 {
		t.Errorf("%d lines and %d segments cannot be read", v.Skipped(), v.Broken())
	}
	return rows, told
}
