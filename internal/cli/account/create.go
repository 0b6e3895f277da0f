package account

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/azure/arm"
	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/render"
	"github.com/azptu/azptu/internal/cli/session"
	"github.com/azptu/azptu/internal/cli/verb"
)

type createOptions struct {
	scope    verb.Scope
	name     string
	location string
	kind     string
	sku      string
	domain   string
	identity bool
	tags     map[string]string
}

func newCreate(env *verb.Env) *cobra.Command {
	o := &createOptions{}
	cmd := verb.Command(env, verb.Spec{Use: "create NAME", Help: "account.create", Required: []string{"location"}, Run: func(ctx context.Context, args []string) error {
		o.name = args[0]
		return o.run(ctx, env)
	}})
	o.scope.Bind(env, cmd, verb.FlagResourceGroup, verb.FlagSubscription)
	flags := cmd.Flags()
	flags.StringVar(&o.location, "location", "", "account.flag.location")
	flags.StringVar(&o.kind, "kind", "AIServices", "account.flag.kind")
	flags.StringVar(&o.sku, "sku", "S0", "account.flag.sku")
	flags.StringVar(&o.domain, "custom-domain", "", "account.flag.custom-domain")
	flags.BoolVar(&o.identity, "system-identity", true, "account.flag.system-identity")
	flags.StringToStringVar(&o.tags, "tag", nil, "account.flag.tag")
	return cmd
}

func (o *createOptions) run(ctx context.Context, env *verb.Env) error {
	if err := o.check(env); err != nil {
		return err
	}
	s, ref, err := openFor(ctx, env, o.scope, o.name)
	if err != nil {
		return err
	}
	if _, err := s.ARM.Account(ctx, ref); err == nil {
		return exit.New(exit.Conflict, env.T("account.exists", "Name", ref.Account))
	} else if !session.IsMissing(err) {
		return session.Explain(env, err)
	}
	env.Note(env.T("azure.request", "Request", "PUT "+ref.ID()))
	if env.Global.DryRun {
		env.Note(env.T("account.dry-run"))
		return nil
	}
	if o.domain == "" {
		o.domain = o.name // Entra tokens are only taken on a domain of one's own
	}
	op, err := s.ARM.CreateAccount(ctx, ref, arm.NewAccount{
		Location: arm.Fold(o.location), Kind: o.kind, SKU: o.sku, CustomDomain: o.domain, SystemIdentity: o.identity, Tags: o.tags,
	})
	if err != nil {
		return deletedBefore(env, ref, session.Explain(env, err))
	}
	return o.follow(ctx, s, ref, op)
}

func (o *createOptions) follow(ctx context.Context, s *session.Session, ref arm.AccountRef, op *arm.Operation) error {
	if s.Env.Global.NoWait && !op.Done() {
		s.Env.Note(s.Env.T("azure.accepted", "What", s.Env.T("account.creating", "Name", ref.Account)))
		return nil
	}
	if err := s.FollowAccount(ctx, op, s.Env.T("account.creating", "Name", ref.Account), ref); err != nil {
		return err
	}
	made, err := s.ARM.Account(ctx, ref)
	if err != nil {
		return session.Explain(s.Env, err)
	}
	return s.Env.Show(render.One(toRecord(made), func(r Record) string { return r.Name }, fields(s.Env)...))
}

func (o *createOptions) check(env *verb.Env) error {
	if err := session.CheckName(env, arm.AccountName, o.name); err != nil {
		return err
	}
	if err := session.CheckName(env, arm.LocationName, arm.Fold(o.location)); err != nil {
		return err
	}
	switch o.kind {
	case "AIServices", "OpenAI":
		return nil
	}
	return env.NotOneOf("--kind", o.kind, []string{"AIServices", "OpenAI"})
}

// deletedBefore adds the way out when a deleted account of the name is kept.
func deletedBefore(env *verb.Env, ref arm.AccountRef, err error) error {
	known, ok := err.(*exit.Error)
	if ok && known.Reason == "FlagMustBeSetForRestore" {
		known.Message = env.T("account.deleted-before", "Name", ref.Account)
		known.Hints = []string{
			env.T("account.restore.hint", "Command", "azptu account restore "+ref.Account),
			env.T("account.purge.hint", "Command", "azptu account purge "+ref.Account),
		}
	}
	return err
}

// openFor opens a session for an account that need not be there, so that its
// group must be named.
func openFor(ctx context.Context, env *verb.Env, scope verb.Scope, name string) (*session.Session, arm.AccountRef, error) {
	scope.Account = name
	filled, err := env.Fill(ctx, scope)
	if err != nil {
		return nil, arm.AccountRef{}, err
	}
	if err := env.Need(filled, verb.FlagResourceGroup); err != nil {
		return nil, arm.AccountRef{}, err
	}
	return session.OpenAccount(ctx, env, scope, verb.Tree)
}
