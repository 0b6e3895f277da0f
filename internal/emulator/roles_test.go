package emulator_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/azptu/azptu/internal/emulator"
	"github.com/azptu/azptu/internal/emulator/state"
)

// Each role allows what Azure's role of that name allows, and no more, in
// Resource Manager and on the data plane.
func TestRolesAreEnforced(t *testing.T) {
	s := start(t, emulator.Config{})
	e := s.Endpoints
	type attempt struct{ method, path string }
	read := attempt{"GET", "{acc}"}
	keys := attempt{"POST", "{acc}/listKeys"}
	usages := attempt{"GET", "{cs}/locations/eastus/usages"}
	write := attempt{"PUT", "{acc}/deployments/gpt-35-turbo"}
	assign := attempt{"PUT", "{acc}/providers/Microsoft.Authorization/roleAssignments/11111111-2222-3333-4444-555555555555"}
	body := map[string]any{"sku": map[string]any{"name": "Standard", "capacity": 100}, "properties": map[string]any{
		"model": map[string]any{"format": "OpenAI", "name": "gpt-35-turbo", "version": "0125"}, "principalId": "11111111-2222-3333-4444-555555555555",
		"principalType": "User", "roleDefinitionId": "acdd72a7-3385-48ef-bd42-f606fba81ae7"}}
	for _, c := range []struct {
		role    string
		allowed []attempt
		infer   bool
	}{
		{"Owner", []attempt{read, keys, usages, write, assign}, false},
		{"Contributor", []attempt{read, keys, usages, write}, false},
		{"Reader", []attempt{read, usages}, false},
		{"Cognitive Services Contributor", []attempt{read, keys, usages, write}, false},
		{"Cognitive Services User", []attempt{read, keys, usages}, true},
		{"Cognitive Services OpenAI User", []attempt{read, usages}, true},
		{"Cognitive Services Usages Reader", []attempt{usages}, false},
	} {
		p := s.State.AddClient(c.role)
		if _, _, err := s.State.Assign(state.Assignment{Scope: "/subscriptions/" + e.SubscriptionID, Role: c.role, Principal: p.ObjectID, Kind: "ServicePrincipal"}, state.Caller{}); err != nil {
			t.Fatal(err)
		}
		token := func(audience string) string {
			signed, err := s.Entra.Token(p.ClientID, audience, time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			return signed
		}
		r := newRest(t, s)
		r.token = token("https://management.azure.com")
		for _, a := range []attempt{read, keys, usages, write, assign} {
			version := v2025
			if a == assign {
				version = "2022-04-01"
			}
			got := r.do(a.method, a.path, version, body)
			want := false
			for _, allowed := range c.allowed {
				want = want || allowed == a
			}
			if want != (got.status < 300) || !want && got.code() != "AuthorizationFailed" {
				t.Errorf("%s, %s %s: %d %s, allowed should be %v", c.role, a.method, a.path, got.status, got.code(), want)
			}
		}
		if status, _ := chat(t, s, e.AoaiURL, state.StandardDeployment, "Authorization", "Bearer "+token("https://cognitiveservices.azure.com")); (status == 200) != c.infer {
			t.Errorf("%s: data plane answered %d, allowed should be %v", c.role, status, c.infer)
		}
	}
}

// A role given through Resource Manager works, and its removal too.
func TestRoleAssignments(t *testing.T) {
	s := start(t, emulator.Config{})
	r := newRest(t, s)
	p := s.State.AddClient("app")
	token, err := s.Entra.Token(p.ClientID, "https://cognitiveservices.azure.com", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	ask := func() int {
		status, _ := chat(t, s, s.Endpoints.AoaiURL, state.StandardDeployment, "Authorization", "Bearer "+token)
		return status
	}
	if got := ask(); got != http.StatusForbidden {
		t.Errorf("before: %d", got)
	}
	const path, version = "{acc}/providers/Microsoft.Authorization/roleAssignments/aaaaaaaa-2222-3333-4444-555555555555", "2022-04-01"
	body := map[string]any{"properties": map[string]any{"principalId": p.ObjectID, "roleDefinitionId": "/subscriptions/x/providers/Microsoft.Authorization/roleDefinitions/5e0bd9bd-7b93-4f28-af87-19fc36ad61bd"}}
	if a := r.do("PUT", path, version, body); a.status != http.StatusCreated {
		t.Fatalf("assigning: %d %s", a.status, a.raw)
	}
	if got := ask(); got != http.StatusOK {
		t.Errorf("with the role: %d", got)
	}
	if a := r.do("PUT", "{acc}/providers/Microsoft.Authorization/roleAssignments/bbbbbbbb-2222-3333-4444-555555555555", version, body); a.code() != "RoleAssignmentExists" {
		t.Errorf("the same again: %d %s", a.status, a.raw)
	}
	if a := r.do("DELETE", path, version, nil); a.status != http.StatusOK {
		t.Errorf("removing: %d %s", a.status, a.raw)
	}
	if got := ask(); got != http.StatusForbidden {
		t.Errorf("after: %d", got)
	}
}

// The three ways to sign in without a secret.
func TestManagedAndFederatedIdentity(t *testing.T) {
	s := start(t, emulator.Config{})
	e := s.Endpoints
	get := func(url string, header ...string) (int, string) {
		q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i+1 < len(header); i += 2 {
			q.Header.Set(header[i], header[i+1])
		}
		resp, err := s.Client().Do(q)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, readAll(t, resp)
	}
	imds := e.ImdsURL + "/metadata/identity/oauth2/token"
	for _, c := range []struct {
		what, url string
		header    []string
		status    int
	}{
		{"IMDS", imds + "?api-version=2018-02-01&resource=https://management.azure.com", []string{"Metadata", "true"}, 200},
		{"IMDS as JavaScript asks", imds + "/?api-version=2018-02-01&resource=https://management.azure.com", []string{"Metadata", "true"}, 200},
		{"IMDS without its header", imds + "?api-version=2018-02-01&resource=x", nil, 400},
		{"IMDS through a proxy", imds + "?api-version=2018-02-01&resource=x", []string{"Metadata", "true", "X-Forwarded-For", "10.0.0.1"}, 400},
		{"IMDS without a resource", imds + "?api-version=2018-02-01", []string{"Metadata", "true"}, 400},
		{"IMDS for an unknown identity", imds + "?api-version=2018-02-01&resource=x&client_id=nobody", []string{"Metadata", "true"}, 400},
		{"App Service", e.IdentityEndpoint + "?api-version=2019-08-01&resource=https://cognitiveservices.azure.com", []string{"X-IDENTITY-HEADER", e.IdentityHeader}, 200},
		{"App Service without its header", e.IdentityEndpoint + "?api-version=2019-08-01&resource=x", nil, 401},
	} {
		if status, body := get(c.url, c.header...); status != c.status {
			t.Errorf("%s: %d %s", c.what, status, body)
		}
	}

	c, err := azidentity.NewClientAssertionCredential(e.TenantID, e.ClientID, workload(s), &azidentity.ClientAssertionCredentialOptions{ClientOptions: azure(s), DisableInstanceDiscovery: true})
	if err != nil {
		t.Fatal(err)
	}
	token, err := c.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{"https://cognitiveservices.azure.com/.default"}})
	if err != nil {
		t.Fatal(err)
	}
	if status, code := chat(t, s, e.AoaiURL, state.StandardDeployment, "Authorization", "Bearer "+token.Token); status != 200 {
		t.Errorf("a federated workload: %d %s", status, code)
	}

	t.Setenv("IDENTITY_ENDPOINT", e.IdentityEndpoint)
	t.Setenv("IDENTITY_HEADER", e.IdentityHeader)
	managed, err := azidentity.NewManagedIdentityCredential(nil)
	if err != nil {
		t.Fatal(err)
	}
	token, err = managed.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{"https://cognitiveservices.azure.com/.default"}})
	if err != nil {
		t.Fatal(err)
	}
	if status, code := chat(t, s, e.AoaiURL, state.StandardDeployment, "Authorization", "Bearer "+token.Token); status != 200 {
		t.Errorf("the SDK's App Service identity: %d %s", status, code)
	}
}
