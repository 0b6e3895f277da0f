package calllog

import (
	"bytes"
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/call"
	"github.com/azptu/azptu/internal/tokens/jsonlex"
)

func sample() *call.Call {
	return &call.Call{
		At: time.Date(2026, 3, 4, 5, 6, 7, 890_123_400, time.UTC), ID: "c-1", Operation: "ChatCompletions_Create", Method: "POST",
		URL: "http://gw/openai/deployments/gpt-4o/chat/completions", APIVersion: "2024-10-21", Caller: "10.0.0.9", Key: "team-a", Product: "chat", Pool: "gpt-4o",
		Backend: "eastus-ptu", BackendURL: "https://contoso-eastus.openai.azure.com/openai", Deployment: "gpt4o-prod", Model: "gpt-4o-2024-08-06",
		Status: 200, BackendStatus: 200, Attempts: 1, Prompt: 15, Completion: 24, Counting: call.Reported, Total: 1234567 * time.Microsecond, Upstream: time.Second,
		RequestBody:  []byte(`{"messages":[{"role":"user","content":"olá \u2028\n"}]}`),
		ResponseBody: []byte(`{"model":"gpt-4o-2024-08-06","choices":[{"message":{"role":"assistant","content":"oi"}}],"usage":{"prompt_tokens":15}}`),
	}
}

// written is the rows of a call by table.
func written(s *scribe, c *call.Call) map[string][]byte {
	var calls, gateway, llm, diagnostics []byte
	s.rows(c, &callRows{&calls, &gateway, &llm, &diagnostics})
	out := map[string][]byte{Calls: calls, GatewayLogs: gateway, LLMLog: llm, Diagnostics: diagnostics}
	maps.DeleteFunc(out, func(_ string, rows []byte) bool { return len(rows) == 0 })
	return out
}

// Every row is a whole line of JSON whose members are columns of its table.
func TestRowsFitTheirSchemas(t *testing.T) {
	writer := newScribe(Identity{TenantID: "t", SubscriptionID: "s", ResourceID: "/r"})
	counts := map[string]int{}
	for _, c := range []*call.Call{sample(), {At: time.Unix(0, 0), Gap: 7}, {At: time.Unix(0, 0), Status: 401}} {
		for table, line := range written(writer, c) {
			counts[table]++
			object, err := openLine(line)
			if err != nil {
				t.Fatalf("%s: %v: %s", table, err, line)
			}
			var row map[string]any
			if err := json.Unmarshal(whole(&jsonlex.Lexer{}, object), &row); err != nil {
				t.Fatalf("%s: %v: %s", table, err, line)
			}
			schema, ok := SchemaOf(table)
			if !ok {
				t.Fatalf("no table %s", table)
			}
			for column := range row {
				if _, ok := schema.Column(column); !ok {
					t.Errorf("%s has no column %s", table, column)
				}
			}
		}
	}
	if counts[Calls] != 3 || counts[GatewayLogs] != 2 || counts[LLMLog] != 1 || counts[Diagnostics] != 1 {
		t.Errorf("rows by table: %v", counts)
	}
}

func TestLongMessagesAreChunked(t *testing.T) {
	c := sample()
	text := strings.Repeat("ação ", 20_000)
	c.RequestBody, _ = json.Marshal(map[string]any{"messages": []any{map[string]any{"role": "user", "content": text}}})
	var whole string
	number := 0
	for line := range bytes.Lines(written(newScribe(Identity{}), c)[LLMLog]) {
		var row struct {
			SequenceNumber   int
			RequestMessages  string
			ResponseMessages json.RawMessage
		}
		if err := json.Unmarshal(line, &row); err != nil || len(row.RequestMessages) > chunkBytes {
			t.Fatalf("row %d with %d bytes: %v", number, len(row.RequestMessages), err)
		}
		if row.SequenceNumber != number || (number == 0) != (row.ResponseMessages != nil) {
			t.Errorf("row %d: number %d, answer %q", number, row.SequenceNumber, row.ResponseMessages)
		}
		whole += row.RequestMessages
		number++
	}
	if number < 4 {
		t.Errorf("%d rows", number)
	}
	if !json.Valid([]byte(whole)) || !strings.Contains(whole, "ação ação") {
		t.Error("the pieces do not make the messages")
	}
}

