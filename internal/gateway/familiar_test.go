package gateway

import (
	"bytes"
	"strings"
	"testing"
)

// relay passes a stream on in pieces, with or without recognizing familiar
// chunks, and returns what the client gets and what is kept of the text.
func relay(stream []byte, piece int, usageAsked, recognize bool) (sent, text string, err error) {
	x := &exchange{target: target{operation: operation{shape: chat}}, body: body{usageAsked: usageAsked}}
	x.text.limit = 1 << 20
	s := &relayed{x: x, queue: newBuffer()}
	if !recognize {
		s.known.learned = maxLearned
	}
	for p := range piecesOf(stream, piece) {
		if p = s.pass(p); len(p) > 0 && err == nil {
			err = s.split.Write(p, s.event)
		}
	}
	var all strings.Builder
	for _, c := range x.text.choices {
		all.Write(c.text)
	}
	return string(s.queue.b), all.String(), err
}

func piecesOf(b []byte, n int) func(func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for len(b) > 0 {
			m := min(max(n, 1), len(b))
			if !yield(bytes.Clone(b[:m])) {
				return
			}
			b = b[m:]
		}
	}
}

const (
	firstChunk  = `data: {"choices":[{"delta":{"content":"","role":"assistant"},"finish_reason":null,"index":0}],"created":1,"id":"c","model":"m"}` + "\n\n"
	plainChunk  = `data: {"choices":[{"delta":{"content":" a"},"finish_reason":null,"index":0,"logprobs":null}],"created":1,"id":"c","usage":null}` + "\n\n"
	paddedChunk = `data: {"choices":[{"delta":{"content":" a"},"finish_reason":null,"index":0}],"id":"c","obfuscation":"xyz","object":"o","usage":null}` + "\n\n"
	lastChunk   = `data: {"choices":[{"delta":{},"finish_reason":"stop","index":0}],"id":"c"}` + "\n\n" + "data: [DONE]\n\n"
)

var familiarStreams = []string{
	firstChunk + strings.Repeat(plainChunk, 5) + lastChunk,
	firstChunk + strings.Repeat(paddedChunk, 5) + lastChunk,
	firstChunk + plainChunk + strings.Replace(plainChunk, " a", `\"quoted\" \\`, 1) + strings.Replace(plainChunk, " a", "", 1) + lastChunk,
	firstChunk + paddedChunk + strings.Replace(paddedChunk, "xyz", "", 1) + strings.Replace(paddedChunk, "xyz", "longer than before", 1) + lastChunk,
	firstChunk + plainChunk + strings.Replace(plainChunk, `"finish_reason":null`, `"finish_reason":"length"`, 1) + plainChunk + lastChunk,
	firstChunk + plainChunk + strings.Replace(plainChunk, `"index":0`, `"index":1`, 1) + plainChunk + lastChunk,
	firstChunk + plainChunk + strings.Replace(plainChunk, " a", " a\n", 1) + plainChunk + lastChunk,
	firstChunk + plainChunk + strings.Replace(plainChunk, " a", " a\\\n", 1) + plainChunk + lastChunk,
	firstChunk + plainChunk + strings.TrimSuffix(plainChunk, "\n\n") + "\r\n\r\n" + plainChunk + lastChunk,
	firstChunk + plainChunk + "event: x\n" + plainChunk + ": comment\n\n" + plainChunk + lastChunk,
	firstChunk + plainChunk + strings.TrimSuffix(plainChunk, "\n") + "data: more\n\n" + plainChunk + lastChunk,
	firstChunk + "data: {\"choices\":[{\"delta\":{\"content\":\" a\"},\ndata: \"finish_reason\":null,\"index\":0}]}\n\n" + plainChunk + plainChunk + lastChunk,
	firstChunk + plainChunk + `data: {"error":{"code":"500","message":"broken"}}` + "\n\n" + plainChunk,
}

func sameRelay(t *testing.T, stream []byte, piece int, usageAsked bool) {
	t.Helper()
	sent, text, err := relay(stream, piece, usageAsked, true)
	wantSent, wantText, wantErr := relay(stream, piece, usageAsked, false)
	if sent != wantSent || text != wantText || (err == nil) != (wantErr == nil) {
		t.Fatalf("%q in pieces of %d:\nsent %q\nwant %q\ntext %q, want %q; %v, want %v", stream, piece, sent, wantSent, text, wantText, err, wantErr)
	}
}

// TestFamiliarChunks promises that recognizing chunks changes nothing of what
// the client gets or of what is recorded.
func TestFamiliarChunks(t *testing.T) {
	for _, stream := range familiarStreams {
		for _, piece := range []int{1, 7, len(plainChunk), 1000, 1 << 20} {
			sameRelay(t, []byte(stream), piece, true)
			sameRelay(t, []byte(stream), piece, false)
		}
	}
	var f familiar
	at := strings.Index(plainChunk, " a\"")
	f.learn([]byte(strings.TrimSpace(plainChunk[len("data: "):])), span{at - len("data: "), at - len("data: ") + 2}, false)
	out := newBuffer()
	if text, n := f.match([]byte(plainChunk+"rest"), out); n != len(plainChunk) || string(text) != " a" || strings.Contains(string(out.b), "usage") {
		t.Errorf("not recognized: %d %q %q", n, text, out.b)
	}
}

func FuzzFamiliar(f *testing.F) {
	for _, stream := range familiarStreams {
		f.Add([]byte(stream), 1<<10, false)
	}
	f.Fuzz(func(t *testing.T, stream []byte, piece int, usageAsked bool) {
		if len(stream) < 1<<16 {
			sameRelay(t, stream, piece, usageAsked)
		}
	})
}
