package plan

import (
	"github.com/azptu/azptu/internal/kql/ast"
	"github.com/azptu/azptu/internal/kql/value"
)

// ofGraphs says whether an operator works on a graph.
func ofGraphs(op ast.Op) bool {
	switch op.(type) {
	case *ast.GraphMatch, *ast.GraphComponents, *ast.GraphTable, *ast.As:
		return true
	}
	return false
}

func (b *binder) graphOperator(p *pipeline, op ast.Op, in *scope) {
	if made, ok := op.(*ast.MakeGraph); ok {
		b.makeGraph(p, made, in)
		return
	}
	if !ofGraphs(op) {
		b.failf(op.At(), "this operator is not supported")
	}
	if p.graph == nil {
		b.failf(op.At(), "a graph was expected here: put make-graph before it")
	}
	switch op := op.(type) {
	case *ast.GraphMatch:
		b.graphMatch(p, op, in)
	case *ast.GraphComponents:
		b.graphComponents(p, op)
	case *ast.GraphTable:
		b.graphTable(p, op)
	}
}

// columnOf finds a column that an operator names.
func (b *binder) columnNamed(x *ast.Ident, cols []Col) Col {
	i := indexOf(cols, x.Name)
	if i < 0 {
		names := make([]string, len(cols))
		for k, c := range cols {
			names[k] = c.Name
		}
		b.failNear(x.Pos, "the name '"+x.Name+"' does not refer to any column here", x.Name, names)
	}
	return cols[i]
}

// graphTables are the parts of a graph as make-graph is given them.
type graphTables struct {
	nodes []Node // edges first, then the tables of nodes
	keys  [][]Col
}

func (b *binder) makeGraph(p *pipeline, op *ast.MakeGraph, in *scope) {
	t := &graphTables{nodes: []Node{p.node}}
	cols := p.node.Columns()
	t.keys = append(t.keys, []Col{b.columnNamed(op.Source, cols), b.columnNamed(op.Target, cols)})
	for _, n := range op.Nodes {
		table := b.pipe(n.Table, in)
		t.nodes = append(t.nodes, table.node)
		t.keys = append(t.keys, []Col{b.columnNamed(n.On, table.node.Columns())})
	}
	if op.By == nil {
		p.graph = b.graph(t, op)
		p.node, p.ordered = &Values{}, false
		return
	}
	part := &GraphPartition{Ins: t.nodes}
	over := &graphTables{keys: t.keys}
	for _, n := range t.nodes {
		key := b.columnNamed(op.By, n.Columns())
		if want := part.Keys; len(want) > 0 && want[0].Type() != key.Type {
			b.failf(op.By.Pos, "the column '%s' is of different types in the tables of this graph", op.By.Name)
		}
		part.Keys = append(part.Keys, Ref{key.ID, key.Type})
		src := &Source{Cols: n.Columns()}
		part.Srcs, over.nodes = append(part.Srcs, src), append(over.nodes, src)
	}
	sub := &pipeline{graph: b.graph(over, op), node: &Values{}}
	for _, o := range op.Sub.Ops {
		b.operator(sub, o, in)
	}
	if sub.graph != nil || sub.branches != nil {
		b.failf(op.Sub.Pos, "one table is to come of the operators on each graph")
	}
	part.Sub, part.Cols = sub.node, sub.node.Columns()
	p.node, p.ordered = part, false
}

// keyType is the type to which everything that identifies nodes is converted.
func (t *graphTables) keyType() value.Type {
	common := value.Unknown
	for _, cols := range t.keys {
		for _, c := range cols {
			switch {
			case common == value.Unknown || common == c.Type:
				common = c.Type
			case common.IsNumeric() && c.Type.IsNumeric():
				common = max(common, c.Type)
			default:
				return value.String
			}
		}
	}
	return common
}

