package plan

import (
	"errors"
	"fmt"
	"slices"

	"github.com/azptu/azptu/internal/kql/ast"
	"github.com/azptu/azptu/internal/kql/fn"
	"github.com/azptu/azptu/internal/kql/scan"
	"github.com/azptu/azptu/internal/kql/value"
)

// Database finds tables by name.
type Database interface {
	Table(name string) (scan.Table, bool)
	TableNames() []string
}

// Options are what binding needs beside the query.
type Options struct {
	DB Database
	// Fn evaluates constants.
	Fn *fn.Context
	// Run computes a plan at once: for toscalar, materialize and operators whose columns
	// depend on the rows.
	Run func(n Node) (*Values, error)
	// Open reads a file that externaldata names; nil refuses.
	Open func(uri string) ([]byte, error)
	// Parameters give declared query parameters their values.
	Parameters map[string]value.Value
}

// maxNodes bounds the operators of a plan: functions and tables named by let are put in
// wherever they are used.
const maxNodes = 20000

type binder struct {
	opts   Options
	text   string
	nextID int
	nodes  int
	depth  int
	calls  []bool          // the functions being bound, and whether they have parameters
	tables map[string]Node // by as
	cached map[*ast.Call]*Values
	values map[*ast.Call]Const // of toscalar
	tail   *pipeline
	// settings are what set statements put.
	settings map[string]Expr
}

// scope holds the names that statements and parameters have bound.
type scope struct {
	up   *scope
	vars map[string]any // Expr, *tableVar, *funcVar or *patternVar
	// seen restricts what the names of tables may be; nil for no bounds.
	seen *visible
	// table says that a tabular expression is bound here: it is computed once, and cannot
	// use what belongs to a row outside.
	table bool
}

// tableVar is a name for a tabular expression, bound again wherever it is used.
type tableVar struct {
	x  ast.Expr
	in *scope
	n  Node
}

type funcVar struct {
	f  *ast.Lambda
	in *scope
}

func (s *scope) find(name string) any {
	for ; s != nil; s = s.up {
		if v, ok := s.vars[name]; ok {
			return v
		}
	}
	return nil
}

// findValue finds a name as find does; outside says that it is bound around the tabular
// expression at hand.
func (s *scope) findValue(name string) (v any, outside bool) {
	for ; s != nil; s = s.up {
		if v, ok := s.vars[name]; ok {
			return v, outside
		}
		outside = outside || s.table
	}
	return nil, false
}

func (s *scope) child() *scope {
	c := &scope{up: s, vars: map[string]any{}}
	if s != nil {
		c.seen = s.seen
	}
	return c
}

// Bind turns a query into its results. The error is an *ast.Error, or what Run returned.
func Bind(q *ast.Query, opts Options) (out []Output, err error) {
	b := &binder{opts: opts, text: q.Text, tables: map[string]Node{}, cached: map[*ast.Call]*Values{}, values: map[*ast.Call]Const{}, settings: map[string]Expr{}}
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(failure)
			if !ok {
				panic(r)
			}
			out, err = nil, e.error
		}
	}()
	top := (*scope)(nil).child()
	for _, s := range q.Statements {
		out = append(out, b.statement(s, top)...)
	}
	if len(out) == 0 {
		b.failf(0, "the query has no tabular expression: it ends without giving rows")
	}
	if err := opts.Fn.Err(); err != nil {
		return nil, err
	}
	return out, nil
}

// failure carries an error out of the binder.
type failure struct{ error }

func (b *binder) failf(at ast.Pos, format string, args ...any) {
	panic(failure{ast.Locate(b.text, at, fmt.Sprintf(format, args...))})
}

func (b *binder) failNear(at ast.Pos, message, name string, candidates []string) {
	e := ast.Locate(b.text, at, message)
	e.Near = ast.Nearest(name, candidates)
	panic(failure{e})
}

// check passes an error on, located when it is not yet.
func (b *binder) check(at ast.Pos, err error) {
	if err == nil {
		return
	}
	var e *ast.Error
	if errors.As(err, &e) {
		panic(failure{err})
	}
	panic(failure{ast.Locate(b.text, at, err.Error())})
}

