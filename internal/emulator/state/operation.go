package state

import (
	"hash/fnv"
	"sort"
	"time"
)

// Durations of long-running operations, in virtual time. Creation and resizing
// are ours, short enough to wait for; Microsoft says 20 to 30 minutes for an
// in-place migration ("Working with models", 2026-02-12).
const (
	createTime       = 950 * time.Millisecond
	resizeTime       = 950 * time.Millisecond
	deleteTime       = 450 * time.Millisecond
	accountTime      = time.Millisecond
	migrateTime      = 20 * time.Minute
	migrateSpread    = 10 * time.Minute
	operationsKept   = 24 * time.Hour
	accountRetention = 48 * time.Hour // a soft-deleted account is purged after this long
)

// Kind is what a long-running operation does.
type Kind string

// The kinds of operation.
const (
	CreateDeployment  Kind = "create deployment"
	ResizeDeployment  Kind = "resize deployment"
	MigrateDeployment Kind = "migrate deployment"
	DeleteDeployment  Kind = "delete deployment"
	CreateAccount     Kind = "create account"
)

// Operation is one long-running operation.
type Operation struct {
	ID, Subscription, Location string
	Kind                       Kind
	Target                     string // resource id
	Start, End                 time.Time
	Status                     string // InProgress, Succeeded, Failed
	Failure                    *Refusal
}

// Done tells whether the operation has ended.
func (o Operation) Done() bool { return o.Status != "InProgress" }

// begin starts an operation on a resource. Callers hold the lock.
func (s *Store) begin(kind Kind, subscription, location, target string, length time.Duration) *Operation {
	op := &Operation{
		ID: s.uuid(), Subscription: subscription, Location: location, Kind: kind, Target: target,
		Start: s.now, End: s.now.Add(length), Status: "InProgress",
	}
	s.world.Operations[op.ID] = op
	return op
}

// Operation finds an operation by its id.
func (s *Store) Operation(id string) (Operation, error) {
	defer s.lock()()
	op := s.world.Operations[fold(id)]
	if op == nil {
		return Operation{}, Refuse(404, "OperationNotFound", "The operation '%s' could not be found.", id)
	}
	return *op, nil
}

// Fail makes a running operation fail, as a fault does. It tells whether there
// was such an operation.
func (s *Store) Fail(id string, why *Refusal) bool {
	defer s.lock()()
	op := s.world.Operations[fold(id)]
	if op == nil || op.Done() {
		return false
	}
	op.Failure, op.End = why, s.now
	s.settle()
	s.changed()
	return true
}

// running finds the operation in flight on the target, or on anything below it.
func (s *Store) running(target string) *Operation {
	target = fold(target)
	for _, op := range s.world.Operations {
		if !op.Done() && fold(op.Target) == target {
			return op
		}
	}
	return nil
}

// conflict finds an operation that keeps a deployment's account busy. A
// migration keeps only its own deployment busy: it lasts half an hour.
func (s *Store) conflict(account, deployment string) *Operation {
	account = fold(account)
	for _, op := range s.world.Operations {
		if op.Done() || op.Kind == CreateAccount {
			continue
		}
		target := fold(op.Target)
		if target == fold(deployment) {
			return op
		}
		if op.Kind != MigrateDeployment && parentOf(target) == account {
			return op
		}
	}
	return nil
}

// settle brings the world up to the present: operations that are due end, and
// deployments whose model has retired are upgraded or stop. It returns whether
// anything happened. Callers hold the lock.
func (s *Store) settle() bool {
	due := s.due()
	for _, op := range due {
		s.finish(op)
	}
	changed := len(due) > 0
	for id, op := range s.world.Operations {
		if op.Done() && s.now.Sub(op.End) > operationsKept {
			delete(s.world.Operations, id)
		}
	}
	for id, a := range s.world.Deleted {
		if s.now.Sub(a.Deleted) > accountRetention {
			s.purge(id)
			changed = true
		}
	}
	return s.age() || changed
}

// due lists the operations to end now, oldest first.
func (s *Store) due() []*Operation {
	var due []*Operation
	for _, op := range s.world.Operations {
		if !op.Done() && !op.End.After(s.now) {
			due = append(due, op)
		}
	}
	sort.Slice(due, func(i, j int) bool { return due[i].End.Before(due[j].End) })
	return due
}

// finish ends one operation and puts its outcome in force.
func (s *Store) finish(op *Operation) {
	op.Status = "Succeeded"
	if op.Failure != nil {
		op.Status = "Failed"
	}
	if op.Kind == CreateAccount {
		if a := s.world.Accounts[fold(op.Target)]; a != nil {
			a.State = op.Status
			a.ETag = s.accountTag()
		}
		return
	}
	d := s.world.Deployments[fold(op.Target)]
	if d == nil {
		return
	}
	switch {
	case op.Kind == DeleteDeployment && op.Failure == nil:
		delete(s.world.Deployments, fold(op.Target))
	case op.Kind == DeleteDeployment:
		d.State = "Succeeded"
	case op.Failure == nil:
		d.State, d.InForceCapacity, d.InForceModel, d.Retired = "Succeeded", d.Capacity, d.Model, time.Time{}
	case op.Kind == CreateDeployment:
		d.State = "Failed"
	default: // a change that failed leaves what was there
		d.State, d.Capacity, d.Model = "Succeeded", d.InForceCapacity, d.InForceModel
	}
	d.ETag, d.Epoch = s.tag(), s.epoch()
}

// next is the earliest virtual time at which settle has something to do.
func (s *Store) next() time.Time {
	next := s.now.Add(time.Hour)
	sooner := func(t time.Time) {
		if !t.IsZero() && t.Before(next) {
			next = t
		}
	}
	for _, op := range s.world.Operations {
		if !op.Done() {
			sooner(op.End)
		}
	}
	for _, a := range s.world.Deleted {
		sooner(a.Deleted.Add(accountRetention + 1))
	}
	for _, d := range s.world.Deployments {
		when, _ := s.fate(d)
		sooner(when)
	}
	return next
}

// spread picks a duration below width that depends on name alone, so that
// things that Azure does "within" a time happen at different moments of it.
func spread(name string, width time.Duration) time.Duration {
	h := fnv.New64a()
	_, _ = h.Write([]byte(fold(name)))
	return time.Duration(h.Sum64() % uint64(width))
}
