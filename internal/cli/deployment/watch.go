package deployment

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/azure/arm"
	"github.com/azptu/azptu/internal/cli/metrics"
	"github.com/azptu/azptu/internal/cli/session"
	"github.com/azptu/azptu/internal/cli/verb"
)

type watchOptions struct {
	target
	metrics.Watching
	last time.Duration
}

// newWatch makes `azptu deployment watch`: one deployment on the whole screen,
// its state and its charts, or a line for each look where there is no screen.
func newWatch(env *verb.Env) *cobra.Command {
	o := &watchOptions{target: target{face: verb.Tree}}
	cmd := verb.Command(env, verb.Spec{Use: "watch NAME", Help: "deployment.watch", Run: func(ctx context.Context, args []string) error {
		o.take(args)
		return o.run(ctx, env)
	}})
	o.bind(env, cmd)
	o.Bind(cmd)
	cmd.Flags().DurationVar(&o.last, "last", time.Hour, "metrics.flag.last")
	return cmd
}

func (o *watchOptions) run(ctx context.Context, env *verb.Env) error {
	window := metrics.Window{Last: o.last}
	if err := errors.Join(window.Check(env), o.Check(env)); err != nil {
		return err
	}
	s, ref, err := o.open(ctx, env)
	if err != nil {
		return err
	}
	if _, err := read(ctx, s, ref); err != nil {
		return err
	}
	account, err := s.ARM.Account(ctx, ref.AccountRef)
	if err != nil {
		return session.Explain(env, err)
	}
	return metrics.Watch(ctx, s, []arm.Account{account}, ref.Deployment, window, &o.Watching)
}