func (b *binder) col(name string, t value.Type) Col {
	b.nextID++
	return Col{ID: b.nextID, Name: name, Type: t}
}

func (b *binder) enter(at ast.Pos) {
	if b.depth++; b.depth > 400 {
		b.failf(at, "functions and tables are nested too deep")
	}
	if b.nodes++; b.nodes > maxNodes {
		b.failf(at, "the query unfolds to more than %d operators", maxNodes)
	}
}

func (b *binder) leave() { b.depth-- }

func (b *binder) leaveFunc() {
	b.leave()
	b.calls = b.calls[:len(b.calls)-1]
}

// once says that what is being bound means the same wherever it is bound again.
func (b *binder) once() bool { return !slices.Contains(b.calls, true) }

func (b *binder) statement(s ast.Statement, in *scope) []Output {
	switch s := s.(type) {
	case *ast.Let:
		b.let(s, in)
	case *ast.DeclareParameters:
		for _, p := range s.Params {
			in.vars[p.Name] = b.parameter(p, s.Pos, in)
		}
	case *ast.Set:
		b.settings[s.Name] = Const{value.OfBool(true)}
		if s.Value != nil {
			b.settings[s.Name] = b.scalar(s.Value, &row{in: in})
		}
	case *ast.Alias:
		b.databaseOf(s.X, in)
	case *ast.DeclarePattern:
		in.vars[s.Name] = &patternVar{s, in.copyOf()}
	case *ast.Restrict:
		b.restrict(s, in)
	case *ast.Tabular:
		p := b.pipe(s.X, in)
		return p.outputs(b)
	}
	return nil
}

func (b *binder) parameter(p ast.Param, at ast.Pos, in *scope) Expr {
	if v, ok := b.opts.Parameters[p.Name]; ok {
		return Const{value.Convert(v, p.Type)}
	}
	if p.Default == nil {
		b.failf(at, "the query parameter '%s' has no value", p.Name)
	}
	return b.coerce(b.scalar(p.Default, &row{in: in}), p.Type)
}

func (b *binder) let(s *ast.Let, in *scope) {
	if _, dup := in.vars[s.Name]; dup {
		b.failf(s.Pos, "the name '%s' is already declared by another let", s.Name)
	}
	switch x := s.Value.(type) {
	case *ast.Lambda:
		in.vars[s.Name] = &funcVar{x, in.copyOf()}
	default:
		if b.isTable(x, in) {
			in.vars[s.Name] = &tableVar{x: x, in: in.copyOf()}
			return
		}
		in.vars[s.Name] = b.scalar(x, &row{in: in})
	}
}

// copyOf freezes a scope, so that names bound later are not seen by what was bound before.
func (s *scope) copyOf() *scope {
	c := &scope{up: s.up, vars: make(map[string]any, len(s.vars))}
	for k, v := range s.vars {
		c.vars[k] = v
	}
	return c
}

// isTable says whether an expression is tabular.
func (b *binder) isTable(x ast.Expr, in *scope) bool {
	switch x := x.(type) {
	case *ast.Pipe, *ast.MethodCall:
		return true
	case *ast.Ident:
		return b.namesTable(x, in)
	case *ast.Member:
		return isEntity(x) || b.patternOf(x, in) != nil
	case *ast.Call:
		switch f := in.find(x.Name).(type) {
		case *funcVar:
			return b.bodyIsTable(f)
		case *patternVar:
			return true
		}
		if x.Name == "materialize" {
			return len(x.Args) == 1 && b.isTable(x.Args[0], in)
		}
		return x.Name == "table" || x.Name == "view"
	}
	return false
}

func (b *binder) namesTable(x *ast.Ident, in *scope) bool {
	switch v := in.find(x.Name).(type) {
	case *tableVar:
		return true
	case *funcVar:
		return len(v.f.Params) == 0 && b.bodyIsTable(v)
	case nil:
		_, ok := b.table(x.Name, in)
		return ok || x.Wild || b.tables[x.Name] != nil
	}
	return false
}

