package emulator

import (
	"encoding/json"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/azptu/azptu/internal/emulator/ingest"
	"github.com/azptu/azptu/internal/emulator/monitor"
	"github.com/azptu/azptu/internal/emulator/openai"
	"github.com/azptu/azptu/internal/emulator/state"
)

// diagnostics sends the resource logs of accounts to the workspace: a row of
// AzureDiagnostics for each call of the data plane (category RequestResponse)
// and for each change through Resource Manager (category Audit), and rows of
// AzureMetrics for each minute, as far as a diagnostic setting of the account
// asks for them. Calls do not wait for it.
type diagnostics struct {
	state     *state.Store
	metrics   *monitor.Store
	workspace ingest.Workspace
	log       *slog.Logger // nil for none
	queue     chan []byte
	forget    chan struct{} // what is waiting is not to be sent
	stop      chan struct{}
	ended     chan struct{}
	lost      atomic.Int64 // rows that found the queue full
}

const (
	waitingRows = 8192 // that the queue holds
	rowsAtOnce  = 512
	rowsEvery   = 500 * time.Millisecond
)

// newDiagnostics starts sending; it returns nil when there is no workspace.
func newDiagnostics(world *state.Store, metrics *monitor.Store, config Config) *diagnostics {
	if config.Workspace == nil {
		return nil
	}
	d := &diagnostics{
		state: world, metrics: metrics, workspace: config.Workspace, log: config.Log,
		queue: make(chan []byte, waitingRows), forget: make(chan struct{}), stop: make(chan struct{}), ended: make(chan struct{}),
	}
	go d.run()
	return d
}

// close sends what is waiting and ends. What is told later is not sent.
func (d *diagnostics) close() {
	if d != nil {
		close(d.stop)
		<-d.ended
	}
}

// emptier is a workspace that can be emptied.
type emptier interface{ Empty() error }

// reset forgets what is waiting and, where the workspace lets itself be emptied,
// what was sent.
func (d *diagnostics) reset() {
	if d == nil {
		return
	}
	select {
	case d.forget <- struct{}{}:
	case <-d.ended:
	}
	if w, ok := d.workspace.(emptier); ok {
		if err := w.Empty(); err != nil && d.log != nil {
			d.log.Error("the workspace was not emptied", "error", err)
		}
	}
}

func (d *diagnostics) run() {
	defer close(d.ended)
	tick := time.NewTicker(rowsEvery)
	defer tick.Stop()
	measured := d.wholeMinutes()
	var rows [][]byte
	for {
		select {
		case row := <-d.queue:
			if rows = append(rows, row); len(rows) < rowsAtOnce {
				continue
			}
		case <-tick.C:
			measured = d.sendMetrics(measured)
		case <-d.forget:
			d.waiting()
			rows, measured = nil, d.wholeMinutes()
			continue
		case <-d.stop:
			d.send(diagnosticsTable, append(rows, d.waiting()...))
			d.sendMetrics(measured)
			return
		}
		d.send(diagnosticsTable, rows)
		rows = nil
	}
}

// waiting takes what is in the queue.
func (d *diagnostics) waiting() (rows [][]byte) {
	for {
		select {
		case row := <-d.queue:
			rows = append(rows, row)
		default:
			return rows
		}
	}
}

// Tables of the workspace.
const (
	diagnosticsTable = "AzureDiagnostics"
	metricsTable     = "AzureMetrics"
)

func (d *diagnostics) send(table string, rows [][]byte) {
	if len(rows) == 0 {
		return
	}
	_, err := d.workspace.Take(table, rows)
	if lost := d.lost.Swap(0); d.log != nil && (err != nil || lost > 0) {
		d.log.Error("resource logs were not kept", "table", table, "rows", len(rows), "lost", lost, "error", err)
	}
}

func (d *diagnostics) put(row diagnosticRow) {
	b, err := json.Marshal(row)
	if err != nil {
		return // texts and numbers alone: cannot be
	}
	select {
	case d.queue <- b:
	default:
		d.lost.Add(1)
	}
}

