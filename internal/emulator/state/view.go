package state

import (
	"crypto/sha256"
	"strings"
	"time"
)

// View is what the data plane needs of the world, unchanging: it is replaced as
// a whole when something changes, and read without a lock.
type View struct {
	until       time.Time // virtual time at which it is out of date
	keys        map[[sha256.Size]byte]KeyHolder
	accounts    map[string]Account
	deployments map[string]map[string]Deployment
	logs        map[string]Logs     // by folded id
	grants      map[string][]string // object id -> accounts it may infer with
	Default     string              // folded id of the first account, "" when it is gone
}

// View returns the present snapshot.
func (s *Store) View() *View {
	if v := s.view.Load(); v != nil && s.config.Clock.Now().Before(v.until) {
		return v
	}
	defer s.lock()()
	if v := s.view.Load(); v != nil && s.now.Before(v.until) {
		return v
	}
	v := s.snapshot()
	s.view.Store(v)
	return v
}

func (s *Store) snapshot() *View {
	v := &View{
		until: s.next(), keys: map[[sha256.Size]byte]KeyHolder{}, accounts: map[string]Account{},
		deployments: map[string]map[string]Deployment{}, logs: s.logsOf(), grants: map[string][]string{},
	}
	for id, a := range s.world.Accounts {
		v.accounts[id] = *a
		for _, key := range a.Keys {
			v.keys[sha256.Sum256([]byte(key))] = KeyHolder{Account: id, Disabled: a.DisableLocalAuth}
		}
		for _, p := range s.world.Principals {
			if s.allowed(p.ObjectID, Inference, a.ID(), true) {
				v.grants[p.ObjectID] = append(v.grants[p.ObjectID], id)
			}
		}
		if a.Name == FirstAccount && a.Group == FirstGroup {
			v.Default = id
		}
	}
	for _, d := range s.world.Deployments {
		id := fold(d.Account)
		if s.world.Accounts[id] == nil || d.InForceCapacity == 0 {
			continue
		}
		if v.deployments[id] == nil {
			v.deployments[id] = map[string]Deployment{}
		}
		v.deployments[id][fold(d.Name)] = *d
	}
	return v
}

// KeyHolder is the account that a key opens.
type KeyHolder struct {
	Account  string // lower-case id
	Disabled bool   // the account takes no keys (disableLocalAuth)
}

// Key finds the account that a key opens. Keys are compared by their digests,
// so the time it takes tells nothing of them.
func (v *View) Key(key string) (KeyHolder, bool) {
	holder, ok := v.keys[sha256.Sum256([]byte(key))]
	return holder, ok
}

// Account finds an account by id.
func (v *View) Account(id string) (Account, bool) {
	a, ok := v.accounts[fold(id)]
	return a, ok
}

// Accounts lists every account.
func (v *View) Accounts() []Account {
	list := make([]Account, 0, len(v.accounts))
	for _, a := range v.accounts {
		list = append(list, a)
	}
	return list
}

// MayInfer tells whether a principal may call the deployments of an account.
func (v *View) MayInfer(object, account string) bool {
	for _, id := range v.grants[object] {
		if id == fold(account) {
			return true
		}
	}
	return false
}

// Deployment finds what answers under a name on an account.
func (v *View) Deployment(account, name string) (Deployment, bool) {
	d, ok := v.deployments[strings.ToLower(account)][strings.ToLower(name)]
	return d, ok
}

// Deployments lists what answers on an account.
func (v *View) Deployments(account string) []Deployment {
	of := v.deployments[fold(account)]
	list := make([]Deployment, 0, len(of))
	for _, d := range of {
		list = append(list, d)
	}
	return list
}
