package arch

import (
	"fmt"
	"go/ast"
	"strconv"
	"strings"
)

// Imports reports imports that run upward or sideways, third-party modules
// outside the rooms they belong to, and input and output in pure rooms. Tests
// may import what they like.
func (t *Tree) Imports(h *House) []Fault {
	var faults []Fault
	for _, f := range t.Files {
		if f.Test || !housed(f.Path) {
			continue
		}
		here, room := place(f.Dir())
		if _, known := h.floors[room]; !known {
			faults = append(faults, Fault{f.Path, fmt.Sprintf("room %q has no floor in house.txt", room)})
			continue
		}
		for _, spec := range f.Syntax.Imports {
			if what := h.judge(here, room, importPath(spec)); what != "" {
				faults = append(faults, Fault{t.at(spec), what})
			}
		}
	}
	return sorted(faults)
}

// housed says whether the floors apply to a file; tests and tools have none.
func housed(name string) bool {
	return strings.HasPrefix(name, "internal/") || strings.HasPrefix(name, "cmd/")
}

func importPath(spec *ast.ImportSpec) string {
	p, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		return spec.Path.Value
	}
	return p
}

// judge says what is wrong with one import, or nothing.
func (h *House) judge(here, room, imported string) string {
	if target, ours := strings.CutPrefix(imported, module+"/"); ours {
		return h.judgeOwn(here, room, target)
	}
	for prefix, rooms := range h.only {
		if strings.HasPrefix(imported, prefix) && !insideAny(here, rooms) {
			return fmt.Sprintf("imports %s, which belongs in %s alone", imported, strings.Join(rooms, ", "))
		}
	}
	if insideAny(here, h.pure) && doesIO(imported) {
		return fmt.Sprintf("imports %s, but %s is pure", imported, room)
	}
	return ""
}

func doesIO(imported string) bool {
	switch imported {
	case "os", "os/exec", "os/signal", "syscall", "net", "io/ioutil":
		return true
	}
	return strings.HasPrefix(imported, "net/http")
}

func (h *House) judgeOwn(here, room, target string) string {
	there, other := place(target)
	for _, group := range h.apart {
		if a, b := oneOf(here, group), oneOf(there, group); a != "" && b != "" && a != b {
			return fmt.Sprintf("%s and %s do not know each other", a, b)
		}
	}
	if room == other {
		return ""
	}
	for _, e := range h.denied {
		if e.covers(here, there) {
			return fmt.Sprintf("imports %s: %s", there, e.why)
		}
	}
	for _, e := range h.allowed {
		if e.covers(here, there) {
			return ""
		}
	}
	floor, known := h.floors[other]
	if !known {
		return fmt.Sprintf("imports %s, which has no floor in house.txt", target)
	}
	if floor >= h.floors[room] {
		return fmt.Sprintf("%s (floor %d) imports %s (floor %d): imports run downward only", room, h.floors[room], there, floor)
	}
	return ""
}

func oneOf(place string, rooms []string) string {
	for _, r := range rooms {
		if inside(place, r) {
			return r
		}
	}
	return ""
}
