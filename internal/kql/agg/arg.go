package agg

import (
	"math"
	"strings"

	"github.com/azptu/azptu/internal/kql/value"
)

// arg keeps the row whose first argument is largest or smallest.
type arg struct {
	sign int
	row  []value.Value
}

func newArg(s *Spec) state {
	a := &arg{sign: 1}
	if strings.HasSuffix(s.Name, "min") {
		a.sign = -1
	}
	return a
}

func (a *arg) add(row []value.Value) {
	if a.row != nil && !a.better(row[0]) {
		return
	}
	a.row = append(a.row[:0], row...)
}

func (a *arg) better(x value.Value) bool {
	old := a.row[0]
	switch {
	case x.Null:
		return false
	case old.Null:
		return true
	case old.T == value.Real && math.IsNaN(old.F):
		return false
	case x.T == value.Real && math.IsNaN(x.F):
		return true
	}
	return value.Compare(x, old)*a.sign > 0
}

func (a *arg) merge(o state) {
	if r := o.(*arg).row; r != nil {
		a.add(r)
	}
}

func (a *arg) result(s *Spec) []value.Value { return rowOf(a.row, s) }

// rowOf gives a row, or nulls of the arguments' types when there is none.
func rowOf(row []value.Value, s *Spec) []value.Value {
	out := make([]value.Value, len(s.Args))
	for i, t := range s.Args {
		if row == nil {
			out[i] = value.NullOf(t)
		} else {
			out[i] = row[i]
		}
	}
	return out
}

// anyRow keeps the first value that is not null of each argument.
type anyRow struct{ row []value.Value }

func newAny(*Spec) state { return &anyRow{} }

func (a *anyRow) add(row []value.Value) {
	if a.row == nil {
		a.row = append([]value.Value(nil), row...)
		return
	}
	for i, v := range a.row {
		if v.Null || v.T == value.String && v.S == "" && !row[i].Null {
			a.row[i] = row[i]
		}
	}
}

func (a *anyRow) merge(o state) {
	if r := o.(*anyRow).row; r != nil {
		a.add(r)
	}
}

func (a *anyRow) result(s *Spec) []value.Value { return rowOf(a.row, s) }

// bitsOf combines the bits of integers.
type bitsOf struct {
	name string
	n    int64
	seen bool
}

func newBits(s *Spec) state { return &bitsOf{name: s.Name} }

func (b *bitsOf) add(row []value.Value) {
	if !row[0].Null {
		b.put(row[0].I)
	}
}

func (b *bitsOf) put(n int64) {
	switch {
	case !b.seen:
		b.n, b.seen = n, true
	case b.name == "binary_all_and":
		b.n &= n
	case b.name == "binary_all_or":
		b.n |= n
	default:
		b.n ^= n
	}
}

func (b *bitsOf) merge(o state) {
	if x := o.(*bitsOf); x.seen {
		b.put(x.n)
	}
}

func (b *bitsOf) result(s *Spec) []value.Value {
	if !b.seen {
		return []value.Value{value.NullOf(s.Args[0])}
	}
	return []value.Value{{T: s.Args[0], I: b.n}}
}
