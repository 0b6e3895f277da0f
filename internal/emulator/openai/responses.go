package openai

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/azptu/azptu/internal/tokens/jsonlex"
)

// createResponse serves the creation of a response.
func createResponse(x *exchange) *problem {
	body, p := x.read()
	if p != nil {
		return p
	}
	q := &responsesRequest{}
	if p := q.parse(body); p != nil {
		return p
	}
	x.call.Stream = q.Stream
	d, p := x.deployment(q.Model)
	if p != nil {
		return p
	}
	input, p := q.items()
	if p != nil {
		return p
	}
	history, p := x.conversation(q, input)
	if p != nil {
		return p
	}
	asked, p := q.asChat(history)
	if p != nil {
		return p
	}
	chat := &chatRequest{}
	if p := chat.parse(asked); p != nil {
		return p
	}
	if p := x.suits(chat, d); p != nil {
		return p
	}
	g, p := x.admit(d, x.chatDemand(chat, asked))
	if p != nil {
		return p
	}
	defer x.cancel(g)
	gen, p := x.say(g, chat)
	if p != nil {
		return p
	}
	defer gen.free()
	r := x.newResponse(q, g, gen)
	if q.keeps() {
		x.h.responses.put(r.id, &storedResponse{account: x.account, model: d.Name, background: q.Background, body: r.object(nil, "completed"), input: slices.Clip(input), history: append(slices.Clip(history), r.itemJSON())})
	}
	if q.Stream {
		x.streamResponse(g, r, gen)
	} else {
		x.wholeResponse(g, r, gen)
	}
	return nil
}

// keeps tells whether the response is to be found again later.
func (q *responsesRequest) keeps() bool { return q.Store == nil || *q.Store }

// conversation puts the items of the response that this one goes on from in
// front of its own.
func (x *exchange) conversation(q *responsesRequest, input []json.RawMessage) ([]json.RawMessage, *problem) {
	if q.Previous == nil || *q.Previous == "" {
		return input, nil
	}
	before, ok := x.stored(*q.Previous)
	if !ok {
		return nil, typed(400, "invalid_request_error", "previous_response_not_found", "previous_response_id", "Previous response with id '"+*q.Previous+"' not found.")
	}
	return append(slices.Clip(before.history), input...), nil
}

// response is the answer of the responses operation.
type response struct {
	answer
	q      *responsesRequest
	choice *completion
	itemID string
	status string // completed or incomplete
	reason string // why it is incomplete
}

func (x *exchange) newResponse(q *responsesRequest, g *grant, gen *generation) *response {
	r := &response{answer: x.newAnswer(g, ""), q: q, choice: &gen.choices[0], status: "completed"}
	ids := x.h.newID()
	r.id = ids.letters("resp_", 48)
	if r.itemID = ids.letters("msg_", 48); len(r.choice.calls) > 0 {
		r.itemID = "fc_" + r.itemID[len("msg_"):]
	}
	switch r.choice.finish {
	case "length":
		r.status, r.reason = "incomplete", "max_output_tokens"
	case "content_filter":
		r.status, r.reason = "incomplete", "content_filter"
	}
	r.usage = usage{prompt: g.prompt, cached: g.cached, completion: gen.total(), reasoning: gen.reasoning}
	return r
}

func (x *exchange) wholeResponse(g *grant, r *response, gen *generation) {
	if !x.took(g, gen.total()) {
		return
	}
	x.settle(g, gen.total())
	h := x.w.Header()
	x.modelHeaders(h, g)
	h["Content-Type"] = jsonType
	x.send(200, r.object(nil, "completed"))
}

