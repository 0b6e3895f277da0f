package kustowire

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-kusto-go/azkustodata"
	"github.com/Azure/azure-kusto-go/azkustodata/kql"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/monitor/query/azlogs"

	engine "github.com/azptu/azptu/internal/kql"
	"github.com/azptu/azptu/internal/kql/value"
)

var now = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// serve starts a service over two small tables.
func serve(t *testing.T) *httptest.Server {
	t.Helper()
	logs := engine.NewMemoryTable([]engine.Column{{Name: "TimeGenerated", Type: value.DateTime}, {Name: "Model", Type: value.String}, {Name: "Tokens", Type: value.Long}, {Name: "Extra", Type: value.Dynamic}})
	var rows [][]engine.Value
	for i := range 10 {
		extra, _ := value.ParseJSON(`{"n":1}`)
		rows = append(rows, []engine.Value{value.OfDateTime(value.FromTime(now.Add(-time.Duration(i) * time.Hour))), value.OfString([]string{"gpt-4o", "gpt-5"}[i%2]), value.OfLong(int64(i)), value.OfDynamic(extra)})
	}
	if err := logs.AppendRows(rows); err != nil {
		t.Fatal(err)
	}
	h := New(Config{Engine: &engine.Engine{}, Database: engine.Tables{"Logs": logs}, Now: func() time.Time { return now }, Workspace: "ws", LoginEndpoint: "https://login.example"})
	srv := httptest.NewTLSServer(h)
	t.Cleanup(srv.Close)
	return srv
}

