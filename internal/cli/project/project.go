// Package project holds the verbs about Foundry projects, which live inside an
// account. What azptu 1.0 calls a project is an account; see package account.
package project

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/azure/arm"
	"github.com/azptu/azptu/internal/cli/render"
	"github.com/azptu/azptu/internal/cli/session"
	"github.com/azptu/azptu/internal/cli/verb"
)

// New makes the noun `azptu project`.
func New(env *verb.Env) *cobra.Command {
	return verb.Group(env, verb.Spec{Use: "project", Help: "project"}, newList(env))
}

// Record is a Foundry project as -o json shows it.
type Record struct {
	Name           string `json:"name"`
	DisplayName    string `json:"displayName"`
	Account        string `json:"account"`
	ResourceGroup  string `json:"resourceGroup"`
	SubscriptionID string `json:"subscriptionId"`
	Location       string `json:"location"`
	Default        bool   `json:"isDefault"`
	State          string `json:"provisioningState"`
}

func newList(env *verb.Env) *cobra.Command {
	var scope verb.Scope
	cmd := verb.Command(env, verb.Spec{Use: "list", Aliases: []string{"ls"}, Help: "project.list", Run: func(ctx context.Context, _ []string) error {
		return list(ctx, env, scope)
	}})
	scope.Bind(env, cmd, verb.FlagAccount, verb.FlagResourceGroup, verb.FlagSubscription)
	return cmd
}

func list(ctx context.Context, env *verb.Env, scope verb.Scope) error {
	s, ref, err := session.OpenAccount(ctx, env, scope, verb.Tree)
	if err != nil {
		return err
	}
	found, err := s.ARM.Projects(ctx, ref)
	if err != nil {
		return session.Explain(env, err)
	}
	records := make([]Record, 0, len(found))
	for _, p := range found {
		records = append(records, Record{p.Name, p.DisplayName, p.Account, p.ResourceGroup, p.SubscriptionID, arm.Fold(p.Location), p.Default, p.State})
	}
	view := render.List(records, func(r Record) string { return r.Name },
		render.Col(env.T("project.field.name"), func(r Record) any { return r.Name }),
		render.Col(env.T("project.field.display"), func(r Record) any { return r.DisplayName }),
		render.Col(env.T("project.field.account"), func(r Record) any { return r.Account }),
		render.Col(env.T("project.field.location"), func(r Record) any { return r.Location }),
		render.Col(env.T("project.field.state"), func(r Record) any { return r.State }),
	)
	view.Empty = env.T("project.none")
	return env.Show(view)
}
