package plan

import (
	"strings"

	"github.com/azptu/azptu/internal/kql/ast"
	"github.com/azptu/azptu/internal/kql/fn"
	"github.com/azptu/azptu/internal/kql/value"
)

// graphScope is a pattern as the expressions of graph-match see it.
type graphScope struct {
	n     *GraphMatch
	nodes map[string]int
	edges map[string]int
	items map[[3]int]Ref // by whether it is an edge, the variable and the property
	// fold is what the expression goes over, nil outside all, any and map.
	fold *GraphFold
	// each makes an edge that stands for several mean each of them, as conditions do.
	each int
}

// maxLength bounds how many edges an edge of a pattern may stand for.
const maxLength = 10000

func (b *binder) graphMatch(p *pipeline, op *ast.GraphMatch, in *scope) {
	n := &GraphMatch{G: p.graph, Shortest: op.Verb == "graph-shortest-paths", Cycles: nameOr(op.Options.Get("cycles"), "unique_edges")}
	if !strings.Contains(" unique_edges none all ", " "+n.Cycles+" ") {
		b.failf(op.Pos, "cycles is all, none or unique_edges, not '%s'", n.Cycles)
	}
	out := nameOr(op.Options.Get("output"), "any")
	if n.All = out == "all"; !n.All && out != "any" {
		b.failf(op.Pos, "output is any or all, not '%s'", out)
	}
	s := &graphScope{n: n, nodes: map[string]int{}, edges: map[string]int{}, items: map[[3]int]Ref{}, each: -1}
	for _, path := range op.Paths {
		b.graphPath(s, path, in)
	}
	b.checkPattern(s, op)
	r := &row{in: in, graph: s}
	if op.Where != nil {
		b.graphWhere(s, op.Where, r)
	}
	for _, x := range op.Project {
		if star, ok := x.(*ast.Star); ok {
			b.failf(star.Pos, "* cannot stand here: name the properties, such as n.name")
		}
	}
	its := b.items(op.Project, r)
	for _, it := range s.n.Items {
		n.Cols = append(n.Cols, it.Col)
	}
	for _, f := range s.n.Folds {
		n.Cols = append(n.Cols, f.Out)
	}
	p.graph, p.node = nil, n
	b.projected(p, "project", its)
	p.ordered = false
}

func (b *binder) graphPath(s *graphScope, path ast.GraphPath, in *scope) {
	places := make([]int, len(path.Nodes))
	for i, v := range path.Nodes {
		at, known := s.nodes[v.Name]
		if _, isEdge := s.edges[v.Name]; isEdge && v.Name != "" {
			b.failf(v.Pos, "'%s' is an edge of this pattern", v.Name)
		}
		if !known || v.Name == "" {
			at = s.n.NodeVars
			s.n.NodeVars++
			if v.Name != "" {
				s.nodes[v.Name] = at
			}
		}
		places[i] = at
	}
	for i, v := range path.Edges {
		if _, known := s.edges[v.Name]; known || v.Name != "" && hasKey(s.nodes, v.Name) {
			b.failf(v.Pos, "the name '%s' is taken already", v.Name)
		}
		if v.Name != "" {
			s.edges[v.Name] = len(s.n.Edges)
		}
		e := GraphEdge{From: places[i], To: places[i+1], Direction: v.Direction, Several: v.Min != nil}
		if e.Several {
			e.Min, e.Max = b.length(v.Min, in), b.length(v.Max, in)
			if e.Min > e.Max {
				b.failf(v.Pos, "the least length of an edge is more than the greatest")
			}
		}
		s.n.Edges = append(s.n.Edges, e)
	}
}

func hasKey(m map[string]int, key string) bool {
	_, ok := m[key]
	return ok
}

func (b *binder) length(x ast.Expr, in *scope) int {
	v := b.constant(x, in)
	if v.Null || !v.T.IsInteger() || v.I < 0 || v.I > maxLength {
		b.failf(x.At(), "a number of edges from 0 to %d was expected here", maxLength)
	}
	return int(v.I)
}

