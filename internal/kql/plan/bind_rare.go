package plan

import (
	"slices"
	"sort"

	"github.com/azptu/azptu/internal/kql/ast"
	"github.com/azptu/azptu/internal/kql/value"
)

func (b *binder) fork(p *pipeline, op *ast.Fork, in *scope) {
	p.branches = []Output{}
	for i, br := range op.Branches {
		inner := &pipeline{node: p.node, ordered: p.ordered}
		for _, o := range br.Sub.Ops {
			b.operator(inner, o, in)
		}
		name := nameOr(br.Name, "GenericResult"+itoa(i))
		if as, ok := br.Sub.Ops[len(br.Sub.Ops)-1].(*ast.As); ok {
			name = as.Name
		}
		p.branches = append(p.branches, Output{Name: name, Root: inner.node, Render: inner.render})
	}
}

func (b *binder) facet(p *pipeline, op *ast.Facet, in *scope) {
	p.branches = []Output{}
	for _, x := range op.By {
		inner := &pipeline{node: p.node}
		b.operator(inner, &ast.Summarize{Pos: op.Pos, By: []ast.Expr{x}, Aggs: []ast.Expr{&ast.Named{Pos: op.Pos, Names: []string{"count_" + nameOf(x)}, X: &ast.Call{Pos: op.Pos, Name: "count"}}}}, in)
		p.branches = append(p.branches, Output{Name: "facet_" + nameOf(x), Root: inner.node})
	}
	if op.With != nil {
		inner := &pipeline{node: p.node, ordered: p.ordered}
		for _, o := range op.With.Ops {
			b.operator(inner, o, in)
		}
		p.branches = append(p.branches, Output{Name: "facet_with", Root: inner.node})
	}
}

func (b *binder) invoke(p *pipeline, op *ast.Invoke, in *scope) {
	f, ok := in.find(op.Call.Name).(*funcVar)
	if !ok {
		b.failf(op.Call.Pos, "the name '%s' does not refer to any known function", op.Call.Name)
	}
	inner := in.child()
	inner.vars["$rows"] = &tableVar{n: p.node}
	call := &ast.Call{Pos: op.Call.Pos, Name: op.Call.Name, Args: append([]ast.Expr{&ast.Ident{Pos: op.Pos, Name: "$rows"}}, op.Call.Args...)}
	bodyIn, x := b.apply(f, call, &row{in: inner})
	defer b.leaveFunc()
	*p = *b.pipe(x, bodyIn)
}

func (b *binder) reduce(p *pipeline, op *ast.Reduce, in *scope) {
	n := &Reduce{In: p.node, X: b.coerce(b.scalar(op.By, p.rowOf(in)), value.String), Threshold: 0.1, Delims: op.Options.Get("characters")}
	if t := op.Options.Get("threshold"); t != "" {
		if f, ok := value.ParseReal(t); ok {
			n.Threshold = f
		}
	}
	n.Cols = []Col{b.col("Pattern", value.String), b.col("Count", value.Long), b.col("Representative", value.String)}
	if kind := op.Options.Get("kind"); kind == "source" {
		n.Source, n.Cols = true, append(append([]Col(nil), p.node.Columns()...), n.Cols...)
	} else if kind != "" {
		b.failf(op.Pos, "reduce knows the kind source, not %s", kind)
	}
	p.node, p.ordered = n, false
}

// given gives the columns a plugin's result is to have when the query says so.
func (b *binder) given(op *ast.Evaluate, made *Values, keep []Col) *Values {
	if !op.Given {
		return made
	}
	out := &Values{Len: made.Len}
	add := func(name string, t value.Type) {
		vb := value.NewBuilder(t, made.Len)
		at := indexOf(made.Cols, name)
		for r := range made.Len {
			if at < 0 {
				vb.AppendNull()
			} else {
				vb.Append(value.Convert(made.Data[at].Value(r), t))
			}
		}
		out.Cols, out.Data = append(out.Cols, b.col(name, t)), append(out.Data, vb.Finish())
	}
	if op.Open {
		for _, c := range keep {
			add(c.Name, c.Type)
		}
	}
	for _, c := range op.Schema {
		add(c.Name, c.Type)
	}
	return out
}

