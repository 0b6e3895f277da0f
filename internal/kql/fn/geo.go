package fn

import (
	"math"
	"strconv"
	"strings"

	"github.com/azptu/azptu/internal/kql/value"
)

// earthRadius is the radius, in meters, of the sphere that Kusto measures on.
const earthRadius = 6371010

var geoFuncs = func() group {
	return group{
		"geo_distance_2points":       {Row: geoDistance},
		"geo_azimuth":                {Row: geoAzimuth},
		"geo_point_in_circle":        {Row: geoInCircle},
		"geo_point_in_polygon":       {Row: geoInPolygon},
		"geo_line_length":            {Row: geoLineLength},
		"geo_intersects_2lines":      {Row: geoIntersects},
		"geo_distance_point_to_line": {Row: geoDistanceToLine},
		"geo_from_wkt":               {Row: func(_ *Context, a []value.Value) value.Value { return dyn(parseWKT(text(a[0]))) }},
	}
}

// vec3 is a place on the unit sphere.
type vec3 [3]float64

func (a vec3) dot(b vec3) float64 { return a[0]*b[0] + a[1]*b[1] + a[2]*b[2] }

func (a vec3) cross(b vec3) vec3 {
	return vec3{a[1]*b[2] - a[2]*b[1], a[2]*b[0] - a[0]*b[2], a[0]*b[1] - a[1]*b[0]}
}

func (a vec3) add(b vec3) vec3 { return vec3{a[0] + b[0], a[1] + b[1], a[2] + b[2]} }

func (a vec3) scale(f float64) vec3 { return vec3{a[0] * f, a[1] * f, a[2] * f} }

func (a vec3) norm() float64 { return math.Sqrt(a.dot(a)) }

// angle is the arc between two places, in radians.
func (a vec3) angle(b vec3) float64 { return math.Atan2(a.cross(b).norm(), a.dot(b)) }

func validPoint(lon, lat float64) bool {
	return lon >= -180 && lon <= 180 && lat >= -90 && lat <= 90
}

func onSphere(lon, lat float64) vec3 {
	x, y := lon*math.Pi/180, lat*math.Pi/180
	return vec3{math.Cos(y) * math.Cos(x), math.Cos(y) * math.Sin(x), math.Sin(y)}
}

// point reads a longitude and a latitude among arguments.
func point(a []value.Value, i int) (vec3, bool) {
	lon, lat := asReal(a[i]), asReal(a[i+1])
	return onSphere(lon, lat), validPoint(lon, lat)
}

func geoDistance(_ *Context, a []value.Value) value.Value {
	p, ok1 := point(a, 0)
	q, ok2 := point(a, 2)
	if !ok1 || !ok2 {
		return null(value.Real)
	}
	return value.OfReal(p.angle(q) * earthRadius)
}

func geoAzimuth(_ *Context, a []value.Value) value.Value {
	_, ok1 := point(a, 0)
	_, ok2 := point(a, 2)
	if !ok1 || !ok2 {
		return null(value.Real)
	}
	rad := math.Pi / 180
	y1, y2, dx := asReal(a[1])*rad, asReal(a[3])*rad, (asReal(a[2])-asReal(a[0]))*rad
	z := math.Atan2(math.Sin(dx)*math.Cos(y2), math.Cos(y1)*math.Sin(y2)-math.Sin(y1)*math.Cos(y2)*math.Cos(dx))
	if z < 0 {
		z += 2 * math.Pi
	}
	return value.OfReal(z)
}

func geoInCircle(_ *Context, a []value.Value) value.Value {
	p, ok1 := point(a, 0)
	q, ok2 := point(a, 2)
	r := asReal(a[4])
	if !ok1 || !ok2 || !(r >= 0) {
		return null(value.Bool)
	}
	return value.OfBool(p.angle(q)*earthRadius <= r)
}

// coordinates reads a list of [longitude, latitude].
func coordinates(x any) ([]vec3, bool) {
	l, ok := x.([]any)
	if !ok {
		return nil, false
	}
	out := make([]vec3, len(l))
	for i, e := range l {
		c, ok := e.([]any)
		if !ok || len(c) < 2 {
			return nil, false
		}
		lon, ok1 := number(c[0])
		lat, ok2 := number(c[1])
		if !ok1 || !ok2 || !validPoint(lon, lat) {
			return nil, false
		}
		out[i] = onSphere(lon, lat)
	}
	return out, true
}

// shapes gives the members of a geometry of one kind, the plain or the multi form.
func shapes(v value.Value, plain, multi string) ([]any, bool) {
	c := value.Member(v.X, "coordinates")
	switch value.Member(v.X, "type") {
	case plain:
		return []any{c}, c != nil
	case multi:
		l, ok := c.([]any)
		return l, ok
	}
	return nil, false
}

func linesOf(v value.Value) ([][]vec3, bool) {
	all, ok := shapes(v, "LineString", "MultiLineString")
	if !ok {
		return nil, false
	}
	var out [][]vec3
	for _, x := range all {
		line, ok := coordinates(x)
		if !ok || len(line) < 2 {
			return nil, false
		}
		out = append(out, line)
	}
	return out, true
}

