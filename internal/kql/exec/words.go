package exec

import (
	"sync"

	"github.com/azptu/azptu/internal/kql/fn"
	"github.com/azptu/azptu/internal/kql/plan"
	"github.com/azptu/azptu/internal/kql/value"
)

// perWord computes a function of one coded column once for each word of the dictionary, and
// once for all batches that share the dictionary.
type perWord struct {
	mu   sync.Mutex
	done map[value.DictID]*value.Vector
}

// maxDictionaries bounds the dictionaries whose results are kept.
const maxDictionaries = 64

// apply gives the function's values; a[at] is the coded column, and the other arguments are
// the same whenever this is called. Nil says that going by words would be more work.
func (p *perWord) apply(ctx *fn.Context, f *fn.Func, a []*value.Vector, at int, typ value.Type) *value.Vector {
	v := a[at]
	id := v.DictID()
	p.mu.Lock()
	out := p.done[id]
	p.mu.Unlock()
	if out == nil {
		words, _ := v.Dictionary()
		if words.Len > 64+4*v.Len || words.Len == 0 {
			return nil
		}
		args := make([]*value.Vector, len(a))
		for i, x := range a {
			args[i] = x.Resized(words.Len)
		}
		args[at] = words
		out = spread(f.Apply(ctx, args, words.Len, typ))
		p.mu.Lock()
		if p.done == nil || len(p.done) >= maxDictionaries {
			p.done = make(map[value.DictID]*value.Vector, 4)
		}
		if kept := p.done[id]; kept != nil {
			out = kept // another goroutine was faster; there should be one dictionary
		} else {
			p.done[id] = out
		}
		p.mu.Unlock()
	}
	return value.CodedOf(out, v.Codes)
}

// spread writes a vector of words out, so that codes can point into it.
func spread(v *value.Vector) *value.Vector {
	if !v.Const && v.Codes == nil {
		return v
	}
	b := value.NewBuilder(v.Type, v.Len)
	b.AppendVector(v)
	return b.Finish()
}

// onlyVariable gives the place of the one argument that is not a constant, or -1.
func onlyVariable(args []plan.Expr) int {
	at := -1
	for i, a := range args {
		if _, ok := a.(plan.Const); ok {
			continue
		}
		if at >= 0 {
			return -1
		}
		at = i
	}
	return at
}

// applier computes a function over arguments of which at most one (at) changes from batch
// to batch. When coded is set, its result may be coded.
func (c *compiler) applier(f *fn.Func, at int, typ value.Type) func(a []*value.Vector, n int) *value.Vector {
	ctx := c.fn
	if !c.coded {
		return func(a []*value.Vector, n int) *value.Vector { return f.Apply(ctx, a, n, typ) }
	}
	words := &perWord{}
	return func(a []*value.Vector, n int) *value.Vector {
		if at >= 0 && !f.Volatile && a[at].Coded() {
			if v := words.apply(ctx, f, a, at, typ); v != nil {
				return v
			}
		}
		for i, v := range a {
			a[i] = v.Flat()
		}
		return f.Apply(ctx, a, n, typ)
	}
}
