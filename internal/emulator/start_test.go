package emulator_test

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/emulator"
	"github.com/azptu/azptu/internal/emulator/state"
)

// emulator.json holds the agreed fields, every URL is a root that answers, and
// all of it is gone when the emulator is.
func TestEndpointsFile(t *testing.T) {
	dir := t.TempDir()
	s, err := emulator.Start(t.Context(), emulator.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, emulator.EndpointsFile)
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Fatalf("%v %v", info, err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]string
	if err := json.Unmarshal(b, &fields); err != nil {
		t.Fatal(err)
	}
	for _, name := range strings.Fields("armUrl authorityUrl aoaiUrl aoaiHttpUrl ingestUrl caFile tenantId clientId clientSecret subscriptionId resourceGroup account location apiKey metricsUrl logsUrl workspaceId kustoUrl kustoDatabase imdsUrl identityEndpoint identityHeader pricesUrl adminUrl promUrl") {
		if fields[name] == "" {
			t.Errorf("%s is missing", name)
		}
		if strings.HasSuffix(name, "Url") && strings.Count(fields[name], "/") != 2 {
			t.Errorf("%s is not a root without a path: %s", name, fields[name])
		}
		delete(fields, name)
	}
	if len(fields) > 0 {
		t.Errorf("fields nobody agreed on: %v", fields)
	}
	read, err := emulator.ReadEndpoints(dir)
	if err != nil || read != s.Endpoints {
		t.Errorf("read back: %v", err)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// What `emulator env` prints means the same to a shell as to us.
func TestExports(t *testing.T) {
	s := start(t, emulator.Config{Dir: filepath.Join(t.TempDir(), "it's a dir")})
	posix, err := s.Endpoints.Exports("posix")
	if err != nil {
		t.Fatal(err)
	}
	if sh, err := exec.LookPath("sh"); err == nil {
		for _, v := range s.Endpoints.Environment() {
			out, err := exec.CommandContext(t.Context(), sh, "-c", posix+`printf %s "$`+v.Name+`"`).Output()
			if err != nil || string(out) != v.Value || v.Value == "" {
				t.Errorf("%s: the shell reads %q, want %q (%v)", v.Name, out, v.Value, err)
			}
		}
	}
	power, err := s.Endpoints.Exports("powershell")
	if err != nil || !strings.Contains(power, "$env:AZPTU_CLOUD = 'emulator'") || !strings.Contains(power, "it''s") {
		t.Errorf("%v\n%s", err, power)
	}
	if _, err := s.Endpoints.Exports("fish"); err == nil {
		t.Error("an unknown shell was taken")
	}
	bundle, err := os.ReadFile(filepath.Join(filepath.Dir(s.Endpoints.CAFile), "ca-bundle.pem"))
	if err != nil || !strings.HasSuffix(string(bundle), string(s.CA())) {
		t.Errorf("the bundle does not end with the emulator's authority: %v", err)
	}
}

// It is for this machine alone unless that is asked away.
func TestUnsafeConfigurations(t *testing.T) {
	for name, config := range map[string]emulator.Config{
		"all addresses": {Host: "0.0.0.0"}, "a name": {Host: "example.com"}, "port": {Port: 70000}, "time": {TimeScale: -1},
		"no such directory": {State: "/nonexistent/dir/state.json"},
	} {
		s, err := emulator.Start(t.Context(), config)
		if name == "no such directory" && err == nil { // a world that cannot be kept must not be begun
			t.Errorf("%s: started", name)
		}
		if err == nil {
			t.Errorf("%s: started", name)
			_ = s.Close(t.Context())
		}
	}
	s, err := emulator.Start(t.Context(), emulator.Config{Host: "0.0.0.0", UnsafeListen: true})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(s.Endpoints.ArmURL, "https://127.0.0.1:") {
		t.Errorf("reached at %s", s.Endpoints.ArmURL)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// The administration address is for programs on this machine: what a web page
// could make a browser send is refused.
func TestAdministrationIsNotForBrowsers(t *testing.T) {
	s := start(t, emulator.Config{})
	for _, c := range []struct {
		header, value string
		status        int
	}{{"X-Nothing", "", 200}, {"Origin", "https://example.com", 403}, {"Sec-Fetch-Site", "cross-site", 403}, {"Host", "rebound.example.com", 403}} {
		q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.Endpoints.AdminURL+"/clock", nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.header == "Host" {
			q.Host = c.value
		} else {
			q.Header.Set(c.header, c.value)
		}
		resp, err := s.Client().Do(q)
		if err != nil {
			t.Fatal(err)
		}
		if body := readAll(t, resp); resp.StatusCode != c.status {
			t.Errorf("%s: %s %s", c.header, resp.Status, body)
		}
	}
}

// Clock, rules and reset, as the commands use them.
func TestAdministration(t *testing.T) {
	s := start(t, emulator.Config{})
	r := newRest(t, s)
	ask := func(method, path, body string) (int, string) {
		q, err := http.NewRequestWithContext(t.Context(), method, s.Endpoints.AdminURL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := s.Client().Do(q)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, readAll(t, resp)
	}
	before := s.State.Clock().Now()
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{"POST", "/clock/advance", `{"by":"31m"}`, 200}, {"POST", "/clock/advance", `{"by":"-1m"}`, 400}, {"POST", "/clock/advance", `{"by":"soon"}`, 400},
		{"POST", "/clock/advance", `{`, 400}, {"PUT", "/clock", `{"scale":0}`, 400}, {"PUT", "/clock", `{"scale":60}`, 200},
		{"PUT", "/quota", `{"location":"eastus","row":"OpenAI.ProvisionedManaged","limit":120}`, 200}, {"PUT", "/quota", `{"location":"atlantis","row":"x","limit":1}`, 400},
		{"PUT", "/capacity", `{"location":"eastus","sku":"GlobalProvisionedManaged","units":0}`, 200}, {"PUT", "/capacity", `{"location":"eastus","sku":"Standard","units":0}`, 400},
		{"PUT", "/default-version", `{"model":"gpt-4o","version":"2024-11-20"}`, 200}, {"PUT", "/default-version", `{"model":"gpt-4o","version":"x"}`, 404},
		{"POST", "/operations/none/fail", `{}`, 404}, {"GET", "/livez", "", 200}, {"DELETE", "/clock", "", 404},
	} {
		if status, body := ask(c.method, c.path, c.body); status != c.status {
			t.Errorf("%s %s %s: %d %s", c.method, c.path, c.body, status, body)
		}
	}
	if passed := s.State.Clock().Now().Sub(before); passed < 31*time.Minute {
		t.Errorf("the clock moved by %v", passed)
	}
	order := map[string]any{"sku": map[string]any{"name": "ProvisionedManaged", "capacity": 50}, "properties": map[string]any{"model": map[string]any{"format": "OpenAI", "name": "gpt-4o", "version": "2024-08-06"}}}
	if a := r.do("PUT", "{acc}/deployments/more", v2025, order); a.code() != "InsufficientQuota" {
		t.Errorf("with the quota lowered: %d %s", a.status, a.raw)
	}
	if status, body := ask("POST", "/reset", ""); status != 200 {
		t.Errorf("reset: %d %s", status, body)
	}
	if a := r.do("PUT", "{acc}/deployments/more", v2025, order); a.status != 201 {
		t.Errorf("after the reset: %d %s", a.status, a.raw)
	}
	if status, _ := chat(t, s, s.Endpoints.AoaiURL, state.RoomyDeployment, "api-key", s.Endpoints.APIKey); status != 200 {
		t.Errorf("after the reset the key answers %d", status)
	}
}

// Closing ends everything that starting began, also while clients are there.
func TestNothingIsLeftRunning(t *testing.T) {
	once := func() {
		s, err := emulator.Start(t.Context(), emulator.Config{})
		if err != nil {
			t.Fatal(err)
		}
		r := newRest(t, s)
		r.must("GET", "{acc}", v2025, nil)
		makeAccount("second", "OpenAI", "S0", "eastus")(r)
		if status, _ := chat(t, s, s.Endpoints.AoaiURL, state.RoomyDeployment, "api-key", s.Endpoints.APIKey); status != http.StatusOK {
			t.Errorf("status %d", status)
		}
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if err := s.Close(t.Context()); err != nil {
			t.Errorf("closing twice: %v", err)
		}
		r.client.CloseIdleConnections()
	}
	once() // what is made once for all
	before := runtime.NumGoroutine()
	for range 5 {
		once()
	}
	for range 400 { // connections take a moment to notice
		if runtime.NumGoroutine() <= before+2 {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	stacks := make([]byte, 1<<16)
	t.Errorf("%d goroutines before, %d after:\n%s", before, runtime.NumGoroutine(), stacks[:runtime.Stack(stacks, true)])
}

// From nothing to answering: the aim is 100 ms.
func BenchmarkStart(b *testing.B) {
	dir := b.TempDir()
	for b.Loop() {
		s, err := emulator.Start(b.Context(), emulator.Config{Dir: dir})
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}
