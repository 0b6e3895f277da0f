package emulator_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/cognitiveservices/armcognitiveservices"

	"github.com/azptu/azptu/internal/emulator"
	"github.com/azptu/azptu/internal/emulator/state"
)

const hello = `{"messages":[{"role":"user","content":"hello"}],"max_tokens":5}`

// chat asks a deployment for a completion and returns status and error code.
func chat(t *testing.T, s *emulator.Server, root, deployment string, header ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, strings.TrimSuffix(root, "/")+"/openai/deployments/"+deployment+"/chat/completions?api-version=2024-10-21", strings.NewReader(hello))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var body struct {
		Error struct{ Code string } `json:"error"`
	}
	if err := json.Unmarshal(b, &body); err != nil {
		t.Fatalf("%s: %s", resp.Status, b)
	}
	return resp.StatusCode, body.Error.Code
}

// dataToken is a token for the data plane.
func dataToken(t *testing.T, s *emulator.Server) string {
	t.Helper()
	tok, err := credential(t, s).GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{"https://cognitiveservices.azure.com/.default"}})
	if err != nil {
		t.Fatal(err)
	}
	return tok.Token
}

func TestDataPlaneTakesKeysAndTokens(t *testing.T) {
	s := start(t, emulator.Config{})
	e := s.Endpoints
	armToken, err := s.Entra.Token(e.ClientID, "https://management.azure.com", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	expired, err := s.Entra.Token(e.ClientID, "https://cognitiveservices.azure.com", -time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	stranger := s.State.AddClient("stranger")
	noRole, err := s.Entra.Token(stranger.ClientID, "https://cognitiveservices.azure.com", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what, root, name, value string
		status                  int
		code                    string
	}{
		{"key over TLS", e.AoaiURL, "api-key", e.APIKey, 200, ""},
		{"key over plain HTTP", e.AoaiHTTPURL, "api-key", e.APIKey, 200, ""},
		{"key as bearer token", e.AoaiURL, "Authorization", "Bearer " + e.APIKey, 200, ""},
		{"token", e.AoaiURL, "Authorization", "Bearer " + dataToken(t, s), 200, ""},
		{"wrong key", e.AoaiURL, "api-key", "wrong", 401, "401"},
		{"nothing", e.AoaiURL, "X-Nothing", "", 401, "401"},
		{"token for another audience", e.AoaiURL, "Authorization", "Bearer " + armToken, 401, "401"},
		{"expired token", e.AoaiURL, "Authorization", "Bearer " + expired, 401, "401"},
		{"token without a role", e.AoaiURL, "Authorization", "Bearer " + noRole, 403, "PermissionDenied"},
	} {
		if status, code := chat(t, s, c.root, state.RoomyDeployment, c.name, c.value); status != c.status || code != c.code {
			t.Errorf("%s: %d %q, want %d %q", c.what, status, code, c.status, c.code)
		}
	}
	if _, _, err := s.State.Assign(state.Assignment{Scope: "/subscriptions/" + e.SubscriptionID, Role: "Cognitive Services OpenAI User", Principal: stranger.ObjectID, Kind: "ServicePrincipal"}, state.Caller{}); err != nil {
		t.Fatal(err)
	}
	if status, code := chat(t, s, e.AoaiURL, state.RoomyDeployment, "Authorization", "Bearer "+noRole); status != 200 {
		t.Errorf("with the role: %d %q", status, code)
	}
}

// Each further account answers on a root of its own, with its own keys alone.
func TestFurtherAccountHasItsOwnEndpoint(t *testing.T) {
	s := start(t, emulator.Config{TimeScale: 20})
	ctx, e := t.Context(), s.Endpoints
	f := factory(t, s)
	wait := &runtime.PollUntilDoneOptions{Frequency: 5 * time.Millisecond}
	p, err := f.NewAccountsClient().BeginCreate(ctx, e.ResourceGroup, "second", armcognitiveservices.Account{
		Location: to.Ptr("westeurope"), Kind: to.Ptr("OpenAI"), SKU: &armcognitiveservices.SKU{Name: to.Ptr("S0")}, Properties: &armcognitiveservices.AccountProperties{},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := p.PollUntilDone(ctx, wait)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.NewDeploymentsClient().BeginCreateOrUpdate(ctx, e.ResourceGroup, "second", "chat", order("gpt-4o-mini", "2024-07-18", "GlobalStandard", 10), nil); err != nil {
		t.Fatal(err)
	}
	keys, err := f.NewAccountsClient().ListKeys(ctx, e.ResourceGroup, "second", nil)
	if err != nil {
		t.Fatal(err)
	}
	root := *a.Properties.Endpoint
	if status, code := chat(t, s, root, "chat", "api-key", *keys.Key1); status != 200 {
		t.Errorf("its own root and key: %d %s", status, code)
	}
	if status, code := chat(t, s, e.AoaiURL, "chat", "api-key", *keys.Key2); status != 200 {
		t.Errorf("the shared root and its key: %d %s", status, code)
	}
	if status, _ := chat(t, s, root, "chat", "api-key", e.APIKey); status != 401 {
		t.Errorf("its own root and another account's key: %d, want 401", status)
	}
	if status, code := chat(t, s, e.AoaiURL, "chat", "Authorization", "Bearer "+dataToken(t, s)); status != 200 {
		t.Errorf("the shared root and a token: %d %s; the deployment is on one account only", status, code)
	}
}

func readAll(t *testing.T, resp *http.Response) string {
	t.Helper()
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