// object appends the response; while it is in progress it has no output yet.
func (r *response) object(b []byte, status string) []byte {
	q := r.q
	done := status != "in_progress"
	if done {
		status = r.status
	}
	b = append(append(b, `{"id":"`...), r.id...)
	b = strconv.AppendInt(append(b, `","object":"response","created_at":`...), r.created, 10)
	b = append(append(b, `,"status":"`...), status...)
	b = strconv.AppendBool(append(b, `","background":`...), q.Background)
	b = append(b, `,"error":null,"incomplete_details":`...)
	if done && r.reason != "" {
		b = append(append(append(b, `{"reason":"`...), r.reason...), `"}`...)
	} else {
		b = append(b, "null"...)
	}
	b = appendValue(append(b, `,"instructions":`...), q.Instructions)
	b = appendValue(append(b, `,"max_output_tokens":`...), q.MaxOutput)
	b = appendValue(append(b, `,"max_tool_calls":`...), q.MaxToolCalls)
	b = jsonlex.AppendString(append(b, `,"model":`...), q.Model)
	b = append(b, `,"output":[`...)
	if done {
		b = r.item(b, "completed", true)
	}
	b = strconv.AppendBool(append(b, `],"parallel_tool_calls":`...), q.Parallel == nil || *q.Parallel)
	b = appendValue(append(b, `,"previous_response_id":`...), q.Previous)
	b = appendValue(append(b, `,"prompt_cache_key":null,"reasoning":{"effort":`...), q.Reasoning.Effort)
	b = appendValue(append(b, `,"summary":`...), q.Reasoning.Summary)
	b = strconv.AppendBool(append(b, `},"safety_identifier":null,"service_tier":"default","store":`...), q.keeps())
	b = appendValue(append(b, `,"temperature":`...), orOne(q.Temperature))
	b = appendRaw(append(b, `,"text":{"format":`...), q.Text.Format, `{"type":"text"}`)
	if q.Text.Verbosity != "" {
		b = jsonlex.AppendString(append(b, `,"verbosity":`...), q.Text.Verbosity)
	}
	b = appendRaw(append(b, `},"tool_choice":`...), q.ToolChoice, `"auto"`)
	b = r.tools(append(b, `,"tools":`...))
	b = strconv.AppendInt(append(b, `,"top_logprobs":`...), int64(q.TopLogprobs), 10)
	b = appendValue(append(b, `,"top_p":`...), orOne(q.TopP))
	b = jsonlex.AppendString(append(b, `,"truncation":`...), orText(q.Truncation, "disabled"))
	b = append(b, `,"usage":`...)
	if done {
		b = r.responseUsage(b)
	} else {
		b = append(b, "null"...)
	}
	b = appendValue(append(b, `,"user":`...), q.User)
	b = appendRaw(append(b, `,"metadata":`...), q.Metadata, `{}`)
	return append(b, '}')
}

// tools repeats the tools of the request.
func (r *response) tools(b []byte) []byte {
	b = append(b, '[')
	for i, t := range r.q.Tools {
		if i > 0 {
			b = append(b, ',')
		}
		b = jsonlex.AppendString(append(b, `{"type":`...), t.Type)
		if t.Type == "function" {
			b = appendValue(append(b, `,"description":`...), t.Description)
			b = jsonlex.AppendString(append(b, `,"name":`...), t.Name)
			b = appendRaw(append(b, `,"parameters":`...), t.Parameters, "null")
			b = strconv.AppendBool(append(b, `,"strict":`...), t.Strict == nil || *t.Strict)
		}
		b = append(b, '}')
	}
	return append(b, ']')
}

func (r *response) responseUsage(b []byte) []byte {
	u := r.usage
	b = strconv.AppendInt(append(b, `{"input_tokens":`...), int64(u.prompt), 10)
	b = strconv.AppendInt(append(b, `,"input_tokens_details":{"cached_tokens":`...), int64(u.cached), 10)
	b = strconv.AppendInt(append(b, `},"output_tokens":`...), int64(u.completion), 10)
	b = strconv.AppendInt(append(b, `,"output_tokens_details":{"reasoning_tokens":`...), int64(u.reasoning), 10)
	b = strconv.AppendInt(append(b, `},"total_tokens":`...), int64(u.prompt+u.completion), 10)
	return append(b, '}')
}

// item appends the one output item: a message or a function call.
func (r *response) item(b []byte, status string, full bool) []byte {
	b = append(append(b, `{"id":"`...), r.itemID...)
	if len(r.choice.calls) > 0 {
		call := &r.choice.calls[0]
		b = append(append(append(b, `","type":"function_call","status":"`...), status...), `","arguments":`...)
		if full {
			b = jsonlex.AppendString(b, call.text)
		} else {
			b = append(b, `""`...)
		}
		b = append(append(append(b, `,"call_id":"`...), call.id...), `","name":`...)
		return append(jsonlex.AppendString(b, call.name), '}')
	}
	if status == "completed" && r.status == "incomplete" {
		status = r.status
	}
	b = append(append(append(b, `","type":"message","status":"`...), status...), `","content":[`...)
	if full {
		b = r.part(b, r.choice.text)
	}
	return append(b, `],"role":"assistant"}`...)
}

func (r *response) itemJSON() json.RawMessage { return r.item(nil, "completed", true) }

func (r *response) part(b, text []byte) []byte {
	b = jsonlex.AppendString(append(b, `{"type":"output_text","annotations":[],"logprobs":[],"text":`...), text)
	return append(b, '}')
}

// appendValue appends a number or text, or null.
func appendValue[T string | int | float64](b []byte, v *T) []byte {
	if v == nil {
		return append(b, "null"...)
	}
	text, err := json.Marshal(*v)
	if err != nil {
		return append(b, "null"...) // not a number, which JSON cannot have sent
	}
	return append(b, text...)
}

func appendRaw(b []byte, raw json.RawMessage, otherwise string) []byte {
	if len(raw) == 0 {
		return append(b, otherwise...)
	}
	return append(b, raw...)
}

func orOne(f *float64) *float64 {
	if f == nil {
		one := 1.0
		return &one
	}
	return f
}

func orText(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
