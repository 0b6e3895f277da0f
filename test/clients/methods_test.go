package clients

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	v1 "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/cognitiveservices/armcognitiveservices"
	v2 "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/cognitiveservices/armcognitiveservices/v2"
)

// methodCall is one method of a client with its arguments after the context:
// strings, and bodies as JSON.
type methodCall struct {
	method string
	args   []string
}

// inScope are the calls of every method of every client whose operations the
// emulator has, in an order in which they work.
func inScope(x *target) []methodCall {
	group, account, location := x.ResourceGroup, x.Account, x.Location
	const model = `{"format": "OpenAI", "name": "gpt-4o", "version": "2024-08-06"}`
	plan := `{"location": "eastus", "kind": "SpeechServices", "sku": {"name": "S0"}, "properties": {"hostingModel": "Web", "planType": "STT", "current": {"tier": "T1"}}}`
	return []methodCall{
		{"Accounts.BeginCreate", []string{group, "methods", `{"location": "westeurope", "kind": "OpenAI", "sku": {"name": "S0"}, "identity": {"type": "SystemAssigned"}, "properties": {}}`}},
		{"Accounts.Get", []string{group, "methods"}},
		{"Accounts.NewListPager", nil},
		{"Accounts.NewListByResourceGroupPager", []string{group}},
		{"Accounts.ListKeys", []string{group, "methods"}},
		{"Accounts.RegenerateKey", []string{group, "methods", `{"keyName": "Key2"}`}},
		{"Accounts.NewListModelsPager", []string{group, "methods"}},
		{"Accounts.ListSKUs", []string{group, "methods"}},
		{"Accounts.ListUsages", []string{group, "methods"}},
		{"Accounts.BeginUpdate", []string{group, "methods", `{"tags": {"a": "b"}}`}},
		{"Accounts.BeginDelete", []string{group, "methods"}},
		{"DeletedAccounts.NewListPager", nil},
		{"DeletedAccounts.Get", []string{"westeurope", group, "methods"}},
		{"DeletedAccounts.BeginPurge", []string{"westeurope", group, "methods"}},
		{"Deployments.BeginCreateOrUpdate", []string{group, account, "methods", `{"sku": {"name": "ProvisionedManaged", "capacity": 50}, "properties": {"model": ` + model + `}}`}},
		{"Deployments.Get", []string{group, account, "methods"}},
		{"Deployments.NewListPager", []string{group, account}},
		{"Deployments.NewListSKUsPager", []string{group, account, "methods"}},
		{"Deployments.BeginUpdate", []string{group, account, "methods", `{"tags": {"a": "b"}}`}},
		{"Deployments.BeginDelete", []string{group, account, "methods"}},
		{"Projects.BeginCreate", []string{group, account, "methods", `{"location": "eastus", "identity": {"type": "SystemAssigned"}, "properties": {"displayName": "Methods"}}`}},
		{"Projects.Get", []string{group, account, "methods"}},
		{"Projects.NewListPager", []string{group, account}},
		{"Projects.BeginUpdate", []string{group, account, "methods", `{"properties": {"description": "changed"}}`}},
		{"Projects.BeginDelete", []string{group, account, "methods"}},
		{"CommitmentPlans.CreateOrUpdate", []string{group, account, "methods", plan}},
		{"CommitmentPlans.Get", []string{group, account, "methods"}},
		{"CommitmentPlans.NewListPager", []string{group, account}},
		{"CommitmentPlans.BeginDelete", []string{group, account, "methods"}},
		{"CommitmentPlans.BeginCreateOrUpdatePlan", []string{group, "methods", plan}},
		{"CommitmentPlans.GetPlan", []string{group, "methods"}},
		{"CommitmentPlans.BeginUpdatePlan", []string{group, "methods", `{"tags": {"a": "b"}}`}},
		{"CommitmentPlans.NewListPlansByResourceGroupPager", []string{group}},
		{"CommitmentPlans.NewListPlansBySubscriptionPager", nil},
		{"CommitmentPlans.BeginCreateOrUpdateAssociation", []string{group, "methods", "one", `{"properties": {"accountId": "` + x.accountID() + `"}}`}},
		{"CommitmentPlans.GetAssociation", []string{group, "methods", "one"}},
		{"CommitmentPlans.NewListAssociationsPager", []string{group, "methods"}},
		{"CommitmentPlans.BeginDeleteAssociation", []string{group, "methods", "one"}},
		{"CommitmentPlans.BeginDeletePlan", []string{group, "methods"}},
		{"CommitmentTiers.NewListPager", []string{location}},
		{"RaiPolicies.CreateOrUpdate", []string{group, account, "methods", `{"properties": {"basePolicyName": "Microsoft.Default", "contentFilters": [{"name": "Hate", "blocking": true, "enabled": true, "severityThreshold": "High", "source": "Prompt"}]}}`}},
		{"RaiPolicies.Get", []string{group, account, "methods"}},
		{"RaiPolicies.NewListPager", []string{group, account}},
		{"RaiPolicies.BeginDelete", []string{group, account, "methods"}},
		{"RaiContentFilters.Get", []string{location, "Hate"}},
		{"RaiContentFilters.NewListPager", []string{location}},
		{"LocationBasedModelCapacities.NewListPager", []string{location, "OpenAI", "gpt-4o", "2024-08-06"}},
		{"ModelCapacities.NewListPager", []string{"OpenAI", "gpt-4o", "2024-08-06"}},
		{"Models.NewListPager", []string{location}},
		{"Usages.NewListPager", []string{location}},
		{"ResourceSKUs.NewListPager", nil},
		{"Operations.NewListPager", nil},
		{"Management.CalculateModelCapacity", []string{`{"model": ` + model + `, "skuName": "ProvisionedManaged", "workloads": [{"requestPerMinute": 10, "requestParameters": {"avgPromptTokens": 500, "avgGeneratedTokens": 100}}]}`}},
		{"Management.CheckDomainAvailability", []string{`{"subdomainName": "methods", "type": "Microsoft.CognitiveServices/accounts"}`}},
		{"Management.CheckSKUAvailability", []string{location, `{"kind": "OpenAI", "type": "Microsoft.CognitiveServices/accounts", "skus": ["S0"]}`}},
	}
}

