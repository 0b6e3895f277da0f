// Package overlay lays polygons and lines of the plane over each other: what they have in
// common, and what they cover together. Edges are cut where they meet, each piece is judged
// by whether its middle lies inside the other shape, and the pieces that stay are joined to
// rings again. Coordinates are to be of the size of 1; places nearer than a billionth are
// one and the same.
package overlay

import (
	"math"
	"sort"
)

// Point is a place.
type Point struct{ X, Y float64 }

func (p Point) minus(q Point) Point { return Point{p.X - q.X, p.Y - q.Y} }

func cross(a, b Point) float64 { return a.X*b.Y - a.Y*b.X }

func dot(a, b Point) float64 { return a.X*b.X + a.Y*b.Y }

// Ring is a closed line without its last point, which is the first.
type Ring []Point

// Region is what rings enclose, each with the inside to its left: shells run counter-
// clockwise, holes clockwise.
type Region []Ring

// Area is positive for rings that run counterclockwise.
func (r Ring) Area() float64 {
	sum := 0.0
	for i, p := range r {
		sum += cross(p, r[(i+1)%len(r)])
	}
	return sum / 2
}

// Reverse gives a ring the other way round.
func (r Ring) Reverse() Ring {
	out := make(Ring, len(r))
	for i, p := range r {
		out[len(r)-1-i] = p
	}
	return out
}

// Contains says whether a place is inside.
func (g Region) Contains(p Point) bool {
	in := false
	for _, r := range g {
		for i, a := range r {
			b := r[(i+1)%len(r)]
			if (a.Y > p.Y) != (b.Y > p.Y) && p.X < a.X+(p.Y-a.Y)*(b.X-a.X)/(b.Y-a.Y) {
				in = !in
			}
		}
	}
	return in
}

// eps is the distance under which places are the same.
const eps = 1e-9

// net numbers places, and knows which are the same.
type net struct {
	at   []Point
	grid map[[2]int64]int
	// check says that the work is to end early.
	check func() bool
	ended bool
}

func newNet(check func() bool) *net { return &net{grid: map[[2]int64]int{}, check: check} }

func (n *net) id(p Point) int {
	x, y := int64(math.Floor(p.X/eps)), int64(math.Floor(p.Y/eps))
	for dx := int64(-1); dx <= 1; dx++ {
		for dy := int64(-1); dy <= 1; dy++ {
			if i, ok := n.grid[[2]int64{x + dx, y + dy}]; ok && math.Hypot(n.at[i].X-p.X, n.at[i].Y-p.Y) < eps {
				return i
			}
		}
	}
	n.grid[[2]int64{x, y}] = len(n.at)
	n.at = append(n.at, p)
	return len(n.at) - 1
}

// piece is a part of an edge, from one place to another.
type piece struct{ from, to int }

func (p piece) turned() piece { return piece{p.to, p.from} }

// edge is an edge with the places where it is to be cut.
type edge struct {
	piece
	cuts []int
}

func (n *net) ring(r Ring) []edge {
	var out []edge
	for i, p := range r {
		out = n.join(out, p, r[(i+1)%len(r)])
	}
	return out
}

func (n *net) line(l []Point) []edge {
	var out []edge
	for i := 1; i < len(l); i++ {
		out = n.join(out, l[i-1], l[i])
	}
	return out
}

func (n *net) join(edges []edge, p, q Point) []edge {
	if a, b := n.id(p), n.id(q); a != b {
		edges = append(edges, edge{piece: piece{a, b}})
	}
	return edges
}

func (n *net) region(g Region) []edge {
	var out []edge
	for _, r := range g {
		out = append(out, n.ring(r)...)
	}
	return out
}

// cut notes on the edges of both sides where they meet those of the other.
func (n *net) cut(a, b []edge) {
	for i := range a {
		if n.check() {
			n.ended = true
			return
		}
		for j := range b {
			if n.apart(a[i].piece, b[j].piece) {
				continue
			}
			n.meet(&a[i], &b[j])
		}
	}
}

// apart says that the boxes around two edges do not touch.
func (n *net) apart(a, b piece) bool {
	p, q, r, s := n.at[a.from], n.at[a.to], n.at[b.from], n.at[b.to]
	return max(p.X, q.X) < min(r.X, s.X)-eps || max(r.X, s.X) < min(p.X, q.X)-eps ||
		max(p.Y, q.Y) < min(r.Y, s.Y)-eps || max(r.Y, s.Y) < min(p.Y, q.Y)-eps
}

func (n *net) meet(a, b *edge) {
	for _, end := range []int{b.from, b.to} {
		if n.on(end, a.piece) {
			a.cuts = append(a.cuts, end)
		}
	}
	for _, end := range []int{a.from, a.to} {
		if n.on(end, b.piece) {
			b.cuts = append(b.cuts, end)
		}
	}
	p, r := n.at[a.from], n.at[b.from]
	d, e := n.at[a.to].minus(p), n.at[b.to].minus(r)
	area := cross(d, e)
	if math.Abs(area) < 1e-14*math.Sqrt(dot(d, d)*dot(e, e)) {
		return
	}
	t, u := cross(r.minus(p), e)/area, cross(r.minus(p), d)/area
	if t <= 0 || t >= 1 || u <= 0 || u >= 1 {
		return
	}
	at := n.id(Point{p.X + t*d.X, p.Y + t*d.Y})
	a.cuts, b.cuts = append(a.cuts, at), append(b.cuts, at)
}

// on says whether a place lies on an edge, its ends included.
func (n *net) on(at int, e piece) bool {
	if at == e.from || at == e.to {
		return true
	}
	p, q, x := n.at[e.from], n.at[e.to], n.at[at]
	d := q.minus(p)
	t := dot(x.minus(p), d) / dot(d, d)
	return t > 0 && t < 1 && math.Hypot(p.X+t*d.X-x.X, p.Y+t*d.Y-x.Y) < eps
}

