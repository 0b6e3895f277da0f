package graph

// Mask says which nodes or edges may be used; nil allows all.
type Mask []bool

// Allows says whether node or edge i may be used.
func (m Mask) Allows(i int) bool { return m == nil || m[i] }

func (m Mask) allows(i int32) bool { return m == nil || m[i] }

// Edge is an edge of a pattern, between two of the pattern's nodes.
type Edge struct {
	From, To int
	// Direction is Forward for an edge that leads from From to To.
	Direction int
	// Min and Max say how many edges of the graph it stands for: from 0 on when Several,
	// otherwise exactly 1.
	Several  bool
	Min, Max int
	// Edges are those that may be used, Inner the nodes that may lie between them.
	Edges, Inner Mask
}

// Cycles says what a match may meet more than once.
type Cycles int

// What may be met again.
const (
	UniqueEdges Cycles = iota // nodes, but no edge
	NoCycles                  // neither nodes nor edges
	AllCycles                 // nodes and edges
)

// Path is what an edge of a pattern stands for: edges in the order From to To, and the
// nodes between them.
type Path struct {
	Edges, Inner []int32
}

// Match gives each node of a pattern its node, -1 while it has none, and each edge its path.
type Match struct {
	Nodes []int32
	Paths []Path
}

// Filter is a condition on some nodes and edges of a pattern. Keep says which of some
// matches, in which those are known, are to be kept.
type Filter struct {
	Nodes, Edges []int
	Keep         func(m []Match) ([]bool, error)
}

// Pattern is what to look for.
type Pattern struct {
	// Nodes are the nodes that each node of the pattern may be.
	Nodes   []Mask
	Edges   []Edge
	Cycles  Cycles
	Filters []Filter
	// Check ends the search by an error.
	Check func() error
	// Hold counts bytes held, or let go when negative; its error ends the search.
	Hold func(bytes int64) error
}

// batch is how many matches are filtered and passed on at once; batchCells bounds the
// edges in them.
const (
	batch      = 1024
	batchCells = 64 * 1024
)

// step extends matches: by a first node (edge is -1), or along an edge.
type step struct {
	node, edge int
	reversed   bool
	filters    []Filter
}

type search struct {
	g     *Graph
	p     *Pattern
	steps []step
	emit  func([]Match) error
	work  int
}

// Search passes all matches of a pattern on, some at a time.
func Search(g *Graph, p *Pattern, emit func([]Match) error) error {
	s := &search{g: g, p: p, emit: emit}
	s.order()
	first := Match{Nodes: make([]int32, len(p.Nodes)), Paths: make([]Path, len(p.Edges))}
	for i := range first.Nodes {
		first.Nodes[i] = -1
	}
	return s.run(0, []Match{first})
}

// order begins with the node that can be the fewest, and goes on along edges that lead on
// from nodes known, those that stand for one edge first.
func (s *search) order() {
	known, used := make([]bool, len(s.p.Nodes)), make([]bool, len(s.p.Edges))
	filtered := make([]bool, len(s.p.Filters))
	put := func(st step) {
		s.steps = append(s.steps, st)
		last := &s.steps[len(s.steps)-1]
		for i, f := range s.p.Filters {
			if !filtered[i] && all(f.Nodes, known) && all(f.Edges, used) {
				filtered[i] = true
				last.filters = append(last.filters, f)
			}
		}
	}
	for {
		best := -1
		for i, e := range s.p.Edges {
			if !used[i] && (known[e.From] || known[e.To]) && (best < 0 || s.cost(i, known) < s.cost(best, known)) {
				best = i
			}
		}
		if best >= 0 {
			e := s.p.Edges[best]
			st := step{edge: best, reversed: !known[e.From], node: e.To}
			if st.reversed {
				st.node = e.From
			}
			known[e.From], known[e.To], used[best] = true, true, true
			put(st)
			continue
		}
		start := s.start(known)
		if start < 0 {
			return
		}
		known[start] = true
		put(step{node: start, edge: -1})
	}
}

func all(which []int, known []bool) bool {
	for _, i := range which {
		if !known[i] {
			return false
		}
	}
	return true
}

// cost orders the edges that can be gone along next.
func (s *search) cost(i int, known []bool) int {
	e := s.p.Edges[i]
	cost := 1
	if e.Several {
		cost = 1 + e.Max
	}
	if known[e.From] && known[e.To] {
		cost--
	}
	return cost
}

// start is the node not yet known that can be the fewest, -1 when all are known.
func (s *search) start(known []bool) int {
	best, least := -1, 0
	for i, m := range s.p.Nodes {
		if known[i] {
			continue
		}
		n := s.g.N
		if m != nil {
			n = 0
			for _, ok := range m {
				if ok {
					n++
				}
			}
		}
		if best < 0 || n < least {
			best, least = i, n
		}
	}
	return best
}

// run extends matches by the steps from k on.
func (s *search) run(k int, matches []Match) error {
	if k == len(s.steps) {
		return s.emit(matches)
	}
	st := s.steps[k]
	var out []Match
	cells := 0
	flush := func() error {
		kept, err := keep(st.filters, out)
		out, cells = nil, 0
		if err != nil || len(kept) == 0 {
			return err
		}
		return s.run(k+1, kept)
	}
	add := func(m Match, size int) error {
		out, cells = append(out, m), cells+size
		if len(out) < batch && cells < batchCells {
			return nil
		}
		return flush()
	}
	for _, m := range matches {
		var err error
		if st.edge < 0 {
			err = s.seed(m, st.node, add)
		} else {
			err = s.along(m, st, add)
		}
		if err != nil {
			return err
		}
	}
	return flush()
}

