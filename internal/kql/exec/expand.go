package exec

import (
	"context"
	"fmt"
	"math"

	"github.com/azptu/azptu/internal/kql/plan"
	"github.com/azptu/azptu/internal/kql/value"
)

// expansion is the rows that come of expanding a batch.
type expansion struct {
	rows  []int32 // the row each came from
	index []int64
	items []*value.Vector
}

// membersOf gives what a dynamic opens into: an array's members, a bag's properties as
// bags of one (or pairs), anything else itself.
func membersOf(x any, pairs bool) []any {
	switch x := x.(type) {
	case []any:
		return x
	case *value.Bag:
		out := make([]any, x.Len())
		for i, k := range x.Keys {
			if pairs {
				out[i] = []any{k, x.Vals[i]}
				continue
			}
			b := &value.Bag{}
			b.Set(k, x.Vals[i])
			out[i] = b
		}
		return out
	}
	return []any{x}
}

// maxOpened bounds the rows an expansion makes before they are passed on.
const maxOpened = 64 * 1024

// opened expands rows from the given one on, until there are many; it gives the row to go
// on with. With all it goes on to the end, within the limit of rows.
func (x *Runner) opened(n *plan.Expand, docs []*value.Vector, rows, from int, all bool) (*expansion, int, error) {
	builders := make([]*value.Builder, len(docs))
	for i := range docs {
		builders[i] = value.NewBuilder(n.Items[i].Out.Type, rows)
	}
	out := &expansion{}
	lists := make([][]any, len(docs))
	row := from
	for ; row < rows && (all || len(out.rows) < maxOpened); row++ {
		if x.MaxRows > 0 && int64(len(out.rows)) > x.MaxRows {
			return nil, 0, &LimitError{What: fmt.Sprintf("makes more than %d rows: filter rows or lists first", x.MaxRows), Operator: "mv-expand"}
		}
		count := 0
		for i, d := range docs {
			lists[i] = membersOf(d.Dynamic(row), n.Array)
			count = max(count, len(lists[i]))
		}
		for k := range int(min(int64(count), n.Limit)) {
			out.rows, out.index = append(out.rows, int32(row)), append(out.index, int64(k))
			for i, l := range lists {
				if k < len(l) {
					builders[i].Append(value.Convert(value.OfDynamic(l[k]), n.Items[i].Out.Type))
				} else {
					builders[i].AppendNull()
				}
			}
		}
	}
	for _, b := range builders {
		out.items = append(out.items, b.Finish())
	}
	return out, row, nil
}

// rel puts the expansion's columns in their places.
func (e *expansion) rel(n *plan.Expand, r *Rel) *Rel {
	out := &Rel{Len: len(e.rows), Seq: r.Seq, Cols: make([]*value.Vector, len(n.Keep))}
	for i, from := range n.Keep {
		switch {
		case from == math.MinInt32:
			out.Cols[i] = &value.Vector{Type: value.Long, Len: len(e.index), I64: e.index}
		case from < 0:
			out.Cols[i] = e.items[-1-from]
		default:
			out.Cols[i] = r.Cols[from].Take(e.rows)
		}
	}
	return out
}

func expandItems(n *plan.Expand) []plan.Expr {
	xs := make([]plan.Expr, len(n.Items))
	for i, it := range n.Items {
		xs[i] = it.X
	}
	return xs
}

func (x *Runner) expand(ctx context.Context, n *plan.Expand, workers int, emit func(*Rel) error) error {
	evals := x.compiler(n.In.Columns()).all(expandItems(n))
	return x.stream(ctx, n.In, workers, func(r *Rel) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		docs := keysOf(evals, r)
		for row := 0; row < r.Len; {
			e, next, err := x.opened(n, docs, r.Len, row, false)
			if err == nil {
				err = emit(e.rel(n, r))
			}
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				return err
			}
			row = next
		}
		return nil
	})
}

// bound stands for a plan.Source whose rows are at hand.
type bound struct {
	cols []plan.Col
	rel  *Rel
}

// Columns implements plan.Node.
func (b *bound) Columns() []plan.Col { return b.cols }

// apply runs a subquery over the expansion of each row and puts the row's columns beside.
func (x *Runner) apply(ctx context.Context, n *plan.Apply, emit func(*Rel) error) error {
	in, err := x.hold(ctx, "mv-apply", n.In.In)
	if err != nil {
		return err
	}
	e, _, err := x.opened(n.In, keysOf(x.compiler(n.In.In.Columns()).all(expandItems(n.In)), in), in.Len, 0, true)
	if err != nil {
		return err
	}
	all := e.rel(n.In, in)
	leftPlaces, subPlaces := applyColumns(n)
	var rows []int32
	var parts [][]*value.Vector
	for lo := 0; lo < all.Len; {
		hi := lo
		for hi < all.Len && e.rows[hi] == e.rows[lo] {
			hi++
		}
		src := &bound{cols: n.Source.Cols, rel: all.slice(lo, hi)}
		res, err := x.hold(ctx, "mv-apply", plan.Replace(n.Sub, n.Source, src))
		if err != nil {
			return err
		}
		for range res.Len {
			rows = append(rows, e.rows[lo])
		}
		parts = append(parts, res.Cols)
		lo = hi
	}
	out := &Rel{Len: len(rows)}
	for _, p := range leftPlaces {
		out.Cols = append(out.Cols, in.Cols[p].Take(rows))
	}
	for _, p := range subPlaces {
		vs := make([]*value.Vector, len(parts))
		for i, part := range parts {
			vs[i] = part[p]
		}
		out.Cols = append(out.Cols, value.Concat(n.Sub.Columns()[p].Type, vs))
	}
	return emitBatches(out, emit)
}

// applyColumns says where the columns of the result come from: first those of the row,
// then those of the subquery.
func applyColumns(n *plan.Apply) (left, sub []int) {
	sc := n.Sub.Columns()
	isLeft := map[int]bool{}
	for i, from := range n.In.Keep {
		if from >= 0 {
			left = append(left, from)
			isLeft[n.In.Cols[i].ID] = true
		}
	}
	for i, c := range sc {
		if !isLeft[c.ID] {
			sub = append(sub, i)
		}
	}
	return left, sub
}

// partition runs a subquery for each value of the key, in the order the values are met.
func (x *Runner) partition(ctx context.Context, n *plan.Partition, emit func(*Rel) error) error {
	in, err := x.hold(ctx, "partition", n.In)
	if err != nil {
		return err
	}
	key := x.compiler(n.In.Columns()).compile(n.Key)(in)
	g := newGrouper([]value.Type{n.Key.Type()})
	groups := g.assign([]*value.Vector{key}, in.Len, 0)
	sels := make([][]int32, g.len())
	for i, id := range groups {
		sels[id] = append(sels[id], int32(i))
	}
	for _, sel := range sels {
		src := &bound{cols: n.Source.Cols, rel: in.take(sel)}
		if err := x.stream(ctx, plan.Replace(n.Sub, n.Source, src), 1, emit); err != nil {
			return err
		}
	}
	return nil
}
