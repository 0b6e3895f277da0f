// Package docs holds the tests that keep the documents true: what they show to
// type exists, what they link to is there, the three readmes say the same, and
// the plan of the house names the rooms there are.
package docs

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/cli"
	"github.com/azptu/azptu/internal/cli/term"
	"github.com/azptu/azptu/internal/cli/verb"
)

const root = "../.."

var readmes = []string{"README.md", "README.pt-BR.md", "README.es.md"}

func read(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// documents lists every Markdown file that users or builders read.
func documents(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, pattern := range []string{"*.md", "docs/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			rel, _ := filepath.Rel(root, f)
			names = append(names, filepath.ToSlash(rel))
		}
	}
	return names
}

var fence = regexp.MustCompile("(?ms)^ *```(\\w*)\n(.*?)^ *```")

// commands lists the azptu command lines that a document shows to type: those
// in blocks marked as shell or PowerShell, continued lines joined.
func commands(text string) []string {
	var out []string
	for _, block := range fence.FindAllStringSubmatch(text, -1) {
		if !slices.Contains([]string{"sh", "bash", "console", "powershell"}, block[1]) {
			continue
		}
		body := regexp.MustCompile("[\\\\`]\n\\s*").ReplaceAllString(block[2], " ")
		for _, line := range strings.Split(body, "\n") {
			line, _, _ = strings.Cut(strings.TrimSpace(line), " #")
			line = strings.TrimPrefix(line, "$ ")
			line = strings.Replace(line, "go run ./cmd/azptu ", "azptu ", 1)
			if _, inner, found := strings.Cut(line, "$(azptu "); found {
				inner, _, _ = strings.Cut(inner, ")")
				line = "azptu " + inner
			}
			if strings.HasPrefix(line, "azptu ") {
				out = append(out, strings.TrimSpace(line))
			}
		}
	}
	return out
}

// help asks azptu itself, in process, for the help of a command.
func help(t *testing.T, words []string) string {
	t.Helper()
	var out, errs bytes.Buffer
	home := t.TempDir()
	env := &verb.Env{
		Term: &term.Terminal{In: strings.NewReader(""), Out: &out, Err: &errs},
		Getenv: func(name string) string {
			return map[string]string{"HOME": home, "AZPTU_LANG": "en", "AZPTU_STATE_DIR": home}[name]
		},
		Now: time.Now, WorkDir: home,
		Transport: func() *http.Transport { return &http.Transport{} },
	}
	if code := cli.Run(t.Context(), env, append(slices.Clone(words), "--help")); code != 0 {
		t.Errorf("azptu %s --help ends with %d: %s", strings.Join(words, " "), code, errs.String())
	}
	return out.String()
}

var usageLine = regexp.MustCompile(`(?m)^Usage:\n  azptu ?(.*)$`)

// about gives the command that a help text is about, and says whether it only holds others.
func about(text string) (words []string, group bool) {
	found := usageLine.FindStringSubmatch(text)
	if found == nil {
		return nil, true
	}
	for _, w := range strings.Fields(found[1]) {
		if strings.ContainsAny(w, "[<>]") || strings.ToUpper(w) == w {
			break
		}
		words = append(words, w)
	}
	return words, strings.Contains(found[1], "<command>")
}

func TestCommandsInDocumentsExist(t *testing.T) {
	known := map[string]string{}
	helpOf := func(words []string) string {
		key := strings.Join(words, " ")
		if _, asked := known[key]; !asked {
			known[key] = help(t, words)
		}
		return known[key]
	}
	for _, name := range documents(t) {
		for _, line := range commands(read(t, name)) {
			words, flags := split(line)
			text := helpOf(words)
			path, group := about(text)
			switch {
			case len(words) == 0 && len(flags) > 0:
			case len(path) == 0, len(words) < len(path), !slices.Equal(words[:len(path)], path):
				t.Errorf("%s: no such command: %s", name, line)
			case group && len(words) > len(path):
				t.Errorf("%s: %s has no command %q: %s", name, strings.Join(path, " "), words[len(path)], line)
			}
			text += helpOf(nil)
			for _, f := range flags {
				if !regexp.MustCompile(regexp.QuoteMeta(f) + `\b`).MatchString(text) {
					t.Errorf("%s: no such flag %s: %s", name, f, line)
				}
			}
		}
	}
}

