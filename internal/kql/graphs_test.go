package kql

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// calls is a system of services that call each other.
const calls = `let S = datatable(name:string, tier:int, zone:string)['web', 1, 'a', 'api', 2, 'a', 'auth', 2, 'b', 'db', 3, 'b', 'cache', 3, 'a', 'idle', 9, 'c'];
let C = datatable(src:string, dst:string, ms:long, zone:string)['web', 'api', 5, 'a', 'web', 'auth', 7, 'a', 'api', 'db', 20, 'b', 'api', 'cache', 1, 'a', 'auth', 'db', 30, 'b', 'db', 'queue', 2, 'b', 'queue', 'api', 4, 'a'];
C | make-graph src --> dst with S on name | `

func TestGraphs(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"an edge", calls + "graph-match (a)-[c]->(b) where b.tier == 3 and c.ms < 25 project a.name, b.name, c.ms | sort by c_ms asc", "a_name:string b_name:string c_ms:long\n\"api\" \"cache\" 1\n\"api\" \"db\" 20"},
		{"the other way", calls + "graph-match (a)<-[c]-(b) where a.name == 'db' project caller = b.name | sort by caller asc", "caller:string\n\"api\"\n\"auth\""},
		{"either way", calls + "graph-match (a)--(b) where a.name == 'queue' project b.name | sort by b_name asc", "b_name:string\n\"api\"\n\"db\""},
		{"a chain with a condition on both ends", calls + "graph-match (a)-->(b)-->(c) where a.zone != c.zone and isnotempty(c.zone) project p = strcat(a.name, b.name, c.name) | sort by p asc", "p:string\n\"dbqueueapi\"\n\"queueapicache\"\n\"queueapidb\"\n\"webapidb\"\n\"webauthdb\""},
		{"several edges", calls + "graph-match (a)-[p*2..3]->(b) where a.name == 'web' and b.name == 'queue' project way = strcat_array(map(inner_nodes(p), name), '>'), total = array_sum(p.ms), n = array_length(p) | sort by way asc",
			"way:string total:real n:long\n\"api>db\" 27.0 3\n\"auth>db\" 39.0 3"},
		{"all, any and degrees", calls + "graph-match (a)-[p*1..4]->(b) where a.name == 'web' and all(p, ms < 25) and any(inner_nodes(p), tier == 3) project b.name, ins = node_degree_in(b), outs = map(inner_nodes(p), node_degree_out()) | sort by b_name asc",
			"b_name:string ins:long outs:dynamic\n\"api\" 2 [2,1,1]\n\"queue\" 1 [2,1]"},
		{"a condition on each edge", calls + "graph-match (a)-[p*1..2]->(b) where p.ms > 6 project a.name, p.ms | sort by a_name asc, tostring(p_ms) asc", "a_name:string p_ms:dynamic\n\"api\" [20]\n\"auth\" [30]\n\"web\" [7,30]\n\"web\" [7]"},
		{"nothing between", calls + "graph-match (a)-[p*0..1]->(b) where a.name == 'queue' project b.name, p | sort by b_name asc", "b_name:string p:dynamic\n\"api\" [{\"src\":\"queue\",\"dst\":\"api\",\"ms\":4,\"zone\":\"a\"}]\n\"queue\" []"},
		{"branches", calls + "graph-match (x)-->(n), (y)-->(n), (n)-->(z) where strcmp(x.name, y.name) < 0 project strcat(x.name, '+', y.name, '>', n.name, '>', z.name) | sort by Column1 asc", ""},
		{"cycles of unlike edges", calls + "graph-match (a)-[p*1..9]->(a) where a.name == 'api' project map(p, dst)", "Column1:dynamic\n[\"db\",\"queue\",\"api\"]"},
		{"no cycles", calls + "graph-match cycles=none (a)-[p*3..9]->(b) where a.name == 'web' project strcat_array(map(p, dst), '>') | sort by Column1 asc", "Column1:string\n\"api>db>queue\"\n\"auth>db>queue\"\n\"auth>db>queue>api\"\n\"auth>db>queue>api>cache\""},
		{"all cycles", calls + "graph-match cycles=all (a)-[p*6..6]->(b) where a.name == 'api' and b.name == 'api' project array_length(p)", "Column1:long\n6"},
		{"shortest", calls + "graph-shortest-paths (a)-[p*1..9]->(b) where a.name == 'web' and b.name == 'queue' project n = array_length(p), final = p[-1].ms", "n:long final:dynamic\n3 2"},
		{"all shortest", calls + "graph-shortest-paths output=all (a)-[p*1..9]->(b) where a.name == 'web' and b.name == 'queue' project way = strcat_array(map(p, src), '>') | sort by way asc", "way:string\n\"web>api>db\"\n\"web>auth>db\""},
		{"shortest under a condition on the path", calls + "graph-shortest-paths (a)-[p*1..9]->(b) where a.name == 'web' and b.name == 'queue' and any(p, ms == 7) project way = strcat_array(map(p, src), '>')", "way:string\n\"web>auth>db\""},
		{"shortest but not shorter", calls + "graph-shortest-paths (a)-[p*2..9]->(b) where a.name == 'api' and b.name == 'db' project n = array_length(p)", "n:long"},
		{"shortest over two edges", calls + "graph-shortest-paths (a)-[p*1..3]->(m)-[q*1..3]->(b) where m.name == 'auth' and b.name == 'queue' project a.name, array_length(p), array_length(q)", "a_name:string Column1:long Column2:long\n\"web\" 1 2"},
		{"components", calls + "graph-mark-components with_component_id=part | graph-to-table nodes | project name, part | sort by part asc, name asc", "name:string part:long\n\"api\" 0\n\"auth\" 0\n\"cache\" 0\n\"db\" 0\n\"queue\" 0\n\"web\" 0\n\"idle\" 1"},
		{"strong components", calls + "graph-mark-components kind=strong | graph-match (a) where a.ComponentId == 1 project a.name | sort by a_name asc", "a_name:string\n\"api\"\n\"db\"\n\"queue\""},
		{"edges as a table", calls + "graph-to-table edges with_source_id=f with_target_id=t | where src == 'queue' | project dst, ms, f != t", "dst:string ms:long Column1:bool\n\"api\" 4 true"},
		{"both as tables", calls + "graph-to-table nodes as N with_node_id=i, edges as E with_target_id=i; N | join kind=inner E on i | summarize calls = count() by name | top 2 by calls; E | count", "name:string calls:long\n\"api\" 2\n\"db\" 2\nCount:long\n7"},
		{"nodes without a table", "datatable(a:long, b:long)[1, 2, 2, 3] | make-graph a --> b with_node_id=n | graph-match (x)-->(y)-->(z) project x.n, z.n", "x_n:long z_n:long\n1 3"},
		{"two tables of nodes", "datatable(a:long, b:string)[1, '2'] | make-graph a --> b with (datatable(k:long, v:string)[1, 'x']) on k, (datatable(k:long, w:string)[1, 'y', 2, 'z']) on k | graph-match (x)-->(y) project x.v, x.w, y.k, y.w",
			"x_v:string x_w:string y_k:long y_w:string\n\"x\" \"y\" 2 \"z\""},
		{"a graph for each value", strings.Replace(calls, "on name | ", "on name partitioned-by zone (", 1) + "graph-match (x)-->(y) where x.tier > 0 and y.tier > 0 project z = strcat(x.name, '>', y.name)) | sort by z asc", "z:string\n\"api>cache\"\n\"auth>db\"\n\"web>api\""},
		{"a named graph", strings.Replace(calls, "C | make", "let G = C | make", 1) + "graph-mark-components; G | graph-match (x)-->(y) where x.name == 'db' project labels(x), y.name, y.ComponentId, x.tier", "Column1:dynamic y_name:string y_ComponentId:long x_tier:int\n[] \"queue\" 0 3"},
	} {
		if c.want == "" {
			c.want = "Column1:string\n\"api+auth>db>queue\"\n\"queue+web>api>cache\"\n\"queue+web>api>db\""
		}
		t.Run(c.name, func(t *testing.T) {
			for _, plain := range []bool{false, true} {
				if got := printed(t, c.text, plain); got != c.want {
					t.Errorf("%s\ngot\n%s\nwant\n%s", c.text, got, c.want)
				}
			}
		})
	}
}

