// Package config is the gateway's configuration: gateway.yaml read, defaulted
// and judged as a whole before anything is served with it. Reading never stops
// at the first fault: every fault is told with its path and line, an unknown
// key is a fault, and secrets are only ever named (env:, file:, keyvault:),
// never written down. What is merely doubtful is a warning.
package config

import (
	"net/netip"
	"net/url"
	"time"

	"github.com/azptu/azptu/internal/ptu"
	"github.com/azptu/azptu/internal/route"
)

// Config is one gateway.yaml, valid and with every default filled in.
type Config struct {
	Name           string // names this gateway in records; default "azptu"
	Listen         string // host:port for clients
	Admin          string // host:port on loopback; "" means no admin listener
	Probe          string // host:port for /livez, /readyz and /metrics alone; "" means none
	TLS            TLS
	KeyHeader      string // header that carries the subscription key
	TrustedProxies []netip.Prefix
	Backends       []Backend
	Pools          []Pool
	Products       []Product
	Keys           []Key
	QuotaFile      string // where quotas of days and months are noted over a restart; "" means nowhere
	Entra          *Entra // nil: bearer tokens are only taken as subscription keys
	Logs           Logs
	Telemetry      Telemetry
	Retry          Retry
	Breaker        route.BreakerRule
	Timeouts       Timeouts
	Prediction     Prediction
	Boundary       route.Boundary
	OnClientGone   ClientGone
	Sizes          Sizes
	Affinity       Affinity
	Drain          time.Duration // how long a stopping gateway waits for open calls
	Prices         map[string]ptu.TokenPrice
	PTUHour        map[string]float64 // US dollars for one unit and hour, by SKU

	Warnings []Fault // what is doubtful, but served
}

// TLS names the certificate that Listen is served with. Empty means plain HTTP.
type TLS struct{ Cert, Key string }

// Kind is how a backend is paid for and throttled.
type Kind string

// The kinds of backends.
const (
	PTU      Kind = "ptu"
	Standard Kind = "standard"
)

// Backend is one deployment at one endpoint.
type Backend struct {
	Name       string
	Endpoint   *url.URL // root of the resource, without path
	Deployment string
	Kind       Kind
	SKU        string
	Capacity   int    // units; for Standard, thousands of tokens per minute
	Model      string // "gpt-4o"
	Version    string // "2024-08-06"
	Region     string
	APIVersion string // sent instead of what the client asked for; "" leaves it
	CAFile     string // PEM bundle trusted besides the system's
	Auth       Auth
}

// Auth is how the gateway signs in to a backend. Exactly one of Key and Token
// is set.
type Auth struct {
	Key      Secret
	Token    TokenKind
	ClientID string // of a user-assigned managed identity; "" means the system's
	Tenant   string // of an Entra sign-in; "" means the environment's
}

// TokenKind is a way to come by a token.
type TokenKind string

// The ways to come by a token.
const (
	NoToken         TokenKind = ""
	ManagedIdentity TokenKind = "managedIdentity"
	EntraDefault    TokenKind = "entra" // the order of DefaultAzureCredential
)

// Pool is an ordered set of backends that serve one model name.
type Pool struct {
	Name     string
	Aliases  []string // further names that clients may ask for
	Strategy route.Strategy
	Boundary route.Boundary // default: the configuration's
	Members  []Member
	Limits   Limits
}

// Member is a backend's place in a pool.
type Member struct {
	Backend          string
	Priority, Weight int
}

// Class is how urgent the calls of a product are.
type Class string

// The classes.
const (
	Interactive Class = "interactive"
	Batch       Class = "batch"
)

// Product bundles what a key may use.
type Product struct {
	Name       string
	Pools      []string
	Class      Class
	Limits     Limits
	PerAddress Limits // for each caller address
	Queue      Queue
	Bodies     Bodies // default: the configuration's; never more than it
}

// Limits bound use; 0 means no bound.
type Limits struct {
	TokensPerMinute, RequestsPerMinute, Concurrent, TokensPerDay, TokensPerMonth int64
}

// Any tells whether there is any bound at all.
func (l Limits) Any() bool { return l != Limits{} }

