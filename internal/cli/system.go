package cli

import (
	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/cli/emulator"
	"github.com/azptu/azptu/internal/cli/gateway"
	"github.com/azptu/azptu/internal/cli/logs"
	"github.com/azptu/azptu/internal/cli/up"
	"github.com/azptu/azptu/internal/cli/verb"
)

// system are the commands that run a part of azptu, or all of it, on this
// machine.
func system(env *verb.Env) []*cobra.Command {
	return []*cobra.Command{
		up.New(env, Run),
		emulator.New(env),
		gateway.New(env),
		logs.New(env),
	}
}
