package openai

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/azptu/azptu/internal/tokens/jsonlex"
)

// tool is a function that the request offers.
type tool struct {
	name        string
	description string
	parameters  []byte // raw JSON schema, nil when none
	strict      bool
}

// toolCall is a call of a function in an answer.
type toolCall struct {
	prose // the arguments
	id    string
	name  string
}

// responseFormat is how the answer is asked to look.
type responseFormat struct {
	kind   string // "", text, json_object, json_schema
	name   string
	schema []byte // raw
	strict bool
}

// toolField reads the members that have to do with tools and formats.
func (q *chatRequest) toolField(name string) *problem {
	l := &q.l
	switch name {
	case "tools":
		return q.readTools(true)
	case "functions":
		q.legacyCalls = true
		return q.readTools(false)
	case "tool_choice", "function_call":
		return q.readToolChoice(name)
	case "parallel_tool_calls":
		q.parallel = l.Bool()
	case "response_format":
		return q.readFormat()
	}
	return nil
}

func (q *chatRequest) readTools(wrapped bool) *problem {
	l := &q.l
	at := q.at
	for l.Array(); l.Element(); {
		path := fmt.Sprintf("%s[%d]", at, len(q.tools))
		var t tool
		if wrapped {
			kind, p := q.readTool(&t, path)
			if p != nil {
				return p
			}
			if kind != "function" && l.Err() == nil {
				return invalid("invalid_value", path+".type", "Invalid value: '%s'. Supported values are: 'function'.", kind)
			}
			path += ".function"
		} else {
			q.at = path
			q.readFunction(&t)
		}
		if t.name == "" && l.Err() == nil {
			return invalid("missing_required_parameter", path+".name", "Missing required parameter: '%s.name'.", path)
		}
		q.tools = append(q.tools, t)
	}
	return nil
}

// readTool reads {"type":"function","function":{…}}.
func (q *chatRequest) readTool(t *tool, path string) (kind string, p *problem) {
	l := &q.l
	q.at = path
	if !l.Object() {
		return "", nil
	}
	for {
		name, ok := l.Field()
		if !ok {
			return kind, nil
		}
		switch string(name) {
		case "type":
			q.at = path + ".type"
			kind = string(l.String())
		case "function":
			q.at = path + ".function"
			q.readFunction(t)
		default:
			l.Skip()
		}
	}
}

func (q *chatRequest) readFunction(t *tool) {
	l := &q.l
	for l.Object(); ; {
		name, ok := l.Field()
		if !ok {
			return
		}
		switch string(name) {
		case "name":
			t.name = string(l.String())
		case "description":
			if !l.Null() {
				t.description = string(l.String())
			}
		case "parameters":
			if !l.Null() {
				t.parameters = l.Skip()
			}
		case "strict":
			if !l.Null() {
				t.strict = l.Bool()
			}
		default:
			l.Skip()
		}
	}
}

// readToolChoice reads a word, or the object that names a function.
func (q *chatRequest) readToolChoice(at string) *problem {
	l := &q.l
	if l.Kind() == jsonlex.String {
		q.toolChoice = string(l.String())
		switch q.toolChoice {
		case "none", "auto", "required":
			return nil
		}
		return invalid("invalid_value", at, "Invalid value: '%s'. Supported values are: 'none', 'auto', and 'required'.", q.toolChoice)
	}
	raw := l.Skip()
	if l.Err() != nil {
		return nil
	}
	name := member(raw, "name")
	if inner := member(raw, "function"); inner != nil {
		name = member(inner, "name")
	}
	if name == nil {
		return invalid("missing_required_parameter", at+".function", "Missing required parameter: '%s.function'.", at)
	}
	q.toolChoice = "=" + plain(name)
	return nil
}

func (q *chatRequest) readFormat() *problem {
	l := &q.l
	raw := l.Skip()
	if l.Err() != nil {
		return nil
	}
	q.format.kind = plain(member(raw, "type"))
	switch q.format.kind {
	case "text", "json_object":
		return nil
	case "json_schema":
	default:
		return invalid("invalid_value", "response_format.type", "Invalid value: '%s'. Supported values are: 'json_object', 'json_schema', and 'text'.", q.format.kind)
	}
	return q.format.read(member(raw, "json_schema"), "response_format.json_schema")
}

