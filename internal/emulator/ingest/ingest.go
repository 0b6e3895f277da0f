// Package ingest answers the ways in which rows come into Azure's logs: the Logs
// Ingestion API of Azure Monitor, whose rows go through a stream of a data
// collection rule into a table of a workspace, and the streaming ingestion of
// Data Explorer. Rows end up in the emulator's workspace, where the query
// protocols find them. Who may send is the caller's business.
package ingest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
)

// Workspace takes rows of its tables, each a JSON object.
type Workspace interface {
	// Take adds rows to a table. known is false when there is no such table.
	Take(table string, rows [][]byte) (known bool, err error)
}

// Handler answers both APIs.
type Handler struct {
	Workspace Workspace
	Database  string // of Data Explorer
}

// Sizes of a request in bytes, unpacked: one megabyte for the Logs Ingestion API
// (learn.microsoft.com/azure/azure-monitor/service-limits, as of 2026-05), and
// what streaming ingestion is meant for at most.
const (
	maxRule   = 1 << 20
	maxStream = 10 << 20
)

// Paths tells whether a path belongs to this package.
func Paths(folded string) bool {
	return strings.HasPrefix(folded, "/datacollectionrules/") || strings.HasPrefix(folded, "/v1/rest/ingest/")
}

var (
	rulePath   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)^/dataCollectionRules/([^/]+)/streams/([^/]+)$`) })
	tablePath  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)^/v1/rest/ingest/([^/]+)/([^/]+)$`) })
	ruleID     = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^dcr-[0-9a-f]{32}$`) })
	streamName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(?:Custom|Microsoft)-(.+?)(?:_CL)?$`) })
)

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		refuse(w, http.StatusMethodNotAllowed, "MethodNotAllowed", "Only POST is allowed.")
		return
	}
	if m := rulePath().FindStringSubmatch(r.URL.Path); m != nil {
		h.rule(w, r, m[1], m[2])
		return
	}
	if m := tablePath().FindStringSubmatch(r.URL.Path); m != nil {
		h.stream(w, r, m[1], m[2])
		return
	}
	refuse(w, http.StatusNotFound, "NotFound", "The resource was not found.")
}

// refuse answers as Azure Monitor does. The texts of its errors are not
// published; their codes are those its clients have reported.
func refuse(w http.ResponseWriter, status int, code, message string) {
	reply(w, status, map[string]any{"error": map[string]string{"code": code, "message": message}})
}

