package openai

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/tokens"
)

// serverMode is the environment variable that makes this test binary a server,
// so that benchmarks can tell the server's CPU time from the loader's.
const serverMode = "EMULATOR_BENCHMARK_SERVER"

// serverProfile names the file that such a server writes its CPU profile to.
const serverProfile = "EMULATOR_BENCHMARK_PROFILE"

func TestMain(m *testing.M) {
	if mode := os.Getenv(serverMode); mode != "" {
		if err := serveBenchmark(mode); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// serveBenchmark serves until standard input ends. mode is "true" or
// "estimate", and "+latency" for a model that takes its time; "nothing" is a
// server that reads requests and answers as many bytes, to compare with on a
// machine whose speed is not known.
func serveBenchmark(mode string) error {
	if mode == "nothing" {
		return serve(http.HandlerFunc(answerNothing))
	}
	count, latency := strings.CutSuffix(mode, "+latency")
	dir := &directory{}
	dir.put(Deployment{Name: "ptu", Model: "gpt-4o", Version: "2024-08-06", SKU: "ProvisionedManaged", Capacity: 1000000})
	h, err := New(Config{Directory: dir, Now: time.Now, Seed: 7, Tokens: count, Latency: latency})
	if err != nil {
		return err
	}
	return serve(h)
}

var nothing = bytes.Repeat([]byte("x"), 1700)

func answerNothing(w http.ResponseWriter, r *http.Request) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return
	}
	h := w.Header()
	h["Content-Type"], h["Content-Length"] = jsonType, []string{"1700"}
	_, _ = w.Write(nothing)
}

func serve(h http.Handler) error {
	if path := os.Getenv(serverProfile); path != "" {
		f, err := os.Create(path)
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = srv.Close()
	}()
	fmt.Println(l.Addr())
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// child is a server in a process of its own.
type child struct {
	cmd   *exec.Cmd
	stdin io.Closer
	addr  string
}

func startChild(b testing.TB, mode string) *child {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serverMode+"="+mode)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return &child{cmd, stdin, strings.TrimSpace(line)}
}

// stop ends the server and tells the CPU time that it took.
func (c *child) stop(b testing.TB) time.Duration {
	b.Helper()
	if err := c.stdin.Close(); err != nil {
		b.Fatal(err)
	}
	if err := c.cmd.Wait(); err != nil {
		b.Fatal(err)
	}
	return c.cmd.ProcessState.UserTime() + c.cmd.ProcessState.SystemTime()
}

// prompts are kilobyte texts; the loader makes each one distinct.
func prompts(n int) []string {
	r := rand.New(rand.NewPCG(7, 7))
	words := strings.Fields("the quick brown fox jumps over a lazy dog while provisioned throughput serves every prompt of the deployment with latency targets and customers ask about invoices orders shipping dates refunds payment methods in Portuguese Spanish or English during business hours across several regions")
	all := make([]string, n)
	for i := range all {
		var b strings.Builder
		for b.Len() < 1024-32 {
			b.WriteString(words[r.IntN(len(words))])
			b.WriteString([]string{" ", " ", " ", " ", " ", ", ", ". "}[r.IntN(7)])
		}
		all[i] = b.String()[:1024-32]
	}
	return all
}

// loader is one connection that asks again and again. It speaks HTTP by hand,
// so that as little as possible of the machine's time is its own.
type loader struct {
	conn net.Conn
	in   *bufio.Reader
	out  []byte
	body []byte
}

func dial(addr string) (*loader, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &loader{conn: conn, in: bufio.NewReaderSize(conn, 16<<10)}, nil
}

func (l *loader) ask(prompt string, n int64, options string) error {
	l.body = append(l.body[:0], `{"messages":[{"role":"user","content":"Request `...)
	l.body = strconv.AppendInt(l.body, 1e12+n, 10)
	l.body = append(append(append(l.body, ": "...), prompt...), `"}]`...)
	l.body = append(append(l.body, options...), '}')
	l.out = append(l.out[:0], "POST /openai/deployments/ptu/chat/completions?api-version=2024-10-21 HTTP/1.1\r\nHost: localhost\r\napi-key: "+testKey+"\r\nContent-Type: application/json\r\nContent-Length: "...)
	l.out = append(strconv.AppendInt(l.out, int64(len(l.body)), 10), "\r\n\r\n"...)
	l.out = append(l.out, l.body...)
	_, err := l.conn.Write(l.out)
	return err
}

