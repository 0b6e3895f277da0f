package account

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/azure/arm"
	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/render"
	"github.com/azptu/azptu/internal/cli/session"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/ptu"
)

// named makes a verb that takes the name of an account and a Scope.
func named(env *verb.Env, use, help string, run func(ctx context.Context, env *verb.Env, scope verb.Scope) error) *cobra.Command {
	scope := &verb.Scope{}
	cmd := verb.Command(env, verb.Spec{Use: use, Help: help, Run: func(ctx context.Context, args []string) error {
		if len(args) > 0 {
			scope.Account = args[0]
		}
		return run(ctx, env, *scope)
	}})
	cmd.ValidArgsFunction = env.CompleteAccounts()
	scope.Bind(env, cmd, verb.FlagResourceGroup, verb.FlagSubscription)
	return cmd
}

func newDelete(env *verb.Env) *cobra.Command {
	return named(env, "delete NAME", "account.delete", remove)
}

// remove deletes an account softly. Its provisioned deployments go on costing
// until it is purged, which is said before and after.
func remove(ctx context.Context, env *verb.Env, scope verb.Scope) error {
	s, ref, err := session.OpenAccount(ctx, env, scope, verb.Tree)
	if err != nil {
		return err
	}
	deployments, err := s.ARM.Deployments(ctx, ref)
	if err != nil {
		if arm.KindOf(err) == arm.NotFound {
			return s.NoAccount(ref, nil)
		}
		return session.Explain(env, err)
	}
	units := 0
	for _, d := range deployments {
		if _, provisioned := ptu.TypeOfSKU(d.SKU); provisioned {
			units += d.Capacity
		}
	}
	if len(deployments) > 0 {
		env.Warn(env.N("account.delete.loss", len(deployments), "Name", ref.Account))
	}
	if units > 0 {
		env.Warn(env.T("account.delete.costs", "Units", units))
	}
	if env.Global.DryRun {
		env.Note(env.T("azure.request", "Request", "DELETE "+ref.ID()))
		env.Note(env.T("account.dry-run"))
		return nil
	}
	if err := agree(ctx, env, env.T("account.delete.confirm", "Name", ref.Account)); err != nil {
		return err
	}
	op, err := s.ARM.DeleteAccount(ctx, ref)
	if err != nil {
		return session.Explain(env, err)
	}
	if err := s.FollowAccount(ctx, op, env.T("account.deleting", "Name", ref.Account), ref); err != nil {
		return err
	}
	env.Note(env.T("account.delete.done", "Name", ref.Account))
	env.Note(env.T("account.purge.hint", "Command", "azptu account purge "+ref.Account))
	env.Note(env.T("account.restore.hint", "Command", "azptu account restore "+ref.Account))
	return nil
}

func agree(ctx context.Context, env *verb.Env, question string) error {
	yes, err := env.Confirm(ctx, question)
	if err != nil {
		return err
	}
	if !yes {
		env.Note(env.T("account.cancelled"))
		return exit.Quietly(1)
	}
	return nil
}

func newPurge(env *verb.Env) *cobra.Command {
	return named(env, "purge NAME", "account.purge", func(ctx context.Context, env *verb.Env, scope verb.Scope) error {
		s, deleted, err := findDeleted(ctx, env, scope)
		if err != nil {
			return err
		}
		env.Warn(env.T("account.purge.loss", "Name", deleted.Account))
		if env.Global.DryRun {
			env.Note(env.T("account.dry-run"))
			return nil
		}
		if err := agree(ctx, env, env.T("account.purge.confirm", "Name", deleted.Account)); err != nil {
			return err
		}
		op, err := s.ARM.PurgeAccount(ctx, deleted.AccountRef, arm.Fold(deleted.Location))
		if err != nil {
			return session.Explain(env, err)
		}
		if err := s.FollowAccount(ctx, op, env.T("account.purging", "Name", deleted.Account), deleted.AccountRef); err != nil {
			return err
		}
		env.Note(env.T("account.purge.done", "Name", deleted.Account))
		return nil
	})
}

func newRestore(env *verb.Env) *cobra.Command {
	return named(env, "restore NAME", "account.restore", func(ctx context.Context, env *verb.Env, scope verb.Scope) error {
		s, deleted, err := findDeleted(ctx, env, scope)
		if err != nil {
			return err
		}
		kind, sku := deleted.Kind, deleted.SKU
		if kind == "" {
			kind = "AIServices"
		}
		if sku == "" {
			sku = "S0"
		}
		if env.Global.DryRun {
			env.Note(env.T("azure.request", "Request", "PUT "+deleted.ID()))
			env.Note(env.T("account.dry-run"))
			return nil
		}
		op, err := s.ARM.CreateAccount(ctx, deleted.AccountRef, arm.NewAccount{Location: arm.Fold(deleted.Location), Kind: kind, SKU: sku, Restore: true})
		if err != nil {
			return session.Explain(env, err)
		}
		if err := s.FollowAccount(ctx, op, env.T("account.restoring", "Name", deleted.Account), deleted.AccountRef); err != nil {
			return err
		}
		back, err := s.ARM.Account(ctx, deleted.AccountRef)
		if err != nil {
			return session.Explain(env, err)
		}
		return env.Show(render.One(toRecord(back), func(r Record) string { return r.Name }, fields(env)...))
	})
}

// findDeleted finds a deleted account by name, in the group if one is given.
func findDeleted(ctx context.Context, env *verb.Env, scope verb.Scope) (*session.Session, arm.Account, error) {
	if err := session.CheckName(env, arm.AccountName, scope.Account); err != nil {
		return nil, arm.Account{}, err
	}
	s, err := session.Open(env)
	if err != nil {
		return nil, arm.Account{}, err
	}
	subscription, err := s.Subscription(ctx, scope)
	if err != nil {
		return nil, arm.Account{}, err
	}
	all, err := s.ARM.DeletedAccounts(ctx, subscription)
	if err != nil {
		return nil, arm.Account{}, session.Explain(env, err)
	}
	var names []string
	for _, a := range all {
		if strings.EqualFold(a.Account, scope.Account) && (scope.ResourceGroup == "" || strings.EqualFold(a.ResourceGroup, scope.ResourceGroup)) {
			return s, a, nil
		}
		names = append(names, a.Account)
	}
	missing := exit.New(exit.NotFound, env.T("account.not-deleted", "Name", scope.Account))
	if near := verb.Nearest(scope.Account, names); near != "" {
		missing.Hint(env.T("cli.did-you-mean", "Name", near))
	}
	return nil, arm.Account{}, missing.Hint(env.T("account.list-deleted", "Command", "azptu account list --deleted"))
}
