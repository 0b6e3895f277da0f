package logs

import (
	"context"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/calllog"
	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/gateway/config"
)

// newReplay sends rows that a sink refused once more.
func newReplay(env *verb.Env) *cobra.Command {
	var at folder
	var file string
	cmd := verb.Command(env, verb.Spec{Use: "replay SINK", Help: "logs.replay", NoDryRun: true, Run: func(ctx context.Context, args []string) error {
		shipment, err := namedSink(env, file, args[0], &at)
		if err != nil {
			return err
		}
		sent, again, err := calllog.Replay(ctx, at.path(env), args[0], shipment.Sink)
		if err != nil {
			return exit.New(exit.Failed, env.T("logs.replay-failed", "Sink", args[0], "Rows", sent, "Error", err.Error())).Wrap(err)
		}
		env.Note(env.N("logs.replayed", sent, "Sink", args[0]))
		if again > 0 {
			return exit.New(exit.Failed, env.N("logs.replay-refused", again, "Sink", args[0]))
		}
		return nil
	}})
	at.bind(cmd)
	cmd.Flags().StringVar(&file, "config", "gateway.yaml", "gateway.flag.config")
	_ = cmd.MarkFlagFilename("config", "yaml", "yml")
	return cmd
}

// namedSink finds a sink in a gateway's configuration, whose log folder is
// used unless another is named.
func namedSink(env *verb.Env, file, name string, at *folder) (calllog.Shipment, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return calllog.Shipment{}, exit.New(exit.NotFound, env.T("logs.file-unreadable", "Path", file, "Error", err.Error())).Wrap(err)
	}
	c, err := config.Parse(text)
	if err != nil {
		return calllog.Shipment{}, exit.New(exit.Validation, env.T("logs.file-unreadable", "Path", file, "Error", err.Error())).Wrap(err)
	}
	if at.dir == "" {
		at.dir = c.Logs.Dir
	}
	shipments, err := Shipments(env, c.Logs.Sinks)
	if err != nil {
		return calllog.Shipment{}, err
	}
	i := slices.IndexFunc(shipments, func(s calllog.Shipment) bool { return s.Name == name })
	if i < 0 {
		var names []string
		for _, s := range shipments {
			names = append(names, s.Name)
		}
		return calllog.Shipment{}, env.NotOneOf("SINK", name, names)
	}
	return shipments[i], nil
}
