// Package completion writes the scripts by which shells complete azptu's
// command lines. The names they offer come from azptu itself, out of its
// cache, so completing never waits for Azure.
package completion

import (
	"context"
	"io"
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
			return env.NotOneOf(env.Argument("SHELL"), args[0], shells())
		}
		return write(cmd.Root(), env, args[0])
	}})
	cmd.ValidArgs = shells()
	return cmd
}

// alone is what the script for bash wants of the package bash-completion, for
// machines that do not have it, as macOS and small containers: the words of the
// command line, not broken at = and :.
const alone = `if ! declare -F _get_comp_words_by_ref >/dev/null 2>&1; then
    _get_comp_words_by_ref()
    {
        local line="${COMP_LINE:0:COMP_POINT}"
        read -r -a words <<<"$line"
        if [[ -z $line || $line == *[[:space:]] ]]; then
            words+=("")
        fi
        cword=$((${#words[@]} - 1))
        cur="${words[cword]}"
        prev=""
        if ((cword > 0)); then
            prev="${words[cword - 1]}"
        fi
    }
fi

`

func write(root *cobra.Command, env *verb.Env, shell string) error {
	out := env.Term.Out
	switch shell {
	case "bash":
		if _, err := io.WriteString(out, alone); err != nil {
			return err
		}
		return root.GenBashCompletionV2(out, true)
	case "zsh":
		return root.GenZshCompletion(out)
	case "fish":
		return root.GenFishCompletion(out, true)
	}
	return root.GenPowerShellCompletionWithDesc(out)
}
