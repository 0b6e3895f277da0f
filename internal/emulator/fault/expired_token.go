package fault

// expiredToken makes every bearer token count as expired, on Resource Manager
// and on the data plane; keys go on working.
var expiredToken = kind{
	name:  "expired-token",
	about: "bearer tokens count as expired",
	check: func(*Fault) error { return nil },
}

// TokenExpired tells whether a token that is shown at a place now counts as
// expired.
func (s *Set) TokenExpired(at Place) bool {
	if !s.busy.Load() {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.on {
		if a.kind.name == expiredToken.name && a.meets(at, s.config.Luck) {
			s.hit(a)
			return true
		}
	}
	return false
}
