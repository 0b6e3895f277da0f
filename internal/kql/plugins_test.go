package kql

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// printed runs a query and gives each table's columns and rows as text.
func printed(t *testing.T, text string, plain bool) string {
	t.Helper()
	res, err := runFor(text, nil, plain)
	if err != nil {
		t.Fatalf("%s\n%v", text, err)
	}
	var lines []string
	for _, table := range res.Tables {
		var names []string
		for _, c := range table.Columns {
			names = append(names, c.Name+":"+c.Type.String())
		}
		lines = append(lines, strings.Join(names, " "))
		for _, row := range table.Rows() {
			var cells []string
			for _, v := range row {
				cells = append(cells, string(AppendJSON(nil, v)))
			}
			lines = append(lines, strings.Join(cells, " "))
		}
	}
	return strings.Join(lines, "\n")
}

// visits are people on a shop's pages, day by day.
const visits = `let V = datatable(who:string, at:datetime, page:string, shop:string)[
	'ana', datetime(2024-01-01 10:00), 'home', 'n', 'ana', datetime(2024-01-01 10:05), 'cart', 'n', 'ana', datetime(2024-01-01 10:20), 'pay', 'n',
	'bo', datetime(2024-01-01 11:00), 'home', 'n', 'bo', datetime(2024-01-02 12:00), 'home', 's', 'bo', datetime(2024-01-02 12:01), 'cart', 's',
	'cy', datetime(2024-01-03 09:00), 'cart', 's', 'ana', datetime(2024-01-03 10:00), 'home', 's', 'ana', datetime(2024-01-03 10:30), 'cart', 's']; V | evaluate `

