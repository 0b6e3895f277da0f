package emulator

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/render"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/emulator/fault"
)

// newFault makes `azptu emulator fault`: what is to go wrong.
func newFault(env *verb.Env) *cobra.Command {
	return verb.Group(env, verb.Spec{Use: "fault", Help: "emulator.fault"},
		newFaultAdd(env), newFaultList(env), newFaultKinds(env), newFaultRemove(env), newFaultClear(env))
}

type faultAdd struct {
	env *verb.Env
	dir string
	fault.Fault
}

func newFaultAdd(env *verb.Env) *cobra.Command {
	o := &faultAdd{env: env}
	cmd := verb.Command(env, verb.Spec{Use: "add KIND", Help: "emulator.fault.add", Run: o.run})
	bindDir(cmd, &o.dir)
	f := cmd.Flags()
	f.StringVar(&o.Service, "service", "", "emulator.fault.flag.service")
	f.StringVar(&o.Account, "account-name", "", "emulator.fault.flag.account")
	f.StringVar(&o.Deployment, "deployment-name", "", "emulator.fault.flag.deployment")
	f.StringVar(&o.Region, "location", "", "emulator.fault.flag.location")
	f.Float64Var(&o.Percent, "percent", 0, "emulator.fault.flag.percent")
	f.IntVar(&o.Count, "count", 0, "emulator.fault.flag.count")
	for _, d := range []struct {
		into *fault.Duration
		name string
	}{{&o.For, "for"}, {&o.Delay, "delay"}, {&o.Jitter, "jitter"}, {&o.RetryAfter, "retry-after"}, {&o.Skew, "skew"}} {
		f.DurationVar((*time.Duration)(d.into), d.name, 0, "emulator.fault.flag."+d.name)
	}
	f.IntVar(&o.Status, "status", 0, "emulator.fault.flag.status")
	f.StringVar(&o.Code, "code", "", "emulator.fault.flag.code")
	f.StringVar(&o.Message, "message", "", "emulator.fault.flag.message")
	f.IntVar(&o.After, "after", 0, "emulator.fault.flag.after")
	f.StringVar(&o.SKU, "sku", "", "emulator.fault.flag.sku")
	f.StringVar(&o.Row, "row", "", "emulator.fault.flag.row")
	f.IntVar(&o.Units, "units", 0, "emulator.fault.flag.units")
	_ = cmd.RegisterFlagCompletionFunc("service", cobra.FixedCompletions([]string{fault.DataPlane, fault.ResourceManager}, cobra.ShellCompDirectiveNoFileComp))
	cmd.ValidArgsFunction = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return kindNames(), cobra.ShellCompDirectiveNoFileComp
	}
	return cmd
}

func (o *faultAdd) run(ctx context.Context, args []string) error {
	o.Kind = args[0]
	if !slices.Contains(kindNames(), o.Kind) {
		return exit.New(exit.Usage, o.env.T("emulator.fault.unknown", "Kind", o.Kind, "Kinds", strings.Join(kindNames(), ", ")))
	}
	at, err := find(o.env, o.dir)
	if err != nil {
		return err
	}
	var made fault.Fault
	if err := ask(ctx, o.env, at, http.MethodPost, "/faults", o.Fault, &made); err != nil {
		return err
	}
	return showFault(o.env, made)
}

func newFaultList(env *verb.Env) *cobra.Command {
	var dir string
	cmd := verb.Command(env, verb.Spec{Use: "list", Aliases: []string{"ls"}, Help: "emulator.fault.list", Run: func(ctx context.Context, _ []string) error {
		at, err := find(env, dir)
		if err != nil {
			return err
		}
		var on struct{ Faults []fault.Fault }
		if err := ask(ctx, env, at, http.MethodGet, "/faults", nil, &on); err != nil {
			return err
		}
		view := render.List(on.Faults, faultID, faultColumns(env)...)
		view.Empty = env.T("emulator.fault.none")
		return env.Show(view)
	}})
	bindDir(cmd, &dir)
	return cmd
}

// newFaultKinds tells what can go wrong; it needs no running emulator.
func newFaultKinds(env *verb.Env) *cobra.Command {
	return verb.Command(env, verb.Spec{Use: "kinds", Help: "emulator.fault.kinds", Run: func(context.Context, []string) error {
		return env.Show(render.List(fault.Kinds(), func(k fault.Kind) string { return k.Name },
			render.Col(env.T("emulator.field.kind"), func(k fault.Kind) any { return k.Name }),
			render.Col(env.T("emulator.field.about"), func(k fault.Kind) any { return env.T("emulator.fault.kind." + k.Name) }),
		))
	}})
}

func newFaultRemove(env *verb.Env) *cobra.Command {
	var dir string
	cmd := verb.Command(env, verb.Spec{Use: "remove ID", Aliases: []string{"rm"}, Help: "emulator.fault.remove", Run: func(ctx context.Context, args []string) error {
		at, err := find(env, dir)
		if err != nil {
			return err
		}
		return ask(ctx, env, at, http.MethodDelete, "/faults/"+url.PathEscape(args[0]), nil, nil)
	}})
	bindDir(cmd, &dir)
	return cmd
}

func newFaultClear(env *verb.Env) *cobra.Command {
	var dir string
	cmd := verb.Command(env, verb.Spec{Use: "clear", Help: "emulator.fault.clear", Run: func(ctx context.Context, _ []string) error {
		at, err := find(env, dir)
		if err != nil {
			return err
		}
		var gone struct{ Removed int }
		if err := ask(ctx, env, at, http.MethodDelete, "/faults", nil, &gone); err != nil {
			return err
		}
		env.Note(env.N("emulator.fault.cleared", gone.Removed))
		return nil
	}})
	bindDir(cmd, &dir)
	return cmd
}

func kindNames() []string {
	var names []string
	for _, k := range fault.Kinds() {
		names = append(names, k.Name)
	}
	return names
}

func faultID(f fault.Fault) string { return f.ID }

func faultColumns(env *verb.Env) []render.Field[fault.Fault] {
	return []render.Field[fault.Fault]{
		render.Col("ID", func(f fault.Fault) any { return f.ID }),
		render.Col(env.T("emulator.field.kind"), func(f fault.Fault) any { return f.Kind }),
		render.Col(env.T("emulator.field.scope"), func(f fault.Fault) any { return scopeOf(env, f) }),
		render.Col("%", func(f fault.Fault) any { return f.Percent }).AlignRight(),
		render.Col(env.T("emulator.field.hits"), func(f fault.Fault) any { return f.Hits }).AlignRight(),
		render.Col(env.T("emulator.field.until"), func(f fault.Fault) any {
			if f.Until.IsZero() {
				return ""
			}
			return f.Until.Format(time.RFC3339)
		}),
	}
}

// scopeOf is what a fault is about, in a few words.
func scopeOf(env *verb.Env, f fault.Fault) string {
	var parts []string
	for _, s := range []string{f.Service, f.Account, f.Deployment, f.Region, f.SKU, f.Row} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	if len(parts) == 0 {
		return env.T("emulator.fault.everywhere")
	}
	return strings.Join(parts, " ")
}

func showFault(env *verb.Env, f fault.Fault) error {
	return env.Show(render.One(f, faultID, faultColumns(env)...))
}
