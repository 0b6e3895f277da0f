package verb

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/settings"
)

// Spec is how a command is described.
type Spec struct {
	// Use is the name and the positional arguments: "create NAME",
	// "show [NAME]", "grant PRINCIPAL..." . How many arguments the command
	// takes follows from it.
	Use     string
	Aliases []string
	// Help is where the command's help texts are: the messages <Help>.short,
	// <Help>.long and <Help>.example. Only short must exist.
	Help string
	// Group is the heading of the parent's help it stands under, a message key.
	Group  string
	Hidden bool
	// Lenient commands run even when the configuration is faulty.
	Lenient bool
	// NoDryRun is set for commands that change something and cannot show it
	// before: they refuse --dry-run instead of passing over it.
	NoDryRun bool
	// Required names flags that must be given, without dashes.
	Required []string
	Run      func(ctx context.Context, args []string) error
}

// Command makes a cobra command from a Spec. Its help texts are message keys
// until Localize puts the words in.
func Command(env *Env, s Spec) *cobra.Command {
	cmd := &cobra.Command{
		Use: s.Use, Aliases: s.Aliases, GroupID: s.Group, Hidden: s.Hidden,
		Short: s.Help + ".short", Long: s.Help + ".long", Example: s.Help + ".example",
		SilenceErrors: true, SilenceUsage: true, DisableFlagsInUseLine: true,
		Args: env.positional(s.Use),
	}
	if !strings.Contains(s.Use, "FILE") {
		cmd.ValidArgsFunction = cobra.NoFileCompletions // until the verb knows better
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := env.begin(s.Lenient); err != nil {
			return err
		}
		if err := env.required(cmd, s.Required); err != nil {
			return err
		}
		if s.NoDryRun && env.Global.DryRun {
			return exit.New(exit.Usage, env.T("cli.no-dry-run", "Command", cmd.CommandPath()))
		}
		return s.Run(cmd.Context(), args)
	}
	return cmd
}

// holder is the annotation of a command that only holds others.
const holder = "holder"

// Group makes a command that only holds others. Called alone it shows its
// help; called with a word that none of its children is named, it says so and
// names the nearest.
func Group(env *Env, s Spec, children ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: s.Use, Aliases: s.Aliases, GroupID: s.Group, Hidden: s.Hidden,
		Short: s.Help + ".short", Long: s.Help + ".long", Example: s.Help + ".example",
		SilenceErrors: true, SilenceUsage: true, DisableFlagsInUseLine: true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return env.UnknownCommand(cmd, args[0])
		},
		RunE:        func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		Annotations: map[string]string{holder: "yes"},
	}
	cmd.AddCommand(children...)
	return cmd
}

// begin is what happens before any verb runs: a faulty configuration ends it,
// unless the verb is lenient and the fault is not on the command line itself.
func (e *Env) begin(lenient bool) error {
	configured, err := e.Settings()
	e.Term.SetColour(e.Setting(settings.Color))
	for _, fault := range configured.Warnings {
		e.Warn(fault.Path + ": " + e.T(fault.Problem, fault.Args...))
	}
	e.Log().Debug("settings", "files", configured.Files, "language", configured.Get(settings.Language).Text,
		"languageFrom", configured.Get(settings.Language).Origin, "cloud", configured.Get(settings.Cloud).Text, "state", e.State().Path())
	var value *settings.ValueError
	if lenient && !(errors.As(err, &value) && strings.HasPrefix(value.Origin, "--")) {
		return nil
	}
	return e.Explain(err)
}

// positional checks the arguments against those that use names.
func (e *Env) positional(use string) cobra.PositionalArgs {
	words := strings.Fields(use)[1:]
	least, most := 0, len(words)
	for _, word := range words {
		if strings.HasSuffix(strings.TrimSuffix(word, "]"), "...") {
			most = -1
		}
		if !strings.HasPrefix(word, "[") {
			least++
		}
	}
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return exit.New(exit.Usage, e.T("cli.argument-missing", "Name", e.Argument(strings.Trim(words[len(args)], "[].")))).
				Hint(e.T("cli.see-help", "Command", cmd.CommandPath()))
		case most >= 0 && len(args) > most:
			return exit.New(exit.Usage, e.N("cli.argument-surplus", len(args)-most, "Argument", args[most])).
				Hint(e.T("cli.see-help", "Command", cmd.CommandPath()))
		}
		return nil
	}
}

// required checks that every flag in names was given a value.
func (e *Env) required(cmd *cobra.Command, names []string) error {
	var missing []string
	for _, name := range names {
		flag := cmd.Flag(name)
		if flag == nil || !flag.Changed || flag.Value.String() == "" {
			missing = append(missing, "--"+name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return exit.New(exit.Usage, e.N("cli.flag-missing", len(missing), "Flags", strings.Join(missing, ", "))).
		Hint(e.T("cli.see-help", "Command", cmd.CommandPath()))
}
