package bench

import (
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/emulator/state"
)

// BenchmarkStreams holds thousands of streams open at once, each paced as a
// model writes, and reports the server's memory at its peak.
func BenchmarkStreams(b *testing.B) {
	const streams = 5000
	for b.Loop() {
		c := start(b, "true+latency")
		var wg sync.WaitGroup
		var whole, failed atomic.Int64
		start := time.Now()
		for i := range streams {
			wg.Go(func() {
				if err := readStream(c, i); err != nil {
					failed.Add(1)
					return
				}
				whole.Add(1)
			})
		}
		wg.Wait()
		elapsed := time.Since(start)
		peak := c.peakMemory(b)
		server := c.stop(b)
		if failed.Load() > 0 {
			b.Fatalf("%d of %d streams broke", failed.Load(), streams)
		}
		b.ReportMetric(float64(peak)/(1<<20), "server-peak-MB")
		b.ReportMetric(elapsed.Seconds(), "s/stream")
		b.ReportMetric(server.Seconds(), "server-cpu-s")
	}
}

// readStream reads one stream of 300 tokens to its end.
func readStream(c *child, n int) error {
	conn, err := net.Dial("tcp", c.addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	body := fmt.Sprintf(`{"messages":[{"role":"user","content":"Stream %d"}],"stream":true,"max_tokens":300}`, n)
	if _, err := fmt.Fprintf(conn, "POST /openai/deployments/%s/chat/completions?api-version=2024-10-21 HTTP/1.1\r\nHost: localhost\r\napi-key: %s\r\nX-Emulator-Completion-Tokens: 300\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", state.RoomyDeployment, c.key, len(body), body); err != nil {
		return err
	}
	buf := make([]byte, 2048)
	tail := ""
	for {
		k, err := conn.Read(buf)
		tail += string(buf[:k])
		tail = tail[max(0, len(tail)-40):]
		if err == io.EOF && strings.Contains(tail, "data: [DONE]") {
			return nil
		}
		if err != nil {
			return fmt.Errorf("after %q: %w", tail, err)
		}
	}
}

// peakMemory is the most memory that the server has held, in bytes; 0 where
// the system does not tell.
func (c *child) peakMemory(b *testing.B) int64 {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	kilobytes, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return kilobytes << 10
}