// split parts a command line into words and flags; values of flags go with
// them, and what follows a pipe or a redirection is the shell's.
func split(line string) (words, flags []string) {
	value := false
	for _, w := range strings.Fields(line)[1:] {
		switch {
		case strings.ContainsAny(w[:1], "|<>&;)"):
			return words, flags
		case strings.HasPrefix(w, "-"):
			name, _, given := strings.Cut(w, "=")
			flags = append(flags, strings.TrimRight(name, ")"))
			value = !given && !isSwitch(name)
		case value:
			value = false
		default:
			words = append(words, strings.TrimRight(w, `)"`))
		}
	}
	return words, flags
}

// isSwitch names the flags that take no value.
func isSwitch(name string) bool {
	return slices.Contains([]string{
		"--yes", "-y", "--force", "--dry-run", "--no-wait", "--debug", "--once", "--origin", "--help", "-h",
		"--in-place", "--persist", "--true-dates", "--unsafe-listen",
	}, name)
}

func TestReadmesSayTheSame(t *testing.T) {
	shape := func(name string) (lines []string, headings int) {
		text := read(t, name)
		for _, block := range fence.FindAllStringSubmatch(text, -1) {
			if block[1] == "" || block[1] == "text" { // what a program says is in the readme's language
				continue
			}
			for _, line := range strings.Split(block[2], "\n") {
				line, _, _ = strings.Cut(line, " #")
				if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
					lines = append(lines, line)
				}
			}
		}
		return lines, strings.Count("\n"+text, "\n#")
	}
	want, headings := shape(readmes[0])
	if len(want) == 0 {
		t.Fatal("no commands in README.md")
	}
	for _, name := range readmes[1:] {
		got, n := shape(name)
		if !slices.Equal(got, want) {
			t.Errorf("%s shows other commands than README.md:\n%s\n\nwant:\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if n != headings {
			t.Errorf("%s has %d headings, README.md %d", name, n, headings)
		}
	}
}

func TestTheTwoCommands(t *testing.T) {
	for _, name := range readmes {
		for _, command := range []string{"go run ./cmd/azptu up", "make test"} {
			if !strings.Contains(read(t, name), "\n"+command+"\n") && !strings.Contains(read(t, name), "\n"+command+" ") {
				t.Errorf("%s does not give the command %q a line", name, command)
			}
		}
	}
	if !strings.Contains(read(t, ".ci/run"), "make test\n") {
		t.Error(".ci/run does not call the test command of the readme")
	}
}

var link = regexp.MustCompile(`\]\(([^)#\s]+)[^)]*\)`)

func TestLinksLeadSomewhere(t *testing.T) {
	for _, name := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(read(t, name), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(root, filepath.Dir(name), m[1])); err != nil {
				t.Errorf("%s links to %s, which is not there", name, m[1])
			}
		}
	}
}

func TestArchitectureNamesTheRooms(t *testing.T) {
	text := read(t, "docs/architecture.md")
	entries, err := os.ReadDir(filepath.Join(root, "internal"))
	if err != nil {
		t.Fatal(err)
	}
	var rooms []string
	for _, e := range entries {
		if sources, _ := filepath.Glob(filepath.Join(root, "internal", e.Name(), "*")); len(sources) == 0 {
			continue
		}
		rooms = append(rooms, e.Name())
		if !strings.Contains(text, "| `"+e.Name()+"` |") {
			t.Errorf("docs/architecture.md has no row for internal/%s", e.Name())
		}
	}
	for _, m := range regexp.MustCompile("\\| \\d \\| `(\\w+)` \\|").FindAllStringSubmatch(text, -1) {
		if !slices.Contains(rooms, m[1]) {
			t.Errorf("docs/architecture.md speaks of internal/%s, which is not there", m[1])
		}
	}
}
