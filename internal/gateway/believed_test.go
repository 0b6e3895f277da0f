package gateway

import (
	"testing"
	"time"
)

// A backend that refuses a call just after another was left may not know yet
// that it has room again.
func TestRefusalsJustAfterACallWasLeftAreBelievedBriefly(t *testing.T) {
	var s standing
	const long = time.Minute
	if got := s.believed(5*time.Second, long); got != long {
		t.Errorf("nobody left, and %v is believed", got)
	}
	s.leftAt.Store(int64(5 * time.Second))
	if got := s.believed(5*time.Second+staleAfter-1, long); got != staleWait {
		t.Errorf("just after a call was left %v is believed", got)
	}
	if got := s.believed(5*time.Second, staleWait/2); got != staleWait/2 {
		t.Errorf("a short wait became %v", got)
	}
	if got := s.believed(5*time.Second+staleAfter, long); got != long {
		t.Errorf("long after a call was left %v is believed", got)
	}
}
