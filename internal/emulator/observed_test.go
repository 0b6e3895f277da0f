package emulator_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	azarm "github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/monitor/query/azmetrics"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/monitor/armmonitor"

	"github.com/azptu/azptu/internal/emulator"
	"github.com/azptu/azptu/internal/emulator/state"
)

// firstAccount is the resource id of the account that is there at the start.
func firstAccount(s *emulator.Server) string {
	return state.Account{Subscription: s.Endpoints.SubscriptionID, Group: s.Endpoints.ResourceGroup, Name: s.Endpoints.Account}.ID()
}

// metricsOf asks the batch API of Azure Monitor by its own client for the last
// hours, one point for all.
func metricsOf(t *testing.T, s *emulator.Server, account, filter, aggregation string, names ...string) []azmetrics.Metric {
	t.Helper()
	options := azure(s)
	options.Cloud = cloud.Configuration{ActiveDirectoryAuthorityHost: s.Endpoints.AuthorityURL, Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
		azmetrics.ServiceName: {Audience: "https://metrics.monitor.azure.com"},
	}}
	client, err := azmetrics.NewClient(s.Endpoints.MetricsURL, credential(t, s), &azmetrics.ClientOptions{ClientOptions: options})
	if err != nil {
		t.Fatal(err)
	}
	now := s.State.Clock().Now().UTC()
	ask := &azmetrics.QueryResourcesOptions{
		StartTime: to.Ptr(now.Add(-24 * time.Hour).Format(time.RFC3339)), EndTime: to.Ptr(now.Add(time.Minute).Format(time.RFC3339)),
		Interval: to.Ptr("FULL"), Aggregation: to.Ptr(aggregation),
	}
	if filter != "" {
		ask.Filter = to.Ptr(filter)
	}
	res, err := client.QueryResources(t.Context(), s.Endpoints.SubscriptionID, "Microsoft.CognitiveServices/accounts", names, azmetrics.ResourceIDList{ResourceIDs: []string{account}}, ask)
	if err != nil {
		t.Fatal(err)
	}
	return res.Values[0].Values
}

// totals adds a metric up by the value of the one dimension it is split by.
func totals(m azmetrics.Metric) map[string]float64 {
	out := map[string]float64{}
	for _, series := range m.TimeSeries {
		key := ""
		for _, d := range series.MetadataValues {
			key += *d.Value
		}
		for _, p := range series.Data {
			if p.Total != nil {
				out[key] += *p.Total
			}
		}
	}
	return out
}

// post sends a chat completion and returns the status and the body.
func post(t *testing.T, s *emulator.Server, deployment string, body any) (*http.Response, []byte) {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.Endpoints.AoaiHTTPURL+"/openai/deployments/"+deployment+"/chat/completions?api-version=2024-10-21", bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("api-key", s.Endpoints.APIKey)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, answer
}

func prompt(text string, maxTokens int) map[string]any {
	return map[string]any{"messages": []map[string]string{{"role": "user", "content": text}}, "max_tokens": maxTokens}
}

func TestMetricsOfRealTraffic(t *testing.T) {
	s := start(t, emulator.Config{})
	var promptTokens, completionTokens int
	for i := range 5 {
		res, body := post(t, s, state.RoomyDeployment, prompt(fmt.Sprint("Write something about the number ", i), 40))
		var answer struct {
			Usage struct {
				Prompt     int `json:"prompt_tokens"`
				Completion int `json:"completion_tokens"`
			} `json:"usage"`
		}
		if err := json.Unmarshal(body, &answer); err != nil || res.StatusCode != 200 {
			t.Fatalf("%d %s", res.StatusCode, body)
		}
		promptTokens += answer.Usage.Prompt
		completionTokens += answer.Usage.Completion
	}
	post(t, s, state.RoomyDeployment, map[string]any{"messages": 5})
	got := metricsOf(t, s, firstAccount(s), "ModelDeploymentName eq '"+state.RoomyDeployment+"'", "total,average,maximum,count",
		"AzureOpenAIRequests", "ModelRequests", "InputTokens", "OutputTokens", "TotalTokens", "ActiveTokens", "AzureOpenAIProvisionedManagedUtilizationV2")
	for i, want := range []float64{6, 6, float64(promptTokens), float64(completionTokens), float64(promptTokens + completionTokens), float64(promptTokens + completionTokens)} {
		if n := totals(got[i])[state.RoomyDeployment]; n != want {
			t.Errorf("%s: %v, want %v", *got[i].Name.Value, n, want)
		}
	}
	if n := totals(metricsOf(t, s, firstAccount(s), "StatusCode eq '400'", "total", "AzureOpenAIRequests")[0])["400"]; n != 1 {
		t.Errorf("%v calls that could not be read, want 1", n)
	}
	// What was used, in normalized tokens, of what the deployment can do in the
	// minutes since it is there.
	d, err := s.State.Deployment(firstAccount(s), state.RoomyDeployment)
	if err != nil {
		t.Fatal(err)
	}
	th := s.State.Throughput(d.Model.Name)
	use := got[6].TimeSeries[0].Data[0]
	want := 100 * th.Weigh(promptTokens, 0, completionTokens) / (th.PerSecond(d.Capacity) * 60)
	if math.Abs(*use.Total-want) > want/1000 || *use.Count < 1 || *use.Maximum < want {
		t.Errorf("utilization adds up to %v %% of a minute in %v minutes, at most %v %%; want %v %%", *use.Total, *use.Count, *use.Maximum, want)
	}
}

