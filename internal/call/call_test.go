package call

import (
	"testing"
	"time"
)

func TestOverheadIsWhatIsLeft(t *testing.T) {
	c := Call{Total: 100 * time.Millisecond, Upstream: 60 * time.Millisecond, Queued: 30 * time.Millisecond}
	if got := c.Overhead(); got != 10*time.Millisecond {
		t.Errorf("overhead %v, want 10ms", got)
	}
	c.Upstream = time.Second
	if got := c.Overhead(); got != 0 {
		t.Errorf("overhead %v, want none: clocks may disagree, time is never negative", got)
	}
}
