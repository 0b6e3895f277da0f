package plugin

import (
	"math"
	"sort"

	"github.com/azptu/azptu/internal/kql/value"
)

// sequenceDetect gives every way of going through all conditions one after the other.
// Columns: the time twice, the conditions, those to slice by. Consts: the longest time
// between two steps, the longest time for all, how many conditions.
func sequenceDetect(c *Call) ([]*value.Vector, error) {
	slices, err := c.slices(math.MinInt64, math.MaxInt64)
	if err != nil {
		return nil, err
	}
	out := c.result()
	for _, s := range slices {
		d := &detector{c: c, s: s, seen: map[string]bool{}, out: out}
		conds := c.Tables[0].Cols[2 : 2+c.Consts[2].I]
		for _, cond := range conds {
			var list []event
			for _, e := range s.events {
				if cond.Value(e.row).Bool() {
					list = append(list, e)
				}
			}
			d.steps = append(d.steps, list)
		}
		if err := d.follow(nil); err != nil {
			return nil, err
		}
	}
	return out.finish(), nil
}

type detector struct {
	c     *Call
	s     *slice
	steps [][]event
	seen  map[string]bool
	out   *table
	work  int
}

// follow extends a sequence by each event that may come next.
func (d *detector) follow(chain []event) error {
	if d.work++; d.work%1024 == 0 {
		if err := d.c.Check(); err != nil {
			return err
		}
	}
	if len(chain) == len(d.steps) {
		return d.found(chain)
	}
	list, lo, hi := d.steps[len(chain)], 0, int64(math.MaxInt64)
	if len(chain) > 0 {
		last := chain[len(chain)-1]
		lo = sort.Search(len(list), func(i int) bool { return list[i].at >= last.at })
		hi = min(last.at+d.c.Consts[0].I, chain[0].at+d.c.Consts[1].I)
	}
	for _, e := range list[lo:] {
		if e.at > hi {
			break
		}
		if !within(chain, e) {
			if err := d.follow(append(chain[:len(chain):len(chain)], e)); err != nil {
				return err
			}
		}
	}
	return nil
}

// within says whether an event's row is in a chain already.
func within(chain []event, e event) bool {
	for _, x := range chain {
		if x.row == e.row {
			return true
		}
	}
	return false
}

// found gives a sequence out, once for equal times.
func (d *detector) found(chain []event) error {
	when := d.c.Tables[0].Cols[0]
	var key []byte
	var times []value.Value
	for _, e := range chain {
		key = value.AppendKey(key, when, e.row)
		times = append(times, when.Value(e.row))
	}
	if d.seen[string(key)] {
		return nil
	}
	d.seen[string(key)] = true
	if err := d.c.Grow(int64(len(key)) + 32); err != nil {
		return err
	}
	long := chain[len(chain)-1].at - chain[0].at
	return d.out.add(row(d.s.dims, times, []value.Value{{T: d.c.Out[len(d.c.Out)-1], I: long}})...)
}

// run is a state with the first and last moment of it.
type run struct {
	state       string
	first, last int64
	row         int
}

// runs joins neighbouring events of the same state, unless apart is set.
func runs(events []event, states *value.Vector, apart bool) []run {
	var out []run
	for _, e := range events {
		s := value.Text(states.Value(e.row))
		if n := len(out); n > 0 && out[n-1].state == s && !apart {
			out[n-1].last = e.at
			continue
		}
		out = append(out, run{state: s, first: e.at, last: e.at, row: e.row})
	}
	return out
}

// wanted reads the constant array of states.
func wanted(v value.Value) []string {
	list, _ := v.X.([]any)
	out := make([]string, len(list))
	for i, x := range list {
		out[i] = value.Text(value.FromDynamic(x))
	}
	return out
}

// passage is a sequence gone through: what came before and what after.
type passage struct {
	window     int
	prev, next string
}

// maxSamples is how many IDs are shown for a passage.
const maxSamples = 128

// funnelSequence counts who went through a sequence of states, by the state before, the
// state after, or both. Columns: ID, time, state. Consts: start, end, the longest time
// between steps, the analysis step, the sequence, which table (0, 1 or 2).
func funnelSequence(c *Call) ([]*value.Vector, error) {
	w, err := cut(c.Consts[0], c.Consts[1], c.Consts[3])
	if err != nil {
		return nil, err
	}
	slices, err := c.slices(c.Consts[0].I, c.Consts[1].I)
	if err != nil {
		return nil, err
	}
	seq, which := wanted(c.Consts[4]), c.Consts[5].I
	apart := false
	for i := 1; i < len(seq); i++ {
		apart = apart || seq[i] == seq[i-1]
	}
	counts, samples := map[passage]set{}, map[passage][]any{}
	for _, id := range inOrder(slices[0].events) {
		path := runs(id, c.Tables[0].Cols[2], apart)
		for i := range path {
			p, ok := match(path, i, seq, c.Consts[2].I)
			if !ok {
				continue
			}
			p.window = w.of(path[i].first)
			if which == 1 {
				p.next = ""
			} else if which == 2 {
				p.prev = ""
			}
			if counts[p] == nil {
				counts[p] = set{}
			}
			if _, known := counts[p][id[0].id]; !known && len(samples[p]) < maxSamples {
				samples[p] = append(samples[p], c.Tables[0].Cols[0].Value(id[0].row).AsDynamic())
			}
			counts[p][id[0].id] = struct{}{}
		}
		if err := c.Check(); err != nil {
			return nil, err
		}
	}
	return c.passages(w, counts, samples, which)
}