func (b *binder) graph(t *graphTables, op *ast.MakeGraph) *Graph {
	typ := t.keyType()
	g := &Graph{}
	for k, n := range t.nodes {
		in := &Project{In: n}
		for _, key := range t.keys[k] {
			in.Cols, in.Exprs = append(in.Cols, b.col("", typ)), append(in.Exprs, b.coerce(Ref{key.ID, key.Type}, typ))
		}
		for _, c := range n.Columns() {
			in.Cols, in.Exprs = append(in.Cols, b.col(c.Name, c.Type)), append(in.Exprs, Ref{c.ID, c.Type})
		}
		if k == 0 {
			g.Edges, g.Edge = in, in.Cols[2:]
			continue
		}
		g.Nodes = append(g.Nodes, in)
	}
	for k, n := range g.Nodes {
		for i, c := range n.Columns()[1:] {
			g.property(c, k, i+1, len(g.Nodes), c.Name == op.Nodes[k].On.Name)
		}
	}
	if op.NodeID != nil {
		g.Props = append(g.Props, NodeProp{Name: op.NodeID.Name, Type: typ, Key: true})
	}
	return g
}

// property adds column i of table k of nodes to the properties, or to the one of its name.
func (g *Graph) property(c Col, k, i, tables int, key bool) {
	for j := range g.Props {
		if g.Props[j].Name == c.Name && g.Props[j].Type == c.Type {
			g.Props[j].From[k] = i
			return
		}
	}
	from := make([]int, tables)
	for j := range from {
		from[j] = -1
	}
	from[k] = i
	taken := newNamer(nil)
	for _, p := range g.Props {
		taken.taken[p.Name] = true
	}
	g.Props = append(g.Props, NodeProp{Name: taken.unique(c.Name), Type: c.Type, From: from, Key: key})
}

func (b *binder) graphComponents(p *pipeline, op *ast.GraphComponents) {
	kind := nameOr(op.Options.Get("kind"), "weak")
	if kind != "weak" && kind != "strong" {
		b.failf(op.Pos, "the kind of component is weak or strong, not '%s'", kind)
	}
	g := p.graph.shallow()
	name := nameOr(op.Options.Get("with_component_id"), "ComponentId")
	mark := NodeProp{Name: name, Type: value.Long, Mark: kind}
	g.Props = append([]NodeProp(nil), g.Props...)
	for i, have := range g.Props {
		if have.Name == name {
			g.Props = append(g.Props[:i], g.Props[i+1:]...)
			break
		}
	}
	g.Props = append(g.Props, mark)
	p.graph = g
}

func (b *binder) graphTable(p *pipeline, op *ast.GraphTable) {
	g := p.graph
	p.graph = nil
	for _, e := range op.Exports {
		n := b.export(g, op, e)
		if e.As != "" {
			b.tables[e.As] = n
		}
		p.node = n
	}
	p.ordered = false
	if len(op.Exports) == 1 {
		return
	}
	for _, e := range op.Exports {
		if e.As == "" {
			b.failf(op.Pos, "each of several tables needs a name: nodes as N, edges as E")
		}
	}
	p.branches = []Output{}
}

func (b *binder) export(g *Graph, op *ast.GraphTable, e ast.GraphExport) Node {
	n := &GraphTable{G: g, Edges: e.What == "edges"}
	wanted := []string{"with_node_id"}
	if n.Edges {
		wanted = []string{"with_source_id", "with_target_id"}
	}
	taken := newNamer(nil)
	for i, w := range wanted {
		if name := e.Options.Get(w); name != "" {
			n.IDs = append(n.IDs, i)
			n.Cols = append(n.Cols, b.col(taken.unique(name), value.Long))
		}
	}
	if len(n.IDs) < len(e.Options) {
		b.failf(op.Pos, "graph-to-table %s takes %v", e.What, wanted)
	}
	if n.Edges {
		for _, c := range g.Edge {
			n.Cols = append(n.Cols, b.col(taken.unique(c.Name), c.Type))
		}
		return n
	}
	for _, prop := range g.Props {
		n.Cols = append(n.Cols, b.col(taken.unique(prop.Name), prop.Type))
	}
	return n
}
