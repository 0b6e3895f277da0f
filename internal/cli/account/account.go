// Package account holds the verbs about accounts, which azptu 1.0 calls
// projects: list, set, show, create, delete, purge, restore, keys, grant and
// diagnostics, and the documented list-projects.
package account

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/azptu/azptu/internal/azure/arm"
	"github.com/azptu/azptu/internal/cli/defaults"
	"github.com/azptu/azptu/internal/cli/render"
	"github.com/azptu/azptu/internal/cli/session"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/locale"
)

// New makes the noun `azptu account`.
func New(env *verb.Env) *cobra.Command {
	return verb.Group(env, verb.Spec{Use: "account", Help: "account"},
		NewList(env, verb.Tree), defaults.NewSetProject(env, verb.Tree), newShow(env), newCreate(env), newDelete(env), newPurge(env), newRestore(env),
		newKeys(env), newGrant(env), newDiagnostics(env))
}

// Record is an account as -o json shows it. Its field names are a contract.
type Record struct {
	Name           string            `json:"name"`
	ResourceGroup  string            `json:"resourceGroup"`
	SubscriptionID string            `json:"subscriptionId"`
	Location       string            `json:"location"`
	Kind           string            `json:"kind"`
	SKU            string            `json:"sku"`
	Endpoint       string            `json:"endpoint"`
	CustomDomain   string            `json:"customDomain"`
	State          string            `json:"provisioningState"`
	PrincipalID    string            `json:"principalId"`
	LocalAuth      bool              `json:"apiKeysAllowed"`
	PublicNetwork  string            `json:"publicNetworkAccess"`
	Tags           map[string]string `json:"tags"`
	DeletedAt      string            `json:"deletionDate,omitempty"`       // only of deleted accounts
	PurgeAt        string            `json:"scheduledPurgeDate,omitempty"` // only of deleted accounts
	ID             string            `json:"id"`
}

func toRecord(a arm.Account) Record {
	tags := a.Tags
	if tags == nil {
		tags = map[string]string{}
	}
	return Record{
		Name: a.Account, ResourceGroup: a.ResourceGroup, SubscriptionID: a.SubscriptionID, Location: arm.Fold(a.Location), Kind: a.Kind, SKU: a.SKU,
		Endpoint: a.Endpoint, CustomDomain: a.CustomDomain, State: a.State, PrincipalID: a.PrincipalID, LocalAuth: a.LocalAuth,
		PublicNetwork: a.PublicNetwork, Tags: tags, DeletedAt: a.DeletedAt, PurgeAt: a.PurgeAt, ID: a.ID(),
	}
}

func fields(env *verb.Env) []render.Field[Record] {
	return []render.Field[Record]{
		render.Col(env.T("account.field.name"), func(r Record) any { return r.Name }),
		render.Col(env.T("account.field.group"), func(r Record) any { return r.ResourceGroup }),
		render.Col(env.T("account.field.location"), func(r Record) any { return r.Location }),
		render.Col(env.T("account.field.kind"), func(r Record) any { return r.Kind }),
		render.Col("SKU", func(r Record) any { return r.SKU }).OnlyWide(),
		render.Col(env.T("account.field.state"), func(r Record) any { return r.State }),
		render.Col(env.T("account.field.endpoint"), func(r Record) any { return r.Endpoint }),
		render.Col(env.T("account.field.subscription"), func(r Record) any { return r.SubscriptionID }).OnlyWide(),
		render.Col(env.T("account.field.identity"), func(r Record) any { return r.PrincipalID }).OnlyWide(),
	}
}

type listOptions struct {
	face  verb.Face
	scope verb.Scope
	all   bool

	deleted bool // those that are deleted but not purged
}

// NewList makes `azptu account list` and `azptu list-projects`.
func NewList(env *verb.Env, face verb.Face) *cobra.Command {
	o := &listOptions{face: face}
	cmd := verb.Command(env, verb.Spec{
		Use: face.Pick("list-projects", "list"), Help: face.Pick("account.list-projects", "account.list"),
		Run: func(ctx context.Context, _ []string) error { return o.run(ctx, env) },
	})
	o.scope.Bind(env, cmd, verb.FlagSubscription)
	if face == verb.Tree {
		cmd.Aliases = []string{"ls"}
		o.scope.Bind(env, cmd, verb.FlagResourceGroup)
		cmd.Flags().BoolVar(&o.deleted, "deleted", false, "account.flag.deleted")
		cmd.Flags().BoolVar(&o.all, "all-subscriptions", false, "account.flag.all-subscriptions")
	}
	return cmd
}

