package plugin

import (
	"math"
	"sort"

	"github.com/azptu/azptu/internal/kql/value"
)

// weighed splits the columns of pattern plugins: when the first constant says so, the first
// column is the weight.
func (c *Call) weighed(cols []*value.Vector) (weight func(i int) float64, rest []*value.Vector) {
	if c.Consts[0].Bool() {
		return c.weights(cols[0]), cols[1:]
	}
	return c.weights(nil), cols
}

// basket gives the frequent combinations of values, each with all values that always come
// with it. Consts: whether there is a weight, threshold, most independent values, and the
// wildcards.
func basket(c *Call) ([]*value.Vector, error) {
	weight, cols := c.weighed(c.Tables[0].Cols)
	least := c.Consts[1].F
	f, err := c.gather(cols, func(i int) [2]float64 { return [2]float64{weight(i)} }, least)
	if err != nil {
		return nil, err
	}
	all, err := c.mine(f, least, int(c.Consts[2].I))
	if err != nil {
		return nil, err
	}
	sort.SliceStable(all, func(i, j int) bool {
		a, b := all[i], all[j]
		if a.weight[0] != b.weight[0] {
			return a.weight[0] > b.weight[0]
		}
		return a.less(b.pattern)
	})
	return c.segments(f, all, cols, c.Consts[3:])
}

// segments gives patterns with how many rows fit them.
func (c *Call) segments(f *facts, all []found, cols []*value.Vector, wild []value.Value) ([]*value.Vector, error) {
	out := c.result()
	for i, p := range all {
		share := value.OfReal(percent(p.weight[0], f.total[0], 10))
		vals := row(longs(i, int(math.Round(p.weight[0]))), []value.Value{share}, f.cells(p.pattern, cols, wild))
		if err := out.add(vals...); err != nil {
			return nil, err
		}
	}
	return out.finish(), nil
}

// rareForClusters is the part of the rows that a value must be in to tell a cluster.
const rareForClusters = 0.01

// autocluster gives a few patterns that together describe much of the rows. From each of
// the most frequent rows that are in no pattern yet it drops values as long as that makes the pattern score better,
// then keeps those that say something new. Consts: whether there is a weight, the weight of
// size against detail, how many seeds, and the wildcards.
func autocluster(c *Call) ([]*value.Vector, error) {
	weight, cols := c.weighed(c.Tables[0].Cols)
	f, err := c.gather(cols, func(i int) [2]float64 { return [2]float64{weight(i)} }, rareForClusters)
	if err != nil {
		return nil, err
	}
	order := make([]int, len(f.rows))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(i, j int) bool { return f.weight[order[i]][0] > f.weight[order[j]][0] })
	var all []found
	for _, at := range order {
		if len(all) >= int(c.Consts[2].I) {
			break
		}
		if f.told(all, f.rows[at]) {
			continue
		}
		p, err := c.grow(f, f.rows[at], c.Consts[1].F)
		if err != nil {
			return nil, err
		}
		if p.size() > 0 {
			all = append(all, p)
		}
	}
	sort.SliceStable(all, func(i, j int) bool {
		a, b := f.score(all[i], c.Consts[1].F), f.score(all[j], c.Consts[1].F)
		if a != b {
			return a > b
		}
		return all[i].less(all[j].pattern)
	})
	return c.segments(f, f.telling(all), cols, c.Consts[3:])
}

// told says whether a row is in a pattern, other than one that all rows are in.
func (f *facts) told(all []found, row pattern) bool {
	for _, p := range all {
		if p.weight[0] < f.total[0] && p.fits(row) {
			return true
		}
	}
	return false
}

// score is the geometric mean of the part of the rows that fit and the part of the columns
// that are told.
func (f *facts) score(p found, size float64) float64 {
	if len(p.pattern) == 0 || f.total[0] == 0 {
		return 0
	}
	return math.Pow(p.weight[0]/f.total[0], size) * math.Pow(float64(p.size())/float64(len(p.pattern)), 1-size)
}

