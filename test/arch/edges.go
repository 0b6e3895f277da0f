package arch

import (
	"fmt"
	"go/ast"
	"path"
	"strconv"
)

// atTheEdge names what only the edge may touch. Inside, a clock, an
// environment and a transport are handed in; that is why naming time.Now as
// the default of a field is fine and calling it is not.
var atTheEdge = map[string]map[string]bool{
	"time":     {"Now": true, "Since": true, "Until": true},
	"os":       {"Exit": false, "Getenv": false, "LookupEnv": false, "Environ": false, "ExpandEnv": false, "Stdin": false, "Stdout": false, "Stderr": false},
	"net/http": {"DefaultClient": false, "Get": false, "Post": false, "PostForm": false, "Head": false},
	"log":      {"Fatal": false, "Fatalf": false, "Fatalln": false},
}

// Edges reports the process-wide clock, environment, streams, exit and HTTP
// client where they are used away from the edge.
func (t *Tree) Edges(h *House) []Fault {
	var faults []Fault
	for _, f := range t.code() {
		if !housed(f.Path) || atEdge(f.Dir(), h.edges) {
			continue
		}
		names := packageNames(f.Syntax)
		called := map[*ast.SelectorExpr]bool{}
		ast.Inspect(f.Syntax, func(n ast.Node) bool {
			switch x := n.(type) {
			case *ast.CallExpr:
				if sel, ok := x.Fun.(*ast.SelectorExpr); ok {
					called[sel] = true
				}
			case *ast.SelectorExpr:
				if what := stray(x, names, called[x]); what != "" {
					faults = append(faults, Fault{t.at(x), fmt.Sprintf("%s away from the edge", what)})
				}
			}
			return true
		})
	}
	return sorted(faults)
}

// atEdge holds for the edge's own folders, not for those below them.
func atEdge(dir string, edges []string) bool {
	for _, e := range edges {
		if dir == e {
			return true
		}
	}
	return false
}

func packageNames(f *ast.File) map[string]string {
	names := map[string]string{}
	for _, spec := range f.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		name := path.Base(p)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = p
	}
	return names
}

func stray(sel *ast.SelectorExpr, names map[string]string, called bool) string {
	id, ok := sel.X.(*ast.Ident)
	if !ok {
		return ""
	}
	onlyCalls, listed := atTheEdge[names[id.Name]][sel.Sel.Name]
	if !listed || onlyCalls && !called {
		return ""
	}
	return id.Name + "." + sel.Sel.Name
}
