package monitor

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	subscription = "/subscriptions/11111111-2222-3333-4444-555555555555"
	accountID    = subscription + "/resourceGroups/rg/providers/Microsoft.CognitiveServices/accounts/contoso"
	otherID      = subscription + "/resourceGroups/rg/providers/Microsoft.CognitiveServices/accounts/fabrikam"
)

// world is a clock that stands still until moved, and two accounts.
type world struct {
	mu      sync.Mutex
	at      time.Time
	store   *Store
	monitor *Monitor
	log     *Activity
	server  *httptest.Server
}

func (w *world) now() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.at }

func (w *world) pass(d time.Duration) { w.mu.Lock(); w.at = w.at.Add(d); w.mu.Unlock() }

func (w *world) Resource(id string) (Resource, bool) {
	switch {
	case strings.EqualFold(id, accountID):
		return Resource{ID: accountID, Name: "contoso", Group: "rg", Location: "eastus", Display: "East US",
			Deployments: []Deployment{{Name: "ptu", Model: "gpt-4o", Version: "2024-08-06", Format: "OpenAI", Since: time.Date(2026, 11, 22, 9, 50, 0, 0, time.UTC)}}}, true
	case strings.EqualFold(id, otherID):
		return Resource{ID: otherID, Name: "fabrikam", Group: "rg", Location: "westus3", Display: "West US 3"}, true
	}
	return Resource{}, false
}

func newWorld(t *testing.T) *world {
	w := &world{at: time.Date(2026, 11, 22, 10, 0, 10, 0, time.UTC)}
	w.store = NewStore(w.now, 0)
	w.monitor = New(w.store, w, w.now)
	w.log = NewActivity(w.now)
	w.server = httptest.NewTLSServer(Insights(w.monitor, w.log))
	t.Cleanup(w.server.Close)
	return w
}

// call observes one finished chat call.
func (w *world) call(change func(*Call)) {
	c := Call{Account: accountID, Region: "East US", Deployment: "std", Model: "gpt-35-turbo", Version: "0125", Format: "OpenAI", APIVersion: "2024-10-21",
		Operation: "ChatCompletions_Create", Status: 200, Prompt: 100, Completion: 50, FirstByte: 200 * time.Millisecond, Duration: time.Second}
	if change != nil {
		change(&c)
	}
	w.store.Observe(&c)
}

func status(n int) func(*Call) {
	return func(c *Call) {
		c.Status = n
		if n >= 400 {
			c.Prompt, c.Completion = 0, 0
		}
	}
}

// get asks for metrics of the account and returns the decoded answer.
func (w *world) get(t *testing.T, path string, query url.Values) (int, map[string]any) {
	t.Helper()
	if query.Get("api-version") == "" {
		query.Set("api-version", "2018-01-01")
	}
	res, err := w.server.Client().Get(w.server.URL + path + "?" + query.Encode())
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var doc map[string]any
	if err := json.NewDecoder(res.Body).Decode(&doc); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return res.StatusCode, doc
}

// series asks for one metric over the last hour and returns its series as
// "value,value: sum of the first aggregation" lines.
func (w *world) series(t *testing.T, metric, aggregation, filter string, more ...string) []string {
	t.Helper()
	q := url.Values{"metricnames": {metric}, "interval": {"PT1H"}}
	if aggregation != "" {
		q.Set("aggregation", aggregation)
	}
	if filter != "" {
		q.Set("$filter", filter)
	}
	for i := 0; i+1 < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	status, doc := w.get(t, accountID+"/providers/Microsoft.Insights/metrics", q)
	if status != http.StatusOK {
		t.Fatalf("%s: %d %v", metric, status, doc)
	}
	out := []string{}
	one := doc["value"].([]any)[0].(map[string]any)
	for _, s := range one["timeseries"].([]any) {
		s := s.(map[string]any)
		var values []string
		for _, m := range s["metadatavalues"].([]any) {
			values = append(values, m.(map[string]any)["value"].(string))
		}
		var sum float64
		for _, p := range s["data"].([]any) {
			for k, v := range p.(map[string]any) {
				if k != "timeStamp" {
					sum += v.(float64)
				}
			}
		}
		out = append(out, fmt.Sprintf("%s: %g", strings.Join(values, ","), sum))
	}
	return out
}

