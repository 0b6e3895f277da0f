package calllog

import (
	"encoding/json"
	"net/http"
	"strconv"
	"unicode/utf8"

	"github.com/azptu/azptu/internal/call"
	"github.com/azptu/azptu/internal/kql/value"
)

// chunkBytes is how much of the messages one row of the LLM log carries: API
// Management splits longer ones into numbered rows of 32 KB.
const chunkBytes = 32 << 10

// chunk is one numbered piece of a call's messages.
type chunk struct {
	number            int
	request, response []byte // JSON arrays of messages, or nil
}

// llmChunks cuts the messages of a call into rows. The first row has number 0,
// the token counts and the beginning of the prompt.
func (id *Identity) llmChunks(c *call.Call) []chunk {
	var body struct {
		Messages json.RawMessage `json:"messages"`
		Prompt   json.RawMessage `json:"prompt"`
		Input    json.RawMessage `json:"input"`
	}
	var answer struct {
		Choices []struct {
			Message json.RawMessage `json:"message"`
			Text    string          `json:"text"`
		} `json:"choices"`
	}
	chunks := []chunk{{}}
	if json.Unmarshal(c.RequestBody, &body) == nil {
		for i, piece := range cut(firstOf(body.Messages, body.Prompt, body.Input)) {
			if i == len(chunks) {
				chunks = append(chunks, chunk{number: i})
			}
			chunks[i].request = piece
		}
	}
	if json.Unmarshal(c.ResponseBody, &answer) == nil {
		var messages []json.RawMessage
		for _, choice := range answer.Choices {
			if choice.Message != nil {
				messages = append(messages, choice.Message)
			} else if choice.Text != "" {
				messages = append(messages, value.AppendQuoted(nil, choice.Text))
			}
		}
		if len(messages) > 0 {
			if raw, err := json.Marshal(messages); err == nil {
				for i, piece := range cut(raw) {
					if i == len(chunks) {
						chunks = append(chunks, chunk{number: i})
					}
					chunks[i].response = piece
				}
			}
		}
	}
	return chunks
}

func firstOf(candidates ...json.RawMessage) json.RawMessage {
	for _, c := range candidates {
		if len(c) > 0 {
			return c
		}
	}
	return nil
}

// cut leaves JSON that fits one row as it is; longer JSON becomes pieces of its
// text, each a JSON string, so that concatenated in order they are the whole.
func cut(raw json.RawMessage) []json.RawMessage {
	if len(raw) == 0 {
		return nil
	}
	if len(raw) <= chunkBytes {
		return []json.RawMessage{raw}
	}
	var pieces []json.RawMessage
	for len(raw) > 0 {
		n := min(len(raw), chunkBytes)
		for n < len(raw) && n > 0 && !utf8.RuneStart(raw[n]) {
			n--
		}
		pieces = append(pieces, value.AppendQuoted(nil, string(raw[:n])))
		raw = raw[n:]
	}
	return pieces
}

func (id *Identity) llmRow(b []byte, c *call.Call, part chunk) []byte {
	w := beginRow(b, c.At)
	id.common(&w, LLMLog)
	w.text("CorrelationId", c.ID)
	w.text("RequestId", c.BackendID)
	w.text("OperationName", "Microsoft.ApiManagement/GatewayLlmLogs")
	w.text("Region", c.Region)
	w.whole("SequenceNumber", int64(part.number))
	w.text("DeploymentName", c.Deployment)
	w.text("ModelName", c.Model)
	w.text("ApiVersion", c.APIVersion)
	w.truth("IsStreamCompletion", c.Stream)
	if part.number == 0 {
		w.whole("PromptTokens", int64(c.Prompt))
		w.whole("CompletionTokens", int64(c.Completion))
		w.whole("TotalTokens", int64(c.Tokens()))
	}
	w.document("RequestMessages", part.request)
	w.document("ResponseMessages", part.response)
	return w.end()
}

// diagnosticProperties is the properties_s of a RequestResponse row.
func diagnosticProperties(b []byte, c *call.Call) []byte {
	b = append(b, `{"apiName":"Azure OpenAI API version `...)
	b = append(b, jsonText(c.APIVersion)...)
	b = append(b, `","requestTime":`...)
	b = strconv.AppendInt(b, value.FromTime(c.At), 10)
	b = append(b, `,"requestLength":`...)
	b = strconv.AppendInt(b, c.RequestSize, 10)
	b = append(b, `,"responseTime":`...)
	b = strconv.AppendInt(b, value.FromTime(c.At.Add(c.Total)), 10)
	b = append(b, `,"responseLength":`...)
	b = strconv.AppendInt(b, c.ResponseSize, 10)
	b = append(b, `,"objectId":"","streamType":"`...)
	if c.Stream {
		b = append(b, "Streaming"...)
	} else {
		b = append(b, "Non-Streaming"...)
	}
	b = append(b, `","modelDeploymentName":"`...)
	b = append(b, jsonText(c.Deployment)...)
	b = append(b, `","modelName":"`...)
	b = append(b, jsonText(c.Model)...)
	b = append(b, `","modelVersion":"`...)
	b = append(b, jsonText(c.ModelVersion)...)
	return append(b, `"}`...)
}

// jsonText is s as it stands between the quotes of a JSON string.
func jsonText(s string) []byte {
	quoted := value.AppendQuoted(nil, s)
	return quoted[1 : len(quoted)-1]
}

// statusText is a status as Azure Monitor writes ResultSignature.
func statusText(status int) string {
	return strconv.Itoa(status) + " " + http.StatusText(status)
}
