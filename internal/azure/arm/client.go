// Package arm speaks to Azure Resource Manager about Azure OpenAI: accounts,
// deployments, models, quota, service capacity, roles and diagnostics. It
// hands out small structs of its own, so that nothing above knows the SDK.
// What the SDK's api-version covers goes through armcognitiveservices; what is
// newer, or what the SDK reads wrongly (the service writes "costs" where the
// SDK reads "cost"), goes through the same pipeline with wire types of our
// own. Errors are *Error; long-running work is an *Operation that can be
// followed, left and picked up again.
package arm

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	cognitive "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/cognitiveservices/armcognitiveservices/v2"

	"github.com/azptu/azptu/internal/azure/login"
)

// api-versions of requests that do not go through armcognitiveservices.
const (
	cognitiveVersion    = "2025-09-01"
	subscriptionVersion = "2022-12-01"
	roleVersion         = "2022-04-01"
	diagnosticVersion   = "2021-05-01-preview"
	resourceVersion     = "2021-04-01"
)

// Options says how a Client reaches Resource Manager.
type Options struct {
	Cloud      login.Cloud
	Credential azcore.TokenCredential
	Transport  http.RoundTripper
	UserAgent  string           // short application id, at most 24 characters
	Now        func() time.Time // the clock that waits and elapsed times are told by
	// Sleep waits between two looks at an operation; nil waits in real time.
	Sleep func(context.Context, time.Duration) error
	// RetryDelay is the first wait before a failed request is sent again when
	// the answer names none; 0 means 800 ms.
	RetryDelay time.Duration
}

// Client speaks to the Resource Manager of one cloud as one identity. It is
// safe for concurrent use.
type Client struct {
	options Options
	sdk     *arm.ClientOptions
	raw     *arm.Client
}

// New returns a client. It does not sign in or touch the network yet.
func New(o Options) (*Client, error) {
	if o.Sleep == nil {
		o.Sleep = Sleep
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	sdk := &arm.ClientOptions{
		ClientOptions: policy.ClientOptions{
			Cloud:     o.Cloud.Configuration(),
			Transport: login.Transporter(o.Transport),
			// The policy waits as Retry-After says; an answer that asks for
			// more than MaxRetryDelay is handed to the user instead.
			Retry:     policy.RetryOptions{MaxRetries: 4, RetryDelay: o.RetryDelay, MaxRetryDelay: 60 * time.Second},
			Telemetry: policy.TelemetryOptions{ApplicationID: o.UserAgent},
		},
		// Registering the resource provider changes the subscription; that is
		// for its owner to decide.
		DisableRPRegistration: true,
	}
	raw, err := arm.NewClient("azptu", "v1.0.0", o.Credential, sdk)
	if err != nil {
		return nil, fmt.Errorf("preparing the Resource Manager client: %w", err)
	}
	return &Client{options: o, sdk: sdk, raw: raw}, nil
}

// Sleep waits in real time or until ctx ends.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func (c *Client) accounts(subscription string) (*cognitive.AccountsClient, error) {
	return cognitive.NewAccountsClient(subscription, c.options.Credential, c.sdk)
}

func (c *Client) deployments(subscription string) (*cognitive.DeploymentsClient, error) {
	return cognitive.NewDeploymentsClient(subscription, c.options.Credential, c.sdk)
}

func (c *Client) deleted(subscription string) (*cognitive.DeletedAccountsClient, error) {
	return cognitive.NewDeletedAccountsClient(subscription, c.options.Credential, c.sdk)
}

// call sends one request through the pipeline and decodes the answer into out,
// unless out is nil. path begins with / and is escaped already.
func (c *Client) call(ctx context.Context, method, path string, query url.Values, in, out any) error {
	return c.callURL(ctx, method, c.raw.Endpoint()+path+"?"+query.Encode(), in, out)
}

func (c *Client) callURL(ctx context.Context, method, address string, in, out any) error {
	req, err := runtime.NewRequest(ctx, method, address)
	if err != nil {
		return newError(err)
	}
	req.Raw().Header.Set("Accept", "application/json")
	if in != nil {
		if err := runtime.MarshalAsJSON(req, in); err != nil {
			return newError(err)
		}
	}
	resp, err := c.raw.Pipeline().Do(req)
	if err != nil {
		return newError(err)
	}
	if !runtime.HasStatusCode(resp, http.StatusOK, http.StatusCreated, http.StatusAccepted, http.StatusNoContent) {
		return newError(runtime.NewResponseError(resp))
	}
	if out == nil {
		runtime.Drain(resp)
		return nil
	}
	body, err := runtime.Payload(resp)
	if err != nil {
		return newError(err)
	}
	if err := json.Unmarshal(body, out); err != nil {
		return broken(resp, err)
	}
	return nil
}

// page is one page of a list answer.
type page[T any] struct {
	Value    []T    `json:"value"`
	NextLink string `json:"nextLink"`
}

// maxPages bounds a list whose pages never end.
const maxPages = 2000

// list reads every page. A next page on another host is refused: the token
// would go there.
func list[T any](ctx context.Context, c *Client, path string, query url.Values) ([]T, error) {
	address := c.raw.Endpoint() + path + "?" + query.Encode()
	var all []T
	for range maxPages {
		var p page[T]
		if err := c.callURL(ctx, http.MethodGet, address, nil, &p); err != nil {
			return nil, err
		}
		all = append(all, p.Value...)
		if p.NextLink == "" {
			return all, nil
		}
		if err := c.ours(p.NextLink); err != nil {
			return nil, err
		}
		address = p.NextLink
	}
	return nil, &Error{Kind: Broken, Message: fmt.Sprintf("%s has more than %d pages", path, maxPages)}
}

// ours tells whether address lies at our Resource Manager.
func (c *Client) ours(address string) error {
	home, err := url.Parse(c.raw.Endpoint())
	if err != nil {
		return newError(err)
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != home.Scheme || !strings.EqualFold(u.Host, home.Host) || u.User != nil {
		return &Error{Kind: Broken, Message: fmt.Sprintf("an answer points to %.120q, which is not %s", address, home)}
	}
	return nil
}

// pages reads every page of an SDK pager.
func pages[P, T any](ctx context.Context, pager *runtime.Pager[P], items func(P) []T) ([]T, error) {
	var all []T
	for n := 0; pager.More(); n++ {
		p, err := pager.NextPage(ctx)
		if err != nil {
			return nil, newError(err)
		}
		if n > maxPages {
			return nil, &Error{Kind: Broken, Message: "a list does not end"}
		}
		all = append(all, items(p)...)
	}
	return all, nil
}

func version(v string) url.Values { return url.Values{"api-version": {v}} }

// text is what p points to, "" for nil.
func text[S ~string](p *S) string {
	if p == nil {
		return ""
	}
	return string(*p)
}
