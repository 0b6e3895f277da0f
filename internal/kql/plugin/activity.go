package plugin

import (
	"math"

	"github.com/azptu/azptu/internal/kql/value"
)

// slidingWindowCounts gives for each window how many rows and how many different IDs there
// were in it and in the windows before it that the lookback covers.
// Consts: start, end, lookback, bin.
func slidingWindowCounts(c *Call) ([]*value.Vector, error) {
	start, end, lookback := c.Consts[0], c.Consts[1], c.Consts[2]
	w, err := cut(start, end, c.Consts[3])
	if err != nil || len(w.starts) == 0 {
		return c.result().finish(), err
	}
	slices, err := c.slices(minus(w.starts[0], lookback.I), end.I)
	if err != nil {
		return nil, err
	}
	out := c.result()
	for _, s := range slices {
		inside, lo, hi := tally{}, 0, 0
		for i := range w.starts {
			for ; hi < len(s.events) && s.events[hi].at <= w.last(i); hi++ {
				inside.add(s.events[hi])
			}
			from := w.back(i, lookback.I, c.Consts[3])
			for ; lo < hi && s.events[lo].at < from; lo++ {
				inside.drop(s.events[lo])
			}
			if hi == lo {
				continue
			}
			if err := out.add(row([]value.Value{w.at(i)}, s.dims, longs(hi-lo, len(inside)))...); err != nil {
				return nil, err
			}
		}
	}
	return out.finish(), nil
}

// back gives where the lookback of window i begins: whole bins, its own being the last.
func (w *windows) back(i int, lookback int64, bin value.Value) int64 {
	if bin.T == value.String {
		return w.last(i) + 1 - lookback
	}
	return w.starts[i] + bin.I - max(lookback/bin.I, 1)*bin.I
}

// activityEngagement gives for each inner window how many IDs there were in it and in the
// outer window that ends with it. Consts: start and end (null to take those of the rows),
// inner, outer.
func activityEngagement(c *Call) ([]*value.Vector, error) {
	inner, outer := c.Consts[2], c.Consts[3]
	start, end := c.extent(c.Consts[0], c.Consts[1], inner)
	w, err := cut(start, end, inner)
	if err != nil || len(w.starts) == 0 {
		return c.result().finish(), err
	}
	slices, err := c.slices(minus(start.I+inner.I, outer.I), end.I)
	if err != nil {
		return nil, err
	}
	out := c.result()
	for _, s := range slices {
		inside, lo, hi := tally{}, 0, 0
		for i, own := range w.split(s.events) {
			for ; hi < len(s.events) && s.events[hi].at <= w.last(i); hi++ {
				inside.add(s.events[hi])
			}
			for ; lo < hi && s.events[lo].at < w.starts[i]+inner.I-outer.I; lo++ {
				inside.drop(s.events[lo])
			}
			if len(inside) == 0 {
				continue
			}
			n := len(idsOf(own))
			ratio := value.OfReal(float64(n) / float64(len(inside)))
			if err := out.add(row([]value.Value{w.at(i)}, s.dims, longs(n, len(inside)), []value.Value{ratio})...); err != nil {
				return nil, err
			}
		}
	}
	return out.finish(), nil
}

// extent fills in a start and an end that were not given: those of the rows, the start at
// the beginning of its bin.
func (c *Call) extent(start, end, bin value.Value) (value.Value, value.Value) {
	if !start.Null {
		return start, end
	}
	when := c.Tables[0].Cols[1]
	lo, hi := int64(math.MaxInt64), int64(math.MinInt64)
	for i := range c.Tables[0].Len {
		if v := when.Value(i); !v.Null {
			lo, hi = min(lo, v.I), max(hi, v.I)
		}
	}
	if lo <= hi && bin.T != value.String {
		lo -= (lo%bin.I + bin.I) % bin.I
	}
	return value.Value{T: when.Type, I: lo}, value.Value{T: when.Type, I: hi}
}

