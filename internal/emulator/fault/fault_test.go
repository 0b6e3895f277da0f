package fault

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// world notes what faults did to it.
type world []string

func (w *world) SetCapacity(location, sku string, units int) error {
	if location == "atlantis" {
		return errors.New("no such location: atlantis")
	}
	*w = append(*w, fmt.Sprint("capacity ", location, " ", sku, " ", units))
	return nil
}

func (w *world) SetQuota(location, row string, limit int) error {
	*w = append(*w, fmt.Sprint("quota ", location, " ", row, " ", limit))
	return nil
}

// newSet makes a set with a clock that stands, luck that is told, and timers
// that are rung by hand.
func newSet(luck float64) (s *Set, w *world, ring func()) {
	w = &world{}
	var timers []func()
	s = New(Config{
		World: w, Wall: func() time.Time { return time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC) }, Luck: func() float64 { return luck },
		After: func(_ time.Duration, f func()) func() bool {
			timers = append(timers, f)
			return func() bool { return true }
		},
	})
	return s, w, func() {
		for _, f := range timers {
			f()
		}
	}
}

func add(t *testing.T, s *Set, text string) Fault {
	t.Helper()
	var f Fault
	if err := json.Unmarshal([]byte(text), &f); err != nil {
		t.Fatal(err)
	}
	f, err := s.Add(f)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return f
}

func TestEffects(t *testing.T) {
	for text, want := range map[string]Effect{
		`{"kind":"latency","delay":"2s","jitter":"1s"}`:                                {Delay: 2500 * time.Millisecond},
		`{"kind":"throttle","retryAfter":"7s"}`:                                        {Status: 429, RetryAfter: 7 * time.Second},
		`{"kind":"error"}`:                                                             {Status: 500},
		`{"kind":"error","status":503,"code":"Busy","message":"no","retryAfter":"1s"}`: {Status: 503, Code: "Busy", Message: "no", RetryAfter: time.Second},
		`{"kind":"error","status":418}`:                                                {Status: 418, Code: "I'mateapot", Message: "The call failed by a fault of the emulator."},
		`{"kind":"slow-stream","delay":"50ms"}`:                                        {EventDelay: 50 * time.Millisecond},
		`{"kind":"cut-stream","after":2}`:                                              {CutAfter: 2},
		`{"kind":"cut-stream"}`:                                                        {CutAfter: 3},
		`{"kind":"reset"}`:                                                             {Reset: true},
		`{"kind":"hang"}`:                                                              {Hang: true},
		`{"kind":"expired-token"}`:                                                     {},
		`{"kind":"clock-skew","skew":"-5m"}`:                                           {},
		`{"kind":"error","percent":51}`:                                                {Status: 500},
		`{"kind":"error","percent":50}`:                                                {},
		`{"kind":"reset","account":"CONTOSO","deployment":"Chat","region":"East US"}`: {Reset: true},
		`{"kind":"reset","account":"/subscriptions/s/x/contoso","region":"eastus"}`:   {Reset: true},
		`{"kind":"reset","account":"fabrikam"}`:                                       {},
		`{"kind":"reset","deployment":"other"}`:                                       {},
		`{"kind":"reset","region":"westus"}`:                                          {},
		`{"kind":"reset","service":"arm"}`:                                            {},
		`{"kind":"reset","service":"data"}`:                                           {Reset: true},
		`{"kind":"capacity","region":"eastus"}`:                                       {},
	} {
		s, _, _ := newSet(0.5)
		add(t, s, text)
		if got := s.Strike(Place{Account: "/subscriptions/s/x/contoso", Deployment: "chat", Region: "eastus"}); got != want {
			t.Errorf("%s: %+v, want %+v", text, got, want)
		}
	}
}

