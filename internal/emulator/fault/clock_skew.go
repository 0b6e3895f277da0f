package fault

import (
	"net/http"
	"time"
)

// clockSkew sets the clock that clients see wrong: the Date of answers, and the
// times in tokens.
var clockSkew = kind{
	name:  "clock-skew",
	about: "the Date of answers and the times in new tokens are off by skew, which may be negative",
	check: func(f *Fault) error {
		if f.Skew == 0 || time.Duration(f.Skew) > longest || time.Duration(f.Skew) < -longest {
			return invalid("clock-skew: skew must be given, up to %v either way", longest)
		}
		if f.Account != "" || f.Deployment != "" || f.Region != "" || f.Percent != 100 || f.Count != 0 {
			return invalid("clock-skew: it is one clock for all: scope, percent and count do not apply")
		}
		return nil
	},
}

// Skew is how far the clock that clients see is off.
func (s *Set) Skew() time.Duration {
	if !s.busy.Load() {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var skew time.Duration
	for _, a := range s.on {
		if a.kind.name == clockSkew.name {
			skew += time.Duration(a.Fault.Skew)
		}
	}
	return skew
}

// Dates gives the answers of next a Date that is off by the skew.
func (s *Set) Dates(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if skew := s.Skew(); skew != 0 {
			w.Header().Set("Date", s.config.Wall().Add(skew).UTC().Format(http.TimeFormat))
		}
		next.ServeHTTP(w, r)
	})
}
