package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/emulator"
	"github.com/azptu/azptu/internal/gateway"
	"github.com/azptu/azptu/internal/gateway/config"
)

// scale makes a virtual minute a tenth of a second: the 20 to 30 minutes of a
// migration are lived through in two or three seconds.
const scale = 600

// site is an emulated Azure on a fast clock with a gateway in front of it, and
// callers who never stop.
type site struct {
	emulator *emulator.Server
	dir      string
	admin    string
	file     string

	answered atomic.Int64
	mu       sync.Mutex
	failures []string
	served   map[string]int // by model version
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{dir: t.TempDir(), served: map[string]int{}}
	emu, err := emulator.Start(t.Context(), emulator.Config{Dir: s.dir, TimeScale: scale})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = emu.Close(context.Background()) })
	s.emulator = emu
	text := fmt.Sprintf(`version: 1
listen: 127.0.0.1:0
admin: 127.0.0.1:0
backends:
  - name: old
    endpoint: %s
    deployment: %s
    kind: ptu
    sku: ProvisionedManaged
    capacity: 100
    model: {name: gpt-4o, version: "2024-08-06"}
    region: %s
    auth: {key: "env:KEY"}
pools:
  - name: gpt-4o
    members: [{backend: old, priority: 1}]
products: [{name: all, pools: [gpt-4o]}]
keys: [{name: one, product: all, secret: "env:KEY"}]
affinity: {prefix: 0}
`, emu.Endpoints.AoaiHTTPURL, "gpt-4o-ptu", emu.Endpoints.Location)
	c, err := config.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	g, err := gateway.New(t.Context(), c, []byte(text), gateway.Options{Now: time.Now, Getenv: func(string) string { return emu.Endpoints.APIKey }})
	if err != nil {
		t.Fatal(err)
	}
	server, err := g.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Shutdown(context.Background()) })
	s.admin, s.file = server.AdminAddr(), filepath.Join(s.dir, "gateway.yaml")
	s.call(t, "http://"+server.Addr(), emu.Endpoints.APIKey)
	return s
}

// call lets a few callers ask until the test ends.
func (s *site) call(t *testing.T, root, key string) {
	ctx, cancel := context.WithCancel(context.Background())
	var callers sync.WaitGroup
	t.Cleanup(func() { cancel(); callers.Wait() })
	for n := range 3 {
		callers.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				s.once(ctx, root, key, n*1_000_000+i)
				time.Sleep(25 * time.Millisecond) // throttling knows wall time alone: less than the units serve
			}
		})
	}
}

func (s *site) once(ctx context.Context, root, key string, i int) {
	body := fmt.Sprintf(`{"messages":[{"role":"user","content":"call number %d"}],"max_tokens":5}`, i)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, root+"/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21", strings.NewReader(body))
	if err != nil {
		return
	}
	req.Header.Set("api-key", key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if ctx.Err() != nil {
		return // the test is over
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.failures = append(s.failures, err.Error())
		return
	}
	defer resp.Body.Close()
	var doc struct{ Model string }
	err = json.NewDecoder(resp.Body).Decode(&doc)
	if resp.StatusCode != http.StatusOK || err != nil {
		s.failures = append(s.failures, fmt.Sprintf("%s %v %s", resp.Status, err, resp.Header.Get("x-ms-deployment-name")))
		return
	}
	s.answered.Add(1)
	s.served[doc.Model]++
}

// azptu starts a process of its own that runs one command line.
func (s *site) azptu(t *testing.T, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(s.dir, "azptu")
	if err := os.Symlink(self, link); err != nil && !errors.Is(err, os.ErrExist) {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd := exec.Command(link, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, &out, &out
	cmd.Env = []string{"HOME=" + s.dir, "PATH=", "AZPTU_CLOUD=emulator", "AZPTU_EMULATOR_DIR=" + s.dir, "AZPTU_ACCOUNT_NAME=" + s.emulator.Endpoints.Account, "AZPTU_LANG=en"}
	return cmd, &out
}

// interrupted runs a command line, kills its process at ten random moments,
// and lets the eleventh come to its end.
func (s *site) interrupted(t *testing.T, args ...string) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2)) // the moments differ from run to run all the same
	for n := range 10 {
		cmd, out := s.azptu(t, args...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		select {
		case <-time.After(100*time.Millisecond + time.Duration(random.IntN(300))*time.Millisecond):
			_ = cmd.Process.Kill()
			<-ended
		case err := <-ended:
			if err != nil {
				t.Fatalf("run %d ended by itself: %v\n%s", n, err, out)
			}
			t.Logf("killed %d times", n)
			return // at its end already, which is an end too
		}
	}
	cmd, out := s.azptu(t, args...)
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// check is what must be true after every migration.
func (s *site) check(t *testing.T) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	t.Logf("%d calls answered: %v", s.answered.Load(), s.served)
	if len(s.failures) > 0 {
		t.Errorf("%d calls failed, the first: %s", len(s.failures), s.failures[0])
	}
	if len(s.served) < 2 {
		t.Errorf("calls were not served by both: %v", s.served)
	}
}

