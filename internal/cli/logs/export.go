package logs

import (
	"bufio"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/calllog"
	"github.com/azptu/azptu/internal/calllog/transfer"
	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/kql"
)

type exportOptions struct {
	env *verb.Env
	folder
	format string
	output string
}

func newExport(env *verb.Env) *cobra.Command {
	o := &exportOptions{env: env}
	cmd := verb.Command(env, verb.Spec{Use: "export QUERY", Help: "logs.export", Run: func(ctx context.Context, args []string) error { return o.run(ctx, args[0]) }})
	o.bind(cmd)
	cmd.Flags().StringVar(&o.format, "format", "jsonl", "logs.flag.format")
	cmd.Flags().StringVar(&o.output, "to", "", "logs.flag.to")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(transfer.Formats, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func (o *exportOptions) run(ctx context.Context, text string) (err error) {
	if !slices.Contains(transfer.Formats, o.format) {
		return o.env.NotOneOf("--format", o.format, transfer.Formats)
	}
	view, _, err := o.open(o.env)
	if err != nil {
		return err
	}
	result, err := ask(ctx, o.env, view, text)
	if err != nil {
		return err
	}
	out := o.env.Term.Out
	if o.output != "" {
		f, createErr := os.OpenFile(o.output, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) // prompts are nobody else's business
		if createErr != nil {
			return exit.New(exit.Failed, o.env.T("logs.file-unwritable", "Path", o.output, "Error", createErr.Error())).Wrap(createErr)
		}
		defer func() {
			if closeErr := f.Close(); err == nil {
				err = closeErr
			}
		}()
		out = f
	}
	if err := writers[o.format](out, &result.Tables[0]); err != nil {
		return fmt.Errorf("writing the export: %w", err)
	}
	return nil
}

// writers are how a result is written, by format.
var writers = map[string]func(io.Writer, *kql.ResultTable) error{"jsonl": writeLines, "csv": writeCSV, "parquet": writeParquet}

// writeParquet writes a file that DuckDB and Spark read.
func writeParquet(w io.Writer, t *kql.ResultTable) error {
	columns := make([]kql.Column, len(t.Columns))
	for i, c := range t.Columns {
		columns[i] = kql.Column{Name: c.Name, Type: c.Type}
	}
	return calllog.WriteParquet(w, t.Name, columns, t.Data)
}

// writeLines writes one JSON object a line.
func writeLines(w io.Writer, t *kql.ResultTable) error {
	out := bufio.NewWriter(w)
	for _, cells := range t.Rows() {
		line, err := resultRow{t.Columns, cells}.MarshalJSON()
		if err != nil {
			return err
		}
		if _, err := out.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	return out.Flush()
}

// writeCSV writes a head and the rows as RFC 4180 has it.
func writeCSV(w io.Writer, t *kql.ResultTable) error {
	out := csv.NewWriter(w)
	fields := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		fields[i] = c.Name
	}
	if err := out.Write(fields); err != nil {
		return err
	}
	for _, cells := range t.Rows() {
		for i, x := range cells {
			fields[i] = kql.Text(x)
		}
		if err := out.Write(fields); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}