func ask(t *testing.T, srv *httptest.Server, path, body string) (int, string) {
	t.Helper()
	resp, err := srv.Client().Post(srv.URL+path, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, _ := io.ReadAll(resp.Body)
	if !json.Valid(raw) {
		t.Errorf("%s: not JSON: %s", path, raw)
	}
	return resp.StatusCode, string(raw)
}

func TestWorkspaceQuery(t *testing.T) {
	srv := serve(t)
	status, body := ask(t, srv, "/v1/workspaces/ws/query", `{"query":"Logs | where Model == 'gpt-5' | top 1 by Tokens | project TimeGenerated, Tokens, Extra"}`)
	want := `{"tables":[{"name":"PrimaryResult","columns":[{"name":"TimeGenerated","type":"datetime"},{"name":"Tokens","type":"long"},{"name":"Extra","type":"dynamic"}],"rows":[["2026-03-04T03:00:00.0000000Z",9,"{\"n\":1}"]]}]}`
	if status != 200 || body != want {
		t.Errorf("%d %s\nwant %s", status, body, want)
	}
}

func TestTimespans(t *testing.T) {
	srv := serve(t)
	for span, want := range map[string]string{
		"PT2H": "3", "P1D": "10", "PT90M": "2", "2026-03-04T10:00:00Z/2026-03-04T11:00:00Z": "2", "PT1H/2026-03-04T10:00:00Z": "2", "2026-03-04T10:30:00Z/PT1H": "1",
	} {
		status, body := ask(t, srv, "/v1/workspaces/ws/query", `{"query":"Logs | count","timespan":"`+span+`"}`)
		if status != 200 || !strings.Contains(body, `"rows":[[`+want+`]]`) {
			t.Errorf("%s: %d %s, want %s rows", span, status, body, want)
		}
	}
	for _, span := range []string{"1h", "P", "PT", "P1X", "PT1H/PT2H/PT3H", "yesterday/today", "2026-03-04/2026-03-01", "P999999999Y"} {
		if status, body := ask(t, srv, "/v1/workspaces/ws/query", `{"query":"Logs | count","timespan":"`+span+`"}`); status != 400 {
			t.Errorf("%s: %d %s", span, status, body)
		}
	}
}

func TestRefusals(t *testing.T) {
	srv := serve(t)
	for _, c := range []struct {
		path, body string
		status     int
		has        string
	}{
		{"/v1/workspaces/other/query", `{"query":"Logs"}`, 404, "no workspace"},
		{"/v1/workspaces/ws/query", `{"query":"Logs | wher x"}`, 400, "SyntaxError"},
		{"/v1/workspaces/ws/query", `{"query":""}`, 400, "empty"},
		{"/v1/workspaces/ws/query", `not json`, 400, "JSON"},
		{"/v1/workspaces/ws/query", `{"query":"` + strings.Repeat(" ", maxQuery) + `"}`, 400, "longer"},
		{"/v2/rest/query", `{"db":"azptu","csl":"Logs | nonsense"}`, 400, "SEM0100"},
		{"/v2/rest/query", `{"db":"elsewhere","csl":"Logs"}`, 400, "EntityNotFound"},
		{"/v2/rest/query", `{"db":"elsewhere","csl":"Logs"}`, 400, "The database here is 'azptu'"},
		{"/v1/rest/mgmt", `{"db":"azptu","csl":".drop table Logs"}`, 400, "not supported"},
		{"/v1/rest/mgmt", `{"db":"azptu","csl":".show table Nowhere"}`, 400, "of kind 'Table' was not found"},
		{"/v1/rest/mgmt", `{"db":"azptu","csl":".show database elsewhere details"}`, 400, "not supported"},
		{"/v1/rest/mgmt", `{"db":"azptu","csl":".show tables | wher TableName == ''"}`, 400, "SEM0100"},
	} {
		if status, body := ask(t, srv, c.path, c.body); status != c.status || !strings.Contains(body, c.has) {
			t.Errorf("%s %.60s: %d %.300s", c.path, c.body, status, body)
		}
	}
}

func TestV1AndCommands(t *testing.T) {
	srv := serve(t)
	if status, body := ask(t, srv, "/v1/rest/query", `{"db":"azptu","csl":"print a=1, b='x', c=true"}`); status != 200 ||
		body != `{"Tables":[{"TableName":"Table_0","Columns":[{"ColumnName":"a","DataType":"Int64","ColumnType":"long"},{"ColumnName":"b","DataType":"String","ColumnType":"string"},{"ColumnName":"c","DataType":"SByte","ColumnType":"bool"}],"Rows":[[1,"x",true]]}]}` {
		t.Errorf("%d %s", status, body)
	}
	for command, has := range map[string]string{
		".show databases": `"azptu"`, ".show tables": `"Logs"`, ".show table Logs": `"datetime"`, ".show database schema": `"System.Int64"`,
		".show database schema as json": `OrderedColumns`, ".show version": "BuildVersion", ".show databases | project DatabaseName": `"Rows":[["azptu"]]`,
		".show tables | where TableName has 'logs' | count": `"Rows":[[1]]`, ".show tables | where TableName has 'elsewhere' | count": `"Rows":[[0]]`,
		".show table Logs cslschema": ":datetime", ".show table ['Logs'] schema as json": "OrderedColumns", ".show database cslschema": ":datetime",
		".show database azptu details": `"azptu"`, ".show databases (azptu if_later_than 'v0.1') schema as json": "OrderedColumns",
		".SHOW Functions": `"Rows":[]`, ".show external tables": "ConnectionStrings", ".show materialized-views": "Lookback", ".show cluster": "NodeId", ".show diagnostics": `[true,false,1,0]`,
	} {
		if status, body := ask(t, srv, "/v1/rest/mgmt", `{"db":"azptu","csl":"`+command+`"}`); status != 200 || !strings.Contains(body, has) {
			t.Errorf("%s: %d %s", command, status, body)
		}
	}
}

// token is a credential that is never asked by anybody who would check it.
type token struct{}

func (token) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "t", ExpiresOn: time.Now().Add(time.Hour)}, nil
}

