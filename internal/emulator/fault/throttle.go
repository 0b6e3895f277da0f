package fault

import "time"

// throttle is a storm of 429s, whatever the deployment could do. Without code
// and message the data plane says it in Azure's words.
var throttle = kind{
	name:  "throttle",
	about: "calls are refused with 429; retryAfter says when to come back",
	check: func(f *Fault) error {
		orElse(&f.RetryAfter, Duration(time.Second))
		return nil
	},
	strike: func(f *Fault, e *Effect, _ float64) {
		if e.Status == 0 {
			e.Status, e.Code, e.Message, e.RetryAfter = 429, f.Code, f.Message, time.Duration(f.RetryAfter)
		}
	},
}
