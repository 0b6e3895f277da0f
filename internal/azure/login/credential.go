package login

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// Error is a sign-in that failed.
type Error struct {
	Code   string // AADSTS… when Entra named one, else ""
	Reason string // Entra's or the credential chain's own words, on one line
	// Unreached is why the authority could not be reached; nil when it answered.
	Unreached error
	err       error
}

func (e *Error) Error() string {
	return "DefaultAzureCredential failed to retrieve a token: " + e.Reason
}

func (e *Error) Unwrap() error { return e.err }

// NonRetriable keeps the SDK's pipeline from trying a refused sign-in again.
func (e *Error) NonRetriable() {}

// Credential signs in at c. An application that the cloud file names is used
// as it is; otherwise credentials are tried in the order of
// DefaultAzureCredential: environment, workload identity, managed identity,
// Azure CLI, Azure Developer CLI, Azure PowerShell. tenant may be "". Errors
// of GetToken are *Error, except that a cancelled context stays itself.
func Credential(c Cloud, tenant string, transport http.RoundTripper, now func() time.Time) (azcore.TokenCredential, error) {
	seen := &witness{RoundTripper: transport, host: c.authorityHost()}
	options := policy.ClientOptions{
		Cloud: c.Configuration(), Transport: client{seen},
		Retry: policy.RetryOptions{MaxRetries: 2, RetryDelay: 300 * time.Millisecond, MaxRetryDelay: 10 * time.Second},
	}
	if c.ClientID != "" && c.ClientSecret != "" {
		if tenant == "" {
			tenant = c.TenantID
		}
		secret, err := azidentity.NewClientSecretCredential(tenant, c.ClientID, c.ClientSecret,
			&azidentity.ClientSecretCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: c.private()})
		if err != nil {
			return nil, newError(err)
		}
		return &told{inner: secret, now: now, seen: seen}, nil
	}
	chain, err := azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{
		ClientOptions: options, DisableInstanceDiscovery: c.private(), TenantID: tenant,
	})
	if err != nil {
		return nil, newError(err)
	}
	return &told{inner: chain, now: now, seen: seen}, nil
}

// told is a credential whose errors say what happened in our own type. It
// keeps the last token of each request, because every SDK client asks for its
// own and some credentials (Azure CLI) start a process each time.
type told struct {
	inner azcore.TokenCredential
	now   func() time.Time
	seen  *witness

	mu   sync.Mutex
	kept map[string]azcore.AccessToken
}

// fresh is how long before its end a kept token is no longer handed out.
const fresh = 5 * time.Minute

func (t *told) GetToken(ctx context.Context, options policy.TokenRequestOptions) (azcore.AccessToken, error) {
	key := strings.Join(options.Scopes, " ") + "\x00" + options.TenantID
	t.mu.Lock()
	defer t.mu.Unlock()
	if token, ok := t.kept[key]; ok && options.Claims == "" && token.ExpiresOn.Sub(t.now()) > fresh {
		return token, nil
	}
	token, err := t.inner.GetToken(ctx, options)
	if err == nil {
		if t.kept == nil {
			t.kept = map[string]azcore.AccessToken{}
		}
		t.kept[key] = token
		return token, nil
	}
	if ctx.Err() != nil {
		return token, ctx.Err()
	}
	failed := newError(err)
	failed.Unreached = t.seen.last()
	return token, failed
}

// witness remembers why the authority was not reached: azidentity's errors do
// not tell a refusal from a dead network.
type witness struct {
	http.RoundTripper
	host string

	mu  sync.Mutex
	err error
}

func (w *witness) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := w.RoundTripper.RoundTrip(r)
	if r.URL.Host == w.host {
		w.mu.Lock()
		w.err = err
		w.mu.Unlock()
	}
	return resp, err
}

func (w *witness) last() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

var aadsts = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`AADSTS\d+`) })

// newError shortens what azidentity says. Its messages hold the raw HTTP
// answer, which may be long; the description of Entra is what a person needs.
func newError(err error) *Error {
	e := &Error{err: err}
	text := err.Error()
	e.Code = aadsts().FindString(text)
	if e.Code != "" {
		text = text[strings.Index(text, e.Code):]
		if end := strings.IndexAny(text, "\"\r\n"); end > 0 {
			text = text[:end]
		}
		for _, tail := range []string{`\r`, " Trace ID:"} { // what follows is for Microsoft
			if end := strings.Index(text, tail); end > 0 {
				text = text[:end]
			}
		}
	}
	const most = 600
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	e.Reason = text
	return e
}

// client is a round tripper as the SDK's pipelines take it.
type client struct{ http.RoundTripper }

func (c client) Do(r *http.Request) (*http.Response, error) {
	return (&http.Client{Transport: c.RoundTripper, CheckRedirect: stay}).Do(r)
}

// stay hands redirects to the caller: following one would carry the token to
// wherever an answer points.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// Transporter makes rt usable by the SDK's pipelines.
func Transporter(rt http.RoundTripper) policy.Transporter { return client{rt} }

// Token is what credential gives for one audience, such as
// https://cognitiveservices.azure.com. Errors are *Error.
func Token(ctx context.Context, credential azcore.TokenCredential, audience string) (string, error) {
	token, err := credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{strings.TrimSuffix(audience, "/") + "/.default"}})
	return token.Token, err
}
