package gateway

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxRetryAfter bounds what a backend may ask for; more is taken as this.
const maxRetryAfter = 24 * time.Hour

// retryAfter reads how long an answer asks to wait: retry-after-ms first, then
// retry-after in seconds or as a date. ok is false when it asks for nothing
// that can be understood.
func retryAfter(h http.Header, now time.Time) (wait time.Duration, ok bool) {
	if v := h.Get("Retry-After-Ms"); v != "" {
		if d, ok := inUnits(v, time.Millisecond); ok {
			return d, true
		}
	}
	v := h.Get("Retry-After")
	if d, ok := inUnits(v, time.Second); ok {
		return d, true
	}
	if at, err := http.ParseTime(strings.TrimSpace(v)); err == nil {
		return min(max(at.Sub(now), 0), maxRetryAfter), true
	}
	return 0, false
}

func inUnits(v string, unit time.Duration) (time.Duration, bool) {
	f, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
	if err != nil || !(f >= 0) {
		return 0, false
	}
	if f > float64(maxRetryAfter/unit) {
		return maxRetryAfter, true
	}
	return time.Duration(f * float64(unit)), true
}
