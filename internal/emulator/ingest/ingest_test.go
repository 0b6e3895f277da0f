package ingest

import (
	"bytes"
	"compress/gzip"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// shelf is a workspace with one table.
type shelf struct{ rows []string }

func (s *shelf) Take(table string, rows [][]byte) (bool, error) {
	if table != "Calls" {
		return false, nil
	}
	for _, row := range rows {
		if row[0] != '{' {
			return true, errors.New("row 0: no object")
		}
		s.rows = append(s.rows, string(row))
	}
	return true, nil
}

func zipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text))
	_ = w.Close()
	return b.String()
}

func TestIngestion(t *testing.T) {
	const rule = "/dataCollectionRules/dcr-0123456789abcdef0123456789abcdef/streams/"
	for _, c := range []struct {
		name, method, path, encoding, body string
		status                             int
		want                               string // of the answer, or rows when it was taken
	}{
		{"array", "POST", rule + "Custom-Calls_CL?api-version=2023-01-01", "", `[{"a":1}, {"b":[2]}]`, 204, `{"a":1} {"b":[2]}`},
		{"packed", "POST", rule + "Custom-Calls?api-version=2023-01-01", "gzip", zipped(`[{"a":1}]`), 204, `{"a":1}`},
		{"no array", "POST", rule + "Custom-Calls?api-version=2023-01-01", "", `{"a":1}`, 400, "InvalidPayload"},
		{"no object", "POST", rule + "Custom-Calls?api-version=2023-01-01", "", `[1]`, 400, "InvalidRecord"},
		{"no version", "POST", rule + "Custom-Calls", "", `[]`, 400, "MissingApiVersionParameter"},
		{"unknown stream", "POST", rule + "Custom-Other_CL?api-version=2023-01-01", "", `[{}]`, 400, "InvalidStream"},
		{"no stream", "POST", rule + "Calls?api-version=2023-01-01", "", `[{}]`, 400, "InvalidStream"},
		{"no rule", "POST", "/dataCollectionRules/mine/streams/Custom-Calls?api-version=2023-01-01", "", `[{}]`, 404, "NotFound"},
		{"too large", "POST", rule + "Custom-Calls?api-version=2023-01-01", "gzip", zipped(`["` + strings.Repeat("a", maxRule) + `"]`), 413, "ContentLengthLimitExceeded"},
		{"not packed", "POST", rule + "Custom-Calls?api-version=2023-01-01", "gzip", `[{}]`, 400, "InvalidContentEncoding"},
		{"other packing", "POST", rule + "Custom-Calls?api-version=2023-01-01", "br", `[{}]`, 415, "br"},
		{"reading", "GET", rule + "Custom-Calls?api-version=2023-01-01", "", "", 405, "POST"},
		{"stream", "POST", "/v1/rest/ingest/azptu/Calls?streamFormat=JSON", "", "{\"a\":1}\n{\"b\":2}\n", 200, `{"a":1} {"b":2}`},
		{"stream of an array", "POST", "/v1/rest/ingest/AZPTU/Calls?streamFormat=multijson", "", `[{"a":1},{"b":2}] {"c":3}`, 200, `{"a":1} {"b":2} {"c":3}`},
		{"stream into nowhere", "POST", "/v1/rest/ingest/azptu/Other?streamFormat=json", "", "{}", 400, "Entity ID 'Other' of kind 'Table' was not found."},
		{"stream elsewhere", "POST", "/v1/rest/ingest/other/Calls?streamFormat=json", "", "{}", 400, "kind 'Database'"},
		{"stream of commas", "POST", "/v1/rest/ingest/azptu/Calls?streamFormat=csv", "", "a,b", 400, "InvalidStreamFormat"},
		{"half a stream", "POST", "/v1/rest/ingest/azptu/Calls?streamFormat=json", "", `{"a":1}{"b"`, 400, "record 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			place := &shelf{}
			r := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
			if c.encoding != "" {
				r.Header.Set("Content-Encoding", c.encoding)
			}
			w := httptest.NewRecorder()
			(&Handler{Workspace: place, Database: "azptu"}).ServeHTTP(w, r)
			got := w.Body.String()
			if w.Code < http.StatusBadRequest {
				got = strings.Join(place.rows, " ")
			}
			if w.Code != c.status || !strings.Contains(got, c.want) {
				t.Errorf("%d %s, want %d %s", w.Code, got, c.status, c.want)
			}
		})
	}
}
