package emulator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/calllog/mask"
	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/daemon"
	"github.com/azptu/azptu/internal/emulator"
	"github.com/azptu/azptu/internal/loopback"
)

// worldFile is where --persist keeps the world unless --state names a file.
const worldFile = "world.json"

// closing is how long calls that are under way may take when the emulator ends.
const closing = 5 * time.Second

type runOptions struct {
	env       *verb.Env
	dir       string
	listen    string
	unsafe    bool
	port      int
	state     string
	persist   bool
	seed      uint64
	timeScale float64
	trueDates bool
	tokens    string
	latency   bool
	mask      bool
}

func newRun(env *verb.Env) *cobra.Command {
	o := &runOptions{env: env}
	cmd := verb.Command(env, verb.Spec{Use: "run", Help: "emulator.run", NoDryRun: true, Run: func(ctx context.Context, _ []string) error { return o.run(ctx) }})
	bindDir(cmd, &o.dir)
	f := cmd.Flags()
	f.StringVar(&o.listen, "listen", "127.0.0.1", "emulator.flag.listen")
	f.BoolVar(&o.unsafe, "unsafe-listen", false, "emulator.flag.unsafe-listen")
	f.IntVar(&o.port, "port", 0, "emulator.flag.port")
	f.StringVar(&o.state, "state", "", "emulator.flag.state")
	f.BoolVar(&o.persist, "persist", false, "emulator.flag.persist")
	f.Uint64Var(&o.seed, "seed", 0, "emulator.flag.seed")
	f.Float64Var(&o.timeScale, "time-scale", 1, "emulator.flag.time-scale")
	f.BoolVar(&o.trueDates, "true-dates", false, "emulator.flag.true-dates")
	f.StringVar(&o.tokens, "tokens", "true", "emulator.flag.tokens")
	f.BoolVar(&o.latency, "latency", false, "emulator.flag.latency")
	f.BoolVar(&o.mask, "mask", false, "emulator.flag.mask")
	_ = cmd.RegisterFlagCompletionFunc("tokens", cobra.FixedCompletions([]string{"true", "estimate"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func (o *runOptions) run(ctx context.Context) error {
	env := o.env
	if err := o.check(); err != nil {
		return err
	}
	dir, err := home(env, o.dir)
	if err != nil {
		return err
	}
	if at, err := emulator.ReadEndpoints(dir); err == nil && alive(ctx, env, at) {
		return exit.New(exit.Conflict, env.T("emulator.running-already", "Path", filepath.Join(dir, emulator.EndpointsFile))).Hint(env.T("emulator.other-folder"))
	}
	world, cleanUp, err := o.world(dir)
	if err != nil {
		return err
	}
	defer cleanUp()
	config := emulator.Config{
		Dir: dir, Host: o.listen, UnsafeListen: o.unsafe, Port: o.port, State: world, Seed: o.seed, TimeScale: o.timeScale,
		TrueDates: o.trueDates, Latency: o.latency, Tokens: o.tokens, Now: env.Now,
	}
	place, leave := o.workspace(dir)
	defer leave()
	config.Logs, config.Workspace = place.Handler, place
	if env.CatalogNamed() {
		if config.Catalog, err = env.Catalog(); err != nil {
			return err
		}
	}
	if on, _ := env.Debugging(); on {
		config.Log = env.Log()
	}
	server, err := emulator.Start(ctx, config)
	if err != nil {
		return exit.New(exit.Failed, env.T("emulator.not-started", "Error", err.Error())).Wrap(err)
	}
	o.tell(dir, server.Endpoints)
	<-ctx.Done()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), closing)
	defer cancel()
	if err := server.Close(last); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("stopping the emulator: %w", err)
	}
	return nil
}

// workspace takes the rows that are sent to Azure Monitor and Data Explorer.
// They go with the emulator unless they are to be kept.
func (o *runOptions) workspace(dir string) (place *daemon.Workspace, leave func()) {
	folder := filepath.Join(dir, "workspace")
	place = daemon.NewWorkspace(folder, o.env.Now, nil)
	if o.mask {
		place.Mask = new(mask.Rules)
	}
	return place, func() {
		err := place.Close()
		if !o.persist {
			err = errors.Join(err, os.RemoveAll(folder))
		}
		if err != nil {
			o.env.Warn(err.Error())
		}
	}
}

// check judges the flags.
func (o *runOptions) check() error {
	env := o.env
	switch {
	case o.tokens != "true" && o.tokens != "estimate":
		return exit.New(exit.Usage, env.T("emulator.tokens-unknown", "Value", o.tokens))
	case !(o.timeScale > 0):
		return exit.New(exit.Usage, env.T("emulator.time-scale-faulty", "Value", fmt.Sprint(o.timeScale)))
	case !o.unsafe && !loopback.Is(o.listen):
		return exit.New(exit.Validation, env.T("emulator.listen-unsafe", "Host", o.listen)).Hint(env.T("emulator.listen-hint"))
	case o.port < 0 || o.port > 65531:
		return exit.New(exit.Usage, env.T("emulator.port-faulty", "Value", o.port))
	}
	return nil
}

// world is the file that keeps the emulated world: the user's own with
// --persist, a copy that goes with the emulator without it, none at all for a
// fresh world that nobody wants to keep.
func (o *runOptions) world(dir string) (path string, cleanUp func(), err error) {
	cleanUp = func() {}
	if o.persist {
		if o.state != "" {
			return o.state, cleanUp, nil
		}
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return "", cleanUp, fmt.Errorf("making folder %s: %w", dir, err)
		}
		return filepath.Join(dir, worldFile), cleanUp, nil
	}
	if o.state == "" {
		return "", cleanUp, nil
	}
	from, err := os.Open(o.state)
	if err != nil {
		return "", cleanUp, exit.New(exit.NotFound, o.env.T("emulator.state-unreadable", "Path", o.state, "Error", err.Error())).Hint(o.env.T("emulator.state-persist")).Wrap(err)
	}
	defer from.Close()
	to, err := os.CreateTemp("", "azptu-world-")
	if err != nil {
		return "", cleanUp, fmt.Errorf("copying %s: %w", o.state, err)
	}
	cleanUp = func() { _ = os.Remove(to.Name()) }
	_, err = io.Copy(to, from)
	if err = errors.Join(err, to.Close()); err != nil {
		cleanUp()
		return "", func() {}, fmt.Errorf("copying %s: %w", o.state, err)
	}
	return to.Name(), cleanUp, nil
}

// tell says that the emulator is ready and where it answers. Keys stay in the
// file.
func (o *runOptions) tell(dir string, at emulator.Endpoints) {
	env := o.env
	say := func(text string) { fmt.Fprintln(env.Term.Out, text) }
	say(env.T("emulator.started", "URL", at.ArmURL))
	for _, row := range [][2]string{
		{"Resource Manager", at.ArmURL},
		{"Azure OpenAI", at.AoaiURL},
		{env.T("emulator.endpoint.plain"), at.AoaiHTTPURL},
		{env.T("emulator.endpoint.admin"), at.AdminURL},
		{env.T("emulator.endpoint.file"), filepath.Join(dir, emulator.EndpointsFile)},
	} {
		say(fmt.Sprintf("  %-26s %s", row[0], row[1]))
	}
	say(env.T("emulator.until", "Command", "azptu emulator env"+dirFlag(o.dir)))
}

func dirFlag(dir string) string {
	if dir == "" {
		return ""
	}
	return " --dir " + dir
}
