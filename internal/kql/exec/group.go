package exec

import "github.com/azptu/azptu/internal/kql/value"

// grouper numbers the distinct combinations of key values.
type grouper struct {
	ids    map[string]uint32
	ints   map[int64]uint32
	keys   []*value.Builder
	first  []int64 // when each group was first seen, to order the result
	groups []uint32
	buf    []byte
	codes  map[codePair]*codeTable
}

// codePair is the dictionaries of one or two coded keys.
type codePair struct{ a, b *string }

// codeTable maps pairs of codes to groups, one more than the number, 0 for not yet known.
type codeTable struct{ groups []uint32 }

// maxCodeTable bounds the pairs of codes that are looked up directly.
const maxCodeTable = 1 << 16

func newGrouper(types []value.Type) *grouper {
	g := &grouper{ids: map[string]uint32{}, codes: map[codePair]*codeTable{}}
	for _, t := range types {
		g.keys = append(g.keys, value.NewBuilder(t, 0))
	}
	if len(types) == 1 && types[0].Ints() {
		g.ints = map[int64]uint32{}
	}
	return g
}

func (g *grouper) len() int {
	if len(g.keys) == 0 {
		return 1
	}
	return len(g.first)
}

// assign gives the group of each of n rows. The result is good until the next call.
func (g *grouper) assign(keys []*value.Vector, n int, seq int64) []uint32 {
	if cap(g.groups) < n {
		g.groups = make([]uint32, n)
	}
	out := g.groups[:n]
	switch {
	case len(keys) == 0:
		clear(out)
	case g.assignCodes(keys, out, seq):
	case g.ints != nil && !keys[0].Const && len(keys[0].Nulls) == 0:
		g.assignInts(keys[0], out, seq)
	default:
		for i := range out {
			out[i] = g.lookup(keys, i, seq)
		}
	}
	return out
}

func (g *grouper) lookup(keys []*value.Vector, i int, seq int64) uint32 {
	if g.ints != nil {
		if v := keys[0]; !v.Null(i) {
			return g.int(keys, v.I64[i&v.Mask()], i, seq)
		}
	}
	g.buf = g.buf[:0]
	for _, v := range keys {
		g.buf = value.AppendKey(g.buf, v, i)
	}
	id, ok := g.ids[string(g.buf)]
	if !ok {
		id = g.add(keys, i, seq)
		g.ids[string(g.buf)] = id
	}
	return id
}

func (g *grouper) int(keys []*value.Vector, k int64, i int, seq int64) uint32 {
	id, ok := g.ints[k]
	if !ok {
		id = g.add(keys, i, seq)
		g.ints[k] = id
	}
	return id
}

func (g *grouper) add(keys []*value.Vector, i int, seq int64) uint32 {
	for j, v := range keys {
		g.keys[j].AppendFrom(v, i)
	}
	g.first = append(g.first, seq<<24|int64(i))
	return uint32(len(g.first) - 1)
}

func (g *grouper) assignInts(v *value.Vector, out []uint32, seq int64) {
	keys := []*value.Vector{v}
	last, lastID := int64(0), uint32(0)
	known := false
	for i := range out {
		k := v.I64[i]
		if !known || k != last {
			last, lastID, known = k, g.int(keys, k, i, seq), true
		}
		out[i] = lastID
	}
}

// coded says whether keys are one or two dictionary-coded strings of few enough words.
func coded(keys []*value.Vector) bool {
	size := 1
	for _, v := range keys {
		if v.Codes == nil || v.Type != value.String || v.Const || len(v.Dict) == 0 {
			return false
		}
		size *= len(v.Dict)
	}
	return len(keys) <= 2 && size <= maxCodeTable
}

// table gives the lookup table for the dictionaries of two keys.
func (g *grouper) table(a, b *value.Vector) []uint32 {
	pair := codePair{&a.Dict[0], &b.Dict[0]}
	size := len(a.Dict) * len(b.Dict)
	t := g.codes[pair]
	if t == nil || len(t.groups) < size {
		if len(g.codes) > 256 {
			clear(g.codes)
		}
		t = &codeTable{groups: make([]uint32, size)}
		g.codes[pair] = t
	}
	return t.groups
}

// oneWord is the dictionary that stands for a second key when there is none.
var oneWord = &value.Vector{Type: value.String, Dict: []string{""}}

// assignCodes groups by one or two dictionary-coded strings without hashing; false when
// the keys are not of that kind.
func (g *grouper) assignCodes(keys []*value.Vector, out []uint32, seq int64) bool {
	if !coded(keys) {
		return false
	}
	a, b := keys[0], oneWord
	var second []uint32
	if len(keys) == 2 {
		b = keys[1]
		second = b.Codes
	}
	groups := g.table(a, b)
	width := len(b.Dict)
	for i := range out {
		k := int(a.Codes[i]) * width
		if second != nil {
			k += int(second[i])
		}
		id := groups[k]
		if id == 0 {
			id = g.lookup(keys, i, seq) + 1
			groups[k] = id
		}
		out[i] = id - 1
	}
	return true
}

// merge takes over another grouper's groups and says which number each has here.
func (g *grouper) merge(o *grouper) []uint32 {
	if len(g.keys) == 0 {
		return []uint32{0}
	}
	keys := make([]*value.Vector, len(o.keys))
	for i, b := range o.keys {
		keys[i] = b.Finish()
	}
	to := make([]uint32, len(o.first))
	for i := range to {
		before := len(g.first)
		to[i] = g.lookup(keys, i, 0)
		if len(g.first) > before {
			g.first[to[i]] = o.first[i]
		} else {
			g.first[to[i]] = min(g.first[to[i]], o.first[i])
		}
	}
	return to
}
