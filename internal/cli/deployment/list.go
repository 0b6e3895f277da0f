package deployment

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/azptu/azptu/internal/azure/arm"
	"github.com/azptu/azptu/internal/cli/render"
	"github.com/azptu/azptu/internal/cli/session"
	"github.com/azptu/azptu/internal/cli/verb"
)

type listOptions struct {
	face  verb.Face
	scope verb.Scope
	all   bool
}

// NewList makes `azptu deployment list` and `azptu list-deployments`. The
// manual names list-deployments without a sample; ours is in the same hand.
func NewList(env *verb.Env, face verb.Face) *cobra.Command {
	o := &listOptions{face: face}
	cmd := verb.Command(env, verb.Spec{
		Use: face.Pick("list-deployments", "list"), Help: face.Pick("deployment.list-deployments", "deployment.list"),
		Run: func(ctx context.Context, _ []string) error { return o.run(ctx, env) },
	})
	if face == verb.Tree {
		cmd.Aliases = []string{"ls"}
		cmd.Flags().BoolVar(&o.all, "all", false, "deployment.flag.all")
	}
	o.scope.Bind(env, cmd, verb.FlagAccount, verb.FlagResourceGroup, verb.FlagSubscription)
	return cmd
}

func (o *listOptions) run(ctx context.Context, env *verb.Env) error {
	s, err := session.Open(env)
	if err != nil {
		return err
	}
	filled, err := env.Fill(ctx, o.scope)
	if err != nil {
		return err
	}
	if o.all || o.face == verb.Tree && filled.Account == "" {
		return o.everywhere(ctx, env, s)
	}
	ref, err := s.Account(ctx, o.scope, o.face)
	if err != nil {
		return err
	}
	account, err := s.ARM.Account(ctx, ref)
	if err != nil {
		if session.IsMissing(err) {
			return s.MissingAccount(ctx, ref, err)
		}
		return session.Explain(env, err)
	}
	found, err := s.ARM.Deployments(ctx, ref)
	if err != nil {
		return session.Explain(env, err)
	}
	if env.Verbatim(o.face) {
		o.documented(env, ref, found)
		return nil
	}
	records := make([]Record, 0, len(found))
	for _, d := range found {
		records = append(records, toRecord(d, account.Location))
	}
	return show(env, records)
}

func (o *listOptions) documented(env *verb.Env, ref arm.AccountRef, found []arm.Deployment) {
	say(env, "deployment.list.head", "Account", ref.Account)
	for i, d := range found {
		mark := "✓"
		if d.State != "Succeeded" {
			mark = "…"
		}
		if d.State == "Failed" || d.State == "Canceled" || d.State == "Disabled" {
			mark = "✗"
		}
		say(env, "deployment.list.item", "Number", fmt.Sprintf("%2d", i+1), "Mark", mark, "Name", d.DeploymentRef.Deployment,
			"Model", d.Model.Name, "Version", d.Model.Version, "SKU", d.SKU, "Units", units(env, d.SKU, d.Capacity), "State", d.State)
		gap(env)
	}
	if len(found) == 0 {
		say(env, "deployment.list.none")
		gap(env)
	}
	_, _ = env.Term.Out.Write([]byte(env.N("deployment.list.total", len(found)) + "\n"))
}

// everywhere lists the deployments of every account of the subscription.
func (o *listOptions) everywhere(ctx context.Context, env *verb.Env, s *session.Session) error {
	subscription, err := s.Subscription(ctx, o.scope)
	if err != nil {
		return err
	}
	accounts, err := s.ARM.Accounts(ctx, subscription)
	if err != nil {
		return session.Explain(env, err)
	}
	found, err := Everywhere(ctx, s, accounts)
	if err != nil {
		return session.Explain(env, err)
	}
	var records []Record
	for i, account := range accounts {
		for _, d := range found[i] {
			records = append(records, toRecord(d, account.Location))
		}
	}
	return show(env, records)
}

// Everywhere reads the deployments of many accounts at once, in their order.
func Everywhere(ctx context.Context, s *session.Session, accounts []arm.Account) ([][]arm.Deployment, error) {
	found := make([][]arm.Deployment, len(accounts))
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(session.Parallel)
	for i, account := range accounts {
		group.Go(func() (err error) {
			found[i], err = s.ARM.Deployments(inner, account.AccountRef)
			return err
		})
	}
	return found, group.Wait()
}

func show(env *verb.Env, records []Record) error {
	view := render.List(records, func(r Record) string { return r.Name }, fields(env)...)
	view.Empty = env.T("deployment.list.none")
	return env.Show(view)
}
