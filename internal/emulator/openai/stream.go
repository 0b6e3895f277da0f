package openai

import (
	"net/http"
	"strconv"
	"time"

	"github.com/azptu/azptu/internal/sse"
	"github.com/azptu/azptu/internal/tokens/jsonlex"
)

// streamChat answers with one event for each token. Whatever happens, the
// capacity that the rest of the answer would have taken is given back at once.
func (x *exchange) streamChat(g *grant, q *chatRequest, gen *generation) {
	a := x.newAnswer(g, "chatcmpl-")
	// Nothing below needs the request's text; open streams are many.
	obfuscate, withUsage, legacyCalls := q.obfuscate && !g.facts.legacy, q.includeUsage, q.legacyCalls
	logprobs, top := q.logprobs, q.topLogprobs
	s := x.openStream(g)
	defer s.close()
	e := &chatEvents{answer: a, legacyCalls: legacyCalls, logprobs: logprobs, top: top, pad: x.h.newID(), obfuscate: obfuscate}
	e.prepare()

	s.thought = gen.reasoning
	s.put(e.promptResults)
	for i := range gen.choices {
		s.put(func(b []byte) []byte { return e.role(b, &gen.choices[i], i) })
	}
	s.tokens(e, gen)
	for i := range gen.choices {
		s.put(func(b []byte) []byte { return e.end(b, &gen.choices[i], i) })
	}
	e.usage = usage{prompt: g.prompt, cached: g.cached, completion: gen.total(), reasoning: gen.reasoning}
	if withUsage {
		s.put(e.usageEvent)
	}
	s.finish(gen.total(), sse.AppendDone)
}

// tokens puts the tokens of every choice, taking turns between choices.
func (s *stream) tokens(e *chatEvents, gen *generation) {
	for k := 0; ; k++ {
		more := false
		for i := range gen.choices {
			c := &gen.choices[i]
			if k >= c.pieces() {
				continue
			}
			more = true
			s.token()
			s.put(func(b []byte) []byte { return e.piece(b, c, i, k) })
		}
		if !more || s.broken {
			return
		}
	}
}

// stream writes events in step with the pace of a model. Events that are due
// together go out in one write, so that thousands of streams cost little.
type stream struct {
	x       *exchange
	g       *grant
	fault   Fault
	pace    pace
	paced   bool
	out     *[]byte // what is gathered; nil while nothing is
	thought int     // reasoning tokens before the first
	sent    int     // tokens put so far
	events  int     // events put so far
	broken  bool    // the client left, or the fault says that the stream breaks off
}

// openStream sets the headers of a stream and waits until its first byte is
// due: the events before the first token come together with it. The request's text is given back:
// nothing may use it any more, for open streams are many.
func (x *exchange) openStream(g *grant) *stream {
	x.release()
	h := x.w.Header()
	x.modelHeaders(h, g)
	h["Content-Type"] = streamType
	h["Skip-Error-Remapping"] = yes
	s := &stream{x: x, g: g, fault: g.fault, pace: x.pace(g), paced: x.h.cfg.Latency}
	if s.paced && !x.wait(s.pace.first) {
		s.hangUp()
	}
	return s
}

// finish ends a stream that came to its end with one last event.
func (s *stream) finish(completion int, last func([]byte) []byte) {
	if s.broken {
		return
	}
	s.put(func(b []byte) []byte {
		s.settle(completion)
		s.x.begun(http.StatusOK)
		b = last(b)
		s.x.call.Sent += int64(len(b)) // observers hear of it before it goes
		s.x.observe()
		return b
	})
	s.flush()
}

// close gives the buffer back, if one is held.
func (s *stream) close() {
	if s.out != nil {
		putOutput(s.out)
		s.out = nil
	}
}

// flushAt is how many bytes are gathered before they are written.
const flushAt = 16 << 10

// put appends one event.
func (s *stream) put(event func([]byte) []byte) {
	if s.broken {
		return
	}
	if s.fault.CutAfter > 0 && s.events >= s.fault.CutAfter {
		s.flush()
		s.cutOff()
		return
	}
	if s.fault.EventDelay > 0 {
		s.flush()
		if s.x.h.cfg.Sleep(s.x.ctx, s.fault.EventDelay) != nil {
			s.hangUp()
			return
		}
	}
	if s.out == nil {
		s.out = outputs.Get().(*[]byte)
		*s.out = (*s.out)[:0]
	}
	*s.out = event(*s.out)
	s.events++
	if len(*s.out) >= flushAt {
		s.flush()
	}
}

// token waits until the next token is due. Reasoning comes before the first.
func (s *stream) token() {
	if s.broken {
		return
	}
	if s.paced {
		due := s.pace.first + time.Duration(s.thought+s.sent)*s.pace.each
		if due > s.x.h.cfg.Now().Sub(s.x.started) {
			s.flush()
			s.close() // thousands of streams wait most of the time
			if !s.broken && !s.x.wait(due) {
				s.hangUp()
				return
			}
		}
	}
	s.sent++
}

// flush writes what has been gathered.
func (s *stream) flush() {
	if s.broken || s.out == nil || len(*s.out) == 0 {
		return
	}
	s.x.begun(http.StatusOK)
	_, err := s.x.w.Write(*s.out)
	s.x.call.Sent += int64(len(*s.out))
	*s.out = (*s.out)[:0]
	if err == nil {
		err = http.NewResponseController(s.x.w).Flush()
	}
	if err != nil || s.x.ctx.Err() != nil {
		s.hangUp()
	}
}

