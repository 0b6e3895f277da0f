package openai

import (
	"strconv"

	"github.com/azptu/azptu/internal/sse"
	"github.com/azptu/azptu/internal/tokens"
	"github.com/azptu/azptu/internal/tokens/jsonlex"
)

// completionRequest is what matters of a request of the older completions
// operation.
type completionRequest struct {
	chatRequest // stream, n, max_tokens, stop, seed and the like
	inputs      inputs
	echo        bool
	bestOf      int
}

// defaultMaxTokens is how long a completion gets when nothing is said.
const defaultMaxTokens = 16

// completions serves the older completions operation.
func completions(x *exchange) *problem {
	body, p := x.read()
	if p != nil {
		return p
	}
	q := &completionRequest{}
	if p := q.parse(body); p != nil {
		return p
	}
	x.call.Stream = q.stream
	d, p := x.deployment(q.model)
	if p != nil {
		return p
	}
	_, f := x.h.meterOf(d)
	if !f.completes {
		return wrongOperation("completion", d.Model)
	}
	if p := q.inputs.encode(tokens.For(d.Model), f.context); p != nil {
		return p
	}
	total := q.inputs.total()
	g, p := x.admit(d, demand{maxTokens: q.maxTokens, choices: max(q.choices, q.bestOf) * len(q.inputs.ids), count: func(string, *facts) int { return total }})
	if p != nil {
		return p
	}
	defer x.cancel(g)
	hit := x.find(body)
	if hit != nil && !hit.completion {
		x.settle(g, 0)
		return hit.problem()
	}
	gen := q.generate(x.textWriter(g, &q.chatRequest, body))
	defer gen.free()
	if hit != nil {
		gen.offend(hit)
	}
	x.sendCompletions(g, q, gen)
	return nil
}

func (q *completionRequest) parse(body []byte) *problem {
	q.choices = 1
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
		if p := q.member(string(name)); p != nil {
			return p
		}
	}
	if err := l.End(); err != nil {
		return typeProblem(err, q.at, body)
	}
	if q.maxTokens == 0 {
		q.maxTokens = defaultMaxTokens
	}
	if q.inputs.texts == nil && q.inputs.ids == nil {
		q.inputs.texts = [][]byte{[]byte("<|endoftext|>")} // the published default of prompt
	}
	if q.choices < 1 || q.choices > 128 {
		return invalid("invalid_value", "n", "Invalid 'n': expected a value from 1 to 128, but got %d instead.", q.choices)
	}
	if q.bestOf > 0 && q.bestOf < q.choices {
		return invalid("invalid_value", "best_of", "You requested that the server return more choices than it will generate (HINT: you must set 'n' (currently %d) to be at most 'best_of' (currently %d), or omit either parameter.)", q.choices, q.bestOf)
	}
	return q.inputs.check("prompt")
}

func (q *completionRequest) member(name string) *problem {
	l := &q.l
	q.at = name
	switch name {
	case "prompt":
		if !l.Null() {
			q.inputs.read(l)
		}
	case "echo":
		if !l.Null() {
			q.echo = l.Bool()
		}
	case "best_of":
		if !l.Null() {
			q.bestOf = l.Int()
		}
	case "logprobs", "suffix", "messages", "tools", "functions", "tool_choice", "function_call", "response_format":
		l.Skip()
	default:
		return q.field(name)
	}
	return nil
}

// generate writes the choices of every prompt, in the order of prompts.
func (q *completionRequest) generate(w *writer) *generation {
	gen := newGeneration(q.choices * len(q.inputs.ids))
	for i := range gen.choices {
		r := random(w.seed + uint64(i)*0x632be59bd9b4e019)
		c := &gen.choices[i]
		c.finish = "stop"
		if w.length > 0 {
			c.writeExactly(&r, w.length)
		} else {
			c.write(&r, usualLength+r.below(usualSpread))
		}
		w.limit(c, q.stop, q.maxTokens)
	}
	return gen
}

