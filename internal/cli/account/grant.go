package account

import (
	"context"
	"regexp"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/azure/arm"
	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/render"
	"github.com/azptu/azptu/internal/cli/session"
	"github.com/azptu/azptu/internal/cli/verb"
)

type grantOptions struct {
	scope     verb.Scope
	principal string
	role      string
	kind      string
}

// grantRecord is a granted role as -o json shows it.
type grantRecord struct {
	Account     string `json:"account"`
	Scope       string `json:"scope"`
	PrincipalID string `json:"principalId"`
	Role        string `json:"role"`
	RoleID      string `json:"roleDefinitionId"`
	Verified    bool   `json:"verified"` // read back from Azure
}

func newGrant(env *verb.Env) *cobra.Command {
	o := &grantOptions{}
	cmd := verb.Command(env, verb.Spec{Use: "grant PRINCIPAL", Help: "account.grant", Run: func(ctx context.Context, args []string) error {
		o.principal = args[0]
		return o.run(ctx, env)
	}})
	o.scope.Bind(env, cmd, verb.FlagAccount, verb.FlagResourceGroup, verb.FlagSubscription)
	cmd.Flags().StringVar(&o.role, "role", arm.Roles[0].Name, "account.flag.role")
	cmd.Flags().StringVar(&o.kind, "principal-type", "ServicePrincipal", "account.flag.principal-type")
	_ = cmd.RegisterFlagCompletionFunc("role", cobra.FixedCompletions(roleNames(), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func roleNames() []string {
	var names []string
	for _, r := range arm.Roles {
		names = append(names, r.Name)
	}
	return names
}

var objectID = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
})

func (o *grantOptions) run(ctx context.Context, env *verb.Env) error {
	role, err := o.check(env)
	if err != nil {
		return err
	}
	s, ref, err := session.OpenAccount(ctx, env, o.scope, verb.Tree)
	if err != nil {
		return err
	}
	wanted := arm.Assignment{Scope: ref.ID(), PrincipalID: o.principal, RoleID: role.ID, Kind: o.kind}
	held, err := holds(ctx, s, wanted)
	if err != nil {
		return err
	}
	if held {
		env.Note(env.T("account.grant.held", "Role", role.Name))
	} else {
		env.Note(env.T("azure.request", "Request", "PUT "+ref.ID()+"/providers/Microsoft.Authorization/roleAssignments ("+role.Name+")"))
		if env.Global.DryRun {
			env.Note(env.T("account.dry-run"))
			return nil
		}
		if err := s.ARM.Grant(ctx, ref.SubscriptionID, wanted); err != nil {
			return session.Explain(env, err)
		}
		if held, err = holds(ctx, s, wanted); err != nil {
			return err
		}
		if !held {
			env.Warn(env.T("account.grant.unseen"))
		}
	}
	return env.Show(render.One(grantRecord{ref.Account, ref.ID(), o.principal, role.Name, role.ID, held}, func(r grantRecord) string { return r.PrincipalID },
		render.Col(env.T("account.field.name"), func(r grantRecord) any { return r.Account }),
		render.Col(env.T("account.field.principal"), func(r grantRecord) any { return r.PrincipalID }),
		render.Col(env.T("account.field.role"), func(r grantRecord) any { return r.Role }),
		render.Col(env.T("account.field.verified"), func(r grantRecord) any { return r.Verified }),
	))
}

func (o *grantOptions) check(env *verb.Env) (arm.Role, error) {
	if !objectID().MatchString(o.principal) {
		return arm.Role{}, exit.New(exit.Validation, env.T("account.grant.not-an-id")).Hint(env.T("account.grant.not-an-id.hint"))
	}
	switch o.kind {
	case "ServicePrincipal", "User", "Group":
	default:
		return arm.Role{}, env.NotOneOf("--principal-type", o.kind, []string{"ServicePrincipal", "User", "Group"})
	}
	for _, r := range arm.Roles {
		if strings.EqualFold(r.Name, o.role) || strings.EqualFold(r.ID, o.role) {
			return r, nil
		}
	}
	return arm.Role{}, env.NotOneOf("--role", o.role, roleNames())
}

// holds tells whether the principal has the role at the account or above it.
func holds(ctx context.Context, s *session.Session, a arm.Assignment) (bool, error) {
	all, err := s.ARM.Assignments(ctx, a.Scope, a.PrincipalID)
	if err != nil {
		return false, session.Explain(s.Env, err)
	}
	for _, held := range all {
		if strings.EqualFold(held.RoleID, a.RoleID) && strings.EqualFold(held.PrincipalID, a.PrincipalID) && strings.HasPrefix(strings.ToLower(a.Scope), strings.ToLower(held.Scope)) {
			return true, nil
		}
	}
	return false, nil
}
