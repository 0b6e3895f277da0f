// Package start measures how long azptu takes to begin: a user waits for it at
// every command, and a test that starts an emulator waits for it every time.
// It holds benchmarks alone; `make bench` runs them.
package start

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// build makes the binary that users get.
func build(b *testing.B) string {
	b.Helper()
	binary := filepath.Join(b.TempDir(), "azptu")
	if out, err := exec.Command("../../packaging/build.sh", binary).CombinedOutput(); err != nil {
		b.Fatalf("building azptu: %v\n%s", err, out)
	}
	return binary
}

// report gives the median beside the mean that the benchmark itself prints.
func report(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2])/1e6, "median-ms")
}

// BenchmarkVersion is a whole run of `azptu version`; at least 20 of them.
func BenchmarkVersion(b *testing.B) {
	binary := build(b)
	var took []time.Duration
	for b.Loop() {
		began := time.Now()
		if out, err := exec.Command(binary, "version").CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
		took = append(took, time.Since(began))
	}
	report(b, took)
}

// BenchmarkEmulator is the time from starting the process until emulator.json
// says that all of its listeners answer.
func BenchmarkEmulator(b *testing.B) {
	binary := build(b)
	var took []time.Duration
	for b.Loop() {
		dir := b.TempDir()
		cmd := exec.Command(binary, "emulator", "run", "--dir", dir)
		began := time.Now()
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		for {
			if _, err := os.Stat(filepath.Join(dir, "emulator.json")); err == nil {
				break
			}
			if time.Since(began) > 30*time.Second {
				b.Fatal("the emulator was not ready in time")
			}
			time.Sleep(200 * time.Microsecond)
		}
		took = append(took, time.Since(began))
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			b.Fatal(err)
		}
		_ = cmd.Wait()
	}
	report(b, took)
}
