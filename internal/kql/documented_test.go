package kql

import (
	"strings"
	"testing"
)

// documented is a rule of Kusto's manual, shown by a query of our own and its rows as JSON,
// one a line; an answer that begins with "error: " is the refusal.
type documented struct{ rule, text, want string }

func rowsOf(text string, db Tables) string {
	res, err := runFor(text, db, false)
	if err != nil {
		return "error: " + err.Error()
	}
	var lines []string
	for _, row := range res.Tables[0].Rows() {
		var cells []string
		for _, v := range row {
			cells = append(cells, string(AppendJSON(nil, v)))
		}
		lines = append(lines, strings.Join(cells, " "))
	}
	return strings.Join(lines, "\n")
}

func checkRules(t *testing.T, db Tables, rules []documented) {
	t.Helper()
	for _, c := range rules {
		t.Run(c.rule, func(t *testing.T) {
			if got := rowsOf(c.text, db); got != c.want {
				t.Errorf("%s\ngot\n%s\nwant\n%s", c.text, got, c.want)
			}
		})
	}
}

func TestDocumentedTextFunctions(t *testing.T) {
	checkRules(t, nil, []documented{
		{"several texts are replaced at once", `print replace_strings('red fox, blue fox', dynamic(['red', 'blue', 'fox']), dynamic(['blue', 'red', 'dog']))`, `"blue dog, red dog"`},
		{"the first of the list is replaced first", `print a = replace_strings('cats', dynamic(['at', 'cat']), dynamic(['ow', 'dog'])), b = replace_strings('cats', dynamic(['cat', 'at']), dynamic(['dog', 'ow']))`, `"cows" "dogs"`},
		{"a rewrite that is no string keeps its match", `print replace_strings('cats', dynamic(['cat', 'at']), dynamic([7, 'ow']))`, `"cats"`},
		{"the length of indexof counts from each search", `print a = indexof('one two one', 'one', 1, 9), b = indexof('one two one', 'one', 0, 11, 2), c = indexof('aXbX', 'X', 0, 3, 2)`, `-1 8 3`},
		{"matches of a regular expression lie apart", `print a = indexof_regex('ababa', 'aba', 0, -1, 2), b = indexof_regex('abcab', 'ab', 0, -1, 2), c = indexof_regex('abc', 'b', -2), d = indexof('abc', 'b', -2)`, `-1 3 null 1`},
		{"a blank in a form and in a component", `print url_encode("a b&c=ü"), url_encode_component("a b&c=ü")`, `"a+b%26c%3d%c3%bc" "a%20b%26c%3d%c3%bc"`},
		{"domains in punycode and back", `print a = punycode_domain_to_string('www。bücher.Example'), b = punycode_domain_from_string('www.xn--bcher-kva.Example')`, `"www.xn--bcher-kva.Example" "www.bücher.Example"`},
		{"base64 wants its padding", `print a = base64_decode_tostring('YWI='), b = base64_decode_tostring('YWI'), c = isnull(base64_decode_toarray('YWI'))`, `"ab" "" true`},
		{"compressed texts come back", `print a = zlib_decompress_from_base64_string(zlib_compress_to_base64_string('short')), b = gzip_decompress_from_base64_string(gzip_compress_to_base64_string(strrep('long ', 40))) == strrep('long ', 40)`, `"short" true`},
		{"a hash is that of the text", `print a = hash_sha256(datetime(2024-05-06)) == hash_sha256('2024-05-06T00:00:00.0000000Z'), b = hash_md5(42) == hash_md5('42')`, `true true`},
		{"an IPv4 address may stand at the end of an IPv6 one", `print parse_ipv6('::10.1.2.3'), parse_ipv6_mask('::10.1.2.3/8', 128)`, `"0000:0000:0000:0000:0000:ffff:0a01:0203" "0000:0000:0000:0000:0000:ffff:0a00:0000"`},
		{"units", `print round(convert_speed(90, 'KilometerPerHour', 'CentimeterPerMinute')), round(convert_volume(2, 'UsCustomaryCup', 'UsTablespoon'), 6), convert_temperature(0, 'DegreeCelsius', 'MillidegreeCelsius'), round(convert_angle(0.5, 'Tilt', 'Degree'), 6), convert_length(1, 'Foot', 'Elephant')`, `150000.0 32.0 0.0 30.0 null`},
	})
}

