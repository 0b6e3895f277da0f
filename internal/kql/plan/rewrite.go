package plan

import "github.com/azptu/azptu/internal/kql/value"

// inputs gives the places where an operator holds its inputs.
func inputs(n Node) []*Node {
	switch n := n.(type) {
	case *Filter:
		return []*Node{&n.In}
	case *Project:
		return []*Node{&n.In}
	case *Aggregate:
		return []*Node{&n.In}
	case *Sort:
		return []*Node{&n.In}
	case *Limit:
		return []*Node{&n.In}
	case *Sample:
		return []*Node{&n.In}
	case *Window:
		return []*Node{&n.In}
	case *Expand:
		return []*Node{&n.In}
	case *Join:
		return []*Node{&n.Left, &n.Right}
	}
	return rareInputs(n)
}

func rareInputs(n Node) []*Node {
	switch n := n.(type) {
	case *Union:
		out := make([]*Node, len(n.Ins))
		for i := range n.Ins {
			out[i] = &n.Ins[i]
		}
		return out
	case *Apply:
		return []*Node{&n.In.In}
	case *Partition:
		return []*Node{&n.In}
	case *ParseText:
		return []*Node{&n.In}
	case *ParseKV:
		return []*Node{&n.In}
	case *MakeSeries:
		return []*Node{&n.In}
	case *TopNested:
		return []*Node{&n.In}
	case *Reduce:
		return []*Node{&n.In}
	case *Match:
		return []*Node{&n.In}
	case *Plugin:
		out := make([]*Node, len(n.Ins))
		for i := range n.Ins {
			out[i] = &n.Ins[i]
		}
		return out
	}
	return graphInputs(n)
}

// shallow copies an operator, so that its inputs can be changed.
func shallow(n Node) Node {
	switch n := n.(type) {
	case *Filter:
		c := *n
		return &c
	case *Project:
		c := *n
		return &c
	case *Aggregate:
		c := *n
		return &c
	case *Sort:
		c := *n
		return &c
	case *Limit:
		c := *n
		return &c
	case *Sample:
		c := *n
		return &c
	case *Window:
		c := *n
		return &c
	case *Expand:
		c := *n
		return &c
	case *Join:
		c := *n
		return &c
	}
	return shallowRare(n)
}

func shallowRare(n Node) Node {
	switch n := n.(type) {
	case *Scan:
		c := *n
		return &c
	case *Union:
		c := *n
		c.Ins = append([]Node(nil), n.Ins...)
		return &c
	case *Apply:
		c, in := *n, *n.In
		c.In = &in
		return &c
	case *Partition:
		c := *n
		return &c
	case *ParseText:
		c := *n
		return &c
	case *ParseKV:
		c := *n
		return &c
	case *MakeSeries:
		c := *n
		return &c
	case *TopNested:
		c := *n
		return &c
	case *Reduce:
		c := *n
		return &c
	case *Match:
		c := *n
		return &c
	case *Plugin:
		c := *n
		c.Ins = append([]Node(nil), n.Ins...)
		return &c
	}
	return shallowGraph(n)
}

// Replace gives the plan with a subquery's source put in. The plan itself stays as it is.
func Replace(n Node, src *Source, by Node) Node {
	if n == Node(src) {
		return by
	}
	places := inputs(n)
	if len(places) == 0 {
		return n
	}
	c := shallow(n)
	for i, p := range inputs(c) {
		*p = Replace(*places[i], src, by)
	}
	return c
}

// Same says whether two expressions compute the same.
func Same(a, b Expr) bool {
	switch a := a.(type) {
	case Ref:
		b, ok := b.(Ref)
		return ok && a.ID == b.ID
	case Const:
		b, ok := b.(Const)
		return ok && a.V.T == b.V.T && a.V.Null == b.V.Null && value.KeyOf(a.V) == value.KeyOf(b.V)
	case *Path:
		b, ok := b.(*Path)
		return ok && a.Doc.T == b.Doc.T && pathKey(a) == pathKey(b)
	case *Call:
		b, ok := b.(*Call)
		return ok && sameCall(a, b)
	}
	return false
}

func sameCall(a, b *Call) bool {
	if a.F != b.F || a.T != b.T || a.F.Volatile || len(a.Args) != len(b.Args) {
		return false
	}
	for i := range a.Args {
		if !Same(a.Args[i], b.Args[i]) {
			return false
		}
	}
	return true
}