// checkPattern refuses patterns in parts that do not hang together and, for shortest paths,
// those without an edge that stands for several.
func (b *binder) checkPattern(s *graphScope, op *ast.GraphMatch) {
	part := make([]int, s.n.NodeVars)
	for i := range part {
		part[i] = i
	}
	several := false
	for _, e := range s.n.Edges {
		several = several || e.Several
		from, to := part[e.From], part[e.To]
		for i := range part {
			if part[i] == to {
				part[i] = from
			}
		}
	}
	for _, x := range part {
		if x != part[0] {
			b.failf(op.Pos, "the sequences of a pattern must share nodes, so that all hang together")
		}
	}
	if s.n.Shortest && (len(op.Paths) != 1 || !several) {
		b.failf(op.Pos, "graph-shortest-paths takes one sequence with an edge of variable length, such as (a)-[e*1..5]->(b)")
	}
}

// graphWhere binds the conditions one by one. One that names properties of an edge that
// stands for several is on each of its edges.
func (b *binder) graphWhere(s *graphScope, x ast.Expr, r *row) {
	if and, ok := x.(*ast.Binary); ok && and.Op == "and" {
		b.graphWhere(s, and.L, r)
		b.graphWhere(s, and.R, r)
		return
	}
	items, folds := len(s.n.Items), len(s.n.Folds)
	cond := b.condition(x, r)
	on := -1
	for _, f := range s.n.Folds[folds:] {
		if f.Kind == "property" {
			on = f.Edge
		}
	}
	if on >= 0 {
		s.n.Items, s.n.Folds = s.n.Items[:items], s.n.Folds[:folds]
		for key, ref := range s.items {
			if !s.has(ref.ID) {
				delete(s.items, key)
			}
		}
		fold := &GraphFold{Kind: "all", Edge: on, Out: b.col("", value.Bool)}
		outer := s.fold
		s.fold, s.each = fold, on
		fold.X = b.condition(x, r)
		s.fold, s.each = outer, -1
		s.n.Folds = append(s.n.Folds, *fold)
		cond = Ref{fold.Out.ID, value.Bool}
	}
	s.n.Where = append(s.n.Where, cond)
}

func (s *graphScope) has(id int) bool {
	for _, it := range s.n.Items {
		if it.ID == id {
			return true
		}
	}
	return false
}

// props lists what nodes or edges have.
func (s *graphScope) props(edge bool) []Col {
	if edge {
		return s.n.G.Edge
	}
	out := make([]Col, len(s.n.G.Props))
	for i, p := range s.n.G.Props {
		out[i] = Col{Name: p.Name, Type: p.Type}
	}
	return out
}

// item refers to a property of a variable.
func (b *binder) graphItem(s *graphScope, edge bool, v, prop int) Expr {
	key := [3]int{0, v, prop}
	if edge {
		key[0] = 1
	}
	if ref, ok := s.items[key]; ok {
		return ref
	}
	it := GraphItem{Col: b.col("", value.Long), Edge: edge, Var: v, Prop: prop}
	if prop >= 0 {
		it.Type = s.props(edge)[prop].Type
	}
	s.n.Items = append(s.n.Items, it)
	ref := Ref{it.ID, it.Type}
	s.items[key] = ref
	return ref
}

// element refers to a property of what a fold goes over.
func (b *binder) element(f *GraphFold, s *graphScope, prop int) Expr {
	for _, it := range f.Items {
		if it.Prop == prop {
			return Ref{it.ID, it.Type}
		}
	}
	it := GraphItem{Col: b.col("", value.Long), Edge: !f.Inner, Var: f.Edge, Prop: prop}
	if prop >= 0 {
		it.Type = s.props(it.Edge)[prop].Type
	}
	f.Items = append(f.Items, it)
	return Ref{it.ID, it.Type}
}

// graphVar binds a bare name in an expression of graph-match: a property of what a fold goes
// over, or a node or edge as a whole.
func (b *binder) graphVar(x *ast.Ident, r *row) Expr {
	s := r.graph
	if s == nil {
		return nil
	}
	if s.fold != nil && s.each < 0 {
		if i := indexOf(s.props(!s.fold.Inner), x.Name); i >= 0 {
			return b.element(s.fold, s, i)
		}
	}
	if v, ok := s.nodes[x.Name]; ok {
		return b.packed(s.props(false), func(i int) Expr { return b.graphItem(s, false, v, i) })
	}
	v, ok := s.edges[x.Name]
	if !ok {
		return nil
	}
	if !s.n.Edges[v].Several {
		return b.packed(s.props(true), func(i int) Expr { return b.graphItem(s, true, v, i) })
	}
	return b.folded(s, &GraphFold{Kind: "map", Edge: v}, func(f *GraphFold) Expr {
		return b.packed(s.props(true), func(i int) Expr { return b.element(f, s, i) })
	})
}

