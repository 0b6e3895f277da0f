package arm

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/catalog"
	"github.com/azptu/azptu/internal/emulator/state"
)

// somebody takes every token for one caller's.
type somebody Caller

func (s somebody) VerifyARM(context.Context, string) (Caller, error) { return Caller(s), nil }

func testHandler(tb testing.TB) *Handler {
	tb.Helper()
	world, err := state.New(state.Config{Clock: state.NewClock(time.Now, 1), Catalog: catalog.Builtin(), Random: func(b []byte) { _, _ = rand.Read(b) }})
	if err != nil {
		tb.Fatal(err)
	}
	client, _ := world.ClientNamed(state.FirstClient)
	return New(Config{State: world, Verify: somebody{ObjectID: client.ObjectID, ClientID: client.ClientID}, Root: "https://root", Authority: "https://authority", Wall: time.Now})
}

// FuzzHandler sends arbitrary requests: nothing breaks, and whatever is refused
// is refused in Resource Manager's JSON.
func FuzzHandler(f *testing.F) {
	const account = "/subscriptions/" + state.FirstSubscription + "/resourceGroups/" + state.FirstGroup + "/providers/Microsoft.CognitiveServices/accounts/" + state.FirstAccount
	f.Add("PUT", account+"/deployments/x1", "2025-09-01", `{"sku":{"name":"Standard","capacity":1},"properties":{"model":{"format":"OpenAI","name":"gpt-4o"}}}`)
	f.Add("PATCH", account, "2026-05-15-preview", `{"properties":{"disableLocalAuth":null,"networkAcls":{"a":[1,{}]}},"sku":{}}`)
	f.Add("PATCH", account+"/deployments/gpt-4o-ptu", "2025-09-01", `{"sku":{"capacity":150}}`)
	f.Add("PUT", account+"/projects/p", "2025-09-01", `{"identity":{"type":"SystemAssigned"},"properties":{"a":1}}`)
	f.Add("PUT", account+"/commitmentPlans/p", "2025-09-01", `{"properties":{"hostingModel":"Web","planType":"TA","current":{"tier":"T1","count":-1}}}`)
	f.Add("GET", account+"/providers/Microsoft.Insights/diagnosticSettings", "2021-05-01-preview", ``)
	f.Add("PUT", "/subscriptions//providers/%2f/providers/Microsoft.Authorization/roleAssignments/x", "2022-04-01", `{"properties":[]}`)
	f.Add("GET", account+"/models?$skipToken=9999999999999999999", "2025-09-01", ``)
	h := testHandler(f)
	f.Fuzz(func(t *testing.T, method, path, version, body string) {
		path, query, _ := strings.Cut(path, "?")
		u := &url.URL{Path: "/" + strings.TrimLeft(path, "/"), RawQuery: query + "&api-version=" + url.QueryEscape(version)}
		q := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", strings.NewReader(body))
		q.Method, q.URL = method, u
		q.Header.Set("Authorization", "Bearer x")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, q)
		var refused errorBody
		if w.Code >= 500 || w.Code >= 400 && w.Body.Len() > 0 && (json.Unmarshal(w.Body.Bytes(), &refused) != nil || refused.Error.Code == "") {
			t.Errorf("%s %q %s: %d %s", method, path, body, w.Code, w.Body)
		}
	})
}

// BenchmarkModels is the largest answer there is.
func BenchmarkModels(b *testing.B) {
	h := testHandler(b)
	b.ReportAllocs()
	for b.Loop() {
		q := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/subscriptions/"+state.FirstSubscription+"/providers/Microsoft.CognitiveServices/locations/eastus/models?api-version=2025-09-01", nil)
		q.Header.Set("Authorization", "Bearer x")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, q)
		if w.Code != http.StatusOK {
			b.Fatal(w.Body)
		}
	}
}