func TestGraphsRefuse(t *testing.T) {
	for text, want := range map[string]string{
		"graph-match (a)-[c]->(b) project a.nam":                       "'a' has no property 'nam'; did you mean name?",
		"graph-match (a)-[c]->(b), (d)-->(e) project a.name":           "must share nodes",
		"graph-match (a)-[c]->(c) project a.name":                      "the name 'c' is taken already",
		"graph-match (a)-[c*5..2]->(b) project a.name":                 "the least length of an edge is more than the greatest",
		"graph-match (a)-[c*1..1000000]->(b) project a.name":           "a number of edges from 0 to 10000",
		"graph-match (a)-[c]->(b) where all(c, ms > 1) project a.name": "an edge of variable length was expected here",
		"graph-match (a)-[c]->(b) where a.name project a.name":         "a condition must be bool",
		"graph-match (a)-[c]->(b)":                                     "expected 'project'",
		"graph-match (a)->(b) project a.name":                          "expected '-'",
		"graph-match cycles=some (a)-->(b) project a.name":             "cycles is all, none or unique_edges",
		"graph-match (a)-->(b) project *":                              "* cannot stand here",
		"graph-match (a)-[p*1..2]->(b) project inner_nodes(p)":         "inner_nodes() stands as the first argument",
		"graph-match (a)-[p*1..2]->(b) project map(p, all(p, ms > 1))": "cannot stand inside another such function",
		"graph-match (a)-[p*1..2]->(b) project node_degree_in()":       "takes a node of the pattern",
		"graph-shortest-paths (a)-[c]->(b) project a.name":             "takes one sequence with an edge of variable length",
		"graph-mark-components kind=thin | graph-to-table nodes":       "the kind of component is weak or strong",
		"graph-to-table nodes, edges":                                  "each of several tables needs a name",
		"graph-to-table nodes with_source_id=x":                        "graph-to-table nodes takes [with_node_id]",
		"graph-mark-components":                                        "a graph is no table",
		"take 3":                                                       "a graph is no table",
		"graph-to-table nodes | graph-match (a) project a.name":        "put make-graph before it",
	} {
		_, err := runFor(calls+text, nil, false)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n got %v\nwant %s", text, err, want)
		}
	}
	for text, want := range map[string]string{
		"T | make-graph a --> nope | graph-to-table edges":                           "the name 'nope' does not refer to any column here",
		"T | make-graph a --> b with T on a, T on a, T on a | graph-to-table nodes":  "at most two tables of nodes",
		"T | graph-match (a) project a.x":                                            "put make-graph before it",
		"graph('G') | graph-match (a) project a.x":                                   "there are no stored graphs here",
		"T | make-graph a --> b partitioned-by s (graph-mark-components) | take 1":   "one table is to come of the operators on each graph",
		"T | make-graph a --> b with T on a partitioned-by z (graph-to-table nodes)": "the name 'z' does not refer to any column here",
	} {
		_, err := runFor(text, fuzzTable(t), false)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n got %v\nwant %s", text, err, want)
		}
	}
}