func TestDocumentedDynamics(t *testing.T) {
	checkRules(t, nil, []documented{
		{"keys without values", `print bag_zip(dynamic(['a', 1, 'b']), dynamic([7])), bag_zip(dynamic(['a']), dynamic(3)), isnull(bag_zip(dynamic('a'), dynamic([1])))`, `{"a":7,"b":null} {"a":null} true`},
		{"whole numbers stay whole when they are filled in", `print series_fill_linear(dynamic([1, null, null, 5])), series_fill_linear(dynamic([1.0, null, 2.0])), series_fill_linear(dynamic([null, null]))`, `[1,2,3,5] [1.0,1.5,2.0] [0.0,0.0]`},
		{"a property by an expression behind a dot", `print d = dynamic({"one two": {"k": 5}}), k = 'k' | project d["one two"].[k]`, `5`},
	})
}

func TestDocumentedParse(t *testing.T) {
	checkRules(t, nil, []documented{
		{"a number ends where its digits do when * follows", `print s = 'took=15ms, rows=3 (of 9)' | parse s with * 'took=' ms:long * 'rows=' rows:int * | project ms, rows`, `15 3`},
		{"relaxed takes what is no number as null", `print s = 'took=long, rows=3 (of 9)' | parse kind=relaxed s with * 'took=' ms:long ', rows=' rows:int * | project ms, rows`, `null 3`},
		{"groups of a pattern are not columns", `print s = 'GET /a took 5' | parse kind=regex s with '(GET|POST) ' path @'\s+(?P<verb>took|in)\s' n:long | project path, n`, `"/a" 5`},
		{"lines", "print s = 'first\\nlast=9' | parse kind=regex flags=s s with 'fir(.*?)last=' n:int | project n", `9`},
	})
}

func TestDocumentedEntities(t *testing.T) {
	db := fuzzTable(t)
	checkRules(t, db, []documented{
		{"a pattern with paths", `declare pattern city = (land:string)[name:string] { ('pt').['Porto'] = { print n = 1 }; ('es').['Soria'] = { let two = 2; print n = two, land }; }; union city('pt').Porto, city('es').['Soria'] | sort by n asc`, "1 \"\"\n2 \"es\""},
		{"a pattern without", `declare pattern place = (ip:string) { ('10.0.0.1') = { print here = true } }; place('10.0.0.1') | extend x = 1`, `true 1`},
		{"a case that is not there", `declare pattern place = (ip:string)[k:string] { ('a').['b'] = { print 1 }; }; place('a').c`, `error: line 1, column 79: the pattern has no case for place('a').['c']`},
		{"a pattern that is only declared", `declare pattern place; place('a')`, `error: line 1, column 24: the pattern has no case for place('a')`},
		{"the one database by any name", `alias database logs = cluster('far').database('away'); union database('logs').T, cluster('far').database('*').T*, database().T | count`, rowsOf(`union T, T, T | count`, db)},
		{"names of a database and a table may be parameters", `let rows = (c:string, t:string) { union (cluster(c).database('x').T), (table(t)) | count }; rows('here', 'T')`, rowsOf(`union T, T | count`, db)},
		{"asterisks stand for views, too", `let Va = view () { print x = 1 }; let Vb = view () { print x = 2 }; let Vc = () { print x = 3 }; union withsource=from *a, V* | sort by from asc, x asc`, "\"Va\" 1\n\"Va\" 1\n\"Vb\" 2"},
		{"search looks into views", `let V = view () { range nth from 1 to 5 step 1 }; search nth == 3 | project nth`, `3`},
		{"a function without parameters is a table by its name", `let three = () { range i from 1 to 3 step 1 }; three | count`, `3`},
		{"a fuzzy union leaves unknown tables out", `let V = view () { print x = 1 }; union isfuzzy=true V, (Nope | where x > 0), Nada, database('d').Nichts | count`, `1`},
		{"restrict leaves what it names", `let V = view () { T | count }; restrict access to (V); V`, rowsOf(`T | count`, db)},
		{"restrict hides the rest", `let V = view () { T | count }; restrict access to (V); T`, `error: line 1, column 56: the name 'T' does not refer to any known table`},
		{"restrict to tables hides views", `let V = view () { T | count }; restrict access to (database().T*); V`, `error: line 1, column 68: the name 'V' does not refer to any known table; did you mean T?`},
		{"commands are no queries", `.show tables`, `error: line 1, column 1: only queries are run here: what begins with a dot is a management command`},
		{"SQL is no Kusto", `SELECT s FROM T`, `error: line 1, column 1: this is SQL; only the Kusto query language is read here: Table | where … | project …`},
		{"several databases", `let G = entity_group [database('a'), database('b')]; macro-expand G as X (X.T)`, `error: line 1, column 9: there are no entity groups here: there is one database, whose tables are named as they are`},
	})
}

