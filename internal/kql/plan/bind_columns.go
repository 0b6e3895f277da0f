package plan

import (
	"path"
	"sort"
	"strconv"
	"strings"

	"github.com/azptu/azptu/internal/kql/ast"
	"github.com/azptu/azptu/internal/kql/fn"
	"github.com/azptu/azptu/internal/kql/sig"
	"github.com/azptu/azptu/internal/kql/value"
)

func (b *binder) where(p *pipeline, op *ast.Where, in *scope) {
	var windows []WindowCall
	r := p.orderedRow(in, &windows)
	pred := b.condition(op.Pred, r)
	before := p.node.Columns()
	p.withWindows(windows)
	p.node = &Filter{In: p.node, Pred: pred}
	if len(windows) > 0 {
		p.node = &Project{In: p.node, Cols: before, Exprs: refs(before)}
	}
}

func refs(cols []Col) []Expr {
	out := make([]Expr, len(cols))
	for i, c := range cols {
		out[i] = Ref{c.ID, c.Type}
	}
	return out
}

// item is a column being computed.
type item struct {
	name  string
	given bool
	tuple bool
	x     Expr
	at    ast.Pos
}

// items binds a list of expressions with or without names.
func (b *binder) items(list []ast.Expr, r *row) []item {
	var out []item
	for _, x := range list {
		out = append(out, b.item(x, r)...)
	}
	return out
}

func (b *binder) item(x ast.Expr, r *row) []item {
	named, _ := x.(*ast.Named)
	inner := x
	if named != nil {
		inner = named.X
	}
	if c, ok := inner.(*ast.Call); ok {
		if its := b.tuple(c, named, r); its != nil {
			return its
		}
	}
	if named != nil && named.Tuple {
		b.failf(x.At(), "this expression gives one column, not %d", len(named.Names))
	}
	if star, ok := x.(*ast.Star); ok {
		var out []item
		for _, c := range r.cols {
			out = append(out, item{name: c.Name, given: true, x: Ref{c.ID, c.Type}, at: star.Pos})
		}
		return out
	}
	it := item{name: nameOf(x), x: b.scalar(inner, r), at: x.At()}
	if c, ok := inner.(*ast.Call); ok && named == nil && c.Name == "column_ifexists" && indexOf(r.cols, it.name) < 0 {
		it.name = "" // there is no such column to be named after
	}
	id, isIdent := inner.(*ast.Ident)
	it.given = named != nil || isIdent && indexOf(r.cols, id.Name) >= 0
	return []item{it}
}

// arrays counts the arguments of array_sort_asc that are to be sorted.
func arrays(args []Expr) int {
	n := 0
	for _, a := range args {
		if a.Type() != value.Bool {
			n++
		}
	}
	return n
}

// tuple binds a function that gives several columns, nil when c is none.
func (b *binder) tuple(c *ast.Call, named *ast.Named, r *row) []item {
	f := fn.Lookup(c.Name)
	if f == nil || f.Columns == nil || sig.Scalar(c.Name) == nil {
		return nil
	}
	args, given := b.args(c, r)
	outs := f.Columns(len(args))
	sorts := strings.HasPrefix(c.Name, "array_sort")
	if sorts {
		if outs = outs[:arrays(args)]; len(outs) < 2 {
			return nil
		}
	}
	if named != nil && (sorts || !named.Tuple) { // one name asks for the first column alone
		outs = outs[:min(len(outs), len(named.Names))]
	}
	call := b.scalarCall(c, sig.Scalar(c.Name), f, args, given)
	prefix := c.Name + "_"
	if len(c.Args) > 0 {
		prefix += nameOf(c.Args[0])
	}
	var list []item
	for i, o := range outs {
		x := b.coerce(b.fold(fn.Lookup("[]"), []Expr{call, Const{value.OfLong(int64(i))}}, value.Dynamic), o.Type)
		it := item{name: prefix + "_" + o.Name, x: x, at: c.Pos, tuple: true}
		if sorts {
			it.name = nameOr(nameOf(c.Args[i]), "array"+itoa(i)) + "_sorted"
		}
		if named != nil && i < len(named.Names) {
			it.name, it.given = named.Names[i], true
		}
		list = append(list, it)
	}
	return list
}

