// Package config holds the commands about settings: show tells what is in
// force and where each value came from, set writes one into a file, check
// reports everything that is wrong with the files.
package config

import (
	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/cli/verb"
)

// New makes the noun config with its verbs.
func New(env *verb.Env) *cobra.Command {
	return verb.Group(env, verb.Spec{Use: "config", Help: "config"}, newShow(env), newSet(env), newCheck(env))
}
