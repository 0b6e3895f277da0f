package fault

// hang takes the call and never answers.
var hang = kind{
	name:   "hang",
	about:  "calls are taken and never answered",
	check:  func(*Fault) error { return nil },
	strike: func(_ *Fault, e *Effect, _ float64) { e.Hang = true },
}
