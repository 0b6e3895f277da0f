package plan

import (
	"strings"

	"github.com/azptu/azptu/internal/kql/agg"
	"github.com/azptu/azptu/internal/kql/ast"
	"github.com/azptu/azptu/internal/kql/fn"
	"github.com/azptu/azptu/internal/kql/sig"
	"github.com/azptu/azptu/internal/kql/value"
)

// row is where a scalar expression stands: the columns it sees, the names in scope, and
// what it may use.
type row struct {
	in   *scope
	cols []Col
	// left and right are set in the condition of a join.
	left, right []Col
	// aggs gathers aggregates when they are allowed.
	aggs *[]Agg
	// windows gathers window functions when the rows are in order.
	windows *[]WindowCall
	// steps are the states of scan.
	steps map[string][]Col
	// terms makes strings search terms.
	terms bool
	// graph is the pattern of a graph that may be looked at.
	graph *graphScope
}

// without gives the same place with aggregates forbidden.
func (r *row) plain() *row {
	c := *r
	c.aggs = nil
	return &c
}

// scalar binds an expression and folds it when it is constant.
func (b *binder) scalar(x ast.Expr, r *row) Expr {
	if b.depth++; b.depth > 400 {
		b.failf(x.At(), "expressions and functions are nested too deep")
	}
	defer b.leave()
	switch x := x.(type) {
	case *ast.Literal:
		return Const{x.V}
	case *ast.Ident:
		return b.name(x, r)
	case *ast.Unary:
		return b.unary(x, r)
	case *ast.Binary:
		return b.binary(x, r)
	case *ast.In:
		return b.in(x, r)
	case *ast.Between:
		return b.between(x, r)
	case *ast.Call:
		return b.call(x, r)
	case *ast.Member:
		return b.member(x, r)
	case *ast.Index:
		return b.index(x, r)
	case *ast.Named:
		return b.scalar(x.X, r)
	case *ast.Star:
		b.failf(x.Pos, "* cannot stand here")
	}
	b.failf(x.At(), "a scalar expression was expected, not a table")
	return nil
}

func (b *binder) name(x *ast.Ident, r *row) Expr {
	if i := indexOf(r.cols, x.Name); i >= 0 {
		return Ref{r.cols[i].ID, r.cols[i].Type}
	}
	if v := b.graphVar(x, r); v != nil {
		return v
	}
	found, outside := r.in.findValue(x.Name)
	switch v := found.(type) {
	case Expr:
		if outside {
			Walk(v, func(int) {
				b.failf(x.Pos, "'%s' belongs to a row outside: a table is computed once, not for each row; use a join or lookup", x.Name)
			})
		}
		return v
	case *funcVar:
		if len(v.f.Params) == 0 {
			return b.scalar(&ast.Call{Pos: x.Pos, Name: x.Name}, r)
		}
		b.failf(x.Pos, "'%s' is a function; write %s(…)", x.Name, x.Name)
	case *tableVar:
		b.failf(x.Pos, "'%s' is a table; a scalar value was expected here", x.Name)
	}
	if hint := b.nameHint(x.Name, r); hint != "" {
		b.failf(x.Pos, "the name '%s' does not refer to any known column, table or variable%s", x.Name, hint)
	}
	names := make([]string, len(r.cols))
	for i, c := range r.cols {
		names[i] = c.Name
	}
	b.failNear(x.Pos, "the name '"+x.Name+"' does not refer to any known column, table or variable", x.Name, names)
	return nil
}

// coerce converts an expression to a type, folding constants.
func (b *binder) coerce(x Expr, t value.Type) Expr {
	if x.Type() == t || t == value.Unknown {
		return x
	}
	if c, ok := x.(Const); ok {
		return Const{value.Convert(c.V, t)}
	}
	if p, ok := x.(*Path); ok && p.Want == value.Dynamic {
		return &Path{Doc: p.Doc, Steps: p.Steps, Want: t}
	}
	if t == value.Dynamic {
		return b.sized(&Call{F: toDynamic, Args: []Expr{x}, T: t})
	}
	return b.sized(&Call{F: fn.Converter(t), Args: []Expr{x}, T: t})
}

// maxExpression bounds the parts of an expression once functions are unfolded.
const maxExpression = 1 << 20

