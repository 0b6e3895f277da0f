package logs

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/azure/arm"
	"github.com/azptu/azptu/internal/calllog"
	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/verb"
)

type eraseOptions struct {
	env *verb.Env
	folder
	who calllog.Erasure
}

func newErase(env *verb.Env) *cobra.Command {
	o := &eraseOptions{env: env}
	cmd := verb.Command(env, verb.Spec{Use: "erase", Help: "logs.erase", NoDryRun: true, Run: func(ctx context.Context, _ []string) error { return o.run(ctx) }})
	o.bind(cmd)
	f := cmd.Flags()
	f.StringVar(&o.who.Key, "key", "", "logs.flag.erase-key")
	f.StringVar(&o.who.Caller, "caller", "", "logs.flag.erase-caller")
	f.StringVar(&o.who.Call, "call", "", "logs.flag.erase-call")
	f.BoolVar(&o.who.Rows, "rows", false, "logs.flag.erase-rows")
	return cmd
}

// erasing is how long a running gateway may take to do what it is asked for.
const erasing = 10 * time.Minute

func (o *eraseOptions) run(ctx context.Context) error {
	env := o.env
	if o.who.Key == "" && o.who.Caller == "" && o.who.Call == "" {
		return exit.New(exit.Usage, env.T("logs.erase-whom"))
	}
	if _, _, err := o.open(env); err != nil { // there are logs at all
		return err
	}
	if hasLines(o.path(env)) {
		env.Warn(env.T("logs.lines-beside", "Path", o.path(env)))
	}
	question := env.T("logs.erase-sure", "Path", o.path(env))
	if o.who.Rows {
		question = env.T("logs.erase-sure-rows", "Path", o.path(env))
	}
	if yes, err := env.Confirm(ctx, question); err != nil || !yes {
		return err
	}
	request, err := calllog.RequestErasure(o.path(env), o.who, env.Now())
	if err != nil {
		return exit.New(exit.Failed, env.T("logs.erase-failed", "Error", err.Error())).Wrap(err)
	}
	store, err := o.openForWriting(env, nil)
	if errors.Is(err, calllog.ErrInUse) {
		return o.wait(ctx, request)
	}
	if err != nil {
		return err
	}
	done, err := store.Erase(ctx)
	if err = errors.Join(err, store.Close()); err != nil {
		return exit.New(exit.Failed, env.T("logs.erase-failed", "Error", err.Error())).Hint(env.T("logs.erase-again")).Wrap(err)
	}
	env.Note(env.N("logs.erased", done.Calls, "Rows", done.Rows))
	return nil
}

// wait waits until the gateway that writes to the folder has done it.
func (o *eraseOptions) wait(ctx context.Context, request string) error {
	o.env.Note(o.env.T("logs.erase-asked"))
	if o.env.Global.NoWait {
		return nil
	}
	for end := o.env.Now().Add(erasing); o.env.Now().Before(end); {
		if _, err := os.Stat(request); errors.Is(err, fs.ErrNotExist) {
			o.env.Note(o.env.T("logs.erase-done"))
			return nil
		}
		if err := arm.Sleep(ctx, 200*time.Millisecond); err != nil {
			return err
		}
	}
	return exit.New(exit.Pending, o.env.T("logs.erase-pending"))
}
