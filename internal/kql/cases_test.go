package kql

import (
	"strings"
	"testing"
)

// TestOwnCases runs queries of our own with their answers: the rows as JSON, one a line.
func TestOwnCases(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"integer division", "print a = 7 / 2, b = -7 / 2, c = 7 / 2.0, d = 1 / 0", `3 -3 3.5 null`},
		{"nulls and empty strings", "print a = isnull(long(null)), b = isnull(''), c = isempty(''), d = strcat('x', tostring(long(null)))", `true false true "x"`},
		{"comparing with null", "datatable(v:long)[1, long(null)] | extend a = v == long(null), b = v != long(null), c = v > 0", "1 false true true\nnull null null null"},
		{"a string constant against an int", "datatable(c:int)[200, 404] | where c == '200'", `200`},
		{"ticks", "print datetime(2024-01-01) + 1tick, 1d / 1h, 90s, -1.5h, datetime(2024-03-01) - datetime(2024-02-01)", `"2024-01-01T00:00:00.0000001Z" 24.0 "00:01:30" "-01:30:00" "29.00:00:00"`},
		{"decimal", "print decimal(0.1) + decimal(0.2), decimal(1) / decimal(8)", `"0.3" "0.125"`},
		{"dynamic paths", "print d = parse_json('{\"a\":[{\"b\":1},{\"b\":2}]}') | project d.a[1].b, d.a[-1]['b'], d.x.y", `2 2 null`},
		{"double encoded JSON", `print j = @'{"u":"{\"t\":5}"}' | project parse_json(parse_json(j)['u'])['t'], parse_json(j).u.t`, `5 null`},
		{"terms", "print 'abc-def' has 'def', 'abcdef' has 'def', 'abcdef' contains 'CDE', 'a_b' has 'b', 'Abc' =~ 'aBC', 'Abc' == 'abc'", `true false true true true false`},
		{"regular expressions are Unicode's", `print a = 'ＡＢ１２' matches regex @'^\w\w\d+$', b = extract(@'([\w-]+)$', 1, 'x ação-9'), c = replace_regex('a\u00a0b c', @'\s', '_'), d = extract_all(@'([^\s\]]+)', 'a b]'), e = 'x' matches regex @'[[:alpha:]]\W?'`, `true "ação-9" "a_b_c" ["a","b"] true`},
		{"transforms", "print (re, im) = series_fft(dynamic([1,2,3])), (r2, i2) = series_fft(dynamic([1,0,0,0])) | extend (b, c) = series_ifft(re, im) | project round(tolong(re[0])), array_sum(r2), round(todouble(b[2]), 6), round(todouble(c[1]), 6) == 0", `6 4.0 3.0 true`},
		{"polynomials", "print series_fit_poly(dynamic([1,2,5,10,17])) | project r = round(series_fit_poly__rsquare, 9), c = series_fit_poly__coefficients | mv-expand c to typeof(real) | project r, round(c, 6) + 0.0", "1.0 1.0\n1.0 0.0\n1.0 1.0"},
		{"rows near", "range x from 1 to 9 step 1 | evaluate rows_near(x == 3 or x == 8, 1, 2) | summarize make_list(x)", `[2,3,4,5,7,8,9]`},
		{"places and shapes", `print a = geo_point_to_s2cell(-80.195829, 25.802215, 8), b = geo_distance_point_to_polygon(0, 0, dynamic({"type":"Polygon","coordinates":[[[-1,-1],[1,-1],[1,1],[-1,1],[-1,-1]]]})), c = round(geo_line_locate_point(dynamic({"type":"LineString","coordinates":[[0,0],[0,10]]}), 1, 5), 3), d = isnull(geo_angle(0,1,0,1,2,2))`, `"88d9b" 0.0 0.5 true`},
		{"sets of strings", "print 'B' in~ ('a', 'b'), 'B' in ('a', 'b'), 'x y' has_any ('z', 'y'), 'x y' has_all ('x', 'z')", `true false true false`},
		{"names", "datatable(a:long, d:dynamic)[1, dynamic({'x':2})] | summarize sum(a), count(), avg(tolong(d.x)), max(a + 1) by tostring(d.x) | getschema | project ColumnName", "\"d_x\"\n\"sum_a\"\n\"count_\"\n\"avg_d_x\"\n\"max_\""},
		{"group by bin", "range t from datetime(2024-01-01) to datetime(2024-01-01 03:00) step 30m | summarize n = count() by bin(t, 2h) | order by t asc", "\"2024-01-01T00:00:00.0000000Z\" 4\n\"2024-01-01T02:00:00.0000000Z\" 3"},
		{"nothing to aggregate", "datatable(a:long)[] | summarize count(), sum(a), max(a), avg(a)", `0 0 null "NaN"`},
		{"no groups of nothing", "datatable(a:long)[] | summarize count() by a", ``},
		{"top with nulls", "datatable(a:long)[3, long(null), 1] | top 2 by a asc nulls last", "1\n3"},
		{"joins", "let L = datatable(k:long, v:string)[1,'a', 2,'b', 2,'c']; let R = datatable(k:long, w:string)[2,'x', 3,'y']; L | join kind=fullouter R on k | order by v asc, w asc", "null \"\" 3 \"y\"\n1 \"a\" null \"\"\n2 \"b\" 2 \"x\"\n2 \"c\" 2 \"x\""},
		{"anti join", "datatable(k:long)[1, 2, 3] | join kind=leftanti (datatable(k:long)[2]) on k", "1\n3"},
		{"union of types", "union (print a = 1), (print a = 'x')", "1 \"\"\nnull \"x\""},
		{"arg_max", "datatable(k:string, t:long, v:string)['a',1,'x', 'a',3,'y', 'b',2,'z'] | summarize arg_max(t, *) by k", "\"a\" 3 \"y\"\n\"b\" 2 \"z\""},
		{"expansion", "print id = 1, l = dynamic([10, 20]) | mv-expand with_itemindex=i l to typeof(long)", "1 10 0\n1 20 1"},
		{"apply", "datatable(id:long, l:dynamic)[1, dynamic([3,1,2]), 2, dynamic([9])] | mv-apply x = l to typeof(long) on (top 1 by x | project best = x) | project id, best", "1 3\n2 9"},
		{"parse", "print s = 'GET /a/b took 15ms' | parse s with verb ' ' path ' took ' ms:long 'ms' | project verb, path, ms", `"GET" "/a/b" 15`},
		{"parse that does not fit", "print s = 'nonsense' | parse s with verb ' ' ms:long 'ms' | project verb, ms", `"" null`},
		{"series", "datatable(t:long, v:long)[1,5, 3,7] | make-series s = sum(v) default = -1 on t from 1 to 5 step 1 | project s, t", `[5,-1,7,-1] [1,2,3,4]`},
		{"windows", "range x from 1 to 4 step 1 | extend p = prev(x), n = next(x, 1, 0), c = row_cumsum(x), r = row_number()", "1 null 2 1 1\n2 1 3 3 2\n3 2 4 6 3\n4 3 0 10 4"},
		{"functions", "let f = (x:long, y:long = 10) { x + y }; let T = (n:long) { range i from 1 to n step 1 }; T(2) | extend z = f(i)", "1 11\n2 12"},
		{"invoke", "let twice = (T:(a:long)) { T | extend b = a * 2 }; datatable(a:long)[4] | invoke twice()", `4 8`},
		{"scalar of a table", "let m = toscalar(range x from 1 to 9 step 1 | summarize max(x)); print m * 2", `18`},
		{"pivot", "datatable(c:string, k:string, v:long)['x','a',1, 'x','b',2, 'y','a',3] | evaluate pivot(k, sum(v)) | order by c asc", "\"x\" 1 2\n\"y\" 3 0"},
		{"unpacked bags", "datatable(d:dynamic)[dynamic({'b':1,'a':'x'}), dynamic({'a':'y'})] | evaluate bag_unpack(d)", "\"x\" 1\n\"y\" null"},
		{"partitions", "datatable(g:string, v:long)['a',1, 'a',2, 'b',3] | partition by g (top 1 by v) | order by g asc", "\"a\" 2\n\"b\" 3"},
		{"search", "datatable(s:string, n:long)['one two', 1, 'three', 2] | search 'two' or n == 2 | project s", "\"one two\"\n\"three\""},
		{"percentiles", "range x from 1 to 100 step 1 | summarize percentiles(x, 50, 95, 99)", `50 95 99`},
		{"distinct and count", "datatable(a:long, b:string)[1,'x', 1,'x', 2,'y'] | distinct a, b | count", `2`},
		{"project variants", "print a = 1, bb = 2, bc = 3 | project-reorder b*, a | project-away bb | project-rename z = a", `3 1`},
		{"ip addresses", "print ipv4_is_match('10.1.2.3', '10.1.0.0/16'), ipv4_is_private('10.0.0.1'), parse_ipv4('1.2.3.4'), ipv6_is_in_range('2001:db8::5', '2001:db8::/32')", `true true 16909060 true`},
		{"remainders are not negative", "datatable(a:long, b:long)[-8, 3, 8, -3, -8, -3] | extend m = a % b | project m, a % 3 == 1, a - a / b * b", "1 true -2\n2 false 2\n1 true -2"},
		{"lists of dynamics", "datatable(v:dynamic)[dynamic([7, 8]), dynamic(null), dynamic({'a':1})] | summarize make_list(v), make_list_with_nulls(v)", `[7,8,null,{"a":1}] [7,8,null,{"a":1}]`},
		{"count counts rows", "datatable(x:long, d:dynamic)[1, dynamic(null), long(null), dynamic(2)] | summarize count(x), count(d), countif(isnull(x))", `2 2 1`},
		{"spread of nothing", "datatable(x:real)[] | summarize stdev(x), variance(x), stdevp(x), avg(x)", `0.0 0.0 0.0 "NaN"`},
		{"variance has ten digits", "datatable(x:long)[1, 2, 4] | summarize variance(x), stdev(x)", `2.3333333333 1.527525231641036`},
		{"weeks", "print datetime_diff('week', datetime(2024-03-11), datetime(2024-03-01)), datetime_diff('day', datetime(2024-03-11), datetime(2024-03-01))", `2.0 10`},
		{"letters of a format", "print format_datetime(datetime(2024-03-05 07:08:09), 'ddd MMMM'), format_datetime(datetime(2024-03-05 07:08:09), 'yyyy-MM-dd HH:mm')", `"055 0303" "2024-03-05 07:08"`},
		{"times made of numbers", "print make_timespan(0, 1, 2, 3.5), make_timespan(30, 0), make_timespan(0, 0, 61)", `"01:02:03.5000000" null null`},
		{"text of reals", "print tostring(0.1 + 0.7), tostring(2.0 / 3), tostring(100.0 / 7), tostring(1e300 * 1e300), tostring(-1.0 / 0), tostring(0.25)", `"0.7999999999999999" "0.6666666666666666" "14.285714285714287" "inf" "-inf" "0.25"`},
		{"numbers that are none", "print sign(real(nan)), max_of(real(nan), 2.0), max_of(2.0, real(nan)), log(-2.0), isnan(sqrt(-2.0))", `0.0 "NaN" 2.0 null true`},
		{"conversions", "print totimespan('2'), totimespan('2.5'), tobool(' true'), toint(2h), todatetime(2.9), tolong(real(+inf))", `"2.00:00:00" null null -1014444032 "0001-01-01T00:00:00.0000002Z" null`},
		{"a bag that holds its own name", "datatable(id:long, b:dynamic, z:long)[1, dynamic({'b':'x', 'a':2}), 3] | evaluate bag_unpack(b)", `1 "x" 3 2`},
		{"pairs apart", "print s = 'user =  ann  role=admin' | parse-kv s as (user:string, role:string) with (pair_delimiter=' ', kv_delimiter='=') | project user, role", `"ann" "admin"`},
		{"numbers searched for", "datatable(s:string, n:long, r:real)['one', 42, 1.5, 'two', 7, 2.5] | search 42 or 2.5 | project s", `"one"`},
		{"keys of one name", "datatable(a:long)[1, 12, 13] | summarize n = count() by bin(a, 5), bin(a, 10) | order by a asc | project-rename b = a1", "0 0 1\n10 10 2"},
		{"a count by name", "datatable(a:long)[1, 2] | count as calls | project calls", `2`},
		{"one name takes one column", "print s = dynamic([1, 3]) | extend low = series_stats(s) | project-away s", `1.0`},
		{"union of types in their order", "union (print a = 'x'), (print a = 1) | getschema | project ColumnName", "\"a_string\"\n\"a_long\""},
		{"dynamic times", "print d = dynamic('01:00:00') | project datetime(2024-01-01) + d, d + 1h", `"2024-01-01T01:00:00.0000000Z" "02:00:00"`},
		{"sums of nothing", "print array_sum(dynamic([])), array_sum(dynamic([1, 2])), jaccard_index(dynamic([1, 2]), dynamic([2]))", `null 3.0 0.5`},
		{"sessions", "datatable(t:timespan)[0m, 5m, 50m] | sort by t asc | extend s = row_number() | scan declare (id:long = 0) with (step a: true => id = iff(isnull(a.t) or t - a.t > 30m, a.id + 1, a.id);)", "\"00:00:00\" 1 1\n\"00:05:00\" 2 1\n\"00:50:00\" 3 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, plain := range []bool{false, true} {
				res, err := runFor(c.text, nil, plain)
				if err != nil {
					t.Fatalf("%s\n%v", c.text, err)
				}
				var lines []string
				for _, row := range res.Tables[0].Rows() {
					var cells []string
					for _, v := range row {
						cells = append(cells, string(AppendJSON(nil, v)))
					}
					lines = append(lines, strings.Join(cells, " "))
				}
				if got := strings.Join(lines, "\n"); got != c.want {
					t.Errorf("%s\ngot\n%s\nwant\n%s", c.text, got, c.want)
				}
			}
		})
	}
}

