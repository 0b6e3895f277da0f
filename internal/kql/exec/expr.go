package exec

import (
	"strings"

	"github.com/azptu/azptu/internal/kql/fn"
	"github.com/azptu/azptu/internal/kql/plan"
	"github.com/azptu/azptu/internal/kql/value"
)

// eval computes an expression over a batch.
type eval func(r *Rel) *value.Vector

// compiler turns expressions over given columns into evals.
type compiler struct {
	fn    *fn.Context
	place map[int]int
	docs  map[int]*docPaths
	// coded says that numbers may be coded as strings may.
	coded bool
}

// over makes a compiler for expressions over an operator's columns.
func (x *Runner) over(n plan.Node) *compiler {
	c := x.compiler(n.Columns())
	c.coded = plan.Transient(n)
	return c
}

func (x *Runner) compiler(cols []plan.Col) *compiler {
	c := &compiler{fn: x.Fn, place: make(map[int]int, len(cols)), docs: map[int]*docPaths{}}
	for i, col := range cols {
		c.place[col.ID] = i
	}
	return c
}

func (c *compiler) all(xs []plan.Expr) []eval {
	out := make([]eval, len(xs))
	for i, x := range xs {
		out[i] = c.compile(x)
	}
	return out
}

func (c *compiler) compile(x plan.Expr) eval {
	switch x := x.(type) {
	case plan.Ref:
		at := c.place[x.ID]
		return func(r *Rel) *value.Vector { return r.Cols[at] }
	case plan.Const:
		v := value.ConstOf(x.V, 1)
		return func(r *Rel) *value.Vector { return v.Resized(r.Len) }
	case *plan.Path:
		return c.path(x)
	case *plan.InSet:
		return c.inSet(x)
	case *plan.Call:
		return c.call(x)
	}
	panic("exec: an expression that cannot be compiled")
}

func (c *compiler) call(x *plan.Call) eval {
	args := c.all(x.Args)
	apply := c.applier(x.F, onlyVariable(x.Args), x.T)
	return func(r *Rel) *value.Vector {
		vs := make([]*value.Vector, len(args))
		for i, a := range args {
			vs[i] = a(r)
		}
		return apply(vs, r.Len)
	}
}

func (c *compiler) inSet(x *plan.InSet) eval {
	arg := c.compile(x.X)
	// Row works on one value; Apply takes care of dictionaries and constants.
	f := &fn.Func{Name: "in", Nulls: true, Row: func(_ *fn.Context, a []value.Value) value.Value {
		v := a[0]
		if v.Null {
			return value.OfBool(x.Not)
		}
		if x.Fold {
			v.S = strings.ToLower(v.S)
		}
		return value.OfBool(x.Keys[value.KeyOf(v)] != x.Not)
	}}
	if ints := intKeys(x); ints != nil {
		f.Vec = inInts(ints, x.Not)
	}
	apply := c.applier(f, 0, value.Bool)
	return func(r *Rel) *value.Vector { return apply([]*value.Vector{arg(r)}, r.Len) }
}

func intKeys(x *plan.InSet) map[int64]bool {
	if !x.X.Type().Ints() {
		return nil
	}
	m := make(map[int64]bool, len(x.Values))
	for _, v := range x.Values {
		m[v.I] = true
	}
	return m
}

func inInts(keys map[int64]bool, not bool) fn.Vec {
	return func(_ *fn.Context, a []*value.Vector, n int) *value.Vector {
		v := a[0]
		if v.Const {
			return nil
		}
		out := make([]int64, n)
		for i := range out {
			if (keys[v.I64[i]] && !v.Nulls.Get(i)) != not {
				out[i] = 1
			}
		}
		return value.BoolsOf(out, nil)
	}
}

// docPaths are the paths that one operator looks up in one document column: all of them
// are found in a single pass over each document.
type docPaths struct {
	at    int
	text  bool
	paths [][]value.Step
}

func (c *compiler) path(x *plan.Path) eval {
	d := c.docs[x.Doc.ID]
	if d == nil {
		d = &docPaths{at: c.place[x.Doc.ID], text: x.Doc.T == value.String}
		c.docs[x.Doc.ID] = d
	}
	k := d.add(x.Steps)
	ctx, want := c.fn, x.Want
	conv := fn.Converter(want)
	return func(r *Rel) *value.Vector {
		v := d.get(r)[k]
		if want == value.Dynamic {
			return v
		}
		return conv.Apply(ctx, []*value.Vector{v}, r.Len, want)
	}
}

func (d *docPaths) add(steps []value.Step) int {
	key := value.PathString(steps)
	for i, p := range d.paths {
		if value.PathString(p) == key {
			return i
		}
	}
	d.paths = append(d.paths, steps)
	return len(d.paths) - 1
}

func (d *docPaths) get(r *Rel) []*value.Vector {
	if vs := r.cache[d]; len(vs) == len(d.paths) { // paths may be added after the first look
		return vs
	}
	vs := Extract(r.Cols[d.at], d.paths)
	if r.cache == nil {
		r.cache = make(map[*docPaths][]*value.Vector, 1)
	}
	r.cache[d] = vs
	return vs
}

// Extract looks several paths up in each document of a column of JSON text or dynamics.
func Extract(doc *value.Vector, paths [][]value.Step) []*value.Vector {
	if doc.Words != nil && !doc.Const {
		out := Extract(doc.Words, paths)
		for i, v := range out {
			out[i] = value.CodedOf(v, doc.Codes)
		}
		return out
	}
	if doc.Const {
		out := Extract(plain(doc), paths)
		for i, v := range out {
			out[i] = value.ConstOf(v.Value(0), doc.Len)
		}
		return out
	}
	if doc.Type == value.String || doc.Raw {
		return extractText(doc, paths)
	}
	out := make([]*value.Vector, len(paths))
	for k, p := range paths {
		tree := make([]any, doc.Len)
		for i := range tree {
			tree[i] = follow(doc.Dyn[i], p)
		}
		out[k] = &value.Vector{Type: value.Dynamic, Len: doc.Len, Dyn: tree}
	}
	return out
}

// maxPathsAtOnce is what one pass can look for.
const maxPathsAtOnce = 60

func extractText(doc *value.Vector, paths [][]value.Step) []*value.Vector {
	if len(paths) > maxPathsAtOnce {
		return append(extractText(doc, paths[:maxPathsAtOnce]), extractText(doc, paths[maxPathsAtOnce:])...)
	}
	out := make([]*value.Vector, len(paths))
	for k := range out {
		out[k] = &value.Vector{Type: value.Dynamic, Raw: true, Valid: true, Len: doc.Len, Str: make([]string, doc.Len)}
	}
	found := make([]string, len(paths))
	for i := range doc.Len {
		value.FindPaths(doc.Text(i), paths, found)
		for k, s := range found {
			out[k].Str[i] = s
		}
	}
	return out
}

func follow(x any, steps []value.Step) any {
	for _, s := range steps {
		if t, ok := x.(string); ok && s.Reparse {
			x = value.ParseJSONOrText(t)
		}
		if s.IsIndex {
			x = value.Element(x, int64(s.Index))
		} else {
			x = value.Member(x, s.Key)
		}
	}
	return x
}

// plain gives the one value of a Const vector as a vector of one row.
func plain(v *value.Vector) *value.Vector {
	w := *v
	w.Const, w.Len = false, 1
	return &w
}
