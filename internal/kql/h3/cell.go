// Package h3 knows the cells of H3, Uber's grid of hexagons over the Earth: an icosahedron
// whose faces are covered with hexagons (and pentagons around its corners), each split in
// seven smaller ones fifteen times. It finds a point's cell, a cell's center, outline,
// parent, children and neighbors. Coordinates are degrees.
package h3

import (
	"math"
	"strconv"
)

// Cell is a cell's index: its resolution in bits 52 to 55, the cell of resolution 0 it is in
// from bit 45 on, and three bits for the place at each resolution.
type Cell uint64

// MaxResolution is the finest resolution.
const MaxResolution = 15

const (
	baseCells = 122
	cellMode  = 1 << 59
	allDigits = 1<<45 - 1
)

// Resolution is from 0 to 15.
func (c Cell) Resolution() int { return int(c >> 52 & 15) }

func (c Cell) base() int { return int(c >> 45 & 127) }

func (c Cell) digit(r int) uint64 { return uint64(c) >> shift(r) & 7 }

func shift(r int) uint { return uint(3 * (MaxResolution - r)) }

func (c Cell) withDigit(r int, d uint64) Cell {
	return Cell(uint64(c)&^(7<<shift(r)) | d<<shift(r))
}

func (c Cell) withBase(b int) Cell { return c&^(127<<45) | Cell(b)<<45 }

// empty is a cell of resolution res, all of whose digits are still open.
func empty(res int) Cell { return Cell(cellMode | uint64(res)<<52 | allDigits) }

// leading is the first digit that is not 0.
func (c Cell) leading() uint64 {
	for r := 1; r <= c.Resolution(); r++ {
		if d := c.digit(r); d != 0 {
			return d
		}
	}
	return 0
}

// Pentagon says whether a cell has five sides.
func (c Cell) Pentagon() bool { return homes[c.base()].pentagon && c.leading() == 0 }

// String is the token: the index in hexadecimal digits.
func (c Cell) String() string { return strconv.FormatUint(uint64(c), 16) }

// Parse reads a token; ok is false when it is no cell's.
func Parse(token string) (c Cell, ok bool) {
	n, err := strconv.ParseUint(token, 16, 64)
	c = Cell(n)
	if err != nil || n>>56 != 8 || c.base() >= baseCells {
		return 0, false
	}
	res := c.Resolution()
	for r := 1; r <= MaxResolution; r++ {
		if (c.digit(r) == 7) != (r > res) {
			return 0, false
		}
	}
	return c, !homes[c.base()].pentagon || c.leading() != 1
}

// Parent is the cell of a coarser resolution, from 0 to the cell's own, that it is in.
func (c Cell) Parent(res int) Cell {
	p := c&^(15<<52) | Cell(res)<<52
	for r := res + 1; r <= c.Resolution(); r++ {
		p = p.withDigit(r, 7)
	}
	return p
}

// Children are the cells of a finer resolution in a cell.
func (c Cell) Children(res int) []Cell {
	all := []Cell{c}
	for r := c.Resolution() + 1; r <= res; r++ {
		next := make([]Cell, 0, 7*len(all))
		for _, p := range all {
			finer := p&^(15<<52) | Cell(r)<<52
			for d := range uint64(7) {
				if d != 1 || !p.Pentagon() {
					next = append(next, finer.withDigit(r, d))
				}
			}
		}
		all = next
	}
	return all
}

// turned gives each digit its neighbor by 60°.
func (c Cell) turned(by *[8]uint64) Cell {
	for r := 1; r <= c.Resolution(); r++ {
		c = c.withDigit(r, by[c.digit(r)])
	}
	return c
}

// turnedPentagon does so in a pentagon, where the direction k is missing.
func (c Cell) turnedPentagon(by *[8]uint64) Cell {
	found := false
	for r := 1; r <= c.Resolution(); r++ {
		c = c.withDigit(r, by[c.digit(r)])
		if !found && c.digit(r) != 0 {
			found = true
			if c.leading() == 1 {
				c = c.turned(by)
			}
		}
	}
	return c
}

// home is where a cell of resolution 0 stands.
type home struct {
	face      int8
	at        ijk
	pentagon  bool
	clockwise [2]int8
}

// enteredClockwise says whether a pentagon is entered clockwise from a face.
func (h home) enteredClockwise(face int) bool {
	return int(h.clockwise[0]) == face || int(h.clockwise[1]) == face
}

// neighbor is the face beyond a side: how its axes are turned and shifted.
type neighbor struct {
	face  int
	shift ijk
	turns int
}

// spot is a place on a face.
type spot struct {
	face int
	at   ijk
}

// odd says whether a resolution's grid is turned against the face.
func odd(res int) bool { return res%2 == 1 }

const (
	turn     = 0.333473172251832115336090755351601070065900389 // of odd grids, in radians
	unitSize = 0.38196601125010500003                          // of resolution 0 on the plane of a face
	sqrt7    = 2.6457513110645905905016157536392604257102
)

// At gives the cell of a resolution that a point is in.
func At(lon, lat float64, res int) Cell {
	p := toVec(lon, lat)
	face, best := 0, -2.0
	for f, c := range faceCenters {
		if d := c.dot(p); d > best {
			face, best = f, d
		}
	}
	x, y := onFace(p, face, res)
	return spot{face, hexAt(x, y)}.cell(res)
}

