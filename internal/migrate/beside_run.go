package migrate

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/azptu/azptu/internal/azure/arm"
)

// Keeper is what a migration beside needs of Resource Manager.
type Keeper interface {
	Azure
	DeleteDeployment(ctx context.Context, ref arm.DeploymentRef) (*arm.Operation, error)
}

// Traffic decides which of the two deployments calls go to.
type Traffic interface {
	// Shift sends a share of the calls, 0 to 1, to the new deployment and the
	// rest to the old one. Asked again for the same share it changes nothing.
	Shift(ctx context.Context, share float64) error
	// Health is what was counted of both since the gateway started.
	Health(ctx context.Context) (Health, error)
	// Forget takes the old deployment out of the gateway's configuration.
	Forget(ctx context.Context) error
}

// Calls tells, by the service's own clock, when a deployment was called last;
// zero when not in the last hour.
type Calls interface {
	LastCall(ctx context.Context, ref arm.DeploymentRef) (last, now time.Time, err error)
}

// Ends of a run that are no failure of a port.
var (
	ErrUnhealthy = errors.New("the new deployment does not do well")
	ErrByHand    = errors.New("traffic must be shifted by hand")
	ErrFailed    = errors.New("the new deployment was not created")
	ErrCalled    = errors.New("the old deployment has not been quiet for long enough")
)

// UnhealthyError says why traffic went back.
type UnhealthyError struct {
	Reason Reason
	Share  float64 // that did not go well
}

func (e *UnhealthyError) Error() string { return ErrUnhealthy.Error() + ": " + e.Reason.String() }

// Unwrap makes it an ErrUnhealthy.
func (e *UnhealthyError) Unwrap() error { return ErrUnhealthy }

// Beside carries a migration beside out.
type Beside struct {
	Azure   Keeper
	Traffic Traffic // nil: somebody shifts traffic by hand
	Calls   Calls
	Now     func() time.Time
	Sleep   func(context.Context, time.Duration) error
	Report  func(Event)   // hears of everything that is entered into the journal; may be nil
	Look    time.Duration // between two looks while waiting; 0 means 15 seconds
	ByHand  bool          // somebody says that traffic has been shifted
	NoWait  bool          // return ErrCalled instead of waiting for the old one to be quiet
}

// Run goes on from where the journal says and returns when nothing is left to
// do, when it must not go on, or when ctx ends. It can be called again at any
// time: every step looks first at what there is.
func (b *Beside) Run(ctx context.Context, j *Journal) error {
	steps := map[Phase]func(context.Context, *Journal) error{
		Planned: b.create, Created: b.shift, Shifting: b.shift, Shifted: b.drain, Drained: b.remove, Deleted: b.finish,
		Withheld: func(_ context.Context, j *Journal) error {
			j.Setbacks, j.Silent = 0, time.Time{}
			return b.reach(j, Created, Event{Act: ActTakeUp})
		},
	}
	for {
		step, more := steps[j.Phase]
		if !more || j.Phase == Drained && j.Rules.KeepOld {
			return nil
		}
		if err := step(ctx, j); err != nil {
			return err
		}
	}
}

// reach enters a phase.
func (b *Beside) reach(j *Journal, p Phase, what Event) error {
	j.Phase = p
	return b.note(j, what)
}

func (b *Beside) note(j *Journal, what Event) error {
	if err := j.Enter(b.Now(), what); err != nil {
		return err
	}
	if b.Report != nil {
		b.Report(j.Events[len(j.Events)-1])
	}
	return nil
}

func (b *Beside) look() time.Duration {
	if b.Look > 0 {
		return b.Look
	}
	return 15 * time.Second
}

// unchanged makes sure that both deployments are what the journal says: nobody
// else's change is built upon, and none undone.
func (b *Beside) unchanged(ctx context.Context, want arm.Deployment) (arm.Deployment, error) {
	d, err := b.Azure.Deployment(ctx, want.DeploymentRef)
	switch {
	case err != nil && arm.KindOf(err) == arm.NotFound:
		return d, fmt.Errorf("%w: deployment %s is gone", ErrChanged, want.DeploymentRef.Deployment)
	case err != nil:
		return d, err
	case !Alike(d, want):
		return d, fmt.Errorf("%w: deployment %s is %s %s, %s, %d", ErrChanged, want.DeploymentRef.Deployment, d.Model.Name, d.Model.Version, d.SKU, d.Capacity)
	}
	return d, nil
}

