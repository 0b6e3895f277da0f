package plan

import (
	"strings"

	"github.com/azptu/azptu/internal/kql/ast"
	"github.com/azptu/azptu/internal/kql/value"
)

// pipeline is a tabular expression as it is being bound.
type pipeline struct {
	node Node
	// ordered says that the rows stand in an order that functions like prev may use.
	ordered bool
	render  *Render
	// name is the table's name, for union withsource and search.
	name string
	// keys are those of the summarize being bound.
	keys     []Expr
	keyNames map[string]bool
	// branches are set by fork, the results then are those.
	branches []Output
	// graph is set instead of node by make-graph.
	graph *Graph
	// further are results beside the rows, as long as no operator follows.
	further []Output
}

func (p *pipeline) outputs(b *binder) []Output {
	if p.branches != nil {
		return p.branches
	}
	if p.graph != nil {
		b.failf(0, "a graph is no table: put graph-match, graph-shortest-paths or graph-to-table after make-graph")
	}
	return append([]Output{{Name: "PrimaryResult", Root: p.node, Render: p.render}}, p.further...)
}

// pipe binds a tabular expression.
func (b *binder) pipe(x ast.Expr, in *scope) *pipeline {
	b.enter(x.At())
	defer b.leave()
	in = in.child()
	in.table = true
	switch x := x.(type) {
	case *ast.Pipe:
		p := &pipeline{node: &Values{Len: 1}}
		if x.Source != nil {
			if !b.isTable(x.Source, in) {
				b.notTable(x.Source, in)
			}
			p = b.pipe(x.Source, in)
		}
		for _, op := range x.Ops {
			b.operator(p, op, in)
		}
		return p
	case *ast.Ident:
		return b.tableNamed(x, in)
	case *ast.Call:
		return b.tableCall(x, in)
	case *ast.Member:
		return b.entity(x, in)
	case *ast.MethodCall:
		b.databaseOf(x.X, in)
		return b.tableCall(x.Call, (&scope{seen: in.seen}).child())
	}
	if c, ok := b.scalar(x, &row{in: in}).(Const); ok {
		return b.single(nameOr(nameOf(x), "print_0"), c.V)
	}
	b.failf(x.At(), "a table was expected here")
	return nil
}

func nameOr(name, fallback string) string {
	if name == "" {
		return fallback
	}
	return name
}

func (b *binder) single(name string, v value.Value) *pipeline {
	return &pipeline{node: &Values{Cols: []Col{b.col(name, v.T)}, Data: []*value.Vector{value.ConstOf(v, 1)}, Len: 1}}
}

func (b *binder) notTable(x ast.Expr, in *scope) {
	if c, ok := x.(*ast.Call); ok && c.Name == "graph" {
		b.failf(x.At(), "there are no stored graphs here: make one of tables with make-graph")
	}
	id, ok := x.(*ast.Ident)
	if !ok {
		b.failf(x.At(), "a table was expected here")
	}
	if in.find(id.Name) != nil {
		b.failf(x.At(), "'%s' is not a table", id.Name)
	}
	b.unknownTable(id, in)
}

func (b *binder) unknownTable(id *ast.Ident, in *scope) {
	b.failNear(id.Pos, "the name '"+id.Name+"' does not refer to any known table", id.Name, b.tableNames(in))
}

func (b *binder) tableNamed(x *ast.Ident, in *scope) *pipeline {
	switch v := in.find(x.Name).(type) {
	case *tableVar:
		if v.n != nil {
			return &pipeline{node: b.again(v.n)}
		}
		p := b.pipe(v.x, v.in)
		p.name = ""
		return p
	case *funcVar:
		return b.tableCall(&ast.Call{Pos: x.Pos, Name: x.Name}, in)
	case Expr:
		if c, ok := v.(Const); ok {
			return b.single(x.Name, c.V)
		}
	}
	if n := b.tables[x.Name]; n != nil {
		return &pipeline{node: b.again(n), name: x.Name}
	}
	t, ok := b.table(x.Name, in)
	if !ok {
		b.unknownTable(x, in)
	}
	s := &Scan{Name: x.Name, Table: t}
	for i, c := range t.Schema() {
		s.Cols = append(s.Cols, b.col(c.Name, c.Type))
		s.Index = append(s.Index, i)
	}
	s.All = s.Cols
	return &pipeline{node: s, name: x.Name}
}

// again gives a table's rows under new column numbers, so that it can be joined to itself.
func (b *binder) again(n Node) Node {
	p := &Project{In: n}
	for _, c := range n.Columns() {
		p.Cols = append(p.Cols, b.col(c.Name, c.Type))
		p.Exprs = append(p.Exprs, Ref{c.ID, c.Type})
	}
	return p
}

func (b *binder) tableCall(c *ast.Call, in *scope) *pipeline {
	if f, ok := in.find(c.Name).(*funcVar); ok {
		inner, x := b.apply(f, c, &row{in: in})
		defer b.leaveFunc()
		p := b.pipe(x, inner)
		p.name = c.Name
		return p
	}
	if _, ok := in.find(c.Name).(*patternVar); ok {
		return b.patternCase(c, "", in)
	}
	switch c.Name {
	case "materialize":
		return b.materialize(c, in)
	case "table", "view", "external_table", "materialized_view":
		name := b.constText(c, 0, &row{in: in})
		return b.tableNamed(&ast.Ident{Pos: c.Pos, Name: name}, in)
	case "database", "cluster":
		b.failf(c.Pos, "a table was expected after %s()", c.Name)
	}
	v := b.scalar(c, &row{in: in})
	if k, ok := v.(Const); ok {
		return b.single(nameOr(nameOf(c), "print_0"), k.V)
	}
	b.failf(c.Pos, "'%s' is not a table", c.Name)
	return nil
}

