// Package daemon puts the rooms of azptu on listeners of one machine: the
// emulated Azure, a gateway in front of its deployments, and the log of what
// went through it. Start brings them up in that order, Close takes them down
// in the other. It is what `azptu up` runs; the gateway's configuration is
// written down as a file, so that it can be read, changed and run on its own.
package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/azptu/azptu/internal/calllog"
	"github.com/azptu/azptu/internal/emulator"
	"github.com/azptu/azptu/internal/gateway"
	"github.com/azptu/azptu/internal/gateway/config"
)

// Config says what system to start. Dir and Now are needed.
type Config struct {
	Dir     string // of emulator.json, gateway.yaml and the logs
	Port    int    // first of the emulator's ports; 0 picks free ones
	Gateway string // address of the gateway; "" means a free port
	Latency bool   // deployments answer as slowly as a model writes
	Now     func() time.Time
	Log     *slog.Logger // nil for none
}

// System is a running azptu.
type System struct {
	Emulator *emulator.Server
	Gateway  string // root of the gateway's address
	LogDir   string

	gateway *gateway.Gateway
	server  *gateway.Server
	store   *calllog.Store
	place   *Workspace
}

// keyVariable names the key of the emulated account, as `azptu emulator env`
// exports it. The gateway's clients use it too: it protects nothing.
const keyVariable = "AZURE_OPENAI_API_KEY"

// GatewayFile is the name of the gateway's configuration in Config.Dir.
const GatewayFile = "gateway.yaml"

// Pool is what clients of the gateway ask for.
const Pool = "gpt-4o"

// Start brings the system up. When it returns, everything answers.
func Start(ctx context.Context, c Config) (system *System, err error) {
	s := &System{LogDir: filepath.Join(c.Dir, "logs")}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close(context.WithoutCancel(ctx)))
		}
	}()
	if s.store, err = calllog.Open(s.LogDir, calllog.Options{Now: c.Now, Log: c.Log}); err != nil {
		return nil, fmt.Errorf("opening the log: %w", err)
	}
	s.place = NewWorkspace(filepath.Join(c.Dir, "workspace"), c.Now, c.Log, s.LogDir)
	s.Emulator, err = emulator.Start(ctx, emulator.Config{Dir: c.Dir, Port: c.Port, Latency: c.Latency, Now: c.Now, Logs: s.place.Handler, Workspace: s.place})
	if err != nil {
		return nil, fmt.Errorf("starting the emulator: %w", err)
	}
	if err := s.startGateway(ctx, c); err != nil {
		return nil, fmt.Errorf("starting the gateway: %w", err)
	}
	return s, nil
}

// startGateway writes the gateway's configuration down and serves by it.
func (s *System) startGateway(ctx context.Context, c Config) error {
	listen := c.Gateway
	if listen == "" {
		listen = "127.0.0.1:0"
	}
	at := s.Emulator.Endpoints
	text := fmt.Appendf(nil, gatewayYAML, listen, at.AoaiHTTPURL, at.Location, s.LogDir)
	path := filepath.Join(c.Dir, GatewayFile)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return fmt.Errorf("writing the configuration: %w", err)
	}
	parsed, err := config.Parse(text)
	if err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	s.gateway, err = gateway.New(ctx, parsed, text, gateway.Options{
		Now: c.Now, Sink: s.store, Log: c.Log,
		Getenv: func(name string) string {
			if name == keyVariable {
				return at.APIKey
			}
			return ""
		},
	})
	if err != nil {
		return err
	}
	if s.server, err = s.gateway.Listen(ctx); err != nil {
		return err
	}
	s.server.Folder = c.Dir
	s.Gateway = "http://" + s.server.Addr()
	return nil
}

// gatewayYAML is provisioned throughput first and a deployment billed by the
// token behind it. Its blanks: address, endpoint, region, folder of the logs.
const gatewayYAML = `# The gateway of "azptu up". Run it alone with:
#   azptu gateway run --config gateway.yaml
version: 1
listen: %[1]s
admin: 127.0.0.1:0
backends:
  - name: ptu
    endpoint: %[2]s
    deployment: gpt-4o-ptu
    kind: ptu
    sku: ProvisionedManaged
    capacity: 100
    model: {name: gpt-4o, version: "2024-08-06"}
    region: %[3]s
    auth: {key: "env:` + keyVariable + `"}
  - name: standard
    endpoint: %[2]s
    deployment: gpt-4o-standard
    kind: standard
    sku: Standard
    capacity: 50
    model: {name: gpt-4o, version: "2024-11-20"}
    region: %[3]s
    auth: {key: "env:` + keyVariable + `"}
pools:
  - name: ` + Pool + `
    strategy: priority
    members:
      - {backend: ptu, priority: 1}
      - {backend: standard, priority: 2}
products:
  - {name: local, pools: [` + Pool + `]}
keys:
  - {name: local, product: local, secret: "env:` + keyVariable + `"}
logs: {dir: %[4]q, bodies: full}
`

// Close takes the system down: the gateway first, so that calls under way end
// within ctx, the log last.
func (s *System) Close(ctx context.Context) error {
	var failed []error
	switch {
	case s.server != nil:
		failed = append(failed, s.server.Shutdown(ctx)) // closes the gateway too
	case s.gateway != nil:
		s.gateway.Close(ctx)
	}
	if s.Emulator != nil {
		failed = append(failed, s.Emulator.Close(ctx))
	}
	if s.place != nil {
		failed = append(failed, s.place.Close())
	}
	if s.store != nil {
		failed = append(failed, s.store.Close())
	}
	return errors.Join(failed...)
}
