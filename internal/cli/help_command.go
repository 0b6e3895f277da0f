package cli

import (
	"context"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/cli/verb"
)

// topics are the pages of help that belong to no command.
func topics() []string { return []string{"environment", "formatting", "exit-codes"} }

// newHelp makes the command help: of a command, of a topic, or as manual pages.
func newHelp(env *verb.Env) *cobra.Command {
	var cmd *cobra.Command
	cmd = verb.Command(env, verb.Spec{Use: "help [COMMAND...]", Help: "help", Lenient: true, Run: func(_ context.Context, args []string) error {
		return helpOf(env, cmd.Root(), args)
	}})
	cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		found, rest, err := cmd.Root().Find(args)
		if err != nil || len(rest) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var names []cobra.Completion
		for _, child := range found.Commands() {
			if child.IsAvailableCommand() {
				names = append(names, cobra.CompletionWithDesc(child.Name(), child.Short))
			}
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
	for _, topic := range topics() {
		cmd.AddCommand(newTopic(env, topic))
	}
	cmd.AddCommand(newMan(env))
	return cmd
}

// newTopic makes a page of help. The page itself is a message, so that it can
// be read in three languages and in a manual.
func newTopic(env *verb.Env, name string) *cobra.Command {
	return verb.Command(env, verb.Spec{Use: name, Help: "help." + name, Lenient: true, Run: func(context.Context, []string) error {
		_, err := io.WriteString(env.Term.Out, strings.TrimSpace(env.T("help."+name+".long"))+"\n")
		return err
	}})
}

// helpOf shows the help of the command that args spell.
func helpOf(env *verb.Env, root *cobra.Command, args []string) error {
	found := root
	for _, word := range args {
		next, _, err := found.Find([]string{word})
		if err != nil || next == found {
			return env.UnknownCommand(found, word)
		}
		found = next
	}
	return found.Help()
}