func (b *binder) columns(p *pipeline, op *ast.Columns, in *scope) {
	switch op.Verb {
	case "project", "extend", "serialize", "print", "distinct":
		b.compute(p, op, in)
	case "project-away":
		keep := b.matching(p, op.Items, in, false)
		p.project(filterCols(p.node.Columns(), func(c Col) bool { return !keep[c.ID] }))
	case "project-keep":
		keep := b.matching(p, op.Items, in, false)
		p.project(filterCols(p.node.Columns(), func(c Col) bool { return keep[c.ID] }))
	case "project-rename":
		b.rename(p, op)
	case "project-reorder":
		b.reorder(p, op)
	case "project-by-names":
		b.byNames(p, op, in)
	}
}

func (p *pipeline) project(cols []Col) {
	p.node = &Project{In: p.node, Cols: cols, Exprs: refs(cols)}
}

func filterCols(cols []Col, keep func(Col) bool) []Col {
	var out []Col
	for _, c := range cols {
		if keep(c) {
			out = append(out, c)
		}
	}
	return out
}

func (b *binder) compute(p *pipeline, op *ast.Columns, in *scope) {
	if op.Verb == "serialize" {
		p.ordered = true
	}
	var windows []WindowCall
	r := p.orderedRow(in, &windows)
	its := b.items(op.Items, r)
	before := p.node.Columns()
	p.withWindows(windows)
	switch op.Verb {
	case "extend", "serialize":
		b.extend(p, before, its)
	case "distinct":
		b.distinct(p, its)
	default:
		b.projected(p, op.Verb, its)
	}
}

// projected puts computed columns in place of the others.
func (b *binder) projected(p *pipeline, verb string, its []item) {
	proj := &Project{In: p.node}
	names := avoiding(p.node.Columns())
	given := map[string]bool{}
	for i, it := range its {
		name := it.name
		if it.given && given[name] && verb == "project" {
			b.failf(it.at, "a column with the name '%s' is already declared", name)
		}
		given[name] = given[name] || it.given
		switch {
		case verb == "print" && !it.given && !it.tuple:
			name = names.unique("print_" + strconv.Itoa(i))
		case name == "":
			name = names.fresh()
		default:
			name = names.unique(name)
		}
		proj.Cols, proj.Exprs = append(proj.Cols, b.colOf(name, it.x)), append(proj.Exprs, it.x)
	}
	p.node = proj
}

// colOf makes a column for an expression; a plain reference keeps its number when it can.
func (b *binder) colOf(name string, x Expr) Col { return b.col(name, x.Type()) }

func (b *binder) extend(p *pipeline, before []Col, its []item) {
	proj := &Project{In: p.node, Cols: append([]Col(nil), before...), Exprs: refs(before)}
	names := newNamer(before)
	set := map[string]bool{}
	for _, it := range its {
		switch {
		case it.name == "":
			it.name = names.fresh()
		case set[it.name] && !it.given:
			it.name = names.unique(it.name)
		case set[it.name]:
			b.failf(it.at, "a column with the name '%s' is already declared", it.name)
		}
		set[it.name], names.taken[it.name] = true, true
		c := b.colOf(it.name, it.x)
		if i := indexOf(proj.Cols, it.name); i >= 0 {
			proj.Cols[i], proj.Exprs[i] = c, it.x
		} else {
			proj.Cols, proj.Exprs = append(proj.Cols, c), append(proj.Exprs, it.x)
		}
	}
	p.node = proj
}

func (b *binder) distinct(p *pipeline, its []item) {
	a := &Aggregate{In: p.node}
	names := avoiding(p.node.Columns())
	for _, it := range its {
		b.scalarKey(it.x, it.at)
		if it.name == "" {
			it.name = names.fresh()
		} else {
			it.name = names.unique(it.name)
		}
		a.Keys = append(a.Keys, it.x)
		a.Cols = append(a.Cols, b.col(it.name, it.x.Type()))
	}
	p.node, p.ordered = a, false
}

// matching gives the columns that names or patterns stand for. Unknown plain names are
// refused unless lax.
func (b *binder) matching(p *pipeline, list []ast.Expr, _ *scope, lax bool) map[int]bool {
	out := map[int]bool{}
	cols := p.node.Columns()
	for _, x := range list {
		id, ok := x.(*ast.Ident)
		if _, star := x.(*ast.Star); star {
			for _, c := range cols {
				out[c.ID] = true
			}
			continue
		}
		if !ok {
			b.failf(x.At(), "a column's name was expected here")
		}
		found := false
		for _, c := range cols {
			if c.Name == id.Name || id.Wild && wildMatch(id.Name, c.Name) {
				out[c.ID], found = true, true
			}
		}
		if !found && !id.Wild && !lax {
			b.name(id, &row{cols: cols})
		}
	}
	return out
}

