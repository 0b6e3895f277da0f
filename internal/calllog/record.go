package calllog

import (
	"net/url"
	"strings"
	"time"

	"github.com/azptu/azptu/internal/call"
	"github.com/azptu/azptu/internal/tokens/jsonlex"
)

// Identity is what the rows say of the gateway that wrote them, as API
// Management's rows name their service. Empty parts are left out.
type Identity struct {
	TenantID       string // of the workspace, as in Azure Monitor
	SubscriptionID string
	ResourceID     string // of the gateway
	Region         string
}

// scribe writes calls as rows. What several rows of a call have in common is
// made once: a body stands in up to four columns of three tables. It is not
// safe for concurrent use.
type scribe struct {
	common map[string][]byte // members that are the same in all rows of a table

	head              []byte // of each row of the call: its time
	second            int64  // that head was made for
	request, response []byte // the bodies as JSON strings; empty when there are none
	messages          messages
	properties        []byte

	backendURL string // the last one seen, and the account it speaks to
	account    string
	lexer      jsonlex.Lexer
}

func newScribe(id Identity) *scribe {
	s := &scribe{common: make(map[string][]byte)}
	for _, table := range []string{GatewayLogs, Diagnostics, LLMLog} {
		var w rowWriter
		w.text("Type", table)
		w.text("SourceSystem", "Azure")
		w.text("TenantId", id.TenantID)
		w.text("_SubscriptionId", id.SubscriptionID)
		w.text("_ResourceId", id.ResourceID)
		s.common[table] = w.b
	}
	var w rowWriter
	w.text("Type", Metrics)
	w.text("SourceSystem", "Azure")
	w.text("TenantId", id.TenantID)
	w.text("_SubscriptionId", id.SubscriptionID)
	w.text("SubscriptionId", id.SubscriptionID)
	s.common[Metrics] = w.b
	return s
}

// callRows are the rows of the tables that speak of calls, as they are appended.
type callRows struct{ calls, gateway, llm, diagnostics *[]byte }

func (r *callRows) size() int {
	return len(*r.calls) + len(*r.gateway) + len(*r.llm) + len(*r.diagnostics)
}

// rows appends c to every table that speaks of calls.
func (s *scribe) rows(c *call.Call, to *callRows) {
	s.begin(c.At)
	s.request, s.response = quotedBody(s.request[:0], c.RequestBody), quotedBody(s.response[:0], c.ResponseBody)
	*to.calls = s.callRow(*to.calls, c)
	if c.Gap != 0 {
		return
	}
	*to.gateway = s.gatewayRow(*to.gateway, c)
	if c.BackendStatus != 0 {
		*to.diagnostics = s.diagnosticRow(*to.diagnostics, c)
	}
	if c.Counting != call.NotCounted {
		*to.llm = s.llmRows(*to.llm, c)
	}
}

// begin makes the beginning of a call's rows. Many calls come in one second, of
// which only the fraction is written anew.
func (s *scribe) begin(at time.Time) {
	if second := at.Unix(); len(s.head) == 0 || second != s.second {
		s.head, s.second = timeMember(s.head[:0], at), second
		return
	}
	fraction := s.head[len(s.head)-len(`0000000Z"`):]
	for i, ticks := 6, at.Nanosecond()/100; i >= 0; i, ticks = i-1, ticks/10 {
		fraction[i] = byte('0' + ticks%10)
	}
}

func quotedBody(b, body []byte) []byte {
	if len(body) == 0 {
		return b
	}
	return quote(b, body)
}

func (s *scribe) callRow(b []byte, c *call.Call) []byte {
	w := beginRow(b, s.head)
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
	} {
		w.text(f.column, f.text)
	}
	w.document("RequestBody", s.request)
	w.document("ResponseBody", s.response)
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
	w.real("Utilization", c.Utilization)
	w.real("CostUsd", c.Cost)
	w.span("FirstByteMs", c.FirstByte)
	w.span("TotalMs", c.Total)
	w.span("UpstreamMs", c.Upstream)
	w.span("QueuedMs", c.Queued)
	w.span("OverheadMs", c.Overhead())
	w.truth("Stream", c.Stream)
	w.truth("BodiesLost", c.BodiesLost)
	w.truth("Truncated", c.Truncated)
	return w.end()
}

// gatewayRow is the call as API Management logs it.
func (s *scribe) gatewayRow(b []byte, c *call.Call) []byte {
	w := beginRow(b, s.head)
	w.members(s.common[GatewayLogs])
	for _, f := range [...]struct{ column, text string }{
		{"CorrelationId", c.ID}, {"OperationId", c.Operation}, {"OperationName", "Microsoft.ApiManagement/GatewayLogs"}, {"Category", "GatewayLogs"},
		{"ApiId", "azure-openai"}, {"ApiRevision", "1"}, {"ApimSubscriptionId", c.Key}, {"ProductId", c.Product},
		{"Method", c.Method}, {"Url", c.URL}, {"CallerIpAddress", c.Caller}, {"ClientProtocol", c.Protocol}, {"Cache", "none"},
		{"BackendId", c.Backend}, {"BackendUrl", c.BackendURL}, {"Region", c.Region},
		{"LastErrorReason", c.ErrorCode}, {"LastErrorMessage", c.ErrorMessage},
	} {
		w.text(f.column, f.text)
	}
	w.document("RequestBody", s.request)
	w.document("ResponseBody", s.response)
	if c.BackendStatus != 0 {
		w.text("BackendMethod", c.Method)
		w.text("BackendProtocol", "HTTP/1.1")
		w.same("BackendRequestBody", s.request)
		w.same("BackendResponseBody", s.response)
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
func (s *scribe) diagnosticRow(b []byte, c *call.Call) []byte {
	w := beginRow(b, s.head)
	w.members(s.common[Diagnostics])
	for _, f := range [...]struct{ column, text string }{
		{"CorrelationId", c.BackendID}, {"Category", "RequestResponse"}, {"OperationName", c.Operation}, {"Resource", s.accountOf(c.BackendURL)},
		{"ResourceProvider", "MICROSOFT.COGNITIVESERVICES"}, {"ResourceType", "ACCOUNTS"}, {"CallerIPAddress", c.Caller}, {"location_s", c.Region},
	} {
		w.text(f.column, f.text)
	}
	w.digits("ResultSignature", int64(c.BackendStatus))
	w.whole("DurationMs", milliseconds(c.Upstream))
	s.properties = diagnosticProperties(s.properties[:0], c)
	w.name("properties_s")
	w.b = quote(w.b, s.properties)
	return w.end()
}

// accountOf is the account that a backend's address speaks to, as Azure
// Monitor writes it.
func (s *scribe) accountOf(backendURL string) string {
	if backendURL == s.backendURL {
		return s.account
	}
	host := backendURL
	if u, err := url.Parse(backendURL); err == nil && u.Host != "" {
		host = u.Host
	}
	account, _, _ := strings.Cut(host, ".")
	s.backendURL, s.account = strings.Clone(backendURL), strings.ToUpper(account)
	return s.account
}
