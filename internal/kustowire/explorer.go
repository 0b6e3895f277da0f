package kustowire

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/azptu/azptu/internal/kql"
	"github.com/azptu/azptu/internal/kql/value"
)

// explorerRequest is what clients of Data Explorer send.
type explorerRequest struct {
	Database   string `json:"db"`
	Query      string `json:"csl"`
	Properties any    `json:"properties"` // an object, or one as text
}

// option finds an option of the request; names are compared exactly.
func (r explorerRequest) option(name string) any {
	options, _ := r.properties()["Options"].(map[string]any)
	return options[name]
}

// truthy tells whether an option is switched on.
func (r explorerRequest) truthy(name string) bool {
	switch x := r.option(name).(type) {
	case bool:
		return x
	case string:
		return strings.EqualFold(x, "true")
	}
	return false
}

// read reads a request and refuses a database that is not this one.
func (h *Handler) read(w http.ResponseWriter, r *http.Request) (asked explorerRequest, ok bool) {
	if err := readJSON(r, &asked); err != nil {
		h.fail(w, http.StatusBadRequest, "General_BadRequest", err.Error())
		return asked, false
	}
	if !h.isName(asked.Database) {
		h.fail(w, http.StatusBadRequest, "BadRequest_EntityNotFound", fmt.Sprintf("Entity ID '%s' of kind 'Database' was not found. The database here is '%s'.", asked.Database, h.cfg.Name))
		return asked, false
	}
	if strings.TrimSpace(asked.Query) == "" {
		h.fail(w, http.StatusBadRequest, "General_BadRequest", "Request is invalid: the query is empty.")
		return asked, false
	}
	return asked, true
}

// failure tells of a query that was refused or failed.
func (h *Handler) failure(w http.ResponseWriter, err error) {
	var fault *kql.Error
	var limit *kql.LimitError
	switch {
	case errors.As(err, &fault):
		h.fail(w, http.StatusBadRequest, "SEM0100", fault.Error())
	case errors.As(err, &limit):
		h.fail(w, http.StatusBadRequest, "E_QUERY_RESULT_SET_TOO_LARGE", limit.Error())
	default:
		h.fail(w, http.StatusInternalServerError, "Internal service error", err.Error())
	}
}

// fail answers an error as Data Explorer does.
func (h *Handler) fail(w http.ResponseWriter, status int, code, message string) {
	reply(w, status, map[string]any{"error": map[string]any{
		"code": code, "message": message, "@type": "Kusto.Data.Exceptions.KustoBadRequestException", "@message": message,
		"@context":   map[string]any{"timestamp": h.cfg.Now().UTC().Format("2006-01-02T15:04:05.0000000Z"), "activityId": w.Header().Get("x-ms-activity-id"), "clientRequestId": w.Header().Get("x-ms-client-request-id")},
		"@permanent": status < 500,
	}})
}

// dotNetTypes are the names that version 1 of the protocol gives the types.
var dotNetTypes = map[value.Type]string{
	value.Bool: "SByte", value.Int: "Int32", value.Long: "Int64", value.Real: "Double", value.Decimal: "SqlDecimal",
	value.DateTime: "DateTime", value.TimeSpan: "TimeSpan", value.String: "String", value.GUID: "Guid", value.Dynamic: "Object",
}

// queryV1 is version 1 of the query protocol: a set of tables.
func (h *Handler) queryV1(w http.ResponseWriter, r *http.Request) {
	asked, ok := h.read(w, r)
	if !ok {
		return
	}
	if strings.HasPrefix(strings.TrimSpace(asked.Query), ".") {
		h.command(r.Context(), w, asked)
		return
	}
	result, err := h.run(r.Context(), asked)
	if err != nil {
		h.failure(w, err)
		return
	}
	writeV1(w, result.Tables)
}

// writeV1 writes tables as version 1 does.
func writeV1(w http.ResponseWriter, tables []kql.ResultTable) {
	var b bytes.Buffer
	b.WriteString(`{"Tables":[`)
	for i := range tables {
		if i > 0 {
			b.WriteByte(',')
		}
		t := &tables[i]
		fmt.Fprintf(&b, `{"TableName":"Table_%d","Columns":[`, i)
		for j, c := range t.Columns {
			if j > 0 {
				b.WriteByte(',')
			}
			b.WriteString(`{"ColumnName":`)
			b.Write(value.AppendQuoted(nil, c.Name))
			fmt.Fprintf(&b, `,"DataType":"%s","ColumnType":"%s"}`, dotNetTypes[c.Type], c.Type)
		}
		b.WriteString(`],"Rows":[`)
		writeRows(&b, t, 0, t.Len, kql.AppendJSON)
		b.WriteString(`]}`)
	}
	b.WriteString(`]}`)
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = w.Write(b.Bytes())
}
