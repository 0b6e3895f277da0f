package openai

import "github.com/azptu/azptu/internal/tokens"

// Counting exactly is bounded, because text can be made to take a hundred
// times the usual effort. A prompt that fits a model's context has about four
// bytes a token; what lies past exactBytes for each token of the whole context is
// estimated, which is far over the limit in any case.
const (
	exactBytes  = 6
	exactAlways = 256 << 10 // bytes that are counted exactly whatever the model
)

// counter is how the prompts of a model are counted: size is the request's.
func (h *Handler) counter(model string, f *facts, size int) tokens.Counter {
	if h.cfg.Tokens == "estimate" {
		return tokens.Estimator{}
	}
	exact := tokens.For(model)
	if room := exactBytes*f.context + exactAlways; size > room {
		return &boundedCounter{exact, room}
	}
	return exact
}

// boundedCounter counts exactly while it has room, and estimates from then on.
type boundedCounter struct {
	exact tokens.Counter
	room  int // bytes
}

// Count implements tokens.Counter.
func (c *boundedCounter) Count(text []byte) int {
	if len(text) > c.room {
		c.room = 0
		return tokens.Estimate(len(text))
	}
	c.room -= len(text)
	return c.exact.Count(text)
}
