package plan

import (
	"strconv"

	"github.com/azptu/azptu/internal/kql/ast"
	"github.com/azptu/azptu/internal/kql/value"
)

func (b *binder) identity(*pipeline, *ast.Evaluate, *scope) {}

// preview gives some rows and, as a second result, how many there are.
func (b *binder) preview(p *pipeline, op *ast.Evaluate, in *scope) {
	if len(op.Call.Args) != 1 {
		b.failf(op.Call.Pos, "preview() takes a number of rows")
	}
	some := &Limit{In: p.node, N: b.countOf(op.Call.Args[0], in)}
	count := &pipeline{node: p.node}
	b.bare(count, &ast.Bare{Pos: op.Pos, Verb: "count"})
	p.node = some
	p.branches = []Output{{Name: "PrimaryResult", Root: some}, {Name: "Count", Root: count.node}}
}

// newActivity binds new_activity_metrics: after the step may come a cohort and, last, a
// table of IDs that are not new.
func (b *binder) newActivity(p *pipeline, op *ast.Evaluate, in *scope) {
	a := b.pluginArgs(p, op, in)
	who := a.column("the ID of who is active")
	t := a.when()
	a.constant("the start of the analysis", t)
	a.constant("the end of the analysis", t)
	a.calendar(t)
	if n := len(a.rest); n > 0 && b.isTable(a.rest[n-1], in) {
		old := b.pipe(a.rest[n-1], in)
		cols := old.node.Columns()
		if len(cols) == 0 || cols[0].Type != who.Type() {
			b.failf(a.rest[n-1].At(), "the first column of this table is to hold IDs, which are of type %s", who.Type())
		}
		old.project(cols[:1])
		a.n.Ins, a.rest = []Node{old.node}, a.rest[:n-1]
	}
	if a.constants() > 0 {
		a.constant("the cohort", t)
	} else {
		a.n.Consts = append(a.n.Consts, value.NullOf(t))
	}
	from, to := b.col("from_"+a.names[1], t), b.col("to_"+a.names[1], t)
	dims := a.dims()
	a.done(append(append([]Col{from, to}, dims...), a.made("dcount_new_values:long dcount_retained_values:long dcount_churn_values:long retention_rate:real churn_rate:real")...)...)
}

func (b *binder) rollingPercentile(p *pipeline, op *ast.Evaluate, in *scope) {
	a := b.pluginArgs(p, op, in)
	val := a.column("the values")
	name := a.names[0]
	part := a.next("the percentile")
	v := b.constant(part, in)
	if f := value.Convert(v, value.Real); !v.T.IsNumeric() || f.Null || f.F < 0 || f.F > 100 {
		b.failf(part.At(), "a percentile from 0 to 100 was expected here")
	}
	a.n.Consts = append(a.n.Consts, value.Convert(v, value.Real))
	t := a.when()
	a.length("the size of a bin", t)
	binAt := a.next("how many bins")
	a.rest = append([]ast.Expr{binAt}, a.rest...)
	n := a.constant("how many bins", value.Long).I
	if n < 1 {
		b.failf(binAt.At(), "a window has one bin or more")
	}
	dims := a.dims()
	out := b.col("rolling_"+strconv.FormatInt(n, 10)+"_percentile_"+name+"_"+value.Text(v), val.Type())
	a.done(append(append([]Col{b.col(a.names[1], t)}, dims...), out)...)
}

// array takes a constant array.
func (a *pluginArgs) array(what string) {
	arg := a.next(what)
	v := a.b.constant(arg, a.in)
	if l, ok := v.X.([]any); !ok || len(l) == 0 {
		a.b.failf(arg.At(), "a constant array was expected here: %s", what)
	}
	a.n.Consts = append(a.n.Consts, v)
}

