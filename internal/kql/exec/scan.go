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
// also is a further condition on the scan's columns; nil for none.
func (x *Runner) scan(ctx context.Context, n *plan.Scan, also plan.Expr, workers int, emit func(*Rel) error) error {
	req := scan.Request{Columns: n.Index, Predicates: n.Predicates, Time: n.Time, Limit: n.Limit, Transient: n.Transient, Parallel: workers}
	for _, p := range n.Paths {
		req.Paths = append(req.Paths, scan.JSONPath{Column: n.DocIndex(p), Steps: p.Steps, Want: p.Want})
	}
	c := x.compiler(n.Columns())
	c.coded = n.Transient
	s := &scanner{req: req, done: n.PredOnly, convert: c.conversions(n.PathCols)}
	if n.Pred != nil {
		s.plain = c.condition(n.Pred)
	}
	if also != nil {
		s.deep = c.condition(also)
	}
	seq := atomic.Int64{}
	return n.Table.Scan(ctx, req, func(b *scan.Batch) (err error) {
		defer func() {
			if f := recover(); f != nil {
				err = fmt.Errorf("the query met a fault of the engine: %v", f)
			}
		}()
		var memory *scratch
		if n.Transient {
			memory = scratches.Get().(*scratch)
			defer memory.free()
		}
		r := s.rel(b, memory)
		if r == nil {
			return ctx.Err()
		}
		if workers <= 1 {
			r.Seq = seq.Add(1)
		}
		return emit(r)
	})
}

// scanner makes relations of a table's batches.
type scanner struct {
	req     scan.Request
	plain   condition // on columns
	deep    condition // on paths too
	done    []bool    // columns that nobody needs once the conditions are met
	convert []func(*value.Vector) *value.Vector
}

// rel gives the rows of a batch that meet the conditions; nil when there are none.
func (s *scanner) rel(b *scan.Batch, memory *scratch) *Rel {
	r := &Rel{Len: b.Len, Seq: b.Seq, Cols: b.Columns}
	sel, all := s.plain.choose(r)
	if !all && len(sel) == 0 {
		return nil
	}
	if len(s.deep) == 0 || s.ready(b) {
		// Nothing needs to be looked up row by row, so the rows are gathered once.
		if len(s.deep) > 0 {
			r.Cols = append(append(make([]*value.Vector, 0, len(b.Columns)+len(s.req.Paths)), b.Columns...), s.paths(b)...)
			sel, all = s.deep.further(r, sel, all)
			b = &scan.Batch{Len: b.Len, Seq: b.Seq, Columns: b.Columns, Paths: r.Cols[len(b.Columns):]}
		}
		if !all {
			if len(sel) == 0 {
				return nil
			}
			b = takeBatch(b, sel, s.done, memory)
		}
		return s.whole(b)
	}
	if !all {
		b = takeBatch(b, sel, s.done, memory)
	}
	r = s.whole(b)
	sel, all = s.deep.choose(r)
	if !all && len(sel) == 0 {
		return nil
	}
	if !all {
		r = r.take(sel)
	}
	return r
}

func (s *scanner) whole(b *scan.Batch) *Rel {
	r := &Rel{Len: b.Len, Seq: b.Seq, Cols: make([]*value.Vector, 0, len(b.Columns)+len(s.req.Paths))}
	r.Cols = append(append(r.Cols, b.Columns...), s.paths(b)...)
	return r
}

// ready says whether the table has the values of all paths, coded.
func (s *scanner) ready(b *scan.Batch) bool {
	for i := range s.req.Paths {
		if i >= len(b.Paths) || b.Paths[i] == nil || !b.Paths[i].Coded() && !b.Paths[i].Const {
			return false
		}
	}
	return true
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
func (s *scanner) paths(b *scan.Batch) []*value.Vector {
	out := make([]*value.Vector, len(s.req.Paths))
	missing := map[int][]int{}
	for k, p := range s.req.Paths {
		if k < len(b.Paths) && b.Paths[k] != nil {
			out[k] = b.Paths[k]
		} else {
			missing[p.Column] = append(missing[p.Column], k)
		}
	}
	for col, ks := range missing {
		doc := b.Sources[col]
		for i, c := range s.req.Columns {
			if doc == nil && c == col {
				doc = b.Columns[i]
			}
		}
		paths := make([][]value.Step, len(ks))
		for i, k := range ks {
			paths[i] = s.req.Paths[k].Steps
		}
		for i, v := range Extract(doc, paths) {
			out[ks[i]] = v
		}
	}
	for k, v := range out {
		out[k] = s.convert[k](v)
	}
	return out
}

// takeBatch keeps the selected rows of a table's batch. Columns that have done their duty
// are not copied.
func takeBatch(b *scan.Batch, sel []int32, done []bool, memory *scratch) *scan.Batch {
	out := &scan.Batch{Len: len(sel), Seq: b.Seq}
	for i, v := range b.Columns {
		if i < len(done) && done[i] {
			v = value.ConstOf(value.NullOf(v.Type), len(sel))
		} else {
			v = memory.take(v, sel)
		}
		out.Columns = append(out.Columns, v)
	}
	for _, v := range b.Paths {
		if v != nil {
			v = memory.take(v, sel)
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
