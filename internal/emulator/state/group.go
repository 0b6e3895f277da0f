package state

import (
	"regexp"
	"slices"
	"strings"
	"sync"
)

// groupName is what Azure takes as the name of a resource group.
var groupName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[-\p{L}\p{N}_.()]{0,89}[-\p{L}\p{N}_()]$`) })

// known tells whether a subscription exists.
func (s *Store) known(subscription string) bool {
	return slices.ContainsFunc(s.world.Subscriptions, func(x Subscription) bool { return strings.EqualFold(x.ID, subscription) })
}

// Subscriptions lists every subscription of the tenant.
func (s *Store) Subscriptions() []Subscription {
	defer s.lock()()
	return slices.Clone(s.world.Subscriptions)
}

// Subscription finds a subscription by its id.
func (s *Store) Subscription(id string) (Subscription, error) {
	defer s.lock()()
	for _, x := range s.world.Subscriptions {
		if strings.EqualFold(x.ID, id) {
			return x, nil
		}
	}
	return Subscription{}, subscriptionNotFound(id)
}

// Tenant is the id of the one tenant.
func (s *Store) Tenant() string {
	defer s.lock()()
	return s.world.Tenant
}

func (s *Store) group(subscription, name string) *Group {
	return s.world.Groups[fold(Group{Subscription: subscription, Name: name}.ID())]
}

// Groups lists the resource groups of a subscription.
func (s *Store) Groups(subscription string) ([]Group, error) {
	defer s.lock()()
	if !s.known(subscription) {
		return nil, subscriptionNotFound(subscription)
	}
	list := []Group{}
	for _, g := range s.world.Groups {
		if strings.EqualFold(g.Subscription, subscription) {
			list = append(list, *g)
		}
	}
	slices.SortFunc(list, func(a, b Group) int { return strings.Compare(fold(a.Name), fold(b.Name)) })
	return list, nil
}

// Group finds a resource group.
func (s *Store) Group(subscription, name string) (Group, error) {
	defer s.lock()()
	if !s.known(subscription) {
		return Group{}, subscriptionNotFound(subscription)
	}
	if g := s.group(subscription, name); g != nil {
		return *g, nil
	}
	return Group{}, groupNotFound(name)
}

// PutGroup creates or changes a resource group; created tells which.
func (s *Store) PutGroup(g Group) (made Group, created bool, err error) {
	defer s.lock()()
	if !s.known(g.Subscription) {
		return Group{}, false, subscriptionNotFound(g.Subscription)
	}
	if !groupName().MatchString(g.Name) {
		return Group{}, false, Refuse(400, "InvalidResourceGroupName", "The provided resource group name '%.100s' has these invalid characters or ends with a period. The name can only be a letter, digit, '-', '.', '(', ')' or '_'.", g.Name)
	}
	if g.Location == "" {
		return Group{}, false, Refuse(400, "LocationRequired", "The location property is required for this definition.")
	}
	if _, ok := RegionOf(g.Location); !ok {
		return Group{}, false, Refuse(400, "LocationNotAvailableForResourceGroup", "The provided location '%.80s' is not available for resource group.", g.Location)
	}
	old := s.world.Groups[fold(g.ID())]
	if old != nil {
		if Normalize(old.Location) != Normalize(g.Location) {
			return Group{}, false, Refuse(409, "InvalidResourceGroupLocation", "Invalid resource group location '%s'. The Resource group already exists in location '%s'.", g.Location, old.Location)
		}
		g.Name = old.Name
	}
	s.world.Groups[fold(g.ID())] = &g
	s.changed()
	return g, old == nil, nil
}

// DeleteGroup removes a resource group with everything in it; its accounts are
// soft-deleted. It tells whether there was one.
func (s *Store) DeleteGroup(subscription, name string) bool {
	defer s.lock()()
	g := s.group(subscription, name)
	if g == nil {
		return false
	}
	for id, a := range s.world.Accounts {
		if strings.EqualFold(a.Subscription, subscription) && strings.EqualFold(a.Group, name) {
			delete(s.world.Accounts, id)
			a.Deleted = s.now
			s.world.Deleted[id] = a
		}
	}
	for id := range s.world.Documents {
		inside, on := strings.CutPrefix(id, fold(g.ID())+"/")
		if on && !strings.HasPrefix(inside, "providers/microsoft.cognitiveservices/accounts/") { // what belongs to an account waits with it
			delete(s.world.Documents, id)
		}
	}
	delete(s.world.Groups, fold(g.ID()))
	s.world.Epoch++
	s.changed()
	return true
}
