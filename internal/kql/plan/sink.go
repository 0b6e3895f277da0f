package plan

// sinker moves paths below unions and joins, so that their inputs give what is looked up
// in a document instead of the whole document.
type sinker struct {
	fresh int // IDs given to columns that paths become
	moved bool
}

// firstSunk is where the IDs of such columns begin, going down; those of the columns that
// scans look up are above.
const firstSunk = -1 << 40

func (s *sinker) sink(c *chain) Node {
	var add func(*Path) (Ref, bool)
	switch b := c.bottom.(type) {
	case *Union:
		b = shallow(b).(*Union)
		c.bottom, add = b, func(p *Path) (Ref, bool) { return s.union(b, p) }
	case *Join:
		b = shallow(b).(*Join)
		c.bottom, add = b, func(p *Path) (Ref, bool) { return s.join(b, p) }
	default:
		return c.rebuild()
	}
	known := map[string]Ref{}
	in := c.bottom
	for i := len(c.nodes) - 1; i >= 0; i-- {
		n := mapExprs(c.nodes[i], func(x Expr) Expr {
			return mapPaths(x, func(p *Path) Expr {
				key := pathKey(p)
				r, ok := known[key]
				if !ok {
					if r, ok = add(p); !ok {
						return p
					}
					known[key], s.moved = r, true
				}
				c.carry(r, i)
				return r
			})
		})
		*inputs(n)[0] = in
		c.nodes[i], in = n, n
	}
	return in
}

// column names what a path gives.
func (s *sinker) column(p *Path) Col {
	s.fresh++
	return Col{ID: firstSunk - s.fresh, Type: p.Want}
}

// union makes each input of a union give a path, if all that have the document have it as
// the same type.
func (s *sinker) union(u *Union, p *Path) (Ref, bool) {
	at := placeIn(u.Cols, p.Doc.ID)
	if at < 0 {
		return Ref{}, false
	}
	for i, in := range u.Ins {
		if from := u.Map[i][at]; from >= 0 && in.Columns()[from].Type != u.Cols[at].Type {
			return Ref{}, false
		}
	}
	out := s.column(p)
	u.Cols = append(u.Cols[:len(u.Cols):len(u.Cols)], out)
	maps := make([][]int, len(u.Map))
	for i, in := range u.Ins {
		from := u.Map[i][at]
		if from >= 0 {
			col := in.Columns()[from]
			s.fresh++
			given := Col{ID: firstSunk - s.fresh, Type: p.Want}
			u.Ins[i] = beside(in, given, &Path{Doc: Ref{ID: col.ID, T: col.Type}, Steps: p.Steps, Want: p.Want})
			from = len(in.Columns())
		}
		maps[i] = append(u.Map[i][:len(u.Map[i]):len(u.Map[i])], from)
	}
	u.Map = maps
	return Ref{ID: out.ID, T: out.Type}, true
}

// join makes the side of a join that has a document give a path into it.
func (s *sinker) join(j *Join, p *Path) (Ref, bool) {
	if placeIn(j.Cols, p.Doc.ID) < 0 {
		return Ref{}, false
	}
	side, left := &j.Left, placeIn(j.Left.Columns(), p.Doc.ID) >= 0
	if !left {
		side = &j.Right
		if placeIn(j.Right.Columns(), p.Doc.ID) < 0 {
			return Ref{}, false
		}
	}
	out := s.column(p)
	at := len(j.Cols)
	if rest := len(j.Right.Columns()); left && len(j.Cols) == len(j.Left.Columns())+rest {
		at -= rest
	}
	*side = beside(*side, out, p)
	j.Cols = append(append(append([]Col(nil), j.Cols[:at]...), out), j.Cols[at:]...)
	return Ref{ID: out.ID, T: out.Type}, true
}

// beside computes one more column at the end of an operator's.
func beside(in Node, col Col, x Expr) Node {
	p := &Project{In: in}
	for _, c := range in.Columns() {
		p.Cols, p.Exprs = append(p.Cols, c), append(p.Exprs, Ref{ID: c.ID, T: c.Type})
	}
	p.Cols, p.Exprs = append(p.Cols, col), append(p.Exprs, x)
	return p
}

// filterUnion asks each input of a union for the rows that meet a condition, where the
// columns it is on are of the same type in all of them.
func filterUnion(pred Expr, u *Union) (Node, bool) {
	out := &Union{Cols: u.Cols, Map: u.Map}
	for i, in := range u.Ins {
		cols, m, same := in.Columns(), map[int]Expr{}, !volatile(pred)
		for k, c := range u.Cols {
			if from := u.Map[i][k]; from < 0 || cols[from].Type != c.Type {
				m[c.ID] = nil
			} else {
				m[c.ID] = Ref{ID: cols[from].ID, T: c.Type}
			}
		}
		Walk(pred, func(id int) { same = same && m[id] != nil })
		if !same {
			return nil, false
		}
		out.Ins = append(out.Ins, improveFilter(&Filter{In: in, Pred: substitute(pred, m)}))
	}
	return out, true
}

// filterJoin asks the sides of a join for the rows that meet the conditions on one side
// alone, where a side's rows that fail could not be in the result.
func filterJoin(pred Expr, j *Join) (in Node, stay []Expr) {
	c := *j
	for _, x := range conjuncts(pred) {
		side := sideFor(x, j)
		switch {
		case side == 'l' && leftFilters[j.Kind]:
			c.Left = improveFilter(&Filter{In: c.Left, Pred: x})
		case side == 'r' && rightFilters[j.Kind]:
			c.Right = improveFilter(&Filter{In: c.Right, Pred: x})
		default:
			stay = append(stay, x)
		}
	}
	return &c, stay
}

var (
	leftFilters  = map[string]bool{"inner": true, "leftouter": true, "leftsemi": true, "leftanti": true}
	rightFilters = map[string]bool{"inner": true, "rightouter": true, "rightsemi": true, "rightanti": true}
)

// sideFor tells the side of a join that a condition is on; 0 for both or none.
func sideFor(x Expr, j *Join) byte {
	if volatile(x) {
		return 0
	}
	left, right := ids(j.Left.Columns()), ids(j.Right.Columns())
	side := byte(0)
	mixed := false
	Walk(x, func(id int) {
		of := byte(0)
		if left[id] {
			of = 'l'
		} else if right[id] {
			of = 'r'
		}
		mixed = mixed || of == 0 || side != 0 && side != of
		side = of
	})
	if mixed {
		return 0
	}
	return side
}
