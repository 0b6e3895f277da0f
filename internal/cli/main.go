package cli

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/term"
	"github.com/azptu/azptu/internal/cli/verb"
)

// Main runs the process's command line and returns its exit code. version is
// what the build calls itself; "" for a build from source.
func Main(version string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends at once

	workDir, err := os.Getwd()
	if err != nil {
		workDir = "" // then there is no project file
	}
	return Run(ctx, &verb.Env{
		Term:      term.System(os.Stdin, os.Stdout, os.Stderr, os.Getenv),
		Getenv:    os.Getenv,
		Now:       time.Now,
		WorkDir:   workDir,
		Build:     build(version),
		Transport: transport,
	}, os.Args[1:])
}

// Run runs one command line in env and returns the exit code.
func Run(ctx context.Context, env *verb.Env, args []string) int {
	var misspelt error
	root := newRoot(env, args, func(err error) { misspelt = err })
	peek(env, root, args)
	root.SetArgs(args)
	root.SetIn(env.Term.In)
	root.SetOut(env.Term.Out)
	root.SetErr(env.Term.Err)
	if len(args) > 0 && (args[0] == "__complete" || args[0] == "__completeNoDesc") {
		env.Localize(root)
	}
	err := root.ExecuteContext(ctx)
	if err == nil {
		err = misspelt
	}
	if err != nil && ctx.Err() != nil && !explained(err) {
		err = exit.New(exit.Interrupted, env.T("exit.interrupted")).Wrap(err)
	}
	debugging, _ := env.Debugging()
	exit.Print(env.Term.Err, env.Printer(), func(text string) string { return env.Term.ErrStyle(term.Red, text) }, err, debugging)
	return exit.CodeOf(err)
}

// explained tells whether a verb already said what an interruption left behind.
func explained(err error) bool {
	var known *exit.Error
	return errors.As(err, &known) && (known.Kind == exit.Interrupted || known.Kind == exit.Pending)
}

// transport is Go's own default: proxies from the environment, HTTP/2, pooled.
func transport() *http.Transport {
	if base, ok := http.DefaultTransport.(*http.Transport); ok {
		return base.Clone()
	}
	return &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true}
}

// unreleased is the version of a build that nobody gave one.
const unreleased = "2.0.0-dev"

// build completes version by what the Go toolchain noted in the binary.
func build(version string) verb.Build {
	b := verb.Build{Version: cmp.Or(strings.TrimPrefix(version, "v"), unreleased)}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			b.Commit = setting.Value[:min(len(setting.Value), 9)]
		case "vcs.time":
			b.Date = setting.Value
		}
	}
	return b
}
