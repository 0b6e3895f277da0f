package config

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/render"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/settings"
)

// finding is one row of `config check`.
type finding struct {
	File    string `json:"file"` // "" for a variable or a flag
	Path    string `json:"path"`
	Problem string `json:"problem"`
}

func newCheck(env *verb.Env) *cobra.Command {
	return verb.Command(env, verb.Spec{Use: "check [FILE...]", Help: "config.check", Lenient: true, Run: func(_ context.Context, args []string) error {
		return check(env, args)
	}})
}

// check reports every fault of the named files, or of every source in force.
// With faults it ends with 1.
func check(env *verb.Env, files []string) error {
	var found []finding
	if len(files) == 0 {
		files = env.Sources().Paths()
		found = values(env)
	}
	for _, path := range files {
		found = append(found, faults(env, path)...)
	}
	view := render.List(found, func(f finding) string { return f.Path },
		render.Col(env.T("config.field.file"), func(f finding) any { return f.File }),
		render.Col(env.T("config.field.path"), func(f finding) any { return f.Path }),
		render.Col(env.T("config.field.problem"), func(f finding) any { return f.Problem }),
	)
	view.Empty = env.N("config.faultless", len(files))
	if err := env.Show(view); err != nil {
		return err
	}
	if len(found) > 0 {
		return exit.Quietly(1)
	}
	return nil
}

// faults reads one file and lists what is wrong with it.
func faults(env *verb.Env, path string) []finding {
	_, err := settings.ReadFile(path)
	var invalid *settings.InvalidError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &invalid):
		return []finding{{path, "", env.Explain(err).Error()}}
	}
	var out []finding
	for _, fault := range invalid.Faults {
		out = append(out, finding{path, fault.Path, env.T(fault.Problem, fault.Args...)})
	}
	return out
}

// values lists the variables whose values do not fit.
func values(env *verb.Env) []finding {
	configured, _ := env.Settings()
	var out []finding
	for _, fault := range configured.ValueFaults {
		out = append(out, finding{"", fault.Origin, env.Explain(fault).Error()})
	}
	for _, warning := range configured.Warnings {
		file, path := "", warning.Path
		if i := strings.LastIndex(path, ": "); i >= 0 {
			file, path = path[:i], path[i+2:]
		}
		out = append(out, finding{file, path, env.T(warning.Problem, warning.Args...)})
	}
	return out
}
