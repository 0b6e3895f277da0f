package fn

import (
	"math"

	"github.com/azptu/azptu/internal/kql/value"
)

var geoShapeFuncs = func() group {
	return group{
		"geo_angle":                        {Row: geoAngle},
		"geo_closest_point_on_line":        {Row: geoClosestOnLine},
		"geo_closest_point_on_polygon":     {Row: geoClosestOnPolygon},
		"geo_distance_point_to_polygon":    {Row: geoDistanceToPolygon},
		"geo_line_locate_point":            {Row: geoLocate},
		"geo_line_interpolate_point":       {Row: geoInterpolate},
		"geo_line_centroid":                {Row: geoLineCentroid},
		"geo_line_densify":                 {Row: geoDensify("LineString")},
		"geo_polygon_densify":              {Row: geoDensify("Polygon")},
		"geo_line_simplify":                {Row: geoSimplifyLine},
		"geo_polygon_simplify":             {Row: geoSimplifyPolygon},
		"geo_point_buffer":                 {Row: geoPointBuffer},
		"geo_intersects_line_with_polygon": {Row: geoLineMeetsPolygon},
		"geo_intersects_2polygons":         {Row: geoPolygonsMeet},
	}
}

// degrees gives the longitude and latitude of a place.
func (a vec3) degrees() (lon, lat float64) {
	return math.Atan2(a[1], a[0]) * 180 / math.Pi, math.Atan2(a[2], math.Hypot(a[0], a[1])) * 180 / math.Pi
}

func (a vec3) unit() vec3 { return a.scale(1 / a.norm()) }

func (a vec3) pair() []any {
	lon, lat := a.degrees()
	return []any{coordinate(lon), coordinate(lat)}
}

// coordinate is a number as Kusto prints it in a shape: a whole one without a fraction.
func coordinate(x float64) any {
	if x == math.Trunc(x) {
		return int64(x)
	}
	return x
}

func pointBag(a vec3) value.Value { return dyn(bagOf("type", "Point", "coordinates", a.pair())) }

// bearing is the direction from one place to another, clockwise from north, in radians.
func bearing(x1, y1, x2, y2 float64) float64 {
	rad := math.Pi / 180
	y1, y2, dx := y1*rad, y2*rad, (x2-x1)*rad
	return math.Atan2(math.Sin(dx)*math.Cos(y2), math.Cos(y1)*math.Sin(y2)-math.Sin(y1)*math.Cos(y2)*math.Cos(dx))
}

// geoAngle is the clockwise angle from the way back to the first place to the way on to the
// third, as seen from the second.
func geoAngle(_ *Context, a []value.Value) value.Value {
	p, ok1 := point(a, 0)
	q, ok2 := point(a, 2)
	r, ok3 := point(a, 4)
	if !ok1 || !ok2 || !ok3 || p == q || q == r {
		return null(value.Real)
	}
	x, y := asReal(a[2]), asReal(a[3])
	angle := bearing(x, y, asReal(a[4]), asReal(a[5])) - bearing(x, y, asReal(a[0]), asReal(a[1]))
	return value.OfReal(math.Mod(angle+4*math.Pi, 2*math.Pi))
}

// nearest is the place of an arc that is nearest to p.
func nearest(p, a, b vec3) vec3 {
	n := a.cross(b)
	if l := n.norm(); l > 0 {
		n = n.scale(1 / l)
		if near := p.add(n.scale(-p.dot(n))); between(near, a, b, n) {
			return near.unit()
		}
	}
	if p.angle(a) <= p.angle(b) {
		return a
	}
	return b
}

// nearestOf is the place nearest to p on lines.
func nearestOf(p vec3, lines [][]vec3) vec3 {
	var found vec3
	best := math.Inf(1)
	for _, l := range lines {
		for i := 1; i < len(l); i++ {
			q := nearest(p, l[i-1], l[i])
			if d := p.angle(q); d < best {
				best, found = d, q
			}
		}
	}
	return found
}

func geoClosestOnLine(_ *Context, a []value.Value) value.Value {
	p, ok1 := point(a, 0)
	lines, ok2 := linesOf(a[2])
	if !ok1 || !ok2 {
		return null(value.Dynamic)
	}
	return pointBag(nearestOf(p, lines))
}

