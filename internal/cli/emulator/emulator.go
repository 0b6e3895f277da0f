// Package emulator is `azptu emulator`: it runs the emulated Azure, prints the
// environment that points other programs at it, and drives a running one by
// its own API: reset, the clock, and faults on purpose.
package emulator

import (
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/session"
	"github.com/azptu/azptu/internal/cli/verb"
)

// New makes the command `azptu emulator`.
func New(env *verb.Env) *cobra.Command {
	return verb.Group(env, verb.Spec{Use: "emulator", Help: "emulator"},
		newRun(env), newEnv(env), newReset(env), newAdvance(env), newFault(env))
}

// bindDir adds the flag that says which emulator is meant.
func bindDir(cmd *cobra.Command, dir *string) {
	cmd.Flags().StringVar(dir, "dir", "", "emulator.flag.dir")
	_ = cmd.MarkFlagDirname("dir")
}

// home is where an emulator that is named by no flag keeps its files: where
// --cloud emulator looks for it.
func home(env *verb.Env, dir string) (string, error) {
	if dir == "" {
		dir = env.Getenv("AZPTU_EMULATOR_DIR")
	}
	if dir == "" {
		dirs := session.EmulatorDirs(env)
		if len(dirs) == 0 {
			return "", exit.New(exit.Usage, env.T("settings.state-homeless")).Hint(env.T("cli.missing.give", "Flag", "--dir"))
		}
		dir = dirs[len(dirs)-1]
	}
	path, err := filepath.Abs(dir)
	if err != nil {
		return "", exit.New(exit.Usage, env.T("emulator.folder-faulty", "Path", dir, "Error", err.Error())).Wrap(err)
	}
	return path, nil
}
