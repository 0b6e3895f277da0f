package openai

import (
	"strconv"
	"sync"

	"github.com/azptu/azptu/internal/tokens/jsonlex"
)

var outputs = sync.Pool{New: func() any { b := make([]byte, 0, 8192); return &b }}

func putOutput(b *[]byte) {
	if cap(*b) <= maxPooled {
		outputs.Put(b)
	}
}

// answer is what is the same in every event and in the whole answer.
type answer struct {
	id      string
	created int64
	facts   *facts
	usage   usage
}

type usage struct{ prompt, cached, completion, reasoning int }

func (x *exchange) newAnswer(g *grant, prefix string) answer {
	r := x.h.newID()
	return answer{id: r.letters(prefix, 29), created: x.h.cfg.Date().Unix(), facts: g.facts}
}

// fingerprint stands for the configuration of the backend: the same as long as
// the model is.
func fingerprint(model string) string {
	const digits = "0123456789abcdef"
	n := mix(0, []byte(model))
	b := []byte(`"fp_`)
	for range 10 {
		b = append(b, digits[n&15])
		n >>= 4
	}
	return string(append(b, '"'))
}

// whole appends the answer to a request that does not stream. Keys are in
// alphabetical order, as the service writes them.
func (a *answer) whole(dst []byte, q *chatRequest, gen *generation) []byte {
	dst = append(dst, `{"choices":[`...)
	for i := range gen.choices {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = a.choice(dst, q, &gen.choices[i], i)
	}
	dst = append(dst, `],"created":`...)
	dst = strconv.AppendInt(dst, a.created, 10)
	dst = append(append(dst, `,"id":"`...), a.id...)
	dst = jsonlex.AppendString(append(dst, `","model":`...), a.facts.name)
	dst = append(dst, `,"object":"chat.completion","prompt_filter_results":[{"prompt_index":0,"content_filter_results":`...)
	dst = append(dst, promptResults(a.facts.legacy)...)
	dst = append(append(dst, `}],"system_fingerprint":`...), a.facts.print...)
	dst = a.appendUsage(append(dst, `,"usage":`...))
	return append(dst, '}')
}

func (a *answer) choice(dst []byte, q *chatRequest, c *completion, index int) []byte {
	dst = append(dst, `{"content_filter_results":`...)
	if len(c.calls) > 0 {
		dst = append(dst, `{}`...)
	} else {
		dst = append(dst, completionResults(a.facts.legacy, c.filtered)...)
	}
	dst = append(append(dst, `,"finish_reason":"`...), finishReason(q, c)...)
	dst = strconv.AppendInt(append(dst, `","index":`...), int64(index), 10)
	dst = append(dst, `,"logprobs":`...)
	dst = a.logprobs(dst, q, c)
	dst = append(dst, `,"message":{`...)
	if !a.facts.legacy {
		dst = append(dst, `"annotations":[],`...)
	}
	dst = append(dst, `"content":`...)
	if len(c.calls) > 0 || c.filtered != nil && len(c.text) == 0 {
		dst = append(dst, "null"...)
	} else {
		dst = jsonlex.AppendString(dst, c.text)
	}
	if len(c.calls) > 0 && q.legacyCalls {
		dst = append(dst, `,"function_call":`...)
		dst = appendFunction(dst, &c.calls[0])
	}
	if !a.facts.legacy {
		dst = append(dst, `,"refusal":null`...)
	}
	dst = append(dst, `,"role":"assistant"`...)
	if len(c.calls) > 0 && !q.legacyCalls {
		dst = appendCalls(append(dst, `,"tool_calls":`...), c.calls)
	}
	return append(dst, `}}`...)
}

// finishReason is the reason as the request's generation of tools calls it.
func finishReason(q *chatRequest, c *completion) string {
	if c.finish == "tool_calls" && q.legacyCalls {
		return "function_call"
	}
	return c.finish
}

func (a *answer) appendUsage(dst []byte) []byte {
	u := a.usage
	dst = strconv.AppendInt(append(dst, `{"completion_tokens":`...), int64(u.completion), 10)
	if !a.facts.legacy {
		dst = append(dst, `,"completion_tokens_details":{"accepted_prediction_tokens":0,"audio_tokens":0,"reasoning_tokens":`...)
		dst = strconv.AppendInt(dst, int64(u.reasoning), 10)
		dst = append(dst, `,"rejected_prediction_tokens":0}`...)
	}
	dst = strconv.AppendInt(append(dst, `,"prompt_tokens":`...), int64(u.prompt), 10)
	if !a.facts.legacy {
		dst = append(dst, `,"prompt_tokens_details":{"audio_tokens":0,"cached_tokens":`...)
		dst = strconv.AppendInt(dst, int64(u.cached), 10)
		dst = append(dst, '}')
	}
	dst = strconv.AppendInt(append(dst, `,"total_tokens":`...), int64(u.prompt+u.completion), 10)
	return append(dst, '}')
}
