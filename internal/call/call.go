// Package call holds the record of one request through the gateway, as the
// gateway writes it and the call log stores it: who asked, what for, which
// backends were tried and why, what came back, how many tokens it took and
// what it cost. It is a plain value without behaviour that reaches outside, so
// that every room that speaks of calls speaks of the same thing.
package call

import "time"

// Counting tells where token counts come from.
type Counting string

// Where token counts come from.
const (
	NotCounted Counting = ""          // the operation has no tokens, or nothing was served
	Reported   Counting = "reported"  // the backend said so
	Estimated  Counting = "estimated" // the backend did not say; counted from the text
)

// Basis tells how the cost of a call was worked out.
type Basis string

// How the cost of a call was worked out.
const (
	Unpriced Basis = ""      // no price is known
	ByToken  Basis = "token" // list or negotiated price of the tokens
	ByShare  Basis = "share" // share of the provisioned units' hour that the call used
)

// SpillReason tells why a call was not served by the backend of its first choice.
type SpillReason string

// Why a call went elsewhere.
const (
	NotSpilled      SpillReason = ""
	SpillPredicted  SpillReason = "predicted"    // the gateway knew that the backend was full and did not ask
	SpillRefused    SpillReason = "refused"      // the backend answered 429 or 424
	SpillCooling    SpillReason = "cooling"      // the backend had asked to be left alone for a while
	SpillLongPrompt SpillReason = "long-context" // the prompt is longer than the provisioned deployment takes
	SpillFailed     SpillReason = "failed"       // the backend broke: 5xx, timeout, connection
	SpillBreaker    SpillReason = "breaker"      // the backend broke before and is being left alone
)

// Call is one request through the gateway. Durations are in nanoseconds.
type Call struct {
	At      time.Time `json:"at"`      // when the request's header had been read
	ID      string    `json:"id"`      // correlation id, also sent to the client as x-request-id
	Gateway string    `json:"gateway"` // name of the gateway that served it

	Operation  string `json:"operation"`            // as API Management names it: "ChatCompletions_Create"
	Method     string `json:"method"`               // of HTTP
	URL        string `json:"url"`                  // as asked for, without credentials
	APIVersion string `json:"apiVersion,omitempty"` // "2024-10-21", "v1"
	Protocol   string `json:"protocol"`             // "HTTP/1.1"
	Caller     string `json:"caller"`               // address of the client behind trusted proxies
	Key        string `json:"key,omitempty"`        // name of the subscription key or of the token's subject
	Product    string `json:"product,omitempty"`
	Class      string `json:"class,omitempty"` // interactive or batch
	Pool       string `json:"pool,omitempty"`

	Backend      string `json:"backend,omitempty"` // the one that served, or was tried last
	BackendURL   string `json:"backendUrl,omitempty"`
	Deployment   string `json:"deployment,omitempty"`
	Kind         string `json:"kind,omitempty"` // ptu or standard
	Region       string `json:"region,omitempty"`
	Model        string `json:"model,omitempty"`        // as the answer names it, else as configured
	ModelVersion string `json:"modelVersion,omitempty"` // as configured

	Status        int         `json:"status"`                  // sent to the client; 499 when it had left
	BackendStatus int         `json:"backendStatus,omitempty"` // of the last attempt; 0 when none answered
	BackendID     string      `json:"backendRequestId,omitempty"`
	Stream        bool        `json:"stream,omitempty"`
	Attempts      int         `json:"attempts,omitempty"` // requests sent to backends
	Refused       int         `json:"refused,omitempty"`  // attempts that a full backend refused
	Spill         SpillReason `json:"spill,omitempty"`
	ErrorCode     string      `json:"errorCode,omitempty"`
	ErrorMessage  string      `json:"errorMessage,omitempty"`
	Utilization   float64     `json:"utilization,omitempty"` // of the provisioned backend, as the gateway sees it; 1 is 100 %

	Prompt     int      `json:"promptTokens,omitempty"`
	Cached     int      `json:"cachedTokens,omitempty"` // part of Prompt
	Completion int      `json:"completionTokens,omitempty"`
	Reasoning  int      `json:"reasoningTokens,omitempty"` // part of Completion
	Counting   Counting `json:"counting,omitempty"`
	Cost       float64  `json:"costUsd,omitempty"`
	Basis      Basis    `json:"costBasis,omitempty"`

	FirstByte time.Duration `json:"firstByteNs,omitempty"` // from At to the first byte sent to the client
	Total     time.Duration `json:"totalNs"`               // from At to the last byte
	Upstream  time.Duration `json:"upstreamNs,omitempty"`  // spent waiting for backends
	Queued    time.Duration `json:"queuedNs,omitempty"`    // spent in the waiting room

	RequestSize  int64 `json:"requestSize"`
	ResponseSize int64 `json:"responseSize"`

	// Bodies, when the product lets them be kept. A streamed answer is here as
	// the assembled answer with its usage.
	RequestBody  []byte `json:"-"`
	ResponseBody []byte `json:"-"`
	BodiesLost   bool   `json:"bodiesLost,omitempty"` // left out because the log could not keep up
	Truncated    bool   `json:"truncated,omitempty"`  // a body was longer than is kept

	// Gap, when not 0, makes this row the stand-in for so many calls that could
	// not be recorded; every other field but At is empty.
	Gap int64 `json:"gap,omitempty"`
}

// Tokens is the total of prompt and completion.
func (c *Call) Tokens() int { return c.Prompt + c.Completion }

// Overhead is the time the gateway itself took: all but waiting for backends
// and in the waiting room.
func (c *Call) Overhead() time.Duration { return max(c.Total-c.Upstream-c.Queued, 0) }

// Spilled tells whether another backend than the first choice served the call.
func (c *Call) Spilled() bool { return c.Spill != NotSpilled }
