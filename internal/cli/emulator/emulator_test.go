package emulator_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/cli"
	"github.com/azptu/azptu/internal/cli/term"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/emulator"
)

// buffer is a stream that may be read while it is written.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) { b.mu.Lock(); defer b.mu.Unlock(); return b.b.Write(p) }
func (b *buffer) String() string              { b.mu.Lock(); defer b.mu.Unlock(); return b.b.String() }

// azptu runs one command line with an environment that holds nothing but vars.
func azptu(ctx context.Context, vars map[string]string, args ...string) (code int, out, talk *buffer) {
	out, talk = &buffer{}, &buffer{}
	env := &verb.Env{
		Term: &term.Terminal{In: strings.NewReader(""), Out: out, Err: talk}, Now: time.Now,
		Getenv:    func(name string) string { return vars[name] },
		Transport: func() *http.Transport { return &http.Transport{} },
	}
	return cli.Run(ctx, env, args), out, talk
}

// up runs an emulator and returns how to stop it and wait for its exit code.
func up(t *testing.T, dir string, flags ...string) (stop func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	code := make(chan int, 1)
	var out, talk *buffer
	go func() {
		var c int
		c, out, talk = azptu(ctx, nil, append([]string{"emulator", "run", "--dir", dir}, flags...)...)
		code <- c
	}()
	for range 500 {
		if _, err := os.Stat(filepath.Join(dir, emulator.EndpointsFile)); err == nil {
			return func() int { cancel(); return <-code }
		}
		select {
		case c := <-code:
			t.Fatalf("the emulator ended with %d: %s%s", c, out, talk)
		case <-time.After(10 * time.Millisecond):
		}
	}
	cancel()
	t.Fatal("the emulator does not get ready")
	return nil
}

func TestRunDriveAndStop(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "az")
	stop := up(t, dir, "--seed", "7", "--time-scale", "10", "--tokens", "estimate")
	file := filepath.Join(dir, emulator.EndpointsFile)
	if info, err := os.Stat(file); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("emulator.json: %v %v", info, err)
	}
	at, err := emulator.ReadEndpoints(dir)
	if err != nil {
		t.Fatal(err)
	}
	vars := map[string]string{"AZPTU_EMULATOR_DIR": dir}
	for _, c := range []struct {
		line      string
		code      int
		out, talk string
	}{
		{"emulator env", 0, "export AZURE_OPENAI_API_KEY='" + at.APIKey + "'", ""},
		{"emulator env --shell powershell --dir " + dir, 0, "$env:AZURE_TENANT_ID = '", ""},
		{"emulator env --shell fish", 2, "", "neither posix nor powershell"},
		{"emulator advance 31m", 0, "Emulated time:", ""},
		{"emulator advance 90d -o json", 0, `"scale": 10`, ""},
		{"emulator advance soon", 2, "", "soon is not a duration"},
		{"emulator advance -5m", 2, "", ""},
		{"emulator fault list -o json", 0, "[]", ""},
		{"emulator fault kinds -o name", 0, "clock-skew", ""},
		{"emulator fault add throttle --deployment-name chat --percent 20 --retry-after 5s -o json", 0, `"retryAfter": "5s"`, ""},
		{"emulator fault add quota --location eastus", 0, "eastus", ""},
		{"emulator fault add quota", 2, "", "region must be given"},
		{"emulator fault add hang --service dns", 2, "", "neither data nor arm"},
		{"emulator fault add earthquake", 2, "", "earthquake is no kind of fault"},
		{"emulator fault list", 0, "f2", ""},
		{"emulator fault list --lang pt-BR", 0, "Onde", ""},
		{"emulator fault remove f1", 0, "", ""},
		{"emulator fault remove f1", 3, "", "no such fault"},
		{"emulator fault clear", 0, "", "1 fault was switched off."},
		{"emulator reset --dry-run", 0, "", "Nothing was sent"},
		{"emulator reset", 0, "", "fresh"},
		{"emulator run --dir " + dir, 6, "", "running already"},
		{"emulator run --listen 0.0.0.0", 2, "", "--unsafe-listen"},
		{"emulator run --tokens some", 2, "", "neither true nor estimate"},
		{"emulator run --time-scale 0", 2, "", "not above 0"},
		{"emulator run --port 65535", 2, "", "four in a row"},
		{"emulator run --state nowhere.json --dir " + dir + "2", 3, "", "nowhere.json"},
	} {
		code, out, talk := azptu(t.Context(), vars, strings.Fields(c.line)...)
		if code != c.code || !strings.Contains(out.String(), c.out) || !strings.Contains(talk.String(), c.talk) {
			t.Errorf("azptu %s: %d\n%s%s", c.line, code, out, talk)
		}
	}
	if code := stop(); code != 0 {
		t.Errorf("ended with %d", code)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("emulator.json with its secrets is left behind")
	}
	if code, _, talk := azptu(t.Context(), vars, "emulator", "reset"); code != 3 || !strings.Contains(talk.String(), "azptu emulator run") {
		t.Errorf("without an emulator: %d %s", code, talk)
	}
}

// A world is kept with --persist, and only then.
func TestPersist(t *testing.T) {
	dir := t.TempDir()
	tenant := func(flags ...string) string {
		t.Helper()
		stop := up(t, dir, flags...)
		at, err := emulator.ReadEndpoints(dir)
		if err != nil {
			t.Fatal(err)
		}
		if code := stop(); code != 0 {
			t.Errorf("ended with %d", code)
		}
		return at.ClientSecret
	}
	first := tenant("--persist")
	if again := tenant("--persist"); again != first {
		t.Error("the kept world has another secret")
	}
	world := filepath.Join(dir, "world.json")
	before, err := os.ReadFile(world)
	if err != nil || !json.Valid(before) {
		t.Fatal(err)
	}
	if copied := tenant("--state", world); copied != first {
		t.Error("a world that is only read has another secret")
	}
	if after, _ := os.ReadFile(world); !bytes.Equal(before, after) {
		t.Error("without --persist the file was written")
	}
	if fresh := tenant(); fresh == first {
		t.Error("a fresh world has the secret of the kept one")
	}
}

func TestEndedEmulatorIsSaidToBeSilent(t *testing.T) {
	dir := t.TempDir()
	text := `{"adminUrl":"http://127.0.0.1:1","tenantId":"t"}`
	if err := os.WriteFile(filepath.Join(dir, emulator.EndpointsFile), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, talk := azptu(t.Context(), nil, "emulator", "env", "--dir", dir); code != 0 || !strings.Contains(out.String(), "AZURE_TENANT_ID='t'") || !strings.Contains(talk.String(), "does not answer") {
		t.Errorf("%d %s%s", code, out, talk)
	}
	if code, _, talk := azptu(t.Context(), nil, "emulator", "reset", "--dir", dir); code != 1 || !strings.Contains(talk.String(), "does not answer") {
		t.Errorf("%d %s", code, talk)
	}
	if err := os.WriteFile(filepath.Join(dir, emulator.EndpointsFile), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, talk := azptu(t.Context(), nil, "emulator", "reset", "--dir", dir); code != 1 || !strings.Contains(talk.String(), "does not describe an emulator") {
		t.Errorf("%d %s", code, talk)
	}
	stop := up(t, t.TempDir())
	stop()
}
