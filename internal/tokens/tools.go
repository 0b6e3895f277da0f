package tokens

import (
	"bytes"
	"strings"

	"github.com/azptu/azptu/internal/tokens/jsonlex"
)

// toolRules are the tokens around tool definitions, which reach the model as
// text. Source: OpenAI's cookbook, "How to count tokens with tiktoken",
// section "Counting tokens for chat completions with tool calls", 2024-07.
type toolRules struct {
	function, properties, property, enum, enumItem, end int
}

func toolRulesFor(model string) toolRules {
	r := toolRules{function: 7, properties: 3, property: 3, enum: -3, enumItem: 3, end: 12}
	if For(model) == cl100k {
		r.function = 10
	}
	return r
}

// CountTools counts the `tools` of a request; raw is the JSON array. Nested
// properties, which the rule does not mention, are counted as if they stood at
// the top. Anything malformed counts nothing.
func CountTools(c Counter, model string, raw []byte) int {
	return countFunctions(c, model, raw, true)
}

// CountFunctions is CountTools for the older `functions`.
func CountFunctions(c Counter, model string, raw []byte) int {
	return countFunctions(c, model, raw, false)
}

func countFunctions(c Counter, model string, raw []byte, wrapped bool) int {
	l := jsonlex.New(raw)
	if l.Kind() != jsonlex.Array {
		return 0
	}
	t := toolTally{c: c, rules: toolRulesFor(model)}
	for l.Array(); l.Element(); {
		definition := l.Skip()
		if wrapped {
			if inner := member(definition, "function"); inner != nil {
				definition = inner
			}
		}
		t.function(definition)
	}
	if l.Err() != nil || t.functions == 0 {
		return 0
	}
	return t.tokens + t.rules.end
}

type toolTally struct {
	c         Counter
	rules     toolRules
	tokens    int
	functions int
}

func (t *toolTally) function(raw []byte) {
	if jsonlex.New(raw).Kind() != jsonlex.Object {
		return
	}
	t.functions++
	t.tokens += t.rules.function
	name, description := text(member(raw, "name")), text(member(raw, "description"))
	t.line(name, strings.TrimSuffix(description, "."))
	t.properties(member(member(raw, "parameters"), "properties"))
}

// properties counts the members of a schema's "properties" object.
func (t *toolTally) properties(raw []byte) {
	l := jsonlex.New(raw)
	if l.Kind() != jsonlex.Object {
		return
	}
	first := true
	for name, ok := enter(l); ok; name, ok = l.Field() {
		if first {
			t.tokens += t.rules.properties
			first = false
		}
		t.tokens += t.rules.property
		key := string(name)
		schema := l.Skip()
		if enum := member(schema, "enum"); enum != nil {
			t.tokens += t.rules.enum
			e := jsonlex.New(enum)
			for e.Array(); e.Element(); {
				t.tokens += t.rules.enumItem + t.c.Count([]byte(text(e.Skip())))
			}
		}
		t.line(key, text(member(schema, "type")), strings.TrimSuffix(text(member(schema, "description")), "."))
		t.properties(member(schema, "properties"))
		t.properties(member(member(schema, "items"), "properties"))
	}
}

func (t *toolTally) line(fields ...string) {
	t.tokens += t.c.Count([]byte(strings.Join(fields, ":")))
}

// countSchema counts the schema of a response_format, which the service puts
// into the prompt; how is not published, so its compact text is counted.
func countSchema(c Counter, raw []byte) int {
	schema := member(member(raw, "json_schema"), "schema")
	if schema == nil {
		return 0
	}
	return c.Count(bytes.TrimSpace(schema))
}

// member returns the raw value of one member of an object, nil when raw is no
// object or has no such member.
func member(raw []byte, want string) []byte {
	l := jsonlex.New(raw)
	if l.Kind() != jsonlex.Object {
		return nil
	}
	for name, ok := enter(l); ok; name, ok = l.Field() {
		found := string(name) == want
		if value := l.Skip(); found {
			return value
		}
	}
	return nil
}

// text returns the meaning of a raw JSON string, and raw itself for any other
// value.
func text(raw []byte) string {
	l := jsonlex.New(raw)
	if l.Kind() == jsonlex.String {
		return string(l.String())
	}
	return string(bytes.TrimSpace(raw))
}
