package exec

import (
	"context"

	"github.com/azptu/azptu/internal/kql/graph"
	"github.com/azptu/azptu/internal/kql/plan"
	"github.com/azptu/azptu/internal/kql/value"
)

// matching finds a pattern in a network.
type matching struct {
	x     *Runner
	n     *plan.GraphMatch
	net   *network
	items map[int]plan.GraphItem
	folds map[int]*plan.GraphFold
	all   map[[2]int]*value.Vector // properties of all nodes or edges, by kind and place
}

func (x *Runner) graphMatch(ctx context.Context, n *plan.GraphMatch, emit func(*Rel) error) error {
	net, err := x.network(ctx, n.G)
	if err != nil {
		return err
	}
	m := &matching{x: x, n: n, net: net, items: map[int]plan.GraphItem{}, folds: map[int]*plan.GraphFold{}, all: map[[2]int]*value.Vector{}}
	for _, it := range n.Items {
		m.items[it.ID] = it
	}
	for i := range n.Folds {
		m.folds[n.Folds[i].Out.ID] = &n.Folds[i]
	}
	give := func(ms []graph.Match) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		out := &Rel{Len: len(ms)}
		for _, c := range n.Cols {
			out.Cols = append(out.Cols, m.column(c.ID, ms))
		}
		if err := x.Fn.Err(); err != nil {
			return err
		}
		return emit(out)
	}
	p := m.pattern()
	p.Check, p.Hold = ctx.Err, x.grow
	switch {
	case !n.Shortest:
		return graph.Search(net.Graph, p, give)
	case len(n.Edges) == 1 && n.Edges[0].From != n.Edges[0].To && onNodesOnly(p.Filters):
		return graph.Shortest(net.Graph, p, n.All, give)
	}
	return m.shortestOfAll(p, give)
}

func onNodesOnly(filters []graph.Filter) bool {
	for _, f := range filters {
		if len(f.Edges) > 0 {
			return false
		}
	}
	return true
}