// funnel binds funnel_sequence, which gives three tables. Operators that follow work on the
// first.
func (b *binder) funnel(p *pipeline, op *ast.Evaluate, in *scope) {
	a := b.pluginArgs(p, op, in)
	a.column("the ID of who goes through the states")
	t := a.when()
	a.constant("the start of the analysis", t)
	a.constant("the end of the analysis", t)
	a.length("the longest time between two steps", t)
	a.length("the step of the analysis", t)
	a.column("the state")
	a.array("the sequence of states")
	consts, in0 := a.n.Consts, a.rows()
	var outs []Output
	for i, makes := range []string{"prev:string next:string dcount:long samples:dynamic", "prev:string dcount:long samples:dynamic", "next:string dcount:long samples:dynamic"} {
		n := &Plugin{Name: a.n.Name, Ins: []Node{in0}, Consts: append(consts[:len(consts):len(consts)], value.OfLong(int64(i)))}
		n.Cols = append([]Col{b.col(a.names[1], t)}, a.made(makes)...)
		outs = append(outs, Output{Name: "Table_" + strconv.Itoa(i), Root: n})
	}
	a.done(outs[0].Root.Columns()...)
	p.node, p.further = outs[0].Root, outs[1:]
}

func (b *binder) funnelCompletion(p *pipeline, op *ast.Evaluate, in *scope) {
	a := b.pluginArgs(p, op, in)
	a.column("the ID of who goes through the states")
	t := a.when()
	a.constant("the start of the analysis", t)
	a.constant("the end of the analysis", t)
	a.length("the bin", t)
	state := a.column("the state")
	a.array("the sequence of states")
	a.array("the longest times for the sequence")
	a.done(b.col(a.names[1], t), b.col(a.names[2], state.Type()), b.col("Period", lengthOf(t)), b.col("dcount", value.Long))
}

func (b *binder) sequenceDetect(p *pipeline, op *ast.Evaluate, in *scope) {
	a := b.pluginArgs(p, op, in)
	t := a.when()
	when := a.names[0]
	a.exprs, a.names = append(a.exprs, a.exprs[0]), append(a.names, when)
	a.length("the longest time between two steps", t)
	a.length("the longest time for the sequence", t)
	var steps []Col
	for len(a.rest) > 0 {
		x := b.scalar(a.rest[0], p.rowOf(in))
		named, _ := a.rest[0].(*ast.Named)
		if _, isColumn := x.(Ref); x.Type() != value.Bool || isColumn && named == nil {
			break
		}
		name := "Expr" + strconv.Itoa(len(steps)+1)
		if named != nil {
			name = named.Names[0]
		}
		steps = append(steps, b.col(name+"_"+when, t))
		a.exprs, a.names, a.rest = append(a.exprs, x), append(a.names, name), a.rest[1:]
	}
	if len(steps) == 0 {
		b.failf(op.Call.Pos, "sequence_detect() needs the conditions of its steps, such as a = Level == 'Error'")
	}
	a.n.Consts = append(a.n.Consts, value.OfLong(int64(len(steps))))
	dims := a.dims()
	a.done(append(append(dims, steps...), b.col("Duration", lengthOf(t)))...)
}

// maxIntersected bounds the sets that dcount_intersect takes.
const maxIntersected = 16

func (b *binder) dcountIntersect(p *pipeline, op *ast.Evaluate, in *scope) {
	a := b.pluginArgs(p, op, in)
	cols := p.node.Columns()
	out := make([]Col, 0, len(cols))
	for _, c := range cols {
		a.exprs, a.names = append(a.exprs, Ref{c.ID, c.Type}), append(a.names, c.Name)
		out = append(out, b.col(c.Name, c.Type))
	}
	n := len(a.rest)
	if n < 2 || n > maxIntersected {
		b.failf(op.Call.Pos, "dcount_intersect() takes from 2 to %d columns that hll() made", maxIntersected)
	}
	for i := range n {
		at := a.rest[0].At()
		if x := a.column("a set that hll() made"); x.Type() != value.Dynamic {
			b.failf(at, "a set that hll() made was expected here, not a %s", x.Type())
		}
		out = append(out, b.col("s"+strconv.Itoa(i), value.Long))
	}
	a.n.Consts = []value.Value{value.OfLong(int64(n))}
	a.done(out...)
}
