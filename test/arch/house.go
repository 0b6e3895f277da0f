package arch

import (
	"fmt"
	"strconv"
	"strings"
)

// House is the plan that house.txt writes down.
type House struct {
	floors  map[string]int // room to floor
	allowed []edict
	denied  []edict
	apart   [][]string
	only    map[string][]string // third-party import prefix to rooms
	pure    []string
	edges   []string
	names   map[string]bool
}

// edict is one exception to the floors, in either direction.
type edict struct{ from, to, why string }

// ParseHouse reads a plan.
func ParseHouse(text string) (*House, error) {
	h := &House{floors: map[string]int{}, only: map[string][]string{}, names: map[string]bool{}}
	for i, line := range strings.Split(text, "\n") {
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		if err := h.directive(words[0], words[1:]); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	return h, nil
}

func (h *House) directive(verb string, args []string) error {
	switch verb {
	case "floor":
		return h.addFloor(args)
	case "allow", "deny":
		return h.addEdict(verb, args)
	case "apart":
		h.apart = append(h.apart, args)
	case "only":
		if len(args) < 2 {
			return fmt.Errorf("only wants a module and a room")
		}
		h.only[args[0]] = args[1:]
	case "pure":
		h.pure = append(h.pure, args...)
	case "edge":
		h.edges = append(h.edges, args...)
	case "forbid":
		for _, a := range args {
			h.names[a] = true
		}
	default:
		return fmt.Errorf("unknown directive %q", verb)
	}
	return nil
}

func (h *House) addFloor(args []string) error {
	if len(args) < 2 {
		return fmt.Errorf("floor wants a number and rooms")
	}
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return fmt.Errorf("floor %q is not a number", args[0])
	}
	for _, room := range args[1:] {
		h.floors[room] = n
	}
	return nil
}

func (h *House) addEdict(verb string, args []string) error {
	if len(args) < 3 {
		return fmt.Errorf("%s wants two rooms and a reason", verb)
	}
	e := edict{args[0], args[1], strings.Join(args[2:], " ")}
	if verb == "allow" {
		h.allowed = append(h.allowed, e)
	} else {
		h.denied = append(h.denied, e)
	}
	return nil
}

// place is what the plan calls a folder: the path below internal/, or the path
// itself. Its room is the first element.
func place(dir string) (place, room string) {
	place = strings.TrimPrefix(dir, "internal/")
	room, _, _ = strings.Cut(place, "/")
	return place, room
}

// inside says whether a place is the named room or a part of it.
func inside(place, room string) bool {
	return place == room || strings.HasPrefix(place, room+"/")
}

func insideAny(place string, rooms []string) bool {
	for _, r := range rooms {
		if inside(place, r) {
			return true
		}
	}
	return false
}

func (e edict) covers(from, to string) bool { return inside(from, e.from) && inside(to, e.to) }
