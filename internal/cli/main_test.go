package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/term"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/settings"
)

// newEnv is a world without a person, an environment or a network.
func newEnv(t testing.TB, vars map[string]string) (env *verb.Env, out, talk *bytes.Buffer) {
	out, talk = &bytes.Buffer{}, &bytes.Buffer{}
	dir := t.TempDir()
	return &verb.Env{
		Term: &term.Terminal{In: strings.NewReader(""), Out: out, Err: talk},
		Getenv: func(name string) string {
			if name == "AZPTU_STATE_DIR" {
				return dir
			}
			return vars[name]
		},
		Now: func() time.Time { return time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC) }, WorkDir: dir,
		Transport: transport,
	}, out, talk
}

// Every command of the tree has its help in every language, every flag too:
// what Localize could not put into words would still look like a key.
func TestEveryCommandIsDescribed(t *testing.T) {
	for _, lang := range []string{"en", "pt-BR", "es"} {
		env, _, _ := newEnv(t, map[string]string{"AZPTU_LANG": lang})
		root := newRoot(env, nil, func(error) {})
		env.Localize(root)
		walk(root, func(cmd *cobra.Command) {
			path := cmd.CommandPath()
			if strings.HasSuffix(cmd.Short, ".short") || cmd.Short == "" {
				t.Errorf("%s (%s): no short help: %q", path, lang, cmd.Short)
			}
			if cmd.Example == "" && cmd.Parent() == root && cmd.GroupID == groupDocumented {
				t.Errorf("%s (%s): no example", path, lang)
			}
			cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
				if f.Usage == "" || strings.Contains(f.Usage, ".flag.") {
					t.Errorf("%s --%s (%s): no help: %q", path, f.Name, lang, f.Usage)
				}
			})
		})
	}
}

// A command line makes the command it names and no other; where it names none,
// or asks for help, there are all. Branches are called as their commands are.
func TestCommandLineMakesWhatItNames(t *testing.T) {
	env, _, _ := newEnv(t, nil)
	for _, branches := range [][]branch{documented(env), nouns(env), setup(env)} {
		for _, b := range branches {
			if cmd := b.make(); cmd.Name() != b.name || len(cmd.Aliases) > 0 {
				t.Errorf("branch %s makes %s, also called %v", b.name, cmd.Name(), cmd.Aliases)
			}
		}
	}
	for line, want := range map[string]string{
		"version": "version", "--cloud emulator list-projects": "list-projects", "-o json --lang=es account list": "account", "--debug deployment list": "deployment",
		"--debug=http -y quota show": "quota", "--query [] -- model list": "", "-ojson model list": "", "": "", "help model": "", "__complete model li": "",
		"modle list": "", "--colud emulator version": "", "--version": "", "--cloud": "",
	} {
		root := newRoot(env, strings.Fields(line), func(error) {})
		var names []string
		for _, cmd := range root.Commands() {
			if cmd.Name() != "help" {
				names = append(names, cmd.Name())
			}
		}
		if want == "" && len(names) < 20 || want != "" && !slices.Equal(names, []string{want}) {
			t.Errorf("%q makes %v, want %q", line, names, want)
		}
	}
}

// No two commands of a parent share a name.
func TestNamesAreUnique(t *testing.T) {
	env, _, _ := newEnv(t, nil)
	seen := map[string]bool{}
	walk(newRoot(env, nil, func(error) {}), func(cmd *cobra.Command) {
		if seen[cmd.CommandPath()] {
			t.Errorf("%s is there twice", cmd.CommandPath())
		}
		seen[cmd.CommandPath()] = true
	})
}

func walk(cmd *cobra.Command, visit func(*cobra.Command)) {
	visit(cmd)
	for _, child := range cmd.Commands() {
		walk(child, visit)
	}
}

// `azptu help environment` names every variable that sets something.
func TestHelpNamesEveryVariable(t *testing.T) {
	env, out, _ := newEnv(t, nil)
	if code := Run(t.Context(), env, []string{"help", "environment"}); code != 0 {
		t.Fatal(code)
	}
	for _, key := range settings.Keys() {
		if !strings.Contains(out.String(), key.Env) {
			t.Errorf("%s is not mentioned", key.Env)
		}
	}
}

