package kql

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/azptu/azptu/internal/kql/scan"
)

// rewordings ask for the tokens by caller and model in other words: columns renamed,
// intermediate documents named, filters added, extends in another order, functions and
// tables let.
var rewordings = map[string]string{
	"a document named": `ApiManagementGatewayLogs
| extend answer = parse_json(BackendResponseBody)
| extend used = answer.usage, m = tostring(answer.model), who = CallerIpAddress
| where m != '' and ResponseCode == 200 and OperationId in~ ('completions_create', 'chatcompletions_create')
| extend all_tokens = todecimal(used.total_tokens), out = todecimal(used.completion_tokens), inp = todecimal(used.prompt_tokens)
| summarize inp = sum(inp), sum(out), all = sum(all_tokens), avg(all_tokens) by who, m`,
	"extends first": `ApiManagementGatewayLogs
| extend used = parse_json(tostring(parse_json(BackendResponseBody).usage))
| extend inp = tolong(used['prompt_tokens']), out = tolong(used['completion_tokens']), all = tolong(used['total_tokens'])
| extend m = tostring(parse_json(BackendResponseBody)['model'])
| where tolower(OperationId) contains 'completions_create'
| where ResponseCode == 200
| where isnotempty(m)
| summarize inp = sum(inp), sum(out), all = sum(all) by CallerIpAddress, m`,
	"projected step by step": `ApiManagementGatewayLogs
| where ResponseCode == '200'
| project OperationId, CallerIpAddress, doc = todynamic(BackendResponseBody)
| project op = tolower(OperationId), ip = CallerIpAddress, m = doc.model, u = doc.usage
| where op == 'completions_create' or op == 'chatcompletions_create'
| project ip, m = tostring(m), inp = tolong(u.prompt_tokens), out = tolong(u.completion_tokens), all = tolong(u.total_tokens)
| where m != ''
| summarize inp = sum(inp), sum(out), all = sum(all) by ip, m`,
	"a costly column used twice": `ApiManagementGatewayLogs
| where ResponseCode == '200' and OperationId != 'Embeddings_Create'
| extend body = parse_json(BackendResponseBody)
| extend m = replace_string(tostring(body.model), 'x', 'y'), u = body.usage
| where m startswith 'gpt' and m !contains 'zzz'
| extend inp = tolong(u.prompt_tokens), out = tolong(u.completion_tokens), all = tolong(u.total_tokens)
| summarize inp = sum(inp), sum(out), all = sum(all) by ip = CallerIpAddress, m`,
	"let": `let calls = ApiManagementGatewayLogs | where ResponseCode == 200 | extend b = parse_json(BackendResponseBody);
let tokens = (T:(b:dynamic, CallerIpAddress:string, OperationId:string)) { T | where OperationId !startswith 'embed' | extend u = b.usage };
calls
| invoke tokens()
| extend m = tostring(b.model)
| where m != ''
| summarize inp = sum(tolong(u.prompt_tokens)), sum(tolong(u.completion_tokens)), all = sum(tolong(u.total_tokens)) by CallerIpAddress, m`,
	"sorted": `ApiManagementGatewayLogs
| where ResponseCode == 200 and OperationId != 'Embeddings_Create'
| extend b = parse_json(BackendResponseBody)
| sort by TimeGenerated asc
| extend u = b.usage
| summarize inp = sum(tolong(u.prompt_tokens)), sum(tolong(u.completion_tokens)), all = sum(tolong(u.total_tokens)) by CallerIpAddress, m = tostring(b.model)`,
	"a series": `ApiManagementGatewayLogs
| where ResponseCode == 200
| extend b = parse_json(BackendResponseBody)
| extend u = b.usage
| make-series inp = sum(tolong(u.prompt_tokens)), out = sum(tolong(u.completion_tokens)), all = sum(tolong(u.total_tokens)) on TimeGenerated step 1h by CallerIpAddress, m = tostring(b.model)`,
	"joined before it is looked into": `ApiManagementGatewayLogs
| where ResponseCode == 200 and OperationId != 'Embeddings_Create'
| extend b = parse_json(BackendResponseBody)
| extend u = b.usage
| join kind=leftouter (ApiManagementGatewayLogs | take 1 | project CallerIpAddress, begun = TimeGenerated) on CallerIpAddress
| where isnotempty(CallerIpAddress)
| summarize inp = sum(tolong(u.prompt_tokens)), sum(tolong(u.completion_tokens)), all = sum(tolong(u.total_tokens)) by CallerIpAddress, m = tostring(b.model)`,
	"a union of two": `union (ApiManagementGatewayLogs | where ResponseCode == 200), (ApiManagementGatewayLogs | where ResponseCode == 200)
| extend b = parse_json(BackendResponseBody)
| extend u = b.usage
| where OperationId != 'Embeddings_Create'
| summarize inp = sum(tolong(u.prompt_tokens)), sum(tolong(u.completion_tokens)), all = sum(tolong(u.total_tokens)) by CallerIpAddress, m = tostring(b.model)`,
	"a union": `union (ApiManagementGatewayLogs | extend b = parse_json(BackendResponseBody) | extend u = b.usage, m = tostring(b.model))
| where ResponseCode == 200 and OperationId != 'Embeddings_Create'
| summarize inp = sum(tolong(u.prompt_tokens)), sum(tolong(u.completion_tokens)), all = sum(tolong(u.total_tokens)) by CallerIpAddress, m`,
}