// Calendar tells whether there is a bound of a day or a month.
func (l Limits) Calendar() bool { return l.TokensPerDay > 0 || l.TokensPerMonth > 0 }

// Queue is the waiting room of a product; Max 0 means none.
type Queue struct {
	Max  int           // calls that may wait at once
	Wait time.Duration // longest wait of one
}

// Key is a subscription key. Exactly one of Secret and Hash is set.
type Key struct {
	Name    string
	Product string
	Secret  Secret
	Hash    [32]byte // SHA-256 of the key
	Limits  Limits
}

// Entra says whose tokens clients may sign in with.
type Entra struct {
	Tenant    string
	Audiences []string
	Authority string // root of the authority; default https://login.microsoftonline.com
	CAFile    string // PEM bundle trusted besides the system's when its keys are fetched
	Clients   []EntraClient
}

// EntraClient maps a token's subject to a product. ID is the application (azp,
// appid) or object (oid) id; "*" is everybody else of the tenant.
type EntraClient struct{ ID, Name, Product string }

// Bodies says what is kept of prompts and answers.
type Bodies string

// What may be kept of bodies, from least to most.
const (
	NoBodies     Bodies = "none"
	MaskedBodies Bodies = "masked"
	FullBodies   Bodies = "full"
)

func (b Bodies) rank() int {
	switch b {
	case FullBodies:
		return 2
	case MaskedBodies:
		return 1
	}
	return 0
}

// Logs is where and how calls are recorded; Dir "" means not at all.
type Logs struct {
	Dir       string
	Bodies    Bodies
	Retention time.Duration // 0 keeps for ever
	MaxBody   int64         // bytes kept of one body
	Format    LogFormat
	Mask      []string // regular expressions, besides the built-in ones
	Sinks     []Sink   // where rows are sent besides; only with the format tables
}

// LogFormat is how records are laid out on disk.
type LogFormat string

// The formats of records.
const (
	Tables LogFormat = "tables" // the tables that `azptu logs query` reads
	Lines  LogFormat = "lines"  // one line of JSON for each call, a file a day
)

// Telemetry is where OpenTelemetry goes; OTLP nil means nowhere.
type Telemetry struct {
	OTLP     *url.URL // of the collector, without /v1/traces
	Headers  []Header // sent to the collector
	CAFile   string   // PEM bundle trusted besides the system's
	Sample   float64  // share of the traces that are kept when no client has decided
	Interval time.Duration
}

// Header is an HTTP header whose value is a secret.
type Header struct {
	Name  string
	Value Secret
}

// Retry bounds how often and how long a call is tried.
type Retry struct {
	Attempts int           // tries of one call, the first included; refusals of full backends do not count
	Budget   float64       // retries for each call, on average
	MaxWait  time.Duration // total pause of one call
}

// Timeouts bound how long each side may take.
type Timeouts struct {
	Header    time.Duration // client: until its header is in; backend: until connected
	FirstByte time.Duration // backend: until the first byte of the answer
	Idle      time.Duration // either: between two bytes
	Total     time.Duration // one call, all attempts
}

// Prediction says how refusals of provisioned deployments are foreseen.
type Prediction struct {
	Enabled           bool
	Window            time.Duration // assumed depth of the deployment's bucket
	DefaultCompletion int           // expected completion of a call that sets no maximum
	Reserve           float64       // share of each deployment kept for interactive classes
}

// ClientGone says what happens upstream when a client leaves.
type ClientGone string

// What happens upstream when a client leaves.
const (
	Cancel ClientGone = "cancel"
	Drain  ClientGone = "drain" // read on, within bounds, to know the tokens
)

// Sizes bound what is held of a request, in bytes.
type Sizes struct {
	Body   int64 // a JSON request
	Upload int64 // a file
	Held   int64 // a file up to this is held, so that it can be sent again; others are passed on as they come
	Header int
}

// Affinity says how many bytes at the start of a prompt make equal calls prefer
// equal backends of one priority, for the sake of their prompt caches; shorter
// prompts have no preference, and 0 turns it off.
type Affinity struct{ Prefix int }
