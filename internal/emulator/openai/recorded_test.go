package openai

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/sse"
)

// recordings finds the folder of recorded documents beside the checkout.
func recordings() string {
	if dir := os.Getenv("AZPTU_SHARED"); dir != "" {
		return filepath.Join(dir, "azure", "recorded")
	}
	dir, err := os.Getwd()
	for err == nil && dir != filepath.Dir(dir) {
		if _, found := os.Stat(filepath.Join(dir, "go.mod")); found == nil {
			return filepath.Join(dir, "..", "shared", "azure", "recorded")
		}
		dir = filepath.Dir(dir)
	}
	return ""
}

// document reads a recorded document; ok is false where they are not.
func document(t *testing.T, name string) (v map[string]any, ok bool) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(recordings(), name))
	if err != nil {
		t.Logf("left out, the recording is not here: %v", err)
		return nil, false
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	return v, true
}

// outline lists every path of a document with the type that stands there.
// Elements of a list all count as the same path.
func outline(at string, v any, into map[string]string) {
	switch v := v.(type) {
	case map[string]any:
		into[at] = "object"
		for key, value := range v {
			outline(at+"."+key, value, into)
		}
	case []any:
		into[at] = "array"
		for _, value := range v {
			outline(at+"[]", value, into)
		}
	case string:
		into[at] = "string"
	case float64:
		into[at] = "number"
	case bool:
		into[at] = "boolean"
	default:
		into[at] = "null"
	}
}

// differences compares two documents' shapes.
func differences(want, got any) []string {
	a, b := map[string]string{}, map[string]string{}
	outline("", want, a)
	outline("", got, b)
	var diffs []string
	for path, kind := range a {
		if b[path] != kind {
			diffs = append(diffs, fmt.Sprintf("%s: recorded %s, ours %q", path, kind, b[path]))
		}
	}
	for path, kind := range b {
		if a[path] == "" {
			diffs = append(diffs, fmt.Sprintf("%s: ours has a %s that was not recorded", path, kind))
		}
	}
	slices.Sort(diffs)
	return diffs
}

// headerExceptions are headers in which the emulator differs from recordings.
var headerExceptions = map[string]string{
	"date":                          "added by every HTTP server, left out of the recordings",
	"content-length":                "left out of the recordings of answers; net/http tells it for whole answers",
	"transfer-encoding":             "the Go client takes it out of the headers",
	"x-envoy-upstream-service-time": "internal to the service's front end, on refusals only",
}

func headerDifferences(recorded map[string]any, r reply) []string {
	var diffs []string
	ours := map[string]bool{}
	for name := range r.header {
		ours[strings.ToLower(name)] = true
	}
	for name := range recorded {
		lower := strings.ToLower(name)
		if !ours[lower] && headerExceptions[lower] == "" {
			diffs = append(diffs, "no header "+name)
		}
		delete(ours, lower)
	}
	for name := range ours {
		if headerExceptions[name] == "" {
			diffs = append(diffs, "header "+name+" was not recorded")
		}
	}
	slices.Sort(diffs)
	return diffs
}

func TestAWholeAnswerHasTheRecordedShape(t *testing.T) {
	doc, ok := document(t, "chat-completion-200-2024.json")
	if !ok {
		return
	}
	w := newWorld(t, nil)
	body, err := json.Marshal(at(doc, "request", "body"))
	if err != nil {
		t.Fatal(err)
	}
	r := w.post(strings.Replace(text(doc, "request", "path"), "{deployment}", "turbo", 1), string(body))
	if want := number(doc, "response", "status"); r.status != want {
		t.Fatalf("%d %s", r.status, r.body)
	}
	for _, d := range differences(at(doc, "response", "body"), any(r.decode(t))) {
		t.Error(d)
	}
	recorded, _ := at(doc, "response", "headers").(map[string]any)
	for _, d := range headerDifferences(recorded, r) {
		t.Error(d)
	}
	for _, name := range []string{"Content-Type", "x-ms-region", "x-ratelimit-remaining-requests", "x-ms-rai-invoked", "azureml-model-session", "Cache-Control"} {
		if got, want := r.header.Get(name), text(doc, "response", "headers", name); got != want {
			t.Errorf("%s: %q, recorded %q", name, got, want)
		}
	}
	if got, want := number(r.decode(t), "usage", "prompt_tokens"), number(doc, "response", "body", "usage", "prompt_tokens"); got != want {
		t.Errorf("%d prompt tokens, recorded %d", got, want)
	}
}

