package plan

import (
	"slices"
	"strings"

	"github.com/azptu/azptu/internal/kql/ast"
	"github.com/azptu/azptu/internal/kql/value"
)

// joinKinds gives each kind of join one name.
var joinKinds = map[string]string{
	"": "innerunique", "innerunique": "innerunique", "inner": "inner", "leftouter": "leftouter", "rightouter": "rightouter", "fullouter": "fullouter",
	"leftsemi": "leftsemi", "rightsemi": "rightsemi", "leftanti": "leftanti", "anti": "leftanti", "leftantisemi": "leftanti", "rightanti": "rightanti", "rightantisemi": "rightanti",
}

func (b *binder) join(p *pipeline, op *ast.Join, in *scope) {
	kind, ok := joinKinds[op.Options.Get("kind")]
	if op.Lookup {
		if kind = op.Options.Get("kind"); kind == "" {
			kind = "leftouter"
		}
		ok = kind == "leftouter" || kind == "inner"
	}
	if !ok {
		b.failf(op.Pos, "'%s' is not a kind of join%s", op.Options.Get("kind"), joinHint(op.Options.Get("kind")))
	}
	if !b.isTable(op.Right, in) {
		b.notTable(op.Right, in)
	}
	right := b.pipe(op.Right, in)
	j := &Join{Left: p.node, Right: right.node, Kind: kind, Lookup: op.Lookup}
	for _, on := range op.On {
		b.joinOn(j, on, in)
	}
	lcols, rcols := p.node.Columns(), right.node.Columns()
	j.Cols = append(append([]Col(nil), lcols...), rcols...)
	p.ordered = false
	p.node = j
	switch kind {
	case "leftsemi", "leftanti":
		j.Cols = lcols
	case "rightsemi", "rightanti":
		j.Cols = rcols
	default:
		p.project(b.joinNames(j, lcols, rcols, op.Lookup))
	}
}

// joinNames renames the right side's columns whose names the left side has too.
func (b *binder) joinNames(j *Join, lcols, rcols []Col, lookup bool) []Col {
	names := newNamer(append(append([]Col(nil), lcols...), rcols...))
	out := append([]Col(nil), lcols...)
	for _, c := range rcols {
		if lookup && isRef(j.RightKeys, c.ID) {
			continue
		}
		if indexOf(lcols, c.Name) >= 0 {
			c.Name = names.unique(c.Name)
		}
		out = append(out, c)
	}
	return out
}

func isRef(keys []Expr, id int) bool {
	for _, k := range keys {
		for {
			c, ok := k.(*Call)
			if !ok || len(c.Args) != 1 {
				break
			}
			k = c.Args[0]
		}
		if r, ok := k.(Ref); ok && r.ID == id {
			return true
		}
	}
	return false
}

func (b *binder) joinOn(j *Join, on ast.Expr, in *scope) {
	if x, ok := on.(*ast.Binary); ok && x.Op == "and" {
		b.joinOn(j, x.L, in)
		b.joinOn(j, x.R, in)
		return
	}
	lcols, rcols := j.Left.Columns(), j.Right.Columns()
	var l, r Expr
	switch x := on.(type) {
	case *ast.Ident:
		l, r = b.name(x, &row{cols: lcols}), b.name(x, &row{cols: rcols})
	case *ast.Binary:
		if x.Op != "==" {
			b.failf(x.Pos, "join conditions are equalities: $left.a == $right.b")
		}
		at := &row{in: in, left: lcols, right: rcols}
		l, r = b.scalar(x.L, at), b.scalar(x.R, at)
		if b.refers(l, rcols) {
			l, r = r, l
		}
		if b.refers(l, rcols) || b.refers(r, lcols) {
			b.failf(x.Pos, "one side of a join condition is of $left, the other of $right")
		}
	default:
		b.failf(on.At(), "join conditions are columns or equalities: $left.a == $right.b")
	}
	lt, rt := l.Type(), r.Type()
	if lt != rt {
		switch {
		case lt.IsInteger() && rt.IsInteger():
			l, r = b.coerce(l, max(lt, rt)), b.coerce(r, max(lt, rt))
		default:
			b.failf(on.At(), "the keys of a join have one type, not %s and %s", lt, rt)
		}
	}
	if l.Type() == value.Dynamic {
		b.failf(on.At(), "a dynamic cannot be the key of a join; convert it first, e.g. tostring(…)")
	}
	j.LeftKeys, j.RightKeys = append(j.LeftKeys, l), append(j.RightKeys, r)
}

// refers says whether an expression uses one of the columns.
func (b *binder) refers(x Expr, cols []Col) bool {
	found := false
	Walk(x, func(id int) {
		for _, c := range cols {
			found = found || c.ID == id
		}
	})
	return found
}

// Walk calls visit with the number of every column an expression uses.
func Walk(x Expr, visit func(id int)) {
	switch x := x.(type) {
	case Ref:
		visit(x.ID)
	case *Path:
		visit(x.Doc.ID)
	case *InSet:
		Walk(x.X, visit)
	case *Call:
		for _, a := range x.Args {
			Walk(a, visit)
		}
	}
}