// polygonsOf reads polygons as rings without the closing point; the first ring of each
// is its shell.
func polygonsOf(v value.Value) ([][][]vec3, bool) {
	all, ok := shapes(v, "Polygon", "MultiPolygon")
	if !ok {
		return nil, false
	}
	var out [][][]vec3
	for _, x := range all {
		rings, ok := x.([]any)
		if !ok || len(rings) == 0 {
			return nil, false
		}
		var poly [][]vec3
		for _, r := range rings {
			ring, ok := ringOf(r)
			if !ok {
				return nil, false
			}
			poly = append(poly, ring)
		}
		out = append(out, poly)
	}
	return out, true
}

func ringOf(x any) ([]vec3, bool) {
	ring, ok := coordinates(x)
	if !ok || len(ring) < 4 || ring[0] != ring[len(ring)-1] {
		return nil, false
	}
	ring = ring[:len(ring)-1]
	for i := range ring {
		if ring[i] == ring[(i+1)%len(ring)] {
			return nil, false
		}
	}
	return ring, true
}

func pathLength(line []vec3) float64 {
	sum := 0.0
	for i := 1; i < len(line); i++ {
		sum += line[i-1].angle(line[i])
	}
	return sum * earthRadius
}

func geoLineLength(_ *Context, a []value.Value) value.Value {
	lines, ok := linesOf(a[0])
	if !ok {
		return null(value.Real)
	}
	sum := 0.0
	for _, l := range lines {
		sum += pathLength(l)
	}
	return value.OfReal(sum)
}

func geoPerimeter(c *Context, a []value.Value) value.Value {
	rings, ok := together(c, a[0])
	if !ok {
		return null(value.Real)
	}
	sum := 0.0
	for _, ring := range rings {
		sum += pathLength(append(ring[:len(ring):len(ring)], ring[0]))
	}
	return value.OfReal(sum)
}

// triangleArea is the signed area of a triangle on the unit sphere.
func triangleArea(a, b, c vec3) float64 {
	det := a.dot(b.cross(c))
	return 2 * math.Atan2(det, 1+a.dot(b)+b.dot(c)+c.dot(a))
}

// ringArea is positive when the inside is to the left.
func ringArea(ring []vec3) float64 {
	sum := 0.0
	for i := 1; i+1 < len(ring); i++ {
		sum += triangleArea(ring[0], ring[i], ring[i+1])
	}
	return sum
}

func geoArea(c *Context, a []value.Value) value.Value {
	rings, ok := together(c, a[0])
	if !ok {
		return null(value.Real)
	}
	area := 0.0
	for _, ring := range rings {
		area += ringArea(ring)
	}
	return value.OfReal(area * earthRadius * earthRadius)
}

// trueCentroid sums the centers of a ring's triangles weighted by their areas: the edge
// integral of the great-circle polygon.
func trueCentroid(ring []vec3) vec3 {
	var sum vec3
	for i, p := range ring {
		q := ring[(i+1)%len(ring)]
		n := p.cross(q)
		if l := n.norm(); l > 0 {
			sum = sum.add(n.scale(p.angle(q) / l / 2))
		}
	}
	return sum
}

func geoCentroid(c *Context, a []value.Value) value.Value {
	rings, ok := together(c, a[0])
	if !ok {
		return null(value.Dynamic)
	}
	var sum vec3
	for _, ring := range rings {
		sum = sum.add(trueCentroid(ring))
	}
	if sum.norm() < 1e-30 {
		return null(value.Dynamic)
	}
	lon, lat := sum.unit().degrees()
	return dyn(bagOf("type", "Point", "coordinates", []any{lon, lat}))
}

// crosses says whether two arcs meet.
func crosses(a, b, c, d vec3) bool {
	ab, cd := a.cross(b), c.cross(d)
	x := ab.cross(cd)
	if x.norm() < 1e-15 {
		return false
	}
	return between(x, a, b, ab) && between(x, c, d, cd) || between(x.scale(-1), a, b, ab) && between(x.scale(-1), c, d, cd)
}

// between says whether a place on the great circle of an arc is on the arc.
func between(x, a, b, normal vec3) bool {
	const slack = -1e-18
	return a.cross(x).dot(normal) >= slack && x.cross(b).dot(normal) >= slack
}

func geoIntersects(_ *Context, a []value.Value) value.Value {
	l, ok1 := linesOf(a[0])
	m, ok2 := linesOf(a[1])
	if !ok1 || !ok2 {
		return null(value.Bool)
	}
	for _, x := range l {
		for i := 1; i < len(x); i++ {
			for _, y := range m {
				for j := 1; j < len(y); j++ {
					if crosses(x[i-1], x[i], y[j-1], y[j]) {
						return value.OfBool(true)
					}
				}
			}
		}
	}
	return value.OfBool(false)
}