// sized counts a call's parts and refuses expressions that unfold without end.
func (b *binder) sized(c *Call) Expr {
	c.size = 1
	for _, a := range c.Args {
		if inner, ok := a.(*Call); ok {
			c.size += max(inner.size, 1)
		} else {
			c.size++
		}
	}
	if c.size > maxExpression {
		b.failf(0, "an expression unfolds to more than %d parts", maxExpression)
	}
	return c
}

var toDynamic = &fn.Func{Name: "todynamic", Row: func(_ *fn.Context, a []value.Value) value.Value {
	return value.OfDynamic(a[0].AsDynamic())
}}

// fold makes a call, computing it at once when all arguments are constants.
func (b *binder) fold(f *fn.Func, args []Expr, t value.Type) Expr {
	vals := make([]value.Value, len(args))
	for i, a := range args {
		c, ok := a.(Const)
		if !ok {
			return b.sized(&Call{F: f, Args: args, T: t})
		}
		vals[i] = c.V
	}
	if f.Volatile {
		return b.sized(&Call{F: f, Args: args, T: t})
	}
	return Const{f.Call(b.opts.Fn, vals, t)}
}

func (b *binder) unary(x *ast.Unary, r *row) Expr {
	v := b.scalar(x.X, r)
	t := v.Type()
	if t == value.Dynamic {
		v, t = b.coerce(v, value.Real), value.Real
	}
	if !t.IsNumeric() && t != value.TimeSpan {
		b.failf(x.Pos, "the operator '%s' is not defined for %s", x.Op, t)
	}
	if _, isConst := v.(Const); t == value.Int && !isConst {
		v, t = b.coerce(v, value.Long), value.Long
	}
	if x.Op == "+" {
		return v
	}
	return b.fold(fn.Lookup("neg"), []Expr{v}, t)
}

func (b *binder) binary(x *ast.Binary, r *row) Expr {
	if r.terms && (x.Op == ":" || x.Op == "and" || x.Op == "or") {
		return b.searchBinary(x, r)
	}
	if x.Op == "and" || x.Op == "or" {
		return b.fold(fn.Lookup(x.Op), []Expr{b.condition(x.L, r), b.condition(x.R, r)}, value.Bool)
	}
	if star, ok := x.L.(*ast.Star); ok {
		return b.anyColumn(x, star.Pos, r)
	}
	l, rt := b.scalar(x.L, r), b.scalar(x.R, r)
	switch x.Op {
	case "+", "-", "*", "/", "%":
		return b.arithmetic(x, l, rt)
	case "==", "!=":
		return b.equality(x, l, rt)
	case "<", ">", "<=", ">=":
		return b.ordering(x, l, rt)
	}
	return b.stringOp(x, l, rt)
}

func (b *binder) stringOp(x *ast.Binary, l, r Expr) Expr {
	for _, e := range []Expr{l, r} {
		if t := e.Type(); t != value.String && t != value.Dynamic {
			b.undefined(x, l, r)
		}
	}
	if _, isConst := r.(Const); isConst && r.Type() == value.Dynamic && strings.Contains(x.Op, "has") {
		b.undefined(x, l, r)
	}
	f := fn.Lookup(x.Op)
	if f == nil {
		b.failf(x.Pos, "the operator '%s' is not supported", x.Op)
	}
	if x.Op == "matches regex" {
		if c, ok := r.(Const); ok && b.opts.Fn.Regexp(value.Text(c.V)) == nil {
			b.failf(x.R.At(), "%s is not a regular expression", ast.Print(x.R))
		}
	}
	return b.fold(f, []Expr{b.coerce(l, value.String), b.coerce(r, value.String)}, value.Bool)
}

func (b *binder) undefined(x *ast.Binary, l, r Expr) {
	b.failf(x.Pos, "the operator '%s' is not defined for %s and %s%s", x.Op, l.Type(), r.Type(), operatorHint(x.Op, l.Type(), r.Type()))
}

// condition binds an expression that must be bool.
func (b *binder) condition(x ast.Expr, r *row) Expr {
	v := b.scalar(x, r)
	if v.Type() == value.Dynamic {
		b.failf(x.At(), "a condition must be bool, not dynamic; convert it first: tobool(%s)", ast.Print(x))
	}
	if v.Type() != value.Bool {
		b.failf(x.At(), "a condition must be bool, not %s", v.Type())
	}
	return v
}

