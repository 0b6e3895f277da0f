package exec

import (
	"strings"

	"github.com/azptu/azptu/internal/kql/value"
)

// grouper numbers the distinct combinations of key values. The values of each key are
// numbered on their own, then combinations of such numbers: strings are hashed once for
// each word of a dictionary, not once for each row.
type grouper struct {
	keys  []*keyColumn
	pairs []*pairTable // pairs[j] numbers combinations of what is before with key j+1
	first []int64      // when each group was first seen, to order the result
	out   []uint32
}

// keyColumn numbers the distinct values of one key.
type keyColumn struct {
	typ    value.Type
	words  *value.Builder
	texts  map[string]uint32
	ints   map[int64]uint32
	groups []uint32 // the number for each group
	known  map[value.DictID][]uint32
	ids    []uint32
	buf    []byte
}

func newGrouper(types []value.Type) *grouper {
	g := &grouper{}
	for i, t := range types {
		g.keys = append(g.keys, &keyColumn{typ: t, words: value.NewBuilder(t, 0), texts: map[string]uint32{}, ints: map[int64]uint32{}, known: map[value.DictID][]uint32{}})
		if i > 0 {
			g.pairs = append(g.pairs, &pairTable{})
		}
	}
	return g
}

func (g *grouper) len() int {
	if len(g.keys) == 0 {
		return 1
	}
	return len(g.first)
}

// columns gives the key values of all groups.
func (g *grouper) columns() []*value.Vector {
	out := make([]*value.Vector, len(g.keys))
	for i, k := range g.keys {
		out[i] = value.CodedOf(k.words.Finish(), k.groups).Flat()
	}
	return out
}

// assign gives the group of each of n rows. The result is good until the next call.
func (g *grouper) assign(keys []*value.Vector, n int, seq int64) []uint32 {
	g.out = sized(g.out, n)
	if len(keys) == 0 {
		clear(g.out)
		return g.out
	}
	for j, k := range g.keys {
		k.ids = sized(k.ids, n)
		k.number(keys[j])
	}
	copy(g.out, g.keys[0].ids)
	for j, p := range g.pairs {
		p.number(g.out, g.keys[j+1].ids)
	}
	g.enter(seq)
	return g.out
}

func sized(s []uint32, n int) []uint32 {
	if cap(s) < n {
		return make([]uint32, n)
	}
	return s[:n]
}

// enter notes the groups that are new: numbers are given one after the other, so each new
// one is one more than the last.
func (g *grouper) enter(seq int64) {
	total := g.keys[0].words.Len()
	if len(g.pairs) > 0 {
		total = g.pairs[len(g.pairs)-1].n
	}
	if total == len(g.first) {
		return
	}
	for i, id := range g.out {
		if int(id) == len(g.first) {
			g.first = append(g.first, seq<<24|int64(i))
			for _, k := range g.keys {
				k.groups = append(k.groups, k.ids[i])
			}
		}
	}
}

// merge takes over another grouper's groups and says which number each has here.
func (g *grouper) merge(o *grouper) []uint32 {
	if len(g.keys) == 0 {
		return []uint32{0}
	}
	before := len(g.first)
	to := append([]uint32(nil), g.assign(o.columns(), len(o.first), 0)...)
	for i, id := range to {
		if int(id) >= before {
			g.first[id] = o.first[i]
		} else {
			g.first[id] = min(g.first[id], o.first[i])
		}
	}
	return to
}

// number puts the numbers of a column's values into ids.
func (k *keyColumn) number(v *value.Vector) {
	switch {
	case v.Const:
		id := uint32(0)
		if len(k.ids) > 0 {
			id = k.id(v, 0)
		}
		for i := range k.ids {
			k.ids[i] = id
		}
	case v.Codes != nil:
		k.numberCodes(v)
	case k.typ.Ints() && len(v.Nulls) == 0:
		k.numberInts(v.I64)
	default:
		for i := range k.ids {
			k.ids[i] = k.id(v, i)
		}
	}
}

