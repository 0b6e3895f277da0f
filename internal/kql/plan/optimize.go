package plan

import (
	"github.com/azptu/azptu/internal/kql/fn"
	"github.com/azptu/azptu/internal/kql/value"
)

// Optimize gives a plan that computes the same rows with less work: filters move towards
// the tables, projections melt together, only columns that are used are read, values
// inside documents are read by the scan, and tables are told what they may skip. The plan
// given is left as it is.
func Optimize(n Node) Node {
	all := ids(n.Columns())
	n = simplify(n)
	s := &sinker{}
	for range maxSinks {
		n = eachChain(n, (*chain).deepen)
		n = prune(n, all)
		s.moved = false
		if n = eachChain(n, s.sink); !s.moved {
			break
		}
	}
	n = eachChain(n, (*chain).hoist)
	return prune(n, all)
}

// maxSinks bounds how many unions and joins deep paths are moved.
const maxSinks = 8

func ids(cols []Col) map[int]bool {
	m := make(map[int]bool, len(cols))
	for _, c := range cols {
		m[c.ID] = true
	}
	return m
}

// simplify rewrites from the tables upwards.
func simplify(n Node) Node {
	places := inputs(n)
	if len(places) == 0 {
		return n
	}
	c := shallow(n)
	for i, p := range inputs(c) {
		*p = simplify(*places[i])
	}
	return improve(c)
}

// improve rewrites an operator whose inputs are done.
func improve(n Node) Node {
	switch n := n.(type) {
	case *Filter:
		return improveFilter(n)
	case *Project:
		if in, ok := n.In.(*Project); ok && mergeable(n.Exprs, in) {
			m := definitions(in)
			return &Project{In: in.In, Cols: n.Cols, Exprs: substituteAll(n.Exprs, m)}
		}
	case *Aggregate:
		return improveAggregate(n)
	case *Limit:
		switch in := n.In.(type) {
		case *Project:
			return &Project{In: improve(&Limit{In: in.In, N: n.N}), Cols: in.Cols, Exprs: in.Exprs}
		case *Sort:
			if in.Limit < 0 || in.Limit > n.N {
				return &Sort{In: in.In, Keys: in.Keys, Limit: n.N}
			}
			return in
		}
	}
	return n
}

// improveFilter moves conditions below projections and joins filters.
func improveFilter(n *Filter) Node {
	switch in := n.In.(type) {
	case *Filter:
		return improveFilter(&Filter{In: in.In, Pred: and(in.Pred, n.Pred)})
	case *Project:
		m := definitions(in)
		var down, stay []Expr
		for _, c := range conjuncts(n.Pred) {
			if cheapUnder(c, m) {
				down = append(down, substitute(c, m))
			} else {
				stay = append(stay, c)
			}
		}
		if len(down) == 0 {
			return n
		}
		below := &Project{In: improveFilter(&Filter{In: in.In, Pred: all(down)}), Cols: in.Cols, Exprs: in.Exprs}
		if len(stay) == 0 {
			return below
		}
		return &Filter{In: below, Pred: all(stay)}
	case *Union:
		return improveFilterUnion(n, in)
	case *Join:
		below, stay := filterJoin(n.Pred, in)
		if len(stay) == 0 {
			return below
		}
		return &Filter{In: below, Pred: all(stay)}
	case *Sort:
		if in.Limit < 0 {
			return &Sort{In: improveFilter(&Filter{In: in.In, Pred: n.Pred}), Keys: in.Keys, Limit: -1}
		}
	}
	return n
}

// improveFilterUnion asks the inputs of a union for what can be asked of all of them.
func improveFilterUnion(n *Filter, u *Union) Node {
	var below Node = u
	var stay []Expr
	for _, x := range conjuncts(n.Pred) {
		if u, ok := filterUnion(x, below.(*Union)); ok {
			below = u
		} else {
			stay = append(stay, x)
		}
	}
	if len(stay) == 0 {
		return below
	}
	return &Filter{In: below, Pred: all(stay)}
}

// improveAggregate drops a projection under an aggregate and orders that do not matter.
func improveAggregate(n *Aggregate) Node {
	in, ok := n.In.(*Project)
	if !ok {
		return n
	}
	exprs := append([]Expr(nil), n.Keys...)
	for _, a := range n.Aggs {
		exprs = append(exprs, a.Args...)
	}
	if !mergeable(exprs, in) {
		return n
	}
	m := definitions(in)
	c := *n
	c.In = in.In
	c.Keys = substituteAll(n.Keys, m)
	c.Aggs = append([]Agg(nil), n.Aggs...)
	for i := range c.Aggs {
		c.Aggs[i].Args = substituteAll(c.Aggs[i].Args, m)
	}
	return &c
}

func and(x, y Expr) Expr { return &Call{F: fn.Lookup("and"), Args: []Expr{x, y}, T: value.Bool} }

func all(xs []Expr) Expr {
	x := xs[0]
	for _, y := range xs[1:] {
		x = and(x, y)
	}
	return x
}

// conjuncts gives the conditions that all must hold.
func conjuncts(x Expr) []Expr {
	if c, ok := x.(*Call); ok && c.F.Name == "and" {
		return append(conjuncts(c.Args[0]), conjuncts(c.Args[1])...)
	}
	return []Expr{x}
}