// closed gives the rings of polygons as lines that end where they begin.
func closed(polygons [][][]vec3) [][]vec3 {
	var out [][]vec3
	for _, poly := range polygons {
		for _, ring := range poly {
			out = append(out, append(ring[:len(ring):len(ring)], ring[0]))
		}
	}
	return out
}

// covers says whether a place is inside polygons.
func covers(polygons [][][]vec3, p vec3) bool {
	for _, poly := range polygons {
		inside := winds(p, poly[0])
		for _, hole := range poly[1:] {
			inside = inside && !winds(p, hole)
		}
		if inside {
			return true
		}
	}
	return false
}

func geoClosestOnPolygon(_ *Context, a []value.Value) value.Value {
	p, ok1 := point(a, 0)
	polygons, ok2 := polygonsOf(a[2])
	if !ok1 || !ok2 {
		return null(value.Dynamic)
	}
	if covers(polygons, p) {
		return dyn(bagOf("type", "Point", "coordinates", []any{coordinate(asReal(a[0])), coordinate(asReal(a[1]))}))
	}
	return pointBag(nearestOf(p, closed(polygons)))
}

func geoDistanceToPolygon(_ *Context, a []value.Value) value.Value {
	p, ok1 := point(a, 0)
	polygons, ok2 := polygonsOf(a[2])
	if !ok1 || !ok2 {
		return null(value.Real)
	}
	if covers(polygons, p) {
		return value.OfReal(0)
	}
	return value.OfReal(p.angle(nearestOf(p, closed(polygons))) * earthRadius)
}

// oneLine reads a line that has a single part.
func oneLine(v value.Value) ([]vec3, bool) {
	lines, ok := linesOf(v)
	if !ok || len(lines) != 1 {
		return nil, false
	}
	return lines[0], true
}

// geoLocate says how far along a line the place nearest to a point is, from 0 to 1.
func geoLocate(_ *Context, a []value.Value) value.Value {
	line, ok1 := oneLine(a[0])
	p, ok2 := point(a, 1)
	if !ok1 || !ok2 || pathLength(line) == 0 {
		return null(value.Real)
	}
	best, at, passed := math.Inf(1), 0.0, 0.0
	for i := 1; i < len(line); i++ {
		q := nearest(p, line[i-1], line[i])
		if d := p.angle(q); d < best {
			best, at = d, passed+line[i-1].angle(q)
		}
		passed += line[i-1].angle(line[i])
	}
	return value.OfReal(at / passed)
}

func geoInterpolate(_ *Context, a []value.Value) value.Value {
	line, ok := oneLine(a[0])
	f := asReal(a[1])
	if !ok || !(f >= 0 && f <= 1) {
		return null(value.Dynamic)
	}
	left := f * pathLength(line) / earthRadius
	for i := 1; i < len(line); i++ {
		step := line[i-1].angle(line[i])
		if left <= step && step > 0 {
			t := left / step
			return pointBag(along(line[i-1], line[i], step, t))
		}
		left -= step
	}
	return pointBag(line[len(line)-1])
}

// along is the place a part t of the way from a to b, which are an angle apart.
func along(a, b vec3, angle, t float64) vec3 {
	return a.scale(math.Sin((1 - t) * angle)).add(b.scale(math.Sin(t * angle))).unit()
}

func geoLineCentroid(_ *Context, a []value.Value) value.Value {
	lines, ok := linesOf(a[0])
	if !ok {
		return null(value.Dynamic)
	}
	var sum vec3
	for _, l := range lines {
		for i := 1; i < len(l); i++ {
			// The integral of an arc lies on its middle; its length is twice the sine of half the angle.
			if mid := l[i-1].add(l[i]); mid.norm() > 0 {
				sum = sum.add(mid.unit().scale(2 * math.Sin(l[i-1].angle(l[i])/2)))
			}
		}
	}
	if sum.norm() == 0 {
		return null(value.Dynamic)
	}
	return pointBag(sum.unit())
}

// within reads an optional distance in meters, 10 by default, and says whether it is allowed.
func within(a []value.Value, i int, least, most float64) (float64, bool) {
	d := asReal(arg(a, i, value.OfReal(10)))
	return d, d >= least && d <= most
}