func TestDocumentedOperators(t *testing.T) {
	checkRules(t, nil, []documented{
		{"toscalar is computed once", `let g = toscalar(new_guid()); let h = () { toscalar(rand()) }; range x from 1 to 3 step 1 | extend g, r = h() | summarize dcount(g), dcount(r)`, `1 1`},
		{"toscalar does not see the row", `let T = datatable(k:long, v:long)[1, 5]; let of = (q:long) { toscalar(T | where k == q | project v) }; T | extend w = of(k)`, `error: line 1, column 86: 'q' belongs to a row outside: a table is computed once, not for each row; use a join or lookup`},
		{"a materialized name", `range x from 1 to 1000 step 1 | sample 1 | as hint.materialized=true T | union T | summarize dcount(x)`, `1`},
		{"a partition with a table of its own", `let U = datatable(g:string, w:long)['a',1, 'b',2, 'b',3, 'c',4]; datatable(k:string)['a', 'b'] | partition by k { U | where g == toscalar(k) | summarize sum(w) by g } | sort by g asc`, "\"a\" 1\n\"b\" 5"},
		{"a partition that names its rows", `datatable(g:string, v:long)['a',1, 'a',5, 'b',2] | partition by g (as X | where v == toscalar(X | summarize max(v))) | sort by g asc`, "\"a\" 5\n\"b\" 2"},
		{"too many partitions", `range x from 1 to 70 step 1 | partition by x (as X | take 1)`, `error: line 1, column 44: this partition would run its subquery for 70 values, and 64 are allowed; hint.strategy=native has no such bound`},
		{"series of expressions and constants", `datatable(t:long, v:long)[1,4, 3,7, 3,8] | make-series mean = round(sum(v) / todouble(count()), 1) default=-1, seen = 1 on t step 1 | project mean, seen`, `[4.0,-1.0,7.5] [1,0,1]`},
		{"without bounds a series is as long as its own rows", `datatable(g:string, t:long)['a',1, 'a',3, 'b',7] | make-series n = count() on t step 1 by g | sort by g asc`, "\"a\" [1,0,1] [1,2,3]\n\"b\" [1] [7]"},
		{"members stand in order in mv-apply", `print l = dynamic([3,1,2]) | mv-apply l to typeof(long) on (extend p = prev(l), n = row_number()) | project l, p, n`, "3 null 1\n1 3 2\n2 1 3"},
		{"scan fills in a column", `datatable(t:long, v:long)[1,5, 2,long(null), 3,7] | sort by t asc | scan with (step s: true => v = iff(isnull(v), s.v, v);)`, "1 5\n2 5\n3 7"},
		{"a step that matches again goes on with its match", `range x from 1 to 3 step 1 | scan with_match_id=m declare (c:long = 0) with (step s: true => c = s.c + x;)`, "1 1 0\n2 3 0\n3 6 0"},
		{"the last of rows that match again", `datatable(t:long, e:string)[1,'a', 2,'a', 3,'b', 4,'b', 5,'c', 6,'a'] | sort by t asc | scan with (step s1 output=last: e == 'a'; step s2 output=last: e == 'b'; step s3: e == 'c';)`, "2 \"a\"\n4 \"b\"\n5 \"c\"\n6 \"a\""},
		{"patterns of similar texts", `range x from 1 to 20 step 1 | project s = strcat('user ', x, ' left room', x % 2) | reduce by s`, `"user * left *" 20 "user 1 left room1"`},
		{"a separator that is asked for goes with the asterisk", `range x from 1 to 20 step 1 | project s = strcat('jobQ', x) | reduce by s with characters='Q'`, `"job*" 20 "jobQ1"`},
		{"texts that have nothing frequent", `range x from 1 to 20 step 1 | project s = strcat('job', x) | reduce by s`, `"others" 20 ""`},
		{"rows with their patterns", `range x from 1 to 3 step 1 | project x, s = strcat('took ', x, ' ms') | reduce kind=source by s | project x, Pattern, Count`, "1 \"took * ms\" 3\n2 \"took * ms\" 3\n3 \"took * ms\" 3"},
		{"properties under names that are there", `datatable(n:string, d:dynamic)['x', dynamic({"n":"a","k":1})] | evaluate bag_unpack(d)`, `error: line 1, column 65: bag_unpack() would give a second column 'n'; columnsConflict='replace_source' or 'keep_source' says which to keep`},
		{"the source is kept", `datatable(n:string, d:dynamic)['x', dynamic({"n":"a","k":1})] | evaluate bag_unpack(d, columnsConflict='keep_source')`, `"x" 1`},
		{"the source is replaced", `datatable(n:string, d:dynamic)['x', dynamic({"n":"a","k":1}), 'y', dynamic({"k":2})] | evaluate bag_unpack(d, columnsConflict='replace_source')`, "\"a\" 1\n\"\" 2"},
		{"properties by a schema", `datatable(n:string, d:dynamic)['x', dynamic({"n":"a","k":1,"l":7})] | evaluate bag_unpack(d, 'p_', 'error', dynamic(['l'])) : (*, p_k:string, p_l:long, q:int, p_n:string)`, `"x" "1" null null "a"`},
		{"keys without delimiters", `print s = "10:00 [INFO] x-id:45, host:n1; msg: 'it\\'s 5' id:9 idx:3" | parse-kv s as (id:long, host:string, msg:string, idx:int) with (quote="'", escape='\\') | project id, host, msg, idx`, `45 "n1" "it's 5" 3`},
		{"several kinds of quotes", `print s = "a='1,2';b=(3;4)" | parse-kv s as (a:string, b:string) with (pair_delimiter=';', kv_delimiter='=', quote="'", quote='()') | project a, b`, `"1,2" "3;4"`},
		{"pairs by a regular expression", `print s = 'k1 : v1, ü2:v2' | parse-kv s as (k1:string, ['ü2']:string) with (regex=@'(\w+)\s*:\s*(\w+)') | project k1, ['ü2']`, `"v1" "v2"`},
		{"words for truth", `print True, FALSE, false`, `true false false`},
	})
}

