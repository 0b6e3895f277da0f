package deployment

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/azure/arm"
	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/session"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/ptu"
)

type updateOptions struct {
	target
	size
	spillover string
	policy    string
	changed   func(flag string) bool
}

// NewUpdate makes `azptu deployment update` and `azptu update-ptu-capacity`.
func NewUpdate(env *verb.Env, face verb.Face) *cobra.Command {
	o := &updateOptions{target: target{face: face}}
	var required []string
	if face == verb.Documented {
		required = o.required("new-capacity")
	}
	cmd := verb.Command(env, verb.Spec{
		Use: face.Pick("update-ptu-capacity", "update NAME"), Help: face.Pick("deployment.update-ptu-capacity", "deployment.update"), Required: required,
		Run: func(ctx context.Context, args []string) error {
			o.take(args)
			return o.run(ctx, env)
		},
	})
	o.bind(env, cmd)
	o.changed = func(flag string) bool { f := cmd.Flags().Lookup(flag); return f != nil && f.Changed }
	cmd.Flags().IntVar(&o.units, face.Pick("new-capacity", "capacity"), 0, "deployment.flag.new-capacity")
	if face == verb.Tree {
		cmd.Flags().StringVar(&o.tpm, "tpm", "", "deployment.flag.tpm")
		cmd.Flags().StringVar(&o.spillover, "spillover", "", "deployment.flag.spillover")
		cmd.Flags().StringVar(&o.policy, "content-filter", "", "deployment.flag.content-filter")
	}
	return cmd
}

func (o *updateOptions) run(ctx context.Context, env *verb.Env) error {
	resize := o.changed("new-capacity") || o.changed("capacity") || o.changed("tpm")
	if !resize && !o.changed("spillover") && !o.changed("content-filter") {
		return exit.New(exit.Usage, env.T("deployment.nothing-asked")).Hint(env.T("cli.give", "Flag", "--capacity, --tpm, --spillover, --content-filter"))
	}
	s, ref, err := o.open(ctx, env)
	if err != nil {
		return err
	}
	verbatim := env.Verbatim(o.face)
	if verbatim {
		say(env, "deployment.update.head", "Name", ref.Deployment, "Group", ref.ResourceGroup, "Account", ref.Account, "Capacity", o.units)
		gap(env)
		say(env, "deployment.get.begin", "Name", ref.Deployment)
	}
	ground, err := s.Survey(ctx, ref)
	if err != nil {
		return err
	}
	if ground.Existing == nil {
		_, err := read(ctx, s, ref)
		return err
	}
	old := *ground.Existing
	want, err := o.wanted(ctx, s, ground, old, resize)
	if err != nil {
		return err
	}
	if want.Capacity == old.Capacity && want.Spillover == old.Spillover && want.RAIPolicy == old.RAIPolicy {
		env.Note(env.T("deployment.update.same", "Name", ref.Deployment, "Units", units(env, old.SKU, old.Capacity)))
		return nil
	}
	return o.write(ctx, s, ground, old, want)
}

// wanted is the deployment as the flags change it, if that can be had.
func (o *updateOptions) wanted(ctx context.Context, s *session.Session, ground session.Ground, old arm.Deployment, resize bool) (arm.Deployment, error) {
	want := old
	if resize {
		var err error
		if want.Capacity, err = o.resized(s.Env, old); err != nil {
			return want, err
		}
		if err := o.check(ctx, s, ground, old, want); err != nil {
			return want, err
		}
	}
	if o.changed("spillover") {
		want.Spillover = o.spillover
	}
	if o.changed("content-filter") {
		want.RAIPolicy = o.policy
	}
	return want, nil
}

// resized is the capacity wanted. The documented command is about provisioned
// deployments alone.
func (o *updateOptions) resized(env *verb.Env, old arm.Deployment) (int, error) {
	if _, provisioned := ptu.TypeOfSKU(old.SKU); !provisioned && o.face == verb.Documented {
		return 0, exit.New(exit.Validation, env.T("deployment.not-ptu", "Name", old.DeploymentRef.Deployment, "SKU", old.SKU)).
			Hint("azptu deployment update " + old.DeploymentRef.Deployment + " --tpm 120k")
	}
	return o.capacity(env, old.SKU)
}

func (o *updateOptions) check(ctx context.Context, s *session.Session, ground session.Ground, old, want arm.Deployment) error {
	wish := session.Wish{Model: old.Model.Name, Version: old.Model.Version, SKU: old.SKU, Capacity: want.Capacity}
	offer, err := session.Judge(s.Env, wish, ground.Region)
	if err != nil {
		return err
	}
	more := want.Capacity - old.Capacity
	if err := s.CheckQuota(ground, wish, offer, more); err != nil {
		return err
	}
	// What the deployment holds already need not be found again.
	if err := s.CheckCapacity(ctx, ground, session.Wish{Model: wish.Model, Version: wish.Version, SKU: wish.SKU, Capacity: more}, offer, more); err != nil {
		return err
	}
	s.TellTerms(ctx, ground, wish, offer, more)
	if _, provisioned := ptu.TypeOfSKU(old.SKU); provisioned && more < 0 {
		s.Env.Warn(s.Env.T("deployment.shrink", "Freed", -more, "Region", ground.Region.Name))
	}
	return nil
}

func (o *updateOptions) write(ctx context.Context, s *session.Session, ground session.Ground, old, want arm.Deployment) error {
	env := s.Env
	onlySize := want.Spillover == old.Spillover && want.RAIPolicy == old.RAIPolicy
	method := "PUT"
	if onlySize {
		method = "PATCH"
	}
	s.TellRequest(method, want)
	if env.Global.DryRun {
		env.Note(env.T("deployment.dry-run"))
		return nil
	}
	if o.face == verb.Tree && want.Capacity < old.Capacity {
		yes, err := env.Confirm(ctx, env.T("deployment.shrink.confirm", "Name", old.DeploymentRef.Deployment, "Old", units(env, old.SKU, old.Capacity), "New", units(env, old.SKU, want.Capacity)))
		if err != nil {
			return err
		}
		if !yes {
			return cancelled(env)
		}
	}
	args := []any{"Name", old.DeploymentRef.Deployment, "Old", old.Capacity, "New", want.Capacity, "Model", old.Model.Name, "Version", old.Model.Version}
	if env.Verbatim(o.face) {
		say(env, "deployment.update.begin", args...)
	}
	op, err := send(ctx, s, want, onlySize)
	if err != nil {
		return session.Explain(env, err)
	}
	pending := session.Pending{What: env.T("deployment.update.what", args...), Ref: old.DeploymentRef}
	now, left, err := outcome(ctx, s, op, pending)
	if err != nil || left {
		return err
	}
	if env.Verbatim(o.face) {
		say(env, "deployment.update.done", args...)
		return nil
	}
	return showOne(env, toRecord(now, ground.Account.Location))
}

func send(ctx context.Context, s *session.Session, want arm.Deployment, onlySize bool) (*arm.Operation, error) {
	if onlySize {
		return s.ARM.ResizeDeployment(ctx, want.DeploymentRef, want.SKU, want.Capacity)
	}
	return s.ARM.PutDeployment(ctx, want)
}
