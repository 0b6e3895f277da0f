// Package monitor asks Azure Monitor what deployments did: calls by status,
// tokens, how full they were, how soon they answered. It goes through the
// metrics batch API, one region at a time and fifty accounts in a request, and
// hands out one Series for each deployment, minute by minute (or in wider
// steps), so that nothing above knows how Azure splits metrics by dimensions.
// A figure that Azure has none of stays unknown and is not made up.
package monitor

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/monitor/query/azmetrics"

	"github.com/azptu/azptu/internal/azure/arm"
	"github.com/azptu/azptu/internal/azure/login"
)

const namespace = "Microsoft.CognitiveServices/accounts"

// Options says how a Client reaches Azure Monitor.
type Options struct {
	Cloud      login.Cloud
	Region     string // of the accounts that will be asked about
	Credential azcore.TokenCredential
	Transport  http.RoundTripper
	UserAgent  string // short application id, at most 24 characters
}

// Client asks about the accounts of one region.
type Client struct {
	sdk *azmetrics.Client
}

// New returns a client. It does not touch the network yet.
func New(o Options) (*Client, error) {
	configuration := o.Cloud.Configuration()
	audience, endpoint := addresses(o.Cloud, o.Region)
	services := maps.Clone(configuration.Services)
	services[azmetrics.ServiceName] = cloud.ServiceConfiguration{Endpoint: endpoint, Audience: audience}
	configuration.Services = services
	sdk, err := azmetrics.NewClient(endpoint, o.Credential, &azmetrics.ClientOptions{ClientOptions: policy.ClientOptions{
		Cloud: configuration, Transport: login.Transporter(o.Transport),
		Retry:     policy.RetryOptions{MaxRetries: 3, MaxRetryDelay: 30 * time.Second},
		Telemetry: policy.TelemetryOptions{ApplicationID: o.UserAgent},
	}})
	if err != nil {
		return nil, fmt.Errorf("preparing the metrics client: %w", err)
	}
	return &Client{sdk}, nil
}

// addresses are what tokens must be for and where a region's metrics answer.
func addresses(c login.Cloud, region string) (audience, endpoint string) {
	suffix := "monitor.azure.com"
	switch c.Name {
	case "usgov":
		suffix = "monitor.azure.us"
	case "china":
		suffix = "monitor.azure.cn"
	}
	if c.Metrics != "" {
		return "https://metrics." + suffix, strings.TrimSuffix(c.Metrics, "/")
	}
	return "https://metrics." + suffix, "https://" + arm.Fold(region) + ".metrics." + suffix
}

// Window is what stretch of time is asked about. Its zero value is the last
// hour by the service's own clock, in steps of a minute.
type Window struct {
	From, To time.Time
	Step     time.Duration // a minute, 5, 15 or 30 minutes, an hour, 6, 12 hours or a day; 0 is a minute
}

// Steps are the steps that Azure Monitor offers.
var Steps = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour}

// StepFor is the finest step with which span has at most 180 points.
func StepFor(span time.Duration) time.Duration {
	for _, step := range Steps {
		if span/step <= 180 {
			return step
		}
	}
	return Steps[len(Steps)-1]
}

// Point is one step of a Series.
type Point struct {
	At       time.Time        // when the step begins
	Requests map[string]int64 // by HTTP status; nil when nobody called
	Spilled  int64            // of them, taken by the spill-over deployment
	Prompt   int64            // tokens
	Output   int64            // tokens
	Cached   *float64         // share of prompt tokens found in the cache, 0 to 1
	Used     *float64         // share of the units in use on average, 1 is full; provisioned deployments only
	Peak     *float64         // the highest minute
	Response *time.Duration   // mean time to the first response
	Whole    *time.Duration   // mean time to the last byte
}

// Calls is how many requests came, whatever became of them.
func (p Point) Calls() int64 {
	var n int64
	for _, count := range p.Requests {
		n += count
	}
	return n
}

