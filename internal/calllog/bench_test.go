package calllog

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/kql/scan"
	"github.com/azptu/azptu/internal/kql/value"
)

// perRow tells how many rows went through in a second, and what each took of the processors.
func perRow(b *testing.B, rows int, start time.Duration) {
	b.Helper()
	all := float64(rows) * float64(b.N)
	b.ReportMetric(all/b.Elapsed().Seconds()/1e6, "Mrows/s")
	b.ReportMetric(float64(cpuTime()-start)/all, "cpu-ns/row")
}

// BenchmarkScanForTokenUsage reads what the token-usage query needs and does
// nothing with it: the least that query can take.
func BenchmarkScanForTokenUsage(b *testing.B) {
	rows := benchRows(b)
	dir := generated(b, rows)
	schema, _ := SchemaOf(GatewayLogs)
	column := func(name string) int { i, _ := schema.Column(name); return i }
	body := column("BackendResponseBody")
	req := scan.Request{Columns: []int{column("OperationId"), column("ResponseCode"), column("CallerIpAddress")}, Parallel: 2, Transient: true}
	for _, path := range [][]value.Step{{{Key: "model"}}, {{Key: "usage"}, {Key: "prompt_tokens"}}, {{Key: "usage"}, {Key: "completion_tokens"}}, {{Key: "usage"}, {Key: "total_tokens"}}} {
		req.Paths = append(req.Paths, scan.JSONPath{Column: body, Steps: path, Want: value.Dynamic})
	}
	table, _ := NewView(dir).Table(GatewayLogs)
	b.ResetTimer()
	start := cpuTime()
	for b.Loop() {
		var seen atomic.Int64
		err := table.Scan(context.Background(), req, func(batch *scan.Batch) error { seen.Add(int64(batch.Len)); return nil })
		if err != nil || seen.Load() != int64(rows) {
			b.Fatalf("%d rows, %v", seen.Load(), err)
		}
	}
	perRow(b, rows, start)
}

// BenchmarkTokenUsage is the token-usage query over generated traffic. The
// variants ask the same in other words and must take about as long; the last asks for what
// only the bodies hold.
func BenchmarkTokenUsage(b *testing.B) {
	rows := benchRows(b)
	dir := generated(b, rows)
	for _, variant := range []struct{ name, text string }{
		{"as-documented", tokenUsage},
		{"renamed-and-filtered", `ApiManagementGatewayLogs
| extend answer = parse_json(BackendResponseBody)
| extend used = answer.usage, m = tostring(answer.model), who = CallerIpAddress
| where m != '' and ResponseCode == 200 and OperationId in~ ('completions_create','chatcompletions_create')
| where CallerIpAddress startswith '10.0.'
| extend all_tokens = todecimal(used.total_tokens), out = todecimal(used.completion_tokens), inp = todecimal(used.prompt_tokens)
| summarize sum(inp), sum(out), sum(all_tokens), avg(all_tokens) by who, m`},
		{"bodies", `ApiManagementGatewayLogs
| where ResponseCode == 200
| extend answer = parse_json(BackendResponseBody)
| where tostring(answer.object) == 'chat.completion'
| summarize n = count(), latest = max(tolong(answer.created)) by ip = CallerIpAddress, reason = tostring(answer.choices[0].finish_reason)`},
	} {
		b.Run(variant.name, func(b *testing.B) {
			start := cpuTime()
			for b.Loop() {
				if table := query(b, dir, variant.text); table.Len == 0 {
					b.Fatal("no rows")
				}
			}
			perRow(b, rows, start)
		})
	}
}
