package deployment

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/azure/arm"
	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/session"
	"github.com/azptu/azptu/internal/cli/term"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/ptu"
)

type deleteOptions struct {
	target
	force bool
}

// NewDelete makes `azptu deployment delete` and `azptu delete-ptu-deployment`.
// --force and --yes mean the same.
func NewDelete(env *verb.Env, face verb.Face) *cobra.Command {
	o := &deleteOptions{target: target{face: face}}
	cmd := verb.Command(env, verb.Spec{
		Use: face.Pick("delete-ptu-deployment", "delete NAME"), Help: face.Pick("deployment.delete-ptu-deployment", "deployment.delete"), Required: o.required(),
		Run: func(ctx context.Context, args []string) error {
			o.take(args)
			return o.run(ctx, env)
		},
	})
	o.bind(env, cmd)
	if face == verb.Tree {
		cmd.Aliases = []string{"rm"}
	}
	cmd.Flags().BoolVar(&o.force, "force", false, "deployment.flag.force")
	return cmd
}

func (o *deleteOptions) run(ctx context.Context, env *verb.Env) error {
	s, ref, err := o.open(ctx, env)
	if err != nil {
		return err
	}
	verbatim := env.Verbatim(o.face)
	if verbatim {
		say(env, "deployment.delete.head", "Name", ref.Deployment, "Group", ref.ResourceGroup, "Account", ref.Account)
		gap(env)
	}
	d, err := read(ctx, s, ref)
	if err != nil {
		return err
	}
	if verbatim {
		say(env, "deployment.delete.about", "Model", d.Model.Name, "Version", d.Model.Version, "Units", units(env, d.SKU, d.Capacity), "SKU", d.SKU, "State", d.State)
		gap(env)
	}
	o.warn(ctx, s, d)
	if env.Global.DryRun {
		s.TellDelete(ref)
		env.Note(env.T("deployment.dry-run"))
		return nil
	}
	if err := o.consent(ctx, env, d); err != nil {
		return err
	}
	if verbatim {
		say(env, "deployment.delete.begin", "Name", ref.Deployment)
	}
	op, err := s.ARM.DeleteDeployment(ctx, ref)
	if err != nil {
		return session.Explain(env, err)
	}
	pending := session.Pending{What: env.T("deployment.delete.what", "Name", ref.Deployment), Ref: ref}
	if left, err := s.FollowUnlessLeft(ctx, op, pending); err != nil || left {
		return err
	}
	return o.done(env, d)
}

func (o *deleteOptions) done(env *verb.Env, d arm.Deployment) error {
	name := d.DeploymentRef.Deployment
	_, provisioned := ptu.TypeOfSKU(d.SKU)
	switch {
	case !env.Verbatim(o.face):
		env.Note(env.T("deployment.delete.done", "Name", name))
	case provisioned:
		say(env, "deployment.delete.done", "Name", name)
		say(env, "deployment.delete.freed")
	default:
		say(env, "deployment.delete.done", "Name", name)
	}
	return nil
}

// warn tells what is lost: units that may not be had again, a reservation that
// is paid on, and deployments that spill over to this one.
func (o *deleteOptions) warn(ctx context.Context, s *session.Session, d arm.Deployment) {
	if _, provisioned := ptu.TypeOfSKU(d.SKU); provisioned && o.face == verb.Tree {
		s.Env.Warn(s.Env.T("deployment.delete.loss", "Units", units(s.Env, d.SKU, d.Capacity)))
	}
	others, err := s.ARM.Deployments(ctx, d.AccountRef)
	if err != nil {
		return // the deletion itself will say what is wrong
	}
	for _, other := range others {
		if other.Spillover == d.DeploymentRef.Deployment {
			s.Env.Warn(s.Env.T("deployment.delete.spillover", "Other", other.DeploymentRef.Deployment, "Name", d.DeploymentRef.Deployment))
		}
	}
}

// consent asks as the manual shows it.
func (o *deleteOptions) consent(ctx context.Context, env *verb.Env, d arm.Deployment) error {
	if o.force || env.Global.Yes {
		return nil
	}
	yes, err := env.Term.Confirm(ctx, env.T("deployment.delete.confirm", "Name", d.DeploymentRef.Deployment))
	switch {
	case errors.Is(err, term.ErrNoPerson):
		return exit.New(exit.Usage, env.T("cli.confirm-impossible", "Flag", o.face.Pick("--force", "--yes"))).Wrap(err)
	case err != nil:
		return err
	case !yes:
		return cancelled(env)
	}
	return nil
}
