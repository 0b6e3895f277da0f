package arch

import (
	"fmt"
	"path"
)

// Names reports packages named after nothing in particular. A name says what
// is inside, so "util" and its kin are refused, in folder and clause alike.
func (t *Tree) Names(h *House) []Fault {
	var faults []Fault
	for dir, files := range t.packages() {
		for _, name := range []string{path.Base(dir), files[0].Syntax.Name.Name} {
			if h.names[name] {
				faults = append(faults, Fault{dir, fmt.Sprintf("a package named %q says nothing", name)})
				break
			}
		}
	}
	return sorted(faults)
}
