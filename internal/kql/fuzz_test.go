package kql

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/kql/value"
)

// fuzzTable is a small table with every type, nulls and JSON text in it.
func fuzzTable(t testing.TB) Tables {
	t.Helper()
	m := NewMemoryTable([]Column{{Name: "a", Type: value.Long}, {Name: "b", Type: value.Real}, {Name: "s", Type: value.String}, {Name: "t", Type: value.DateTime}, {Name: "j", Type: value.String}, {Name: "d", Type: value.Dynamic}, {Name: "k", Type: value.Bool}, {Name: "n", Type: value.Decimal}, {Name: "p", Type: value.TimeSpan}})
	var rows [][]Value
	for i := range 40 {
		doc, _ := value.ParseJSON(`{"x":` + Text(value.OfLong(int64(i))) + `,"l":[1,"b"]}`)
		row := []Value{value.OfLong(int64(i % 7)), value.OfReal(float64(i) / 4), value.OfString(string(rune('a' + i%3))), value.OfDateTime(value.UnixEpoch + int64(i)*value.Hour),
			value.OfString(`{"u":{"v":` + Text(value.OfLong(int64(i%5))) + `},"m":"x` + Text(value.OfLong(int64(i%2))) + `"}`), value.OfDynamic(doc), value.OfBool(i%2 == 0), value.OfDec(value.DecOf(int64(i))), value.OfTimeSpan(int64(i) * value.Minute)}
		if i%11 == 0 {
			row[0], row[1], row[3] = value.NullOf(value.Long), value.NullOf(value.Real), value.NullOf(value.DateTime)
		}
		rows = append(rows, row)
	}
	for lo := 0; lo < 40; lo += 10 {
		if err := m.AppendRows(rows[lo : lo+10]); err != nil {
			t.Fatal(err)
		}
	}
	return Tables{"T": &codingTable{m}}
}

// codingTable gives every column dictionary-coded to those who do not keep batches, and
// spoils the codes afterwards.
type codingTable struct{ *MemoryTable }

func (t *codingTable) Scan(ctx context.Context, req ScanRequest, emit func(*Batch) error) error {
	return t.MemoryTable.Scan(ctx, req, func(b *Batch) error {
		if !req.Transient {
			return emit(b)
		}
		var codes [][]uint32
		for i, v := range b.Columns {
			c := codedCopy(v)
			codes = append(codes, c.Codes)
			b.Columns[i] = c
		}
		err := emit(b)
		for _, c := range codes {
			for i := range c {
				c[i] = 1 << 30
			}
		}
		return err
	})
}

// codedCopy gives the same rows by way of a dictionary.
func codedCopy(v *Vector) *Vector {
	words, seen, codes := value.NewBuilder(v.Type, 0), map[string]uint32{}, make([]uint32, v.Len)
	for i := range codes {
		key := string(value.AppendKey(nil, v, i))
		c, ok := seen[key]
		if !ok {
			c = uint32(words.Len())
			seen[key] = c
			words.Append(v.Value(i))
		}
		codes[i] = c
	}
	return value.CodedOf(words.Finish(), codes)
}

