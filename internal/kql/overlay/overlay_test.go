package overlay

import (
	"math"
	"math/rand/v2"
	"testing"
)

func goOn() bool { return false }

// star is a polygon around a place, its corners at random distances.
func star(r *rand.Rand, x, y float64, corners int) Ring {
	out := make(Ring, corners)
	for i := range out {
		a, d := 2*math.Pi*float64(i)/float64(corners), 0.1+0.4*r.Float64()
		out[i] = Point{x + d*math.Cos(a), y + d*math.Sin(a)}
	}
	return out
}

func area(g Region) float64 {
	sum := 0.0
	for _, r := range g {
		sum += r.Area()
	}
	return sum
}

func TestWhatPolygonsHaveInCommonAndTogether(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for k := range 400 {
		a, b := Region{star(r, 0, 0, 3+r.IntN(9))}, Region{star(r, r.Float64()-0.5, r.Float64()-0.5, 3+r.IntN(9))}
		switch k % 4 {
		case 1: // a hole
			hole := star(r, 0, 0, 5)
			for i := range hole {
				hole[i] = Point{hole[i].X / 12, hole[i].Y / 12}
			}
			a = append(a, hole.Reverse())
		case 2: // the same corners
			copy(b[0], a[0])
		}
		if k%4 == 2 && (area(b) <= 0 || selfCrosses(b[0])) {
			continue
		}
		common, both := Intersect(a, b, goOn).Region, Union(a, b, goOn)
		if math.Abs(area(common)+area(both)-area(a)-area(b)) > 1e-7 {
			t.Fatalf("%d: areas %v + %v, want %v + %v\n%v\n%v", k, area(common), area(both), area(a), area(b), a, b)
		}
		for range 200 {
			p := Point{r.Float64()*2 - 1, r.Float64()*2 - 1}
			if common.Contains(p) != (a.Contains(p) && b.Contains(p)) || both.Contains(p) != (a.Contains(p) || b.Contains(p)) {
				t.Fatalf("%d: %v is on the wrong side\n%v\n%v", k, p, a, b)
			}
		}
	}
}

func selfCrosses(r Ring) bool {
	for i := range r {
		for j := range i {
			a, b, c, d := r[i], r[(i+1)%len(r)], r[j], r[(j+1)%len(r)]
			if cross(b.minus(a), c.minus(a))*cross(b.minus(a), d.minus(a)) < -1e-12 && cross(d.minus(c), a.minus(c))*cross(d.minus(c), b.minus(c)) < -1e-12 {
				return true
			}
		}
	}
	return false
}

func square(x, y, size float64) Region {
	return Region{{{x, y}, {x + size, y}, {x + size, y + size}, {x, y + size}}}
}

func TestShapesThatTouch(t *testing.T) {
	side := Intersect(square(0, 0, 1), square(1, 0, 1), goOn)
	if len(side.Region) != 0 || len(side.Points) != 0 || len(side.Lines) != 1 || len(side.Lines[0]) != 2 {
		t.Errorf("squares side by side have in common %+v", side)
	}
	corner := Intersect(square(0, 0, 1), square(1, 1, 1), goOn)
	if len(corner.Points) != 1 || len(corner.Lines)+len(corner.Region) != 0 {
		t.Errorf("squares at a corner have in common %+v", corner)
	}
	if u := Union(square(0, 0, 1), square(1, 0, 1), goOn); len(u) != 1 || math.Abs(area(u)-2) > 1e-12 {
		t.Errorf("squares side by side are together %v", u)
	}
	if u := Union(square(0, 0, 1), square(1, 1, 1), goOn); len(u.Shells()) != 2 {
		t.Errorf("squares at a corner are together %v", u)
	}
	if in := Intersect(square(0, 0, 1), square(0, 0, 1), goOn); math.Abs(area(in.Region)-1) > 1e-12 || len(in.Points) != 0 {
		t.Errorf("a square has in common with itself %+v", in)
	}
	frame := Union(Union(square(0, 0, 1), square(1, 0, 2), goOn), Region{{{0, 1}, {1, 1}, {1, 2}, {1.5, 2}, {1.5, 3}, {0, 3}}}, goOn)
	if s := frame.Shells(); len(s) != 1 {
		t.Errorf("%v", frame)
	}
}

func TestLines(t *testing.T) {
	inside := Clip([]Point{{-1, 0.5}, {0.5, 0.5}, {0.5, 2}}, square(0, 0, 1), goOn)
	if len(inside.Lines) != 1 || len(inside.Lines[0]) != 3 || inside.Lines[0][0] != (Point{0, 0.5}) {
		t.Errorf("inside: %+v", inside)
	}
	if at := Cross([][]Point{{{0, 0}, {1, 1}}}, [][]Point{{{0, 1}, {1, 0}}}, goOn); len(at.Points) != 1 || at.Points[0] != (Point{0.5, 0.5}) || len(at.Lines) != 0 {
		t.Errorf("crossing: %+v", at)
	}
	if at := Cross([][]Point{{{0, 0}, {1, 0}}}, [][]Point{{{0.5, 0}, {2, 0}}}, goOn); len(at.Lines) != 1 || len(at.Points) != 0 {
		t.Errorf("along each other: %+v", at)
	}
	if m := Merge([][]Point{{{0, 0}, {1, 0}, {2, 0}}, {{1, 0}, {2, 0}, {2, 1}}, {{1, 0}, {2, 0}}}, goOn); len(m) != 1 || len(m[0]) != 4 {
		t.Errorf("merged: %v", m)
	}
	if m := Merge([][]Point{{{0, 0}, {1, 0}}, {{1, 0}, {1, 1}}, {{1, 1}, {0, 0}}}, goOn); len(m) != 1 || len(m[0]) != 4 {
		t.Errorf("a ring: %v", m)
	}
}
