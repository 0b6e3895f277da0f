package emulator_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/emulator"
	"github.com/azptu/azptu/internal/emulator/state"
)

// workspace keeps the rows that come.
type workspace struct {
	mu   sync.Mutex
	rows []map[string]any
}

func (w *workspace) Take(table string, rows [][]byte) (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, row := range rows {
		var v map[string]any
		if err := json.Unmarshal(row, &v); err != nil {
			return true, err
		}
		v["table"] = table
		w.rows = append(w.rows, v)
	}
	return true, nil
}

// An account's calls and changes are in the workspace when a diagnostic setting
// asks for them, and only then.
func TestResourceLogs(t *testing.T) {
	w := &workspace{}
	s := start(t, emulator.Config{Workspace: w})
	r := newRest(t, s)
	const setting = "{acc}/providers/Microsoft.Insights/diagnosticSettings/all"
	put := func(logs ...map[string]any) {
		r.must("PUT", setting, "2021-05-01-preview", map[string]any{"properties": map[string]any{
			"workspaceId": "/subscriptions/s/resourceGroups/g/providers/Microsoft.OperationalInsights/workspaces/w", "logs": logs,
		}})
	}
	post(t, s, state.RoomyDeployment, prompt("before the setting", 20))
	put(map[string]any{"category": "RequestResponse", "enabled": true}, map[string]any{"category": "Audit", "enabled": false})
	_, whole := post(t, s, state.RoomyDeployment, prompt("whole", 20))
	streamed := prompt("streamed", 20)
	streamed["stream"] = true
	_, events := post(t, s, state.RoomyDeployment, streamed)
	_, refused := post(t, s, state.RoomyDeployment, map[string]any{"messages": 5})
	r.must("POST", "{acc}/listKeys", v2025, nil)
	put(map[string]any{"categoryGroup": "audit", "enabled": true})
	r.must("POST", "{acc}/listKeys", v2025, nil)
	post(t, s, state.RoomyDeployment, prompt("after the setting", 20))
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, row := range w.rows {
		var p map[string]any
		if err := json.Unmarshal([]byte(row["properties_s"].(string)), &p); err != nil {
			t.Fatal(err)
		}
		if row["table"] != "AzureDiagnostics" || row["ResourceProvider"] != "MICROSOFT.COGNITIVESERVICES" || row["Resource"] != strings.ToUpper(s.Endpoints.Account) || row["CallerIPAddress"] != "127.0.0.***" {
			t.Errorf("row %v", row)
		}
		got = append(got, fmt.Sprint(row["Category"], " ", row["OperationName"], " ", row["ResultSignature"], " ", p["modelDeploymentName"], " ", p["streamType"], " ", p["responseLength"]))
	}
	for i, want := range []string{
		fmt.Sprint("RequestResponse ChatCompletions_Create 200 ", state.RoomyDeployment, " Non-Streaming ", len(whole)),
		fmt.Sprint("RequestResponse ChatCompletions_Create 200 ", state.RoomyDeployment, " Streaming ", len(events)),
		fmt.Sprint("RequestResponse ChatCompletions_Create 400 ", state.RoomyDeployment, " Non-Streaming ", len(refused)),
		"Audit Microsoft.CognitiveServices/accounts/listKeys/action 200 <nil> <nil> <nil>",
	} {
		if i >= len(got) || got[i] != want {
			t.Fatalf("row %d: want %q, all are\n%s", i, want, strings.Join(got, "\n"))
		}
	}
	if len(got) != 4 {
		t.Errorf("more rows than were asked for:\n%s", strings.Join(got, "\n"))
	}
}

// Empty implements what a reset of the emulator asks for.
func (w *workspace) Empty() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rows = nil
	return nil
}

// metrics waits for rows of AzureMetrics and gives them by metric.
func (w *workspace) metrics(t *testing.T) map[string]map[string]any {
	t.Helper()
	for range 200 {
		w.mu.Lock()
		got := map[string]map[string]any{}
		for _, row := range w.rows {
			if row["table"] != "AzureMetrics" {
				continue
			}
			name := fmt.Sprint(row["MetricName"])
			if before := got[name]; before != nil { // the calls were made in two minutes
				row["Total"], row["Count"] = row["Total"].(float64)+before["Total"].(float64), row["Count"].(float64)+before["Count"].(float64)
				row["Average"] = row["Total"].(float64) / row["Count"].(float64)
			}
			got[name] = row
		}
		w.mu.Unlock()
		if len(got) > 0 {
			return got
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("no metrics came")
	return nil
}

// What an account's metrics came to is in the workspace a minute later, over all
// dimensions, when a diagnostic setting asks for metrics. Utilization is not
// there, as Azure does not send it. A reset empties the workspace.
func TestMetricsAreSent(t *testing.T) {
	w := &workspace{}
	s := start(t, emulator.Config{Workspace: w})
	r := newRest(t, s)
	r.must("PUT", "{acc}/providers/Microsoft.Insights/diagnosticSettings/numbers", "2021-05-01-preview", map[string]any{"properties": map[string]any{
		"workspaceId": "/subscriptions/s/resourceGroups/g/providers/Microsoft.OperationalInsights/workspaces/w",
		"metrics":     []any{map[string]any{"category": "AllMetrics", "enabled": true}},
	}})
	for _, deployment := range []string{state.RoomyDeployment, state.RoomyDeployment, state.StandardDeployment} {
		post(t, s, deployment, prompt("a question", 20))
	}
	post(t, s, state.RoomyDeployment, map[string]any{"messages": 5})
	s.Advance(2 * time.Minute)
	got := w.metrics(t)
	calls, tokens, refused := got["AzureOpenAIRequests"], got["ProcessedPromptTokens"], got["ClientErrors"]
	if calls["Total"] != 4.0 || calls["Count"] != 4.0 || calls["Average"] != 1.0 || calls["TimeGrain"] != "PT1M" || calls["UnitName"] != "Count" {
		t.Errorf("requests: %v", calls)
	}
	if tokens["Count"] != 3.0 || tokens["Total"].(float64) <= 0 || tokens["Average"] != tokens["Total"].(float64)/3 || refused["Total"] != 1.0 {
		t.Errorf("tokens: %v, refused: %v", tokens, refused)
	}
	if calls["Resource"] != strings.ToUpper(s.Endpoints.Account) || calls["ResourceProvider"] != "MICROSOFT.COGNITIVESERVICES" || calls["_ResourceId"] != strings.ToLower(fmt.Sprint(calls["ResourceId"])) {
		t.Errorf("of whom: %v", calls)
	}
	if at, err := time.Parse(time.RFC3339, fmt.Sprint(calls["TimeGenerated"])); err != nil || at.Second() != 0 {
		t.Errorf("at %v, %v", calls["TimeGenerated"], err)
	}
	for _, name := range []string{"AzureOpenAIProvisionedManagedUtilizationV2", "ProvisionedUtilization", "AudioPromptTokens"} {
		if got[name] != nil {
			t.Errorf("%s was sent: %v", name, got[name])
		}
	}
	post(t, s, state.RoomyDeployment, prompt("forgotten", 20))
	if err := s.Reset(); err != nil {
		t.Fatal(err)
	}
	s.Advance(2 * time.Minute)
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(w.rows) != 0 {
		t.Errorf("after a reset: %v", w.rows)
	}
}
