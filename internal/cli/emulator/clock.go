package emulator

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/render"
	"github.com/azptu/azptu/internal/cli/verb"
)

// clock is the virtual time of an emulator.
type clock struct {
	Now   time.Time `json:"now"`
	Scale float64   `json:"scale"`
}

func (c clock) show(env *verb.Env) error {
	return env.Show(render.One(c, func(c clock) string { return c.Now.Format(time.RFC3339) },
		render.Col(env.T("emulator.field.now"), func(c clock) any { return c.Now.Format(time.RFC3339) }),
		render.Col(env.T("emulator.field.scale"), func(c clock) any { return c.Scale }),
	))
}

// newAdvance makes `azptu emulator advance`: time passes at once.
func newAdvance(env *verb.Env) *cobra.Command {
	var dir string
	cmd := verb.Command(env, verb.Spec{Use: "advance DURATION", Help: "emulator.advance", Run: func(ctx context.Context, args []string) error {
		by, ok := span(args[0])
		if !ok {
			return exit.New(exit.Usage, env.T("emulator.duration-faulty", "Value", args[0]))
		}
		at, err := find(env, dir)
		if err != nil {
			return err
		}
		var now clock
		if err := ask(ctx, env, at, http.MethodPost, "/clock/advance", map[string]string{"by": by.String()}, &now); err != nil {
			return err
		}
		return now.show(env)
	}})
	bindDir(cmd, &dir)
	return cmd
}

// newReset makes `azptu emulator reset`.
func newReset(env *verb.Env) *cobra.Command {
	var dir string
	cmd := verb.Command(env, verb.Spec{Use: "reset", Help: "emulator.reset", Run: func(ctx context.Context, _ []string) error {
		at, err := find(env, dir)
		if err != nil {
			return err
		}
		if err := ask(ctx, env, at, http.MethodPost, "/reset", nil, nil); err != nil {
			return err
		}
		env.Note(env.T("emulator.reset-done"))
		return nil
	}})
	bindDir(cmd, &dir)
	return cmd
}

// span reads a duration as Go writes it, or whole days: "31m", "1h30m", "90d".
func span(text string) (time.Duration, bool) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.Atoi(days)
		return time.Duration(n) * 24 * time.Hour, err == nil && n >= 0 && n <= 36500
	}
	d, err := time.ParseDuration(text)
	return d, err == nil && d >= 0
}
