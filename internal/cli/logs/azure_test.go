package logs_test

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/call"
	"github.com/azptu/azptu/internal/calllog"
	"github.com/azptu/azptu/internal/cli"
	"github.com/azptu/azptu/internal/cli/logs"
	"github.com/azptu/azptu/internal/cli/term"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/daemon"
	"github.com/azptu/azptu/internal/emulator"
	"github.com/azptu/azptu/internal/gateway/config"
)

// azure is an emulator with a workspace and a database of its own.
func azure(t *testing.T) (dir string, at emulator.Endpoints) {
	t.Helper()
	dir = t.TempDir()
	place := daemon.NewWorkspace(filepath.Join(dir, "workspace"), time.Now, nil)
	server, err := emulator.Start(context.Background(), emulator.Config{Dir: dir, Now: time.Now, Logs: place.Handler, Workspace: place})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = server.Close(ctx)
		if err := place.Close(); err != nil {
			t.Error(err)
		}
	})
	return dir, server.Endpoints
}

// signedIn is the environment of somebody who works on the emulated cloud.
func signedIn(t *testing.T, dir string, out, talk *bytes.Buffer) *verb.Env {
	t.Helper()
	home := t.TempDir()
	return &verb.Env{
		Term: &term.Terminal{In: strings.NewReader(""), Out: out, Err: talk}, Now: time.Now, WorkDir: home,
		Getenv: func(name string) string {
			return map[string]string{"HOME": home, "LANG": "C", "AZPTU_CLOUD": "emulator", "AZPTU_EMULATOR_DIR": dir}[name]
		},
		Transport: func() *http.Transport { return &http.Transport{} },
	}
}

const rule = "dcr-00000000000000000000000000000abc"

// What the gateway's log sends to Azure is there, and the same text asked here
// and there gives the same answer, through Microsoft's own clients.
func TestRowsReachAzureAndAnswerThere(t *testing.T) {
	dir, at := azure(t)
	var out, talk bytes.Buffer
	env := signedIn(t, dir, &out, &talk)
	if code := cli.Run(context.Background(), env, []string{"logs", "tables", "--dir", t.TempDir()}); code != 3 { // the environment is complete after a command
		t.Fatalf("%d %s", code, talk.String())
	}
	ingest, _ := url.Parse(at.IngestURL)
	cluster, _ := url.Parse(at.KustoURL)
	shipments, err := logs.Shipments(env, []config.Sink{
		{Name: "workspace", Kind: config.WorkspaceSink, Endpoint: ingest, Rule: rule, Tables: map[string]string{"Calls": ""}},
		{Name: "explorer", Kind: config.ExplorerSink, Endpoint: cluster, Database: at.KustoDatabase, Tables: map[string]string{"ApiManagementGatewayLogs": ""}},
	})
	if err != nil {
		t.Fatal(err)
	}
	here := t.TempDir()
	store, err := calllog.Open(here, calllog.Options{Now: time.Now, Ship: shipments})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 50 {
		store.Record(&call.Call{
			At: time.Now().Add(-time.Duration(i) * time.Second), ID: "call", Operation: "ChatCompletions_Create", Caller: "10.0.0.9", Model: []string{"gpt-4o", "gpt-5"}[i%2],
			Status: 200, BackendStatus: 200, Prompt: i, Completion: 1, Counting: call.Reported, Cost: 0.25, Stream: i%3 == 0, Total: 1234567 * time.Nanosecond,
			ResponseBody: []byte(`{"model":"gpt-4o","usage":{"total_tokens":` + strings.Repeat("1", 1+i%3) + `}}`),
		})
	}
	for _, do := range []func(context.Context) error{store.Flush, store.Ship} {
		if err := do(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		text  string
		there []string
	}{
		{"Calls | summarize calls = count(), sum(TotalTokens), sum(CostUsd), countif(Stream), max(TotalMs) by Model | order by Model asc", []string{"--on", "workspace", "--workspace", at.WorkspaceID}},
		{"ApiManagementGatewayLogs | extend u = parse_json(BackendResponseBody).usage | summarize sum(tolong(u.total_tokens)), make_set(ResponseCode) by CallerIpAddress", []string{"--on", "adx", "--cluster", at.KustoURL, "--database", at.KustoDatabase}},
		{"ApiManagementGatewayLogs | top 3 by TimeGenerated desc | project TimeGenerated, since = datetime(2026-01-01) - datetime(2025-12-30 12:00), IsRequestSuccess, TotalTime", []string{"--on", "adx", "--cluster", at.KustoURL, "--database", at.KustoDatabase, "--since", "1h"}},
	} {
		_, want, _ := run(t, "", "logs", "query", c.text, "--dir", here, "-o", "json")
		out.Reset()
		talk.Reset()
		env := signedIn(t, dir, &out, &talk)
		if code := cli.Run(context.Background(), env, append([]string{"logs", "query", c.text, "-o", "json"}, c.there...)); code != 0 || out.String() != want {
			t.Errorf("%v: %d %s\n got %s\nwant %s", c.there, code, talk.String(), out.String(), want)
		}
	}
}

// What Azure refuses is told in its words, with the place that refused.
func TestAzureRefusesFaultyQueries(t *testing.T) {
	dir, at := azure(t)
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"Calls | wher 1", "--on", "workspace", "--workspace", at.WorkspaceID}, 2, "wher"},
		{[]string{"Calls | wher 1", "--on", "adx", "--cluster", at.KustoURL, "--database", at.KustoDatabase}, 2, "wher"},
		{[]string{"Calls", "--on", "adx", "--cluster", at.KustoURL, "--database", "other"}, 2, "'other'"},
		{[]string{"Calls", "--on", "workspace"}, 2, "--workspace"},
		{[]string{"Calls", "--on", "adx", "--cluster", at.KustoURL}, 2, "--database"},
		{[]string{"Calls", "--on", "elsewhere"}, 2, "workspace"},
	} {
		var out, talk bytes.Buffer
		if code := cli.Run(context.Background(), signedIn(t, dir, &out, &talk), append([]string{"logs", "query"}, c.args...)); code != c.code || !strings.Contains(talk.String(), c.want) {
			t.Errorf("%v: %d %s", c.args, code, talk.String())
		}
	}
}

