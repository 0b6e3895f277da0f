package kql

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/azptu/azptu/internal/kql/scan"
	"github.com/azptu/azptu/internal/kql/value"
)

// tokenUsage sums tokens by caller and model out of the bodies of gateway rows.
const tokenUsage = `
ApiManagementGatewayLogs
| where tolower(OperationId) in ('completions_create', 'chatcompletions_create')
| where ResponseCode == '200'
| extend family = substring(parse_json(BackendResponseBody)['model'], 0, indexof(parse_json(BackendResponseBody)['model'], '-', 0, -1, 2))
| extend model = tostring(parse_json(BackendResponseBody)['model'])
| extend asked = parse_json(parse_json(BackendResponseBody)['usage'])['prompt_tokens']
| extend answered = parse_json(parse_json(BackendResponseBody)['usage'])['completion_tokens']
| extend tokens = parse_json(parse_json(BackendResponseBody)['usage'])['total_tokens']
| extend ip = CallerIpAddress
| where model != ''
| summarize sum(todecimal(asked)), sum(todecimal(answered)), sum(todecimal(tokens)), avg(todecimal(tokens)) by ip, model
`

// challengeQueries gives the queries over gateway logs in the monitoring challenge, when
// it is at hand.
func challengeQueries(t testing.TB) []string {
	dir := sharedDir(t)
	if dir == "" {
		t.Log("the monitoring challenge is not here: our own query only")
		return nil
	}
	raw, err := os.ReadFile(filepath.Join(dir, "..", "source", "monitoring-challenge-06.pt-BR.md"))
	if err != nil {
		t.Log("the monitoring challenge is not here: our own query only")
		return nil
	}
	var out []string
	for i, block := range strings.Split(string(raw), "```") {
		if text := strings.TrimSpace(block); i%2 == 1 && strings.HasPrefix(text, "ApiManagementGatewayLogs") {
			out = append(out, text)
		}
	}
	return out
}

// gateway is a table shaped like ApiManagementGatewayLogs that gives the same batches
// several times over.
type gateway struct {
	schema  []Column
	batches []*Batch
	models  []*Vector // ready path columns for each batch, when extracted
	prompt  []*Vector
	compl   []*Vector
	total   []*Vector
	times   int
	ready   bool
	asked   scan.Request
	most    *scan.Request // the request for the most paths, if that is of interest
}

func (g *gateway) Schema() []Column { return g.schema }

func (g *gateway) Scan(ctx context.Context, req ScanRequest, emit func(*Batch) error) error {
	g.asked = req
	if g.most != nil && len(req.Paths) >= len(g.most.Paths) {
		*g.most = req
	}
	return scan.Each(ctx, len(g.batches)*g.times, req.Parallel, func(i int) error {
		k := i % len(g.batches)
		src := g.batches[k]
		b := &Batch{Len: src.Len, Seq: int64(i)}
		for _, c := range req.Columns {
			b.Columns = append(b.Columns, src.Columns[c])
		}
		for _, p := range req.Paths {
			b.Paths = append(b.Paths, g.path(k, p))
			if b.Sources == nil && !g.ready {
				b.Sources = map[int]*Vector{p.Column: src.Columns[p.Column]}
			}
		}
		return emit(b)
	})
}

func (g *gateway) path(k int, p JSONPath) *Vector {
	if !g.ready {
		return nil
	}
	return map[string]*Vector{"model": g.models[k], "prompt_tokens": g.prompt[k], "completion_tokens": g.compl[k], "total_tokens": g.total[k]}[p.Steps[len(p.Steps)-1].Key]
}

func newGateway(batches, rows, times int, ready bool) *gateway {
	g := &gateway{times: times, ready: ready, schema: []Column{{Name: "TimeGenerated", Type: value.DateTime}, {Name: "OperationId", Type: value.String}, {Name: "ResponseCode", Type: value.Int}, {Name: "BackendResponseBody", Type: value.String}, {Name: "CallerIpAddress", Type: value.String}}}
	ops := []string{"ChatCompletions_Create", "Completions_Create", "Embeddings_Create"}
	var ips, models []string
	for i := range 50 {
		ips = append(ips, "10.0.0."+strconv.Itoa(i))
	}
	models = append(models, "gpt-35-turbo-0125", "gpt-4o-2024-08-06", "gpt-4o-mini-2024-07-18")
	filler := strings.Repeat("lorem ipsum dolor sit amet ", 30)
	for b := range batches {
		cols := make([]*Vector, 5)
		t, rc := value.NewBuilder(value.DateTime, rows), value.NewBuilder(value.Int, rows)
		op, ip, model := make([]uint32, rows), make([]uint32, rows), make([]uint32, rows)
		body := make([]string, rows)
		p, c, tt := make([]int64, rows), make([]int64, rows), make([]int64, rows)
		for i := range rows {
			n := b*rows + i
			t.Append(value.OfDateTime(value.UnixEpoch + int64(n)*value.Second))
			code := int64(200)
			if n%17 == 0 {
				code = 429
			}
			rc.Append(value.OfInt(code))
			op[i], ip[i], model[i] = uint32(n%10/4), uint32(n*7%50), uint32(n%3)
			p[i], c[i] = int64(n%900), int64(n%300)
			tt[i] = p[i] + c[i]
			body[i] = fmt.Sprintf(`{"id":"chatcmpl-%d","object":"chat.completion","model":"%s","choices":[{"index":0,"message":{"role":"assistant","content":"%s"},"finish_reason":"stop"}],"usage":{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d}}`, n, models[model[i]], filler, p[i], c[i], tt[i])
		}
		cols[0], cols[1], cols[2], cols[3], cols[4] = t.Finish(), value.DictOf(ops, op), rc.Finish(), value.StringsOf(body), value.DictOf(ips, ip)
		g.batches = append(g.batches, &Batch{Len: rows, Columns: cols})
		g.models = append(g.models, value.DictOf(models, model))
		for _, x := range []struct {
			to *[]*Vector
			v  []int64
		}{{&g.prompt, p}, {&g.compl, c}, {&g.total, tt}} {
			*x.to = append(*x.to, &Vector{Type: value.Long, Len: rows, I64: x.v})
		}
	}
	return g
}

