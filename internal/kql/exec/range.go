package exec

import (
	"context"

	"github.com/azptu/azptu/internal/kql/plan"
	"github.com/azptu/azptu/internal/kql/value"
)

// rangeRows makes the rows of range, a batch at a time.
func (x *Runner) rangeRows(ctx context.Context, n *plan.Range, emit func(*Rel) error) error {
	t := n.Col.Type
	first, step := asFloat(n.First), asFloat(n.Step)
	for lo := int64(0); lo < n.Count; lo += batchRows {
		if err := ctx.Err(); err != nil {
			return err
		}
		count := int(min(n.Count-lo, batchRows))
		v := &value.Vector{Type: t, Len: count}
		if t.Ints() {
			v.I64 = make([]int64, count)
			for i := range v.I64 {
				v.I64[i] = n.First.I + (lo+int64(i))*n.Step.I
			}
		} else {
			b := value.NewBuilder(t, count)
			for i := range count {
				b.Append(value.Convert(value.OfReal(first+float64(lo+int64(i))*step), t))
			}
			v = b.Finish()
		}
		if err := emit(&Rel{Cols: []*value.Vector{v}, Len: count, Seq: lo}); err != nil {
			return err
		}
	}
	return nil
}