// inOrder gives the events of each ID, in the order in which the IDs first come.
func inOrder(events []event) [][]event {
	at := map[uint32]int{}
	var out [][]event
	for _, e := range events {
		i, ok := at[e.id]
		if !ok {
			i = len(out)
			at[e.id], out = i, append(out, nil)
		}
		out[i] = append(out[i], e)
	}
	return out
}

// match says whether a sequence begins at place i of a path, and what is around it.
func match(path []run, i int, seq []string, step int64) (passage, bool) {
	var p passage
	if len(seq) == 0 || i+len(seq) > len(path) {
		return p, false
	}
	for k, s := range seq {
		if path[i+k].state != s || k > 0 && path[i+k].first-path[i+k-1].last > step {
			return p, false
		}
	}
	if i > 0 && path[i].first-path[i-1].last <= step {
		p.prev = path[i-1].state
	}
	if j := i + len(seq); j < len(path) && path[j].first-path[j-1].last <= step {
		p.next = path[j].state
	}
	return p, true
}

// passages gives the counted passages, the most frequent of each window first.
func (c *Call) passages(w *windows, counts map[passage]set, samples map[passage][]any, which int64) ([]*value.Vector, error) {
	all := make([]passage, 0, len(counts))
	for p := range counts {
		all = append(all, p)
	}
	sort.Slice(all, func(i, j int) bool {
		a, b := all[i], all[j]
		if a.window != b.window {
			return a.window < b.window
		}
		if m, n := len(counts[a]), len(counts[b]); m != n {
			return m > n
		}
		if a.prev != b.prev {
			return a.prev < b.prev
		}
		return a.next < b.next
	})
	out := c.result()
	for _, p := range all {
		states := []value.Value{value.OfString(p.prev), value.OfString(p.next)}
		switch which {
		case 1:
			states = states[:1]
		case 2:
			states = states[1:]
		}
		vals := row([]value.Value{w.at(p.window)}, states, longs(len(counts[p])), []value.Value{value.OfDynamic(samples[p])})
		if err := out.add(vals...); err != nil {
			return nil, err
		}
	}
	return out.finish(), nil
}

// funnelCompletion counts for each window and each allowed time who came how far in a
// sequence. Columns: ID, time, state. Consts: start, end, bin, the sequence, the times.
func funnelCompletion(c *Call) ([]*value.Vector, error) {
	w, err := cut(c.Consts[0], c.Consts[1], c.Consts[2])
	if err != nil {
		return nil, err
	}
	slices, err := c.slices(c.Consts[0].I, c.Consts[1].I)
	if err != nil {
		return nil, err
	}
	seq, typ := wanted(c.Consts[3]), c.Out[2]
	allowed, _ := c.Consts[4].X.([]any)
	people := inOrder(slices[0].events)
	out := c.result()
	for _, x := range allowed {
		period := value.Convert(value.FromDynamic(x), typ)
		counts, err := c.completions(w, people, seq, period.I)
		if err != nil {
			return nil, err
		}
		for i, reached := range counts {
			for k, n := range reached {
				vals := []value.Value{w.at(i), value.Convert(value.OfString(seq[k]), c.Out[1]), period, value.OfLong(int64(n))}
				if err := out.add(vals...); err != nil {
					return nil, err
				}
			}
		}
	}
	return out.finish(), nil
}

// completions counts for each window who came to each state; windows without anybody have
// no counts.
func (c *Call) completions(w *windows, people [][]event, seq []string, period int64) ([][]int, error) {
	states := c.Tables[0].Cols[2]
	counts := make([][]int, len(w.starts))
	for _, id := range people {
		path, best := runs(id, states, true), map[int]int{}
		for i := range path {
			if len(seq) > 0 && path[i].state == seq[0] {
				at := w.of(path[i].first)
				best[at] = max(best[at], reach(path[i:], seq, period))
			}
			if i%1024 == 0 {
				if err := c.Check(); err != nil {
					return nil, err
				}
			}
		}
		for at, depth := range best {
			if counts[at] == nil {
				counts[at] = make([]int, len(seq))
			}
			for k := range depth {
				counts[at][k]++
			}
		}
	}
	return counts, nil
}

// reach says how many states of a sequence follow each other from the first of a path on,
// within a time.
func reach(path []run, seq []string, period int64) int {
	depth := 0
	for _, r := range path {
		if r.first-path[0].first > period || depth == len(seq) {
			break
		}
		if r.state == seq[depth] {
			depth++
		}
	}
	return depth
}