func TestErrorsSayWhereAndWhat(t *testing.T) {
	db := fuzzTable(t)
	for text, want := range map[string]string{
		"T | where A > 1":                       "line 1, column 11: the name 'A' does not refer to any known column, table or variable; did you mean a?",
		"T\n| project x = strlenn(s)":           "line 2, column 15: the name 'strlenn' does not refer to any known function; did you mean strlen?",
		"Tt | take 1":                           "line 1, column 1: the name 'Tt' does not refer to any known table; did you mean T?",
		"T | where s > 1":                       "line 1, column 13: the operator '>' is not defined for string and long; a number is read from a text by tolong(…) or todouble(…)",
		"T | where a":                           "line 1, column 11: a condition must be bool, not long",
		"T | extend x = prev(a)":                "line 1, column 16: prev() needs rows in order: put serialize, or a sort, before it",
		"T | extend x = sum(a)":                 "line 1, column 16: the aggregate sum() is not allowed here; it belongs into summarize",
		"T | summarize a":                       "line 1, column 15: an aggregate was expected here, such as count() or sum(…)",
		"T | join (T) on nope":                  "line 1, column 17: the name 'nope' does not refer to any known column, table or variable",
		"T | extend x = strlen(a, s)":           "line 1, column 16: strlen() cannot be called with (long, string): expected strlen(string or dynamic)",
		"T | mv-expand a":                       "line 1, column 15: only a dynamic can be expanded, not a long",
		"T | where s matches regex '('":         "line 1, column 27: \"(\" is not a regular expression",
		"T | project a, a = b":                  "line 1, column 16: a column with the name 'a' is already declared",
		"T | parse s with x:string y:long":      "line 1, column 27: a text must stand between the columns 'x' and 'y' to say where the first ends",
		"T | parse s with * x 'a' *":            "line 1, column 20: a text must stand between * and the column 'x' to say where it begins",
		"T | sort by a | extend x = prev(a, 0)": "line 1, column 36: prev() looks at another row: its offset must be 1 or more",
		"T | project -9223372036854775808":      "line 1, column 14: 9223372036854775808 is beyond the range of a number",
		"T | project pack_all(s)":               "line 1, column 22: pack_all() wants a constant here: true leaves out what is empty",
		"T | extend x = repeat(dynamic(1), 2)":  "line 1, column 16: repeat() cannot be called with (dynamic, long): expected repeat(scalar that is not dynamic, long)",
		"T | where s has dynamic('x')":          "line 1, column 13: the operator 'has' is not defined for string and dynamic",
		"T | summarize sum(d.x)":                "line 1, column 15: sum() takes a number, timespan or datetime here, not a dynamic; convert it first: tolong(…)",
		"T | where d.ok":                        "line 1, column 12: a condition must be bool, not dynamic; convert it first: tobool(d[\"ok\"])",
		"print current_database('x')":           "line 1, column 7: current_database() does not take 1 arguments: expected current_database()",
		"T | summarize sum(a) + b":              "line 1, column 22: the column 'b' stands outside of an aggregate here; write take_any(b), or compute with it in an extend after summarize",
		"let x = 1; let x = 2; print x":         "line 1, column 12: the name 'x' is already declared by another let",
		"T | take 1.5":                          "line 1, column 10: a constant whole number of rows was expected here",
		"declare query_parameters(n:long); n":   "line 1, column 1: the query parameter 'n' has no value",
	} {
		_, err := runFor(text, db, false)
		if err == nil || err.Error() != want {
			t.Errorf("%s\n got %v\nwant %s", text, err, want)
		}
	}
}

func TestParametersAndRender(t *testing.T) {
	res, err := (&Engine{}).Query(t.Context(), "declare query_parameters(n:long = 3, s:string); range i from 1 to n step 1 | extend s | render timechart with (title='Tokens', ytitle=\"per hour\")",
		Options{Parameters: map[string]Value{"s": {T: 8, S: "x"}}})
	if err != nil {
		t.Fatal(err)
	}
	r := res.Tables[0]
	if r.Len != 3 || r.Render == nil || r.Render.Kind != "timechart" || r.Render.Properties["title"] != "Tokens" || r.Render.Properties["ytitle"] != "per hour" {
		t.Errorf("%d rows, render %+v", r.Len, r.Render)
	}
}