// definitions says how a projection computes its columns.
func definitions(p *Project) map[int]Expr {
	m := make(map[int]Expr, len(p.Cols))
	for i, c := range p.Cols {
		m[c.ID] = p.Exprs[i]
	}
	return m
}

// cheap says that computing an expression again costs next to nothing. Paths count as
// cheap because the scan reads each of them once.
func cheap(x Expr) bool {
	switch x.(type) {
	case Ref, Const, *Path:
		return true
	}
	return false
}

// light says that computing an expression again costs little beside what filtering early
// saves: it is cheap, or one of the everyday functions of such.
func light(x Expr) bool {
	if cheap(x) {
		return true
	}
	c, ok := x.(*Call)
	if !ok || len(c.Args) > 3 || !lightFuncs[c.F.Name] {
		return false
	}
	calls := 0
	for _, a := range c.Args {
		if inner, ok := a.(*Call); ok {
			if calls++; calls > 1 || !light(inner) {
				return false
			}
		} else if !cheap(a) {
			return false
		}
	}
	return true
}

var lightFuncs = map[string]bool{
	"tolower": true, "toupper": true, "tostring": true, "toint": true, "tolong": true, "todouble": true, "toreal": true, "tobool": true, "todatetime": true, "substring": true, "trim": true,
	"strcat": true, "strlen": true, "coalesce": true, "iff": true, "iif": true, "isempty": true, "isnotempty": true, "isnull": true, "isnotnull": true, "not": true, "bin": true, "floor": true,
	"startofday": true, "startofhour": true, "hourofday": true, "dayofweek": true, "+": true, "-": true, "*": true, "/": true, "==": true, "!=": true, "<": true, "<=": true, ">": true, ">=": true,
	"and": true, "or": true, "has": true, "contains": true, "startswith": true, "endswith": true, "=~": true, "!~": true, "between": true, "in": true,
}

func cheapUnder(x Expr, m map[int]Expr) bool {
	ok := !volatile(x)
	walkPlain(x, func(id int) {
		if d, found := m[id]; found && !light(d) {
			ok = false
		}
	})
	return ok && docsStay(x, m)
}

// docsStay says whether the documents that paths look into can still be reached below.
func docsStay(x Expr, m map[int]Expr) bool {
	ok := true
	mapPaths(x, func(p *Path) Expr {
		if d, found := m[p.Doc.ID]; found {
			_, reached := docOf(d)
			ok = ok && reached
		}
		return p
	})
	return ok
}

// converted says that a path's value is no longer a document to look into.
func (e *Path) converted() bool { return e.Want != value.Dynamic && e.Want != value.String }

// walkPlain visits the columns whose values are used as they are, not looked into.
func walkPlain(x Expr, visit func(id int)) {
	switch x := x.(type) {
	case Ref:
		visit(x.ID)
	case *InSet:
		walkPlain(x.X, visit)
	case *Call:
		for _, a := range x.Args {
			walkPlain(a, visit)
		}
	}
}

func volatile(x Expr) bool {
	switch x := x.(type) {
	case *InSet:
		return volatile(x.X)
	case *Call:
		if x.F.Volatile {
			return true
		}
		for _, a := range x.Args {
			if volatile(a) {
				return true
			}
		}
	}
	return false
}

// mergeable says whether expressions over a projection can be computed below it without
// doing costly work twice.
func mergeable(exprs []Expr, p *Project) bool {
	m := definitions(p)
	uses := map[int]int{}
	ok := true
	for _, x := range exprs {
		walkPlain(x, func(id int) { uses[id]++ })
		ok = ok && docsStay(x, m)
	}
	for id, d := range m {
		if !cheap(d) && (uses[id] > 1 || uses[id] > 0 && volatile(d)) {
			ok = false
		}
	}
	return ok
}

func substituteAll(xs []Expr, m map[int]Expr) []Expr {
	out := make([]Expr, len(xs))
	for i, x := range xs {
		out[i] = substitute(x, m)
	}
	return out
}

// substitute puts definitions in place of columns.
func substitute(x Expr, m map[int]Expr) Expr {
	switch x := x.(type) {
	case Ref:
		if d, ok := m[x.ID]; ok {
			return d
		}
	case *Path:
		return substitutePath(x, m)
	case *InSet:
		c := *x
		c.X = substitute(x.X, m)
		return &c
	case *Call:
		c := *x
		c.Args = substituteAll(x.Args, m)
		if len(c.Args) != 1 || fn.Converter(c.T) == nil || c.F.Name != fn.Converter(c.T).Name {
			return &c
		}
		if p, ok := c.Args[0].(*Path); ok && p.Want == value.Dynamic {
			return &Path{Doc: p.Doc, Steps: p.Steps, Want: c.T}
		}
		return &c
	}
	return x
}

// substitutePath lengthens a path into a document that is itself found by a path.
func substitutePath(x *Path, m map[int]Expr) Expr {
	if d, found := m[x.Doc.ID]; found {
		if at, ok := docOf(d); ok {
			return at.further(x)
		}
	}
	return x
}
