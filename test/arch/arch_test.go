package arch

import (
	_ "embed"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

//go:embed house.txt
var houseText string

//go:embed same-words.txt
var sameWords string

// TestHouse holds the repository to its plan.
func TestHouse(t *testing.T) {
	tree, err := Load(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	house, err := ParseHouse(houseText)
	if err != nil {
		t.Fatalf("house.txt: %v", err)
	}
	for rule, faults := range check(tree, house, sameWords) {
		t.Run(rule, func(t *testing.T) {
			for _, f := range faults {
				t.Error(f)
			}
		})
	}
}

func check(tree *Tree, house *House, same string) map[string][]Fault {
	return map[string][]Fault{
		"imports":   tree.Imports(house),
		"docs":      tree.Docs(),
		"budgets":   tree.Budgets(),
		"edges":     tree.Edges(house),
		"names":     tree.Names(house),
		"languages": tree.Languages(same),
	}
}

// TestRulesFindFaults runs every rule on small trees that break it. Each
// archive in testdata holds a tree, "house.txt" and "same-words.txt" if it
// needs its own, and "want": the faults of the rule named by the file, all of
// them and no others. The tree's other rules are not asked.
func TestRulesFindFaults(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	proved := map[string]bool{}
	for _, name := range archives {
		rule, _, _ := strings.Cut(strings.TrimSuffix(filepath.Base(name), ".txtar"), "-")
		proved[rule] = true
		t.Run(filepath.Base(name), func(t *testing.T) { findFaults(t, name, rule) })
	}
	for rule := range check(&Tree{fsys: os.DirFS(t.TempDir())}, &House{}, "") {
		if !proved[rule] {
			t.Errorf("no archive in testdata breaks rule %q", rule)
		}
	}
}

func findFaults(t *testing.T, name, rule string) {
	archive, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	fsys, err := txtar.FS(archive)
	if err != nil {
		t.Fatal(err)
	}
	house, err := ParseHouse(readOr(fsys, "house.txt", houseText))
	if err != nil {
		t.Fatal(err)
	}
	tree, err := Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	faults, known := check(tree, house, readOr(fsys, "same-words.txt", ""))[rule]
	if !known {
		t.Fatalf("no rule %q", rule)
	}
	var got strings.Builder
	for _, f := range faults {
		got.WriteString(f.String() + "\n")
	}
	if want := readOr(fsys, "want", ""); got.String() != want || want == "" {
		t.Errorf("faults found:\n%s\nwanted:\n%s", got.String(), want)
	}
}

func readOr(fsys fs.FS, name, otherwise string) string {
	raw, err := fs.ReadFile(fsys, name)
	if err != nil {
		return otherwise
	}
	return string(raw)
}

func TestHouseTextIsRefused(t *testing.T) {
	for _, text := range []string{"floor", "floor x room", "floor 1", "deny a b", "allow a", "only x", "wall 3"} {
		if _, err := ParseHouse(text); err == nil {
			t.Errorf("ParseHouse(%q) took it", text)
		}
	}
}