// Rows that a sink refused are sent again by name.
func TestReplay(t *testing.T) {
	dir, at := azure(t)
	here := t.TempDir()
	file := filepath.Join(t.TempDir(), "gateway.yaml")
	text := `version: 1
listen: 127.0.0.1:0
backends:
  - {name: b, endpoint: "https://b.openai.azure.com", deployment: d, kind: standard, capacity: 1, model: {name: gpt-4o, version: "1"}, auth: {entra: {}}}
pools: [{name: gpt-4o, members: [{backend: b}]}]
products: [{name: p, pools: [gpt-4o]}]
keys: [{name: k, product: p, secret: "env:K"}]
logs:
  dir: ` + here + `
  sinks:
    - {name: there, kind: adx, endpoint: "` + at.KustoURL + `", database: ` + at.KustoDatabase + `}
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	dead := filepath.Join(here, "sinks", "there.dead.jsonl")
	if err := os.MkdirAll(filepath.Dir(dead), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dead, []byte(`{"table":"Calls","row":{"CallId":"a"}}`+"\n"+`{"table":"Nowhere","row":{}}`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, talk bytes.Buffer
	code := cli.Run(context.Background(), signedIn(t, dir, &out, &talk), []string{"logs", "replay", "there", "--config", file})
	if code != 1 || !strings.Contains(talk.String(), "1 row was sent to there") || !strings.Contains(talk.String(), "refused 1 row again") {
		t.Errorf("%d %s%s", code, out.String(), talk.String())
	}
	left, err := os.ReadFile(dead)
	if err != nil || strings.Count(string(left), "\n") != 1 || !strings.Contains(string(left), "Nowhere") {
		t.Errorf("left: %s, %v", left, err)
	}
	talk.Reset()
	if code := cli.Run(context.Background(), signedIn(t, dir, &out, &talk), []string{"logs", "replay", "ther", "--config", file}); code != 2 || !strings.Contains(talk.String(), "there") {
		t.Errorf("an unknown sink: %d %s", code, talk.String())
	}
}
