package fault

import "time"

// slowStream holds back every event of a stream.
var slowStream = kind{
	name:  "slow-stream",
	about: "each event of a stream comes delay later",
	check: func(f *Fault) error {
		if f.Service == ResourceManager {
			return invalid("%s: Resource Manager has no streams", f.Kind)
		}
		if f.Delay == 0 {
			return invalid("slow-stream: delay must be given")
		}
		return nil
	},
	strike: func(f *Fault, e *Effect, _ float64) { e.EventDelay += time.Duration(f.Delay) },
}