// A command may have a --config of its own; it is then not the settings' file.
func TestCommandKeepsItsOwnConfigFlag(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--config", "ours.json", "version"}, "ours.json"},
		{[]string{"version", "--config=ours.json"}, "ours.json"},
		{[]string{"own", "--lang", "es", "--config", "theirs.yaml"}, ""},
		{[]string{"version", "--", "--config", "no.json"}, ""},
	} {
		env, _, _ := newEnv(t, nil)
		root := newRoot(env, nil, func(error) {})
		own := verb.Command(env, verb.Spec{Use: "own", Help: "version"})
		own.Flags().String("config", "", "cli.flag.config")
		root.AddCommand(own)
		peek(env, root, c.args)
		if env.Global.Config != c.want {
			t.Errorf("%v: %q, want %q", c.args, env.Global.Config, c.want)
		}
	}
}

func TestInterruptedIs130(t *testing.T) {
	env, _, talk := newEnv(t, map[string]string{"AZPTU_LANG": "es"})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if code := Run(ctx, env, []string{"set-resource-group", "rg"}); code != 130 || !strings.Contains(talk.String(), "Interrumpido.") {
		t.Errorf("%d: %s", code, talk)
	}
}

// listed is a subscription whose accounts are known.
type listed struct {
	projects []settings.Project
	err      error
}

func (l listed) ListAccounts(context.Context) ([]settings.Project, error) { return l.projects, l.err }

func TestSetProjectAsksAzure(t *testing.T) {
	two := []settings.Project{{Name: "Meu-AI", ResourceGroup: "rg-a"}, {Name: "other", ResourceGroup: "rg-b"}, {Name: "other", ResourceGroup: "rg-c"}}
	for _, c := range []struct {
		name    string
		listed  listed
		args    []string
		code    int
		project string
		group   string
		said    string
	}{
		{"found, in Azure's spelling", listed{two, nil}, []string{"set-project", "meu-ai"}, 0, "Meu-AI", "rg-a", ""},
		{"mistyped", listed{two, nil}, []string{"set-project", "meu-ia"}, 3, "", "", "Meu-AI"},
		{"ambiguous", listed{two, nil}, []string{"set-project", "other"}, 2, "", "", "rg-b, rg-c"},
		{"told apart", listed{two, nil}, []string{"set-project", "other", "--resource-group", "RG-C"}, 0, "other", "rg-c", ""},
		{"not signed in", listed{nil, exit.New(exit.SignIn, "no token")}, []string{"set-project", "meu-ai"}, 0, "meu-ai", "", "Warning: It could not be checked that the project \"meu-ai\" exists (no token)"},
		{"none there", listed{nil, nil}, []string{"set-project", "meu-ai"}, 3, "", "", "list-projects"},
	} {
		t.Run(c.name, func(t *testing.T) {
			env, _, talk := newEnv(t, nil)
			root := newRoot(env, nil, func(error) {}) // wires Azure's own lister, which is not wanted here
			env.Accounts = c.listed
			root.SetArgs(c.args)
			err := root.ExecuteContext(t.Context())
			exit.Print(talk, env.Printer(), func(s string) string { return s }, err, false)
			state, _ := env.Remembered(t.Context())
			if exit.CodeOf(err) != c.code || state.Project != c.project || state.ProjectGroup != c.group || !strings.Contains(talk.String(), c.said) {
				t.Errorf("code %d, remembered %q in %q, said %s", exit.CodeOf(err), state.Project, state.ProjectGroup, talk)
			}
		})
	}
}

// A fresh list of projects is believed; an old one is not.
func TestSetProjectTrustsAFreshCache(t *testing.T) {
	for age, want := range map[time.Duration]int{time.Minute: 0, 6 * time.Minute: 3} {
		env, _, talk := newEnv(t, nil)
		root := newRoot(env, nil, func(error) {})
		env.Accounts = listed{}
		if err := env.Remember(t.Context(), func(s *settings.State) {
			s.Cache = &settings.Projects{SavedAt: env.Now().Add(-age), Cloud: "public", Items: []settings.Project{{Name: "cached", ResourceGroup: "rg"}}}
		}); err != nil {
			t.Fatal(err)
		}
		root.SetArgs([]string{"set-project", "cached"})
		if err := root.ExecuteContext(t.Context()); exit.CodeOf(err) != want {
			t.Errorf("%v old: %v, %s", age, err, talk)
		}
	}
}

