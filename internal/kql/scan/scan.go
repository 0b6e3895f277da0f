// Package scan is the border between the engine and whoever keeps the rows: what a table
// must answer, what the engine asks of it, and the batches of columns that come back. The
// engine never trusts a table to have filtered: predicates and time ranges are hints for
// skipping what cannot match, and are checked again.
package scan

import (
	"context"

	"github.com/azptu/azptu/internal/kql/value"
)

// Column is a table's column.
type Column struct {
	Name string
	Type value.Type
}

// Table is a named collection of rows. Implementations must be safe for concurrent scans.
type Table interface {
	// Schema lists the columns in their order. It does not change during a query.
	Schema() []Column
	// Scan calls emit with batches of rows until all have been given, emit returns an
	// error, or ctx ends; it returns that error, or ctx's. With Parallel above 1 emit may
	// be called by that many goroutines at once; otherwise one call follows another in the
	// order of the rows. A batch may be kept by the receiver, so it must not be reused.
	Scan(ctx context.Context, req Request, emit func(*Batch) error) error
}

// Request says what the engine wants of a table.
type Request struct {
	// Columns are places in Schema. Only these are read; it may be empty when the number
	// of rows is all that matters.
	Columns []int
	// Paths are looked up inside columns of JSON text or dynamic values.
	Paths []JSONPath
	// Predicates all hold for every row that is wanted. A table may leave out rows (or
	// whole segments) for which one is certainly false, and may ignore any of them.
	Predicates []Predicate
	// Time bounds a datetime column, when the query does. It repeats what Predicates say.
	Time *TimeRange
	// Limit is the number of rows after which the engine will stop; 0 for all. It is
	// only set when every row scanned counts.
	Limit int64
	// Transient says that the receiver is done with a batch when emit returns, so that the
	// table may use its memory again, and that columns of any type may be dictionary-coded
	// (value.Vector.Words). Strings taken out of a batch stay good.
	Transient bool
	// Parallel is how many goroutines may call emit at once; 0 and 1 mean one.
	Parallel int
}

// JSONPath is a value inside a document, such as parse_json(BackendResponseBody)['usage'].
type JSONPath struct {
	// Column is the place in Schema of a string column holding JSON text or of a dynamic one.
	Column int
	// Steps lead from the document to the value.
	Steps []value.Step
	// Want is the type the query converts the value to, or Dynamic when it keeps it as it
	// is. It says what is worth keeping extracted; see Batch.Paths for what may be given.
	Want value.Type
}

// Op compares a column or path with a constant.
type Op uint8

// The comparisons a Predicate can make.
const (
	Eq Op = iota
	Ne
	Lt
	Le
	Gt
	Ge
	// In: the value equals one of Predicate.Values.
	In
	// Has: the string holds the term, whatever its case.
	Has
	// Contains: the string holds the text, whatever its case.
	Contains
	// StartsWith: the string begins with the text, whatever its case.
	StartsWith
	// EqFold: the strings are equal but for their case.
	EqFold
)

// Predicate is a condition that wanted rows meet. A null meets none.
type Predicate struct {
	// Column is a place in Schema; -1 when Path is set.
	Column int
	// Path is a place in Request.Paths; -1 when Column is set. The constants have its Want type.
	Path   int
	Op     Op
	Values []value.Value
}

// TimeRange bounds a datetime column; both ends are included and in ticks.
type TimeRange struct {
	Column   int
	From, To int64
}

// Batch is a run of rows. Columns and Paths are as long as in the Request, and every
// vector has Len rows.
type Batch struct {
	Len     int
	Columns []*value.Vector
	// Paths holds one vector for each Request.Paths. A table that has the values ready
	// gives them as a vector of a scalar type (string for JSON strings, long or real for
	// numbers, bool) if and only if every value in the batch was of that JSON type or
	// missing (null; for a string vector use a Raw dynamic one when some are missing), or
	// as a dynamic vector. A nil vector, or Paths itself being nil, means "not at hand":
	// the engine then reads the column's text, which must be among Columns or in Sources.
	Paths []*value.Vector
	// Sources gives, for paths that are not at hand, the document column itself, keyed by
	// its place in Schema. Documents are only decoded when this is so.
	Sources map[int]*value.Vector
	// Seq orders batches that arrive from several goroutines.
	Seq int64
}
