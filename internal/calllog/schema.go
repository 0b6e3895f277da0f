package calllog

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/azptu/azptu/internal/kql/scan"
	"github.com/azptu/azptu/internal/kql/value"
)

// Names of the tables. All but Calls are Azure Monitor's.
const (
	GatewayLogs = "ApiManagementGatewayLogs"
	LLMLog      = "ApiManagementGatewayLlmLog"
	Diagnostics = "AzureDiagnostics"
	Metrics     = "AzureMetrics"
	Calls       = "Calls"
)

// timeColumn is when a row happened, in every table.
const timeColumn = "TimeGenerated"

// Schema is the columns of one table in their order.
type Schema struct {
	Table   string
	Columns []scan.Column
	// Open tables take columns beyond the listed ones; their names end in the
	// type: _s string, _d real, _b bool, _t datetime, _g guid.
	Open  bool
	index map[string]int
	// additional: AdditionalFields takes what no column is for.
	additional bool
}

// Column finds a column's place by its exact name.
func (s *Schema) Column(name string) (place int, ok bool) {
	place, ok = s.index[name]
	return place, ok
}

//go:embed tables.json
var tablesJSON []byte

var schemas = sync.OnceValue(readSchemas)

// Schemas lists every table in alphabetical order.
func Schemas() []*Schema { return schemas() }

// SchemaOf finds the schema of a table by its exact name.
func SchemaOf(table string) (*Schema, bool) {
	for _, s := range schemas() {
		if s.Table == table {
			return s, true
		}
	}
	return nil, false
}

// readSchemas reads the embedded schemas; tests have read them before.
func readSchemas() []*Schema {
	var doc map[string]struct {
		Source  string      `json:"source"`
		Columns [][2]string `json:"columns"`
	}
	dec := json.NewDecoder(bytes.NewReader(tablesJSON))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&doc); err != nil {
		panic(fmt.Sprintf("embedded table schemas: %v", err))
	}
	var all []*Schema
	for name, table := range doc {
		s := &Schema{Table: name, Open: name == Diagnostics}
		for _, c := range table.Columns {
			t, ok := value.TypeByName(c[1])
			if !ok {
				panic(fmt.Sprintf("embedded table schemas: %s.%s has unknown type %q", name, c[0], c[1]))
			}
			s.Columns = append(s.Columns, scan.Column{Name: c[0], Type: t})
		}
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b *Schema) int { return strings.Compare(a.Table, b.Table) })
	for _, s := range all {
		s.index = make(map[string]int, len(s.Columns))
		for i, c := range s.Columns {
			s.index[c.Name] = i
		}
		_, s.additional = s.index["AdditionalFields"]
	}
	return all
}

// suffixTypes are how Azure Monitor spells the type of a column that a service
// brings with it (Azure Monitor reference, AzureDiagnostics).
var suffixTypes = map[string]value.Type{
	"_s": value.String, "_d": value.Real, "_b": value.Bool, "_t": value.DateTime, "_g": value.GUID,
}

// TypeBySuffix tells the type of a column of an open table by its name.
func TypeBySuffix(name string) (value.Type, bool) {
	if len(name) < 3 {
		return value.Unknown, false
	}
	t, ok := suffixTypes[name[len(name)-2:]]
	return t, ok
}
