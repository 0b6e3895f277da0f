package exec

import (
	"context"

	"github.com/azptu/azptu/internal/kql/plan"
	"github.com/azptu/azptu/internal/kql/value"
)

// window computes functions that see neighbouring rows, one after the other, each seeing
// the results of those before it.
func (x *Runner) window(ctx context.Context, n *plan.Window, emit func(*Rel) error) error {
	in, err := x.hold(ctx, "serialize", n.In)
	if err != nil {
		return err
	}
	cols := append([]plan.Col(nil), n.In.Columns()...)
	for _, call := range n.Calls {
		args := keysOf(x.compiler(cols).all(call.Args), in)
		in = &Rel{Len: in.Len, Cols: append(in.Cols[:len(in.Cols):len(in.Cols)], windows[call.Name](call, args, in.Len))}
		cols = append(cols, call.Out)
	}
	return emitBatches(in, emit)
}

// windows are the functions by name.
var windows = map[string]func(c plan.WindowCall, a []*value.Vector, n int) *value.Vector{
	"prev": neighbour(-1), "next": neighbour(1), "row_number": rowNumber, "row_cumsum": rowCumsum,
	"row_rank_dense": rowRank(true), "row_rank": rowRank(true), "row_rank_min": rowRank(false), "row_window_session": rowSession, "rows_near": rowsNear,
}

func neighbour(sign int64) func(plan.WindowCall, []*value.Vector, int) *value.Vector {
	return func(c plan.WindowCall, a []*value.Vector, n int) *value.Vector {
		offset, def := int64(1), value.NullOf(c.Out.Type)
		if len(a) > 1 && a[1].Len > 0 {
			offset = a[1].Value(0).I
		}
		if len(a) > 2 && a[2].Len > 0 {
			def = a[2].Value(0)
		}
		b := value.NewBuilder(c.Out.Type, n)
		for i := range n {
			if j := int64(i) + sign*offset; j >= 0 && j < int64(n) {
				b.AppendFrom(a[0], int(j))
			} else {
				b.Append(def)
			}
		}
		return b.Finish()
	}
}

// restarts says whether a row begins anew, by the optional last argument.
func restarts(a []*value.Vector, at, i int) bool {
	return len(a) > at && a[at].Value(i).Bool()
}

func rowNumber(_ plan.WindowCall, a []*value.Vector, n int) *value.Vector {
	start := int64(1)
	if len(a) > 0 && a[0].Len > 0 {
		start = a[0].Value(0).I
	}
	out := make([]int64, n)
	next := start
	for i := range out {
		if restarts(a, 1, i) {
			next = start
		}
		out[i] = next
		next++
	}
	return &value.Vector{Type: value.Long, Len: n, I64: out}
}

func rowCumsum(c plan.WindowCall, a []*value.Vector, n int) *value.Vector {
	b := value.NewBuilder(c.Out.Type, n)
	var ints int64
	var reals float64
	var dec value.Dec
	for i := range n {
		if restarts(a, 1, i) {
			ints, reals, dec = 0, 0, value.Dec{}
		}
		v := a[0].Value(i)
		if !v.Null {
			ints, reals, dec = ints+v.I, reals+v.F, dec.Add(v.Dec())
		}
		switch c.Out.Type {
		case value.Real:
			b.Append(value.OfReal(reals))
		case value.Decimal:
			b.Append(value.OfDec(dec))
		default:
			b.Append(value.Value{T: c.Out.Type, I: ints})
		}
	}
	return b.Finish()
}

func rowRank(dense bool) func(plan.WindowCall, []*value.Vector, int) *value.Vector {
	return func(_ plan.WindowCall, a []*value.Vector, n int) *value.Vector {
		out := make([]int64, n)
		rank, count := int64(0), int64(0)
		for i := range out {
			if restarts(a, 1, i) {
				rank, count = 0, 0
			}
			count++
			if count == 1 || value.Compare(a[0].Value(i), a[0].Value(i-1)) != 0 {
				if rank++; !dense {
					rank = count
				}
			}
			out[i] = rank
		}
		return &value.Vector{Type: value.Long, Len: n, I64: out}
	}
}

func rowSession(c plan.WindowCall, a []*value.Vector, n int) *value.Vector {
	b := value.NewBuilder(c.Out.Type, n)
	var start, last value.Value
	for i := range n {
		v := a[0].Value(i)
		if v.Null {
			start = value.Value{}
			b.AppendNull()
			continue
		}
		if start.T == value.Unknown || restarts(a, 3, i) || v.I-start.I >= a[1].Value(i).I || v.I-last.I >= a[2].Value(i).I {
			start = v
		}
		last = v
		b.Append(start)
	}
	return b.Finish()
}

// rowsNear says for each row whether a condition holds there or so many rows further on or back.
func rowsNear(_ plan.WindowCall, a []*value.Vector, n int) *value.Vector {
	out := make([]int64, n)
	if n == 0 {
		return value.BoolsOf(out, nil)
	}
	before, after := int(min(a[1].Value(0).I, int64(n))), int(min(a[2].Value(0).I, int64(n)))
	done := 0
	for i := range n {
		if !a[0].Value(i).Bool() {
			continue
		}
		for j := max(i-before, done); j <= min(i+after, n-1); j++ {
			out[j] = 1
		}
		done = min(i+after, n-1) + 1
	}
	return value.BoolsOf(out, nil)
}
