package plan

import (
	"maps"
	"slices"
	"strings"

	"github.com/azptu/azptu/internal/kql/ast"
	"github.com/azptu/azptu/internal/kql/value"
)

// Plugin hands rows to a plugin of evaluate. The inputs give the columns that it takes, in
// its order, those that the result is sliced by last.
type Plugin struct {
	Ins    []Node
	Name   string
	Consts []value.Value
	Dims   int
	Cols   []Col
}

// Columns are those that the plugin makes.
func (n *Plugin) Columns() []Col { return n.Cols }

type pluginBinder = func(b *binder, p *pipeline, op *ast.Evaluate, in *scope)

// plugins are the evaluate plugins by name.
func plugins() map[string]pluginBinder {
	return map[string]pluginBinder{
		"pivot": (*binder).pivot, "bag_unpack": (*binder).bagUnpack, "narrow": (*binder).narrow, "ipv4_lookup": (*binder).ipLookup, "ipv6_lookup": (*binder).ipLookup,
		"rows_near": (*binder).rowsNear, "geo_polygon_lookup": (*binder).shapeLookup, "geo_line_lookup": (*binder).shapeLookup,
		"identity": (*binder).identity, "preview": (*binder).preview,
		"session_count":              timeline("start end bin lookback dims", "count_sessions:long"),
		"sliding_window_counts":      timeline("start end lookback calendar dims", "Count:long Dcount:long"),
		"active_users_count":         timeline("start end lookback lookback count calendar dims", "dcount:long"),
		"activity_counts_metrics":    timeline("start end calendar dims", "count:long dcount:long new_dcount:long aggregated_dcount:long"),
		"activity_metrics":           timeline("bounds calendar dims", "dcount_values:long dcount_newvalues:long retention_rate:real churn_rate:real"),
		"activity_engagement":        timeline("bounds bin lookback dims", "dcount_activities_inner:long dcount_activities_outer:long activity_ratio:real"),
		"new_activity_metrics":       (*binder).newActivity,
		"rolling_percentile":         (*binder).rollingPercentile,
		"funnel_sequence":            (*binder).funnel,
		"funnel_sequence_completion": (*binder).funnelCompletion,
		"sequence_detect":            (*binder).sequenceDetect,
		"dcount_intersect":           (*binder).dcountIntersect,
		"autocluster":                (*binder).patterns,
		"basket":                     (*binder).patterns,
		"diffpatterns":               (*binder).patterns,
	}
}

// PluginNames lists the plugins of evaluate, sorted.
func PluginNames() []string { return slices.Sorted(maps.Keys(plugins())) }

// outside are the plugins of Kusto that go beyond the tables of the database.
const outside = " python r sql_request mysql_request postgresql_request cosmosdb_sql_request http_request http_request_post azure_digital_twins_query_request ai_embeddings ai_embed_text ai_chat_completion ai_chat_completion_prompt infer_storage_schema infer_storage_schema_with_suggestions "

func (b *binder) evaluate(p *pipeline, op *ast.Evaluate, in *scope) {
	f := plugins()[op.Call.Name]
	switch {
	case f == nil && strings.Contains(outside, " "+op.Call.Name+" "):
		b.failf(op.Call.Pos, "the plugin %s() is not supported: it runs code or asks services outside the database, and this engine reads tables only", op.Call.Name)
	case f == nil:
		b.failNear(op.Call.Pos, "the plugin "+op.Call.Name+"() is not supported", op.Call.Name, PluginNames())
	}
	f(b, p, op, in)
	p.ordered = false
}

// pluginArgs reads a plugin's arguments one after the other.
type pluginArgs struct {
	b     *binder
	p     *pipeline
	in    *scope
	op    *ast.Evaluate
	rest  []ast.Expr
	exprs []Expr
	names []string
	n     *Plugin
}

func (b *binder) pluginArgs(p *pipeline, op *ast.Evaluate, in *scope) *pluginArgs {
	return &pluginArgs{b: b, p: p, in: in, op: op, rest: op.Call.Args, n: &Plugin{Name: op.Call.Name}}
}

// next takes an argument; what says what it is to be.
func (a *pluginArgs) next(what string) ast.Expr {
	if len(a.rest) == 0 {
		a.b.failf(a.op.Call.Pos, "%s() lacks an argument: %s", a.op.Call.Name, what)
	}
	x := a.rest[0]
	a.rest = a.rest[1:]
	return x
}

// column takes a column and gives its type.
func (a *pluginArgs) column(what string) Expr {
	arg := a.next(what)
	x := a.b.scalar(arg, a.p.rowOf(a.in))
	if _, ok := x.(Ref); !ok {
		a.b.failf(arg.At(), "a column was expected here: %s", what)
	}
	a.exprs, a.names = append(a.exprs, x), append(a.names, nameOf(arg))
	return x
}

// when takes the timeline.
func (a *pluginArgs) when() value.Type {
	at := a.op.Call.Pos
	if len(a.rest) > 0 {
		at = a.rest[0].At()
	}
	t := a.column("the time of each row").Type()
	if t != value.DateTime && t != value.TimeSpan && !t.IsInteger() {
		a.b.failf(at, "the timeline of %s() is a datetime, timespan, int or long, not a %s", a.op.Call.Name, t)
	}
	return t
}

