package gateway

import (
	"bytes"
	"fmt"
	"strconv"
	"sync"

	"github.com/azptu/azptu/internal/tokens"
	"github.com/azptu/azptu/internal/tokens/jsonlex"
)

// span is a piece of a body; the zero span is none.
type span struct{ from, to int }

func (s span) none() bool { return s.to == 0 }

// body is what the gateway looks at in a JSON request.
type body struct {
	model        string
	modelAt      span // the value with its quotes
	stream       bool
	usageAsked   bool   // stream_options.include_usage is true
	optionsAt    span   // the value of stream_options
	open         int    // just behind the opening brace
	empty        bool   // the object has no members
	maxTokens    int    // most completion tokens; 0: the client sets none
	choices      int    // n; 0 means 1
	prompt       span   // messages, prompt or input
	refers       string // id of what a backend holds and the request builds on
	promptTokens int    // estimate
}

var lexers = sync.Pool{New: func() any { return new(jsonlex.Lexer) }}

// maxFields bounds the members of a request's object.
const maxFields = 256

// scanBody looks at a JSON request once. The error's text is for the client.
func scanBody(text []byte) (b body, err error) {
	l := lexers.Get().(*jsonlex.Lexer)
	defer lexers.Put(l)
	l.Reset(text)
	if l.Kind() != jsonlex.Object {
		return b, fmt.Errorf("expected a JSON object")
	}
	l.Object()
	b.open, b.empty = l.Offset(), true
	var names fieldNames
	for {
		name, ok := l.Field()
		if !ok {
			break
		}
		b.empty = false
		if err := names.add(name); err != nil {
			return b, err
		}
		if err := b.field(l, string(name)); err != nil {
			return b, err
		}
	}
	if err := l.End(); err != nil {
		return b, fmt.Errorf("could not parse the JSON body of the request: %w", err)
	}
	b.promptTokens = estimatePrompt(text[b.prompt.from:b.prompt.to], text)
	return b, nil
}

// field consumes one member's value.
func (b *body) field(l *jsonlex.Lexer, name string) error {
	kind := l.Kind()
	from := l.Offset()
	switch name {
	case "model":
		if kind != jsonlex.String {
			return fmt.Errorf("'model' must be a string")
		}
		b.model = string(l.String())
		b.modelAt = span{from, l.Offset()}
	case "stream":
		if kind == jsonlex.Null {
			l.Null()
			return nil
		}
		if kind != jsonlex.Bool {
			return fmt.Errorf("'stream' must be true or false")
		}
		b.stream = l.Bool()
	case "stream_options":
		if kind == jsonlex.Object {
			b.streamOptions(l)
		} else {
			l.Skip()
		}
		b.optionsAt = span{from, l.Offset()}
	case "max_tokens", "max_completion_tokens", "max_output_tokens":
		b.maxTokens = max(b.maxTokens, count(l, kind))
	case "n":
		b.choices = count(l, kind)
	case "messages", "prompt", "input":
		l.Skip()
		b.prompt = span{from, l.Offset()}
	case "previous_response_id", "input_file_id", "training_file", "file_id", "assistant_id":
		if kind == jsonlex.String {
			b.refers = string(l.String())
		} else {
			l.Skip()
		}
	default:
		l.Skip()
	}
	return nil
}

// count consumes a number; what is none is left to the backend to refuse.
func count(l *jsonlex.Lexer, kind jsonlex.Kind) int {
	if kind != jsonlex.Number {
		l.Skip()
		return 0
	}
	digits := l.Skip()
	if n := 0; len(digits) <= 8 {
		for i, c := range digits {
			if c < '0' || c > '9' {
				break
			}
			if n = 10*n + int(c-'0'); i == len(digits)-1 {
				return min(n, 1<<24)
			}
		}
	}
	f, _ := strconv.ParseFloat(string(digits), 64) // 1e3 is a number too; beyond all bounds it is infinite
	return int(min(max(f, 0), 1<<24))
}

func (b *body) streamOptions(l *jsonlex.Lexer) {
	for name := range l.Fields() {
		if string(name) == "include_usage" && l.Kind() == jsonlex.Bool {
			b.usageAsked = l.Bool()
		} else {
			l.Skip()
		}
	}
}

// fieldNames notices members that are given twice: parsers differ in which of
// them they believe.
type fieldNames struct {
	few  [24]string
	n    int
	many map[string]bool
}

func (f *fieldNames) add(name []byte) error {
	for _, seen := range f.few[:min(f.n, len(f.few))] {
		if seen == string(name) {
			return fmt.Errorf("'%.40s' is given twice", name)
		}
	}
	if f.n < len(f.few) {
		f.few[f.n] = interned(name)
	} else {
		if f.many == nil {
			f.many = map[string]bool{}
		}
		if f.many[string(name)] {
			return fmt.Errorf("'%.40s' is given twice", name)
		}
		f.many[string(name)] = true
	}
	if f.n++; f.n > maxFields {
		return fmt.Errorf("the request has more than %d members", maxFields)
	}
	return nil
}

// interned is the text of a name, without memory of its own for the usual ones.
func interned(name []byte) string {
	for _, usual := range [...]string{"model", "messages", "stream", "temperature", "max_tokens", "max_completion_tokens",
		"input", "prompt", "stream_options", "tools", "n", "top_p", "user", "response_format", "max_output_tokens"} {
		if usual == string(name) {
			return usual
		}
	}
	return string(name)
}

var inlineImage = []byte("data:image/")

// estimatePrompt guesses the prompt's tokens from its length, which is off by
// some tens of percent and costs nothing; the answer corrects it. Only where
// images are written into the prompt are they taken apart.
func estimatePrompt(prompt, whole []byte) int {
	if len(prompt) > 16<<10 && bytes.Contains(prompt, inlineImage) {
		if p, err := tokens.CountChat(tokens.Estimator{}, "", whole); err == nil {
			return p.Tokens
		}
	}
	return tokens.Estimate(len(prompt))
}

// rewrite appends the body as a backend gets it: with its own name for the
// model, and with a request for usage when the stream would come without.
// It returns text itself when nothing changes.
func (b *body) rewrite(dst *buffer, text []byte, model string, askUsage bool) []byte {
	ask := askUsage && b.stream && !b.usageAsked
	rename := model != "" && model != b.model && !b.modelAt.none()
	if !ask && !rename {
		return text
	}
	dst.b = append(dst.b[:0], text[:b.open]...)
	if ask && b.optionsAt.none() {
		dst.b = append(dst.b, `"stream_options":{"include_usage":true}`...)
		if !b.empty {
			dst.b = append(dst.b, ',')
		}
	}
	at := b.open
	put := func(s span, value []byte) {
		dst.b = append(append(dst.b, text[at:s.from]...), value...)
		at = s.to
	}
	options := func() {
		if ask && !b.optionsAt.none() {
			put(b.optionsAt, []byte(`{"include_usage":true}`))
		}
	}
	if b.optionsAt.from < b.modelAt.from {
		options()
	}
	if rename {
		dst.b = append(dst.b, text[at:b.modelAt.from]...)
		dst.b = jsonlex.AppendString(dst.b, model)
		at = b.modelAt.to
	}
	if b.optionsAt.from > b.modelAt.from {
		options()
	}
	dst.b = append(dst.b, text[at:]...)
	return dst.b
}
