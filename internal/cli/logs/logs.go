// Package logs holds the verbs about what happened: questions in the Kusto
// query language over the call logs of a gateway, on this machine.
package logs

import (
	"cmp"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/calllog"
	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/verb"
)

// New makes the command `azptu logs` and its verbs.
func New(env *verb.Env) *cobra.Command {
	return verb.Group(env, verb.Spec{Use: "logs", Help: "logs"},
		newQuery(env), newShell(env), newTables(env), newTail(env), newServe(env), newExport(env), newImport(env), newReplay(env), newErase(env))
}

// folder is the log folder of a command.
type folder struct{ dir string }

func (f *folder) bind(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.dir, "dir", "", "logs.flag.dir")
	_ = cmd.MarkFlagDirname("dir")
}

// open finds the folder: the flag, AZPTU_LOGS_DIR, or ./logs. A folder that
// holds no logs is an error, since every answer from it would be empty.
func (f *folder) open(env *verb.Env) (*calllog.View, string, error) {
	dir := f.path(env)
	if _, err := os.Stat(filepath.Join(dir, "FORMAT")); err != nil {
		if hasLines(dir) {
			return nil, dir, exit.New(exit.NotFound, env.T("logs.only-lines", "Path", dir)).Hint(env.T("logs.only-lines.hint")).Wrap(err)
		}
		return nil, dir, exit.New(exit.NotFound, env.T("logs.no-folder", "Path", dir)).Hint(env.T("logs.no-folder.hint")).Wrap(err)
	}
	return calllog.NewView(dir), dir, nil
}

// hasLines tells whether a gateway wrote lines of JSON into the folder instead
// of tables, or before it wrote tables.
func hasLines(dir string) bool {
	found, err := filepath.Glob(filepath.Join(dir, "calls-????-??-??.jsonl"))
	return err == nil && len(found) > 0
}

func (f *folder) path(env *verb.Env) string {
	dir := cmp.Or(f.dir, env.Getenv("AZPTU_LOGS_DIR"), "logs")
	if !filepath.IsAbs(dir) && env.WorkDir != "" {
		dir = filepath.Join(env.WorkDir, dir)
	}
	return dir
}