// undynamic gives a dynamic side the type of the other.
func (b *binder) undynamic(x *ast.Binary, l, r Expr) (Expr, Expr) {
	lt, rt := l.Type(), r.Type()
	switch {
	case lt == value.Dynamic && rt == value.Dynamic:
		b.failf(x.Pos, "the operator '%s' is not defined for two dynamics; convert them first, e.g. tolong(…)", x.Op)
	case lt == value.Dynamic:
		if rt == value.Int {
			rt = value.Long
		}
		l = b.coerce(l, rt)
	case rt == value.Dynamic:
		if lt == value.Int {
			lt = value.Long
		}
		r = b.coerce(r, lt)
	}
	return l, r
}

// undynamicTerm is undynamic for arithmetic: what is added to a datetime is a timespan, and
// a dynamic is not multiplied, divided or cut by times.
func (b *binder) undynamicTerm(x *ast.Binary, l, r Expr) (Expr, Expr) {
	lt, rt := l.Type(), r.Type()
	isTime := func(t value.Type) bool { return t == value.DateTime || t == value.TimeSpan }
	switch {
	case lt == value.Dynamic && isTime(rt) || rt == value.Dynamic && isTime(lt):
		if x.Op != "+" && x.Op != "-" {
			b.undefined(x, l, r)
		}
		if x.Op == "+" && lt == value.DateTime {
			return l, b.coerce(r, value.TimeSpan)
		}
		if x.Op == "+" && rt == value.DateTime {
			return b.coerce(l, value.TimeSpan), r
		}
	}
	return b.undynamic(x, l, r)
}

func (b *binder) arithmetic(x *ast.Binary, l, r Expr) Expr {
	l, r = b.undynamicTerm(x, l, r)
	lt, rt := l.Type(), r.Type()
	if lt.IsNumeric() && rt.IsNumeric() {
		t := max(lt, rt, value.Long)
		return b.fold(fn.Lookup(x.Op), []Expr{b.coerce(l, t), b.coerce(r, t)}, t)
	}
	t := spanArithmetic[x.Op][[2]value.Type{lt, rt}]
	if t == value.Unknown && (x.Op == "*" || x.Op == "/") {
		l, r, t = b.scaled(x.Op, l, r)
	}
	if t == value.Unknown {
		b.undefined(x, l, r)
	}
	return b.fold(fn.Lookup(x.Op), []Expr{l, r}, t)
}

// scaled multiplies or divides a timespan by a number; the type is Unknown for others.
func (b *binder) scaled(op string, l, r Expr) (Expr, Expr, value.Type) {
	if op == "*" && r.Type() == value.TimeSpan {
		l, r = r, l
	}
	if l.Type() != value.TimeSpan || !r.Type().IsNumeric() {
		return l, r, value.Unknown
	}
	if r.Type() == value.Decimal {
		r = b.coerce(r, value.Real)
	}
	return l, r, value.TimeSpan
}

var spanArithmetic = map[string]map[[2]value.Type]value.Type{
	"+": {{value.DateTime, value.TimeSpan}: value.DateTime, {value.TimeSpan, value.DateTime}: value.DateTime, {value.TimeSpan, value.TimeSpan}: value.TimeSpan},
	"-": {{value.DateTime, value.TimeSpan}: value.DateTime, {value.DateTime, value.DateTime}: value.TimeSpan, {value.TimeSpan, value.TimeSpan}: value.TimeSpan},
	"/": {{value.TimeSpan, value.TimeSpan}: value.Real, {value.DateTime, value.TimeSpan}: value.Real},
	"%": {{value.TimeSpan, value.TimeSpan}: value.TimeSpan, {value.DateTime, value.TimeSpan}: value.TimeSpan},
}

func (b *binder) equality(x *ast.Binary, l, r Expr) Expr {
	if l.Type() == value.Dynamic || r.Type() == value.Dynamic {
		l, r = b.undynamic(x, l, r)
	}
	l, r = b.alike(x, l, r)
	return b.fold(fn.Lookup(x.Op), []Expr{l, r}, value.Bool)
}

// alike gives both sides of a comparison one type. A constant string is read as the other
// side's type, and bool compares with integers.
func (b *binder) alike(x *ast.Binary, l, r Expr) (Expr, Expr) {
	lt, rt := l.Type(), r.Type()
	switch {
	case lt == rt:
		return l, r
	case lt.IsNumeric() && rt.IsNumeric():
		return b.coerce(l, max(lt, rt)), b.coerce(r, max(lt, rt))
	case lt == value.Bool && rt.IsNumeric():
		return b.coerce(l, rt), r
	case rt == value.Bool && lt.IsNumeric():
		return l, b.coerce(r, lt)
	case lt == value.String:
		if _, ok := l.(Const); ok {
			return b.coerce(l, rt), r
		}
		return l, b.coerce(r, value.String)
	case rt == value.String:
		if _, ok := r.(Const); ok {
			return l, b.coerce(r, lt)
		}
		return b.coerce(l, value.String), r
	}
	b.undefined(x, l, r)
	return nil, nil
}