// geoDensify puts points on the straight lines of a map where these are further from the
// shortest way than the tolerance.
func geoDensify(kind string) Row {
	return func(_ *Context, a []value.Value) value.Value {
		tolerance, ok := within(a, 1, 0.1, 10000)
		valid := false
		if kind == "Polygon" {
			_, valid = polygonsOf(a[0])
		} else {
			_, valid = linesOf(a[0])
		}
		if !ok || !valid {
			return null(value.Dynamic)
		}
		depth := 0
		if kind == "Polygon" {
			depth++
		}
		shape := value.Member(a[0].X, "type")
		if shape != kind {
			depth++
		}
		return dyn(bagOf("type", shape, "coordinates", denser(value.Member(a[0].X, "coordinates"), depth, tolerance/earthRadius)))
	}
}

// maxDense bounds the points of a line that was made denser.
const maxDense = 1 << 16

func denser(x any, depth int, tolerance float64) any {
	l := x.([]any)
	if depth > 0 {
		out := make([]any, len(l))
		for i, e := range l {
			out[i] = denser(e, depth-1, tolerance)
		}
		return out
	}
	out := []any{l[0]}
	for i := 1; i < len(l); i++ {
		x1, y1 := lonLat(l[i-1])
		x2, y2 := lonLat(l[i])
		out = bend(out, x1, y1, x2, y2, tolerance, 0)
		out = append(out, l[i])
	}
	return out
}

func lonLat(x any) (lon, lat float64) {
	l := x.([]any)
	lon, _ = number(l[0])
	lat, _ = number(l[1])
	return lon, lat
}

func bend(out []any, x1, y1, x2, y2, tolerance float64, depth int) []any {
	mx, my := (x1+x2)/2, (y1+y2)/2
	if depth > 20 || len(out) > maxDense || arcDistance(onSphere(mx, my), onSphere(x1, y1), onSphere(x2, y2)) <= tolerance {
		return out
	}
	out = bend(out, x1, y1, mx, my, tolerance, depth+1)
	out = append(out, []any{coordinate(mx), coordinate(my)})
	return bend(out, mx, my, x2, y2, tolerance, depth+1)
}

// thin leaves out the points of a line that are within a tolerance of the way between those
// that stay (Douglas and Peucker).
func thin(line []vec3, tolerance float64) []int {
	keep := make([]bool, len(line))
	keep[0], keep[len(line)-1] = true, true
	for work := [][2]int{{0, len(line) - 1}}; len(work) > 0; {
		lo, hi := work[len(work)-1][0], work[len(work)-1][1]
		work = work[:len(work)-1]
		far, at := tolerance, -1
		for i := lo + 1; i < hi; i++ {
			if d := arcDistance(line[i], line[lo], line[hi]); d > far {
				far, at = d, i
			}
		}
		if at >= 0 {
			keep[at] = true
			work = append(work, [2]int{lo, at}, [2]int{at, hi})
		}
	}
	var out []int
	for i, k := range keep {
		if k {
			out = append(out, i)
		}
	}
	return out
}

// pick takes points out of a list of coordinates.
func pick(x any, at []int) []any {
	l := x.([]any)
	out := make([]any, len(at))
	for i, k := range at {
		out[i] = l[k]
	}
	return out
}

func geoSimplifyLine(_ *Context, a []value.Value) value.Value {
	tolerance, ok1 := within(a, 1, 0, math.Pi*earthRadius)
	lines, ok2 := linesOf(a[0])
	if !ok1 || !ok2 {
		return null(value.Dynamic)
	}
	all, _ := shapes(a[0], "LineString", "MultiLineString")
	var kept []any
	for i, l := range lines {
		if pathLength(l) > tolerance { // a shorter one shrinks to a point
			kept = append(kept, pick(all[i], thin(l, tolerance/earthRadius)))
		}
	}
	switch len(kept) {
	case 0:
		return null(value.Dynamic)
	case 1:
		return dyn(bagOf("type", "LineString", "coordinates", kept[0]))
	}
	return dyn(bagOf("type", "MultiLineString", "coordinates", kept))
}

func geoSimplifyPolygon(_ *Context, a []value.Value) value.Value {
	tolerance, ok1 := within(a, 1, 0, math.Pi*earthRadius)
	polygons, ok2 := polygonsOf(a[0])
	if !ok1 || !ok2 {
		return null(value.Dynamic)
	}
	all, _ := shapes(a[0], "Polygon", "MultiPolygon")
	var kept []any
	for i, poly := range polygons {
		var rings []any
		for j, ring := range closed([][][]vec3{poly}) {
			at := thinRing(ring, tolerance/earthRadius)
			if len(at) >= 4 {
				rings = append(rings, pick(all[i].([]any)[j], at))
			} else if j == 0 {
				break
			}
		}
		if len(rings) > 0 {
			kept = append(kept, rings)
		}
	}
	switch len(kept) {
	case 0:
		return null(value.Dynamic)
	case 1:
		return dyn(bagOf("type", "Polygon", "coordinates", kept[0]))
	}
	return dyn(bagOf("type", "MultiPolygon", "coordinates", kept))
}

