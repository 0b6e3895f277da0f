// Package metrics holds the verbs that show what deployments did, as Azure
// Monitor counted it: calls by status, tokens, utilization, time to the first
// response, spill-over. show looks once, watch again and again: as a screen of
// its own on a terminal, as plain lines elsewhere. The drawing is shared with
// `azptu deployment watch`.
package metrics

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/azure/arm"
	"github.com/azptu/azptu/internal/azure/monitor"
	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/render"
	"github.com/azptu/azptu/internal/cli/session"
	"github.com/azptu/azptu/internal/cli/verb"
)

// New makes the noun `azptu metrics`.
func New(env *verb.Env) *cobra.Command {
	return verb.Group(env, verb.Spec{Use: "metrics", Help: "metrics"}, newShow(env), newWatch(env))
}

// options are what both verbs take.
type options struct {
	scope verb.Scope
	name  string
	last  time.Duration
	step  time.Duration
	all   bool
}

func (o *options) bind(env *verb.Env, cmd *cobra.Command) {
	o.scope.Bind(env, cmd, verb.FlagAccount, verb.FlagResourceGroup, verb.FlagSubscription)
	cmd.Flags().DurationVar(&o.last, "last", time.Hour, "metrics.flag.last")
	cmd.Flags().DurationVar(&o.step, "interval", 0, "metrics.flag.interval")
	cmd.Flags().BoolVar(&o.all, "all", false, "metrics.flag.all")
}

// longest is how long Azure Monitor keeps platform metrics.
const longest = 93 * 24 * time.Hour

// Check refuses a stretch of time that Azure Monitor cannot be asked about.
func (w Window) Check(env *verb.Env) error {
	if w.Last < time.Minute || w.Last > longest {
		return exit.New(exit.Usage, env.T("metrics.last-faulty", "Value", w.Last.String()))
	}
	return nil
}

func (o *options) check(env *verb.Env, args []string) error {
	if len(args) > 0 {
		o.name = args[0]
		if err := session.CheckName(env, arm.DeploymentName, o.name); err != nil {
			return err
		}
	}
	if err := (Window{Last: o.last}).Check(env); err != nil {
		return err
	}
	if o.step != 0 && !slices.Contains(monitor.Steps, o.step) {
		var known []string
		for _, step := range monitor.Steps {
			known = append(known, strings.TrimSuffix(strings.TrimSuffix(step.String(), "0s"), "0m"))
		}
		return env.NotOneOf("--interval", o.step.String(), known)
	}
	return nil
}

// accounts are the account that is meant, or all of the subscription.
func (o *options) accounts(ctx context.Context, s *session.Session) ([]arm.Account, error) {
	filled, err := s.Env.Fill(ctx, o.scope)
	if err != nil {
		return nil, err
	}
	if !o.all && filled.Account != "" {
		ref, err := s.Account(ctx, o.scope, verb.Tree)
		if err != nil {
			return nil, err
		}
		one, err := s.ARM.Account(ctx, ref)
		if err != nil && session.IsMissing(err) {
			return nil, s.MissingAccount(ctx, ref, err)
		}
		return []arm.Account{one}, session.Explain(s.Env, err)
	}
	subscription, err := s.Subscription(ctx, o.scope)
	if err != nil {
		return nil, err
	}
	all, err := s.ARM.Accounts(ctx, subscription)
	return all, session.Explain(s.Env, err)
}

func newShow(env *verb.Env) *cobra.Command {
	o := &options{}
	cmd := verb.Command(env, verb.Spec{Use: "show [NAME]", Aliases: []string{"list"}, Help: "metrics.show", Run: func(ctx context.Context, args []string) error {
		if err := o.check(env, args); err != nil {
			return err
		}
		return o.show(ctx, env)
	}})
	o.bind(env, cmd)
	return cmd
}

func (o *options) show(ctx context.Context, env *verb.Env) error {
	s, err := session.Open(env)
	if err != nil {
		return err
	}
	done := session.Busy(env, env.T("metrics.asking"))
	rows, err := o.read(ctx, s)
	done()
	if err != nil {
		return err
	}
	if o.name != "" && len(rows) == 1 && env.InWords(verb.Tree) {
		for _, line := range Board(env, rows[0], cmp.Or(env.Term.Width, 80), 6) {
			say(env, line)
		}
		return nil
	}
	return env.Show(view(env, rows))
}

func (o *options) read(ctx context.Context, s *session.Session) ([]Row, error) {
	accounts, err := o.accounts(ctx, s)
	if err != nil {
		return nil, err
	}
	rows, err := Read(ctx, s, accounts, o.name, Window{o.last, o.step})
	if err == nil && o.name != "" && len(rows) == 0 {
		return nil, exit.New(exit.NotFound, s.Env.T("metrics.unknown", "Name", o.name))
	}
	return rows, err
}

func view(env *verb.Env, rows []Row) render.View {
	p := env.Printer()
	v := render.List(rows, func(r Row) string { return r.Deployment },
		render.Col(env.T("metrics.field.account"), func(r Row) any { return r.Account }).OnlyWide(),
		render.Col(env.T("metrics.field.deployment"), func(r Row) any { return r.Deployment }),
		render.Col("SKU", func(r Row) any { return r.SKU }).OnlyWide(),
		render.Col(env.T("metrics.field.used"), func(r Row) any { return percent(p, r.Utilization) }).AlignRight(),
		render.Col(env.T("metrics.field.peak"), func(r Row) any { return percent(p, r.Peak) }).AlignRight(),
		render.Col(env.T("metrics.field.requests"), func(r Row) any { return r.Requests }).AlignRight(),
		render.Col("429", func(r Row) any { return r.Refused() }).AlignRight(),
		render.Col("5xx", func(r Row) any { return r.Failed() }).AlignRight(),
		render.Col(env.T("metrics.field.spilled"), func(r Row) any { return r.Spilled }).AlignRight(),
		render.Col(env.T("metrics.field.prompt"), func(r Row) any { return r.PromptTokens }).AlignRight(),
		render.Col(env.T("metrics.field.output"), func(r Row) any { return r.OutputTokens }).AlignRight(),
		render.Col(env.T("metrics.field.response"), func(r Row) any { return milliseconds(p, r.ResponseMs) }).AlignRight(),
		render.Col(env.T("metrics.field.total"), func(r Row) any { return milliseconds(p, r.TotalMs) }).AlignRight().OnlyWide(),
		render.Col(env.T("metrics.field.trend"), func(r Row) any { return trend(r, sparkCells) }),
	)
	v.Empty = env.T("metrics.none")
	return v
}