// fit adds up the rows of a pattern.
func (f *facts) fit(p pattern) found {
	out := found{pattern: p}
	for i, r := range f.rows {
		if p.fits(r) {
			out.weight[0], out.weight[1] = out.weight[0]+f.weight[i][0], out.weight[1]+f.weight[i][1]
		}
	}
	return out
}

// grow drops values from a pattern, the best to drop first, and gives the best seen.
func (c *Call) grow(f *facts, seed pattern, size float64) (found, error) {
	now := f.fit(append(pattern(nil), seed...))
	best := now
	for now.size() > 1 {
		if err := c.Check(); err != nil {
			return best, err
		}
		next, top := found{}, -1.0
		for k, x := range now.pattern {
			if x == open {
				continue
			}
			q := append(pattern(nil), now.pattern...)
			q[k] = open
			if p := f.fit(q); f.score(p, size) > top {
				next, top = p, f.score(p, size)
			}
		}
		if now = next; top > f.score(best, size) {
			best = now
		}
	}
	return best, nil
}

// telling keeps the patterns of whose rows at least half are in none kept before, not
// counting what all rows have in common.
func (f *facts) telling(all []found) []found {
	var kept []found
	covered := make([]bool, len(f.rows))
	for _, p := range all {
		fresh := 0.0
		for i, r := range f.rows {
			if !covered[i] && p.fits(r) {
				fresh += f.weight[i][0]
			}
		}
		if fresh < p.weight[0]/2 || fresh == 0 {
			continue
		}
		for i, r := range f.rows {
			covered[i] = covered[i] || p.weight[0] < f.total[0] && p.fits(r)
		}
		kept = append(kept, p)
	}
	return kept
}

// diffPatterns gives the combinations of values that one set of rows has more often than
// the other. Columns: the weight if there is one, the set a row is in as text, the others.
// Consts: whether there is a weight, the names of the sets, threshold, most independent
// values, and the wildcards.
func diffPatterns(c *Call) ([]*value.Vector, error) {
	weight, cols := c.weighed(c.Tables[0].Cols)
	side, cols := cols[0], cols[1:]
	least := c.Consts[3].F
	f, err := c.gather(cols, func(i int) [2]float64 {
		switch side.Text(i) {
		case c.Consts[1].S:
			return [2]float64{weight(i), 0}
		case c.Consts[2].S:
			return [2]float64{0, weight(i)}
		}
		return [2]float64{}
	}, least)
	if err != nil {
		return nil, err
	}
	all, err := c.mine(f, least, int(c.Consts[4].I))
	if err != nil {
		return nil, err
	}
	out := c.result()
	for i, p := range f.differing(all, least) {
		a, b := percent(p.weight[0], f.total[0], 100), percent(p.weight[1], f.total[1], 100)
		shares := []value.Value{value.OfReal(a), value.OfReal(b), value.OfReal(percent(f.difference(p), 1, 100))}
		vals := row(longs(i, int(math.Round(p.weight[0])), int(math.Round(p.weight[1]))), shares, f.cells(p.pattern, cols, c.Consts[5:]))
		if err := out.add(vals...); err != nil {
			return nil, err
		}
	}
	return out.finish(), nil
}

// difference is how far apart the parts of the two sets are that fit a pattern.
func (f *facts) difference(p found) float64 {
	part := func(side int) float64 {
		if f.total[side] == 0 {
			return 0
		}
		return p.weight[side] / f.total[side]
	}
	return math.Abs(part(0) - part(1))
}

// differing keeps the patterns that tell the sets apart best: none that says more or less
// than one that tells them better.
func (f *facts) differing(all []found, least float64) []found {
	sort.SliceStable(all, func(i, j int) bool {
		a, b := all[i], all[j]
		if x, y := f.difference(a), f.difference(b); x != y {
			return x > y
		}
		if a.size() != b.size() {
			return a.size() < b.size()
		}
		return a.less(b.pattern)
	})
	var kept []found
	for _, p := range all {
		if f.difference(p) < least {
			break
		}
		fresh := true
		for _, k := range kept {
			fresh = fresh && !k.fits(p.pattern) && !p.fits(k.pattern)
		}
		if fresh {
			kept = append(kept, p)
		}
	}
	return kept
}