func TestPlugins(t *testing.T) {
	const days = "datetime(2024-01-01), datetime(2024-01-04)"
	for _, c := range []struct{ name, text, want string }{
		{"counts by day", visits + "activity_counts_metrics(who, at, " + days + ", 1d) | project-rename d = at | extend d = format_datetime(d, 'dd')",
			"d:string count:long dcount:long new_dcount:long aggregated_dcount:long\n\"01\" 4 2 2 2\n\"02\" 2 1 0 2\n\"03\" 3 2 1 3"},
		{"retention", visits + "activity_metrics(who, at, " + days + ", 1d) | project dcount_values, dcount_newvalues, retention_rate",
			"dcount_values:long dcount_newvalues:long retention_rate:real\n2 2 \"NaN\"\n1 0 0.5\n2 2 0.0"},
		{"engagement", visits + "activity_engagement(who, at, " + days + ", 1d, 2d) | project dcount_activities_inner, dcount_activities_outer, activity_ratio",
			"dcount_activities_inner:long dcount_activities_outer:long activity_ratio:real\n2 2 1.0\n1 2 0.5\n2 3 0.6666666666666666\n0 2 0.0"},
		{"sliding window by shop", visits + "sliding_window_counts(who, at, " + days + ", 2d, 1d, shop) | project shop, day = dayofmonth(at), Count, Dcount",
			"shop:string day:int Count:long Dcount:long\n\"n\" 1 4 2\n\"n\" 2 4 2\n\"s\" 2 2 1\n\"s\" 3 5 3\n\"s\" 4 3 2"},
		{"cohorts", visits + "new_activity_metrics(who, at, " + days + " - 1tick, 1d) | project f = dayofmonth(from_at), t = dayofmonth(to_at), dcount_new_values, dcount_retained_values, dcount_churn_values, retention_rate",
			"f:int t:int dcount_new_values:long dcount_retained_values:long dcount_churn_values:long retention_rate:real\n1 1 2 2 0 1.0\n1 2 0 1 1 0.5\n1 3 1 1 1 0.5\n3 3 1 1 0 1.0"},
		{"cohorts without those known", visits + "new_activity_metrics(who, at, " + days + " - 1tick, 1d, datetime(2024-01-01), (datatable(x:string)['ana'])) | project t = dayofmonth(to_at), dcount_retained_values",
			"t:int dcount_retained_values:long\n1 1\n2 1\n3 0"},
		{"fans", visits + "active_users_count(who, at, " + days + ", 3d, 1d, 2, 1d) | project day = dayofmonth(at), dcount", "day:int dcount:long\n2 1\n3 1"},
		{"sessions", visits + "session_count(who, at, " + days + ", 1d, 12m) | project day = dayofmonth(at), count_sessions", "day:int count_sessions:long\n1 3\n2 1\n3 3"},
		{"numbers as a timeline", "range n from 0 to 9 step 1 | extend id = n % 3 | evaluate session_count(id, n, 0, 9, 5, 2)", "n:long count_sessions:long\n0 5\n5 5"},
		{"by month", "datatable(u:long, t:datetime)[1, datetime(2024-01-31), 2, datetime(2024-02-01), 2, datetime(2024-02-29)] | evaluate activity_counts_metrics(u, t, datetime(2024-01-15), datetime(2024-03-01), 'month') | project t, ['count']",
			"t:datetime count:long\n\"2024-01-01T00:00:00.0000000Z\" 1\n\"2024-02-01T00:00:00.0000000Z\" 2"},
		{"rolling percentile", "range n from 1 to 9 step 1 | extend g = iff(n < 7, 'x', 'y') | evaluate rolling_percentile(n, 50, n, 2, 2, g)",
			"n:long g:string rolling_2_percentile_n_50:long\n0 \"x\" 1\n2 \"x\" 2\n4 \"x\" 3\n6 \"x\" 5\n6 \"y\" 7\n8 \"y\" 8"},
		{"intersections", "range x from 1 to 30 step 1 | summarize a = hll(iff(x % 2 == 0, x, 0)), b = hll(iff(x % 3 == 0, x, 0)), c = hll(iff(x % 5 == 0, x, 0)) | evaluate dcount_intersect(a, b, c) | project s0, s1, s2", "s0:long s1:long s2:long\n16 6 2"},
		{"sequences", visits + "sequence_detect(at, 10m, 1h, a = page == 'home', b = page == 'cart', who) | project who, Duration, day = dayofmonth(a_at)", "who:string Duration:timespan day:int\n\"ana\" \"00:05:00\" 1\n\"bo\" \"00:01:00\" 2"},
		{"funnel", visits + "funnel_sequence(who, at, " + days + ", 1h, 7d, page, dynamic(['home', 'cart'])) | project prev, next, ['dcount'], samples", "prev:string next:string dcount:long samples:dynamic\n\"\" \"\" 2 [\"ana\",\"bo\"]\n\"\" \"pay\" 1 [\"ana\"]"},
		{"funnel's three tables", "datatable(u:long, t:datetime, s:string)[1, datetime(2024-01-01), 'a', 1, datetime(2024-01-02), 'b'] | evaluate funnel_sequence(u, t, datetime(2024-01-01), datetime(2024-02-01), 2d, 31d, s, dynamic(['b']))",
			"t:datetime prev:string next:string dcount:long samples:dynamic\n\"2024-01-01T00:00:00.0000000Z\" \"a\" \"\" 1 [1]\nt:datetime prev:string dcount:long samples:dynamic\n\"2024-01-01T00:00:00.0000000Z\" \"a\" 1 [1]\nt:datetime next:string dcount:long samples:dynamic\n\"2024-01-01T00:00:00.0000000Z\" \"\" 1 [1]"},
		{"completion", visits + "funnel_sequence_completion(who, at, " + days + ", 7d, page, dynamic(['home', 'cart', 'pay']), dynamic([6m, 1d])) | project page, Period, ['dcount']",
			"page:string Period:timespan dcount:long\n\"home\" \"00:06:00\" 2\n\"cart\" \"00:06:00\" 2\n\"pay\" \"00:06:00\" 0\n\"home\" \"1.00:00:00\" 2\n\"cart\" \"1.00:00:00\" 2\n\"pay\" \"1.00:00:00\" 1"},
		{"preview", "range x from 1 to 9 step 1 | evaluate preview(2)", "x:long\n1\n2\nCount:long\n9"},
		{"identity", "print x = 1 | evaluate identity()", "x:long\n1"},
		{"basket", "datatable(e:string, d:string, n:long)['hail', 'no', 3, 'hail', 'no', 1, 'wind', 'yes', 2, 'wind', 'no', 4] | evaluate basket(0.3, n, '~', '*')",
			"SegmentId:long Count:long Percent:real e:string d:string\n0 8 80.0 \"*\" \"no\"\n1 6 60.0 \"wind\" \"*\"\n2 4 40.0 \"hail\" \"no\"\n3 4 40.0 \"wind\" \"no\""},
		{"differences", "range i from 1 to 100 step 1 | extend ok = iff(i <= 50, 'good', 'bad') | project ok, host = iff(i > 50 and i % 5 > 0, 'h1', strcat('x', i)), zone = iff(i % 2 == 0, 'a', 'b') | evaluate diffpatterns(ok, 'good', 'bad')",
			"SegmentId:long CountA:long CountB:long PercentA:real PercentB:real PercentDiffAB:real host:string zone:string\n0 0 40 0.0 80.0 80.0 \"h1\" \"\""},
		{"clusters", "range i from 1 to 100 step 1 | project e = iff(i <= 60, 'timeout', strcat('e', i)), h = iff(i <= 60, 'h1', 'h2'), z = i | evaluate autocluster()",
			"SegmentId:long Count:long Percent:real e:string h:string z:long\n0 60 60.0 \"timeout\" \"h1\" null\n1 40 40.0 \"\" \"h2\" null"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, plain := range []bool{false, true} {
				if got := printed(t, c.text, plain); got != c.want {
					t.Errorf("%s\ngot\n%s\nwant\n%s", c.text, got, c.want)
				}
			}
		})
	}
}

