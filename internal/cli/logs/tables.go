package logs

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/calllog"
	"github.com/azptu/azptu/internal/cli/render"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/kql"
	"github.com/azptu/azptu/internal/kql/value"
)

// extent is how many rows a table has, and from when to when.
type extent struct {
	Table   string     `json:"table"`
	Rows    int64      `json:"rows"`
	From    *time.Time `json:"from"`
	To      *time.Time `json:"to"`
	Columns int        `json:"columns"`
}

func extentOf(ctx context.Context, view *calllog.View, name string, now time.Time) (extent, error) {
	e := extent{Table: name}
	if schema, ok := calllog.SchemaOf(name); ok {
		e.Columns = len(schema.Columns)
	}
	engine := &kql.Engine{}
	result, err := engine.Query(ctx, name+" | summarize count(), min(TimeGenerated), max(TimeGenerated)", kql.Options{Database: view, Now: now})
	if err != nil {
		return e, fmt.Errorf("looking at table %s: %w", name, err)
	}
	for _, row := range result.Tables[0].Rows() {
		if e.Rows = row[0].I; e.Rows > 0 {
			from, to := value.ToTime(row[1].I), value.ToTime(row[2].I)
			e.From, e.To = &from, &to
		}
	}
	return e, nil
}

func newTables(env *verb.Env) *cobra.Command {
	var at folder
	cmd := verb.Command(env, verb.Spec{Use: "tables", Help: "logs.tables", Run: func(ctx context.Context, _ []string) error {
		view, _, err := at.open(env)
		if err != nil {
			return err
		}
		return showTables(ctx, env, view)
	}})
	at.bind(cmd)
	return cmd
}

// showTables lists the tables with their rows and times.
func showTables(ctx context.Context, env *verb.Env, view *calllog.View) error {
	var all []extent
	for _, name := range view.TableNames() {
		e, err := extentOf(ctx, view, name, env.Now())
		if err != nil {
			return err
		}
		all = append(all, e)
	}
	when := func(t *time.Time) any {
		if t == nil {
			return nil
		}
		return *t
	}
	return env.Show(render.List(all, func(e extent) string { return e.Table },
		render.Col(env.T("logs.column.table"), func(e extent) any { return e.Table }),
		render.Col(env.T("logs.column.rows"), func(e extent) any { return e.Rows }).AlignRight(),
		render.Col(env.T("logs.column.from"), func(e extent) any { return when(e.From) }),
		render.Col(env.T("logs.column.to"), func(e extent) any { return when(e.To) }),
		render.Col(env.T("logs.column.columns"), func(e extent) any { return e.Columns }).AlignRight()))
}