func TestDocumentedRangesOfArguments(t *testing.T) {
	checkRules(t, nil, []documented{
		{"angles of what has none", `print acos(2), asin(-1.5), acos(1), log2(-1), log10(-4), isnull(log(-1))`, `null null 0.0 null null true`},
		{"beta distributions", `print beta_inv(0, 1, 2), beta_inv(0.1, -1, 2), beta_cdf(0.5, 20000, 1), beta_pdf(1, 1, 1), beta_cdf(0.5, 3, 3)`, `null "NaN" "NaN" "NaN" 0.5`},
		{"shifts by less than nothing", `print binary_shift_left(1, -1), binary_shift_right(-8, 65), binary_shift_left(3, 64)`, `null -4 3`},
		{"what comes into an array that is shifted", `print array_shift_left(dynamic(['a', 'b']), 1), array_shift_right(dynamic([1, 2]), 1), array_shift_left(dynamic(['a']), 1, 9)`, `["b",""] [null,1] [9]`},
		{"the old names of arg_max and arg_min", `datatable(a:long, b:string)[1,'x', 5,'y'] | summarize argmax(a, b), argmin(a, *) | project max_a, max_a_b, min_a, min_a_b`, `5 "y" 1 "x"`},
		{"the old lists are short", `range x from 1 to 200 step 1 | summarize array_length(makelist(x)), array_length(makeset(x, 150)), array_length(make_list(x))`, `128 150 200`},
		{"a command line of Windows", `print parse_command_line(@'run "b c" \"d e\\"f g" \\x "q""r"', 'windows')`, `["run","b c","\"d","e\\f g","\\\\x","q\"r"]`},
		{"weeks of two kinds", `print weekofyear(datetime(2024-03-10)), week_of_year(datetime(2024-03-10))`, `11 10`},
		{"code points under their old names", `print to_utf8('é'), make_string(72, dynamic([105]))`, `[233] "Hi"`},
		{"a session ends at a null and at its bounds", `datatable(t:datetime)[datetime(2024-01-01), datetime(null), datetime(2024-01-01 00:01), datetime(2024-01-01 00:06)] | serialize s = row_window_session(t, 1h, 5m) | project format_datetime(s, 'HH:mm')`, "\"00:00\"\n\"\"\n\"00:01\"\n\"00:06\""},
		{"percentiles of a digest by type", `range x from 1 to 9 step 1 | summarize t = tdigest(x * 1.5) | project percentiles_array_tdigest(t, range(0, 100, 50), typeof(int))`, `[1,7,13]`},
		{"when a row was written", `datatable(TimeGenerated:datetime, a:long)[datetime(2024-01-01), 1] | extend ingestion_time() | project ['$IngestionTime'] | extend n = isnull(ingestion_time())`, `"2024-01-01T00:00:00.0000000Z" true`},
		{"shards and cursors", `print extent_id() == toguid('00000000-0000-0000-0000-000000000000'), isnull(extent_tags())`, `true true`},
		{"no cursors", `print cursor_current()`, `error: line 1, column 7: cursor_current() is not supported: there are no database cursors here; use now()`},
		{"a date with blanks", `print datetime(2024 - 02 - 29)`, `"2024-02-29T00:00:00.0000000Z"`},
	})
	res, err := query("range x from 1 to 2 step 1 | fork (count) (take 1) | render piechart", nil)
	if err != nil || len(res.Tables) != 2 || res.Tables[1].Render == nil || res.Tables[1].Render.Kind != "piechart" {
		t.Errorf("a drawing of what forks: %+v %v", res, err)
	}
}