// pieces gives the edges cut.
func (n *net) pieces(edges []edge) []piece {
	var out []piece
	for _, e := range edges {
		p := n.at[e.from]
		d := n.at[e.to].minus(p)
		sort.Slice(e.cuts, func(i, j int) bool { return dot(n.at[e.cuts[i]].minus(p), d) < dot(n.at[e.cuts[j]].minus(p), d) })
		last := e.from
		for _, c := range append(e.cuts, e.to) {
			if c != last {
				out = append(out, piece{last, c})
				last = c
			}
		}
	}
	return out
}

func (n *net) middle(p piece) Point {
	a, b := n.at[p.from], n.at[p.to]
	return Point{(a.X + b.X) / 2, (a.Y + b.Y) / 2}
}

func set(pieces []piece) map[piece]bool {
	m := make(map[piece]bool, len(pieces))
	for _, p := range pieces {
		m[p] = true
	}
	return m
}

// Shapes is what two shapes have in common: regions, and where they only touch, lines and
// single places.
type Shapes struct {
	Region Region
	Lines  [][]Point
	Points []Point
}

// Intersect gives what two regions have in common. It is not whole when check, which is
// asked from time to time, says to end.
func Intersect(a, b Region, check func() bool) Shapes {
	n := newNet(check)
	ea, eb := n.region(a), n.region(b)
	n.cut(ea, eb)
	pa, pb := n.pieces(ea), n.pieces(eb)
	ina, inb := set(pa), set(pb)
	var keep, touch []piece
	for _, p := range pa {
		switch {
		case inb[p] || !inb[p.turned()] && b.Contains(n.middle(p)):
			keep = append(keep, p)
		case inb[p.turned()]:
			touch = append(touch, p)
		}
	}
	for _, p := range pb {
		if !ina[p] && !ina[p.turned()] && a.Contains(n.middle(p)) {
			keep = append(keep, p)
		}
	}
	out := Shapes{Region: n.rings(keep), Lines: n.chains(touch)}
	out.Points = n.shared(pa, pb, append(keep, touch...))
	return out
}

// shared gives the places that are in both lists of pieces but in none of those known.
func (n *net) shared(a, b, known []piece) []Point {
	used, first := map[int]bool{}, map[int]bool{}
	for _, p := range known {
		used[p.from], used[p.to] = true, true
	}
	for _, p := range a {
		first[p.from], first[p.to] = true, true
	}
	var out []Point
	for _, p := range b {
		for _, end := range []int{p.from, p.to} {
			if first[end] && !used[end] {
				used[end] = true
				out = append(out, n.at[end])
			}
		}
	}
	return out
}

// Union gives what two regions cover together.
func Union(a, b Region, check func() bool) Region {
	n := newNet(check)
	ea, eb := n.region(a), n.region(b)
	n.cut(ea, eb)
	pa, pb := n.pieces(ea), n.pieces(eb)
	ina, inb := set(pa), set(pb)
	var keep []piece
	for _, p := range pa {
		if inb[p] || !inb[p.turned()] && !b.Contains(n.middle(p)) {
			keep = append(keep, p)
		}
	}
	for _, p := range pb {
		if !ina[p] && !ina[p.turned()] && !a.Contains(n.middle(p)) {
			keep = append(keep, p)
		}
	}
	return n.rings(keep)
}

// rings joins pieces that have the inside to their left. Where several go on from a place,
// the one furthest to the left is taken, so that rings touch but do not cross.
func (n *net) rings(pieces []piece) Region {
	next := map[int][]int{}
	for i, p := range pieces {
		next[p.from] = append(next[p.from], i)
	}
	used := make([]bool, len(pieces))
	var out Region
	for i := range pieces {
		if used[i] {
			continue
		}
		var ring Ring
		for at := i; at >= 0 && !used[at]; at = n.leftmost(pieces, at, next[pieces[at].to], used) {
			used[at] = true
			ring = append(ring, n.at[pieces[at].from])
		}
		if len(ring) >= 3 && math.Abs(ring.Area()) > eps*eps {
			out = append(out, ring)
		}
	}
	return out
}

// leftmost picks the piece to go on with, -1 when there is none.
func (n *net) leftmost(pieces []piece, at int, choices []int, used []bool) int {
	best, most := -1, -10.0
	d := n.at[pieces[at].to].minus(n.at[pieces[at].from])
	for _, c := range choices {
		if used[c] {
			continue
		}
		e := n.at[pieces[c].to].minus(n.at[pieces[c].from])
		if angle := math.Atan2(cross(d, e), dot(d, e)); angle > most {
			best, most = c, angle
		}
	}
	return best
}

// Shells gives a region's rings as polygons: each shell with the holes in it.
func (g Region) Shells() []Region {
	var out []Region
	for _, r := range g {
		if r.Area() > 0 {
			out = append(out, Region{r})
		}
	}
	for _, r := range g {
		if r.Area() > 0 {
			continue
		}
		best := -1
		for i, s := range out {
			if s[:1].Contains(inner(r)) && (best < 0 || s[0].Area() < out[best][0].Area()) {
				best = i
			}
		}
		if best >= 0 {
			out[best] = append(out[best], r)
		}
	}
	return out
}

// inner is a place just beside a ring's first edge, on the side of what it encloses.
func inner(r Ring) Point {
	a, b := r[0], r[1]
	d := b.minus(a)
	side := 1e-7
	if r.Area() < 0 {
		side = -side
	}
	return Point{(a.X+b.X)/2 - side*d.Y, (a.Y+b.Y)/2 + side*d.X}
}
