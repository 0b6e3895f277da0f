package calllog

import (
	"embed"
	"io/fs"
	"path"
	"strings"
)

//go:embed queries/*.kql
var queries embed.FS

// SavedNames lists the saved queries by name.
func SavedNames() []string {
	entries, err := fs.ReadDir(queries, "queries")
	if err != nil {
		return nil // embedded: there is nothing to go wrong
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), path.Ext(e.Name())))
	}
	return names
}

// Saved gives the text of a saved query.
func Saved(name string) (text string, ok bool) {
	raw, err := queries.ReadFile("queries/" + name + ".kql")
	return string(raw), err == nil
}
