package fn

import (
	"math"
	"math/bits"
	"strconv"
	"strings"

	"github.com/azptu/azptu/internal/kql/value"
)

// S2 cells divide the six faces of a cube around the earth into four again and again; the
// number of a cell follows a Hilbert curve (s2geometry.io).

var s2Funcs = func() group {
	return group{
		"geo_point_to_s2cell":         {Row: geoPointToS2},
		"geo_s2cell_to_central_point": {Row: geoS2Center},
		"geo_s2cell_to_polygon":       {Row: geoS2Polygon},
		"geo_s2cell_neighbors":        {Row: geoS2Neighbors},
		"geo_polygon_to_s2cells":      {Row: geoPolygonToS2},
		"geo_line_to_s2cells":         {Row: geoLineToS2},
	}
}

const (
	s2MaxLevel = 30
	s2Size     = 1 << s2MaxLevel
)

// s2cell is a cell by its place: I and J count cells of its level along the face.
type s2cell struct {
	face, i, j, level int
}

var (
	s2Pos  = [4][4]uint64{{0, 1, 3, 2}, {0, 3, 1, 2}, {2, 3, 1, 0}, {2, 1, 3, 0}}
	s2IJ   = [4][4]int{{0, 1, 3, 2}, {0, 2, 3, 1}, {3, 2, 0, 1}, {3, 1, 0, 2}}
	s2Turn = [4]int{1, 0, 0, 3}
)

// token prints the cell's number as Kusto does: hexadecimal without the zeros at the end.
func (c s2cell) token() string {
	id := uint64(c.face)
	turn := c.face & 1
	for k := c.level - 1; k >= 0; k-- {
		pos := s2Pos[turn][(c.i>>k&1)<<1|c.j>>k&1]
		id = id<<2 | pos
		turn ^= s2Turn[pos]
	}
	id = id<<1 | 1
	id <<= 60 - 2*c.level
	hex := strconv.FormatUint(id, 16)
	return strings.TrimRight(strings.Repeat("0", 16-len(hex))+hex, "0")
}

// s2ByToken finds a cell by its token.
func s2ByToken(token string) (s2cell, bool) {
	if token == "" || len(token) > 16 {
		return s2cell{}, false
	}
	id, err := strconv.ParseUint(token+strings.Repeat("0", 16-len(token)), 16, 64)
	zeros := bits.TrailingZeros64(id)
	if err != nil || id == 0 || zeros&1 != 0 || zeros > 60 || id>>61 > 5 {
		return s2cell{}, false
	}
	c := s2cell{face: int(id >> 61), level: s2MaxLevel - zeros/2}
	turn := c.face & 1
	for k := range c.level {
		pos := id >> (59 - 2*k) & 3
		ij := s2IJ[turn][pos]
		c.i, c.j = c.i<<1|ij>>1, c.j<<1|ij&1
		turn ^= s2Turn[pos]
	}
	return c, true
}

// s2Face projects a place onto the cube.
func s2Face(p vec3) (face int, u, v float64) {
	for k := range 3 {
		if math.Abs(p[k]) > math.Abs(p[face]) {
			face = k
		}
	}
	if p[face] < 0 {
		face += 3
	}
	switch face {
	case 0:
		return face, p[1] / p[0], p[2] / p[0]
	case 1:
		return face, -p[0] / p[1], p[2] / p[1]
	case 2:
		return face, -p[0] / p[2], -p[1] / p[2]
	case 3:
		return face, p[2] / p[0], p[1] / p[0]
	case 4:
		return face, p[2] / p[1], -p[0] / p[1]
	}
	return face, -p[1] / p[2], -p[0] / p[2]
}

// s2Sphere is the place at (u, v) of a face.
func s2Sphere(face int, u, v float64) vec3 {
	switch face {
	case 0:
		return vec3{1, u, v}.unit()
	case 1:
		return vec3{-u, 1, v}.unit()
	case 2:
		return vec3{-u, -v, 1}.unit()
	case 3:
		return vec3{-1, -v, -u}.unit()
	case 4:
		return vec3{v, -1, -u}.unit()
	}
	return vec3{v, u, -1}.unit()
}

// s2Flat makes cells nearly equal in size: from the cube's coordinate to one of 0 to 1.
func s2Flat(u float64) float64 {
	if u >= 0 {
		return 0.5 * math.Sqrt(1+3*u)
	}
	return 1 - 0.5*math.Sqrt(1-3*u)
}

func s2Steep(s float64) float64 {
	if s >= 0.5 {
		return (4*s*s - 1) / 3
	}
	return (1 - 4*(1-s)*(1-s)) / 3
}

// s2At is the cell of a level that holds a place.
func s2At(p vec3, level int) s2cell {
	face, u, v := s2Face(p)
	at := func(x float64) int {
		return max(0, min(s2Size-1, int(math.Floor(s2Flat(x)*s2Size)))) >> (s2MaxLevel - level)
	}
	return s2cell{face: face, i: at(u), j: at(v), level: level}
}

