package openai

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// chatDoc is a whole answer or one chunk of a stream. Choices may be empty: the
// first and the last chunk of a stream have none.
type chatDoc struct {
	Model   string `json:"model"`
	Choices []struct {
		Message struct {
			Content string `json:"content"`
		} `json:"message"`
		Delta struct {
			Content string `json:"content"`
		} `json:"delta"`
		FinishReason string `json:"finish_reason"`
	} `json:"choices"`
	Usage *struct {
		Prompt        int `json:"prompt_tokens"`
		Completion    int `json:"completion_tokens"`
		PromptDetails struct {
			Cached int `json:"cached_tokens"`
		} `json:"prompt_tokens_details"`
		CompletionDetails struct {
			Reasoning int `json:"reasoning_tokens"`
		} `json:"completion_tokens_details"`
	} `json:"usage"`
	Error *errorDoc `json:"error"`
}

// addTo takes over what the document knows and returns the text it brings.
func (d chatDoc) addTo(r *Reply) (text string) {
	r.Model = cmp.Or(d.Model, r.Model)
	if len(d.Choices) > 0 {
		choice := d.Choices[0]
		text = choice.Message.Content + choice.Delta.Content
		r.FinishReason = cmp.Or(choice.FinishReason, r.FinishReason)
		r.Text += choice.Message.Content
	}
	if d.Usage != nil {
		r.Usage = Usage{d.Usage.Prompt, d.Usage.PromptDetails.Cached, d.Usage.Completion, d.Usage.CompletionDetails.Reasoning}
	}
	return text
}

func callOf(resp *http.Response) Call {
	h := resp.Header
	call := Call{
		RequestID:   cmp.Or(h.Get("apim-request-id"), h.Get("x-request-id")),
		Deployment:  h.Get("x-ms-deployment-name"),
		SpilledOver: strings.EqualFold(h.Get("x-ms-is-spilled-over"), "true") || h.Get("x-ms-spillover-from-deployment") != "" || h.Get("x-azptu-spill") != "",
		Utilization: -1,
	}
	// "87.4%": a number with a percent sign.
	if percent, err := strconv.ParseFloat(strings.TrimSuffix(h.Get("azure-openai-deployment-utilization"), "%"), 64); err == nil {
		call.Utilization = percent / 100
	}
	return call
}

// Error is a refusal by the service.
type Error struct {
	Status     int // 0: the error came inside a stream
	Code       string
	Message    string
	RequestID  string
	RetryAfter time.Duration // 0: not told
}

func (e *Error) Error() string {
	if e.Status == 0 {
		return fmt.Sprintf("the service ended the stream: %s: %s", e.Code, e.Message)
	}
	return fmt.Sprintf("%d %s: %s", e.Status, e.Code, e.Message)
}

type errorDoc struct {
	Code    any    `json:"code"` // a string, sometimes null, sometimes a number
	Type    string `json:"type"`
	Message string `json:"message"`
}

func (d errorDoc) code() string {
	if d.Code == nil {
		return d.Type
	}
	return fmt.Sprint(d.Code)
}

// readError makes an *Error of any answer that is not a success: the usual
// error object, the front end's {statusCode, message}, or no JSON at all.
func readError(resp *http.Response) *Error {
	e := &Error{
		Status:     resp.StatusCode,
		Code:       strconv.Itoa(resp.StatusCode),
		RequestID:  callOf(resp).RequestID,
		RetryAfter: retryAfter(resp.Header),
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil && len(raw) == 0 {
		e.Message = http.StatusText(resp.StatusCode)
		return e
	}
	var doc struct {
		Error   *errorDoc `json:"error"`
		Message string    `json:"message"`
	}
	switch err := json.Unmarshal(raw, &doc); {
	case err == nil && doc.Error != nil:
		e.Code, e.Message = cmp.Or(doc.Error.code(), e.Code), doc.Error.Message
	case err == nil && doc.Message != "":
		e.Message = doc.Message
	default:
		e.Message = cmp.Or(strings.TrimSpace(string(raw[:min(len(raw), 200)])), http.StatusText(resp.StatusCode))
	}
	return e
}

// retryAfter prefers the header in milliseconds to the one in seconds.
func retryAfter(h http.Header) time.Duration {
	if ms, err := strconv.ParseInt(h.Get("retry-after-ms"), 10, 32); err == nil && ms > 0 {
		return time.Duration(ms) * time.Millisecond
	}
	if s, err := strconv.ParseInt(h.Get("retry-after"), 10, 32); err == nil && s > 0 {
		return time.Duration(s) * time.Second
	}
	return 0
}
