// Package completion writes the scripts by which shells complete azptu's
// command lines. The names they offer come from azptu itself, out of its
// cache, so completing never waits for Azure.
package completion

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/cli/verb"
)

func shells() []string { return []string{"bash", "zsh", "fish", "powershell"} }

// New makes the command completion.
func New(env *verb.Env) *cobra.Command {
	var cmd *cobra.Command
	cmd = verb.Command(env, verb.Spec{Use: "completion SHELL", Help: "completion", Lenient: true, Run: func(_ context.Context, args []string) error {
		if !slices.Contains(shells(), args[0]) {
			return env.NotOneOf("SHELL", args[0], shells())
		}
		return write(cmd.Root(), env, args[0])
	}})
	cmd.ValidArgs = shells()
	return cmd
}

func write(root *cobra.Command, env *verb.Env, shell string) error {
	out := env.Term.Out
	switch shell {
	case "bash":
		return root.GenBashCompletionV2(out, true)
	case "zsh":
		return root.GenZshCompletion(out)
	case "fish":
		return root.GenFishCompletion(out, true)
	}
	return root.GenPowerShellCompletionWithDesc(out)
}
