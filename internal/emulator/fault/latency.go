package fault

import "time"

// latency makes calls wait before anything else happens to them.
var latency = kind{
	name:  "latency",
	about: "calls wait: delay, and up to jitter more",
	check: func(f *Fault) error {
		if f.Delay == 0 && f.Jitter == 0 {
			return invalid("latency: delay or jitter must be given")
		}
		return nil
	},
	strike: func(f *Fault, e *Effect, luck float64) {
		e.Delay += time.Duration(f.Delay) + time.Duration(luck*float64(f.Jitter))
	},
}
