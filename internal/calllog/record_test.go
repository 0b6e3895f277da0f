package calllog

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/call"
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

// Every row is a whole line of JSON whose members are columns of its table.
func TestRowsFitTheirSchemas(t *testing.T) {
	id := &Identity{TenantID: "t", SubscriptionID: "s", ResourceID: "/r"}
	counts := map[string]int{}
	for _, c := range []*call.Call{sample(), {At: time.Unix(0, 0), Gap: 7}, {At: time.Unix(0, 0), Status: 401}} {
		id.rows(c, func(table string, write func([]byte) []byte) {
			counts[table]++
			line := write([]byte("before\n"))[len("before\n"):]
			object, err := openLine(line)
			if err != nil {
				t.Fatalf("%s: %v: %s", table, err, line)
			}
			var row map[string]any
			if err := json.Unmarshal(append(object, '}'), &row); err != nil {
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
		})
	}
	if counts[Calls] != 3 || counts[GatewayLogs] != 2 || counts[LLMLog] != 1 || counts[Diagnostics] != 1 {
		t.Errorf("rows by table: %v", counts)
	}
}

func TestLongMessagesAreChunked(t *testing.T) {
	c := sample()
	text := strings.Repeat("ação ", 20_000)
	c.RequestBody, _ = json.Marshal(map[string]any{"messages": []any{map[string]any{"role": "user", "content": text}}})
	chunks := (&Identity{}).llmChunks(c)
	if len(chunks) < 4 || chunks[1].response != nil {
		t.Fatalf("%d chunks", len(chunks))
	}
	var whole string
	for _, part := range chunks {
		var piece string
		if err := json.Unmarshal(part.request, &piece); err != nil || len(piece) > chunkBytes {
			t.Fatalf("chunk %d of %d bytes: %v", part.number, len(piece), err)
		}
		whole += piece
	}
	if !json.Valid([]byte(whole)) || !strings.Contains(whole, "ação ação") {
		t.Error("the pieces do not make the messages")
	}
}

func TestAlteredLinesAreNoticed(t *testing.T) {
	line := callRow(nil, sample())
	if _, err := openLine(line); err != nil {
		t.Fatal(err)
	}
	for i := range line[:len(line)-1] {
		bad := append([]byte(nil), line...)
		bad[i] ^= 1
		if object, err := openLine(bad); err == nil && string(object) != string(line[:len(line)-crcLength]) {
			t.Fatalf("a change of byte %d was not noticed", i)
		}
		if _, err := openLine(line[:i]); err == nil {
			t.Fatalf("a line cut after %d bytes was not noticed", i)
		}
	}
}

func FuzzOpenLine(f *testing.F) {
	f.Add(callRow(nil, sample()))
	f.Add([]byte(`{"a":1,"_crc":"00000000"}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		if object, err := openLine(line); err == nil && len(object) >= len(line) {
			t.Error("an object longer than its line")
		}
	})
}