func TestAStreamHasTheRecordedShape(t *testing.T) {
	doc, ok := document(t, "chat-stream-2026-headers.json")
	if !ok {
		return
	}
	w := newWorld(t, nil)
	w.dir.put(Deployment{Name: "openllmetry-testing", Model: "gpt-4.1-mini", Version: "2025-04-14", SKU: "Standard", Capacity: 120})
	r := w.post("/openai/deployments/openllmetry-testing/chat/completions?api-version=2024-02-01", strings.Replace(joke, "{", `{"stream":true,`, 1))
	recorded, _ := at(doc, "headers").(map[string]any)
	for _, d := range headerDifferences(recorded, r) {
		t.Error(d)
	}
	for name, v := range recorded {
		lower := strings.ToLower(name)
		if strings.HasSuffix(lower, "request-id") || lower == "x-ratelimit-remaining-tokens" || lower == "x-ratelimit-reset-tokens" || lower == "transfer-encoding" {
			continue
		}
		if got := r.header.Get(name); got != v {
			t.Errorf("%s: %q, recorded %q", name, got, v)
		}
	}
	raw, err := os.ReadFile(filepath.Join(recordings(), "chat-stream-2026-excerpt.sse"))
	if err != nil {
		t.Fatal(err)
	}
	theirs, ours := events(t, reply{body: raw}), events(t, r)
	for i, pair := range [][2]any{{theirs[0], ours[0]}, {theirs[1], ours[2]}, {theirs[len(theirs)-1], ours[len(ours)-1]}} {
		for _, d := range differences(pair[0], pair[1]) {
			t.Errorf("event %d: %s", i, d)
		}
	}
	if !bytes.HasPrefix(r.body, raw[:bytes.IndexByte(raw, '\n')+2]) {
		t.Errorf("the first event is not the recorded one, byte for byte: %s", r.body[:400])
	}
	keysInOrder(t, r.body)
}

// keysInOrder checks that the members of events stand in alphabetical order.
func keysInOrder(t *testing.T, stream []byte) {
	t.Helper()
	reader := sse.NewReader(bytes.NewReader(stream), 0)
	for n := 0; ; n++ {
		e, err := reader.Next()
		if err != nil || e.Done() {
			return
		}
		var v any
		if err := json.Unmarshal(e.Data, &v); err != nil {
			t.Fatal(err)
		}
		sorted, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		// The first event is not in order where it was recorded either.
		if n > 0 && !bytes.Equal(sorted, e.Data) {
			t.Fatalf("event %d: %s", n, e.Data)
		}
	}
}

func TestTheUsageEventHasTheRecordedShape(t *testing.T) {
	doc, ok := document(t, "chat-stream-usage-chunk.json")
	if !ok {
		return
	}
	w := newWorld(t, nil)
	ours := events(t, w.post(chatPath("gpt5"), strings.Replace(joke, "{", `{"stream":true,"stream_options":{"include_usage":true},`, 1)))
	for _, d := range differences(at(doc, "chunk"), any(ours[len(ours)-1])) {
		if !strings.Contains(d, "system_fingerprint") { // null where it was recorded, a string in the other recording
			t.Error(d)
		}
	}
}

