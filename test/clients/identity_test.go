package clients

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

const cognitiveScope = "https://cognitiveservices.azure.com/.default"

// tenantOf reads a token's tenant without checking the signature.
func tenantOf(t *testing.T, token string) string {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("no JSON Web Token: %d parts", len(parts))
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims struct{ Tid string }
	if err := json.Unmarshal(raw, &claims); err != nil {
		t.Fatal(err)
	}
	return claims.Tid
}

func TestClientSecret(t *testing.T) {
	t.Parallel()
	x := start(t, 1)
	scope := policy.TokenRequestOptions{Scopes: []string{cognitiveScope}}
	token, err := x.credential(t, x.ClientSecret).GetToken(t.Context(), scope)
	if err != nil {
		t.Fatal(err)
	}
	if got := tenantOf(t, token.Token); got != x.TenantID {
		t.Errorf("a token of tenant %q, want %q", got, x.TenantID)
	}
	_, err = x.credential(t, "not-the-secret").GetToken(t.Context(), scope)
	if err == nil || !strings.Contains(err.Error(), "AADSTS7000215") {
		t.Errorf("a wrong secret: %v", err)
	}
}

// counting sends requests on, those for one host to another place, and counts
// them: the libraries keep tokens, and a test that none was asked for proves nothing.
type counting struct {
	from, to string
	asked    atomic.Int64
	inner    http.RoundTripper
}

func (c *counting) Do(req *http.Request) (*http.Response, error) {
	c.asked.Add(1)
	if c.from != "" && req.URL.Host == c.from {
		root, err := url.Parse(c.to)
		if err != nil {
			return nil, err
		}
		req = req.Clone(req.Context())
		req.URL.Scheme, req.URL.Host, req.Host = root.Scheme, root.Host, root.Host
	}
	return c.inner.RoundTrip(req)
}

func managedToken(t *testing.T, x *target, through *counting, scope string) {
	t.Helper()
	through.inner = x.client(t).Transport
	credential, err := azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{ClientOptions: azcore.ClientOptions{Transport: through}})
	if err != nil {
		t.Fatal(err)
	}
	token, err := credential.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{scope}})
	if err != nil {
		t.Fatal(err)
	}
	if got := tenantOf(t, token.Token); got != x.TenantID {
		t.Errorf("a token of tenant %q, want %q", got, x.TenantID)
	}
	if through.asked.Load() == 0 {
		t.Error("the token did not come from the emulator")
	}
}

// TestManagedIdentityOfAppService finds its endpoint in the environment.
func TestManagedIdentityOfAppService(t *testing.T) {
	x := start(t, 1)
	t.Setenv("IDENTITY_ENDPOINT", x.IdentityEndpoint)
	t.Setenv("IDENTITY_HEADER", x.IdentityHeader)
	managedToken(t, x, &counting{}, cognitiveScope)
}

// TestManagedIdentityOfVirtualMachine: the library knows one address alone,
// which is led to the emulator. It asks for another resource than the test
// above, because it keeps tokens by resource.
func TestManagedIdentityOfVirtualMachine(t *testing.T) {
	x := start(t, 1)
	t.Setenv("IDENTITY_ENDPOINT", "")
	managedToken(t, x, &counting{from: "169.254.169.254", to: x.IMDSURL}, "https://management.azure.com/.default")
}