func reply(w http.ResponseWriter, status int, body any) {
	raw, err := json.Marshal(body)
	if err != nil {
		status = http.StatusInternalServerError
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(raw)
}

// rule is the Logs Ingestion API: an array of objects for one stream.
func (h *Handler) rule(w http.ResponseWriter, r *http.Request, rule, stream string) {
	if r.URL.Query().Get("api-version") == "" {
		refuse(w, http.StatusBadRequest, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required for all requests.")
		return
	}
	if !ruleID().MatchString(rule) {
		refuse(w, http.StatusNotFound, "NotFound", fmt.Sprintf("Data collection rule with immutable Id '%s' not found.", rule))
		return
	}
	body, ok := read(w, r, maxRule, refuse)
	if !ok {
		return
	}
	var rows []json.RawMessage
	if err := json.Unmarshal(body, &rows); err != nil {
		refuse(w, http.StatusBadRequest, "InvalidPayload", "The request body must be an array of records: "+err.Error())
		return
	}
	name := streamName().FindStringSubmatch(stream)
	if name == nil {
		refuse(w, http.StatusBadRequest, "InvalidStream", fmt.Sprintf("The stream %s was not configured in the data collection rule.", stream))
		return
	}
	known, err := h.Workspace.Take(name[1], raws(rows))
	switch {
	case !known && err == nil:
		refuse(w, http.StatusBadRequest, "InvalidStream", fmt.Sprintf("The stream %s was not configured in the data collection rule.", stream))
	case err != nil:
		refuse(w, http.StatusBadRequest, "InvalidRecord", err.Error())
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

func raws(rows []json.RawMessage) [][]byte {
	out := make([][]byte, len(rows))
	for i, row := range rows {
		out[i] = row
	}
	return out
}

// stream is the streaming ingestion of Data Explorer: objects one after the
// other (json, multijson), or in an array (multijson).
func (h *Handler) stream(w http.ResponseWriter, r *http.Request, database, table string) {
	if !strings.EqualFold(database, h.Database) {
		refuseStream(w, http.StatusBadRequest, "BadRequest_EntityNotFound", fmt.Sprintf("Entity ID '%s' of kind 'Database' was not found.", database))
		return
	}
	format := strings.ToLower(r.URL.Query().Get("streamFormat"))
	if format != "json" && format != "multijson" {
		refuseStream(w, http.StatusBadRequest, "BadRequest_InvalidStreamFormat", fmt.Sprintf("Stream format '%s' is not taken by this emulator: use json or multijson.", format))
		return
	}
	body, ok := read(w, r, maxStream, refuseStream)
	if !ok {
		return
	}
	rows, err := objects(body, format == "multijson")
	if err != nil {
		refuseStream(w, http.StatusBadRequest, "BadRequest_StreamingIngestionInvalidFormat", err.Error())
		return
	}
	known, err := h.Workspace.Take(table, rows)
	switch {
	case !known && err == nil:
		refuseStream(w, http.StatusBadRequest, "BadRequest_EntityNotFound", fmt.Sprintf("Entity ID '%s' of kind 'Table' was not found.", table))
	case err != nil:
		refuseStream(w, http.StatusBadRequest, "BadRequest_StreamingIngestionInvalidFormat", err.Error())
	default:
		taken(w, len(rows))
	}
}

// taken tells how many rows were taken, as a table.
func taken(w http.ResponseWriter, rows int) {
	column := func(name, kind, dotNet string) map[string]string {
		return map[string]string{"ColumnName": name, "ColumnType": kind, "DataType": dotNet}
	}
	reply(w, http.StatusOK, map[string]any{"Tables": []any{map[string]any{
		"TableName": "Table_0",
		"Columns":   []any{column("ConsumedRecordsCount", "long", "Int64"), column("UpdatePolicyStatus", "string", "String")},
		"Rows":      []any{[]any{rows, "Inactive"}},
	}}})
}

func refuseStream(w http.ResponseWriter, status int, code, message string) {
	reply(w, status, map[string]any{"error": map[string]any{
		"code": code, "message": message, "@message": message, "@permanent": status < 500 && status != http.StatusTooManyRequests,
	}})
}

// objects cuts a text into JSON values.
func objects(body []byte, arrays bool) (rows [][]byte, err error) {
	in := json.NewDecoder(bytes.NewReader(body))
	for {
		var row json.RawMessage
		err := in.Decode(&row)
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, fmt.Errorf("record %d: %w", len(rows)+1, err)
		}
		if arrays && row[0] == '[' {
			var inner []json.RawMessage
			if err := json.Unmarshal(row, &inner); err != nil {
				return nil, fmt.Errorf("record %d: %w", len(rows)+1, err)
			}
			rows = append(rows, raws(inner)...)
			continue
		}
		rows = append(rows, row)
	}
}

// read reads a body, unpacked, of so many bytes at most.
func read(w http.ResponseWriter, r *http.Request, most int64, refuse func(w http.ResponseWriter, status int, code, message string)) ([]byte, bool) {
	var body io.Reader = http.MaxBytesReader(w, r.Body, most)
	switch encoding := strings.ToLower(r.Header.Get("Content-Encoding")); encoding {
	case "", "identity":
	case "gzip":
		unpacked, err := gzip.NewReader(body)
		if err != nil {
			refuse(w, http.StatusBadRequest, "InvalidContentEncoding", "The body is not gzip: "+err.Error())
			return nil, false
		}
		body = unpacked
	default:
		refuse(w, http.StatusUnsupportedMediaType, "UnsupportedContentEncoding", "Only gzip is supported, not "+encoding+".")
		return nil, false
	}
	raw, err := io.ReadAll(io.LimitReader(body, most+1))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large) || int64(len(raw)) > most:
		refuse(w, http.StatusRequestEntityTooLarge, "ContentLengthLimitExceeded", fmt.Sprintf("Maximum allowed content length: %d bytes.", most))
		return nil, false
	case err != nil:
		refuse(w, http.StatusBadRequest, "InvalidBody", err.Error())
		return nil, false
	}
	return raw, true
}