func TestUtilizationShowsRefusals(t *testing.T) {
	s := start(t, emulator.Config{})
	refused := 0
	for i := range 60 {
		res, body := post(t, s, state.SmallDeployment, prompt(fmt.Sprint("Essay ", i), 4000))
		if res.StatusCode == 429 {
			refused++
		} else if res.StatusCode != 200 {
			t.Fatalf("%d %s", res.StatusCode, body)
		}
	}
	if refused == 0 {
		t.Fatal("the smallest deployment took everything")
	}
	got := metricsOf(t, s, firstAccount(s), "ModelDeploymentName eq '"+state.SmallDeployment+"'", "maximum,average", "AzureOpenAIProvisionedManagedUtilizationV2", "ProvisionedUtilization")
	for _, m := range got {
		if p := m.TimeSeries[0].Data[0]; *p.Maximum < 100 || *p.Average <= 0 {
			t.Errorf("%s with %d refusals: at most %v %%, on average %v %%", *m.Name.Value, refused, *p.Maximum, *p.Average)
		}
	}
	got = metricsOf(t, s, firstAccount(s), "StatusCode eq '*'", "total", "AzureOpenAIRequests")
	if n := totals(got[0]); n["429"] != float64(refused) || n["200"] != float64(60-refused) {
		t.Errorf("by status %v, seen %d refusals", n, refused)
	}
}

