package emulator_test

import (
	"net/http"
	"testing"
	"time"

	azarm "github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/authorization/armauthorization/v2"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/cognitiveservices/armcognitiveservices"
	cognitive2 "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/cognitiveservices/armcognitiveservices/v2"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armsubscriptions"

	"github.com/azptu/azptu/internal/emulator"
	"github.com/azptu/azptu/internal/emulator/state"
)

// Subscriptions, locations and role assignments through their own SDKs.
func TestSubscriptionsAndRolesThroughTheSDK(t *testing.T) {
	s := start(t, emulator.Config{})
	ctx, e := t.Context(), s.Endpoints
	options := &azarm.ClientOptions{ClientOptions: azure(s)}
	subscriptions, err := armsubscriptions.NewClient(credential(t, s), options)
	if err != nil {
		t.Fatal(err)
	}
	page, err := subscriptions.NewListPager(nil).NextPage(ctx)
	if err != nil || len(page.Value) != 1 || *page.Value[0].SubscriptionID != e.SubscriptionID || *page.Value[0].TenantID != e.TenantID {
		t.Fatalf("%v %+v", err, page.Value)
	}
	locations, err := subscriptions.NewListLocationsPager(e.SubscriptionID, nil).NextPage(ctx)
	if err != nil || len(locations.Value) != len(state.Regions()) {
		t.Errorf("%d locations, %v", len(locations.Value), err)
	}
	stranger := s.State.AddClient("stranger")
	assignments, err := armauthorization.NewRoleAssignmentsClient(e.SubscriptionID, credential(t, s), options)
	if err != nil {
		t.Fatal(err)
	}
	account := state.Account{Subscription: e.SubscriptionID, Group: e.ResourceGroup, Name: e.Account}.ID()
	made, err := assignments.Create(ctx, account, "cccccccc-2222-3333-4444-555555555555", armauthorization.RoleAssignmentCreateParameters{Properties: &armauthorization.RoleAssignmentProperties{
		PrincipalID: &stranger.ObjectID, RoleDefinitionID: to.Ptr("/providers/Microsoft.Authorization/roleDefinitions/a97b65f3-24c7-4388-baec-2e87135dc908"),
	}}, nil)
	if err != nil || *made.Properties.Scope != account {
		t.Fatalf("%v %+v", err, made)
	}
	token, err := s.Entra.Token(stranger.ClientID, "https://cognitiveservices.azure.com", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if status, code := chat(t, s, e.AoaiURL, state.RoomyDeployment, "Authorization", "Bearer "+token); status != http.StatusOK {
		t.Errorf("with the role on the account: %d %s", status, code)
	}
	listed, err := assignments.NewListForScopePager(account, &armauthorization.RoleAssignmentsClientListForScopeOptions{Filter: to.Ptr("principalId eq '" + stranger.ObjectID + "'")}).NextPage(ctx)
	if err != nil || len(listed.Value) != 1 {
		t.Errorf("listed for the principal: %v %+v", err, listed.Value)
	}
	definitions, err := armauthorization.NewRoleDefinitionsClient(credential(t, s), options)
	if err != nil {
		t.Fatal(err)
	}
	roles, err := definitions.NewListPager(account, &armauthorization.RoleDefinitionsClientListOptions{Filter: to.Ptr("roleName eq 'Cognitive Services User'")}).NextPage(ctx)
	if err != nil || len(roles.Value) != 1 || len(roles.Value[0].Properties.Permissions[0].DataActions) == 0 {
		t.Errorf("role by name: %v %+v", err, roles.Value)
	}
}

// Every read operation of the newest SDK decodes what the emulator answers.
func TestSecondSDK(t *testing.T) {
	s := start(t, emulator.Config{TimeScale: 50})
	ctx, e := t.Context(), s.Endpoints
	f, err := cognitive2.NewClientFactory(e.SubscriptionID, credential(t, s), &azarm.ClientOptions{ClientOptions: azure(s)})
	if err != nil {
		t.Fatal(err)
	}
	models, err := f.NewModelsClient().NewListPager("swedencentral", nil).NextPage(ctx)
	if err != nil {
		t.Fatal(err)
	}
	withRule := 0
	for _, m := range models.Value {
		for _, sku := range m.Model.SKUs {
			if sku.Capacity.Minimum != nil && sku.Capacity.Step != nil && sku.DeprecationDate != nil && len(sku.Cost) == 0 {
				withRule++ // the service writes `costs`, so the SDK sees no cost
			}
		}
	}
	if withRule == 0 {
		t.Error("no model with a capacity rule and a date")
	}
	rooms, err := f.NewModelCapacitiesClient().NewListPager("OpenAI", "gpt-4o", "2024-08-06", nil).NextPage(ctx)
	if err != nil || len(rooms.Value) < 20 {
		t.Errorf("%d rooms for gpt-4o, %v", len(rooms.Value), err)
	}
	p, err := f.NewProjectsClient().BeginCreate(ctx, e.ResourceGroup, e.Account, "one", cognitive2.Project{Location: to.Ptr("eastus"), Identity: &cognitive2.Identity{Type: to.Ptr(cognitive2.ResourceIdentityTypeSystemAssigned)}, Properties: &cognitive2.ProjectProperties{DisplayName: to.Ptr("One")}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	project, err := p.PollUntilDone(ctx, &runtime.PollUntilDoneOptions{Frequency: 5 * time.Millisecond})
	if err != nil || *project.Name != e.Account+"/one" || !*project.Properties.IsDefault || project.Identity.PrincipalID == nil {
		t.Errorf("%v %+v", err, project)
	}
	gone, err := f.NewProjectsClient().BeginDelete(ctx, e.ResourceGroup, e.Account, "one", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := gone.PollUntilDone(ctx, nil); err != nil {
		t.Error(err)
	}
	skus, err := f.NewDeploymentsClient().NewListSKUsPager(e.ResourceGroup, e.Account, state.RoomyDeployment, nil).NextPage(ctx)
	if err != nil || len(skus.Value) != 1 || *skus.Value[0].Capacity.Step != 50 {
		t.Errorf("%v %+v", err, skus.Value)
	}
}

// The rows of quota change with what is deployed, and a purge frees them.
func TestAccountLifeThroughTheSDK(t *testing.T) {
	s := start(t, emulator.Config{})
	ctx, e := t.Context(), s.Endpoints
	f := factory(t, s)
	update, err := f.NewAccountsClient().BeginUpdate(ctx, e.ResourceGroup, e.Account, armcognitiveservices.Account{
		Tags: map[string]*string{"team": to.Ptr("a")}, Properties: &armcognitiveservices.AccountProperties{DisableLocalAuth: to.Ptr(true)},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := update.PollUntilDone(ctx, nil)
	if err != nil || *a.Tags["team"] != "a" || !*a.Properties.DisableLocalAuth {
		t.Fatalf("%v %+v", err, a)
	}
	if status, code := chat(t, s, e.AoaiURL, state.RoomyDeployment, "api-key", e.APIKey); status != http.StatusForbidden || code != "AuthenticationTypeDisabled" {
		t.Errorf("a key where keys are disabled: %d %s", status, code)
	}
	if _, err := f.NewAccountsClient().ListKeys(ctx, e.ResourceGroup, e.Account, nil); err == nil {
		t.Error("the keys of an account without keys were listed")
	}
	if update, err = f.NewAccountsClient().BeginUpdate(ctx, e.ResourceGroup, e.Account, armcognitiveservices.Account{Properties: &armcognitiveservices.AccountProperties{DisableLocalAuth: to.Ptr(false)}}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err = update.PollUntilDone(ctx, nil); err != nil {
		t.Fatal(err)
	}
	keys, err := f.NewAccountsClient().RegenerateKey(ctx, e.ResourceGroup, e.Account, armcognitiveservices.RegenerateKeyParameters{KeyName: to.Ptr(armcognitiveservices.KeyNameKey1)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]int{e.APIKey: 401, *keys.Key1: 200, *keys.Key2: 200} {
		if status, _ := chat(t, s, e.AoaiURL, state.RoomyDeployment, "api-key", key); status != want {
			t.Errorf("a key answers %d, want %d", status, want)
		}
	}
}