// wildMatch matches a name against a pattern with asterisks.
func wildMatch(pattern, name string) bool {
	ok, err := path.Match(strings.NewReplacer("[", "\\[", "?", "\\?", "/", "\x00").Replace(pattern), strings.ReplaceAll(name, "/", "\x00"))
	return err == nil && ok
}

func (b *binder) rename(p *pipeline, op *ast.Columns) {
	cols := append([]Col(nil), p.node.Columns()...)
	old := p.node.Columns()
	for _, x := range op.Items {
		n, ok := x.(*ast.Named)
		if !ok {
			b.failf(x.At(), "project-rename takes New=Old")
		}
		id, ok := n.X.(*ast.Ident)
		if !ok {
			b.failf(n.X.At(), "a column's name was expected here")
		}
		i := indexOf(old, id.Name)
		if i < 0 {
			b.name(id, &row{cols: old})
		}
		cols[i].Name = n.Names[0]
	}
	for i, c := range cols {
		if indexOf(cols, c.Name) != i {
			b.failf(op.Pos, "a column with the name '%s' is already declared", c.Name)
		}
	}
	p.project(cols)
}

func (b *binder) reorder(p *pipeline, op *ast.Columns) {
	cols := p.node.Columns()
	var out []Col
	used := map[int]bool{}
	for i, x := range op.Items {
		m := b.matching(p, []ast.Expr{x}, nil, false)
		group := filterCols(cols, func(c Col) bool { return m[c.ID] && !used[c.ID] && !b.namedLater(op.Items[i+1:], x, c) })
		switch op.Orders[i] {
		case "asc":
			sort.SliceStable(group, func(i, j int) bool { return strings.ToLower(group[i].Name) < strings.ToLower(group[j].Name) })
		case "desc":
			sort.SliceStable(group, func(i, j int) bool { return strings.ToLower(group[i].Name) > strings.ToLower(group[j].Name) })
		case "granny-asc":
			sort.SliceStable(group, func(i, j int) bool { return naturalLess(group[i].Name, group[j].Name) })
		case "granny-desc":
			sort.SliceStable(group, func(i, j int) bool { return naturalLess(group[j].Name, group[i].Name) })
		}
		for _, c := range group {
			used[c.ID] = true
		}
		out = append(out, group...)
	}
	out = append(out, filterCols(cols, func(c Col) bool { return !used[c.ID] })...)
	p.project(out)
}

// namedLater says whether a column that a pattern matches is named by itself further on.
func (b *binder) namedLater(rest []ast.Expr, x ast.Expr, c Col) bool {
	if id, ok := x.(*ast.Ident); ok && !id.Wild {
		return false
	}
	for _, y := range rest {
		if id, ok := y.(*ast.Ident); ok && id.Name == c.Name {
			return true
		}
	}
	return false
}

// naturalLess orders names with numbers in them as people do.
func naturalLess(a, b string) bool {
	for a != "" && b != "" {
		na, nb := leadingDigits(a), leadingDigits(b)
		if na > 0 && nb > 0 {
			x, _ := strconv.ParseUint(a[:na], 10, 64)
			y, _ := strconv.ParseUint(b[:nb], 10, 64)
			if x != y {
				return x < y
			}
			a, b = a[na:], b[nb:]
			continue
		}
		if a[0] != b[0] {
			return a[0] < b[0]
		}
		a, b = a[1:], b[1:]
	}
	return len(a) < len(b)
}

func leadingDigits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

// byNames projects the columns that a list of names, or an expression giving such a list,
// stands for; names that no column has are passed over.
func (b *binder) byNames(p *pipeline, op *ast.Columns, in *scope) {
	cols := p.node.Columns()
	var out []Col
	add := func(pattern string) {
		for _, c := range cols {
			if c.Name == pattern || strings.Contains(pattern, "*") && wildMatch(pattern, c.Name) {
				if indexOf(out, c.Name) < 0 {
					out = append(out, c)
				}
			}
		}
	}
	for _, x := range op.Items {
		if id, ok := x.(*ast.Ident); ok && (id.Wild || indexOf(cols, id.Name) >= 0) {
			add(id.Name)
			continue
		}
		k, ok := b.scalar(x, &row{in: in}).(Const)
		if !ok {
			b.failf(x.At(), "project-by-names takes names and constants")
		}
		if l, isList := k.V.X.([]any); isList {
			for _, n := range l {
				add(value.Text(value.FromDynamic(n)))
			}
			continue
		}
		add(value.Text(k.V))
	}
	p.project(out)
}
