package fn

import (
	"strings"

	"github.com/azptu/azptu/internal/kql/value"
)

var geohashFuncs = func() group {
	return group{
		"geo_point_to_geohash": {Nulls: true, Row: func(_ *Context, a []value.Value) value.Value {
			lon, lat, size := asReal(a[0]), asReal(a[1]), int64(5)
			if len(a) > 2 {
				size = value.Convert(a[2], value.Long).I
			}
			if a[0].Null || a[1].Null || len(a) > 2 && a[2].Null || !validPoint(lon, lat) || size < 1 || size > 18 {
				return value.OfString("")
			}
			return value.OfString(geohash(lon, lat, int(size)))
		}},
		"geo_geohash_to_central_point": {Row: func(_ *Context, a []value.Value) value.Value {
			b, ok := geohashBox(a[0].S)
			if !ok {
				return null(value.Dynamic)
			}
			return dyn(bagOf("type", "Point", "coordinates", []any{(b.west + b.east) / 2, (b.south + b.north) / 2}))
		}},
		"geo_geohash_to_polygon": {Row: func(_ *Context, a []value.Value) value.Value {
			b, ok := geohashBox(a[0].S)
			if !ok {
				return null(value.Dynamic)
			}
			ring := []any{[]any{b.west, b.south}, []any{b.east, b.south}, []any{b.east, b.north}, []any{b.west, b.north}, []any{b.west, b.south}}
			return dyn(bagOf("type", "Polygon", "coordinates", []any{ring}))
		}},
		"geo_geohash_neighbors": {Row: geohashNeighbors},
	}
}

const geohashLetters = "0123456789bcdefghjkmnpqrstuvwxyz"

// geobox is the cell of a geohash, in degrees.
type geobox struct{ west, east, south, north float64 }

// geohash names the cell of a place with so many letters.
func geohash(lon, lat float64, size int) string {
	b := geobox{-180, 180, -90, 90}
	out := make([]byte, size)
	even := true
	for i := range out {
		n := 0
		for range 5 {
			n <<= 1
			if b.halve(even, func(mid float64) bool { return even && lon >= mid || !even && lat >= mid }) {
				n |= 1
			}
			even = !even
		}
		out[i] = geohashLetters[n]
	}
	return string(out)
}

// halve keeps the upper or the lower half of the cell, as upper says of its middle.
func (b *geobox) halve(lon bool, upper func(mid float64) bool) bool {
	lo, hi := &b.south, &b.north
	if lon {
		lo, hi = &b.west, &b.east
	}
	mid := (*lo + *hi) / 2
	if upper(mid) {
		*lo = mid
		return true
	}
	*hi = mid
	return false
}

func geohashBox(s string) (geobox, bool) {
	b := geobox{-180, 180, -90, 90}
	even := true
	for i := range len(s) {
		n := strings.IndexByte(geohashLetters, s[i])
		if n < 0 {
			return b, false
		}
		for bit := 4; bit >= 0; bit-- {
			b.halve(even, func(float64) bool { return n>>bit&1 == 1 })
			even = !even
		}
	}
	return b, s != "" && len(s) <= 18
}

// geohashNeighbors names the eight cells around, in Kusto's order.
func geohashNeighbors(_ *Context, a []value.Value) value.Value {
	b, ok := geohashBox(a[0].S)
	if !ok {
		return null(value.Dynamic)
	}
	w, h := b.east-b.west, b.north-b.south
	x, y := (b.west+b.east)/2, (b.south+b.north)/2
	out := []any{}
	for _, d := range [8][2]float64{{-1, -1}, {-1, 1}, {1, -1}, {0, 1}, {-1, 0}, {1, 1}, {1, 0}, {0, -1}} {
		lon, lat := x+d[0]*w, y+d[1]*h
		switch {
		case lon > 180:
			lon -= 360
		case lon < -180:
			lon += 360
		}
		if lat <= 90 && lat >= -90 {
			out = append(out, geohash(lon, lat, len(a[0].S)))
		}
	}
	return dyn(out)
}
