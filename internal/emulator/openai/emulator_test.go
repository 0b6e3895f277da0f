package openai

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

const testKey = "0123456789abcdef0123456789abcdef"

// directory is a Directory of one account.
type directory struct {
	mu          sync.Mutex
	deployments map[string]Deployment
}

func (d *directory) Authorize(_ context.Context, _, apiKey, bearer string) (string, error) {
	if apiKey == testKey || bearer == "a.valid.token" {
		return "contoso", nil
	}
	return "", &AuthError{Status: 401, Code: "401", Message: "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active subscription and use a correct regional API endpoint for your resource."}
}

func (d *directory) Deployment(_, name string) (Deployment, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	found, ok := d.deployments[strings.ToLower(name)]
	return found, ok
}

func (d *directory) Deployments(string) []Deployment {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []Deployment
	for _, name := range sortedKeys(d.deployments) {
		all = append(all, d.deployments[name])
	}
	return all
}

func (d *directory) put(all ...Deployment) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.deployments == nil {
		d.deployments = map[string]Deployment{}
	}
	for _, one := range all {
		one.Account, one.Location, one.LocationDisplay, one.Format, one.State = "contoso", "eastus2", "East US 2", "OpenAI", "Succeeded"
		one.ID = "/deployments/" + one.Name
		one.Epoch = d.deployments[one.Name].Epoch + 1
		d.deployments[one.Name] = one
	}
}

// world is a data plane on a listener, with a clock that a test moves.
type world struct {
	t     testing.TB
	dir   *directory
	h     *Handler
	srv   *httptest.Server
	calls *calls
	clock *clock
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// calls is an Observer that keeps everything.
type calls struct {
	mu  sync.Mutex
	all []Call
}

func (c *calls) Observe(call *Call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, *call)
}

func (c *calls) take() []Call {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := c.all
	c.all = nil
	return all
}

var usualDeployments = []Deployment{
	{Name: "ptu", Model: "gpt-4o", Version: "2024-08-06", SKU: "ProvisionedManaged", Capacity: 100},
	{Name: "small", Model: "gpt-4o-mini", Version: "2024-07-18", SKU: "GlobalProvisionedManaged", Capacity: 15},
	{Name: "standard", Model: "gpt-4.1-mini", Version: "2025-04-14", SKU: "GlobalStandard", Capacity: 120},
	{Name: "turbo", Model: "gpt-35-turbo", Version: "0125", SKU: "Standard", Capacity: 120},
	{Name: "turbo-0301", Model: "gpt-35-turbo", Version: "0301", SKU: "Standard", Capacity: 1},
	{Name: "embed", Model: "text-embedding-3-small", Version: "1", SKU: "Standard", Capacity: 120},
	{Name: "gpt5", Model: "gpt-5", Version: "2025-08-07", SKU: "GlobalStandard", Capacity: 1000},
	{Name: "long", Model: "gpt-4.1", Version: "2025-04-14", SKU: "GlobalProvisionedManaged", Capacity: 100},
}

func newWorld(t testing.TB, change func(*Config)) *world {
	t.Helper()
	w := &world{t: t, dir: &directory{}, calls: &calls{}, clock: &clock{now: time.Date(2026, 3, 31, 13, 24, 6, 0, time.UTC)}}
	w.dir.put(usualDeployments...)
	cfg := Config{Directory: w.dir, Observer: w.calls, Now: w.clock.Now, Seed: 7}
	if change != nil {
		change(&cfg)
	}
	h, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	w.h = h
	w.srv = httptest.NewServer(h)
	t.Cleanup(w.srv.Close)
	return w
}

const dated = "?api-version=2024-10-21"

func chatPath(deployment string) string {
	return "/openai/deployments/" + deployment + "/chat/completions" + dated
}

// reply is a whole answer.
type reply struct {
	status int
	header http.Header
	body   []byte
}

func (w *world) post(path, body string, headers ...string) reply {
	w.t.Helper()
	return w.do(http.MethodPost, path, body, headers...)
}

func (w *world) do(method, path, body string, headers ...string) reply {
	w.t.Helper()
	req, err := http.NewRequest(method, w.srv.URL+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("api-key", testKey)
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
		if headers[i+1] == "" {
			req.Header.Del(headers[i])
		}
	}
	res, err := w.srv.Client().Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return reply{res.StatusCode, res.Header, got}
}

// decode reads an answer; the test fails when it is not JSON.
func (r reply) decode(t testing.TB) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(r.body, &v); err != nil {
		t.Fatalf("%d %s: %v", r.status, r.body, err)
	}
	return v
}

// at walks into decoded JSON: names, and numbers for elements.
func at(v any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[step]
		case int:
			l, _ := v.([]any)
			if step >= len(l) {
				return nil
			}
			v = l[step]
		}
	}
	return v
}

func number(v any, path ...any) int {
	f, _ := at(v, path...).(float64)
	return int(f)
}

func text(v any, path ...any) string {
	s, _ := at(v, path...).(string)
	return s
}

// request is a POST with the key, for tests that send it their own way.
func request(t testing.TB, w *world, path, body string) *http.Request {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, w.srv.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("api-key", testKey)
	return req
}
