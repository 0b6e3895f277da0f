package emulator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/session"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/emulator"
)

// patience is how long the emulator may take to answer its own API.
const patience = 10 * time.Second

// find reads where the running emulator answers: in the folder that is named,
// or in those where --cloud emulator looks.
func find(env *verb.Env, dir string) (emulator.Endpoints, error) {
	dirs := session.EmulatorDirs(env)
	if dir != "" {
		dirs = []string{dir}
	}
	for _, one := range dirs {
		at, err := emulator.ReadEndpoints(one)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return at, exit.New(exit.Failed, env.T("emulator.file-faulty", "Path", filepath.Join(one, emulator.EndpointsFile))).Wrap(err)
		}
		return at, nil
	}
	return emulator.Endpoints{}, exit.New(exit.NotFound, env.T("emulator.none", "Paths", strings.Join(dirs, ", "))).Hint(env.T("emulator.start-one", "Command", "azptu emulator run"))
}

// alive tells whether an emulator answers where its file says.
func alive(ctx context.Context, env *verb.Env, at emulator.Endpoints) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return call(ctx, env, at, http.MethodGet, "/livez", nil, nil) == nil
}

// ask is call in the words of the user: what is wrong is an *exit.Error.
// With --dry-run what would change something is shown instead of sent.
func ask(ctx context.Context, env *verb.Env, at emulator.Endpoints, method, path string, in, out any) error {
	if env.Global.DryRun && method != http.MethodGet {
		env.Note(env.T("azure.request", "Request", method+" "+at.AdminURL+path))
		env.Note(env.T("cli.dry-run"))
		return exit.Quietly(0)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := call(ctx, env, at, method, path, in, out)
	var refused *refusal
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refused) && refused.status == http.StatusNotFound:
		return exit.New(exit.NotFound, env.T("emulator.refused", "Error", refused.message)).Wrap(err)
	case errors.As(err, &refused):
		return exit.New(exit.Validation, env.T("emulator.refused", "Error", refused.message)).Wrap(err)
	}
	return exit.New(exit.Failed, env.T("emulator.silent", "URL", at.AdminURL)).Hint(env.T("emulator.start-one", "Command", "azptu emulator run")).Wrap(err)
}

// refusal is an answer of the emulator that says no.
type refusal struct {
	status  int
	message string
}

func (r *refusal) Error() string { return fmt.Sprintf("%d: %s", r.status, r.message) }

// call speaks the emulator's own API. out may be nil.
func call(ctx context.Context, env *verb.Env, at emulator.Endpoints, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("writing the request: %w", err)
		}
		body = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, method, at.AdminURL+path, body)
	if err != nil {
		return fmt.Errorf("asking the emulator: %w", err)
	}
	transport := env.Transport()
	defer transport.CloseIdleConnections()
	res, err := transport.RoundTrip(r)
	if err != nil {
		return fmt.Errorf("asking the emulator: %w", err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 4<<20))
	if err != nil {
		return fmt.Errorf("reading the emulator's answer: %w", err)
	}
	if res.StatusCode >= 300 {
		var problem struct{ Error string }
		if json.Unmarshal(text, &problem) != nil || problem.Error == "" {
			problem.Error = http.StatusText(res.StatusCode)
		}
		return &refusal{res.StatusCode, problem.Error}
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("reading the emulator's answer: %w", err)
	}
	return nil
}
