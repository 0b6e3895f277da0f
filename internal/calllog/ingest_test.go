package calllog

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/call"
)

// busy makes calls as a busy gateway records them: a prompt and an answer of
// about a kilobyte each, one in ten refused, one in five with characters beyond
// ASCII and quoted ones.
func busy(n int) []*call.Call {
	random := rand.New(rand.NewPCG(3, 4))
	words := []string{"capacity", "tokens", "gateway", "the", "of", "deployment", "units", "region", "a", "which", "spill-over", "latency"}
	text := func(n int, special bool) string {
		var b strings.Builder
		for b.Len() < n {
			b.WriteString(words[random.IntN(len(words))])
			b.WriteByte(' ')
			if special && random.IntN(4) == 0 {
				b.WriteString(`ação \"quoted\"\n`)
			}
		}
		return b.String()
	}
	calls := make([]*call.Call, n)
	for i := range calls {
		c := sample()
		c.At = c.At.Add(time.Duration(i) * 1_234_567)
		c.ID = fmt.Sprintf("%08x-%04x", random.Uint32(), i)
		c.Caller = fmt.Sprintf("10.0.%d.%d", random.IntN(4), random.IntN(256))
		c.Prompt, c.Completion = 20+random.IntN(4000), 1+random.IntN(800)
		c.Protocol, c.Region, c.Kind, c.ModelVersion, c.BackendID = "HTTP/1.1", "eastus", "ptu", "2024-08-06", fmt.Sprintf("%016x", random.Uint64())
		c.Cost, c.Basis, c.Utilization, c.FirstByte = 0.00123*float64(1+i%7), call.ByShare, float64(i%100)/100, 98765*time.Microsecond
		c.RequestBody = fmt.Appendf(nil, `{"messages":[{"role":"system","content":"You are terse."},{"role":"user","content":"%s"}],"max_tokens":800}`, text(900, i%5 == 0))
		c.ResponseBody = fmt.Appendf(nil, `{"choices":[{"finish_reason":"stop","index":0,"message":{"content":"%s","role":"assistant"}}],"created":%d,"id":"chatcmpl-%016x","model":"gpt-4o-2024-08-06","object":"chat.completion","usage":{"completion_tokens":%d,"prompt_tokens":%d,"total_tokens":%d}}`,
			text(700, i%5 == 0), 1_760_000_000+i, random.Uint64(), c.Completion, c.Prompt, c.Prompt+c.Completion)
		if i%10 == 0 {
			c.Status, c.BackendStatus, c.Counting, c.Prompt, c.Completion = 429, 429, call.NotCounted, 0, 0
			c.ErrorCode, c.ResponseBody = "429", []byte(`{"error":{"code":"429","message":"Rate limit is exceeded. Try again in 2 seconds."}}`)
		}
		calls[i] = c
	}
	return calls
}

// BenchmarkIngest records calls and brings them to disk. It tells rows of all
// tables for each second of processor time, and microseconds of it for a call.
func BenchmarkIngest(b *testing.B) {
	for _, bodies := range []bool{true, false} {
		name := map[bool]string{true: "bodies", false: "no-bodies"}[bodies]
		b.Run(name, func(b *testing.B) {
			s := open(b, b.TempDir(), nil)
			calls := busy(512)
			if !bodies {
				for _, c := range calls {
					c.RequestBody, c.ResponseBody = nil, nil
				}
			}
			b.ReportAllocs()
			cpu := cpuTime()
			n := 0
			for b.Loop() {
				if err := s.Append(calls[n%2*256 : n%2*256+256]); err != nil {
					b.Fatal(err)
				}
				if n++; n%4 == 0 { // as often as the store does it by itself under such a load
					if err := s.Flush(context.Background()); err != nil {
						b.Fatal(err)
					}
				}
			}
			spent := cpuTime() - cpu
			recorded := float64(n * 256)
			b.ReportMetric(spent.Seconds()*1e6/recorded, "cpu-µs/call")
			b.ReportMetric(recorded*rowsOf(calls)/spent.Seconds(), "rows/cpu-s")
			b.ReportMetric(recorded*rowsOf(calls)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// rowsOf is how many rows a call makes on average.
func rowsOf(calls []*call.Call) float64 {
	rows := 0
	for _, c := range calls {
		rows += 3
		if c.Counting != call.NotCounted {
			rows++
		}
	}
	return float64(rows) / float64(len(calls))
}

// BenchmarkCompact turns recorded calls into Parquet.
func BenchmarkCompact(b *testing.B) {
	calls := busy(5_000)
	cpu := time.Duration(0)
	for b.Loop() {
		b.StopTimer()
		s := open(b, b.TempDir(), nil)
		for i := 0; i < len(calls); i += 1000 {
			if err := errors.Join(s.Append(calls[i:i+1000]), s.Flush(context.Background())); err != nil {
				b.Fatal(err)
			}
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		runtime.GC()
		b.StartTimer()
		before := cpuTime()
		if err := s.Compact(context.Background()); err != nil {
			b.Fatal(err)
		}
		cpu += cpuTime() - before
	}
	b.ReportMetric(cpu.Seconds()*1e6/float64(len(calls)*b.N), "cpu-µs/call")
}
