package clients

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	v1 "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/cognitiveservices/armcognitiveservices"
	v2 "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/cognitiveservices/armcognitiveservices/v2"
)

// seen is a deployment as either version of the library decodes it.
type seen struct {
	SKU, Version, State string
	Capacity            int32
}

// library is one version of armcognitiveservices.
type library interface {
	begin(ctx context.Context, name, sku, version string, capacity int32) (follow func(context.Context) (seen, error), err error)
	resize(ctx context.Context, name, sku string, capacity int32) (seen, error)
	get(ctx context.Context, name string) (seen, error)
	names(ctx context.Context) ([]string, error)
	remove(ctx context.Context, name string) error
}

// poll looks often: the emulator's operations take moments.
var poll = &runtime.PollUntilDoneOptions{Frequency: 100 * time.Millisecond}

func statusOf(err error) (int, string) {
	var failure *azcore.ResponseError
	if errors.As(err, &failure) {
		return failure.StatusCode, failure.ErrorCode
	}
	return 0, ""
}

func TestARM(t *testing.T) {
	for name, open := range map[string]func(t *testing.T, x *target) library{"v1": openV1, "v2": openV2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := start(t, 600)
			lib := open(t, x)
			t.Run("life of a deployment", func(t *testing.T) { life(t, lib) })
			t.Run("migration", func(t *testing.T) { migration(t, lib) })
			t.Run("refusals", func(t *testing.T) { refusals(t, lib) })
		})
	}
}

func life(t *testing.T, lib library) {
	ctx := t.Context()
	follow, err := lib.begin(ctx, "go-arm", "ProvisionedManaged", "2024-08-06", 50)
	if err != nil {
		t.Fatal(err)
	}
	made, err := follow(ctx)
	if want := (seen{"ProvisionedManaged", "2024-08-06", "Succeeded", 50}); err != nil || made != want {
		t.Fatalf("made %+v, %v, want %+v", made, err, want)
	}
	if all, err := lib.names(ctx); err != nil || !contains(all, "go-arm") {
		t.Errorf("listed %v, %v", all, err)
	}
	if grown, err := lib.resize(ctx, "go-arm", "ProvisionedManaged", 100); err != nil || grown.Capacity != 100 {
		t.Errorf("resized to %+v, %v", grown, err)
	}
	if err := lib.remove(ctx, "go-arm"); err != nil {
		t.Fatal(err)
	}
	if _, err := lib.get(ctx, "go-arm"); err == nil {
		t.Error("deleted, it is still there")
	} else if status, _ := statusOf(err); status != http.StatusNotFound {
		t.Errorf("deleted, it gives %v", err)
	}
}

func migration(t *testing.T, lib library) {
	ctx := t.Context()
	follow, err := lib.begin(ctx, "go-migration", "ProvisionedManaged", "2024-05-13", 50)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := follow(ctx); err != nil {
		t.Fatal(err)
	}
	follow, err = lib.begin(ctx, "go-migration", "ProvisionedManaged", "2024-08-06", 50)
	if err != nil {
		t.Fatal(err)
	}
	if during, err := lib.get(ctx, "go-migration"); err != nil || during.State != "Updating" {
		t.Errorf("during the migration: %+v, %v", during, err)
	}
	if after, err := follow(ctx); err != nil || after.State != "Succeeded" || after.Version != "2024-08-06" {
		t.Errorf("after the migration: %+v, %v", after, err)
	}
	if err := lib.remove(ctx, "go-migration"); err != nil {
		t.Error(err)
	}
}

