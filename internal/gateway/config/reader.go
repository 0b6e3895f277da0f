package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// reader walks a YAML document and notes every fault it meets on the way, so
// that one run tells all.
type reader struct {
	faults   []Fault
	warnings []Fault
	visited  int // nodes, aliases followed: bounds documents that unfold without end
	open     map[*yaml.Node]bool
}

const maxNodes = 200_000

func (r *reader) fault(n *yaml.Node, path, format string, args ...any) {
	switch {
	case len(r.faults) < maxFaults:
		r.faults = append(r.faults, Fault{short(path), line(n), short(fmt.Sprintf(format, args...))})
	case len(r.faults) == maxFaults:
		r.faults = append(r.faults, Fault{"(file)", 0, "has more faults than are told"})
	}
}

// What is told of a file that is no configuration at all is bounded.
const (
	maxFaults = 500
	maxText   = 400 // bytes of a path or a message
)

// short is text, cut when it is long: a message that repeats what it found is
// as long as that.
func short(text string) string {
	if len(text) <= maxText {
		return text
	}
	return strings.ToValidUTF8(text[:maxText], "") + "…"
}

func (r *reader) warn(n *yaml.Node, path, format string, args ...any) {
	r.warnings = append(r.warnings, Fault{short(path), line(n), short(fmt.Sprintf(format, args...))})
}

func line(n *yaml.Node) int {
	if n == nil {
		return 0
	}
	return n.Line
}

// follow resolves aliases. A node that contains itself, or a document that
// unfolds beyond all measure, is a fault.
func (r *reader) follow(n *yaml.Node, path string) *yaml.Node {
	for n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if r.visited++; r.visited == maxNodes {
		r.fault(n, path, "the document unfolds to more than %d nodes", maxNodes)
	}
	if r.visited >= maxNodes {
		return nil
	}
	return n
}

type fields map[string]func(n *yaml.Node, path string)

// object reads a mapping; known lists its keys and what reads each.
func (r *reader) object(n *yaml.Node, path string, known fields) {
	n = r.follow(n, path)
	if n == nil || isNull(n) {
		return
	}
	if n.Kind != yaml.MappingNode {
		r.fault(n, path, "expected keys and values, got %s", describe(n))
		return
	}
	if r.open[n] {
		r.fault(n, path, "contains itself")
		return
	}
	r.open[n] = true
	defer delete(r.open, n)
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		at := join(path, key.Value)
		switch read, ok := known[key.Value]; {
		case !ok:
			r.fault(key, at, "unknown key%s", suggest(key.Value, known))
		case seen[key.Value]:
			r.fault(key, at, "given twice")
		default:
			seen[key.Value] = true
			read(value, at)
		}
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// list reads a sequence.
func (r *reader) list(n *yaml.Node, path string, each func(n *yaml.Node, path string)) {
	n = r.follow(n, path)
	if n == nil || isNull(n) {
		return
	}
	if n.Kind != yaml.SequenceNode {
		r.fault(n, path, "expected a list, got %s", describe(n))
		return
	}
	if r.open[n] {
		r.fault(n, path, "contains itself")
		return
	}
	r.open[n] = true
	defer delete(r.open, n)
	for i, item := range n.Content {
		each(item, fmt.Sprintf("%s[%d]", path, i))
	}
}

func (r *reader) scalar(n *yaml.Node, path, want string) (string, *yaml.Node, bool) {
	n = r.follow(n, path)
	if n == nil {
		return "", nil, false
	}
	if n.Kind != yaml.ScalarNode {
		r.fault(n, path, "expected %s, got %s", want, describe(n))
		return "", n, false
	}
	return n.Value, n, !isNull(n)
}

func (r *reader) text(dst *string) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		if v, _, ok := r.scalar(n, path, "a text"); ok {
			*dst = v
		}
	}
}

func (r *reader) texts(dst *[]string) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		r.list(n, path, func(n *yaml.Node, path string) {
			if v, _, ok := r.scalar(n, path, "a text"); ok {
				*dst = append(*dst, v)
			}
		})
	}
}