func geoDistanceToLine(_ *Context, a []value.Value) value.Value {
	p, ok1 := point(a, 0)
	lines, ok2 := linesOf(a[2])
	if !ok1 || !ok2 {
		return null(value.Real)
	}
	best := math.Inf(1)
	for _, l := range lines {
		for i := 1; i < len(l); i++ {
			best = min(best, arcDistance(p, l[i-1], l[i]))
		}
	}
	return value.OfReal(best * earthRadius)
}

// arcDistance is the angle from a place to the nearest point of an arc.
func arcDistance(p, a, b vec3) float64 {
	n := a.cross(b)
	if l := n.norm(); l > 0 {
		n = n.scale(1 / l)
		near := p.add(n.scale(-p.dot(n)))
		if between(near, a, b, n) {
			return math.Abs(math.Asin(max(min(p.dot(n), 1), -1)))
		}
	}
	return min(p.angle(a), p.angle(b))
}

// geoInPolygon counts how often the polygon's winding goes around the place.
func geoInPolygon(_ *Context, a []value.Value) value.Value {
	p, ok1 := point(a, 0)
	polygons, ok2 := polygonsOf(a[2])
	if !ok1 || !ok2 {
		return null(value.Bool)
	}
	for _, poly := range polygons {
		inside := winds(p, poly[0])
		for _, hole := range poly[1:] {
			inside = inside && !winds(p, hole)
		}
		if inside {
			return value.OfBool(true)
		}
	}
	return value.OfBool(false)
}

func winds(p vec3, ring []vec3) bool {
	sum := 0.0
	for i, a := range ring {
		b := ring[(i+1)%len(ring)]
		u, w := a.add(p.scale(-a.dot(p))), b.add(p.scale(-b.dot(p)))
		sum += math.Atan2(p.dot(u.cross(w)), u.dot(w))
	}
	return math.Abs(sum) > math.Pi
}

// wktTypes names the shapes of WKT as GeoJSON does, with the depth of their coordinates.
var wktTypes = map[string]struct {
	name  string
	depth int
}{"POINT": {"Point", 0}, "LINESTRING": {"LineString", 1}, "POLYGON": {"Polygon", 2}, "MULTIPOINT": {"MultiPoint", 1}, "MULTILINESTRING": {"MultiLineString", 2}, "MULTIPOLYGON": {"MultiPolygon", 3}}

// parseWKT reads well-known text as GeoJSON; nil when it is none.
func parseWKT(s string) any {
	r := &wktReader{s: s}
	x := r.shape(0)
	r.space()
	if r.bad || r.s != "" {
		return nil
	}
	return x
}

type wktReader struct {
	s   string
	bad bool
}

func (r *wktReader) space() { r.s = strings.TrimLeft(r.s, " \t\r\n") }

func (r *wktReader) accept(c string) bool {
	r.space()
	rest, ok := strings.CutPrefix(r.s, c)
	r.s = rest
	return ok
}

func (r *wktReader) need(c string) { r.bad = r.bad || !r.accept(c) }

func (r *wktReader) shape(depth int) any {
	r.space()
	end := strings.IndexAny(r.s, " (")
	if end < 0 || depth > value.MaxDepth {
		r.bad = true
		return nil
	}
	word := strings.ToUpper(r.s[:end])
	r.s = r.s[end:]
	if word == "GEOMETRYCOLLECTION" {
		all := []any{}
		r.need("(")
		for !r.bad {
			all = append(all, r.shape(depth+1))
			if !r.accept(",") {
				break
			}
		}
		r.need(")")
		return bagOf("type", "GeometryCollection", "geometries", all)
	}
	t, ok := wktTypes[word]
	if !ok {
		r.bad = true
		return nil
	}
	if t.depth == 0 {
		r.need("(")
		p := r.numbers()
		r.need(")")
		return bagOf("type", t.name, "coordinates", p)
	}
	return bagOf("type", t.name, "coordinates", r.lists(t.depth))
}

// lists reads bracketed lists of places, nested so deep.
func (r *wktReader) lists(depth int) []any {
	out := []any{}
	r.need("(")
	for !r.bad {
		switch {
		case depth > 1:
			out = append(out, r.lists(depth-1))
		case r.accept("("):
			out = append(out, r.numbers())
			r.need(")")
		default:
			out = append(out, r.numbers())
		}
		if !r.accept(",") {
			break
		}
	}
	r.need(")")
	return out
}

func (r *wktReader) numbers() []any {
	out := []any{}
	for {
		r.space()
		end := 0
		for end < len(r.s) && strings.IndexByte("+-.0123456789eE", r.s[end]) >= 0 {
			end++
		}
		if end == 0 {
			r.bad = r.bad || len(out) < 2
			return out
		}
		if n, err := strconv.ParseInt(r.s[:end], 10, 64); err == nil {
			out = append(out, n)
		} else if f, err := strconv.ParseFloat(r.s[:end], 64); err == nil {
			out = append(out, f)
		} else {
			r.bad = true
			return out
		}
		r.s = r.s[end:]
	}
}
