// Package plot draws the result of a query as its render operator asks: as
// blocks on a terminal, or as an SVG picture. What goes along the axis, what are
// series and what are values is found in the columns as Data Explorer finds it,
// unless the operator names them.
package plot

import (
	"math"
	"slices"
	"strings"

	"github.com/azptu/azptu/internal/kql"
	"github.com/azptu/azptu/internal/kql/value"
)

// Chart is a picture that is still numbers and words.
type Chart struct {
	Kind           string // of render: timechart, barchart, piechart …
	Title          string
	XTitle, YTitle string
	// X places the points: X[i] belongs to the i-th value of every series.
	// Labels name the places; Continuous tells that X is a scale (time or
	// numbers) and not a list of names.
	X          []float64
	Labels     []string
	Continuous bool
	Series     []Series
}

// Series is one line, or the bars of one kind. A value that is not there is NaN.
type Series struct {
	Name   string
	Values []float64
}

// maxSeries is how many series a picture can hold and still be read.
const maxSeries = 12

// kinds are what can be drawn; true where the places are a scale.
var kinds = map[string]bool{
	"timechart": true, "linechart": true, "areachart": true, "stackedareachart": true, "anomalychart": true, "scatterchart": true,
	"barchart": false, "columnchart": false, "piechart": false, "ladderchart": false,
}

// Of makes a chart of a result. ok is false when the query does not ask for one,
// or the result has nothing to draw.
func Of(t *kql.ResultTable) (chart *Chart, ok bool) {
	if t.Render == nil || t.Len == 0 {
		return nil, false
	}
	scale, known := kinds[t.Render.Kind]
	if !known {
		return nil, false
	}
	properties := t.Render.Properties
	x := axis(t, properties["xcolumn"], scale)
	ys := numbers(t, properties["ycolumns"], x)
	if x < 0 || len(ys) == 0 {
		return nil, false
	}
	c := &Chart{Kind: t.Render.Kind, Title: properties["title"], XTitle: properties["xtitle"], YTitle: properties["ytitle"]}
	if c.XTitle == "" {
		c.XTitle = t.Columns[x].Name
	}
	if c.YTitle == "" && len(ys) == 1 {
		c.YTitle = t.Columns[ys[0]].Name
	}
	c.Continuous = scale && (t.Columns[x].Type == value.DateTime || t.Columns[x].Type == value.TimeSpan || t.Columns[x].Type.IsNumeric())
	c.fill(t, x, ys, names(t, properties["series"], x, ys))
	return c, true
}

// column finds a column by name.
func column(t *kql.ResultTable, name string) int {
	return slices.IndexFunc(t.Columns, func(c kql.ResultColumn) bool { return c.Name == strings.TrimSpace(name) })
}

// columns finds those of a list of names that are there.
func columns(t *kql.ResultTable, list string) (found []int) {
	for name := range strings.SplitSeq(list, ",") {
		if i := column(t, name); i >= 0 {
			found = append(found, i)
		}
	}
	return found
}

// axis is the column along the axis: the one that is named, the first datetime
// where the places are a scale, else the first column.
func axis(t *kql.ResultTable, named string, scale bool) int {
	if named != "" {
		return column(t, named)
	}
	if scale {
		if i := slices.IndexFunc(t.Columns, func(c kql.ResultColumn) bool { return c.Type == value.DateTime }); i >= 0 {
			return i
		}
	}
	if len(t.Columns) == 0 {
		return -1
	}
	return 0
}

// numbers are the columns that hold values.
func numbers(t *kql.ResultTable, named string, x int) (ys []int) {
	if named != "" {
		return columns(t, named)
	}
	for i, c := range t.Columns {
		if i != x && c.Type.IsNumeric() {
			ys = append(ys, i)
		}
	}
	return ys
}

// names are the columns that tell series apart.
func names(t *kql.ResultTable, named string, x int, ys []int) (out []int) {
	if named != "" {
		return columns(t, named)
	}
	for i, c := range t.Columns {
		if i != x && !slices.Contains(ys, i) && (c.Type == value.String || c.Type == value.GUID || c.Type == value.Bool) {
			out = append(out, i)
		}
	}
	return out
}

// fill puts the rows into series over the places that occur.
func (c *Chart) fill(t *kql.ResultTable, x int, ys, by []int) {
	rows := t.Rows()
	places := map[string]int{}
	for _, row := range rows {
		label := kql.Text(row[x])
		if _, known := places[label]; !known {
			places[label] = len(c.Labels)
			c.Labels, c.X = append(c.Labels, label), append(c.X, number(row[x]))
		}
	}
	if c.Continuous {
		c.sortPlaces(places)
	}
	at := map[string]int{}
	for _, row := range rows {
		var prefix []string
		for _, i := range by {
			prefix = append(prefix, kql.Text(row[i]))
		}
		for _, y := range ys {
			name := strings.Join(prefix, ", ")
			if len(ys) > 1 || name == "" {
				name = strings.TrimPrefix(name+": "+t.Columns[y].Name, ": ")
			}
			i, known := at[name]
			if !known {
				if len(c.Series) == maxSeries {
					continue
				}
				i = len(c.Series)
				at[name], c.Series = i, append(c.Series, Series{name, nothing(len(c.X))})
			}
			c.Series[i].Values[places[kql.Text(row[x])]] = number(row[y])
		}
	}
}

// sortPlaces puts the places in the order of the scale.
func (c *Chart) sortPlaces(places map[string]int) {
	order := make([]int, len(c.X))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case c.X[a] < c.X[b]:
			return -1
		case c.X[a] > c.X[b]:
			return 1
		}
		return 0
	})
	labels, xs := make([]string, len(order)), make([]float64, len(order))
	for to, from := range order {
		labels[to], xs[to] = c.Labels[from], c.X[from]
		places[c.Labels[from]] = to
	}
	c.Labels, c.X = labels, xs
}

func nothing(n int) []float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = math.NaN()
	}
	return values
}

// number is a value as a place or a height; NaN when it is none.
func number(v kql.Value) float64 {
	switch {
	case v.Null:
		return math.NaN()
	case v.T == value.Real:
		if math.IsInf(v.F, 0) {
			return math.NaN()
		}
		return v.F
	case v.T == value.DateTime, v.T == value.TimeSpan, v.T == value.Int, v.T == value.Long, v.T == value.Bool:
		return float64(v.I)
	}
	real := value.Convert(v, value.Real)
	if real.Null {
		return math.NaN()
	}
	return real.F
}

// bounds are the least and the greatest value of all series, with 0 between
// them or at one end.
func (c *Chart) bounds() (low, high float64) {
	for _, s := range c.Series {
		for _, v := range s.Values {
			if !math.IsNaN(v) {
				low, high = min(low, v), max(high, v)
			}
		}
	}
	if low == high {
		high = low + 1
	}
	return low, high
}
