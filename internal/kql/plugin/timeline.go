package plugin

import (
	"sort"

	"github.com/azptu/azptu/internal/kql/value"
)

// event is a row on a timeline: who, when, and where the row is.
type event struct {
	id  uint32
	at  int64
	row int
}

// slice is the events with the same values in the columns that the result is sliced by,
// in the order of time.
type slice struct {
	dims   []value.Value
	events []event
}

// eventCost is what an event is taken to hold, in bytes.
const eventCost = 48

// slices gathers the events from lo to hi, both included. The first column says who, the
// second when; rows without a time are left out.
func (c *Call) slices(lo, hi int64) ([]*slice, error) {
	t := c.Tables[0]
	who, when, dims := t.Cols[:1], t.Cols[1], t.Cols[len(t.Cols)-c.Dims:]
	groups := newInterner()
	c.who = newInterner()
	var out []*slice
	for i := range t.Len {
		if i%4096 == 0 {
			if err := c.Check(); err != nil {
				return nil, err
			}
		}
		at := when.Value(i)
		if at.Null || at.I < lo || at.I > hi {
			continue
		}
		g, isNew := groups.id(dims, i)
		if isNew {
			out = append(out, &slice{dims: valuesAt(dims, i)})
		}
		id, _ := c.who.id(who, i)
		out[g].events = append(out[g].events, event{id: id, at: at.I, row: i})
	}
	if c.Dims == 0 && len(out) == 0 {
		out = []*slice{{}}
	}
	for _, s := range out {
		sort.SliceStable(s.events, func(i, j int) bool { return s.events[i].at < s.events[j].at })
	}
	return out, c.Grow(eventCost * int64(t.Len))
}

func valuesAt(cols []*value.Vector, i int) []value.Value {
	out := make([]value.Value, len(cols))
	for k, v := range cols {
		out[k] = v.Value(i)
	}
	return out
}

// windows cut a timeline into pieces, each beginning where the one before ends.
type windows struct {
	typ    value.Type
	starts []int64
	end    int64 // the last moment that belongs to the last one
}

// cut makes the windows from start to end, both included. step is a length, or the word
// week, month or year for pieces of the calendar.
func cut(start, end, step value.Value) (*windows, error) {
	w := &windows{typ: start.T, end: end.I}
	next := func(t int64) int64 { return t + step.I }
	at := start.I
	if step.T == value.String {
		at = startOf(step.S, start.I, 0)
		next = func(t int64) int64 { return startOf(step.S, t, 1) }
	}
	for ; at <= end.I; at = next(at) {
		w.starts = append(w.starts, at)
		if len(w.starts) > maxWindows {
			return nil, errTooMany
		}
		if next(at) <= at {
			break
		}
	}
	return w, nil
}

// startOf gives the first moment of the week, month or year that lies n units after t's.
func startOf(unit string, t int64, n int) int64 {
	d := value.ToTime(t)
	switch unit {
	case "week":
		day := t - t%value.Day
		return day - int64(d.Weekday())*value.Day + int64(n)*7*value.Day
	case "month":
		return value.FromTime(d.AddDate(0, 0, 1-d.Day()).AddDate(0, n, 0)) / value.Day * value.Day
	}
	return value.FromTime(d.AddDate(0, 0, 1-d.YearDay()).AddDate(n, 0, 0)) / value.Day * value.Day
}

// of gives the window a moment is in, -1 when it is before the first.
func (w *windows) of(t int64) int {
	return sort.Search(len(w.starts), func(i int) bool { return w.starts[i] > t }) - 1
}

// last is the last moment of a window.
func (w *windows) last(i int) int64 {
	if i+1 < len(w.starts) {
		return min(w.starts[i+1]-1, w.end)
	}
	return w.end
}

// at gives a window's beginning as the timeline's type.
func (w *windows) at(i int) value.Value { return value.Value{T: w.typ, I: w.starts[i]} }

// split gives for each window the events in it.
func (w *windows) split(events []event) [][]event {
	out := make([][]event, len(w.starts))
	lo := 0
	for lo < len(events) {
		i := w.of(events[lo].at)
		hi := lo + 1
		for hi < len(events) && w.of(events[hi].at) == i {
			hi++
		}
		if i >= 0 {
			out[i] = events[lo:hi]
		}
		lo = hi
	}
	return out
}

// set is a set of who.
type set map[uint32]struct{}

func idsOf(events []event) set {
	s := make(set, len(events))
	for _, e := range events {
		s[e.id] = struct{}{}
	}
	return s
}

// both counts who is in a and in b.
func both(a, b set) int {
	n := 0
	for id := range a {
		if _, ok := b[id]; ok {
			n++
		}
	}
	return n
}

// tally counts who is in a window that slides.
type tally map[uint32]int

func (t tally) add(e event) { t[e.id]++ }

func (t tally) drop(e event) {
	if t[e.id]--; t[e.id] == 0 {
		delete(t, e.id)
	}
}
