package monitor

// How the metrics are read out of the cell of one minute.

func nothing(*cell) stat { return stat{} }

// value is a measured value as it is.
func value(which int) func(*cell) stat {
	return func(c *cell) stat { return c.values[which] }
}

// counted is a number of events, each of which is a sample of 1: their average
// is 1, as in Azure.
func counted(of func(*cell) float64) func(*cell) stat {
	return func(c *cell) stat {
		n := of(c)
		if n == 0 {
			return stat{}
		}
		return stat{n: n, sum: n, min: 1, max: 1}
	}
}

func (c *cell) allCalls() float64         { return c.calls }
func (c *cell) badCalls() float64         { return c.clientErrors + c.serverErrors }
func (c *cell) goodCalls() float64        { return c.calls - c.badCalls() }
func (c *cell) clientErrorCalls() float64 { return c.clientErrors }
func (c *cell) serverErrorCalls() float64 { return c.serverErrors }
func (c *cell) refusedCalls() float64     { return c.refused }
func (c *cell) harmfulTexts() float64     { return c.harmful }
func (c *cell) blockedCalls() float64     { return c.blocked }
func (c *cell) checkedCalls() float64     { return c.checked }

// allTokens is prompt and completion of each call; their extremes are not
// known together and taken from the parts.
func allTokens(c *cell) stat {
	p, o := c.values[prompt], c.values[completion]
	if p.n == 0 {
		return stat{}
	}
	return stat{n: p.n, sum: p.sum + o.sum, min: p.min + o.min, max: p.max + o.max}
}

// available is one sample a minute for minimum and maximum, weighted by calls
// for the average.
func available(c *cell) stat {
	if c.calls == 0 {
		return stat{}
	}
	rate := 100 * (c.calls - c.serverErrors) / c.calls
	return stat{n: c.calls, sum: rate * c.calls, min: rate, max: rate}
}

// used is the utilization of one provisioned deployment in one minute. Its
// average is Microsoft's definition, units consumed of units deployed in the
// period; the extremes take in the level of the bucket after each call, so
// that a minute with a refusal shows at least 100 % as its maximum.
func used(c *cell) stat {
	if c.room <= 0 {
		return stat{}
	}
	share := 100 * c.weight / c.room
	level := c.values[utilization]
	return stat{n: 1, sum: share, min: min(share, level.min), max: max(share, level.max)}
}