func (b *binder) union(p *pipeline, op *ast.Union, in *scope) {
	var parts []*pipeline
	if v, ok := p.node.(*Values); !ok || len(v.Cols) > 0 || v.Len != 1 {
		parts = append(parts, &pipeline{node: p.node, name: p.name})
	}
	best, _ := b.settings["best_effort"].(Const)
	fuzzy := strings.EqualFold(op.Options.Get("isfuzzy"), "true") || best.V.T == value.Bool && best.V.Bool()
	for _, t := range op.Tables {
		parts = append(parts, b.unionTables(t, in, fuzzy)...)
	}
	if len(parts) == 0 {
		b.failf(op.Pos, "union found no tables")
	}
	source := op.Options.Get("withsource", "with_source")
	for i, part := range parts {
		if source != "" {
			name := part.name
			if name == "" {
				name = "union_arg" + itoa(i)
			}
			part.prepend(b, source, name)
		}
	}
	p.node = b.merge(parts, op.Options.Get("kind") == "inner")
	p.ordered, p.name = false, ""
}

// prepend puts a constant string column before the others.
func (p *pipeline) prepend(b *binder, column, text string) {
	cols := p.node.Columns()
	p.node = &Project{In: p.node, Cols: append([]Col{b.col(column, value.String)}, cols...), Exprs: append([]Expr{Const{value.OfString(text)}}, refs(cols)...)}
}

func itoa(i int) string { return value.Text(value.OfLong(int64(i))) }

// unionTables gives the tables that a union's argument stands for.
func (b *binder) unionTables(x ast.Expr, in *scope, fuzzy bool) (out []*pipeline) {
	id, ok := x.(*ast.Ident)
	if ok && id.Wild {
		return b.allNamed(id.Name, id.Pos, in)
	}
	if m, ok := x.(*ast.Member); ok && m.Wild {
		b.databaseOf(m.X, in)
		return b.allNamed(m.Name, m.Pos, &scope{seen: in.seen})
	}
	if _, star := x.(*ast.Star); star {
		return b.unionTables(&ast.Ident{Pos: x.At(), Name: "*", Wild: true}, in, fuzzy)
	}
	if fuzzy {
		return b.ifKnown(x, in)
	}
	if !b.isTable(x, in) {
		b.notTable(x, in)
	}
	return []*pipeline{b.pipe(x, in)}
}

// ifKnown binds a table of a fuzzy union: one that begins with an unknown name is left out.
func (b *binder) ifKnown(x ast.Expr, in *scope) []*pipeline {
	source := x
	if p, ok := x.(*ast.Pipe); ok {
		source = p.Source
	}
	switch source := source.(type) {
	case *ast.Ident:
		if in.find(source.Name) == nil && !b.isTable(source, in) {
			return nil
		}
	case *ast.Member:
		if _, ok := b.table(source.Name, in); !ok && isEntity(source) {
			return nil
		}
	case *ast.Call:
		if source.Name == "table" && in.find("table") == nil {
			if _, ok := b.table(b.constText(source, 0, &row{in: in}), in); !ok {
				return nil
			}
		}
	}
	if !b.isTable(x, in) {
		b.notTable(x, in)
	}
	return []*pipeline{b.pipe(x, in)}
}

// allNamed gives the tables and views whose names fit a pattern with asterisks.
func (b *binder) allNamed(pattern string, at ast.Pos, in *scope) (out []*pipeline) {
	names := append(in.views(), b.tableNames(in)...)
	for i, name := range names {
		if wildMatch(pattern, name) && !slices.Contains(names[:i], name) {
			out = append(out, b.tableNamed(&ast.Ident{Pos: at, Name: name}, in))
		}
	}
	return out
}

// merge puts tables under each other: columns of one name and type become one, those of
// one name and several types are told apart by type.
func (b *binder) merge(parts []*pipeline, inner bool) Node {
	types := map[string][]value.Type{} // of each name, as they come
	count := map[string]map[value.Type]int{}
	var order []string
	for _, p := range parts {
		for _, c := range p.node.Columns() {
			if count[c.Name] == nil {
				count[c.Name] = map[value.Type]int{}
				order = append(order, c.Name)
			}
			if count[c.Name][c.Type]++; count[c.Name][c.Type] == 1 {
				types[c.Name] = append(types[c.Name], c.Type)
			}
		}
	}
	u := &Union{}
	key := map[[2]string]int{}
	for _, name := range order {
		for _, t := range types[name] {
			if inner && count[name][t] < len(parts) {
				continue
			}
			label := name
			if len(types[name]) > 1 {
				label = name + "_" + t.String()
			}
			key[[2]string{name, t.String()}] = len(u.Cols)
			u.Cols = append(u.Cols, b.col(label, t))
		}
	}
	for _, p := range parts {
		m := make([]int, len(u.Cols))
		for i := range m {
			m[i] = -1
		}
		for i, c := range p.node.Columns() {
			if at, ok := key[[2]string{c.Name, c.Type.String()}]; ok {
				m[at] = i
			}
		}
		u.Ins, u.Map = append(u.Ins, p.node), append(u.Map, m)
	}
	return u
}
