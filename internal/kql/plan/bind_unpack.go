package plan

import (
	"slices"
	"sort"
	"strings"

	"github.com/azptu/azptu/internal/kql/ast"
	"github.com/azptu/azptu/internal/kql/value"
)

// unpacking is what bag_unpack is asked for.
type unpacking struct {
	bag     Ref
	place   int // of the bag among the columns
	cols    []Col
	prefix  string
	ignored map[string]bool
	// conflict says what becomes of a property whose column is there already: error,
	// replace_source or keep_source.
	conflict string
	at       ast.Pos
}

func (b *binder) bagUnpack(p *pipeline, op *ast.Evaluate, in *scope) {
	u := b.unpackingOf(p, op, in)
	if op.Given {
		p.node = b.unpackTo(p.node, u, op)
		return
	}
	v := b.run(p.node, op.Pos)
	out := &Values{Len: v.Len}
	for i, c := range u.cols {
		if i != u.place {
			out.Cols, out.Data = append(out.Cols, b.col(c.Name, c.Type)), append(out.Data, v.Data[i])
		}
	}
	b.unpack(out, v.Data[u.place], u)
	if i := indexOf(out.Cols, u.cols[u.place].Name); i > u.place { // a property of the bag's own name takes its place
		out.Cols, out.Data = moved(out.Cols, i, u.place), moved(out.Data, i, u.place)
	}
	p.node = out
}

// unpackingOf reads bag_unpack's arguments: the column, and the rest by name or in order.
func (b *binder) unpackingOf(p *pipeline, op *ast.Evaluate, in *scope) *unpacking {
	if len(op.Call.Args) == 0 {
		b.failf(op.Pos, "bag_unpack() needs a column")
	}
	u := &unpacking{cols: p.node.Columns(), ignored: map[string]bool{}, conflict: "error", at: op.Pos}
	ref, ok := b.scalar(op.Call.Args[0], p.rowOf(in)).(Ref)
	if !ok || ref.T != value.Dynamic {
		b.failf(op.Call.Args[0].At(), "a dynamic column was expected here")
	}
	u.bag, u.place = ref, slices.IndexFunc(u.cols, func(c Col) bool { return c.ID == ref.ID })
	order := []string{"OutputColumnPrefix", "columnsConflict"}
	for _, a := range op.Call.Args[1:] {
		k := b.constant(a, in)
		n, named := a.(*ast.Named)
		list, isList := k.X.([]any)
		switch {
		case isList:
			for _, x := range list {
				u.ignored[value.Text(value.FromDynamic(x))] = true
			}
			continue
		case named:
			order = []string{n.Names[0]}
		case len(order) == 0:
			b.failf(a.At(), "bag_unpack() takes a column, a prefix, what to do about conflicts and properties to ignore")
		}
		switch order[0] {
		case "OutputColumnPrefix":
			u.prefix = k.S
		case "columnsConflict":
			u.conflict = k.S
			if !strings.Contains(" error replace_source keep_source ", " "+k.S+" ") {
				b.failf(a.At(), "columnsConflict is one of error, replace_source and keep_source")
			}
		}
		order = order[1:]
	}
	return u
}

// unpackTo gives the columns that the query says; no row is looked at for that.
func (b *binder) unpackTo(n Node, u *unpacking, op *ast.Evaluate) Node {
	out := &Project{In: n}
	put := func(name string, x Expr) {
		out.Cols, out.Exprs = append(out.Cols, b.col(name, x.Type())), append(out.Exprs, x)
	}
	if op.Open {
		for i, c := range u.cols {
			if i != u.place && !slices.ContainsFunc(op.Schema, func(d ast.ColumnDef) bool { return d.Name == c.Name }) {
				put(c.Name, Ref{c.ID, c.Type})
			}
		}
	}
	for _, d := range op.Schema {
		key, ok := strings.CutPrefix(d.Name, u.prefix)
		have := indexOf(u.cols, d.Name)
		switch {
		case have >= 0 && have != u.place && u.conflict != "replace_source":
			put(d.Name, b.coerce(Ref{u.cols[have].ID, u.cols[have].Type}, d.Type))
		case !ok || u.ignored[key]:
			put(d.Name, Const{value.NullOf(d.Type)})
		default:
			put(d.Name, b.coerce(b.step(u.bag, value.Step{Key: key}, op.Pos), d.Type))
		}
	}
	return out
}

func moved[T any](s []T, from, to int) []T {
	x := s[from]
	return slices.Insert(slices.Delete(slices.Clone(s), from, from+1), to, x)
}

// slots finds the properties of bags, each with the type that all its values have.
func (u *unpacking) slots(bags *value.Vector, rows int) map[string]value.Type {
	types := map[string]value.Type{}
	for r := range rows {
		bag, ok := bags.Dynamic(r).(*value.Bag)
		if !ok {
			continue
		}
		for i, k := range bag.Keys {
			if bag.Vals[i] == nil || u.ignored[k] {
				continue
			}
			t := value.FromDynamic(bag.Vals[i]).T
			switch old := types[k]; {
			case old == value.Unknown || old == t:
				types[k] = t
			case old.IsNumeric() && t.IsNumeric():
				types[k] = max(old, t)
			default:
				types[k] = value.Dynamic
			}
		}
	}
	return types
}

// unpack adds a column for each property.
func (b *binder) unpack(out *Values, bags *value.Vector, u *unpacking) {
	types := u.slots(bags, out.Len)
	names := make([]string, 0, len(types))
	for k := range types {
		names = append(names, k)
	}
	sort.Strings(names)
	for _, k := range names {
		at := indexOf(out.Cols, u.prefix+k)
		if at >= 0 && u.conflict == "error" {
			b.failf(u.at, "bag_unpack() would give a second column '%s'; columnsConflict='replace_source' or 'keep_source' says which to keep", u.prefix+k)
		}
		if at >= 0 && u.conflict == "keep_source" {
			continue
		}
		vb := value.NewBuilder(types[k], out.Len)
		for r := range out.Len {
			vb.Append(value.Convert(value.OfDynamic(value.Member(bags.Dynamic(r), k)), types[k]))
		}
		if at >= 0 {
			out.Cols[at], out.Data[at] = b.col(u.prefix+k, types[k]), vb.Finish()
			continue
		}
		out.Cols, out.Data = append(out.Cols, b.col(u.prefix+k, types[k])), append(out.Data, vb.Finish())
	}
}
