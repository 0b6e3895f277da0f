package plugin

import (
	"math"
	"sort"

	"github.com/azptu/azptu/internal/kql/sketch"
	"github.com/azptu/azptu/internal/kql/value"
)

// rollingPercentile gives for each bin the percentile of the values in it and in the bins
// before it. Columns: the value, the index. Consts: percentile, bin, how many bins.
func rollingPercentile(c *Call) ([]*value.Vector, error) {
	part, bin, n := c.Consts[0].F, c.Consts[1].I, c.Consts[2].I
	slices, err := c.slices(math.MinInt64, math.MaxInt64)
	if err != nil {
		return nil, err
	}
	values, out := c.Tables[0].Cols[0], c.result()
	typ := c.Tables[0].Cols[1].Type
	for _, s := range slices {
		lo, hi := 0, 0
		for hi < len(s.events) {
			at := floorTo(s.events[hi].at, bin)
			for hi < len(s.events) && floorTo(s.events[hi].at, bin) == at {
				hi++
			}
			for floorTo(s.events[lo].at, bin) <= minus(at, n*bin) {
				lo++
			}
			if err := c.Check(); err != nil {
				return nil, err
			}
			v := percentile(values, s.events[lo:hi], part)
			if err := out.add(row([]value.Value{{T: typ, I: at}}, s.dims, []value.Value{v})...); err != nil {
				return nil, err
			}
		}
	}
	return out.finish(), nil
}

// floorTo rounds down to a multiple.
func floorTo(t, bin int64) int64 { return t - (t%bin+bin)%bin }

// percentile gives the value of the nearest rank.
func percentile(values *value.Vector, events []event, part float64) value.Value {
	all := make([]value.Value, 0, len(events))
	for _, e := range events {
		if v := values.Value(e.row); !v.Null {
			all = append(all, v)
		}
	}
	if len(all) == 0 {
		return value.NullOf(values.Type)
	}
	sort.SliceStable(all, func(i, j int) bool { return value.Compare(all[i], all[j]) < 0 })
	rank := int(math.Ceil(part/100*float64(len(all)))) - 1
	return all[min(max(rank, 0), len(all)-1)]
}

// dcountIntersect estimates for each row how many values are in the first set, in the first
// two, and so on. The sets are counters as hll() makes them; what is in all of several sets
// follows from what is in any of them.
func dcountIntersect(c *Call) ([]*value.Vector, error) {
	t, out := c.Tables[0], c.result()
	sets := t.Cols[len(t.Cols)-int(c.Consts[0].I):]
	for i := range t.Len {
		counters := make([]*sketch.HLL, len(sets))
		for k, v := range sets {
			counters[k], _ = sketch.HLLOf(v.Dynamic(i))
		}
		common, err := c.intersections(counters)
		if err != nil {
			return nil, err
		}
		if err := out.add(row(valuesAt(t.Cols[:len(t.Cols)-len(sets)], i), common)...); err != nil {
			return nil, err
		}
	}
	return out.finish(), nil
}

// intersections goes through all unions of counters, each counted for the set that is the
// last in it and all later ones.
func (c *Call) intersections(counters []*sketch.HLL) ([]value.Value, error) {
	sums := make([]int64, len(counters))
	var visit func(from int, so *sketch.HLL, sign int64) error
	visit = func(from int, so *sketch.HLL, sign int64) error {
		if err := c.Check(); err != nil {
			return err
		}
		for k := from; k < len(counters); k++ {
			union := sketch.NewHLL()
			union.Merge(so)
			union.Merge(counters[k])
			sums[k] += sign * union.Count()
			if err := visit(k+1, union, -sign); err != nil {
				return err
			}
		}
		return nil
	}
	out := make([]value.Value, len(counters))
	for _, h := range counters {
		if h == nil {
			for i := range out {
				out[i] = value.NullOf(value.Long)
			}
			return out, nil
		}
	}
	if err := visit(0, sketch.NewHLL(), 1); err != nil {
		return nil, err
	}
	total := int64(0)
	for k := range out {
		total += sums[k]
		out[k] = value.OfLong(max(total, 0))
	}
	return out, nil
}
