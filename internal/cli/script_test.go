package cli

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// The test binary is azptu itself when a script calls it by that name, so the
// scripts run a whole command line without a build.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"azptu": func() { os.Exit(Main("2.0.0")) }})
}

// TestScripts runs every acceptance test under testdata/script that needs no
// Azure. A script starts with a home of its own, English, and no settings.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Files:               scripts(t, func(name string) bool { return !strings.HasPrefix(name, "azure_") }),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               setupScript,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
	})
}

// scripts lists the scripts whose names are wanted.
func scripts(t *testing.T, want func(name string) bool) []string {
	t.Helper()
	all, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(path string) bool { return !want(filepath.Base(path)) })
}

func setupScript(env *testscript.Env) error {
	for name, value := range map[string]string{
		"HOME": env.WorkDir + "/home", "XDG_CONFIG_HOME": "", "XDG_STATE_HOME": "", "LC_ALL": "", "LC_MESSAGES": "", "LANG": "C.UTF-8",
		"NO_COLOR": "1", "COLUMNS": "",
	} {
		env.Setenv(name, value)
	}
	return nil
}

// exits runs a command that must end with a given exit code:
// exits 2 azptu no-such-command.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE command [args...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var ended *exec.ExitError
	switch {
	case errors.As(err, &ended):
		got = ended.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("%s", fmt.Sprintf("exit code %d, want %d", got, want))
	}
}