func (s *site) deployments(t *testing.T) string {
	t.Helper()
	cmd, out := s.azptu(t, "deployment", "list", "--query", "[?contains(name, 'ptu') && contains(name, 'gpt-4o')].[name,model.version,provisioningState]", "-o", "tsv")
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return out.String()
}

var beside = []string{
	"deployment", "migrate", "gpt-4o-ptu", "--model-version", "2024-11-20", "--yes", "--steps", "20,50,100", "--hold", "300ms",
	"--every", "50ms", "--quiet", "5m", "--min-calls", "5", "--max-latency", "0", "--max-tokens", "0", "-o", "none",
}

// Beside, while calls keep coming: a new deployment, its share of the calls
// rising by the gateway's weights, the old one deleted when nobody calls it.
func TestMigrateBesideUnderLoad(t *testing.T) {
	t.Parallel()
	for name, run := range map[string]func(*site, *testing.T, ...string){
		"undisturbed": func(s *site, t *testing.T, args ...string) {
			cmd, out := s.azptu(t, args...)
			if err := cmd.Run(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			for _, want := range []string{"shifting (20%)", "shifting (50%)", "shifted (100%)", "drained", "deleted", "finished"} {
				if !strings.Contains(out.String(), want) {
					t.Errorf("nothing was said of %q:\n%s", want, out)
				}
			}
		},
		"killed": (*site).interrupted,
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			time.Sleep(300 * time.Millisecond) // some calls to judge by
			run(s, t, append(slices.Clone(beside), "--gateway", s.admin, "--gateway-config", s.file)...)
			time.Sleep(200 * time.Millisecond)
			s.check(t)
			if got := s.deployments(t); got != "gpt-4o-ptu-2024-11-20\t2024-11-20\tSucceeded\n" {
				t.Errorf("deployments at the end:\n%s", got)
			}
			text, err := os.ReadFile(s.file)
			if err != nil || strings.Contains(string(text), "deployment: gpt-4o-ptu\n") || !strings.Contains(string(text), "members: [{backend: gpt-4o-ptu-2024-11-20, priority: 1}]") {
				t.Errorf("the gateway's file: %v\n%s", err, text)
			}
		})
	}
}

// In place, while calls keep coming.
func TestMigrateInPlaceUnderLoad(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	time.Sleep(200 * time.Millisecond)
	s.interrupted(t, "deployment", "migrate", "gpt-4o-ptu", "--model-version", "2024-11-20", "--in-place", "--yes", "-o", "none")
	time.Sleep(200 * time.Millisecond)
	s.check(t)
	if got := s.deployments(t); got != "gpt-4o-ptu\t2024-11-20\tSucceeded\n" {
		t.Errorf("deployments at the end:\n%s", got)
	}
}

// A new deployment that does not do well gets its calls taken away again, and
// no caller notices.
func TestSickDeploymentIsWithheld(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ fault, says string }{
		"errors":  {`{"kind":"error","deployment":"gpt-4o-ptu-2024-11-20","status":500,"percent":80}`, "does not do well with"},
		"latency": {`{"kind":"latency","deployment":"gpt-4o-ptu-2024-11-20","delay":"600ms"}`, "of the calls: mean duration"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			resp, err := http.Post(s.emulator.Endpoints.AdminURL+"/faults", "application/json", strings.NewReader(c.fault))
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode >= 300 {
				t.Fatalf("the fault was refused: %s", resp.Status)
			}
			time.Sleep(300 * time.Millisecond)
			args := append(slices.Clone(beside), "--gateway", s.admin, "--gateway-config", s.file, "--max-latency", "2")
			cmd, out := s.azptu(t, args...)
			err = cmd.Run()
			var ended *exec.ExitError
			if !errors.As(err, &ended) || ended.ExitCode() != 1 || !strings.Contains(out.String(), "does not do well") || !strings.Contains(out.String(), c.says) {
				t.Fatalf("%v\n%s", err, out)
			}
			for _, want := range []string{"): back to ", "withheld (0%)", "All calls go to 'gpt-4o-ptu'", "To go on: azptu deployment migrate"} {
				if !strings.Contains(out.String(), want) {
					t.Errorf("nothing was said of %q:\n%s", want, out)
				}
			}
			text, err := os.ReadFile(s.file)
			if err != nil || strings.Contains(string(text), "2024-11-20") || !strings.Contains(string(text), "members: [{backend: old, priority: 1}]") {
				t.Errorf("the gateway's file: %v\n%s", err, text)
			}
			s.check(t)
			if got := s.deployments(t); !strings.Contains(got, "gpt-4o-ptu\t2024-08-06\tSucceeded\n") {
				t.Errorf("deployments at the end:\n%s", got)
			}
		})
	}
}