func TestCountAndDuration(t *testing.T) {
	s, _, ring := newSet(0)
	add(t, s, `{"kind":"throttle","count":2}`)
	f := add(t, s, `{"kind":"latency","delay":"1s","for":"30s"}`)
	if f.Until.Sub(f.Since) != 30*time.Second {
		t.Errorf("until %v", f.Until)
	}
	for i, want := range []int{429, 429, 0, 0} {
		if e := s.Strike(Place{}); e.Status != want || e.Delay != time.Second {
			t.Errorf("call %d: %+v", i, e)
		}
	}
	if list := s.List(); len(list) != 1 || list[0].Hits != 4 {
		t.Errorf("%+v", list)
	}
	ring()
	if e := s.Strike(Place{}); e != (Effect{}) || len(s.List()) != 0 {
		t.Errorf("after its time: %+v", e)
	}
}

func TestWorld(t *testing.T) {
	s, w, ring := newSet(0)
	f := add(t, s, `{"kind":"capacity","region":"eastus","sku":"ProvisionedManaged"}`)
	add(t, s, `{"kind":"quota","region":"westus","row":"OpenAI.Standard.gpt-4o","units":3,"for":"1m"}`)
	if !s.Remove(f.ID) || s.Remove(f.ID) {
		t.Error("a fault is removed once")
	}
	ring()
	add(t, s, `{"kind":"quota","region":"westus"}`)
	if n := s.Clear(); n != 1 {
		t.Errorf("%d cleared", n)
	}
	want := "capacity eastus ProvisionedManaged 0; quota westus OpenAI.Standard.gpt-4o 3; capacity eastus ProvisionedManaged -1; quota westus OpenAI.Standard.gpt-4o -1"
	if got := strings.Join(*w, "; "); !strings.HasPrefix(got, want) || len(*w) != 4+6 {
		t.Errorf("%s", got)
	}
	if _, err := s.Add(Fault{Kind: "capacity", Region: "atlantis"}); err == nil || len(s.List()) != 0 {
		t.Errorf("a place that is not: %v", err)
	}
}

func TestTokensAndClock(t *testing.T) {
	s, _, _ := newSet(0)
	if s.TokenExpired(Place{}) || s.Skew() != 0 {
		t.Error("faults without any")
	}
	add(t, s, `{"kind":"expired-token","account":"contoso","count":1}`)
	if s.TokenExpired(Place{Account: "other"}) || !s.TokenExpired(Place{Account: "contoso"}) || s.TokenExpired(Place{Account: "contoso"}) {
		t.Error("one token of one account expires")
	}
	add(t, s, `{"kind":"clock-skew","skew":"-5m"}`)
	rec := httptest.NewRecorder()
	s.Dates(http.NotFoundHandler()).ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/", nil))
	if got := rec.Header().Get("Date"); got != "Sun, 22 Nov 2026 09:55:00 GMT" {
		t.Errorf("Date %s", got)
	}
}

func TestResourceManager(t *testing.T) {
	s, _, _ := newSet(0)
	server := httptest.NewServer(s.Manager(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })))
	defer server.Close()
	get := func(path string) (*http.Response, error) {
		res, err := http.Get(server.URL + path)
		if err == nil {
			res.Body.Close()
		}
		return res, err
	}
	const path = "/subscriptions/s/resourceGroups/g/providers/Microsoft.CognitiveServices/accounts/contoso/deployments/chat"
	add(t, s, `{"kind":"throttle","service":"arm","retryAfter":"1500ms","account":"contoso"}`)
	if res, err := get(path); err != nil || res.StatusCode != 429 || res.Header.Get("Retry-After") != "2" {
		t.Errorf("throttled: %v %v", res, err)
	}
	if res, err := get("/subscriptions"); err != nil || res.StatusCode != 204 {
		t.Errorf("out of scope: %v %v", res, err)
	}
	s.Clear()
	add(t, s, `{"kind":"reset","service":"arm","deployment":"chat"}`)
	if _, err := get(path); err == nil {
		t.Error("reset: an answer came")
	}
	s.Clear()
	add(t, s, `{"kind":"error","service":"arm","status":503,"region":"eastus","delay":"1ms"}`)
	add(t, s, `{"kind":"latency","service":"arm","delay":"1ms"}`)
	if res, err := get("/subscriptions/s/providers/Microsoft.CognitiveServices/locations/eastus/usages"); err != nil || res.StatusCode != 503 {
		t.Errorf("error: %v %v", res, err)
	}
	s.Clear()
	add(t, s, `{"kind":"hang","service":"arm"}`)
	client := http.Client{Timeout: 50 * time.Millisecond}
	if _, err := client.Get(server.URL); err == nil {
		t.Error("hang: an answer came")
	}
}

