// Package sketch keeps summaries of many values in little memory: how many are distinct
// (HyperLogLog, exact while there are few) and how they are spread (t-digest). Both can be
// merged and carried in a dynamic value.
package sketch

import (
	"encoding/base64"
	"encoding/binary"
	"math"
	"math/bits"
)

const (
	precision = 14
	registers = 1 << precision
	// exactUpTo is how many distinct hashes are counted exactly.
	exactUpTo = 8192
)

// HLL counts distinct 64-bit hashes.
type HLL struct {
	exact map[uint64]struct{}
	regs  []uint8
}

// NewHLL makes an empty counter.
func NewHLL() *HLL { return &HLL{exact: make(map[uint64]struct{})} }

// Add counts a hash.
func (h *HLL) Add(hash uint64) {
	if h.regs == nil {
		h.exact[hash] = struct{}{}
		if len(h.exact) > exactUpTo {
			h.spill()
		}
		return
	}
	h.put(hash)
}

func (h *HLL) spill() {
	h.regs = make([]uint8, registers)
	for x := range h.exact {
		h.put(x)
	}
	h.exact = nil
}

func (h *HLL) put(hash uint64) {
	i := hash >> (64 - precision)
	if rank := uint8(bits.LeadingZeros64(hash<<precision|1<<(precision-1))) + 1; rank > h.regs[i] {
		h.regs[i] = rank
	}
}

// Merge adds what another counter has counted.
func (h *HLL) Merge(o *HLL) {
	if o.regs == nil {
		for x := range o.exact {
			h.Add(x)
		}
		return
	}
	if h.regs == nil {
		h.spill()
	}
	for i, r := range o.regs {
		h.regs[i] = max(h.regs[i], r)
	}
}

// Count estimates how many distinct hashes were added.
func (h *HLL) Count() int64 {
	if h.regs == nil {
		return int64(len(h.exact))
	}
	sum, zeros := 0.0, 0
	for _, r := range h.regs {
		sum += 1 / float64(uint64(1)<<r)
		if r == 0 {
			zeros++
		}
	}
	m := float64(registers)
	e := 0.7213 / (1 + 1.079/m) * m * m / sum
	if e <= 2.5*m && zeros > 0 {
		e = m * math.Log(m/float64(zeros))
	}
	return int64(math.Round(e))
}

// Dynamic gives the counter's state as a member of a dynamic value.
func (h *HLL) Dynamic() any {
	var b []byte
	if h.regs == nil {
		for x := range h.exact {
			b = binary.LittleEndian.AppendUint64(b, x)
		}
		return []any{int64(precision), int64(0), base64.StdEncoding.EncodeToString(b)}
	}
	return []any{int64(precision), int64(1), base64.StdEncoding.EncodeToString(h.regs)}
}

// HLLOf reads back what Dynamic gave; ok is false for anything else.
func HLLOf(x any) (*HLL, bool) {
	l, ok := x.([]any)
	if !ok || len(l) != 3 || l[0] != int64(precision) {
		return nil, false
	}
	text, ok := l[2].(string)
	if !ok {
		return nil, false
	}
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, false
	}
	h := NewHLL()
	if l[1] == int64(1) {
		if len(b) != registers {
			return nil, false
		}
		h.regs, h.exact = b, nil
		return h, true
	}
	for ; len(b) >= 8; b = b[8:] {
		h.Add(binary.LittleEndian.Uint64(b))
	}
	return h, true
}
