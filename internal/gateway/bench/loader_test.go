package bench

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// job is what a loader does. It is a process of its own, so that what it
// spends and the files it holds open are not those of what is measured.
type job struct {
	Addr    string
	Kind    string // "load", "paced" or "streams"
	N       int    // clients or streams
	Seconds float64
	Chunks  int    // of a stream
	Pace    string // between them
	Hold    bool   // streams: say when all are open, and end when told to
	Secure  bool
	Lenient bool // streams that break are passed over
}

// result is what a loader tells.
type result struct {
	Done  int64
	Took  []float64 // µs: of calls, or until a stream's first event
	Error string
}

const jobEnv = "AZPTU_BENCH_JOB"

func runLoader() {
	var j job
	check(json.Unmarshal([]byte(os.Getenv(jobEnv)), &j))
	l := &loader{job: j}
	switch j.Kind {
	case "load":
		l.load()
	case "paced":
		l.paced()
	case "streams":
		l.streams()
	}
	if l.failed.Load() != nil {
		l.result.Error = *l.failed.Load()
	}
	check(json.NewEncoder(os.Stdout).Encode(l.result))
}

// do runs a job in a process of its own. open is called when all streams are
// open, for a job that holds them.
func do(b testing.TB, j job, open func()) result {
	b.Helper()
	cmd := testCommand("loader")
	text, err := json.Marshal(j)
	check(err)
	cmd.Env = append(cmd.Env, jobEnv+"="+string(text))
	p := run(b, "loader", cmd)
	if open != nil {
		if said := p.line(b); said != "open" {
			b.Fatalf("the loader said %.200s", said)
		}
		open()
		p.stdin.Close()
	}
	var r result
	if err := json.Unmarshal([]byte(p.line(b)), &r); err != nil {
		b.Fatal(err)
	}
	p.stop()
	if r.Error != "" {
		b.Errorf("%s: %s", j.Kind, r.Error)
	}
	return r
}

type loader struct {
	job
	result result
	mu     sync.Mutex
	failed atomic.Pointer[string]
}

func (l *loader) fail(err error) {
	text := err.Error()
	l.failed.CompareAndSwap(nil, &text)
}

func (l *loader) took(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.result.Took = append(l.result.Took, float64(d.Microseconds()))
}

// client is a keep-alive connection that spends as little as it can.
type client struct {
	conn net.Conn
	in   *bufio.Reader
}

func (l *loader) dial() *client {
	var conn net.Conn
	var err error
	for range 5 {
		if l.Secure {
			conn, err = tls.Dial("tcp", l.Addr, clientTLS)
		} else {
			conn, err = net.Dial("tcp", l.Addr)
		}
		if err == nil {
			return &client{conn, bufio.NewReaderSize(conn, 1<<10)}
		}
		time.Sleep(100 * time.Millisecond)
	}
	panic(err)
}

func request(more, headers string) []byte {
	body := `{"messages":[{"role":"system","content":"You are a helpful assistant."},{"role":"user","content":"` + strings.Repeat("some words to think about ", 36) + `"}],"temperature":0.7,"max_tokens":128` + more + `}`
	return fmt.Appendf(nil, "POST /openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21 HTTP/1.1\r\nHost: gateway\r\napi-key: client\r\nContent-Type: application/json\r\nAccept: application/json\r\nUser-Agent: OpenAI/Python 1.51\r\nX-Stainless-Lang: python\r\nX-Stainless-Retry-Count: 0\r\n%sContent-Length: %d\r\n\r\n%s", headers, len(body), body)
}

// call sends a request and reads its answer, which has a length.
func (c *client) call(raw []byte) error {
	if _, err := c.conn.Write(raw); err != nil {
		return err
	}
	length := -1
	for first := true; ; first = false {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if first && !bytes.Contains(line, []byte(" 200 ")) {
			return fmt.Errorf("answered %s", line)
		}
		if len(line) <= 2 {
			break
		}
		if v, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			length, _ = strconv.Atoi(string(bytes.TrimSpace(v)))
		}
	}
	if length < 0 {
		return fmt.Errorf("the answer has no length")
	}
	_, err := c.in.Discard(length)
	return err
}

