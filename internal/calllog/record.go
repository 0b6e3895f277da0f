package calllog

import (
	"net/url"
	"strings"

	"github.com/azptu/azptu/internal/call"
)

// Identity is what the rows say of the gateway that wrote them, as API
// Management's rows name their service. Empty parts are left out.
type Identity struct {
	TenantID       string // of the workspace, as in Azure Monitor
	SubscriptionID string
	ResourceID     string // of the gateway
	Region         string
}

// rows appends c as rows of every table that speaks of calls. add is given the
// table and a function that appends the row to a buffer.
func (id *Identity) rows(c *call.Call, add func(table string, write func(b []byte) []byte)) {
	add(Calls, func(b []byte) []byte { return callRow(b, c) })
	if c.Gap != 0 {
		return
	}
	add(GatewayLogs, func(b []byte) []byte { return id.gatewayRow(b, c) })
	if c.BackendStatus != 0 {
		add(Diagnostics, func(b []byte) []byte { return id.diagnosticRow(b, c) })
	}
	if c.Counting != call.NotCounted {
		for _, chunk := range id.llmChunks(c) {
			add(LLMLog, func(b []byte) []byte { return id.llmRow(b, c, chunk) })
		}
	}
}

func callRow(b []byte, c *call.Call) []byte {
	w := beginRow(b, c.At)
	if c.Gap != 0 {
		w.whole("LostCalls", c.Gap)
		return w.end()
	}
	for _, f := range [...]struct{ column, text string }{
		{"CallId", c.ID}, {"Gateway", c.Gateway}, {"Operation", c.Operation}, {"Method", c.Method}, {"Url", c.URL},
		{"ApiVersion", c.APIVersion}, {"Protocol", c.Protocol}, {"CallerIpAddress", c.Caller}, {"Key", c.Key}, {"Product", c.Product},
		{"Class", c.Class}, {"Pool", c.Pool}, {"Backend", c.Backend}, {"BackendUrl", c.BackendURL}, {"Deployment", c.Deployment},
		{"Kind", c.Kind}, {"Region", c.Region}, {"Model", c.Model}, {"ModelVersion", c.ModelVersion},
		{"BackendRequestId", c.BackendID}, {"SpillReason", string(c.Spill)}, {"ErrorCode", c.ErrorCode}, {"ErrorMessage", c.ErrorMessage},
		{"Counting", string(c.Counting)}, {"CostBasis", string(c.Basis)},
		{"RequestBody", string(c.RequestBody)}, {"ResponseBody", string(c.ResponseBody)},
	} {
		w.text(f.column, f.text)
	}
	for _, f := range [...]struct {
		column string
		n      int64
	}{
		{"Status", int64(c.Status)}, {"BackendStatus", int64(c.BackendStatus)}, {"Attempts", int64(c.Attempts)}, {"RefusedAttempts", int64(c.Refused)},
		{"PromptTokens", int64(c.Prompt)}, {"CachedTokens", int64(c.Cached)}, {"CompletionTokens", int64(c.Completion)},
		{"ReasoningTokens", int64(c.Reasoning)}, {"TotalTokens", int64(c.Tokens())},
		{"RequestSize", c.RequestSize}, {"ResponseSize", c.ResponseSize},
	} {
		w.whole(f.column, f.n)
	}
	for _, f := range [...]struct {
		column string
		f      float64
	}{
		{"Utilization", c.Utilization}, {"CostUsd", c.Cost}, {"FirstByteMs", fractional(c.FirstByte)}, {"TotalMs", fractional(c.Total)},
		{"UpstreamMs", fractional(c.Upstream)}, {"QueuedMs", fractional(c.Queued)}, {"OverheadMs", fractional(c.Overhead())},
	} {
		w.real(f.column, f.f)
	}
	w.truth("Stream", c.Stream)
	w.truth("BodiesLost", c.BodiesLost)
	w.truth("Truncated", c.Truncated)
	return w.end()
}

// gatewayRow is the call as API Management logs it.
func (id *Identity) gatewayRow(b []byte, c *call.Call) []byte {
	w := beginRow(b, c.At)
	id.common(&w, GatewayLogs)
	for _, f := range [...]struct{ column, text string }{
		{"CorrelationId", c.ID}, {"OperationId", c.Operation}, {"OperationName", "Microsoft.ApiManagement/GatewayLogs"}, {"Category", "GatewayLogs"},
		{"ApiId", "azure-openai"}, {"ApiRevision", "1"}, {"ApimSubscriptionId", c.Key}, {"ProductId", c.Product},
		{"Method", c.Method}, {"Url", c.URL}, {"CallerIpAddress", c.Caller}, {"ClientProtocol", c.Protocol}, {"Cache", "none"},
		{"BackendId", c.Backend}, {"BackendUrl", c.BackendURL}, {"Region", c.Region},
		{"LastErrorReason", c.ErrorCode}, {"LastErrorMessage", c.ErrorMessage},
		{"RequestBody", string(c.RequestBody)}, {"ResponseBody", string(c.ResponseBody)},
	} {
		w.text(f.column, f.text)
	}
	if c.BackendStatus != 0 {
		w.text("BackendMethod", c.Method)
		w.text("BackendProtocol", "HTTP/1.1")
		w.text("BackendRequestBody", string(c.RequestBody))
		w.text("BackendResponseBody", string(c.ResponseBody))
		w.whole("BackendResponseCode", int64(c.BackendStatus))
		w.whole("BackendTime", milliseconds(c.Upstream))
	}
	w.whole("ResponseCode", int64(c.Status))
	w.whole("RequestSize", c.RequestSize)
	w.whole("ResponseSize", c.ResponseSize)
	w.whole("TotalTime", milliseconds(c.Total))
	w.whole("ClientTime", milliseconds(max(c.Total-c.Upstream-c.Queued, 0)))
	w.truth("IsRequestSuccess", c.Status < 400)
	return w.end()
}

// diagnosticRow is the call as the account that served it logs it: category
// RequestResponse.
func (id *Identity) diagnosticRow(b []byte, c *call.Call) []byte {
	w := beginRow(b, c.At)
	id.common(&w, Diagnostics)
	host := c.BackendURL
	if u, err := url.Parse(c.BackendURL); err == nil && u.Host != "" {
		host = u.Host
	}
	account, _, _ := strings.Cut(host, ".")
	for _, f := range [...]struct{ column, text string }{
		{"CorrelationId", c.BackendID}, {"Category", "RequestResponse"}, {"OperationName", c.Operation}, {"Resource", strings.ToUpper(account)},
		{"ResourceProvider", "MICROSOFT.COGNITIVESERVICES"}, {"ResourceType", "ACCOUNTS"}, {"CallerIPAddress", c.Caller}, {"location_s", c.Region},
	} {
		w.text(f.column, f.text)
	}
	w.text("ResultSignature", statusText(c.BackendStatus))
	w.whole("DurationMs", milliseconds(c.Upstream))
	p := diagnosticProperties(nil, c)
	w.text("properties_s", string(p))
	return w.end()
}

// common writes the columns that every Azure Monitor table has.
func (id *Identity) common(w *rowWriter, table string) {
	w.text("Type", table)
	w.text("SourceSystem", "Azure")
	w.text("TenantId", id.TenantID)
	w.text("_SubscriptionId", id.SubscriptionID)
	w.text("_ResourceId", id.ResourceID)
}
