package kql

import (
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/azptu/azptu/internal/kql/agg"
	"github.com/azptu/azptu/internal/kql/ast"
	"github.com/azptu/azptu/internal/kql/fn"
	"github.com/azptu/azptu/internal/kql/plan"
	"github.com/azptu/azptu/internal/kql/sig"
)

//go:generate go test . -run TestLanguageList -update

var update = flag.Bool("update", false, "write the generated part of docs/kql.md anew")

// supported lists the names that both the signatures and the implementations have.
func supported(all []string, has func(string) bool) []string {
	var out []string
	for _, n := range all {
		if has(n) {
			out = append(out, "`"+n+"`")
		}
	}
	return out
}

func languageList() string {
	var b strings.Builder
	section := func(title string, names []string) {
		b.WriteString("\n**" + title + "** (" + strconv.Itoa(len(names)) + "): " + strings.Join(names, " ") + "\n")
	}
	every := func(string) bool { return true }
	section("Operators", supported(ast.OperatorNames(), every))
	section("Plugins of evaluate", supported(plan.PluginNames(), every))
	section("Aggregates", supported(sig.AggregateNames(), agg.Known))
	section("Scalar functions", supported(sig.ScalarNames(), func(n string) bool { return fn.Lookup(n) != nil || plan.Special(n) }))
	return b.String()
}

func TestLanguageListInTheDocsIsCurrent(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "kql.md")
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "-update -->\n", "<!-- end -->"
	text := string(raw)
	from := strings.Index(text, begin) + len(begin)
	to := strings.Index(text, end)
	if want := languageList(); text[from:to] != want {
		if !*update {
			t.Fatal("docs/kql.md lists another language than the registry; run go generate ./internal/kql")
		}
		if err := os.WriteFile(path, []byte(text[:from]+want+text[to:]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
