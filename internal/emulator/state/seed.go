package state

import "github.com/azptu/azptu/internal/ptu"

// What a fresh world holds. The names are those of the azptu manual, so that
// its session can be typed as printed.
const (
	FirstSubscription = "fad729f9-287d-4b9d-baa0-ee7a900f3f93"
	FirstGroup        = "rg-ai-foundry"
	FirstAccount      = "meu-ai-foundry"
	FirstLocation     = "eastus"
	FirstClient       = "azptu" // name of the application that may do everything
	FirstManaged      = "azptu-host"

	RoomyDeployment     = "gpt-4o-ptu"             // provisioned, with room
	SmallDeployment     = "gpt-4.1-ptu-min"        // provisioned, the least size there is
	StandardDeployment  = "gpt-4o-standard"        // billed by the token
	TurboDeployment     = "gpt-35-turbo"           // billed by the token
	EmbeddingDeployment = "text-embedding-3-large" // billed by the token
)

// seed makes the identities and then the resources of a fresh world.
func (s *Store) seed() {
	s.world.Tenant = s.uuid()
	s.world.Subscriptions = []Subscription{{ID: FirstSubscription, Name: "Azptu Emulator", Tenant: s.world.Tenant}}
	client := s.client(FirstClient)
	client.Fixed = true
	host := &Principal{Name: FirstManaged, ClientID: s.uuid(), ObjectID: s.uuid(), Kind: "ManagedIdentity", Fixed: true}
	s.world.Principals[host.ClientID] = host
	s.populate(nil)
}

// populate makes the resources of a fresh world. keep, if any, is the first
// account of the world before, whose id, keys and endpoint stay.
func (s *Store) populate(keep *Account) {
	us := Caller{Name: "azptu", Kind: "Application"}
	for _, p := range s.world.Principals {
		for _, role := range []string{"Owner", "Cognitive Services User"} {
			s.grant(p, role, us)
		}
	}
	g := &Group{Subscription: FirstSubscription, Name: FirstGroup, Location: FirstLocation}
	s.world.Groups[fold(g.ID())] = g
	a := &Account{
		Subscription: FirstSubscription, Group: FirstGroup, Name: FirstAccount, Location: FirstLocation, Kind: "AIServices", SKU: "S0",
		SubDomain: FirstAccount, Projects: true, State: "Succeeded", Stamp: s.stamp(us, s.accountTag()),
	}
	if keep != nil {
		a.InternalID, a.Keys, a.Endpoint, a.Identity = keep.InternalID, keep.Keys, keep.Endpoint, keep.Identity
	} else {
		a.InternalID, a.Keys = s.uuid(), [2]string{s.key(), s.key()}
		a.Endpoint = s.endpoint(*a)
		a.Identity = s.identity(nil, "SystemAssigned", a.Name)
	}
	s.world.Accounts[fold(a.ID())] = a
	s.place(a, RoomyDeployment, ptu.SKURegional, 100, ModelRef{Format: "OpenAI", Name: "gpt-4o", Version: "2024-08-06"}, us)
	s.place(a, SmallDeployment, ptu.SKUGlobal, 15, ModelRef{Format: "OpenAI", Name: "gpt-4.1", Version: "2025-04-14"}, us)
	s.place(a, StandardDeployment, ptu.SKUStandard, 50, ModelRef{Format: "OpenAI", Name: "gpt-4o", Version: "2024-11-20"}, us)
	s.place(a, TurboDeployment, ptu.SKUStandard, 100, ModelRef{Format: "OpenAI", Name: "gpt-35-turbo", Version: "0125"}, us)
	s.place(a, EmbeddingDeployment, ptu.SKUStandard, 120, ModelRef{Format: "OpenAI", Name: "text-embedding-3-large", Version: "1"}, us)
}

// grant assigns a role over the whole subscription.
func (s *Store) grant(p *Principal, role string, by Caller) {
	r, _ := RoleOf(role)
	a := &Assignment{Name: s.uuid(), Scope: "/subscriptions/" + FirstSubscription, Role: r.ID, Principal: p.ObjectID, Kind: "ServicePrincipal", Stamp: s.stamp(by, "")}
	s.world.Assignments[fold(a.ID())] = a
}

// place puts a deployment where it needs no operation. A catalog of the user's
// that lacks the model, or sells it in other sizes, gets the nearest it has.
func (s *Store) place(a *Account, name, sku string, capacity int, model ModelRef, by Caller) {
	m, ok := s.ModelOf(model)
	if !ok {
		return
	}
	region, _ := RegionOf(a.Location)
	m = m.in(region)
	way, ok := m.sku(sku)
	if !ok {
		return
	}
	if way.Rule.Check(capacity) != nil {
		capacity = way.Rule.RoundUp(float64(capacity))
	}
	d := &Deployment{
		Account: a.ID(), Name: name, SKU: sku, Capacity: capacity, Model: m.ref(), State: "Succeeded",
		InForceCapacity: capacity, InForceModel: m.ref(), Stamp: s.stamp(by, s.tag()), Epoch: s.epoch(),
	}
	if ptu.IsStandard(sku) {
		d.UpgradeOption = OnceNewDefault
	}
	s.world.Deployments[fold(d.ID())] = d
}
