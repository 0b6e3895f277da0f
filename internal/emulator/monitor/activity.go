package monitor

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Event is one entry of the activity log: a change that was asked of Resource
// Manager.
type Event struct {
	ID            string
	At            time.Time // virtual time
	Method        string
	Resource      string // resource id
	Type          string // Microsoft.CognitiveServices/accounts/deployments
	Operation     string // …/write, …/delete, …/action
	Begin         bool   // the request arrived; else it was answered
	Status        int    // HTTP status of the answer
	Caller        string
	Claims        map[string]string
	OperationID   string // shared by the two events of one request
	CorrelationID string
	RequestID     string // the client's
	IP            string
}

// maxEvents is how many entries the log keeps; the oldest go first.
const maxEvents = 4000

// Activity is the activity log. It is safe for concurrent use.
type Activity struct {
	Tell func(Event) // hears of every change that was answered; nil: nobody. It is set before the first

	now func() time.Time

	mu     sync.Mutex
	events []Event // oldest first
}

// NewActivity makes an empty log on a virtual clock.
func NewActivity(now func() time.Time) *Activity { return &Activity{now: now} }

// Record adds an entry.
func (a *Activity) Record(e Event) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.events) >= maxEvents {
		a.events = append(a.events[:0:0], a.events[maxEvents/4:]...)
	}
	a.events = append(a.events, e)
}

// Reset empties the log.
func (a *Activity) Reset() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.events = nil
}

// Watch records the changes that pass through Resource Manager: each PUT,
// PATCH, DELETE and action makes two entries, one as it begins and one with its
// outcome, as in Azure. A request that was not signed in makes none.
func (a *Activity) Watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e, ok := a.begun(r)
		if !ok {
			next.ServeHTTP(w, r)
			return
		}
		seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(seen, r)
		if seen.status == http.StatusUnauthorized {
			return
		}
		if id := w.Header().Get("x-ms-correlation-request-id"); id != "" {
			e.CorrelationID = id
		}
		a.Record(e)
		e.ID, e.At, e.Begin, e.Status = identifier(), a.now(), false, seen.status
		a.Record(e)
		if a.Tell != nil {
			a.Tell(e)
		}
	})
}

// begun describes a request that changes something; ok is false for others.
func (a *Activity) begun(r *http.Request) (e Event, ok bool) {
	switch r.Method {
	case http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodPost:
	default:
		return e, false
	}
	resource, kind, operation, ok := operationOf(r.Method, r.URL.Path)
	if !ok || len(resource) > 2048 {
		return e, false
	}
	ip, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		ip = r.RemoteAddr
	}
	claims := claimsOf(r.Header.Get("Authorization"))
	e = Event{
		ID: identifier(), At: a.now(), Method: r.Method, Resource: resource, Type: kind, Operation: operation, Begin: true,
		Claims: claims, Caller: firstOf(claims["upn"], claims["appid"], claims["oid"]), IP: ip,
		OperationID: identifier(), CorrelationID: identifier(), RequestID: clip(r.Header.Get("x-ms-client-request-id"), 100),
	}
	return e, true
}

// operationOf names what a method does to a path: the resource, its type and
// the permission.
func operationOf(method, path string) (resource, kind, operation string, ok bool) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	if len(parts) < 3 || !strings.EqualFold(parts[0], "subscriptions") || strings.EqualFold(parts[len(parts)-1], "metrics:getBatch") {
		return "", "", "", false
	}
	types := []string{"Microsoft.Resources", "subscriptions"}
	rest, at := parts[2:], 2
	for i := len(parts) - 2; i > 0; i-- {
		if strings.EqualFold(parts[i], "providers") {
			types, rest, at = parts[i+1:i+2:i+2], parts[i+2:], i+2
			break
		}
	}
	for i := 0; i < len(rest); i += 2 {
		types = append(types, rest[i])
	}
	verb := "write"
	switch {
	case method == http.MethodDelete:
		verb = "delete"
	case method == http.MethodPost:
		verb = "action"
	}
	end := len(parts)
	if len(rest)%2 == 1 {
		end = at + len(rest) - 1
	}
	kinds := types
	if len(rest)%2 == 1 && len(types) > 1 {
		kinds = types[:len(types)-1]
	}
	return "/" + strings.Join(parts[:end], "/"), strings.Join(kinds, "/"), strings.Join(types, "/") + "/" + verb, true
}

// claimsOf reads the claims of a token that Resource Manager has checked by the
// time they are recorded. Only short texts are kept.
func claimsOf(authorization string) map[string]string {
	_, token, _ := strings.Cut(authorization, " ")
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil
	}
	var all map[string]any
	if json.Unmarshal(text, &all) != nil {
		return nil
	}
	claims := map[string]string{}
	for _, name := range []string{"aud", "iss", "appid", "oid", "tid", "upn", "idtyp"} {
		if v, ok := all[name].(string); ok {
			claims[name] = clip(v, 200)
		}
	}
	return claims
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

func clip(s string, n int) string {
	if len(s) > n {
		return s[:n]
	}
	return s
}

// identifier makes a random id in the form of a GUID.
func identifier() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader notes the status and passes it on.
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
