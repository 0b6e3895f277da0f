package clients

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/call"
	"github.com/azptu/azptu/internal/calllog"
	"github.com/azptu/azptu/internal/cli"
	"github.com/azptu/azptu/internal/cli/term"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/daemon"
	"github.com/azptu/azptu/internal/emulator"
)

// logTarget says where the clients of logs go.
type logTarget struct {
	AuthorityURL  string `json:"authorityUrl"`
	TenantID      string `json:"tenantId"`
	ClientID      string `json:"clientId"`
	ClientSecret  string `json:"clientSecret"`
	LogsURL       string `json:"logsUrl"`
	WorkspaceID   string `json:"workspaceId"`
	KustoURL      string `json:"kustoUrl"`
	KustoDatabase string `json:"kustoDatabase"`
	LogsToken     string `json:"logsToken"` // opens `logs serve`; "" signs in

	caFile string
}

// recorded is a folder with the log of three calls.
func recorded(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "logs")
	store, err := calllog.Open(dir, calllog.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	for i, model := range []string{"gpt-4o", "gpt-4o", "gpt-5"} {
		store.Record(&call.Call{
			At: time.Now().Add(-time.Duration(i) * time.Minute), ID: model, Operation: "ChatCompletions_Create", Caller: "10.0.0.9", Model: model,
			Status: 200, BackendStatus: 200, Prompt: 10, Completion: 5, Counting: call.Reported, Cost: 0.25, Stream: i == 0,
		})
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// emulated is the workspace of an emulator that has the log.
func emulated(t *testing.T) *logTarget {
	dir := t.TempDir()
	place := daemon.NewWorkspace(filepath.Join(dir, "workspace"), time.Now, nil, recorded(t))
	server, err := emulator.Start(t.Context(), emulator.Config{Dir: dir, Logs: place.Handler, Workspace: place})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = server.Close(ctx)
		_ = place.Close()
	})
	raw, err := os.ReadFile(filepath.Join(dir, emulator.EndpointsFile))
	x := &logTarget{caFile: server.Endpoints.CAFile}
	if err == nil {
		err = json.Unmarshal(raw, x)
	}
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// output is what a command that goes on has written so far.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// served is `azptu logs serve` with a certificate and a token.
func served(t *testing.T) *logTarget {
	dir := t.TempDir()
	x := &logTarget{LogsToken: "a-token-of-our-own", WorkspaceID: "any", KustoDatabase: "azptu", caFile: filepath.Join(dir, "cert.pem")}
	key := filepath.Join(dir, "key.pem")
	certify(t, x.caFile, key)
	out := &output{}
	env := &verb.Env{
		Term: &term.Terminal{In: strings.NewReader(""), Out: out, Err: out}, Now: time.Now, WorkDir: dir,
		Getenv: func(name string) string {
			return map[string]string{"HOME": dir, "LANG": "C", "AZPTU_LOGS_TOKEN": x.LogsToken}[name]
		},
		Transport: func() *http.Transport { return &http.Transport{} },
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan int)
	logs := recorded(t)
	go func() {
		done <- cli.Run(ctx, env, []string{"logs", "serve", "--dir", logs, "--listen", "127.0.0.1:0", "--cert", x.caFile, "--key", key})
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	address := regexp.MustCompile(`https://127\.0\.0\.1:\d+`)
	for range 500 {
		if x.LogsURL = address.FindString(out.String()); x.LogsURL != "" {
			x.KustoURL = x.LogsURL
			return x
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("logs serve does not say where it answers: %s", out.String())
	return nil
}

// Microsoft's clients for Node.js ask both services.
func TestNodeClientsOfLogs(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("npm packages cannot be had: no node on PATH")
	}
	if _, err := os.Stat("node_modules/.ready"); err != nil {
		t.Skip("npm packages cannot be had: not installed (make clients)")
	}
	for name, start := range map[string]func(*testing.T) *logTarget{"emulator": emulated, "logs serve": served} {
		t.Run(name, func(t *testing.T) {
			x := start(t)
			raw, err := json.Marshal(x)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "target.json")
			if err := os.WriteFile(file, raw, 0o600); err != nil {
				t.Fatal(err)
			}
			runNode(t, node, suite{name: name, file: "logs.test.mjs"}, &target{file: file, CAFile: x.caFile})
		})
	}
}
