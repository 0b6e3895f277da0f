package loopback

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestIs(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "LocalHost": true, "127.0.0.1": true, "127.8.9.1": true, "::1": true, "[::1]": true,
		"": false, "0.0.0.0": false, "::": false, "10.0.0.1": false, "localhost.example": false, "127.0.0.1.example": false, "[": false, "::ffff:127.0.0.1": true,
	} {
		if Is(host) != want {
			t.Errorf("%q: %v", host, !want)
		}
	}
}

func TestGuard(t *testing.T) {
	guarded := Guard(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }),
		func(w http.ResponseWriter, status int, reason string) { http.Error(w, reason, status) })
	for name, c := range map[string]struct {
		host   string
		header http.Header
		want   int
	}{
		"a program":              {"127.0.0.1:8082", nil, 204},
		"by name":                {"localhost", nil, 204},
		"its own page":           {"localhost:1", http.Header{"Origin": {"http://localhost:1"}, "Sec-Fetch-Site": {"same-origin"}}, 204},
		"typed in":               {"localhost:1", http.Header{"Sec-Fetch-Site": {"none"}}, 204},
		"a rebound name":         {"attacker.example:8082", nil, 421},
		"a page of another site": {"127.0.0.1:8082", http.Header{"Origin": {"http://attacker.example"}}, 403},
		"a page of another port": {"127.0.0.1:8082", http.Header{"Origin": {"http://127.0.0.1:1"}}, 403},
		"a form of another site": {"127.0.0.1:8082", http.Header{"Sec-Fetch-Site": {"cross-site"}}, 403},
		"an opaque origin":       {"127.0.0.1:8082", http.Header{"Origin": {"null"}}, 403},
	} {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.Host = c.host
		for k, v := range c.header {
			r.Header[k] = v
		}
		w := httptest.NewRecorder()
		guarded.ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("%s: %d, want %d", name, w.Code, c.want)
		}
	}
}
