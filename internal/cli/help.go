package cli

import (
	"bufio"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/azptu/azptu/internal/cli/term"
	"github.com/azptu/azptu/internal/cli/verb"
)

// showHelp writes the help of cmd in the user's language.
func showHelp(env *verb.Env, cmd *cobra.Command) {
	env.Localize(cmd.Root())
	h := &helpWriter{env: env, out: bufio.NewWriter(env.Term.Out)}
	h.text(cmd)
	h.usage(cmd)
	h.commands(cmd)
	h.flags("cli.help.flags", cmd.LocalFlags(), cmd.Root() == cmd)
	h.examples(cmd)
	if cmd.Root() == cmd {
		h.flags("cli.help.global-flags", cmd.Flags(), false)
	}
	h.more(cmd)
	_ = h.out.Flush()
}

type helpWriter struct {
	env *verb.Env
	out *bufio.Writer
}

// width is how wide help is written: as the screen, but not wider than reads
// well.
func (h *helpWriter) width() int {
	const readable = 100
	if screen := h.env.Term.Width; screen > 0 {
		return min(screen, readable)
	}
	return readable
}

func (h *helpWriter) heading(key string) {
	fmt.Fprintf(h.out, "\n%s\n", h.env.Term.OutStyle(term.Bold, h.env.T(key)))
}

func (h *helpWriter) text(cmd *cobra.Command) {
	text := cmd.Long
	if text == "" {
		text = cmd.Short
	}
	fmt.Fprintln(h.out, term.Wrap(strings.TrimSpace(text), h.width()))
}

func (h *helpWriter) usage(cmd *cobra.Command) {
	h.heading("cli.help.usage")
	line := cmd.UseLine()
	if cmd.HasAvailableSubCommands() {
		line += " " + h.env.T("cli.help.command-word")
	}
	if cmd.HasAvailableFlags() {
		line += " " + h.env.T("cli.help.flags-word")
	}
	fmt.Fprintln(h.out, "  "+line)
	if len(cmd.Aliases) > 0 {
		h.heading("cli.help.aliases")
		fmt.Fprintln(h.out, "  "+strings.Join(cmd.Aliases, ", "))
	}
}

// commands lists the children of cmd under their headings.
func (h *helpWriter) commands(cmd *cobra.Command) {
	children := slices.DeleteFunc(slices.Clone(cmd.Commands()), func(c *cobra.Command) bool { return !c.IsAvailableCommand() })
	width := 0
	for _, child := range children {
		width = max(width, len(child.Name()))
	}
	list := func(group string) {
		for _, child := range children {
			if child.GroupID == group {
				fmt.Fprintf(h.out, "  %-*s  %s\n", width, child.Name(), child.Short)
			}
		}
	}
	for _, group := range cmd.Groups() {
		if slices.ContainsFunc(children, func(c *cobra.Command) bool { return c.GroupID == group.ID }) {
			fmt.Fprintf(h.out, "\n%s\n", h.env.Term.OutStyle(term.Bold, group.Title))
			list(group.ID)
		}
	}
	if slices.ContainsFunc(children, func(c *cobra.Command) bool { return c.GroupID == "" }) {
		h.heading("cli.help.commands")
		list("")
	}
}

// flags lists a set of flags; those every command has are left to azptu's own
// help unless they are what is asked for.
func (h *helpWriter) flags(heading string, set *pflag.FlagSet, skip bool) {
	type line struct{ name, usage string }
	var lines []line
	width := 0
	set.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || skip {
			return
		}
		variable, usage := h.env.FlagWords(f)
		name := "    --" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", --" + f.Name
		}
		if f.NoOptDefVal != "" && f.Value.Type() != "bool" {
			name += "[=" + variable + "]"
		} else if variable != "" {
			name += " " + variable
		}
		width = max(width, term.CellWidth(name))
		lines = append(lines, line{name, usage})
	})
	if len(lines) == 0 {
		return
	}
	h.heading(heading)
	const narrow = 24 // columns that a text wants beside the names
	if h.width()-width-4 < narrow {
		for _, l := range lines {
			fmt.Fprintf(h.out, "  %s\n        %s\n", l.name, strings.ReplaceAll(term.Wrap(l.usage, h.width()-8), "\n", "\n        "))
		}
		return
	}
	for _, l := range lines {
		usage := term.Wrap(l.usage, h.width()-width-4)
		fmt.Fprintf(h.out, "  %s  %s\n", term.Pad(l.name, width, false), strings.ReplaceAll(usage, "\n", "\n"+strings.Repeat(" ", width+4)))
	}
}

func (h *helpWriter) examples(cmd *cobra.Command) {
	if cmd.Example == "" {
		return
	}
	h.heading("cli.help.examples")
	for line := range strings.Lines(cmd.Example + "\n") {
		fmt.Fprint(h.out, strings.TrimRight("  "+line, " \n")+"\n")
	}
}

func (h *helpWriter) more(cmd *cobra.Command) {
	fmt.Fprintln(h.out)
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintln(h.out, h.env.T("cli.help.more", "Command", cmd.CommandPath()))
	}
	if cmd.Root() != cmd {
		fmt.Fprintln(h.out, h.env.T("cli.help.more-flags"))
		return
	}
	fmt.Fprintln(h.out, h.env.T("cli.help.topics"))
}
