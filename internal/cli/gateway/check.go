package gateway

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/render"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/gateway"
	"github.com/azptu/azptu/internal/gateway/config"
)

// Finding is one thing `check` found, as -o json shows it.
type Finding struct {
	Severity string `json:"severity"` // error or warning
	Path     string `json:"path"`
	Line     int    `json:"line,omitempty"`
	Message  string `json:"message"`
}

type checkOptions struct {
	env       *verb.Env
	config    string
	noSecrets bool
}

func newCheck(env *verb.Env) *cobra.Command {
	o := &checkOptions{env: env}
	cmd := verb.Command(env, verb.Spec{Use: "check", Help: "gateway.check", Run: func(ctx context.Context, _ []string) error { return o.run(ctx) }})
	bindConfig(cmd, &o.config)
	cmd.Flags().BoolVar(&o.noSecrets, "no-secrets", false, "gateway.flag.no-secrets")
	return cmd
}

func (o *checkOptions) run(ctx context.Context) error {
	env := o.env
	c, _, err := gateway.ReadConfig(o.config)
	var invalid *config.Invalid
	var findings []Finding
	failed := false
	note := func(severity string, faults []config.Fault) {
		for _, f := range faults {
			failed = failed || severity == "error"
			findings = append(findings, Finding{severity, f.Path, f.Line, f.Message})
		}
	}
	switch {
	case errors.As(err, &invalid):
		note("error", invalid.Faults)
	case err != nil:
		return explain(env, o.config, err)
	default:
		note("warning", c.Warnings)
		if !o.noSecrets {
			note("error", gateway.CheckSecrets(ctx, c, secrets(env)))
		}
	}
	view := render.List(findings, func(f Finding) string { return f.Path },
		render.Col(env.T("gateway.column.severity"), func(f Finding) any { return env.T("gateway.severity." + f.Severity) }),
		render.Col(env.T("gateway.column.path"), func(f Finding) any { return f.Path }),
		render.Col(env.T("gateway.column.line"), func(f Finding) any {
			if f.Line == 0 {
				return nil
			}
			return f.Line
		}).AlignRight(),
		render.Col(env.T("gateway.column.message"), func(f Finding) any { return f.Message }))
	view.Empty = env.T("gateway.good", "Path", o.config)
	if err := env.Show(view); err != nil {
		return err
	}
	if failed {
		return exit.Quietly(1)
	}
	return nil
}
