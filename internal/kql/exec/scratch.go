package exec

import (
	"sync"

	"github.com/azptu/azptu/internal/kql/value"
)

// scratch is memory for the codes of a batch that is not kept.
type scratch struct {
	buffers [][]uint32
	used    int
}

var scratches = sync.Pool{New: func() any { return &scratch{} }}

// free hands the memory back; what was made of it must no longer be used.
func (s *scratch) free() {
	s.used = 0
	scratches.Put(s)
}

func (s *scratch) codes(n int) []uint32 {
	if s.used == len(s.buffers) {
		s.buffers = append(s.buffers, nil)
	}
	b := s.buffers[s.used]
	if cap(b) < n {
		b = make([]uint32, n)
		s.buffers[s.used] = b
	}
	s.used++
	return b[:n]
}

// take gathers the selected rows of a vector. A nil scratch makes vectors that may be kept.
func (s *scratch) take(v *value.Vector, sel []int32) *value.Vector {
	if s == nil || !v.Coded() {
		return v.Take(sel)
	}
	w := *v
	w.Len, w.Codes = len(sel), s.codes(len(sel))
	for i, r := range sel {
		w.Codes[i] = v.Codes[r]
	}
	return &w
}
