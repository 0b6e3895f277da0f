package logs_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A shell that a program talks to runs query after query, tells of faults and
// goes on.
func TestShell(t *testing.T) {
	dir := filled(t)
	script := `Calls
| summarize calls = count() by Model
| order by calls desc

Calls | cuont;
Calls | count;
.schema Calls
.schema Call
.since 30m
Calls | count;
.since long
.tables
.help
.saved token-usage
print n = 1`
	code, out, talk := run(t, script, "logs", "shell", "--dir", dir, "-o", "tsv")
	if code != 0 {
		t.Fatalf("%d %s", code, talk)
	}
	for _, want := range []string{"gpt-4o-2024-08-06\t2\ngpt-5-2025-08-07\t1\n3\n", "PromptTokens\tlong\n", "\n2\n", "AzureMetrics\t", "10.0.0.9", "\n1\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in:\n%s", want, out)
		}
	}
	for _, want := range []string{"cuont", "count", "Calls", `"long" is no duration`, ".quit"} {
		if !strings.Contains(talk, want) {
			t.Errorf("no %q in:\n%s", want, talk)
		}
	}
	if code, out, _ := run(t, "quit\nprint 1;\n", "logs", "shell", "--dir", dir, "-o", "tsv"); code != 0 || out != "" {
		t.Errorf("%d %q after quit", code, out)
	}
}

// What render asks for is drawn where people look, and as a picture.
func TestRender(t *testing.T) {
	dir := filled(t)
	const text = "Calls | summarize calls = count() by Model | order by calls desc | render barchart with (title='Calls by model')"
	if code, out, talk := run(t, "", "logs", "query", text, "--dir", dir, "--chart"); code != 0 || !strings.HasPrefix(out, "Calls by model\n") || !strings.Contains(out, "█ 2\n") {
		t.Errorf("%d %s%s", code, out, talk)
	}
	if _, out, _ := run(t, "", "logs", "query", text, "--dir", dir, "-o", "tsv", "--chart"); !strings.HasPrefix(out, "gpt-4o-2024-08-06\t2\n") {
		t.Errorf("a program gets a picture: %s", out)
	}
	file := filepath.Join(t.TempDir(), "calls.svg")
	if code, out, talk := run(t, "", "logs", "query", text, "--dir", dir, "--svg", file); code != 0 || out != "" {
		t.Errorf("%d %s%s", code, out, talk)
	}
	if raw, err := os.ReadFile(file); err != nil || !strings.Contains(string(raw), "<title>Calls by model</title>") {
		t.Errorf("%s, %v", raw, err)
	}
	if code, _, talk := run(t, "", "logs", "query", "Calls | count", "--dir", dir, "--svg", file); code != 2 || !strings.Contains(talk, "nothing to draw") {
		t.Errorf("%d %s", code, talk)
	}
}
