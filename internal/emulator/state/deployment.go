package state

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/azptu/azptu/internal/ptu"
)

// Order is what a PUT of a deployment asks for.
type Order struct {
	Account, Name string // resource id of the account, name of the deployment
	SKU           string // "" means Standard
	Scaled        bool   // the SKU was said as a scale type, as api-version 2022-12-01 does
	Capacity      *int   // nil means the model's default
	Model         ModelRef
	UpgradeOption *string // nil: not said
	RAIPolicy     string
	Spillover     string
	Parent        string
	Tags          map[string]string
	Match         Match
}

// Outcome is what became of an order: the deployment as it now stands, whether
// it was new, and the operation that still works on it.
type Outcome struct {
	Deployment Deployment
	Created    bool
	Operation  *Operation
}

// The values of versionUpgradeOption.
const (
	OnceNewDefault = "OnceNewDefaultVersionAvailable"
	OnceExpired    = "OnceCurrentVersionExpired"
	NoAutoUpgrade  = "NoAutoUpgrade"
)

// deploymentName is what Azure takes as the name of a deployment.
var deploymentName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,63}$`) })

// Deployments lists an account's deployments by name.
func (s *Store) Deployments(account string) ([]Deployment, error) {
	defer s.lock()()
	if _, err := s.account(account); err != nil {
		return nil, err
	}
	var list []Deployment
	for _, d := range s.world.Deployments {
		if fold(d.Account) == fold(account) {
			list = append(list, *d)
		}
	}
	slices.SortFunc(list, func(a, b Deployment) int { return strings.Compare(fold(a.Name), fold(b.Name)) })
	return list, nil
}

// Deployment finds one deployment by its account's id and its name.
func (s *Store) Deployment(account, name string) (Deployment, error) {
	defer s.lock()()
	if _, err := s.account(account); err != nil {
		return Deployment{}, err
	}
	d, err := s.deployment(account, name)
	if err != nil {
		return Deployment{}, err
	}
	return *d, nil
}

func (s *Store) deployment(account, name string) (*Deployment, error) {
	if d := s.world.Deployments[fold(account+"/deployments/"+name)]; d != nil {
		return d, nil
	}
	_, group, accountName := cutAccount(account)
	return nil, resourceNotFound("Microsoft.CognitiveServices/accounts/"+accountName+"/deployments/"+name, group)
}

// PutDeployment creates or changes a deployment.
func (s *Store) PutDeployment(o Order, by Caller) (Outcome, error) {
	defer s.lock()()
	a, err := s.parent(o.Account, "accounts/deployments")
	if err != nil {
		return Outcome{}, err
	}
	if !deploymentName().MatchString(o.Name) {
		return Outcome{}, invalidName(o.Name)
	}
	old := s.world.Deployments[fold(o.Account+"/deployments/"+o.Name)]
	tag := ""
	if old != nil {
		tag = old.ETag
	}
	if err := o.Match.check(tag); err != nil {
		return Outcome{}, err
	}
	want, err := s.judge(a, o, old)
	if err != nil {
		return Outcome{}, err
	}
	if old == nil {
		return s.create(a, want, by)
	}
	return s.change(a, old, want, by)
}

func invalidName(name string) error {
	if len(name) > 80 {
		name = name[:80] + "…"
	}
	return Refuse(400, "InvalidResourceName", "The specified resource name '%s' is not valid. A deployment name has 2 to 64 letters, digits, hyphens, underscores and periods, and begins with a letter or digit.", name)
}

// create puts a new deployment in place. Provisioned ones take a while; those
// billed by the token answer at once.
func (s *Store) create(a *Account, want Deployment, by Caller) (Outcome, error) {
	if op := s.conflict(want.Account, want.ID()); op != nil && !ptu.IsStandard(want.SKU) {
		return Outcome{}, requestConflict(want.Account)
	}
	if err := s.afford(a, want, nil); err != nil {
		return Outcome{}, err
	}
	want.Stamp = s.stamp(by, s.tag())
	want.Epoch = s.epoch()
	d := &want
	s.world.Deployments[fold(d.ID())] = d
	out := Outcome{Created: true, Operation: s.build(a, d)}
	out.Deployment = *d
	s.changed()
	return out.copied(), nil
}

// build starts the operation that makes a deployment answer, or makes it answer
// at once.
func (s *Store) build(a *Account, d *Deployment) *Operation {
	if ptu.IsStandard(d.SKU) {
		d.State, d.InForceCapacity, d.InForceModel = "Succeeded", d.Capacity, d.Model
		return nil
	}
	d.State = "Creating"
	return s.begin(CreateDeployment, a.Subscription, a.Location, d.ID(), createTime)
}

// change turns what is there into what is wanted.
func (s *Store) change(a *Account, old *Deployment, want Deployment, by Caller) (Outcome, error) {
	if same(*old, want) {
		out := Outcome{Deployment: *old, Operation: s.running(old.ID())}
		return out.copied(), nil
	}
	if op := s.conflict(old.Account, old.ID()); op != nil && (fold(op.Target) == fold(old.ID()) || !ptu.IsStandard(old.SKU)) {
		return Outcome{}, requestConflict(old.Account)
	}
	if err := s.allowChange(*old, want); err != nil {
		return Outcome{}, err
	}
	if err := s.afford(a, want, old); err != nil {
		return Outcome{}, err
	}
	failed, migrates, resizes := old.State == "Failed", old.Model != want.Model, old.Capacity != want.Capacity
	old.SKU, old.Capacity, old.Model, old.UpgradeOption = want.SKU, want.Capacity, want.Model, want.UpgradeOption
	old.RAIPolicy, old.Spillover, old.Parent, old.Tags = want.RAIPolicy, want.Spillover, want.Parent, want.Tags
	out := Outcome{}
	if failed {
		out.Operation = s.build(a, old)
	} else {
		out.Operation = s.work(a, old, migrates, resizes)
	}
	s.touch(&old.Stamp, by, s.tag())
	old.Epoch = s.epoch()
	out.Deployment = *old
	s.changed()
	return out.copied(), nil
}

// work starts the operation that a change needs, or puts it in force at once.
func (s *Store) work(a *Account, d *Deployment, migrates, resizes bool) *Operation {
	if ptu.IsStandard(d.SKU) || !migrates && !resizes {
		if d.State == "Succeeded" {
			if migrates {
				d.Retired = time.Time{}
			}
			d.InForceCapacity, d.InForceModel = d.Capacity, d.Model
		}
		return nil
	}
	d.State = "Updating"
	if migrates {
		return s.begin(MigrateDeployment, a.Subscription, a.Location, d.ID(), migrateTime+spread(d.ID(), migrateSpread))
	}
	return s.begin(ResizeDeployment, a.Subscription, a.Location, d.ID(), resizeTime)
}

// allowChange refuses what an in-place change cannot do: Microsoft allows
// another model or version only at the same size and SKU ("Working with
// models", 2026-02-12). The words are ours.
func (s *Store) allowChange(old, want Deployment) error {
	if !strings.EqualFold(old.SKU, want.SKU) && !(ptu.IsStandard(old.SKU) && ptu.IsStandard(want.SKU)) {
		return invalidProperties("The SKU of deployment '%s' cannot be changed from '%s' to '%s'. Create another deployment with the new SKU and move the traffic.", old.Name, old.SKU, want.SKU)
	}
	if old.State == "Failed" {
		return nil
	}
	if !ptu.IsStandard(old.SKU) && old.Model != want.Model && old.Capacity != want.Capacity {
		return invalidProperties("The model and the capacity of provisioned deployment '%s' cannot be changed in one request. Migrate in place with the same capacity, then change the capacity.", old.Name)
	}
	return nil
}

// same tells whether an order asks for what is there already.
func same(old, want Deployment) bool {
	return old.State != "Failed" && strings.EqualFold(old.SKU, want.SKU) && old.Capacity == want.Capacity && old.Model == want.Model &&
		old.UpgradeOption == want.UpgradeOption && old.RAIPolicy == want.RAIPolicy && old.Spillover == want.Spillover &&
		old.Parent == want.Parent && maps.Equal(old.Tags, want.Tags)
}

// Patch is what a PATCH of a deployment may change; nil leaves a thing alone.
type Patch struct {
	Account, Name string
	SKU           *string
	Capacity      *int
	Tags          map[string]string
	Match         Match
}

// PatchDeployment changes the size and the tags of a deployment.
func (s *Store) PatchDeployment(p Patch, by Caller) (Outcome, error) {
	defer s.lock()()
	a, err := s.parent(p.Account, "accounts/deployments")
	if err != nil {
		return Outcome{}, err
	}
	old, err := s.deployment(p.Account, p.Name)
	if err != nil {
		return Outcome{}, err
	}
	if err := p.Match.check(old.ETag); err != nil {
		return Outcome{}, err
	}
	o := Order{Account: p.Account, Name: old.Name, SKU: old.SKU, Capacity: &old.Capacity, Model: old.Model, UpgradeOption: &old.UpgradeOption,
		RAIPolicy: old.RAIPolicy, Spillover: old.Spillover, Parent: old.Parent, Tags: old.Tags}
	if p.SKU != nil {
		o.SKU = *p.SKU
	}
	if p.Capacity != nil {
		o.Capacity = p.Capacity
	}
	if p.Tags != nil {
		o.Tags = p.Tags
	}
	want, err := s.judge(a, o, old)
	if err != nil {
		return Outcome{}, err
	}
	return s.change(a, old, want, by)
}

// DeleteDeployment removes a deployment. ok is false when there is none; the
// operation is nil when it is gone at once.
func (s *Store) DeleteDeployment(account, name string, m Match) (op *Operation, ok bool, err error) {
	defer s.lock()()
	a, err := s.account(account)
	if err != nil {
		return nil, false, nil
	}
	d := s.world.Deployments[fold(account+"/deployments/"+name)]
	if d == nil {
		return nil, false, nil
	}
	if err := m.check(d.ETag); err != nil {
		return nil, false, err
	}
	if running := s.conflict(account, d.ID()); running != nil {
		if running.Kind == DeleteDeployment && fold(running.Target) == fold(d.ID()) {
			again := *running
			return &again, true, nil
		}
		if fold(running.Target) == fold(d.ID()) || !ptu.IsStandard(d.SKU) {
			return nil, false, requestConflict(account)
		}
	}
	if ptu.IsStandard(d.SKU) {
		delete(s.world.Deployments, fold(d.ID()))
		s.changed()
		return nil, true, nil
	}
	d.State, d.Epoch = "Deleting", s.epoch()
	begun := *s.begin(DeleteDeployment, a.Subscription, a.Location, d.ID(), deleteTime)
	s.changed()
	return &begun, true, nil
}

// PauseDeployment stops or resumes the calls of a deployment that is billed by
// the token. Doing it twice changes nothing.
func (s *Store) PauseDeployment(account, name string, pause bool, by Caller) (Deployment, error) {
	defer s.lock()()
	if _, err := s.account(account); err != nil {
		return Deployment{}, err
	}
	d, err := s.deployment(account, name)
	if err != nil {
		return Deployment{}, err
	}
	if !ptu.IsStandard(d.SKU) {
		verb := "resumed"
		if pause {
			verb = "paused"
		}
		return Deployment{}, Refuse(400, "OperationNotSupported", "Deployment '%s' with SKU '%s' cannot be %s. Only deployments with SKU 'Standard', 'DataZoneStandard' or 'GlobalStandard' can.", d.Name, d.SKU, verb)
	}
	if d.Paused != pause {
		d.Paused, d.Epoch = pause, s.epoch()
		s.touch(&d.Stamp, by, s.tag())
		s.changed()
	}
	return *d, nil
}

// copied detaches the outcome from the store.
func (o Outcome) copied() Outcome {
	if o.Operation != nil {
		op := *o.Operation
		o.Operation = &op
	}
	return o
}
