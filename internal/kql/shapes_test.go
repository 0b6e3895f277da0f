package kql

import "testing"

// shapes are squares of a degree, near the equator: a and b overlap by half, c touches a at
// a corner, far is elsewhere, and ring has a hole.
const shapes = `let square = (x:real, y:real) { bag_pack('type', 'Polygon', 'coordinates', pack_array(pack_array(pack_array(x, y), pack_array(x + 1, y), pack_array(x + 1, y + 1), pack_array(x, y + 1), pack_array(x, y)))) };
let a = square(0.0, 0.0); let b = square(0.5, 0.0); let c = square(1.0, 1.0); let far = square(20.0, 20.0); let bad = dynamic({"type":"Polygon","coordinates":[[[0,0],[1,1]]]});
let line = dynamic({"type":"LineString","coordinates":[[-1,0.5],[2,0.5]]}); `

func TestShapes(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"overlap", "print i = geo_intersection_2polygons(a, b) | project i.type, round(geo_polygon_area(i) / geo_polygon_area(a), 3), array_length(i.coordinates[0])", `"Polygon" 0.5 6`},
		{"a common corner", "print i = geo_intersection_2polygons(a, c) | project i.type, round(todouble(i.coordinates[0]), 6)", `"Point" 1.0`},
		{"a common side", "print geo_intersection_2polygons(a, square(1.0, 0.0)).type", `"LineString"`},
		{"nothing in common", "print geo_intersection_2polygons(a, far)", `{"type":"GeometryCollection","geometries":[]}`},
		{"no polygon", "print isnull(geo_intersection_2polygons(a, bad)), isnull(geo_union_polygons_array(pack_array(a, bad))), isnull(geo_polygon_buffer(bad, 5))", `true true true`},
		{"together", "print u = geo_union_polygons_array(pack_array(a, b, far)) | project u.type, array_length(u.coordinates), round(geo_polygon_area(u.coordinates[0]) , 0)", `"MultiPolygon" 2 null`},
		{"areas together", "print u = geo_union_polygons_array(pack_array(a, b)) | project round(geo_polygon_area(u) / geo_polygon_area(a), 3), geo_point_in_polygon(1.2, 0.5, u)", `1.5 true`},
		{"what overlaps counts once", "print m = bag_pack('type', 'MultiPolygon', 'coordinates', pack_array(a.coordinates, b.coordinates)) | project round(geo_polygon_area(m) / geo_polygon_area(a), 3), round(geo_polygon_perimeter(m) / geo_polygon_perimeter(a), 3), round(todouble(geo_polygon_centroid(m).coordinates[0]), 3)", `1.5 1.25 0.75`},
		{"a hole is not there", "let h = dynamic({'type':'Polygon','coordinates':[[[0,0],[4,0],[4,4],[0,4],[0,0]],[[1,1],[1,2],[2,2],[2,1],[1,1]]]}); print round(geo_polygon_area(h) / (15.0 * geo_polygon_area(square(1.5, 1.5))), 2), array_length(geo_intersection_2polygons(h, square(0.5, 0.5)).coordinates)", `1.0 1`},
		{"a line in a polygon", "print i = geo_intersection_line_with_polygon(line, a) | project i.type, round(geo_line_length(i) / geo_line_length(line), 4)", `"LineString" 0.3333`},
		{"a line past a polygon", "print geo_intersection_line_with_polygon(line, far), isnull(geo_intersection_line_with_polygon(line, bad))", `{"type":"GeometryCollection","geometries":[]} true`},
		{"lines that cross", "print i = geo_intersection_2lines(line, dynamic({'type':'LineString','coordinates':[[0.5,-1],[0.5,2]]})) | project i.type, round(todouble(i.coordinates[0]), 6)", `"Point" 0.5`},
		{"lines joined", "print u = geo_union_lines_array(dynamic([{'type':'LineString','coordinates':[[0,0],[1,1]]},{'type':'LineString','coordinates':[[1,1],[2,0]]},{'type':'LineString','coordinates':[[5,5],[6,6]]}])) | project u.type, array_length(u.coordinates), isnull(geo_union_lines_array(pack_array(a)))", `"MultiLineString" 2 true`},
		{"around a line", "print p = geo_line_buffer(line, 1000) | project geo_point_in_polygon(1.0, 0.5088, p), geo_point_in_polygon(1.0, 0.5092, p), geo_point_in_polygon(-1.0088, 0.5, p), round(geo_polygon_area(p) / (2000 * geo_line_length(line) + pi() * 1000 * 1000), 2)", `true false true 1.0`},
		{"around a polygon", "print p = geo_polygon_buffer(a, 1000, 1) | project geo_point_in_polygon(-0.0088, 0.5, p), geo_point_in_polygon(-0.0092, 0.5, p), geo_point_in_polygon(-0.006, -0.006, p), geo_point_in_polygon(-0.007, -0.007, p), geo_point_in_polygon(0.5, 0.5, p)", `true false true false true`},
		{"no buffer", "print isnull(geo_line_buffer(line, 0)), isnull(geo_line_buffer(line, -1)), isnull(geo_line_buffer(line, 10, -1)), isnull(geo_polygon_buffer(a, 20000000))", `true true true true`},
		{"simpler with common borders", "print s = geo_simplify_polygons_array(dynamic([{'type':'Polygon','coordinates':[[[0,0],[1,0],[1.001,0.5],[1,0.5001],[1,1],[0,1],[0,0]]]},{'type':'Polygon','coordinates':[[[1,0],[2,0],[2,1],[1,1],[1,0.5001],[1.001,0.5],[1,0]]]}]), 500) | project s.type, array_length(s.coordinates[0][0]), array_length(s.coordinates[1][0]), isnull(geo_simplify_polygons_array(pack_array(a), 1000000))", `"MultiPolygon" 6 6 true`},
		{"cells", "print c = geo_point_to_h3cell(-46.6333, -23.5505, 5) | project geo_h3cell_level(c), geo_h3cell_level(geo_h3cell_parent(c)), array_length(geo_h3cell_children(c, 7)), array_length(geo_h3cell_neighbors(c)), array_length(geo_h3cell_rings(c, 3)[3]), geo_point_in_polygon(-46.6333, -23.5505, geo_h3cell_to_polygon(c)), geo_point_to_h3cell(-46.6333, -23.5505) == geo_point_to_h3cell(-46.6333, -23.5505, 6)", `5 4 49 6 18 true true`},
		{"cells that are none", "print geo_point_to_h3cell(200, 0), geo_point_to_h3cell(0, 0, 16), isnull(geo_h3cell_level('z')), geo_h3cell_parent('z'), isnull(geo_h3cell_children('85283473fffffff', 11)), isnull(geo_h3cell_rings('85283473fffffff', 143)), isnull(geo_h3cell_to_polygon('')), geo_h3cell_parent('85283473fffffff', 6)", `"" "" true "" true true true ""`},
		{"cells of a polygon", "print a5 = geo_polygon_to_h3cells(a, 5), more = geo_polygon_to_h3cells(a, 5, 10000) | project array_length(a5) between (60 .. 70), array_length(set_difference(a5, more)), array_length(more) > array_length(a5), isnull(geo_polygon_to_h3cells(a, 12))", `true 0 true true`},
	} {
		t.Run(c.name, func(t *testing.T) {
			res, err := runFor(shapes+c.text, nil, false)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for i, v := range res.Tables[0].Rows()[0] {
				if i > 0 {
					got += " "
				}
				got += string(AppendJSON(nil, v))
			}
			if got != c.want {
				t.Errorf("%s\n got %s\nwant %s", c.text, got, c.want)
			}
		})
	}
}
