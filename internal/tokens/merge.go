package tokens

// merger merges the bytes of one piece into tokens: again and again the
// leftmost pair with the lowest rank. Short pieces, nearly all of them, are
// scanned for it; long ones go through a heap, so that a hostile megabyte
// without a blank takes n log n steps and not n².
type merger struct {
	starts []int32  // where each part starts, then the end of the piece
	ranks  []uint32 // rank of a part merged with the next
	next   []int32  // heap: the part behind, by start
	prev   []int32  // heap: the part before
	heap   []candidate
	known  [memory]known
}

// known is a piece that was counted before. Texts repeat their words: to find
// one here takes less than to look it up among all tokens and to merge it.
type known struct {
	piece         [30]byte
	length, count uint8 // length 0: nothing is here
}

// memory is how many pieces a merger remembers; later ones take the place of
// earlier ones.
const memory = 512

// count tells how many tokens piece is.
func (m *merger) count(v *vocabulary, piece []byte) int {
	if len(piece) == 1 {
		return 1
	}
	if len(piece) > len(m.known[0].piece) {
		return m.look(v, piece)
	}
	k := &m.known[hash(piece)%memory]
	if string(k.piece[:k.length]) == string(piece) {
		return int(k.count)
	}
	n := m.look(v, piece)
	copy(k.piece[:], piece)
	k.length, k.count = uint8(len(piece)), uint8(n)
	return n
}

func (m *merger) look(v *vocabulary, piece []byte) int {
	if v.rank(piece) != noRank {
		return 1
	}
	return m.run(v, piece)
}

// scanLimit is the piece length up to which scanning is faster.
const scanLimit = 64

// run merges piece and returns how many tokens it became.
func (m *merger) run(v *vocabulary, piece []byte) int {
	if len(piece) > scanLimit {
		return m.runHeap(v, piece)
	}
	n := len(piece)
	starts, ranks := m.starts[:0], m.ranks[:0]
	for i := range n {
		starts = append(starts, int32(i))
		if i+1 < n {
			ranks = append(ranks, v.pairs[int(piece[i])<<8|int(piece[i+1])])
		}
	}
	starts = append(starts, int32(n))
	for len(ranks) > 0 {
		lowest, at := noRank, 0
		for i, r := range ranks {
			if r < lowest {
				lowest, at = r, i
			}
		}
		if lowest == noRank {
			break
		}
		// Parts at and at+1 become one.
		starts = append(starts[:at+1], starts[at+2:]...)
		ranks = append(ranks[:at], ranks[at+1:]...)
		if at < len(ranks) {
			ranks[at] = v.rank(piece[starts[at]:starts[at+2]])
		}
		if at > 0 {
			ranks[at-1] = v.rank(piece[starts[at-1]:starts[at+1]])
		}
	}
	m.starts, m.ranks = starts, ranks
	return len(starts) - 1
}

// tokens appends what the last run made of piece.
func (m *merger) tokens(dst []uint32, v *vocabulary, piece []byte) []uint32 {
	for i := 0; i+1 < len(m.starts); i++ {
		dst = append(dst, v.rank(piece[m.starts[i]:m.starts[i+1]]))
	}
	return dst
}

type candidate struct {
	rank  uint32
	start int32
}

func (c candidate) before(d candidate) bool {
	return c.rank < d.rank || c.rank == d.rank && c.start < d.start
}

func (m *merger) runHeap(v *vocabulary, piece []byte) int {
	n := int32(len(piece))
	m.grow(int(n) + 1)
	m.heap = m.heap[:0]
	for i := range n {
		m.prev[i], m.next[i] = i-1, i+1
		m.ranks[i] = noRank
		if i+1 < n {
			m.ranks[i] = v.pairs[int(piece[i])<<8|int(piece[i+1])]
		}
		if m.ranks[i] != noRank {
			m.push(candidate{m.ranks[i], i})
		}
	}
	for len(m.heap) > 0 {
		top := m.pop()
		i := top.start
		if m.ranks[i] != top.rank {
			continue // one of its parts has been merged since
		}
		gone := m.next[i]
		m.ranks[gone] = noRank
		m.next[i] = m.next[gone]
		if m.next[i] < n {
			m.prev[m.next[i]] = i
		}
		m.rerank(v, piece, i)
		if m.prev[i] >= 0 {
			m.rerank(v, piece, m.prev[i])
		}
	}
	m.starts = m.starts[:0]
	for i := int32(0); i < n; i = m.next[i] {
		m.starts = append(m.starts, i)
	}
	m.starts = append(m.starts, n)
	return len(m.starts) - 1
}

// rerank looks up the pair that starts with part i.
func (m *merger) rerank(v *vocabulary, piece []byte, i int32) {
	m.ranks[i] = noRank
	second := m.next[i]
	if int(second) >= len(piece) {
		return
	}
	if r := v.rank(piece[i:m.next[second]]); r != noRank {
		m.ranks[i] = r
		m.push(candidate{r, i})
	}
}

func (m *merger) grow(n int) {
	if cap(m.next) < n {
		m.next, m.prev = make([]int32, n), make([]int32, n)
	}
	if cap(m.ranks) < n {
		m.ranks = make([]uint32, n)
	}
	m.next, m.prev, m.ranks = m.next[:n], m.prev[:n], m.ranks[:n]
}

func (m *merger) push(c candidate) {
	m.heap = append(m.heap, c)
	h := m.heap
	for i := len(h) - 1; i > 0; {
		parent := (i - 1) / 2
		if !h[i].before(h[parent]) {
			return
		}
		h[i], h[parent] = h[parent], h[i]
		i = parent
	}
}

func (m *merger) pop() candidate {
	h := m.heap
	top, last := h[0], len(h)-1
	h[0] = h[last]
	h = h[:last]
	for i := 0; ; {
		child := 2*i + 1
		if child >= last {
			break
		}
		if child+1 < last && h[child+1].before(h[child]) {
			child++
		}
		if !h[child].before(h[i]) {
			break
		}
		h[i], h[child] = h[child], h[i]
		i = child
	}
	m.heap = h
	return top
}
