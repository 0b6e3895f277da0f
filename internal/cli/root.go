// Package cli is azptu's command line: the tree of commands, the flags that
// all of them take, help in the user's language, and the way from an error to
// an exit code. Each noun is a folder with one file per verb; what they share
// is in package verb. Main is the edge: it alone knows the process's streams,
// environment, clock and signals, and hands them down in one verb.Env.
package cli

import (
	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/catalog"
	"github.com/azptu/azptu/internal/cli/completion"
	"github.com/azptu/azptu/internal/cli/config"
	"github.com/azptu/azptu/internal/cli/defaults"
	"github.com/azptu/azptu/internal/cli/doctor"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/cli/version"
)

// The headings of azptu's help, message keys.
const (
	groupDocumented = "cli.group.documented"
	groupTree       = "cli.group.tree"
	groupSetup      = "cli.group.setup"
)

// newRoot makes the tree, as much of it as args want: all of it where they name
// no command. misspelt is told of a command line that asks for the help of a
// command there is not.
func newRoot(env *verb.Env, args []string, misspelt func(error)) *cobra.Command {
	root := verb.Group(env, verb.Spec{Use: "azptu", Help: "cli.root"})
	root.CompletionOptions.DisableDefaultCmd = true
	root.Version = env.Build.Version
	root.Flags().Bool("version", false, "cli.flag.version")
	root.SetFlagErrorFunc(env.FlagError)
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) {
		if err := env.Misspelt(cmd); err != nil {
			misspelt(err)
			return
		}
		showHelp(env, cmd)
	})
	for _, id := range []string{groupDocumented, groupTree, groupSetup} {
		root.AddGroup(&cobra.Group{ID: id})
	}
	bindGlobal(env, root)
	old, tree, own := documented(env), nouns(env), setup(env)
	only := called(root, args, old, tree, own)
	grow(root, groupDocumented, only, old)
	grow(root, groupTree, only, tree)
	grow(root, groupSetup, only, own)
	help := newHelp(env)
	root.SetHelpCommand(help)
	root.SetHelpCommandGroupID(groupSetup)
	root.AddCommand(help)
	env.GuardTypes(root)
	return root
}

// documented are the commands of azptu 1.0.
func documented(env *verb.Env) []branch {
	return append(azureDocumented(env),
		branch{"set-project", func() *cobra.Command { return defaults.NewSetProject(env, verb.Documented) }},
		branch{"set-resource-group", func() *cobra.Command { return defaults.NewSetResourceGroup(env) }},
		branch{"set-subscription", func() *cobra.Command { return defaults.NewSetSubscription(env) }},
		branch{"show-config", func() *cobra.Command { return defaults.NewShowConfig(env) }},
		branch{"logoff", func() *cobra.Command { return defaults.NewLogoff(env) }},
		branch{"version", func() *cobra.Command { return version.New(env) }},
	)
}

// nouns are the same things found by noun and verb.
func nouns(env *verb.Env) []branch {
	return azureNouns(env)
}

// setup are the commands about azptu itself.
func setup(env *verb.Env) []branch {
	return append(system(env),
		branch{"doctor", func() *cobra.Command { return doctor.New(env) }},
		branch{"config", func() *cobra.Command { return config.New(env) }},
		branch{"completion", func() *cobra.Command { return completion.New(env) }},
	)
}

func catalogNames() []string { return []string{catalog.AzPTU10, catalog.Microsoft202605} }
