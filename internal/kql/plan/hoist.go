package plan

import (
	"math"

	"github.com/azptu/azptu/internal/kql/scan"
	"github.com/azptu/azptu/internal/kql/value"
)

// eachChain rewrites the runs of operators in a plan, those further down first.
func eachChain(n Node, rewrite func(*chain) Node) Node {
	c := chainOf(n)
	if makesOwn(c.bottom) {
		c.bottom = eachChain(c.bottom, rewrite)
	} else if places := inputs(c.bottom); len(places) > 0 {
		b := shallow(c.bottom)
		for i, p := range inputs(b) {
			*p = eachChain(*places[i], rewrite)
		}
		c.bottom = b
	}
	return rewrite(c)
}

// chain is a run of operators down to one that is of another kind, such as a scan: at the
// top perhaps an aggregate, then such as pass columns through or compute them row by row.
type chain struct {
	nodes  []Node
	bottom Node
	paths  map[string]Ref
	scan   *Scan // the bottom while it is changed
}

func chainOf(n Node) *chain {
	c := &chain{paths: map[string]Ref{}}
	cols := n.Columns()
	for {
		switch n.(type) {
		case *Aggregate, *MakeSeries:
			if len(c.nodes) > 0 {
				c.end(n, cols)
				return c
			}
		case *Project, *Filter, *Sort, *Limit, *Sample:
		default:
			c.end(n, cols)
			return c
		}
		c.nodes = append(c.nodes, n)
		n = *inputs(n)[0]
	}
}

func (c *chain) end(bottom Node, cols []Col) {
	c.bottom = bottom
	switch bottom.(type) {
	case *Scan, *Union, *Join:
		c.cover(cols)
	}
}

// makesOwn says that none of an operator's columns are those of its input, so that a chain
// may begin with it.
func makesOwn(n Node) bool {
	switch n.(type) {
	case *Aggregate, *MakeSeries:
		return true
	}
	return false
}

// rebuild puts the operators on the bottom as they are.
func (c *chain) rebuild() Node {
	in := c.bottom
	for i := len(c.nodes) - 1; i >= 0; i-- {
		n := shallow(c.nodes[i])
		*inputs(n)[0] = in
		in = n
	}
	return in
}

// cover puts a projection on top when the columns of the scan would be seen there, so that
// columns may be added below.
func (c *chain) cover(cols []Col) {
	if len(c.nodes) == 0 {
		return
	}
	if _, ok := c.nodes[0].(*Project); ok || makesOwn(c.nodes[0]) {
		return
	}
	found := false
	for _, n := range c.nodes {
		mapExprs(n, func(x Expr) Expr { found = found || hasPath(x); return x })
	}
	if found {
		p := &Project{Cols: cols}
		for _, col := range cols {
			p.Exprs = append(p.Exprs, Ref{ID: col.ID, T: col.Type})
		}
		c.nodes = append([]Node{p}, c.nodes...)
	}
}

// hoist moves work into a scan: the paths that the operators above look up, the conditions
// on plain columns, what the table may skip, and the limit.
func (c *chain) hoist() Node {
	s, ok := c.bottom.(*Scan)
	if !ok {
		return c.rebuild()
	}
	c.scan = shallow(s).(*Scan)
	c.scan.Transient = c.passing()
	var in Node = c.scan
	untouched := true // every row scanned so far is still there
	for i := len(c.nodes) - 1; i >= 0; i-- {
		f, isFilter := c.nodes[i].(*Filter)
		if isFilter && in == Node(c.scan) {
			f = c.filter(f, i)
			if untouched = false; f == nil {
				c.nodes = append(c.nodes[:i:i], c.nodes[i+1:]...)
				continue
			}
			f.In = in
			c.nodes[i], in = f, f
			continue
		}
		n := mapExprs(c.nodes[i], func(x Expr) Expr { return c.expr(x, i) })
		switch x := n.(type) {
		case *Limit:
			if untouched && c.scan.Limit == 0 {
				c.scan.Limit = x.N
			}
		case *Project:
		default:
			untouched = false
		}
		*inputs(n)[0] = in
		c.nodes[i], in = n, n
	}
	return in
}

// passing says that rows are aggregated as they come, so that no batch is kept.
func (c *chain) passing() bool {
	for i, n := range c.nodes {
		switch n.(type) {
		case *Aggregate:
			if i > 0 {
				return false
			}
		case *Filter, *Project:
			if i == 0 {
				return false
			}
		default:
			return false
		}
	}
	return len(c.nodes) > 0
}

// Transient says that an operator passes batches on that must not be kept.
func Transient(n Node) bool {
	switch n := n.(type) {
	case *Scan:
		return n.Transient
	case *Filter:
		return Transient(n.In)
	case *Project:
		return Transient(n.In)
	}
	return false
}

// Conjuncts gives the conditions that must all hold for x to hold.
func Conjuncts(x Expr) []Expr { return conjuncts(x) }

// filter puts the conditions right above the scan into it, as far as they are on plain
// columns, and gives a filter for the rest; nil when none is left.
func (c *chain) filter(f *Filter, level int) *Filter {
	var plain, rest []Expr
	for _, x := range conjuncts(f.Pred) {
		if hasPath(x) || volatile(x) {
			rest = append(rest, c.expr(x, level))
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

// expr replaces paths by columns that the scan gives.
func (c *chain) expr(x Expr, level int) Expr {
	return mapPaths(x, func(p *Path) Expr {
		y := c.path(p)
		if r, ok := y.(Ref); ok {
			c.carry(r, level)
		}
		return y
	})
}

// pathKey tells paths apart.
func pathKey(x *Path) string {
	return value.PathString(x.Steps) + x.Want.String() + itoa(x.Doc.ID)
}

func (c *chain) path(x *Path) Expr {
	if c.scan.DocIndex(x) < 0 {
		return x
	}
	key := pathKey(x)
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
	if p.Column = placeIn(c.scan.All, ref.ID); p.Column < 0 {
		if p.Path = placeIn(c.scan.PathCols, ref.ID); p.Path < 0 {
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
