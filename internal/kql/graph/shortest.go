package graph

// Shortest looks for the shortest paths from the nodes From may be to those To may be,
// along one edge that stands for several. For each pair it passes on one path, or with all
// every path of that length. Matches have two nodes, the first and the last.
func Shortest(g *Graph, p *Pattern, every bool, emit func([]Match) error) error {
	e := p.Edges[0]
	s := &shortest{g: g, p: p, e: e, every: every, emit: emit, from: e.From, to: e.To, dir: e.Direction}
	if count(p.Nodes[e.To], g.N) < count(p.Nodes[e.From], g.N) {
		s.from, s.to, s.dir, s.turned = e.To, e.From, -e.Direction, true
	}
	s.targets = count(p.Nodes[s.to], g.N)
	for n := range int32(g.N) {
		if !p.Nodes[s.from].allows(n) {
			continue
		}
		if err := s.fromNode(n); err != nil {
			return err
		}
	}
	return s.flush()
}

func count(m Mask, n int) int {
	if m == nil {
		return n
	}
	c := 0
	for _, ok := range m {
		if ok {
			c++
		}
	}
	return c
}

type shortest struct {
	g        *Graph
	p        *Pattern
	e        Edge
	every    bool
	emit     func([]Match) error
	from, to int
	dir      int
	turned   bool // the search goes from the pattern's end to its beginning
	targets  int
	out      []Match
	work     int
}

// layerCost is what a node of a layer is taken to hold, in bytes.
const layerCost = 96

// layer is the nodes that walks of one length lead to, each with the edges they come by.
type layer struct {
	nodes []int32
	by    map[int32][]int32
}

func (s *shortest) tick() error {
	if s.work++; s.work%1024 == 0 {
		return s.p.Check()
	}
	return nil
}

// fromNode goes out from a node one edge at a time. As long as no least length is asked
// for, a node is met once, when it is nearest; otherwise walks may come back to a node, and
// only those that use no edge twice count.
func (s *shortest) fromNode(start int32) (err error) {
	held := int64(0)
	defer func() {
		if e := s.p.Hold(-held); err == nil {
			err = e
		}
	}()
	layers := []layer{{nodes: []int32{start}}}
	met, found := map[int32]bool{}, map[int32]bool{}
	if s.e.Min == 0 && s.p.Nodes[s.to].allows(start) {
		found[start] = true
		if err := s.put(start, start, Path{}); err != nil {
			return err
		}
	}
	for depth := 1; depth <= s.e.Max && len(found) < s.targets; depth++ {
		next := layer{by: map[int32][]int32{}}
		if err := s.grow(layers[depth-1], depth, met, &next); err != nil {
			return err
		}
		if len(next.nodes) == 0 {
			return nil
		}
		size := int64(len(next.nodes)) * layerCost
		held += size
		if err := s.p.Hold(size); err != nil {
			return err
		}
		layers = append(layers, next)
		if err := s.settle(layers, start, met, found); err != nil {
			return err
		}
	}
	return nil
}

// settle passes on the paths to the nodes of the last layer that have none yet.
func (s *shortest) settle(layers []layer, start int32, met, found map[int32]bool) error {
	depth := len(layers) - 1
	for _, n := range layers[depth].nodes {
		met[n] = true
		if depth < s.e.Min || found[n] || !s.p.Nodes[s.to].allows(n) {
			continue
		}
		ok, err := s.back(layers, start, n)
		if err != nil {
			return err
		}
		if ok {
			found[n] = true
		}
	}
	return nil
}

// grow finds the nodes one edge further on.
func (s *shortest) grow(last layer, depth int, met map[int32]bool, next *layer) error {
	for _, n := range last.nodes {
		if depth > 1 && !s.e.Inner.allows(n) {
			continue
		}
		err := s.g.each(n, s.dir, func(edge, other int32) error {
			if err := s.tick(); err != nil {
				return err
			}
			if !s.e.Edges.allows(edge) || s.e.Min <= 1 && met[other] {
				return nil
			}
			by, known := next.by[other]
			if !known {
				next.nodes = append(next.nodes, other)
			}
			if !known || s.every || s.e.Min > 1 || s.dir == Either {
				next.by[other] = append(by, edge)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// trace is a way back from a node to where the search began.
type trace struct {
	layers []layer
	start  int32
	end    int32
	edges  []int32
	nodes  []int32
	found  bool
}

// back passes on the paths to a node; it says whether there is one.
func (s *shortest) back(layers []layer, start, end int32) (bool, error) {
	t := &trace{layers: layers, start: start, end: end}
	err := s.trace(t, len(layers)-1, end)
	return t.found, err
}

func (s *shortest) trace(t *trace, depth int, n int32) error {
	if err := s.tick(); err != nil {
		return err
	}
	if t.found && !s.every {
		return nil
	}
	if depth == 0 {
		if n != t.start {
			return nil
		}
		t.found = true
		p := Path{Edges: append([]int32(nil), t.edges...)}
		if len(t.nodes) > 0 {
			p.Inner = append(p.Inner, t.nodes[:len(t.nodes)-1]...)
		}
		if !s.turned {
			reverse(p.Edges)
			reverse(p.Inner)
		}
		return s.put(t.start, t.end, p)
	}
	for _, e := range t.layers[depth].by[n] {
		if contains(t.edges, e) {
			continue
		}
		t.edges = append(t.edges, e)
		before := s.g.Source[e]
		if s.dir == Backward || s.dir == Either && before == n {
			before = s.g.Target[e]
		}
		t.nodes = append(t.nodes, before)
		if err := s.trace(t, depth-1, before); err != nil {
			return err
		}
		t.edges, t.nodes = t.edges[:len(t.edges)-1], t.nodes[:len(t.nodes)-1]
	}
	return nil
}

func contains(list []int32, x int32) bool {
	for _, y := range list {
		if x == y {
			return true
		}
	}
	return false
}

func (s *shortest) put(start, end int32, path Path) error {
	m := Match{Nodes: []int32{-1, -1}, Paths: []Path{path}}
	m.Nodes[s.from], m.Nodes[s.to] = start, end
	if s.out = append(s.out, m); len(s.out) < batch {
		return nil
	}
	return s.flush()
}

func (s *shortest) flush() error {
	kept, err := keep(s.p.Filters, s.out)
	s.out = nil
	if err != nil || len(kept) == 0 {
		return err
	}
	return s.emit(kept)
}
