package ast

// Tabular operators.
type (
	// Where keeps rows; Verb is where or filter.
	Where struct {
		Pos
		Pred Expr
	}
	// Columns covers the operators that list columns or expressions: project,
	// project-away, project-keep, project-rename, project-reorder, project-by-names,
	// extend, distinct, print and serialize, told apart by Verb. Orders stands beside
	// Items for project-reorder ("" for none).
	Columns struct {
		Pos
		Verb   string
		Items  []Expr
		Orders []string
	}
	// Summarize groups.
	Summarize struct {
		Pos
		Options Options
		Aggs    []Expr
		By      []Expr
	}
	// SortKey is an expression to order by; Nulls is first, last or "" for the default.
	SortKey struct {
		X     Expr
		Asc   bool
		Said  bool
		Nulls string
	}
	// Sort orders rows; Top keeps the first N of them when N is set.
	Sort struct {
		Pos
		N       Expr
		Keys    []SortKey
		Options Options
	}
	// NestedLevel is one level of top-nested.
	NestedLevel struct {
		N, Of, Others, By Expr
		Asc               bool
	}
	// TopNested is hierarchical top.
	TopNested struct {
		Pos
		Levels []NestedLevel
	}
	// TopHitters gives the N most frequent values.
	TopHitters struct {
		Pos
		N, Of, By Expr
	}
	// Rows covers take, sample and sample-distinct, told apart by Verb.
	Rows struct {
		Pos
		Verb string
		N    Expr
		Of   Expr
	}
	// Bare covers the operators without arguments: count, getschema, consume.
	Bare struct {
		Pos
		Verb string
		// Name is what count calls its column, "" for Count.
		Name string
	}
	// Join is join or lookup.
	Join struct {
		Pos
		Lookup  bool
		Options Options
		Right   Expr
		On      []Expr
	}
	// Union puts tables under each other.
	Union struct {
		Pos
		Options Options
		Tables  []Expr
	}
	// Expansion is one thing mv-expand opens; To is "" when no type is asked for.
	Expansion struct {
		X  Expr
		To *TypeOf
	}
	// MvExpand opens arrays and bags into rows; with Sub it is mv-apply.
	MvExpand struct {
		Pos
		Options Options
		Items   []Expansion
		Limit   Expr
		Sub     *Pipe
		ItemID  string
	}
	// ParsePart is a piece of a parse pattern: * (Star), a text, or a column.
	ParsePart struct {
		Star   bool
		Text   Expr
		Column *ColumnDef
		Typed  bool
	}
	// ParseText is parse or, with Where, parse-where.
	ParseText struct {
		Pos
		Where   bool
		Options Options
		X       Expr
		Parts   []ParsePart
	}
	// ParseKV is parse-kv.
	ParseKV struct {
		Pos
		X       Expr
		Columns []ColumnDef
		Options Options
	}
	// SeriesAgg is an aggregate of make-series with its default.
	SeriesAgg struct {
		X, Default Expr
	}
	// MakeSeries turns rows into arrays.
	MakeSeries struct {
		Pos
		Options              Options
		Aggs                 []SeriesAgg
		On, From, To, Step   Expr
		InFrom, InTo, InStep Expr
		By                   []Expr
	}
	// As names the rows so far.
	As struct {
		Pos
		Options Options
		Name    string
	}
	// Evaluate calls a plugin.
	Evaluate struct {
		Pos
		Options Options
		Call    *Call
		Schema  []ColumnDef
		Open    bool
		Given   bool
	}
	// Render says how to draw the result.
	Render struct {
		Pos
		Kind    string
		Options Options
	}
	// Search looks for terms in all columns.
	Search struct {
		Pos
		Options Options
		In      []Expr
		Pred    Expr
	}
	// Find looks for rows in several tables.
	Find struct {
		Pos
		Options Options
		In      []Expr
		Pred    Expr
		Verb    string
		Project []FindColumn
		Pack    bool
	}
	// FindColumn is a column that find gives.
	FindColumn struct {
		X    Expr
		Type *ColumnDef
	}
	// Branch is one way out of fork.
	Branch struct {
		Name string
		Sub  *Pipe
	}
	// Fork runs several pipelines over the same rows.
	Fork struct {
		Pos
		Branches []Branch
	}
	// Facet counts values of columns, and runs With over the rows.
	Facet struct {
		Pos
		By   []Expr
		With *Pipe
	}
	// Partition runs Sub for each value of By.
	Partition struct {
		Pos
		Options Options
		By      Expr
		Sub     *Pipe
		Legacy  bool
	}
	// Invoke passes the rows to a function.
	Invoke struct {
		Pos
		Call *Call
	}
	// Reduce groups similar strings.
	Reduce struct {
		Pos
		By      Expr
		Options Options
	}
	// ScanStep is a state of scan.
	ScanStep struct {
		Name     string
		Optional bool
		Output   string
		Cond     Expr
		Assign   []Expr
	}
	// Scan matches sequences of rows.
	Scan struct {
		Pos
		Options Options
		Declare []Param
		Steps   []ScanStep
	}
	// Range makes rows of one column.
	Range struct {
		Pos
		Name           string
		From, To, Step Expr
	}
	// DataTable is a table written out.
	DataTable struct {
		Pos
		Columns []ColumnDef
		Values  []Expr
	}
	// External reads rows from files.
	External struct {
		Pos
		Columns []ColumnDef
		Sources []Expr
		Options Options
	}
)