// constant takes a constant of a type, which numbers are converted to.
func (a *pluginArgs) constant(what string, t value.Type) value.Value {
	arg := a.next(what)
	v := a.b.constant(arg, a.in)
	if v.Null || v.T != t && !(v.T.IsNumeric() && t.IsNumeric()) {
		a.b.failf(arg.At(), "a constant %s was expected here: %s", t, what)
	}
	v = value.Convert(v, t)
	a.n.Consts = append(a.n.Consts, v)
	return v
}

// lengthOf is the type of a length on a timeline.
func lengthOf(t value.Type) value.Type {
	if t == value.DateTime {
		return value.TimeSpan
	}
	return t
}

// length takes a constant length of time, more than zero.
func (a *pluginArgs) length(what string, t value.Type) {
	arg := a.next(what)
	a.rest = append([]ast.Expr{arg}, a.rest...)
	if a.constant(what, lengthOf(t)).I <= 0 {
		a.b.failf(arg.At(), "%s must be more than zero", what)
	}
}

// calendar takes a length or, for datetimes, week, month or year.
func (a *pluginArgs) calendar(t value.Type) {
	if len(a.rest) > 0 && t == value.DateTime {
		if k, ok := a.b.scalar(a.rest[0], a.p.rowOf(a.in)).(Const); ok && k.V.T == value.String {
			if k.V.S != "week" && k.V.S != "month" && k.V.S != "year" {
				a.b.failf(a.rest[0].At(), "a timespan, or one of 'week', 'month' and 'year', was expected here")
			}
			a.rest, a.n.Consts = a.rest[1:], append(a.n.Consts, k.V)
			return
		}
	}
	a.length("the step", t)
}

// dims takes the remaining arguments, columns to slice by, and gives the result's columns
// for them.
func (a *pluginArgs) dims() []Col {
	var out []Col
	for len(a.rest) > 0 {
		x := a.column("a column to slice by")
		out = append(out, a.b.col(a.names[len(a.names)-1], x.Type()))
	}
	a.n.Dims = len(out)
	return out
}

// done puts the plugin onto the pipeline.
func (a *pluginArgs) done(cols ...Col) {
	if len(a.rest) > 0 {
		a.b.failf(a.rest[0].At(), "%s() takes no more arguments", a.op.Call.Name)
	}
	a.n.Ins = append([]Node{a.rows()}, a.n.Ins...)
	taken := newNamer(nil)
	for i := range cols {
		cols[i].Name = taken.unique(cols[i].Name)
	}
	a.n.Cols = cols
	a.p.node = a.n
}

// rows is what the plugin reads: its columns one by one.
func (a *pluginArgs) rows() Node {
	in := &Project{In: a.p.node, Exprs: a.exprs}
	for i, x := range a.exprs {
		in.Cols = append(in.Cols, a.b.col(a.names[i], x.Type()))
	}
	return in
}

// made gives columns written as name:type.
func (a *pluginArgs) made(list string) []Col {
	var out []Col
	for _, def := range strings.Fields(list) {
		name, typ, _ := strings.Cut(def, ":")
		t, _ := value.TypeByName(typ)
		out = append(out, a.b.col(name, t))
	}
	return out
}

// timeline makes the binder of a plugin that is called with an ID, a time, and what takes
// lists: start and end of the timeline's type, bounds for both or neither, lengths of time,
// dims for columns to slice by. It gives the time, the columns sliced by, and those of makes.
func timeline(takes, makes string) pluginBinder {
	return func(b *binder, p *pipeline, op *ast.Evaluate, in *scope) {
		a := b.pluginArgs(p, op, in)
		a.column("the ID of who is active")
		t := a.when()
		at := b.col(a.names[1], t)
		var dims []Col
		for _, what := range strings.Fields(takes) {
			switch what {
			case "start", "end":
				a.constant("the "+what+" of the analysis", t)
			case "bounds":
				a.bounds(t)
			case "calendar":
				a.calendar(t)
			case "count":
				a.constant("how many periods", value.Long)
			case "dims":
				dims = a.dims()
			default:
				a.length("the "+what+" window", t)
			}
		}
		a.done(append(append([]Col{at}, dims...), a.made(makes)...)...)
	}
}

// bounds takes start and end when they are given; of a datetime's timeline a step can be told
// from them by its type, of others by how many arguments there are.
func (a *pluginArgs) bounds(t value.Type) {
	if len(a.rest) > 0 {
		k, ok := a.b.scalar(a.rest[0], a.p.rowOf(a.in)).(Const)
		if ok && k.V.T == value.DateTime || t != value.DateTime && a.constants() > 2 {
			a.constant("the start of the analysis", t)
			a.constant("the end of the analysis", t)
			return
		}
	}
	a.n.Consts = append(a.n.Consts, value.NullOf(t), value.NullOf(t))
}

// constants counts the constants that come next.
func (a *pluginArgs) constants() int {
	for i, x := range a.rest {
		if _, ok := a.b.scalar(x, a.p.rowOf(a.in)).(Const); !ok {
			return i
		}
	}
	return len(a.rest)
}