// admin asks the emulator's own API.
func admin(t *testing.T, s *emulator.Server, method, path, body string, header ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.Endpoints.AdminURL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

func fault(t *testing.T, s *emulator.Server, body string) (remove func()) {
	t.Helper()
	status, text := admin(t, s, http.MethodPost, "/faults", body)
	if status != http.StatusCreated {
		t.Fatalf("%s: %d %s", body, status, text)
	}
	return func() {
		if status, text := admin(t, s, http.MethodDelete, "/faults", ""); status != 200 {
			t.Fatalf("%d %s", status, text)
		}
	}
}

func TestFaultsReachCalls(t *testing.T) {
	s := start(t, emulator.Config{})
	const d = state.StandardDeployment
	remove := fault(t, s, `{"kind":"throttle","retryAfter":"7s","deployment":"`+d+`"}`)
	res, body := post(t, s, d, prompt("hi", 5))
	if res.StatusCode != 429 || res.Header.Get("retry-after") != "7" || res.Header.Get("retry-after-ms") != "7000" {
		t.Errorf("throttle: %d %v %s", res.StatusCode, res.Header, body)
	}
	if res, _ := post(t, s, state.TurboDeployment, prompt("hi", 5)); res.StatusCode != 200 {
		t.Errorf("another deployment: %d", res.StatusCode)
	}
	remove()
	remove = fault(t, s, `{"kind":"error","status":503,"message":"made up","count":1}`)
	if res, body := post(t, s, d, prompt("hi", 5)); res.StatusCode != 503 || !strings.Contains(string(body), "made up") {
		t.Errorf("error: %d %s", res.StatusCode, body)
	}
	if res, _ := post(t, s, d, prompt("hi", 5)); res.StatusCode != 200 {
		t.Errorf("after one error: %d", res.StatusCode)
	}
	remove()
	remove = fault(t, s, `{"kind":"cut-stream","after":2,"region":"`+s.Endpoints.Location+`"}`)
	res, err := http.DefaultClient.Do(streaming(t, s, d))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	res.Body.Close()
	if err == nil || strings.Contains(string(text), "[DONE]") || strings.Count(string(text), "data: ") != 2 {
		t.Errorf("cut stream: %v after %q", err, text)
	}
	remove()
	remove = fault(t, s, `{"kind":"reset"}`)
	if _, err := http.DefaultClient.Do(streaming(t, s, d)); err == nil {
		t.Error("reset: an answer came")
	}
	remove()
	remove = fault(t, s, `{"kind":"slow-stream","delay":"30ms"}`)
	began := time.Now()
	res, err = http.DefaultClient.Do(streaming(t, s, d))
	if err != nil {
		t.Fatal(err)
	}
	text, _ = io.ReadAll(res.Body)
	res.Body.Close()
	if n := strings.Count(string(text), "data: "); time.Since(began) < time.Duration(n-1)*30*time.Millisecond || n < 3 {
		t.Errorf("slow stream: %d events in %v", n, time.Since(began))
	}
	remove()
	remove = fault(t, s, `{"kind":"clock-skew","skew":"-1h"}`)
	res, _ = post(t, s, d, prompt("hi", 5))
	if at, err := http.ParseTime(res.Header.Get("Date")); err != nil || time.Since(at) < 59*time.Minute {
		t.Errorf("clock skew: Date %s", res.Header.Get("Date"))
	}
	remove()
	token := dataToken(t, s)
	remove = fault(t, s, `{"kind":"expired-token"}`)
	if status, _ := chat(t, s, s.Endpoints.AoaiURL, d, "Authorization", "Bearer "+token); status != 401 {
		t.Errorf("expired token: %d", status)
	}
	if status, _ := chat(t, s, s.Endpoints.AoaiURL, d, "api-key", s.Endpoints.APIKey); status != 200 {
		t.Errorf("a key does not expire: %d", status)
	}
	remove()
	if status, _ := chat(t, s, s.Endpoints.AoaiURL, d, "Authorization", "Bearer "+token); status != 200 {
		t.Errorf("a token after the fault: %d", status)
	}
}

func streaming(t *testing.T, s *emulator.Server, deployment string) *http.Request {
	t.Helper()
	body := `{"messages":[{"role":"user","content":"count"}],"max_tokens":20,"stream":true}`
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.Endpoints.AoaiHTTPURL+"/openai/deployments/"+deployment+"/chat/completions?api-version=2024-10-21", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("api-key", s.Endpoints.APIKey)
	return r
}

func TestFaultsReachTheControlPlane(t *testing.T) {
	s := start(t, emulator.Config{TimeScale: 50})
	e, f := s.Endpoints, factory(t, s)
	create := func() string {
		t.Helper()
		_, err := f.NewDeploymentsClient().BeginCreateOrUpdate(t.Context(), e.ResourceGroup, e.Account, "victim", order("gpt-4o", "2024-08-06", "ProvisionedManaged", 50), nil)
		return code(err)
	}
	remove := fault(t, s, `{"kind":"quota","region":"`+e.Location+`"}`)
	if code := create(); code != "InsufficientQuota" {
		t.Errorf("without quota: %q", code)
	}
	remove()
	remove = fault(t, s, `{"kind":"capacity","region":"`+e.Location+`","sku":"ProvisionedManaged"}`)
	if code := create(); code == "" || code == "InsufficientQuota" {
		t.Errorf("without capacity: %q", code)
	}
	remove()
	remove = fault(t, s, `{"kind":"expired-token"}`)
	if status, _ := get(t, s, firstAccount(s)+"?api-version=2025-06-01"); status != 401 {
		t.Errorf("expired token: %d", status)
	}
	remove()
	// The SDK waits as a 429 asks, and gets through.
	remove = fault(t, s, `{"kind":"throttle","service":"arm","count":1,"retryAfter":"1s"}`)
	began := time.Now()
	if _, err := f.NewAccountsClient().Get(t.Context(), e.ResourceGroup, e.Account, nil); err != nil || time.Since(began) < time.Second {
		t.Errorf("throttled once: %v after %v", err, time.Since(began))
	}
	remove()
	if code := create(); code != "" {
		t.Errorf("after the faults: %q", code)
	}
}

// get asks Resource Manager with a token of the first client.
func get(t *testing.T, s *emulator.Server, path string) (int, string) {
	t.Helper()
	token, err := s.Entra.Token(s.Endpoints.ClientID, "https://management.azure.com", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.Endpoints.ArmURL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	res, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

func TestConsole(t *testing.T) {
	s := start(t, emulator.Config{})
	post(t, s, state.StandardDeployment, prompt("hello", 5))
	post(t, s, "nowhere", prompt("hello", 5))
	status, text := admin(t, s, http.MethodGet, "/requests?deployment="+state.StandardDeployment, "")
	var log struct {
		Requests []struct {
			Deployment, Model, Operation, RequestID string
			Status, PromptTokens, CompletionTokens  int
		}
	}
	if err := json.Unmarshal([]byte(text), &log); err != nil || status != 200 || len(log.Requests) != 1 || log.Requests[0].Status != 200 || log.Requests[0].PromptTokens == 0 || log.Requests[0].Operation != "ChatCompletions_Create" {
		t.Errorf("requests: %d %s", status, text)
	}
	if _, text := admin(t, s, http.MethodGet, "/requests?status=404&limit=5", ""); strings.Count(text, `"requestId"`) != 1 {
		t.Errorf("refused requests: %s", text)
	}
	if strings.Contains(text, s.Endpoints.APIKey) {
		t.Error("the request log holds a key")
	}
	if status, text := admin(t, s, http.MethodGet, "/state", ""); status != 200 || !strings.Contains(text, `"name":"`+state.RoomyDeployment+`"`) || strings.Contains(text, s.Endpoints.APIKey) {
		t.Errorf("state: %d %s", status, text)
	}
	status, text = admin(t, s, http.MethodGet, "/metrics", "")
	if status != 200 || !strings.Contains(text, `azptu_emulator_requests_total{account="`+s.Endpoints.Account+`",deployment="`+state.StandardDeployment+`"`) || !strings.Contains(text, "azptu_emulator_request_duration_seconds_bucket") {
		t.Errorf("Prometheus: %d %s", status, text)
	}
	for _, header := range [][]string{{"Origin", "https://evil.example"}, {"Host", "evil.example"}, {"Sec-Fetch-Site", "cross-site"}} {
		for _, path := range []string{"/faults", "/requests", "/state", "/metrics"} {
			if status, _ := admin(t, s, http.MethodGet, path, "", header...); status != http.StatusForbidden {
				t.Errorf("%s with %s: %d", path, header[0], status)
			}
		}
	}
	fault(t, s, `{"kind":"hang","deployment":"none"}`)
	if status, _ := admin(t, s, http.MethodPost, "/reset", ""); status != 200 {
		t.Errorf("reset: %d", status)
	}
	if _, text := admin(t, s, http.MethodGet, "/requests", ""); !strings.Contains(text, `"requests":[]`) {
		t.Errorf("requests after a reset: %s", text)
	}
	if _, text := admin(t, s, http.MethodGet, "/faults", ""); !strings.Contains(text, `"faults":[]`) {
		t.Errorf("faults after a reset: %s", text)
	}
	if m := metricsOf(t, s, firstAccount(s), "", "total", "TotalCalls"); len(m[0].TimeSeries) != 0 {
		t.Errorf("metrics after a reset: %+v", m)
	}
}

func TestPricesOnBothListeners(t *testing.T) {
	s := start(t, emulator.Config{})
	path := "/api/retail/prices?$filter=" + url.QueryEscape("armRegionName eq 'eastus' and productName eq 'Azure OpenAI' and contains(meterName,'Provisioned Managed')")
	for _, root := range []string{s.Endpoints.PricesURL, s.Endpoints.AdminURL} {
		res, err := s.Client().Get(root + path)
		if err != nil {
			t.Fatal(err)
		}
		var page struct {
			Items []struct{ RetailPrice float64 }
		}
		err = json.NewDecoder(res.Body).Decode(&page)
		res.Body.Close()
		if err != nil || len(page.Items) != 3 {
			t.Errorf("%s: %v %+v", root, err, page)
		}
	}
}

func TestActivityLogOfChanges(t *testing.T) {
	s := start(t, emulator.Config{TimeScale: 50})
	e := s.Endpoints
	if _, err := factory(t, s).NewDeploymentsClient().BeginCreateOrUpdate(t.Context(), e.ResourceGroup, e.Account, "logged", order("gpt-4o-mini", "2024-07-18", "GlobalStandard", 1), nil); err != nil {
		t.Fatal(err)
	}
	client, err := armmonitor.NewActivityLogsClient(e.SubscriptionID, credential(t, s), &azarm.ClientOptions{ClientOptions: azure(s)})
	if err != nil {
		t.Fatal(err)
	}
	page, err := client.NewListPager("eventTimestamp ge '"+s.State.Clock().Now().Add(-time.Hour).UTC().Format(time.RFC3339)+"' and resourceGroupName eq '"+e.ResourceGroup+"'", nil).NextPage(t.Context())
	if err != nil || len(page.Value) != 2 {
		t.Fatalf("%v: %d entries", err, len(page.Value))
	}
	last := page.Value[0]
	if *last.OperationName.Value != "Microsoft.CognitiveServices/accounts/deployments/write" || *last.Caller != e.ClientID || *last.Status.Value != "Succeeded" || *page.Value[1].Status.Value != "Started" {
		t.Errorf("%+v", last)
	}
}

// A call that spills over is a 429 of the provisioned deployment and an answer
// of the standard one, marked as such.
func TestSpilloverInMetrics(t *testing.T) {
	s := start(t, emulator.Config{})
	fault(t, s, `{"kind":"throttle","deployment":"`+state.RoomyDeployment+`"}`)
	text := `{"messages":[{"role":"user","content":"hello"}],"max_tokens":5}`
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.Endpoints.AoaiHTTPURL+"/openai/deployments/"+state.RoomyDeployment+"/chat/completions?api-version=2024-10-21", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("api-key", s.Endpoints.APIKey)
	r.Header.Set("x-ms-spillover-deployment", state.StandardDeployment)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != 200 {
		t.Fatalf("%d %v", res.StatusCode, res.Header)
	}
	got := totals(metricsOf(t, s, firstAccount(s), "ModelDeploymentName eq '*' and StatusCode eq '*' and IsSpillover eq '*'", "total", "AzureOpenAIRequests")[0])
	want := map[string]float64{state.RoomyDeployment + "429False": 1, state.StandardDeployment + "200True": 1}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// When the clock runs faster, a minute of it has room for less.
func TestUtilizationFollowsTheClock(t *testing.T) {
	s := start(t, emulator.Config{})
	use := func() float64 {
		t.Helper()
		if status, text := admin(t, s, http.MethodPost, "/reset", ""); status != 200 {
			t.Fatal(text)
		}
		post(t, s, state.RoomyDeployment, prompt("hello", 30))
		m := metricsOf(t, s, firstAccount(s), "ModelDeploymentName eq '"+state.RoomyDeployment+"' and StreamType eq '*'", "total", "AzureOpenAIProvisionedManagedUtilizationV2")
		return totals(m[0])[state.RoomyDeployment+"Non-Streaming"]
	}
	slow := use()
	if status, text := admin(t, s, http.MethodPut, "/clock", `{"scale":10}`); status != 200 {
		t.Fatal(text)
	}
	if fast := use(); slow <= 0 || math.Abs(fast-10*slow) > slow/100 {
		t.Errorf("%v %% of a minute, ten times as fast %v %%", slow, fast)
	}
}

// What the content filter finds is told apart by text, category and severity.
func TestMetricsOfTheContentFilter(t *testing.T) {
	s := start(t, emulator.Config{})
	for _, what := range []string{"hate", "hate", "self_harm:completion", "jailbreak"} {
		post(t, s, state.RoomyDeployment, prompt("content-filter-test:"+what, 40))
	}
	for filter, want := range map[string]map[string]float64{
		"Category eq '*'": {"Hate": 2, "SelfHarm": 1, "Jailbreak": 1},
		"TextType eq '*'": {"Prompt": 3, "Completion": 1},
	} {
		got := totals(metricsOf(t, s, firstAccount(s), filter, "total", "RAIHarmfulRequests")[0])
		for value, n := range want {
			if got[value] != n {
				t.Errorf("%s: %v, want %v", filter, got, want)
			}
		}
	}
	if n := totals(metricsOf(t, s, firstAccount(s), "Severity eq 'Medium'", "total", "RAIHarmfulRequests")[0])["Medium"]; n != 3 {
		t.Errorf("%v of medium severity, want 3", n)
	}
	if n := totals(metricsOf(t, s, firstAccount(s), "Category eq 'Hate'", "total", "RAIRejectedRequests")[0])["Hate"]; n != 2 {
		t.Errorf("%v refused for hate, want 2", n)
	}
}