func TestDocumentedFind(t *testing.T) {
	two := "let A = view () { datatable(id:string, level:string, version:string)['1','low','v1', '2','high','v1'] }; let B = view () { datatable(id:string, level:string, name:string, n:long)['2','high','x',5] }; let C = view () { print other = 'high' }; "
	columns := func(text string) string {
		res, err := query(two+text, nil)
		if err != nil {
			return err.Error()
		}
		var names []string
		for _, c := range res.Tables[0].Columns {
			names = append(names, c.Name)
		}
		return strings.Join(names, " ")
	}
	for text, want := range map[string]string{
		`find in (A, B) where * has 'high'`:                       "source_ id level pack_",
		`find in (A, B, C) where level == 'high'`:                 "source_ id level pack_",
		`find in (A, B, C) where version == 'v1' or name == 'x'`:  "source_ id level version name pack_",
		`find in (A, B) where version == 'v1'`:                    "source_ id level version",
		`find in (A, B) where id == '2' project n, version, name`: "source_ n version name",
		`find in (A, B) where id == '2' project pack_all()`:       "source_ pack_",
		`find withsource=from in (A, B, C) where nope == 1`:       "line 1, column 283: no table has a column 'nope'; did you mean name?",
	} {
		if got := columns(text); got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
	}
	checkRules(t, nil, []documented{
		{"rows of find", two + `find in (A, B, C) where level == 'high'`, "\"A\" \"2\" \"high\" {\"version\":\"v1\"}\n\"B\" \"2\" \"high\" {\"name\":\"x\",\"n\":5}"},
		{"a type for a column of find", two + `find in (A, B) where id == '2' project n:string, pack_all()`, "\"A\" \"\" {\"id\":\"2\",\"level\":\"high\",\"version\":\"v1\"}\n\"B\" \"5\" {\"id\":\"2\",\"level\":\"high\",\"name\":\"x\"}"},
		{"columns of several types", `let A = view () { print p = '7' }; let B = view () { print p = 7 }; find in (A, B) where p == 7 | project-away source_`, "\"7\" null\n\"\" 7"},
	})
}

