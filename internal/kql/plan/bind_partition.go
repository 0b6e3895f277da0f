package plan

import (
	"strings"

	"github.com/azptu/azptu/internal/kql/ast"
	"github.com/azptu/azptu/internal/kql/value"
)

// maxPartitions bounds the values by which a subquery is bound anew, as Kusto's own
// strategy for these (legacy) does.
const maxPartitions = 64

// partition binds a subquery that is run for the rows of each value of a column. One that
// only transforms these rows is bound once. One that begins with a table of its own, or
// whose columns or constants depend on the rows, is bound for each value.
func (b *binder) partition(p *pipeline, op *ast.Partition, in *scope) {
	key := b.scalar(op.By, p.rowOf(in))
	if op.Sub.Source != nil || looksAtRows(op.Sub) {
		b.partitionEach(p, op, key, in)
		return
	}
	src := &Source{Cols: p.node.Columns()}
	inner := &pipeline{node: src}
	for _, o := range op.Sub.Ops {
		b.operator(inner, o, in)
	}
	p.node = &Partition{In: p.node, Key: key, Sub: inner.node, Source: src, Cols: inner.node.Columns()}
	p.ordered = false
}

// looksAtRows says that a subquery needs its rows while it is bound.
func looksAtRows(sub *ast.Pipe) bool {
	for _, op := range sub.Ops {
		switch op.(type) {
		case *ast.As, *ast.Evaluate:
			return true
		}
	}
	return false
}

func (b *binder) partitionEach(p *pipeline, op *ast.Partition, key Expr, in *scope) {
	if s := op.Options.Get("hint.strategy"); op.Sub.Source != nil && s != "" && s != "legacy" {
		b.failf(op.Sub.At(), "with hint.strategy=%s a partition's subquery cannot begin with a table", s)
	}
	whole := &Project{In: p.node, Cols: append([]Col{b.col("", key.Type())}, p.node.Columns()...), Exprs: append([]Expr{key}, refs(p.node.Columns())...)}
	rows := b.run(whole, op.Pos)
	order, members := groupRows(rows.Data[0], rows.Len)
	if len(order) > maxPartitions {
		b.failf(op.By.At(), "this partition would run its subquery for %d values, and %d are allowed; hint.strategy=native has no such bound", len(order), maxPartitions)
	}
	var parts []*pipeline
	for _, k := range order {
		parts = append(parts, b.partitionOf(rows, p.node.Columns(), members[k], op, in))
	}
	if len(parts) == 0 {
		parts = append(parts, b.partitionOf(rows, p.node.Columns(), nil, op, in))
	}
	p.node, p.ordered = b.merge(parts, false), false
}

// groupRows tells rows apart by a column: the keys as they come, and the rows of each.
func groupRows(v *value.Vector, n int) (order []string, members map[string][]int32) {
	members = map[string][]int32{}
	for i := range n {
		k := string(value.AppendKey(nil, v, i))
		if members[k] == nil {
			order = append(order, k)
		}
		members[k] = append(members[k], int32(i))
	}
	return order, members
}

// partitionOf binds the subquery for the rows of one value; the column's name stands for
// that value where the subquery has a table of its own.
func (b *binder) partitionOf(rows *Values, cols []Col, sel []int32, op *ast.Partition, in *scope) *pipeline {
	inner := in.child()
	b.calls = append(b.calls, true) // what is bound here differs from value to value
	defer func() { b.calls = b.calls[:len(b.calls)-1] }()
	if op.Sub.Source != nil {
		v := value.NullOf(rows.Cols[0].Type)
		if len(sel) > 0 {
			v = rows.Data[0].Value(int(sel[0]))
		}
		inner.vars[nameOf(op.By)] = Const{v}
		return b.pipe(op.Sub, inner)
	}
	part := &Values{Len: len(sel)}
	for i, c := range cols {
		part.Cols, part.Data = append(part.Cols, b.col(c.Name, c.Type)), append(part.Data, rows.Data[i+1].Take(sel))
	}
	p := &pipeline{node: part}
	for _, o := range op.Sub.Ops {
		if as, ok := o.(*ast.As); ok {
			inner.vars[as.Name] = &tableVar{n: p.node}
			continue
		}
		b.operator(p, o, inner)
	}
	return p
}

// as gives the rows so far a name, and computes them at once when it is asked to.
func (b *binder) as(p *pipeline, op *ast.As) {
	if strings.EqualFold(op.Options.Get("hint.materialized"), "true") {
		v := b.run(p.node, op.Pos)
		p.node = &Values{Cols: p.node.Columns(), Data: v.Data, Len: v.Len}
	}
	p.name = op.Name
	b.tables[op.Name] = p.node
}
