package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// Every command line that help or a document shows is one that azptu takes:
// the command is there, it has the flags, and the arguments are as many as it
// wants. What it does with them is for other tests.
func TestShownCommandLinesAreTaken(t *testing.T) {
	lines := 0
	for _, lang := range []string{"en", "pt-BR", "es"} {
		env, _, _ := newEnv(t, map[string]string{"AZPTU_LANG": lang})
		root := newRoot(env, nil, func(error) {})
		env.Localize(root)
		walk(root, func(cmd *cobra.Command) {
			for _, line := range shown(cmd.Example) {
				lines++
				if err := taken(t, line); err != nil {
					t.Errorf("help of %s (%s): %s: %v", cmd.CommandPath(), lang, line, err)
				}
			}
		})
	}
	docs, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	readmes, err := filepath.Glob("../../README*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(docs, readmes...) {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range written(string(raw)) {
			lines++
			if err := taken(t, line); err != nil {
				t.Errorf("%s: %s: %v", filepath.Base(path), line, err)
			}
		}
	}
	if lines < 200 {
		t.Errorf("only %d command lines were found", lines)
	}
}

// shown are the command lines of azptu in a block of code: those that begin a
// line of it, perhaps after a prompt.
func shown(code string) []string {
	var found []string
	for line := range strings.Lines(strings.ReplaceAll(code, "\\\n", " ")) {
		line = strings.TrimPrefix(strings.TrimSpace(line), "$ ")
		if strings.HasPrefix(line, "azptu ") {
			found = append(found, line)
		}
	}
	return found
}

// written are the command lines in a document: in blocks of code, and between
// backquotes where they are more than the name of a command.
func written(text string) []string {
	var found []string
	for i, part := range strings.Split(text, "```") {
		if i%2 == 1 {
			found = append(found, shown(part)...)
			continue
		}
		for j, word := range strings.Split(part, "`") {
			if j%2 == 1 && strings.HasPrefix(word, "azptu ") && strings.Contains(word, " -") {
				found = append(found, word)
			}
		}
	}
	return found
}

// taken parses a command line without running it.
func taken(t *testing.T, line string) error {
	words := shellWords(line)[1:]
	if len(words) > 0 && (words[len(words)-1] == "…" || strings.HasSuffix(words[len(words)-1], "...")) {
		return nil // shown in part
	}
	env, _, _ := newEnv(t, nil)
	cmd, rest, err := newRoot(env, words, func(error) {}).Find(words)
	if err != nil {
		return err
	}
	if err := cmd.ParseFlags(rest); err != nil {
		return err
	}
	return cmd.ValidateArgs(cmd.Flags().Args())
}

// shellWords splits a line as a shell does, up to a pipe, a redirection or a
// comment.
func shellWords(line string) []string {
	var words []string
	var word strings.Builder
	var quote rune
	begun := false
	end := func() {
		if begun {
			words = append(words, word.String())
		}
		word.Reset()
		begun = false
	}
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, begun = r, true
		case r == ' ' || r == '\t' || r == '\n':
			end()
		case (r == '#' && !begun) || strings.ContainsRune("|>;&", r) || r == ')':
			end()
			return words
		default:
			word.WriteRune(r)
			begun = true
		}
	}
	end()
	return words
}
