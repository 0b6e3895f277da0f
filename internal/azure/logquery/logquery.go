// Package logquery asks Azure what a query over logs gives: a Log Analytics
// workspace or a database of Data Explorer, through Microsoft's own clients. The
// text of the query is sent as it is.
package logquery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/Azure/azure-kusto-go/azkustodata"
	kustoerrors "github.com/Azure/azure-kusto-go/azkustodata/errors"
	"github.com/Azure/azure-kusto-go/azkustodata/kql"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/monitor/query/azlogs"
)

// Column is a column of a result; Type is Kusto's word for its type.
type Column struct{ Name, Type string }

// Table is one table of a result. Cells are what JSON makes of them: texts for
// datetimes and timespans, float64 or json.Number for numbers.
type Table struct {
	Name    string
	Columns []Column
	Rows    [][]any
}

// Error is a query that was refused or failed.
type Error struct {
	Status  int    // of HTTP; 0 when there was no answer
	Message string // what the service said, on one line
	err     error
}

func (e *Error) Error() string { return e.Message }

// Unwrap is what the client library said.
func (e *Error) Unwrap() error { return e.err }

// Span bounds the time of the rows that are looked at; the zero value does not.
type Span struct{ From, To time.Time }

// Options are what both services need.
type Options struct {
	Credential azcore.TokenCredential
	Transport  policy.Transporter
}

// maxWait is how long a query may run: what Log Analytics allows at most.
const maxWait = 10 * time.Minute

// Workspace asks a Log Analytics workspace by its id. endpoint is the root of
// the query API, such as https://api.loganalytics.io, and what tokens are for.
func Workspace(ctx context.Context, endpoint, audience, id, text string, span Span, o Options) ([]Table, error) {
	endpoint = strings.TrimSuffix(endpoint, "/")
	client, err := azlogs.NewClient(o.Credential, &azlogs.ClientOptions{ClientOptions: azcore.ClientOptions{
		Transport: o.Transport,
		Cloud:     cloud.Configuration{Services: map[cloud.ServiceName]cloud.ServiceConfiguration{azlogs.ServiceName: {Endpoint: endpoint, Audience: audience}}},
	}})
	if err != nil {
		return nil, fmt.Errorf("preparing the query: %w", err)
	}
	body := azlogs.QueryBody{Query: &text}
	if !span.From.IsZero() {
		interval := azlogs.NewTimeInterval(span.From.UTC(), span.To.UTC())
		body.Timespan = &interval
	}
	ctx, cancel := context.WithTimeout(ctx, maxWait)
	defer cancel()
	answer, err := client.QueryWorkspace(ctx, id, body, nil)
	if err != nil {
		return nil, workspaceError(err)
	}
	var tables []Table
	for _, t := range answer.Tables {
		out := Table{}
		if t.Name != nil {
			out.Name = *t.Name
		}
		for _, c := range t.Columns {
			column := Column{}
			if c.Name != nil {
				column.Name = *c.Name
			}
			if c.Type != nil {
				column.Type = string(*c.Type)
			}
			out.Columns = append(out.Columns, column)
		}
		for _, row := range t.Rows {
			out.Rows = append(out.Rows, row)
		}
		tables = append(tables, out)
	}
	return tables, nil
}

// workspaceError finds the innermost message of an error of Log Analytics,
// which is the one that says what is wrong with the query.
func workspaceError(err error) error {
	var response *azcore.ResponseError
	if !errors.As(err, &response) {
		return fmt.Errorf("asking the workspace: %w", err)
	}
	type inner struct {
		Code, Message string
		InnerError    *json.RawMessage `json:"innererror"`
	}
	message := response.ErrorCode
	if response.RawResponse != nil {
		var body struct{ Error inner }
		if raw, readErr := readAll(response.RawResponse); readErr == nil && json.Unmarshal(raw, &body) == nil {
			for at := &body.Error; at != nil; {
				if at.Message != "" {
					message = at.Message
				}
				next := inner{}
				if at.InnerError == nil || json.Unmarshal(*at.InnerError, &next) != nil {
					break
				}
				at = &next
			}
		}
	}
	return &Error{Status: response.StatusCode, Message: oneLine(message), err: err}
}

// Explorer asks a database of a Data Explorer cluster. timeColumn is what span
// is about.
func Explorer(ctx context.Context, cluster, database, text, timeColumn string, span Span, o Options) ([]Table, error) {
	builder := azkustodata.NewConnectionStringBuilder(strings.TrimSuffix(cluster, "/")).WithTokenCredential(o.Credential)
	client, err := azkustodata.New(builder, azkustodata.WithHttpClient(&http.Client{Transport: roundTripper{o.Transport}}))
	if err != nil {
		return nil, fmt.Errorf("preparing the query: %w", err)
	}
	defer client.Close()
	var options []azkustodata.QueryOption
	if !span.From.IsZero() {
		options = append(options, azkustodata.QueryDateTimeScopeColumn(timeColumn), azkustodata.QueryDateTimeScopeFrom(span.From.UTC()), azkustodata.QueryDateTimeScopeTo(span.To.UTC()))
	}
	ctx, cancel := context.WithTimeout(ctx, maxWait)
	defer cancel()
	raw, err := client.QueryToJson(ctx, database, kql.New("").AddUnsafe(text), options...)
	if err != nil {
		return nil, explorerError(err)
	}
	return frames(raw)
}

func explorerError(err error) error {
	var http *kustoerrors.HttpError
	if errors.As(err, &http) {
		message := http.Error()
		if body, ok := http.UnmarshalREST()["error"].(map[string]any); ok {
			for _, name := range []string{"@message", "message"} {
				if text, ok := body[name].(string); ok && text != "" {
					message = text
					break
				}
			}
		}
		return &Error{Status: http.StatusCode, Message: oneLine(message), err: err}
	}
	return fmt.Errorf("asking the cluster: %w", err)
}

// frames reads an answer of version 2 of Data Explorer's protocol.
func frames(raw string) ([]Table, error) {
	var all []struct {
		FrameType string
		TableKind string
		TableName string
		Columns   []struct{ ColumnName, ColumnType string }
		Rows      []json.RawMessage
		HasErrors bool
		OneAPI    []struct {
			Error struct {
				Message string `json:"@message"`
			} `json:"error"`
		} `json:"OneApiErrors"`
	}
	if err := json.Unmarshal([]byte(raw), &all); err != nil {
		return nil, fmt.Errorf("reading the answer of the cluster: %w", err)
	}
	var tables []Table
	for _, f := range all {
		if f.FrameType == "DataSetCompletion" && f.HasErrors && len(f.OneAPI) > 0 {
			return nil, &Error{Message: oneLine(f.OneAPI[0].Error.Message)}
		}
		if f.FrameType != "DataTable" || f.TableKind != "PrimaryResult" {
			continue
		}
		t := Table{Name: f.TableName}
		for _, c := range f.Columns {
			t.Columns = append(t.Columns, Column{c.ColumnName, c.ColumnType})
		}
		for _, raw := range f.Rows {
			in := json.NewDecoder(strings.NewReader(string(raw)))
			in.UseNumber()
			var row []any
			if in.Decode(&row) == nil { // an object instead of a row tells of an error
				t.Rows = append(t.Rows, row)
			}
		}
		tables = append(tables, t)
	}
	return tables, nil
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
