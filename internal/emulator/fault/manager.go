package fault

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The services that calls go to.
const (
	DataPlane       = "data"
	ResourceManager = "arm"
)

// Manager puts Resource Manager under the faults that name it: latency,
// throttle, error, reset and hang.
func (s *Set) Manager(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e := s.Strike(Place{Service: ResourceManager, Account: segmentAfter(r.URL.Path, "accounts"), Deployment: segmentAfter(r.URL.Path, "deployments"), Region: segmentAfter(r.URL.Path, "locations")})
		if e.Delay > 0 && !wait(r, e.Delay) {
			return
		}
		switch {
		case e.Hang:
			<-r.Context().Done()
			panic(http.ErrAbortHandler) // net/http's way to close without an answer
		case e.Reset:
			panic(http.ErrAbortHandler)
		case e.Status != 0:
			e.refuse(w)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// wait waits unless the client leaves first.
func wait(r *http.Request, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// refuse answers as Resource Manager words its errors. Without a message
// of the user's the words are ours.
func (e *Effect) refuse(w http.ResponseWriter) {
	code, message := e.Code, e.Message
	if code == "" {
		code = strings.ReplaceAll(http.StatusText(e.Status), " ", "")
	}
	if message == "" {
		message = "The request failed by a fault of the emulator. Please try again later."
	}
	if e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("x-ms-failure-cause", "service")
	w.WriteHeader(e.Status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]string{"code": code, "message": message}})
}

// segmentAfter is the name behind a type in a path; "" where there is none.
func segmentAfter(path, kind string) string {
	parts := strings.Split(path, "/")
	for i := len(parts) - 2; i >= 0; i-- {
		if strings.EqualFold(parts[i], kind) {
			return parts[i+1]
		}
	}
	return ""
}
