package plan

import (
	"math"

	"github.com/azptu/azptu/internal/kql/scan"
	"github.com/azptu/azptu/internal/kql/value"
)

// hoist moves work into scans: the paths that the operators right above look up, the
// conditions on plain columns, what the table may skip, and the limit.
func hoist(n Node) Node {
	if c, ok := chainOf(n); ok {
		return c.hoist()
	}
	places := inputs(n)
	if len(places) == 0 {
		return n
	}
	c := shallow(n)
	for i, p := range inputs(c) {
		*p = hoist(*places[i])
	}
	return c
}

// chain is a run of operators down to a scan: at the top perhaps one that makes its own
// columns, then only such as pass columns through.
type chain struct {
	nodes []Node
	scan  *Scan
	paths map[string]Ref
	top   bool
}

func chainOf(n Node) (*chain, bool) {
	c := &chain{paths: map[string]Ref{}}
	for first := true; ; first = false {
		switch x := n.(type) {
		case *Project, *Aggregate:
			if !first {
				return nil, false
			}
			c.top = true
		case *Filter, *Sort, *Limit, *Sample:
		case *Scan:
			s := *x
			c.scan = &s
			return c, true
		default:
			return nil, false
		}
		c.nodes = append(c.nodes, n)
		n = *inputs(n)[0]
	}
}

func (c *chain) hoist() Node {
	var in Node = c.scan
	limitOnly := true
	for i := len(c.nodes) - 1; i >= 0; i-- {
		n := shallow(c.nodes[i])
		switch x := n.(type) {
		case *Filter:
			if in == Node(c.scan) {
				if n = c.filter(x); n == nil {
					limitOnly = false
					continue
				}
			} else {
				x.Pred = c.expr(x.Pred)
			}
			limitOnly = false
		case *Limit:
			if limitOnly && c.scan.Limit == 0 {
				c.scan.Limit = x.N
			}
		case *Sort:
			x.Keys = append([]SortKey(nil), x.Keys...)
			for j := range x.Keys {
				x.Keys[j].X = c.expr(x.Keys[j].X)
			}
			limitOnly = false
		case *Project:
			x.Exprs = c.exprs(x.Exprs)
		case *Aggregate:
			x.Keys = c.exprs(x.Keys)
			x.Aggs = append([]Agg(nil), x.Aggs...)
			for j := range x.Aggs {
				x.Aggs[j].Args = c.exprs(x.Aggs[j].Args)
			}
		default:
			limitOnly = false
		}
		*inputs(n)[0] = in
		in = n
	}
	return in
}

// filter puts the conditions right above the scan into it, as far as they are on plain
// columns, and gives a filter for the rest; nil when none is left.
func (c *chain) filter(f *Filter) Node {
	var plain, rest []Expr
	for _, x := range conjuncts(f.Pred) {
		if hasPath(x) || volatile(x) {
			rest = append(rest, c.expr(x))
		} else {
			plain = append(plain, x)
			c.hint(x)
		}
	}
	if len(plain) > 0 {
		c.scan.Pred = all(plain)
	}
	if len(rest) == 0 {
		return nil
	}
	for _, x := range rest {
		c.hint(x)
	}
	return &Filter{Pred: all(rest)}
}

func hasPath(x Expr) bool {
	switch x := x.(type) {
	case *Path:
		return true
	case *InSet:
		return hasPath(x.X)
	case *Call:
		for _, a := range x.Args {
			if hasPath(a) {
				return true
			}
		}
	}
	return false
}

func (c *chain) exprs(xs []Expr) []Expr {
	out := make([]Expr, len(xs))
	for i, x := range xs {
		out[i] = c.expr(x)
	}
	return out
}

// expr replaces paths by columns that the scan gives. Without an operator above that makes
// its own columns that would be seen in the result, so paths then stay.
func (c *chain) expr(x Expr) Expr {
	if !c.top {
		return x
	}
	switch x := x.(type) {
	case *Path:
		return c.path(x)
	case *InSet:
		y := *x
		y.X = c.expr(x.X)
		return &y
	case *Call:
		y := *x
		y.Args = c.exprs(x.Args)
		return &y
	}
	return x
}