func TestRealLogsClient(t *testing.T) {
	srv := serve(t)
	client, err := azlogs.NewClient(token{}, &azlogs.ClientOptions{ClientOptions: azcore.ClientOptions{
		Transport: srv.Client(),
		Cloud:     cloud.Configuration{Services: map[cloud.ServiceName]cloud.ServiceConfiguration{azlogs.ServiceName: {Endpoint: srv.URL, Audience: "https://api.loganalytics.io"}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := client.QueryWorkspace(context.Background(), "ws", azlogs.QueryBody{Query: to.Ptr("Logs | summarize sum(Tokens) by Model | order by Model asc"), Timespan: to.Ptr(azlogs.NewTimeInterval(now.Add(-24*time.Hour), now))}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Tables) != 1 || *got.Tables[0].Columns[1].Name != "sum_Tokens" || len(got.Tables[0].Rows) != 2 || got.Tables[0].Rows[0][1] != 20.0 {
		t.Errorf("%+v", got.Tables[0].Rows)
	}
	if _, err := client.QueryWorkspace(context.Background(), "ws", azlogs.QueryBody{Query: to.Ptr("Logs | wher")}, nil); err == nil || !strings.Contains(err.Error(), "BadArgumentError") {
		t.Errorf("a faulty query: %v", err)
	}
}

func TestRealExplorerClient(t *testing.T) {
	srv := serve(t)
	client, err := azkustodata.New(azkustodata.NewConnectionStringBuilder(srv.URL).WithApplicationToken("app", "token"), azkustodata.WithHttpClient(srv.Client()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	set, err := client.Query(context.Background(), "azptu", kql.New("Logs | where Tokens > 3 | project Model, Tokens, TimeGenerated | order by Tokens asc"))
	if err != nil {
		t.Fatal(err)
	}
	table := set.Tables()[0]
	if len(table.Rows()) != 6 {
		t.Fatalf("%d rows", len(table.Rows()))
	}
	tokens, err := table.Rows()[0].LongByName("Tokens")
	if err != nil || *tokens != 4 {
		t.Errorf("tokens %v, %v", tokens, err)
	}
	shown, err := client.Mgmt(context.Background(), "azptu", kql.New(".show tables"))
	if err != nil || len(shown.Tables()[0].Rows()) != 1 {
		t.Errorf(".show tables: %v", err)
	}
	if _, err := client.Query(context.Background(), "azptu", kql.New("Logs | wher")); err == nil || !strings.Contains(err.Error(), "SEM0100") {
		t.Errorf("a faulty query: %v", err)
	}
}

func TestWholeAndFragmentedFramesAgree(t *testing.T) {
	srv := serve(t)
	for _, options := range []string{`{}`, `{"results_v2_fragment_primary_tables":true}`, `{"results_v2_fragment_primary_tables":true,"results_v2_newlines_between_frames":true}`} {
		status, body := ask(t, srv, "/v2/rest/query", `{"db":"azptu","csl":"range i from 1 to 10000 step 1","properties":{"Options":`+options+`}}`)
		var frames []struct {
			FrameType string
			TableKind string
			Rows      [][]any
		}
		if err := json.Unmarshal([]byte(body), &frames); status != 200 || err != nil {
			t.Fatalf("%d %v", status, err)
		}
		rows := 0
		for _, f := range frames {
			if f.FrameType == "TableFragment" || f.TableKind == "PrimaryResult" {
				rows += len(f.Rows)
			}
		}
		if rows != 10000 || frames[0].FrameType != "DataSetHeader" || frames[len(frames)-1].FrameType != "DataSetCompletion" {
			t.Errorf("%s: %d rows in %d frames", options, rows, len(frames))
		}
	}
}

func TestMetadataNeedsNoCredential(t *testing.T) {
	srv := serve(t)
	resp, err := srv.Client().Get(srv.URL + "/v1/rest/auth/metadata")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var doc struct {
		AzureAD struct{ LoginEndpoint, KustoServiceResourceId string }
	}
	if err := json.NewDecoder(resp.Body).Decode(&doc); err != nil || resp.StatusCode != http.StatusOK || doc.AzureAD.LoginEndpoint != "https://login.example" || doc.AzureAD.KustoServiceResourceId == "" {
		t.Errorf("%d %v %+v", resp.StatusCode, err, doc)
	}
	if !Open("/v1/rest/auth/metadata") || Open("/v2/rest/query") || !Paths("/v2/rest/query") {
		t.Error("what is open and what is ours is mixed up")
	}
}

func FuzzTimespan(f *testing.F) {
	f.Add("PT1H")
	f.Add("2026-03-04T10:00:00Z/P1D")
	f.Fuzz(func(t *testing.T, s string) {
		if from, to, err := readTimespan(s, now); err == nil && to.Before(from) {
			t.Errorf("%q: %v to %v", s, from, to)
		}
	})
}
