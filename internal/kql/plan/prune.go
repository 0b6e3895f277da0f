package plan

// prune drops the columns that nobody above uses. need holds the IDs that are used.
func prune(n Node, need map[int]bool) Node {
	switch n := n.(type) {
	case *Scan:
		return pruneScan(n, need)
	case *Values:
		v := &Values{Len: n.Len}
		for i, c := range n.Cols {
			if need[c.ID] {
				v.Cols, v.Data = append(v.Cols, c), append(v.Data, n.Data[i])
			}
		}
		return v
	case *Filter:
		return &Filter{In: prune(n.In, with(need, n.Pred)), Pred: n.Pred}
	case *Project:
		p := &Project{}
		for i, c := range n.Cols {
			if need[c.ID] {
				p.Cols, p.Exprs = append(p.Cols, c), append(p.Exprs, n.Exprs[i])
			}
		}
		p.In = prune(n.In, with(nil, p.Exprs...))
		return p
	case *Aggregate:
		return pruneAggregate(n, need)
	case *Sort:
		s := *n
		for _, k := range n.Keys {
			need = with(need, k.X)
		}
		s.In = prune(n.In, need)
		return &s
	case *Union:
		return pruneUnion(n, need)
	case *Join:
		return pruneJoin(n, need)
	}
	return pruneRare(n, need)
}

// with adds the columns that expressions use.
func with(need map[int]bool, xs ...Expr) map[int]bool {
	out := make(map[int]bool, len(need)+len(xs))
	for id := range need {
		out[id] = true
	}
	for _, x := range xs {
		Walk(x, func(id int) { out[id] = true })
	}
	return out
}

func pruneScan(n *Scan, need map[int]bool) Node {
	s := *n
	s.Cols, s.Index, s.PredOnly = nil, nil, nil
	all := need
	if n.Pred != nil {
		all = with(need, n.Pred)
	}
	for i, c := range n.Cols {
		if all[c.ID] {
			s.Cols, s.Index, s.PredOnly = append(s.Cols, c), append(s.Index, n.Index[i]), append(s.PredOnly, !need[c.ID])
		}
	}
	return &s
}

func pruneAggregate(n *Aggregate, need map[int]bool) Node {
	a := &Aggregate{Keys: n.Keys, Cols: append([]Col(nil), n.Cols[:len(n.Keys)]...)}
	below := with(nil, n.Keys...)
	for _, g := range n.Aggs {
		used := false
		for _, c := range g.Out {
			used = used || need[c.ID]
		}
		if used {
			a.Aggs = append(a.Aggs, g)
			a.Cols = append(a.Cols, g.Out...)
			below = with(below, g.Args...)
		}
	}
	a.In = prune(n.In, below)
	return a
}

func pruneUnion(n *Union, need map[int]bool) Node {
	u := &Union{}
	var kept []int
	for i, c := range n.Cols {
		if need[c.ID] {
			u.Cols, kept = append(u.Cols, c), append(kept, i)
		}
	}
	for i, in := range n.Ins {
		cols := in.Columns()
		below := map[int]bool{}
		for _, k := range kept {
			if from := n.Map[i][k]; from >= 0 {
				below[cols[from].ID] = true
			}
		}
		in = prune(in, below)
		m := make([]int, len(kept))
		for j, k := range kept {
			m[j] = -1
			if from := n.Map[i][k]; from >= 0 {
				m[j] = placeIn(in.Columns(), cols[from].ID)
			}
		}
		u.Ins, u.Map = append(u.Ins, in), append(u.Map, m)
	}
	return u
}

func placeIn(cols []Col, id int) int {
	for i, c := range cols {
		if c.ID == id {
			return i
		}
	}
	return -1
}

func pruneJoin(n *Join, need map[int]bool) Node {
	j := *n
	j.Left, j.Right = prune(n.Left, with(need, n.LeftKeys...)), prune(n.Right, with(need, n.RightKeys...))
	switch n.Kind {
	case "leftsemi", "leftanti":
		j.Cols = j.Left.Columns()
	case "rightsemi", "rightanti":
		j.Cols = j.Right.Columns()
	default:
		j.Cols = append(append([]Col(nil), j.Left.Columns()...), j.Right.Columns()...)
	}
	return &j
}

func pruneRare(n Node, need map[int]bool) Node {
	switch n := n.(type) {
	case *Limit:
		return &Limit{In: prune(n.In, need), N: n.N}
	case *Sample:
		return &Sample{In: prune(n.In, need), N: n.N}
	case *Window:
		w := *n
		w.In = prune(n.In, withWindows(need, n.Calls))
		w.Cols = append([]Col(nil), w.In.Columns()...)
		for _, c := range n.Calls {
			w.Cols = append(w.Cols, c.Out)
		}
		return &w
	case *ParseText:
		p := *n
		p.In = prune(n.In, with(need, n.X))
		p.Cols = append(append([]Col(nil), p.In.Columns()...), n.Out...)
		return &p
	case *ParseKV:
		p := *n
		p.In = prune(n.In, with(need, n.X))
		p.Cols = append(append([]Col(nil), p.In.Columns()...), n.Out...)
		return &p
	case *MakeSeries:
		m := *n
		below := with(nil, append([]Expr{n.Axis}, n.Keys...)...)
		for _, a := range n.Aggs {
			below = with(below, a.Args...)
		}
		m.In = prune(n.In, below)
		return &m
	case *TopNested:
		t := *n
		below := map[int]bool{}
		for _, l := range n.Levels {
			below = with(with(below, l.Key), l.Agg.Args...)
		}
		t.In = prune(n.In, below)
		return &t
	case *Reduce:
		if n.Source {
			break
		}
		r := *n
		r.In = prune(n.In, with(nil, n.X))
		return &r
	case *GraphMatch:
		return pruneGraph(n, need)
	}
	return pruneInputs(n)
}

func withWindows(need map[int]bool, calls []WindowCall) map[int]bool {
	for _, c := range calls {
		need = with(need, c.Args...)
	}
	return need
}

// pruneInputs keeps all columns of an operator's inputs and prunes only further down.
func pruneInputs(n Node) Node {
	places := inputs(n)
	if len(places) == 0 {
		return n
	}
	c := shallow(n)
	for i, p := range inputs(c) {
		*p = prune(*places[i], ids((*places[i]).Columns()))
	}
	return c
}
