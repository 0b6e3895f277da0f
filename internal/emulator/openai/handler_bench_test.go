package openai

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// discard is a ResponseWriter that keeps its header between answers.
type discard struct{ h http.Header }

func (d discard) Header() http.Header         { return d.h }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}

// BenchmarkHandler is what an answer costs besides the network: prompts are
// distinct and a kilobyte long.
func BenchmarkHandler(b *testing.B) {
	for _, mode := range []string{"true", "estimate"} {
		b.Run(mode, func(b *testing.B) {
			dir := &directory{}
			dir.put(Deployment{Name: "ptu", Model: "gpt-4o", Version: "2024-08-06", SKU: "ProvisionedManaged", Capacity: 1000000})
			h, err := New(Config{Directory: dir, Now: time.Now, Seed: 7, Tokens: mode})
			if err != nil {
				b.Fatal(err)
			}
			texts := prompts(256)
			r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, "/openai/deployments/ptu/chat/completions?api-version=2024-10-21", nil)
			if err != nil {
				b.Fatal(err)
			}
			r.Header.Set("Api-Key", testKey)
			w := discard{http.Header{}}
			var body []byte
			n := 0
			b.ReportAllocs()
			for b.Loop() {
				n++
				body = append(body[:0], `{"messages":[{"role":"user","content":"Request `...)
				body = append(append(strconv.AppendInt(body, int64(n), 10), texts[n%len(texts)]...), `"}],"max_tokens":60}`...)
				r.Body, r.ContentLength = io.NopCloser(ended{bytes.NewReader(body)}), int64(len(body))
				clear(w.h)
				h.ServeHTTP(w, r)
			}
		})
	}
}

// ended tells the end together with the last bytes, as net/http does.
type ended struct{ r *bytes.Reader }

func (e ended) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	if e.r.Len() == 0 {
		err = io.EOF
	}
	return n, err
}

// prompts are kilobyte texts, which are made distinct when they are used.
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
