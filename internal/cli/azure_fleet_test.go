package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/cli/term"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/emulator"
	"github.com/azptu/azptu/internal/emulator/state"
)

// slow is a Resource Manager 50 ms away that counts what it is asked.
type slow struct {
	next http.Handler
	mu   sync.Mutex
	gets map[string]int
}

func (s *slow) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.gets[r.Method+" "+r.URL.Path]++
	s.mu.Unlock()
	time.Sleep(50 * time.Millisecond)
	s.next.ServeHTTP(w, r)
}

func (s *slow) count() (total, most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.gets {
		total, most = total+n, max(most, n)
	}
	s.gets = map[string]int{}
	return total, most
}

// moreRegions are real regions that the emulator does not have: with them
// there are 30.
var moreRegions = []string{"austriaeast", "belgiumcentral", "chilecentral", "denmarkeast", "mexicocentral"}

// widen adds them to the answers that list regions or where things are: the
// last accounts are moved there.
func widen(resp *http.Response) error {
	path := resp.Request.URL.Path
	parts := strings.Split(path, "/")
	if resp.StatusCode != http.StatusOK || resp.Request.Method != http.MethodGet {
		return nil
	}
	last := parts[len(parts)-1]
	if last != "locations" && last != "accounts" && last != "modelCapacities" {
		return nil
	}
	var list map[string]any
	err := json.NewDecoder(resp.Body).Decode(&list)
	resp.Body.Close()
	if err != nil {
		return err
	}
	rows, _ := list["value"].([]any)
	for i, name := range moreRegions {
		switch last {
		case "locations":
			rows = append(rows, map[string]any{"name": name, "displayName": name, "metadata": map[string]any{"regionType": "Physical"}})
		case "accounts":
			for _, row := range rows {
				if a := row.(map[string]any); a["name"] == fmt.Sprintf("fleet-%02d", fleetAccounts-1-i) {
					a["location"] = name
				}
			}
		case "modelCapacities":
			row := maps.Clone(rows[0].(map[string]any))
			row["location"] = name
			rows = append(rows, row)
		}
	}
	list["value"] = rows
	raw, err := json.Marshal(list)
	resp.Body = io.NopCloser(bytes.NewReader(raw))
	resp.ContentLength = int64(len(raw))
	resp.Header.Set("Content-Length", strconv.Itoa(len(raw)))
	return err
}

const (
	fleetRegions     = 30
	fleetAccounts    = 50
	fleetDeployments = 10 // of each account
)

// fleet starts an emulator with many accounts behind a slow Resource Manager
// and returns it with a cloud file.
func fleet(t testing.TB) (server *slow, cloud string) {
	t.Helper()
	emu, err := emulator.Start(context.Background(), emulator.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = emu.Close(context.Background()) })
	regions := state.Regions()
	by := state.Caller{Name: "test", Kind: "User"}
	for i := range fleetAccounts {
		region := regions[i%len(regions)].Name
		a, _, err := emu.State.PutAccount(state.Draft{Subscription: emu.Endpoints.SubscriptionID, Group: emu.Endpoints.ResourceGroup, Name: fmt.Sprintf("fleet-%02d", i), Location: region, Kind: "AIServices", SKU: "S0"}, by)
		if err != nil {
			t.Fatal(err)
		}
		emu.Advance(time.Minute)
		for j := range fleetDeployments {
			one := 1
			_, err := emu.State.PutDeployment(state.Order{Account: a.ID(), Name: fmt.Sprintf("d-%02d", j), SKU: "GlobalStandard", Capacity: &one, Model: state.ModelRef{Format: "OpenAI", Name: "gpt-4o", Version: "2024-11-20"}}, by)
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	target, err := url.Parse(emu.Endpoints.ArmURL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport = emu.Client().Transport
	proxy.ModifyResponse = widen
	server = &slow{next: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, name := range moreRegions { // what is asked of a further region, another answers
			r.URL.Path = strings.Replace(r.URL.Path, "/locations/"+name+"/", "/locations/eastus/", 1)
		}
		proxy.ServeHTTP(w, r)
	}), gets: map[string]int{}}
	return server, cloudOf(t, emu, server)
}

