package exec

import (
	"context"
	"fmt"
	"math"

	"github.com/azptu/azptu/internal/kql/plan"
	"github.com/azptu/azptu/internal/kql/value"
)

// maxPoints bounds the points of one series.
const maxPoints = 1 << 20

// axis maps values to places along the axis of make-series.
type axis struct {
	typ      value.Type
	from     value.Value
	step     value.Value
	n        int
	realAxis bool
}

func (a *axis) index(v value.Value) int {
	if v.Null {
		return -1
	}
	if a.realAxis {
		return a.within(math.Floor((asFloat(v) - asFloat(a.from)) / asFloat(a.step)))
	}
	d := v.I - a.from.I
	if d < 0 {
		return -1
	}
	return a.within(float64(d / a.step.I))
}

func (a *axis) within(i float64) int {
	if i < 0 || i >= float64(a.n) {
		return -1
	}
	return int(i)
}

func (a *axis) at(i int) value.Value {
	if a.realAxis {
		return value.Convert(value.OfReal(asFloat(a.from)+float64(i)*asFloat(a.step)), a.typ)
	}
	return value.Value{T: a.typ, I: a.from.I + int64(i)*a.step.I}
}

func asFloat(v value.Value) float64 {
	if v.T == value.Real {
		return v.F
	}
	return value.Convert(v, value.Real).F
}

// extent finds the smallest and the largest value.
func extent(t value.Type, v *value.Vector, rows int) (lo, hi value.Value) {
	lo, hi = value.NullOf(t), value.NullOf(t)
	for i := range rows {
		k := v.Value(i)
		if k.Null {
			continue
		}
		if lo.Null || value.Compare(k, lo) < 0 {
			lo = k
		}
		if hi.Null || value.Compare(k, hi) > 0 {
			hi = k
		}
	}
	return lo, hi
}

func (x *Runner) axisOf(n *plan.MakeSeries, v *value.Vector, rows int) (*axis, error) {
	t := n.Axis.Type()
	a := &axis{typ: t, from: n.From, step: n.Step, realAxis: t == value.Real || t == value.Decimal}
	lo, hi := extent(t, v, rows)
	if a.from.Null {
		if a.from = lo; !lo.Null && !a.realAxis {
			a.from.I -= (lo.I%a.step.I + a.step.I) % a.step.I
		}
	}
	to, inclusive := n.To, n.Inclusive
	if to.Null {
		to, inclusive = hi, true
	}
	if a.from.Null || to.Null {
		return a, nil
	}
	points := a.points(to, inclusive)
	if points > maxPoints {
		return nil, &LimitError{What: fmt.Sprintf("makes more than %d points: ask for larger steps or less time", maxPoints), Operator: "make-series"}
	}
	a.n = int(max(points, 0))
	return a, nil
}

// points counts the places from the axis' begin up to its end.
func (a *axis) points(to value.Value, inclusive bool) float64 {
	if a.realAxis {
		n := math.Ceil((asFloat(to) - asFloat(a.from)) / asFloat(a.step))
		if inclusive {
			n++
		}
		return n
	}
	n := math.Ceil(float64(to.I-a.from.I) / float64(a.step.I))
	if inclusive && a.at(int(min(n, maxPoints))).I <= to.I {
		n++
	}
	return n
}

