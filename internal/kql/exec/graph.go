package exec

import (
	"context"

	"github.com/azptu/azptu/internal/kql/fn"
	"github.com/azptu/azptu/internal/kql/graph"
	"github.com/azptu/azptu/internal/kql/plan"
	"github.com/azptu/azptu/internal/kql/value"
)

// network is a graph with what its nodes and edges stand for.
type network struct {
	*graph.Graph
	edges *Rel // source and target first
	keys  *value.Vector
	props []*value.Vector // of nodes
}

// network gathers a graph's tables.
func (x *Runner) network(ctx context.Context, g *plan.Graph) (*network, error) {
	edges, err := x.hold(ctx, "make-graph", g.Edges)
	if err != nil {
		return nil, err
	}
	tables := make([]*Rel, len(g.Nodes))
	for k, in := range g.Nodes {
		if tables[k], err = x.hold(ctx, "make-graph", in); err != nil {
			return nil, err
		}
	}
	c := &nodeCounter{ids: map[string]int32{}, keys: value.NewBuilder(g.Edges.Columns()[0].Type, 0), rows: make([][]int32, len(tables))}
	for k, t := range tables {
		for i := range t.Len {
			c.row(k, c.id(t.Cols[0], i), int32(i))
		}
	}
	source, target := make([]int32, edges.Len), make([]int32, edges.Len)
	for i := range edges.Len {
		source[i], target[i] = c.id(edges.Cols[0], i), c.id(edges.Cols[1], i)
	}
	n := &network{Graph: graph.New(len(c.ids), source, target), edges: edges, keys: c.keys.Finish()}
	for _, p := range g.Props {
		n.props = append(n.props, n.property(p, tables, c.rows))
	}
	return n, x.grow(int64(len(c.ids))*nodeCost + int64(edges.Len)*edgeCost)
}

// What a node and an edge are taken to hold beside their properties, in bytes.
const (
	nodeCost = 120
	edgeCost = 24
)

// nodeCounter numbers nodes and notes where they stand in the tables.
type nodeCounter struct {
	ids  map[string]int32
	keys *value.Builder
	rows [][]int32 // of each table, by node: the row, or -1
	buf  []byte
}

func (c *nodeCounter) id(v *value.Vector, i int) int32 {
	c.buf = value.AppendKey(c.buf[:0], v, i)
	id, ok := c.ids[string(c.buf)]
	if !ok {
		id = int32(len(c.ids))
		c.ids[string(c.buf)] = id
		c.keys.Append(v.Value(i))
	}
	return id
}

// row notes the first row of a table that is about a node.
func (c *nodeCounter) row(k int, node, row int32) {
	for int(node) >= len(c.rows[k]) {
		c.rows[k] = append(c.rows[k], -1)
	}
	if c.rows[k][node] < 0 {
		c.rows[k][node] = row
	}
}

// property gives a property of all nodes.
func (n *network) property(p plan.NodeProp, tables []*Rel, rows [][]int32) *value.Vector {
	b := value.NewBuilder(p.Type, n.N)
	if p.Mark != "" {
		for _, part := range n.Components(p.Mark == "strong") {
			b.Append(value.OfLong(int64(part)))
		}
		return b.Finish()
	}
	for i := range n.N {
		v := value.NullOf(p.Type)
		if p.Key {
			v = value.Convert(n.keys.Value(i), p.Type)
		}
		for k, at := range p.From {
			if at >= 0 && i < len(rows[k]) && rows[k][i] >= 0 {
				v = tables[k].Cols[at].Value(int(rows[k][i]))
				break
			}
		}
		b.Append(v)
	}
	return b.Finish()
}

// item gives a property of all nodes or all edges.
func (n *network) item(it plan.GraphItem) *value.Vector {
	switch {
	case it.Edge:
		return n.edges.Cols[2+it.Prop]
	case it.Prop >= 0:
		return n.props[it.Prop]
	}
	degrees := make([]int64, n.N)
	for i := range degrees {
		if it.Prop == plan.InDegree {
			degrees[i] = int64(n.InDegree(i))
		} else {
			degrees[i] = int64(n.OutDegree(i))
		}
	}
	return &value.Vector{Type: value.Long, Len: n.N, I64: degrees}
}

// graphTable gives a graph's nodes or edges.
func (x *Runner) graphTable(ctx context.Context, n *plan.GraphTable, emit func(*Rel) error) error {
	net, err := x.network(ctx, n.G)
	if err != nil {
		return err
	}
	ids := net.numbers(x.Fn)
	out := &Rel{Len: net.N}
	if n.Edges {
		out.Len = net.edges.Len
	}
	for _, which := range n.IDs {
		switch {
		case !n.Edges:
			out.Cols = append(out.Cols, ids)
		case which == 0:
			out.Cols = append(out.Cols, ids.Take(net.Source))
		default:
			out.Cols = append(out.Cols, ids.Take(net.Target))
		}
	}
	if n.Edges {
		out.Cols = append(out.Cols, net.edges.Cols[2:]...)
	} else {
		out.Cols = append(out.Cols, net.props...)
	}
	return emitBatches(out, emit)
}

// numbers gives for each node a number that depends on its identity alone.
func (n *network) numbers(c *fn.Context) *value.Vector {
	return fn.Lookup("hash").Apply(c, []*value.Vector{n.keys}, n.N, value.Long)
}

// graphPartition runs a subquery over the graph of each value of a column.
func (x *Runner) graphPartition(ctx context.Context, n *plan.GraphPartition, emit func(*Rel) error) error {
	rels, sels := make([]*Rel, len(n.Ins)), make([][][]int32, len(n.Ins))
	g := newGrouper([]value.Type{n.Keys[0].Type()})
	parts := 0
	for k, in := range n.Ins {
		r, err := x.hold(ctx, "make-graph", in)
		if err != nil {
			return err
		}
		rels[k] = r
		key := x.compiler(in.Columns()).compile(n.Keys[k])(r)
		for i, id := range g.assign([]*value.Vector{key}, r.Len, int64(k)) {
			for int(id) >= len(sels[k]) {
				sels[k] = append(sels[k], nil)
			}
			sels[k][id] = append(sels[k][id], int32(i))
		}
		if k == 0 {
			parts = g.len()
		}
	}
	for part := range parts {
		sub := n.Sub
		for k, src := range n.Srcs {
			var sel []int32
			if part < len(sels[k]) {
				sel = sels[k][part]
			}
			sub = plan.Replace(sub, src, &bound{cols: src.Cols, rel: rels[k].take(sel)})
		}
		if err := x.stream(ctx, sub, 1, emit); err != nil {
			return err
		}
	}
	return nil
}
