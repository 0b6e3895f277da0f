package logs_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/call"
	"github.com/azptu/azptu/internal/calllog"
	"github.com/azptu/azptu/internal/cli"
	"github.com/azptu/azptu/internal/cli/term"
	"github.com/azptu/azptu/internal/cli/verb"
)

// filled is a log folder with three calls of the last hour.
func filled(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	store, err := calllog.Open(dir, calllog.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	for i, model := range []string{"gpt-4o-2024-08-06", "gpt-4o-2024-08-06", "gpt-5-2025-08-07"} {
		store.Record(&call.Call{
			At: time.Now().Add(-time.Duration(i) * 20 * time.Minute), ID: "call-" + string(rune('a'+i)), Operation: "ChatCompletions_Create", Caller: "10.0.0.9",
			Model: model, Status: 200, BackendStatus: 200, Backend: "ptu", Pool: "gpt-4o", Prompt: 10, Completion: 5, Counting: call.Reported,
			ResponseBody: []byte(`{"model":"` + model + `","usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}`),
		})
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// run runs one command line and gives what it wrote.
func run(t *testing.T, in string, args ...string) (code int, out, talk string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	home := t.TempDir()
	env := &verb.Env{
		Term: &term.Terminal{In: strings.NewReader(in), Out: &stdout, Err: &stderr}, Now: time.Now, WorkDir: home,
		Getenv:    func(name string) string { return map[string]string{"HOME": home, "LANG": "C"}[name] },
		Transport: func() *http.Transport { return &http.Transport{} },
	}
	code = cli.Run(context.Background(), env, args)
	return code, stdout.String(), stderr.String()
}

func TestQueryByEveryWay(t *testing.T) {
	dir := filled(t)
	const text = "Calls | summarize calls = count(), tokens = sum(TotalTokens) by Model | order by calls desc"
	file := filepath.Join(t.TempDir(), "q.kql")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		in   string
		args []string
	}{
		"argument": {"", []string{text}},
		"file":     {"", []string{"--file", file}},
		"stdin":    {text, nil},
		"dash":     {text, []string{"--file", "-"}},
	} {
		code, out, talk := run(t, c.in, append([]string{"logs", "query", "--dir", dir, "-o", "json"}, c.args...)...)
		var rows []struct {
			Model         string
			Calls, Tokens int
		}
		if err := json.Unmarshal([]byte(out), &rows); code != 0 || err != nil || len(rows) != 2 || rows[0].Calls != 2 || rows[0].Tokens != 30 {
			t.Errorf("%s: %d %v\n%s%s", name, code, err, out, talk)
		}
	}
	if code, out, talk := run(t, "", "logs", "query", "--dir", dir, "--saved", "token-usage", "-o", "tsv"); code != 0 || !strings.Contains(out, "10.0.0.9\tgpt-4o-2024-08-06\t2\t20\t10\t30") {
		t.Errorf("saved: %d %s%s", code, out, talk)
	}
}

func TestRefusals(t *testing.T) {
	dir := filled(t)
	for name, c := range map[string]struct {
		code int
		has  string
		args []string
	}{
		"no folder":       {3, "no logs in", []string{"logs", "query", "Calls", "--dir", filepath.Join(dir, "none")}},
		"faulty query":    {2, "line 1, column", []string{"logs", "query", "Calls | wher x", "--dir", dir}},
		"unknown table":   {2, "", []string{"logs", "query", "Cals | count", "--dir", dir}},
		"missing pipes":   {2, "| take 100", []string{"logs", "query", "AzureDiagnostics\ntake 100\nproject TimeGenerated, _ResourceId, Category, OperationName", "--dir", dir}},
		"two queries":     {2, "one query", []string{"logs", "query", "Calls", "--saved", "errors", "--dir", dir}},
		"unknown saved":   {2, "token-usage", []string{"logs", "query", "--saved", "tokenusage", "--dir", dir}},
		"missing file":    {3, "cannot be read", []string{"logs", "query", "--file", "nowhere.kql", "--dir", dir}},
		"empty query":     {2, "no query", []string{"logs", "query", "--dir", dir}},
		"open listener":   {2, "AZPTU_LOGS_TOKEN", []string{"logs", "serve", "--dir", dir, "--listen", "0.0.0.0:0"}},
		"unknown format":  {2, "jsonl", []string{"logs", "export", "Calls", "--format", "xml", "--dir", dir}},
		"faulty listener": {2, "not an address", []string{"logs", "serve", "--dir", dir, "--listen", "nowhere"}},
	} {
		if code, out, talk := run(t, "", c.args...); code != c.code || !strings.Contains(talk, c.has) {
			t.Errorf("%s: exit code %d, want %d\n%s%s", name, code, c.code, out, talk)
		}
	}
}

func TestQueryWithoutTablesNeedsNoLogs(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none")
	for query, want := range map[string]struct {
		code      int
		out, talk string
	}{
		"print a = 1 + 1": {0, "2", ""},
		"datatable(a:long) [1, 2] | summarize sum(a)": {0, "3", ""},
		"print foo(1)":                {2, "", "foo"},
		"print real(nan), real(+inf)": {0, "NaN\tinf", ""},
		"search 'x'":                  {3, "", "no logs in"},
		"union Calls, (print a = 1)":  {3, "", "no logs in"},
	} {
		code, out, talk := run(t, "", "logs", "query", query, "--dir", none, "-o", "tsv")
		if code != want.code || strings.TrimSpace(out) != want.out || !strings.Contains(talk, want.talk) {
			t.Errorf("%s: exit code %d, want %d\n%s%s", query, code, want.code, out, talk)
		}
	}
}

// A query that finds nothing says which time it asked for, wherever that stands,
// and where rows of its tables are; of other tables only when those are empty.
func TestEmptyResultSaysWhereRowsAre(t *testing.T) {
	dir := filled(t)
	for query, want := range map[string][]string{
		"Calls | where Model == 'none'":                                                                                   {"Calls has 3 rows, from "},
		"Calls | where TimeGenerated > ago(1m) and Model == 'none'":                                                       {"No rows of Calls since ", "Calls has 3 rows, from "},
		"let w = 2h; Calls | where Status == 1 | where TimeGenerated < ago(w)":                                            {"No rows of Calls until ", "Calls has 3 rows"},
		"Calls | where TimeGenerated between (datetime(2020-01-02) .. datetime(2020-01-03T04:00))":                        {"No rows of Calls from 2020-01-02", " to 2020-01-03", "Calls has 3 rows"},
		"Calls | where TimeGenerated > now() and TimeGenerated < ago(1h)":                                                 {"No rows of Calls can meet the query", "Calls has 3 rows"},
		"ApiManagementGatewayLogs | where TimeGenerated > ago(1s) | join (Calls | where Model == 'x') on TimeGenerated":   {"No rows of ApiManagementGatewayLogs since", "ApiManagementGatewayLogs has 3 rows", "Calls has 3 rows"},
		"union Calls, (Calls | where TimeGenerated > ago(1h)) | where Model == 'none' | project-away TimeGenerated":       {"Calls has 3 rows"},
		"AzureDiagnostics | where TimeGenerated > ago(1d) and Category == 'none' | extend TimeGenerated = now() | take 1": {"No rows of AzureDiagnostics since", "AzureDiagnostics has 3 rows"},
	} {
		code, _, talk := run(t, "", "logs", "query", query, "--dir", dir)
		for _, words := range want {
			if code != 0 || !strings.Contains(talk, words) {
				t.Errorf("%s: %d, no %q in %s", query, code, words, talk)
			}
		}
		if strings.Contains(talk, "LlmLog") {
			t.Errorf("%s tells of other tables: %s", query, talk)
		}
	}
	if _, _, talk := run(t, "", "logs", "query", "Calls | where Model == 'none'", "--since", "5m", "--dir", dir); !strings.Contains(talk, "No rows of Calls from ") {
		t.Errorf("with a span beside the query: %s", talk)
	}
	if _, _, talk := run(t, "", "logs", "query", "union AzureMetrics, AzureDiagnostics | where TimeGenerated > ago(1h) and Category == 'x'", "--dir", dir, "--lang", "pt-BR"); !strings.Contains(talk, "Nenhuma linha de AzureMetrics desde") {
		t.Errorf("in Portuguese: %s", talk)
	}
}

func TestSinceLimitsEveryTable(t *testing.T) {
	code, out, talk := run(t, "", "logs", "query", "ApiManagementGatewayLogs | count", "--since", "30m", "--dir", filled(t), "-o", "tsv")
	if code != 0 || strings.TrimSpace(out) != "2" {
		t.Errorf("%d %s%s", code, out, talk)
	}
}

func TestTablesTailAndExport(t *testing.T) {
	dir := filled(t)
	if code, out, _ := run(t, "", "logs", "tables", "--dir", dir, "-o", "json", "--query", "[?rows > `0`].table"); code != 0 || !strings.Contains(out, "ApiManagementGatewayLlmLog") {
		t.Errorf("tables: %d %s", code, out)
	}
	if code, out, _ := run(t, "", "logs", "tail", "-n", "2", "--dir", dir, "--where", "Model startswith 'gpt-4o'"); code != 0 || strings.Count(out, "\n") != 2 {
		t.Errorf("tail: %d %s", code, out)
	}
	if code, out, _ := run(t, "", "logs", "export", "Calls | project CallId, Model | order by CallId asc", "--format", "csv", "--dir", dir); code != 0 || !strings.HasPrefix(out, "CallId,Model\ncall-a,") {
		t.Errorf("csv: %d %s", code, out)
	}
	to := filepath.Join(t.TempDir(), "out.jsonl")
	if code, _, talk := run(t, "", "logs", "export", "Calls | project CallId | order by CallId asc", "--to", to, "--dir", dir); code != 0 {
		t.Errorf("jsonl: %d %s", code, talk)
	}
	if raw, err := os.ReadFile(to); err != nil || string(raw) != "{\"CallId\":\"call-a\"}\n{\"CallId\":\"call-b\"}\n{\"CallId\":\"call-c\"}\n" {
		t.Errorf("jsonl: %v %s", err, raw)
	}
}

func TestSavedQueriesAreDescribedInEveryLanguage(t *testing.T) {
	for _, lang := range []string{"en", "pt-BR", "es"} {
		code, out, talk := run(t, "", "logs", "query", "--list-saved", "--lang", lang, "-o", "tsv")
		if code != 0 || strings.Contains(out, "logs.saved.") || strings.Count(out, "\n") != len(calllog.SavedNames()) {
			t.Errorf("%s: %d %s%s", lang, code, out, talk)
		}
	}
}
