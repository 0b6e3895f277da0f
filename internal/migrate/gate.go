package migrate

import (
	"fmt"
	"time"
)

// Side is what a gateway counted of one deployment since it started.
type Side struct {
	Attempts   int64         // calls sent to it
	Refused    int64         // answered 429
	Broken     int64         // failed otherwise
	Answered   int64         // answers that clients got from it
	Completion int64         // tokens of those
	Took       time.Duration // all of them together
}

func (s Side) since(before Side) Side {
	return Side{
		s.Attempts - before.Attempts, s.Refused - before.Refused, s.Broken - before.Broken,
		s.Answered - before.Answered, s.Completion - before.Completion, s.Took - before.Took,
	}
}

// Health is how both sides do.
type Health struct{ Old, New Side }

// Since is what happened after before. A gateway that was started anew counts
// from nothing again.
func (h Health) Since(before Health) Health {
	d := Health{h.Old.since(before.Old), h.New.since(before.New)}
	if d.New.Attempts < 0 || d.Old.Attempts < 0 {
		return h
	}
	return d
}

// Verdict is what a gate says.
type Verdict int

// The verdicts.
const (
	Healthy Verdict = iota
	TooFew          // not enough calls to judge
	Unhealthy
)

// slack is what latency may differ whatever the factor: short answers vary.
const slack = 100 * time.Millisecond

// Reason is why a gate does not open: what is wrong, what was seen and the
// most (or least) that there may be, as text.
type Reason struct {
	What  string // errors, refusals, latency, tokens, calls
	Seen  string
	Limit string
}

func (r Reason) String() string { return r.What + ": " + r.Seen + ", limit " + r.Limit }

// Judge weighs what happened in a step. usual is what the old deployment was
// like when it was last called enough, for steps in which it is called no more.
func (r Rules) Judge(h Health, usual Side) (Verdict, Reason) {
	n := h.New
	share := func(part, whole int64) float64 {
		if whole == 0 {
			return 0
		}
		return float64(part) / float64(whole)
	}
	percent := func(v float64) string { return fmt.Sprintf("%.1f %%", v*100) }
	// A few failures are enough to stop; a few successes are not enough to go
	// on. One alone is chance.
	enough := int64(3)
	if n.Attempts >= r.MinCalls {
		enough = 2
	}
	if failed, allowed := share(n.Broken, n.Attempts), share(h.Old.Broken, h.Old.Attempts)+r.MaxErrors; n.Broken >= min(enough, max(r.MinCalls, 1)) && failed > allowed {
		return Unhealthy, Reason{"errors", percent(failed), percent(allowed)}
	}
	if n.Attempts < r.MinCalls {
		return TooFew, Reason{"calls", fmt.Sprint(n.Attempts), fmt.Sprint(r.MinCalls)}
	}
	if refused, allowed := share(n.Refused, n.Attempts), share(h.Old.Refused, h.Old.Attempts)+r.MaxRefused; refused > allowed {
		return Unhealthy, Reason{"refusals", percent(refused), percent(allowed)}
	}
	if n.Answered < r.MinCalls {
		return TooFew, Reason{"calls", fmt.Sprint(n.Answered), fmt.Sprint(r.MinCalls)}
	}
	return r.compare(n, usual)
}

// compare sets answers against those of the old deployment.
func (r Rules) compare(n, old Side) (Verdict, Reason) {
	if n.Answered == 0 || old.Answered < max(r.MinCalls, 1) {
		return Healthy, Reason{}
	}
	before, now := old.Took/time.Duration(old.Answered), n.Took/time.Duration(n.Answered)
	if most := time.Duration(float64(before)*r.MaxLatency) + slack; r.MaxLatency > 0 && now > most {
		return Unhealthy, Reason{"latency", now.Round(time.Millisecond).String(), most.Round(time.Millisecond).String()}
	}
	was, is := float64(old.Completion)/float64(old.Answered), float64(n.Completion)/float64(n.Answered)
	if r.MaxTokens > 0 && was > 0 && (is > was*r.MaxTokens || is < was/r.MaxTokens) {
		return Unhealthy, Reason{"tokens", fmt.Sprintf("%.0f", is), fmt.Sprintf("%.0f–%.0f", was/r.MaxTokens, was*r.MaxTokens)}
	}
	return Healthy, Reason{}
}
