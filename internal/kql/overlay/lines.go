package overlay

// Clip gives the parts of a line that lie in a region or on its border, and the places where
// it only touches it.
func Clip(line []Point, g Region, check func() bool) Shapes {
	n := newNet(check)
	el, eg := n.line(line), n.region(g)
	n.cut(el, eg)
	pl, pg := n.pieces(el), n.pieces(eg)
	border := set(pg)
	var keep []piece
	for _, p := range pl {
		if border[p] || border[p.turned()] || g.Contains(n.middle(p)) {
			keep = append(keep, p)
		}
	}
	return Shapes{Lines: n.chains(keep), Points: n.shared(pl, pg, keep)}
}

// Cross gives what two lines have in common.
func Cross(a, b [][]Point, check func() bool) Shapes {
	n := newNet(check)
	var ea, eb []edge
	for _, l := range a {
		ea = append(ea, n.line(l)...)
	}
	for _, l := range b {
		eb = append(eb, n.line(l)...)
	}
	n.cut(ea, eb)
	pa, pb := n.pieces(ea), n.pieces(eb)
	inb := set(pb)
	var keep []piece
	for _, p := range pa {
		if inb[p] || inb[p.turned()] {
			keep = append(keep, p)
		}
	}
	return Shapes{Lines: n.chains(keep), Points: n.shared(pa, pb, keep)}
}

// Merge gives lines without what is in them twice, joined where two end at one place.
func Merge(lines [][]Point, check func() bool) [][]Point {
	n := newNet(check)
	var all []edge
	for _, l := range lines {
		edges := n.line(l)
		n.cut(all, edges)
		all = append(all, edges...)
	}
	known := map[piece]bool{}
	var keep []piece
	for _, p := range n.pieces(all) {
		if !known[p] && !known[p.turned()] {
			known[p] = true
			keep = append(keep, p)
		}
	}
	return n.chains(keep)
}

// chains joins pieces to lines, as far as there is one way to go on.
func (n *net) chains(pieces []piece) [][]Point {
	ends := map[int][]int{}
	for i, p := range pieces {
		ends[p.from], ends[p.to] = append(ends[p.from], i), append(ends[p.to], i)
	}
	used := make([]bool, len(pieces))
	var out [][]Point
	walk := func(at, i int) {
		line := []Point{n.at[at]}
		for !used[i] {
			used[i] = true
			if pieces[i].from == at {
				at = pieces[i].to
			} else {
				at = pieces[i].from
			}
			line = append(line, n.at[at])
			if on := ends[at]; len(on) == 2 {
				i = on[0] + on[1] - i
			}
		}
		out = append(out, line)
	}
	for i, p := range pieces { // open lines begin where something ends or branches
		for _, at := range []int{p.from, p.to} {
			if !used[i] && len(ends[at]) != 2 {
				walk(at, i)
			}
		}
	}
	for i, p := range pieces {
		if !used[i] {
			walk(p.from, i)
		}
	}
	return out
}