// create makes the new deployment, unless it stands or is being made already.
func (b *Beside) create(ctx context.Context, j *Journal) error {
	if _, err := b.unchanged(ctx, j.From); err != nil {
		return err
	}
	d, err := b.Azure.Deployment(ctx, j.To.DeploymentRef)
	switch {
	case err != nil && arm.KindOf(err) != arm.NotFound:
		return err
	case err == nil && !Alike(d, j.To):
		return fmt.Errorf("%w: deployment %s is something else", ErrChanged, j.To.DeploymentRef.Deployment)
	case err != nil || d.State == "Failed" || d.State == "Canceled":
		if err := b.note(j, Event{Act: ActCreate, Deployment: j.To.DeploymentRef.Deployment}); err != nil {
			return err
		}
		op, err := b.Azure.PutDeployment(ctx, j.To)
		if err != nil {
			return err
		}
		if op != nil {
			if err := op.Follow(ctx, nil); err != nil {
				return err
			}
		}
	}
	d, err = b.settle(ctx, j.To.DeploymentRef)
	if err != nil {
		return err
	}
	if !strings.EqualFold(d.State, "Succeeded") {
		return fmt.Errorf("%w: %s", ErrFailed, d.State)
	}
	return b.reach(j, Created, Event{Act: ActStands, Deployment: j.To.DeploymentRef.Deployment})
}

// settle waits until nothing is being done with a deployment.
func (b *Beside) settle(ctx context.Context, ref arm.DeploymentRef) (arm.Deployment, error) {
	for {
		d, err := b.Azure.Deployment(ctx, ref)
		if err != nil || d.Settled() {
			return d, err
		}
		if err := b.Sleep(ctx, min(b.look(), 5*time.Second)); err != nil {
			return d, err
		}
	}
}

// shift sends more and more of the calls to the new deployment.
func (b *Beside) shift(ctx context.Context, j *Journal) error {
	if b.Traffic == nil {
		return b.byHand(ctx, j)
	}
	for _, share := range j.Rules.Steps {
		if share < j.Share {
			continue // reached before
		}
		for _, want := range []arm.Deployment{j.From, j.To} {
			if _, err := b.unchanged(ctx, want); err != nil {
				return err
			}
		}
		if err := b.step(ctx, j, share); err != nil {
			return err
		}
	}
	return b.reach(j, Shifted, Event{Act: ActAll, Deployment: j.To.DeploymentRef.Deployment})
}

// byHand waits until calls reach the new deployment and none the old one,
// unless somebody said so already.
func (b *Beside) byHand(ctx context.Context, j *Journal) error {
	if !b.ByHand {
		last, _, err := b.Calls.LastCall(ctx, j.To.DeploymentRef)
		if err != nil {
			return err
		}
		if last.IsZero() {
			return ErrByHand
		}
	}
	return b.reach(j, Shifted, Event{Act: ActReached, Deployment: j.To.DeploymentRef.Deployment})
}

// mostHolds is how many times as long a step may wait for calls to judge by.
const mostHolds = 6

// expected is how many calls must have been due to the new deployment before
// it is strange that none came.
const expected = 10

// step sends a share of the calls to the new deployment and watches it. What
// does not do well goes back to the share before; a second time, to nothing.
func (b *Beside) step(ctx context.Context, j *Journal, share float64) error {
	before := j.Share
	if share == before && before > 0 {
		before = previous(j.Rules.Steps, share) // taken up again in the middle of this step
	}
	// The journal knows first: what was begun can be seen and taken back.
	j.Share = share
	if err := b.reach(j, Shifting, Event{Act: ActShift}); err != nil {
		return err
	}
	if err := b.Traffic.Shift(ctx, share); err != nil {
		return err
	}
	reason, err := b.watch(ctx, j, share)
	if err != nil || reason == (Reason{}) {
		return err
	}
	return b.setBack(ctx, j, before, share, reason)
}

// setBack returns calls to the old deployment.
func (b *Beside) setBack(ctx context.Context, j *Journal, before, share float64, reason Reason) error {
	j.Setbacks++
	final := j.Setbacks > 1
	if final {
		before = 0
	}
	if err := b.Traffic.Shift(ctx, before); err != nil {
		return err
	}
	j.Share = before
	if final {
		if err := b.reach(j, Withheld, Event{Act: ActWithhold, Reason: &reason}); err != nil {
			return err
		}
		return &UnhealthyError{reason, share}
	}
	if err := b.note(j, Event{Act: ActSetBack, Reason: &reason}); err != nil {
		return err
	}
	if err := b.Sleep(ctx, j.Rules.Hold); err != nil {
		return err
	}
	return b.step(ctx, j, share)
}

func previous(steps []float64, share float64) float64 {
	before := 0.0
	for _, s := range steps {
		if s < share {
			before = s
		}
	}
	return before
}

