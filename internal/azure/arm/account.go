package arm

import (
	"context"
	"net/http"
	"net/url"
	"sort"
	"strings"

	cognitive "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/cognitiveservices/armcognitiveservices/v2"
)

// Account is one Cognitive Services or Foundry resource.
type Account struct {
	AccountRef
	Location      string // as the service writes it, e.g. eastus or JAPANEAST
	Kind          string // OpenAI, AIServices, …
	SKU           string // S0
	State         string // provisioningState
	Endpoint      string // the address of its OpenAI API
	CustomDomain  string // "" when it only has the shared regional address
	PublicNetwork string // Enabled or Disabled
	LocalAuth     bool   // whether api-keys are accepted
	PrincipalID   string // of the system-assigned identity, "" without one
	DeletedAt     string // RFC 3339; only of deleted accounts
	PurgeAt       string // RFC 3339; only of deleted accounts
	Tags          map[string]string
}

// OwnEndpoint is the account's own OpenAI address, or "" when it has none but
// the one it shares with every account of its region.
func (a Account) OwnEndpoint() string {
	u, err := url.Parse(a.Endpoint)
	if err != nil || u.Host == "" || a.CustomDomain == "" || strings.Contains(strings.ToLower(u.Hostname()), ".api.cognitive.") {
		return ""
	}
	return a.Endpoint
}

func fromAccount(a *cognitive.Account) Account {
	if a == nil {
		return Account{}
	}
	out := Account{Location: text(a.Location), Kind: text(a.Kind), LocalAuth: true, Tags: plainTags(a.Tags)}
	if id, err := ParseID(text(a.ID)); err == nil {
		out.AccountRef, _ = id.Account()
		if len(id.Names) > 1 { // deleted accounts: locations/…/resourceGroups/…/deletedAccounts/…
			out.AccountRef = deletedRef(id)
		}
	}
	if out.Account == "" {
		out.Account = text(a.Name)
	}
	if a.SKU != nil {
		out.SKU = text(a.SKU.Name)
	}
	if a.Identity != nil {
		out.PrincipalID = text(a.Identity.PrincipalID)
	}
	p := a.Properties
	if p == nil {
		return out
	}
	out.State, out.PublicNetwork = text(p.ProvisioningState), text(p.PublicNetworkAccess)
	out.CustomDomain, out.Endpoint = text(p.CustomSubDomainName), text(p.Endpoint)
	out.DeletedAt, out.PurgeAt = text(p.DeletionDate), text(p.ScheduledPurgeDate)
	out.LocalAuth = p.DisableLocalAuth == nil || !*p.DisableLocalAuth
	// A Foundry account answers under several names; the OpenAI one is what
	// OpenAI clients are pointed at.
	if e := text(p.Endpoints["OpenAI Language Model Instance API"]); e != "" {
		out.Endpoint = e
	}
	return out
}

// deletedRef reads …/locations/L/resourceGroups/G/deletedAccounts/A, whose
// group stands among the types.
func deletedRef(id ID) AccountRef {
	ref := AccountRef{SubscriptionID: id.SubscriptionID, ResourceGroup: id.ResourceGroup}
	for i, kind := range id.Types {
		switch strings.ToLower(kind) {
		case "resourcegroups":
			ref.ResourceGroup = id.Names[i]
		case "deletedaccounts", "accounts":
			ref.Account = id.Names[i]
		}
	}
	return ref
}

func plainTags(tags map[string]*string) map[string]string {
	if len(tags) == 0 {
		return nil
	}
	out := make(map[string]string, len(tags))
	for k, v := range tags {
		out[k] = text(v)
	}
	return out
}

func sdkTags(tags map[string]string) map[string]*string {
	if len(tags) == 0 {
		return nil
	}
	out := make(map[string]*string, len(tags))
	for k, v := range tags {
		out[k] = &v
	}
	return out
}

// OpenAI tells whether the account can hold OpenAI deployments.
func (a Account) OpenAI() bool {
	switch strings.ToLower(a.Kind) {
	case "openai", "aiservices", "ai.services", "cognitiveservices", "foundry":
		return true
	}
	return false
}