func TestDocumentedLookupsOfAddresses(t *testing.T) {
	tables := "let L = datatable(ip:string, c:string)['1.2.3.4','x', '9.9.9.9','y', '2001:db8::1','z']; let N = datatable(net:string, c:string, name:string)['1.2.0.0/16','x','wide', '1.2.3.0/24','x','narrow', '1.0.0.0/8','z','other', '2001:db8::/32','z','six']; "
	checkRules(t, nil, []documented{
		{"every network that holds the address", tables + `L | evaluate ipv4_lookup(N, ip, net) | project ip, name`, "\"1.2.3.4\" \"narrow\"\n\"1.2.3.4\" \"wide\"\n\"1.2.3.4\" \"other\""},
		{"other columns must be equal and come once", tables + `L | evaluate ipv4_lookup(N, ip, net, c, return_unmatched=true)`, "\"1.2.3.4\" \"x\" \"1.2.3.0/24\" \"narrow\"\n\"1.2.3.4\" \"x\" \"1.2.0.0/16\" \"wide\"\n\"9.9.9.9\" \"y\" \"\" \"\"\n\"2001:db8::1\" \"z\" \"\" \"\""},
		{"addresses of version 6, and of 4 as such", tables + `L | evaluate ipv6_lookup(N, ip, net, c) | project ip, name`, "\"1.2.3.4\" \"narrow\"\n\"1.2.3.4\" \"wide\"\n\"2001:db8::1\" \"six\""},
		{"the old expansion is bounded", `print a = range(1, 200, 1) | mvexpand a | count`, `128`},
	})
}

func TestDocumentedTermsAndOrders(t *testing.T) {
	view := "let V = view () { datatable(s:string, n:long)['Lab 7 PC here', 1, 'xLab PC', 2, 'lab-pc', 3, 'other', 4] }; "
	checkRules(t, nil, []documented{
		{"an asterisk inside a term", view + `search "Lab*PC" | sort by n asc | project n`, "1\n3"},
		{"with case", view + `search kind=case_sensitive "Lab*PC" | project n`, "1"},
		{"open at its begin", view + `search "*ab*PC" | sort by n asc | project n`, "1\n2\n3"},
		{"everything", view + `search * | count`, "4"},
		{"nulls stand outside of NaN", `datatable(r:real)[1, real(nan), real(null), -5] | sort by r asc nulls last`, "-5.0\n1.0\n\"NaN\"\nnull"},
		{"or before it", `datatable(r:real)[1, real(nan), real(null), -5] | sort by r desc nulls first`, "null\n\"NaN\"\n1.0\n-5.0"},
		{"numbers of rows", `range x from 1 to 9 step 1 | sample 5.5 | sample-distinct 2.5 of x | count`, `2`},
		{"as far as it can be done", `set best_effort=true; union (print x = 1), NoSuchTable | count`, `1`},
	})
}
