package settings

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/locale"
)

func env(vars map[string]string) func(string) string {
	return func(name string) string { return vars[name] }
}

func write(t *testing.T, dir, content string) string {
	t.Helper()
	path := filepath.Join(dir, FileName)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Flags go before variables, those before the project's file, that before the
// user's, that before what is built in.
func TestPrecedence(t *testing.T) {
	project, user := t.TempDir(), t.TempDir()
	src := Sources{Getenv: env(nil), Folders: Folders{Config: user}, WorkDir: project}
	check := func(step, text, origin string) {
		t.Helper()
		s, err := Load(src)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Get(Output); got.Text != text || got.Origin != origin {
			t.Errorf("%s: %q from %q, want %q from %q", step, got.Text, got.Origin, text, origin)
		}
	}
	check("built-in", "table", BuiltIn)
	userFile := write(t, user, `{"settings": {"output": "json"}}`)
	check("user file", "json", userFile)
	projectFile := write(t, project, `{"settings": {"output": "yaml"}}`)
	check("project file", "yaml", projectFile)
	src.Getenv = env(map[string]string{"AZPTU_OUTPUT": "tsv"})
	check("variable", "tsv", "AZPTU_OUTPUT")
	src.Flags = map[string]string{"output": "wide"}
	check("flag", "wide", "--output")

	named := write(t, t.TempDir(), `{"settings": {"output": "name"}}`)
	src = Sources{Getenv: env(map[string]string{"AZPTU_CONFIG": named}), Folders: Folders{Config: user}, WorkDir: project}
	check("AZPTU_CONFIG", "name", named)
	src.File = projectFile
	check("--config", "yaml", projectFile)
}

func TestLanguageSources(t *testing.T) {
	for _, c := range []struct {
		vars map[string]string
		flag string
		want locale.Language
		from string
	}{
		{nil, "", locale.English, BuiltIn},
		{map[string]string{"LANG": "pt_BR.UTF-8"}, "", locale.Portuguese, "LANG"},
		{map[string]string{"LANG": "pt_BR.UTF-8", "AZPTU_LANG": "es-MX"}, "", locale.Spanish, "AZPTU_LANG"},
		{map[string]string{"AZPTU_LANG": "es"}, "pt", locale.Portuguese, "--lang"},
	} {
		s, err := Load(Sources{Getenv: env(c.vars), Flags: map[string]string{"lang": c.flag}})
		if err != nil || s.Language() != c.want || s.Get(Language).Origin != c.from {
			t.Errorf("%+v: %q from %q, %v", c, s.Language(), s.Get(Language).Origin, err)
		}
	}
}

// A source that is at fault is reported and passed over; the rest holds.
func TestFaultySourcesArePassedOver(t *testing.T) {
	dir := t.TempDir()
	path := write(t, dir, `{"settings": {"output": "json", "color": "green"}}`)
	s, err := Load(Sources{Getenv: env(map[string]string{"AZPTU_CACHE_MINUTES": "soon"}), WorkDir: dir})
	var invalid *InvalidError
	var value *ValueError
	if !errors.As(err, &invalid) || invalid.Path != path || len(invalid.Faults) != 1 || invalid.Faults[0].Path != "settings.color" {
		t.Errorf("faulty file: %v", err)
	}
	if !errors.As(err, &value) || value.Origin != "AZPTU_CACHE_MINUTES" || len(s.ValueFaults) != 1 {
		t.Errorf("faulty variable: %v", err)
	}
	if s.Get(Output).Text != "table" || s.CacheAge() != 5*time.Minute {
		t.Errorf("output %q, cache %v", s.Get(Output).Text, s.CacheAge())
	}
}

func TestProjectFileCannotSendCredentialsAway(t *testing.T) {
	project, user := t.TempDir(), t.TempDir()
	src := Sources{Getenv: env(nil), Folders: Folders{Config: user}, WorkDir: project}
	for _, cloud := range []string{"./evil.json", "emulator"} {
		write(t, project, `{"settings": {"cloud": "`+cloud+`"}}`)
		s, err := Load(src)
		if err != nil || s.Get(Cloud).Text != "public" || len(s.Warnings) != 1 {
			t.Errorf("%q, warnings %v, %v", s.Get(Cloud).Text, s.Warnings, err)
		}
	}
	write(t, project, `{"settings": {"cloud": "usgov"}}`)
	if s, _ := Load(src); s.Get(Cloud).Text != "usgov" {
		t.Errorf("a named cloud: %q", s.Get(Cloud).Text)
	}
	write(t, user, `{"settings": {"cloud": "/own/cloud.json"}}`)
	write(t, project, `{}`)
	if s, _ := Load(src); s.Get(Cloud).Text != "/own/cloud.json" {
		t.Errorf("the user's own file: %q", s.Get(Cloud).Text)
	}
}

func TestMessagesAndTables(t *testing.T) {
	project, user := t.TempDir(), t.TempDir()
	userFile := write(t, user, `{"messages": {"exit.hint": "A {{.Hint}}", "es": {"exit.link": "B"}},
		"ptu_requirements": {"m": {"regional": {"minimum": 5, "increment": 5}, "global": {"minimum": 1, "increment": 1}}},
		"ptu_models": {"m": {"versions": ["1"], "description": {"en": "E", "es": "S"}}},
		"deployment_types": {"global": {"enabled": false}}}`)
	projectFile := write(t, project, `{"messages": {"es": {"exit.hint": "C {{.Hint}}"}}, "ptu_requirements": {"m": {"regional": null}}}`)
	s, err := Load(Sources{Getenv: env(nil), Folders: Folders{Config: user}, WorkDir: project})
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Messages(locale.Spanish); got["exit.hint"].Other != "C {{.Hint}}" || got["exit.link"].Other != "B" {
		t.Errorf("messages in Spanish: %v", got)
	}
	if got := s.Messages(locale.English); got["exit.hint"].Other != "A {{.Hint}}" || len(got) != 1 {
		t.Errorf("messages in English: %v", got)
	}
	if s.MessageOrigin(locale.Spanish, "exit.hint") != projectFile || s.MessageOrigin(locale.English, "exit.hint") != userFile {
		t.Error("origins of messages")
	}
	rules := s.Requirements()["m"]
	if rules["regional"].Value != nil || rules["regional"].Origin != projectFile || rules["global"].Value.Rule().Step != 1 {
		t.Errorf("requirements: %+v", rules)
	}
	if m := s.Models()["m"].Value; m.Description.In(locale.Portuguese) != "E" || m.Description.In(locale.Spanish) != "S" {
		t.Errorf("model: %+v", m)
	}
	if s.DeploymentType("global").Value.Allowed() || !s.DeploymentType("regional").Value.Allowed() || s.DeploymentType("regional").Origin != BuiltIn {
		t.Error("deployment types")
	}
}

func TestBuiltInConfigurationIsFaultless(t *testing.T) {
	file, faults := Parse(builtInText)
	if len(faults) > 0 {
		t.Fatalf("%+v", faults)
	}
	for _, key := range Keys() {
		if value := file.Settings[key.Name]; value != "" && !key.Accepts(value) {
			t.Errorf("%s: %q", key.Name, value)
		}
	}
	if len(file.DeploymentTypes) != 3 {
		t.Errorf("%d deployment types", len(file.DeploymentTypes))
	}
}

func TestSetInFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", FileName)
	output, _ := FindKey(Output)
	minutes, _ := FindKey(CacheMinutes)
	read := func() string {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	if err := SetInFile(path, output, "json"); err != nil || read() != "{\n  \"settings\": {\n    \"output\": \"json\"\n  }\n}\n" {
		t.Fatalf("%v: %q", err, read())
	}
	if err := SetInFile(path, minutes, "0"); err != nil || !strings.Contains(read(), "\n    \"cache_minutes\": 0\n") {
		t.Errorf("%v: %q", err, read())
	}
	if err := SetInFile(path, output, ""); err != nil || strings.Contains(read(), "output") {
		t.Errorf("%v: %q", err, read())
	}
	before := read()
	var value *ValueError
	if err := SetInFile(path, output, "xml"); !errors.As(err, &value) || read() != before {
		t.Errorf("%v: %q", err, read())
	}
	// A faulty value can be put right, a broken file is left alone.
	path = write(t, t.TempDir(), `{"settings":{"output":"xml"}}`)
	if err := SetInFile(path, output, "json"); err != nil || read() != `{"settings":{"output":"json"}}` {
		t.Errorf("%v: %q", err, read())
	}
	path = write(t, t.TempDir(), `{"settings":`)
	var invalid *InvalidError
	if err := SetInFile(path, output, "json"); !errors.As(err, &invalid) || read() != `{"settings":` {
		t.Errorf("%v: %q", err, read())
	}
}

// Two azptu that change the configuration at once do not undo each other's
// change, and leave no lock behind.
func TestSetInFileByManyAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), FileName)
	values := map[string]string{Output: "json", Language: "es", CacheMinutes: "7", Color: "never", Debug: "on", DeploymentType: "global"}
	var many sync.WaitGroup
	for range 4 {
		for name, value := range values {
			key, _ := FindKey(name)
			many.Go(func() {
				if err := SetInFile(path, key, value); err != nil {
					t.Error(err)
				}
			})
		}
	}
	many.Wait()
	file, err := ReadFile(path)
	if err != nil || len(file.Settings) != len(values) {
		t.Errorf("%v: %v", err, file.Settings)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestFolders(t *testing.T) {
	got := FindFolders(env(map[string]string{"XDG_CONFIG_HOME": filepath.Join(t.TempDir(), "c"), "AZPTU_STATE_DIR": "s"}))
	if filepath.Base(got.Config) != "azptu" || got.State != "s" {
		t.Errorf("%+v", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(builtInText)
	f.Add([]byte(`{"settings": {"language": "fr"}, "messages": {"pt-BR": {"exit.hint": {"one": "1", "other": "2"}}}}`))
	f.Add([]byte(`{"ptu_requirements": {"m": {"global": {"minimum": 1e9, "increment": -1}}}}`))
	f.Add([]byte(`[`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		file, faults := Parse(raw)
		for _, fault := range faults {
			if fault.Path == "" || fault.Problem == "" {
				t.Errorf("an empty fault: %+v", fault)
			}
		}
		for _, types := range file.Requirements {
			for _, rule := range types {
				if rule != nil && len(faults) == 0 && (rule.Minimum < 1 || rule.Increment < 1) {
					t.Errorf("accepted a rule of %+v", rule)
				}
			}
		}
	})
}
