package openai

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/azptu/azptu/internal/tokens/jsonlex"
)

// responsesRequest is a request of the responses operation. What a model does
// with it is the same as with a chat, so it is rewritten as one; the rest is
// only repeated in the answer.
type responsesRequest struct {
	Model        string          `json:"model"`
	Input        json.RawMessage `json:"input"`
	Instructions *string         `json:"instructions"`
	Stream       bool            `json:"stream"`
	Store        *bool           `json:"store"`
	Background   bool            `json:"background"`
	Previous     *string         `json:"previous_response_id"`
	MaxOutput    *int            `json:"max_output_tokens"`
	MaxToolCalls *int            `json:"max_tool_calls"`
	Temperature  *float64        `json:"temperature"`
	TopP         *float64        `json:"top_p"`
	TopLogprobs  int             `json:"top_logprobs"`
	Tools        []responsesTool `json:"tools"`
	ToolChoice   json.RawMessage `json:"tool_choice"`
	Parallel     *bool           `json:"parallel_tool_calls"`
	Truncation   string          `json:"truncation"`
	Metadata     json.RawMessage `json:"metadata"`
	User         *string         `json:"user"`
	Reasoning    struct {
		Effort  *string `json:"effort"`
		Summary *string `json:"summary"`
	} `json:"reasoning"`
	Text struct {
		Format    json.RawMessage `json:"format"`
		Verbosity string          `json:"verbosity"`
	} `json:"text"`
}

type responsesTool struct {
	Type        string          `json:"type"`
	Name        string          `json:"name"`
	Description *string         `json:"description"`
	Parameters  json.RawMessage `json:"parameters"`
	Strict      *bool           `json:"strict"`
}

// inputItem is one item of a list of inputs, or of the outputs of an earlier
// response.
type inputItem struct {
	Type      string          `json:"type"`
	Role      string          `json:"role"`
	Content   json.RawMessage `json:"content"`
	CallID    string          `json:"call_id"`
	Name      string          `json:"name"`
	Arguments string          `json:"arguments"`
	Output    json.RawMessage `json:"output"`
}

func (q *responsesRequest) parse(body []byte) *problem {
	if err := jsonlex.Valid(body); err != nil {
		return unparsable()
	}
	if err := json.Unmarshal(body, q); err != nil {
		if wrong, ok := err.(*json.UnmarshalTypeError); ok && wrong.Field != "" {
			return invalid("invalid_type", wrong.Field, "Invalid type for '%s': got %s instead.", wrong.Field, wrong.Value)
		}
		return unparsable()
	}
	switch {
	case len(q.Input) == 0 || string(q.Input) == "null":
		return invalid("missing_required_parameter", "input", "Missing required parameter: 'input'.")
	case q.Background && !q.keeps():
		return invalid("", "background", "Background mode requires 'store' to be true.")
	case q.MaxOutput != nil && *q.MaxOutput < 16:
		return invalid("integer_below_min_value", "max_output_tokens", "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got %d instead.", *q.MaxOutput)
	}
	return nil
}

// items reads the input as a list; a string is one message of the user.
func (q *responsesRequest) items() ([]json.RawMessage, *problem) {
	if q.Input[0] == '"' {
		return []json.RawMessage{fmt.Appendf(nil, `{"type":"message","role":"user","content":[{"type":"input_text","text":%s}]}`, q.Input)}, nil
	}
	var list []json.RawMessage
	if err := json.Unmarshal(q.Input, &list); err != nil {
		return nil, invalid("invalid_type", "input", "Invalid type for 'input': expected one of a string or array of objects, but got %s instead.", withArticle(jsonlex.New(q.Input).Kind()))
	}
	return list, nil
}

// asChat writes the request as a chat completions request over all items, the
// earlier ones of the conversation first.
func (q *responsesRequest) asChat(items []json.RawMessage) ([]byte, *problem) {
	b := []byte(`{"messages":[`)
	if q.Instructions != nil {
		b = append(jsonlex.AppendString(append(b, `{"role":"system","content":`...), *q.Instructions), '}')
	}
	for i, raw := range items {
		if b[len(b)-1] == '}' {
			b = append(b, ',')
		}
		var item inputItem
		if err := json.Unmarshal(raw, &item); err != nil {
			return nil, invalid("invalid_type", fmt.Sprintf("input[%d]", i), "Invalid type for 'input[%d]': expected an object.", i)
		}
		var p *problem
		if b, p = item.appendMessage(b, i); p != nil {
			return nil, p
		}
	}
	b = append(b, ']')
	if q.MaxOutput != nil {
		b = fmt.Appendf(b, `,"max_completion_tokens":%d`, *q.MaxOutput)
	}
	if q.Temperature != nil {
		b = fmt.Appendf(b, `,"temperature":%v`, *q.Temperature)
	}
	if q.TopP != nil {
		b = fmt.Appendf(b, `,"top_p":%v`, *q.TopP)
	}
	if q.Reasoning.Effort != nil {
		b = jsonlex.AppendString(append(b, `,"reasoning_effort":`...), *q.Reasoning.Effort)
	}
	b, p := q.appendTools(b)
	if p != nil {
		return nil, p
	}
	return append(q.appendFormat(b), '}'), nil
}

