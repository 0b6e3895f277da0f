package arch

import (
	"fmt"
	"go/ast"
	"go/token"
	"strings"
)

// Docs reports packages without a doc comment and exported names without one.
// A name in a group is documented by its own comment, by the one at its line's
// end, or by the group's.
func (t *Tree) Docs() []Fault {
	var faults []Fault
	for dir, files := range t.packages() {
		if !anyPackageDoc(files) {
			faults = append(faults, Fault{dir, "package has no doc comment"})
		}
	}
	for _, f := range t.code() {
		if f.Syntax.Name.Name == "main" {
			continue
		}
		for _, d := range f.Syntax.Decls {
			faults = append(faults, t.undocumented(d)...)
		}
	}
	return sorted(faults)
}

func anyPackageDoc(files []*File) bool {
	for _, f := range files {
		if f.Generated || f.Syntax.Doc != nil && strings.TrimSpace(f.Syntax.Doc.Text()) != "" {
			return true
		}
	}
	return false
}

func (t *Tree) undocumented(d ast.Decl) []Fault {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Doc == nil && d.Name.IsExported() && exportedReceiver(d) && !selfEvident(d) {
			return []Fault{t.nameless(d, d.Name.Name)}
		}
	case *ast.GenDecl:
		if d.Tok != token.IMPORT {
			return t.undocumentedSpecs(d)
		}
	}
	return nil
}

// selfEvident holds for methods whose interface, known to every reader,
// documents them.
func selfEvident(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return false
	}
	switch d.Name.Name {
	case "String", "Error", "Unwrap", "Is", "As", "Len", "Less", "Swap", "Read", "Write", "Close",
		"MarshalJSON", "UnmarshalJSON", "MarshalText", "UnmarshalText", "MarshalYAML", "UnmarshalYAML", "ServeHTTP", "RoundTrip":
		return true
	}
	return false
}

func (t *Tree) undocumentedSpecs(d *ast.GenDecl) []Fault {
	var faults []Fault
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			if s.Name.IsExported() && s.Doc == nil && s.Comment == nil && d.Doc == nil {
				faults = append(faults, t.nameless(s, s.Name.Name))
			}
		case *ast.ValueSpec:
			for _, name := range s.Names {
				if name.IsExported() && s.Doc == nil && s.Comment == nil && d.Doc == nil {
					faults = append(faults, t.nameless(s, name.Name))
				}
			}
		}
	}
	return faults
}

func (t *Tree) nameless(n ast.Node, name string) Fault {
	return Fault{t.at(n), fmt.Sprintf("exported %s has no doc comment", name)}
}

// exportedReceiver holds for functions and for methods of exported types.
func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return true
	}
	typ := d.Recv.List[0].Type
	for {
		switch x := typ.(type) {
		case *ast.StarExpr:
			typ = x.X
		case *ast.IndexExpr:
			typ = x.X
		case *ast.IndexListExpr:
			typ = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return true
		}
	}
}