func TestTokenUsageQueryRunsAsItStands(t *testing.T) {
	for i, text := range append([]string{tokenUsage}, challengeQueries(t)...) {
		want := "ip:string model:string sum_prompttokens:decimal sum_completiontokens:decimal sum_totaltokens:decimal avg_totaltokens:decimal"
		if i == 0 {
			want = "ip:string model:string sum_asked:decimal sum_answered:decimal sum_tokens:decimal avg_tokens:decimal"
		}
		checkTokenUsage(t, text, want, newGateway(3, 1000, 1, false), false)
		checkTokenUsage(t, text, want, newGateway(3, 1000, 1, false), true)
		checkTokenUsage(t, text, want, newGateway(3, 1000, 1, true), false)
	}
}

func checkTokenUsage(t *testing.T, text, columns string, g *gateway, plain bool) {
	t.Helper()
	res, err := (&Engine{}).Query(t.Context(), text, Options{Database: Tables{"ApiManagementGatewayLogs": g}, Plain: plain})
	if err != nil {
		t.Fatal(err)
	}
	tab := res.Tables[0]
	var names []string
	for _, c := range tab.Columns {
		names = append(names, c.Name+":"+c.Type.String())
	}
	if got := strings.Join(names, " "); got != columns {
		t.Errorf("columns %s\nwant %s", got, columns)
	}
	prompt, total := map[string]int64{}, map[string]int64{}
	for n := range 3000 {
		if n%17 == 0 || n%10/4 == 2 {
			continue
		}
		k := fmt.Sprintf("10.0.0.%d %s", n*7%50, []string{"gpt-35-turbo-0125", "gpt-4o-2024-08-06", "gpt-4o-mini-2024-07-18"}[n%3])
		prompt[k] += int64(n % 900)
		total[k] += int64(n%900 + n%300)
	}
	if tab.Len != len(prompt) {
		t.Errorf("%d groups, want %d", tab.Len, len(prompt))
	}
	for _, row := range tab.Rows() {
		k := row[0].S + " " + row[1].S
		if row[2].Dec().Cmp(value.DecOf(prompt[k])) != 0 || row[4].Dec().Cmp(value.DecOf(total[k])) != 0 {
			t.Errorf("%s: %s prompt and %s total tokens, want %d and %d", k, Text(row[2]), Text(row[4]), prompt[k], total[k])
		}
	}
	if !plain && (len(g.asked.Paths) != 4 || len(g.asked.Columns) != 3) {
		t.Errorf("the table was asked for columns %v and paths %v", g.asked.Columns, g.asked.Paths)
	}
}

func TestQueryWithoutPipesIsRefusedWithTheCorrectedText(t *testing.T) {
	const text = "AzureDiagnostics\ntake 100\nproject TimeGenerated, _ResourceId, Category, OperationName"
	_, err := (&Engine{}).Query(t.Context(), text, Options{})
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("%v, want a located error", err)
	}
	if want := "AzureDiagnostics\n| take 100\n| project TimeGenerated, _ResourceId, Category, OperationName"; e.Line != 2 || e.Column != 1 || e.Corrected != want {
		t.Errorf("line %d column %d corrected %q", e.Line, e.Column, e.Corrected)
	}
}

func benchmarkTokens(b *testing.B, text string, batches, rows, times int, ready bool) {
	g := newGateway(batches, rows, times, ready)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := (&Engine{}).Query(b.Context(), text, Options{Database: Tables{"ApiManagementGatewayLogs": g}}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(batches*rows*times)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
}

// BenchmarkTokenUsageExtracted runs over 10 million rows whose paths are ready columns.
func BenchmarkTokenUsageExtracted(b *testing.B) {
	benchmarkTokens(b, tokenUsage, 10, 10000, 100, true)
}

// BenchmarkTokenUsageBodies runs over 1 million rows with bodies of about 1 KB.
func BenchmarkTokenUsageBodies(b *testing.B) { benchmarkTokens(b, tokenUsage, 10, 10000, 10, false) }

// BenchmarkTokenUsageRewritten is the same with columns renamed, a filter added and the
// extends in another order.
func BenchmarkTokenUsageRewritten(b *testing.B) {
	text := strings.NewReplacer("tokens =", "all_of_them =", "(tokens)", "(all_of_them)", "asked", "prompted").Replace(tokenUsage)
	text = strings.Replace(text, "| extend ip = CallerIpAddress\n", "", 1)
	text = strings.Replace(text, "| where ResponseCode", "| extend ip = CallerIpAddress\n| where CallerIpAddress != '10.0.0.3'\n| where ResponseCode", 1)
	benchmarkTokens(b, text, 10, 10000, 100, true)
}
