package arch

import (
	"fmt"
	"go/ast"
	"go/token"
)

// The budgets. A file is about one thing, a function fits on a screen or nearly
// so, and a reader can hold its paths in mind.
const (
	maxFileLines  = 600
	maxFuncLines  = 80
	maxComplexity = 15
)

// Budgets reports files and functions that outgrew their budget. Tests and
// generated files have none.
func (t *Tree) Budgets() []Fault {
	var faults []Fault
	for _, f := range t.code() {
		if f.Lines > maxFileLines {
			faults = append(faults, Fault{f.Path, fmt.Sprintf("%d lines, at most %d", f.Lines, maxFileLines)})
		}
		for _, d := range f.Syntax.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if ok && fn.Body != nil {
				faults = append(faults, t.measure(fn.Name.Name, fn)...)
				continue
			}
			// Functions kept in tables have a budget each.
			ast.Inspect(d, func(n ast.Node) bool {
				lit, ok := n.(*ast.FuncLit)
				if ok {
					faults = append(faults, t.measure("function literal", lit)...)
				}
				return !ok
			})
		}
	}
	return sorted(faults)
}

func (t *Tree) measure(name string, fn ast.Node) []Fault {
	var faults []Fault
	first, last := t.fset.Position(fn.Pos()).Line, t.fset.Position(fn.End()).Line
	if lines := last - first + 1; lines > maxFuncLines {
		faults = append(faults, Fault{t.at(fn), fmt.Sprintf("%s has %d lines, at most %d", name, lines, maxFuncLines)})
	}
	if c := complexity(fn); c > maxComplexity {
		faults = append(faults, Fault{t.at(fn), fmt.Sprintf("%s has cyclomatic complexity %d, at most %d", name, c, maxComplexity)})
	}
	return faults
}

// complexity is McCabe's: one, and one for every place where the path forks.
func complexity(fn ast.Node) int {
	n := 1
	ast.Inspect(fn, func(node ast.Node) bool {
		switch x := node.(type) {
		case *ast.IfStmt, *ast.ForStmt, *ast.RangeStmt:
			n++
		case *ast.CaseClause:
			if x.List != nil {
				n++
			}
		case *ast.CommClause:
			if x.Comm != nil {
				n++
			}
		case *ast.BinaryExpr:
			if x.Op == token.LAND || x.Op == token.LOR {
				n++
			}
		}
		return true
	})
	return n
}
