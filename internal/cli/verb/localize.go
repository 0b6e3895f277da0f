package verb

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const localized = "localized" // annotation of a command whose texts are words already

// Localize replaces the message keys in the help texts of cmd and everything
// under it by words. It is called when help, completion or a manual page is
// about to be written; other runs never pay for it.
func (e *Env) Localize(cmd *cobra.Command) {
	if cmd.Annotations[localized] == "" {
		cmd.Use = e.useWords(cmd.Use)
		cmd.Short = e.T(cmd.Short)
		cmd.Long = e.optional(cmd.Long)
		cmd.Example = dedent(e.optional(cmd.Example))
		if cmd.Example == "" && cmd.Runnable() && !cmd.HasSubCommands() && !strings.Contains(cmd.Use, " ") {
			cmd.Example = cmd.CommandPath() // there is little more to show
		}
		for _, group := range cmd.Groups() {
			group.Title = e.T(group.ID)
		}
		if cmd.Annotations == nil {
			cmd.Annotations = map[string]string{}
		}
		cmd.Annotations[localized] = "yes"
		words := func(f *pflag.Flag) { f.Usage = e.T(f.Usage) }
		cmd.LocalNonPersistentFlags().VisitAll(words)
		cmd.PersistentFlags().VisitAll(words)
	}
	for _, child := range cmd.Commands() {
		e.Localize(child)
	}
}

// FlagWords tells what a flag's value is called and what the flag does. A value
// that its usage does not name in backquotes is called by its type.
func (e *Env) FlagWords(f *pflag.Flag) (variable, usage string) {
	variable, usage = pflag.UnquoteUsage(f)
	if key := "cli.help.type." + f.Value.Type(); variable != "" && !strings.Contains(f.Usage, "`") && e.Printer().Has(key) {
		variable = e.T(key)
	}
	return variable, usage
}

// Argument is what an argument that Spec.Use names is called: NAME is NOMBRE
// in Spanish.
func (e *Env) Argument(name string) string {
	if key := "cli.help.argument." + name; e.Printer().Has(key) {
		return e.T(key)
	}
	return name
}

// useWords is a Spec's Use with its arguments called as the user does.
func (e *Env) useWords(use string) string {
	words := strings.Fields(use)
	for i, word := range words[min(1, len(words)):] {
		if name := strings.Trim(word, "[]."); name != "" {
			words[i+1] = strings.Replace(word, name, e.Argument(name), 1)
		}
	}
	return strings.Join(words, " ")
}

// dedent takes away the margin that every line of text has.
func dedent(text string) string {
	lines := strings.Split(strings.Trim(text, "\n"), "\n")
	margin := -1
	for _, line := range lines {
		if own := len(line) - len(strings.TrimLeft(line, " ")); strings.TrimSpace(line) != "" && (margin < 0 || own < margin) {
			margin = own
		}
	}
	for i, line := range lines {
		lines[i] = strings.TrimRight(line[min(max(margin, 0), len(line)):], " ")
	}
	return strings.Join(lines, "\n")
}

// optional says a message that need not exist.
func (e *Env) optional(key string) string {
	if !e.Printer().Has(key) {
		return ""
	}
	return e.T(key)
}