// read reads {"name":…,"schema":…,"strict":…}.
func (f *responseFormat) read(raw []byte, at string) *problem {
	if raw == nil {
		return invalid("missing_required_parameter", at, "Missing required parameter: '%s'.", at)
	}
	f.name, f.schema = plain(member(raw, "name")), member(raw, "schema")
	f.strict = string(member(raw, "strict")) == "true"
	if f.name == "" {
		return invalid("missing_required_parameter", at+".name", "Missing required parameter: '%s.name'.", at)
	}
	if f.schema == nil {
		f.schema = []byte(`{"type":"object"}`)
	}
	return nil
}

// checkTools judges tools and format together.
func (q *chatRequest) checkTools() *problem {
	name, named := strings.CutPrefix(q.toolChoice, "=")
	switch {
	case named && q.find(name) == nil:
		return invalid("", "tool_choice", "Tool choice '%s' not found in 'tools' parameter.", name)
	case len(q.tools) == 0 && (q.toolChoice == "required" || q.toolChoice == "auto" && !q.legacyCalls):
		return invalid("", "tool_choice", "'tool_choice' is only allowed when 'tools' are specified.")
	case len(q.tools) > 128:
		return invalid("array_above_max_length", "tools", "Invalid 'tools': array too long. Expected an array with maximum length 128, but got an array with length %d instead.", len(q.tools))
	case q.format.kind == "json_object" && !bytes.Contains(bytes.ToLower(q.messages), []byte("json")):
		return invalid("", "messages", "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.")
	}
	for i := range q.tools {
		if t := &q.tools[i]; t.strict && t.parameters != nil {
			if p := strictSchema(t.parameters, fmt.Sprintf("tools[%d].function.parameters", i), "function", t.name); p != nil {
				return p
			}
		}
	}
	if q.format.strict {
		return strictSchema(q.format.schema, "response_format", "response_format", q.format.name)
	}
	return nil
}

func (q *chatRequest) find(name string) *tool {
	for i := range q.tools {
		if q.tools[i].name == name {
			return &q.tools[i]
		}
	}
	return nil
}

// chosen tells which tool the answer calls, nil for none. A model decides; the
// emulator goes by a rule of ours: it calls a tool when it must, and when the
// conversation does not end with a tool's result; among several it takes the
// one whose name and description share most words with the last message.
func (q *chatRequest) chosen() *tool {
	if len(q.tools) == 0 || q.toolChoice == "none" {
		return nil
	}
	if name, named := strings.CutPrefix(q.toolChoice, "="); named {
		return q.find(name)
	}
	if q.toolChoice != "required" && q.lastRole != "user" {
		return nil
	}
	words := strings.Fields(strings.ToLower(string(q.heard)))
	best, most := &q.tools[0], -1
	for i := range q.tools {
		t := &q.tools[i]
		says := strings.ToLower(strings.ReplaceAll(t.name, "_", " ") + " " + t.description)
		shared := 0
		for _, word := range words {
			if len(word) > 3 && strings.Contains(says, strings.Trim(word, ".,?!")) {
				shared++
			}
		}
		if shared > most {
			best, most = t, shared
		}
	}
	return best
}

// callTools writes the call of a tool, if one is to be called.
func (w *writer) callTools(c *completion, q *chatRequest, r *random) (called bool, p *problem) {
	t := q.chosen()
	if t == nil {
		return false, nil
	}
	arguments := []byte("{}")
	if t.parameters != nil {
		if arguments, p = fromSchema(t.parameters, r, t.name); p != nil {
			return false, p
		}
	}
	call := toolCall{id: r.letters("call_", 24), name: t.name}
	call.text = arguments
	at := 0
	for _, id := range w.encoding.Append(nil, arguments) {
		at += len(w.encoding.Token(id))
		call.ends = append(call.ends, int32(at))
	}
	c.calls = append(c.calls, call)
	c.callCount = len(call.ends) + w.encoding.Count([]byte(call.name))
	c.finish = "tool_calls"
	return true, nil
}

