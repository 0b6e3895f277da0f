package plugin

import (
	"errors"
	"math"
	"sort"

	"github.com/azptu/azptu/internal/kql/value"
)

// pattern says which value each column has; open for columns that may have every value.
type pattern []uint32

const open uint32 = 0

// facts are rows with their values numbered, equal ones taken together. Values that are too
// rare to be part of a pattern are all the number open.
type facts struct {
	rows   []pattern
	weight [][2]float64
	total  [2]float64
	values [][]value.Value // of each column, by number
}

// errTooManyPatterns ends a search that finds no end.
var errTooManyPatterns = errors.New("more than 100,000 combinations of values are frequent; raise the threshold, or project fewer columns")

const maxPatterns = 100_000

// gather reads rows. weight gives what a row counts in each of two sets. A value is rare
// when neither set has the given part of its weight with it.
func (c *Call) gather(cols []*value.Vector, weight func(i int) [2]float64, rare float64) (*facts, error) {
	n := c.Tables[0].Len
	f := &facts{values: make([][]value.Value, len(cols))}
	codes := make([][]uint32, len(cols))
	for k, v := range cols {
		ids := newInterner()
		codes[k] = make([]uint32, n)
		f.values[k] = []value.Value{{}}
		for i := range n {
			id, isNew := ids.id(cols[k:k+1], i)
			if isNew {
				f.values[k] = append(f.values[k], v.Value(i))
			}
			codes[k][i] = id + 1
		}
		if err := c.Check(); err != nil {
			return nil, err
		}
	}
	for i := range n {
		w := weight(i)
		f.total[0], f.total[1] = f.total[0]+w[0], f.total[1]+w[1]
	}
	for k := range cols {
		f.dropRare(codes[k], len(f.values[k]), weight, rare)
	}
	f.compress(codes, weight)
	return f, c.Grow(int64(len(f.rows))*int64(24+4*len(cols)) + 4*int64(n)*int64(len(cols)))
}

func (f *facts) dropRare(codes []uint32, n int, weight func(i int) [2]float64, rare float64) {
	sums := make([][2]float64, n)
	for i, code := range codes {
		w := weight(i)
		sums[code][0], sums[code][1] = sums[code][0]+w[0], sums[code][1]+w[1]
	}
	for i, code := range codes {
		if !f.frequent(sums[code], rare) {
			codes[i] = open
		}
	}
}

// frequent says whether either set has so large a part of its weight.
func (f *facts) frequent(w [2]float64, part float64) bool {
	return w[0] > 0 && w[0] >= part*f.total[0] || w[1] > 0 && w[1] >= part*f.total[1]
}

func (f *facts) compress(codes [][]uint32, weight func(i int) [2]float64) {
	if len(codes) == 0 {
		return
	}
	seen := map[string]int{}
	key := make([]byte, 4*len(codes))
	for i := range codes[0] {
		for k := range codes {
			x := codes[k][i]
			key[4*k], key[4*k+1], key[4*k+2], key[4*k+3] = byte(x), byte(x>>8), byte(x>>16), byte(x>>24)
		}
		w := weight(i)
		if w == [2]float64{} {
			continue
		}
		at, ok := seen[string(key)]
		if !ok {
			at = len(f.rows)
			seen[string(key)] = at
			p := make(pattern, len(codes))
			for k := range codes {
				p[k] = codes[k][i]
			}
			f.rows, f.weight = append(f.rows, p), append(f.weight, [2]float64{})
		}
		f.weight[at][0], f.weight[at][1] = f.weight[at][0]+w[0], f.weight[at][1]+w[1]
	}
}

// found is a pattern with the weight of the rows that fit it.
type found struct {
	pattern
	weight [2]float64
}

// size counts the columns that have a value.
func (p pattern) size() int {
	n := 0
	for _, x := range p {
		if x != open {
			n++
		}
	}
	return n
}

// fits says whether a row, or a pattern that says more, is one of this pattern's.
func (p pattern) fits(row pattern) bool {
	for k, x := range p {
		if x != open && x != row[k] {
			return false
		}
	}
	return true
}

