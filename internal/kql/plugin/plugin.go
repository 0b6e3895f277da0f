// Package plugin computes what the plugins of Kusto's evaluate give: who was active when,
// which sequences of states were gone through, which combinations of values are frequent.
// A plugin is handed columns, those it slices by last, and constants, all of the right
// types; what a plugin is called with, and how its columns are named, is for the binder.
// Nothing here draws by chance: the same rows in the same order give the same answer.
package plugin

import (
	"errors"
	"math"
	"sync"

	"github.com/azptu/azptu/internal/kql/value"
)

// Table is rows handed to a plugin, column by column.
type Table struct {
	Cols []*value.Vector
	Len  int
}

// Call is one use of a plugin.
type Call struct {
	// Tables holds the rows and, for plugins that take one, a second table.
	Tables []Table
	Consts []value.Value
	// Dims is how many of the last columns of the first table the result is sliced by.
	Dims int
	// Out are the types of the result's columns.
	Out []value.Type
	// Grow counts bytes held; its error ends the plugin.
	Grow func(bytes int64) error
	// Check says whether to end early.
	Check func() error
	// who numbers the IDs of the first column.
	who *interner
}

// minus is a-b, or the least number there is.
func minus(a, b int64) int64 {
	if d := a - b; d <= a == (b >= 0) {
		return d
	}
	return math.MinInt64
}

// Func computes a plugin's columns.
type Func func(c *Call) ([]*value.Vector, error)

// registry holds the plugins by name; it is made when a query first asks for one.
var registry = sync.OnceValue(func() map[string]Func {
	return map[string]Func{
		"session_count":              sessionCount,
		"sliding_window_counts":      slidingWindowCounts,
		"active_users_count":         activeUsersCount,
		"activity_counts_metrics":    activityCounts,
		"activity_metrics":           activityMetrics,
		"activity_engagement":        activityEngagement,
		"new_activity_metrics":       newActivityMetrics,
		"rolling_percentile":         rollingPercentile,
		"funnel_sequence":            funnelSequence,
		"funnel_sequence_completion": funnelCompletion,
		"sequence_detect":            sequenceDetect,
		"dcount_intersect":           dcountIntersect,
		"autocluster":                autocluster,
		"basket":                     basket,
		"diffpatterns":               diffPatterns,
	}
})

// Lookup finds a plugin; nil when there is none of that name.
func Lookup(name string) Func { return registry()[name] }

// errTooMany ends a plugin whose constants ask for more than can be held.
var errTooMany = errors.New("the plugin was asked for more than 1,000,000 windows; take a larger step or a shorter time")

// maxWindows bounds the windows of a timeline.
const maxWindows = 1_000_000

// table gathers a plugin's result.
type table struct {
	c    *Call
	cols []*value.Builder
}

func (c *Call) result() *table {
	t := &table{c: c}
	for _, typ := range c.Out {
		t.cols = append(t.cols, value.NewBuilder(typ, 0))
	}
	return t
}

// rowCost is what a cell of a result is taken to hold, in bytes.
const rowCost = 24

// add puts a row.
func (t *table) add(vals ...value.Value) error {
	for i, v := range vals {
		t.cols[i].Append(v)
	}
	return t.c.Grow(rowCost * int64(len(vals)))
}

func (t *table) finish() []*value.Vector {
	out := make([]*value.Vector, len(t.cols))
	for i, b := range t.cols {
		out[i] = b.Finish()
	}
	return out
}

// row puts values together from parts.
func row(parts ...[]value.Value) []value.Value {
	var out []value.Value
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

func longs(ns ...int) []value.Value {
	out := make([]value.Value, len(ns))
	for i, n := range ns {
		out[i] = value.OfLong(int64(n))
	}
	return out
}

// interner numbers values.
type interner struct {
	ids map[string]uint32
	buf []byte
}

func newInterner() *interner { return &interner{ids: map[string]uint32{}} }

// id gives the number of row i's values in the columns, a new one when they are new.
func (n *interner) id(cols []*value.Vector, i int) (id uint32, isNew bool) {
	n.buf = n.buf[:0]
	for _, v := range cols {
		n.buf = value.AppendKey(n.buf, v, i)
	}
	id, ok := n.ids[string(n.buf)]
	if !ok {
		id = uint32(len(n.ids))
		n.ids[string(n.buf)] = id
	}
	return id, !ok
}
