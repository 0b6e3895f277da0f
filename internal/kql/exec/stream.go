package exec

import (
	"context"
	"sync/atomic"

	"github.com/azptu/azptu/internal/kql/plan"
	"github.com/azptu/azptu/internal/kql/value"
)

func (x *Runner) project(ctx context.Context, n *plan.Project, workers int, emit func(*Rel) error) error {
	evals := x.over(n.In).all(n.Exprs)
	return x.stream(ctx, n.In, workers, func(r *Rel) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		out := &Rel{Len: r.Len, Seq: r.Seq, Cols: make([]*value.Vector, len(evals))}
		for i, e := range evals {
			out.Cols[i] = e(r)
		}
		return emit(out)
	})
}

func (x *Runner) limit(ctx context.Context, n *plan.Limit, emit func(*Rel) error) error {
	left := n.N
	if left == 0 {
		return nil
	}
	return ignoreStop(x.stream(ctx, n.In, 1, func(r *Rel) error {
		if int64(r.Len) > left {
			r = r.slice(0, int(left))
		}
		left -= int64(r.Len)
		if err := emit(r); err != nil {
			return stopped{err}
		}
		if left == 0 {
			return errStop
		}
		return nil
	}))
}

// stopped carries an error of the receiver through a stream that is stopped early.
type stopped struct{ error }

func (s stopped) Unwrap() error { return s.error }

// ignoreStop ends an early stop here; one that came from further down goes on.
func ignoreStop(err error) error {
	if s, ok := err.(stopped); ok {
		return s.error
	}
	if err == errStop {
		return nil
	}
	return err
}

func (x *Runner) union(ctx context.Context, n *plan.Union, emit func(*Rel) error) error {
	var seq atomic.Int64
	for i, in := range n.Ins {
		err := x.stream(ctx, in, 1, func(r *Rel) error {
			out := &Rel{Len: r.Len, Seq: seq.Add(1), Cols: make([]*value.Vector, len(n.Cols))}
			for c, from := range n.Map[i] {
				if from >= 0 {
					out.Cols[c] = r.Cols[from]
				} else {
					out.Cols[c] = value.ConstOf(value.NullOf(n.Cols[c].Type), r.Len)
				}
			}
			return emit(out)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// sample keeps N rows, each as likely as any other (reservoir).
func (x *Runner) sample(ctx context.Context, n *plan.Sample, emit func(*Rel) error) error {
	in, err := x.hold(ctx, "sample", n.In)
	if err != nil {
		return err
	}
	if n.N >= int64(in.Len) {
		return emitBatches(in, emit)
	}
	sel := make([]int32, 0, n.N)
	for i := range in.Len {
		if int64(len(sel)) < n.N {
			sel = append(sel, int32(i))
		} else if j := int64(x.Fn.Random() * float64(i+1)); j < n.N {
			sel[j] = int32(i)
		}
	}
	return emitBatches(in.take(sel), emit)
}
