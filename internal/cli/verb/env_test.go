package verb

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/render"
	"github.com/azptu/azptu/internal/cli/term"
	"github.com/azptu/azptu/internal/ptu"
	"github.com/azptu/azptu/internal/settings"
)

func newEnv(t *testing.T, vars map[string]string) (env *Env, out, talk *bytes.Buffer) {
	t.Helper()
	out, talk = &bytes.Buffer{}, &bytes.Buffer{}
	dir := t.TempDir()
	return &Env{
		Term: &term.Terminal{In: strings.NewReader("y\n"), Out: out, Err: talk},
		Getenv: func(name string) string {
			if name == "AZPTU_STATE_DIR" {
				return dir
			}
			return vars[name]
		},
		Now: func() time.Time { return time.Unix(0, 0) }, WorkDir: dir,
	}, out, talk
}

// A flag goes before a variable, that before what is remembered; the
// remembered project brings its own resource group along.
func TestFill(t *testing.T) {
	vars := map[string]string{}
	env, _, _ := newEnv(t, vars)
	remember := func(change func(*settings.State)) {
		t.Helper()
		if err := env.Remember(t.Context(), change); err != nil {
			t.Fatal(err)
		}
	}
	check := func(step string, given, want Scope) {
		t.Helper()
		got, err := env.Fill(t.Context(), given)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", step, got, err, want)
		}
	}
	check("nothing", Scope{}, Scope{})
	remember(func(s *settings.State) {
		s.SubscriptionID, s.ResourceGroup, s.Project, s.ProjectGroup = "sub", "rg", "Project", "rg-project"
	})
	check("remembered", Scope{}, Scope{"sub", "rg-project", "Project"})
	check("the project by name", Scope{Account: "project"}, Scope{"sub", "rg-project", "project"})
	check("another account", Scope{Account: "other"}, Scope{"sub", "rg", "other"})
	check("another group", Scope{ResourceGroup: "rg2"}, Scope{"sub", "rg2", "Project"})
	vars["AZPTU_RESOURCE_GROUP"], vars["AZPTU_SUBSCRIPTION_ID"], vars["AZPTU_ACCOUNT_NAME"] = "rg-var", "sub-var", "acc-var"
	check("variables", Scope{}, Scope{"sub-var", "rg-var", "acc-var"})
	check("flags", Scope{"sub-flag", "rg-flag", "acc-flag"}, Scope{"sub-flag", "rg-flag", "acc-flag"})
}

func TestNeedNamesTheRemedy(t *testing.T) {
	env, _, _ := newEnv(t, map[string]string{"AZPTU_LANG": "pt-BR"})
	err := env.Need(Scope{SubscriptionID: "s"}, FlagSubscription, FlagResourceGroup, FlagAccount)
	var known *exit.Error
	if !errors.As(err, &known) || known.Message != "Resource group não especificado" || exit.CodeOf(err) != 2 ||
		!strings.Contains(strings.Join(known.Hints, "\n"), "azptu set-resource-group rg-ai-foundry") || !strings.Contains(strings.Join(known.Hints, "\n"), "--resource-group") {
		t.Errorf("%+v", err)
	}
	if err := env.Need(Scope{"s", "r", "a"}, FlagSubscription, FlagResourceGroup, FlagAccount); err != nil {
		t.Error(err)
	}
}

func TestConfirm(t *testing.T) {
	env, _, _ := newEnv(t, nil)
	_, err := env.Confirm(t.Context(), "Sure?")
	if exit.CodeOf(err) != 2 || !strings.Contains(err.Error(), "--yes") {
		t.Errorf("nobody there: %v", err)
	}
	env.Term.InTTY = true
	if yes, err := env.Confirm(t.Context(), "Sure?"); !yes || err != nil {
		t.Errorf("asked: %v, %v", yes, err)
	}
	env.Term.InTTY, env.Global.Yes = false, true
	if yes, err := env.Confirm(t.Context(), "Sure?"); !yes || err != nil {
		t.Errorf("--yes: %v, %v", yes, err)
	}
}

// The documented face keeps the manual's text until a format is asked for; a
// setting or variable does not change it.
func TestVerbatim(t *testing.T) {
	env, out, _ := newEnv(t, map[string]string{"AZPTU_OUTPUT": "json"})
	if !env.Verbatim(Documented) || env.Verbatim(Tree) {
		t.Error("by face")
	}
	view := render.One("x", func(s string) string { return s }, render.Col("X", func(s string) any { return s }))
	if err := env.Show(view); err != nil || out.String() != "\"x\"\n" {
		t.Errorf("%q, %v", out, err)
	}
	env.Global.Query = "@"
	if env.Verbatim(Documented) {
		t.Error("--query asks for data")
	}
}

func TestCatalog(t *testing.T) {
	env, _, _ := newEnv(t, map[string]string{"AZPTU_CATALOG": "azptu-1.0"})
	published, err := env.Catalog()
	if err != nil || published.Name != "azptu-1.0" || !env.CatalogNamed() {
		t.Errorf("named: %v", err)
	}
	env, _, _ = newEnv(t, map[string]string{"AZPTU_CATALOG": "azptu-2"})
	if _, err := env.Catalog(); exit.CodeOf(err) != 2 {
		t.Errorf("unknown: %v", err)
	}
	env, _, _ = newEnv(t, nil)
	config := `{"ptu_requirements": {"gpt-4o": {"regional": {"minimum": 75, "increment": 25}, "global": null}, "ours": {"global": {"minimum": 1, "increment": 1}}}, "ptu_models": {"ours": {"versions": ["7"], "description": {"es": "Nuestro"}}}}`
	if err := os.WriteFile(filepath.Join(env.WorkDir, settings.FileName), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	published, err = env.Catalog()
	if err != nil {
		t.Fatal(err)
	}
	if rule, ok := published.Rule("gpt-4o", ptu.Regional); !ok || rule.Minimum != 75 {
		t.Errorf("own rule: %+v", rule)
	}
	if _, ok := published.Rule("gpt-4o", ptu.Global); ok {
		t.Error("a type taken away is still there")
	}
	if rule, ok := published.Rule("gpt-4o", ptu.DataZone); !ok || rule.Minimum != 100 {
		t.Errorf("what the file leaves out shows through: %+v", rule)
	}
	if model, ok := published.Model("ours"); !ok || model.Describe("es") != "Nuestro" || len(model.Versions) != 1 {
		t.Errorf("own model: %+v", model)
	}
}

func TestDebugging(t *testing.T) {
	for level, want := range map[string][2]bool{"": {false, false}, "on": {true, false}, "http": {true, true}} {
		env, _, talk := newEnv(t, map[string]string{"AZPTU_DEBUG": level})
		on, traced := env.Debugging()
		env.Log().Debug("seen")
		if on != want[0] || traced != want[1] || strings.Contains(talk.String(), "seen") != want[0] {
			t.Errorf("%q: %v, %v, %s", level, on, traced, talk)
		}
		if base := env.Traced(nil); (base != nil) != want[1] {
			t.Errorf("%q: traced %v", level, base)
		}
	}
}

func TestDedent(t *testing.T) {
	for in, want := range map[string]string{
		"\n  a\n    b\n\n  c \n": "a\n  b\n\nc", "a\n  b": "a\n  b", "": "", "  ": "",
	} {
		if got := dedent(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
