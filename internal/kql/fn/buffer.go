package fn

import (
	"math"

	"github.com/azptu/azptu/internal/kql/overlay"
	"github.com/azptu/azptu/internal/kql/value"
)

// bufferOf reads radius and tolerance, in meters, and gives the radius as an angle, how many
// corners a circle takes, and how long an edge may be, as an angle, for the lines beside it
// to stay within the tolerance.
func bufferOf(a []value.Value) (angle float64, corners int, longest float64, ok bool) {
	radius := asReal(a[1])
	tolerance := asReal(arg(a, 2, value.OfReal(10)))
	if !(radius > 0 && radius <= math.Pi*earthRadius/4) || !(tolerance > 0) {
		return 0, 0, 0, false
	}
	tolerance = min(max(tolerance, radius*1e-6), radius/2)
	corners = int(math.Ceil(math.Pi / math.Acos(1-tolerance/radius)))
	return radius / earthRadius, min(max(corners, 4), 1<<12), math.Sqrt(8 * tolerance / radius), true
}

// maxCapsules bounds the edges around which there is a buffer.
const maxCapsules = 5000

// capsule is what is at most an angle away from an edge.
func capsule(a, b vec3, angle float64, corners int) []vec3 {
	half := (corners + 1) / 2
	ring := make([]vec3, 0, 2*half+2)
	arc := func(p, ahead vec3, from float64) {
		left := p.cross(ahead)
		for i := range half + 1 {
			t := from + math.Pi*float64(i)/float64(half)
			side := ahead.scale(math.Cos(t)).add(left.scale(math.Sin(t)))
			ring = append(ring, p.scale(math.Cos(angle)).add(side.scale(math.Sin(angle))))
		}
	}
	arc(a, b.add(a.scale(-a.dot(b))).unit(), math.Pi/2)
	arc(b, a.add(b.scale(-a.dot(b))).unit().scale(-1), -math.Pi/2)
	return ring
}

// capsules gives those of all edges of lines.
func capsules(lines [][]vec3, angle float64, corners int, longest float64) ([][][]vec3, bool) {
	var out [][][]vec3
	for _, l := range lines {
		for i := 1; i < len(l); i++ {
			a, b := l[i-1], l[i]
			d := a.angle(b)
			n := math.Ceil(d / longest)
			if d < 1e-12 {
				continue
			}
			if float64(len(out))+n > maxCapsules {
				return nil, false
			}
			for k := range int(n) {
				p, q := along(a, b, d, float64(k)/n), along(a, b, d, float64(k+1)/n)
				out = append(out, [][]vec3{capsule(p, q, angle, corners)})
			}
		}
	}
	return out, len(out) > 0
}

func geoLineBuffer(c *Context, a []value.Value) value.Value {
	lines, ok := linesOf(a[0])
	if !ok {
		return null(value.Dynamic)
	}
	return buffered(c, nil, lines, a)
}

func geoPolygonBuffer(c *Context, a []value.Value) value.Value {
	polygons, ok := polygonsOf(a[0])
	if !ok || len(polygons) == 0 {
		return null(value.Dynamic)
	}
	return buffered(c, polygons, closed(polygons), a)
}

// buffered gives what polygons cover with all that is near to lines.
func buffered(c *Context, polygons [][][]vec3, lines [][]vec3, a []value.Value) value.Value {
	angle, corners, longest, ok := bufferOf(a)
	if !ok {
		return null(value.Dynamic)
	}
	around, ok := capsules(lines, angle, corners, longest)
	if !ok {
		return null(value.Dynamic)
	}
	all := append(polygons[:len(polygons):len(polygons)], around...)
	m, ok := newChart(closed(all))
	if !ok {
		return null(value.Dynamic)
	}
	return settled(c, dyn(geometry("Polygon", m.polygons(m.halved(c, all)))))
}

// halved joins polygons two by two, which is quicker than one after the other.
func (m *chart) halved(c *Context, polygons [][][]vec3) overlay.Region {
	if len(polygons) <= 2 {
		return m.region(c, polygons)
	}
	half := len(polygons) / 2
	return overlay.Union(m.halved(c, polygons[:half]), m.halved(c, polygons[half:]), c.canceled)
}