func refusals(t *testing.T, lib library) {
	for _, c := range []struct {
		name, sku, version string
		capacity           int32
		code               string // "" where Azure's own is not known
	}{
		{"more than the quota", "ProvisionedManaged", "2024-08-06", 100000, "InsufficientQuota"},
		{"no size", "ProvisionedManaged", "2024-08-06", 75, ""},
		{"no such version", "ProvisionedManaged", "1999-01-01", 50, ""},
		{"no such SKU", "Imaginary", "2024-08-06", 50, ""},
	} {
		_, err := lib.begin(t.Context(), "go-refused", c.sku, c.version, c.capacity)
		if status, code := statusOf(err); status != http.StatusBadRequest || code == "" || c.code != "" && code != c.code {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func contains(all []string, name string) bool {
	for _, n := range all {
		if n == name {
			return true
		}
	}
	return false
}

// libraryV1 is armcognitiveservices v1.
type libraryV1 struct {
	deployments    *v1.DeploymentsClient
	group, account string
}

func openV1(t *testing.T, x *target) library {
	client, err := v1.NewDeploymentsClient(x.SubscriptionID, x.credential(t, x.ClientSecret), x.options(t))
	if err != nil {
		t.Fatal(err)
	}
	return &libraryV1{client, x.ResourceGroup, x.Account}
}

func (l *libraryV1) begin(ctx context.Context, name, sku, version string, capacity int32) (func(context.Context) (seen, error), error) {
	poller, err := l.deployments.BeginCreateOrUpdate(ctx, l.group, l.account, name, v1.Deployment{
		SKU:        &v1.SKU{Name: &sku, Capacity: &capacity},
		Properties: &v1.DeploymentProperties{Model: &v1.DeploymentModel{Format: to.Ptr("OpenAI"), Name: to.Ptr("gpt-4o"), Version: &version}},
	}, nil)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) (seen, error) {
		done, err := poller.PollUntilDone(ctx, poll)
		return seenV1(done.Deployment), err
	}, nil
}

func (l *libraryV1) resize(ctx context.Context, name, sku string, capacity int32) (seen, error) {
	poller, err := l.deployments.BeginUpdate(ctx, l.group, l.account, name, v1.PatchResourceTagsAndSKU{SKU: &v1.SKU{Name: &sku, Capacity: &capacity}}, nil)
	if err != nil {
		return seen{}, err
	}
	done, err := poller.PollUntilDone(ctx, poll)
	return seenV1(done.Deployment), err
}

func (l *libraryV1) get(ctx context.Context, name string) (seen, error) {
	answer, err := l.deployments.Get(ctx, l.group, l.account, name, nil)
	return seenV1(answer.Deployment), err
}

func (l *libraryV1) names(ctx context.Context) ([]string, error) {
	var names []string
	for pages := l.deployments.NewListPager(l.group, l.account, nil); pages.More(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, d := range page.Value {
			names = append(names, *d.Name)
		}
	}
	return names, nil
}

func (l *libraryV1) remove(ctx context.Context, name string) error {
	poller, err := l.deployments.BeginDelete(ctx, l.group, l.account, name, nil)
	if err != nil {
		return err
	}
	_, err = poller.PollUntilDone(ctx, poll)
	return err
}

func seenV1(d v1.Deployment) seen {
	if d.SKU == nil || d.Properties == nil || d.Properties.Model == nil || d.Properties.ProvisioningState == nil {
		return seen{}
	}
	return seen{*d.SKU.Name, *d.Properties.Model.Version, string(*d.Properties.ProvisioningState), *d.SKU.Capacity}
}

// libraryV2 is armcognitiveservices v2.
type libraryV2 struct {
	deployments    *v2.DeploymentsClient
	group, account string
}

func openV2(t *testing.T, x *target) library {
	client, err := v2.NewDeploymentsClient(x.SubscriptionID, x.credential(t, x.ClientSecret), x.options(t))
	if err != nil {
		t.Fatal(err)
	}
	return &libraryV2{client, x.ResourceGroup, x.Account}
}

func (l *libraryV2) begin(ctx context.Context, name, sku, version string, capacity int32) (func(context.Context) (seen, error), error) {
	poller, err := l.deployments.BeginCreateOrUpdate(ctx, l.group, l.account, name, v2.Deployment{
		SKU:        &v2.SKU{Name: &sku, Capacity: &capacity},
		Properties: &v2.DeploymentProperties{Model: &v2.DeploymentModel{Format: to.Ptr("OpenAI"), Name: to.Ptr("gpt-4o"), Version: &version}},
	}, nil)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) (seen, error) {
		done, err := poller.PollUntilDone(ctx, poll)
		return seenV2(done.Deployment), err
	}, nil
}

func (l *libraryV2) resize(ctx context.Context, name, sku string, capacity int32) (seen, error) {
	poller, err := l.deployments.BeginUpdate(ctx, l.group, l.account, name, v2.PatchResourceTagsAndSKU{SKU: &v2.SKU{Name: &sku, Capacity: &capacity}}, nil)
	if err != nil {
		return seen{}, err
	}
	done, err := poller.PollUntilDone(ctx, poll)
	return seenV2(done.Deployment), err
}

func (l *libraryV2) get(ctx context.Context, name string) (seen, error) {
	answer, err := l.deployments.Get(ctx, l.group, l.account, name, nil)
	return seenV2(answer.Deployment), err
}

func (l *libraryV2) names(ctx context.Context) ([]string, error) {
	var names []string
	for pages := l.deployments.NewListPager(l.group, l.account, nil); pages.More(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, d := range page.Value {
			names = append(names, *d.Name)
		}
	}
	return names, nil
}

func (l *libraryV2) remove(ctx context.Context, name string) error {
	poller, err := l.deployments.BeginDelete(ctx, l.group, l.account, name, nil)
	if err != nil {
		return err
	}
	_, err = poller.PollUntilDone(ctx, poll)
	return err
}

func seenV2(d v2.Deployment) seen {
	if d.SKU == nil || d.Properties == nil || d.Properties.Model == nil || d.Properties.ProvisioningState == nil {
		return seen{}
	}
	return seen{*d.SKU.Name, *d.Properties.Model.Version, string(*d.Properties.ProvisioningState), *d.SKU.Capacity}
}