// notEmulated are the clients whose operations the emulator does not have, as
// docs/emulator.md says.
var notEmulated = []string{
	"AccountCapabilityHosts", "AccountConnections", "DefenderForAISettings", "EncryptionScopes", "NetworkSecurityPerimeterConfigurations", "PrivateEndpointConnections",
	"PrivateLinkResources", "ProjectCapabilityHosts", "ProjectConnections", "RaiBlocklistItems", "RaiBlocklists",
}

// TestEveryMethod calls every method of both versions of armcognitiveservices
// that the emulator has operations for, and fails when one is left out.
func TestEveryMethod(t *testing.T) {
	for name, open := range map[string]func(x *target) (any, error){
		"v1": func(x *target) (any, error) {
			return v1.NewClientFactory(x.SubscriptionID, x.credential(t, x.ClientSecret), x.options(t))
		},
		"v2": func(x *target) (any, error) {
			return v2.NewClientFactory(x.SubscriptionID, x.credential(t, x.ClientSecret), x.options(t))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := start(t, 600)
			factory, err := open(x)
			if err != nil {
				t.Fatal(err)
			}
			left := methods(factory)
			for _, c := range inScope(x) {
				client, method, _ := strings.Cut(c.method, ".")
				if !left[c.method] {
					t.Errorf("%s is not a method of this version", c.method)
					continue
				}
				delete(left, c.method)
				maker := reflect.ValueOf(factory).MethodByName("New" + client + "Client")
				if err := invoke(t.Context(), maker.Call(nil)[0].MethodByName(method), c.args); err != nil {
					t.Errorf("%s: %v", c.method, err)
				}
			}
			for method := range left {
				t.Errorf("%s is not called", method)
			}
		})
	}
}

// methods lists what the clients of a factory can do, but for those that are
// not emulated.
func methods(factory any) map[string]bool {
	all := map[string]bool{}
	makers := reflect.TypeOf(factory)
	for i := range makers.NumMethod() {
		maker := makers.Method(i)
		client := strings.TrimSuffix(strings.TrimPrefix(maker.Name, "New"), "Client")
		if contains(notEmulated, client) {
			continue
		}
		made := maker.Type.Out(0)
		for j := range made.NumMethod() {
			all[client+"."+made.Method(j).Name] = true
		}
	}
	return all
}

// invoke calls a method, follows the operation that it begins and turns the
// pages of its list.
func invoke(ctx context.Context, method reflect.Value, given []string) error {
	typ := method.Type()
	var args []reflect.Value
	for i := range typ.NumIn() {
		switch in := typ.In(i); {
		case in == reflect.TypeFor[context.Context]():
			args = append(args, reflect.ValueOf(ctx))
		case in.Kind() == reflect.Pointer: // the options come last
			args = append(args, reflect.Zero(in))
		case len(given) == 0:
			return fmt.Errorf("argument %d is not given", i)
		case in.Kind() == reflect.String:
			args, given = append(args, reflect.ValueOf(given[0])), given[1:]
		default:
			body := reflect.New(in)
			if err := json.Unmarshal([]byte(given[0]), body.Interface()); err != nil {
				return err
			}
			args, given = append(args, body.Elem()), given[1:]
		}
	}
	out := method.Call(args)
	if err, failed := out[len(out)-1].Interface().(error); failed {
		return err
	}
	if follow := out[0].MethodByName("PollUntilDone"); follow.IsValid() {
		err, _ := follow.Call([]reflect.Value{reflect.ValueOf(ctx), reflect.ValueOf(poll)})[1].Interface().(error)
		return err
	}
	if more := out[0].MethodByName("More"); more.IsValid() {
		for more.Call(nil)[0].Bool() {
			if err, failed := out[0].MethodByName("NextPage").Call([]reflect.Value{reflect.ValueOf(ctx)})[1].Interface().(error); failed {
				return err
			}
		}
	}
	return nil
}
