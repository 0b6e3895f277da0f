package gateway

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/calllog"
	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/logs"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/gateway"
	"github.com/azptu/azptu/internal/gateway/config"
)

// watchEvery is how often the configuration file is looked at.
const watchEvery = time.Second

type runOptions struct {
	env    *verb.Env
	config string
	access bool
	noPoll bool
}

func newRun(env *verb.Env) *cobra.Command {
	o := &runOptions{env: env}
	cmd := verb.Command(env, verb.Spec{Use: "run", Help: "gateway.run", NoDryRun: true, Run: func(ctx context.Context, _ []string) error { return o.run(ctx) }})
	bindConfig(cmd, &o.config)
	cmd.Flags().BoolVar(&o.access, "access-log", false, "gateway.flag.access-log")
	cmd.Flags().BoolVar(&o.noPoll, "no-watch", false, "gateway.flag.no-watch")
	return cmd
}

func (o *runOptions) run(ctx context.Context) error {
	env := o.env
	c, text, err := read(env, o.config)
	if err != nil {
		return err
	}
	sink, closeSink, err := openSink(env, c)
	if err != nil {
		return exit.New(exit.Failed, env.T("gateway.log-faulty", "Path", c.Logs.Dir, "Error", err.Error())).Wrap(err)
	}
	defer closeSink()
	log := slog.New(slog.NewTextHandler(env.Term.Err, nil))
	options := gateway.Options{Now: env.Now, Getenv: env.Getenv, Tokens: sources(env), Sink: sink, Log: log}
	if o.access {
		options.Access = log
	}
	if env.CatalogNamed() {
		if options.Catalog, err = env.Catalog(); err != nil {
			return err
		}
	}
	g, err := gateway.New(ctx, c, text, options)
	if err != nil {
		return explain(env, o.config, err)
	}
	server, err := g.Listen(ctx)
	if err != nil {
		return exit.New(exit.Failed, env.T("gateway.not-started", "Error", err.Error())).Wrap(err)
	}
	path, err := filepath.Abs(o.config)
	if err != nil {
		return fmt.Errorf("finding the configuration's folder: %w", err)
	}
	server.Folder = filepath.Dir(path)
	o.tell(server, c)
	o.serve(ctx, server, path)
	return o.stop(server, g)
}

// serve reloads until the command is interrupted.
func (o *runOptions) serve(ctx context.Context, server *gateway.Server, path string) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	every := watchEvery
	if o.noPoll {
		every = 1 << 62
	}
	server.Watch(ctx, path, every, hangups, func(err error) {
		if err != nil {
			o.env.Warn(o.env.T("gateway.not-reloaded", "Error", err.Error()))
			return
		}
		o.env.Note(o.env.T("gateway.reloaded", "Path", o.config))
	})
}

// stop lets calls finish within the grace time.
func (o *runOptions) stop(server *gateway.Server, g *gateway.Gateway) error {
	grace := g.Config().Drain
	o.env.Note(o.env.T("gateway.stopping", "Grace", grace.String()))
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		return exit.New(exit.Failed, o.env.T("gateway.cut-off", "Grace", grace.String())).Wrap(err)
	}
	return nil
}

// tell says where the gateway answers.
func (o *runOptions) tell(server *gateway.Server, c *config.Config) {
	env := o.env
	scheme := "http://"
	if c.TLS.Cert != "" {
		scheme = "https://"
	}
	fmt.Fprintln(env.Term.Out, env.T("gateway.serving", "URL", scheme+server.Addr()))
	for _, row := range [][2]string{
		{env.T("gateway.address.admin"), server.AdminAddr()},
		{env.T("gateway.address.probe"), server.ProbeAddr()},
		{env.T("gateway.address.logs"), c.Logs.Dir},
	} {
		if row[1] != "" {
			fmt.Fprintf(env.Term.Out, "  %-16s %s\n", row[0], row[1])
		}
	}
}

// openSink opens where records go; nil when none are kept.
func openSink(env *verb.Env, c *config.Config) (gateway.Sink, func(), error) {
	if c.Logs.Dir == "" {
		return nil, func() {}, nil
	}
	warnOnClose := func(closer io.Closer) func() {
		return func() {
			if err := closer.Close(); err != nil {
				env.Warn(env.T("gateway.log-faulty", "Path", c.Logs.Dir, "Error", err.Error()))
			}
		}
	}
	if c.Logs.Format == config.Lines {
		journal, err := gateway.NewJournal(c.Logs.Dir, c.Logs.Retention)
		if err != nil {
			return nil, nil, err
		}
		return journal, warnOnClose(journal), nil
	}
	shipments, err := logs.Shipments(env, c.Logs.Sinks)
	if err != nil {
		return nil, nil, err
	}
	store, err := calllog.Open(c.Logs.Dir, calllog.Options{Now: env.Now, Retain: c.Logs.Retention, Ship: shipments, Log: slog.New(slog.NewTextHandler(env.Term.Err, nil))})
	if err != nil {
		return nil, nil, err
	}
	return store, warnOnClose(store), nil
}