// appendMessage writes an item as the message that means the same.
func (item *inputItem) appendMessage(b []byte, index int) ([]byte, *problem) {
	switch item.Type {
	case "function_call":
		b = jsonlex.AppendString(append(b, `{"role":"assistant","content":null,"tool_calls":[{"type":"function","id":`...), item.CallID)
		b = jsonlex.AppendString(append(b, `,"function":{"name":`...), item.Name)
		b = jsonlex.AppendString(append(b, `,"arguments":`...), item.Arguments)
		return append(b, `}}]}`...), nil
	case "function_call_output":
		b = jsonlex.AppendString(append(b, `{"role":"tool","tool_call_id":`...), item.CallID)
		return append(appendContent(append(b, `,"content":`...), item.Output), '}'), nil
	case "", "message":
		b = jsonlex.AppendString(append(b, `{"role":`...), item.Role)
		return append(appendContent(append(b, `,"content":`...), item.Content), '}'), nil
	case "reasoning", "item_reference":
		return append(b, `{"role":"assistant","content":""}`...), nil
	}
	return nil, invalid("invalid_value", fmt.Sprintf("input[%d]", index), "Invalid value: '%s'. Supported values are: 'message', 'function_call', 'function_call_output', 'reasoning', and 'item_reference'.", item.Type)
}

// appendContent writes content: a string as it is, parts by their chat names.
func appendContent(b []byte, raw json.RawMessage) []byte {
	var parts []struct {
		Type    string          `json:"type"`
		Text    string          `json:"text"`
		Refusal string          `json:"refusal"`
		URL     json.RawMessage `json:"image_url"`
		Detail  string          `json:"detail"`
	}
	if json.Unmarshal(raw, &parts) != nil {
		if len(raw) == 0 {
			return append(b, "null"...)
		}
		return append(b, raw...)
	}
	b = append(b, '[')
	for i, part := range parts {
		if i > 0 {
			b = append(b, ',')
		}
		switch {
		case part.Type == "input_image" && len(part.URL) > 0:
			b = append(append(b, `{"type":"image_url","image_url":{"url":`...), part.URL...)
			if part.Detail != "" {
				b = jsonlex.AppendString(append(b, `,"detail":`...), part.Detail)
			}
			b = append(b, `}}`...)
		default:
			b = append(jsonlex.AppendString(append(b, `{"type":"text","text":`...), part.Text+part.Refusal), '}')
		}
	}
	return append(b, ']')
}

func (q *responsesRequest) appendTools(b []byte) ([]byte, *problem) {
	n := 0
	for i, t := range q.Tools {
		if t.Type != "function" {
			// Tools that the service runs itself, file search and the like, are
			// not emulated: a model may always choose not to use them.
			continue
		}
		if t.Name == "" {
			return nil, invalid("missing_required_parameter", fmt.Sprintf("tools[%d].name", i), "Missing required parameter: 'tools[%d].name'.", i)
		}
		if n++; n == 1 {
			b = append(b, `,"tools":[`...)
		} else {
			b = append(b, ',')
		}
		b = jsonlex.AppendString(append(b, `{"type":"function","function":{"name":`...), t.Name)
		if t.Description != nil {
			b = jsonlex.AppendString(append(b, `,"description":`...), *t.Description)
		}
		if len(t.Parameters) > 0 && !bytes.Equal(t.Parameters, []byte("null")) {
			b = append(append(b, `,"parameters":`...), t.Parameters...)
		}
		b = append(b, `}}`...)
	}
	if n == 0 {
		return b, nil
	}
	b = append(b, ']')
	if len(q.ToolChoice) > 0 && string(q.ToolChoice) != "null" {
		b = append(append(b, `,"tool_choice":`...), q.ToolChoice...)
	}
	return b, nil
}

func (q *responsesRequest) appendFormat(b []byte) []byte {
	switch kind := plain(member(q.Text.Format, "type")); kind {
	case "json_schema":
		return append(append(append(b, `,"response_format":{"type":"json_schema","json_schema":`...), q.Text.Format...), '}')
	case "":
		return b
	default:
		return append(jsonlex.AppendString(append(b, `,"response_format":{"type":`...), kind), '}')
	}
}