// activeUsersCount counts for each window the IDs with a moment in it when they had been
// there in so many periods of the lookback that ends then.
// Consts: start, end, lookback, period, how many periods, bin.
func activeUsersCount(c *Call) ([]*value.Vector, error) {
	start, end, lookback, period, least := c.Consts[0], c.Consts[1], c.Consts[2], c.Consts[3], c.Consts[4]
	w, err := cut(start, end, c.Consts[5])
	if err != nil {
		return nil, err
	}
	slices, err := c.slices(minus(start.I, lookback.I), end.I)
	if err != nil {
		return nil, err
	}
	out := c.result()
	for _, s := range slices {
		fans := make([]set, len(w.starts))
		for id, times := range byID(s.events) {
			f := fan{times: times, periods: map[int64]int{}}
			for _, e := range times {
				at, n := w.of(e.at), f.enter(e, lookback.I, period.I, start.I)
				if at < 0 || e.at < start.I || n < least.I {
					continue
				}
				if fans[at] == nil {
					fans[at] = set{}
				}
				fans[at][id] = struct{}{}
			}
			if err := c.Check(); err != nil {
				return nil, err
			}
		}
		for i, f := range fans {
			if len(f) == 0 {
				continue
			}
			if err := out.add(row([]value.Value{w.at(i)}, s.dims, longs(len(f)))...); err != nil {
				return nil, err
			}
		}
	}
	return out.finish(), nil
}

// byID sorts a slice's events by who, each still in the order of time.
func byID(events []event) map[uint32][]event {
	m := map[uint32][]event{}
	for _, e := range events {
		m[e.id] = append(m[e.id], e)
	}
	return m
}

// fan counts the periods in which somebody was there, of those that the lookback covers.
type fan struct {
	times   []event
	lo      int
	periods map[int64]int
}

// enter takes in the next moment and gives how many periods there are then.
func (f *fan) enter(e event, lookback, period, origin int64) int64 {
	p := func(at int64) int64 { return int64(math.Floor(float64(at-origin) / float64(period))) }
	f.periods[p(e.at)]++
	for ; f.times[f.lo].at <= e.at-lookback; f.lo++ {
		old := p(f.times[f.lo].at)
		if f.periods[old]--; f.periods[old] == 0 {
			delete(f.periods, old)
		}
		if f.times[f.lo] == e {
			f.lo++
			break
		}
	}
	return int64(len(f.periods))
}

// activityCounts gives for each window how many rows and IDs there were, how many IDs had
// not been in any window before, and how many there were up to then.
// Consts: start, end, step.
func activityCounts(c *Call) ([]*value.Vector, error) {
	w, err := cut(c.Consts[0], c.Consts[1], c.Consts[2])
	if err != nil || len(w.starts) == 0 {
		return c.result().finish(), err
	}
	slices, err := c.slices(w.starts[0], c.Consts[1].I)
	if err != nil {
		return nil, err
	}
	out := c.result()
	for _, s := range slices {
		known := set{}
		for i, events := range w.split(s.events) {
			if len(events) == 0 {
				continue
			}
			before := len(known)
			for _, e := range events {
				known[e.id] = struct{}{}
			}
			if err := out.add(row([]value.Value{w.at(i)}, s.dims, longs(len(events), len(idsOf(events)), len(known)-before, len(known)))...); err != nil {
				return nil, err
			}
		}
	}
	return out.finish(), nil
}

// activityMetrics compares the IDs of each window with those of the one before.
// Consts: start and end (null to take those of the rows), step.
func activityMetrics(c *Call) ([]*value.Vector, error) {
	start, end := c.extent(c.Consts[0], c.Consts[1], c.Consts[2])
	w, err := cut(start, end, c.Consts[2])
	if err != nil || len(w.starts) == 0 {
		return c.result().finish(), err
	}
	slices, err := c.slices(w.starts[0], end.I)
	if err != nil {
		return nil, err
	}
	out := c.result()
	for _, s := range slices {
		before := set{}
		for i, events := range w.split(s.events) {
			now := idsOf(events)
			if len(now) == 0 {
				before = now
				continue
			}
			stayed := both(before, now)
			if err := out.add(row([]value.Value{w.at(i)}, s.dims, longs(len(now), len(now)-stayed), rates(stayed, len(before)))...); err != nil {
				return nil, err
			}
			before = now
		}
	}
	return out.finish(), nil
}