func same(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "; ") != strings.Join(want, "; ") {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

func TestRequestsByStatus(t *testing.T) {
	w := newWorld(t)
	for range 7 {
		w.call(nil)
	}
	for range 20 {
		w.call(status(429))
	}
	w.call(status(503))
	w.call(func(c *Call) { c.Account = otherID })
	w.pass(time.Minute)
	same(t, "all", w.series(t, "AzureOpenAIRequests", "", ""), ": 28")
	same(t, "split", w.series(t, "AzureOpenAIRequests", "Total", "StatusCode eq '*'"), "429: 20", "200: 7", "503: 1")
	same(t, "one status", w.series(t, "azureopenairequests", "total", "statuscode eq '429'"), "429: 20")
	same(t, "rolled up", w.series(t, "ModelRequests", "Total", "StatusCode eq '429' or StatusCode eq '503'", "rollupby", "statuscode"), ": 21")
	same(t, "top, ascending", w.series(t, "AzureOpenAIRequests", "Total", "StatusCode eq '*'", "top", "2", "orderby", "sum asc"), "503: 1", "200: 7")
	same(t, "not", w.series(t, "AzureOpenAIRequests", "Total", "StatusCode ne '429'"), "200: 7", "503: 1")
	same(t, "starts with", w.series(t, "AzureOpenAIRequests", "Total", "StatusCode sw '5' and ModelDeploymentName eq 'STD'"), "503,std: 1")
	same(t, "nothing", w.series(t, "AzureOpenAIRequests", "Total", "StatusCode eq '418'"))
	same(t, "average of a count is 1", w.series(t, "AzureOpenAIRequests", "Average", ""), ": 1")
	same(t, "TotalErrors", w.series(t, "TotalErrors", "", ""), ": 21")
	same(t, "ClientErrors", w.series(t, "ClientErrors", "", ""), ": 20")
	same(t, "ServerErrors", w.series(t, "ServerErrors", "", ""), ": 1")
	same(t, "BlockedCalls", w.series(t, "BlockedCalls", "", ""), ": 20")
	same(t, "TotalCalls", w.series(t, "TotalCalls", "", ""), ": 28")
	same(t, "SuccessfulCalls", w.series(t, "SuccessfulCalls", "", ""), ": 7")
	same(t, "ProcessedPromptTokens", w.series(t, "ProcessedPromptTokens", "", ""), ": 700")
	same(t, "GeneratedTokens", w.series(t, "GeneratedTokens", "", ""), ": 350")
	same(t, "TotalTokens", w.series(t, "TotalTokens", "", ""), ": 1050")
	same(t, "availability", w.series(t, "AzureOpenAIAvailabilityRate", "Average", ""), fmt.Sprintf(": %g", 100*27.0/28))
	same(t, "time to response", w.series(t, "AzureOpenAITimeToResponse", "Maximum", ""), ": 200")
}

func TestFamilies(t *testing.T) {
	w := newWorld(t)
	w.call(nil)
	w.call(func(c *Call) { c.Deployment, c.Model, c.Format = "r1", "DeepSeek-R1", "DeepSeek" })
	w.pass(time.Minute)
	same(t, "Azure OpenAI alone", w.series(t, "AzureOpenAIRequests", "", "ModelName eq '*'"), "gpt-35-turbo: 1")
	same(t, "all models", w.series(t, "ModelRequests", "", "ModelName eq '*'"), "DeepSeek-R1: 1", "gpt-35-turbo: 1")
}

func TestLatency(t *testing.T) {
	w := newWorld(t)
	stream := func(first, last time.Duration) func(*Call) {
		return func(c *Call) {
			c.Stream, c.FirstByte, c.Duration, c.Completion, c.Prompt = true, first, last, 51, 50
		}
	}
	w.call(stream(100*time.Millisecond, 1100*time.Millisecond))
	w.call(stream(300*time.Millisecond, 2300*time.Millisecond))
	w.pass(time.Minute)
	same(t, "TTFT a prompt token", w.series(t, "AzureOpenAINormalizedTTFTInMS", "Average", ""), ": 4")
	same(t, "between tokens", w.series(t, "AzureOpenAINormalizedTBTInMS", "Average", ""), ": 30")
	same(t, "slowest", w.series(t, "NormalizedTimeBetweenTokens", "Maximum", "StreamType eq '*'"), "Streaming: 40")
	same(t, "last byte", w.series(t, "TimeToLastByte", "Minimum", ""), ": 1100")
	same(t, "tokens a second", w.series(t, "TokensPerSecond", "Maximum", ""), ": 51")
	w.call(func(c *Call) { c.Deployment, c.Stream = "plain", false })
	same(t, "no time between tokens without a stream", w.series(t, "AzureOpenAINormalizedTBTInMS", "Average", "ModelDeploymentName eq 'plain'"))
}

func TestUtilization(t *testing.T) {
	w := newWorld(t)
	ptu := func(weight, level float64, code int) func(*Call) {
		return func(c *Call) {
			c.Deployment, c.Model, c.Version, c.Provisioned = "ptu", "gpt-4o", "2024-08-06", true
			c.Weight, c.PerMinute, c.Utilization, c.Status = weight, 1000, level, code
			if code == 200 {
				c.Prompt, c.Cached = 2048, 1024
			}
		}
	}
	w.call(ptu(600, 0.9, 200))
	w.call(ptu(200, 1.25, 200))
	w.call(ptu(0, 1.125, 429))
	w.pass(time.Minute) // 10:01: idle
	const metric = "AzureOpenAIProvisionedManagedUtilizationV2"
	span := []string{"timespan", "2026-11-22T10:00:00Z/2026-11-22T10:01:00Z"}
	same(t, "average", w.series(t, metric, "Average", "", span...), ": 80")
	same(t, "maximum of a minute with a refusal", w.series(t, metric, "Maximum", "", span...), ": 125")
	same(t, "idle minutes count", w.series(t, metric, "Average", "ModelDeploymentName eq '*'", "timespan", "2026-11-22T10:00:00Z/2026-11-22T10:02:00Z"), "ptu: 40")
	same(t, "idle since it was made", w.series(t, "ProvisionedUtilization", "Count", "", "timespan", "2026-11-22T09:00:00Z/2026-11-22T10:00:00Z"), ": 10")
	same(t, "by stream there is no idleness", w.series(t, metric, "Count", "StreamType eq '*'"), "Non-Streaming: 1")
	same(t, "cache hits", w.series(t, "AzureOpenAIContextTokensCacheMatchRate", "Average", ""), ": 50")
	same(t, "active tokens", w.series(t, "ActiveTokens", "Total", ""), fmt.Sprintf(": %d", 2*(2048-1024+50)))
	same(t, "refusals", w.series(t, "AzureOpenAIRequests", "", "StatusCode eq '429' and IsSpillover eq '*'"), "429,False: 1")
}

func TestGrainsAndTime(t *testing.T) {
	w := newWorld(t)
	for range 3 {
		w.call(nil)
		w.pass(time.Minute)
	}
	w.call(nil)
	ask := func(interval, span string) []any {
		t.Helper()
		code, doc := w.get(t, accountID+"/providers/microsoft.insights/metrics", url.Values{"metricnames": {"TotalCalls"}, "interval": {interval}, "timespan": {span}, "aggregation": {"Total,Average"}})
		if code != 200 {
			t.Fatal(doc)
		}
		return doc["value"].([]any)[0].(map[string]any)["timeseries"].([]any)[0].(map[string]any)["data"].([]any)
	}
	data := ask("PT1M", "2026-11-22T09:58:30/2026-11-22T10:04:00")
	var text []string
	for _, p := range data {
		p := p.(map[string]any)
		text = append(text, fmt.Sprint(p["timeStamp"], " ", p["total"], " ", p["average"]))
	}
	same(t, "minutes", text, "2026-11-22T09:58:00Z 0 <nil>", "2026-11-22T09:59:00Z 0 <nil>", "2026-11-22T10:00:00Z 1 1", "2026-11-22T10:01:00Z 1 1", "2026-11-22T10:02:00Z 1 1", "2026-11-22T10:03:00Z 1 1")
	if data := ask("PT5M", "PT10M"); len(data) != 2 || data[1].(map[string]any)["total"] != 4.0 {
		t.Errorf("10 minutes that begin in the middle of one: %v", data)
	}
	if data := ask("PT1M", "PT10M"); len(data) != 11 || data[10].(map[string]any)["total"] != 1.0 {
		t.Errorf("the same by the minute: %v", data)
	}
	if data := ask("FULL", "2026-11-22T10:00:00Z/PT2M"); len(data) != 1 || data[0].(map[string]any)["total"] != 2.0 {
		t.Errorf("whole span: %v", data)
	}
	// The Azure CLI encodes the timespan twice and leaves out the zone.
	res, err := w.server.Client().Get(w.server.URL + accountID + "/providers/Microsoft.Insights/metrics?timespan=2026-11-22T10%253A00%253A00.000000%252F2026-11-22T11%253A00%253A00.000000&interval=PT1H&metricnames=TotalCalls&aggregation=Total&top=10&api-version=2018-01-01")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var doc map[string]any
	if err := json.NewDecoder(res.Body).Decode(&doc); err != nil || doc["timespan"] != "2026-11-22T10:00:00Z/2026-11-22T11:00:00Z" {
		t.Errorf("as az asks: %v %v", err, doc)
	}
	// Of more than 31 days the last ones are answered (recorded: 2031-08-10/2031-09-10).
	_, doc = w.get(t, accountID+"/providers/Microsoft.Insights/metrics", url.Values{"metricnames": {"TotalCalls,Latency"}, "timespan": {"2018-01-01T00:00:00+00:00/2031-09-10T00:00:00+00:00"}})
	if doc["timespan"] != "2031-08-10T00:00:00Z/2031-09-10T00:00:00Z" || doc["cost"] != 89278.0 || doc["resourceregion"] != "eastus" {
		t.Errorf("a long span: %v", doc)
	}
	if one := doc["value"].([]any)[0].(map[string]any); len(one["timeseries"].([]any)) != 0 || one["errorCode"] != "Success" {
		t.Errorf("a span without calls: %v", one)
	}
}

func TestRefusals(t *testing.T) {
	w := newWorld(t)
	w.call(nil)
	metricsPath := accountID + "/providers/Microsoft.Insights/metrics"
	for name, c := range map[string]struct {
		query   url.Values
		path    string
		code    int
		message string
	}{
		"unknown metric":    {url.Values{"metricnames": {"Nope"}}, metricsPath, 400, "Failed to find metric configuration for provider: Microsoft.CognitiveServices, resource Type: accounts, metric: Nope, Valid metrics: AzureOpenAIRequests,"},
		"unknown namespace": {url.Values{"metricnames": {"TotalCalls"}, "metricnamespace": {"Microsoft.Compute/virtualMachines"}}, metricsPath, 400, "Failed to find metric configuration for provider: Microsoft.Compute, resource Type: virtualMachines"},
		"too many":          {url.Values{"metricnames": {metricList()}}, metricsPath, 400, fmt.Sprintf("Requested metrics count: %d bigger than allowed max: 20", len(metrics))},
		"interval":          {url.Values{"metricnames": {"TotalCalls"}, "interval": {"PT2M"}}, metricsPath, 400, "Invalid time grain duration: PT2M, supported ones are: 00:01:00,00:05:00,00:15:00,00:30:00,01:00:00,06:00:00,12:00:00,1.00:00:00"},
		"timespan":          {url.Values{"metricnames": {"TotalCalls"}, "timespan": {"2023-11-15T10:12:25.4174057 01:00/2023-11-15T11:12:25.4174057 01:00"}}, metricsPath, 400, "Detected invalid time interval input: 2023-11-15T10:12:25.4174057 01:00/2023-11-15T11:12:25.4174057 01:00, supported Iso 8601 time interval format: (Datetime/Datetime, Datetime/Duration, Duration/Datetime, Duration)"},
		"backwards":         {url.Values{"metricnames": {"TotalCalls"}, "timespan": {"2026-11-22T10:00:00Z/2026-11-22T10:00:00Z"}}, metricsPath, 400, "must be before"},
		"dimension":         {url.Values{"metricnames": {"TotalErrors"}, "$filter": {"StatusCode eq '*'"}}, metricsPath, 400, "Metric: TotalErrors does not support requested dimension combination: statuscode, supported ones are: ApiName,OperationName,Region,RatelimitKey"},
		"or of two":         {url.Values{"metricnames": {"AzureOpenAIRequests"}, "$filter": {"StatusCode eq '200' or Region eq 'x'"}}, metricsPath, 400, "'or' can only join"},
		"sw or sw":          {url.Values{"metricnames": {"AzureOpenAIRequests"}, "$filter": {"StatusCode sw '2' or StatusCode sw '4'"}}, metricsPath, 400, "Only 'eq' operator are supported for 'or' clause"},
		"sw and sw":         {url.Values{"metricnames": {"AzureOpenAIRequests"}, "$filter": {"StatusCode sw '2' and StatusCode sw '4'"}}, metricsPath, 400, "Dimension name detected in multiple 'sw' values"},
		"filter":            {url.Values{"metricnames": {"AzureOpenAIRequests"}, "$filter": {"StatusCode eq '200"}}, metricsPath, 400, "Invalid filter"},
		"aggregation":       {url.Values{"metricnames": {"AzureOpenAIRequests"}, "aggregation": {"Median"}}, metricsPath, 400, "Invalid aggregation type: Median"},
		"top":               {url.Values{"metricnames": {"AzureOpenAIRequests"}, "top": {"-1"}}, metricsPath, 400, "Invalid value for 'top'"},
		"order":             {url.Values{"metricnames": {"AzureOpenAIRequests"}, "orderby": {"name"}}, metricsPath, 400, "Invalid orderby"},
		"api-version":       {url.Values{"metricnames": {"AzureOpenAIRequests"}, "api-version": {"2031-01-01"}}, metricsPath, 400, "for api version '2031-01-01'"},
		"no such account":   {url.Values{"metricnames": {"AzureOpenAIRequests"}}, accountID + "x/providers/Microsoft.Insights/metrics", 404, "The Resource 'Microsoft.CognitiveServices/accounts/contosox' under resource group 'rg' was not found."},
		"other things":      {url.Values{}, accountID + "/providers/Microsoft.Insights/alertRules", 404, "could not be found in the namespace 'microsoft.insights'"},
	} {
		code, doc := w.get(t, c.path, c.query)
		if inner, ok := doc["error"].(map[string]any); ok {
			doc = inner
		}
		if message, _ := doc["message"].(string); code != c.code || !strings.Contains(message, c.message) {
			t.Errorf("%s: %d %v; want %d %q", name, code, doc, c.code, c.message)
		}
	}
	same(t, "not strict", w.series(t, "TotalCalls", "", "StatusCode eq '500'", "ValidateDimensions", "false"), ": 1")
}

func TestDefinitionsAndNamespaces(t *testing.T) {
	w := newWorld(t)
	code, doc := w.get(t, accountID+"/providers/Microsoft.Insights/metricDefinitions", url.Values{})
	if list := doc["value"].([]any); code != 200 || len(list) != len(metrics) {
		t.Fatalf("%d: %d definitions", code, len(doc["value"].([]any)))
	}
	first := doc["value"].([]any)[0].(map[string]any)
	if first["primaryAggregationType"] != "Total" || first["namespace"] != namespace || len(first["metricAvailabilities"].([]any)) != 8 || len(first["dimensions"].([]any)) != 11 {
		t.Errorf("definition: %v", first)
	}
	code, doc = w.get(t, accountID+"/providers/microsoft.insights/metricNamespaces", url.Values{"api-version": {"2017-12-01-preview"}})
	if code != 200 || !strings.Contains(fmt.Sprint(doc), "microsoft.cognitiveservices-accounts") {
		t.Errorf("namespaces: %d %v", code, doc)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	w := newWorld(t)
	w.store = NewStore(w.now, 100)
	for i := range 1000 {
		w.call(func(c *Call) { c.Deployment = fmt.Sprint("d", i%7) })
		w.pass(20 * time.Second)
	}
	for i := range 1000 {
		w.call(func(c *Call) { c.Deployment = fmt.Sprint("many", i) })
	}
	if w.store.cells > 100 || len(w.store.totals) > 100 || len(w.store.names) > 200 {
		t.Errorf("%d cells, %d totals, %d names", w.store.cells, len(w.store.totals), len(w.store.names))
	}
	if w.store.lost == 0 {
		t.Error("calls that found no room are not told")
	}
	w.pass(100 * 24 * time.Hour)
	w.store.limit = 1000
	w.call(nil)
	if w.store.cells != 1 || len(w.store.order) != 1 {
		t.Errorf("after retention: %d cells in %d minutes", w.store.cells, len(w.store.order))
	}
	w.store.Reset()
	if w.store.cells != 0 || len(w.store.totals) == 0 {
		t.Error("a reset empties the minutes and keeps the counters")
	}
}

func TestAnswersAreBounded(t *testing.T) {
	w := newWorld(t)
	for i := range 12 {
		w.call(func(c *Call) { c.Deployment = fmt.Sprint("d", i) })
	}
	w.pass(time.Minute)
	q := url.Values{"metricnames": {"AzureOpenAIRequests"}, "interval": {"PT1M"}, "timespan": {"P31D"}, "$filter": {"ModelDeploymentName eq '*'"}, "top": {"1000000"}}
	path := accountID + "/providers/Microsoft.Insights/metrics"
	if code, doc := w.get(t, path, q); code != 400 || !strings.Contains(fmt.Sprint(doc), "more than 500000 data points") {
		t.Errorf("a month of minutes for each of 12 deployments: %d", code)
	}
	q.Set("resultType", "metadata")
	if code, _ := w.get(t, path, q); code != 200 {
		t.Errorf("their names alone: %d", code)
	}
}

func TestConcurrentUse(t *testing.T) {
	w := newWorld(t)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 500 {
				w.call(status(200 + g*100))
				if i%50 == 0 {
					w.pass(time.Second)
					w.series(t, "AzureOpenAIRequests", "", "StatusCode eq '*'")
				}
			}
		})
	}
	wg.Wait()
	same(t, "none lost", w.series(t, "TotalCalls", "Total", "", "timespan", "2026-11-22T10:00:00Z/PT1H"), ": 2000")
}

