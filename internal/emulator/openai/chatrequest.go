package openai

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/azptu/azptu/internal/tokens/jsonlex"
)

// chatRequest is what matters of a chat completions request. Its byte slices
// alias the body.
type chatRequest struct {
	model    string
	messages []byte // raw array
	count    int    // messages
	lastRole string
	heard    []byte // the end of the conversation, for the choice of a tool
	images   []imagePart

	stream       bool
	includeUsage bool
	obfuscate    bool
	choices      int
	maxTokens    int // 0: none said
	maxField     string
	stop         [][]byte
	seed         *int64
	temperature  *float64
	topP         *float64
	logprobs     bool
	topLogprobs  int
	effort       string
	tools        []tool
	toolChoice   string // "", none, auto, required, or a function's name behind '='
	parallel     bool
	legacyCalls  bool // functions instead of tools
	format       responseFormat

	at    string // where the reader is, for errors
	index int    // in messages
	l     jsonlex.Lexer
}

type imagePart struct {
	width, height int
	detail        string
}

// parseChat reads the body.
func (q *chatRequest) parse(body []byte) *problem {
	q.choices, q.obfuscate, q.parallel = 1, true, true
	l := &q.l
	l.Reset(body)
	if l.Kind() != jsonlex.Object {
		return unparsable()
	}
	l.Object()
	for {
		name, ok := l.Field()
		if !ok {
			break
		}
		if p := q.field(memberName(name)); p != nil {
			return p
		}
		if l.Err() != nil {
			break
		}
	}
	if err := l.End(); err != nil {
		return q.fault(err, body)
	}
	return q.check()
}

// members are the names that most requests have.
var members = map[string]string{}

func init() {
	for _, name := range []string{
		"model", "messages", "stream", "stream_options", "n", "max_tokens", "max_completion_tokens", "stop", "temperature", "top_p", "seed", "user", "tools",
		"tool_choice", "parallel_tool_calls", "response_format", "frequency_penalty", "presence_penalty", "reasoning_effort",
	} {
		members[name] = name
	}
}

// memberName is a member's name as a string, without a copy of those that are
// usual.
func memberName(b []byte) string {
	if name, ok := members[string(b)]; ok {
		return name
	}
	return string(b)
}

// unparsable is what the service says of a body that is not JSON, or not an
// object.
func unparsable() *problem {
	return invalid("", "", "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON.)")
}

// fault turns a reader's error into the answer. A value of the wrong type in
// a text that is not JSON further on is told as the latter.
func (q *chatRequest) fault(err error, body []byte) *problem {
	at := strings.Replace(q.at, "[]", fmt.Sprintf("[%d]", q.index), 1)
	return typeProblem(err, at, body)
}

func typeProblem(err error, at string, body []byte) *problem {
	var wrong *jsonlex.TypeError
	if !errors.As(err, &wrong) || jsonlex.Valid(body) != nil {
		return unparsable()
	}
	return invalid("invalid_type", at, "Invalid type for '%s': expected %s, but got %s instead.", at, withArticle(wrong.Want), withArticle(wrong.Got))
}

func withArticle(k jsonlex.Kind) string {
	switch k {
	case jsonlex.Object, jsonlex.Array:
		return "an " + k.String()
	case jsonlex.Null:
		return "null"
	}
	return "a " + k.String()
}

// field reads one member of the request.
func (q *chatRequest) field(name string) *problem {
	q.at = name
	l := &q.l
	if name == "messages" {
		return q.readMessages()
	}
	if l.Null() {
		return nil // null is the same as absent
	}
	switch name {
	case "model":
		q.model = string(l.String())
	case "stream":
		q.stream = l.Bool()
	case "stream_options":
		q.readStreamOptions()
	case "n":
		q.choices = l.Int()
	case "max_tokens", "max_completion_tokens":
		q.maxTokens, q.maxField = l.Int(), name
		if q.maxTokens < 1 && l.Err() == nil {
			return invalid("integer_below_min_value", name, "Invalid '%s': integer below minimum value. Expected a value >= 1, but got %d instead.", name, q.maxTokens)
		}
	case "stop":
		return q.readStop()
	case "tools", "functions", "tool_choice", "function_call", "parallel_tool_calls", "response_format":
		return q.toolField(name)
	default:
		q.sampling(name)
	}
	return nil
}