func TestRewordingsReadNoMore(t *testing.T) {
	for name, text := range rewordings {
		t.Run(name, func(t *testing.T) {
			g := newGateway(3, 1000, 1, false)
			g.most = &scan.Request{}
			answers := map[bool]string{}
			for _, plain := range []bool{true, false} {
				res, err := (&Engine{}).Query(t.Context(), text, Options{Database: Tables{"ApiManagementGatewayLogs": g}, Plain: plain})
				if err != nil {
					t.Fatal(err)
				}
				answers[plain] = answer(res)
			}
			if answers[true] != answers[false] || strings.Count(answers[true], "\n") < 100 {
				t.Errorf("plain:\n%.300s\noptimized:\n%.300s", answers[true], answers[false])
			}
			var asked []string
			for _, p := range g.most.Paths {
				asked = append(asked, fmt.Sprint(p.Steps))
			}
			if len(g.most.Paths) != 4 {
				t.Errorf("the table was asked for the paths %v", asked)
			}
			for _, c := range g.most.Columns {
				if g.schema[c].Name == "BackendResponseBody" {
					t.Error("the bodies are read")
				}
			}
		})
	}
}

// pipelines makes queries over the fuzz table: projections and filters that name, rename and
// look into documents, in any order.
type pipelines struct {
	r    *rand.Rand
	cols []string // plain columns at hand, each with its type: name:type
	n    int
}

func (p *pipelines) pick(kind string) string {
	var fit []string
	for _, c := range p.cols {
		if name, t, _ := strings.Cut(c, ":"); t == kind {
			fit = append(fit, name)
		}
	}
	if len(fit) == 0 {
		return map[string]string{"long": "7", "string": "'x1'", "dynamic": "dynamic({'u':{'v':3},'m':'x1','x':4})", "bool": "true"}[kind]
	}
	return fit[p.r.IntN(len(fit))]
}

func (p *pipelines) one(xs ...string) string { return xs[p.r.IntN(len(xs))] }