func keep(filters []Filter, matches []Match) ([]Match, error) {
	for _, f := range filters {
		if len(matches) == 0 {
			break
		}
		ok, err := f.Keep(matches)
		if err != nil {
			return nil, err
		}
		var kept []Match
		for i, m := range matches {
			if ok[i] {
				kept = append(kept, m)
			}
		}
		matches = kept
	}
	return matches, nil
}

// tick counts work, and asks from time to time whether to go on.
func (s *search) tick() error {
	if s.work++; s.work%1024 == 0 {
		return s.p.Check()
	}
	return nil
}

// with gives a match with one more node.
func (m Match) with(node int, n int32) Match {
	m.Nodes = append([]int32(nil), m.Nodes...)
	m.Nodes[node] = n
	return m
}

func (s *search) seed(m Match, node int, add func(Match, int) error) error {
	for n := range int32(s.g.N) {
		if err := s.tick(); err != nil {
			return err
		}
		if s.p.Nodes[node].allows(n) && s.free(m, n) {
			if err := add(m.with(node, n), 1); err != nil {
				return err
			}
		}
	}
	return nil
}

// free says whether a match may come to a node that it has not named yet.
func (s *search) free(m Match, n int32) bool {
	if s.p.Cycles != NoCycles {
		return true
	}
	for _, x := range m.Nodes {
		if x == n {
			return false
		}
	}
	for _, p := range m.Paths {
		for _, x := range p.Inner {
			if x == n {
				return false
			}
		}
	}
	return true
}

// unused says whether a match may use an edge.
func (s *search) unused(m Match, path []int32, edge int32) bool {
	if s.p.Cycles == AllCycles {
		return true
	}
	for _, x := range path {
		if x == edge {
			return false
		}
	}
	for _, p := range m.Paths {
		for _, x := range p.Edges {
			if x == edge {
				return false
			}
		}
	}
	return true
}

// walk goes along one edge of a pattern from a node of a match.
type walk struct {
	s     *search
	m     Match
	st    step
	e     Edge
	dir   int
	end   int32 // the node where it has to end, -1 when that is open
	edges []int32
	inner []int32
	add   func(Match, int) error
}

func (s *search) along(m Match, st step, add func(Match, int) error) error {
	e := s.p.Edges[st.edge]
	w := &walk{s: s, m: m, st: st, e: e, dir: e.Direction, end: m.Nodes[st.node], add: add}
	from := e.From
	if st.reversed {
		from, w.dir = e.To, -e.Direction
	}
	if !e.Several {
		w.e.Min, w.e.Max = 1, 1
	}
	return w.from(m.Nodes[from])
}

// from extends the walk from a node.
func (w *walk) from(n int32) error {
	if err := w.s.tick(); err != nil {
		return err
	}
	if len(w.edges) >= w.e.Min && (len(w.edges) > 0 || w.e.Min == 0) {
		if err := w.arrive(n); err != nil {
			return err
		}
	}
	if len(w.edges) >= w.e.Max {
		return nil
	}
	inner := len(w.edges) > 0
	if inner && (!w.e.Inner.allows(n) || !w.passes(n)) {
		return nil
	}
	if inner {
		w.inner = append(w.inner, n)
		defer func() { w.inner = w.inner[:len(w.inner)-1] }()
	}
	return w.s.g.each(n, w.dir, func(edge, other int32) error {
		if !w.e.Edges.allows(edge) || !w.s.unused(w.m, w.edges, edge) {
			return nil
		}
		w.edges = append(w.edges, edge)
		err := w.from(other)
		w.edges = w.edges[:len(w.edges)-1]
		return err
	})
}

// passes says whether the walk may pass a node on its way.
func (w *walk) passes(n int32) bool {
	if !w.s.free(w.m, n) {
		return false
	}
	if w.s.p.Cycles == NoCycles {
		for _, x := range w.inner {
			if x == n {
				return false
			}
		}
	}
	return true
}

// arrive ends the walk at a node, when it may end there.
func (w *walk) arrive(n int32) error {
	m := w.m
	switch {
	case w.end >= 0:
		if n != w.end || w.s.p.Cycles == NoCycles && w.e.From == w.e.To && len(w.edges) > 0 {
			return nil
		}
	case !w.s.p.Nodes[w.st.node].allows(n):
		return nil
	case len(w.edges) > 0 && !w.passes(n):
		return nil
	}
	if w.end < 0 {
		m = m.with(w.st.node, n)
	}
	m.Paths = append([]Path(nil), m.Paths...)
	m.Paths[w.st.edge] = w.path()
	return w.add(m, 2+2*len(w.edges))
}

// path copies the walk, turned round when it was gone against the pattern.
func (w *walk) path() Path {
	p := Path{Edges: append([]int32(nil), w.edges...), Inner: append([]int32(nil), w.inner...)}
	if w.st.reversed {
		reverse(p.Edges)
		reverse(p.Inner)
	}
	return p
}

func reverse(s []int32) {
	for i, j := 0, len(s)-1; i < j; i, j = i+1, j-1 {
		s[i], s[j] = s[j], s[i]
	}
}
