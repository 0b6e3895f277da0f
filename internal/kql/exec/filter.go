package exec

import (
	"context"

	"github.com/azptu/azptu/internal/kql/plan"
	"github.com/azptu/azptu/internal/kql/value"
)

// condition is a conjunction: rows must meet all of its parts.
type condition []eval

func (c *compiler) condition(x plan.Expr) condition { return c.all(plan.Conjuncts(x)) }

// choose lists the rows of a batch that meet the condition; all says that every row does.
func (c condition) choose(r *Rel) (sel []int32, all bool) { return c.further(r, nil, true) }

// further chooses among the rows that are already chosen.
func (c condition) further(r *Rel, sel []int32, all bool) ([]int32, bool) {
	for _, part := range c {
		v := part(r)
		if all {
			sel, all = selected(v, r.Len)
		} else {
			sel = narrowed(sel, v)
		}
		if !all && len(sel) == 0 {
			return nil, false
		}
	}
	return sel, all
}

// passing says for each word of a coded bool vector whether it is true.
func passing(words *value.Vector) (pass []int32, every bool) {
	pass, every = make([]int32, words.Len), true
	for i := range pass {
		if words.I64[i] != 0 && !words.Nulls.Get(i) {
			pass[i] = 1
		} else {
			every = false
		}
	}
	return pass, every
}

// selected lists the rows for which a condition is true; all says that it is for every row.
func selected(cond *value.Vector, n int) (sel []int32, all bool) {
	if cond.Const {
		return nil, n > 0 && cond.I64[0] != 0 && !cond.Nulls.Get(0)
	}
	if cond.Words != nil {
		pass, every := passing(cond.Words)
		if every {
			return nil, true
		}
		sel = make([]int32, n)
		k := 0
		for i, c := range cond.Codes[:n] {
			sel[k] = int32(i)
			k += int(pass[c])
		}
		return sel[:k], k == n
	}
	count := 0
	for _, b := range cond.I64[:n] {
		count += int(b)
	}
	if count == n && len(cond.Nulls) == 0 {
		return nil, true
	}
	sel = make([]int32, 0, count)
	for i, b := range cond.I64[:n] {
		if b != 0 && !cond.Nulls.Get(i) {
			sel = append(sel, int32(i))
		}
	}
	return sel, false
}

// narrowed keeps those of the selected rows for which a condition is true. It writes over sel.
func narrowed(sel []int32, cond *value.Vector) []int32 {
	k := 0
	switch {
	case cond.Const:
		if cond.I64[0] == 0 || cond.Nulls.Get(0) {
			return nil
		}
		return sel
	case cond.Words != nil:
		pass, every := passing(cond.Words)
		if every {
			return sel
		}
		for _, i := range sel {
			sel[k] = i
			k += int(pass[cond.Codes[i]])
		}
	default:
		for _, i := range sel {
			if cond.I64[i] != 0 && !cond.Nulls.Get(int(i)) {
				sel[k] = i
				k++
			}
		}
	}
	return sel[:k]
}

func (x *Runner) filter(ctx context.Context, n *plan.Filter, workers int, emit func(*Rel) error) error {
	if s, ok := n.In.(*plan.Scan); ok {
		return x.scan(ctx, s, n.Pred, workers, emit)
	}
	cond := x.over(n.In).condition(n.Pred)
	return x.stream(ctx, n.In, workers, func(r *Rel) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		sel, all := cond.choose(r)
		switch {
		case all:
			return emit(r)
		case len(sel) == 0:
			return nil
		}
		return emit(r.take(sel))
	})
}