// Accounts lists the accounts of a subscription that can hold OpenAI
// deployments, in the order of the service.
func (c *Client) Accounts(ctx context.Context, subscription string) ([]Account, error) {
	client, err := c.accounts(subscription)
	if err != nil {
		return nil, newError(err)
	}
	all, err := pages(ctx, client.NewListPager(nil), func(p cognitive.AccountsClientListResponse) []*cognitive.Account { return p.Value })
	if err != nil {
		return nil, err
	}
	var out []Account
	for _, a := range all {
		if account := fromAccount(a); account.OpenAI() {
			if account.SubscriptionID == "" {
				account.SubscriptionID = subscription
			}
			out = append(out, account)
		}
	}
	return out, nil
}

// Account reads one account.
func (c *Client) Account(ctx context.Context, ref AccountRef) (Account, error) {
	client, err := c.accounts(ref.SubscriptionID)
	if err != nil {
		return Account{}, newError(err)
	}
	resp, err := client.Get(ctx, ref.ResourceGroup, ref.Account, nil)
	if err != nil {
		return Account{}, newError(err)
	}
	account := fromAccount(&resp.Account)
	account.AccountRef = ref
	return account, nil
}

// NewAccount says what account to create.
type NewAccount struct {
	Location       string
	Kind           string // AIServices or OpenAI
	SKU            string // S0
	CustomDomain   string // "" takes the shared regional address
	SystemIdentity bool
	Restore        bool // bring a deleted account of this name back
	Tags           map[string]string
}

// CreateAccount creates an account or, with Restore, brings a deleted one back.
func (c *Client) CreateAccount(ctx context.Context, ref AccountRef, n NewAccount) (*Operation, error) {
	client, err := c.accounts(ref.SubscriptionID)
	if err != nil {
		return nil, newError(err)
	}
	properties := &cognitive.AccountProperties{}
	if n.CustomDomain != "" {
		properties.CustomSubDomainName = &n.CustomDomain
	}
	if n.Restore {
		properties.Restore = &n.Restore
	}
	account := cognitive.Account{Location: &n.Location, Kind: &n.Kind, SKU: &cognitive.SKU{Name: &n.SKU}, Properties: properties, Tags: sdkTags(n.Tags)}
	if n.SystemIdentity {
		kind := cognitive.ResourceIdentityTypeSystemAssigned
		account.Identity = &cognitive.Identity{Type: &kind}
	}
	ctx, done := outlive(ctx)
	defer done()
	p, err := client.BeginCreate(ctx, ref.ResourceGroup, ref.Account, account, nil)
	return begin(c, p, err)
}

// DeleteAccount deletes an account softly: it can be restored, or purged,
// until its purge date, and its provisioned units go on costing until then.
func (c *Client) DeleteAccount(ctx context.Context, ref AccountRef) (*Operation, error) {
	client, err := c.accounts(ref.SubscriptionID)
	if err != nil {
		return nil, newError(err)
	}
	ctx, done := outlive(ctx)
	defer done()
	p, err := client.BeginDelete(ctx, ref.ResourceGroup, ref.Account, nil)
	return begin(c, p, err)
}

// DeletedAccounts lists the accounts of a subscription that are deleted but
// not purged.
func (c *Client) DeletedAccounts(ctx context.Context, subscription string) ([]Account, error) {
	client, err := c.deleted(subscription)
	if err != nil {
		return nil, newError(err)
	}
	all, err := pages(ctx, client.NewListPager(nil), func(p cognitive.DeletedAccountsClientListResponse) []*cognitive.Account { return p.Value })
	if err != nil {
		return nil, err
	}
	out := make([]Account, 0, len(all))
	for _, a := range all {
		account := fromAccount(a)
		if account.SubscriptionID == "" {
			account.SubscriptionID = subscription
		}
		out = append(out, account)
	}
	return out, nil
}

// PurgeAccount ends a deleted account for good.
func (c *Client) PurgeAccount(ctx context.Context, ref AccountRef, location string) (*Operation, error) {
	client, err := c.deleted(ref.SubscriptionID)
	if err != nil {
		return nil, newError(err)
	}
	ctx, done := outlive(ctx)
	defer done()
	p, err := client.BeginPurge(ctx, location, ref.ResourceGroup, ref.Account, nil)
	return begin(c, p, err)
}

// Keys are the two api-keys of an account. They are secrets.
type Keys struct{ Key1, Key2 string }

