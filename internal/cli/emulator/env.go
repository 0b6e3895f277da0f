package emulator

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/verb"
)

// newEnv makes `azptu emulator env`: the variables that point other programs at
// the running emulator, as commands of a shell.
func newEnv(env *verb.Env) *cobra.Command {
	var dir, shell string
	cmd := verb.Command(env, verb.Spec{Use: "env", Help: "emulator.env", Run: func(ctx context.Context, _ []string) error {
		at, err := find(env, dir)
		if err != nil {
			return err
		}
		text, err := at.Exports(shell)
		if err != nil {
			return exit.New(exit.Usage, env.T("emulator.shell-unknown", "Shell", shell)).Wrap(err)
		}
		if !alive(ctx, env, at) {
			env.Warn(env.T("emulator.silent", "URL", at.AdminURL))
		}
		_, err = io.WriteString(env.Term.Out, text)
		return err
	}})
	bindDir(cmd, &dir)
	cmd.Flags().StringVar(&shell, "shell", "posix", "emulator.flag.shell")
	_ = cmd.RegisterFlagCompletionFunc("shell", cobra.FixedCompletions([]string{"posix", "powershell"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}
