package openai

import (
	"context"
	"fmt"
	"time"
)

// Directory knows the accounts, who may use them, and what they have deployed.
// Both methods are asked with every call and must be quick.
type Directory interface {
	// Authorize names the account that a request may use. accountHint is set on
	// a listener that belongs to one account. A refusal is an *AuthError.
	Authorize(ctx context.Context, accountHint, apiKey, bearer string) (account string, err error)
	// Deployment finds one deployment of an account; case does not count.
	Deployment(account, name string) (Deployment, bool)
}

// Deployment is what the data plane has to know of a deployment.
type Deployment struct {
	ID              string // Azure resource id: names the deployment for good
	Account         string
	Name            string
	Location        string // "eastus2"
	LocationDisplay string // "East US 2"
	Model           string
	Version         string
	Base            string // of a fine-tuned model: the model it was trained on
	BaseVersion     string
	Format          string // publisher: "OpenAI"
	SKU             string
	State           string // provisioning state; "Creating" and "Deleting" do not answer yet or any more
	Spillover       string // name of the Standard deployment that takes over
	RAIPolicy       string
	UpgradeOption   string
	Capacity        int       // units, or thousands of tokens per minute
	Paused          bool      // Standard deployments can be paused
	Retired         time.Time // first instant without service; zero: none
	Epoch           uint64    // changes whenever the deployment does

	// The rate limits of a Standard deployment, for its whole capacity. Zero
	// means what is usual for the model.
	RateTokens   int           // tokens a minute
	RateRequests int           // requests in RatePeriod
	RatePeriod   time.Duration // 10 s or a minute
}

// Tuned knows the fine-tuned models of accounts.
type Tuned interface {
	FineTuned(account string) []FineTunedModel
}

// FineTunedModel is a model that an account has trained.
type FineTunedModel struct {
	Name              string // its id
	Base, BaseVersion string
	Created           time.Time
}

// AuthError refuses a request for want of a valid key, token or role.
type AuthError struct {
	Status  int    // HTTP status, 401 or 403
	Code    string // as in the body, "401" or "PermissionDenied"
	Message string
}

func (e *AuthError) Error() string { return fmt.Sprintf("%d %s: %s", e.Status, e.Code, e.Message) }

// Observer is told of every finished call. It is called on the path of the
// call, must not block, and must not keep the Call but may copy it.
type Observer interface {
	Observe(*Call)
}

// Call is one finished data-plane call, refused ones included. A call that
// spilled over is two: the refusal of the provisioned deployment, and the
// answer of the one that took over.
type Call struct {
	At          time.Time // when it arrived, wall time
	Account     string
	Deployment  string
	Model       string
	Version     string
	SKU         string
	Region      string
	Operation   string // operation id, "ChatCompletions_Create"
	APIVersion  string // "v1" on the undated surface
	Stream      bool
	Status      int
	ErrorCode   string
	RequestID   string
	Prompt      int // tokens, cached ones included
	Cached      int
	Completion  int
	TTFT        time.Duration // to the first byte of the answer
	Duration    time.Duration
	Utilization float64 // of a provisioned deployment after the call: 1 is 100 %
	IsSpillover bool    // answered in another deployment's place
	Abandoned   bool    // the client left before the end
	Caller      string  // address of the client, with its port
	Received    int64   // bytes of the request's body
	Sent        int64   // bytes of the answer's body
	Filtered    Filtered
}

// Filtered is what the content filter found in a call. The zero value is
// nothing.
type Filtered struct {
	Text     string // "Prompt" or "Completion"
	Category string // "Hate", "Jailbreak", "SelfHarm", "Sexual", "Violence"
	Severity string // "Medium", the only one that is emulated; "" where there is none
}

// Faults decides what goes wrong. It is asked once for each deployment that a
// call reaches.
type Faults interface {
	Fault(ctx context.Context, at Place) Fault
}

// Place is where a fault may happen.
type Place struct {
	Account    string
	Deployment string
	Region     string
	Operation  string
	Stream     bool
}

// Fault is what goes wrong with one call. The zero Fault is none.
type Fault struct {
	Delay      time.Duration // before anything else happens
	Status     int           // answered instead of working; 0: work
	Code       string        // of the error body, with Status
	Message    string        // of the error body, with Status
	RetryAfter time.Duration // told in the headers of a 429 or 503
	Hang       bool          // never answer: until the client leaves
	Reset      bool          // close the connection before any header
	CutAfter   int           // break the stream off after so many events; 0: do not
	EventDelay time.Duration // slows a stream: added before every event
}