// manual is the output ("Saída") that the azptu 1.0 manual shows for a command. Where the manual is not at hand
// our own copy of that output stands in.
func manual(t *testing.T, command string) string {
	t.Helper()
	ours, err := os.ReadFile(filepath.Join("testdata", "manual", command+".pt-BR.txt"))
	if err != nil {
		t.Fatal(err)
	}
	shared := os.Getenv("AZPTU_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "..", "shared")
	}
	raw, err := os.ReadFile(filepath.Join(shared, "source", "azptu-1.0.pt-BR.md"))
	if err != nil {
		t.Logf("left out: the manual itself (%v); our copy of its output only", err)
		return string(ours)
	}
	_, section, found := strings.Cut(string(raw), "#### `"+command+"`")
	_, section, shown := strings.Cut(section, "**Saída:**\n```\n")
	block, _, closed := strings.Cut(section, "```")
	if !found || !shown || !closed || block != string(ours) {
		t.Fatalf("the manual shows for %s:\n%s\nour copy is:\n%s", command, block, ours)
	}
	return block
}

// The documented outputs are the manual's to the letter; in version the words
// for SDK and build are ours.
func TestManualToTheLetter(t *testing.T) {
	env, out, talk := newEnv(t, map[string]string{"AZPTU_LANG": "pt-BR"})
	env.Build = verb.Build{Version: "2.0.0", Commit: "abc", Date: "2026-05-01T12:00:00Z"}
	run := func(args ...string) string {
		t.Helper()
		out.Reset()
		if code := Run(t.Context(), &verb.Env{Term: env.Term, Getenv: env.Getenv, Now: env.Now, WorkDir: env.WorkDir, Build: env.Build, Transport: env.Transport}, args); code != 0 {
			t.Fatalf("%v: %d, %s", args, code, talk)
		}
		return out.String()
	}
	run("set-resource-group", "rg-ai-foundry")
	run("set-subscription", "fad729f9-287d-4b9d-baa0-ee7a900f3f93")
	if got, want := run("show-config"), manual(t, "show-config"); got != want {
		t.Errorf("show-config:\n%s\nthe manual shows:\n%s", got, want)
	}
	build := "v2.0.0 (abc, 2026-05-01, " + runtime.Version() + ", " + runtime.GOOS + "/" + runtime.GOARCH + ")"
	want := strings.NewReplacer("v1.0.0-consolidated", build, "Azure AI Projects SDK", "Azure SDK for Go",
		"Azure Python SDK", "Azure SDK for Go", "(Python SDK)", "(Azure SDK for Go)").Replace(manual(t, "version"))
	if got := run("version"); got != want {
		t.Errorf("version:\n%s\nthe manual shows:\n%s", got, want)
	}
}

// docs/json-output.md names exactly the fields that are written, checked on what
// needs no Azure.
func TestJSONIsAsDocumented(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "..", "docs", "json-output.md"))
	if err != nil {
		t.Fatal(err)
	}
	for heading, args := range map[string][]string{
		"version":            {"version"},
		"show-config":        {"show-config"},
		"config show":        {"config", "show", "--origin"},
		"config set":         {"config", "set", "output", "table", "--project"},
		"model (list":        {"list-ptu-models"},
		"set-resource-group": {"set-resource-group", "rg"},
	} {
		env, out, talk := newEnv(t, nil)
		if code := Run(t.Context(), env, append(args, "-o", "json")); code != 0 {
			t.Fatalf("%v: %d, %s", args, code, talk)
		}
		object := map[string]any{}
		list := []map[string]any{}
		if json.Unmarshal(out.Bytes(), &object) != nil {
			if err := json.Unmarshal(out.Bytes(), &list); err != nil || len(list) == 0 {
				t.Fatalf("%v: %v, %s", args, err, out)
			}
			object = list[0]
		}
		_, section, found := strings.Cut(string(raw), heading)
		_, section, opened := strings.Cut(section, "`{")
		documented, _, closed := strings.Cut(section, "}`")
		if !found || !opened || !closed {
			t.Fatalf("%s is not documented", heading)
		}
		documented = regexp.MustCompile(`\[\{[^]]*\}\]`).ReplaceAllString(documented, "")
		names := map[string]bool{}
		for _, name := range strings.FieldsFunc(documented, func(r rune) bool { return strings.ContainsRune(", :\n", r) }) {
			names[name] = true
			if _, written := object[name]; !written {
				t.Errorf("%s: %s is documented but not written", heading, name)
			}
		}
		for name := range object {
			if !names[name] {
				t.Errorf("%s: %s is written but not documented", heading, name)
			}
		}
	}
}

func BenchmarkVersion(b *testing.B) {
	for b.Loop() {
		env, _, _ := newEnv(b, map[string]string{"AZPTU_LANG": "pt-BR"})
		env.Term.Out = io.Discard
		if code := Run(b.Context(), env, []string{"version"}); code != 0 {
			b.Fatal(code)
		}
	}
}
