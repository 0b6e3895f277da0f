package gateway

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// holder is an account that holds a file and a response and knows no other.
func holder(t *testing.T, id string) *upstream {
	return newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		text := string(raw)
		w.Header().Set("Content-Type", "application/json")
		switch {
		case strings.HasSuffix(r.URL.Path, "/files/file-"+id), strings.Contains(text, `"input_file_id":"file-`+id):
			fmt.Fprintf(w, `{"id":"file-%s"}`, id)
		case strings.Contains(text, `"previous_response_id":"resp-`+id), strings.HasSuffix(r.URL.Path, "/responses/resp-"+id):
			fmt.Fprintf(w, `{"id":"resp-%s-next","object":"response","model":"m","usage":{"input_tokens":5,"output_tokens":6}}`, id)
		case strings.Contains(text, "previous_response_id"):
			w.WriteHeader(400)
			io.WriteString(w, `{"error":{"code":"previous_response_not_found","message":"Previous response not found."}}`)
		default:
			w.WriteHeader(404)
			fmt.Fprintf(w, `{"error":{"code":"not_found","message":"%s does not hold it"}}`, id)
		}
	})
}

// What another gateway made, or this one before a restart, is found at the
// account that holds it, and asked for there from then on.
func TestWhatIsHeldIsFound(t *testing.T) {
	one, two, three := holder(t, "one"), holder(t, "two"), holder(t, "three")
	text := configText("", one, two, three)
	text = strings.Replace(text, "      - {backend: b2, priority: 3}\n", "  - name: other\n    members:\n      - {backend: b2}\n", 1)
	b := benchOf(t, strings.Replace(text, "pools: [gpt-4o]", "pools: [gpt-4o, other]", 1))
	n := 0
	for _, c := range []struct {
		method, path, body string
		status             int
		backend            string
		attempts           int
	}{
		{"GET", "/openai/v1/files/file-two", "", 200, "b1", 2},
		{"GET", "/openai/v1/files/file-two", "", 200, "b1", 1},
		{"POST", "/openai/v1/batches", `{"input_file_id":"file-two","endpoint":"/v1/responses"}`, 200, "b1", 1},
		{"POST", "/openai/v1/batches", `{"input_file_id":"file-three","endpoint":"/v1/responses"}`, 200, "b2", 3},
		{"POST", "/openai/v1/responses", `{"model":"gpt-4o","input":"go on","previous_response_id":"resp-two"}`, 200, "b1", 2},
		{"GET", "/openai/responses/resp-three?api-version=2025-03-01-preview", "", 200, "b2", 3},
		{"DELETE", "/openai/v1/files/file-none", "", 404, "b2", 3},
		{"GET", "/openai/v1/files", "", 404, "b0", 1},
		{"POST", "/openai/v1/responses", `{"model":"gpt-4o","input":"go on","previous_response_id":"resp-none"}`, 400, "b1", 2},
	} {
		res, text, err := do(b.request(t, c.method, c.path, c.body))
		if err != nil || res.StatusCode != c.status || res.Header.Get("X-Azptu-Backend") != c.backend {
			t.Errorf("%s %s %s: %v %v %s", c.method, c.path, c.body, err, res, text)
		}
		if rec := b.log.next(t, n); rec.Attempts != c.attempts || rec.Pool != "gpt-4o" || rec.Spilled() {
			t.Errorf("%s %s: %d attempts in pool %s, spill %q", c.method, c.path, rec.Attempts, rec.Pool, rec.Spill)
		}
		n++
	}
	for _, s := range b.State().Backends {
		if s.Broken != 0 || s.Breaker != "closed" {
			t.Errorf("%+v", s)
		}
	}
}
