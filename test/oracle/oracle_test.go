// Package oracle compares the Kusto engine with Microsoft's own parser and binder of the
// language (the npm package @kusto/language-service-next): over the saved queries and a
// generated corpus, what the engine accepts must be accepted there, with the same names and
// types of result columns. What differs is listed with its reason in differences.txt.
package oracle

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/calllog"
	"github.com/azptu/azptu/internal/kql"
	"github.com/azptu/azptu/internal/kql/value"
)

// seed makes another corpus; what is met only in the corpus of seed 1 is not missed then.
var seed = flag.Uint64("seed", 1, "seed of the generated corpus")

// verdict is what the oracle says of a query.
type verdict struct {
	Errors  []string
	Columns [][2]string
	// Open says that there may be more columns: the oracle cannot know those of pivot.
	Open bool
}

//go:embed differences.txt
var differencesText string

// difference is a kind of query over which the two are known to differ.
type difference struct {
	query  *regexp.Regexp
	reason string
	// rare differences need not be met in each corpus.
	rare bool
	met  int
}

func differences(t *testing.T) []*difference {
	var out []*difference
	for line := range strings.Lines(differencesText) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		line, rare := strings.CutPrefix(line, "~ ")
		pattern, reason, ok := strings.Cut(line, "  ")
		if !ok || strings.TrimSpace(reason) == "" {
			t.Fatalf("differences.txt: no reason: %s", line)
		}
		re, err := regexp.Compile("(?s)" + pattern)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, &difference{query: re, reason: strings.TrimSpace(reason), rare: rare})
	}
	return out
}

func TestOracleAgrees(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("npm packages cannot be had: no node on PATH")
	}
	if _, err := os.Stat("node_modules/.ready"); err != nil {
		t.Skip("npm packages cannot be had: not installed (make clients)")
	}
	tables := map[string][][2]string{"T": columns}
	db := kql.Tables{"T": empty(columns)}
	for _, s := range calllog.Schemas() {
		var cols [][2]string
		for _, c := range s.Columns {
			cols = append(cols, [2]string{c.Name, c.Type.String()})
		}
		tables[s.Table], db[s.Table] = cols, empty(cols)
	}
	corpus := queries(*seed)
	generated := len(corpus)
	for _, name := range calllog.SavedNames() {
		text, _ := calllog.Saved(name)
		corpus = append(corpus, text)
	}
	verdicts := ask(t, node, tables, corpus)
	known := differences(t)
	accepted, differing, refused := 0, 0, 0
	for i, q := range corpus {
		problem, ok := compare(t, db, q, verdicts[i])
		if !ok {
			if i >= generated {
				t.Errorf("a saved query is refused by the engine: %s\n%s", problem, q)
			} else if len(verdicts[i].Errors) == 0 {
				refused++
				t.Logf("accepted by the oracle alone: %s: %s", q, problem)
			}
			continue
		}
		accepted++
		if problem == "" {
			continue
		}
		if d := explained(known, q); d != nil && i < generated {
			d.met++
			differing++
			continue
		}
		t.Errorf("%s\n%s", q, problem)
	}
	for _, d := range known {
		if d.met == 0 && *seed == 1 && !d.rare {
			t.Errorf("differences.txt: nothing differs any more for %s", d.query)
		}
		t.Logf("%4d queries: %s (%s)", d.met, d.reason, d.query)
	}
	if accepted < 1800 {
		t.Errorf("the engine accepts only %d queries of the corpus", accepted)
	}
	t.Logf("%d queries, %d of them accepted by the engine; %d agree with Microsoft's analyser, %d differ as explained; %d are accepted by it alone", len(corpus), accepted, accepted-differing, differing, refused)
}

func explained(known []*difference, q string) *difference {
	for _, d := range known {
		if d.query.MatchString(q) {
			return d
		}
	}
	return nil
}

// empty makes a table without rows.
func empty(cols [][2]string) *kql.MemoryTable {
	var schema []kql.Column
	for _, c := range cols {
		typ, _ := value.TypeByName(c[1])
		schema = append(schema, kql.Column{Name: c[0], Type: typ})
	}
	return kql.NewMemoryTable(schema)
}

// compare runs a query over no rows; ok says that the engine accepts it.
func compare(t *testing.T, db kql.Tables, q string, v verdict) (problem string, ok bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	res, err := (&kql.Engine{}).Query(ctx, q, kql.Options{Database: db, Now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		return err.Error(), false
	}
	if len(v.Errors) > 0 {
		return "the oracle refuses it: " + strings.Join(v.Errors, "; "), true
	}
	var ours, theirs []string
	for _, c := range res.Tables[0].Columns {
		ours = append(ours, c.Name+":"+c.Type.String())
	}
	for _, c := range v.Columns {
		theirs = append(theirs, c[0]+":"+c[1])
	}
	if v.Open || fmt.Sprint(ours) == fmt.Sprint(theirs) {
		return "", true
	}
	return fmt.Sprintf("ours:   %v\noracle: %v", ours, theirs), true
}

// ask hands all queries to the oracle at once.
func ask(t *testing.T, node string, tables map[string][][2]string, queries []string) []verdict {
	t.Helper()
	in, err := json.Marshal(map[string]any{"tables": tables, "queries": queries})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, "analyse.mjs")
	cmd.Stdin = bytes.NewReader(in)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("the oracle: %v\n%s", err, complaints.Bytes())
	}
	var verdicts []verdict
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var v verdict
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		verdicts = append(verdicts, v)
	}
	if len(verdicts) != len(queries) {
		t.Fatalf("the oracle answers %d of %d queries", len(verdicts), len(queries))
	}
	return verdicts
}
