// Package openai is the data-plane client: it asks a deployment for a chat
// answer, whole or streamed, and hands back not only the text but what somebody
// who pays for throughput wants to know of the call: tokens, the time to the
// first of them, which deployment answered, whether the call spilled over, how
// full the deployment says it is, and how long a refusal asks to wait. The
// terminal chat, the benchmark and migrations use it. It retries nothing:
// whoever calls decides what a 429 means.
package openai

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/azptu/azptu/internal/sse"
)

// DefaultAPIVersion is the newest dated stable version of the chat operation.
const DefaultAPIVersion = "2024-10-21"

// maxBody bounds what is read of one answer or error, in bytes.
const maxBody = 16 << 20

// Authorizer puts a credential into a request's headers.
type Authorizer func(ctx context.Context, header http.Header) error

// APIKey authorizes with an account's key.
func APIKey(key string) Authorizer {
	return func(_ context.Context, header http.Header) error {
		header.Set("api-key", key)
		return nil
	}
}

// Client speaks to one account's endpoint.
type Client struct {
	Endpoint   string           // root of the account: https://NAME.openai.azure.com
	APIVersion string           // empty means DefaultAPIVersion
	Authorize  Authorizer       // must not be nil
	HTTP       *http.Client     // must not be nil
	Now        func() time.Time // must not be nil; measures the call
}

// Message is one turn of a conversation.
type Message struct {
	Role    string `json:"role"`    // system, user, assistant
	Content any    `json:"content"` // a string, or a []Part
}

// Part is a piece of a message that holds more than text.
type Part struct {
	Type  string    `json:"type"` // text or image_url
	Text  string    `json:"text,omitempty"`
	Image *ImageURL `json:"image_url,omitempty"`
}

// ImageURL is where an image is: an https address or a data: URL.
type ImageURL struct {
	URL string `json:"url"`
}

// Request is what is asked of the model.
type Request struct {
	Messages  []Message `json:"messages"`
	MaxTokens int       `json:"max_tokens,omitempty"` // 0: as many as the model likes
	// MaxCompletion is what reasoning models take in place of MaxTokens.
	MaxCompletion int      `json:"max_completion_tokens,omitempty"`
	Temperature   *float64 `json:"temperature,omitempty"`
}

// Usage counts tokens. Cached is a part of Prompt, Reasoning of Completion.
type Usage struct {
	Prompt     int
	Cached     int
	Completion int
	Reasoning  int
}

// Reply is a model's whole answer and what the call was like.
type Reply struct {
	Text         string
	Model        string // full name with version
	FinishReason string
	Usage        Usage
	Call
}

// Call is what the headers and the clock tell of one call.
type Call struct {
	RequestID   string
	Deployment  string // the one that answered, where the service names it
	SpilledOver bool
	Utilization float64       // share of the provisioned deployment in use, 1 is 100 %; negative: not told
	FirstToken  time.Duration // from sending to the first text; for whole answers to the headers
	Total       time.Duration // from sending to the end
}

// Chat asks for a whole answer. Refusals are an *Error.
func (c *Client) Chat(ctx context.Context, deployment string, r Request) (*Reply, error) {
	start := c.Now()
	resp, err := c.send(ctx, deployment, r, false)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	reply := &Reply{Call: callOf(resp)}
	reply.FirstToken = c.Now().Sub(start)
	var doc chatDoc
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxBody)).Decode(&doc); err != nil {
		return nil, fmt.Errorf("reading the answer of deployment %s: %w", deployment, err)
	}
	doc.addTo(reply)
	reply.Total = c.Now().Sub(start)
	return reply, nil
}

// Stream asks for a streamed answer and calls yield with each piece of text as
// it arrives. An error of yield ends the call and is returned. A stream that
// ends without its mark is an error: what came is in the reply all the same.
func (c *Client) Stream(ctx context.Context, deployment string, r Request, yield func(text string) error) (*Reply, error) {
	start := c.Now()
	resp, err := c.send(ctx, deployment, r, true)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	reply := &Reply{Call: callOf(resp)}
	var text strings.Builder
	err = readStream(resp.Body, func(chunk chatDoc) error {
		piece := chunk.addTo(reply)
		if piece == "" {
			return nil
		}
		if text.Len() == 0 {
			reply.FirstToken = c.Now().Sub(start)
		}
		text.WriteString(piece)
		return yield(piece)
	})
	reply.Text = text.String()
	reply.Total = c.Now().Sub(start)
	if err != nil {
		return reply, fmt.Errorf("reading the stream of deployment %s: %w", deployment, err)
	}
	return reply, nil
}

func readStream(body io.Reader, yield func(chatDoc) error) error {
	events := sse.NewReader(body, 0)
	for {
		event, err := events.Next()
		switch {
		case errors.Is(err, io.EOF):
			return io.ErrUnexpectedEOF // no [DONE] came
		case err != nil:
			return err
		case !event.HasData:
			continue
		case event.Done():
			// The end of the body is read too: closing before it breaks the
			// connection, which whoever serves takes for a client that left.
			_, err := io.Copy(io.Discard, io.LimitReader(body, maxBody))
			return err
		}
		var chunk chatDoc
		if err := json.Unmarshal(event.Data, &chunk); err != nil {
			return fmt.Errorf("a chunk is not JSON: %w", err)
		}
		if chunk.Error != nil {
			return &Error{Code: chunk.Error.code(), Message: chunk.Error.Message}
		}
		if err := yield(chunk); err != nil {
			return err
		}
	}
}

func (c *Client) send(ctx context.Context, deployment string, r Request, stream bool) (*http.Response, error) {
	body := struct {
		Request
		Stream  bool           `json:"stream,omitempty"`
		Options map[string]any `json:"stream_options,omitempty"`
	}{Request: r, Stream: stream}
	if stream {
		body.Options = map[string]any{"include_usage": true}
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("writing the request: %w", err)
	}
	version := c.APIVersion
	if version == "" {
		version = DefaultAPIVersion
	}
	target := strings.TrimRight(c.Endpoint, "/") + "/openai/deployments/" + url.PathEscape(deployment) + "/chat/completions?api-version=" + url.QueryEscape(version)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("addressing deployment %s: %w", deployment, err)
	}
	req.Header.Set("Content-Type", "application/json")
	if err := c.Authorize(ctx, req.Header); err != nil {
		return nil, fmt.Errorf("signing in to %s: %w", c.Endpoint, err)
	}
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return nil, fmt.Errorf("calling deployment %s: %w", deployment, err)
	}
	if resp.StatusCode != http.StatusOK {
		defer resp.Body.Close()
		return nil, readError(resp)
	}
	return resp, nil
}