// watch looks at both sides for as long as a step is held. The reason is zero
// when all is well. Without calls to judge by it waits longer; when the old
// one is called and the new one is not, that is not well either.
func (b *Beside) watch(ctx context.Context, j *Journal, share float64) (Reason, error) {
	rules := j.Rules
	start, err := b.Traffic.Health(ctx)
	if err != nil {
		return Reason{}, err
	}
	begun := b.Now()
	for {
		if err := b.Sleep(ctx, min(b.look(), max(rules.Hold/5, time.Millisecond))); err != nil {
			return Reason{}, err
		}
		health, err := b.Traffic.Health(ctx)
		if err != nil {
			return Reason{}, err
		}
		since := health.Since(start)
		if since.Old.Answered >= rules.MinCalls && since.Old.Answered > 0 {
			j.Usual = since.Old
		}
		verdict, reason := rules.Judge(since, j.Usual)
		held := b.Now().Sub(begun)
		switch {
		case verdict == Unhealthy:
			return reason, nil
		case verdict == Healthy && held >= rules.Hold:
			return Reason{}, nil
		case verdict == TooFew && held >= mostHolds*rules.Hold:
			due := share * float64(since.Old.Attempts+since.New.Attempts)
			if due >= expected && float64(since.New.Attempts) < due/4 || since.New.Broken > 0 {
				return reason, nil // the gateway keeps calls away from it, or what came failed
			}
			return Reason{}, nil // hardly anybody calls: nothing to lose
		}
	}
}

// drain waits until nobody has called the old deployment for as long as asked.
// The service's clock counts; metrics come late, so silence counts only from
// when the last calls were known to be shifted.
func (b *Beside) drain(ctx context.Context, j *Journal) error {
	for {
		if _, err := b.unchanged(ctx, j.From); err != nil {
			return err
		}
		last, now, err := b.Calls.LastCall(ctx, j.From.DeploymentRef)
		if err != nil {
			return err
		}
		if j.Silent.IsZero() && !now.IsZero() {
			j.Silent = now
			if err := b.note(j, Event{Act: ActAwait}); err != nil {
				return err
			}
		}
		since := j.Silent
		if last.After(since) {
			since = last
		}
		switch {
		case !now.IsZero() && now.Sub(since) >= j.Rules.Quiet:
			return b.reach(j, Drained, Event{Act: ActSilent, Deployment: j.From.DeploymentRef.Deployment})
		case b.NoWait:
			return ErrCalled
		}
		if err := b.Sleep(ctx, b.look()); err != nil {
			return err
		}
	}
}

// remove deletes the old deployment, unless it is gone or going already.
func (b *Beside) remove(ctx context.Context, j *Journal) error {
	d, err := b.Azure.Deployment(ctx, j.From.DeploymentRef)
	switch {
	case err != nil && arm.KindOf(err) == arm.NotFound:
		return b.reach(j, Deleted, Event{Act: ActGone, Deployment: j.From.DeploymentRef.Deployment})
	case err != nil:
		return err
	case !Alike(d, j.From):
		_, err := b.unchanged(ctx, j.From)
		return err
	}
	if _, err := b.unchanged(ctx, j.To); err != nil {
		return err
	}
	if d.State != "Deleting" {
		if err := b.delete(ctx, j); err != nil {
			return err
		}
	}
	if err := b.gone(ctx, j.From.DeploymentRef); err != nil {
		return err
	}
	return b.reach(j, Deleted, Event{Act: ActGone, Deployment: j.From.DeploymentRef.Deployment})
}

func (b *Beside) delete(ctx context.Context, j *Journal) error {
	if err := b.note(j, Event{Act: ActDelete, Deployment: j.From.DeploymentRef.Deployment}); err != nil {
		return err
	}
	op, err := b.Azure.DeleteDeployment(ctx, j.From.DeploymentRef)
	if err != nil || op == nil {
		return err
	}
	return op.Follow(ctx, nil)
}

// gone waits until a deployment is there no more.
func (b *Beside) gone(ctx context.Context, ref arm.DeploymentRef) error {
	for {
		_, err := b.Azure.Deployment(ctx, ref)
		switch {
		case err != nil && arm.KindOf(err) == arm.NotFound:
			return nil
		case err != nil:
			return err
		}
		if err := b.Sleep(ctx, min(b.look(), 5*time.Second)); err != nil {
			return err
		}
	}
}

// finish tidies the gateway's configuration.
func (b *Beside) finish(ctx context.Context, j *Journal) error {
	if b.Traffic != nil {
		if err := b.Traffic.Forget(ctx); err != nil {
			return err
		}
	}
	return b.reach(j, Finished, Event{Act: ActFinish})
}

// Back sends all calls to the old deployment again. It is possible until the
// old one has been deleted; the new one is left standing.
func (b *Beside) Back(ctx context.Context, j *Journal) error {
	switch j.Phase {
	case Deleted, Finished:
		return fmt.Errorf("%w: %s is deleted", ErrRefused, j.From.DeploymentRef.Deployment)
	}
	if _, err := b.unchanged(ctx, j.From); err != nil {
		return err
	}
	if b.Traffic != nil && j.Phase != Planned {
		if err := b.Traffic.Shift(ctx, 0); err != nil {
			return err
		}
	}
	j.Share, j.Setbacks = 0, 0
	return b.reach(j, Withheld, Event{Act: ActBack, Deployment: j.From.DeploymentRef.Deployment})
}