// A body on several lines is one line of a segment, and what a client sends
// that is no JSON costs the messages, not the row.
func TestMessagesStayOnOneLine(t *testing.T) {
	c := sample()
	for _, body := range []struct{ request, answer, asked, said string }{
		{"{\n \"messages\":\r\n [ {\"role\":\"user\",\n\"content\":\"a\\nb\"} ]\n}", "{\"choices\":[\n{\"message\":\n{\"content\":\"x\"}},{\"text\":\"y\"},{\"message\":null}]}", `[ {"role":"user","content":"a\nb"} ]`, `[{"content":"x"},"y"]`},
		{`{"input":"say","prompt":["p"]}`, `{"output":[{"type":"message"}]}`, `["p"]`, `[{"type":"message"}]`},
		{`{"messages":[`, `{"choices":[{"message":{}}]`, "", ""},
		{`"no object"`, `[]`, "", ""},
	} {
		c.RequestBody, c.ResponseBody = []byte(body.request), []byte(body.answer)
		line := written(newScribe(Identity{}), c)[LLMLog]
		var row struct{ RequestMessages, ResponseMessages json.RawMessage }
		if _, err := openLine(line); err != nil || bytes.Count(line, []byte("\n")) != 1 {
			t.Fatalf("%v: %s", err, line)
		}
		if err := json.Unmarshal(line, &row); err != nil {
			t.Fatal(err)
		}
		if string(row.RequestMessages) != body.asked || string(row.ResponseMessages) != body.said {
			t.Errorf("messages %s and %s, want %s and %s", row.RequestMessages, row.ResponseMessages, body.asked, body.said)
		}
	}
}

func TestAlteredLinesAreNoticed(t *testing.T) {
	line := written(newScribe(Identity{}), sample())[Calls]
	if _, err := openLine(line); err != nil {
		t.Fatal(err)
	}
	for i := range line[:len(line)-1] {
		bad := append([]byte(nil), line...)
		bad[i] ^= 1
		if object, err := openLine(bad); err == nil && string(object) != string(line[:len(line)-len(crcMember)-crcDigits-len(crcEnd)]) {
			t.Fatalf("a change of byte %d was not noticed", i)
		}
		if _, err := openLine(line[:i]); err == nil {
			t.Fatalf("a line cut after %d bytes was not noticed", i)
		}
	}
}

func FuzzOpenLine(f *testing.F) {
	f.Add(written(newScribe(Identity{}), sample())[Calls])
	f.Add([]byte(`{"a":1,"_crc":"00000000"}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		if object, err := openLine(line); err == nil && len(object) >= len(line) {
			t.Error("an object longer than its line")
		}
	})
}

// The time of a row is the call's to the hundred nanoseconds, whichever calls
// came before it.
func TestRowsTellTheTimeOfTheirCall(t *testing.T) {
	writer := newScribe(Identity{})
	start := time.Date(2026, 12, 31, 23, 59, 59, 999_999_900, time.UTC)
	for _, step := range []time.Duration{0, -999_999_900, 0, 123_456_700, 999_999_999, time.Second, time.Hour, -48 * time.Hour} {
		start = start.Add(step)
		var row struct{ TimeGenerated string }
		c := sample()
		if c.At = start; json.Unmarshal(written(writer, c)[Calls], &row) != nil || row.TimeGenerated != start.Format("2006-01-02T15:04:05.0000000Z") {
			t.Errorf("%v is written as %s", start, row.TimeGenerated)
		}
	}
}