// cloudOf puts a Resource Manager in front of an emulator's own and returns the
// file of that cloud.
func cloudOf(t testing.TB, emu *emulator.Server, manager http.Handler) string {
	t.Helper()
	front := httptest.NewUnstartedServer(manager)
	front.EnableHTTP2 = true // as Resource Manager speaks it
	front.StartTLS()
	t.Cleanup(front.Close)
	dir := t.TempDir()
	bundle := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: front.Certificate().Raw}), emu.CA()...)
	if err := os.WriteFile(filepath.Join(dir, "ca.pem"), bundle, 0o600); err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(map[string]string{
		"armUrl": front.URL, "authorityUrl": emu.Endpoints.AuthorityURL, "caFile": "ca.pem", "tenantId": emu.Endpoints.TenantID,
		"clientId": emu.Endpoints.ClientID, "clientSecret": emu.Endpoints.ClientSecret, "subscriptionId": emu.Endpoints.SubscriptionID,
		"metricsUrl": front.URL, "pricesUrl": front.URL,
	})
	if err != nil {
		t.Fatal(err)
	}
	cloud := filepath.Join(dir, "cloud.json")
	if err := os.WriteFile(cloud, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return cloud
}

// play runs one command line in this process, which must succeed.
func play(t testing.TB, cloud string, args ...string) (stdout string) {
	t.Helper()
	code, stdout, talk := playAt(t, cloud, time.Now, args...)
	if code != 0 {
		t.Fatalf("azptu %s: exit code %d\n%s", strings.Join(args, " "), code, talk)
	}
	return stdout
}

// playAt runs one command line in this process on a clock of its own.
func playAt(t testing.TB, cloud string, now func() time.Time, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, talk bytes.Buffer
	environment := map[string]string{"AZPTU_CLOUD": cloud, "AZPTU_STATE_DIR": t.TempDir(), "AZPTU_LANG": "en"}
	code = Run(context.Background(), &verb.Env{
		Term: &term.Terminal{In: strings.NewReader(""), Out: &out, Err: &talk}, Getenv: func(name string) string { return environment[name] },
		Now: now, Transport: transport,
	}, args)
	return code, out.String(), talk.String()
}

// fleetCommands are what looks at everything, with the most requests each may
// need: one for each region, one for each account, and a few.
var fleetCommands = []struct {
	args []string
	most int
}{
	{[]string{"quota", "show", "-o", "json"}, fleetRegions + fleetAccounts + 10},
	{[]string{"capacity", "show", "--model", "gpt-4o", "--model-version", "2024-08-06", "-o", "json"}, fleetRegions + 10},
	{[]string{"model", "retirements", "-o", "json"}, fleetRegions + fleetAccounts + 10},
}

// With 50 accounts and 500 deployments in 30 regions every region and account is read once,
// side by side, so that a subscription's read limits are far away.
func TestFleetIsReadOnce(t *testing.T) {
	server, cloud := fleet(t)
	outputs := map[string]string{}
	for _, c := range fleetCommands {
		server.count()
		begun := time.Now()
		out := play(t, cloud, c.args...)
		outputs[c.args[0]] = out
		took := time.Since(begun)
		total, most := server.count()
		t.Logf("azptu %s: %d requests, %v with 50 ms each, %d bytes", strings.Join(c.args[:2], " "), total, took.Round(time.Millisecond), len(out))
		if total > c.most || most > 2 {
			t.Errorf("azptu %s: %d requests, at most %d wanted; one was sent %d times", strings.Join(c.args, " "), total, c.most, most)
		}
	}
	var rows []struct{ Deployment, Location string }
	if err := json.Unmarshal([]byte(outputs["model"]), &rows); err != nil || len(rows) < fleetAccounts*fleetDeployments {
		t.Errorf("%d rows, %v", len(rows), err)
	}
	if err := json.Unmarshal([]byte(outputs["quota"]), &rows); err != nil {
		t.Fatal(err)
	}
	regions := map[string]bool{}
	for _, r := range rows {
		regions[r.Location] = true
	}
	if len(regions) != fleetRegions {
		t.Errorf("quota of %d regions, want %d", len(regions), fleetRegions)
	}
}

func BenchmarkFleet(b *testing.B) {
	_, cloud := fleet(b)
	for _, c := range fleetCommands {
		b.Run(strings.Join(c.args[:2], "-"), func(b *testing.B) {
			for b.Loop() {
				play(b, cloud, c.args...)
			}
		})
	}
}