func toVec(lon, lat float64) vec {
	l, b := lon*math.Pi/180, lat*math.Pi/180
	return vec{math.Cos(b) * math.Cos(l), math.Cos(b) * math.Sin(l), math.Sin(b)}
}

func toDegrees(v vec) (lon, lat float64) {
	return math.Atan2(v[1], v[0]) * 180 / math.Pi, math.Atan2(v[2], math.Hypot(v[0], v[1])) * 180 / math.Pi
}

// onFace projects a point onto the plane of a face, in units of the resolution's grid.
func onFace(p vec, face, res int) (x, y float64) {
	c := faceCenters[face]
	away := p.plus(1, c, -p.dot(c))
	sin := math.Sqrt(away.dot(away))
	if sin < 1e-16 {
		return 0, 0
	}
	north, east := c.compass()
	theta := faceAxes[face] - math.Atan2(away.dot(east), away.dot(north))
	if odd(res) {
		theta -= turn
	}
	r := sin / p.dot(c) / unitSize * math.Pow(sqrt7, float64(res))
	return r * math.Cos(theta), r * math.Sin(theta)
}

// toSphere is the reverse. thirds says that the grid is three times as fine as the
// resolution's.
func toSphere(x, y float64, face, res int, thirds bool) vec {
	r := math.Hypot(x, y)
	c := faceCenters[face]
	if r < 1e-16 {
		return c
	}
	theta := math.Atan2(y, x)
	r /= math.Pow(sqrt7, float64(res))
	if thirds {
		r /= 3
	} else if odd(res) {
		theta += turn
	}
	theta = faceAxes[face] - theta
	angle := math.Atan(r * unitSize)
	north, east := c.compass()
	return c.plus(math.Cos(angle), north.plus(math.Cos(theta), east, math.Sin(theta)), math.Sin(angle)).unit()
}

// cell gives the index of a place on a face.
func (s spot) cell(res int) Cell {
	c, at := empty(res), s.at
	for r := res; r > 0; r-- {
		last := at
		var center ijk
		if odd(r) {
			at = at.coarser()
			center = at.finer()
		} else {
			at = at.coarserBack()
			center = at.finerBack()
		}
		c = c.withDigit(r, last.sub(center).digit())
	}
	if at.i > 2 || at.j > 2 || at.k > 2 {
		return 0
	}
	found := basesByFace[s.face][9*at.i+3*at.j+at.k]
	h := homes[found[0]]
	c = c.withBase(int(found[0]))
	if h.pentagon && c.leading() == 1 {
		if h.enteredClockwise(s.face) {
			c = c.turned(&rightOf)
		} else {
			c = c.turned(&leftOf)
		}
	}
	for range found[1] {
		if h.pentagon {
			c = c.turnedPentagon(&leftOf)
		} else {
			c = c.turned(&leftOf)
		}
	}
	return c
}

// spot gives the place of a cell's center, on the face on which it lies.
func (c Cell) spot() spot {
	h, lead := homes[c.base()], c.leading()
	if h.pentagon && lead == 5 {
		c = c.turned(&rightOf)
		lead = c.leading()
	}
	s := spot{int(h.face), h.at}
	res := c.Resolution()
	for r := 1; r <= res; r++ {
		if odd(r) {
			s.at = s.at.finer()
		} else {
			s.at = s.at.finerBack()
		}
		s.at = s.at.add(steps[c.digit(r)]).normal()
	}
	if !h.pentagon && (res == 0 || h.at == ijk{}) {
		return s
	}
	fine, even := s, res
	if odd(res) {
		fine.at, even = s.at.finerBack(), res+1
	}
	if fine.cross(even, h.pentagon && lead == 4, false) == inside {
		return s
	}
	for h.pentagon && fine.cross(even, false, false) != inside {
	}
	if even != res {
		fine.at = fine.at.coarserBack()
	}
	return fine
}

// Where a place lies against the face it is counted on.
const (
	inside = iota
	onEdge
	beyond
)

// dimension is how far a face reaches in the grid of an even resolution; span is how far
// apart faces are.
func dimension(res int) int { return 2 * span(res) }

func span(res int) int {
	n := 1
	for range res / 2 {
		n *= 7
	}
	return n
}

// cross moves a place that lies beyond its face to the next one. With missing the place is
// in the part of a pentagon beside the direction it lacks.
func (s *spot) cross(res int, missing, thirds bool) int {
	most, far := dimension(res), span(res)
	if thirds {
		most, far = 3*most, 3*far
	}
	sum := s.at.sum()
	switch {
	case thirds && sum == most:
		return onEdge
	case sum <= most:
		return inside
	}
	side := 0
	if s.at.k > 0 {
		side = 2
		if s.at.j == 0 {
			side = 1
			if missing {
				corner := ijk{most, 0, 0}
				s.at = s.at.sub(corner).turnRight().add(corner)
			}
		}
	}
	next := faceNeighbors[s.face][side]
	s.face = next.face
	for range next.turns {
		s.at = s.at.turnLeft()
	}
	s.at = s.at.add(next.shift.scale(far)).normal()
	if thirds && s.at.sum() == most {
		return onEdge
	}
	return beyond
}

// Center gives a cell's center.
func (c Cell) Center() (lon, lat float64) {
	s := c.spot()
	x, y := s.at.plane()
	return toDegrees(toSphere(x, y, s.face, c.Resolution(), false))
}
