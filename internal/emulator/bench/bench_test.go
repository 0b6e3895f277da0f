package bench

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/tokens"
)

const (
	connections = 64
	rounds      = 5
	perRound    = 30000 // requests
)

// BenchmarkChat runs rounds of every mode by turns and reports the medians:
// true and estimate are the ways to count, nothing the server to compare with.
func BenchmarkChat(b *testing.B) {
	tokens.For("gpt-4o").Load()
	texts := prompts(1024)
	modes := []string{"true", "estimate", "nothing"}
	seen := map[string][]round{}
	for b.Loop() {
		for range rounds {
			for _, mode := range modes {
				seen[mode] = append(seen[mode], measure(b, mode, texts))
			}
		}
	}
	base := median(seen["nothing"], func(r round) float64 { return r.server })
	for _, mode := range modes {
		b.ReportMetric(median(seen[mode], func(r round) float64 { return r.rate }), mode+"-req/s")
		b.ReportMetric(median(seen[mode], func(r round) float64 { return r.server }), mode+"-server-µs/req")
		b.ReportMetric(median(seen[mode], func(r round) float64 { return r.loader }), mode+"-loader-µs/req")
		b.ReportMetric(median(seen[mode], func(r round) float64 { return r.server })/base, mode+"-cpu/nothing")
	}
	b.ReportMetric(0, "ns/op") // says nothing here
}

// round is one run: requests a second, and CPU microseconds for each.
type round struct{ rate, server, loader float64 }

func median(all []round, of func(round) float64) float64 {
	v := make([]float64, len(all))
	for i, r := range all {
		v[i] = of(r)
	}
	slices.Sort(v)
	return v[len(v)/2]
}

func measure(b *testing.B, mode string, texts []string) round {
	b.Helper()
	c := start(b, mode)
	warm := 3000 // loads the vocabulary and fills the pools
	var next atomic.Int64
	run := func(upTo int64) {
		var wg sync.WaitGroup
		failed := make(chan error, connections)
		for range connections {
			wg.Go(func() {
				if err := load(c, mode, texts, &next, upTo); err != nil {
					failed <- err
				}
			})
		}
		wg.Wait()
		select {
		case err := <-failed:
			b.Fatal(err)
		default:
		}
		next.Store(upTo)
	}
	run(int64(warm))
	before, started := ownCPU(), c.cpu()
	begin := time.Now()
	run(int64(warm + perRound))
	took, own := time.Since(begin), ownCPU()-before
	server := c.stop(b)
	if started > 0 {
		server -= started
	} else {
		server = server * perRound / time.Duration(warm+perRound) // its start counted in
	}
	return round{perRound / took.Seconds(), server.Seconds() / perRound * 1e6, own.Seconds() / perRound * 1e6}
}

// prompts are texts of nearly a kilobyte; the loader makes each one distinct.
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

// loader is one connection that asks again and again. It speaks HTTP by hand, so
// that as little as possible of the machine's time is its own, but looks at
// every answer: its status, its length, and what it says was used.
type loader struct {
	conn net.Conn
	in   []byte
	out  []byte
	body int // where the request's body begins in out
}

// load asks until upTo requests have been made by all loaders together. With
// true counts one answer in a thousand is checked against the tokenizer.
func load(c *child, mode string, texts []string, next *atomic.Int64, upTo int64) error {
	conn, err := net.Dial("tcp", c.addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	l := &loader{conn: conn, in: make([]byte, 16<<10), out: make([]byte, 0, 4<<10)}
	for {
		n := next.Add(1)
		if n > upTo {
			return nil
		}
		if err := l.ask(c.head, texts[n%int64(len(texts))], n); err != nil {
			return err
		}
		answer, err := l.answer()
		if err != nil || mode == "nothing" {
			if err != nil {
				return err
			}
			continue
		}
		prompt, err := promptTokens(answer)
		if err != nil {
			return err
		}
		if mode != "true" || n%1000 != 0 {
			continue
		}
		want, err := tokens.CountChat(tokens.For("gpt-4o"), "gpt-4o", l.out[l.body:])
		if err != nil {
			return err
		}
		if prompt != want.Tokens {
			return fmt.Errorf("the prompt has %d tokens: %s", want.Tokens, answer)
		}
	}
}

const (
	opening = `{"messages":[{"role":"user","content":"Request `
	closing = `"}],"max_tokens":60}`
)

func (l *loader) ask(head, prompt string, n int64) error {
	const number = 13 // digits
	l.out = append(l.out[:0], head...)
	l.out = strconv.AppendInt(l.out, int64(len(opening)+number+len(": ")+len(prompt)+len(closing)), 10)
	l.out = append(l.out, "\r\n\r\n"...)
	l.body = len(l.out)
	l.out = strconv.AppendInt(append(l.out, opening...), 1e12+n, 10)
	l.out = append(append(append(l.out, ": "...), prompt...), closing...)
	_, err := l.conn.Write(l.out)
	return err
}

var (
	ok      = []byte("HTTP/1.1 200 ")
	blank   = []byte("\r\n\r\n")
	lengths = []byte("\r\nContent-Length: ")
	used    = []byte(`"prompt_tokens":`)
)

// answer reads a whole answer and returns its body, valid until the next.
func (l *loader) answer() ([]byte, error) {
	n, start, end := 0, 0, 0
	for {
		k, err := l.conn.Read(l.in[n:])
		if err != nil {
			return nil, err
		}
		n += k
		if end == 0 {
			i := bytes.Index(l.in[:n], blank)
			if i < 0 {
				continue
			}
			if !bytes.HasPrefix(l.in, ok) {
				return nil, fmt.Errorf("answered %q", l.in[:n])
			}
			length, err := number(l.in[:i+2], lengths)
			if err != nil {
				return nil, err
			}
			start = i + len(blank)
			end = start + length
		}
		switch {
		case n == end:
			return l.in[start:end], nil
		case n > end || end > len(l.in):
			return nil, errors.New("the answer is longer than it says, or than can be")
		}
	}
}

// number reads the digits behind a name.
func number(text, name []byte) (int, error) {
	i := bytes.Index(text, name)
	if i < 0 {
		return 0, fmt.Errorf("no %q in %q", name, text)
	}
	v := 0
	digits := text[i+len(name):]
	for len(digits) > 0 && '0' <= digits[0] && digits[0] <= '9' {
		v, digits = v*10+int(digits[0]-'0'), digits[1:]
	}
	return v, nil
}

// promptTokens reads the usage, which stands at the end.
func promptTokens(answer []byte) (int, error) {
	n, err := number(answer[max(0, len(answer)-400):], used)
	if err == nil && n == 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}
