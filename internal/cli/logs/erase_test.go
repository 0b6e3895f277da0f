package logs_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/call"
	"github.com/azptu/azptu/internal/calllog"
)

func TestErase(t *testing.T) {
	dir := t.TempDir()
	store, err := calllog.Open(dir, calllog.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"ana", "bob", "ana"} {
		store.Record(&call.Call{At: time.Now(), ID: key + "-1", Key: key, Caller: "10.0.0.9", Status: 200, RequestBody: []byte(`{"prompt":"` + key + `"}`)})
	}
	const prompts = "Calls | summarize prompts = countif(isnotempty(RequestBody)), count() by Key | order by Key asc"
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{nil, 2, "--key"},
		{[]string{"--key", "ana"}, 2, "--yes"},
		{[]string{"--key", "ana", "--yes", "--dir", t.TempDir()}, 3, "no logs"},
	} {
		if code, _, talk := run(t, "", append([]string{"logs", "erase", "--dir", dir}, c.args...)...); code != c.code || !strings.Contains(talk, c.want) {
			t.Errorf("%v: %d %s", c.args, code, talk)
		}
	}
	// While somebody writes, the writer does it.
	if code, _, talk := run(t, "", "logs", "erase", "--dir", dir, "--key", "ana", "--yes"); code != 0 || !strings.Contains(talk, "erased by the gateway") {
		t.Errorf("%d %s", code, talk)
	}
	if _, out, _ := run(t, "", "logs", "query", prompts, "--dir", dir, "-o", "tsv"); out != "ana\t0\t2\nbob\t1\t1\n" {
		t.Errorf("left: %q", out)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if code, _, talk := run(t, "", "logs", "erase", "--dir", dir, "--caller", "10.0.0.9", "--rows", "--yes"); code != 0 || !strings.Contains(talk, "of 2 calls") {
		t.Errorf("%d %s", code, talk)
	}
	if _, out, _ := run(t, "", "logs", "query", "Calls | count", "--dir", dir, "-o", "tsv"); out != "0\n" {
		t.Errorf("rows left: %q", out)
	}
}

// Lines of JSON that a gateway wrote instead of tables, or beside them, are not
// covered, and whoever erases is told so.
func TestErasingSaysThatLinesAreNotCovered(t *testing.T) {
	lines := func(dir string) {
		if err := os.WriteFile(filepath.Join(dir, "calls-2026-01-02.jsonl"), []byte("{}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	alone := t.TempDir()
	lines(alone)
	for _, verb := range [][]string{{"erase", "--key", "ana"}, {"query", "Calls"}, {"tables"}} {
		if code, _, talk := run(t, "", append(append([]string{"logs"}, verb...), "--yes", "--dir", alone)...); code != 3 || !strings.Contains(talk, "logs.format: lines") || !strings.Contains(talk, "calls-*.jsonl") {
			t.Errorf("%v: %d %s", verb, code, talk)
		}
	}
	dir := filled(t)
	lines(dir)
	if code, _, talk := run(t, "", "logs", "erase", "--caller", "10.0.0.9", "--yes", "--dir", dir); code != 0 || !strings.Contains(talk, "They are not covered") {
		t.Errorf("beside tables: %d %s", code, talk)
	}
}
