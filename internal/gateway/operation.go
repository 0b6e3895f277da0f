package gateway

import (
	"net/http"
	"strings"
)

// shape is what the gateway understands of an operation's request and answer.
type shape int

const (
	opaque     shape = iota // passed through
	chat                    // chat completions: usage, deltas, [DONE]
	completion              // the older completions: usage, text, [DONE]
	embedding               // usage without completion
	response                // the Responses API: events, ends with response.completed
)

// operation is one kind of request, named as API Management names it.
type operation struct {
	id    string
	shape shape
	model bool // the body's model (or the path's deployment) chooses the pool
}

// target is what a path asks for.
type target struct {
	operation
	v1         bool   // "/openai/v1/…"
	deployment string // from the path; "" when it names none
	rest       string // escaped path behind the deployment, behind /openai/v1 or behind /openai
	held       string // id of what a backend holds: a response, file, batch, …
	azure      bool   // below /openai at all
}

var byDeployment = map[string]operation{
	"/chat/completions":     {"ChatCompletions_Create", chat, true},
	"/completions":          {"Completions_Create", completion, true},
	"/embeddings":           {"Embeddings_Create", embedding, true},
	"/images/generations":   {"ImageGenerations_Create", opaque, true},
	"/images/edits":         {"ImageEdits_Create", opaque, true},
	"/images/variations":    {"ImageVariations_Create", opaque, true},
	"/videos":               {"Videos_Create", opaque, true},
	"/audio/transcriptions": {"Transcriptions_Create", opaque, true},
	"/audio/translations":   {"Translations_Create", opaque, true},
	"/audio/speech":         {"Speech_Create", opaque, true},
	"/responses":            {"Responses_Create", response, true},
}

// holders are collections whose members live on the backend that made them.
var holders = map[string]string{
	"responses": "Responses", "files": "Files", "batches": "Batches", "assistants": "Assistants",
	"threads": "Threads", "vector_stores": "VectorStores", "fine_tuning": "FineTuning",
	"uploads": "Uploads", "conversations": "Conversations", "videos": "Videos", "evals": "Evals",
}

// parsePath reads an escaped path. The reason is "" unless the path is refused:
// dot segments, encoded slashes and empty segments mean different things to
// different servers, so none of them is passed on.
func parsePath(method, escaped string) (t target, reason string) {
	if reason = suspicious(escaped); reason != "" {
		return t, reason
	}
	rest, ok := strings.CutPrefix(escaped, "/openai/")
	if !ok {
		t.operation = operation{id: "Passthrough"}
		t.rest = escaped
		return t, ""
	}
	t.azure = true
	if after, ok := strings.CutPrefix(rest, "deployments/"); ok {
		name, _, found := strings.Cut(after, "/")
		if found && name != "" {
			t.deployment, t.rest = unescape(name), after[len(name):]
			t.operation = known(method, t.rest)
			return t, ""
		}
	}
	if after, ok := strings.CutPrefix(rest, "v1/"); ok {
		t.v1, rest = true, after
	}
	t.rest = "/" + rest
	t.operation = known(method, t.rest)
	if t.shape == opaque && !t.model {
		t.collection(method, rest)
	}
	return t, ""
}

func known(method, rest string) operation {
	if method == http.MethodPost {
		if op, ok := byDeployment[rest]; ok {
			return op
		}
	}
	if method == http.MethodGet && rest == "/models" {
		return operation{id: "Models_List"}
	}
	return operation{id: "Passthrough"}
}

// collection names operations on what backends hold and finds whose it is.
func (t *target) collection(method, rest string) {
	name, behind, _ := strings.Cut(rest, "/")
	noun, ok := holders[name]
	if !ok {
		return
	}
	if name == "fine_tuning" {
		_, behind, _ = strings.Cut(behind, "/")
	}
	t.held, _, _ = strings.Cut(behind, "/")
	verb := map[string]string{http.MethodGet: "Get", http.MethodDelete: "Delete", http.MethodPost: "Update"}[method]
	if t.held == "" {
		verb = map[string]string{http.MethodGet: "List", http.MethodPost: "Create"}[method]
	}
	if verb != "" {
		t.id = noun + "_" + verb
	}
}

// suspicious tells why a path is not passed on, "" when it is.
func suspicious(escaped string) string {
	if escaped == "" || escaped[0] != '/' {
		return "the path does not begin with a slash"
	}
	lower := strings.ToLower(escaped)
	for _, bad := range []string{"%2f", "%5c", "%2e", "%00", "%0a", "%0d", "\\"} {
		if strings.Contains(lower, bad) {
			return "the path holds encoded separators"
		}
	}
	if strings.Contains(escaped, "//") || strings.Contains(escaped, "/./") || strings.Contains(escaped, "/../") ||
		strings.HasSuffix(escaped, "/..") || strings.HasSuffix(escaped, "/.") {
		return "the path holds empty or dot segments"
	}
	return ""
}

// unescape decodes the few characters that may be escaped in a deployment's
// name; what cannot be decoded stays and matches no pool.
func unescape(s string) string {
	if !strings.ContainsRune(s, '%') {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			high, low := unhex(s[i+1]), unhex(s[i+2])
			if high >= 0 && low >= 0 {
				b.WriteByte(byte(high<<4 | low))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// parameter finds a query parameter without taking the query apart. ok is
// false when it is missing; twice tells that it is given more than once.
func parameter(query, name string) (value string, ok, twice bool) {
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		if key, v, _ := strings.Cut(pair, "="); unescape(key) == name {
			if ok {
				return value, true, true
			}
			value, ok = unescape(v), true
		}
	}
	return value, ok, false
}

// withParameter returns query with a parameter set to value, in its place or
// at the end.
func withParameter(query, name, value string) string {
	var out []string
	done := false
	for _, pair := range strings.Split(query, "&") {
		if key, _, _ := strings.Cut(pair, "="); unescape(key) == name {
			if done {
				continue
			}
			pair, done = name+"="+value, true
		}
		if pair != "" {
			out = append(out, pair)
		}
	}
	if !done {
		out = append(out, name+"="+value)
	}
	return strings.Join(out, "&")
}

// withoutParameter returns query without a parameter.
func withoutParameter(query, name string) string {
	if strings.IndexByte(query, '%') < 0 && !strings.Contains(query, name) {
		return query
	}
	var out []string
	for _, pair := range strings.Split(query, "&") {
		if key, _, _ := strings.Cut(pair, "="); unescape(key) != name && pair != "" {
			out = append(out, pair)
		}
	}
	return strings.Join(out, "&")
}