func TestRefused(t *testing.T) {
	for _, text := range []string{
		`{"kind":"earthquake"}`, `{"kind":"hang","service":"dns"}`, `{"kind":"cut-stream","service":"arm"}`, `{"kind":""}`, `{"kind":"latency"}`, `{"kind":"latency","delay":"-1s"}`, `{"kind":"latency","delay":"1000h"}`,
		`{"kind":"error","status":200}`, `{"kind":"error","status":700}`, `{"kind":"error","percent":101}`, `{"kind":"error","percent":-1}`, `{"kind":"error","count":-1}`,
		`{"kind":"slow-stream"}`, `{"kind":"cut-stream","after":-1}`, `{"kind":"capacity"}`, `{"kind":"capacity","region":"eastus","count":1}`,
		`{"kind":"capacity","region":"eastus","units":-1}`, `{"kind":"quota"}`, `{"kind":"clock-skew"}`, `{"kind":"clock-skew","skew":"1m","region":"eastus"}`,
		`{"kind":"reset","message":"` + strings.Repeat("x", 5000) + `"}`,
	} {
		s, _, _ := newSet(0)
		var f Fault
		if err := json.Unmarshal([]byte(text), &f); err != nil {
			t.Fatal(err)
		}
		var bad *InvalidError
		if _, err := s.Add(f); !errors.As(err, &bad) || len(s.List()) != 0 {
			t.Errorf("%.60s: %v", text, err)
		}
	}
	s, _, _ := newSet(0)
	for range most {
		add(t, s, `{"kind":"hang"}`)
	}
	if _, err := s.Add(Fault{Kind: "hang"}); err == nil {
		t.Error("faults without end")
	}
}

func TestHandler(t *testing.T) {
	s, _, _ := newSet(0)
	server := httptest.NewServer(s.Handler())
	defer server.Close()
	do := func(method, path, body string) (int, string) {
		t.Helper()
		r, _ := http.NewRequestWithContext(t.Context(), method, server.URL+path, strings.NewReader(body))
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, _ := io.ReadAll(res.Body)
		return res.StatusCode, strings.TrimSpace(string(text))
	}
	for _, c := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"POST", "/faults", `{"kind":"latency","delay":"1s","deployment":"chat"}`, 201, `{"id":"f1","kind":"latency","deployment":"chat","percent":100,"delay":"1s"`},
		{"POST", "/faults", `{"kind":"latency","delay":"x"}`, 400, "250ms"},
		{"POST", "/faults", `{"kind":"latency","wait":"1s"}`, 400, "wait"},
		{"POST", "/faults", `{"kind":"quake"}`, 400, "want one of latency, throttle"},
		{"POST", "/faults", `nonsense`, 400, "cannot be read"},
		{"GET", "/faults", "", 200, `"kinds":[{"name":"latency"`},
		{"DELETE", "/faults/f9", "", 404, "no such fault"},
		{"DELETE", "/faults/f1", "", 200, `{"removed":1}`},
		{"DELETE", "/faults", "", 200, `{"removed":0}`},
		{"PUT", "/faults", "", 405, ""},
	} {
		if status, text := do(c.method, c.path, c.body); status != c.status || !strings.Contains(text, c.want) {
			t.Errorf("%s %s %s: %d %s", c.method, c.path, c.body, status, text)
		}
	}
}

func BenchmarkStrikeWithoutFaults(b *testing.B) {
	s, _, _ := newSet(0)
	for b.Loop() {
		s.Strike(Place{Account: "a", Deployment: "d"})
	}
}
