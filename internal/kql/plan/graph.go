package plan

import "github.com/azptu/azptu/internal/kql/value"

// Graph is a graph as an operator works on it. Edges gives the source, the target and, as
// Edge lists, their properties; each of Nodes gives the node and its properties. What
// identifies nodes is of one type throughout.
type Graph struct {
	Edges Node
	Edge  []Col
	Nodes []Node
	Props []NodeProp
}

// NodeProp is a property of nodes. It is in column From[k] of table k of nodes, when that is
// not negative; Key says that it is the node's identity, and Mark, when it is not "", that
// it is the number of the node's weak or strong component.
type NodeProp struct {
	Name string
	Type value.Type
	From []int
	Key  bool
	Mark string
}

// GraphItem is a property of a node or an edge of a pattern. Var is the place of the node or
// edge among the pattern's.
type GraphItem struct {
	Col
	Edge bool
	Var  int
	// Prop is the property's place, or one of InDegree and OutDegree.
	Prop int
}

// What nodes have beside their properties.
const (
	InDegree  = -1
	OutDegree = -2
)

// GraphFold goes over the edges that an edge of a pattern stands for, or over the nodes
// between them, and gives whether X holds for all or for any, or a list of its values.
type GraphFold struct {
	Out   Col
	Kind  string // all, any or map
	Edge  int
	Inner bool
	X     Expr
	Items []GraphItem // what X may look at of the element
}

// GraphEdge is an edge of a pattern.
type GraphEdge struct {
	From, To, Direction int
	Several             bool
	Min, Max            int
}

// GraphMatch finds a pattern in a graph, or the shortest paths. It gives those of Items and
// Folds that are needed above.
type GraphMatch struct {
	G        *Graph
	NodeVars int
	Edges    []GraphEdge
	Cycles   string
	Shortest bool
	All      bool
	// Where are the conditions that all have to hold.
	Where []Expr
	Items []GraphItem
	Folds []GraphFold
	Cols  []Col
}

// Columns are those needed.
func (n *GraphMatch) Columns() []Col { return n.Cols }

// GraphTable gives a graph's nodes or edges. The IDs are numbers that stand for nodes.
type GraphTable struct {
	G     *Graph
	Edges bool
	// IDs says which columns of numbers come first: of the node, or of source and target.
	IDs  []int
	Cols []Col
}

// Columns are the IDs and the properties.
func (n *GraphTable) Columns() []Col { return n.Cols }

// GraphPartition runs Sub over the graph of each value of the key. Ins are the edges and the
// tables of nodes.
type GraphPartition struct {
	Ins  []Node
	Keys []Expr
	Srcs []*Source
	Sub  Node
	Cols []Col
}

// Columns are those of the subquery.
func (n *GraphPartition) Columns() []Col { return n.Cols }

// inputs gives the places of a graph's tables.
func (g *Graph) inputs() []*Node {
	out := []*Node{&g.Edges}
	for i := range g.Nodes {
		out = append(out, &g.Nodes[i])
	}
	return out
}

func (g *Graph) shallow() *Graph {
	c := *g
	c.Nodes = append([]Node(nil), g.Nodes...)
	return &c
}

func graphInputs(n Node) []*Node {
	switch n := n.(type) {
	case *GraphMatch:
		return n.G.inputs()
	case *GraphTable:
		return n.G.inputs()
	case *GraphPartition:
		out := make([]*Node, len(n.Ins))
		for i := range n.Ins {
			out[i] = &n.Ins[i]
		}
		return out
	}
	return nil
}

func shallowGraph(n Node) Node {
	switch n := n.(type) {
	case *GraphMatch:
		c := *n
		c.G = n.G.shallow()
		return &c
	case *GraphTable:
		c := *n
		c.G = n.G.shallow()
		return &c
	case *GraphPartition:
		c := *n
		c.Ins = append([]Node(nil), n.Ins...)
		return &c
	}
	return n
}

// pruneGraph drops the columns of a match that nobody above uses.
func pruneGraph(n *GraphMatch, need map[int]bool) Node {
	m := *n
	m.Cols = filterCols(n.Cols, func(c Col) bool { return need[c.ID] })
	return pruneInputs(&m)
}