func (b *binder) ordering(x *ast.Binary, l, r Expr) Expr {
	if lt, rt := l.Type(), r.Type(); lt == value.Dynamic && !rt.IsNumeric() || rt == value.Dynamic && !lt.IsNumeric() {
		b.undefined(x, l, r)
	}
	l, r = b.undynamic(x, l, r)
	lt, rt := l.Type(), r.Type()
	if lt == value.String || lt == value.GUID {
		b.undefined(x, l, r)
	}
	if lt != rt {
		if !lt.IsNumeric() || !rt.IsNumeric() {
			b.undefined(x, l, r)
		}
		t := max(lt, rt)
		l, r = b.coerce(l, t), b.coerce(r, t)
	}
	return b.fold(fn.Lookup(x.Op), []Expr{l, r}, value.Bool)
}

func (b *binder) between(x *ast.Between, r *row) Expr {
	v, lo, hi := b.scalar(x.X, r), b.scalar(x.Lo, r), b.scalar(x.Hi, r)
	op := "between"
	if x.Not {
		op = "!between"
	}
	if v.Type() == value.Dynamic && lo.Type() != value.Dynamic {
		v = b.coerce(v, lo.Type())
	}
	if v.Type() == value.DateTime && hi.Type() == value.TimeSpan {
		hi = b.fold(fn.Lookup("+"), []Expr{lo, hi}, value.DateTime)
	}
	t := v.Type()
	if t.IsNumeric() && lo.Type().IsNumeric() && hi.Type().IsNumeric() {
		t = max(t, lo.Type(), hi.Type())
	} else if lo.Type() != t || hi.Type() != t || t == value.String || t == value.Bool || t == value.GUID || t == value.Dynamic {
		b.failf(x.Pos, "the operator '%s' is not defined for %s, %s and %s", op, t, lo.Type(), hi.Type())
	}
	return b.fold(fn.Lookup(op), []Expr{b.coerce(v, t), b.coerce(lo, t), b.coerce(hi, t)}, value.Bool)
}

func (b *binder) member(x *ast.Member, r *row) Expr {
	if id, ok := x.X.(*ast.Ident); ok && !id.Quoted {
		if v := b.graphMember(id, x, r); v != nil {
			return v
		}
		if cols := sideOf(id.Name, r); cols != nil {
			i := indexOf(cols, x.Name)
			if i < 0 {
				b.failf(x.Pos, "%s has no column '%s'", id.Name, x.Name)
			}
			return Ref{cols[i].ID, cols[i].Type}
		}
	}
	v := b.scalar(x.X, r)
	return b.step(v, value.Step{Key: x.Name}, x.Pos)
}

// sideOf gives the columns behind $left, $right or a step of scan.
func sideOf(name string, r *row) []Col {
	switch name {
	case "$left":
		return r.left
	case "$right":
		return r.right
	}
	return r.steps[name]
}

// step looks one step into a dynamic value.
func (b *binder) step(v Expr, s value.Step, at ast.Pos) Expr {
	if v.Type() != value.Dynamic {
		b.failf(at, "a %s has no members; only a dynamic has", v.Type())
	}
	key := Const{value.OfString(s.Key)}
	if s.IsIndex {
		key = Const{value.OfLong(int64(s.Index))}
	}
	switch x := v.(type) {
	case Ref:
		return &Path{Doc: x, Steps: []value.Step{s}, Want: value.Dynamic}
	case *Path:
		if x.Want == value.Dynamic {
			return &Path{Doc: x.Doc, Steps: append(x.Steps[:len(x.Steps):len(x.Steps)], s), Want: value.Dynamic}
		}
	case *Call:
		if p, ok := docOf(x); ok {
			return p.further(&Path{Doc: Ref{T: value.Dynamic}, Steps: []value.Step{s}, Want: value.Dynamic})
		}
	}
	return b.fold(fn.Lookup("[]"), []Expr{v, key}, value.Dynamic)
}

