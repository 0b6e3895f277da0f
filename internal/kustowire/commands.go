package kustowire

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/azptu/azptu/internal/kql"
	"github.com/azptu/azptu/internal/kql/value"
)

// manage answers the management commands that clients send to find their way:
// those of .show. Nothing can be changed this way.
func (h *Handler) manage(w http.ResponseWriter, r *http.Request) {
	asked, ok := h.read(w, r)
	if !ok {
		return
	}
	h.command(r.Context(), w, asked)
}

// shown is what a command's table is called in the query that may follow it:
// .show tables | where TableName has "Gateway".
const shown = "Shown"

func (h *Handler) command(ctx context.Context, w http.ResponseWriter, asked explorerRequest) {
	command, rest, piped := strings.Cut(asked.Query, "|")
	table := h.show(command)
	if table == nil {
		code, message := h.refusal(command)
		h.fail(w, http.StatusBadRequest, code, message)
		return
	}
	query := shown
	if piped {
		query += " |" + rest
	}
	result, err := h.cfg.Engine.Query(ctx, query, kql.Options{Now: h.cfg.Now(), Limits: h.cfg.Limits, Database: kql.Tables{shown: table}})
	if err != nil {
		h.failure(w, err)
		return
	}
	writeV1(w, result.Tables)
}

// refusal tells why a command has no answer.
func (h *Handler) refusal(command string) (code, message string) {
	if words := strings.Fields(command); len(words) > 2 && strings.EqualFold(words[1], "table") {
		if _, known := h.cfg.Database.Table(entity(words[2])); !known {
			return "BadRequest_EntityNotFound", fmt.Sprintf("Entity ID '%s' of kind 'Table' was not found.", entity(words[2]))
		}
	}
	return "BadRequest_CommandNotSupported", fmt.Sprintf("The command '%s' is not supported here; these are: %s.", firstWords(command), strings.Join(commandNames(), ", "))
}

// entity is a name without the quotes that Kusto allows around it.
func entity(name string) string { return strings.Trim(name, `['"]`) }

// firstWords is the beginning of a command, fit for a message.
func firstWords(text string) string {
	words := strings.Fields(text)
	short := strings.Join(words[:min(len(words), 4)], " ")
	return short[:min(len(short), 80)]
}

// fixed are the commands whose words are always the same.
var fixed = map[string]func(h *Handler) kql.Table{
	".show version":              (*Handler).version,
	".show cluster":              (*Handler).cluster,
	".show diagnostics":          (*Handler).diagnostics,
	".show databases":            (*Handler).databases,
	".show databases identity":   (*Handler).databases,
	".show databases details":    (*Handler).databases,
	".show cluster databases":    (*Handler).databases,
	".show database":             (*Handler).databases,
	".show database details":     (*Handler).databases,
	".show tables":               (*Handler).tables,
	".show tables details":       (*Handler).tables,
	".show principal roles":      none("Scope", "DisplayName", "AADObjectID", "Role"),
	".show principal access":     none("Scope", "DisplayName", "AADObjectID", "Role"),
	".show functions":            none("Name", "Parameters", "Body", "Folder", "DocString"),
	".show materialized-views":   none("Name", "SourceTable", "Query", "MaterializedTo:datetime", "LastRun:datetime", "LastRunResult", "IsHealthy:bool", "IsEnabled:bool", "Folder", "DocString", "AutoUpdateSchema:bool", "EffectiveDateTime:datetime", "Lookback:timespan"),
	".show external tables":      none("TableName", "TableType", "Folder", "DocString", "Properties", "ConnectionStrings:dynamic", "Partitions:dynamic", "PathFormat"),
	".show entity_groups":        none("Name", "Entities"),
	".show schema":               func(h *Handler) kql.Table { return h.schema(false) },
	".show schema as json":       func(h *Handler) kql.Table { return h.schema(true) },
	".show database schema":      func(h *Handler) kql.Table { return h.schema(false) },
	".show database cslschema":   (*Handler).shortSchemas,
	".show databases schema":     func(h *Handler) kql.Table { return h.schema(false) },
	".show database schema json": func(h *Handler) kql.Table { return h.schema(true) }, // as clients of old write it
}

// commandNames are the commands that a message offers.
func commandNames() []string {
	names := []string{".show table NAME", ".show table NAME cslschema", ".show table NAME schema as json", ".show database schema as json"}
	for name := range fixed {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// show answers a command; nil when there is none of these words.
func (h *Handler) show(text string) kql.Table {
	words := strings.Fields(text)
	for i, word := range words {
		words[i] = strings.ToLower(word)
	}
	if answer := fixed[strings.Join(words, " ")]; answer != nil {
		return answer(h)
	}
	if len(words) < 3 || words[0] != ".show" {
		return nil
	}
	if words[1] == "table" {
		return h.table(strings.Fields(text)[2], strings.Join(words[3:], " "))
	}
	if words[1] != "database" && words[1] != "databases" {
		return nil
	}
	if schema := slices.Index(words, "schema"); schema > 0 {
		// What may stand between and behind (names of databases, versions, options) chooses among databases; there is one.
		return h.schema(slices.Contains(words[schema:], "json"))
	}
	// .show database NAME details: as without the name.
	if h.isName(words[2]) {
		if answer := fixed[strings.Join(slices.Delete(words, 2, 3), " ")]; answer != nil {
			return answer(h)
		}
	}
	return nil
}

// isName tells whether a database of that name is this one.
func (h *Handler) isName(name string) bool {
	name = entity(name)
	return name == "" || strings.EqualFold(name, h.cfg.Name) || strings.EqualFold(name, "NetDefaultDB")
}

func (h *Handler) version() kql.Table {
	return rows([]string{"BuildVersion", "BuildTime:datetime", "ServiceType", "ProductVersion", "ServiceOffering"}, []string{"1.0", "", "Engine", "azptu", ""})
}

func (h *Handler) cluster() kql.Table {
	return rows([]string{"NodeId", "Address", "Name", "StartTime:datetime", "AssignedHotExtents:long"}, []string{"1", "", "azptu", "", "0"})
}

func (h *Handler) diagnostics() kql.Table {
	return rows([]string{"IsHealthy:bool", "IsScaleOutRequired:bool", "MachinesTotal:long", "MachinesOffline:long"}, []string{"true", "false", "1", "0"})
}

func (h *Handler) databases() kql.Table {
	return rows([]string{"DatabaseName", "PersistentStorage", "Version", "IsCurrent:bool", "DatabaseAccessMode", "PrettyName", "ReservedSlot1:bool", "DatabaseId:guid", "InTransitionTo"},
		[]string{h.cfg.Name, "", "v1.0", "true", "ReadOnly", "", "", "", ""})
}

// none answers with no rows.
func none(columns ...string) func(*Handler) kql.Table {
	return func(*Handler) kql.Table { return rows(columns) }
}

// rows makes a table of values written as text; a column is a name, or
// name:type where it holds no text.
func rows(columns []string, cells ...[]string) kql.Table {
	schema := make([]kql.Column, len(columns))
	for i, column := range columns {
		name, typ, typed := strings.Cut(column, ":")
		schema[i] = kql.Column{Name: name, Type: value.String}
		if typed {
			schema[i].Type, _ = value.TypeByName(typ)
		}
	}
	table := kql.NewMemoryTable(schema)
	values := make([][]kql.Value, len(cells))
	for i, row := range cells {
		for _, cell := range row {
			values[i] = append(values[i], value.OfString(cell))
		}
	}
	_ = table.AppendRows(values) // fails only when a row has another number of cells
	return table
}
