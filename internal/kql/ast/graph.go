package ast

// Operators on graphs.
type (
	// MakeGraph makes a graph of edges and, where they have any, of the nodes' properties.
	// NodeID names the only property of nodes without a table. With By, Sub runs over the
	// graph of each value of that column.
	MakeGraph struct {
		Pos
		Source, Target *Ident
		Nodes          []GraphNodes
		NodeID         *Ident
		By             *Ident
		Sub            *Pipe
	}
	// GraphNodes is a table of nodes with the column that identifies them.
	GraphNodes struct {
		Table Expr
		On    *Ident
	}
	// GraphVar is a node or an edge of a pattern. Direction is 1 for an edge to the right,
	// -1 to the left and 0 for both; Min and Max are set when it stands for several.
	GraphVar struct {
		Pos
		Name      string
		Direction int
		Min, Max  Expr
	}
	// GraphPath is nodes with edges between them: one edge fewer than nodes.
	GraphPath struct {
		Nodes, Edges []GraphVar
	}
	// GraphMatch finds a pattern; Verb is graph-match or graph-shortest-paths.
	GraphMatch struct {
		Pos
		Verb    string
		Options Options
		Paths   []GraphPath
		Where   Expr
		Project []Expr
	}
	// GraphComponents marks the parts of a graph that hang together.
	GraphComponents struct {
		Pos
		Options Options
	}
	// GraphExport is what graph-to-table gives: nodes or edges, under a name or none.
	GraphExport struct {
		What, As string
		Options  Options
	}
	// GraphTable gives a graph's nodes or edges.
	GraphTable struct {
		Pos
		Exports []GraphExport
	}
)

func (p *parser) ident(what string) *Ident {
	at := p.tok().pos
	return &Ident{Pos: at, Name: p.anyName(what)}
}

func parseMakeGraph(p *parser, at Pos, _ string) Op {
	p.options()
	op := &MakeGraph{Pos: at, Source: p.ident("the column of the edges' sources")}
	p.need("-")
	p.need("-")
	p.need(">")
	op.Target = p.ident("the column of the edges' targets")
	switch {
	case p.acceptWord("with"):
		for {
			n := GraphNodes{Table: p.tableArgument()}
			p.needWord("on")
			n.On = p.ident("the column that identifies nodes")
			op.Nodes = append(op.Nodes, n)
			if !p.accept(",") {
				break
			}
		}
		if len(op.Nodes) > 2 {
			p.failAt(at, "make-graph takes at most two tables of nodes")
		}
	case p.acceptWord("with_node_id"):
		p.need("=")
		op.NodeID = p.ident("a name for the nodes' property")
	}
	if p.verbAt() == "partitioned-by" {
		p.i += 3
		op.By = p.ident("the column to partition by")
		op.Sub = p.subPipe()
	}
	return op
}

func parseGraphMatch(p *parser, at Pos, verb string) Op {
	op := &GraphMatch{Pos: at, Verb: verb, Options: p.options("cycles", "output")}
	for {
		op.Paths = append(op.Paths, p.graphPath())
		if !p.accept(",") {
			break
		}
	}
	if p.acceptWord("where") {
		op.Where = p.expr()
	}
	p.needWord("project")
	op.Project = p.list(p.named)
	return op
}

func (p *parser) graphPath() GraphPath {
	path := GraphPath{Nodes: []GraphVar{p.graphNode()}}
	for p.is("-") || p.is("<") {
		path.Edges = append(path.Edges, p.graphEdge())
		path.Nodes = append(path.Nodes, p.graphNode())
	}
	return path
}

func (p *parser) graphNode() GraphVar {
	at := p.tok().pos
	if !p.accept("(") {
		p.expected("a node, such as (n)")
	}
	n := GraphVar{Pos: at}
	if !p.is(")") {
		n.Name = p.anyName("a name for the node")
	}
	p.need(")")
	return n
}

// graphEdge reads -[e]->, <-[e]-, -[e]-, or one of them without a name: -->, <--, --.
func (p *parser) graphEdge() GraphVar {
	e := GraphVar{Pos: p.tok().pos}
	if p.accept("<") {
		e.Direction = -1
	}
	p.need("-")
	if p.accept("[") {
		if !p.is("*") && !p.is("]") {
			e.Name = p.anyName("a name for the edge")
		}
		if p.accept("*") {
			e.Min = p.unary()
			p.need("..")
			e.Max = p.unary()
		}
		p.need("]")
	}
	p.need("-")
	if e.Direction == 0 && p.accept(">") {
		e.Direction = 1
	}
	return e
}

func parseGraphComponents(p *parser, at Pos, _ string) Op {
	return &GraphComponents{Pos: at, Options: p.options("kind", "with_component_id")}
}

func parseGraphTable(p *parser, at Pos, _ string) Op {
	op := &GraphTable{Pos: at}
	for {
		if !p.isWord("nodes", "edges") {
			p.expected("'nodes' or 'edges'")
		}
		e := GraphExport{What: p.advance().text}
		e.Options = p.options("with_node_id", "with_source_id", "with_target_id")
		if p.acceptWord("as") {
			e.As = p.anyName("a name for the table")
			e.Options = append(e.Options, p.options("with_node_id", "with_source_id", "with_target_id")...)
		}
		op.Exports = append(op.Exports, e)
		if !p.accept(",") {
			return op
		}
	}
}

func (o *MakeGraph) printOp(p *printer) {
	p.s("make-graph ", Name(o.Source.Name), " --> ", Name(o.Target.Name))
	for i, n := range o.Nodes {
		if i == 0 {
			p.s(" with ")
		} else {
			p.s(", ")
		}
		p.table(n.Table)
		p.s(" on ", Name(n.On.Name))
	}
	if o.NodeID != nil {
		p.s(" with_node_id=", Name(o.NodeID.Name))
	}
	if o.By != nil {
		p.s(" partitioned-by ", Name(o.By.Name), " ")
		p.sub(o.Sub)
	}
}

func (o *GraphMatch) printOp(p *printer) {
	p.s(o.Verb)
	p.options(o.Options)
	for i, path := range o.Paths {
		if i > 0 {
			p.s(",")
		}
		p.s(" ")
		p.path(path)
	}
	if o.Where != nil {
		p.s(" where ")
		o.Where.print(p, 0)
	}
	p.s(" project ")
	p.list(o.Project)
}

func (p *printer) path(path GraphPath) {
	name := func(v GraphVar) string {
		if v.Name == "" {
			return ""
		}
		return Name(v.Name)
	}
	for i, n := range path.Nodes {
		p.s("(", name(n), ")")
		if i == len(path.Edges) {
			return
		}
		e := path.Edges[i]
		if e.Direction < 0 {
			p.s("<")
		}
		p.s("-")
		if e.Name != "" || e.Min != nil {
			p.s("[", name(e))
			if e.Min != nil {
				p.s("*")
				e.Min.print(p, precPostfix)
				p.s("..")
				e.Max.print(p, precPostfix)
			}
			p.s("]")
		}
		p.s("-")
		if e.Direction > 0 {
			p.s(">")
		}
	}
}

func (o *GraphComponents) printOp(p *printer) {
	p.s("graph-mark-components")
	p.options(o.Options)
}

func (o *GraphTable) printOp(p *printer) {
	p.s("graph-to-table ")
	for i, e := range o.Exports {
		if i > 0 {
			p.s(", ")
		}
		p.s(e.What)
		if e.As != "" {
			p.s(" as ", Name(e.As))
		}
		p.options(e.Options)
	}
}
