package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/azptu/azptu/internal/emulator"
	"github.com/azptu/azptu/internal/emulator/state"
)

// TestAzureScripts runs the acceptance tests that speak to Azure, each against
// an emulator of its own that holds the account of the manual.
func TestAzureScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Files:               scripts(t, func(name string) bool { return strings.HasPrefix(name, "azure_") }),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               setupAzure,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "account": putAccount, "capacity": setCapacity, "quota": setQuota, "advance": advance, "without": without, "until": until, "sed": replace, "as": signInAs,
		},
	})
}

type emulatorKey struct{}

func setupAzure(env *testscript.Env) error {
	if err := setupScript(env); err != nil {
		return err
	}
	dir := filepath.Join(env.WorkDir, "emulator")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	server, err := emulator.Start(context.Background(), emulator.Config{Dir: dir})
	if err != nil {
		return fmt.Errorf("starting the emulator: %w", err)
	}
	env.Defer(func() { _ = server.Close(context.Background()) })
	env.Values[emulatorKey{}] = server
	for name, value := range map[string]string{
		"AZPTU_CLOUD": "emulator", "AZPTU_EMULATOR_DIR": dir, "HTTPS_PROXY": "", "HTTP_PROXY": "",
		"SUB": server.Endpoints.SubscriptionID, "RG": server.Endpoints.ResourceGroup, "ACCOUNT": server.Endpoints.Account,
		"AOAI": server.Endpoints.AoaiURL, "ARM": server.Endpoints.ArmURL,
	} {
		env.Setenv(name, value)
	}
	return nil
}

func server(ts *testscript.TestScript, args []string, want int, usage string) *emulator.Server {
	if len(args) != want {
		ts.Fatalf("usage: %s", usage)
	}
	s, ok := ts.Value(emulatorKey{}).(*emulator.Server)
	if !ok {
		ts.Fatalf("no emulator")
	}
	return s
}

func whole(ts *testscript.TestScript, s string) int {
	n, err := strconv.Atoi(s)
	ts.Check(err)
	return n
}

// putAccount makes another account: account NAME GROUP LOCATION KIND.
func putAccount(ts *testscript.TestScript, _ bool, args []string) {
	s := server(ts, args, 4, "account NAME GROUP LOCATION KIND")
	subscription := s.Endpoints.SubscriptionID
	_, _, err := s.State.PutGroup(state.Group{Subscription: subscription, Name: args[1], Location: args[2]})
	ts.Check(err)
	_, _, err = s.State.PutAccount(state.Draft{Subscription: subscription, Group: args[1], Name: args[0], Location: args[2], Kind: args[3], SKU: "S0"}, state.Caller{Name: "test", Kind: "User"})
	ts.Check(err)
	s.Advance(time.Minute)
}

// setCapacity sets a region's free units: capacity LOCATION SKU UNITS.
func setCapacity(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(server(ts, args, 3, "capacity LOCATION SKU UNITS").State.SetCapacity(args[0], args[1], whole(ts, args[2])))
}

// setQuota sets a quota: quota LOCATION ROW LIMIT.
func setQuota(ts *testscript.TestScript, _ bool, args []string) {
	s := server(ts, args, 3, "quota LOCATION ROW LIMIT")
	ts.Check(s.State.SetQuota(s.Endpoints.SubscriptionID, args[0], args[1], whole(ts, args[2])))
}

// advance lets time pass in Azure: advance 30m.
func advance(ts *testscript.TestScript, _ bool, args []string) {
	s := server(ts, args, 1, "advance DURATION")
	by, err := time.ParseDuration(args[0])
	ts.Check(err)
	s.Advance(by)
}

// without stops the emulator, so that nothing answers any more.
func without(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(server(ts, args, 0, "without").Close(context.Background()))
}

// replace changes a file: sed OLD-REGEXP NEW FILE.
func replace(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: sed REGEXP NEW FILE")
	}
	pattern, err := regexp.Compile(args[0])
	ts.Check(err)
	path := ts.MkAbs(args[2])
	ts.Check(os.WriteFile(path, pattern.ReplaceAll([]byte(ts.ReadFile(path)), []byte(args[1])), 0o600))
}

// until waits for a deployment of the first account to reach a state:
// until NAME STATE.
func until(ts *testscript.TestScript, _ bool, args []string) {
	s := server(ts, args, 2, "until NAME STATE")
	account := state.Account{Subscription: s.Endpoints.SubscriptionID, Group: s.Endpoints.ResourceGroup, Name: s.Endpoints.Account}
	for range 2000 {
		if d, err := s.State.Deployment(account.ID(), args[0]); err == nil && d.State == args[1] {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	ts.Fatalf("%s never became %s", args[0], args[1])
}

// signInAs signs what follows in as a client that holds the roles named and no
// other: as 'Reader' 'Cognitive Services User'. With "as group" before them it
// holds them as the member of a group.
func signInAs(ts *testscript.TestScript, _ bool, args []string) {
	s, ok := ts.Value(emulatorKey{}).(*emulator.Server)
	if !ok || len(args) == 0 {
		ts.Fatalf("usage: as ROLE...")
	}
	client := s.State.AddClient(args[0])
	holder, kind := client.ObjectID, "ServicePrincipal"
	if args[0] == "group" {
		holder, kind, args = "99999999-8888-7777-6666-555555555555", "Group", args[1:]
		ts.Check(s.State.Join(client.ObjectID, holder))
	}
	for _, role := range args {
		_, _, err := s.State.Assign(state.Assignment{Scope: "/subscriptions/" + s.Endpoints.SubscriptionID, Role: role, Principal: holder, Kind: kind}, state.Caller{})
		ts.Check(err)
	}
	dir := ts.Getenv("AZPTU_EMULATOR_DIR")
	raw, err := os.ReadFile(filepath.Join(dir, "emulator.json"))
	ts.Check(err)
	var cloud map[string]any
	ts.Check(json.Unmarshal(raw, &cloud))
	cloud["clientId"], cloud["clientSecret"] = client.ClientID, client.Secret
	raw, err = json.Marshal(cloud)
	ts.Check(err)
	path := filepath.Join(dir, "as.json")
	ts.Check(os.WriteFile(path, raw, 0o600))
	ts.Setenv("AZPTU_CLOUD", path)
}
