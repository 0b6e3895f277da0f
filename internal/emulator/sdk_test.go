package emulator_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azarm "github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/cognitiveservices/armcognitiveservices"

	"github.com/azptu/azptu/internal/emulator"
	"github.com/azptu/azptu/internal/emulator/state"
)

// start runs an emulator for a test.
func start(t *testing.T, config emulator.Config) *emulator.Server {
	t.Helper()
	s, err := emulator.Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return s
}

// azure is how the Azure SDK is pointed at an emulator.
func azure(s *emulator.Server) azcore.ClientOptions {
	return azcore.ClientOptions{
		Cloud: cloud.Configuration{
			ActiveDirectoryAuthorityHost: s.Endpoints.AuthorityURL,
			Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
				cloud.ResourceManager: {Endpoint: s.Endpoints.ArmURL, Audience: "https://management.azure.com"},
			},
		},
		Transport: s.Client(),
	}
}

func credential(t *testing.T, s *emulator.Server) azcore.TokenCredential {
	t.Helper()
	e := s.Endpoints
	c, err := azidentity.NewClientSecretCredential(e.TenantID, e.ClientID, e.ClientSecret, &azidentity.ClientSecretCredentialOptions{
		ClientOptions: azure(s), DisableInstanceDiscovery: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// factory makes clients of the Cognitive Services provider.
func factory(t *testing.T, s *emulator.Server) *armcognitiveservices.ClientFactory {
	t.Helper()
	f, err := armcognitiveservices.NewClientFactory(s.Endpoints.SubscriptionID, credential(t, s), &azarm.ClientOptions{ClientOptions: azure(s)})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func code(err error) string {
	var r *azcore.ResponseError
	if errors.As(err, &r) {
		return r.ErrorCode
	}
	return ""
}

func order(model, version, sku string, capacity int32) armcognitiveservices.Deployment {
	return armcognitiveservices.Deployment{
		SKU:        &armcognitiveservices.SKU{Name: &sku, Capacity: &capacity},
		Properties: &armcognitiveservices.DeploymentProperties{Model: &armcognitiveservices.DeploymentModel{Format: to.Ptr("OpenAI"), Name: &model, Version: &version}},
	}
}

// The session of the azptu 1.0 manual: list, create 100 units, grow to 200,
// read, delete.
func TestManualSessionWithTheAzureSDK(t *testing.T) {
	s := start(t, emulator.Config{TimeScale: 20})
	ctx, e := t.Context(), s.Endpoints
	f := factory(t, s)
	accounts := f.NewAccountsClient().NewListPager(nil)
	page, err := accounts.NextPage(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Value) != 1 || *page.Value[0].Name != e.Account || *page.Value[0].Kind != "AIServices" {
		t.Fatalf("accounts %+v", page.Value)
	}
	deployments := f.NewDeploymentsClient()
	wait := &runtime.PollUntilDoneOptions{Frequency: 10 * time.Millisecond}
	create := func(capacity int32) armcognitiveservices.Deployment {
		p, err := deployments.BeginCreateOrUpdate(ctx, e.ResourceGroup, e.Account, "gpt4o-production", order("gpt-4o", "2024-08-06", "ProvisionedManaged", capacity), nil)
		if err != nil {
			t.Fatal(err)
		}
		if p.Done() {
			t.Error("a provisioned deployment was there at once")
		}
		d, err := p.PollUntilDone(ctx, wait)
		if err != nil {
			t.Fatal(err)
		}
		return d.Deployment
	}
	for _, capacity := range []int32{100, 200} {
		d := create(capacity)
		if *d.SKU.Capacity != capacity || *d.Properties.ProvisioningState != armcognitiveservices.DeploymentProvisioningStateSucceeded || *d.Properties.CurrentCapacity != capacity {
			t.Errorf("after creating with %d: %+v %+v", capacity, *d.SKU.Capacity, *d.Properties.ProvisioningState)
		}
	}
	usage := func() float64 {
		rows, err := f.NewUsagesClient().NewListPager("eastus", nil).NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows.Value {
			if *r.Name.Value == "OpenAI.ProvisionedManaged" {
				return *r.CurrentValue
			}
		}
		t.Fatal("no quota row for provisioned units")
		return 0
	}
	if got := usage(); got != 300 {
		t.Errorf("%v units of quota used, want 300", got)
	}
	gone, err := deployments.BeginDelete(ctx, e.ResourceGroup, e.Account, "gpt4o-production", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := gone.PollUntilDone(ctx, wait); err != nil {
		t.Fatal(err)
	}
	if _, err := deployments.Get(ctx, e.ResourceGroup, e.Account, "gpt4o-production", nil); code(err) != "ResourceNotFound" {
		t.Errorf("after deletion: %v", err)
	}
	if got := usage(); got != 100 {
		t.Errorf("%v units of quota used after deletion, want 100", got)
	}
}

// What Azure refuses is refused, by the code that Azure uses where it is known.
func TestRefusals(t *testing.T) {
	s := start(t, emulator.Config{})
	ctx, e := t.Context(), s.Endpoints
	deployments := factory(t, s).NewDeploymentsClient()
	for _, c := range []struct {
		what, name string
		order      armcognitiveservices.Deployment
		want       string
	}{
		{"quota", "big-one", order("gpt-4o", "2024-08-06", "ProvisionedManaged", 500), "InsufficientQuota"},
		{"not a step", "odd-one", order("gpt-4o", "2024-08-06", "ProvisionedManaged", 75), "InvalidCapacity"},
		{"below the minimum", "small", order("gpt-4o", "2024-08-06", "ProvisionedManaged", 25), "InvalidCapacity"},
		{"negative", "negative", order("gpt-4o", "2024-08-06", "ProvisionedManaged", -50), "InvalidCapacity"},
		{"no such model", "unknown", order("gpt-9", "1", "ProvisionedManaged", 50), "DeploymentModelNotSupported"},
		{"no such version", "version", order("gpt-4o", "1999-01-01", "ProvisionedManaged", 50), "DeploymentModelNotSupported"},
		{"not sold so", "regional", order("gpt-4", "0613", "ProvisionedManaged", 300), "InvalidResourceProperties"},
		{"bad name", "spaces are bad", order("gpt-4o", "2024-08-06", "ProvisionedManaged", 50), "InvalidResourceName"},
	} {
		_, err := deployments.BeginCreateOrUpdate(ctx, e.ResourceGroup, e.Account, c.name, c.order, nil)
		if code(err) != c.want {
			t.Errorf("%s: %v, want %s", c.what, err, c.want)
		}
	}
	if err := s.State.SetCapacity("eastus", "ProvisionedManaged", 20); err != nil {
		t.Fatal(err)
	}
	_, err := deployments.BeginCreateOrUpdate(ctx, e.ResourceGroup, e.Account, "no-room", order("gpt-4o", "2024-08-06", "ProvisionedManaged", 50), nil)
	if code(err) != "InsufficientServiceCapacity" {
		t.Errorf("no service capacity: %v", err)
	}
	if _, err = deployments.Get(ctx, "no-such-group", e.Account, "x", nil); code(err) != "ResourceGroupNotFound" {
		t.Errorf("no such group: %v", err)
	}
}

// A wrong secret is refused by Entra's number; no token by Resource Manager.
func TestSignInRefused(t *testing.T) {
	s := start(t, emulator.Config{})
	e := s.Endpoints
	c, err := azidentity.NewClientSecretCredential(e.TenantID, e.ClientID, "wrong", &azidentity.ClientSecretCredentialOptions{ClientOptions: azure(s), DisableInstanceDiscovery: true})
	if err != nil {
		t.Fatal(err)
	}
	f, err := armcognitiveservices.NewClientFactory(e.SubscriptionID, c, &azarm.ClientOptions{ClientOptions: azure(s)})
	if err != nil {
		t.Fatal(err)
	}
	var refused *azidentity.AuthenticationFailedError
	if _, err = f.NewAccountsClient().Get(t.Context(), e.ResourceGroup, e.Account, nil); !errors.As(err, &refused) {
		t.Errorf("a wrong secret: %v", err)
	}
	r, err := s.Client().Get(e.ArmURL + "/subscriptions?api-version=2019-11-01")
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Body.Close()
	if r.StatusCode != http.StatusUnauthorized || r.Header.Get("WWW-Authenticate") == "" {
		t.Errorf("no token: %s, challenge %q", r.Status, r.Header.Get("WWW-Authenticate"))
	}
}

// Two deployments cannot be made on one account at the same time.
func TestConflictWhileAnotherOperationRuns(t *testing.T) {
	s := start(t, emulator.Config{})
	ctx, e := t.Context(), s.Endpoints
	deployments := factory(t, s).NewDeploymentsClient()
	if _, err := deployments.BeginCreateOrUpdate(ctx, e.ResourceGroup, e.Account, "first", order("gpt-4o", "2024-08-06", "ProvisionedManaged", 50), nil); err != nil {
		t.Fatal(err)
	}
	_, err := deployments.BeginCreateOrUpdate(ctx, e.ResourceGroup, e.Account, "second", order("gpt-4o", "2024-08-06", "ProvisionedManaged", 50), nil)
	if code(err) != "RequestConflict" {
		t.Errorf("a second deployment at the same time: %v", err)
	}
	again, err := deployments.BeginCreateOrUpdate(ctx, e.ResourceGroup, e.Account, "first", order("gpt-4o", "2024-08-06", "ProvisionedManaged", 50), nil)
	if err != nil || again.Done() {
		t.Errorf("the same request again: %v, want the operation that runs", err)
	}
}

// An in-place migration takes 20 to 30 minutes of virtual time.
func TestMigrationIsUpdatingForHalfAnHour(t *testing.T) {
	s := start(t, emulator.Config{})
	ctx, e := t.Context(), s.Endpoints
	deployments := factory(t, s).NewDeploymentsClient()
	p, err := deployments.BeginCreateOrUpdate(ctx, e.ResourceGroup, e.Account, state.RoomyDeployment, order("gpt-4o", "2024-11-20", "ProvisionedManaged", 100), nil)
	if err != nil {
		t.Fatal(err)
	}
	look := func() (string, string) {
		d, err := deployments.Get(ctx, e.ResourceGroup, e.Account, state.RoomyDeployment, nil)
		if err != nil {
			t.Fatal(err)
		}
		return string(*d.Properties.ProvisioningState), *d.Properties.Model.Version
	}
	for _, step := range []struct {
		by   time.Duration
		want string
	}{{0, "Updating"}, {19 * time.Minute, "Updating"}, {11 * time.Minute, "Succeeded"}} {
		s.Advance(step.by)
		if got, version := look(); got != step.want || version != "2024-11-20" {
			t.Errorf("%v later: %s, version %s; want %s", step.by, got, version, step.want)
		}
	}
	if _, err := p.Poll(ctx); err != nil || !p.Done() {
		t.Errorf("the operation: %v, done %v", err, p.Done())
	}
}

// workload gives azidentity the token of a federated workload.
func workload(s *emulator.Server) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return s.Entra.FederatedToken(emulator.WorkloadSubject) }
}
