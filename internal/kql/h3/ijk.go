package h3

import "math"

// vec is a point in space.
type vec [3]float64

func (a vec) dot(b vec) float64 { return a[0]*b[0] + a[1]*b[1] + a[2]*b[2] }

func (a vec) cross(b vec) vec {
	return vec{a[1]*b[2] - a[2]*b[1], a[2]*b[0] - a[0]*b[2], a[0]*b[1] - a[1]*b[0]}
}

// plus is s·a + t·b.
func (a vec) plus(s float64, b vec, t float64) vec {
	return vec{s*a[0] + t*b[0], s*a[1] + t*b[1], s*a[2] + t*b[2]}
}

func (a vec) unit() vec { return a.plus(1/math.Sqrt(a.dot(a)), vec{}, 0) }

// north and east are directions on the plane that touches the sphere at a.
func (a vec) compass() (north, east vec) {
	north = vec{0, 0, 1}.plus(1, a, -a[2]).unit()
	return north, north.cross(a)
}

// ijk is a place in a grid of hexagons by three axes at 120°. In normal form none is
// negative and one is zero.
type ijk struct{ i, j, k int }

func (a ijk) add(b ijk) ijk { return ijk{a.i + b.i, a.j + b.j, a.k + b.k} }

func (a ijk) sub(b ijk) ijk { return ijk{a.i - b.i, a.j - b.j, a.k - b.k} }

func (a ijk) scale(n int) ijk { return ijk{n * a.i, n * a.j, n * a.k} }

func (a ijk) sum() int { return a.i + a.j + a.k }

func (a ijk) normal() ijk {
	least := min(a.i, a.j, a.k)
	return ijk{a.i - least, a.j - least, a.k - least}
}

// span makes a place of other vectors for i, j and k.
func (a ijk) span(i, j, k ijk) ijk {
	return i.scale(a.i).add(j.scale(a.j)).add(k.scale(a.k)).normal()
}

// A finer grid has seven cells for one and is turned; every other one is turned back.

func (a ijk) finer() ijk     { return a.span(ijk{3, 0, 1}, ijk{1, 3, 0}, ijk{0, 1, 3}) }
func (a ijk) finerBack() ijk { return a.span(ijk{3, 1, 0}, ijk{0, 3, 1}, ijk{1, 0, 3}) }
func (a ijk) thirds() ijk    { return a.span(ijk{2, 0, 1}, ijk{1, 2, 0}, ijk{0, 1, 2}) }
func (a ijk) thirdsBack() ijk {
	return a.span(ijk{2, 1, 0}, ijk{0, 2, 1}, ijk{1, 0, 2})
}
func (a ijk) turnLeft() ijk  { return a.span(ijk{1, 1, 0}, ijk{0, 1, 1}, ijk{1, 0, 1}) }
func (a ijk) turnRight() ijk { return a.span(ijk{1, 0, 1}, ijk{1, 1, 0}, ijk{0, 1, 1}) }

func (a ijk) coarser() ijk {
	i, j := a.i-a.k, a.j-a.k
	return ijk{seventh(3*i - j), seventh(i + 2*j), 0}.normal()
}

func (a ijk) coarserBack() ijk {
	i, j := a.i-a.k, a.j-a.k
	return ijk{seventh(2*i + j), seventh(3*j - i), 0}.normal()
}

func seventh(n int) int { return int(math.Round(float64(n) / 7)) }

// steps are the seven directions: none, k, j, jk, i, ik, ij.
var steps = [7]ijk{{0, 0, 0}, {0, 0, 1}, {0, 1, 0}, {0, 1, 1}, {1, 0, 0}, {1, 0, 1}, {1, 1, 0}}

// digit is the direction of a step.
func (a ijk) digit() uint64 {
	a = a.normal()
	for d, s := range steps {
		if s == a {
			return uint64(d)
		}
	}
	return 7
}

// leftOf and rightOf turn directions by 60°.
var (
	leftOf  = [8]uint64{0, 5, 3, 1, 6, 4, 2, 7}
	rightOf = [8]uint64{0, 3, 6, 2, 5, 1, 4, 7}
)

const sin60 = 0.8660254037844386467637231707529361834714

// plane gives a place's center on a plane whose x axis is i.
func (a ijk) plane() (x, y float64) {
	i, j := float64(a.i-a.k), float64(a.j-a.k)
	return i - j/2, j * sin60
}

// hexAt gives the hexagon that a point of the plane is in.
func hexAt(x, y float64) ijk {
	// In the coordinates along i and ij, and their negative sum, the hexagon is found by
	// rounding all three and correcting the one that was rounded most.
	r := y / sin60
	q := x - r/2
	a, b, c := math.Round(q), math.Round(r), math.Round(-q-r)
	da, db, dc := math.Abs(a-q), math.Abs(b-r), math.Abs(c+q+r)
	switch {
	case da > db && da > dc:
		a = -b - c
	case db > dc:
		b = -a - c
	}
	return ijk{int(a) + int(b), int(b), 0}.normal()
}
