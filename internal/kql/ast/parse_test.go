package ast

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// shared finds the directory of recorded cases beside the checkout; "" when there is none.
func shared(t testing.TB) string {
	t.Helper()
	if dir := os.Getenv("AZPTU_SHARED"); dir != "" {
		return filepath.Join(dir, "kql")
	}
	dir, err := os.Getwd()
	for err == nil && dir != filepath.Dir(dir) {
		if _, e := os.Stat(filepath.Join(dir, "go.mod")); e == nil {
			dir = filepath.Join(dir, "..", "shared", "kql")
			if _, e := os.Stat(dir); e == nil {
				return dir
			}
			return ""
		}
		dir = filepath.Dir(dir)
	}
	return ""
}

func queries(t testing.TB) []string {
	t.Helper()
	out := []string{
		"T | where a == 1 and b in~ ('x', 'y') | summarize n = count() by bin(t, 1h), c | top 3 by n",
		"let f = (x:long, T:(a:long, *)) { T | where a > x }; f(1, (datatable(a:long)[1,2])) | project-away a*, ['b c']",
		"T | make-graph a --> ['b c'] with (N | take 3) on id, M on k partitioned-by z (graph-match cycles=none (x)-[e*1..3]->(y)<--()--(), (y)-['f']-(z) where all(e, w > 1) project x.n, m = map(inner_nodes(e), n))",
		"E | make-graph a --> b with_node_id=i | graph-mark-components kind=strong with_component_id=c | graph-shortest-paths output=all (s)-[*0..n]->(t) where s.c == 1 project t.i",
		"E | make-graph a --> b | graph-to-table nodes as N with_node_id=i, edges as E with_source_id=f with_target_id=t; N; E",
		"T | parse kind=regex flags=i s with * 'a' x:long ' ' y | mv-expand with_itemindex=i d to typeof(long) limit 3",
		"union kind=outer withsource=src T*, (U | take 1) | render timechart with (title='x', series=a)",
		"print x = -1, y = -(a), z = 'it''s', d = dynamic({\"a\":[1,2.5,datetime(2020-01-01)]}), t = 1.5h - 90s",
	}
	out = append(out,
		"declare pattern p = (a:string, b:string)[c:string] { ('x', 'y').['z'] = { let q = 1; print q }; }; union p('x', 'y').z, p('x', 'y').['z']",
		"declare pattern p = (a:string) { ('x') = { print 1 } }; p('x')",
		"declare pattern p; alias database d = cluster('c').database('e'); restrict access to (T, V*, database('d').T*, database().*); database('d').T | count",
		"union *, *a, cluster('c').database('d*').*, database('d').F(1, 2) | where d.['x y'].[k] == True",
	)
	dir := shared(t)
	if dir == "" {
		t.Log("recorded cases are not here: own queries only")
		return out
	}
	f, err := os.Open(filepath.Join(dir, "cases.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<24)
	for sc.Scan() {
		var c struct {
			Query string
			Tags  []string
		}
		if json.Unmarshal(sc.Bytes(), &c) == nil {
			out = append(out, c.Query)
		}
	}
	return out
}

func TestComparisonsDoNotChain(t *testing.T) {
	for _, text := range []string{"print (1 > 2) > 3", "print 1 > (2 > 3)", "print (1 < 2) < 3 == true"} {
		q, err := Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if q.String() != text {
			t.Errorf("%s is printed as %s", text, q)
		}
	}
	if _, err := Parse("print 1 > 2 > 3"); err == nil {
		t.Error("a chain of comparisons is accepted")
	}
}

func TestPrintedQueryParsesToTheSame(t *testing.T) {
	bad := 0
	for _, text := range queries(t) {
		q, err := Parse(text)
		if err != nil {
			bad++
			t.Logf("%v\n  in %s", err, text)
			continue
		}
		printed := q.String()
		again, err := Parse(printed)
		if err != nil {
			t.Errorf("%v\n  in %s\n  printed from %s", err, printed, text)
			continue
		}
		if again.String() != printed {
			t.Errorf("printing changed\n  %s\ninto\n  %s", printed, again.String())
		}
	}
	if bad > 4 {
		t.Errorf("%d queries do not parse", bad)
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		text         string
		line, column int
		message      string
		near, fixed  string
	}{
		{"AzureDiagnostics\ntake 100\nproject TimeGenerated", 2, 1, "a | is missing before 'take'", "", "AzureDiagnostics\n| take 100\n| project TimeGenerated"},
		{"T | wher a == 1", 1, 5, "'wher' is not an operator: expected one such as where, project or summarize", "where", ""},
		{"T | where a == ", 1, 16, "expected an expression but found the end of the query", "", ""},
		{"T | where a == 'x", 1, 16, "this string is not closed: expected '", "", ""},
		{"print first = 1", 1, 7, "the name 'first' needs to be bracketed as ['first'] here", "", ""},
		{"T | summarize count( by a", 1, 22, "expected an expression but found 'by'; a column of that name is written ['by']", "", ""},
		{"", 1, 1, "the query is empty", "", ""},
		{"T | extend a = toint(1", 1, 23, "expected ',' but found the end of the query; the ( at line 1, column 21 is not closed", "", "T | extend a = toint(1)"},
		{"é | where ü == #", 1, 16, "unexpected character '#'; a comment begins with //", "", ""},
	} {
		_, err := Parse(c.text)
		e, ok := err.(*Error)
		if !ok {
			t.Errorf("%q: %v, want an Error", c.text, err)
			continue
		}
		if c.message != "" && (e.Line != c.line || e.Column != c.column || e.Message != c.message || e.Near != c.near || e.Corrected != c.fixed) {
			t.Errorf("%q:\n got %d:%d %q near %q fixed %q\nwant %d:%d %q near %q fixed %q", c.text, e.Line, e.Column, e.Message, e.Near, e.Corrected, c.line, c.column, c.message, c.near, c.fixed)
		}
	}
}

func TestDeepNestingIsRefused(t *testing.T) {
	for _, text := range []string{strings.Repeat("(", 100000), "print " + strings.Repeat("-", 100000) + "1", "print " + strings.Repeat("f(", 50000), "T | where " + strings.Repeat("not(", 5000)} {
		if _, err := Parse(text); err == nil {
			t.Errorf("%.20q… was not refused", text)
		}
	}
}

// FuzzLex checks that any bytes are cut into tokens or refused with a place in the text.
func FuzzLex(f *testing.F) {
	for _, s := range []string{"T | where a == 'x'", "1.5h 90th 0xff 1..2 `` ``` @\"a\"\"b\" h'x' /* // */", "datetime(2020", "\x80\xff", "in~ !in~ !has =~ <| =>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		toks, err := lex(s)
		if err != nil {
			if e, ok := err.(*Error); !ok || e.Line < 1 || e.Column < 1 || e.Offset > len(s) {
				t.Fatalf("%q: %v", s, err)
			}
			return
		}
		last := Pos(0)
		for _, k := range toks {
			if k.pos < last || k.end < k.pos {
				t.Fatalf("%q: tokens overlap at %d", s, k.pos)
			}
			last = k.end
		}
	})
}

// FuzzParse checks that whatever parses prints to what parses to the same.
func FuzzParse(f *testing.F) {
	for _, s := range queries(f) {
		if len(s) < 400 {
			f.Add(s)
		}
	}
	f.Fuzz(func(t *testing.T, s string) {
		q, err := Parse(s)
		if err != nil {
			if _, ok := err.(*Error); !ok {
				t.Fatalf("%q: %v has no place", s, err)
			}
			return
		}
		printed := q.String()
		again, err := Parse(printed)
		if err != nil {
			t.Fatalf("%q\nprints as %q\n%v", s, printed, err)
		}
		if again.String() != printed {
			t.Fatalf("%q\nprints as %q\nthen as %q", s, printed, again.String())
		}
	})
}
