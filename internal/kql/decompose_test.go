package kql

import "testing"

// load is how a service is used hour by hour for six weeks: less at night, less on the last
// two days of a week, with a bit of noise, and more from week to week.
const load = `let ts = (growth:real) { range h from 0 to 1007 step 1
| extend y = iff(h / 24 % 7 >= 5, 40.0, 100.0) + 20 * sin(h * pi() / 12) + (h * 7919 % 13) / 3.0 + growth * h
| extend y = case(h == 500, y + 60, h == 700, y - 60, y) | summarize y = make_list(y) }; `

func TestSeriesAreTakenApart(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"periods", load + "ts(0.0) | project (p, s) = series_periods_detect(y, 0.0, 400.0, 3) | project p[0], s[0] > 0.9, array_length(p)", "p_0:dynamic Column1:bool Column2:long\n168.0 true 3"},
		{"periods to check", load + "ts(0.0) | project (p, s) = series_periods_validate(y, 168.0, 100.0, 3.0, 600.0) | project p, s[0] > 0.9, s[1], s[2], s[3]", "p:dynamic Column1:bool s_1:dynamic s_2:dynamic s_3:dynamic\n[168.0,100.0,3.0,600.0] true 0.0 0.0 0.0"},
		{"anomalies", load + "ts(0.0) | project (f, s, b) = series_decompose_anomalies(y) | mv-expand with_itemindex=h f to typeof(long) | where f != 0 | project h, f", "h:long f:long\n500 1\n700 -1"},
		{"anomalies under a trend", load + "ts(0.2) | project (f, s, b) = series_decompose_anomalies(y, 2.0, -1, 'linefit') | mv-expand with_itemindex=h f to typeof(long) | where f != 0 | project h, f", "h:long f:long\n500 1\n700 -1"},
		{"a forecast", "print series_decompose_forecast(dynamic([2,4,6,4,2,4,6,4,2,4,6,4,null,null,null,null]), 4, 4) | project series_decompose_forecast__baseline", "series_decompose_forecast__baseline:dynamic\n[2.0,4.0,6.0,4.0,2.0,4.0,6.0,4.0,2.0,4.0,6.0,4.0,2.0,4.0,6.0,4.0]"},
		{"parts", "print (b, s, t, r) = series_decompose(dynamic([1,2,3,4]), 0, 'linefit')", "b:dynamic s:dynamic t:dynamic r:dynamic\n[1.0,2.0,3.0,4.0] [0.0,0.0,0.0,0.0] [1.0,2.0,3.0,4.0] [0.0,0.0,0.0,0.0]"},
		{"the mean alone", "print (b, s, t, r) = series_decompose(dynamic([1,3,null]), 0)", "b:dynamic s:dynamic t:dynamic r:dynamic\n[2.0,2.0,2.0] [0.0,0.0,0.0] [2.0,2.0,2.0] [-1.0,1.0,null]"},
		{"nothing alike", "print (p, s) = series_periods_detect(dynamic([5,5,5,5,5,5,5,5,5,5,5,5]), 0.0, 6.0, 1)", "p:dynamic s:dynamic\n[0.0] [0.0]"},
		{"seasons that are too few", "print series_seasonal(dynamic([1,2,3,4,1,2,3,4])), series_seasonal(dynamic([1,2,3,4,1,2,5,4]), 4)", "print_0:dynamic print_1:dynamic\n[0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0] [1.0,2.0,4.0,4.0,1.0,2.0,4.0,4.0]"},
		{"two lines", "print series_fit_2lines(dynamic([0,1,2,3,9,7,5,3])) | project series_fit_2lines__rsquare, series_fit_2lines__split_idx, series_fit_2lines__line_fit, series_fit_2lines__right_slope, series_fit_2lines__right_interception, series_fit_2lines__left_slope",
			"series_fit_2lines__rsquare:real series_fit_2lines__split_idx:long series_fit_2lines__line_fit:dynamic series_fit_2lines__right_slope:real series_fit_2lines__right_interception:real series_fit_2lines__left_slope:real\n1.0 4 [0.0,1.0,2.0,3.0,9.0,7.0,5.0,3.0] -2.0 9.0 1.0"},
		{"two lines as a bag", "print b = series_fit_2lines_dynamic(dynamic([0,1,2,3,9,7,5,3])) | project b.split_idx, b.left.slope, round(todouble(b.right.rsquare), 6)", "b_split_idx:dynamic b_left_slope:dynamic b_right_rsquare:real\n4 1.0 1.0"},
		{"too short for two lines", "print isnull(series_fit_2lines_dynamic(dynamic([1,2,3])).rsquare)", "print_0:bool\ntrue"},
		{"outliers", "print s = dynamic([1,2,3,4,5,6,7,8,9,10,60,null,-1]) | project a = series_outliers(s, 'tukey'), b = series_outliers(s, 'tukey', -1) | project round(todouble(a[10]), 2), a[11], todouble(a[12]) < 0, b[12], round(todouble(b[10]), 2)", "a_10:real a_11:dynamic Column1:bool b_12:dynamic b_10:real\n9.41 0.0 true 0.0 10.3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := printed(t, c.text, false); got != c.want {
				t.Errorf("%s\ngot\n%s\nwant\n%s", c.text, got, c.want)
			}
		})
	}
}
