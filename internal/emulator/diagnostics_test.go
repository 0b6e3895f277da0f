package emulator_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

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
