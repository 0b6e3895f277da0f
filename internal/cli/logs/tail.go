package logs

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/kql"
	"github.com/azptu/azptu/internal/kql/value"
)

// tailEvery is how often a followed log is looked at.
const tailEvery = time.Second

// tailOverlap is how far back a followed log looks again, as rows are written
// up to this long after the call they tell of began. Rows seen are not shown
// twice.
const tailOverlap = 10 * time.Minute

type tailOptions struct {
	env *verb.Env
	folder
	follow bool
	lines  int
	where  string
}

func newTail(env *verb.Env) *cobra.Command {
	o := &tailOptions{env: env}
	cmd := verb.Command(env, verb.Spec{Use: "tail", Help: "logs.tail", Run: func(ctx context.Context, _ []string) error { return o.run(ctx) }})
	o.bind(cmd)
	cmd.Flags().BoolVarP(&o.follow, "follow", "f", false, "logs.flag.follow")
	cmd.Flags().IntVarP(&o.lines, "lines", "n", 10, "logs.flag.lines")
	cmd.Flags().StringVar(&o.where, "where", "", "logs.flag.where")
	return cmd
}

func (o *tailOptions) run(ctx context.Context) error {
	view, _, err := o.open(o.env)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	if err := o.show(ctx, view, fmt.Sprintf("top %d by TimeGenerated desc | order by TimeGenerated asc", max(o.lines, 0)), seen); err != nil || !o.follow {
		return err
	}
	tick := time.NewTicker(tailEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			since := value.FormatDateTime(value.FromTime(o.env.Now().Add(-tailOverlap)))
			if err := o.show(ctx, view, "where TimeGenerated > datetime("+since+") | order by TimeGenerated asc", seen); err != nil {
				return err
			}
		}
	}
}

// show writes the calls of a query that were not shown yet, a line each.
func (o *tailOptions) show(ctx context.Context, view kql.Database, tail string, seen map[string]bool) error {
	text := "Calls | where isnotempty(CallId)"
	if o.where != "" {
		text += " | where " + o.where
	}
	text += " | " + tail + " | project CallId, TimeGenerated, Status, Key, Model, Backend, SpillReason, TotalTokens, TotalMs, ErrorCode"
	result, err := ask(ctx, o.env, view, text)
	if err != nil {
		return err
	}
	for _, row := range result.Tables[0].Rows() {
		if seen[row[0].S] {
			continue
		}
		seen[row[0].S] = true
		line := fmt.Sprintf("%s  %3d  %-16s %-28s %-20s %6d tok %9.1f ms", value.ToTime(row[1].I).Format("2006-01-02T15:04:05.000Z"), row[2].I, row[3].S, row[4].S, row[5].S, row[7].I, row[8].F)
		for _, extra := range []string{row[6].S, row[9].S} {
			if extra != "" {
				line += "  " + extra
			}
		}
		if _, err := fmt.Fprintln(o.env.Term.Out, line); err != nil {
			return err
		}
	}
	return nil
}