func (c *chain) path(x *Path) Expr {
	if c.scan.DocIndex(x) < 0 {
		return x
	}
	key := value.PathString(x.Steps) + x.Want.String() + itoa(x.Doc.ID)
	if r, ok := c.paths[key]; ok {
		return r
	}
	r := Ref{ID: -len(c.scan.PathCols) - 1 - 1000*c.scan.All[0].ID, T: x.Want}
	c.paths[key] = r
	c.scan.Paths = append(c.scan.Paths[:len(c.scan.Paths):len(c.scan.Paths)], x)
	c.scan.PathCols = append(c.scan.PathCols[:len(c.scan.PathCols):len(c.scan.PathCols)], Col{ID: r.ID, Name: "", Type: x.Want})
	return r
}

var hintOps = map[string]scan.Op{
	"==": scan.Eq, "!=": scan.Ne, "<": scan.Lt, "<=": scan.Le, ">": scan.Gt, ">=": scan.Ge,
	"has": scan.Has, "contains": scan.Contains, "startswith": scan.StartsWith, "=~": scan.EqFold,
}

var mirrored = map[scan.Op]scan.Op{scan.Eq: scan.Eq, scan.Ne: scan.Ne, scan.Lt: scan.Gt, scan.Le: scan.Ge, scan.Gt: scan.Lt, scan.Ge: scan.Le}

// hint tells the table of a condition that every wanted row meets.
func (c *chain) hint(x Expr) {
	switch x := x.(type) {
	case *InSet:
		if !x.Not && !x.Fold && len(x.Values) > 0 && len(x.Values) <= 1000 {
			c.predicate(x.X, scan.In, x.Values)
		}
	case *Call:
		if x.F.Name == "between" {
			lo, ok1 := x.Args[1].(Const)
			hi, ok2 := x.Args[2].(Const)
			if ok1 && ok2 {
				c.predicate(x.Args[0], scan.Ge, []value.Value{lo.V})
				c.predicate(x.Args[0], scan.Le, []value.Value{hi.V})
			}
			return
		}
		op, ok := hintOps[x.F.Name]
		if !ok || len(x.Args) != 2 {
			return
		}
		if k, isConst := x.Args[1].(Const); isConst {
			c.predicate(x.Args[0], op, []value.Value{k.V})
		} else if k, isConst := x.Args[0].(Const); isConst {
			if m, ok := mirrored[op]; ok {
				c.predicate(x.Args[1], m, []value.Value{k.V})
			}
		}
	}
}

func (c *chain) predicate(x Expr, op scan.Op, vals []value.Value) {
	ref, ok := x.(Ref)
	if !ok || vals[0].Null {
		return
	}
	p := scan.Predicate{Column: -1, Path: -1, Op: op, Values: vals}
	if p.Column = placeOf(c.scan.All, ref.ID); p.Column < 0 {
		if p.Path = placeOf(c.scan.PathCols, ref.ID); p.Path < 0 {
			return
		}
	}
	c.scan.Predicates = append(c.scan.Predicates[:len(c.scan.Predicates):len(c.scan.Predicates)], p)
	if ref.T == value.DateTime && p.Column >= 0 {
		c.bound(p.Column, op, vals[0].I)
	}
}

// bound narrows the time range by a condition on a datetime column.
func (c *chain) bound(column int, op scan.Op, at int64) {
	t := c.scan.Time
	if t == nil {
		t = &scan.TimeRange{Column: column, From: math.MinInt64, To: math.MaxInt64}
	} else if t.Column != column {
		return
	}
	r := *t
	switch op {
	case scan.Eq:
		r.From, r.To = max(r.From, at), min(r.To, at)
	case scan.Gt:
		r.From = max(r.From, at+1)
	case scan.Ge:
		r.From = max(r.From, at)
	case scan.Lt:
		r.To = min(r.To, at-1)
	case scan.Le:
		r.To = min(r.To, at)
	default:
		return
	}
	c.scan.Time = &r
}