// load calls as fast as it can with N clients for a while.
func (l *loader) load() {
	raw := request("", "")
	var done atomic.Int64
	var wg sync.WaitGroup
	end := time.Now().Add(time.Duration(l.Seconds * float64(time.Second)))
	for range l.N {
		c := l.dial()
		wg.Go(func() {
			defer c.conn.Close()
			for time.Now().Before(end) {
				if err := c.call(raw); err != nil {
					l.fail(err)
					return
				}
				done.Add(1)
			}
		})
	}
	wg.Wait()
	l.result.Done = done.Load()
}

// paced sends 100 calls a second, each of which takes the upstream 20 ms, or
// opens 100 streams a second.
func (l *loader) paced() {
	raw, stream := request("", "X-Delay: 20ms\r\n"), l.Chunks > 0
	if stream {
		raw = request(`,"stream":true`, fmt.Sprintf("X-Delay: 20ms\r\nX-Chunks: %d\r\nX-Pace: 1ms\r\n", l.Chunks))
	}
	var wg sync.WaitGroup
	for lane := range 4 {
		c := l.dial()
		wg.Go(func() {
			defer c.conn.Close()
			time.Sleep(time.Duration(lane) * 10 * time.Millisecond)
			for range int(25 * l.Seconds) {
				began, err := time.Now(), error(nil)
				if stream {
					_, err = c.stream(raw, func() { l.took(time.Since(began)) })
				} else if err = c.call(raw); err == nil {
					l.took(time.Since(began))
				}
				if err != nil {
					l.fail(err)
					return
				}
				time.Sleep(40*time.Millisecond - time.Since(began))
			}
		})
	}
	wg.Wait()
}

// streams opens N streams and reads them to their end.
func (l *loader) streams() {
	raw := request(`,"stream":true`, fmt.Sprintf("X-Chunks: %d\r\nX-Pace: %s\r\n", l.Chunks, l.Pace))
	var open, wg sync.WaitGroup
	var conns []net.Conn
	for range l.N {
		c := l.dial()
		conns = append(conns, c.conn)
		open.Add(1)
		seen := sync.OnceFunc(open.Done)
		wg.Go(func() {
			defer c.conn.Close()
			defer seen()
			began := time.Now()
			n, err := c.stream(raw, func() { l.took(time.Since(began)); seen() })
			if err != nil && !l.Lenient && !l.Hold {
				l.fail(fmt.Errorf("after %d lines: %w", n, err))
			}
		})
		time.Sleep(500 * time.Microsecond)
	}
	if l.Hold {
		open.Wait()
		if len(l.result.Took) < l.N {
			l.fail(fmt.Errorf("%d of %d streams began", len(l.result.Took), l.N))
		}
		fmt.Println("open")
		_, _ = io.Copy(io.Discard, os.Stdin)
		for _, c := range conns {
			c.Close()
		}
	}
	wg.Wait()
}

// stream sends a request and reads its streamed answer; first is called at the
// first event. It returns how many lines there were.
func (c *client) stream(raw []byte, first func()) (lines int, err error) {
	if _, err := c.conn.Write(raw); err != nil {
		return 0, err
	}
	done := false
	for seen := false; ; {
		line, err := c.in.ReadSlice('\n')
		if err != nil && err != bufio.ErrBufferFull {
			return lines, err
		}
		lines++
		if !seen && bytes.HasPrefix(line, []byte("data: ")) {
			seen = true
			first()
		}
		if done && string(line) == "0\r\n" {
			_, err = c.in.Discard(2)
			return lines, err
		}
		done = done || bytes.HasPrefix(line, []byte("data: [DONE]"))
	}
}

func median(v []float64) float64 { return quantile(v, 0.5) }

func quantile(v []float64, q float64) float64 {
	if len(v) == 0 {
		return 0
	}
	v = slices.Clone(v)
	slices.Sort(v)
	return v[int(q*float64(len(v)-1))]
}
