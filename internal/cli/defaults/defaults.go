// Package defaults holds the commands about what azptu remembers between two
// runs: set-resource-group, set-subscription, set-project, show-config and
// logoff. They read and write the state file and, but for set-project, which
// asks Azure whether there is such an account, never leave this machine.
package defaults

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/render"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/settings"
)

// remembered is the JSON of show-config and of the commands that set a default.
type remembered struct {
	ResourceGroup  string `json:"resourceGroup"`
	SubscriptionID string `json:"subscriptionId"`
	Project        string `json:"project"`
	StateFile      string `json:"stateFile"`
}

func view(env *verb.Env, state settings.State) render.View {
	r := remembered{state.ResourceGroup, state.SubscriptionID, state.Project, env.State().Path()}
	v := render.One(r, func(r remembered) string { return r.Project },
		render.Col("Resource Group", func(r remembered) any { return r.ResourceGroup }),
		render.Col("Subscription", func(r remembered) any { return r.SubscriptionID }),
		render.Col(env.T("defaults.field.project"), func(r remembered) any { return r.Project }),
		render.Col(env.T("defaults.field.state-file"), func(r remembered) any { return r.StateFile }),
	)
	return v
}

// NewShowConfig makes the command show-config.
func NewShowConfig(env *verb.Env) *cobra.Command {
	return verb.Command(env, verb.Spec{Use: "show-config", Help: "defaults.show-config", Run: func(ctx context.Context, _ []string) error {
		state, err := env.Remembered(ctx)
		if err != nil {
			return err
		}
		if !env.Verbatim(verb.Documented) {
			return env.Show(view(env, state))
		}
		unset := env.T("defaults.unset")
		_, err = fmt.Fprintln(env.Term.Out, strings.Join([]string{
			env.T("defaults.title"),
			strings.Repeat("-", 50),
			env.T("defaults.resource-group", "Name", cmp.Or(state.ResourceGroup, unset)),
			env.T("defaults.subscription", "ID", cmp.Or(state.SubscriptionID, unset)),
		}, "\n"))
		if state.Project != "" { // the manual's text has no place for it
			env.Note(env.T("defaults.project", "Name", state.Project))
		}
		return err
	}})
}

// NewLogoff makes the command logoff.
func NewLogoff(env *verb.Env) *cobra.Command {
	return verb.Command(env, verb.Spec{Use: "logoff", Help: "defaults.logoff", Run: func(ctx context.Context, _ []string) error {
		if env.Global.DryRun {
			env.Note(env.T("defaults.dry-run"))
			return nil
		}
		had, err := env.Forget(ctx)
		if err != nil {
			return err
		}
		if !env.Verbatim(verb.Documented) {
			return env.Show(view(env, settings.State{}))
		}
		text := env.T("defaults.cleared")
		if !had {
			text = env.T("defaults.nothing")
		}
		_, err = fmt.Fprintln(env.Term.Out, text)
		return err
	}})
}

// NewSetResourceGroup makes the command set-resource-group.
func NewSetResourceGroup(env *verb.Env) *cobra.Command {
	cmd := verb.Command(env, verb.Spec{Use: "set-resource-group NAME", Help: "defaults.set-resource-group", Run: func(ctx context.Context, args []string) error {
		name := args[0]
		if !isResourceGroup(name) {
			return exit.New(exit.Validation, env.T("defaults.resource-group-faulty", "Name", quoted(name))).Hint(env.T("defaults.resource-group-rule"))
		}
		return set(ctx, env, verb.Documented, env.T("defaults.resource-group-set", "Name", name), func(s *settings.State) {
			s.ResourceGroup, s.ProjectGroup = name, ""
		})
	}})
	cmd.ValidArgsFunction = first(env.CompleteScope(verb.FlagResourceGroup))
	return cmd
}

// NewSetSubscription makes the command set-subscription.
func NewSetSubscription(env *verb.Env) *cobra.Command {
	cmd := verb.Command(env, verb.Spec{Use: "set-subscription ID", Help: "defaults.set-subscription", Run: func(ctx context.Context, args []string) error {
		id := strings.ToLower(args[0])
		if !isSubscription(id) {
			return exit.New(exit.Validation, env.T("defaults.subscription-faulty", "ID", quoted(args[0]))).Hint(env.T("defaults.subscription-rule"))
		}
		return set(ctx, env, verb.Documented, env.T("defaults.subscription-set", "ID", id), func(s *settings.State) {
			if !strings.EqualFold(s.SubscriptionID, id) {
				s.Cache = nil // it listed another subscription's accounts
			}
			s.SubscriptionID = id
		})
	}})
	cmd.ValidArgsFunction = first(env.CompleteScope(verb.FlagSubscription))
	return cmd
}

// set changes the state and says so.
func set(ctx context.Context, env *verb.Env, face verb.Face, said string, change func(*settings.State)) error {
	if env.Global.DryRun {
		env.Note(env.T("defaults.dry-run"))
		return nil
	}
	var after settings.State
	if err := env.Remember(ctx, func(s *settings.State) { change(s); after = *s }); err != nil {
		return err
	}
	if !env.InWords(face) {
		return env.Show(view(env, after))
	}
	_, err := fmt.Fprintln(env.Term.Out, said)
	return err
}

// first completes the first positional argument only.
func first(complete cobra.CompletionFunc) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return complete(cmd, args, word)
	}
}