// less orders patterns by their values' first appearance.
func (p pattern) less(q pattern) bool {
	for k := range p {
		if p[k] != q[k] {
			return p[k] != open && (q[k] == open || p[k] < q[k])
		}
	}
	return false
}

// miner finds the closed patterns: those to which no value can be added without losing
// rows. Each is found once (it is reached only by adding values in one order).
type miner struct {
	c     *Call
	f     *facts
	least float64
	depth int
	out   []found
}

// mine gives the closed patterns that are frequent and come of at most depth independent
// values.
func (c *Call) mine(f *facts, least float64, depth int) ([]found, error) {
	m := &miner{c: c, f: f, least: least, depth: depth}
	all := make([]int32, len(f.rows))
	for i := range all {
		all[i] = int32(i)
	}
	if len(all) == 0 {
		return nil, nil
	}
	root, w := m.closure(all)
	if root.size() > 0 {
		m.out = append(m.out, found{root, w})
	}
	err := m.extend(root, all, 0, open, 1)
	return m.out, err
}

// closure gives what all of some rows have in common, and their weight.
func (m *miner) closure(rows []int32) (pattern, [2]float64) {
	p := append(pattern(nil), m.f.rows[rows[0]]...)
	var w [2]float64
	for _, r := range rows {
		for k, x := range m.f.rows[r] {
			if p[k] != x {
				p[k] = open
			}
		}
		w[0], w[1] = w[0]+m.f.weight[r][0], w[1]+m.f.weight[r][1]
	}
	return p, w
}

// extend adds each value that comes after the one added last.
func (m *miner) extend(p pattern, rows []int32, col int, after uint32, depth int) error {
	if depth > m.depth {
		return nil
	}
	if err := m.c.Check(); err != nil {
		return err
	}
	for k := col; k < len(p); k++ {
		if p[k] != open {
			continue
		}
		byValue := map[uint32][]int32{}
		for _, r := range rows {
			if x := m.f.rows[r][k]; x != open && (k > col || x > after) {
				byValue[x] = append(byValue[x], r)
			}
		}
		order := make([]uint32, 0, len(byValue))
		for x := range byValue {
			order = append(order, x)
		}
		sort.Slice(order, func(i, j int) bool { return order[i] < order[j] })
		for _, x := range order {
			if err := m.with(p, byValue[x], k, x, depth); err != nil {
				return err
			}
		}
	}
	return nil
}

// with takes value x of column k in, unless the pattern is reached another way.
func (m *miner) with(p pattern, rows []int32, k int, x uint32, depth int) error {
	q, w := m.closure(rows)
	if !m.f.frequent(w, m.least) {
		return nil
	}
	for j := range k {
		if q[j] != p[j] {
			return nil
		}
	}
	if len(m.out) >= maxPatterns {
		return errTooManyPatterns
	}
	m.out = append(m.out, found{q, w})
	return m.extend(q, rows, k, x, depth+1)
}

// weights reads the column of weights, or counts each row once.
func (c *Call) weights(v *value.Vector) func(i int) float64 {
	if v == nil {
		return func(int) float64 { return 1 }
	}
	return func(i int) float64 {
		x := value.Convert(v.Value(i), value.Real)
		if x.Null || math.IsNaN(x.F) || x.F < 0 {
			return 0
		}
		return x.F
	}
}

// cells gives a pattern's values, a wildcard where there is none. wild holds the wildcards
// that the query chose.
func (f *facts) cells(p pattern, cols []*value.Vector, wild []value.Value) []value.Value {
	out := make([]value.Value, len(p))
	for k, x := range p {
		if x != open {
			out[k] = f.values[k][x]
			continue
		}
		out[k] = value.NullOf(cols[k].Type)
		for _, w := range wild {
			if w.T == cols[k].Type {
				out[k] = w
			}
		}
	}
	return out
}

// percent gives a share in hundredths, rounded.
func percent(part, of float64, digits float64) float64 {
	if of == 0 {
		return 0
	}
	return math.Round(100*part/of*digits) / digits
}