// structured writes JSON: any object, or one that fits the schema.
func (w *writer) structured(c *completion, q *chatRequest, r *random) *problem {
	if q.format.kind == "json_object" {
		var p prose
		p.write(r, usualLength/2)
		text := append(jsonlex.AppendString([]byte(`{"answer":`), p.text), '}')
		w.say(c, text)
		return nil
	}
	text, p := fromSchema(q.format.schema, r, q.format.name)
	if p != nil {
		return p
	}
	w.say(c, text)
	return nil
}

// describe says what is known of the images.
func (w *writer) describe(c *completion, q *chatRequest) {
	var text []byte
	for i, image := range q.images {
		if image.width == 0 {
			text = fmt.Appendf(text, "Image %d is behind a link. ", i+1)
		} else {
			text = fmt.Appendf(text, "Image %d is %d by %d pixels. ", i+1, image.width, image.height)
		}
	}
	w.say(c, bytes.TrimRight(text, " "))
}

// pieces is how many events a choice takes.
func (c *completion) pieces() int {
	if len(c.calls) == 0 {
		return len(c.ends)
	}
	return 1 + len(c.calls[0].ends)
}

// token is the text of one token. A character that several tokens share comes
// with the last of them.
func (p *prose) token(k int) []byte {
	return p.text[p.whole(k-1):p.whole(k)]
}

// whole is where the characters end that are complete after token k.
func (p *prose) whole(k int) int {
	if k < 0 {
		return 0
	}
	end := int(p.ends[k])
	if k == len(p.ends)-1 {
		return end
	}
	return len(wholeCharacters(p.text[:end]))
}

func appendFunction(dst []byte, call *toolCall) []byte {
	dst = jsonlex.AppendString(append(dst, `{"arguments":`...), call.text)
	return append(jsonlex.AppendString(append(dst, `,"name":`...), call.name), '}')
}

func appendCalls(dst []byte, calls []toolCall) []byte {
	dst = append(dst, '[')
	for i := range calls {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendFunction(append(dst, `{"function":`...), &calls[i])
		dst = append(append(append(dst, `,"id":"`...), calls[i].id...), `","type":"function"}`...)
	}
	return append(dst, ']')
}

// callPiece appends an event of a streamed tool call: first its name, then its
// arguments token by token.
func (e *chatEvents) callPiece(b []byte, c *completion, index, k int) []byte {
	call := &c.calls[0]
	b = append(b, `data: {"choices":[{"content_filter_results":{},"delta":`...)
	var text []byte
	if k > 0 {
		text = call.token(k - 1)
	}
	switch {
	case e.legacyCalls:
		b = append(jsonlex.AppendString(append(b, `{"function_call":{"arguments":`...), text), `}},`...)
	case k == 0:
		b = jsonlex.AppendString(append(b, `{"tool_calls":[{"function":{"arguments":"","name":`...), call.name)
		b = append(append(append(b, `},"id":"`...), call.id...), `","index":0,"type":"function"}]},`...)
	default:
		b = append(jsonlex.AppendString(append(b, `{"tool_calls":[{"function":{"arguments":`...), text), `},"index":0}]},`...)
	}
	return e.close(e.finish(b, "", index), len(text))
}

// member returns the raw value of one member of an object, nil without it.
func member(raw []byte, want string) []byte {
	l := jsonlex.New(raw)
	if l.Kind() != jsonlex.Object {
		return nil
	}
	l.Object()
	for {
		name, ok := l.Field()
		if !ok {
			return nil
		}
		found := string(name) == want
		if value := l.Skip(); found {
			return value
		}
	}
}

// plain returns the meaning of a raw JSON string, "" for any other value.
func plain(raw []byte) string {
	l := jsonlex.New(raw)
	if l.Kind() != jsonlex.String {
		return ""
	}
	return string(l.String())
}