// shortestOfAll goes through all matches and keeps the shortest of each pair of ends: for
// patterns of several edges, and for conditions on whole paths.
func (m *matching) shortestOfAll(p *graph.Pattern, give func([]graph.Match) error) error {
	first, last := m.n.Edges[0].From, m.n.Edges[len(m.n.Edges)-1].To
	best := map[[2]int32][]graph.Match{}
	var order [][2]int32
	err := graph.Search(m.net.Graph, p, func(ms []graph.Match) error {
		for _, found := range ms {
			ends := [2]int32{found.Nodes[first], found.Nodes[last]}
			old := best[ends]
			switch {
			case len(old) == 0:
				order = append(order, ends)
				best[ends] = []graph.Match{found}
			case length(found) < length(old[0]):
				best[ends] = []graph.Match{found}
			case length(found) == length(old[0]) && m.n.All:
				best[ends] = append(old, found)
			default:
				continue
			}
			if err := m.x.grow(int64(8*(length(found)+len(found.Nodes)) + 96)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, ends := range order {
		if err := give(best[ends]); err != nil {
			return err
		}
	}
	return nil
}

func length(m graph.Match) int {
	n := 0
	for _, p := range m.Paths {
		n += len(p.Edges)
	}
	return n
}

// pattern lays the pattern out: conditions on one node or edge alone say beforehand which
// may be used, the others are asked as soon as all they look at is known.
func (m *matching) pattern() *graph.Pattern {
	p := &graph.Pattern{Nodes: make([]graph.Mask, m.n.NodeVars)}
	switch m.n.Cycles {
	case "none":
		p.Cycles = graph.NoCycles
	case "all":
		p.Cycles = graph.AllCycles
	}
	for _, e := range m.n.Edges {
		p.Edges = append(p.Edges, graph.Edge{From: e.From, To: e.To, Direction: e.Direction, Several: e.Several, Min: e.Min, Max: e.Max})
	}
	for _, cond := range m.n.Where {
		if !m.restrict(p, cond) {
			p.Filters = append(p.Filters, m.filter(cond))
		}
	}
	return p
}

// uses lists what an expression looks at.
func (m *matching) uses(x plan.Expr) (nodes, edges map[int]bool) {
	nodes, edges = map[int]bool{}, map[int]bool{}
	var walk func(x plan.Expr)
	walk = func(x plan.Expr) {
		plan.Walk(x, func(id int) {
			if it, ok := m.items[id]; ok {
				if it.Edge {
					edges[it.Var] = true
				} else {
					nodes[it.Var] = true
				}
			} else if f := m.folds[id]; f != nil {
				edges[f.Edge] = true
				walk(f.X)
			}
		})
	}
	walk(x)
	return nodes, edges
}

// restrict turns a condition into which nodes or edges may be used, when it is one.
func (m *matching) restrict(p *graph.Pattern, cond plan.Expr) bool {
	nodes, edges := m.uses(cond)
	switch {
	case len(nodes) == 1 && len(edges) == 0:
		for v := range nodes {
			p.Nodes[v] = m.mask(p.Nodes[v], cond, m.n.Items, m.net.N)
		}
		return true
	case len(nodes) > 0 || len(edges) != 1:
		return false
	}
	e := &p.Edges[only(edges)]
	if !e.Several {
		e.Edges = m.mask(e.Edges, cond, m.n.Items, m.net.edges.Len)
		return true
	}
	ref, ok := cond.(plan.Ref)
	if !ok || m.folds[ref.ID] == nil || m.folds[ref.ID].Kind != "all" {
		return false
	}
	f := m.folds[ref.ID]
	if f.Inner {
		e.Inner = m.mask(e.Inner, f.X, f.Items, m.net.N)
	} else {
		e.Edges = m.mask(e.Edges, f.X, f.Items, m.net.edges.Len)
	}
	return true
}

func only(set map[int]bool) int {
	for i := range set {
		return i
	}
	return -1
}

// mask asks a condition of all nodes or all edges.
func (m *matching) mask(old graph.Mask, cond plan.Expr, items []plan.GraphItem, n int) graph.Mask {
	r := &Rel{Len: n}
	var cols []plan.Col
	known := map[int]bool{}
	plan.Walk(cond, func(id int) {
		for _, it := range items {
			if it.ID == id && !known[id] {
				known[id] = true
				cols, r.Cols = append(cols, it.Col), append(r.Cols, m.every(it))
			}
		}
	})
	v := m.x.compiler(cols).compile(cond)(r)
	out := make(graph.Mask, n)
	for i := range out {
		out[i] = old.Allows(i) && v.Value(i).Bool()
	}
	return out
}

// every gives a property of all nodes or edges.
func (m *matching) every(it plan.GraphItem) *value.Vector {
	key := [2]int{0, it.Prop}
	if it.Edge {
		key[0] = 1
	}
	if m.all[key] == nil {
		m.all[key] = m.net.item(it)
	}
	return m.all[key]
}

func (m *matching) filter(cond plan.Expr) graph.Filter {
	nodes, edges := m.uses(cond)
	f := graph.Filter{}
	for v := range nodes {
		f.Nodes = append(f.Nodes, v)
	}
	for e := range edges {
		f.Edges = append(f.Edges, e)
	}
	f.Keep = func(ms []graph.Match) ([]bool, error) {
		v := m.eval(cond, ms)
		out := make([]bool, len(ms))
		for i := range out {
			out[i] = v.Value(i).Bool()
		}
		return out, m.x.Fn.Err()
	}
	return f
}

// eval computes an expression over matches.
func (m *matching) eval(x plan.Expr, ms []graph.Match) *value.Vector {
	r := &Rel{Len: len(ms)}
	var cols []plan.Col
	known := map[int]bool{}
	plan.Walk(x, func(id int) {
		if !known[id] {
			known[id] = true
			v := m.column(id, ms)
			cols, r.Cols = append(cols, plan.Col{ID: id, Type: v.Type}), append(r.Cols, v)
		}
	})
	return m.x.compiler(cols).compile(x)(r)
}

// column gives a property or a fold over matches.
func (m *matching) column(id int, ms []graph.Match) *value.Vector {
	if f := m.folds[id]; f != nil {
		return m.fold(f, ms)
	}
	it := m.items[id]
	sel := make([]int32, len(ms))
	for i, found := range ms {
		if it.Edge {
			sel[i] = found.Paths[it.Var].Edges[0]
		} else {
			sel[i] = found.Nodes[it.Var]
		}
	}
	return m.every(it).Take(sel)
}

// fold goes over the edges, or the nodes between them, of each match.
func (m *matching) fold(f *plan.GraphFold, ms []graph.Match) *value.Vector {
	var owner, elems []int32
	for i, found := range ms {
		list := found.Paths[f.Edge].Edges
		if f.Inner {
			list = found.Paths[f.Edge].Inner
		}
		for _, e := range list {
			owner, elems = append(owner, int32(i)), append(elems, e)
		}
	}
	r := &Rel{Len: len(elems)}
	var cols []plan.Col
	known := map[int]bool{}
	for _, it := range f.Items {
		known[it.ID] = true
		cols, r.Cols = append(cols, it.Col), append(r.Cols, m.every(it).Take(elems))
	}
	plan.Walk(f.X, func(id int) {
		if !known[id] {
			known[id] = true
			v := m.column(id, ms).Take(owner)
			cols, r.Cols = append(cols, plan.Col{ID: id, Type: v.Type}), append(r.Cols, v)
		}
	})
	return gathered(f.Kind, m.x.compiler(cols).compile(f.X)(r), owner, len(ms))
}

// gathered puts what was computed for each element together for its owner.
func gathered(kind string, v *value.Vector, owner []int32, n int) *value.Vector {
	if kind == "all" || kind == "any" {
		out := make([]int64, n)
		for i := range out {
			if kind == "all" {
				out[i] = 1
			}
		}
		for k, o := range owner {
			switch holds := v.Value(k).Bool(); {
			case kind == "all" && !holds:
				out[o] = 0
			case kind == "any" && holds:
				out[o] = 1
			}
		}
		return value.BoolsOf(out, nil)
	}
	lists := make([][]any, n)
	for k, o := range owner {
		lists[o] = append(lists[o], v.Value(k).AsDynamic())
	}
	b := value.NewBuilder(value.Dynamic, n)
	for _, l := range lists {
		if l == nil {
			l = []any{}
		}
		b.Append(value.OfDynamic(l))
	}
	return b.Finish()
}
