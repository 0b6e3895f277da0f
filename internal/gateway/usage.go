package gateway

import (
	"bytes"

	"github.com/azptu/azptu/internal/tokens/jsonlex"
)

// usage is what an answer says of itself.
type usage struct {
	prompt, cached, completion, reasoning int
	reported                              bool
	model                                 string
	id                                    string
	failed                                bool // the answer is an error
	errorCode, errorMessage               string
}

// readUsage reads the parts of a JSON answer that are counted. The error means
// that the answer is no JSON object.
func readUsage(answer []byte, u *usage) error {
	l := lexers.Get().(*jsonlex.Lexer)
	defer lexers.Put(l)
	l.Reset(answer)
	if l.Object() {
		for name, ok := l.Field(); ok; name, ok = l.Field() {
			u.member(l, string(name))
		}
	}
	return l.End()
}

func (u *usage) member(l *jsonlex.Lexer, name string) {
	kind := l.Kind()
	switch {
	case name == "usage" && kind == jsonlex.Object:
		u.counts(l)
		u.reported = true
	case name == "model" && kind == jsonlex.String:
		if v := l.String(); string(v) != u.model {
			u.model = string(v)
		}
	case name == "id" && kind == jsonlex.String:
		if v := l.String(); string(v) != u.id {
			u.id = string(v)
		}
	case name == "error" && kind == jsonlex.Object:
		u.failed = true
		u.fault(l)
	default:
		l.Skip()
	}
}

func (u *usage) fault(l *jsonlex.Lexer) {
	for name := range l.Fields() {
		kind := l.Kind()
		switch {
		case string(name) == "code" && kind == jsonlex.String:
			u.errorCode = string(l.String())
		case string(name) == "message" && kind == jsonlex.String:
			u.errorMessage = string(l.String())
		default:
			l.Skip()
		}
	}
}

// counts reads both vocabularies: of chat (prompt, completion) and of the
// Responses API (input, output).
func (u *usage) counts(l *jsonlex.Lexer) {
	for name := range l.Fields() {
		kind := l.Kind()
		switch string(name) {
		case "prompt_tokens", "input_tokens":
			u.prompt = count(l, kind)
		case "completion_tokens", "output_tokens":
			u.completion = count(l, kind)
		case "prompt_tokens_details", "input_tokens_details":
			u.detail(l, "cached_tokens", &u.cached)
		case "completion_tokens_details", "output_tokens_details":
			u.detail(l, "reasoning_tokens", &u.reasoning)
		default:
			l.Skip()
		}
	}
}

func (u *usage) detail(l *jsonlex.Lexer, want string, dst *int) {
	for name := range l.Fields() {
		if string(name) == want {
			*dst = count(l, l.Kind())
		} else {
			l.Skip()
		}
	}
}

var usageMark = []byte(`"usage":`)

// readTail reads the usage out of the end of an answer that was too long to be
// held. What does not parse is left uncounted.
func readTail(tail []byte, u *usage) {
	i := bytes.LastIndex(tail, usageMark)
	if i < 0 {
		return
	}
	var l jsonlex.Lexer
	l.Reset(tail[i+len(usageMark):])
	if l.Kind() == jsonlex.Object {
		var found usage
		found.counts(&l)
		if l.Err() == nil {
			u.prompt, u.cached, u.completion, u.reasoning, u.reported = found.prompt, found.cached, found.completion, found.reasoning, true
		}
	}
}
