package calllog

import (
	"strings"

	"github.com/azptu/azptu/internal/kql/scan"
	"github.com/azptu/azptu/internal/kql/value"
)

// A hidden column holds what queries dig out of a body again and again, so
// that they need not read the bodies at all. It is made when a segment is
// compacted, and only when what it holds is beyond doubt: every value in the
// segment is of the one JSON type, or missing.
type hiddenColumn struct {
	path []string // of JSON members below the body
	kind value.Type
}

// hiddenColumns are what is extracted of a body that is an answer.
var hiddenColumns = []hiddenColumn{
	{[]string{"model"}, value.String},
	{[]string{"usage", "prompt_tokens"}, value.Long},
	{[]string{"usage", "completion_tokens"}, value.Long},
	{[]string{"usage", "total_tokens"}, value.Long},
	{[]string{"usage", "prompt_tokens_details", "cached_tokens"}, value.Long},
	{[]string{"usage", "completion_tokens_details", "reasoning_tokens"}, value.Long},
	{[]string{"error", "code"}, value.String},
}

// answerColumns are the columns that hold answers.
var answerColumns = map[string]bool{"BackendResponseBody": true, "ResponseBody": true}

// hiddenMark separates a body's name from the path in a hidden column's name.
const hiddenMark = "__"

func (h hiddenColumn) name(body string) string { return body + hiddenMark + strings.Join(h.path, "_") }

func (h hiddenColumn) steps() []value.Step {
	steps := make([]value.Step, len(h.path))
	for i, key := range h.path {
		steps[i] = value.Step{Key: key}
	}
	return steps
}

// serves tells whether the column holds the values of a path. Where a path
// would read a string as JSON again makes no difference: the column is only
// made when what leads to its values are objects.
func (h hiddenColumn) serves(p scan.JSONPath) bool {
	if len(p.Steps) != len(h.path) {
		return false
	}
	for i, step := range p.Steps {
		if step.IsIndex || step.Key != h.path[i] {
			return false
		}
	}
	return true
}

// hiddenFor finds the hidden column that serves a path into a body.
func hiddenFor(schema *Schema, p scan.JSONPath) (name string, h hiddenColumn, ok bool) {
	body := schema.Columns[p.Column].Name
	if !answerColumns[body] {
		return "", h, false
	}
	for _, h := range hiddenColumns {
		if h.serves(p) {
			return h.name(body), h, true
		}
	}
	return "", h, false
}

// extract fills the hidden columns of a body. A nil vector stands for a column
// that cannot be made. String columns hold JSON text, "" where missing.
func extract(bodies *value.Vector) []*value.Vector {
	// Each object on the way to a value is looked up too, to see that it is one.
	var paths [][]value.Step
	for _, h := range hiddenColumns {
		paths = append(paths, h.steps())
	}
	parents := len(paths)
	for _, way := range [][]string{{"usage"}, {"error"}, {"usage", "prompt_tokens_details"}, {"usage", "completion_tokens_details"}} {
		paths = append(paths, hiddenColumn{path: way}.steps())
	}
	builders := make([]*value.Builder, len(hiddenColumns))
	for i, h := range hiddenColumns {
		builders[i] = value.NewBuilder(h.kind, bodies.Len)
	}
	doubtful := make([]bool, len(hiddenColumns))
	found := make([]string, len(paths))
	for row := range bodies.Len {
		value.FindPaths(bodies.Text(row), paths, found)
		strayed := strays(found[parents:])
		for i, h := range hiddenColumns {
			x, ok := hiddenValue(found[i], h.kind)
			doubtful[i] = doubtful[i] || !ok || strayed
			builders[i].Append(x)
		}
	}
	out := make([]*value.Vector, len(hiddenColumns))
	for i := range out {
		if !doubtful[i] {
			out[i] = builders[i].Finish()
		}
	}
	return out
}

// strays tells whether something on the way to a value is text, which a query
// might read as JSON again.
func strays(parents []string) bool {
	for _, raw := range parents {
		if strings.HasPrefix(raw, `"`) {
			return true
		}
	}
	return false
}

// hiddenValue reads one JSON value of the one type. null counts as missing:
// both are null in a query.
func hiddenValue(raw string, kind value.Type) (value.Value, bool) {
	if raw == "" || raw == "null" {
		return value.NullOf(kind), true
	}
	if kind == value.String {
		return value.OfString(raw), raw[0] == '"'
	}
	n, ok := value.ParseLong(raw)
	return value.OfLong(n), ok && raw[0] != '"'
}
