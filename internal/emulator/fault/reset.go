package fault

// reset closes the connection before a byte of the answer.
var reset = kind{
	name:   "reset",
	about:  "the connection is closed before any header",
	check:  func(*Fault) error { return nil },
	strike: func(_ *Fault, e *Effect, _ float64) { e.Reset = true },
}