func FuzzFilter(f *testing.F) {
	for _, s := range []string{"A eq 'a1' and B eq 'b1' or B eq 'b2' and C eq '*'", "(A eq 'x' or A eq 'y') and B ne 'it''s'", "A sw 'z'", "A eq", "((((", "'", "A eq '*' and A eq '*'"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		conditions, err := parseFilter(s)
		if err == nil && len(conditions) == 0 {
			t.Errorf("%q is no filter and was taken", s)
		}
		for i := range conditions {
			conditions[i].matches("x")
		}
		_, _ = parseEventFilter(s)
	})
}

func FuzzTimespan(f *testing.F) {
	for _, s := range []string{"PT1H", "P1DT2H/2026-01-01", "2026-01-01T00:00:00Z/P7D", "2026-01-01T00%3A00%3A00/2026-01-02", "P", "PT", "/", "P99999999999D"} {
		f.Add(s)
	}
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, s string) {
		for name := range grains {
			w, err := listWindow(args{"timespan": s, "interval": name}, now)
			if err != nil {
				return
			}
			n := len(w.points())
			if n < 1 || n > 44641 {
				t.Errorf("%q: %d points", s, n)
			}
			first, end := w.minutes()
			if w.index(first, n) != 0 || w.index(end-1, n) >= n {
				t.Errorf("%q: minutes %d to %d fall outside", s, first, end)
			}
		}
	})
}

func BenchmarkObserve(b *testing.B) {
	s := NewStore(time.Now, 0)
	c := Call{Account: accountID, Region: "East US", Deployment: "std", Model: "gpt-35-turbo", Version: "0125", Format: "OpenAI", APIVersion: "2024-10-21",
		Operation: "ChatCompletions_Create", Status: 200, Prompt: 100, Completion: 50, FirstByte: 200 * time.Millisecond, Duration: time.Second}
	b.ReportAllocs()
	for b.Loop() {
		s.Observe(&c)
	}
}
