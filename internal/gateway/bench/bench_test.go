package bench

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

const rounds = 5

// setting is a number from the environment.
func setting(name string, otherwise float64) float64 {
	if v, err := strconv.ParseFloat(os.Getenv(name), 64); err == nil {
		return v
	}
	return otherwise
}

// field is what takes part: the upstream itself, the yardstick, nginx where
// there is one, and the gateway with either log.
type field struct {
	up, proxy, nginx, gate, tables *process
}

func newField(b *testing.B) *field {
	b.Helper()
	f := &field{up: start(b, "upstream", "")}
	to := "http://" + f.up.addr
	f.proxy, f.gate, f.tables = start(b, "proxy", to), start(b, "gateway", to), start(b, "gateway-tables", to)
	f.nginx = startNginx(b, f.up.addr)
	return f
}

// proxies are those that stand between.
func (f *field) proxies() []*process {
	all := []*process{f.proxy, f.gate, f.tables}
	if f.nginx != nil {
		all = append(all, f.nginx)
	}
	return all
}

// samples are figures of each round.
type samples map[*process][]float64

func (s samples) add(p *process, v float64) { s[p] = append(s[p], v) }

// noteAll writes a row for each that took part, with its ratio to the
// yardstick.
func (f *field) noteAll(what, unit string, s samples) {
	for _, p := range f.proxies() {
		if len(s[p]) > 0 {
			note(what+", "+p.name, "%.1f %s, %.2f × proxy", median(s[p]), unit, median(s[p])/median(s[f.proxy]))
		}
	}
}

// BenchmarkThroughput compares calls a second with 64 clients, CPU for each
// call, and memory.
func BenchmarkThroughput(b *testing.B) {
	f := newField(b)
	load := job{Kind: "load", N: 64, Seconds: 0.5}
	for _, p := range f.proxies() {
		load.Addr = p.addr
		do(b, load, nil)
	}
	load.Seconds = setting("AZPTU_BENCH_SECONDS", 2)
	for b.Loop() {
		rate, cpu := samples{}, samples{}
		for range rounds {
			for _, p := range f.proxies() {
				load.Addr = p.addr
				before := p.cpu()
				n := float64(do(b, load, nil).Done)
				rate.add(p, n/load.Seconds)
				cpu.add(p, float64((p.cpu()-before).Microseconds())/n)
			}
		}
		f.noteAll("calls a second, 64 clients", "/s", rate)
		f.noteAll("CPU a call", "µs", cpu)
		for _, p := range f.proxies() {
			note("memory at 64 clients, "+p.name, "%.1f MB", float64(p.memory())/(1<<20))
		}
		b.ReportMetric(median(rate[f.gate])/median(rate[f.proxy]), "×req/s")
		b.ReportMetric(median(cpu[f.gate])/median(cpu[f.proxy]), "×cpu")
	}
	b.ReportMetric(0, "ns/op")
}

// BenchmarkAddedLatency compares what each adds to calls that take 20 ms, at
// 100 a second, and to the first event of a stream.
func BenchmarkAddedLatency(b *testing.B) {
	f := newField(b)
	for b.Loop() {
		for _, kind := range []struct {
			what   string
			chunks int
		}{{"call", 0}, {"first event", 2}} {
			all := map[*process][]float64{}
			for range rounds {
				for _, p := range append(f.proxies(), f.up) {
					all[p] = append(all[p], do(b, job{Kind: "paced", Addr: p.addr, Seconds: 2, Chunks: kind.chunks}, nil).Took...)
				}
			}
			for _, q := range []struct {
				name string
				at   float64
			}{{"p50", 0.5}, {"p99", 0.99}} {
				added := samples{}
				for _, p := range f.proxies() {
					added.add(p, quantile(all[p], q.at)-quantile(all[f.up], q.at))
				}
				f.noteAll("added to a "+kind.what+", "+q.name, "µs", added)
				b.ReportMetric(median(added[f.gate])/median(added[f.proxy]), "×"+kind.what[:4]+"-"+q.name)
			}
		}
	}
	b.ReportMetric(0, "ns/op")
}

// BenchmarkStreams compares CPU on 300 streams paced as a model writes.
func BenchmarkStreams(b *testing.B) {
	f := newField(b)
	n := int(setting("AZPTU_BENCH_STREAMS", 300))
	for b.Loop() {
		cpu, first := samples{}, samples{}
		for range rounds {
			for _, p := range f.proxies() {
				before := p.cpu()
				r := do(b, job{Kind: "streams", Addr: p.addr, N: n, Chunks: 60, Pace: "50ms", Lenient: p != f.gate && p != f.tables}, nil)
				cpu.add(p, float64((p.cpu()-before).Microseconds())/float64(n*60))
				first.add(p, median(r.Took))
			}
		}
		f.noteAll("CPU a chunk, streams of 20 chunks a second", "µs", cpu)
		f.noteAll("first event while streams are opened", "µs", first)
		b.ReportMetric(median(cpu[f.gate])/median(cpu[f.proxy]), "×cpu")
	}
	b.ReportMetric(0, "ns/op")
}

// fitting is how many of n streams the files that a process may open allow.
func fitting(n int) int {
	raw, _ := os.ReadFile("/proc/self/limits")
	for line := range strings.Lines(string(raw)) {
		if f := strings.Fields(line); strings.HasPrefix(line, "Max open files") && len(f) > 3 {
			if most, err := strconv.Atoi(f[3]); err == nil && most < 2*n+200 {
				note("open streams", "the process may open only %d files", most)
				return (most - 200) / 2
			}
		}
	}
	return n
}

// BenchmarkOpenStreams tells the memory of each open stream, in plain and with
// TLS on both sides. Both ends and the gateway are processes of their own, of
// which the gateway needs two files a stream.
func BenchmarkOpenStreams(b *testing.B) {
	n := fitting(int(setting("AZPTU_BENCH_OPEN", 9000)))
	for b.Loop() {
		for _, secure := range []bool{false, true} {
			name, scheme, env := "plain", "http://", []string(nil)
			if secure {
				name, scheme, env = "TLS", "https://", []string{folder + "=" + certificate(b)}
			}
			up := start(b, "upstream", "", env...)
			for _, as := range []string{"proxy", "gateway"} {
				if secure && as == "proxy" {
					continue
				}
				p := start(b, as, scheme+up.addr, env...)
				do(b, job{Kind: "load", Addr: p.addr, N: 64, Seconds: 0.5, Secure: secure}, nil)
				held, peak := p.memory(), int64(0)
				do(b, job{Kind: "streams", Addr: p.addr, N: n, Chunks: 1000, Pace: "3s", Hold: true, Secure: secure}, func() {
					for range 12 {
						peak = max(peak, p.memory())
						time.Sleep(500 * time.Millisecond)
					}
				})
				each := float64(peak-held) / 1024 / float64(n)
				note("memory of each of "+strconv.Itoa(n)+" open streams, "+name+", "+as, "%.1f KB", each)
				b.ReportMetric(each, name+"-"+as+"-KB/stream")
				p.stop()
			}
			up.stop()
		}
	}
	b.ReportMetric(0, "ns/op")
}