// packed is a bag of properties.
func (b *binder) packed(props []Col, value0 func(i int) Expr) Expr {
	args := []Expr{Const{value.OfBool(false)}}
	for i, c := range props {
		args = append(args, Const{value.OfString(c.Name)}, value0(i))
	}
	return b.fold(fn.Lookup("pack_columns"), args, value.Dynamic)
}

// folded adds a fold whose expression x gives.
func (b *binder) folded(s *graphScope, f *GraphFold, x func(f *GraphFold) Expr) Expr {
	t := value.Bool
	if f.Kind == "map" || f.Kind == "property" {
		t = value.Dynamic
	}
	f.Out = b.col("", t)
	f.X = x(f)
	s.n.Folds = append(s.n.Folds, *f)
	return Ref{f.Out.ID, t}
}

// graphMember binds v.property.
func (b *binder) graphMember(id *ast.Ident, x *ast.Member, r *row) Expr {
	s := r.graph
	if s == nil {
		return nil
	}
	v, isNode := s.nodes[id.Name]
	e, isEdge := s.edges[id.Name]
	if !isNode && !isEdge {
		return nil
	}
	props := s.props(isEdge)
	i := indexOf(props, x.Name)
	if i < 0 {
		names := make([]string, len(props))
		for k, c := range props {
			names[k] = c.Name
		}
		b.failNear(x.Pos, "'"+id.Name+"' has no property '"+x.Name+"'", x.Name, names)
	}
	switch {
	case isNode:
		return b.graphItem(s, false, v, i)
	case !s.n.Edges[e].Several:
		return b.graphItem(s, true, e, i)
	case s.each == e:
		return b.element(s.fold, s, i)
	}
	return b.folded(s, &GraphFold{Kind: "property", Edge: e}, func(f *GraphFold) Expr { return b.element(f, s, i) })
}

// graphCall binds the functions that only graphs have.
func (b *binder) graphCall(c *ast.Call, r *row) Expr {
	s := r.graph
	if s == nil {
		return nil
	}
	switch c.Name {
	case "all", "any", "map":
		return b.graphFold(s, c, r)
	case "labels":
		return Const{value.OfDynamic([]any{})}
	case "node_degree_in":
		return b.degree(s, c, InDegree)
	case "node_degree_out":
		return b.degree(s, c, OutDegree)
	case "inner_nodes":
		b.failf(c.Pos, "inner_nodes() stands as the first argument of all(), any() or map() only")
	}
	return nil
}

func (b *binder) degree(s *graphScope, c *ast.Call, which int) Expr {
	if len(c.Args) == 0 && s.fold != nil && s.fold.Inner {
		return b.element(s.fold, s, which)
	}
	if len(c.Args) == 1 {
		if id, ok := c.Args[0].(*ast.Ident); ok && hasKey(s.nodes, id.Name) {
			return b.graphItem(s, false, s.nodes[id.Name], which)
		}
	}
	b.failf(c.Pos, "%s() takes a node of the pattern or, where inner_nodes() are gone over, nothing", c.Name)
	return nil
}

// graphFold binds all(edge, x), any(edge, x) and map(edge, x), where the edge may be in
// inner_nodes().
func (b *binder) graphFold(s *graphScope, c *ast.Call, r *row) Expr {
	if len(c.Args) != 2 {
		b.failf(c.Pos, "%s() takes an edge of variable length and an expression", c.Name)
	}
	over, f := c.Args[0], &GraphFold{Kind: c.Name}
	if inner, ok := over.(*ast.Call); ok && inner.Name == "inner_nodes" && len(inner.Args) == 1 {
		over, f.Inner = inner.Args[0], true
	}
	id, ok := over.(*ast.Ident)
	if !ok || !hasKey(s.edges, id.Name) || !s.n.Edges[s.edges[id.Name]].Several {
		b.failf(over.At(), "an edge of variable length was expected here")
	}
	if s.fold != nil {
		b.failf(c.Pos, "%s() cannot stand inside another such function", c.Name)
	}
	f.Edge = s.edges[id.Name]
	return b.folded(s, f, func(f *GraphFold) Expr {
		s.fold = f
		defer func() { s.fold = nil }()
		if f.Kind == "map" {
			return b.scalar(c.Args[1], r)
		}
		return b.condition(c.Args[1], r)
	})
}