func (k *keyColumn) numberInts(xs []int64) {
	last, lastID := int64(0), uint32(0)
	for i := range k.ids {
		x := xs[i]
		if i == 0 || x != last {
			last, lastID = x, k.int(x)
		}
		k.ids[i] = lastID
	}
}

func (k *keyColumn) numberCodes(v *value.Vector) {
	id := v.DictID()
	numbers := k.known[id] // one more than the number; 0 is not yet known
	if numbers == nil {
		words, _ := v.Dictionary()
		if len(k.known) >= maxDictionaries {
			clear(k.known)
		}
		numbers = make([]uint32, words.Len)
		k.known[id] = numbers
	}
	codes := v.Codes[:len(k.ids)]
	for i, c := range codes {
		n := numbers[c]
		if n == 0 {
			n = k.id(v, i) + 1
			numbers[c] = n
		}
		k.ids[i] = n - 1
	}
}

// id numbers the value of one row.
func (k *keyColumn) id(v *value.Vector, i int) uint32 {
	if k.typ == value.String {
		text := v.Text(i)
		id, ok := k.texts[text]
		if !ok {
			text = strings.Clone(text) // so that the batch it is from can go
			id = k.add(value.OfString(text))
			k.texts[text] = id
		}
		return id
	}
	x := v.Value(i)
	if k.typ.Ints() && !x.Null {
		return k.int(x.I)
	}
	k.buf = value.AppendKey(k.buf[:0], v.Flat(), i)
	id, ok := k.texts[string(k.buf)]
	if !ok {
		id = k.add(x)
		k.texts[string(k.buf)] = id
	}
	return id
}

func (k *keyColumn) int(x int64) uint32 {
	id, ok := k.ints[x]
	if !ok {
		id = k.add(value.Value{T: k.typ, I: x})
		k.ints[x] = id
	}
	return id
}

func (k *keyColumn) add(x value.Value) uint32 {
	k.words.Append(x)
	return uint32(k.words.Len() - 1)
}

// pairTable numbers pairs of small numbers: by a table while the numbers are few, then by a map.
type pairTable struct {
	n      int
	width  uint32
	table  []uint32 // one more than the number of the pair (a, b) at a*width+b
	sparse map[uint64]uint32
}

// maxPairTable bounds the table, which may be mostly empty.
const maxPairTable = 1 << 20

// number puts the numbers of the pairs into left.
func (p *pairTable) number(left, right []uint32) {
	for i, a := range left {
		b := right[i]
		if k := int(a)*int(p.width) + int(b); b < p.width && k < len(p.table) {
			id := p.table[k]
			if id == 0 {
				p.n++
				id = uint32(p.n)
				p.table[k] = id
			}
			left[i] = id - 1
			continue
		}
		left[i] = p.slow(a, b)
	}
}

func (p *pairTable) slow(a, b uint32) uint32 {
	if p.sparse == nil {
		if p.widen(a, b) {
			one := []uint32{a}
			p.number(one, []uint32{b})
			return one[0]
		}
		p.toMap()
	}
	key := uint64(a)<<32 | uint64(b)
	id, ok := p.sparse[key]
	if !ok {
		id = uint32(p.n)
		p.n++
		p.sparse[key] = id
	}
	return id
}

// widen makes the table large enough for a pair; false when it would be too large.
func (p *pairTable) widen(a, b uint32) bool {
	width := max(p.width, 4)
	for width <= b {
		width *= 2
	}
	height := max(uint64(len(p.table))/uint64(max(p.width, 1)), 16)
	for height <= uint64(a) {
		height *= 2
	}
	if uint64(width) > maxPairTable || height*uint64(width) > maxPairTable {
		return false
	}
	table := make([]uint32, height*uint64(width))
	for k, id := range p.table {
		if id != 0 {
			table[uint32(k)/p.width*width+uint32(k)%p.width] = id
		}
	}
	p.table, p.width = table, width
	return true
}

func (p *pairTable) toMap() {
	p.sparse = make(map[uint64]uint32, 2*p.n)
	for k, id := range p.table {
		if id != 0 {
			p.sparse[uint64(uint32(k)/p.width)<<32|uint64(uint32(k)%p.width)] = id - 1
		}
	}
	p.table, p.width = nil, 0
}
