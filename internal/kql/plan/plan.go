// Package plan turns a parsed query into operators over numbered columns. The binder
// gives names their meaning and expressions their types, as Kusto does; the optimizer then
// pushes columns, JSON paths, predicates, the time range and limits down to the tables.
package plan

import (
	"github.com/azptu/azptu/internal/kql/agg"
	"github.com/azptu/azptu/internal/kql/fn"
	"github.com/azptu/azptu/internal/kql/scan"
	"github.com/azptu/azptu/internal/kql/value"
)

// Col is a column of an operator. IDs are unique within a query; names within an operator.
type Col struct {
	ID   int
	Name string
	Type value.Type
}

// Expr is a bound scalar expression.
type Expr interface{ Type() value.Type }

// Expressions.
type (
	// Ref is the value of a column.
	Ref struct {
		ID int
		T  value.Type
	}
	// Const is a constant.
	Const struct{ V value.Value }
	// Call applies a function.
	Call struct {
		F    *fn.Func
		Args []Expr
		T    value.Type
		// size counts the parts, those shared as often as they are met.
		size int
	}
	// Path looks into a document: a string column holding JSON text, or a dynamic one. It
	// gives a dynamic, or Want when the value is converted at once.
	Path struct {
		Doc   Ref
		Steps []value.Step
		Want  value.Type
	}
	// InSet looks a value up among constants.
	InSet struct {
		X         Expr
		Keys      map[string]bool
		Fold, Not bool
		// Values are the constants, as X's type, for pushing down.
		Values []value.Value
	}
)

// Type implements Expr.
func (e Ref) Type() value.Type { return e.T }

// Type implements Expr.
func (e Const) Type() value.Type { return e.V.T }

// Type implements Expr.
func (e *Call) Type() value.Type { return e.T }

// Type implements Expr.
func (e *Path) Type() value.Type { return e.Want }

// Type implements Expr.
func (e *InSet) Type() value.Type { return value.Bool }

// Node is an operator.
type Node interface{ Columns() []Col }

// Operators.
type (
	// Scan reads a table.
	Scan struct {
		Name  string
		Table scan.Table
		// Cols are the table's columns by ID; Index says where each is in the schema.
		Cols  []Col
		Index []int
		// All are the columns of the whole schema.
		All []Col
		// What the optimizer has pushed down.
		Paths      []*Path
		PathCols   []Col
		Predicates []scan.Predicate
		Time       *scan.TimeRange
		Limit      int64
		// Pred keeps rows before paths are looked up; nil for all.
		Pred Expr
		// Transient says that batches may be used again once they have been passed on.
		Transient bool
		// PredOnly marks the columns that nobody but Pred uses.
		PredOnly []bool
	}
	// Values are rows at hand.
	Values struct {
		Cols []Col
		Data []*value.Vector
		Len  int
	}
	// Filter keeps the rows for which Pred is true.
	Filter struct {
		In   Node
		Pred Expr
	}
	// Project computes columns.
	Project struct {
		In    Node
		Cols  []Col
		Exprs []Expr
	}
	// Agg is an aggregate with its columns.
	Agg struct {
		Spec agg.Spec
		Args []Expr
		Out  []Col
	}
	// Aggregate groups.
	Aggregate struct {
		In   Node
		Keys []Expr
		Cols []Col
		Aggs []Agg
	}
	// SortKey orders rows.
	SortKey struct {
		X          Expr
		Asc        bool
		NullsFirst bool
	}
	// Sort orders rows and, when Limit is not negative, keeps the first of them.
	Sort struct {
		In    Node
		Keys  []SortKey
		Limit int64
	}
	// Limit keeps the first rows.
	Limit struct {
		In Node
		N  int64
	}
	// Sample keeps N rows by chance.
	Sample struct {
		In Node
		N  int64
	}
	// Union puts rows under each other. Map gives for each input and column the place in
	// the input, or -1.
	Union struct {
		Ins  []Node
		Cols []Col
		Map  [][]int
	}
	// Join matches rows of two inputs by equal keys. Cols are those of Left, then of Right.
	Join struct {
		Left, Right         Node
		LeftKeys, RightKeys []Expr
		Kind                string
		// Lookup says that a row's matches come in the reverse of their order, as they do
		// from Kusto's lookup.
		Lookup bool
		Cols   []Col
	}
	// WindowCall is a function that sees neighbouring rows.
	WindowCall struct {
		Name string
		Args []Expr
		Out  Col
	}
	// Window computes such functions over all rows in their order.
	Window struct {
		In    Node
		Calls []WindowCall
		Cols  []Col
	}
	// ExpandItem is a column that mv-expand opens.
	ExpandItem struct {
		X   Expr
		Out Col
	}
	// Expand makes a row for each member of arrays and bags.
	Expand struct {
		In    Node
		Items []ExpandItem
		Index *Col
		Array bool
		Limit int64
		Cols  []Col
		// Keep are the places of the input's columns that stay, in Cols' order; the places
		// of Items follow as -1-i.
		Keep []int
	}
	// Source stands for the rows a subquery runs over.
	Source struct {
		Cols []Col
	}
	// Apply runs Sub for each row of In over its expansion and puts Keep beside the results.
	Apply struct {
		In     *Expand
		Sub    Node
		Source *Source
		RowID  Col
		Cols   []Col
	}
	// Partition runs Sub for each value of Key.
	Partition struct {
		In     Node
		Key    Expr
		Sub    Node
		Source *Source
		Cols   []Col
	}
	// ParseText takes columns out of a text.
	ParseText struct {
		In      Node
		X       Expr
		Pattern *Pattern
		Filter  bool
		Out     []Col
		Cols    []Col
	}
	// ParseKV takes columns out of a text of keys and values.
	ParseKV struct {
		In   Node
		X    Expr
		KV   KeyValue
		Out  []Col
		Cols []Col
	}
	// MakeSeries turns rows into arrays along an axis.
	MakeSeries struct {
		In             Node
		Axis           Expr
		From, To, Step value.Value
		Keys           []Expr
		Aggs           []Agg
		// Values are the series' points by the aggregates, Defaults what stands where no
		// rows are.
		Values    []Expr
		Defaults  []value.Value
		Cols      []Col
		Nonempty  bool
		Inclusive bool
	}
	// NestedLevel is a level of top-nested.
	NestedLevel struct {
		N      int64
		Key    Expr
		Others *value.Value
		Agg    Agg
		Final  Expr
		Asc    bool
	}
	// TopNested is hierarchical top.
	TopNested struct {
		In     Node
		Levels []NestedLevel
		Cols   []Col
	}
	// Reduce groups similar strings.
	Reduce struct {
		In        Node
		X         Expr
		Delims    string
		Threshold float64
		// Source keeps the rows, with their patterns beside them.
		Source bool
		Cols   []Col
	}
	// ScanStep is a state of scan.
	ScanStep struct {
		Name   string
		Output string
		Cond   Expr
		// Assign are the values given to the columns, or variables behind them, at To.
		Assign []Expr
		To     []int
	}
	// Match is the operator scan: it matches sequences of rows.
	Match struct {
		In    Node
		Vars  []Col
		Init  []value.Value
		Steps []ScanStep
		// State gives the IDs by which expressions see the columns of each step's last
		// row: State[s][c] for step s and input-or-variable column c.
		State [][]Col
		ID    *Col
		Cols  []Col
	}
)

