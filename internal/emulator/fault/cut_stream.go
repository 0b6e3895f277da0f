package fault

// cutStream breaks streams off in the middle, without [DONE].
var cutStream = kind{
	name:  "cut-stream",
	about: "streams break off after so many events (after, 3 unless given)",
	check: func(f *Fault) error {
		if f.Service == ResourceManager {
			return invalid("%s: Resource Manager has no streams", f.Kind)
		}
		orElse(&f.After, 3)
		if f.After < 0 {
			return invalid("cut-stream: after %d is negative", f.After)
		}
		return nil
	},
	strike: func(f *Fault, e *Effect, _ float64) {
		if e.CutAfter == 0 || f.After < e.CutAfter {
			e.CutAfter = f.After
		}
	},
}
