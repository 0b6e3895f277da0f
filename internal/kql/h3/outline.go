package h3

import "math"

// The corners of a cell around its center, in a grid three times as fine as the cell's own
// resolution or, for odd ones, the next.
var (
	evenCorners = [6]ijk{{2, 1, 0}, {1, 2, 0}, {0, 2, 1}, {0, 1, 2}, {1, 0, 2}, {2, 0, 1}}
	oddCorners  = [6]ijk{{5, 4, 0}, {1, 5, 0}, {0, 5, 4}, {0, 1, 5}, {4, 0, 5}, {5, 0, 1}}
)

// Outline gives a cell's corners, counterclockwise, as longitude and latitude. Where an edge
// passes over an edge of the icosahedron there is another point.
func (c Cell) Outline() [][2]float64 {
	s, res := c.spot(), c.Resolution()
	corners, even := evenCorners[:], res
	if odd(res) {
		corners, even = oddCorners[:], res+1
	}
	s.at = s.at.thirds().thirdsBack()
	if odd(res) {
		s.at = s.at.finerBack()
	}
	if c.Pentagon() {
		corners = corners[:5]
	}
	o := &outline{res: even, odd: odd(res), home: s.face}
	raw := make([]spot, len(corners))
	for i, v := range corners {
		raw[i] = spot{s.face, s.at.add(v).normal()}
	}
	if c.Pentagon() {
		o.pentagon(raw)
	} else {
		o.hexagon(raw)
	}
	return o.points
}

type outline struct {
	res    int
	odd    bool
	home   int
	points [][2]float64
}

func (o *outline) put(x, y float64, face int) {
	lon, lat := toDegrees(toSphere(x, y, face, o.res, true))
	o.points = append(o.points, [2]float64{lon, lat})
}

func (o *outline) hexagon(raw []spot) {
	lastFace, last := -1, inside
	for i := range len(raw) + 1 {
		v := i % len(raw)
		s := raw[v]
		where := s.cross(o.res, false, true)
		if o.odd && i > 0 && s.face != lastFace && last != onEdge {
			other := lastFace
			if lastFace == o.home {
				other = s.face
			}
			o.crossing(raw[(v+len(raw)-1)%len(raw)].at, raw[v].at, o.home, other)
		}
		if i < len(raw) {
			x, y := s.at.plane()
			o.put(x, y, s.face)
		}
		lastFace, last = s.face, where
	}
}

// pentagon goes around a pentagon, whose corners may lie two faces on. All edges of an odd
// one pass over an edge of the icosahedron.
func (o *outline) pentagon(raw []spot) {
	var last spot
	for i := range len(raw) + 1 {
		s := raw[i%len(raw)]
		for s.cross(o.res, false, true) == beyond {
		}
		if o.odd && i > 0 {
			side := sideTo(s.face, last.face)
			there := faceNeighbors[s.face][side]
			at := s.at
			for range there.turns {
				at = at.turnLeft()
			}
			at = at.add(there.shift.scale(3 * span(o.res))).normal()
			o.crossing(last.at, at, last.face, s.face)
		}
		if i < len(raw) {
			x, y := s.at.plane()
			o.put(x, y, s.face)
		}
		last = s
	}
}

// sideTo is the side of a face beyond which another lies.
func sideTo(face, other int) int {
	for side, n := range faceNeighbors[face] {
		if n.face == other {
			return side
		}
	}
	return 0
}

// crossing puts the point where an edge of the cell meets the side of a face to another,
// unless it is one of the edge's ends.
func (o *outline) crossing(a, b ijk, face, other int) {
	d := float64(dimension(o.res))
	corners := [3][2]float64{{3 * d, 0}, {-1.5 * d, 3 * sin60 * d}, {-1.5 * d, -3 * sin60 * d}}
	from, to := corners[0], corners[1] // side ij
	switch sideTo(face, other) {
	case 1: // ki
		from, to = corners[2], corners[0]
	case 2: // jk
		from, to = corners[1], corners[2]
	}
	ax, ay := a.plane()
	bx, by := b.plane()
	x, y := meet([2]float64{ax, ay}, [2]float64{bx, by}, from, to)
	if near(x, ax) && near(y, ay) || near(x, bx) && near(y, by) {
		return
	}
	o.put(x, y, face)
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-6 }

// meet is where the lines through two pairs of points meet.
func meet(p, q, r, s [2]float64) (x, y float64) {
	dx, dy, ex, ey := q[0]-p[0], q[1]-p[1], s[0]-r[0], s[1]-r[1]
	t := (ex*(p[1]-r[1]) - ey*(p[0]-r[0])) / (dx*ey - dy*ex)
	return p[0] + t*dx, p[1] + t*dy
}