func (b *binder) index(x *ast.Index, r *row) Expr {
	v, i := b.scalar(x.X, r), b.scalar(x.I, r)
	if c, ok := i.(Const); ok && !c.V.Null {
		switch {
		case c.V.T.IsInteger() && c.V.I == int64(int32(c.V.I)):
			return b.step(v, value.Step{IsIndex: true, Index: int(c.V.I)}, x.Pos)
		case c.V.T == value.String:
			return b.step(v, value.Step{Key: c.V.S}, x.Pos)
		}
	}
	if v.Type() != value.Dynamic {
		b.failf(x.Pos, "a %s has no members; only a dynamic has", v.Type())
	}
	if t := i.Type(); t != value.String && !t.IsInteger() && t != value.Dynamic {
		b.failf(x.I.At(), "a member is found by a string or an integer, not by a %s", t)
	}
	return b.fold(fn.Lookup("[]"), []Expr{v, i}, value.Dynamic)
}

func (b *binder) in(x *ast.In, r *row) Expr {
	op := x.Op
	if star, ok := x.X.(*ast.Star); ok {
		var any Expr
		for _, c := range r.cols {
			y := *x
			y.X = &ast.Ident{Pos: star.Pos, Name: c.Name, Quoted: true}
			any = b.either(any, b.in(&y, r))
		}
		return any
	}
	v := b.scalar(x.X, r)
	if t := v.Type(); t != value.String && t != value.Dynamic && (op[0] == 'h' || strings.HasSuffix(op, "~")) {
		b.failf(x.X.At(), "the operator '%s' needs a string, not a %s", op, t)
	}
	args := []Expr{v}
	for _, l := range x.List {
		if b.isTable(l, r.in) {
			args = append(args, Const{b.columnOf(l, r)})
			continue
		}
		args = append(args, b.scalar(l, r))
	}
	if op == "has_any" || op == "has_all" {
		return b.fold(fn.Lookup(op), append([]Expr{b.coerce(v, value.String)}, args[1:]...), value.Bool)
	}
	if set := inSet(op, args); set != nil {
		return set
	}
	return b.fold(fn.Lookup(op), args, value.Bool)
}

// columnOf runs a subquery and gives its first column as a list.
func (b *binder) columnOf(x ast.Expr, r *row) value.Value {
	vals := b.rows(x, r.in)
	if len(vals.Data) == 0 {
		return value.OfDynamic([]any{})
	}
	list := make([]any, vals.Len)
	for i := range list {
		list[i] = vals.Data[0].Value(i).AsDynamic()
	}
	return value.OfDynamic(list)
}

// inSet makes a set of constants, when that is what stands on the right.
func inSet(op string, args []Expr) Expr {
	t := args[0].Type()
	if _, ok := args[0].(Const); ok || t == value.Dynamic {
		return nil
	}
	s := &InSet{X: args[0], Keys: map[string]bool{}, Fold: strings.HasSuffix(op, "~") && t == value.String, Not: strings.HasPrefix(op, "!")}
	for _, a := range args[1:] {
		c, ok := a.(Const)
		if !ok {
			return nil
		}
		if l, isList := c.V.X.([]any); isList && c.V.T == value.Dynamic {
			for _, x := range l {
				s.put(value.FromDynamic(x))
			}
			continue
		}
		s.put(c.V)
	}
	return s
}

// put adds a constant, unless no value of the set's type can equal it.
func (s *InSet) put(v value.Value) {
	t := s.X.Type()
	if v.T != t && !v.Null {
		if t.IsNumeric() && v.T.IsNumeric() && value.Compare(v, value.Convert(v, t)) != 0 {
			return
		}
		v = value.Convert(v, t)
	}
	if v.Null {
		return
	}
	if s.Fold {
		v.S = strings.ToLower(v.S)
	}
	s.Keys[value.KeyOf(v)] = true
	s.Values = append(s.Values, v)
}

func (b *binder) either(x, y Expr) Expr {
	if x == nil {
		return y
	}
	return b.fold(fn.Lookup("or"), []Expr{x, y}, value.Bool)
}

// isAggregate says whether a call is an aggregate here.
func isAggregate(c *ast.Call, r *row) bool {
	if r.aggs == nil || sig.Aggregate(c.Name) == nil || !agg.Known(c.Name) {
		return false
	}
	_, shadowed := r.in.find(c.Name).(*funcVar)
	return !shadowed
}
