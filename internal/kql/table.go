// Package kql is an embeddable Kusto engine: it takes a query in the Kusto query language
// and tables that answer scan requests, and gives back typed result tables. The text is
// read (ast), bound to the schemas of the tables and turned into a plan whose filters,
// columns, JSON paths and time range reach down into the tables (plan), and run over
// batches of typed column vectors (exec) with the scalar functions of fn and the
// aggregates of agg. It knows no storage and no network.
package kql

import (
	"github.com/azptu/azptu/internal/kql/scan"
	"github.com/azptu/azptu/internal/kql/value"
)

// What a table is asked and answers; see package scan for each.
type (
	Table       = scan.Table
	ScanRequest = scan.Request
	JSONPath    = scan.JSONPath
	Predicate   = scan.Predicate
	TimeRange   = scan.TimeRange
	Batch       = scan.Batch
	Column      = scan.Column
)

// What values and columns of values are made of; see package value.
type (
	Type   = value.Type
	Value  = value.Value
	Vector = value.Vector
)

// Database finds tables by name. Names are compared exactly.
type Database interface {
	// Table gives the table of that name; ok is false when there is none.
	Table(name string) (t Table, ok bool)
	// TableNames lists all tables, for union *, search and error hints.
	TableNames() []string
}

// Tables is a Database held in a map.
type Tables map[string]Table