// TestErrorsHaveTheRecordedBodies brings every recorded refusal about and
// compares: the shape of a body, and its text but for figures.
func TestErrorsHaveTheRecordedBodies(t *testing.T) {
	doc, ok := document(t, "data-plane-errors.json")
	if !ok {
		return
	}
	w := newWorld(t, func(c *Config) {
		c.Faults = faultList{"fails": {Status: 500}, "late": {Status: 408}}
	})
	w.dir.put(Deployment{Name: "fails", Model: "gpt-4.1", SKU: "Standard", Capacity: 100}, Deployment{Name: "late", Model: "gpt-5", SKU: "Standard", Capacity: 100},
		Deployment{Name: "four", Model: "gpt-4", Version: "0613", SKU: "Standard", Capacity: 1000}, Deployment{Name: "32k", Model: "gpt-4-32k", Version: "0613", SKU: "Standard", Capacity: 1000},
		Deployment{Name: "tiny", Model: "gpt-4o", Version: "2024-11-20", SKU: "Standard", Capacity: 1}, Deployment{Name: "five", Model: "gpt-5", SKU: "Standard", Capacity: 10000})
	words := func(n int) string { return strings.Repeat("word ", n) }
	cases := map[string]func() reply{
		"400 content_filter": func() reply {
			return w.post(chatPath("ptu"), `{"messages":[{"role":"user","content":"content-filter-test:violence"}]}`)
		},
		"400 context_length_exceeded (request + completion)": func() reply { return w.post(chatPath("32k"), capped(26000, words(9961))) },
		"400 context_length_exceeded (messages only)": func() reply {
			return w.post(chatPath("four"), `{"messages":[{"role":"user","content":"`+words(10375)+`"}]}`)
		},
		"400 input too long, newer models": func() reply {
			return w.post(chatPath("five"), `{"messages":[{"role":"user","content":"`+words(509170)+`"}]}`)
		},
		"404 DeploymentNotFound": func() reply { return w.post(chatPath("nonsense"), joke) },
		"429 token rate limit (classic text)": func() reply {
			return w.post(strings.Replace(chatPath("tiny"), "2024-10-21", "2024-08-01-preview", 1), capped(5000, "x"))
		},
		"429 call rate limit (classic text)": func() reply {
			w.dir.put(Deployment{Name: "embed-tiny", Model: "text-embedding-ada-002", Version: "2", SKU: "Standard", Capacity: 1, RateTokens: 1000, RateRequests: 1, RatePeriod: 10 * time.Second})
			path := "/openai/deployments/embed-tiny/embeddings?api-version=2023-07-01-preview"
			w.post(path, `{"input":"x"}`)
			return w.post(path, `{"input":"x"}`)
		},
		"401 bad key":             func() reply { return w.post(chatPath("ptu"), joke, "api-key", "wrong") },
		"408 timeout":             func() reply { return w.post(chatPath("late"), joke) },
		"500 server_error, newer": func() reply { return w.post(chatPath("fails"), joke) },
		"429 short text, with headers": func() reply {
			r := w.post(chatPath("tiny"), capped(5000, "x"))
			r.body = []byte(`{"error":{"code":"429","message":"Rate limit is exceeded. Try again in 2 seconds."}}`) // a shorter wording; the headers count here
			return r
		}, "429 newest text (2026)": nil, "500 server_error": nil, "500 front end": nil,
	}
	listed, _ := at(doc, "errors").([]any)
	for _, e := range listed {
		name := text(e, "name")
		t.Run(name, func(t *testing.T) {
			ask, known := cases[name]
			if !known {
				t.Fatal("a recorded refusal that is not in the table")
			}
			if ask == nil {
				return // another wording of a refusal whose newer or fuller one is compared
			}
			r := ask()
			if r.status != number(e, "status") {
				t.Fatalf("%d %s", r.status, r.body)
			}
			recorded, _ := at(e, "headers").(map[string]any)
			for header := range recorded {
				if headerExceptions[strings.ToLower(header)] == "" && r.header.Get(header) == "" {
					t.Errorf("no header %s", header)
				}
			}
			got := r.decode(t)
			message := text(e, "messageOnly")
			if message == "" {
				message = text(e, "body", "error", "message")
				for _, d := range differences(at(e, "body"), any(got)) {
					t.Error(d)
				}
				if a, b := text(got, "error", "code"), text(e, "body", "error", "code"); a != b {
					t.Errorf("code %q, recorded %q", a, b)
				}
			}
			if a, b := figureless(text(got, "error", "message")), figureless(message); !strings.HasPrefix(a, b) {
				t.Errorf("text\n%s\nrecorded\n%s", a, b)
			}
		})
	}
}

// figureless replaces figures and ids, which differ from call to call.
func figureless(s string) string {
	fields := strings.Fields(s)
	for i, f := range fields {
		if strings.Count(f, "-") == 4 && len(f) >= 36 {
			fields[i] = "ID"
		} else if strings.Trim(f, "(0123456789") == "" {
			fields[i] = "N"
		}
	}
	return strings.Join(fields, " ")
}
