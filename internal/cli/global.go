package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/settings"
)

// bindGlobal adds the flags that every command takes.
func bindGlobal(env *verb.Env, root *cobra.Command) {
	g, flags := &env.Global, root.PersistentFlags()
	flags.StringVarP(&g.Output, "output", "o", "", "cli.flag.output")
	flags.StringVar(&g.Query, "query", "", "cli.flag.query")
	flags.StringVar(&g.Lang, "lang", "", "cli.flag.lang")
	flags.StringVar(&g.Cloud, "cloud", "", "cli.flag.cloud")
	flags.StringVar(&g.Catalog, "catalog", "", "cli.flag.catalog")
	flags.StringVar(&g.Config, "config", "", "cli.flag.config")
	flags.StringVar(&g.Debug, "debug", "", "cli.flag.debug")
	flags.Lookup("debug").NoOptDefVal = "on"
	flags.BoolVarP(&g.Yes, "yes", "y", false, "cli.flag.yes")
	flags.BoolVar(&g.DryRun, "dry-run", false, "cli.flag.dry-run")
	flags.BoolVar(&g.NoWait, "no-wait", false, "cli.flag.no-wait")
	flags.BoolP("help", "h", false, "cli.flag.help")

	for _, name := range []string{settings.Language, settings.Output, settings.Debug} {
		key, _ := settings.FindKey(name)
		_ = root.RegisterFlagCompletionFunc(key.Flag, cobra.FixedCompletions(key.Allowed, cobra.ShellCompDirectiveNoFileComp))
	}
	_ = root.RegisterFlagCompletionFunc("cloud", cobra.FixedCompletions(settings.NamedClouds(), cobra.ShellCompDirectiveDefault))
	_ = root.RegisterFlagCompletionFunc("catalog", cobra.FixedCompletions(catalogNames(), cobra.ShellCompDirectiveDefault))
}

// peek reads the flags that decide how errors are worded before the command
// line is parsed as a whole: a mistyped flag is answered in the language asked
// for by --lang further on. A command with a --config of its own, as gateway
// has, keeps it.
func peek(env *verb.Env, root *cobra.Command, args []string) {
	targets := map[string]*string{"--lang": &env.Global.Lang, "--config": &env.Global.Config}
	if cmd, _, err := root.Find(args); err == nil && cmd != root && cmd.LocalNonPersistentFlags().Lookup("config") != nil {
		delete(targets, "--config")
	}
	for i, arg := range args {
		if arg == "--" {
			return
		}
		name, value, found := strings.Cut(arg, "=")
		target := targets[name]
		switch {
		case target == nil:
		case found:
			*target = value
		case i+1 < len(args):
			*target = args[i+1]
		}
	}
}
