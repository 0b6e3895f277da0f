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

func TestSecretsAreMasked(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Azure-AsyncOperation", "https://management.azure.com/op?api-version=1&t=S3CRET&s=S3CRET")
		w.Header().Set("Set-Cookie", "fpc=S3CRET")
		_, _ = io.WriteString(w, `{"access_token":"S3CRET","key1":"S3CRET","nested":[{"clientSecret":"S3CRET","name":"plain"}],"expires_in":3600}`)
	}))
	defer server.Close()
	var out bytes.Buffer
	client := &http.Client{Transport: &Transport{Base: server.Client().Transport, Out: &out, Now: time.Now}}
	req, err := http.NewRequest(http.MethodPost, server.URL+"/token?sig=S3CRET&plain=yes", strings.NewReader("client_id=app&client_secret=S3CRET&grant_type=client_credentials"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Authorization", "Bearer S3CRET")
	req.Header.Set("api-key", "S3CRET")
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || strings.Count(string(body), "S3CRET") != 3 {
		t.Errorf("the body did not pass whole: %s, %v", body, err)
	}
	text := out.String()
	if strings.Contains(text, "S3CRET") {
		t.Errorf("a secret shows:\n%s", text)
	}
	for _, want := range []string{"> POST ", "client_id=app", "Bearer ***", "< 200 OK", `"name":"plain"`, "plain=yes", "expires_in"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q does not show:\n%s", want, text)
		}
	}
}

func TestUnknownBodiesAreToldBySize(t *testing.T) {
	for _, c := range []struct{ body, kind, want string }{
		{"api-key: S3CRET", "text/plain", "[text/plain, 15 bytes]"},
		{`{"key1": "S3CRET"`, "application/json", "[application/json, 17 bytes]"},
		{`{"capacity": 100}`, "application/json", `{"capacity":100}`},
	} {
		if got := Body([]byte(c.body), c.kind); got != c.want {
			t.Errorf("Body(%q) = %q, want %q", c.body, got, c.want)
		}
	}
	long, shown := peek(io.NopCloser(strings.NewReader(strings.Repeat("x", maxBody+10))), "text/plain")
	all, err := io.ReadAll(long)
	if err != nil || len(all) != maxBody+10 || !strings.Contains(shown, "more than") {
		t.Errorf("%d bytes, %v, %q", len(all), err, shown)
	}
}

func FuzzBody(f *testing.F) {
	f.Add([]byte(`{"secret":"x"}`), "application/json")
	f.Add([]byte("password=x"), "application/x-www-form-urlencoded")
	f.Fuzz(func(_ *testing.T, raw []byte, kind string) { Body(raw, kind) })
}