// hangUp ends the stream of a client that has left: what was sent is billed,
// the rest of the claim is free again.
func (s *stream) hangUp() {
	if s.broken {
		return
	}
	s.broken = true
	s.x.leave()
	s.settle(s.thought + s.sent)
}

// cutOff breaks the stream off in the middle, as a fault asks.
func (s *stream) cutOff() {
	if s.broken {
		return
	}
	s.broken = true
	s.settle(s.thought + s.sent)
	s.x.reset()
}

func (s *stream) settle(completion int) { s.x.settle(s.g, completion) }

// chatEvents makes the events of one stream. All that is the same in each is
// made once.
type chatEvents struct {
	answer
	legacyCalls bool
	logprobs    bool
	top         int
	obfuscate   bool
	pad         random
	head        string // of a token's event, up to the text
	tail        string // behind the choices, up to the padding
	last        string // behind the padding
}

func (e *chatEvents) prepare() {
	e.head = `data: {"choices":[{"content_filter_results":` + completionResults(e.facts.legacy, nil) + `,"delta":`
	tail := append([]byte(`],"created":`), strconv.FormatInt(e.created, 10)...)
	tail = append(append(tail, `,"id":"`...), e.id...)
	tail = jsonlex.AppendString(append(tail, `","model":`...), e.facts.name)
	e.last = `,"object":"chat.completion.chunk","system_fingerprint":` + e.facts.print
	e.tail = string(tail)
}

func (e *chatEvents) promptResults(b []byte) []byte {
	b = append(b, `data: {"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0,"content_filter_results":`...)
	return append(append(b, promptResults(e.facts.legacy)...), "}]}\n\n"...)
}

// close appends everything behind the choices. size is how long the event's
// text is: the padding hides it.
func (e *chatEvents) close(b []byte, size int) []byte {
	b = append(b, e.tail...)
	if e.obfuscate {
		b = append(b, `,"obfuscation":"`...)
		b = e.pad.appendLetters(b, 1+e.pad.below(max(16-size, 2)))
		b = append(b, '"')
	}
	return append(append(b, e.last...), "}\n\n"...)
}

// role appends the event that opens a choice.
func (e *chatEvents) role(b []byte, c *completion, index int) []byte {
	b = append(b, `data: {"choices":[{"content_filter_results":{},"delta":{"content":`...)
	if len(c.calls) > 0 {
		b = append(b, "null"...)
	} else {
		b = append(b, `""`...)
	}
	if len(c.calls) > 0 && e.legacyCalls {
		b = append(b, `,"function_call":{"arguments":"","name":`...)
		b = append(jsonlex.AppendString(b, c.calls[0].name), '}')
	}
	if !e.facts.legacy {
		b = append(b, `,"refusal":null`...)
	}
	b = append(b, `,"role":"assistant"},`...)
	return e.close(e.finish(b, "", index), 0)
}

// finish appends the end of a choice.
func (e *chatEvents) finish(b []byte, reason string, index int) []byte {
	if reason == "" {
		b = append(b, `"finish_reason":null,"index":`...)
	} else {
		b = append(append(append(b, `"finish_reason":"`...), reason...), `","index":`...)
	}
	return append(strconv.AppendInt(b, int64(index), 10), `,"logprobs":null}`...)
}

// piece appends the event of one token, or of one piece of a tool call.
func (e *chatEvents) piece(b []byte, c *completion, index, k int) []byte {
	if len(c.calls) > 0 {
		return e.callPiece(b, c, index, k)
	}
	text := c.token(k)
	b = append(append(b, e.head...), `{"content":`...)
	b = append(jsonlex.AppendString(b, text), `},`...)
	if !e.logprobs {
		return e.close(e.finish(b, "", index), len(text))
	}
	b = append(b, `"finish_reason":null,"index":`...)
	b = append(strconv.AppendInt(b, int64(index), 10), `,"logprobs":`...)
	b = e.tokenLogprobs(b, c, k, k+1, e.top)
	return e.close(append(b, '}'), len(text))
}

// end appends the event that closes a choice.
func (e *chatEvents) end(b []byte, c *completion, index int) []byte {
	if c.filtered != nil {
		b = append(append(b, `data: {"choices":[{"content_filter_results":`...), completionResults(e.facts.legacy, c.filtered)...)
		b = append(b, `,"delta":{},`...)
	} else if len(c.calls) > 0 {
		b = append(b, `data: {"choices":[{"content_filter_results":{},"delta":{},`...)
	} else {
		b = append(append(b, e.head...), `{},`...)
	}
	reason := c.finish
	if reason == "tool_calls" && e.legacyCalls {
		reason = "function_call"
	}
	return e.close(e.finish(b, reason, index), 0)
}

// usageEvent is sent when the client asked for it: no choices, empty padding.
func (e *chatEvents) usageEvent(b []byte) []byte {
	b = append(append(b, `data: {"choices":[`...), e.tail...)
	if e.obfuscate {
		b = append(b, `,"obfuscation":""`...)
	}
	b = append(append(b, e.last...), `,"usage":`...)
	return append(e.appendUsage(b), "}\n\n"...)
}
