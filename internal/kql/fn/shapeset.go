package fn

import (
	"math"

	"github.com/azptu/azptu/internal/kql/overlay"
	"github.com/azptu/azptu/internal/kql/value"
)

var shapeSetFuncs = func() group {
	return group{
		"geo_intersection_2polygons":         {Row: geoPolygonsInCommon},
		"geo_intersection_2lines":            {Row: geoLinesInCommon},
		"geo_intersection_line_with_polygon": {Row: geoLineInPolygon},
		"geo_union_polygons_array":           {Row: geoUnionPolygons},
		"geo_union_lines_array":              {Row: geoUnionLines},
		"geo_line_buffer":                    {Row: geoLineBuffer},
		"geo_polygon_buffer":                 {Row: geoPolygonBuffer},
		"geo_simplify_polygons_array":        {Row: geoSimplifyPolygons},
		"geo_polygon_area":                   {Row: geoArea},
		"geo_polygon_perimeter":              {Row: geoPerimeter},
		"geo_polygon_centroid":               {Row: geoCentroid},
	}
}

// chart shows a part of the sphere on a plane, on which great circles are straight lines.
type chart struct {
	center, east, north vec3
	scale               float64
}

// horizon is how far from the center a chart reaches, as a cosine.
const horizon = 0.1

// newChart makes a chart of all lines given; ok is false when they reach too far around the
// sphere.
func newChart(lines ...[][]vec3) (*chart, bool) {
	var sum vec3
	for _, part := range lines {
		for _, l := range part {
			for _, p := range l {
				sum = sum.add(p)
			}
		}
	}
	if sum.norm() < 1e-9 {
		return nil, false
	}
	m := &chart{center: sum.unit(), scale: 1}
	m.east = vec3{0, 0, 1}.cross(m.center)
	if m.east.norm() < 1e-9 {
		m.east = vec3{0, 1, 0}
	}
	m.east = m.east.unit()
	m.north = m.center.cross(m.east)
	most := 0.0
	for _, part := range lines {
		for _, l := range part {
			for _, p := range l {
				if p.dot(m.center) < horizon {
					return nil, false
				}
				q := m.plane(p)
				most = max(most, math.Abs(q.X), math.Abs(q.Y))
			}
		}
	}
	m.scale = max(most, 1e-12)
	return m, true
}

func (m *chart) plane(p vec3) overlay.Point {
	d := p.dot(m.center) * m.scale
	return overlay.Point{X: p.dot(m.east) / d, Y: p.dot(m.north) / d}
}

func (m *chart) sphere(p overlay.Point) vec3 {
	return m.center.add(m.east.scale(p.X * m.scale)).add(m.north.scale(p.Y * m.scale)).unit()
}

func (m *chart) line(l []vec3) []overlay.Point {
	out := make([]overlay.Point, len(l))
	for i, p := range l {
		out[i] = m.plane(p)
	}
	return out
}

func (m *chart) lines(ls [][]vec3) [][]overlay.Point {
	var out [][]overlay.Point
	for _, l := range ls {
		out = append(out, m.line(l))
	}
	return out
}

// region lays polygons on the plane, together and with the inside to the left of each ring.
func (m *chart) region(c *Context, polygons [][][]vec3) overlay.Region {
	var all overlay.Region
	for i, poly := range polygons {
		var g overlay.Region
		for j, ring := range poly {
			r := overlay.Ring(m.line(ring))
			if (r.Area() < 0) == (j == 0) {
				r = r.Reverse()
			}
			g = append(g, r)
		}
		if i == 0 {
			all = g
			continue
		}
		all = overlay.Union(all, g, c.canceled)
	}
	return all
}

func (m *chart) pairs(l []overlay.Point, closes bool) []any {
	out := make([]any, 0, len(l)+1)
	for _, p := range l {
		out = append(out, m.sphere(p).pair())
	}
	if closes {
		out = append(out, out[0])
	}
	return out
}

// polygons gives a region's shells with their holes as GeoJSON's coordinates.
func (m *chart) polygons(g overlay.Region) []any {
	var out []any
	for _, shell := range g.Shells() {
		var rings []any
		for _, r := range shell {
			rings = append(rings, m.pairs(r, true))
		}
		out = append(out, rings)
	}
	return out
}

// geometry gives coordinates as a plain shape, or a multiple one.
func geometry(kind string, all []any) *value.Bag {
	if len(all) == 1 {
		return bagOf("type", kind, "coordinates", all[0])
	}
	return bagOf("type", "Multi"+kind, "coordinates", all)
}

// shapes gives what was found as one GeoJSON object: a collection when it is of several
// kinds, or nothing.
func (m *chart) shapes(s overlay.Shapes) value.Value {
	var points, lines []any
	for _, p := range s.Points {
		points = append(points, m.sphere(p).pair())
	}
	for _, l := range s.Lines {
		lines = append(lines, m.pairs(l, false))
	}
	found := []any{}
	for _, part := range []struct {
		kind string
		all  []any
	}{{"Point", points}, {"LineString", lines}, {"Polygon", m.polygons(s.Region)}} {
		if len(part.all) > 0 {
			found = append(found, geometry(part.kind, part.all))
		}
	}
	if len(found) == 1 {
		return dyn(found[0])
	}
	return dyn(bagOf("type", "GeometryCollection", "geometries", found))
}