// Keys reads the api-keys of an account.
func (c *Client) Keys(ctx context.Context, ref AccountRef) (Keys, error) {
	client, err := c.accounts(ref.SubscriptionID)
	if err != nil {
		return Keys{}, newError(err)
	}
	resp, err := client.ListKeys(ctx, ref.ResourceGroup, ref.Account, nil)
	if err != nil {
		return Keys{}, newError(err)
	}
	return Keys{text(resp.Key1), text(resp.Key2)}, nil
}

// RegenerateKey replaces key 1 or 2 and returns both.
func (c *Client) RegenerateKey(ctx context.Context, ref AccountRef, number int) (Keys, error) {
	client, err := c.accounts(ref.SubscriptionID)
	if err != nil {
		return Keys{}, newError(err)
	}
	name := cognitive.KeyNameKey1
	if number == 2 {
		name = cognitive.KeyNameKey2
	}
	resp, err := client.RegenerateKey(ctx, ref.ResourceGroup, ref.Account, cognitive.RegenerateKeyParameters{KeyName: &name}, nil)
	if err != nil {
		return Keys{}, newError(err)
	}
	return Keys{text(resp.Key1), text(resp.Key2)}, nil
}

// Project is one Foundry project of an account.
type Project struct {
	AccountRef
	Name        string
	DisplayName string
	Location    string
	State       string
	Default     bool
}

// Projects lists the Foundry projects of an account.
func (c *Client) Projects(ctx context.Context, ref AccountRef) ([]Project, error) {
	client, err := cognitive.NewProjectsClient(ref.SubscriptionID, c.options.Credential, c.sdk)
	if err != nil {
		return nil, newError(err)
	}
	all, err := pages(ctx, client.NewListPager(ref.ResourceGroup, ref.Account, nil), func(p cognitive.ProjectsClientListResponse) []*cognitive.Project { return p.Value })
	if err != nil {
		return nil, err
	}
	out := make([]Project, 0, len(all))
	for _, p := range all {
		// The service names a project "account/project".
		name := text(p.Name)
		if i := strings.LastIndexByte(name, '/'); i >= 0 {
			name = name[i+1:]
		}
		project := Project{AccountRef: ref, Name: name, Location: text(p.Location)}
		if p.Properties != nil {
			project.DisplayName, project.State = text(p.Properties.DisplayName), text(p.Properties.ProvisioningState)
			project.Default = p.Properties.IsDefault != nil && *p.Properties.IsDefault
		}
		out = append(out, project)
	}
	return out, nil
}

// Subscription is one subscription that the caller may see.
type Subscription struct {
	ID    string `json:"subscriptionId"`
	Name  string `json:"displayName"`
	State string `json:"state"`
}

// Subscriptions lists what the caller may see, enabled ones first.
func (c *Client) Subscriptions(ctx context.Context) ([]Subscription, error) {
	all, err := list[Subscription](ctx, c, "/subscriptions", version(subscriptionVersion))
	sort.SliceStable(all, func(i, j int) bool {
		return strings.EqualFold(all[i].State, "Enabled") && !strings.EqualFold(all[j].State, "Enabled")
	})
	return all, err
}

// Location is one region of a subscription.
type Location struct {
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
	Metadata    struct {
		RegionType     string `json:"regionType"`
		GeographyGroup string `json:"geographyGroup"`
	} `json:"metadata"`
}

// Locations lists the physical regions of a subscription.
func (c *Client) Locations(ctx context.Context, subscription string) ([]Location, error) {
	all, err := list[Location](ctx, c, join("subscriptions", subscription, "locations"), version(subscriptionVersion))
	if err != nil {
		return nil, err
	}
	out := all[:0]
	for _, l := range all {
		if l.Metadata.RegionType == "" || strings.EqualFold(l.Metadata.RegionType, "Physical") {
			out = append(out, l)
		}
	}
	return out, nil
}

// ResourceGroupLocation tells whether a resource group exists and where.
func (c *Client) ResourceGroupLocation(ctx context.Context, subscription, group string) (string, error) {
	var g struct {
		Location string `json:"location"`
	}
	err := c.call(ctx, http.MethodGet, join("subscriptions", subscription, "resourcegroups", group), version(resourceVersion), nil, &g)
	return g.Location, err
}