// prompt is the text of the prompt that a choice continues, when it is to be
// repeated.
func (q *completionRequest) prompt(e *tokens.Encoding, choice int) []byte {
	if !q.echo {
		return nil
	}
	var text []byte
	for _, id := range q.inputs.ids[choice/q.choices] {
		text = append(text, e.Token(id)...)
	}
	return text
}

func (x *exchange) sendCompletions(g *grant, q *completionRequest, gen *generation) {
	a := x.newAnswer(g, "cmpl-")
	a.usage = usage{prompt: g.prompt, completion: gen.total()}
	e := tokens.For(g.dep.Model)
	if q.stream {
		x.streamCompletions(g, q, gen, &a, e)
		return
	}
	if !x.took(g, gen.total()) {
		return
	}
	x.settle(g, gen.total())
	out := outputs.Get().(*[]byte)
	defer putOutput(out)
	b := append((*out)[:0], `{"choices":[`...)
	for i := range gen.choices {
		if i > 0 {
			b = append(b, ',')
		}
		c := &gen.choices[i]
		b = a.textChoice(b, append(q.prompt(e, i), c.text...), i, c.finish, c.filtered)
	}
	b = append(a.textTail(append(b, ']')), `,"prompt_filter_results":[`...)
	for i := range q.inputs.ids {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(append(b, `{"prompt_index":`...), int64(i), 10)
		b = append(append(append(b, `,"content_filter_results":`...), promptResults(true)...), '}')
	}
	b = append(a.appendUsage(append(b, `],"usage":`...)), '}')
	*out = b
	h := x.w.Header()
	x.modelHeaders(h, g)
	h["Content-Type"] = jsonType
	x.send(200, b)
}

// textChoice appends a choice of a completion or of one of its events.
func (a *answer) textChoice(b, text []byte, index int, finish string, hit *filterHit) []byte {
	b = append(append(b, `{"content_filter_results":`...), completionResults(true, hit)...)
	b = appendOrNull(append(b, `,"finish_reason":`...), finish)
	b = strconv.AppendInt(append(b, `,"index":`...), int64(index), 10)
	b = jsonlex.AppendString(append(b, `,"logprobs":null,"text":`...), text)
	return append(b, '}')
}

// textTail appends what stands behind the choices.
func (a *answer) textTail(b []byte) []byte {
	b = strconv.AppendInt(append(b, `,"created":`...), a.created, 10)
	b = append(append(b, `,"id":"`...), a.id...)
	b = jsonlex.AppendString(append(b, `","model":`...), a.facts.name)
	return append(b, `,"object":"text_completion"`...)
}

func (x *exchange) streamCompletions(g *grant, q *completionRequest, gen *generation, a *answer, e *tokens.Encoding) {
	s := x.openStream(g)
	defer s.close()
	event := func(text []byte, index int, finish string, hit *filterHit) {
		s.put(func(b []byte) []byte {
			b = a.textChoice(append(b, `data: {"choices":[`...), text, index, finish, hit)
			return append(a.textTail(append(b, ']')), "}\n\n"...)
		})
	}
	s.put(func(b []byte) []byte {
		b = append(append(b, `data: {"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0,"content_filter_results":`...), promptResults(true)...)
		return append(b, "}]}\n\n"...)
	})
	for i := range gen.choices {
		c := &gen.choices[i]
		if echo := q.prompt(e, i); echo != nil {
			event(echo, i, "", nil)
		}
		for k := range c.ends {
			s.token()
			event(c.token(k), i, "", nil)
		}
		event(nil, i, c.finish, c.filtered)
	}
	if q.includeUsage {
		s.put(func(b []byte) []byte {
			b = a.textTail(append(b, `data: {"choices":[]`...))
			return append(a.appendUsage(append(b, `,"usage":`...)), "}\n\n"...)
		})
	}
	s.finish(gen.total(), sse.AppendDone)
}
