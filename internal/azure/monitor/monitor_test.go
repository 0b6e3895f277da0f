package monitor

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/monitor/query/azmetrics"

	"github.com/azptu/azptu/internal/azure/arm"
	"github.com/azptu/azptu/internal/azure/login"
)

type fixedToken struct{}

func (fixedToken) GetToken(_ context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: strings.Join(o.Scopes, " "), ExpiresOn: time.Now().Add(time.Hour)}, nil
}

const accountID = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.CognitiveServices/accounts/acct"

var account = arm.AccountRef{SubscriptionID: "s", ResourceGroup: "rg", Account: "acct"}

// serve is an Azure Monitor that answers each metric as said.
func serve(t *testing.T, answer func(w http.ResponseWriter, r *http.Request)) *Client {
	t.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(answer))
	t.Cleanup(server.Close)
	c, err := New(Options{
		Cloud:  login.Cloud{Name: "test", Metrics: server.URL + "/", ARM: "https://arm.example", Authority: "https://login.example"},
		Region: "East US", Credential: fixedToken{}, Transport: server.Client().Transport,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// series is the answer of the batch API as Microsoft documents it.
func series(metric, labels, data string) string {
	return `{"values":[{"starttime":"2026-11-22T09:00:00Z","endtime":"2026-11-22T10:00:00Z","interval":"PT1M","namespace":"microsoft.cognitiveservices/accounts",
	"resourceregion":"eastus","resourceid":"` + accountID + `","value":[{"id":"x","type":"Microsoft.Insights/metrics","name":{"value":"` + metric + `","localizedValue":"x"},"unit":"Count",
	"timeseries":[{"metadatavalues":[` + labels + `],"data":[` + data + `]}],"errorCode":"Success"}]}]}`
}

func label(name, value string) string {
	return `{"name":{"value":"` + name + `","localizedValue":"` + name + `"},"value":"` + value + `"}`
}

func TestDeployments(t *testing.T) {
	const deployment = `{"name":{"value":"modeldeploymentname","localizedValue":"x"},"value":"gpt"}`
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if r.Header.Get("Authorization") != "Bearer https://metrics.monitor.azure.com/.default" || r.URL.Path != "/subscriptions/s/metrics:getBatch" || q.Get("starttime") != "" || q.Get("interval") != "PT5M" || q.Get("top") == "" {
			t.Errorf("asked %s %v", r.URL, r.Header)
		}
		var body struct{ ResourceIDs []string }
		raw, _ := io.ReadAll(r.Body)
		if json.Unmarshal(raw, &body) != nil || len(body.ResourceIDs) != 1 || body.ResourceIDs[0] != accountID {
			t.Errorf("asked about %s", raw)
		}
		w.Header().Set("Content-Type", "application/json")
		switch names := q.Get("metricnames"); {
		case names == "AzureOpenAIRequests,ModelRequests":
			io.WriteString(w, series("AzureOpenAIRequests", deployment+","+label("StatusCode", "429")+","+label("IsSpillover", "True"), `{"timeStamp":"2026-11-22T09:05:00Z","total":3},{"timeStamp":"2026-11-22T09:10:00Z","total":0}`))
		case strings.HasPrefix(names, "ProcessedPromptTokens"):
			io.WriteString(w, series("GeneratedTokens", deployment, `{"timeStamp":"2026-11-22T09:05:00Z","total":640}`))
		default:
			io.WriteString(w, series("AzureOpenAIProvisionedManagedUtilizationV2", deployment, `{"timeStamp":"2026-11-22T09:05:00Z","average":87.5,"maximum":101},{"timeStamp":"2026-11-22T09:10:00Z"}`))
		}
	})
	got, err := c.Deployments(t.Context(), []arm.AccountRef{account}, Window{Step: 5 * time.Minute})
	if err != nil || len(got) != 1 || len(got[0].Points) != 2 {
		t.Fatalf("%v %+v", err, got)
	}
	first, second := got[0].Points[0], got[0].Points[1]
	if got[0].Ref.Deployment != "gpt" || !strings.EqualFold(got[0].Ref.AccountRef.ID(), accountID) || got[0].End.Hour() != 10 {
		t.Errorf("%+v", got[0])
	}
	if first.Calls() != 3 || first.Requests["429"] != 3 || first.Spilled != 3 || first.Output != 640 || *first.Used != 0.875 || *first.Peak != 1.01 || first.Response != nil {
		t.Errorf("%+v", first)
	}
	if second.Requests != nil || second.Used != nil {
		t.Errorf("figures were made up: %+v", second)
	}
}

