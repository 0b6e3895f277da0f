package emulator

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/azptu/azptu/internal/emulator/openai"
)

// mostRequests is how many calls the request log remembers.
const mostRequests = 1000

// requestLog remembers the newest calls of the data plane. It keeps no keys, no
// tokens and no texts.
type requestLog struct {
	mu   sync.Mutex
	ring []openai.Call
	next int
}

func (l *requestLog) add(c *openai.Call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.ring) < mostRequests {
		l.ring = append(l.ring, *c)
		return
	}
	l.ring[l.next] = *c
	l.next = (l.next + 1) % mostRequests
}

func (l *requestLog) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ring, l.next = nil, 0
}

// newest returns the calls that keep says yes to, newest first, at most n.
func (l *requestLog) newest(n int, keep func(*openai.Call) bool) []openai.Call {
	l.mu.Lock()
	defer l.mu.Unlock()
	ordered := append(slices.Clone(l.ring[l.next:]), l.ring[:l.next]...)
	out := []openai.Call{}
	for _, c := range slices.Backward(ordered) {
		if len(out) == n {
			break
		}
		if keep(&c) {
			out = append(out, c)
		}
	}
	return out
}

// requestEntry is a call as the request log writes it.
type requestEntry struct {
	Time        time.Time `json:"time"`
	RequestID   string    `json:"requestId"`
	Account     string    `json:"account,omitempty"`
	Deployment  string    `json:"deployment,omitempty"`
	Model       string    `json:"model,omitempty"`
	Version     string    `json:"version,omitempty"`
	SKU         string    `json:"sku,omitempty"`
	Operation   string    `json:"operation"`
	APIVersion  string    `json:"apiVersion,omitempty"`
	Stream      bool      `json:"stream"`
	Status      int       `json:"status"`
	ErrorCode   string    `json:"errorCode,omitempty"`
	Prompt      int       `json:"promptTokens"`
	Cached      int       `json:"cachedTokens"`
	Completion  int       `json:"completionTokens"`
	FirstByte   float64   `json:"firstByteMs"`
	Duration    float64   `json:"durationMs"`
	Utilization float64   `json:"utilization"` // 1 is 100 %
	Spillover   bool      `json:"isSpillover"`
	Abandoned   bool      `json:"abandoned"`
}

func entryOf(c openai.Call) requestEntry {
	account := c.Account
	if strings.HasPrefix(account, byToken) {
		account = ""
	}
	return requestEntry{
		c.At.UTC(), c.RequestID, account, c.Deployment, c.Model, c.Version, c.SKU, c.Operation, c.APIVersion, c.Stream, c.Status, c.ErrorCode,
		c.Prompt, c.Cached, c.Completion, float64(c.TTFT) / 1e6, float64(c.Duration) / 1e6, c.Utilization, c.IsSpillover, c.Abandoned,
	}
}

// ServeHTTP answers GET /requests?limit=&deployment=&status=.
func (l *requestLog) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	limit, status := 100, 0
	for name, into := range map[string]*int{"limit": &limit, "status": &status} {
		if text := q.Get(name); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil || n < 0 {
				reply(w, http.StatusBadRequest, map[string]string{"error": name + " must be a number that is not negative"})
				return
			}
			*into = n
		}
	}
	deployment := q.Get("deployment")
	entries := []requestEntry{}
	for _, c := range l.newest(limit, func(c *openai.Call) bool {
		return (status == 0 || c.Status == status) && (deployment == "" || strings.EqualFold(c.Deployment, deployment))
	}) {
		entries = append(entries, entryOf(c))
	}
	reply(w, http.StatusOK, map[string]any{"requests": entries})
}
