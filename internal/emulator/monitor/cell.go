package monitor

import "time"

// stat is what is kept of a measured value: enough for every aggregation that
// Azure Monitor offers.
type stat struct{ n, sum, min, max float64 }

func (s *stat) add(v float64) {
	if s.n == 0 || v < s.min {
		s.min = v
	}
	if s.n == 0 || v > s.max {
		s.max = v
	}
	s.n++
	s.sum += v
}

func (s *stat) merge(o stat) {
	if o.n == 0 {
		return
	}
	if s.n == 0 {
		*s = o
		return
	}
	s.n, s.sum, s.min, s.max = s.n+o.n, s.sum+o.sum, min(s.min, o.min), max(s.max, o.max)
}

// The values measured of calls.
const (
	responded   = iota // ms to the first byte
	firstToken         // ms to the first token, per prompt token
	between            // ms between two tokens of a stream
	lastByte           // ms to the last byte
	speed              // tokens per second while generating
	cacheHits          // % of the prompt that was cached
	active             // tokens that were not cached
	prompt             // tokens
	completion         // tokens
	utilization        // % after a call
	took               // ms from request to end, failed calls included
	measured
)

// cell is one minute of one full set of dimensions.
type cell struct {
	calls        float64
	clientErrors float64 // 4xx
	serverErrors float64 // 5xx
	refused      float64 // 429
	checked      float64 // texts that went through the content filter
	harmful      float64
	blocked      float64
	weight       float64 // normalized tokens used
	room         float64 // normalized tokens that fit a minute
	values       [measured]stat
	sums         *sums // of the same series since start; nil where there was no room for them
}

// add counts one call.
func (c *cell) add(k *Call) {
	c.calls++
	switch {
	case k.Status >= 500:
		c.serverErrors++
	case k.Status >= 400:
		c.clientErrors++
	}
	if k.Status == 429 {
		c.refused++
	}
	if k.Category != "" || k.Blocked {
		c.harmful++
	}
	if k.Blocked {
		c.blocked++
	}
	if k.Blocked || k.Status < 400 {
		c.checked++
	}
	c.values[took].add(milliseconds(k.Duration))
	if k.FirstByte > 0 {
		c.values[responded].add(milliseconds(k.FirstByte))
	}
	if k.PerMinute > 0 {
		c.weight += k.Weight
		c.room = k.PerMinute
		c.values[utilization].add(100 * k.Utilization)
	}
	if k.Status < 400 {
		c.generated(k)
	}
}

// generated adds what only a call that was answered has.
func (c *cell) generated(k *Call) {
	c.values[lastByte].add(milliseconds(k.Duration))
	c.values[prompt].add(float64(k.Prompt))
	c.values[completion].add(float64(k.Completion))
	if k.Provisioned {
		c.values[active].add(float64(k.Prompt + k.Completion - k.Cached))
		if k.Prompt > 0 {
			c.values[cacheHits].add(100 * float64(k.Cached) / float64(k.Prompt))
		}
	}
	if k.Prompt > 0 && k.FirstByte > 0 {
		c.values[firstToken].add(milliseconds(k.FirstByte) / float64(k.Prompt))
	}
	generating := k.Duration
	if k.Stream {
		generating -= k.FirstByte
	}
	if k.Completion > 0 && generating > 0 {
		c.values[speed].add(float64(k.Completion) / generating.Seconds())
	}
	if k.Stream && k.Completion > 1 {
		c.values[between].add(milliseconds(generating) / float64(k.Completion-1))
	}
}

// merge adds another cell of the same minute.
func (c *cell) merge(o *cell) {
	c.calls += o.calls
	c.clientErrors += o.clientErrors
	c.serverErrors += o.serverErrors
	c.refused += o.refused
	c.checked += o.checked
	c.harmful += o.harmful
	c.blocked += o.blocked
	c.weight += o.weight
	c.room = max(c.room, o.room)
	for i := range c.values {
		c.values[i].merge(o.values[i])
	}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
