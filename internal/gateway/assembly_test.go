package gateway

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/azptu/azptu/internal/sse"
)

func feed(t testing.TB, chunks ...string) *exchange {
	t.Helper()
	x := &exchange{target: target{operation: operation{shape: chat}}}
	x.text.limit = 1 << 20
	x.body.usageAsked = true
	s := &relayed{x: x, queue: newBuffer()}
	for _, c := range chunks {
		if err := s.event(sse.Event{Data: []byte(c), HasData: true}); err != nil {
			t.Fatal(err)
		}
	}
	return x
}

// Events that are read the short way give what the long way gives.
func TestPlainChunksAreReadTheSame(t *testing.T) {
	head := `{"choices":[{"delta":{"content":"","role":"assistant"},"finish_reason":null,"index":0}],"created":17,"id":"c1","model":"m","object":"chat.completion.chunk"}`
	for _, chunk := range []string{
		`{"choices":[{"content_filter_results":{},"delta":{"content":" wo\"rd\\"},"finish_reason":null,"index":0,"logprobs":null}],"id":"c1","model":"m"}`,
		`{"choices":[{"delta":{"content":"a"},"finish_reason":"length","index":0}],"id":"c1"}`,
		`{"choices":[{"delta":{"content":"a"},"finish_reason":null,"index":1}],"id":"c1"}`,
		`{"choices":[{"delta":{"content":"a","refusal":"no"},"finish_reason":null,"index":0}],"id":"c1"}`,
		`{"choices":[{"delta":{"content":"a"},"finish_reason":null,"index":0},{"delta":{"content":"b"},"finish_reason":null,"index":1}]}`,
		`{"choices":[{"delta":{"content":"a"},"finish_reason":null,"index":0}],"usage":{"prompt_tokens":1,"completion_tokens":2}}`,
		`{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"t1","function":{"name":"f","arguments":"{\"a\""}}]},"finish_reason":null,"index":0}]}`,
		`{"choices":[{"delta":{"content":"\"delta\":{\"content\":\"x"},"finish_reason":null,"index":0}],"id":"c1"}`,
		`{"choices":[]}`,
	} {
		short := feed(t, head, chunk)
		var long assembly
		long.limit = 1 << 20
		var u usage
		for _, c := range []string{head, chunk} {
			long.wholeAnswerKeeping(c)
			if err := readUsage([]byte(c), &u); err != nil {
				t.Fatal(err)
			}
		}
		got, want := short.text.write(nil, chat, &short.usage), long.write(nil, chat, &u)
		if cut := strings.NewReplacer(`"created":17,`, "").Replace(string(got)); cut != string(want) {
			t.Errorf("%s\n gives %s\n  want %s", chunk, cut, want)
		}
		if !json.Valid(got) {
			t.Errorf("%s is no JSON", got)
		}
	}
}

// wholeAnswerKeeping reads a chunk's choices the long way.
func (a *assembly) wholeAnswerKeeping(text string) {
	limit := a.limit
	a.wholeAnswer([]byte(text))
	a.limit = limit
}

func TestAssemblyIsBounded(t *testing.T) {
	a := assembly{limit: 10}
	for range 5 {
		a.readPlain([]byte(`{"choices":[{"delta":{"content":"abc\u00e9"},"finish_reason":null,"index":0}]}`))
	}
	out := a.write(nil, chat, &usage{})
	if a.held != 10 || a.beyond != 35 || !json.Valid(out) {
		t.Errorf("held %d, beyond %d: %s", a.held, a.beyond, out)
	}
}

func FuzzChunk(f *testing.F) {
	for _, c := range streamChunks(true) {
		f.Add([]byte(c))
	}
	f.Add([]byte(`{"choices":[{"delta":{"content":"\`))
	f.Fuzz(func(t *testing.T, data []byte) {
		x := &exchange{target: target{operation: operation{shape: chat}}}
		x.text.limit, x.usage.id = 64, "x"
		s := &relayed{x: x, queue: newBuffer()}
		_ = s.event(sse.Event{Data: data, HasData: true})
		if json.Valid(data) {
			if out := x.text.write(nil, chat, &x.usage); !json.Valid(out) {
				t.Errorf("%s was assembled to %s", data, out)
			}
		}
	})
}
