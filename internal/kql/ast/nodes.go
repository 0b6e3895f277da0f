// Package ast reads the Kusto query language: lexer, parser, syntax tree and a printer
// whose output parses to the same tree. It knows syntax only; what names mean is for the
// binder to find out. Every fault is an Error with its line and column, what was expected
// and, where it can be told, the corrected query.
package ast

import "github.com/azptu/azptu/internal/kql/value"

// Node is a part of a syntax tree.
type Node interface {
	// At is where the part begins in the text.
	At() Pos
}

// Expr is a scalar or tabular expression.
type Expr interface {
	Node
	print(p *printer, prec int)
}

// Op is a tabular operator, after a pipe or, for some, at the head of a pipeline.
type Op interface {
	Node
	printOp(p *printer)
}

// At makes Pos a Node's position when it is embedded.
func (p Pos) At() Pos { return p }

// Query is a whole query text: statements of which the tabular ones give results.
type Query struct {
	Text       string
	Statements []Statement
}

// Statement is one of the statements that semicolons separate.
type Statement interface {
	Node
	printStatement(p *printer)
}

// Let binds a name to a value, a table or a function.
type Let struct {
	Pos
	Name  string
	Value Expr
}

// Set puts a request option; Value is nil when only the name is given.
type Set struct {
	Pos
	Name  string
	Value Expr
}

// DeclareParameters declares what parameters the query takes.
type DeclareParameters struct {
	Pos
	Params []Param
}

// Tabular is an expression whose rows are a result.
type Tabular struct {
	Pos
	X Expr
}

// Param is a parameter of a function or query. Columns is set for tables; Any says that
// a table may have other columns too.
type Param struct {
	Name    string
	Type    value.Type
	Table   bool
	Columns []ColumnDef
	Any     bool
	Default Expr
}

// ColumnDef is a name with a type, as in datatable.
type ColumnDef struct {
	Name string
	Type value.Type
	Pos  Pos
}

// Expressions.
type (
	// Ident is a name. Bracketed names are Quoted; a Wild one has * in it.
	Ident struct {
		Pos
		Name   string
		Quoted bool
		Wild   bool
	}
	// Literal is a constant.
	Literal struct {
		Pos
		V value.Value
	}
	// Unary is - or + before an expression.
	Unary struct {
		Pos
		Op string
		X  Expr
	}
	// Binary is an infix operation, string operators included.
	Binary struct {
		Pos
		Op   string
		L, R Expr
	}
	// In is x in (list), and the operators like it: !in, in~, has_any, has_all.
	In struct {
		Pos
		Op   string
		X    Expr
		List []Expr
	}
	// Between is x between (lo .. hi).
	Between struct {
		Pos
		Not       bool
		X, Lo, Hi Expr
	}
	// Call is a function applied to arguments.
	Call struct {
		Pos
		Name string
		Args []Expr
	}
	// Member is x.name, which may be written x['name']; behind a database a Wild one has *
	// in it.
	Member struct {
		Pos
		X    Expr
		Name string
		Wild bool
	}
	// MethodCall is x.name(args), as in cluster('c').database('d').
	MethodCall struct {
		Pos
		X    Expr
		Call *Call
	}
	// Index is x[i].
	Index struct {
		Pos
		X, I Expr
	}
	// Star is * standing for all columns.
	Star struct{ Pos }
	// Named is name = x, or (a, b) = x when Tuple.
	Named struct {
		Pos
		Names []string
		Tuple bool
		X     Expr
	}
	// TypeOf is typeof(type).
	TypeOf struct {
		Pos
		Types []ColumnDef
	}
	// Pipe is a tabular expression: a source followed by operators. Source is nil when the
	// first operator makes its own rows.
	Pipe struct {
		Pos
		Source Expr
		Ops    []Op
	}
	// Lambda is a function body with its parameters.
	Lambda struct {
		Pos
		View   bool
		Params []Param
		Body   []Statement
	}
)

// Option is a named setting of an operator, such as kind=inner.
type Option struct {
	Name  string
	Value Expr
}

// Options are an operator's settings.
type Options []Option

// Get finds a setting's text, "" when it is not there.
func (o Options) Get(names ...string) string {
	for _, s := range o {
		for _, n := range names {
			if s.Name != n {
				continue
			}
			switch x := s.Value.(type) {
			case *Ident:
				return x.Name
			case *Literal:
				return value.Text(x.V)
			}
		}
	}
	return ""
}
