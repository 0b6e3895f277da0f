// Package arch holds tests about the code itself: which package may import
// which, that every package and exported name is documented, that files and
// functions stay small, that the clock and the environment are met at the edge
// only, that packages have telling names, and that every message exists in
// every language. The plan it measures against is data: house.txt and
// same-words.txt beside this file.
package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"sort"
	"strings"
)

// module is the import path that the tree's go.mod declares.
const module = "github.com/azptu/azptu"

// Fault is one place where the tree differs from the plan.
type Fault struct {
	Where string // file, with line where there is one, or a folder
	What  string
}

func (f Fault) String() string { return f.Where + ": " + f.What }

// Tree is the parsed source of a module.
type Tree struct {
	fsys  fs.FS
	fset  *token.FileSet
	Files []*File
}

// File is one Go source file.
type File struct {
	Path      string // slash-separated, relative to the module's root
	Syntax    *ast.File
	Lines     int
	Test      bool // a _test.go file
	Generated bool
}

// Dir is the folder of the file, which is its package's path in the module.
func (f *File) Dir() string { return path.Dir(f.Path) }

// Load parses every Go file below fsys. Folders that the go command ignores
// (testdata, names that start with a dot or an underscore), installed npm
// packages and build output are left out.
func Load(fsys fs.FS) (*Tree, error) {
	t := &Tree{fsys: fsys, fset: token.NewFileSet()}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("walking %s: %w", name, err)
		}
		if d.IsDir() {
			if ignored(d.Name()) && name != "." {
				return fs.SkipDir
			}
			return nil
		}
		if path.Ext(name) != ".go" {
			return nil
		}
		return t.parse(name)
	})
	return t, err
}

func ignored(dir string) bool {
	switch dir {
	case "testdata", "node_modules", "bin", "dist", "vendor":
		return true
	}
	return strings.HasPrefix(dir, ".") || strings.HasPrefix(dir, "_")
}

func (t *Tree) parse(name string) error {
	src, err := fs.ReadFile(t.fsys, name)
	if err != nil {
		return fmt.Errorf("reading %s: %w", name, err)
	}
	syntax, err := parser.ParseFile(t.fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return fmt.Errorf("parsing %s: %w", name, err)
	}
	t.Files = append(t.Files, &File{
		Path:      name,
		Syntax:    syntax,
		Lines:     strings.Count(string(src), "\n"),
		Test:      strings.HasSuffix(name, "_test.go"),
		Generated: ast.IsGenerated(syntax),
	})
	return nil
}

// at names the file and line of a node.
func (t *Tree) at(n ast.Node) string {
	p := t.fset.Position(n.Pos())
	return fmt.Sprintf("%s:%d", p.Filename, p.Line)
}

// code is every file that the rules about style apply to: no tests, nothing generated.
func (t *Tree) code() []*File {
	var out []*File
	for _, f := range t.Files {
		if !f.Test && !f.Generated {
			out = append(out, f)
		}
	}
	return out
}

// packages groups the files by folder, tests left out.
func (t *Tree) packages() map[string][]*File {
	out := map[string][]*File{}
	for _, f := range t.Files {
		if !f.Test {
			out[f.Dir()] = append(out[f.Dir()], f)
		}
	}
	return out
}

func sorted(faults []Fault) []Fault {
	sort.Slice(faults, func(i, j int) bool { return faults[i].String() < faults[j].String() })
	return faults
}