// Series is what one deployment did.
type Series struct {
	Ref    arm.DeploymentRef
	Points []Point   // one for each step of the window, oldest first
	End    time.Time // of the window, by the service's clock
	Step   time.Duration
}

// maxAccounts is how many resources one request may name (Azure Monitor,
// "Get metrics data in batch").
const maxAccounts = 50

// query is one request: metrics that share dimensions and aggregations.
type query struct {
	names       []string
	aggregation string
	filter      string
}

// queries are what is asked of each account, in both families of metrics:
// AzureOpenAI… counts OpenAI's models alone, the other all of them. Metrics
// split by status take dimensions that the others do not have.
var queries = []query{
	{[]string{"AzureOpenAIRequests", "ModelRequests"}, "Total", "ModelDeploymentName eq '*' and StatusCode eq '*' and IsSpillover eq '*'"},
	{[]string{"ProcessedPromptTokens", "GeneratedTokens", "InputTokens", "OutputTokens"}, "Total", "ModelDeploymentName eq '*'"},
	{[]string{"AzureOpenAIProvisionedManagedUtilizationV2", "AzureOpenAITimeToResponse", "AzureOpenAITTLTInMS", "AzureOpenAIContextTokensCacheMatchRate",
		"ProvisionedUtilization", "TimeToResponse", "TimeToLastByte"}, "Average,Maximum", "ModelDeploymentName eq '*'"},
}

// Deployments asks about every deployment of accounts, which must be of one
// subscription and of the client's region. A deployment that nobody called and
// that has no figures is not among the answers. Errors are *arm.Error.
func (c *Client) Deployments(ctx context.Context, accounts []arm.AccountRef, w Window) ([]Series, error) {
	all := gathering{}
	for chunk := range slices.Chunk(accounts, maxAccounts) {
		for _, q := range queries {
			if _, err := c.ask(ctx, chunk, q, w, all); err != nil {
				return nil, err
			}
		}
	}
	return all.series(), nil
}

// Calls asks how many requests each deployment of an account had, by minute,
// in the last hour of the service's clock, and what time it is there. It is the
// cheap question.
func (c *Client) Calls(ctx context.Context, account arm.AccountRef) (all []Series, now time.Time, err error) {
	found := gathering{}
	now, err = c.ask(ctx, []arm.AccountRef{account}, queries[0], Window{}, found)
	return found.series(), now, err
}

func (c *Client) ask(ctx context.Context, accounts []arm.AccountRef, q query, w Window, into gathering) (end time.Time, err error) {
	step := w.Step
	if step == 0 {
		step = time.Minute
	}
	options := &azmetrics.QueryResourcesOptions{
		Aggregation: to.Ptr(q.aggregation), Filter: to.Ptr(q.filter), Interval: to.Ptr(iso(step)), Top: to.Ptr(int32(1000)),
	}
	if !w.From.IsZero() {
		options.StartTime = to.Ptr(w.From.UTC().Format("2006-01-02T15:04:05.000Z"))
	}
	if !w.To.IsZero() {
		options.EndTime = to.Ptr(w.To.UTC().Format("2006-01-02T15:04:05.000Z"))
	}
	ids := make([]string, len(accounts))
	for i, a := range accounts {
		ids[i] = a.ID()
	}
	answer, err := c.sdk.QueryResources(ctx, accounts[0].SubscriptionID, namespace, q.names, azmetrics.ResourceIDList{ResourceIDs: ids}, options)
	if err != nil {
		return end, arm.AsError(err)
	}
	for _, resource := range answer.Values {
		if end, err = into.add(resource, step); err != nil {
			return end, err
		}
	}
	return end, nil
}

// iso writes a step as ISO 8601 does.
func iso(step time.Duration) string {
	switch {
	case step%(24*time.Hour) == 0:
		return fmt.Sprintf("P%dD", step/(24*time.Hour))
	case step%time.Hour == 0:
		return fmt.Sprintf("PT%dH", step/time.Hour)
	}
	return fmt.Sprintf("PT%dM", step/time.Minute)
}