func (b *binder) pivot(p *pipeline, op *ast.Evaluate, in *scope) {
	if len(op.Call.Args) == 0 {
		b.failf(op.Pos, "pivot() needs a column")
	}
	r := p.rowOf(in)
	pivot := b.scalar(op.Call.Args[0], r)
	agg := &ast.Call{Pos: op.Pos, Name: "count"}
	if len(op.Call.Args) > 1 {
		c, ok := op.Call.Args[1].(*ast.Call)
		if !ok {
			b.failf(op.Call.Args[1].At(), "an aggregate was expected here, such as sum(…)")
		}
		agg = c
	}
	var aggs []Agg
	r.aggs = &aggs
	ref := b.aggregate(agg, r)[0]
	r.aggs = nil
	var keys []item
	if len(op.Call.Args) > 2 {
		keys = b.items(op.Call.Args[2:], r)
	} else {
		used := map[int]bool{}
		Walk(pivot, func(id int) { used[id] = true })
		for _, a := range aggs[0].Args {
			Walk(a, func(id int) { used[id] = true })
		}
		for _, c := range r.cols {
			if !used[c.ID] {
				keys = append(keys, item{name: c.Name, x: Ref{c.ID, c.Type}})
			}
		}
	}
	a := &Aggregate{In: p.node, Aggs: aggs}
	for _, k := range keys {
		a.Keys, a.Cols = append(a.Keys, k.x), append(a.Cols, b.col(k.name, k.x.Type()))
	}
	keep := a.Cols
	a.Keys, a.Cols = append(a.Keys, pivot), append(a.Cols[:len(keep):len(keep)], b.col("pivot", pivot.Type()), aggs[0].Out[0])
	p.node = b.given(op, b.pivoted(b.run(a, op.Pos), keep, ref.Type()), keep)
}

// pivoted turns the values of the last key into columns.
func (b *binder) pivoted(v *Values, keep []Col, t value.Type) *Values {
	n := len(keep)
	rowOf, colOf := map[string]int{}, map[string]bool{}
	var order []int
	cells := map[string]map[int]value.Value{}
	for i := range v.Len {
		var key []byte
		for _, d := range v.Data[:n] {
			key = value.AppendKey(key, d, i)
		}
		r, ok := rowOf[string(key)]
		if !ok {
			r = len(order)
			rowOf[string(key)] = r
			order = append(order, i)
		}
		name := value.Text(v.Data[n].Value(i))
		colOf[name] = true
		if cells[name] == nil {
			cells[name] = map[int]value.Value{}
		}
		cells[name][r] = v.Data[n+1].Value(i)
	}
	out := &Values{Len: len(order)}
	sel := make([]int32, len(order))
	for i, o := range order {
		sel[i] = int32(o)
	}
	for i, c := range keep {
		out.Cols, out.Data = append(out.Cols, b.col(c.Name, c.Type)), append(out.Data, v.Data[i].Take(sel))
	}
	names := make([]string, 0, len(colOf))
	for name := range colOf {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		vb := value.NewBuilder(t, out.Len)
		for r := range out.Len {
			x, ok := cells[name][r]
			switch {
			case ok:
				vb.Append(x)
			case t.IsNumeric():
				vb.Append(value.Convert(value.OfLong(0), t))
			default:
				vb.AppendNull()
			}
		}
		out.Cols, out.Data = append(out.Cols, b.col(name, t)), append(out.Data, vb.Finish())
	}
	return out
}

