package logs

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestWhoMayAsk(t *testing.T) {
	served := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	for name, c := range map[string]struct {
		token, path, host, origin, authorization string
		status                                   int
		says                                     string
	}{
		"this machine":                {"", "/v1/rest/query", "127.0.0.1:8082", "", "", 204, ""},
		"a web page":                  {"", "/v1/rest/query", "127.0.0.1:8082", "https://attacker.example", "", 403, `"code":"Forbidden"`},
		"a name that was rebound":     {"", "/v1/rest/query", "attacker.example", "", "", 421, `"code":"Forbidden"`},
		"the token, from anywhere":    {"secret", "/v1/rest/query", "logs.example", "", "Bearer secret", 204, ""},
		"another token":               {"secret", "/v1/rest/query", "logs.example", "", "Bearer secres", 401, `"code":"InvalidTokenError"`},
		"no token":                    {"secret", "/v1/workspaces/w/query", "127.0.0.1:8082", "", "", 401, `"code":"InvalidTokenError"`},
		"where to sign in, to anyone": {"secret", "/v1/rest/auth/metadata", "logs.example", "", "", 204, ""},
	} {
		r := httptest.NewRequest(http.MethodPost, c.path, nil)
		r.Host = c.host
		for header, text := range map[string]string{"Origin": c.origin, "Authorization": c.authorization} {
			if text != "" {
				r.Header.Set(header, text)
			}
		}
		w := httptest.NewRecorder()
		guarded(served, c.token).ServeHTTP(w, r)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
}
