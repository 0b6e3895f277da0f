package agg

import (
	"math"

	"github.com/azptu/azptu/internal/kql/value"
)

// codedSum adds whole numbers up by the codes of a dictionary, without looking at nulls or
// at how a decimal is made row by row.
type codedSum struct {
	parts []partSum
	// bound is what no part's magnitude can exceed.
	bound float64
	id    value.DictID
	words []partSum // what each word of the dictionary adds; nil when it is not of this kind
	most  float64
}

// partSum is a sum and of how many values.
type partSum struct{ total, n int64 }

// maxPart is the magnitude up to which parts grow before they are put into the sum.
const maxPart = 1 << 62

// updateCoded adds a coded vector; false says that it has to be done in the general way.
func (s *sum) updateCoded(groups []uint32, v *value.Vector) bool {
	c := &s.coded
	if id := v.DictID(); id != c.id || c.words == nil {
		c.id = id
		c.words, c.most = wordSums(v.Words)
	}
	if c.words == nil {
		return false
	}
	if c.bound += c.most * float64(len(groups)); s.typ == value.Decimal && c.bound > maxPart {
		s.settle()
		c.bound = c.most * float64(len(groups))
	}
	if c.parts == nil {
		c.parts = make([]partSum, len(s.seen), cap(s.seen))
	}
	parts, words, codes := c.parts, c.words, v.Codes[:len(groups)]
	for i, g := range groups {
		w, p := &words[codes[i]], &parts[g]
		p.total += w.total
		p.n += w.n
	}
	return true
}

// wordSums gives what each word adds, and the largest magnitude; nil when a word is no
// whole number, or a decimal too large to be added up in 64 bits.
func wordSums(words *value.Vector) (out []partSum, most float64) {
	const large = 1 << 44
	out = make([]partSum, words.Len)
	for i := range out {
		if words.Nulls.Get(i) {
			continue
		}
		n := int64(0)
		switch {
		case words.Type.Ints():
			n = words.I64[i]
		case words.Type == value.Decimal:
			d := &words.Dec[i]
			if d.Big != nil || d.Exp != 0 || d.Coef > large || d.Coef < -large {
				return nil, 0
			}
			n = d.Coef
		default:
			return nil, 0
		}
		out[i] = partSum{n, 1}
		most = max(most, math.Abs(float64(n)))
	}
	return out, most
}

// settle puts the parts into the sum.
func (s *sum) settle() {
	for g, p := range s.coded.parts {
		switch {
		case p.n == 0:
			continue
		case s.typ == value.Decimal:
			s.d[g] = s.d[g].Add(value.DecOf(p.total))
		default:
			s.i[g] += p.total
		}
		s.seen[g] += p.n
		s.coded.parts[g] = partSum{}
	}
	s.coded.bound = 0
}
