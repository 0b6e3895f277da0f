package agg

import (
	"testing"

	"github.com/azptu/azptu/internal/kql/value"
)

// TestMergingGivesTheSame splits rows over two aggregators and merges them.
func TestMergingGivesTheSame(t *testing.T) {
	long, cond := value.NewBuilder(value.Long, 0), value.NewBuilder(value.Bool, 0)
	var groups []uint32
	for i := range 200 {
		v := value.OfLong(int64(i*7919%101) - 20)
		if i%13 == 0 {
			v = value.NullOf(value.Long)
		}
		long.Append(v)
		cond.Append(value.OfBool(i%3 == 0))
		groups = append(groups, uint32(i%4))
	}
	x, c := long.Finish(), cond.Finish()
	for _, spec := range []Spec{
		{Name: "count", Result: value.Long}, {Name: "countif", Args: []value.Type{value.Bool}, Result: value.Long},
		{Name: "sum", Args: []value.Type{value.Long}, Result: value.Long}, {Name: "sumif", Args: []value.Type{value.Long, value.Bool}, Result: value.Long},
		{Name: "avg", Args: []value.Type{value.Long}, Result: value.Real}, {Name: "min", Args: []value.Type{value.Long}, Result: value.Long}, {Name: "max", Args: []value.Type{value.Long}, Result: value.Long},
		{Name: "dcount", Args: []value.Type{value.Long}, Result: value.Long}, {Name: "make_list", Args: []value.Type{value.Long}, Result: value.Dynamic}, {Name: "make_set", Args: []value.Type{value.Long}, Result: value.Dynamic},
		{Name: "percentile", Args: []value.Type{value.Long, value.Long}, Consts: []value.Value{{Null: true}, value.OfLong(50)}, Result: value.Long},
		{Name: "binary_all_xor", Args: []value.Type{value.Long}, Result: value.Long}, {Name: "arg_max", Args: []value.Type{value.Long}, Result: value.Long},
	} {
		if spec.Consts == nil {
			spec.Consts = make([]value.Value, len(spec.Args))
			for i := range spec.Consts {
				spec.Consts[i].Null = true
			}
		}
		args := func(lo, hi int) []*value.Vector {
			var out []*value.Vector
			for i, typ := range spec.Args {
				switch {
				case typ == value.Bool:
					out = append(out, c.Slice(lo, hi))
				case !spec.Consts[i].Null:
					out = append(out, value.ConstOf(spec.Consts[i], hi-lo))
				default:
					out = append(out, x.Slice(lo, hi))
				}
			}
			return out
		}
		run := func(lo, hi int) Aggregator {
			a := New(spec)
			a.Resize(4)
			a.Update(groups[lo:hi], args(lo, hi), hi-lo)
			return a
		}
		whole, left := run(0, 200), run(0, 90)
		left.Merge(run(90, 200), []uint32{0, 1, 2, 3})
		for i, want := range whole.Results() {
			got := left.Results()[i]
			for g := range 4 {
				if value.KeyOf(got.Value(g)) != value.KeyOf(want.Value(g)) {
					t.Errorf("%s, group %d: merged %v, whole %v", spec.Name, g, got.Value(g), want.Value(g))
				}
			}
		}
	}
}

func TestEveryAggregateOfTheTableIsKnownByItsPlainName(t *testing.T) {
	for name, plain := range conditional {
		if makers[plain] == nil {
			t.Errorf("%s stands for %s, which there is none", name, plain)
		}
	}
}