// makeSeries groups by the keys and the place on the axis, then lays the results out.
func (x *Runner) makeSeries(ctx context.Context, n *plan.MakeSeries, emit func(*Rel) error) error {
	in, err := x.hold(ctx, "make-series", n.In)
	if err != nil {
		return err
	}
	c := x.compiler(n.In.Columns())
	ax, err := x.axisOf(n, c.compile(n.Axis)(in), in.Len)
	if err != nil {
		return err
	}
	place := &value.Vector{Type: value.Long, Len: in.Len, I64: make([]int64, in.Len)}
	av := c.compile(n.Axis)(in)
	var sel []int32
	for i := range in.Len {
		if k := ax.index(av.Value(i)); k >= 0 {
			place.I64[i] = int64(k)
			sel = append(sel, int32(i))
		}
	}
	keys := keysOf(c.all(n.Keys), in)
	args := make([][]*value.Vector, len(n.Aggs))
	for i, a := range n.Aggs {
		args[i] = takeAll(keysOf(c.all(a.Args), in), sel)
	}
	series := x.newGrouping(n.Keys, nil)
	owner := series.g.assign(takeAll(keys, sel), len(sel), 0)
	cells := x.newGrouping([]plan.Expr{plan.Ref{T: value.Long}, plan.Ref{T: value.Long}}, n.Aggs)
	ownerCol := &value.Vector{Type: value.Long, Len: len(sel), I64: make([]int64, len(sel))}
	for i, o := range owner {
		ownerCol.I64[i] = int64(o)
	}
	groups := cells.g.assign([]*value.Vector{ownerCol, place.Take(sel)}, len(sel), 0)
	for i, a := range cells.aggs {
		a.Resize(cells.g.len())
		a.Update(groups, args[i], len(sel))
	}
	return emit(x.layOut(n, ax, series, cells))
}

func takeAll(vs []*value.Vector, sel []int32) []*value.Vector {
	out := make([]*value.Vector, len(vs))
	for i, v := range vs {
		out[i] = v.Take(sel)
	}
	return out
}

func (x *Runner) layOut(n *plan.MakeSeries, ax *axis, series, cells *grouping) *Rel {
	count := len(series.g.first)
	if len(n.Keys) == 0 {
		count = min(len(cells.g.first), 1)
		if n.Nonempty {
			count = 1
		}
	}
	out := &Rel{Len: count}
	out.Cols = append(out.Cols, series.g.columns()...)
	at := cells.g.columns()
	owners, places := at[0], at[1]
	spans := ax.spans(n, count, owners.I64, places.I64)
	for i, points := range x.pointsOf(n, cells) {
		lines := make([]any, count)
		for s := range lines {
			line := make([]any, spans[s].to-spans[s].from)
			for k := range line {
				line[k] = n.Defaults[i].AsDynamic()
			}
			lines[s] = line
		}
		for g := range cells.g.len() {
			s := owners.I64[g]
			lines[s].([]any)[int(places.I64[g])-spans[s].from] = points.Value(g).AsDynamic()
		}
		out.Cols = append(out.Cols, &value.Vector{Type: value.Dynamic, Len: count, Dyn: lines})
	}
	points := make([]any, ax.n)
	for k := range points {
		points[k] = ax.at(k).AsDynamic()
	}
	axes := make([]any, count)
	for s := range axes {
		axes[s] = points[spans[s].from:spans[s].to:spans[s].to]
	}
	out.Cols = append(out.Cols, &value.Vector{Type: value.Dynamic, Len: count, Dyn: axes})
	return out
}

// span is the part of the axis that a series covers.
type span struct{ from, to int }

// spans gives each series the axis as far as the query bounds it; where it does not, a
// series begins with its own first rows and ends with its last.
func (a *axis) spans(n *plan.MakeSeries, count int, owners, places []int64) []span {
	out := make([]span, count)
	for s := range out {
		out[s] = span{0, a.n}
	}
	if len(n.Keys) == 0 {
		return out
	}
	seen := make([]span, count)
	for i, s := range owners {
		k := int(places[i])
		if seen[s].to == 0 {
			seen[s] = span{k, k + 1}
		}
		seen[s] = span{min(seen[s].from, k), max(seen[s].to, k+1)}
	}
	for s := range out {
		if n.From.Null {
			out[s].from = seen[s].from
		}
		if n.To.Null {
			out[s].to = seen[s].to
		}
	}
	return out
}

// pointsOf computes the values of each series where there are rows.
func (x *Runner) pointsOf(n *plan.MakeSeries, cells *grouping) []*value.Vector {
	r := &Rel{Len: cells.g.len()}
	var cols []plan.Col
	for i, a := range cells.aggs {
		r.Cols, cols = append(r.Cols, a.Results()...), append(cols, n.Aggs[i].Out...)
	}
	return keysOf(x.compiler(cols).all(n.Values), r)
}
