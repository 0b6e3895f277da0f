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
func system(env *verb.Env) []branch {
	return []branch{
		{"up", func() *cobra.Command { return up.New(env, Run) }},
		{"emulator", func() *cobra.Command { return emulator.New(env) }},
		{"gateway", func() *cobra.Command { return gateway.New(env) }},
		{"logs", func() *cobra.Command { return logs.New(env) }},
	}
}
