package arm

import (
	"context"
	"net/http"
	"time"

	cognitive "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/cognitiveservices/armcognitiveservices/v2"
)

// ModelRef names one version of a model.
type ModelRef struct {
	Format  string // OpenAI, …
	Name    string
	Version string
}

// Deployment is one model deployment of an account.
type Deployment struct {
	DeploymentRef
	SKU       string
	Capacity  int // units, or thousands of tokens per minute for standard SKUs
	Model     ModelRef
	State     string // provisioningState: Succeeded, Creating, Updating, Failed, …
	Upgrade   string // versionUpgradeOption as the service answers it; "" for null
	Spillover string // spilloverDeploymentName
	RAIPolicy string
	Tags      map[string]string
	CreatedAt time.Time // zero when the service does not say
}

// UpgradeOptions are the values of versionUpgradeOption.
var UpgradeOptions = []string{"OnceNewDefaultVersionAvailable", "OnceCurrentVersionExpired", "NoAutoUpgrade"}

// EffectiveUpgrade is the upgrade option in force: null means
// OnceCurrentVersionExpired.
func (d Deployment) EffectiveUpgrade() string {
	if d.Upgrade == "" {
		return "OnceCurrentVersionExpired"
	}
	return d.Upgrade
}

// Settled tells whether nothing is being done with the deployment.
func (d Deployment) Settled() bool {
	switch d.State {
	case "Accepted", "Creating", "Updating", "Deleting", "Moving":
		return false
	}
	return true
}

func fromDeployment(ref AccountRef, d *cognitive.Deployment) Deployment {
	if d == nil {
		return Deployment{}
	}
	out := Deployment{DeploymentRef: DeploymentRef{ref, text(d.Name)}, Tags: plainTags(d.Tags)}
	if d.SKU != nil {
		out.SKU = text(d.SKU.Name)
		if d.SKU.Capacity != nil {
			out.Capacity = int(*d.SKU.Capacity)
		}
	}
	if d.SystemData != nil && d.SystemData.CreatedAt != nil {
		out.CreatedAt = *d.SystemData.CreatedAt
	}
	p := d.Properties
	if p == nil {
		return out
	}
	if p.Model != nil {
		out.Model = ModelRef{text(p.Model.Format), text(p.Model.Name), text(p.Model.Version)}
	}
	if out.Capacity == 0 && p.CurrentCapacity != nil {
		out.Capacity = int(*p.CurrentCapacity)
	}
	out.State, out.Upgrade = text(p.ProvisioningState), text(p.VersionUpgradeOption)
	out.Spillover, out.RAIPolicy = text(p.SpilloverDeploymentName), text(p.RaiPolicyName)
	return out
}

// Deployments lists the deployments of an account in the service's order.
func (c *Client) Deployments(ctx context.Context, ref AccountRef) ([]Deployment, error) {
	client, err := c.deployments(ref.SubscriptionID)
	if err != nil {
		return nil, newError(err)
	}
	all, err := pages(ctx, client.NewListPager(ref.ResourceGroup, ref.Account, nil), func(p cognitive.DeploymentsClientListResponse) []*cognitive.Deployment { return p.Value })
	if err != nil {
		return nil, err
	}
	out := make([]Deployment, 0, len(all))
	for _, d := range all {
		out = append(out, fromDeployment(ref, d))
	}
	return out, nil
}

// Deployment reads one deployment.
func (c *Client) Deployment(ctx context.Context, ref DeploymentRef) (Deployment, error) {
	client, err := c.deployments(ref.SubscriptionID)
	if err != nil {
		return Deployment{}, newError(err)
	}
	resp, err := client.Get(ctx, ref.ResourceGroup, ref.Account, ref.Deployment, nil)
	if err != nil {
		return Deployment{}, newError(err)
	}
	d := fromDeployment(ref.AccountRef, &resp.Deployment)
	d.Deployment = ref.Deployment
	return d, nil
}

// PutDeployment creates d or replaces the deployment of its name. State and
// CreatedAt do not count. To change one thing of a deployment, read it first
// and put it back changed: what is left out is taken away.
func (c *Client) PutDeployment(ctx context.Context, d Deployment) (*Operation, error) {
	client, err := c.deployments(d.SubscriptionID)
	if err != nil {
		return nil, newError(err)
	}
	capacity := int32(d.Capacity)
	model := &cognitive.DeploymentModel{Format: &d.Model.Format, Name: &d.Model.Name}
	if d.Model.Version != "" {
		model.Version = &d.Model.Version
	}
	properties := &cognitive.DeploymentProperties{Model: model}
	if d.Upgrade != "" {
		option := cognitive.DeploymentModelVersionUpgradeOption(d.Upgrade)
		properties.VersionUpgradeOption = &option
	}
	if d.Spillover != "" {
		properties.SpilloverDeploymentName = &d.Spillover
	}
	if d.RAIPolicy != "" {
		properties.RaiPolicyName = &d.RAIPolicy
	}
	ctx, done := outlive(ctx)
	defer done()
	p, err := client.BeginCreateOrUpdate(ctx, d.ResourceGroup, d.Account, d.DeploymentRef.Deployment,
		cognitive.Deployment{SKU: &cognitive.SKU{Name: &d.SKU, Capacity: &capacity}, Properties: properties, Tags: sdkTags(d.Tags)}, nil)
	return begin(c, p, err)
}

// ResizeDeployment changes the capacity alone.
func (c *Client) ResizeDeployment(ctx context.Context, ref DeploymentRef, sku string, capacity int) (*Operation, error) {
	client, err := c.deployments(ref.SubscriptionID)
	if err != nil {
		return nil, newError(err)
	}
	units := int32(capacity)
	ctx, done := outlive(ctx)
	defer done()
	p, err := client.BeginUpdate(ctx, ref.ResourceGroup, ref.Account, ref.Deployment,
		cognitive.PatchResourceTagsAndSKU{SKU: &cognitive.SKU{Name: &sku, Capacity: &units}}, nil)
	return begin(c, p, err)
}

// DeleteDeployment deletes a deployment.
func (c *Client) DeleteDeployment(ctx context.Context, ref DeploymentRef) (*Operation, error) {
	client, err := c.deployments(ref.SubscriptionID)
	if err != nil {
		return nil, newError(err)
	}
	ctx, done := outlive(ctx)
	defer done()
	p, err := client.BeginDelete(ctx, ref.ResourceGroup, ref.Account, ref.Deployment, nil)
	return begin(c, p, err)
}

// AwaitDeployment looks at a deployment until nothing is being done with it.
// It needs no token, but a failure has no reason then.
func (c *Client) AwaitDeployment(ctx context.Context, ref DeploymentRef, progress func(Progress)) (Deployment, error) {
	begun, wait := c.options.Now(), firstWait
	for {
		d, err := c.Deployment(ctx, ref)
		if err != nil {
			return d, err
		}
		if progress != nil {
			progress(Progress{Status: d.State, Elapsed: c.options.Now().Sub(begun)})
		}
		if d.Settled() {
			if d.State == "Failed" || d.State == "Canceled" {
				return d, &Error{Kind: Unknown, Status: http.StatusOK, Code: d.State, Operation: true}
			}
			return d, nil
		}
		if err := c.options.Sleep(ctx, wait); err != nil {
			return d, err
		}
		wait = min(wait*3/2, longWait)
	}
}
