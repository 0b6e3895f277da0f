package emulator_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/azptu/azptu/internal/emulator"
	"github.com/azptu/azptu/internal/emulator/state"
)

// The plain listener answers as the one with TLS does, whoever of its two
// servers it is that answers.
func TestPlainAnswersAsTLS(t *testing.T) {
	s := start(t, emulator.Config{Seed: 3})
	ask := func(root, body, key string) (status int, headers []string, keys []string, text string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, root+"/openai/deployments/"+state.RoomyDeployment+"/chat/completions?api-version=2024-10-21", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Api-Key", key)
		answer, err := s.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		read, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		var doc map[string]any
		if json.Unmarshal(read, &doc) == nil {
			keys = slices.Sorted(maps.Keys(doc))
		}
		return answer.StatusCode, slices.Sorted(maps.Keys(answer.Header)), keys, string(read)
	}
	for name, c := range map[string]struct{ body, key string }{
		"whole":       {`{"messages":[{"role":"user","content":"Hello"}],"max_tokens":9}`, s.Endpoints.APIKey},
		"stream":      {`{"messages":[{"role":"user","content":"Hello"}],"max_tokens":9,"stream":true}`, s.Endpoints.APIKey},
		"hidden":      {`{"messages":[{"role":"user","content":"Hello"}],"max_tokens":9,"\u0073tream":true}`, s.Endpoints.APIKey},
		"large":       {`{"messages":[{"role":"user","content":"` + strings.Repeat("Hello ", 9000) + `"}],"max_tokens":9}`, s.Endpoints.APIKey},
		"malformed":   {`{"messages":[`, s.Endpoints.APIKey},
		"unknown key": {`{"messages":[{"role":"user","content":"Hello"}]}`, "nobody's"},
	} {
		t.Run(name, func(t *testing.T) {
			status, headers, keys, text := ask(s.Endpoints.AoaiHTTPURL, c.body, c.key)
			wantStatus, wantHeaders, wantKeys, wantText := ask(s.Endpoints.AoaiURL, c.body, c.key)
			if status != wantStatus || !slices.Equal(headers, wantHeaders) || !slices.Equal(keys, wantKeys) {
				t.Errorf("%d %v\n%s\nwant %d %v\n%s", status, headers, text, wantStatus, wantHeaders, wantText)
			}
		})
	}
}
