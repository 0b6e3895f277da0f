package calllog

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/kql"
)

// tokenUsage is the monitoring challenge's query: tokens by caller and model.
const tokenUsage = `ApiManagementGatewayLogs
| where tolower(OperationId) in ('completions_create','chatcompletions_create')
| where ResponseCode  == '200'
| extend modelkey = substring(parse_json(BackendResponseBody)['model'], 0, indexof(parse_json(BackendResponseBody)['model'],
'-', 0, -1, 2))
| extend model = tostring(parse_json(BackendResponseBody)['model'])
| extend prompttokens = parse_json(parse_json(BackendResponseBody)['usage'])['prompt_tokens']
| extend completiontokens = parse_json(parse_json(BackendResponseBody)['usage'])['completion_tokens']
| extend totaltokens = parse_json(parse_json(BackendResponseBody)['usage'])['total_tokens']
| extend ip = CallerIpAddress
| where model !=  ''
| summarize
sum(todecimal(prompttokens)),
sum(todecimal(completiontokens)),
sum(todecimal(totaltokens)),
avg(todecimal(totaltokens))
by ip, model`

func query(t testing.TB, dir, text string) *kql.ResultTable {
	t.Helper()
	engine := &kql.Engine{}
	result, err := engine.Query(context.Background(), text, kql.Options{Database: NewView(dir), Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	return &result.Tables[0]
}

// The query gives the same sums over lines, over compacted segments, and over
// a mix of both.
func TestTokenUsageQuery(t *testing.T) {
	dir, s := filled(t, 100)
	sums := func() string {
		text := ""
		for _, row := range query(t, dir, tokenUsage+"\n| order by ip asc").Rows() {
			for _, cell := range row {
				text += kql.Text(cell) + " "
			}
			text += "\n"
		}
		return text
	}
	before := sums()
	if err := s.Compact(context.Background()); err != nil {
		t.Fatal(err)
	}
	if after := sums(); before != after || before == "" {
		t.Errorf("over lines:\n%s\nover compacted segments:\n%s", before, after)
	}
	table := query(t, dir, tokenUsage)
	want := []string{"ip", "model", "sum_prompttokens", "sum_completiontokens", "sum_totaltokens", "avg_totaltokens"}
	var got []string
	for _, c := range table.Columns {
		got = append(got, c.Name)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("columns %v, want %v", got, want)
	}
}

func TestSavedQueriesRun(t *testing.T) {
	dir, _ := filled(t, 50)
	for _, name := range SavedNames() {
		text, ok := Saved(name)
		if !ok {
			t.Fatalf("no saved query %s", name)
		}
		if table := query(t, dir, text); table.Len == 0 || len(table.Columns) < 3 {
			t.Errorf("%s: %d rows of %d columns", name, table.Len, len(table.Columns))
		}
	}
	if len(SavedNames()) < 8 {
		t.Errorf("%d saved queries", len(SavedNames()))
	}
}