var fuzzSeeds = []string{
	"T | where a > 2 and s == 'b' | extend m = tostring(parse_json(j)['m']), v = parse_json(j).u.v | where m != '' | summarize sum(tolong(v)), count() by m, bin(t, 6h)",
	"T | extend x = a * 2 | project x, y = x + b, s | where y > 3 | sort by y desc, s asc | take 5",
	"T | where t between (datetime(1970-01-01) .. datetime(1970-01-02)) | distinct s, k",
	"T | project a, d.x, e = d.l[1] | where d_x > 5 | top 3 by a asc nulls last",
	"T | mv-expand l = d.l | summarize make_list(l) by a | join kind=leftouter (T | project a, n) on a | count",
	"union (T | where k), (T | project s, z = 1) | summarize dcount(s), avg(b), percentile(a, 50) by z",
	"T | sort by t asc | extend r = row_number(), q = prev(a) | where r % 2 == 0 | project r, q, d",
	"T | make-series c = count() default = 0 on t step 6h by s | extend m = array_sum(c)",
	"T | parse j with * '\"v\":' v:long '}' * | summarize max(v), arg_max(v, s) by k | project-reorder k",
	"let f = (x:long) { T | where a == x }; f(3) | union (f(4)) | as R | project s, p, n | limit 3",
	"T | search 'x1' | project-away j, d | project-rename u = a | extend w = iff(k, u, 0) | summarize by w",
	"T | evaluate sliding_window_counts(a, t, datetime(1970-01-01), datetime(1970-01-03), 6h, 1h, s) | where Dcount > 1 | summarize sum(Count) by s",
	"T | project s, k, a | evaluate basket(0.1, a) | project SegmentId, s, k | join kind=inner (T | evaluate autocluster(0.3) | project s) on s",
	"T | evaluate sequence_detect(t, 3h, 9h, x = a > 2, y = k, s) | evaluate rolling_percentile(Duration, 50, x_t, 1d, 2, s)",
	"T | make-graph a --> s with (T | project s, n, k) on s | graph-match cycles=none (x)-[e*1..2]-(y)<-[f]-(z) where all(e, b > 1) and f.k and isnotnull(y.n) project map(e, a), inner = map(inner_nodes(e), n), node_degree_in(y), f.d.x, y",
	"T | make-graph s --> a with_node_id=i partitioned-by k (graph-mark-components kind=strong | graph-shortest-paths output=all (x)-[e*1..3]->(y) where x.i != y.i project x.i, y.i, y.ComponentId, e.b)",
	"let G = T | make-graph ['a'] --> ['b']; G | graph-to-table nodes as N with_node_id=i, edges as E with_source_id=f with_target_id=t; union N, E | count",
	"T | make-series y = sum(b) default = 0 on t step 1h | extend series_decompose_anomalies(y, 1.5, -1, 'linefit'), series_fit_2lines(y), (p, q) = series_periods_detect(y, 0.0, 20.0, 2)",
	"T | extend h = geo_point_to_h3cell(b * 10, a * 5, 4) | where array_length(geo_h3cell_rings(h, 2)) > 1 | summarize count(), geo_union_polygons_array(make_list(geo_h3cell_to_polygon(h))) by geo_h3cell_parent(h, 1)",
	"print p = geo_polygon_buffer(dynamic({'type':'Polygon','coordinates':[[[0,0],[2,0],[1,2],[0,0]]]}), 5000, 1000) | project geo_polygon_area(p), geo_intersection_line_with_polygon(dynamic({'type':'LineString','coordinates':[[-1,1],[3,1]]}), p), geo_polygon_to_h3cells(p, 3)",
	"T | top-nested 2 of s by sum(a), top-nested 1 of k by count() | fork (count) (take 1)",
}

func runFor(text string, db Tables, plain bool) (*Result, error) {
	return (&Engine{}).Query(context.Background(), text, Options{
		Now: conformanceNow, Database: db, Plain: plain, Seed: 1, Limits: Limits{Memory: 64 << 20, Rows: 20000, Time: 2 * time.Second},
	})
}

// answer prints a result so that two can be compared; rows count as a multiset unless the
// query orders them.
func answer(r *Result) string {
	var b strings.Builder
	for _, t := range r.Tables {
		for _, c := range t.Columns {
			b.WriteString(c.Name + ":" + c.Type.String() + " ")
		}
		var rows []any
		for _, row := range t.Rows() {
			var line []byte
			for _, v := range row {
				line = append(AppendJSON(line, v), ' ')
			}
			rows = append(rows, string(line))
		}
		for _, l := range sortedJSON(rows) {
			b.WriteString("\n" + l.(string))
		}
	}
	return b.String()
}

