package fn

import (
	"math"

	"github.com/azptu/azptu/internal/kql/h3"
	"github.com/azptu/azptu/internal/kql/value"
)

var h3Funcs = func() group {
	return group{
		"geo_point_to_h3cell":         {Row: geoPointToH3},
		"geo_h3cell_to_central_point": {Row: geoH3Center},
		"geo_h3cell_to_polygon":       {Row: geoH3Polygon},
		"geo_h3cell_level":            {Row: geoH3Level},
		"geo_h3cell_parent":           {Row: geoH3Parent},
		"geo_h3cell_children":         {Row: geoH3Children},
		"geo_h3cell_neighbors":        {Row: geoH3Neighbors},
		"geo_h3cell_rings":            {Row: geoH3Rings},
		"geo_polygon_to_h3cells":      {Row: geoPolygonToH3},
	}
}

const (
	h3Level = 6 // when the query does not say
	// maxH3Depth bounds how many resolutions down children are given.
	maxH3Depth = 5
	// maxH3Rings is the furthest ring that is given.
	maxH3Rings = 142
	// maxH3Cells bounds the cells of a polygon.
	maxH3Cells = 61680
)

// whole reads an optional integer, which may come as a real.
func whole(a []value.Value, i int, fallback int64) int64 {
	v := value.Convert(arg(a, i, value.OfLong(fallback)), value.Long)
	if v.Null {
		return -1
	}
	return v.I
}

// h3Resolution reads an optional resolution.
func h3Resolution(a []value.Value, i int, fallback int64) (int, bool) {
	n := whole(a, i, fallback)
	return int(n), n >= 0 && n <= h3.MaxResolution
}

func geoPointToH3(_ *Context, a []value.Value) value.Value {
	res, ok := h3Resolution(a, 2, h3Level)
	lon, lat := asReal(a[0]), asReal(a[1])
	if !ok || !validPoint(lon, lat) {
		return value.OfString("")
	}
	return value.OfString(h3.At(lon, lat, res).String())
}

func geoH3Center(_ *Context, a []value.Value) value.Value {
	c, ok := h3.Parse(text(a[0]))
	if !ok {
		return null(value.Dynamic)
	}
	lon, lat := c.Center()
	return dyn(bagOf("type", "Point", "coordinates", []any{lon, lat}))
}

func geoH3Polygon(_ *Context, a []value.Value) value.Value {
	c, ok := h3.Parse(text(a[0]))
	if !ok {
		return null(value.Dynamic)
	}
	var ring []any
	for _, p := range c.Outline() {
		ring = append(ring, []any{p[0], p[1]})
	}
	return dyn(bagOf("type", "Polygon", "coordinates", []any{append(ring, ring[0])}))
}

func geoH3Level(_ *Context, a []value.Value) value.Value {
	c, ok := h3.Parse(text(a[0]))
	if !ok {
		return null(value.Int)
	}
	return value.OfInt(int64(c.Resolution()))
}

func geoH3Parent(_ *Context, a []value.Value) value.Value {
	c, ok := h3.Parse(text(a[0]))
	if !ok {
		return value.OfString("")
	}
	res := whole(a, 1, int64(c.Resolution()-1))
	if res < 0 || res > int64(c.Resolution()) {
		return value.OfString("")
	}
	return value.OfString(c.Parent(int(res)).String())
}

// tokens gives cells as an array.
func tokens(cells []h3.Cell) []any {
	out := make([]any, len(cells))
	for i, c := range cells {
		out[i] = c.String()
	}
	return out
}

func geoH3Children(_ *Context, a []value.Value) value.Value {
	c, ok := h3.Parse(text(a[0]))
	if !ok {
		return null(value.Dynamic)
	}
	res := whole(a, 1, int64(c.Resolution()+1))
	if depth := res - int64(c.Resolution()); depth < 1 || depth > maxH3Depth || res > h3.MaxResolution {
		return null(value.Dynamic)
	}
	return dyn(tokens(c.Children(int(res))))
}

