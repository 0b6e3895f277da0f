package deployment

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/azure/arm"
	"github.com/azptu/azptu/internal/cli/render"
	"github.com/azptu/azptu/internal/cli/session"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/ptu"
)

type upgradeOptions struct {
	target
	set string
}

// newUpgradePolicy makes `azptu deployment upgrade-policy`: it reads and sets
// versionUpgradeOption, which the Azure CLI cannot set.
func newUpgradePolicy(env *verb.Env) *cobra.Command {
	o := &upgradeOptions{target: target{face: verb.Tree}}
	cmd := verb.Command(env, verb.Spec{Use: "upgrade-policy NAME", Help: "deployment.upgrade-policy", Run: func(ctx context.Context, args []string) error {
		o.take(args)
		return o.run(ctx, env)
	}})
	o.bind(env, cmd)
	cmd.Flags().StringVar(&o.set, "set", "", "deployment.flag.set")
	_ = cmd.RegisterFlagCompletionFunc("set", cobra.FixedCompletions(arm.UpgradeOptions, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func (o *upgradeOptions) run(ctx context.Context, env *verb.Env) error {
	if o.set != "" {
		option, err := parseUpgrade(env, o.set)
		if err != nil {
			return env.NotOneOf("--set", o.set, arm.UpgradeOptions)
		}
		o.set = option
	}
	s, ref, err := o.open(ctx, env)
	if err != nil {
		return err
	}
	d, err := read(ctx, s, ref)
	if err != nil {
		return err
	}
	if o.set != "" && o.set != d.Upgrade {
		if d, err = o.change(ctx, s, d); err != nil || env.Global.DryRun {
			return err
		}
	}
	meaning := d.EffectiveUpgrade()
	if !ptu.IsStandard(d.SKU) {
		meaning = "stops"
		env.Note(env.T("deployment.upgrade.provisioned", "SKU", d.SKU))
	}
	location, err := locate(ctx, s, ref.AccountRef)
	if err != nil {
		return err
	}
	return env.Show(render.One(toRecord(d, location), func(r Record) string { return r.Name },
		render.Col(env.T("deployment.field.name"), func(r Record) any { return r.Name }),
		render.Col(env.T("deployment.field.upgrade"), func(r Record) any { return d.EffectiveUpgrade() }),
		render.Col(env.T("deployment.field.meaning"), func(r Record) any { return env.T("deployment.upgrade." + meaning) }),
	))
}

func (o *upgradeOptions) change(ctx context.Context, s *session.Session, d arm.Deployment) (arm.Deployment, error) {
	d.Upgrade = o.set
	s.TellRequest("PUT", d)
	if s.Env.Global.DryRun {
		s.Env.Note(s.Env.T("deployment.dry-run"))
		return d, nil
	}
	op, err := s.ARM.PutDeployment(ctx, d)
	if err != nil {
		return d, session.Explain(s.Env, err)
	}
	pending := session.Pending{What: s.Env.T("deployment.update.what", "Name", d.DeploymentRef.Deployment), Ref: d.DeploymentRef}
	if left, err := s.FollowUnlessLeft(ctx, op, pending); err != nil || left {
		return d, err
	}
	return read(ctx, s, d.DeploymentRef)
}