var lengthName = []byte("Content-Length: ")

// answer reads a whole answer; the bytes are valid until the next.
func (l *loader) answer() ([]byte, error) {
	line, err := l.in.ReadSlice('\n')
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(line, []byte("HTTP/1.1 200")) {
		return nil, fmt.Errorf("answered %q", line)
	}
	length := 0
	for {
		line, err = l.in.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		if len(line) <= 2 {
			break
		}
		if v, ok := bytes.CutPrefix(line, lengthName); ok {
			for _, c := range bytes.TrimSpace(v) {
				length = length*10 + int(c-'0')
			}
		}
	}
	body, err := l.in.Peek(length)
	if err != nil {
		return nil, err
	}
	_, err = l.in.Discard(length)
	return body, err
}

// BenchmarkChat is the throughput of one machine that runs the emulator and its
// loader: 64 connections, every prompt distinct and a kilobyte long. CPU
// seconds of both are reported for each thousand requests.
func BenchmarkChat(b *testing.B) {
	for _, mode := range []string{"true", "estimate", "nothing"} {
		b.Run(mode, func(b *testing.B) { benchmarkChat(b, mode, 64) })
	}
}

func benchmarkChat(b *testing.B, mode string, connections int) {
	c := startChild(b, mode)
	texts := prompts(1024)
	encoding := tokens.For("gpt-4o")
	encoding.Load()
	var next atomic.Int64
	var failed atomic.Pointer[error]
	run := func(upTo int64) {
		var wg sync.WaitGroup
		for range connections {
			wg.Go(func() {
				if err := load(c.addr, texts, &next, upTo, mode == "true"); err != nil {
					failed.Store(&err)
				}
			})
		}
		wg.Wait()
	}
	run(2000) // loads the vocabulary and fills the pools
	next.Store(2000)
	before := ownCPU()
	b.ResetTimer()
	start := time.Now()
	run(2000 + int64(b.N))
	elapsed := time.Since(start)
	b.StopTimer()
	own := ownCPU() - before
	server := c.stop(b)
	if err := failed.Load(); err != nil {
		b.Fatal(*err)
	}
	b.ReportMetric(float64(b.N)/elapsed.Seconds(), "req/s")
	b.ReportMetric(server.Seconds()/float64(b.N+2000)*1e6, "server-cpu-µs/req")
	b.ReportMetric(own.Seconds()/float64(b.N)*1e6, "loader-cpu-µs/req")
}

// load asks until upTo requests have been made by all loaders together, and
// checks the counts of one answer in a thousand.
func load(addr string, texts []string, next *atomic.Int64, upTo int64, check bool) error {
	l, err := dial(addr)
	if err != nil {
		return err
	}
	defer l.conn.Close()
	for {
		n := next.Add(1)
		if n > upTo {
			return nil
		}
		if err := l.ask(texts[n%int64(len(texts))], n, `,"max_tokens":60`); err != nil {
			return err
		}
		body, err := l.answer()
		if err != nil {
			return err
		}
		if check && n%1000 == 0 {
			want, err := tokens.CountChat(tokens.For("gpt-4o"), "gpt-4o", l.body)
			if err != nil {
				return err
			}
			if !bytes.Contains(body, fmt.Appendf(nil, `"prompt_tokens":%d,`, want.Tokens)) {
				return fmt.Errorf("the prompt has %d tokens: %s", want.Tokens, body)
			}
		}
	}
}

// BenchmarkStreams holds thousands of streams open at once, each paced as a
// model writes, and reports the server's memory at its peak.
func BenchmarkStreams(b *testing.B) {
	const streams = 5000
	for b.Loop() {
		c := startChild(b, "true+latency")
		var wg sync.WaitGroup
		var whole, failed atomic.Int64
		start := time.Now()
		for i := range streams {
			wg.Go(func() {
				if err := readStream(c.addr, i); err != nil {
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
func readStream(addr string, n int) error {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	body := fmt.Sprintf(`{"messages":[{"role":"user","content":"Stream %d"}],"stream":true,"max_tokens":300}`, n)
	if _, err := fmt.Fprintf(conn, "POST /openai/deployments/ptu/chat/completions?api-version=2024-10-21 HTTP/1.1\r\nHost: localhost\r\napi-key: %s\r\n%s: 300\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", testKey, lengthHeader, len(body), body); err != nil {
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
func (c *child) peakMemory(b testing.TB) int64 {
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