func TestPluginsRefuse(t *testing.T) {
	for text, want := range map[string]string{
		"T | evaluate python(typeof(*), 'x')":                                                        "runs code or asks services outside the database",
		"T | evaluate bassket()":                                                                     "did you mean basket?",
		"T | evaluate session_count(a, s, 1, 2, 3, 4)":                                               "the timeline of session_count() is a datetime, timespan, int or long, not a string",
		"T | evaluate session_count(a, t, datetime(2020-01-01))":                                     "session_count() lacks an argument: the end of the analysis",
		"T | evaluate session_count(a, t, datetime(2020-01-01), b, 1d, 1d)":                          "the name 'b' does not refer",
		"T | evaluate session_count(a + 1, t, now(), now(), 1d, 1d)":                                 "a column was expected here: the ID of who is active",
		"T | evaluate activity_counts_metrics(a, t, now(), now(), 'day')":                            "one of 'week', 'month' and 'year'",
		"T | evaluate activity_counts_metrics(a, t, now(), now(), 0s)":                               "must be more than zero",
		"T | evaluate rolling_percentile(a, 101, t, 1d, 3)":                                          "a percentile from 0 to 100",
		"T | evaluate dcount_intersect(d)":                                                           "takes from 2 to 16",
		"T | evaluate dcount_intersect(d, s)":                                                        "not a string",
		"T | evaluate sequence_detect(t, 1d, 1d)":                                                    "needs the conditions of its steps",
		"T | evaluate funnel_sequence(a, t, now(), now(), 1d, 1d, s, 'x')":                           "a constant array was expected here",
		"T | evaluate preview(2) | take 1":                                                           "no operator can follow one that gives several tables",
		"T | evaluate basket(3)":                                                                     "takes a constant number from 0.015 to 1 here, or '~'",
		"T | evaluate basket('~', s)":                                                                "the weight of basket() is a column of numbers",
		"T | evaluate activity_counts_metrics(a, t, datetime(1000-01-01), datetime(2020-01-01), 1s)": "more than 1,000,000 windows",
	} {
		_, err := runFor(text, fuzzTable(t), false)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n got %v\nwant %s", text, err, want)
		}
	}
}

func TestPluginsEndWithinTheirLimits(t *testing.T) {
	for _, text := range []string{
		"range x from 1 to 19000 step 1 | extend t = datetime(2024-01-01) | evaluate sequence_detect(t, 1d, 1d, a = x > 0, b = x > 0, c = x > 0, x2 = x < 0)",
		"range x from 0 to 18000 step 1 | project a = x % 2, b = x / 3 % 2, c = x / 7 % 2, d = x / 11 % 2, e = x / 17 % 2, f = x / 23 % 2, g = x / 31 % 2, h = x / 41 % 2, i = x / 53 % 2, j = x / 61 % 2, k = x / 67 % 2, l = x / 71 % 2, m = x / 83 % 2 | evaluate diffpatterns(a, 0, 1, '~', 0.015)",
	} {
		res, err := (&Engine{}).Query(t.Context(), text, Options{Limits: Limits{Memory: 32 << 20, Rows: 20000, Time: 300 * time.Millisecond}})
		var limit *LimitError
		if err != nil && !errors.As(err, &limit) && !strings.Contains(err.Error(), "combinations of values") {
			t.Errorf("%s: %v", text, err)
		}
		if err == nil && res.Tables[0].Len == 0 {
			t.Errorf("%s: no rows and no error", text)
		}
	}
}
