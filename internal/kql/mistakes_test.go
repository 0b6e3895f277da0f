package kql

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/azptu/azptu/internal/kql/value"
)

// TestMistakes holds what is said of the mistakes that people make: queries with a fault,
// each with the whole text of its error, in testdata/mistakes.txt (-update writes it anew).
// A correction that is offered must be a query without a fault of syntax.
func TestMistakes(t *testing.T) {
	var cols []Column
	for _, c := range []struct{ name, typ string }{
		{"a", "long"}, {"i", "int"}, {"b", "real"}, {"n", "decimal"}, {"s", "string"}, {"j", "string"}, {"t", "datetime"}, {"p", "timespan"}, {"g", "guid"}, {"k", "bool"}, {"d", "dynamic"},
	} {
		typ, _ := value.TypeByName(c.typ)
		cols = append(cols, Column{Name: c.name, Type: typ})
	}
	db := Tables{"T": NewMemoryTable(cols)}
	path := filepath.Join("testdata", "mistakes.txt")
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var anew strings.Builder
	for entry := range strings.SplitSeq(strings.TrimRight(string(raw), "\n"), "\n\n") {
		text, want, _ := strings.Cut(entry, "\n")
		_, err := query(text, db)
		if err == nil {
			t.Errorf("no fault is found in: %s", text)
			continue
		}
		if got := err.Error(); got != want && !*update {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
		anew.WriteString(text + "\n" + err.Error() + "\n\n")
	}
	if *update {
		if err := os.WriteFile(path, []byte(strings.TrimRight(anew.String(), "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
