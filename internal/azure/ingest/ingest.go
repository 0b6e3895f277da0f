// Package ingest sends rows of logs to Azure: to a Log Analytics workspace by
// the Logs Ingestion API of Azure Monitor, through a data collection rule, and
// to Data Explorer by its streaming ingestion. Rows are JSON objects whose
// members are columns. A sink sends what it is given and says how it went; what
// to send when, and what to do about failures, is its caller's business.
package ingest

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/monitor/ingestion/azlogs"
)

// Error is a batch that was not taken.
type Error struct {
	Status int // of HTTP; 0 when there was no answer
	after  time.Duration
	err    error
}

func (e *Error) Error() string { return e.err.Error() }

// Unwrap is what the client library said.
func (e *Error) Unwrap() error { return e.err }

// Refused tells whether the rows are at fault: they do not fit the stream or
// the table, or are too large. Anything else may work later.
func (e *Error) Refused() bool {
	switch e.Status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return true
	}
	return false
}

// RetryAfter is how long the service asks to be left alone; 0 when it does not say.
func (e *Error) RetryAfter() time.Duration { return e.after }

// failed turns an error of the SDK into ours, whose text is one line.
func failed(what string, err error) error {
	var response *azcore.ResponseError
	if !errors.As(err, &response) {
		return &Error{err: fmt.Errorf("%s: %w", what, err)}
	}
	e := &Error{Status: response.StatusCode, err: fmt.Errorf("%s: %d %s", what, response.StatusCode, response.ErrorCode)}
	if response.RawResponse != nil {
		if seconds, err := strconv.Atoi(response.RawResponse.Header.Get("Retry-After")); err == nil {
			e.after = time.Duration(seconds) * time.Second
		}
	}
	return e
}

// Options are what both sinks need.
type Options struct {
	Credential azcore.TokenCredential
	Transport  policy.Transporter
	Audience   string // what tokens are for; "" means that of the public cloud, or the cluster itself
}

func (o Options) client() policy.ClientOptions {
	return policy.ClientOptions{
		Transport: o.Transport,
		Retry:     policy.RetryOptions{MaxRetries: 2, RetryDelay: 500 * time.Millisecond, MaxRetryDelay: 10 * time.Second, TryTimeout: 30 * time.Second},
	}
}

// Workspace is the way into a Log Analytics workspace.
type Workspace struct {
	client  *azlogs.Client
	rule    string
	streams map[string]string
}

// NewWorkspace prepares the Logs Ingestion API at endpoint (that of the rule, or
// of a data collection endpoint). rule is the immutable id of the data
// collection rule. streams names a table's stream; by default it is the custom
// table of the same name, Custom-TABLE_CL.
func NewWorkspace(endpoint, rule string, streams map[string]string, o Options) (*Workspace, error) {
	options := &azlogs.ClientOptions{ClientOptions: o.client()}
	if o.Audience != "" {
		options.Cloud = cloud.Configuration{Services: map[cloud.ServiceName]cloud.ServiceConfiguration{azlogs.ServiceNameIngestion: {Audience: o.Audience}}}
	}
	client, err := azlogs.NewClient(strings.TrimSuffix(endpoint, "/"), o.Credential, options)
	if err != nil {
		return nil, fmt.Errorf("preparing the Logs Ingestion API: %w", err)
	}
	return &Workspace{client: client, rule: rule, streams: streams}, nil
}

// Send sends rows of a table to its stream.
func (w *Workspace) Send(ctx context.Context, table string, rows [][]byte) error {
	stream := w.streams[table]
	if stream == "" {
		stream = "Custom-" + table + "_CL"
	}
	body, err := packed('[', ',', ']', rows)
	if err != nil {
		return err
	}
	if _, err := w.client.Upload(ctx, w.rule, stream, body, &azlogs.UploadOptions{ContentEncoding: to.Ptr("gzip")}); err != nil {
		return failed("sending to stream "+stream, err)
	}
	return nil
}

// Explorer is the way into a database of Data Explorer.
type Explorer struct {
	client   *azcore.Client
	cluster  string
	database string
	tables   map[string]string
}

// NewExplorer prepares streaming ingestion into a database of the cluster, whose
// policies must allow it. tables names a table there; by default it is of the
// same name. Members of rows go into the columns of their names.
func NewExplorer(cluster, database string, tables map[string]string, o Options) (*Explorer, error) {
	cluster = strings.TrimSuffix(cluster, "/")
	audience := o.Audience
	if audience == "" {
		audience = cluster
	}
	options := o.client()
	signIn := runtime.NewBearerTokenPolicy(o.Credential, []string{audience + "/.default"}, nil)
	client, err := azcore.NewClient("azptu", "v1.0.0", runtime.PipelineOptions{PerRetry: []policy.Policy{signIn}}, &options)
	if err != nil {
		return nil, fmt.Errorf("preparing streaming ingestion: %w", err)
	}
	return &Explorer{client: client, cluster: cluster, database: database, tables: tables}, nil
}

// Send sends rows of a table.
func (x *Explorer) Send(ctx context.Context, table string, rows [][]byte) error {
	if name := x.tables[table]; name != "" {
		table = name
	}
	body, err := packed(0, '\n', 0, rows)
	if err != nil {
		return err
	}
	address := runtime.JoinPaths(x.cluster, "/v1/rest/ingest/"+url.PathEscape(x.database)+"/"+url.PathEscape(table))
	request, err := runtime.NewRequest(ctx, http.MethodPost, address+"?streamFormat=json")
	if err != nil {
		return fmt.Errorf("preparing streaming ingestion: %w", err)
	}
	request.Raw().Header.Set("Content-Encoding", "gzip")
	request.Raw().Header.Set("Accept", "application/json")
	if err := request.SetBody(streaming.NopCloser(bytes.NewReader(body)), "application/json"); err != nil {
		return fmt.Errorf("preparing streaming ingestion: %w", err)
	}
	what := "sending to table " + table
	response, err := x.client.Pipeline().Do(request)
	if err != nil {
		return failed(what, err)
	}
	defer response.Body.Close()
	if !runtime.HasStatusCode(response, http.StatusOK) {
		return failed(what, runtime.NewResponseError(response))
	}
	return nil
}

// packed puts rows into one compressed text; a 0 stands for nothing.
func packed(before, between, after byte, rows [][]byte) ([]byte, error) {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	put := func(b byte) {
		if b != 0 {
			_, _ = w.Write([]byte{b}) // into memory: it does not fail
		}
	}
	put(before)
	for i, row := range rows {
		if i > 0 {
			put(between)
		}
		_, _ = w.Write(row)
	}
	put(after)
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("packing rows: %w", err)
	}
	return out.Bytes(), nil
}
