package plan

import (
	"strings"

	"github.com/azptu/azptu/internal/kql/ast"
	"github.com/azptu/azptu/internal/kql/value"
)

// ipLookup puts the columns of a table of networks beside rows by address. Columns that
// both tables have may be named as further keys; they are given once.
func (b *binder) ipLookup(p *pipeline, op *ast.Evaluate, in *scope) {
	args := op.Call.Args
	if len(args) < 3 || !b.isTable(args[0], in) {
		b.failf(op.Pos, "%s() takes a table, the column of addresses and the column of networks", op.Call.Name)
	}
	table := b.pipe(args[0], in)
	lrow, rrow := p.rowOf(in), &row{in: in, cols: table.node.Columns()}
	j := &Join{Left: p.node, Right: table.node, Kind: "inner-network"}
	j.LeftKeys = []Expr{b.coerce(b.scalar(args[1], lrow), value.String)}
	j.RightKeys = []Expr{b.coerce(b.scalar(args[2], rrow), value.String)}
	extra := map[int]bool{}
	for _, a := range args[3:] {
		if id, ok := a.(*ast.Ident); ok && indexOf(rrow.cols, id.Name) >= 0 {
			l, r := b.name(id, lrow), b.name(id, rrow)
			j.LeftKeys, j.RightKeys = append(j.LeftKeys, l), append(j.RightKeys, b.coerce(r, l.Type()))
			extra[r.(Ref).ID] = true
			continue
		}
		if n, named := a.(*ast.Named); named && n.Names[0] != "return_unmatched" {
			b.failf(a.At(), "%s() does not know '%s'", op.Call.Name, n.Names[0])
		}
		if b.constant(a, in).Bool() {
			j.Kind = "leftouter-network"
		}
	}
	if strings.HasPrefix(op.Call.Name, "ipv6") {
		j.Kind += "6"
	}
	lcols := p.node.Columns()
	j.Cols = append(append([]Col(nil), lcols...), rrow.cols...)
	p.node = j
	p.project(filterCols(b.joinNames(j, lcols, rrow.cols, false), func(c Col) bool { return !extra[c.ID] }))
}
