package openai

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func serve(t *testing.T, h http.HandlerFunc) *Client {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return &Client{Endpoint: srv.URL + "/", Authorize: APIKey("k"), HTTP: srv.Client(), Now: time.Now}
}

func TestStreamHasChunksWithoutChoices(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path != "/openai/deployments/gpt 4/chat/completions" || r.URL.Query().Get("api-version") == "" || r.Header.Get("api-key") != "k" || !strings.Contains(string(body), `"include_usage":true`) {
			t.Errorf("asked %s %s", r.URL, body)
		}
		w.Header().Set("azure-openai-deployment-utilization", "87.4%")
		w.Header().Set("x-ms-spillover-from-deployment", "ptu")
		w.Header().Set("x-ms-deployment-name", "standard")
		io.WriteString(w, "data: {\"choices\":[],\"prompt_filter_results\":[]}\n\n"+
			"data: {\"choices\":[{\"delta\":{\"content\":\"\",\"role\":\"assistant\"}}],\"model\":\"gpt-4o-2024-08-06\"}\n\n"+
			": keep-alive\n\n"+
			"data: {\"choices\":[{\"delta\":{\"content\":\"Ol\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"á\"},\"finish_reason\":\"stop\"}]}\n\n"+
			"data: {\"choices\":[],\"usage\":{\"prompt_tokens\":15,\"completion_tokens\":782,\"completion_tokens_details\":{\"reasoning_tokens\":640}}}\n\n"+
			"data: [DONE]\n\n")
	})
	var pieces []string
	reply, err := c.Stream(context.Background(), "gpt 4", Request{Messages: []Message{{"user", "Olá"}}}, func(s string) error {
		pieces = append(pieces, s)
		return nil
	})
	if err != nil || reply.Text != "Olá" || len(pieces) != 2 || reply.FinishReason != "stop" || reply.Model != "gpt-4o-2024-08-06" {
		t.Fatalf("%v, %+v, %q", err, reply, pieces)
	}
	if reply.Usage != (Usage{15, 0, 782, 640}) || reply.Utilization < 0.873 || !reply.SpilledOver || reply.Deployment != "standard" {
		t.Errorf("%+v", reply)
	}
}

func TestCutStreamIsAnError(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "data: {\"choices\":[{\"delta\":{\"content\":\"half\"}}]}\n\n")
	})
	reply, err := c.Stream(context.Background(), "d", Request{}, func(string) error { return nil })
	if !errors.Is(err, io.ErrUnexpectedEOF) || reply.Text != "half" {
		t.Errorf("%v, %+v", err, reply)
	}
}

func TestErrorInsideStream(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "data: {\"error\":{\"code\":\"server_error\",\"message\":\"broken\"}}\n\n")
	})
	var refused *Error
	if _, err := c.Stream(context.Background(), "d", Request{}, nil); !errors.As(err, &refused) || refused.Code != "server_error" {
		t.Errorf("%v", err)
	}
}

func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		header map[string]string
		body   string
		want   Error
	}{
		"429 in ms":      {429, map[string]string{"retry-after-ms": "1234", "retry-after": "2", "apim-request-id": "id"}, `{"error":{"code":"429","message":"slow down"}}`, Error{429, "429", "slow down", "id", 1234 * time.Millisecond}},
		"429 in seconds": {429, map[string]string{"retry-after": "2"}, `{"error":{"code":429,"message":"slow down"}}`, Error{429, "429", "slow down", "", 2 * time.Second}},
		"null code":      {500, nil, `{"error":{"code":null,"type":"server_error","message":"sorry"}}`, Error{Status: 500, Code: "server_error", Message: "sorry"}},
		"front end":      {500, nil, `{"statusCode":500,"message":"Internal server error","activityId":"x"}`, Error{Status: 500, Code: "500", Message: "Internal server error"}},
		"not JSON":       {502, nil, "<html>bad gateway</html>", Error{Status: 502, Code: "502", Message: "<html>bad gateway</html>"}},
		"nothing":        {503, nil, "", Error{Status: 503, Code: "503", Message: "Service Unavailable"}},
	} {
		client := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			for k, v := range c.header {
				w.Header().Set(k, v)
			}
			w.WriteHeader(c.status)
			io.WriteString(w, c.body)
		})
		var refused *Error
		if _, err := client.Chat(context.Background(), "d", Request{}); !errors.As(err, &refused) || *refused != c.want {
			t.Errorf("%s: %+v, want %+v", name, refused, c.want)
		}
	}
}

func TestWholeAnswer(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"choices":[{"finish_reason":"stop","message":{"content":"hi","role":"assistant"}}],"model":"m","usage":{"prompt_tokens":2000,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":1024}}}`)
	})
	reply, err := c.Chat(context.Background(), "d", Request{})
	if err != nil || reply.Text != "hi" || reply.Usage.Cached != 1024 || reply.Utilization >= 0 || reply.SpilledOver {
		t.Errorf("%v, %+v", err, reply)
	}
}

func TestCancelledCall(t *testing.T) {
	c := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	})
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, err := c.Chat(ctx, "d", Request{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}
