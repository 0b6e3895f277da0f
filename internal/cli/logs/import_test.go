package logs_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/calllog"
)

// What is exported in any format and imported elsewhere answers the same.
func TestExportedRowsComeBack(t *testing.T) {
	dir := filled(t)
	const question = "ApiManagementGatewayLogs | project-away TimeGenerated | order by CorrelationId asc"
	_, want, _ := run(t, "", "logs", "query", question, "--dir", dir, "-o", "json")
	for _, format := range []string{"jsonl", "csv", "parquet"} {
		file, other := filepath.Join(t.TempDir(), "rows."+format), filepath.Join(t.TempDir(), "logs")
		if code, out, talk := run(t, "", "logs", "export", "ApiManagementGatewayLogs", "--dir", dir, "--format", format, "--to", file); code != 0 {
			t.Fatalf("%s: %d %s%s", format, code, out, talk)
		}
		code, _, talk := run(t, "", "logs", "import", file, "--table", "ApiManagementGatewayLogs", "--dir", other)
		if code != 0 || !strings.Contains(talk, "3 rows were added to ApiManagementGatewayLogs") {
			t.Fatalf("%s: %d %s", format, code, talk)
		}
		if _, got, _ := run(t, "", "logs", "query", question, "--dir", other, "-o", "json"); got != want {
			t.Errorf("%s:\n got %s\nwant %s", format, got, want)
		}
		if _, _, talk := run(t, "", "logs", "query", "ApiManagementGatewayLogs | where TimeGenerated > now(1d)", "--dir", other); !strings.Contains(talk, "has 3 rows") {
			t.Errorf("%s: times are gone: %s", format, talk)
		}
	}
}

func TestImportSaysWhatItLeftOut(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(t.TempDir(), "rows.txt")
	if err := os.WriteFile(file, []byte("{\"MetricName\":\"Tokens\",\"Total\":3,\"Nonsense\":1}\nnot a row\n\n[1]\n{\"MetricName\":\"Tokens\",\"Total\":\"4.5\"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, talk := run(t, "", "logs", "import", file, "--table", "AzureMetrics", "--dir", dir)
	for _, want := range []string{"2 lines are no rows (the first is line 2)", "1 value was left out", "2 rows were added to AzureMetrics"} {
		if code != 0 || !strings.Contains(talk, want) {
			t.Errorf("%d, no %q in %s", code, want, talk)
		}
	}
	if _, out, _ := run(t, "", "logs", "query", "AzureMetrics | summarize sum(Total)", "--dir", dir, "-o", "csv"); out != "sum_Total\n7.5\n" {
		t.Errorf("as CSV: %q", out)
	}
	if code, _, talk := run(t, "a,b\n1,2\n", "logs", "import", "-", "--table", "Call", "--dir", dir); code != 2 || !strings.Contains(talk, "Calls") {
		t.Errorf("a table that is not there: %d %s", code, talk)
	}
	if code, _, talk := run(t, "MetricName,Total\na,1\nb,2,3\n", "logs", "import", "-", "--format", "csv", "--table", "AzureMetrics", "--dir", dir); code != 0 || !strings.Contains(talk, "1 line is no row (line 3)") {
		t.Errorf("CSV from standard input: %d %s", code, talk)
	}
	store, err := calllog.Open(dir, calllog.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if code, _, talk := run(t, "{}\n", "logs", "import", "-", "--table", "Calls", "--dir", dir); code != 6 || !strings.Contains(talk, "has a writer already") {
		t.Errorf("while a gateway writes: %d %s", code, talk)
	}
}

// Prompts that are imported are masked by the built-in rules, or kept as the
// configuration of a gateway says.
func TestImportMasks(t *testing.T) {
	rows := filepath.Join(t.TempDir(), "rows.jsonl")
	if err := os.WriteFile(rows, []byte(`{"RequestBody":"{\"messages\":[{\"content\":\"project X of ana@example.com\"}]}","Url":"/x"}`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	configured := func(logs string) string {
		path := filepath.Join(t.TempDir(), "gateway.yaml")
		text := "version: 1\nlisten: 127.0.0.1:0\nbackends: [{name: b, endpoint: \"http://127.0.0.1:1\", deployment: d, kind: standard, capacity: 1, auth: {key: \"env:K\"}}]\npools: [{name: p, members: [{backend: b}]}]\nproducts: [{name: c, pools: [p]}]\nkeys: [{name: k, product: c, secret: \"env:S\"}]\nlogs: " + logs + "\n"
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct {
		want string
		args []string
	}{
		{"project X of ana@example.com", nil},
		{"project X of ***", []string{"--mask"}},
		{"*** of ***", []string{"--config", configured("{dir: ./l, bodies: masked, mask: [\"project [A-Z]\"]}")}},
		{"project X of ana@example.com", []string{"--config", configured("{dir: ./l, bodies: full, mask: [\"project [A-Z]\"]}")}},
		{"*** of ***", []string{"--mask", "--config", configured("{dir: ./l, bodies: full, mask: [\"project [A-Z]\"]}")}},
		{"", []string{"--config", configured("{dir: ./l, bodies: none}")}},
	} {
		dir := t.TempDir()
		if code, _, talk := run(t, "", append([]string{"logs", "import", rows, "--table", "ApiManagementGatewayLogs", "--dir", dir}, c.args...)...); code != 0 {
			t.Fatalf("%v: %d %s", c.args, code, talk)
		}
		if _, out, _ := run(t, "", "logs", "query", "ApiManagementGatewayLogs | project Url, tostring(parse_json(RequestBody).messages[0].content)", "--dir", dir, "-o", "tsv"); !strings.Contains(out, "/x\t"+c.want+"\n") {
			t.Errorf("%v: %q, want %q", c.args, out, c.want)
		}
	}
	if code, _, _ := run(t, "", "logs", "import", rows, "--table", "Calls", "--dir", t.TempDir(), "--config", rows); code != 2 {
		t.Errorf("a faulty configuration: exit code %d", code)
	}
}