func (r *reader) truth(dst *bool) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		v, n, ok := r.scalar(n, path, "true or false")
		if !ok {
			return
		}
		switch v {
		case "true", "false":
			*dst = v == "true"
		default:
			r.fault(n, path, "expected true or false, got %q", v)
		}
	}
}

// whole reads a whole number of at least least.
func whole[T int | int64](r *reader, dst *T, least T) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		v, n, ok := r.scalar(n, path, "a whole number")
		if !ok {
			return
		}
		i, err := strconv.ParseInt(strings.ReplaceAll(v, "_", ""), 10, 64)
		if err != nil || i > 1<<50 {
			r.fault(n, path, "expected a whole number, got %q", v)
		} else if T(i) < least {
			r.fault(n, path, "must be at least %d, got %d", least, i)
		} else {
			*dst = T(i)
		}
	}
}

// share reads a number between 0 and 1.
func (r *reader) share(dst *float64) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		v, n, ok := r.scalar(n, path, "a number")
		if !ok {
			return
		}
		f, err := strconv.ParseFloat(v, 64)
		if err != nil || !(f >= 0 && f <= 1) {
			r.fault(n, path, "expected a number from 0 to 1, got %q", v)
			return
		}
		*dst = f
	}
}

// amount reads a number that is not negative.
func (r *reader) amount(dst *float64) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		v, n, ok := r.scalar(n, path, "a number")
		if !ok {
			return
		}
		f, err := strconv.ParseFloat(v, 64)
		if err != nil || !(f >= 0 && f < 1e12) {
			r.fault(n, path, "expected a number of at least 0, got %q", v)
			return
		}
		*dst = f
	}
}

func (r *reader) duration(dst *time.Duration, least time.Duration) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		v, n, ok := r.scalar(n, path, "a duration such as 30s")
		if !ok {
			return
		}
		d, err := parseDuration(v)
		if err != nil {
			r.fault(n, path, "expected a duration such as 500ms, 30s, 10m or 30d, got %q", v)
		} else if d < least {
			r.fault(n, path, "must be at least %v, got %v", least, d)
		} else {
			*dst = d
		}
	}
}

// parseDuration knows days besides the units of Go.
func parseDuration(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		if err != nil {
			return 0, fmt.Errorf("reading days: %w", err)
		}
		return time.Duration(n) * 24 * time.Hour, nil
	}
	if s == "0" {
		return 0, nil
	}
	return time.ParseDuration(s)
}

// size reads bytes: 1048576, 64KiB, 32MiB, 1GiB.
func (r *reader) size(dst *int64) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		v, n, ok := r.scalar(n, path, "a size such as 32MiB")
		if !ok {
			return
		}
		number, unit := v, int64(1)
		for suffix, bytes := range map[string]int64{"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30} {
			if rest, found := strings.CutSuffix(v, suffix); found {
				number, unit = rest, bytes
			}
		}
		i, err := strconv.ParseInt(strings.TrimSpace(number), 10, 32)
		if err != nil || i <= 0 {
			r.fault(n, path, "expected a size such as 65536, 64KiB or 32MiB, got %q", v)
			return
		}
		*dst = i * unit
	}
}

// oneOf reads one of the words listed.
func oneOf[T ~string](r *reader, dst *T, words ...T) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		v, n, ok := r.scalar(n, path, "a word")
		if !ok {
			return
		}
		if !slices.Contains(words, T(v)) {
			r.fault(n, path, "expected one of %v, got %q", words, v)
			return
		}
		*dst = T(v)
	}
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "keys and values"
	case yaml.SequenceNode:
		return "a list"
	}
	return fmt.Sprintf("%q", n.Value)
}

// suggest names the known key nearest to a misspelt one.
func suggest(key string, known fields) string {
	best, distance := "", 3
	if len(key) > 64 {
		return "" // no slip of the finger
	}
	for name := range known {
		if d := edits(strings.ToLower(key), strings.ToLower(name)); d < distance || d == distance && name < best {
			best, distance = name, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// edits is the Levenshtein distance of two short words.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
