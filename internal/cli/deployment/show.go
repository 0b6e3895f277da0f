package deployment

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/cli/session"
	"github.com/azptu/azptu/internal/cli/verb"
)

type showOptions struct {
	target
	wait  bool
	token string
}

// NewShow makes `azptu deployment show` and `azptu get-ptu-info`.
func NewShow(env *verb.Env, face verb.Face) *cobra.Command {
	o := &showOptions{target: target{face: face}}
	cmd := verb.Command(env, verb.Spec{
		Use: face.Pick("get-ptu-info", "show NAME"), Help: face.Pick("deployment.get-ptu-info", "deployment.show"), Required: o.required(),
		Run: func(ctx context.Context, args []string) error {
			o.take(args)
			return o.run(ctx, env)
		},
	})
	o.bind(env, cmd)
	if face == verb.Tree {
		cmd.Flags().BoolVar(&o.wait, "wait", false, "deployment.flag.wait")
		cmd.Flags().StringVar(&o.token, "operation", "", "deployment.flag.operation")
	}
	return cmd
}

func (o *showOptions) run(ctx context.Context, env *verb.Env) error {
	s, ref, err := o.open(ctx, env)
	if err != nil {
		return err
	}
	if env.Verbatim(o.face) {
		say(env, "deployment.get.begin", "Name", ref.Deployment)
	}
	if o.wait || o.token != "" {
		if _, err := s.Await(ctx, ref, o.token); err != nil {
			return err
		}
	}
	d, err := read(ctx, s, ref)
	if err != nil {
		return err
	}
	if env.Verbatim(o.face) {
		gap(env)
		say(env, "deployment.get.text", "Name", d.DeploymentRef.Deployment, "Model", d.Model.Name, "Version", d.Model.Version, "Format", d.Model.Format,
			"SKU", d.SKU, "Units", units(env, d.SKU, d.Capacity), "State", d.State, "Group", d.ResourceGroup, "Account", d.Account)
		return nil
	}
	account, err := s.ARM.Account(ctx, ref.AccountRef)
	if err != nil {
		return session.Explain(env, err)
	}
	return showOne(env, toRecord(d, account.Location))
}
