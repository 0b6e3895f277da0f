// Package up is `azptu up`: the whole system on one machine, ready to use. It
// starts an emulated Azure and a gateway in front of it, plays a short scene with
// azptu's own public commands, and stays up with its addresses on the screen until it is
// interrupted. It keeps its state apart from the user's own.
package up

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/azure/login"
	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/session"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/daemon"
	"github.com/azptu/azptu/internal/openai"
)

// closing is how long calls that are under way may take when the system ends.
const closing = 5 * time.Second

// Runner runs one azptu command line in an environment of its own and returns
// its exit code.
type Runner func(ctx context.Context, env *verb.Env, args []string) int

// Options are what `azptu up` is told.
type Options struct {
	Once      bool
	SkipScene bool
	Dir       string
	Port      int
	Gateway   string

	env *verb.Env
	run Runner
}

// New makes the command `azptu up`. The scene runs azptu's commands by run.
func New(env *verb.Env, run Runner) *cobra.Command {
	o := &Options{env: env, run: run}
	cmd := verb.Command(env, verb.Spec{Use: "up", Help: "up", NoDryRun: true, Run: func(ctx context.Context, _ []string) error { return o.up(ctx) }})
	cmd.Flags().BoolVar(&o.Once, "once", false, "up.flag.once")
	cmd.Flags().BoolVar(&o.SkipScene, "skip-scene", false, "up.flag.skip-scene")
	cmd.Flags().StringVar(&o.Dir, "dir", "", "up.flag.dir")
	cmd.Flags().IntVar(&o.Port, "port", 0, "up.flag.port")
	cmd.Flags().StringVar(&o.Gateway, "gateway", "127.0.0.1:0", "up.flag.gateway")
	return cmd
}

func (o *Options) up(ctx context.Context) error {
	dir, cleanUp, err := o.folder()
	if err != nil {
		return err
	}
	defer cleanUp()
	system, err := daemon.Start(ctx, daemon.Config{Dir: dir, Port: o.Port, Gateway: o.Gateway, Latency: true, Now: o.env.Now, Log: o.env.Log()})
	if err != nil {
		return exit.New(exit.Failed, o.env.T("up.not-started", "Error", err.Error())).Wrap(err)
	}
	defer func() {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), closing)
		defer cancel()
		_ = system.Close(last) // the streams that are cut off are the user's own
	}()
	o.println(o.env.T("up.started", "URL", system.Emulator.Endpoints.ArmURL))
	if !o.SkipScene {
		if err := o.play(ctx, dir, system); err != nil {
			return err
		}
	}
	if o.Once {
		return nil
	}
	o.stay(dir, system)
	<-ctx.Done()
	o.println("\n" + o.env.T("up.stopped"))
	return nil
}

// folder is where emulator.json goes: the one named, the one where --cloud
// emulator looks, or, for a scene that ends at once, one that goes with it.
func (o *Options) folder() (dir string, cleanUp func(), err error) {
	cleanUp = func() {}
	switch {
	case o.Dir != "":
		dir = o.Dir
	case o.Once:
		if dir, err = os.MkdirTemp("", "azptu-up-"); err != nil {
			return "", cleanUp, fmt.Errorf("making a folder for the emulator: %w", err)
		}
		return dir, func() { _ = os.RemoveAll(dir) }, nil
	default:
		dirs := session.EmulatorDirs(o.env)
		if len(dirs) == 0 {
			return "", cleanUp, exit.New(exit.Usage, o.env.T("settings.state-homeless")).Hint(o.env.T("cli.missing.give", "Flag", "--dir"))
		}
		dir = dirs[len(dirs)-1]
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return "", cleanUp, fmt.Errorf("finding folder %s: %w", o.Dir, err)
	}
	return dir, cleanUp, nil
}

// play runs the scene against the system that at describes.
func (o *Options) play(ctx context.Context, dir string, system *daemon.System) error {
	at := system.Emulator.Endpoints
	transport := o.env.Transport()
	if err := login.Trust(transport, at.CAFile, ""); err != nil {
		return err
	}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	s := &scene{
		env: o.env,
		run: func(ctx context.Context, args ...string) error {
			if code := o.run(ctx, o.inside(dir), args); code != 0 {
				return exit.Quietly(code) // the command has said why
			}
			return nil
		},
		chat: &openai.Client{
			Endpoint: at.AoaiURL, Authorize: openai.APIKey(at.APIKey),
			HTTP: client, Now: o.env.Now,
		},
		gateway: &openai.Client{Endpoint: system.Gateway, Authorize: openai.APIKey(at.APIKey), HTTP: client, Now: o.env.Now},
		logs:    system.LogDir,
		account: at.Account, group: at.ResourceGroup,
	}
	return s.play(ctx)
}

// inside is the environment of the scene's commands: the same terminal and
// language, this system as the cloud, and a state of its own.
func (o *Options) inside(dir string) *verb.Env {
	own := map[string]string{
		"AZPTU_CLOUD":           filepath.Join(dir, "emulator.json"),
		"AZPTU_STATE_DIR":       filepath.Join(dir, "state"),
		"AZPTU_LANG":            string(o.env.Printer().Language()),
		"AZPTU_SUBSCRIPTION_ID": "", "AZPTU_RESOURCE_GROUP": "", "AZPTU_ACCOUNT_NAME": "", "AZURE_SUBSCRIPTION_ID": "",
	}
	return &verb.Env{
		Term: o.env.Term, Now: o.env.Now, WorkDir: o.env.WorkDir, Build: o.env.Build, Transport: o.env.Transport,
		Getenv: func(name string) string {
			if value, ok := own[name]; ok {
				return value
			}
			return o.env.Getenv(name)
		},
	}
}

// stay says where the system answers and what to try.
func (o *Options) stay(dir string, system *daemon.System) {
	at := system.Emulator.Endpoints
	file := filepath.Join(dir, "emulator.json")
	if !o.SkipScene {
		o.println("\n" + o.env.T("up.done"))
	}
	o.println("\n" + o.env.T("up.endpoints"))
	for _, row := range [][2]string{
		{"Resource Manager", at.ArmURL},
		{o.env.T("up.endpoint.authority"), at.AuthorityURL},
		{o.env.T("up.endpoint.gateway"), system.Gateway},
		{"Azure OpenAI", at.AoaiURL},
		{o.env.T("up.endpoint.aoai-http"), at.AoaiHTTPURL},
		{o.env.T("up.endpoint.file"), file},
	} {
		o.println(fmt.Sprintf("  %-28s %s", row[0], row[1]))
	}
	cloud := "emulator"
	if o.Dir != "" {
		cloud = file
	}
	o.println("\n" + o.env.T("up.next"))
	for _, line := range []string{
		"azptu --cloud " + cloud + " list-projects",
		"azptu --cloud " + cloud + " list-deployments --account-name " + at.Account,
		"azptu --cloud " + cloud + " list-ptu-models",
		"azptu logs query --dir " + system.LogDir + " --saved token-usage",
	} {
		o.println("  " + line)
	}
}

func (o *Options) println(text string) { fmt.Fprintln(o.env.Term.Out, text) }