func (b *binder) bodyIsTable(f *funcVar) bool {
	inner := f.in.child()
	for _, p := range f.f.Params {
		if p.Table {
			inner.vars[p.Name] = &tableVar{}
		} else {
			inner.vars[p.Name] = Const{value.NullOf(p.Type)}
		}
	}
	for _, s := range f.f.Body {
		switch s := s.(type) {
		case *ast.Let:
			if l, ok := s.Value.(*ast.Lambda); ok {
				inner.vars[s.Name] = &funcVar{l, inner}
			} else if b.isTable(s.Value, inner) {
				inner.vars[s.Name] = &tableVar{x: s.Value, in: inner}
			} else {
				inner.vars[s.Name] = Const{}
			}
		case *ast.Tabular:
			return b.isTable(s.X, inner)
		}
	}
	return false
}

// apply binds a function's parameters and statements and returns the scope and the last
// expression.
func (b *binder) apply(f *funcVar, c *ast.Call, r *row) (*scope, ast.Expr) {
	b.enter(c.Pos)
	b.calls = append(b.calls, len(f.f.Params) > 0)
	inner := f.in.child()
	args := b.arrange(f, c)
	for i, p := range f.f.Params {
		switch {
		case args[i] == nil && p.Default == nil:
			b.failf(c.Pos, "%s() lacks its parameter '%s'", c.Name, p.Name)
		case args[i] == nil:
			inner.vars[p.Name] = b.coerce(b.scalar(p.Default, &row{in: f.in}), p.Type)
		case p.Table:
			inner.vars[p.Name] = b.tableArg(p, args[i], c, r)
		default:
			inner.vars[p.Name] = b.scalarArg(p, args[i], r)
		}
	}
	for i, s := range f.f.Body {
		if t, ok := s.(*ast.Tabular); ok && i == len(f.f.Body)-1 {
			return inner, t.X
		}
		b.statement(s, inner)
	}
	b.failf(f.f.Pos, "this function gives nothing: its last statement is no expression")
	return nil, nil
}

// scalarArg binds an argument for a parameter, whose type it must have but for numbers.
func (b *binder) scalarArg(p ast.Param, arg ast.Expr, r *row) Expr {
	x := b.scalar(arg, r)
	have := x.Type()
	fits := have == p.Type || p.Type.IsNumeric() && have.IsNumeric() || have == value.Dynamic || p.Type == value.Dynamic
	if c, ok := x.(Const); !fits && !(ok && c.V.Null) {
		b.failf(arg.At(), "the parameter '%s' is a %s, not a %s", p.Name, p.Type, have)
	}
	return b.coerce(x, p.Type)
}

func (b *binder) tableArg(p ast.Param, x ast.Expr, c *ast.Call, r *row) *tableVar {
	in := r.in
	if !b.isTable(x, in) {
		b.failf(x.At(), "the parameter '%s' of %s() is a table", p.Name, c.Name)
	}
	v := &tableVar{x: x, in: in}
	if len(p.Columns) > 0 {
		have := b.pipe(x, in).node.Columns()
		for _, want := range p.Columns {
			if i := indexOf(have, want.Name); i < 0 || have[i].Type != want.Type {
				b.failf(x.At(), "the table given to %s() lacks the column %s:%s", c.Name, want.Name, want.Type)
			}
		}
	}
	return v
}

// arrange puts arguments, named ones included, in the order of the parameters.
func (b *binder) arrange(f *funcVar, c *ast.Call) []ast.Expr {
	args := make([]ast.Expr, len(f.f.Params))
	for i, a := range c.Args {
		if n, ok := a.(*ast.Named); ok {
			i = -1
			for j, p := range f.f.Params {
				if p.Name == n.Names[0] {
					i = j
				}
			}
			a = n.X
		}
		if i < 0 || i >= len(args) {
			b.failf(a.At(), "%s() takes %d arguments", c.Name, len(args))
		}
		args[i] = a
	}
	return args
}

func indexOf(cols []Col, name string) int {
	for i, c := range cols {
		if c.Name == name {
			return i
		}
	}
	return -1
}
