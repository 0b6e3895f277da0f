package exec

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/azptu/azptu/internal/kql/fn"
	"github.com/azptu/azptu/internal/kql/plan"
	"github.com/azptu/azptu/internal/kql/scan"
	"github.com/azptu/azptu/internal/kql/value"
)

// scan reads a table, looking up JSON paths itself where the table does not have them ready.
func (x *Runner) scan(ctx context.Context, n *plan.Scan, workers int, emit func(*Rel) error) error {
	req := scan.Request{Columns: n.Index, Predicates: n.Predicates, Time: n.Time, Limit: n.Limit, Transient: n.Transient, Parallel: workers}
	for _, p := range n.Paths {
		req.Paths = append(req.Paths, scan.JSONPath{Column: n.DocIndex(p), Steps: p.Steps, Want: p.Want})
	}
	seq := atomic.Int64{}
	c := x.compiler(n.Cols)
	c.coded = n.Transient
	var pred condition
	if n.Pred != nil {
		pred = c.condition(n.Pred)
	}
	convert := c.conversions(n.PathCols)
	return n.Table.Scan(ctx, req, func(b *scan.Batch) (err error) {
		defer func() {
			if f := recover(); f != nil {
				err = fmt.Errorf("the query met a fault of the engine: %v", f)
			}
		}()
		if pred != nil {
			sel, all := pred.choose(&Rel{Cols: b.Columns, Len: b.Len})
			if !all && len(sel) == 0 {
				return ctx.Err()
			}
			if !all {
				b = takeBatch(b, sel, n.PredOnly)
			}
		}
		r := &Rel{Len: b.Len, Seq: b.Seq, Cols: make([]*value.Vector, 0, len(b.Columns)+len(req.Paths))}
		if workers <= 1 {
			r.Seq = seq.Add(1)
		}
		r.Cols = append(append(r.Cols, b.Columns...), x.paths(convert, req, b)...)
		return emit(r)
	})
}

// conversions give the values of paths the types that the query wants.
func (c *compiler) conversions(cols []plan.Col) []func(*value.Vector) *value.Vector {
	out := make([]func(*value.Vector) *value.Vector, len(cols))
	for i, col := range cols {
		f, want := fn.Converter(col.Type), col.Type
		var apply func([]*value.Vector, int) *value.Vector
		if f != nil {
			apply = c.applier(f, 0, want)
		}
		out[i] = func(v *value.Vector) *value.Vector {
			switch {
			case v.Type == want:
				return v
			case apply == nil:
				return asDynamic(v)
			}
			return apply([]*value.Vector{v}, v.Len)
		}
	}
	return out
}

// asDynamic makes dynamics of the values of a vector.
func asDynamic(v *value.Vector) *value.Vector {
	b := value.NewBuilder(value.Dynamic, v.Len)
	for i := range v.Len {
		b.Append(v.Value(i))
	}
	return b.Finish()
}

// paths gives the path columns of a batch.
func (x *Runner) paths(convert []func(*value.Vector) *value.Vector, req scan.Request, b *scan.Batch) []*value.Vector {
	out := make([]*value.Vector, len(req.Paths))
	missing := map[int][]int{}
	for k, p := range req.Paths {
		if k < len(b.Paths) && b.Paths[k] != nil {
			out[k] = b.Paths[k]
		} else {
			missing[p.Column] = append(missing[p.Column], k)
		}
	}
	for col, ks := range missing {
		doc := b.Sources[col]
		for i, c := range req.Columns {
			if doc == nil && c == col {
				doc = b.Columns[i]
			}
		}
		paths := make([][]value.Step, len(ks))
		for i, k := range ks {
			paths[i] = req.Paths[k].Steps
		}
		for i, v := range Extract(doc, paths) {
			out[ks[i]] = v
		}
	}
	for k, v := range out {
		out[k] = convert[k](v)
	}
	return out
}

// takeBatch keeps the selected rows of a table's batch. Columns that have done their duty
// are not copied.
func takeBatch(b *scan.Batch, sel []int32, done []bool) *scan.Batch {
	out := &scan.Batch{Len: len(sel), Seq: b.Seq}
	for i, v := range b.Columns {
		if i < len(done) && done[i] {
			v = value.ConstOf(value.NullOf(v.Type), len(sel))
		} else {
			v = v.Take(sel)
		}
		out.Columns = append(out.Columns, v)
	}
	for _, v := range b.Paths {
		if v != nil {
			v = v.Take(sel)
		}
		out.Paths = append(out.Paths, v)
	}
	if len(b.Sources) > 0 {
		out.Sources = make(map[int]*value.Vector, len(b.Sources))
		for c, v := range b.Sources {
			out.Sources[c] = v.Take(sel)
		}
	}
	return out
}