func (p *pipelines) expr(kind string, depth int) string {
	if depth > 2 || p.r.IntN(3) == 0 {
		return p.pick(kind)
	}
	deeper := func(k string) string { return p.expr(k, depth+1) }
	switch kind {
	case "long":
		return p.one("tolong("+deeper("dynamic")+p.one(".u.v", ".x", ".v", "['u']['v']", "[0]")+")", deeper("long")+" + 1", "strlen("+deeper("string")+")", "tolong("+deeper("string")+")", "iff("+deeper("bool")+", "+deeper("long")+", 2)")
	case "string":
		return p.one("tostring("+deeper("dynamic")+p.one(".m", ".u", ".u.v", ".l", "")+")", "tolower("+deeper("string")+")", "strcat("+deeper("string")+", 'q')", "tostring("+deeper("long")+")", "substring("+deeper("string")+", 1)")
	case "dynamic":
		return p.one("parse_json("+deeper("string")+")", "parse_json("+deeper("dynamic")+")", "todynamic("+p.pick("string")+")", deeper("dynamic")+p.one(".u", ".l", "['u']", "[1]"), "parse_json(tostring("+deeper("dynamic")+p.one("", ".u")+"))")
	}
	return p.one(deeper("long")+" > 2", deeper("string")+" != ''", "isnotempty("+deeper("string")+")", deeper("string")+" in ('b', 'x1', '3')", deeper("string")+" has 'x1'", "isnull("+deeper("dynamic")+".u)", deeper("bool")+" or "+deeper("bool"), deeper("bool")+" and "+deeper("bool"))
}

func (p *pipelines) name() string { p.n++; return fmt.Sprintf("c%d", p.n) }

func (p *pipelines) query() string {
	p.cols, p.n = []string{"a:long", "s:string", "j:string", "d:dynamic", "k:bool"}, 0
	q := "T"
	kinds := []string{"long", "string", "dynamic", "dynamic", "bool"}
	for range 1 + p.r.IntN(6) {
		switch p.r.IntN(8) {
		case 0, 1:
			q += "\n| where " + p.expr("bool", 0)
		case 2, 3, 4:
			kind := kinds[p.r.IntN(len(kinds))]
			name := p.name()
			q += "\n| extend " + name + " = " + p.expr(kind, 0)
			p.cols = append(p.cols, name+":"+kind)
		case 5:
			var list, kept []string
			for range 2 + p.r.IntN(4) {
				kind := kinds[p.r.IntN(len(kinds))]
				name := p.name()
				list, kept = append(list, name+" = "+p.expr(kind, p.r.IntN(2))), append(kept, name+":"+kind)
			}
			q += "\n| project " + strings.Join(list, ", ")
			p.cols = kept
		case 6:
			q += "\n| sort by " + p.pick("long") + " + 0 asc, " + p.expr("string", 1)
		case 7:
			if len(p.cols) > 2 {
				q = "let L = " + q + ";\nL | join kind=" + p.one("inner", "leftouter", "leftsemi", "rightouter", "leftanti", "fullouter") + " (T | extend z = a % 3 | distinct z) on $left." + p.longName(&q) + " == $right.z"
			}
		}
	}
	if p.r.IntN(2) == 0 {
		q += "\n| summarize n = count(), m = max(" + p.expr("long", 0) + "), l = sum(" + p.expr("long", 0) + ") by g = " + p.expr("string", 0)
	}
	return q
}

// longName gives a column of whole numbers to join on.
func (p *pipelines) longName(q *string) string {
	for _, c := range p.cols {
		if name, t, _ := strings.Cut(c, ":"); t == "long" {
			return name
		}
	}
	name := p.name()
	*q = strings.Replace(*q, ";\nL", " | extend "+name+" = strlen(tostring("+p.pick("string")+"));\nL", 1)
	p.cols = append(p.cols, name+":long")
	return name
}

// TestGeneratedPipelinesAgree runs generated queries with and without the optimizer.
func TestGeneratedPipelinesAgree(t *testing.T) {
	db := fuzzTable(t)
	ran := 0
	for seed := range uint64(1500) {
		p := &pipelines{r: rand.New(rand.NewPCG(seed, 1))}
		text := p.query()
		if _, err := runFor(text, db, true); err == nil {
			ran++
		}
		agree(t, text, db)
		if t.Failed() {
			return
		}
	}
	if ran < 750 {
		t.Errorf("only %d of the generated queries run", ran)
	}
	t.Logf("%d generated queries run and agree", ran)
}
