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