// agree runs a query with and without the optimizer.
func agree(t *testing.T, text string, db Tables) {
	if strings.Contains(text, "rand") || strings.Contains(text, "sample") || strings.Contains(text, "new_guid") {
		return
	}
	plain, err1 := runFor(text, db, true)
	best, err2 := runFor(text, db, false)
	var limit *LimitError
	if errors.As(err1, &limit) || errors.As(err2, &limit) || errors.Is(err1, context.DeadlineExceeded) || errors.Is(err2, context.DeadlineExceeded) {
		return
	}
	if (err1 == nil) != (err2 == nil) {
		t.Fatalf("%s\nplain: %v\noptimized: %v", text, err1, err2)
	}
	if err1 == nil && answer(plain) != answer(best) {
		t.Fatalf("%s\nplain:\n%s\noptimized:\n%s", text, answer(plain), answer(best))
	}
}

func TestOptimizerChangesNothing(t *testing.T) {
	db := fuzzTable(t)
	for _, s := range fuzzSeeds {
		if _, err := runFor(s, db, false); err != nil {
			t.Errorf("%s\n%v", s, err)
		}
		agree(t, s, db)
	}
	dir := sharedDir(t)
	if dir == "" {
		return
	}
	n := 0
	lines(t, filepath.Join(dir, "cases.jsonl"), func(line []byte) {
		if c, err := decodeCase(line); err == nil {
			n++
			agree(t, c.Query, db)
		}
	})
	t.Logf("%d recorded queries agree", n)
}

// FuzzQuery checks that any text gives rows or an error, and the same with and without
// the optimizer.
func FuzzQuery(f *testing.F) {
	for _, s := range fuzzSeeds {
		f.Add(s)
	}
	db := fuzzTable(f)
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) < 2000 {
			agree(t, s, db)
		}
	})
}

func TestGreedyQueriesAreStopped(t *testing.T) {
	db := fuzzTable(t)
	for _, text := range []string{
		"range x from 1 to 1000000000000 step 1 | summarize make_list(x)",
		"range x from 1 to 100000 step 1 | extend l = range(x, x + 1000000, 1) | mv-expand l | count",
		"range x from 1 to 10000 step 1 | extend k = 1 | join kind=inner (range y from 1 to 10000 step 1 | extend k = 1) on k | count",
		"range x from 1 to 100000000 step 1 | sort by x desc",
		"range x from 1 to 100000 step 1 | extend s = strcat(x, strrep('0123456789', 1024)) | summarize make_list(s)",
		"range x from 1 to 10000000000 step 1 | where x < 0",
		"let a = union T, T; let b = union a, a, a, a; let c = union b, b, b, b; let d = union c, c, c, c; let e = union d, d, d, d; let f = union e, e, e, e; let g = union f, f, f, f; union g, g, g, g | count",
		"let f = (x:long) { toscalar(print x) }; range i from 1 to 100000000 step 1 | summarize dcount(i) by i",
		"let f = (x:long) { x + x }; print a = 1 | where " + strings.Repeat("f(", 60) + "a" + strings.Repeat(")", 60) + " > 0",
		"print dynamic(" + strings.Repeat("dynamic(", 100000) + "1" + strings.Repeat(")", 100001),
		strings.Repeat("let x = 1; ", 100000) + "print x",
		"print d = range(1, 1000000) | extend e = array_concat(d, d, d, d), f = zip(d, d, d) | mv-expand e, f | mv-expand e | extend z = pack_array(d, d, e)",
	} {
		start := time.Now()
		_, err := runFor(text, db, false)
		t.Logf("%5.1f s: %s", time.Since(start).Seconds(), text)
		var limit *LimitError
		var fault *Error
		if err == nil || !errors.As(err, &limit) && !errors.As(err, &fault) && !strings.Contains(err.Error(), "256 MB") {
			t.Errorf("%s: %v, want a limit", text, err)
		}
	}
}
