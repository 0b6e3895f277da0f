package state

import (
	"time"
)

// Subscription is what quota belongs to.
type Subscription struct{ ID, Name, Tenant string }

// Group is a resource group.
type Group struct {
	Subscription, Name, Location string
	Tags                         map[string]string
}

// ID is the group's resource id.
func (g Group) ID() string { return "/subscriptions/" + g.Subscription + "/resourceGroups/" + g.Name }

// Stamp is who made and last changed a resource, and when (virtual time).
type Stamp struct {
	ETag               string
	Created, Modified  time.Time
	CreatedBy          string
	ModifiedBy         string
	CreatedAs, Changed string // kind of identity: "Application", "User"
}

// Account is a Cognitive Services or Foundry resource.
type Account struct {
	Subscription, Group, Name string
	Location                  string // as its creator spelled it
	Kind, SKU                 string
	Tags                      map[string]string
	Identity                  *Identity
	SubDomain                 string         // customSubDomainName
	Settings                  map[string]any // writable properties kept as they were given
	DisableLocalAuth          bool
	Projects                  bool // allowProjectManagement
	Endpoint                  string
	InternalID                string
	Keys                      [2]string
	State                     string // provisioningState
	Deleted                   time.Time
	Stamp
}

// ID is the account's resource id.
func (a Account) ID() string {
	return "/subscriptions/" + a.Subscription + "/resourceGroups/" + a.Group + "/providers/Microsoft.CognitiveServices/accounts/" + a.Name
}

// Identity is the managed identity of an account or project.
type Identity struct{ Type, PrincipalID, TenantID string }

// ModelRef names one version of a model.
type ModelRef struct {
	Format, Name, Version string
	Source                string `json:",omitempty"`
}

// Deployment is a model behind a name on an account. SKU, Capacity and Model
// are what was asked for; the InForce fields are what answers calls until the
// operation that changes them is over.
type Deployment struct {
	Account              string // resource id of the account
	Name                 string
	SKU                  string
	Capacity             int // provisioned units, or thousands of tokens per minute
	Model                ModelRef
	UpgradeOption        string // versionUpgradeOption; "" is null, which means OnceCurrentVersionExpired
	RAIPolicy, Spillover string
	Parent               string // parentDeploymentName
	Tags                 map[string]string
	State                string // provisioningState
	Paused               bool
	InForceCapacity      int // 0: nothing answers yet
	InForceModel         ModelRef
	Retired              time.Time // when its model stopped answering; zero while it does
	Epoch                uint64    // changes whenever the deployment does
	Stamp
}

// ID is the deployment's resource id.
func (d Deployment) ID() string { return d.Account + "/deployments/" + d.Name }

// Document is a resource that the emulator keeps but gives no behaviour of its
// own: a project, a content filter policy, a commitment plan, a diagnostic
// setting. Body holds its members other than id, name and type.
type Document struct {
	ID, Type, Name string
	Body           map[string]any
	Stamp
}

// world is everything that is saved with --persist. Keys of the maps are
// lower-case resource ids, or what a field's comment says.
type world struct {
	Now           time.Time // virtual
	Tenant        string
	Subscriptions []Subscription
	Groups        map[string]*Group
	Accounts      map[string]*Account
	Deleted       map[string]*Account
	Deployments   map[string]*Deployment
	Operations    map[string]*Operation // by operation id
	Documents     map[string]*Document
	Quotas        map[string]int // subscription|region|row -> limit that was set by hand
	Capacities    map[string]int // region|SKU -> free units that were set by hand
	Defaults      map[string]promotion
	FineTuned     map[string][]FineTuned // by account id; it goes with its account
	Principals    map[string]*Principal  // by client id
	Assignments   map[string]*Assignment
	Epoch         uint64
	Shift         time.Duration // by which published retirement dates are moved
	Floor         time.Time     // before which nothing retires
}

func newWorld() *world {
	return &world{
		Groups: map[string]*Group{}, Accounts: map[string]*Account{}, Deleted: map[string]*Account{},
		Deployments: map[string]*Deployment{}, Operations: map[string]*Operation{}, Documents: map[string]*Document{},
		Quotas: map[string]int{}, Capacities: map[string]int{}, Defaults: map[string]promotion{}, FineTuned: map[string][]FineTuned{},
		Principals: map[string]*Principal{}, Assignments: map[string]*Assignment{},
	}
}

// promotion says since when a version is a model's default.
type promotion struct {
	Version string
	Since   time.Time
}