// diagnosticRow is a row of AzureDiagnostics as accounts write it.
type diagnosticRow struct {
	TimeGenerated    time.Time
	Category         string
	OperationName    string
	CorrelationID    string `json:"CorrelationId"`
	ResultSignature  string
	DurationMs       int64
	CallerIPAddress  string
	Resource         string
	ResourceGroup    string
	ResourceID       string `json:"ResourceId"`
	ResourceProvider string
	ResourceType     string
	SubscriptionID   string `json:"SubscriptionId"`
	Location         string `json:"location_s,omitempty"`
	Properties       string `json:"properties_s"`
}

// about begins a row; the names of a resource are in capitals, as Azure Monitor
// writes them.
func (d *diagnostics) about(account, category, operation string) diagnosticRow {
	row := diagnosticRow{
		TimeGenerated: d.state.Clock().Now().UTC(), Category: category, OperationName: operation, ResourceID: strings.ToUpper(account),
		ResourceProvider: "MICROSOFT.COGNITIVESERVICES", ResourceType: "ACCOUNTS",
	}
	row.SubscriptionID, row.ResourceGroup, row.Resource = inCapitals(row.ResourceID)
	return row
}

// requestProperties are the properties_s of a call. Times are in ticks of 100
// ns since the year 1.
type requestProperties struct {
	APIName        string `json:"apiName"`
	RequestTime    int64  `json:"requestTime"`
	RequestLength  int64  `json:"requestLength"`
	ResponseTime   int64  `json:"responseTime"`
	ResponseLength int64  `json:"responseLength"`
	ObjectID       string `json:"objectId"`
	StreamType     string `json:"streamType"`
	Deployment     string `json:"modelDeploymentName"`
	Model          string `json:"modelName"`
	Version        string `json:"modelVersion"`
}

// request tells a call of an account.
func (d *diagnostics) request(account string, c *openai.Call) {
	if d == nil || !d.state.View().Logs(account).Requests {
		return
	}
	row := d.about(account, "RequestResponse", c.Operation)
	row.CorrelationID, row.ResultSignature, row.DurationMs = c.RequestID, strconv.Itoa(c.Status), c.Duration.Milliseconds()
	row.CallerIPAddress, row.Location = hidden(c.Caller), state.Normalize(c.Region)
	p := requestProperties{
		APIName: "Azure OpenAI API version " + c.APIVersion, RequestTime: ticks(row.TimeGenerated.Add(-c.Duration)), RequestLength: c.Received,
		ResponseTime: ticks(row.TimeGenerated), ResponseLength: c.Sent, StreamType: "Non-Streaming", Deployment: c.Deployment, Model: c.Model, Version: c.Version,
	}
	if c.Stream {
		p.StreamType = "Streaming"
	}
	row.Properties = text(p)
	d.put(row)
}

// change tells what was asked of Resource Manager about an account. Which
// operations Azure logs in this category is not published: ours are all that
// the activity log has, but those of other services.
func (d *diagnostics) change(e monitor.Event) {
	account, ok := accountIn(e.Resource)
	if d == nil || !ok || !strings.HasPrefix(e.Operation, "Microsoft.CognitiveServices/") || !d.state.View().Logs(account).Audit {
		return
	}
	row := d.about(account, "Audit", e.Operation)
	row.CorrelationID, row.ResultSignature, row.CallerIPAddress = e.CorrelationID, strconv.Itoa(e.Status), hidden(e.IP)
	row.Properties = text(map[string]string{"caller": e.Caller, "resource": e.Resource})
	d.put(row)
}

// accountIn is the account that a resource is, or lies below.
func accountIn(resource string) (id string, ok bool) {
	parts := strings.Split(resource, "/")
	if len(parts) < 9 || !strings.EqualFold(parts[6], "Microsoft.CognitiveServices") || !strings.EqualFold(parts[7], "accounts") {
		return "", false
	}
	return strings.Join(parts[:9], "/"), true
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return "" // texts and numbers alone: cannot be
	}
	return string(b)
}

// ticks are how .NET counts time.
func ticks(t time.Time) int64 { return t.Unix()*1e7 + int64(t.Nanosecond())/100 + 621355968000000000 }

// hidden is an address as these logs show it: without its end.
func hidden(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	if i := strings.LastIndexAny(host, ".:"); i >= 0 {
		return host[:i+1] + "***"
	}
	return ""
}
