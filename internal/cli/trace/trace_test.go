package trace

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

const token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtZSJ9.c2lnbmF0dXJl"

func TestTraceShowsTrafficAndMasksSecrets(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got, _ := io.ReadAll(r.Body); string(got) != "client_id=me&client_secret=hush&code=0123&grant_type=client_credentials" {
			t.Errorf("the request was changed: %s", got)
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Set-Cookie", "session=hush")
		w.Header().Set("X-Ms-Request-Id", "seen-1")
		_, _ = io.WriteString(w, `{"access_token":"`+token+`","key1":"hush","max_tokens":7,"usage":{"prompt_tokens":3},"name":"seen-2"}`)
	}))
	defer server.Close()
	var out bytes.Buffer
	client := &http.Client{Transport: New(http.DefaultTransport, &out, time.Now)}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/tenant/token?sig=hush&api-version=2024-10-01",
		strings.NewReader("client_id=me&client_secret=hush&code=0123&grant_type=client_credentials"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Api-Key", "hush")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || !strings.Contains(string(body), token) {
		t.Errorf("the answer was changed: %s, %v", body, err)
	}
	shown := out.String()
	for _, secret := range []string{"hush", "0123", token, "c2lnbmF0dXJl"} {
		if strings.Contains(shown, secret) {
			t.Errorf("%q is shown:\n%s", secret, shown)
		}
	}
	for _, wanted := range []string{"#1 > POST ", "api-version=2024-10-01", "client_id=me", "Authorization: Bearer ***", "Api-Key: ***", "#1 < 200 OK", "seen-1", "seen-2", `"max_tokens":7`, `"prompt_tokens":3`, "grant_type=client_credentials"} {
		if !strings.Contains(shown, wanted) {
			t.Errorf("%q is not shown:\n%s", wanted, shown)
		}
	}
}

// Streams and large bodies pass unchanged and are not waited for.
func TestTraceLeavesStreamsAlone(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", r.URL.Query().Get("type"))
		if r.URL.Query().Get("type") != "text/event-stream" {
			_, _ = io.WriteString(w, strings.Repeat("x", 3*bodyShown))
			return
		}
		_, _ = io.WriteString(w, "data: 1\n\n")
		w.(http.Flusher).Flush()
		<-release
	}))
	defer server.Close()
	client := &http.Client{Transport: New(http.DefaultTransport, io.Discard, time.Now)}
	get := func(kind string) *http.Response {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"?type="+kind, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		return resp
	}
	stream := get("text/event-stream")
	first := make([]byte, 9)
	if _, err := io.ReadFull(stream.Body, first); err != nil || string(first) != "data: 1\n\n" {
		t.Errorf("%q, %v", first, err)
	}
	close(release)
	stream.Body.Close()
	large := get("text/plain")
	body, err := io.ReadAll(large.Body)
	large.Body.Close()
	if err != nil || len(body) != 3*bodyShown {
		t.Errorf("%d bytes, %v", len(body), err)
	}
}

func TestMaskBody(t *testing.T) {
	for text, hidden := range map[string]bool{
		`{"client_secret": "hush"}`: true, `{"refreshToken":"hush"}`: true, `{"primaryKey":"hush"}`: true, `{"key2":"hu\"hush"}`: true,
		`{"password":"hush`: true, `{"apiKey" : "hush"}`: true, `sig=hush`: true, `{"SharedKey":"hush"}`: true,
		`{"connectionString":"Endpoint=sb://x;SharedAccessKeyName=Root;SharedAccessKey=hush;EntityPath=y"}`: true, `AccountKey=hush==;x`: true,
		`{"code":"hush"}`: false, `{"keyName":"hush"}`: false, `{"monkey":"hush"}`: false, `{"completion_tokens":"hush"}`: false,
	} {
		if got := MaskBody("application/json", []byte(text)); strings.Contains(got, "hush") == hidden {
			t.Errorf("%s: %s", text, got)
		}
	}
	if got := MaskBody("image/png", []byte("hush")); got != "[image/png, 4 bytes]" {
		t.Errorf("%s", got)
	}
}

func FuzzMask(f *testing.F) {
	f.Add(`{"client_secret":"hush"}`)
	f.Add("a=b&sig=c")
	f.Fuzz(func(t *testing.T, text string) {
		MaskBody("application/json", []byte(text))
		if strings.Contains(MaskBody("application/json", []byte(`{"access_token":"h-u-s-h","x":`+text)), "h-u-s-h") && !strings.Contains(text, "h-u-s-h") {
			t.Errorf("shown beside %q", text)
		}
	})
}

// A body that is handed out as its own copy, as the Azure SDK does, arrives
// whole.
func TestSharedBodyIsSent(t *testing.T) {
	var got string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		got = string(raw)
	}))
	defer server.Close()
	shared := strings.NewReader("grant_type=x")
	req, err := http.NewRequest(http.MethodPost, server.URL, io.NopCloser(shared))
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = shared.Size()
	req.GetBody = func() (io.ReadCloser, error) {
		_, err := shared.Seek(0, io.SeekStart)
		return io.NopCloser(shared), err
	}
	resp, err := New(http.DefaultTransport, io.Discard, time.Now).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if got != "grant_type=x" {
		t.Errorf("arrived: %q", got)
	}
}
