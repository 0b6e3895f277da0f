package config

import (
	"fmt"
	"strings"
)

// Fault is something wrong, or doubtful, in a configuration.
type Fault struct {
	Path    string // "pools[0].members[1].backend"
	Line    int    // in the file; 0 when there is none
	Message string
}

func (f Fault) String() string {
	if f.Line > 0 {
		return fmt.Sprintf("%s (line %d): %s", f.Path, f.Line, f.Message)
	}
	return f.Path + ": " + f.Message
}

// Invalid is every fault of a configuration that cannot be served.
type Invalid struct{ Faults []Fault }

func (e *Invalid) Error() string {
	lines := make([]string, len(e.Faults))
	for i, f := range e.Faults {
		lines[i] = f.String()
	}
	return strings.Join(lines, "\n")
}
