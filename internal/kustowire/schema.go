package kustowire

import (
	"fmt"
	"strings"

	"github.com/azptu/azptu/internal/kql"
	"github.com/azptu/azptu/internal/kql/value"
)

// tables answers .show tables.
func (h *Handler) tables() kql.Table {
	var cells [][]string
	for _, name := range h.cfg.Database.TableNames() {
		cells = append(cells, []string{name, h.cfg.Name, "", ""})
	}
	return rows([]string{"TableName", "DatabaseName", "Folder", "DocString"}, cells...)
}

// table answers .show table NAME and what may stand behind it.
func (h *Handler) table(name, aspect string) kql.Table {
	name = entity(name)
	t, ok := h.cfg.Database.Table(name)
	if !ok {
		return nil
	}
	switch aspect {
	case "":
		var cells [][]string
		for _, c := range t.Schema() {
			cells = append(cells, []string{c.Name, clrName(c.Type), c.Type.String()})
		}
		return rows([]string{"AttributeName", "AttributeType", "CslType"}, cells...)
	case "details":
		return rows([]string{"TableName", "DatabaseName", "Folder", "DocString"}, []string{name, h.cfg.Name, "", ""})
	case "cslschema", "schema":
		return h.shortSchema(name, t)
	case "schema as json":
		var b strings.Builder
		writeSchema(&b, name, t)
		return rows([]string{"TableName", "Schema", "DatabaseName", "Folder", "DocString"}, []string{name, b.String(), h.cfg.Name, "", ""})
	}
	return nil
}

// shortSchema is the schema as .create table takes it.
func (h *Handler) shortSchema(name string, t kql.Table) kql.Table {
	return rows([]string{"TableName", "Schema", "DatabaseName", "Folder", "DocString"}, []string{name, declared(t), h.cfg.Name, "", ""})
}

// shortSchemas answers .show database cslschema.
func (h *Handler) shortSchemas() kql.Table {
	var cells [][]string
	for _, name := range h.cfg.Database.TableNames() {
		t, _ := h.cfg.Database.Table(name)
		cells = append(cells, []string{name, declared(t), h.cfg.Name, "", ""})
	}
	return rows([]string{"TableName", "Schema", "DatabaseName", "Folder", "DocString"}, cells...)
}

// declared lists columns as name:type.
func declared(t kql.Table) string {
	var columns []string
	for _, c := range t.Schema() {
		columns = append(columns, c.Name+":"+c.Type.String())
	}
	return strings.Join(columns, ",")
}

// schema answers .show database schema, as rows or as one JSON document.
func (h *Handler) schema(asJSON bool) kql.Table {
	if asJSON {
		return rows([]string{"DatabaseSchema"}, []string{h.schemaDocument()})
	}
	cells := [][]string{{h.cfg.Name, "", "", "", "false", "false", "", "v1.0", ""}}
	for _, name := range h.cfg.Database.TableNames() {
		t, _ := h.cfg.Database.Table(name)
		cells = append(cells, []string{h.cfg.Name, name, "", "", "true", "false", "", "", ""})
		for _, c := range t.Schema() {
			cells = append(cells, []string{h.cfg.Name, name, c.Name, clrName(c.Type), "true", "false", "", "", ""})
		}
	}
	return rows([]string{"DatabaseName", "TableName", "ColumnName", "ColumnType", "IsDefaultTable:bool", "IsDefaultColumn:bool", "PrettyName", "Version", "Folder"}, cells...)
}

func (h *Handler) schemaDocument() string {
	var b strings.Builder
	name := quoted(h.cfg.Name)
	fmt.Fprintf(&b, `{"Databases":{%s:{"Name":%s,"Tables":{`, name, name)
	for i, table := range h.cfg.Database.TableNames() {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(quoted(table) + ":")
		t, _ := h.cfg.Database.Table(table)
		writeSchema(&b, table, t)
	}
	b.WriteString(`},"ExternalTables":{},"MaterializedViews":{},"MajorVersion":1,"MinorVersion":0,"Functions":{}}}}`)
	return b.String()
}

func writeSchema(b *strings.Builder, name string, t kql.Table) {
	fmt.Fprintf(b, `{"Name":%s,"OrderedColumns":[`, quoted(name))
	for i, c := range t.Schema() {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(b, `{"Name":%s,"Type":"%s","CslType":"%s"}`, quoted(c.Name), clrName(c.Type), c.Type)
	}
	b.WriteString(`]}`)
}

func quoted(s string) string { return string(value.AppendQuoted(nil, s)) }

func clrName(t value.Type) string {
	if t == value.Decimal {
		return "System.Data.SqlTypes.SqlDecimal"
	}
	return "System." + dotNetTypes[t]
}
