package bench

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/gateway"
	"github.com/azptu/azptu/internal/gateway/config"
)

// role makes this test binary one of the processes that are measured.
const role = "AZPTU_BENCH_ROLE"

func TestMain(m *testing.M) {
	var h http.Handler
	switch os.Getenv(role) {
	case "upstream":
		h = http.HandlerFunc(upstream)
	case "proxy":
		target, _ := url.Parse(os.Getenv("AZPTU_BENCH_TARGET"))
		proxy := httputil.NewSingleHostReverseProxy(target)
		proxy.ErrorLog = log.New(io.Discard, "", 0) // clients that close first are none of its business
		h = proxy
	case "gateway":
		runGateway()
		return
	default:
		os.Exit(m.Run())
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(ln.Addr())
	go exitWithParent()
	_ = http.Serve(ln, h)
}

func exitWithParent() {
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

const gatewayText = `version: 1
listen: 127.0.0.1:0
backends:
  - {name: ptu, endpoint: "%s", deployment: d, kind: ptu, capacity: 1000000, model: {name: gpt-4o}, region: eastus, auth: {key: "env:K"}}
pools: [{name: gpt-4o, members: [{backend: ptu}]}]
products: [{name: p, pools: [gpt-4o], limits: {tokensPerMinute: 100000000000, requestsPerMinute: 100000000000, concurrent: 1000000}}]
keys: [{name: k, product: p, secret: "env:C"}]
logs: {dir: logs, bodies: full}
`

func runGateway() {
	text := fmt.Sprintf(gatewayText, os.Getenv("AZPTU_BENCH_TARGET"))
	c, err := config.Parse([]byte(text))
	if err != nil {
		panic(err)
	}
	dir, err := os.MkdirTemp("", "azptu-bench")
	if err != nil {
		panic(err)
	}
	journal, err := gateway.NewJournal(filepath.Join(dir, "logs"), 0)
	if err != nil {
		panic(err)
	}
	g, err := gateway.New(context.Background(), c, []byte(text), gateway.Options{Now: time.Now, Sink: journal,
		Getenv: func(n string) string { return map[string]string{"K": "backend", "C": "client"}[n] }})
	if err != nil {
		panic(err)
	}
	s, err := g.Listen(context.Background())
	if err != nil {
		panic(err)
	}
	fmt.Println(s.Addr())
	if path := os.Getenv("AZPTU_BENCH_PROFILE"); path != "" {
		defer profile(path)()
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	_ = s.Shutdown(context.Background())
	os.RemoveAll(dir)
}

var answer = []byte(`{"choices":[{"content_filter_results":{"hate":{"filtered":false,"severity":"safe"},"self_harm":{"filtered":false,"severity":"safe"},"sexual":{"filtered":false,"severity":"safe"},"violence":{"filtered":false,"severity":"safe"}},"finish_reason":"stop","index":0,"logprobs":null,"message":{"content":"` + strings.Repeat("words of an answer ", 24) + `","refusal":null,"role":"assistant"}}],"created":1774963446,"id":"chatcmpl-DPTMcvrtSm0g72urr2OfecoBbwKEN","model":"gpt-4o-2024-08-06","object":"chat.completion","usage":{"completion_tokens":96,"prompt_tokens":180,"prompt_tokens_details":{"cached_tokens":0},"total_tokens":276}}`)

var chunk = []byte(`data: {"choices":[{"content_filter_results":{"hate":{"filtered":false,"severity":"safe"},"self_harm":{"filtered":false,"severity":"safe"},"sexual":{"filtered":false,"severity":"safe"},"violence":{"filtered":false,"severity":"safe"}},"delta":{"content":" word"},"finish_reason":null,"index":0,"logprobs":null}],"created":1774963446,"id":"chatcmpl-DPTMcvrtSm0g72urr2OfecoBbwKEN","model":"gpt-4o-2024-08-06","obfuscation":"zFctC1y5","object":"chat.completion.chunk","system_fingerprint":"fp_b6f445fc1c"}` + "\n\n")

// upstream answers like a deployment: at once, after X-Delay, or as a stream
// of X-Chunks chunks, one every X-Pace.
func upstream(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	if d, err := time.ParseDuration(r.Header.Get("X-Delay")); err == nil {
		time.Sleep(d)
	}
	n, err := strconv.Atoi(r.Header.Get("X-Chunks"))
	if err != nil {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
		w.Header().Set("Apim-Request-Id", "d32bb19e-6dd2-4cb1-94fb-20c75c437b32")
		w.Header().Set("X-Ms-Region", "East US")
		_, _ = w.Write(answer)
		return
	}
	pace, _ := time.ParseDuration(r.Header.Get("X-Pace"))
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	for range n {
		if _, err := w.Write(chunk); err != nil {
			return
		}
		w.(http.Flusher).Flush()
		time.Sleep(pace)
	}
	io.WriteString(w, `data: {"choices":[],"id":"c","model":"gpt-4o","usage":{"completion_tokens":60,"prompt_tokens":180,"total_tokens":240}}`+"\n\ndata: [DONE]\n\n")
}

// process is one of the programs that are measured.
type process struct {
	name, addr string
	cmd        *exec.Cmd
	stdin      io.Closer
}

func start(b testing.TB, name, target string, env ...string) *process {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(append(os.Environ(), role+"="+name, "AZPTU_BENCH_TARGET=http://"+target), env...)
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
	p := &process{name: name, cmd: cmd, stdin: stdin}
	b.Cleanup(func() { stdin.Close(); _ = cmd.Wait() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	p.addr = strings.TrimSpace(line)
	return p
}

// cpu is the processor time used so far; memory the resident set in bytes.
// Both are read from /proc and 0 where there is none.
func (p *process) cpu() time.Duration {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(raw[bytes.LastIndexByte(raw, ')')+1:]))
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

func (p *process) memory() int64 {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	pages, _ := strconv.ParseInt(strings.Fields(string(raw))[1], 10, 64)
	return pages * int64(os.Getpagesize())
}

// client is a keep-alive connection that spends as little as it can.
type client struct {
	conn net.Conn
	in   *bufio.Reader
}

func dial(b testing.TB, addr string) *client {
	b.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		b.Fatal(err)
	}
	return &client{conn, bufio.NewReaderSize(conn, 4<<10)}
}

func request(extra string) []byte {
	body := `{"messages":[{"role":"system","content":"You are a helpful assistant."},{"role":"user","content":"` + strings.Repeat("some words to think about ", 36) + `"}],"temperature":0.7,"max_tokens":128` + extra + `}`
	return fmt.Appendf(nil, "POST /openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21 HTTP/1.1\r\nHost: gateway\r\napi-key: client\r\nContent-Type: application/json\r\nAccept: application/json\r\nUser-Agent: OpenAI/Python 1.51\r\nX-Stainless-Lang: python\r\nX-Stainless-Retry-Count: 0\r\n%%sContent-Length: %d\r\n\r\n%s", len(body), body)
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

// load drives an address with so many clients for a while.
func load(b testing.TB, addr string, clients int, d time.Duration) int64 {
	raw := fmt.Appendf(nil, string(request("")), "")
	var done atomic.Int64
	var wg sync.WaitGroup
	end := time.Now().Add(d)
	for range clients {
		c := dial(b, addr)
		wg.Go(func() {
			defer c.conn.Close()
			for time.Now().Before(end) {
				if err := c.call(raw); err != nil {
					b.Error(err)
					return
				}
				done.Add(1)
			}
		})
	}
	wg.Wait()
	return done.Load()
}

func median(v []float64) float64 {
	v = slices.Clone(v)
	slices.Sort(v)
	return v[len(v)/2]
}

const rounds = 5

func seconds() time.Duration {
	if s, err := strconv.ParseFloat(os.Getenv("AZPTU_BENCH_SECONDS"), 64); err == nil {
		return time.Duration(s * float64(time.Second))
	}
	return 2 * time.Second
}

// BenchmarkThroughput compares requests a second and CPU for each of them.
func BenchmarkThroughput(b *testing.B) {
	up := start(b, "upstream", "")
	proxy := start(b, "proxy", up.addr)
	gate := start(b, "gateway", up.addr)
	for _, p := range []*process{proxy, gate} {
		load(b, p.addr, 64, 500*time.Millisecond)
	}
	for b.Loop() {
		rate, cpu := map[*process][]float64{}, map[*process][]float64{}
		for range rounds {
			for _, p := range []*process{proxy, gate} {
				before, began := p.cpu(), time.Now()
				n := load(b, p.addr, 64, seconds())
				rate[p] = append(rate[p], float64(n)/time.Since(began).Seconds())
				cpu[p] = append(cpu[p], float64((p.cpu()-before).Microseconds())/float64(n))
			}
		}
		b.ReportMetric(median(rate[proxy]), "proxy-req/s")
		b.ReportMetric(median(rate[gate]), "gateway-req/s")
		b.ReportMetric(median(cpu[proxy]), "proxy-cpu-µs/req")
		b.ReportMetric(median(cpu[gate]), "gateway-cpu-µs/req")
		b.ReportMetric(median(rate[gate])/median(rate[proxy]), "×req/s")
		b.ReportMetric(median(cpu[gate])/median(cpu[proxy]), "×cpu")
		b.ReportMetric(float64(gate.memory())/(1<<20), "gateway-MB")
	}
	b.ReportMetric(0, "ns/op")
}

// BenchmarkAddedLatency compares what each adds to calls that take 20 ms, at
// 100 requests a second, and to the first byte of a stream.
func BenchmarkAddedLatency(b *testing.B) {
	up := start(b, "upstream", "")
	proxy := start(b, "proxy", up.addr)
	gate := start(b, "gateway", up.addr)
	for b.Loop() {
		all := map[*process][]float64{}
		for range rounds {
			for _, p := range []*process{up, proxy, gate} {
				all[p] = append(all[p], paced(b, p.addr)...)
			}
		}
		for _, p := range []*process{up, proxy, gate} {
			slices.Sort(all[p])
		}
		at := func(p *process, q float64) float64 {
			return all[p][int(q*float64(len(all[p])-1))] - all[up][int(q*float64(len(all[up])-1))]
		}
		b.ReportMetric(at(proxy, 0.5), "proxy-p50-µs")
		b.ReportMetric(at(gate, 0.5), "gateway-p50-µs")
		b.ReportMetric(at(proxy, 0.99), "proxy-p99-µs")
		b.ReportMetric(at(gate, 0.99), "gateway-p99-µs")
		b.ReportMetric(at(gate, 0.5)/at(proxy, 0.5), "×p50")
	}
	b.ReportMetric(0, "ns/op")
}

// paced sends 100 requests a second for a second and returns how long each
// took, in microseconds.
func paced(b testing.TB, addr string) []float64 {
	raw := fmt.Appendf(nil, string(request("")), "X-Delay: 20ms\r\n")
	var mu sync.Mutex
	var took []float64
	var wg sync.WaitGroup
	for lane := range 4 {
		c := dial(b, addr)
		wg.Go(func() {
			defer c.conn.Close()
			time.Sleep(time.Duration(lane) * 10 * time.Millisecond)
			for range 25 {
				began := time.Now()
				if err := c.call(raw); err != nil {
					b.Error(err)
					return
				}
				d := time.Since(began)
				mu.Lock()
				took = append(took, float64(d.Microseconds()))
				mu.Unlock()
				time.Sleep(40*time.Millisecond - d)
			}
		})
	}
	wg.Wait()
	return took
}

// BenchmarkStreams opens many streams paced as a model writes and compares CPU,
// the time to the first byte and memory. AZPTU_BENCH_STREAMS sets how many.
func BenchmarkStreams(b *testing.B) {
	n := 300
	if v, err := strconv.Atoi(os.Getenv("AZPTU_BENCH_STREAMS")); err == nil {
		n = v
	}
	up := start(b, "upstream", "")
	proxy := start(b, "proxy", up.addr)
	gate := start(b, "gateway", up.addr)
	for b.Loop() {
		cpu, first, each := map[*process][]float64{}, map[*process][]float64{}, map[*process][]float64{}
		for range rounds {
			for _, p := range []*process{proxy, gate} {
				before, held := p.cpu(), p.memory()
				firsts, peak := streams(b, p, n)
				cpu[p] = append(cpu[p], float64((p.cpu() - before).Milliseconds()))
				first[p] = append(first[p], median(firsts))
				each[p] = append(each[p], float64(peak-held)/1024/float64(n))
			}
		}
		b.ReportMetric(median(cpu[gate])/median(cpu[proxy]), "×cpu")
		b.ReportMetric(median(first[proxy]), "proxy-first-µs")
		b.ReportMetric(median(first[gate]), "gateway-first-µs")
		b.ReportMetric(slices.Max(each[proxy]), "proxy-KB/stream")
		b.ReportMetric(slices.Max(each[gate]), "gateway-KB/stream")
	}
	b.ReportMetric(0, "ns/op")
}

func streams(b testing.TB, p *process, n int) (firsts []float64, peak int64) {
	raw := fmt.Appendf(nil, string(request(`,"stream":true`)), "X-Chunks: 60\r\nX-Pace: 50ms\r\n")
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range n {
		c := dial(b, p.addr)
		wg.Go(func() {
			defer c.conn.Close()
			began := time.Now()
			if _, err := c.conn.Write(raw); err != nil {
				b.Error(err)
				return
			}
			seen, done, lines, last := false, false, 0, ""
			for {
				line, err := c.in.ReadSlice('\n')
				if err != nil && err != bufio.ErrBufferFull {
					if p.name == "gateway" { // a plain proxy under load is allowed to break some
						b.Errorf("after %d lines, the last %.60q: %v", lines, last, err)
					}
					return
				}
				lines, last = lines+1, string(line)
				if !seen && bytes.HasPrefix(line, []byte("data: ")) {
					seen = true
					mu.Lock()
					firsts = append(firsts, float64(time.Since(began).Microseconds()))
					mu.Unlock()
				}
				if ended := string(line) == "0\r\n"; ended && done {
					return
				}
				done = done || bytes.HasPrefix(line, []byte("data: [DONE]"))
			}
		})
		time.Sleep(500 * time.Microsecond)
	}
	time.Sleep(1500 * time.Millisecond)
	peak = p.memory()
	wg.Wait()
	runtime.GC()
	return firsts, peak
}
