package verb

import (
	"cmp"
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/settings"
)

// Scope is which account a command is about.
type Scope struct {
	SubscriptionID string
	ResourceGroup  string
	Account        string
}

// The flags of a Scope.
const (
	FlagSubscription  = "subscription-id"
	FlagResourceGroup = "resource-group"
	FlagAccount       = "account-name"
)

// Bind adds the named flags (FlagSubscription, …) to cmd, with completion of
// their values from the cache.
func (s *Scope) Bind(env *Env, cmd *cobra.Command, flags ...string) {
	for _, name := range flags {
		target := map[string]*string{FlagSubscription: &s.SubscriptionID, FlagResourceGroup: &s.ResourceGroup, FlagAccount: &s.Account}[name]
		cmd.Flags().StringVar(target, name, "", "cli.flag."+name)
		_ = cmd.RegisterFlagCompletionFunc(name, env.CompleteScope(name))
	}
}

// Fill completes s by what is remembered: a flag goes before AZPTU_*, that
// before the state. Where nothing is known a part stays empty; see Need.
// When the account is the remembered project, its own resource group is meant
// unless a flag or variable says otherwise.
func (e *Env) Fill(ctx context.Context, s Scope) (Scope, error) {
	state, err := e.Remembered(ctx)
	if err != nil {
		return s, err
	}
	account := cmp.Or(s.Account, e.Getenv("AZPTU_ACCOUNT_NAME"))
	group := cmp.Or(s.ResourceGroup, e.Getenv("AZPTU_RESOURCE_GROUP"))
	if group == "" && (account == "" || strings.EqualFold(account, state.Project)) {
		group = state.ProjectGroup
	}
	return Scope{
		SubscriptionID: cmp.Or(s.SubscriptionID, e.Getenv("AZPTU_SUBSCRIPTION_ID"), state.SubscriptionID),
		ResourceGroup:  cmp.Or(group, state.ResourceGroup),
		Account:        cmp.Or(account, state.Project),
	}, nil
}

// Need ends a command for want of a part of its scope: the error names what
// is missing and how to set it once or give it now. flags name the parts.
func (e *Env) Need(s Scope, flags ...string) error {
	for _, name := range flags {
		switch {
		case name == FlagSubscription && s.SubscriptionID == "":
			return e.missing(name, "set-subscription fad729f9-287d-4b9d-baa0-ee7a900f3f93")
		case name == FlagResourceGroup && s.ResourceGroup == "":
			return e.missing(name, "set-resource-group rg-ai-foundry")
		case name == FlagAccount && s.Account == "":
			return e.missing(name, "set-project meu-ai-foundry")
		}
	}
	return nil
}

func (e *Env) missing(flag, command string) error {
	return exit.New(exit.Missing, e.T("cli.missing."+flag)).
		Hint(e.T("cli.missing.set", "Command", "azptu "+command), e.T("cli.missing.give", "Flag", "--"+flag))
}

// CompleteScope completes the values of a Scope's flag from the cached list of
// accounts and the remembered defaults; it never goes to the network.
func (e *Env) CompleteScope(flag string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		state, err := e.State().Load(cmd.Context())
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return scopeNames(state, flag), cobra.ShellCompDirectiveNoFileComp
	}
}

// CompleteAccounts completes a positional account name from the cache.
func (e *Env) CompleteAccounts() cobra.CompletionFunc { return e.CompleteScope(FlagAccount) }

func scopeNames(state settings.State, flag string) []string {
	names := []string{}
	add := func(name string) {
		for _, known := range names {
			if known == name {
				return
			}
		}
		if name != "" {
			names = append(names, name)
		}
	}
	switch flag {
	case FlagSubscription:
		add(state.SubscriptionID)
	case FlagResourceGroup:
		add(state.ResourceGroup)
	case FlagAccount:
		add(state.Project)
	}
	if state.Cache == nil {
		return names
	}
	if flag == FlagSubscription {
		add(state.Cache.SubscriptionID)
	}
	for _, project := range state.Cache.Items {
		switch flag {
		case FlagResourceGroup:
			add(project.ResourceGroup)
		case FlagAccount:
			add(project.Name)
		}
	}
	return names
}