// rates gives which part of so many stayed, and which left.
func rates(stayed, of int) []value.Value {
	r := float64(stayed) / float64(of)
	return []value.Value{value.OfReal(r), value.OfReal(1 - r)}
}

// newActivityMetrics follows those who were first seen in a window through that and all
// later windows. Consts: start, end, step, cohort (null for all). The second table, when
// there is one, holds IDs that are not new.
func newActivityMetrics(c *Call) ([]*value.Vector, error) {
	w, err := cut(c.Consts[0], c.Consts[1], c.Consts[2])
	if err != nil || len(w.starts) == 0 {
		return c.result().finish(), err
	}
	slices, err := c.slices(w.starts[0], c.Consts[1].I)
	if err != nil {
		return nil, err
	}
	only := -1
	if v := c.Consts[3]; !v.Null {
		if only = w.of(v.I); only < 0 {
			return c.result().finish(), nil
		}
	}
	out, old := c.result(), c.lookback()
	for _, s := range slices {
		if err := c.cohorts(s, w, old, only, out); err != nil {
			return nil, err
		}
	}
	return out.finish(), nil
}

// lookback gives the IDs, as the events have them, that the second table holds.
func (c *Call) lookback() set {
	old := set{}
	if len(c.Tables) < 2 {
		return old
	}
	second := c.Tables[1]
	for i := range second.Len {
		if id, known := c.who.ids[string(value.AppendKey(nil, second.Cols[0], i))]; known {
			old[id] = struct{}{}
		}
	}
	return old
}

// firstSeen gives those of a window's IDs that were in none before and are not known.
func firstSeen(ids set, first map[uint32]int, window int, known set) set {
	out := set{}
	for id := range ids {
		if _, old := known[id]; !old && first[id] == window {
			out[id] = struct{}{}
		}
	}
	return out
}

// cohorts adds the rows of one slice.
func (c *Call) cohorts(s *slice, w *windows, old set, only int, out *table) error {
	parts := w.split(s.events)
	sets := make([]set, len(parts))
	first := map[uint32]int{}
	for i, events := range parts {
		sets[i] = idsOf(events)
		for id := range sets[i] {
			if _, seen := first[id]; !seen {
				first[id] = i
			}
		}
	}
	for from := range sets {
		cohort := firstSeen(sets[from], first, from, old)
		if len(cohort) == 0 || only >= 0 && from != only {
			continue
		}
		for to := from; to < len(sets); to++ {
			after := from
			if to == from {
				after--
			}
			fresh := 0
			for id := range sets[to] {
				if first[id] > after {
					fresh++
				}
			}
			stayed := both(cohort, sets[to])
			vals := row([]value.Value{w.at(from), w.at(to)}, s.dims, longs(fresh, stayed, len(cohort)-stayed), rates(stayed, len(cohort)))
			if err := out.add(vals...); err != nil {
				return err
			}
		}
		if err := c.Check(); err != nil {
			return err
		}
	}
	return nil
}

// sessionCount counts for each window the sessions with a moment in it. A session goes on
// as long as its ID comes again within the lookback. Consts: start, end, bin, lookback.
func sessionCount(c *Call) ([]*value.Vector, error) {
	start, end, lookback := c.Consts[0], c.Consts[1], c.Consts[3]
	w, err := cut(start, end, c.Consts[2])
	if err != nil {
		return nil, err
	}
	slices, err := c.slices(minus(start.I, lookback.I), end.I)
	if err != nil {
		return nil, err
	}
	out := c.result()
	for _, s := range slices {
		counts := make([]int, len(w.starts))
		for _, times := range byID(s.events) {
			counted := -1
			for i, e := range times {
				at := w.of(e.at)
				if i > 0 && e.at-times[i-1].at > lookback.I {
					counted = -1
				}
				if at >= 0 && at != counted {
					counts[at]++
					counted = at
				}
			}
		}
		for i, n := range counts {
			if n == 0 {
				continue
			}
			if err := out.add(row([]value.Value{w.at(i)}, s.dims, longs(n))...); err != nil {
				return nil, err
			}
		}
	}
	return out.finish(), nil
}
