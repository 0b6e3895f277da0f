package kustowire

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/azptu/azptu/internal/kql"
	"github.com/azptu/azptu/internal/kql/value"
)

// manage answers the management commands that clients send to find their way:
// a few of .show. Nothing can be changed this way.
func (h *Handler) manage(w http.ResponseWriter, r *http.Request) {
	asked, ok := h.read(w, r)
	if !ok {
		return
	}
	h.command(w, asked.Query)
}

func (h *Handler) command(w http.ResponseWriter, text string) {
	table, ok := h.show(text)
	if !ok {
		explorerError(w, http.StatusBadRequest, "BadRequest_CommandNotSupported", fmt.Sprintf("The command '%s' is not supported here; .show databases, .show tables, .show database schema, .show table NAME, .show version and .show principal roles are.", firstWords(text)))
		return
	}
	writeV1(w, []kql.ResultTable{table})
}

// firstWords is the beginning of a command, fit for a message.
func firstWords(text string) string {
	words := strings.Fields(text)
	short := strings.Join(words[:min(len(words), 4)], " ")
	return short[:min(len(short), 80)]
}

func (h *Handler) show(text string) (kql.ResultTable, bool) {
	text, _, _ = strings.Cut(text, "|") // what follows would sort or cut it
	words := strings.Fields(strings.ToLower(text))
	if len(words) < 2 || words[0] != ".show" {
		return kql.ResultTable{}, false
	}
	switch rest := strings.Join(words[1:], " "); {
	case rest == "version":
		return rows([]string{"BuildVersion", "BuildTime", "ServiceType", "ProductVersion", "ServiceOffering"}, []string{"1.0", "", "Engine", "azptu", ""}), true
	case rest == "databases" || rest == "databases identity" || rest == "cluster databases":
		return rows([]string{"DatabaseName", "PersistentStorage", "Version", "IsCurrent", "DatabaseAccessMode", "PrettyName"}, []string{h.cfg.Name, "", "v1.0", "true", "ReadOnly", ""}), true
	case rest == "tables" || rest == "tables details":
		return h.tables(), true
	case strings.HasSuffix(rest, "schema") || strings.HasPrefix(rest, "databases schema") || strings.Contains(rest, "schema as json"):
		return h.schema(strings.Contains(rest, "json")), true
	case words[1] == "table" && len(words) >= 3:
		return h.columns(strings.Fields(text)[2])
	case strings.HasPrefix(rest, "principal"):
		return rows([]string{"Scope", "DisplayName", "AADObjectID", "Role"}), true
	}
	return kql.ResultTable{}, false
}

func (h *Handler) tables() kql.ResultTable {
	var cells [][]string
	for _, name := range h.cfg.Database.TableNames() {
		cells = append(cells, []string{name, h.cfg.Name, "", ""})
	}
	return rows([]string{"TableName", "DatabaseName", "Folder", "DocString"}, cells...)
}

// columns answers .show table NAME.
func (h *Handler) columns(name string) (kql.ResultTable, bool) {
	t, ok := h.cfg.Database.Table(strings.Trim(name, `['"]`))
	if !ok {
		return kql.ResultTable{}, false
	}
	var cells [][]string
	for _, c := range t.Schema() {
		cells = append(cells, []string{c.Name, clrName(c.Type), c.Type.String()})
	}
	return rows([]string{"AttributeName", "AttributeType", "CslType"}, cells...), true
}

// schema answers .show database schema, as rows or as one JSON document.
func (h *Handler) schema(asJSON bool) kql.ResultTable {
	if asJSON {
		return rows([]string{"DatabaseSchema"}, []string{h.schemaDocument()})
	}
	cells := [][]string{{h.cfg.Name, "", "", "", "true", "", "", "", ""}}
	for _, name := range h.cfg.Database.TableNames() {
		t, _ := h.cfg.Database.Table(name)
		cells = append(cells, []string{h.cfg.Name, name, "", "", "true", "", "", "", ""})
		for _, c := range t.Schema() {
			cells = append(cells, []string{h.cfg.Name, name, c.Name, clrName(c.Type), "true", "", "", "", ""})
		}
	}
	return rows([]string{"DatabaseName", "TableName", "ColumnName", "ColumnType", "IsDefaultTable", "IsDefaultColumn", "PrettyName", "Version", "Folder"}, cells...)
}

func (h *Handler) schemaDocument() string {
	var b strings.Builder
	quoted := func(s string) string { return string(value.AppendQuoted(nil, s)) }
	fmt.Fprintf(&b, `{"Databases":{%s:{"Name":%s,"Tables":{`, quoted(h.cfg.Name), quoted(h.cfg.Name))
	for i, name := range h.cfg.Database.TableNames() {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `%s:{"Name":%s,"OrderedColumns":[`, quoted(name), quoted(name))
		t, _ := h.cfg.Database.Table(name)
		for j, c := range t.Schema() {
			if j > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, `{"Name":%s,"Type":"%s","CslType":"%s"}`, quoted(c.Name), clrName(c.Type), c.Type)
		}
		b.WriteString(`]}`)
	}
	b.WriteString(`},"Functions":{}}}}`)
	return b.String()
}

func clrName(t value.Type) string {
	if t == value.Decimal {
		return "System.Data.SqlTypes.SqlDecimal"
	}
	return "System." + dotNetTypes[t]
}

// rows makes a table of text columns.
func rows(columns []string, cells ...[]string) kql.ResultTable {
	t := kql.ResultTable{Name: "Table_0", Len: len(cells)}
	for c, name := range columns {
		column := make([]string, len(cells))
		for i, row := range cells {
			column[i] = row[c]
		}
		t.Columns = append(t.Columns, kql.ResultColumn{Name: name, Type: value.String})
		t.Data = append(t.Data, value.StringsOf(column))
	}
	return t
}