// TestGraphsEndWithinTheirLimits asks for more paths than there is time or memory for.
func TestGraphsEndWithinTheirLimits(t *testing.T) {
	const dense = "range a from 0 to 29 step 1 | mv-expand b = range(0, 29) to typeof(long) | make-graph a --> b with_node_id=n | "
	for _, text := range []string{
		"graph-match cycles=all (a)-[p*1..10000]->(b) where a.n == 0 and array_length(p) < 0 project 1",
		"graph-match (a)-->(b)-->(c)-->(d)-->(e)-->(f)-->(g) where a.n + g.n < 0 project a.n",
		"graph-match (a)--(b), (c)--(b), (d)--(b), (e)--(b), (f)--(b), (g)--(b) project a.n",
		"graph-shortest-paths output=all (a)-[p*30..10000]->(b) project a.n",
		"graph-shortest-paths (a)-[p*1..5]->(b)-[q*1..5]->(c) project a.n",
	} {
		began := time.Now()
		_, err := (&Engine{}).Query(t.Context(), dense+text, Options{Limits: Limits{Memory: 16 << 20, Rows: 20000, Time: 300 * time.Millisecond}})
		var limit *LimitError
		if !errors.As(err, &limit) {
			t.Errorf("%s: %v, want a limit", text, err)
		}
		t.Logf("%s: ended after %s", text, time.Since(began).Round(10*time.Millisecond))
	}
}
