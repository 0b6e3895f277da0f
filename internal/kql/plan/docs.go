package plan

import (
	"github.com/azptu/azptu/internal/kql/value"
)

// place is where a value lies: in a document that a column holds, some steps inside.
type place struct {
	col   Ref
	steps []value.Step
	// reparse says that a string found there is itself read as JSON before going on.
	reparse bool
}

// docOf tells where the value of an expression lies when it is a document, or part of
// one, that can be looked into further; false when it is computed.
func docOf(x Expr) (place, bool) {
	switch x := x.(type) {
	case Ref:
		return place{col: x}, x.T == value.String || x.T == value.Dynamic
	case *Path:
		return place{col: x.Doc, steps: x.Steps, reparse: x.Want == value.String}, !x.converted()
	case *Call:
		if len(x.Args) != 1 || !readsJSON(x) {
			return place{}, false
		}
		p, ok := docOf(x.Args[0])
		if ref, isRef := x.Args[0].(Ref); !isRef || ref.T != value.String {
			p.reparse = true
		}
		return p, ok
	}
	return place{}, false
}

// readsJSON says that a call gives the document that its argument is or holds as text:
// parse_json and its other names, or tostring of a dynamic, which is read again by whoever
// looks into it.
func readsJSON(c *Call) bool {
	switch c.F.Name {
	case "parse_json", "parsejson", "toobject":
		return true
	case "todynamic":
		return c.F != toDynamic
	case "tostring":
		return c.Args[0].Type() == value.Dynamic
	}
	return false
}

// further is the path into what lies at a place.
func (p place) further(x *Path) *Path {
	steps := append(append([]value.Step(nil), p.steps...), x.Steps...)
	text := x.Doc.T == value.String && (len(p.steps) > 0 || p.col.T == value.Dynamic)
	if p.reparse || text {
		steps[len(p.steps)].Reparse = true
	}
	return &Path{Doc: p.col, Steps: steps, Want: x.Want}
}

// deepen rewrites the paths of a chain so that each starts at a column of the bottom,
// however many projections name what is on the way. Those then need not keep it.
func (c *chain) deepen() Node {
	cols := c.bottom.Columns()
	switch b := c.bottom.(type) {
	case *Scan:
		cols = b.All
	case *Union, *Join:
	default:
		return c.rebuild()
	}
	known := map[int]place{}
	in := c.bottom
	for i := len(c.nodes) - 1; i >= 0; i-- {
		n := mapExprs(c.nodes[i], func(x Expr) Expr { return c.deeper(x, known, i) })
		*inputs(n)[0] = in
		if p, ok := n.(*Project); ok {
			for k, col := range p.Cols {
				if at, ok := docOf(p.Exprs[k]); ok && placeIn(cols, at.col.ID) >= 0 {
					known[col.ID] = at
				}
			}
		}
		c.nodes[i], in = n, n
	}
	return in
}

func (c *chain) deeper(x Expr, known map[int]place, level int) Expr {
	return mapPaths(x, func(p *Path) Expr {
		at, ok := known[p.Doc.ID]
		if !ok || p.Doc.ID == at.col.ID {
			return p
		}
		c.carry(at.col, level)
		return at.further(p)
	})
}

// carry makes the projections below a level of the chain pass a column on.
func (c *chain) carry(col Ref, level int) {
	for _, n := range c.nodes[level+1:] {
		if p, ok := n.(*Project); ok && placeIn(p.Cols, col.ID) < 0 {
			p.Cols = append(p.Cols[:len(p.Cols):len(p.Cols)], Col{ID: col.ID, Type: col.T})
			p.Exprs = append(p.Exprs[:len(p.Exprs):len(p.Exprs)], col)
		}
	}
}

// mapPaths replaces the paths in an expression.
func mapPaths(x Expr, f func(*Path) Expr) Expr {
	switch x := x.(type) {
	case *Path:
		return f(x)
	case *InSet:
		y := *x
		y.X = mapPaths(x.X, f)
		return &y
	case *Call:
		y := *x
		y.Args = make([]Expr, len(x.Args))
		for i, a := range x.Args {
			y.Args[i] = mapPaths(a, f)
		}
		return &y
	}
	return x
}

// mapExprs copies an operator of a chain with its expressions replaced.
func mapExprs(n Node, f func(Expr) Expr) Node {
	every := func(xs []Expr) []Expr {
		out := make([]Expr, len(xs))
		for i, x := range xs {
			out[i] = f(x)
		}
		return out
	}
	n = shallow(n)
	switch n := n.(type) {
	case *Filter:
		n.Pred = f(n.Pred)
	case *Sort:
		n.Keys = append([]SortKey(nil), n.Keys...)
		for i := range n.Keys {
			n.Keys[i].X = f(n.Keys[i].X)
		}
	case *Project:
		n.Exprs = every(n.Exprs)
	case *MakeSeries:
		n.Axis, n.Keys = f(n.Axis), every(n.Keys)
		n.Aggs = append([]Agg(nil), n.Aggs...)
		for i := range n.Aggs {
			n.Aggs[i].Args = every(n.Aggs[i].Args)
		}
	case *Aggregate:
		n.Keys = every(n.Keys)
		n.Aggs = append([]Agg(nil), n.Aggs...)
		for i := range n.Aggs {
			n.Aggs[i].Args = every(n.Aggs[i].Args)
		}
	}
	return n
}
