package fault

import (
	"net/http"
	"strings"
	"time"
)

// failure answers with a server error, or any other error status.
var failure = kind{
	name:  "error",
	about: "calls are answered with status (500 unless given), code and message",
	check: func(f *Fault) error {
		orElse(&f.Status, http.StatusInternalServerError)
		if f.Status < 400 || f.Status > 599 {
			return invalid("error: status %d is no error status", f.Status)
		}
		if !inAzuresWords(f.Status) {
			orElse(&f.Code, strings.ReplaceAll(http.StatusText(f.Status), " ", ""))
			orElse(&f.Message, "The call failed by a fault of the emulator.")
		}
		return nil
	},
	strike: func(f *Fault, e *Effect, _ float64) {
		if e.Status == 0 {
			e.Status, e.Code, e.Message, e.RetryAfter = f.Status, f.Code, f.Message, time.Duration(f.RetryAfter)
		}
	},
}

// inAzuresWords lists the statuses whose body the data plane knows; others get
// words of ours.
func inAzuresWords(status int) bool {
	switch status {
	case http.StatusInternalServerError, http.StatusServiceUnavailable, http.StatusRequestTimeout, http.StatusTooManyRequests:
		return true
	}
	return false
}
