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
	o := b.shapeOptions(op.Call, in)
	left := p.node.Columns()
	j := &Join{Left: p.node, Right: table.node, Kind: o.kind + "-shape", RightKeys: []Expr{shape},
		LeftKeys: []Expr{b.coerce(b.scalar(args[2], at), value.Real), b.coerce(b.scalar(args[3], at), value.Real), o.radius}}
	j.Cols = append(append([]Col(nil), left...), right...)
	p.node = j
	if ref, ok := shape.(Ref); ok && !o.keep {
		right = filterCols(right, func(c Col) bool { return c.ID != ref.ID })
	}
	p.project(b.joinNames(j, left, right, false))
}

// shapeOptions are what a lookup by shapes is told beside its columns.
type shapeOptions struct {
	radius Expr
	kind   string
	keep   bool
}

// shapeNames are the parameters in the order in which they stand without names.
var shapeNames = []string{"radius", "return_unmatched", "lookup_area_radius", "return_lookup_key"}

func (b *binder) shapeOptions(c *ast.Call, in *scope) shapeOptions {
	o := shapeOptions{radius: Const{value.OfReal(0)}, kind: "inner"}
	for i, a := range c.Args[4:] {
		name := ""
		if n, ok := a.(*ast.Named); ok {
			name, a = n.Names[0], n.X
		} else if i < len(shapeNames) {
			name = shapeNames[i]
		}
		k, isConst := b.scalar(a, &row{in: in}).(Const)
		if !isConst {
			b.failf(a.At(), "a constant was expected here")
		}
		switch name {
		case "radius":
			o.radius = b.coerce(k, value.Real)
		case "return_unmatched":
			if k.V.Bool() {
				o.kind = "leftouter"
			}
		case "return_lookup_key":
			o.keep = k.V.Bool()
		case "lookup_area_radius": // speeds Kusto's own search up
		default:
			b.failf(a.At(), "%s() has no parameter '%s'", c.Name, name)
		}
	}
	return o
}
