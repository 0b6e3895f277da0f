package admit

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/ptu"
)

type traceCall struct {
	at     time.Duration
	in     int
	out    int
	weight float64
}

// TestSpillCountsOfRealTrace replays a recorded trace of real calls through
// the bucket, charging at once, and compares how many are refused with what an
// independent simulator found. Both come from outside; without them a small
// trace of our own with counts worked out by hand is replayed.
func TestSpillCountsOfRealTrace(t *testing.T) {
	shared := os.Getenv("AZPTU_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "..", "shared")
	}
	traces := filepath.Join(shared, "traces")
	if _, err := os.Stat(filepath.Join(traces, "trace-sizing-cases.json")); err != nil {
		t.Logf("left out: the recorded trace (%v); own trace only", err)
		traces = "testdata"
	}
	var file struct {
		Traces []struct {
			Trace  string `json:"trace"`
			Models map[string]struct {
				TPM   float64 `json:"input_tpm_per_ptu"`
				Ratio float64 `json:"output_ratio"`
				Sweep []struct {
					Window  float64 `json:"window_s"`
					Units   int     `json:"ptu"`
					Spilled int     `json:"spilled"`
				} `json:"sweep"`
				Smallest map[string]struct {
					Units int `json:"ptu"`
				} `json:"smallest_size"`
			} `json:"models"`
		} `json:"traces"`
	}
	raw, err := os.ReadFile(filepath.Join(traces, "trace-sizing-cases.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	for _, trace := range file.Traces {
		calls := readTrace(t, filepath.Join(traces, trace.Trace+".csv"))
		for name, m := range trace.Models {
			throughput := ptu.Throughput{InputTPMPerPTU: m.TPM, OutputRatio: m.Ratio}
			for i, c := range calls {
				calls[i].weight = throughput.Weigh(c.in, 0, c.out)
			}
			for _, s := range m.Sweep {
				if got := spilled(calls, throughput.PerSecond(s.Units), s.Window); math.Abs(float64(got-s.Spilled)) > 2 {
					t.Errorf("%s, %s, %d units, window %v s: %d calls spill, want %d", trace.Trace, name, s.Units, s.Window, got, s.Spilled)
				}
			}
			for bound, want := range m.Smallest {
				var window, share float64
				if _, err := parseBound(bound, &window, &share); err != nil {
					t.Fatal(err)
				}
				if got := smallest(calls, throughput, window, share); got != want.Units {
					t.Errorf("%s, %s, %s: %d units are enough, want %d", trace.Trace, name, bound, got, want.Units)
				}
			}
			t.Logf("%s, %s: %d sweeps, %d sizes", trace.Trace, name, len(m.Sweep), len(m.Smallest))
		}
	}
}

func spilled(calls []traceCall, rate, window float64) (n int) {
	b := NewBucket(rate, rate*window)
	for _, c := range calls {
		if _, ok := b.Offer(c.at, c.weight); !ok {
			n++
		}
	}
	return n
}

// smallest is the least global size from which every larger one meets the bound.
func smallest(calls []traceCall, throughput ptu.Throughput, window, share float64) (units int) {
	for size := 1000; size >= 15; size -= 5 {
		if float64(spilled(calls, throughput.PerSecond(size), window)) > share*float64(len(calls)) {
			break
		}
		units = size
	}
	return units
}

func parseBound(s string, window, share *float64) (string, error) {
	w, p, _ := strings.Cut(strings.TrimPrefix(s, "W"), "_spill<=")
	var err error
	if *window, err = strconv.ParseFloat(w, 64); err == nil {
		*share, err = strconv.ParseFloat(p, 64)
	}
	return s, err
}

func readTrace(t *testing.T, path string) (calls []traceCall) {
	t.Helper()
	var in io.Reader
	if f, err := os.Open(path); err == nil {
		defer f.Close()
		in = f
	} else {
		f, err := os.Open(path + ".gz")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if in, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	var first time.Time
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		field := strings.Split(strings.TrimSpace(lines.Text()), ",")
		if len(field) != 3 || field[0] == "TIMESTAMP" {
			continue
		}
		at, err := time.Parse("2006-01-02 15:04:05.9999999", field[0])
		if err != nil {
			t.Fatal(err)
		}
		if first.IsZero() {
			first = at
		}
		prompt, _ := strconv.Atoi(field[1])
		completion, _ := strconv.Atoi(field[2])
		calls = append(calls, traceCall{at: at.Sub(first), in: prompt, out: completion})
	}
	if len(calls) == 0 {
		t.Fatalf("%s holds no calls", path)
	}
	return calls
}
