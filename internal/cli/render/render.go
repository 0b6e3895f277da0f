// Package render writes what a verb found out in the form the user asked for:
// a table for people, JSON, YAML or tab-separated values for programs, bare
// names for loops. A verb hands over one View that holds both faces of its
// result: the value whose JSON field names are a contract, and the columns a
// person wants to see. A JMESPath query works on the value alone.
package render

import (
	"fmt"
	"io"

	"github.com/azptu/azptu/internal/locale"
)

// Format is a way to write a result.
type Format string

// The formats, as --output takes them.
const (
	Table Format = "table"
	JSON  Format = "json"
	YAML  Format = "yaml"
	TSV   Format = "tsv"
	CSV   Format = "csv"
	Wide  Format = "wide"
	Name  Format = "name"
	None  Format = "none"
)

// View is one result in all its forms.
type View struct {
	// Value is what JSON, YAML and --query show: a struct, a map or a slice.
	Value any
	// Columns and Rows are what table, wide and tsv show. Cells may be
	// string, bool, any whole number, float64, time.Time or nil (unknown).
	Columns []Column
	Rows    [][]any
	// Names are what -o name shows, one a line.
	Names []string
	// Card lays a table of one row out as "title: value" lines.
	Card bool
	// Empty is what a table without rows says, on the talk stream.
	Empty string
}

// Column is the head of a column.
type Column struct {
	Title string // in the user's language
	Right bool   // numbers stand to the right
	Wide  bool   // only shown by -o wide and in a card
}

// Field describes a column of a list of T: its head and how to fill a cell.
type Field[T any] struct {
	Column
	Cell func(T) any
}

// Col makes a Field; title is in the user's language.
func Col[T any](title string, cell func(T) any) Field[T] {
	return Field[T]{Column{Title: title}, cell}
}

// AlignRight is f with its cells to the right.
func (f Field[T]) AlignRight() Field[T] { f.Right = true; return f }

// OnlyWide is f shown by -o wide alone.
func (f Field[T]) OnlyWide() Field[T] { f.Wide = true; return f }

// List is the View of many; name gives the word -o name prints for one.
func List[T any](items []T, name func(T) string, fields ...Field[T]) View {
	if items == nil {
		items = []T{} // an empty list is [], not null
	}
	v := View{Value: items}
	for _, f := range fields {
		v.Columns = append(v.Columns, f.Column)
	}
	for _, item := range items {
		row := make([]any, len(fields))
		for i, f := range fields {
			row[i] = f.Cell(item)
		}
		v.Rows, v.Names = append(v.Rows, row), append(v.Names, name(item))
	}
	return v
}

// One is the View of a single thing, a card.
func One[T any](item T, name func(T) string, fields ...Field[T]) View {
	v := List([]T{item}, name, fields...)
	v.Value, v.Card = item, true
	return v
}

// Options are how the user wants to see a View.
type Options struct {
	Format  Format
	Query   string // JMESPath over View.Value; "" for all of it
	Width   int    // columns of the screen; 0: never cut
	Bold    func(string) string
	Numbers *locale.Printer // how people write numbers and dates
	Talk    io.Writer       // where a table says that it is empty
}

// QueryError says that a JMESPath expression is not one, or does not fit.
type QueryError struct {
	Query string
	Err   error
}

func (e *QueryError) Error() string { return fmt.Sprintf("query %q: %v", e.Query, e.Err) }

// Unwrap is what the JMESPath engine said.
func (e *QueryError) Unwrap() error { return e.Err }

// Write writes v to w as o asks. The error is a *QueryError when the query is
// at fault.
func Write(w io.Writer, v View, o Options) error {
	if o.Format == None {
		return nil
	}
	if o.Query != "" {
		answer, err := query(v.Value, o.Query)
		if err != nil {
			return err
		}
		v = ofAny(answer)
	}
	switch o.Format {
	case JSON:
		return writeJSON(w, v.Value)
	case YAML:
		return writeYAML(w, v.Value)
	case TSV:
		return writeTSV(w, v)
	case CSV:
		return writeCSV(w, v)
	case Name:
		return writeNames(w, v.Names)
	}
	return writeTable(w, v, o)
}