func (b *binder) narrow(p *pipeline, op *ast.Evaluate, _ *scope) {
	cols := p.node.Columns()
	v := b.run(p.node, op.Pos)
	vbs := []*value.Builder{value.NewBuilder(value.Long, 0), value.NewBuilder(value.String, 0), value.NewBuilder(value.String, 0)}
	for r := range v.Len {
		for i, c := range cols {
			vbs[0].Append(value.OfLong(int64(r)))
			vbs[1].Append(value.OfString(c.Name))
			vbs[2].Append(value.OfString(value.Text(v.Data[i].Value(r))))
		}
	}
	out := &Values{Len: vbs[0].Len()}
	for i, name := range []string{"Row", "Column", "Value"} {
		vec := vbs[i].Finish()
		out.Cols, out.Data = append(out.Cols, b.col(name, vec.Type)), append(out.Data, vec)
	}
	p.node = out
}

func (b *binder) scan(p *pipeline, op *ast.Scan, in *scope) {
	if !p.ordered {
		b.failf(op.Pos, "scan needs rows in order: put serialize, or a sort, before it")
	}
	n := &Match{In: p.node}
	cols := p.node.Columns()
	for _, d := range op.Declare {
		v := value.NullOf(d.Type)
		if d.Default != nil {
			v = value.Convert(b.constant(d.Default, in), d.Type)
		}
		n.Vars, n.Init = append(n.Vars, b.col(d.Name, d.Type)), append(n.Init, v)
	}
	all := append(append([]Col(nil), cols...), n.Vars...)
	steps := map[string][]Col{}
	for _, s := range op.Steps {
		var state []Col
		for _, c := range all {
			state = append(state, b.col(c.Name, c.Type))
		}
		n.State = append(n.State, state)
		steps[s.Name] = state
	}
	r, out := &row{in: in, cols: all, steps: steps}, slices.Clone(all)
	for _, s := range op.Steps {
		st := ScanStep{Name: s.Name, Output: nameOr(s.Output, "all"), Cond: b.condition(s.Cond, r)}
		for _, a := range s.Assign {
			named, ok := a.(*ast.Named)
			if !ok {
				b.failf(a.At(), "name = expression was expected here")
			}
			to, t := n.target(named.Names[0])
			if t == value.Unknown {
				b.failf(a.At(), "'%s' is neither a column nor declared", named.Names[0])
			}
			st.Assign, st.To = append(st.Assign, b.coerce(b.scalar(named.X, r), t)), append(st.To, to)
			if to < len(cols) { // what was a column's value is no longer
				out[to] = b.col(all[to].Name, t)
			}
		}
		n.Steps = append(n.Steps, st)
	}
	n.Cols = out
	if name := op.Options.Get("with_match_id"); name != "" {
		c := b.col(name, value.Long)
		n.ID = &c
		n.Cols = append(n.Cols, c)
	}
	p.node = n
}

// target finds what a step assigns to: a declared variable or else a column, numbered as
// the columns with the variables behind them.
func (n *Match) target(name string) (int, value.Type) {
	in := n.In.Columns()
	if i := indexOf(n.Vars, name); i >= 0 {
		return len(in) + i, n.Vars[i].Type
	}
	if i := indexOf(in, name); i >= 0 {
		return i, in[i].Type
	}
	return 0, value.Unknown
}

// rowsNear keeps the rows for which a condition holds, and so many before and after each.
func (b *binder) rowsNear(p *pipeline, op *ast.Evaluate, in *scope) {
	args := op.Call.Args
	if len(args) < 2 || len(args) > 3 {
		b.failf(op.Pos, "rows_near() takes a condition, how many rows before and, if not as many, how many after")
	}
	before := p.node.Columns()
	n := Const{value.OfLong(b.countOf(args[1], in))}
	after := n
	if len(args) == 3 {
		after = Const{value.OfLong(b.countOf(args[2], in))}
	}
	near := b.col("", value.Bool)
	p.withWindows([]WindowCall{{Name: "rows_near", Args: []Expr{b.condition(args[0], p.rowOf(in)), n, after}, Out: near}})
	p.node = &Filter{In: p.node, Pred: Ref{near.ID, near.Type}}
	p.project(before)
}
