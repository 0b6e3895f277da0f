package h3

import (
	"math"
	"testing"
)

func apart(a, b [2]float64) float64 {
	p, q := toVec(a[0], a[1]), toVec(b[0], b[1])
	d := p.plus(1, q, -1)
	return math.Sqrt(d.dot(d))
}

// places are spread over the sphere; they come near all corners of the icosahedron.
func places(n int, f func(lon, lat float64)) {
	for i := range n {
		lat := math.Asin(1-2*(float64(i)+0.5)/float64(n)) * 180 / math.Pi
		f(math.Mod(float64(i)*137.50776405, 360)-180, lat)
	}
}

func TestTheCenterOfACellIsInIt(t *testing.T) {
	for res := range MaxResolution + 1 {
		places(700, func(lon, lat float64) {
			c := At(lon, lat, res)
			if got, ok := Parse(c.String()); !ok || got != c || c.Resolution() != res {
				t.Fatalf("%v, %v at %d: the cell %v is none", lon, lat, res, c)
			}
			if x, y := c.Center(); At(x, y, res) != c {
				t.Fatalf("%v: its center %v, %v is in %v", c, x, y, At(x, y, res))
			}
			if p := c.Parent(max(res-1, 0)); res > 0 && !contains(p.Children(res), c) {
				t.Fatalf("%v is no child of %v", c, p)
			}
		})
	}
}

func contains(all []Cell, c Cell) bool {
	for _, x := range all {
		if x == c {
			return true
		}
	}
	return false
}

// bases are the cells of resolution 0.
func bases() []Cell {
	var out []Cell
	for b := range baseCells {
		out = append(out, empty(0).withBase(b))
	}
	return out
}

func TestNeighborsMeetAtEdges(t *testing.T) {
	pentagons := 0
	for _, base := range bases() {
		for res := range 3 {
			for _, c := range base.Children(res) {
				if res == 2 && !c.Pentagon() && c.digit(1) != 0 {
					continue
				}
				sides := 6
				if c.Pentagon() {
					sides = 5
					pentagons++
				}
				ring := c.Rings(1)[1]
				if len(ring) != sides {
					t.Fatalf("%v has %d neighbors, want %d", c, len(ring), sides)
				}
				lon, lat := c.Center()
				outline := c.Outline()
				size := apart(outline[0], [2]float64{lon, lat})
				for _, n := range ring {
					shared := 0
					for _, p := range outline {
						for _, q := range n.Outline() {
							if apart(p, q) < 1e-6*size {
								shared++
							}
						}
					}
					if shared < 2 || !contains(n.Rings(1)[1], c) {
						t.Fatalf("%v and %v share %d corners, want 2 or more", c, n, shared)
					}
				}
				for _, p := range outline {
					m := toVec(p[0], p[1]).plus(0.9, toVec(lon, lat), 0.1).unit()
					if x, y := toDegrees(m); At(x, y, res) != c {
						t.Fatalf("%v: what is just inside its corner %v is in %v", c, p, At(x, y, res))
					}
				}
			}
		}
	}
	if pentagons != 36 {
		t.Errorf("%d pentagons at three resolutions, want 12 at each", pentagons)
	}
}

func TestRings(t *testing.T) {
	c := At(-46.6333, -23.5505, 7)
	seen := map[Cell]bool{}
	for k, ring := range c.Rings(4) {
		if want := max(6*k, 1); len(ring) != want {
			t.Errorf("ring %d has %d cells, want %d", k, len(ring), want)
		}
		for _, x := range ring {
			if seen[x] {
				t.Errorf("%v is in two rings", x)
			}
			seen[x] = true
		}
	}
	pentagon := empty(0).withBase(4).Children(3)[0]
	rings := pentagon.Rings(2)
	if !pentagon.Pentagon() || len(rings[1]) != 5 || len(rings[2]) != 10 {
		t.Errorf("around a pentagon: %v", rings)
	}
}

// TestPublishedCells checks cells that H3's own documentation names.
func TestPublishedCells(t *testing.T) {
	if c := At(-122.418307270836, 37.775938728915946, 9); c.String() != "8928308280fffff" {
		t.Errorf("got %v", c)
	}
	c, ok := Parse("85283473fffffff")
	lon, lat := c.Center()
	if !ok || math.Abs(lat-37.34579337536848) > 1e-9 || math.Abs(lon+121.97637597255124) > 1e-9 {
		t.Errorf("its center is %v, %v", lon, lat)
	}
	if got := len(c.Children(8)); got != 343 {
		t.Errorf("%d children, want 343", got)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, s := range []string{"", "x", "1", "85283473ffffffff", "8f283473fffffff", "85283473ffffff0", "15283473fffffff", "08283473fffffff", "80fffffffffffff", empty(1).withBase(4).withDigit(1, 1).String(), "0x85283473fffff"} {
		if c, ok := Parse(s); ok {
			t.Errorf("%q is read as %v", s, c)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"85283473fffffff", "8009fffffffffff", "81083ffffffffff", "8f2830828052d25", "820807fffffffff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, ok := Parse(s)
		if !ok {
			return
		}
		if lon, lat := c.Center(); At(lon, lat, c.Resolution()) != c {
			t.Errorf("%v: its center is in %v", c, At(lon, lat, c.Resolution()))
		}
		if n := len(c.Outline()); n < 5 || n > 10 {
			t.Errorf("%v has %d corners", c, n)
		}
		c.Rings(2)
	})
}
