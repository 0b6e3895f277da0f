package bench

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

var answer = []byte(`{"choices":[{"content_filter_results":{"hate":{"filtered":false,"severity":"safe"},"self_harm":{"filtered":false,"severity":"safe"},"sexual":{"filtered":false,"severity":"safe"},"violence":{"filtered":false,"severity":"safe"}},"finish_reason":"stop","index":0,"logprobs":null,"message":{"content":"` + strings.Repeat("words of an answer ", 24) + `","refusal":null,"role":"assistant"}}],"created":1774963446,"id":"chatcmpl-DPTMcvrtSm0g72urr2OfecoBbwKEN","model":"gpt-4o-2024-08-06","object":"chat.completion","usage":{"completion_tokens":96,"prompt_tokens":180,"prompt_tokens_details":{"cached_tokens":0},"total_tokens":276}}`)

var chunk = []byte(`data: {"choices":[{"content_filter_results":{"hate":{"filtered":false,"severity":"safe"},"self_harm":{"filtered":false,"severity":"safe"},"sexual":{"filtered":false,"severity":"safe"},"violence":{"filtered":false,"severity":"safe"}},"delta":{"content":" word"},"finish_reason":null,"index":0,"logprobs":null}],"created":1774963446,"id":"chatcmpl-DPTMcvrtSm0g72urr2OfecoBbwKEN","model":"gpt-4o-2024-08-06","obfuscation":"zFctC1y5","object":"chat.completion.chunk","system_fingerprint":"fp_b6f445fc1c"}` + "\n\n")

// upstream answers like a deployment: at once, after X-Delay, or as a stream
// of X-Chunks chunks, one every X-Pace.
func upstream(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	if d, err := time.ParseDuration(r.Header.Get("X-Delay")); err == nil {
		time.Sleep(d)
	}
	n, err := strconv.Atoi(r.Header.Get("X-Chunks"))
	if err != nil {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
		w.Header().Set("Apim-Request-Id", "d32bb19e-6dd2-4cb1-94fb-20c75c437b32")
		w.Header().Set("X-Ms-Region", "East US")
		_, _ = w.Write(answer)
		return
	}
	pace, _ := time.ParseDuration(r.Header.Get("X-Pace"))
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	for range n {
		if _, err := w.Write(chunk); err != nil {
			return
		}
		w.(http.Flusher).Flush()
		time.Sleep(pace)
	}
	io.WriteString(w, `data: {"choices":[],"id":"c","model":"gpt-4o","usage":{"completion_tokens":60,"prompt_tokens":180,"total_tokens":240}}`+"\n\ndata: [DONE]\n\n")
}
