package emulator_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/azptu/azptu/internal/emulator"
)

// fineTune gives an account a fine-tuned model, by the emulator's own API.
func fineTune(t *testing.T, s *emulator.Server, account, model, version, suffix string) (status int, answer map[string]string) {
	t.Helper()
	body, err := json.Marshal(map[string]string{"account": account, "model": model, "version": version, "suffix": suffix})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.Endpoints.AdminURL+"/fine-tuned", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, answer
}

// tuner is an account in a region where models can be fine-tuned.
const tuner = "{gcs}/accounts/tuner"

// makeTuned makes it, with a model of its own.
func makeTuned(r *rest) {
	makeAccount("tuner", "OpenAI", "S0", "swedencentral")(r)
	if status, answer := fineTune(r.t, r.s, accountID(r, "tuner"), "gpt-4o-mini", "2024-07-18", "demo"); status != http.StatusCreated {
		r.t.Fatalf("fine-tuning: %d %v", status, answer)
	}
}

func accountID(r *rest, name string) string {
	return "/subscriptions/" + r.s.Endpoints.SubscriptionID + "/resourceGroups/" + r.s.Endpoints.ResourceGroup + "/providers/Microsoft.CognitiveServices/accounts/" + name
}

// A fine-tuned model is listed with its base, is deployed by its account alone,
// answers, is limited in number, and goes with a reset.
func TestFineTunedModel(t *testing.T) {
	s := start(t, emulator.Config{})
	r := newRest(t, s)
	makeTuned(r)
	_, made := fineTune(t, s, accountID(r, "tuner"), "gpt-4o-mini", "2024-07-18", "")
	name := made["name"]
	if !strings.HasPrefix(name, "gpt-4o-mini-2024-07-18.ft-") {
		t.Fatalf("made %v", made)
	}
	if got := baseOf(t, r.must("GET", tuner+"/models", v2025, nil).raw, name); got != "gpt-4o-mini 2024-07-18" {
		t.Errorf("the base of %s is listed as %q", name, got)
	}
	if got := baseOf(t, r.must("GET", "{acc}/models", v2025, nil).raw, name); got != "" {
		t.Error("another account lists it")
	}
	order := map[string]any{"sku": map[string]any{"name": "GlobalStandard", "capacity": 10}, "properties": map[string]any{"model": map[string]any{"format": "OpenAI", "name": name, "version": "1"}}}
	if a := r.do("PUT", "{acc}/deployments/mine", v2025, order); a.status != 400 || !strings.Contains(string(a.raw), "DeploymentModelNotSupported") {
		t.Errorf("another account's deployment: %d %s", a.status, a.raw)
	}
	r.must("PUT", tuner+"/deployments/mine", v2025, order)
	account := r.must("GET", tuner, v2025, nil)
	root := member(t, account.raw, "properties", "endpoint")
	key := member(t, r.must("POST", tuner+"/listKeys", v2025, nil).raw, "key1")
	ask := func(method, path, body string) (int, string) {
		q, err := http.NewRequestWithContext(t.Context(), method, strings.TrimSuffix(root, "/")+path+"?api-version=2024-10-21", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Api-Key", key)
		resp, err := s.Client().Do(q)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(text)
	}
	if status, text := ask("POST", "/openai/deployments/mine/chat/completions", `{"messages":[{"role":"user","content":"Hello"}]}`); status != 200 || !strings.Contains(text, `"model":"`+name+`"`) {
		t.Errorf("asked for an answer: %d %s", status, text)
	}
	if status, text := ask("GET", "/openai/models", ""); status != 200 || !strings.Contains(text, `"model":"gpt-4o-mini-2024-07-18","id":"`+name+`"`) {
		t.Errorf("asked for the models: %d, %d bytes", status, len(text))
	}
	if status, text := ask("GET", "/openai/models/"+name, ""); status != 200 || !strings.Contains(text, `"id":"`+name+`"`) {
		t.Errorf("asked for the model: %d %s", status, text)
	}
	if usage := string(r.must("GET", "{cs}/locations/swedencentral/usages", v2025, nil).raw); !strings.Contains(usage, `"name":{"value":"OpenAI.FineTuned.Deployments","localizedValue":"Standard Fine-Tuned Deployments"},"currentValue":1`) {
		t.Error("the deployment is not counted as a fine-tuned one")
	}
	for i := range 7 {
		r.must("PUT", tuner+"/deployments/more-"+string(rune('a'+i)), v2025, order)
	}
	if a := r.do("PUT", tuner+"/deployments/too-many", v2025, order); a.status != 400 || !strings.Contains(string(a.raw), "InsufficientQuota") {
		t.Errorf("the ninth deployment: %d %s", a.status, a.raw)
	}
	if status, _ := fineTune(t, s, "", "gpt-4o-mini", "2024-07-18", ""); status != 400 {
		t.Errorf("fine-tuned in a region that does not: %d", status)
	}
	if err := s.Reset(); err != nil {
		t.Fatal(err)
	}
	makeAccount("tuner", "OpenAI", "S0", "swedencentral")(r)
	if baseOf(t, r.must("GET", tuner+"/models", v2025, nil).raw, name) != "" {
		t.Error("the model outlives a reset")
	}
}

// baseOf finds a model in a list and names its base.
func baseOf(t *testing.T, raw []byte, name string) string {
	t.Helper()
	var list struct {
		Value []struct {
			Name      string
			BaseModel struct{ Name, Version string }
		}
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		t.Fatal(err)
	}
	for _, m := range list.Value {
		if m.Name == name {
			return m.BaseModel.Name + " " + m.BaseModel.Version
		}
	}
	return ""
}

// member finds a text in a document.
func member(t *testing.T, raw []byte, path ...string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	for _, name := range path {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	s, _ := v.(string)
	return s
}