func geoH3Neighbors(_ *Context, a []value.Value) value.Value {
	c, ok := h3.Parse(text(a[0]))
	if !ok {
		return null(value.Dynamic)
	}
	return dyn(tokens(c.Rings(1)[1]))
}

func geoH3Rings(_ *Context, a []value.Value) value.Value {
	c, ok := h3.Parse(text(a[0]))
	n := whole(a, 1, -1)
	if !ok || n < 0 || n > maxH3Rings {
		return null(value.Dynamic)
	}
	var out []any
	for _, ring := range c.Rings(int(n)) {
		out = append(out, tokens(ring))
	}
	return dyn(out)
}

// geoPolygonToH3 gives the cells whose centers are in a polygon.
func geoPolygonToH3(c *Context, a []value.Value) value.Value {
	res, ok := h3Resolution(a, 1, h3Level)
	shape := a[0]
	if len(a) > 2 && asReal(a[2]) != 0 {
		shape = geoPolygonBuffer(c, []value.Value{shape, a[2]})
	}
	polygons, valid := polygonsOf(shape)
	if !ok || !valid {
		return null(value.Dynamic)
	}
	cells, ok := fillH3(c, polygons, res)
	if !ok {
		return null(value.Dynamic)
	}
	return dyn(tokens(cells))
}

// filling looks for the cells whose centers are in polygons.
type filling struct {
	polygons      [][][]vec3
	seen          map[h3.Cell]bool
	frontier, out []h3.Cell
}

// look takes a cell in when it belongs; it is false when there are too many.
func (f *filling) look(cells []h3.Cell) bool {
	for _, cell := range cells {
		if f.seen[cell] {
			continue
		}
		f.seen[cell] = true
		if lon, lat := cell.Center(); covers(f.polygons, onSphere(lon, lat)) {
			f.frontier, f.out = append(f.frontier, cell), append(f.out, cell)
		}
	}
	return len(f.out) <= maxH3Cells && len(f.seen) <= 8*maxH3Cells
}

// along looks at the cells on an edge and beside it.
func (f *filling) along(a, b vec3, res int) bool {
	angle := a.angle(b)
	n := math.Ceil(2 * angle / h3Size(res))
	if n > maxH3Cells {
		return false
	}
	for k := range int(n) + 1 {
		lon, lat := along(a, b, angle, float64(k)/max(n, 1)).degrees()
		rings := h3.At(lon, lat, res).Rings(1)
		if !f.look(rings[0]) || !f.look(rings[1]) {
			return false
		}
	}
	return true
}

// fillH3 begins with the cells along the edges and goes inwards.
func fillH3(c *Context, polygons [][][]vec3, res int) ([]h3.Cell, bool) {
	area := 0.0
	for _, poly := range polygons {
		area += math.Abs(ringArea(poly[0]))
	}
	if area > 2*maxH3Cells*h3Area(res) {
		return nil, false
	}
	f := &filling{polygons: polygons, seen: map[h3.Cell]bool{}}
	for _, line := range closed(polygons) {
		for i := 1; i < len(line); i++ {
			if c.canceled() || !f.along(line[i-1], line[i], res) {
				return nil, false
			}
		}
	}
	for len(f.frontier) > 0 {
		cell := f.frontier[len(f.frontier)-1]
		f.frontier = f.frontier[:len(f.frontier)-1]
		if c.canceled() || !f.look(cell.Rings(1)[1]) {
			return nil, false
		}
	}
	return f.out, true
}

// h3Area is the mean area of a cell on the unit sphere.
func h3Area(res int) float64 { return 4 * math.Pi / (2 + 120*math.Pow(7, float64(res))) }

// h3Size is about the distance between the centers of neighbors, as an angle; it is a
// little less than the least there is.
func h3Size(res int) float64 { return 0.2 / math.Pow(math.Sqrt(7), float64(res)) }