// Models of others than OpenAI are counted by the other family of metrics; what
// both count is counted once.
func TestBothFamilies(t *testing.T) {
	at := time.Date(2026, 11, 22, 9, 5, 0, 0, time.UTC)
	value := func(v float64) azmetrics.MetricValue {
		return azmetrics.MetricValue{TimeStamp: &at, Total: &v, Average: &v}
	}
	ok := map[string]string{"statuscode": "200"}
	g := gathering{}
	one := g.of(arm.DeploymentRef{AccountRef: account, Deployment: "both"}, at, time.Minute)
	for metric, v := range map[string]float64{"AzureOpenAIRequests": 3, "ModelRequests": 3, "ProcessedPromptTokens": 9, "InputTokens": 9} {
		one.take(at, metric, ok, value(v))
	}
	other := g.of(arm.DeploymentRef{AccountRef: account, Deployment: "deepseek"}, at, time.Minute)
	for metric, v := range map[string]float64{"ModelRequests": 5, "InputTokens": 7, "OutputTokens": 8, "ProvisionedUtilization": 50, "TimeToResponse": 20, "TimeToLastByte": 30} {
		other.take(at, metric, ok, value(v))
	}
	got := g.series()
	if p := got[0].Points[0]; p.Calls() != 3 || p.Prompt != 9 {
		t.Errorf("%+v", p)
	}
	if p := got[1].Points[0]; p.Calls() != 5 || p.Prompt != 7 || p.Output != 8 || *p.Used != 0.5 || *p.Response != 20*time.Millisecond || *p.Whole != 30*time.Millisecond {
		t.Errorf("%+v", p)
	}
}

// What Azure Monitor could not read is not taken for nothing.
func TestFailedMetric(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, strings.Replace(series("AzureOpenAIRequests", "", ""), `"errorCode":"Success"`, `"errorCode":"InternalServerError","errorMessage":"later"`, 1))
	})
	if _, _, err := c.Calls(t.Context(), account); arm.KindOf(err) != arm.Unavailable {
		t.Errorf("%v", err)
	}
}

func TestRefusal(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		io.WriteString(w, `{"error":{"code":"AuthorizationFailed","message":"no"}}`)
	})
	if _, err := c.Deployments(t.Context(), []arm.AccountRef{account}, Window{}); arm.KindOf(err) != arm.Permission {
		t.Errorf("%v", err)
	}
}

func TestAddresses(t *testing.T) {
	for _, c := range []struct {
		cloud              login.Cloud
		audience, endpoint string
	}{
		{login.Cloud{Name: "public"}, "https://metrics.monitor.azure.com", "https://eastus.metrics.monitor.azure.com"},
		{login.Cloud{Name: "usgov"}, "https://metrics.monitor.azure.us", "https://eastus.metrics.monitor.azure.us"},
		{login.Cloud{Name: "china"}, "https://metrics.monitor.azure.cn", "https://eastus.metrics.monitor.azure.cn"},
		{login.Cloud{Name: "x", Metrics: "https://127.0.0.1:9/"}, "https://metrics.monitor.azure.com", "https://127.0.0.1:9"},
	} {
		if audience, endpoint := addresses(c.cloud, "East US"); audience != c.audience || endpoint != c.endpoint {
			t.Errorf("%s: %s %s", c.cloud.Name, audience, endpoint)
		}
	}
}

func TestSteps(t *testing.T) {
	for span, want := range map[time.Duration]time.Duration{time.Hour: time.Minute, 6 * time.Hour: 5 * time.Minute, 24 * time.Hour: 15 * time.Minute, 93 * 24 * time.Hour: 24 * time.Hour} {
		if got := StepFor(span); got != want {
			t.Errorf("%v: %v, want %v", span, got, want)
		}
	}
	for step, want := range map[time.Duration]string{time.Minute: "PT1M", 12 * time.Hour: "PT12H", 24 * time.Hour: "P1D"} {
		if got := iso(step); got != want {
			t.Errorf("%v: %s, want %s", step, got, want)
		}
	}
}
