package ast

import (
	"math"
	"strconv"
	"strings"

	"github.com/azptu/azptu/internal/kql/value"
)

// Precedences, loosest first.
const (
	precOr = iota + 1
	precAnd
	precEquality
	precRelational
	precAdd
	precMul
	precString
	precUnary
	precPostfix
)

type printer struct{ b strings.Builder }

func (p *printer) s(parts ...string) {
	for _, x := range parts {
		p.b.WriteString(x)
	}
}

// String prints the query in one canonical form; parsing it gives the same tree.
func (q *Query) String() string {
	p := &printer{}
	p.statements(q.Statements)
	return p.b.String()
}

// Print gives an expression's text.
func Print(x Expr) string {
	p := &printer{}
	x.print(p, 0)
	return p.b.String()
}

func (p *printer) statements(list []Statement) {
	for i, s := range list {
		if i > 0 {
			p.s(";\n")
		}
		s.printStatement(p)
	}
}

func (l *Let) printStatement(p *printer) {
	p.s("let ", Name(l.Name), " = ")
	l.Value.print(p, 0)
}

func (s *Set) printStatement(p *printer) {
	p.s("set ", Name(s.Name))
	if s.Value != nil {
		p.s(" = ")
		s.Value.print(p, 0)
	}
}

func (d *DeclareParameters) printStatement(p *printer) {
	p.s("declare query_parameters(")
	p.params(d.Params)
	p.s(")")
}

func (t *Tabular) printStatement(p *printer) { t.X.print(p, 0) }

func (p *printer) params(params []Param) {
	for i, x := range params {
		if i > 0 {
			p.s(", ")
		}
		p.s(Name(x.Name), ":")
		if !x.Table {
			p.s(x.Type.String())
			if x.Default != nil {
				p.s(" = ")
				x.Default.print(p, 0)
			}
			continue
		}
		p.s("(")
		p.columns(x.Columns)
		if x.Any {
			if len(x.Columns) > 0 {
				p.s(", ")
			}
			p.s("*")
		}
		p.s(")")
	}
}

func (p *printer) columns(cols []ColumnDef) {
	for i, c := range cols {
		if i > 0 {
			p.s(", ")
		}
		p.s(Name(c.Name), ":", c.Type.String())
	}
}

func (p *printer) list(xs []Expr) {
	for i, x := range xs {
		if i > 0 {
			p.s(", ")
		}
		x.print(p, 0)
	}
}

func (p *printer) wrap(need bool, f func()) {
	if need {
		p.s("(")
	}
	f()
	if need {
		p.s(")")
	}
}

func (x *Ident) print(p *printer, _ int) {
	switch {
	case x.Wild:
		p.s(x.Name)
	default:
		p.s(Name(x.Name))
	}
}

func (x *Literal) print(p *printer, prec int) {
	text := LiteralText(x.V)
	p.wrap(prec > precUnary && strings.HasPrefix(text, "-"), func() { p.s(text) })
}

// LiteralText prints a value as a literal of its type.
func LiteralText(v value.Value) string {
	if v.Null {
		return v.T.String() + "(null)"
	}
	switch v.T {
	case value.Bool:
		return strconv.FormatBool(v.I != 0)
	case value.Long:
		return strconv.FormatInt(v.I, 10)
	case value.Real:
		return realText(v.F)
	case value.String:
		return Quote(v.S)
	case value.Dynamic:
		return "dynamic(" + dynamicText(v.X) + ")"
	}
	return v.T.String() + "(" + value.Text(v) + ")"
}

func realText(f float64) string {
	switch {
	case math.IsNaN(f):
		return "real(nan)"
	case math.IsInf(f, 1):
		return "real(+inf)"
	case math.IsInf(f, -1):
		return "real(-inf)"
	}
	s := strconv.FormatFloat(f, 'g', -1, 64)
	if !strings.ContainsAny(s, ".e") {
		s += ".0"
	}
	return s
}

// dynamicText prints a tree so that typed members keep their types.
func dynamicText(x any) string {
	switch x := x.(type) {
	case []any:
		parts := make([]string, len(x))
		for i, e := range x {
			parts[i] = dynamicText(e)
		}
		return "[" + strings.Join(parts, ",") + "]"
	case *value.Bag:
		parts := make([]string, x.Len())
		for i, k := range x.Keys {
			parts[i] = Quote(k) + ":" + dynamicText(x.Vals[i])
		}
		return "{" + strings.Join(parts, ",") + "}"
	case nil:
		return "null"
	}
	return LiteralText(value.FromDynamic(x))
}