// thinRing does the same to a line that ends where it begins: the point furthest from there
// stays, and each half is a line of its own.
func thinRing(ring []vec3, tolerance float64) []int {
	far := 0
	for i, p := range ring {
		if p.angle(ring[0]) > ring[far].angle(ring[0]) {
			far = i
		}
	}
	out := thin(ring[:far+1], tolerance)
	for _, i := range thin(ring[far:], tolerance)[1:] {
		out = append(out, far+i)
	}
	return out
}

// geoPointBuffer is a polygon about a place, its corners as far away as the radius.
func geoPointBuffer(_ *Context, a []value.Value) value.Value {
	p, ok := point(a, 0)
	radius := asReal(a[2])
	tolerance := max(asReal(arg(a, 3, value.OfReal(10))), radius*1e-6)
	if !ok || !(radius > 0 && radius <= math.Pi*earthRadius/2) || !(tolerance > 0) {
		return null(value.Dynamic)
	}
	corners := 3
	if tolerance < radius {
		corners = max(3, int(math.Ceil(math.Pi/math.Acos(1-tolerance/radius))))
	}
	corners = min(corners, 1<<14)
	east := vec3{0, 0, 1}.cross(p)
	if east.norm() < 1e-12 {
		east = vec3{0, 1, 0}
	}
	east = east.unit()
	north := p.cross(east)
	angle := radius / earthRadius
	ring := make([]any, 0, corners+1)
	for i := range corners {
		t := 2 * math.Pi * float64(i) / float64(corners)
		q := p.scale(math.Cos(angle)).add(east.scale(math.Sin(angle) * math.Cos(t))).add(north.scale(math.Sin(angle) * math.Sin(t)))
		ring = append(ring, q.pair())
	}
	return dyn(bagOf("type", "Polygon", "coordinates", []any{append(ring, ring[0])}))
}

// meet says whether lines cross.
func meet(l, m [][]vec3) bool {
	for _, x := range l {
		for i := 1; i < len(x); i++ {
			for _, y := range m {
				for j := 1; j < len(y); j++ {
					if crosses(x[i-1], x[i], y[j-1], y[j]) {
						return true
					}
				}
			}
		}
	}
	return false
}

func geoLineMeetsPolygon(_ *Context, a []value.Value) value.Value {
	lines, ok1 := linesOf(a[0])
	polygons, ok2 := polygonsOf(a[1])
	if !ok1 || !ok2 {
		return null(value.Bool)
	}
	for _, l := range lines {
		if covers(polygons, l[0]) {
			return value.OfBool(true)
		}
	}
	return value.OfBool(meet(lines, closed(polygons)))
}

func geoPolygonsMeet(_ *Context, a []value.Value) value.Value {
	p, ok1 := polygonsOf(a[0])
	q, ok2 := polygonsOf(a[1])
	if !ok1 || !ok2 {
		return null(value.Bool)
	}
	for _, poly := range p {
		if covers(q, poly[0][0]) {
			return value.OfBool(true)
		}
	}
	for _, poly := range q {
		if covers(p, poly[0][0]) {
			return value.OfBool(true)
		}
	}
	return value.OfBool(meet(closed(p), closed(q)))
}

// Shape is a line or a polygon that was read from GeoJSON.
type Shape struct {
	lines    [][]vec3
	polygons [][][]vec3
}

// ShapeOf reads a GeoJSON line or polygon; ok is false when v is neither.
func ShapeOf(v value.Value) (s Shape, ok bool) {
	if s.polygons, ok = polygonsOf(v); ok {
		s.lines = closed(s.polygons)
		return s, true
	}
	s.lines, ok = linesOf(v)
	return s, ok
}

// Near says whether a place, in degrees, is inside the shape or at most so many meters away.
func (s Shape) Near(lon, lat, meters float64) bool {
	if !validPoint(lon, lat) {
		return false
	}
	p := onSphere(lon, lat)
	return covers(s.polygons, p) || meters > 0 && p.angle(nearestOf(p, s.lines))*earthRadius <= meters
}
