package tokens

import (
	"fmt"
	"sync"

	"github.com/azptu/azptu/internal/tokens/jsonlex"
)

// Counter turns text into a number of tokens: an *Encoding, which is exact, or
// an Estimator, which is cheap.
type Counter interface {
	Count(text []byte) int
}

// Estimator is the Counter that only looks at the length.
type Estimator struct{}

// Count estimates the tokens of text.
func (Estimator) Count(text []byte) int { return Estimate(len(text)) }

// Prompt is what the prompt of a chat request amounts to.
type Prompt struct {
	Tokens   int // all of it, the parts below included
	Messages int // how many messages
	Images   int // how many images
	Image    int // tokens of the images
	Tools    int // tokens of the tool definitions
}

// CountChat counts the prompt of a chat completions request by its raw body:
// `messages`, `tools`, `functions` and a `response_format` schema. The rest of
// the body is checked to be JSON and passed over. The error is a
// *jsonlex.SyntaxError or *jsonlex.TypeError.
func CountChat(c Counter, model string, body []byte) (Prompt, error) {
	l := lexers.Get().(*jsonlex.Lexer)
	defer lexers.Put(l)
	l.Reset(body)
	t := tally{c: c, rules: RulesFor(model), images: ImageRulesFor(model)}
	for name, ok := enter(l); ok; name, ok = l.Field() {
		switch string(name) {
		case "messages":
			t.messages(l)
		case "tools":
			t.Prompt.Tools += CountTools(c, model, l.Skip())
		case "functions":
			t.Prompt.Tools += CountFunctions(c, model, l.Skip())
		case "response_format":
			t.Tokens += countSchema(c, l.Skip())
		default:
			l.Skip()
		}
	}
	err := l.End()
	l.Reset(nil)
	if err != nil {
		return Prompt{}, fmt.Errorf("reading the request: %w", err)
	}
	t.Tokens += t.Prompt.Tools + t.Image + t.rules.Reply
	return t.Prompt, nil
}

var lexers = sync.Pool{New: func() any { return new(jsonlex.Lexer) }}

func enter(l *jsonlex.Lexer) ([]byte, bool) {
	if !l.Object() {
		return nil, false
	}
	return l.Field()
}

// Rules are the tokens that stand around the text of a prompt. Source:
// OpenAI's cookbook, "How to count tokens with tiktoken", 2024-07.
type Rules struct {
	Message int // for each message
	Name    int // for each `name` of a message
	Reply   int // every reply is primed with <|start|>assistant<|message|>
	Call    int // for each tool call in an assistant's message; ours, not published
}

// RulesFor returns the rules of a model. gpt-3.5-turbo-0301 differs: a token
// more for a message, and one less where a name stands for the role.
func RulesFor(model string) Rules {
	switch model {
	case "gpt-35-turbo-0301", "gpt-3.5-turbo-0301":
		return Rules{Message: 4, Name: -1, Reply: 3, Call: 3}
	}
	return Rules{Message: 3, Name: 1, Reply: 3, Call: 3}
}

type tally struct {
	Prompt
	c      Counter
	rules  Rules
	images ImageRules
}

func (t *tally) messages(l *jsonlex.Lexer) {
	for l.Array(); l.Element(); {
		t.Messages++
		t.Tokens += t.rules.Message
		if !l.Object() {
			return
		}
		for {
			name, ok := l.Field()
			if !ok {
				break
			}
			t.member(l, string(name))
		}
	}
}

func (t *tally) member(l *jsonlex.Lexer, name string) {
	switch name {
	case "role":
		t.text(l)
	case "name":
		t.text(l)
		t.Tokens += t.rules.Name
	case "content", "refusal":
		t.content(l)
	case "tool_calls":
		for l.Array(); l.Element(); {
			t.Tokens += t.rules.Call
			t.call(l)
		}
	case "function_call":
		t.Tokens += t.rules.Call
		t.call(l)
	default:
		l.Skip()
	}
}

func (t *tally) text(l *jsonlex.Lexer) {
	if l.Null() {
		return
	}
	if text := l.String(); len(text) > 0 {
		t.Tokens += t.c.Count(text)
	}
}

// content is a string or a list of parts: text, images and others, of which
// only the first two count.
func (t *tally) content(l *jsonlex.Lexer) {
	if l.Kind() != jsonlex.Array {
		t.text(l)
		return
	}
	for l.Array(); l.Element(); {
		if !l.Object() {
			return
		}
		for {
			name, ok := l.Field()
			if !ok {
				break
			}
			switch string(name) {
			case "text", "refusal":
				t.text(l)
			case "image_url":
				t.Images++
				t.Image += t.image(l)
			default:
				l.Skip()
			}
		}
	}
}

// call is the function call of an assistant's message, with or without the
// "function" wrapper of tool_calls.
func (t *tally) call(l *jsonlex.Lexer) {
	if !l.Object() {
		return
	}
	for {
		name, ok := l.Field()
		if !ok {
			return
		}
		switch string(name) {
		case "function":
			t.call(l)
		case "name", "arguments":
			t.text(l)
		default:
			l.Skip()
		}
	}
}
