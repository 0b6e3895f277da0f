package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/azptu/azptu/internal/kql/ast"
	"github.com/azptu/azptu/internal/kql/scan"
	"github.com/azptu/azptu/internal/kql/value"
)

// There is one database. database(…) and cluster(…) before a table are passed over, so
// that a query written for a cluster runs as it stands.

// patternVar is a pattern: tables by constant arguments.
type patternVar struct {
	d  *ast.DeclarePattern
	in *scope
}

// visible are the names of tables that a restrict statement leaves, with asterisks.
type visible struct{ names []string }

func (v *visible) has(name string) bool {
	return v == nil || slices.ContainsFunc(v.names, func(p string) bool { return wildMatch(p, name) })
}

// table finds a table of the database that may be seen here.
func (b *binder) table(name string, in *scope) (scan.Table, bool) {
	if in != nil && !in.seen.has(name) {
		return nil, false
	}
	return b.opts.DB.Table(name)
}

// tableNames lists the tables that may be seen here.
func (b *binder) tableNames(in *scope) []string {
	names := b.opts.DB.TableNames()
	if in == nil || in.seen == nil {
		return names
	}
	return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return !in.seen.has(n) })
}

// views lists the views that let has bound: asterisks stand for these, too.
func (s *scope) views() []string {
	var names []string
	for up := s; up != nil; up = up.up {
		for name := range up.vars {
			f, ok := s.find(name).(*funcVar)
			if ok && f.f.View && len(f.f.Params) == 0 && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names
}

// isEntity says that an expression is a table behind database(…) or cluster(…).
func isEntity(x *ast.Member) bool {
	base := x.X
	if m, ok := base.(*ast.MethodCall); ok {
		base = m.Call
	}
	c, ok := base.(*ast.Call)
	return ok && (c.Name == "database" || c.Name == "cluster")
}

// databaseOf checks cluster(…).database(…), whose arguments are constant names.
func (b *binder) databaseOf(x ast.Expr, in *scope) {
	c, ok := x.(*ast.Call)
	if m, isMethod := x.(*ast.MethodCall); isMethod {
		b.databaseOf(m.X, in)
		c, ok = m.Call, true
	}
	if !ok || c.Name != "database" && c.Name != "cluster" {
		b.failf(x.At(), "a database was expected here, such as database('name')")
	}
	if len(c.Args) > 1 {
		b.failf(c.Pos, "%s() takes one name", c.Name)
	}
	if len(c.Args) == 1 {
		b.constText(c, 0, &row{in: in})
	}
}

// entity binds a table behind a database, or a case of a pattern.
func (b *binder) entity(x *ast.Member, in *scope) *pipeline {
	if c := b.patternOf(x, in); c != nil {
		return b.patternCase(c, x.Name, in)
	}
	if !isEntity(x) {
		b.failf(x.At(), "a table was expected here")
	}
	b.databaseOf(x.X, in)
	return b.tableNamed(&ast.Ident{Pos: x.Pos, Name: x.Name}, (&scope{seen: in.seen}).child())
}

// patternOf gives the call of a pattern in pattern(…).path; nil when x is none.
func (b *binder) patternOf(x *ast.Member, in *scope) *ast.Call {
	c, ok := x.X.(*ast.Call)
	if !ok {
		return nil
	}
	if _, ok := in.find(c.Name).(*patternVar); !ok {
		return nil
	}
	return c
}

// patternCase binds the body of the case that a pattern has for these arguments.
func (b *binder) patternCase(c *ast.Call, path string, in *scope) *pipeline {
	v := in.find(c.Name).(*patternVar)
	args := make([]string, len(c.Args))
	for i := range args {
		args[i] = b.constText(c, i, &row{in: in})
	}
	for _, one := range v.d.Cases {
		if one.Path == path && slices.EqualFunc(one.Args, args, func(l *ast.Literal, s string) bool { return l.V.S == s }) {
			b.enter(c.Pos)
			defer b.leave()
			inner := v.in.child()
			for i, p := range v.d.Params {
				inner.vars[p.Name] = Const{value.OfString(args[i])}
			}
			return b.body(one.Body, inner, c.Pos)
		}
	}
	asked := fmt.Sprintf("%s('%s')", c.Name, strings.Join(args, "', '"))
	if path != "" {
		asked += ".['" + path + "']"
	}
	b.failf(c.Pos, "the pattern has no case for %s", asked)
	return nil
}

// body binds statements of which the last gives rows.
func (b *binder) body(list []ast.Statement, in *scope, at ast.Pos) *pipeline {
	for i, s := range list {
		if t, ok := s.(*ast.Tabular); ok && i == len(list)-1 {
			return b.pipe(t.X, in)
		}
		b.statement(s, in)
	}
	b.failf(at, "this gives no rows: its last statement is no expression")
	return nil
}

// restrict hides every table, view and pattern that a restrict statement does not name
// from the statements behind it. What was bound before still sees them.
func (b *binder) restrict(s *ast.Restrict, in *scope) {
	seen := &visible{}
	var lets []string
	for _, x := range s.Entities {
		switch x := x.(type) {
		case *ast.Star:
			lets = append(lets, "*")
		case *ast.Ident:
			lets = append(lets, x.Name)
			if !x.Wild {
				seen.names = append(seen.names, x.Name)
			}
		case *ast.Member:
			b.databaseOf(x.X, in)
			seen.names = append(seen.names, x.Name)
		case *ast.MethodCall:
			b.databaseOf(x.X, in)
		default:
			b.failf(x.At(), "the name of a table, view or pattern was expected here")
		}
	}
	kept := &visible{lets}
	for name, v := range in.vars {
		switch v := v.(type) {
		case *tableVar, *patternVar:
			if !kept.has(name) {
				delete(in.vars, name)
			}
		case *funcVar:
			if !kept.has(name) && b.bodyIsTable(v) {
				delete(in.vars, name)
			}
		}
	}
	seen.names = slices.DeleteFunc(seen.names, func(n string) bool { return !in.seen.has(n) && !strings.Contains(n, "*") })
	in.seen = seen
}

// noExtent is what rows have that lie in no shard.
func noExtent(*binder, *ast.Call, *row) Expr { return Const{value.OfGUID(value.UUID{})} }

// reasons say why functions that Kusto has are not here.
var reasons = map[string]string{
	"current_principal_details": "who asks is not known to a query here", "current_principal_is_member_of": "who asks is not known to a query here",
	"cursor_after": "there are no database cursors here; compare the time of the rows", "cursor_before_or_at": "there are no database cursors here; compare the time of the rows",
	"cursor_current": "there are no database cursors here; use now()", "current_cursor": "there are no database cursors here; use now()",
	"stored_query_result": "there are no stored query results here; name a table with let",
}