// settled gives a shape, or null when the query ended while it was made.
func settled(c *Context, v value.Value) value.Value {
	if c.canceled() {
		return null(value.Dynamic)
	}
	return v
}

func geoPolygonsInCommon(c *Context, a []value.Value) value.Value {
	p, ok1 := polygonsOf(a[0])
	q, ok2 := polygonsOf(a[1])
	if !ok1 || !ok2 {
		return null(value.Dynamic)
	}
	m, ok := newChart(closed(p), closed(q))
	if !ok {
		return null(value.Dynamic)
	}
	return settled(c, m.shapes(overlay.Intersect(m.region(c, p), m.region(c, q), c.canceled)))
}

func geoLinesInCommon(c *Context, a []value.Value) value.Value {
	p, ok1 := linesOf(a[0])
	q, ok2 := linesOf(a[1])
	if !ok1 || !ok2 {
		return null(value.Dynamic)
	}
	m, ok := newChart(p, q)
	if !ok {
		return null(value.Dynamic)
	}
	return settled(c, m.shapes(overlay.Cross(m.lines(p), m.lines(q), c.canceled)))
}

func geoLineInPolygon(c *Context, a []value.Value) value.Value {
	lines, ok1 := linesOf(a[0])
	polygons, ok2 := polygonsOf(a[1])
	if !ok1 || !ok2 {
		return null(value.Dynamic)
	}
	m, ok := newChart(lines, closed(polygons))
	if !ok {
		return null(value.Dynamic)
	}
	var all overlay.Shapes
	area := m.region(c, polygons)
	for _, l := range lines {
		s := overlay.Clip(m.line(l), area, c.canceled)
		all.Lines, all.Points = append(all.Lines, s.Lines...), append(all.Points, s.Points...)
	}
	return settled(c, m.shapes(all))
}

// polygonsIn reads an array of polygons; ok is false when any is none.
func polygonsIn(v value.Value) (all [][][]vec3, ok bool) {
	l, _ := list(v)
	for _, x := range l {
		p, ok := polygonsOf(dyn(x))
		if !ok {
			return nil, false
		}
		all = append(all, p...)
	}
	return all, len(all) > 0
}

func geoUnionPolygons(c *Context, a []value.Value) value.Value {
	polygons, ok := polygonsIn(a[0])
	if !ok {
		return null(value.Dynamic)
	}
	m, ok := newChart(closed(polygons))
	if !ok {
		return null(value.Dynamic)
	}
	return settled(c, dyn(geometry("Polygon", m.polygons(m.region(c, polygons)))))
}

func geoUnionLines(c *Context, a []value.Value) value.Value {
	var lines [][]vec3
	l, _ := list(a[0])
	for _, x := range l {
		more, ok := linesOf(dyn(x))
		if !ok {
			return null(value.Dynamic)
		}
		lines = append(lines, more...)
	}
	m, ok := newChart(lines)
	if !ok || len(lines) == 0 {
		return null(value.Dynamic)
	}
	var all []any
	for _, line := range overlay.Merge(m.lines(lines), c.canceled) {
		all = append(all, m.pairs(line, false))
	}
	return settled(c, dyn(geometry("LineString", all)))
}

// together gives what polygons cover as rings on the sphere, with the inside to their left.
func together(c *Context, v value.Value) ([][]vec3, bool) {
	polygons, ok := polygonsOf(v)
	if !ok || len(polygons) == 0 {
		return nil, false
	}
	m, ok := newChart(closed(polygons))
	if !ok {
		return nil, false
	}
	var out [][]vec3
	for _, r := range m.region(c, polygons) {
		ring := make([]vec3, len(r))
		for i, p := range r {
			ring[i] = m.sphere(p)
		}
		out = append(out, ring)
	}
	return out, !c.canceled()
}

// geoSimplifyPolygons makes corners that are nearer to each other than the tolerance one, in
// all polygons alike, so that common borders stay common.
func geoSimplifyPolygons(c *Context, a []value.Value) value.Value {
	tolerance, ok1 := within(a, 1, 0, maxTolerance)
	polygons, ok2 := polygonsIn(a[0])
	if !ok1 || !ok2 {
		return null(value.Dynamic)
	}
	var sites []vec3
	site := func(p vec3) int {
		for i, s := range sites {
			if p == s || p.angle(s) < tolerance/earthRadius {
				return i
			}
		}
		sites = append(sites, p)
		return len(sites) - 1
	}
	var all []any
	for _, poly := range polygons {
		var rings []any
		for j, ring := range poly {
			kept := distinctSites(ring, site)
			if c.canceled() || j == 0 && len(kept) < 3 {
				break
			}
			if len(kept) < 3 {
				continue
			}
			var line []any
			for _, i := range append(kept, kept[0]) {
				line = append(line, sites[i].pair())
			}
			rings = append(rings, line)
		}
		if len(rings) > 0 {
			all = append(all, rings)
		}
	}
	if len(all) == 0 {
		return null(value.Dynamic)
	}
	return settled(c, dyn(geometry("Polygon", all)))
}

// maxTolerance is the greatest tolerance of geo_simplify_polygons_array, in meters.
const maxTolerance = 7_800_000

// distinctSites gives a ring's corners by site, each once.
func distinctSites(ring []vec3, site func(vec3) int) []int {
	var out []int
	seen := map[int]bool{}
	for _, p := range ring {
		if i := site(p); !seen[i] {
			seen[i] = true
			out = append(out, i)
		}
	}
	return out
}
