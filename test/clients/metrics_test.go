package clients

import (
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/monitor/query/azmetrics"
	"github.com/openai/openai-go/v3/option"
)

// TestMetrics makes calls, some of them refused, and finds them in the metrics
// by status.
func TestMetrics(t *testing.T) {
	t.Parallel()
	x := start(t, 1)
	metrics, err := azmetrics.NewClient(x.MetricsURL, x.credential(t, x.ClientSecret), &azmetrics.ClientOptions{
		ClientOptions: azcore.ClientOptions{Cloud: x.cloud(), Transport: x.client(t)},
	})
	if err != nil {
		t.Fatal(err)
	}
	client := x.openai(t, option.WithMaxRetries(0))
	const good = 3
	for range good {
		if _, err := client.Chat.Completions.New(t.Context(), ask(x.Chat, "Say something short.", 16)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := client.Chat.Completions.New(t.Context(), ask(x.Chat, "Say something short.", -1)); err == nil {
		t.Fatal("max_tokens -1 was taken")
	}
	answer, err := metrics.QueryResources(t.Context(), x.SubscriptionID, "Microsoft.CognitiveServices/accounts", []string{"AzureOpenAIRequests"},
		azmetrics.ResourceIDList{ResourceIDs: []string{x.accountID()}}, &azmetrics.QueryResourcesOptions{
			Aggregation: to.Ptr("Total"), Interval: to.Ptr("PT1M"),
			Filter: to.Ptr("StatusCode eq '*'"),
		})
	if err != nil {
		t.Fatal(err)
	}
	total := map[string]float64{}
	for _, resource := range answer.Values {
		for _, metric := range resource.Values {
			for _, series := range metric.TimeSeries {
				status := ""
				for _, m := range series.MetadataValues {
					if m.Name != nil && m.Value != nil && m.Name.Value != nil && (*m.Name.Value == "StatusCode" || *m.Name.Value == "statuscode") {
						status = *m.Value
					}
				}
				for _, point := range series.Data {
					if point.Total != nil {
						total[status] += *point.Total
					}
				}
			}
		}
	}
	if total["200"] != good || total["400"] != 1 {
		t.Errorf("requests by status %v, want %d of 200 and 1 of 400", total, good)
	}
}
