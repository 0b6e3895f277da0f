package kustowire

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/azptu/azptu/internal/kql"
	"github.com/azptu/azptu/internal/kql/value"
)

// timeColumn is what a time span of Log Analytics is about.
const timeColumn = "TimeGenerated"

// workspaceQuery is the query API of Log Analytics.
func (h *Handler) workspaceQuery(w http.ResponseWriter, r *http.Request) {
	if id := r.PathValue("workspace"); h.cfg.Workspace != "" && !strings.EqualFold(id, h.cfg.Workspace) {
		workspaceError(w, http.StatusNotFound, "PathNotFoundError", "The requested path does not exist", fmt.Sprintf("There is no workspace '%s'.", id))
		return
	}
	var asked struct {
		Query      string   `json:"query"`
		Timespan   string   `json:"timespan"`
		Workspaces []string `json:"workspaces"`
	}
	if r.Method == http.MethodGet {
		asked.Query, asked.Timespan = r.URL.Query().Get("query"), r.URL.Query().Get("timespan")
	} else if err := readJSON(r, &asked); err != nil {
		workspaceError(w, http.StatusBadRequest, "BadArgumentError", "The request had some invalid properties", err.Error())
		return
	}
	if strings.TrimSpace(asked.Query) == "" {
		workspaceError(w, http.StatusBadRequest, "BadArgumentError", "The request had some invalid properties", "Query cannot be empty.")
		return
	}
	database := h.cfg.Database
	if asked.Timespan != "" {
		from, to, err := readTimespan(asked.Timespan, h.cfg.Now())
		if err != nil {
			workspaceError(w, http.StatusBadRequest, "BadArgumentError", "The request had some invalid properties", err.Error())
			return
		}
		database = kql.Between(database, timeColumn, from, to)
	}
	result, err := h.cfg.Engine.Query(r.Context(), asked.Query, kql.Options{Now: h.cfg.Now(), Limits: h.cfg.Limits, Database: database})
	if err != nil {
		workspaceFailure(w, r, err)
		return
	}
	writeWorkspace(w, result)
}

// writeWorkspace writes the tables as Log Analytics does.
func writeWorkspace(w http.ResponseWriter, result *kql.Result) {
	var b bytes.Buffer
	b.WriteString(`{"tables":[`)
	for i := range result.Tables {
		if i > 0 {
			b.WriteByte(',')
		}
		t := &result.Tables[i]
		b.WriteString(`{"name":`)
		b.Write(value.AppendQuoted(nil, t.Name))
		b.WriteString(`,"columns":[`)
		for j, c := range t.Columns {
			if j > 0 {
				b.WriteByte(',')
			}
			b.WriteString(`{"name":`)
			b.Write(value.AppendQuoted(nil, c.Name))
			fmt.Fprintf(&b, `,"type":"%s"}`, c.Type)
		}
		b.WriteString(`],"rows":[`)
		writeRows(&b, t, 0, t.Len, workspaceCell)
		b.WriteString(`]}`)
	}
	b.WriteString(`]}`)
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = w.Write(b.Bytes())
}

// workspaceCell writes a value as Log Analytics does: dynamic values are text.
func workspaceCell(b []byte, v kql.Value) []byte {
	if v.T == value.Dynamic && !v.Null {
		if s, ok := v.X.(string); ok {
			return value.AppendQuoted(b, s)
		}
		return value.AppendQuoted(b, string(kql.AppendJSON(nil, v)))
	}
	return kql.AppendJSON(b, v)
}

// writeRows writes rows from (included) to to (not) as arrays.
func writeRows(out *bytes.Buffer, t *kql.ResultTable, from, to int, cell func([]byte, kql.Value) []byte) {
	var b []byte
	for row := from; row < to; row++ {
		b = b[:0]
		if row > from {
			b = append(b, ',')
		}
		b = append(b, '[')
		for c, column := range t.Data {
			if c > 0 {
				b = append(b, ',')
			}
			b = cell(b, column.Value(row))
		}
		out.Write(append(b, ']'))
	}
}

func workspaceFailure(w http.ResponseWriter, r *http.Request, err error) {
	var fault *kql.Error
	var limit *kql.LimitError
	switch {
	case errors.As(err, &fault):
		inner := map[string]any{
			"code": "SyntaxError", "message": fault.Error(),
			"line": fault.Line, "pos": fault.Column, "token": fault.Near,
		}
		reply(w, http.StatusBadRequest, map[string]any{"error": map[string]any{
			"message": "The request had some invalid properties", "code": "BadArgumentError", "correlationId": w.Header().Get("x-ms-activity-id"),
			"innererror": map[string]any{"code": "SyntaxError", "message": "A recognition error occurred in the query.", "innererror": inner},
		}})
	case errors.As(err, &limit):
		workspaceError(w, http.StatusBadRequest, "QueryExecutionError", "The query was stopped", limit.Error())
	case r.Context().Err() != nil:
		workspaceError(w, http.StatusGatewayTimeout, "GatewayTimeout", "The query was not finished in time", err.Error())
	default:
		workspaceError(w, http.StatusInternalServerError, "InternalError", "The query failed", err.Error())
	}
}

func workspaceError(w http.ResponseWriter, status int, code, message, inner string) {
	reply(w, status, map[string]any{"error": map[string]any{
		"message": message, "code": code, "correlationId": w.Header().Get("x-ms-activity-id"),
		"innererror": map[string]any{"code": code, "message": inner},
	}})
}

// readTimespan reads an ISO 8601 duration up to now, or an interval of two
// instants, of an instant and a duration, or of a duration and an instant.
func readTimespan(s string, now time.Time) (from, to time.Time, err error) {
	first, second, interval := strings.Cut(s, "/")
	if !interval {
		d, ok := isoDuration(s)
		if !ok {
			return from, to, fmt.Errorf("timespan '%s' is not an ISO 8601 duration or interval", s)
		}
		return now.Add(-d), now, nil
	}
	a, aIsDuration := isoDuration(first)
	b, bIsDuration := isoDuration(second)
	switch {
	case aIsDuration && !bIsDuration:
		to, err = isoInstant(second)
		return to.Add(-a), to, err
	case bIsDuration && !aIsDuration:
		from, err = isoInstant(first)
		return from, from.Add(b), err
	}
	if from, err = isoInstant(first); err == nil {
		to, err = isoInstant(second)
	}
	if err == nil && to.Before(from) {
		err = fmt.Errorf("timespan '%s' ends before it begins", s)
	}
	return from, to, err
}

func isoInstant(s string) (time.Time, error) {
	ticks, ok := value.ParseDateTime(s)
	if !ok {
		return time.Time{}, fmt.Errorf("'%s' is not an instant in ISO 8601", s)
	}
	return value.ToTime(ticks), nil
}