// materialize runs a tabular expression once, however often it is used.
func (b *binder) materialize(c *ast.Call, in *scope) *pipeline {
	if len(c.Args) != 1 || !b.isTable(c.Args[0], in) {
		b.failf(c.Pos, "materialize() takes one tabular expression")
	}
	v := b.cached[c]
	if v == nil {
		p := b.pipe(c.Args[0], in)
		v = b.run(p.node, c.Pos)
		v.Cols = p.node.Columns()
		if b.once() {
			b.cached[c] = v
		}
	}
	out := &Values{Data: v.Data, Len: v.Len}
	for _, col := range v.Cols {
		out.Cols = append(out.Cols, b.col(col.Name, col.Type))
	}
	return &pipeline{node: out}
}

// drawsAll refuses operators that cannot follow what is there, and says whether the operator
// is done: a render after one that gives several tables is on all of them.
func (b *binder) drawsAll(p *pipeline, op ast.Op) bool {
	r, draws := op.(*ast.Render)
	switch {
	case draws && p.branches != nil:
		b.render(p, r)
		for i := range p.branches {
			p.branches[i].Render = p.render
		}
		return true
	case p.branches != nil:
		b.failf(op.At(), "no operator can follow one that gives several tables")
	case p.graph != nil && !ofGraphs(op):
		b.failf(op.At(), "a graph is no table: graph-match, graph-shortest-paths, graph-mark-components or graph-to-table was expected after make-graph")
	case !draws:
		p.further = nil
	}
	return false
}

// operator binds one operator onto a pipeline.
func (b *binder) operator(p *pipeline, op ast.Op, in *scope) {
	b.enter(op.At())
	defer b.leave()
	if b.drawsAll(p, op) {
		return
	}
	switch op := op.(type) {
	case *ast.Where:
		b.where(p, op, in)
	case *ast.Columns:
		b.columns(p, op, in)
	case *ast.Summarize:
		b.summarize(p, op, in)
	case *ast.Sort:
		b.sort(p, op, in)
	case *ast.Rows:
		b.take(p, op, in)
	case *ast.Bare:
		b.bare(p, op)
	case *ast.Join:
		b.join(p, op, in)
	case *ast.Union:
		b.union(p, op, in)
	case *ast.Render:
		b.render(p, op)
	case *ast.As:
		b.as(p, op)
	default:
		b.rarer(p, op, in)
	}
}

func (b *binder) rarer(p *pipeline, op ast.Op, in *scope) {
	switch op := op.(type) {
	case *ast.MvExpand:
		b.expand(p, op, in)
	case *ast.ParseText:
		b.parseText(p, op, in)
	case *ast.ParseKV:
		b.parseKV(p, op, in)
	case *ast.MakeSeries:
		b.makeSeries(p, op, in)
	case *ast.TopNested:
		b.topNested(p, op, in)
	case *ast.TopHitters:
		b.topHitters(p, op, in)
	case *ast.Evaluate:
		b.evaluate(p, op, in)
	case *ast.Search:
		b.search(p, op, in)
	case *ast.Find:
		b.find(p, op, in)
	case *ast.Range:
		b.rangeOf(p, op, in)
	case *ast.DataTable:
		b.dataTable(p, op, in)
	default:
		b.rarest(p, op, in)
	}
}

func (b *binder) rarest(p *pipeline, op ast.Op, in *scope) {
	switch op := op.(type) {
	case *ast.Fork:
		b.fork(p, op, in)
	case *ast.Facet:
		b.facet(p, op, in)
	case *ast.Partition:
		b.partition(p, op, in)
	case *ast.Invoke:
		b.invoke(p, op, in)
	case *ast.Reduce:
		b.reduce(p, op, in)
	case *ast.Scan:
		b.scan(p, op, in)
	case *ast.External:
		b.external(p, op, in)
	default:
		b.graphOperator(p, op, in)
	}
}

func (b *binder) render(p *pipeline, op *ast.Render) {
	p.render = &Render{Kind: op.Kind, Props: map[string]string{}}
	for _, o := range op.Options {
		p.render.Props[strings.ToLower(o.Name)] = op.Options.Get(o.Name)
	}
}

// rowOf gives the place of an expression over a pipeline's rows.
func (p *pipeline) rowOf(in *scope) *row { return &row{in: in, cols: p.node.Columns()} }

// ordered gives that place with window functions allowed when the rows are in order.
func (p *pipeline) orderedRow(in *scope, windows *[]WindowCall) *row {
	r := p.rowOf(in)
	if p.ordered {
		r.windows = windows
	}
	return r
}

// withWindows puts the window functions that were met under what uses them.
func (p *pipeline) withWindows(calls []WindowCall) {
	if len(calls) == 0 {
		return
	}
	w := &Window{In: p.node, Calls: calls, Cols: append([]Col(nil), p.node.Columns()...)}
	for _, c := range calls {
		w.Cols = append(w.Cols, c.Out)
	}
	p.node = w
}