func (o *listOptions) run(ctx context.Context, env *verb.Env) error {
	s, err := session.Open(env)
	if err != nil {
		return err
	}
	accounts, err := o.accounts(ctx, env, s)
	if err != nil {
		return err
	}
	if env.Verbatim(o.face) {
		return documented(ctx, env, accounts)
	}
	records := make([]Record, 0, len(accounts))
	for _, a := range accounts {
		if o.scope.ResourceGroup == "" || strings.EqualFold(o.scope.ResourceGroup, a.ResourceGroup) {
			records = append(records, toRecord(a))
		}
	}
	view := render.List(records, func(r Record) string { return r.Name }, fields(env)...)
	view.Empty = env.T("account.none")
	return env.Show(view)
}

func (o *listOptions) accounts(ctx context.Context, env *verb.Env, s *session.Session) ([]arm.Account, error) {
	if o.all {
		subscriptions, err := s.Subscriptions(ctx, "")
		if err != nil {
			return nil, err
		}
		return Everywhere(ctx, s, subscriptions)
	}
	subscription, err := s.Subscription(ctx, o.scope)
	if err != nil {
		return nil, err
	}
	if o.deleted {
		deleted, err := s.ARM.DeletedAccounts(ctx, subscription)
		return deleted, session.Explain(env, err)
	}
	accounts, err := s.ARM.Accounts(ctx, subscription)
	if err != nil {
		return nil, session.Explain(env, err)
	}
	return accounts, s.Keep(ctx, subscription, session.Projects(accounts))
}

// Everywhere lists the accounts of many subscriptions at once, in their order.
func Everywhere(ctx context.Context, s *session.Session, subscriptions []string) ([]arm.Account, error) {
	found := make([][]arm.Account, len(subscriptions))
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(8)
	for i, subscription := range subscriptions {
		group.Go(func() (err error) {
			found[i], err = s.ARM.Accounts(inner, subscription)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, session.Explain(s.Env, err)
	}
	var all []arm.Account
	for _, some := range found {
		all = append(all, some...)
	}
	return all, nil
}

// documented prints what the 1.0 manual shows for list-projects. The endpoint
// is shown only of an account that has one of its own.
func documented(ctx context.Context, env *verb.Env, accounts []arm.Account) error {
	var b strings.Builder
	b.WriteString(env.T("account.list.head") + "\n")
	for i, a := range accounts {
		mark := "✓"
		if a.State != "Succeeded" {
			mark = "✗"
		}
		b.WriteString(env.T("account.list.item", "Number", fmt.Sprintf("%2d", i+1), "Mark", mark, "Name", a.Account,
			"Group", a.ResourceGroup, "Location", arm.Fold(a.Location), "Kind", a.Kind) + "\n")
		if endpoint := a.OwnEndpoint(); endpoint != "" {
			b.WriteString("    Endpoint: " + locale.Printable(endpoint) + "\n")
		}
		b.WriteString("\n")
	}
	if len(accounts) == 0 {
		b.WriteString(env.T("account.none") + "\n\n")
	}
	state, err := env.Remembered(ctx)
	if err != nil {
		return err
	}
	current := state.Project
	if current == "" {
		current = env.T("account.list.unset")
	}
	b.WriteString(env.T("account.list.current", "Name", current) + "\n")
	_, err = io.WriteString(env.Term.Out, b.String())
	return err
}

type showOptions struct{ scope verb.Scope }

func newShow(env *verb.Env) *cobra.Command {
	o := &showOptions{}
	cmd := verb.Command(env, verb.Spec{Use: "show [NAME]", Help: "account.show", Run: func(ctx context.Context, args []string) error {
		if len(args) > 0 {
			o.scope.Account = args[0]
		}
		return o.run(ctx, env)
	}})
	cmd.ValidArgsFunction = env.CompleteAccounts()
	o.scope.Bind(env, cmd, verb.FlagResourceGroup, verb.FlagSubscription)
	return cmd
}

func (o *showOptions) run(ctx context.Context, env *verb.Env) error {
	s, ref, err := session.OpenAccount(ctx, env, o.scope, verb.Tree)
	if err != nil {
		return err
	}
	a, err := s.ARM.Account(ctx, ref)
	if err != nil {
		if session.IsMissing(err) {
			return s.MissingAccount(ctx, ref, err)
		}
		return session.Explain(env, err)
	}
	return env.Show(render.One(toRecord(a), func(r Record) string { return r.Name }, fields(env)...))
}
