package calllog

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// writerVariable makes this test's program a writer that is going to be killed:
// the folder and the number of the first call, separated by a colon.
const writerVariable = "AZPTU_CALLLOG_WRITER"

func TestMain(m *testing.M) {
	if job := os.Getenv(writerVariable); job != "" {
		first, dir, _ := strings.Cut(job, ":")
		fmt.Fprintln(os.Stderr, writeUntilKilled(first, dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// writeUntilKilled records calls, compacts and lets old segments go, all at
// once, and tells after each flush which call is on disk.
func writeUntilKilled(first, dir string) error {
	n, err := strconv.Atoi(first)
	if err != nil {
		return err
	}
	s, err := Open(dir, Options{Now: time.Now, FlushEvery: 3 * time.Millisecond, SegmentBytes: 128 << 10, MaintainEvery: time.Millisecond})
	if err != nil {
		return err
	}
	random := rand.New(rand.NewPCG(uint64(n), 1))
	for {
		for range 1 + random.IntN(40) {
			c := sample()
			c.ID = strconv.Itoa(n)
			s.Record(c)
			n++
		}
		if err := s.Flush(context.Background()); err != nil {
			return err
		}
		if _, err := fmt.Println(n - 1); err != nil {
			return err
		}
	}
}

// A writer is killed again and again while it writes and compacts: every call
// that it said was on disk is there once, in every table, and nothing is corrupt.
func TestKilledWritersLoseNothing(t *testing.T) {
	kills := 6
	if os.Getenv("AZPTU_SOAK") != "" {
		kills = 200
	}
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	next, acknowledged, halfCompacted := 0, []bool(nil), 0
	for range kills {
		last := killed(t, dir, next, time.Duration(20+random.IntN(400))*time.Millisecond)
		for len(acknowledged) <= last {
			acknowledged = append(acknowledged, len(acknowledged) >= next)
		}
		left, _ := filepath.Glob(filepath.Join(dir, "*", "*.tmp"))
		halfCompacted += min(len(left), 1)
		next = len(acknowledged)
		for table, column := range map[string]string{Calls: "CallId", GatewayLogs: "CorrelationId", LLMLog: "CorrelationId"} {
			seen := onlyOnce(t, dir, table, column)
			for n, told := range acknowledged {
				if told && !seen[n] {
					t.Fatalf("call %d was on disk before the writer was killed; it is gone from %s", n, table)
				}
			}
			// Calls that were written but not told of may be there; numbers go on after them.
			for n := range seen {
				next = max(next, n+1)
			}
		}
	}
	told := 0
	for _, yes := range acknowledged {
		if yes {
			told++
		}
	}
	s := open(t, dir, nil)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*", "*.tmp")); len(left) > 0 {
		t.Errorf("a writer leaves what another left half-written: %v", left)
	}
	compacted, _ := filepath.Glob(filepath.Join(dir, "*", "*"+parquetSuffix))
	t.Logf("%d kills, %d calls acknowledged, %d segments compacted, %d kills in the middle of a compaction", kills, told, len(compacted), halfCompacted)
	if told == 0 {
		t.Error("no call was ever acknowledged")
	}
}

// killed starts a writer, kills it after a while and gives the last call that
// it said was on disk.
func killed(t *testing.T, dir string, first int, after time.Duration) (last int) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d:%s", writerVariable, first, dir))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	last = -1
	var timer *time.Timer
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if n, err := strconv.Atoi(lines.Text()); err == nil {
			last = n
		}
		if timer == nil { // it writes: from now on it may die at any moment
			timer = time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
		}
	}
	_ = cmd.Wait() // it was killed
	if timer == nil {
		t.Fatal("the writer ended before it wrote anything")
	}
	return last
}

// onlyOnce is the calls of a table by number; one that is there twice, or a
// segment that cannot be read whole, is an error.
func onlyOnce(t *testing.T, dir, table, column string) map[int]bool {
	t.Helper()
	v := NewView(dir)
	seen := map[int]bool{}
	for _, cell := range read(t, v, table, column) {
		n, err := strconv.Atoi(cell.S)
		if err != nil {
			t.Fatalf("%s: %q is none of the calls", table, cell.S)
		}
		if seen[n] {
			t.Fatalf("%s: call %d is there twice", table, n)
		}
		seen[n] = true
	}
	if v.Skipped()+v.Broken() != 0 {
		t.Fatalf("%s: %d lines and %d segments cannot be read", table, v.Skipped(), v.Broken())
	}
	return seen
}