func (x *Unary) print(p *printer, prec int) {
	p.wrap(prec > precUnary, func() {
		p.s(x.Op, "(")
		x.X.print(p, 0)
		p.s(")")
	})
}

func precedence(op string) int {
	switch op {
	case "or":
		return precOr
	case "and":
		return precAnd
	case "==", "!=":
		return precEquality
	case "<", ">", "<=", ">=":
		return precRelational
	case "+", "-":
		return precAdd
	case "*", "/", "%":
		return precMul
	}
	return precString
}

func (x *Binary) print(p *printer, prec int) {
	if x.Op == ":" {
		x.L.print(p, precPostfix)
		p.s(":")
		x.R.print(p, precUnary)
		return
	}
	own := precedence(x.Op)
	left := own
	if own == precEquality || own == precRelational { // these do not chain
		left = own + 1
	}
	p.wrap(prec > own, func() {
		x.L.print(p, left)
		p.s(" ", x.Op, " ")
		x.R.print(p, own+1)
	})
}

func (x *In) print(p *printer, prec int) {
	p.wrap(prec > precEquality, func() {
		x.X.print(p, precRelational)
		p.s(" ", x.Op, " (")
		p.list(x.List)
		p.s(")")
	})
}

func (x *Between) print(p *printer, prec int) {
	p.wrap(prec > precEquality, func() {
		x.X.print(p, precRelational)
		op := " between ("
		if x.Not {
			op = " !between ("
		}
		p.s(op)
		x.Lo.print(p, 0)
		p.s(" .. ")
		x.Hi.print(p, 0)
		p.s(")")
	})
}

func (x *Call) print(p *printer, _ int) {
	if plainName(x.Name) && !typedNames[x.Name] {
		p.s(x.Name, "(")
	} else {
		p.s("[", Quote(x.Name), "](")
	}
	p.list(x.Args)
	p.s(")")
}

func (x *Member) print(p *printer, _ int) {
	x.X.print(p, precPostfix)
	if x.Wild {
		p.s(".", x.Name)
		return
	}
	p.s("[", Quote(x.Name), "]")
}

func (x *MethodCall) print(p *printer, _ int) {
	x.X.print(p, precPostfix)
	p.s(".")
	x.Call.print(p, 0)
}

func (x *Index) print(p *printer, _ int) {
	x.X.print(p, precPostfix)
	p.s("[")
	if lit, ok := x.I.(*Literal); ok && lit.V.T == value.String {
		p.s("(", LiteralText(lit.V), ")")
	} else {
		x.I.print(p, 0)
	}
	p.s("]")
}

func (x *Star) print(p *printer, _ int) { p.s("*") }

func (x *Named) print(p *printer, _ int) {
	if x.Tuple {
		p.s("(")
		for i, n := range x.Names {
			if i > 0 {
				p.s(", ")
			}
			p.s(Name(n))
		}
		p.s(")")
	} else {
		p.s(Name(x.Names[0]))
	}
	p.s(" = ")
	x.X.print(p, 0)
}

func (x *TypeOf) print(p *printer, _ int) {
	p.s("typeof(")
	for i, t := range x.Types {
		if i > 0 {
			p.s(", ")
		}
		if t.Name != "" {
			p.s(Name(t.Name), ":")
		}
		p.s(t.Type.String())
	}
	p.s(")")
}

func (x *Lambda) print(p *printer, _ int) {
	if x.View {
		p.s("view ")
	}
	p.s("(")
	p.params(x.Params)
	p.s(") { ")
	p.statements(x.Body)
	p.s(" }")
}

func (x *Pipe) print(p *printer, prec int) {
	p.wrap(prec > 0, func() {
		if x.Source != nil {
			x.Source.print(p, precOr)
		}
		p.ops(x.Ops, x.Source == nil)
	})
}

func (p *printer) ops(ops []Op, first bool) {
	for i, op := range ops {
		if i > 0 || !first {
			p.s(" | ")
		}
		op.printOp(p)
	}
}

// sub prints a pipeline that begins with an operator.
func (p *printer) sub(x *Pipe) {
	p.s("(")
	p.ops(x.Ops, true)
	p.s(")")
}

func (p *printer) options(o Options) {
	for _, x := range o {
		p.s(" ", x.Name, "=")
		p.optionValue(x.Value)
	}
}

func (p *printer) optionValue(x Expr) {
	if id, ok := x.(*Ident); ok {
		p.s(id.Name)
		return
	}
	x.print(p, precPostfix)
}