// Columns implement Node.

// Columns are the table's columns and the paths read from it.
func (n *Scan) Columns() []Col {
	return append(n.Cols[:len(n.Cols):len(n.Cols)], n.PathCols...)
}

// DocIndex gives the place in the schema of the column a path looks into.
func (n *Scan) DocIndex(p *Path) int {
	for i, c := range n.All {
		if c.ID == p.Doc.ID {
			return i
		}
	}
	return -1
}

// Columns of rows at hand.
func (n *Values) Columns() []Col { return n.Cols }

// Columns pass through.
func (n *Filter) Columns() []Col { return n.In.Columns() }

// Columns computed.
func (n *Project) Columns() []Col { return n.Cols }

// Columns are keys and aggregates.
func (n *Aggregate) Columns() []Col { return n.Cols }

// Columns pass through.
func (n *Sort) Columns() []Col { return n.In.Columns() }

// Columns pass through.
func (n *Limit) Columns() []Col { return n.In.Columns() }

// Columns pass through.
func (n *Sample) Columns() []Col { return n.In.Columns() }

// Columns of all inputs.
func (n *Union) Columns() []Col { return n.Cols }

// Columns of both sides.
func (n *Join) Columns() []Col { return n.Cols }

// Columns and the window functions'.
func (n *Window) Columns() []Col { return n.Cols }

// Columns after opening.
func (n *Expand) Columns() []Col { return n.Cols }

// Columns of the subquery's input.
func (n *Source) Columns() []Col { return n.Cols }

// Columns of row and subquery.
func (n *Apply) Columns() []Col { return n.Cols }

// Columns of the subquery.
func (n *Partition) Columns() []Col { return n.Cols }

// Columns and those parsed.
func (n *ParseText) Columns() []Col { return n.Cols }

// Columns and those parsed.
func (n *ParseKV) Columns() []Col { return n.Cols }

// Columns are keys, series and axis.
func (n *MakeSeries) Columns() []Col { return n.Cols }

// Columns are key and aggregate of each level.
func (n *TopNested) Columns() []Col { return n.Cols }

// Columns are pattern, count and representative.
func (n *Reduce) Columns() []Col { return n.Cols }

// Columns and the variables.
func (n *Match) Columns() []Col { return n.Cols }

// Range makes Count rows of one column, from First in steps.
type Range struct {
	Col         Col
	First, Step value.Value
	Count       int64
}

// Columns is the one column.
func (n *Range) Columns() []Col { return []Col{n.Col} }

// Render is how a result wants to be drawn.
type Render struct {
	Kind  string
	Props map[string]string
}

// Output is one result of a query.
type Output struct {
	Name   string
	Root   Node
	Render *Render
	// Schema says that the rows are to be described, not given (getschema is already
	// done by the binder; this is for fork's names).
}
