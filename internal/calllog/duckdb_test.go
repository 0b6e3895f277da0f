package calllog

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"
)

// taken is what one run of the query took, in seconds.
type taken struct {
	Rows      int
	Wall, CPU float64
}

// BenchmarkAgainstDuckDB runs the token-usage query and the same in DuckDB over the same
// compacted segments, turn by turn, and tells the ratio of the medians: below 1 is faster
// than DuckDB. DuckDB is no part of the product; it comes with test/needs.sh duckdb.
func BenchmarkAgainstDuckDB(b *testing.B) {
	program, err := filepath.Abs("../../test/duckdb/usage.mjs")
	if err != nil {
		b.Fatal(err)
	}
	node, err := exec.LookPath("node")
	if _, missing := os.Stat(filepath.Join(filepath.Dir(program), "node_modules", ".ready")); err != nil || missing != nil {
		b.Log("left out: DuckDB is not here (test/needs.sh duckdb)")
		return
	}
	rows := benchRows(b)
	dir := generated(b, rows)
	duck := exec.CommandContext(b.Context(), node, program, filepath.Join(dir, GatewayLogs), "2")
	duck.Stderr = os.Stderr
	in, err1 := duck.StdinPipe()
	out, err2 := duck.StdoutPipe()
	if err1 != nil || err2 != nil || duck.Start() != nil {
		b.Fatal(err1, err2)
	}
	defer func() { _ = in.Close(); _ = duck.Wait() }()
	answers := bufio.NewScanner(out)
	var ours, theirs []taken
	for range 1 + max(5, b.N) { // the first round warms both up
		start, cpu := time.Now(), cpuTime()
		n := query(b, dir, tokenUsage).Len
		ours = append(ours, taken{n, time.Since(start).Seconds(), (cpuTime() - cpu).Seconds()})
		if _, err := io.WriteString(in, "\n"); err != nil || !answers.Scan() {
			b.Fatal(err, answers.Err())
		}
		var t taken
		if err := json.Unmarshal(answers.Bytes(), &t); err != nil || t.Rows != n {
			b.Fatalf("DuckDB has %d rows and we %d (%v)", t.Rows, n, err)
		}
		theirs = append(theirs, t)
	}
	wall, duckWall := median(ours, func(t taken) float64 { return t.Wall }), median(theirs, func(t taken) float64 { return t.Wall })
	cpu, duckCPU := median(ours, func(t taken) float64 { return t.CPU }), median(theirs, func(t taken) float64 { return t.CPU })
	b.ReportMetric(wall/duckWall, "wall/DuckDB")
	b.ReportMetric(cpu/duckCPU, "cpu/DuckDB")
	load, _ := os.ReadFile("/proc/loadavg")
	fmt.Printf("%s rows, medians of %d rounds: azptu %.2f s wall, %.2f s of processors; DuckDB %.2f s and %.2f s; ratio %.2f and %.2f; load %s",
		strconv.Itoa(rows), len(ours)-1, wall, cpu, duckWall, duckCPU, wall/duckWall, cpu/duckCPU, load)
}

func median(all []taken, of func(taken) float64) float64 {
	var xs []float64
	for _, t := range all[1:] {
		xs = append(xs, of(t))
	}
	slices.Sort(xs)
	return xs[len(xs)/2]
}