// place is where a cell's fractions (0 to 1) along both sides are.
func (c s2cell) place(fi, fj float64) vec3 {
	n := float64(int(1) << c.level)
	return s2Sphere(c.face, s2Steep((float64(c.i)+fi)/n), s2Steep((float64(c.j)+fj)/n))
}

func (c s2cell) corners() []vec3 {
	return []vec3{c.place(0, 0), c.place(1, 0), c.place(1, 1), c.place(0, 1)}
}

// beside is the cell so many steps away, perhaps on another face.
func (c s2cell) beside(di, dj int) s2cell {
	n := 1 << c.level
	i, j := c.i+di, c.j+dj
	if i >= 0 && i < n && j >= 0 && j < n {
		return s2cell{face: c.face, i: i, j: j, level: c.level}
	}
	// Just beyond the edge the faces continue each other.
	edge := func(k int) float64 {
		const beyond = 1 + 1e-9
		return max(-beyond, min(beyond, (2*(float64(k)+0.5)-float64(n))/float64(n)))
	}
	face, u, v := s2Face(s2Sphere(c.face, edge(i), edge(j)))
	at := func(x float64) int { return max(0, min(n-1, int(math.Floor((x+1)/2*float64(n))))) }
	return s2cell{face: face, i: at(u), j: at(v), level: c.level}
}

// s2Level reads an optional level, 11 by default.
func s2Level(a []value.Value, i int) (int, bool) {
	l := asReal(arg(a, i, value.OfLong(11)))
	return int(l), l >= 0 && l <= s2MaxLevel && l == math.Trunc(l)
}

func geoPointToS2(_ *Context, a []value.Value) value.Value {
	p, ok1 := point(a, 0)
	level, ok2 := s2Level(a, 2)
	if !ok1 || !ok2 {
		return value.OfString("")
	}
	return value.OfString(s2At(p, level).token())
}

func geoS2Center(_ *Context, a []value.Value) value.Value {
	c, ok := s2ByToken(text(a[0]))
	if !ok {
		return null(value.Dynamic)
	}
	return pointBag(c.place(0.5, 0.5))
}

func geoS2Polygon(_ *Context, a []value.Value) value.Value {
	c, ok := s2ByToken(text(a[0]))
	if !ok {
		return null(value.Dynamic)
	}
	var ring []any
	for _, p := range c.corners() {
		ring = append(ring, p.pair())
	}
	return dyn(bagOf("type", "Polygon", "coordinates", []any{append(ring, ring[0])}))
}

// geoS2Neighbors gives the cells around one, in the order of the S2 library.
func geoS2Neighbors(_ *Context, a []value.Value) value.Value {
	c, ok := s2ByToken(text(a[0]))
	if !ok {
		return null(value.Dynamic)
	}
	var out []any
	seen := map[string]bool{c.token(): true}
	for _, d := range [][2]int{{-1, -1}, {1, -1}, {0, -1}, {0, 1}, {-1, 0}, {1, 0}, {-1, 1}, {1, 1}} {
		if t := c.beside(d[0], d[1]).token(); !seen[t] {
			seen[t] = true
			out = append(out, t)
		}
	}
	return dyn(out)
}

// maxCover bounds the cells that cover a shape, as Kusto does.
const maxCover = 65536

// covering lists the cells of a level that meet a shape; nil when there are too many.
func covering(level int, meets func(c s2cell) bool) []any {
	out := []any{}
	var visit func(c s2cell) bool
	visit = func(c s2cell) bool {
		if !meets(c) {
			return true
		}
		if c.level == level {
			out = append(out, c.token())
			return len(out) <= maxCover
		}
		for k := range 4 {
			if !visit(s2cell{face: c.face, i: c.i<<1 | k>>1, j: c.j<<1 | k&1, level: c.level + 1}) {
				return false
			}
		}
		return true
	}
	for face := range 6 {
		if !visit(s2cell{face: face}) {
			return nil
		}
	}
	return out
}

func geoPolygonToS2(c *Context, a []value.Value) value.Value {
	polygons, ok1 := polygonsOf(a[0])
	level, ok2 := s2Level(a, 1)
	if !ok1 || !ok2 {
		return null(value.Dynamic)
	}
	lines := closed(polygons)
	cells := covering(level, func(s s2cell) bool {
		corners := s.corners()
		if covers(polygons, corners[0]) {
			return !c.canceled()
		}
		box := [][][]vec3{{corners}}
		return !c.canceled() && (covers(box, lines[0][0]) || meet(closed(box), lines))
	})
	if cells == nil {
		return null(value.Dynamic)
	}
	return dyn(cells)
}

func geoLineToS2(c *Context, a []value.Value) value.Value {
	lines, ok1 := linesOf(a[0])
	level, ok2 := s2Level(a, 1)
	if !ok1 || !ok2 {
		return null(value.Dynamic)
	}
	cells := covering(level, func(s s2cell) bool {
		box := [][][]vec3{{s.corners()}}
		return !c.canceled() && (covers(box, lines[0][0]) || meet(closed(box), lines))
	})
	if cells == nil {
		return null(value.Dynamic)
	}
	return dyn(cells)
}
