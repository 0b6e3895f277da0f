package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/render"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/gateway"
)

type explainOptions struct {
	env           *verb.Env
	config, admin string
	offline       bool
	question      gateway.Question
}

func newExplain(env *verb.Env) *cobra.Command {
	o := &explainOptions{env: env}
	cmd := verb.Command(env, verb.Spec{Use: "explain", Help: "gateway.explain", Required: []string{"model"}, Run: func(ctx context.Context, _ []string) error { return o.run(ctx) }})
	bindConfig(cmd, &o.config)
	f := cmd.Flags()
	f.StringVar(&o.admin, "admin", "", "gateway.flag.admin")
	f.BoolVar(&o.offline, "offline", false, "gateway.flag.offline")
	f.StringVar(&o.question.Model, "model", "", "gateway.flag.model")
	f.StringVar(&o.question.Key, "key-name", "", "gateway.flag.key-name")
	f.StringVar(&o.question.Path, "path", "", "gateway.flag.path")
	f.IntVar(&o.question.Prompt, "prompt-tokens", 0, "gateway.flag.prompt-tokens")
	f.IntVar(&o.question.MaxTokens, "max-tokens", 0, "gateway.flag.max-tokens")
	return cmd
}

func (o *explainOptions) run(ctx context.Context) error {
	e, err := o.ask(ctx)
	if err != nil {
		return err
	}
	view := render.List(e.Order, func(c gateway.Candidate) string { return c.Backend },
		render.Col(o.env.T("gateway.column.backend"), func(c gateway.Candidate) any { return c.Backend }),
		render.Col(o.env.T("gateway.column.kind"), func(c gateway.Candidate) any { return c.Kind }),
		render.Col(o.env.T("gateway.column.region"), func(c gateway.Candidate) any { return c.Region }),
		render.Col(o.env.T("gateway.column.used"), func(c gateway.Candidate) any { return fmt.Sprintf("%.1f %%", 100*c.Utilization) }).AlignRight(),
		render.Col(o.env.T("gateway.column.available"), func(c gateway.Candidate) any { return c.Available }),
		render.Col(o.env.T("gateway.column.why"), func(c gateway.Candidate) any { return c.Why }))
	view.Value = e
	o.head(e)
	return o.env.Show(view)
}

// head tells what the table of backends does not.
func (o *explainOptions) head(e gateway.Explanation) {
	env := o.env
	env.Note(env.T("gateway.explain-head", "Key", e.Key, "Product", e.Product, "Class", e.Class, "Operation", e.Operation, "Pool", e.Pool, "Strategy", e.Strategy, "Boundary", e.Boundary))
	for _, l := range e.Limits {
		env.Note(env.T("gateway.explain-limit", "Scope", l.Scope, "What", l.What, "Remaining", env.Printer().Number(l.Remaining), "Limit", env.Printer().Number(l.Limit)))
	}
	for _, name := range e.Outside {
		env.Note(env.T("gateway.explain-outside", "Backend", name, "Boundary", e.Boundary))
	}
	env.Note(env.T("gateway.explain-verdict", "Verdict", e.Verdict))
}

// ask asks the running gateway, or, when there is none, one that is made of
// the configuration and has seen no call yet.
func (o *explainOptions) ask(ctx context.Context) (e gateway.Explanation, err error) {
	if !o.offline {
		body, err := json.Marshal(o.question)
		if err != nil {
			return e, fmt.Errorf("writing the question: %w", err)
		}
		c, err := consoleOf(o.env, o.admin, o.config)
		if err == nil {
			err = c.call(ctx, http.MethodPost, "/v1/explain", http.Header{"Content-Type": {"application/json"}}, body, &e)
		}
		var known *exit.Error
		if err == nil || o.admin != "" || errors.As(err, &known) && known.Kind == exit.Validation {
			return e, err
		}
		o.env.Note(o.env.T("gateway.explain-offline"))
	}
	c, text, err := read(o.env, o.config)
	if err != nil {
		return e, err
	}
	g, err := gateway.New(ctx, c, text, gateway.Options{Now: o.env.Now, Getenv: o.env.Getenv, Tokens: sources(o.env)})
	if err != nil {
		return e, explain(o.env, o.config, err)
	}
	defer g.Close(ctx)
	return g.Explain(o.question), nil
}
