package monitor

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/monitor/query/azmetrics"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/monitor/armmonitor"
)

type credential struct{}

func (credential) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "t", ExpiresOn: time.Now().Add(time.Hour)}, nil
}

func TestAzmetrics(t *testing.T) {
	w := newWorld(t)
	for range 5 {
		w.call(nil)
	}
	w.call(status(429))
	w.pass(time.Minute)
	client, err := azmetrics.NewClient(w.server.URL, credential{}, &azmetrics.ClientOptions{ClientOptions: azcore.ClientOptions{Transport: w.server.Client()}})
	if err != nil {
		t.Fatal(err)
	}
	options := &azmetrics.QueryResourcesOptions{
		StartTime: to.Ptr("2026-11-22T10:00:00.000Z"), EndTime: to.Ptr("2026-11-22T10:05:00.000Z"), Interval: to.Ptr("PT1M"),
		Aggregation: to.Ptr("total,average"), Filter: to.Ptr("StatusCode eq '*'"), Top: to.Ptr(int32(5)), OrderBy: to.Ptr("total desc"),
	}
	id := strings.TrimPrefix(subscription, "/subscriptions/")
	res, err := client.QueryResources(t.Context(), id, "Microsoft.CognitiveServices/accounts", []string{"AzureOpenAIRequests", "ModelRequests"},
		azmetrics.ResourceIDList{ResourceIDs: []string{strings.ToUpper(accountID[:5]) + accountID[5:]}}, options)
	if err != nil {
		t.Fatal(err)
	}
	one := res.Values[0]
	if *one.StartTime != "2026-11-22T10:00:00Z" || *one.EndTime != "2026-11-22T10:05:00Z" || *one.Interval != "PT1M" || *one.ResourceRegion != "eastus" || len(one.Values) != 2 {
		t.Errorf("answer: %s to %s, %s, %s, %d metrics", *one.StartTime, *one.EndTime, *one.Interval, *one.ResourceRegion, len(one.Values))
	}
	series := one.Values[0].TimeSeries
	if len(series) != 2 || *series[0].MetadataValues[0].Name.Value != "statuscode" || *series[0].MetadataValues[0].Value != "200" || *series[0].Data[0].Total != 5 || *series[0].Data[0].Average != 1 || *series[1].Data[0].Total != 1 || series[1].Data[1].Average != nil {
		t.Errorf("series: %+v", series)
	}
	for name, ids := range map[string][]string{
		"two regions":        {accountID, otherID},
		"other subscription": {"/subscriptions/99999999-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.CognitiveServices/accounts/x"},
		"none":               {},
		"too many":           slices.Repeat([]string{accountID}, 51),
	} {
		_, err := client.QueryResources(t.Context(), id, "Microsoft.CognitiveServices/accounts", []string{"ModelRequests"}, azmetrics.ResourceIDList{ResourceIDs: ids}, nil)
		if e, ok := err.(*azcore.ResponseError); !ok || e.StatusCode != 400 || e.ErrorCode != "BadRequest" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestArmmonitor(t *testing.T) {
	w := newWorld(t)
	w.call(nil)
	w.pass(time.Minute)
	options := &arm.ClientOptions{ClientOptions: policy.ClientOptions{Transport: w.server.Client(), Cloud: cloud.Configuration{
		Services: map[cloud.ServiceName]cloud.ServiceConfiguration{cloud.ResourceManager: {Endpoint: w.server.URL, Audience: "https://management.azure.com"}}}}}
	values, err := armmonitor.NewMetricsClient("s", credential{}, options)
	if err != nil {
		t.Fatal(err)
	}
	res, err := values.List(t.Context(), strings.TrimPrefix(accountID, "/"), &armmonitor.MetricsClientListOptions{Metricnames: to.Ptr("TotalCalls"), Interval: to.Ptr("PT1H")})
	if err != nil || *res.Value[0].Timeseries[0].Data[0].Total != 1 || *res.Value[0].Unit != armmonitor.MetricUnitCount {
		t.Fatalf("%v %+v", err, res)
	}
	definitions, err := armmonitor.NewMetricDefinitionsClient("s", credential{}, options)
	if err != nil {
		t.Fatal(err)
	}
	page, err := definitions.NewListPager(strings.TrimPrefix(accountID, "/"), nil).NextPage(t.Context())
	if err != nil || len(page.Value) != len(metrics) {
		t.Fatalf("%v: %d definitions", err, len(page.Value))
	}
	w.log.Record(Event{ID: "e1", At: w.now(), Method: "PUT", Resource: accountID, Type: namespace, Operation: namespace + "/write", Status: 201, CorrelationID: "c"})
	events, err := armmonitor.NewActivityLogsClient(strings.TrimPrefix(subscription, "/subscriptions/"), credential{}, options)
	if err != nil {
		t.Fatal(err)
	}
	list, err := events.NewListPager("eventTimestamp ge '2026-11-22T09:00:00Z' and resourceGroupName eq 'RG'", nil).NextPage(t.Context())
	if err != nil || len(list.Value) != 1 || *list.Value[0].OperationName.Value != namespace+"/write" || *list.Value[0].Status.Value != "Succeeded" || *list.Value[0].SubStatus.Value != "Created" {
		t.Fatalf("%v %+v", err, list.Value)
	}
}

// The JavaScript client percent-encodes the names of arguments.
func TestNamesAsJavaScriptEncodesThem(t *testing.T) {
	w := newWorld(t)
	w.call(nil)
	w.pass(time.Minute)
	res, err := w.server.Client().Post(w.server.URL+subscription+"/metrics:getBatch?metricnamespace=microsoft.cognitiveservices%2Faccounts&metricnames=TotalCalls&starttime=2026-11-22T10%3A00%3A00.000Z&endtime=2026-11-22T10%3A05%3A00.000Z&interval=PT5M&api%2Dversion=2024-02-01",
		"application/json", strings.NewReader(`{"resourceids":["`+accountID+`"]}`))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var doc struct{ Values []metricsAnswer }
	if err := json.NewDecoder(res.Body).Decode(&doc); err != nil || res.StatusCode != 200 || *doc.Values[0].Value[0].TimeSeries[0].Data[0].Total != 1 {
		t.Errorf("%d %v %+v", res.StatusCode, err, doc)
	}
	if doc.Values[0].Namespace != "microsoft.cognitiveservices/accounts" || doc.Values[0].Resource != accountID {
		t.Errorf("%+v", doc.Values[0])
	}
}

// TestPublishedMetrics holds the table against the published list, where it is
// at hand.
func TestPublishedMetrics(t *testing.T) {
	text, err := os.ReadFile(shared("azure", "metrics.json"))
	if err != nil {
		t.Log("left out: the published list is not here")
		return
	}
	var doc struct {
		Metrics []struct {
			Category, DisplayName, Name, Unit string
			Aggregations, Dimensions          []string
		}
	}
	if err := json.Unmarshal(text, &doc); err != nil || len(doc.Metrics) == 0 {
		t.Fatalf("%v: %d metrics", err, len(doc.Metrics))
	}
	for _, want := range doc.Metrics {
		m, ok := metricNamed(want.Name)
		if !ok {
			t.Errorf("%s is missing", want.Name)
			continue
		}
		have := slices.Sorted(slices.Values(m.aggregations))
		if m.display != want.DisplayName || m.category != want.Category || m.unit != want.Unit || m.dimList() != strings.Join(want.Dimensions, ",") ||
			!slices.Equal(have, slices.Sorted(slices.Values(want.Aggregations))) {
			t.Errorf("%s: %+v, want %+v", want.Name, m, want)
		}
	}
}

// shared finds a file of the published documents beside the checkout.
func shared(parts ...string) string {
	root := os.Getenv("AZPTU_SHARED")
	if root == "" {
		dir, _ := os.Getwd()
		for dir != filepath.Dir(dir) {
			if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
				break
			}
			dir = filepath.Dir(dir)
		}
		root = filepath.Join(dir, "..", "shared")
	}
	return filepath.Join(append([]string{root}, parts...)...)
}

func TestActivityOfResourceManager(t *testing.T) {
	w := newWorld(t)
	arm := w.log.Watch(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") == "":
			out.WriteHeader(http.StatusUnauthorized)
		case r.Method == http.MethodDelete:
			out.WriteHeader(http.StatusConflict)
		default:
			out.WriteHeader(http.StatusCreated)
		}
	}))
	do := func(method, path, authorization string) {
		r, _ := http.NewRequest(method, "https://arm"+path, nil)
		r.RemoteAddr = "127.0.0.1:1"
		r.Header.Set("Authorization", authorization)
		arm.ServeHTTP(discard{http.Header{}}, r)
	}
	// {"appid":"client","tid":"tenant"}
	const token = "Bearer e30.eyJhcHBpZCI6ImNsaWVudCIsInRpZCI6InRlbmFudCJ9.c2ln"
	do(http.MethodPut, accountID+"/deployments/d1?api-version=2025-06-01", token)
	w.pass(time.Second)
	do(http.MethodDelete, accountID+"/deployments/d1", token)
	do(http.MethodPost, accountID+"/listKeys", token)
	do(http.MethodPut, subscription+"/resourcegroups/rg2", token)
	do(http.MethodGet, accountID, token)
	do(http.MethodPut, accountID, "")
	do(http.MethodPost, subscription+"/metrics:getBatch", token)

	ask := func(filter string) []any {
		t.Helper()
		code, doc := w.get(t, subscription+"/providers/microsoft.insights/eventtypes/management/values", map[string][]string{"api-version": {"2015-04-01"}, "$filter": {filter}})
		if code != 200 {
			t.Fatal(doc)
		}
		return doc["value"].([]any)
	}
	const since = "eventTimestamp ge '2026-11-22T00:00:00Z'"
	all := ask(since)
	var got []string
	for _, e := range all {
		e := e.(map[string]any)
		value := func(name string) string { return e[name].(map[string]any)["value"].(string) }
		got = append(got, value("operationName")+" "+value("status")+" "+e["caller"].(string))
	}
	same(t, "entries", got,
		"Microsoft.Resources/subscriptions/resourcegroups/write Succeeded client", "Microsoft.Resources/subscriptions/resourcegroups/write Started client",
		namespace+"/listKeys/action Succeeded client", namespace+"/listKeys/action Started client",
		namespace+"/deployments/delete Failed client", namespace+"/deployments/delete Started client",
		namespace+"/deployments/write Succeeded client", namespace+"/deployments/write Started client")
	if n := len(ask(since + " and status eq 'Failed'")); n != 1 {
		t.Errorf("%d failed", n)
	}
	if n := len(ask("eventTimestamp ge '2026-11-22T00:00:00Z' and eventTimestamp le '2026-11-22T10:00:10Z'and eventChannels eq 'Admin, Operation'")); n != 2 {
		t.Errorf("%d in the first second", n)
	}
	if n := len(ask(since + " and resourceUri eq '" + strings.ToUpper(accountID+"/deployments/d1") + "'")); n != 4 {
		t.Errorf("%d of the deployment", n)
	}
	code, doc := w.get(t, subscription+"/providers/microsoft.insights/eventtypes/management/values", map[string][]string{"api-version": {"2015-04-01"}, "$filter": {"eventTimestamp ge 2018-01-01T00:00:00+00:00 and eventTimestamp le 2999-01-01T00:00:00+00:00"}})
	if code != 400 || doc["Code"] != "BadRequest" || doc["Message"] != "The start time cannot be more than 90 days in the past." {
		t.Errorf("as recorded: %d %v", code, doc)
	}
	for range maxEvents {
		w.log.Record(Event{At: w.now(), Resource: accountID})
	}
	if n := len(ask(since)); n != eventsPage {
		t.Errorf("a page of %d", n)
	}
}

type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}
