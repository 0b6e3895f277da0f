package docs

import (
	"bytes"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var imported = regexp.MustCompile(`(?m)^\s*(?:import )?(?:[\w.]+ )?"((?:[\w-]+\.)+[a-z]+/[^"]+)"$`)

// TestDependenciesAreExplained wants every third-party module that the binary
// is made of named in docs/dependencies.md.
func TestDependenciesAreExplained(t *testing.T) {
	text := read(t, "docs/dependencies.md")
	seen := map[string]bool{}
	for _, top := range []string{"internal", "cmd"} {
		walk(t, top, func(name string, raw []byte) {
			if path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
				return
			}
			for _, m := range imported.FindAllStringSubmatch(string(raw), -1) {
				if module := short(m[1]); !seen[module] {
					seen[module] = true
					if !strings.Contains(text, module) {
						t.Errorf("%s imports %s, which docs/dependencies.md does not explain", name, m[1])
					}
				}
			}
		})
	}
}

// short is how the document names a module: without github.com, and for the
// Azure SDK by its last part.
func short(imported string) string {
	parts := strings.Split(imported, "/")
	switch {
	case strings.HasPrefix(imported, "github.com/azptu/azptu/"):
		return "azptu"
	case parts[0] == "github.com" && parts[1] == "Azure":
		for _, p := range parts {
			if strings.HasPrefix(p, "az") && p != "azure-sdk-for-go" || strings.HasPrefix(p, "arm") && p != "arm" {
				return p
			}
		}
		return parts[2]
	case parts[0] == "github.com":
		return parts[1] + "/" + parts[2]
	}
	return strings.Join(parts[:min(3, len(parts))], "/")
}

// TestNoPlaceOfOurs wants nothing in the repository that only holds where it
// was written: folders of one machine, hosts of package registries.
func TestNoPlaceOfOurs(t *testing.T) {
	// Written in two parts, so that this file does not speak of them itself.
	places := []string{"/wo" + "rk/", "/ro" + "ot/", "registry.npm" + "js", "proxy.gol" + "ang.org", "pypi.o" + "rg"}
	walk(t, ".", func(name string, raw []byte) {
		for _, place := range places {
			if bytes.Contains(raw, []byte(place)) {
				t.Errorf("%s speaks of %s", name, place)
			}
		}
	})
}

// walk hands every file of the repository below a folder to do, installed
// packages, build output and binary files left out.
func walk(t *testing.T, top string, do func(name string, raw []byte)) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(root, top), func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			switch d.Name() {
			case ".git", "node_modules", "bin", "dist":
				return fs.SkipDir
			}
			return nil
		}
		if !d.Type().IsRegular() || d.Name() == ".git" { // a file in a linked work tree
			return nil
		}
		raw, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if !strings.Contains(string(raw[:min(len(raw), 512)]), "\x00") {
			rel, _ := filepath.Rel(root, name)
			do(filepath.ToSlash(rel), raw)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
