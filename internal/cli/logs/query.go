package logs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/calllog"
	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/render"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/kql"
	"github.com/azptu/azptu/internal/kql/value"
)

// maxText bounds a query, in bytes.
const maxText = 2 << 20

type queryOptions struct {
	env *verb.Env
	folder
	file  string
	saved string
	list  bool
	since time.Duration

	chart bool   // draw though nobody looks
	svg   string // file of a picture

	on        string // "" asks the folder
	workspace string
	cluster   string
	database  string
}

func newQuery(env *verb.Env) *cobra.Command {
	o := &queryOptions{env: env}
	cmd := verb.Command(env, verb.Spec{Use: "query [QUERY]", Help: "logs.query", Run: o.run})
	o.bind(cmd)
	cmd.Flags().StringVar(&o.file, "file", "", "logs.flag.file")
	cmd.Flags().StringVar(&o.saved, "saved", "", "logs.flag.saved")
	cmd.Flags().BoolVar(&o.list, "list-saved", false, "logs.flag.list-saved")
	cmd.Flags().DurationVar(&o.since, "since", 0, "logs.flag.since")
	cmd.Flags().BoolVar(&o.chart, "chart", false, "logs.flag.chart")
	cmd.Flags().StringVar(&o.svg, "svg", "", "logs.flag.svg")
	cmd.Flags().StringVar(&o.on, "on", "", "logs.flag.on")
	cmd.Flags().StringVar(&o.workspace, "workspace", "", "logs.flag.workspace")
	cmd.Flags().StringVar(&o.cluster, "cluster", "", "logs.flag.cluster")
	cmd.Flags().StringVar(&o.database, "database", "", "logs.flag.database")
	_ = cmd.RegisterFlagCompletionFunc("on", cobra.FixedCompletions([]string{onWorkspace, onExplorer}, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("saved", cobra.FixedCompletions(calllog.SavedNames(), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func (o *queryOptions) run(ctx context.Context, args []string) error {
	if o.list {
		return o.listSaved()
	}
	text, err := o.text(args)
	if err != nil {
		return err
	}
	if o.on != "" {
		result, err := o.askAzure(ctx, text)
		if err != nil {
			return err
		}
		return o.show(result)
	}
	view, dir, err := o.open(o.env)
	if err != nil {
		return o.askWithout(ctx, text, err)
	}
	seen := newWitness(view)
	result, err := ask(ctx, o.env, o.within(seen), text)
	if err != nil {
		return err
	}
	if n := view.Skipped(); n > 0 {
		o.env.Warn(o.env.N("logs.skipped-lines", int(n)))
	}
	if n := view.Broken(); n > 0 {
		o.env.Warn(o.env.N("logs.skipped-segments", int(n)))
	}
	if err := o.show(result); err != nil {
		return err
	}
	if len(result.Tables) > 0 && result.Tables[0].Len == 0 {
		o.explainEmpty(ctx, view, dir, seen)
	}
	return nil
}

// askWithout answers a query that needs no logs, such as print 1+1, where there
// are none. A query that looks for a table fails with missing.
func (o *queryOptions) askWithout(ctx context.Context, text string, missing error) error {
	database := &noTables{}
	result, err := ask(ctx, o.env, database, text)
	switch {
	case database.asked:
		return missing
	case err != nil:
		return err
	}
	return o.show(result)
}

// noTables is a database without tables that notes whether it was asked for one.
type noTables struct{ asked bool }

// Table implements kql.Database.
func (n *noTables) Table(string) (kql.Table, bool) {
	n.asked = true
	return nil, false
}

// TableNames implements kql.Database.
func (n *noTables) TableNames() []string {
	n.asked = true
	return nil
}

// within is the folder's tables, of the time that is asked for.
func (o *queryOptions) within(view kql.Database) kql.Database {
	if o.since <= 0 {
		return view
	}
	now := o.env.Now()
	return kql.Between(view, "TimeGenerated", now.Add(-o.since), now)
}

func (o *queryOptions) show(result *kql.Result) error {
	for i := range result.Tables {
		if drawn, err := o.draw(&result.Tables[i]); err != nil || drawn {
			return err
		}
		if err := o.env.Show(tableView(&result.Tables[i])); err != nil {
			return err
		}
	}
	return nil
}

// text is the query: an argument, a file, a saved one, or standard input.
func (o *queryOptions) text(args []string) (string, error) {
	given := 0
	for _, one := range []bool{len(args) > 0, o.file != "", o.saved != ""} {
		if one {
			given++
		}
	}
	switch {
	case given > 1:
		return "", exit.New(exit.Usage, o.env.T("logs.one-query"))
	case len(args) > 0:
		return args[0], nil
	case o.saved != "":
		text, ok := calllog.Saved(o.saved)
		if !ok {
			return "", o.env.NotOneOf("--saved", o.saved, calllog.SavedNames())
		}
		return text, nil
	case o.file == "" && o.env.Term.InTTY:
		return "", exit.New(exit.Usage, o.env.T("logs.no-query")).Hint(o.env.T("logs.no-query.hint"))
	}
	in := o.env.Term.In
	if o.file != "" && o.file != "-" {
		f, err := os.Open(o.file)
		if err != nil {
			return "", exit.New(exit.NotFound, o.env.T("logs.file-unreadable", "Path", o.file, "Error", err.Error())).Wrap(err)
		}
		defer f.Close()
		in = f
	}
	raw, err := io.ReadAll(io.LimitReader(in, maxText+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("reading the query: %w", err)
	case len(raw) > maxText:
		return "", exit.New(exit.Validation, o.env.T("logs.query-too-long", "Bytes", maxText))
	case len(bytes.TrimSpace(raw)) == 0:
		return "", exit.New(exit.Usage, o.env.T("logs.no-query")).Hint(o.env.T("logs.no-query.hint"))
	}
	return string(raw), nil
}

func (o *queryOptions) listSaved() error {
	type saved struct {
		Name        string `json:"name"`
		Description string `json:"description"`
		Query       string `json:"query"`
	}
	var all []saved
	for _, name := range calllog.SavedNames() {
		text, _ := calllog.Saved(name)
		all = append(all, saved{name, o.env.T("logs.saved." + name), strings.TrimSpace(text)})
	}
	return o.env.Show(render.List(all, func(s saved) string { return s.Name },
		render.Col(o.env.T("logs.column.name"), func(s saved) any { return s.Name }),
		render.Col(o.env.T("logs.column.description"), func(s saved) any { return s.Description })))
}

// ask runs a query and explains what is wrong with it.
func ask(ctx context.Context, env *verb.Env, database kql.Database, text string) (*kql.Result, error) {
	engine := &kql.Engine{}
	result, err := engine.Query(ctx, text, kql.Options{Now: env.Now(), Database: database, Open: os.ReadFile})
	var fault *kql.Error
	var limit *kql.LimitError
	switch {
	case errors.As(err, &fault):
		out := exit.New(exit.Validation, env.T("logs.query-faulty", "Line", fault.Line, "Column", fault.Column, "Message", fault.Message)).Wrap(err)
		if fault.Near != "" {
			out.Hint(env.T("cli.did-you-mean", "Name", fault.Near))
		}
		if fault.Corrected != "" {
			out.Hint(env.T("logs.query-corrected") + "\n" + fault.Corrected)
		}
		return nil, out
	case errors.As(err, &limit):
		return nil, exit.New(exit.Failed, env.T("logs.query-limited", "Message", limit.Reason())).Hint(env.T("logs.query-limited.hint")).Wrap(err)
	}
	return result, err
}

// resultRow is one row whose JSON keeps the order and the types of a result.
type resultRow struct {
	columns []kql.ResultColumn
	cells   []kql.Value
}

// MarshalJSON writes the row as an object in the order of the columns.
func (r resultRow) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, c := range r.columns {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(value.AppendQuoted(b, c.Name), ':')
		b = kql.AppendJSON(b, r.cells[i])
	}
	return append(b, '}'), nil
}

// tableView is a result as people and programs see it.
func tableView(t *kql.ResultTable) render.View {
	v := render.View{}
	for _, c := range t.Columns {
		v.Columns = append(v.Columns, render.Column{Title: c.Name, Right: c.Type.IsNumeric()})
	}
	rows := make([]resultRow, 0, t.Len)
	for _, cells := range t.Rows() {
		rows = append(rows, resultRow{t.Columns, cells})
		shown := make([]any, len(cells))
		for i, x := range cells {
			shown[i] = shownCell(x)
		}
		v.Rows = append(v.Rows, shown)
		if len(cells) > 0 {
			v.Names = append(v.Names, kql.Text(cells[0]))
		}
	}
	v.Value = rows
	return v
}

func shownCell(x kql.Value) any {
	switch {
	case x.Null:
		return nil
	case x.T == value.Long || x.T == value.Int:
		return x.I
	case x.T == value.Real && !math.IsNaN(x.F) && !math.IsInf(x.F, 0):
		return x.F
	}
	return kql.Text(x)
}
