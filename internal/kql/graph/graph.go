// Package graph finds patterns and shortest paths in a directed graph held in memory. Nodes
// and edges are numbers; what they stand for, and which of them a query lets through, is
// for the caller to know. Work is done in small portions, so that a pattern with endlessly
// many matches holds little memory and ends as soon as the caller no longer wants it.
package graph

// Graph is nodes from 0 to N-1 with edges between them.
type Graph struct {
	// N is the number of nodes.
	N int
	// Source and Target are the nodes of each edge.
	Source, Target []int32

	out, in index
}

// index lists the edges of each node: those of node n stand from start[n] to start[n+1].
type index struct {
	start, edges []int32
}

// New makes a graph with n nodes.
func New(n int, source, target []int32) *Graph {
	return &Graph{N: n, Source: source, Target: target, out: newIndex(n, source), in: newIndex(n, target)}
}

func newIndex(n int, ends []int32) index {
	x := index{start: make([]int32, n+1), edges: make([]int32, len(ends))}
	for _, v := range ends {
		x.start[v+1]++
	}
	for i := range n {
		x.start[i+1] += x.start[i]
	}
	next := append([]int32(nil), x.start...)
	for e, v := range ends {
		x.edges[next[v]] = int32(e)
		next[v]++
	}
	return x
}

func (x index) of(n int32) []int32 { return x.edges[x.start[n]:x.start[n+1]] }

// OutDegree counts the edges that begin at a node.
func (g *Graph) OutDegree(n int) int { return len(g.out.of(int32(n))) }

// InDegree counts the edges that end at a node.
func (g *Graph) InDegree(n int) int { return len(g.in.of(int32(n))) }

// Directions of an edge, as one goes along it.
const (
	Backward = -1
	Either   = 0
	Forward  = 1
)

// each calls f for the edges at a node that can be gone along in a direction, with the node
// at the other end, until it returns an error.
func (g *Graph) each(n int32, direction int, f func(edge, other int32) error) error {
	if direction >= 0 {
		for _, e := range g.out.of(n) {
			if err := f(e, g.Target[e]); err != nil {
				return err
			}
		}
	}
	if direction <= 0 {
		for _, e := range g.in.of(n) {
			if direction == Either && g.Source[e] == n {
				continue // an edge from a node to itself is met once
			}
			if err := f(e, g.Source[e]); err != nil {
				return err
			}
		}
	}
	return nil
}

// Components numbers the parts in which all nodes reach each other, by edges in either
// direction or, when strong, along their directions. Numbers begin at 0 in the order of the
// parts' first nodes.
func (g *Graph) Components(strong bool) []int32 {
	if strong {
		return renumber(g.strong())
	}
	part := make([]int32, g.N)
	for i := range part {
		part[i] = int32(i)
	}
	find := func(n int32) int32 {
		for part[n] != n {
			part[n] = part[part[n]]
			n = part[n]
		}
		return n
	}
	for e, s := range g.Source {
		a, b := find(s), find(g.Target[e])
		part[max(a, b)] = min(a, b)
	}
	for i := range part {
		part[i] = find(int32(i))
	}
	return renumber(part)
}

// renumber gives parts consecutive numbers.
func renumber(part []int32) []int32 {
	known := map[int32]int32{}
	out := make([]int32, len(part))
	for i, p := range part {
		id, ok := known[p]
		if !ok {
			id = int32(len(known))
			known[p] = id
		}
		out[i] = id
	}
	return out
}

// strong is Tarjan's algorithm with a stack of its own, as graphs can be deep.
func (g *Graph) strong() []int32 {
	t := &tarjan{g: g, part: make([]int32, g.N), at: make([]int32, g.N), low: make([]int32, g.N), on: make([]bool, g.N)}
	for n := range g.N {
		if t.at[n] == 0 {
			t.visit(int32(n))
		}
	}
	return t.part
}

type tarjan struct {
	g         *Graph
	part      []int32
	at, low   []int32 // when a node was first met, and the earliest it leads back to
	on        []bool
	stack     []int32
	time, num int32
}

// place is a node being visited, and the edge to look at next.
type place struct {
	node int32
	next int
}

func (t *tarjan) visit(root int32) {
	path := []place{{node: root}}
	t.meet(root)
	for len(path) > 0 {
		p := &path[len(path)-1]
		if edges := t.g.out.of(p.node); p.next < len(edges) {
			to := t.g.Target[edges[p.next]]
			p.next++
			switch {
			case t.at[to] == 0:
				t.meet(to)
				path = append(path, place{node: to})
			case t.on[to]:
				t.low[p.node] = min(t.low[p.node], t.at[to])
			}
			continue
		}
		t.leave(p.node)
		low := t.low[p.node]
		path = path[:len(path)-1]
		if len(path) > 0 {
			up := path[len(path)-1].node
			t.low[up] = min(t.low[up], low)
		}
	}
}

func (t *tarjan) meet(n int32) {
	t.time++
	t.at[n], t.low[n], t.on[n] = t.time, t.time, true
	t.stack = append(t.stack, n)
}

// leave closes a part when nothing in it leads further back.
func (t *tarjan) leave(n int32) {
	if t.low[n] != t.at[n] {
		return
	}
	for {
		top := t.stack[len(t.stack)-1]
		t.stack = t.stack[:len(t.stack)-1]
		t.on[top], t.part[top] = false, t.num
		if top == n {
			break
		}
	}
	t.num++
}
