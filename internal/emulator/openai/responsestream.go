package openai

import (
	"strconv"

	"github.com/azptu/azptu/internal/tokens/jsonlex"
)

// streamResponse answers with the named events of the responses operation.
// There is no [DONE] behind them.
func (x *exchange) streamResponse(g *grant, r *response, gen *generation) {
	s := x.openStream(g)
	defer s.close()
	s.thought = gen.reasoning
	e := &responseEvents{response: r, s: s}
	e.event("response.created", func(b []byte) []byte { return e.responseMember(b, "in_progress") })
	e.event("response.in_progress", func(b []byte) []byte { return e.responseMember(b, "in_progress") })
	e.event("response.output_item.added", func(b []byte) []byte { return e.itemMember(b, "in_progress", false) })
	if len(r.choice.calls) > 0 {
		e.call()
	} else {
		e.message()
	}
	e.event("response.output_item.done", func(b []byte) []byte { return e.itemMember(b, "completed", true) })
	s.finish(gen.total(), e.bytes("response."+r.status, func(b []byte) []byte { return e.responseMember(b, r.status) }))
}

// responseEvents numbers and writes the events of one stream.
type responseEvents struct {
	*response
	s      *stream
	number int
}

// event puts one event: its type, whatever members appends, its number.
func (e *responseEvents) event(kind string, members func([]byte) []byte) {
	e.s.put(e.bytes(kind, members))
}

func (e *responseEvents) bytes(kind string, members func([]byte) []byte) func([]byte) []byte {
	n := e.number
	e.number++
	return func(b []byte) []byte {
		b = append(append(b, "event: "...), kind...)
		b = append(append(b, "\ndata: {\"type\":\""...), kind...)
		b = members(append(b, '"'))
		b = strconv.AppendInt(append(b, `,"sequence_number":`...), int64(n), 10)
		return append(b, "}\n\n"...)
	}
}

func (e *responseEvents) responseMember(b []byte, status string) []byte {
	return e.object(append(b, `,"response":`...), status)
}

func (e *responseEvents) itemMember(b []byte, status string, full bool) []byte {
	return e.item(append(b, `,"output_index":0,"item":`...), status, full)
}

// place says which item an event is about.
func (e *responseEvents) place(b []byte) []byte {
	return append(append(append(b, `,"item_id":"`...), e.itemID...), `","output_index":0`...)
}

func (e *responseEvents) message() {
	inPart := func(b []byte) []byte { return append(e.place(b), `,"content_index":0`...) }
	e.event("response.content_part.added", func(b []byte) []byte { return e.part(append(inPart(b), `,"part":`...), nil) })
	for k := range e.choice.ends {
		e.s.token()
		e.event("response.output_text.delta", func(b []byte) []byte {
			return append(jsonlex.AppendString(append(inPart(b), `,"delta":`...), e.choice.token(k)), `,"logprobs":[]`...)
		})
	}
	e.event("response.output_text.done", func(b []byte) []byte {
		return append(jsonlex.AppendString(append(inPart(b), `,"text":`...), e.choice.text), `,"logprobs":[]`...)
	})
	e.event("response.content_part.done", func(b []byte) []byte {
		return e.part(append(inPart(b), `,"part":`...), e.choice.text)
	})
}

func (e *responseEvents) call() {
	call := &e.choice.calls[0]
	for k := range call.ends {
		e.s.token()
		e.event("response.function_call_arguments.delta", func(b []byte) []byte {
			return jsonlex.AppendString(append(e.place(b), `,"delta":`...), call.token(k))
		})
	}
	e.event("response.function_call_arguments.done", func(b []byte) []byte {
		return jsonlex.AppendString(append(e.place(b), `,"arguments":`...), call.text)
	})
}
