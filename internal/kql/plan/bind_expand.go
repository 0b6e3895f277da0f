package plan

import (
	"math"

	"github.com/azptu/azptu/internal/kql/ast"
	"github.com/azptu/azptu/internal/kql/value"
)

// expand binds mv-expand and mv-apply.
func (b *binder) expand(p *pipeline, op *ast.MvExpand, in *scope) {
	e := &Expand{In: p.node, Limit: math.MaxInt64, Array: op.Options.Get("bagexpansion", "kind") == "array"}
	if op.Limit != nil {
		e.Limit = b.countOf(op.Limit, in)
	}
	before := p.node.Columns()
	e.Cols = append([]Col(nil), before...)
	for i := range before {
		e.Keep = append(e.Keep, i)
	}
	r := p.rowOf(in)
	names := newNamer(before)
	for i, it := range op.Items {
		x := b.item(it.X, r)[0]
		if x.x.Type() != value.Dynamic {
			b.failf(it.X.At(), "only a dynamic can be expanded, not a %s", x.x.Type())
		}
		t := value.Dynamic
		if it.To != nil && len(it.To.Types) > 0 {
			t = it.To.Types[0].Type
		}
		if x.name == "" {
			x.name = names.fresh()
		}
		out := b.col(x.name, t)
		e.Items = append(e.Items, ExpandItem{X: x.x, Out: out})
		if at := indexOf(e.Cols, x.name); at >= 0 {
			e.Cols[at], e.Keep[at] = out, -1-i
		} else {
			e.Cols, e.Keep = append(e.Cols, out), append(e.Keep, -1-i)
		}
	}
	if name := op.Options.Get("with_itemindex"); name != "" {
		c := b.col(name, value.Long)
		e.Index = &c
		e.Cols, e.Keep = append(e.Cols, c), append(e.Keep, math.MinInt32)
	}
	if op.Sub == nil {
		p.node = e
		return
	}
	b.applySub(p, e, op.Sub, in)
}

// applySub binds the subquery of mv-apply.
func (b *binder) applySub(p *pipeline, e *Expand, sub *ast.Pipe, in *scope) {
	src := &Source{Cols: e.Cols}
	inner := &pipeline{node: src, ordered: true} // the members stand in their order
	for _, op := range sub.Ops {
		b.operator(inner, op, in)
	}
	a := &Apply{In: e, Sub: inner.node, Source: src, RowID: b.col("row", value.Long)}
	var left []Col
	for i, c := range e.Cols {
		if e.Keep[i] >= 0 {
			left = append(left, c)
		}
	}
	names := newNamer(left)
	a.Cols = append([]Col(nil), left...)
	for _, c := range inner.node.Columns() {
		if !hasID(left, c.ID) {
			c.Name = names.unique(c.Name)
			a.Cols = append(a.Cols, c)
		}
	}
	p.node = a
}

func hasID(cols []Col, id int) bool {
	for _, c := range cols {
		if c.ID == id {
			return true
		}
	}
	return false
}

// placeParsed puts parsed columns behind the others, or in place of those of their names.
func (b *binder) placeParsed(p *pipeline, made Node, out []Col) {
	before := p.node.Columns()
	final := append([]Col(nil), before...)
	for _, c := range out {
		if i := indexOf(final, c.Name); i >= 0 {
			final[i] = c
		} else {
			final = append(final, c)
		}
	}
	p.node = made
	p.project(final)
}

func (b *binder) parseText(p *pipeline, op *ast.ParseText, in *scope) {
	x := b.coerce(b.scalar(op.X, p.rowOf(in)), value.String)
	var src []patternSource
	n := &ParseText{In: p.node, X: x, Filter: op.Where}
	for i, part := range op.Parts {
		if i > 0 {
			b.checkParts(op, op.Parts[i-1], part)
		}
		switch {
		case part.Star:
			src = append(src, patternSource{star: true})
		case part.Text != nil:
			src = append(src, patternSource{text: part.Text.(*ast.Literal).V.S})
		default:
			src = append(src, patternSource{isCol: true, typ: part.Column.Type})
			n.Out = append(n.Out, b.col(part.Column.Name, part.Column.Type))
		}
	}
	var err error
	n.Pattern, err = newPattern(src, op.Options.Get("kind"), op.Options.Get("flags"))
	b.check(op.Pos, err)
	n.Cols = append(append([]Col(nil), p.node.Columns()...), n.Out...)
	b.placeParsed(p, n, n.Out)
}

// checkParts refuses parts of a pattern between which there is no telling where one ends
// and the next begins.
func (b *binder) checkParts(op *ast.ParseText, before, part ast.ParsePart) {
	switch {
	case part.Column != nil && before.Column != nil:
		b.failf(part.Column.Pos, "a text must stand between the columns '%s' and '%s' to say where the first ends", before.Column.Name, part.Column.Name)
	case part.Column != nil && before.Star:
		b.failf(part.Column.Pos, "a text must stand between * and the column '%s' to say where it begins", part.Column.Name)
	case part.Star && before.Star:
		b.failf(op.Pos, "a text must stand between two * of a pattern")
	case part.Star && before.Column != nil && before.Column.Type == value.String:
		b.failf(before.Column.Pos, "a text must stand between the column '%s' and *, as a string takes all that follows", before.Column.Name)
	}
}

func (b *binder) parseKV(p *pipeline, op *ast.ParseKV, in *scope) {
	n := &ParseKV{In: p.node, X: b.coerce(b.scalar(op.X, p.rowOf(in)), value.String)}
	var err error
	n.KV, err = newKeyValue(op.Options)
	b.check(op.Pos, err)
	for _, c := range op.Columns {
		n.Out = append(n.Out, b.col(c.Name, c.Type))
	}
	n.Cols = append(append([]Col(nil), p.node.Columns()...), n.Out...)
	b.placeParsed(p, n, n.Out)
}