// sampling reads the members that shape the choice of tokens.
func (q *chatRequest) sampling(name string) {
	l := &q.l
	switch name {
	case "seed":
		n := int64(l.Int())
		q.seed = &n
	case "temperature":
		f := l.Float()
		q.temperature = &f
	case "top_p":
		f := l.Float()
		q.topP = &f
	case "logprobs":
		q.logprobs = l.Bool()
	case "top_logprobs":
		q.topLogprobs = l.Int()
	case "reasoning_effort":
		q.effort = string(l.String())
	case "frequency_penalty", "presence_penalty":
		l.Float()
	default:
		l.Skip()
	}
}

func (q *chatRequest) readStreamOptions() {
	l := &q.l
	for l.Object(); ; {
		name, ok := l.Field()
		if !ok {
			return
		}
		switch string(name) {
		case "include_usage":
			q.includeUsage = l.Bool()
		case "include_obfuscation":
			q.obfuscate = l.Bool()
		default:
			l.Skip()
		}
	}
}

func (q *chatRequest) readStop() *problem {
	l := &q.l
	if l.Kind() == jsonlex.String {
		q.stop = append(q.stop, bytes.Clone(l.String()))
	} else {
		for l.Array(); l.Element(); {
			q.stop = append(q.stop, bytes.Clone(l.String()))
		}
	}
	if len(q.stop) > 4 {
		return invalid("array_above_max_length", "stop", "Invalid 'stop': array too long. Expected an array with maximum length 4, but got an array with length %d instead.", len(q.stop))
	}
	q.stop = slices.DeleteFunc(q.stop, func(s []byte) bool { return len(s) == 0 })
	return nil
}

// readMessages looks at every message; their tokens are counted elsewhere.
func (q *chatRequest) readMessages() *problem {
	l := &q.l
	l.Kind()
	start := l.Offset()
	for l.Array(); l.Element(); {
		if p := q.readMessage(); p != nil {
			return p
		}
		q.count++
	}
	if l.Err() == nil {
		q.messages = l.Text(start)
	}
	return nil
}

func (q *chatRequest) readMessage() *problem {
	l := &q.l
	role := ""
	q.index = q.count
	q.at = "messages"
	if !l.Object() {
		q.at = fmt.Sprintf("messages[%d]", q.index)
		return nil
	}
	for {
		name, ok := l.Field()
		if !ok {
			break
		}
		switch string(name) {
		case "role":
			q.at = "messages[].role"
			role = roleName(l.String())
			if role == "" && l.Err() == nil {
				return invalid("invalid_value", fmt.Sprintf("messages[%d].role", q.index), "Invalid value: supported values are: 'system', 'assistant', 'user', 'function', 'tool', and 'developer'.")
			}
			q.lastRole = role
		case "content":
			q.at = "messages[].content"
			q.readContent()
		default:
			l.Skip()
		}
	}
	if l.Err() == nil && role == "" {
		return invalid("missing_required_parameter", fmt.Sprintf("messages[%d].role", q.index), "Missing required parameter: 'messages[%d].role'.", q.index)
	}
	return nil
}

// roleName returns the role without allocating, "" for an unknown one.
func roleName(b []byte) string {
	switch string(b) {
	case "system":
		return "system"
	case "developer":
		return "developer"
	case "user":
		return "user"
	case "assistant":
		return "assistant"
	case "tool":
		return "tool"
	case "function":
		return "function"
	}
	return ""
}
