package logs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/calllog"
	"github.com/azptu/azptu/internal/calllog/mask"
	"github.com/azptu/azptu/internal/calllog/transfer"
	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/gateway/config"
)

type importOptions struct {
	env *verb.Env
	folder
	table  string
	format string
	mask   bool
	config string // of a gateway, whose rules are to hold
}

func newImport(env *verb.Env) *cobra.Command {
	o := &importOptions{env: env}
	cmd := verb.Command(env, verb.Spec{Use: "import FILE...", Help: "logs.import", NoDryRun: true, Required: []string{"table"}, Run: o.run})
	o.bind(cmd)
	cmd.Flags().StringVar(&o.table, "table", "", "logs.flag.table")
	cmd.Flags().StringVar(&o.format, "format", "", "logs.flag.import-format")
	cmd.Flags().BoolVar(&o.mask, "mask", false, "logs.flag.import-mask")
	cmd.Flags().StringVar(&o.config, "config", "", "logs.flag.import-config")
	_ = cmd.MarkFlagFilename("config", "yaml", "yml")
	// Asked for when somebody completes: reading the schemas would cost every command a millisecond.
	_ = cmd.RegisterFlagCompletionFunc("table", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return tableNames(), cobra.ShellCompDirectiveNoFileComp
	})
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(transfer.Formats, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func tableNames() (names []string) {
	for _, s := range calllog.Schemas() {
		names = append(names, s.Table)
	}
	return names
}

func (o *importOptions) run(ctx context.Context, files []string) (err error) {
	schema, ok := calllog.SchemaOf(o.table)
	if !ok {
		return o.env.NotOneOf("--table", o.table, tableNames())
	}
	if o.format != "" && !slices.Contains(transfer.Formats, o.format) {
		return o.env.NotOneOf("--format", o.format, transfer.Formats)
	}
	rules, err := o.rules()
	if err != nil {
		return err
	}
	store, err := o.openForWriting(o.env, rules)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	in := &importer{ctx: ctx, store: store, table: o.table}
	for _, file := range files {
		outcome, err := o.read(file, schema, in)
		if err == nil {
			err = in.send()
		}
		if err != nil {
			return exit.New(exit.Failed, o.env.T("logs.import-failed", "Path", file, "Rows", in.sent, "Error", err.Error())).Wrap(err)
		}
		if outcome.Faulty > 0 {
			o.env.Warn(o.env.N("logs.import-faulty", outcome.Faulty, "Path", file, "Line", outcome.First))
		}
	}
	if in.dropped > 0 {
		o.env.Warn(o.env.N("logs.import-dropped", in.dropped, "Table", o.table))
	}
	o.env.Note(o.env.N("logs.imported", in.sent, "Table", o.table))
	return nil
}

// rules are what rows are masked by; nil keeps them as they are.
func (o *importOptions) rules() (*mask.Rules, error) {
	if o.config == "" {
		if o.mask {
			return new(mask.Rules), nil
		}
		return nil, nil
	}
	text, err := os.ReadFile(o.config)
	if err != nil {
		return nil, exit.New(exit.NotFound, o.env.T("logs.file-unreadable", "Path", o.config, "Error", err.Error())).Wrap(err)
	}
	c, err := config.Parse(text)
	if err != nil {
		return nil, exit.New(exit.Validation, o.env.T("logs.file-unreadable", "Path", o.config, "Error", err.Error())).Wrap(err)
	}
	switch {
	case c.Logs.Bodies == config.NoBodies:
		return mask.Nothing(), nil
	case c.Logs.Bodies == config.FullBodies && !o.mask:
		return nil, nil
	}
	return mask.New(c.Logs.Mask...)
}

// read hands the rows of one file to the importer.
func (o *importOptions) read(path string, schema *calllog.Schema, in *importer) (transfer.Outcome, error) {
	var file io.Reader = o.env.Term.In
	format := cmp.Or(o.format, strings.TrimPrefix(strings.ToLower(filepath.Ext(path)), "."))
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return transfer.Outcome{}, fmt.Errorf("opening the file: %w", err)
		}
		defer f.Close()
		if format == "parquet" {
			info, err := f.Stat()
			if err != nil {
				return transfer.Outcome{}, fmt.Errorf("opening the file: %w", err)
			}
			return transfer.Parquet(f, info.Size(), in.take)
		}
		file = f
	}
	switch format {
	case "csv":
		return transfer.CSV(file, schema, in.take)
	case "parquet":
		return transfer.Outcome{}, errors.New(o.env.T("logs.import-parquet-file"))
	}
	return transfer.Lines(file, in.take)
}

// importer gathers rows and hands them to the store, waiting for the disk where
// the store does not.
type importer struct {
	ctx     context.Context
	store   *calllog.Store
	table   string
	rows    [][]byte
	bytes   int
	sent    int
	dropped int
}

// Rows are handed on when there are so many, or so many bytes of them.
const (
	batchRows  = 1000
	batchBytes = 4 << 20
)

func (in *importer) take(row []byte) error {
	in.rows = append(in.rows, slices.Clone(row))
	if in.bytes += len(row); len(in.rows) < batchRows && in.bytes < batchBytes {
		return nil
	}
	return in.send()
}

func (in *importer) send() error {
	for {
		if err := in.ctx.Err(); err != nil {
			return err
		}
		dropped, err := in.store.AppendRows(in.table, in.rows)
		if errors.Is(err, calllog.ErrLost) {
			if err := in.store.Flush(in.ctx); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		in.sent, in.dropped = in.sent+len(in.rows), in.dropped+dropped
		in.rows, in.bytes = in.rows[:0], 0
		return nil
	}
}

// openForWriting opens the folder as its one writer; it is made where there is
// none.
func (f *folder) openForWriting(env *verb.Env, rules *mask.Rules) (*calllog.Store, error) {
	dir := f.path(env)
	store, err := calllog.Open(dir, calllog.Options{Now: env.Now, MaintainEvery: 24 * time.Hour, Mask: rules, Log: env.Log()})
	if errors.Is(err, calllog.ErrInUse) {
		return nil, exit.New(exit.Conflict, env.T("logs.in-use", "Path", dir)).Hint(env.T("logs.in-use.hint")).Wrap(err)
	}
	return store, err
}
