package kustowire

import (
	"encoding/json"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
)

// asked posts a request and gives the answer.
func asked(t *testing.T, srv *httptest.Server, path, body string) (status int, answer string) {
	t.Helper()
	r, err := srv.Client().Post(srv.URL+path, "application/json", strings.NewReader(body)) //nolint:noctx // a test of a few milliseconds
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(raw)
}

// Parameters come as literals of Kusto, as plain texts, or as JSON values; what
// looks like a literal and is none stays text.
func TestParameters(t *testing.T) {
	srv := serve(t)
	for _, c := range []struct{ kind, value, want string }{
		{"string", `"gpt"`, `"gpt"`},
		{"string", `"\"quoted\""`, `"quoted"`},
		{"string", `"long(x"`, `"long(x"`},
		{"string", `"long(1); Logs"`, `"long(1); Logs"`},
		{"long", `"long(7)"`, `7`},
		{"long", `"7"`, `7`},
		{"long", `7`, `7`},
		{"real", `1.5`, `1.5`},
		{"bool", `true`, `true`},
		{"datetime", `"datetime(2026-03-04)"`, `"2026-03-04T00:00:00.0000000Z"`},
		{"datetime", `"2026-03-04"`, `"2026-03-04T00:00:00.0000000Z"`},
		{"dynamic", `"dynamic({\"a\":1})"`, `{"a":1}`},
	} {
		query, _ := json.Marshal("declare query_parameters(p: " + c.kind + "); print x = p")
		status, answer := asked(t, srv, "/v1/rest/query", `{"db":"azptu","csl":`+string(query)+`,"properties":{"Parameters":{"p":`+c.value+`}}}`)
		if status != 200 || !strings.Contains(answer, `"Rows":[[`+c.want+`]]`) {
			t.Errorf("%s %s: %d %s, want %s", c.kind, c.value, status, answer, c.want)
		}
	}
}

func TestTimeScope(t *testing.T) {
	srv := serve(t)
	count := func(options string) string {
		_, answer := asked(t, srv, "/v1/rest/query", `{"db":"azptu","csl":"Logs | count","properties":"{\"Options\":{`+strings.ReplaceAll(options, `"`, `\"`)+`}}"}`)
		_, rows, _ := strings.Cut(answer, `"Rows":`)
		return strings.TrimSuffix(rows, "}]}")
	}
	all := count("")
	if got := count(`"query_datetimescope_column":"TimeGenerated","query_datetimescope_from":"2020-01-01T00:00:00Z"`); got != all || all == "[[0]]" {
		t.Errorf("%s of %s rows", got, all)
	}
	if got := count(`"query_datetimescope_column":"TimeGenerated","query_datetimescope_to":"2020-01-01T00:00:00Z"`); got != "[[0]]" {
		t.Errorf("%s rows before there was any", got)
	}
}

// Each query of a batch has a status of its own.
func TestBatch(t *testing.T) {
	srv := serve(t)
	status, answer := asked(t, srv, "/v1/$batch", `{"requests":[
		{"id":"a","workspace":"ws","method":"POST","path":"/query","body":{"query":"Logs | count"}},
		{"id":"b","workspace":"ws","method":"POST","path":"/query","body":{"query":"Logs | wher"}}]}`)
	var got struct {
		Responses []struct {
			ID     string
			Status int
			Body   struct {
				Tables []any
				Error  struct{ Code string }
			}
		}
	}
	if err := json.Unmarshal([]byte(answer), &got); err != nil || status != 200 || len(got.Responses) != 2 {
		t.Fatalf("%d %s: %v", status, answer, err)
	}
	if a, b := got.Responses[0], got.Responses[1]; a.ID != "a" || a.Status != 200 || len(a.Body.Tables) != 1 || b.ID != "b" || b.Status != 400 || b.Body.Error.Code != "BadArgumentError" {
		t.Errorf("%s", answer)
	}
	if status, answer := asked(t, srv, "/v1/$batch", `{"requests":[`+strings.Repeat(`{},`, maxBatch)+`{}]}`); status != 400 {
		t.Errorf("too many: %d %s", status, answer)
	}
}
