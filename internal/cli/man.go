package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/verb"
)

// newMan makes the command that writes the manual: one page of section 1 for
// every command, in the user's language.
func newMan(env *verb.Env) *cobra.Command {
	var cmd *cobra.Command
	dir := ""
	cmd = verb.Command(env, verb.Spec{Use: "man", Help: "help.man", Lenient: true, Required: []string{"dir"}, Run: func(context.Context, []string) error {
		env.Localize(cmd.Root())
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return exit.New(exit.Failed, env.T("help.man.unwritable", "Path", dir, "Error", err.Error())).Wrap(err)
		}
		count, err := writePages(env, cmd.Root(), dir)
		if err != nil {
			return exit.New(exit.Failed, env.T("help.man.unwritable", "Path", dir, "Error", err.Error())).Wrap(err)
		}
		env.Note(env.N("help.man.written", count, "Path", dir))
		return nil
	}})
	cmd.Flags().StringVar(&dir, "dir", "", "help.flag.dir")
	_ = cmd.MarkFlagDirname("dir")
	return cmd
}

// writePages writes the pages of cmd and of everything under it.
func writePages(env *verb.Env, cmd *cobra.Command, dir string) (count int, err error) {
	page := filepath.Join(dir, strings.ReplaceAll(cmd.CommandPath(), " ", "-")+".1")
	if err := os.WriteFile(page, []byte(manPage(env, cmd)), 0o644); err != nil {
		return 0, err
	}
	count = 1
	for _, child := range cmd.Commands() {
		if child.Hidden {
			continue
		}
		n, err := writePages(env, child, dir)
		if err != nil {
			return count, err
		}
		count += n
	}
	return count, nil
}

// manPage is the page of one command in the man macros.
func manPage(env *verb.Env, cmd *cobra.Command) string {
	var b strings.Builder
	section := func(key string) { fmt.Fprintf(&b, ".SH %s\n", quote(strings.ToUpper(env.T("help.man."+key)))) }
	name := strings.ReplaceAll(cmd.CommandPath(), " ", "-")
	fmt.Fprintf(&b, ".TH %s 1 %s %s\n", quote(strings.ToUpper(name)), quote(""), quote("azptu "+env.Build.Version))
	section("name")
	fmt.Fprintf(&b, "%s \\- %s\n", roff(name), roff(cmd.Short))
	section("synopsis")
	fmt.Fprintf(&b, ".B %s\n", roff(cmd.UseLine()))
	section("description")
	text := cmd.Long
	if text == "" {
		text = cmd.Short
	}
	paragraphs(&b, text)
	manCommands(&b, cmd, section)
	manFlags(env, &b, "options", cmd.NonInheritedFlags(), section)
	manFlags(env, &b, "global-options", cmd.InheritedFlags(), section)
	if cmd.Example != "" {
		section("examples")
		fmt.Fprintf(&b, ".nf\n%s\n.fi\n", roff(cmd.Example))
	}
	if cmd.HasParent() {
		section("see-also")
		fmt.Fprintf(&b, ".BR %s (1)\n", roff(strings.ReplaceAll(cmd.Parent().CommandPath(), " ", "-")))
	}
	return b.String()
}

func manCommands(b *strings.Builder, cmd *cobra.Command, section func(string)) {
	if !cmd.HasAvailableSubCommands() {
		return
	}
	section("commands")
	for _, child := range cmd.Commands() {
		if child.IsAvailableCommand() {
			fmt.Fprintf(b, ".TP\n.BR %s (1)\n%s\n", roff(strings.ReplaceAll(child.CommandPath(), " ", "-")), roff(child.Short))
		}
	}
}

func manFlags(env *verb.Env, b *strings.Builder, heading string, set *pflag.FlagSet, section func(string)) {
	if !set.HasAvailableFlags() {
		return
	}
	section(heading)
	set.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		variable, usage := env.FlagWords(f)
		short := ""
		if f.Shorthand != "" {
			short = `\fB\-` + f.Shorthand + `\fR, `
		}
		if variable != "" {
			variable = ` \fI` + roff(variable) + `\fR`
		}
		fmt.Fprintf(b, ".TP\n%s\\fB%s\\fR%s\n%s\n", short, roff("--"+f.Name), variable, roff(usage))
	})
}

// paragraphs writes text; lines that are set in, such as tables, stay as they
// are.
func paragraphs(b *strings.Builder, text string) {
	for i, paragraph := range strings.Split(strings.TrimSpace(text), "\n\n") {
		if i > 0 {
			b.WriteString(".PP\n")
		}
		if strings.Contains("\n"+paragraph, "\n  ") {
			fmt.Fprintf(b, ".nf\n%s\n.fi\n", roff(paragraph))
			continue
		}
		b.WriteString(roff(paragraph) + "\n")
	}
}

// roff makes text harmless to troff: backslashes and hyphens are literal, and
// no line begins with a control character.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}

func quote(text string) string { return `"` + strings.ReplaceAll(roff(text), `"`, `\(dq`) + `"` }
