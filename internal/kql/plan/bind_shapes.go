package plan

import (
	"github.com/azptu/azptu/internal/kql/ast"
	"github.com/azptu/azptu/internal/kql/value"
)

// shapeLookup binds geo_polygon_lookup and geo_line_lookup: the rows of another table whose
// shape holds a row's place, or is near to it.
func (b *binder) shapeLookup(p *pipeline, op *ast.Evaluate, in *scope) {
	args := op.Call.Args
	if len(args) < 4 || !b.isTable(args[0], in) {
		b.failf(op.Pos, "%s() takes a table, its column of shapes, and the columns of longitude and latitude", op.Call.Name)
	}
	table := b.pipe(args[0], in)
	right := table.node.Columns()
	shape := b.coerce(b.scalar(args[1], &row{in: in, cols: right}), value.Dynamic)
	at := p.rowOf(in)
	radius := Expr(Const{value.OfReal(0)})
	kind, keep := "inner", false
	for i, a := range args[4:] {
		name := ""
		if n, ok := a.(*ast.Named); ok {
			name, a = n.Names[0], n.X
		}
		x := b.scalar(a, &row{in: in})
		k, isConst := x.(Const)
		if !isConst {
			b.failf(a.At(), "a constant was expected here")
		}
		switch {
		case name == "radius" || name == "" && i == 0:
			radius = b.coerce(x, value.Real)
		case name == "return_unmatched" || name == "" && i == 1:
			if k.V.Bool() {
				kind = "leftouter"
			}
		case name == "return_lookup_key" || name == "" && i == 3:
			keep = k.V.Bool()
		case name != "lookup_area_radius" && name != "":
			b.failf(a.At(), "%s() has no parameter '%s'", op.Call.Name, name)
		}
	}
	left := p.node.Columns()
	j := &Join{Left: p.node, Right: table.node, Kind: kind + "-shape", RightKeys: []Expr{shape},
		LeftKeys: []Expr{b.coerce(b.scalar(args[2], at), value.Real), b.coerce(b.scalar(args[3], at), value.Real), radius}}
	j.Cols = append(append([]Col(nil), left...), right...)
	p.node = j
	if ref, ok := shape.(Ref); ok && !keep {
		right = filterCols(right, func(c Col) bool { return c.ID != ref.ID })
	}
	p.project(b.joinNames(j, left, right, false))
}
