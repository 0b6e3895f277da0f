package calllog

import (
	"bytes"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/azptu/azptu/internal/call"
	"github.com/azptu/azptu/internal/kql/value"
	"github.com/azptu/azptu/internal/tokens/jsonlex"
)

// chunkBytes is how much of the messages one row of the LLM log carries: API
// Management splits longer ones into numbered rows of 32 KB.
const chunkBytes = 32 << 10

// messages are those of one call as JSON on one line. Their memory is used
// again for the next call.
type messages struct {
	request, response []byte
	scratch           []byte // one piece as a JSON string
}

// read finds the messages in the bodies of c: those of chat completions, the
// prompt or input of the other operations, and what a response has put out.
func (m *messages) read(l *jsonlex.Lexer, c *call.Call) {
	m.request, m.response = m.request[:0], m.response[:0]
	if len(c.RequestBody) > 0 {
		if asked := asked(l, c.RequestBody); l.End() == nil {
			m.request = appendOneLine(m.request, asked)
		}
	}
	if len(c.ResponseBody) > 0 {
		if m.response = answered(l, c.ResponseBody, m.response); l.End() != nil {
			m.response = m.response[:0]
		}
	}
}

// asked finds what a request asks, as it stands in the request.
func asked(l *jsonlex.Lexer, body []byte) []byte {
	var found []byte
	l.Reset(body)
	if !l.Object() {
		return nil
	}
	best := len(promptMembers)
	for name, ok := l.Field(); ok; name, ok = l.Field() {
		rank := promptRank(name)
		if value := l.Skip(); rank < best {
			best, found = rank, value
		}
	}
	return found
}

// promptMembers are the members that hold what is asked, the likeliest first.
var promptMembers = [...]string{"messages", "prompt", "input"}

func promptRank(name []byte) int {
	for i, member := range promptMembers {
		if string(name) == member {
			return i
		}
	}
	return len(promptMembers)
}

// answered appends the messages of an answer's choices as an array, or the
// output of a response.
func answered(l *jsonlex.Lexer, body, to []byte) []byte {
	l.Reset(body)
	if !l.Object() {
		return to
	}
	for name, ok := l.Field(); ok; name, ok = l.Field() {
		switch {
		case string(name) == "choices" && l.Kind() == jsonlex.Array:
			to = choices(l, to)
		case string(name) == "output" && len(to) == 0 && l.Kind() == jsonlex.Array:
			to = appendOneLine(to, l.Skip())
		default:
			l.Skip()
		}
	}
	return to
}

func choices(l *jsonlex.Lexer, to []byte) []byte {
	start := len(to)
	l.Array()
	for l.Element() {
		if l.Kind() != jsonlex.Object {
			l.Skip()
			continue
		}
		l.Object()
		for name, ok := l.Field(); ok; name, ok = l.Field() {
			said := string(name) == "message" || string(name) == "text"
			if value := l.Skip(); said && len(value) > 0 && value[0] != 'n' {
				to = appendOneLine(append(to, opening(len(to) == start)), value)
			}
		}
	}
	if len(to) > start {
		to = append(to, ']')
	}
	return to
}

func opening(first bool) byte {
	if first {
		return '['
	}
	return ','
}

// appendOneLine appends checked JSON without its line ends, which can only
// stand between its parts.
func appendOneLine(b, raw []byte) []byte {
	if bytes.IndexByte(raw, '\n') < 0 && bytes.IndexByte(raw, '\r') < 0 {
		return append(b, raw...)
	}
	for _, c := range raw {
		if c != '\n' && c != '\r' {
			b = append(b, c)
		}
	}
	return b
}

// piece takes the next row's part off raw. JSON that fits one row stays as it
// is; longer JSON becomes pieces of its text, each a JSON string, so that
// concatenated in order they are the whole. whole tells that nothing was taken
// off before.
func (m *messages) piece(raw []byte, whole bool) (part, rest []byte) {
	if len(raw) == 0 || whole && len(raw) <= chunkBytes {
		return raw, nil
	}
	n := min(len(raw), chunkBytes)
	for n < len(raw) && n > 0 && !utf8.RuneStart(raw[n]) {
		n--
	}
	m.scratch = quote(m.scratch[:0], raw[:n])
	return m.scratch, raw[n:]
}

// llmRows are the call as the LLM log has it. The first row has number 0, the
// token counts and the beginning of the prompt.
func (s *scribe) llmRows(b []byte, c *call.Call) []byte {
	s.messages.read(&s.lexer, c)
	request, response := s.messages.request, s.messages.response
	for number := 0; number == 0 || len(request) > 0 || len(response) > 0; number++ {
		w := s.llmRow(b, c, number)
		var part []byte
		part, request = s.messages.piece(request, number == 0)
		w.document("RequestMessages", part)
		part, response = s.messages.piece(response, number == 0)
		w.document("ResponseMessages", part)
		b = w.end()
	}
	return b
}

func (s *scribe) llmRow(b []byte, c *call.Call, number int) rowWriter {
	w := beginRow(b, s.head)
	w.members(s.common[LLMLog])
	w.text("CorrelationId", c.ID)
	w.text("RequestId", c.BackendID)
	w.text("OperationName", "Microsoft.ApiManagement/GatewayLlmLogs")
	w.text("Region", c.Region)
	w.whole("SequenceNumber", int64(number))
	w.text("DeploymentName", c.Deployment)
	w.text("ModelName", c.Model)
	w.text("ApiVersion", c.APIVersion)
	w.truth("IsStreamCompletion", c.Stream)
	if number == 0 {
		w.whole("PromptTokens", int64(c.Prompt))
		w.whole("CompletionTokens", int64(c.Completion))
		w.whole("TotalTokens", int64(c.Tokens()))
	}
	return w
}

// apiNamePrefix stands before the version in what Azure calls the name of an API.
var apiNamePrefix = []byte("Azure OpenAI API version ")

// diagnosticProperties is the properties_s of a RequestResponse row.
func diagnosticProperties(b []byte, c *call.Call) []byte {
	b = append(b, `{"apiName":`...)
	at := len(b)
	b = appendQuoted(b, c.APIVersion)
	b = slices.Insert(b, at+1, apiNamePrefix...)
	b = append(b, `,"requestTime":`...)
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
	b = append(b, `","modelDeploymentName":`...)
	b = appendQuoted(b, c.Deployment)
	b = append(b, `,"modelName":`...)
	b = appendQuoted(b, c.Model)
	b = append(b, `,"modelVersion":`...)
	b = appendQuoted(b, c.ModelVersion)
	return append(b, '}')
}
