package prices

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/azptu/azptu/internal/catalog"
	"github.com/azptu/azptu/internal/ptu"
)

const sample = `{"BillingCurrency":"USD","Items":[
{"currencyCode":"USD","retailPrice":1.0,"armRegionName":"eastus","productName":"Azure OpenAI","skuName":"Provisioned Managed Global","meterName":"Provisioned Managed Global Unit","type":"Consumption"},
{"currencyCode":"USD","retailPrice":2.0,"armRegionName":"eastus","productName":"Azure OpenAI","skuName":"Provisioned Managed Regional","meterName":"Provisioned Managed Regional Unit","type":"Consumption"},
{"currencyCode":"USD","retailPrice":2916,"armRegionName":"eastus","productName":"Azure AI Foundry Provisioned Throughput Reservation","skuName":"Provisioned Managed Regional","meterName":"Provisioned Managed Regional Unit","type":"Reservation","reservationTerm":"1 Year","unitOfMeasure":"1/Hour"},
{"currencyCode":"USD","retailPrice":9,"armRegionName":"eastus","productName":"Azure OpenAI","skuName":"gpt-4o","meterName":"gpt-4o input","type":"Consumption"}],"NextPageLink":null}`

func TestUnits(t *testing.T) {
	asked, broken := 0, false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		if broken {
			http.Error(w, "down", http.StatusServiceUnavailable)
			return
		}
		if !strings.Contains(r.URL.Query().Get("$filter"), "serviceName eq 'Foundry Models'") || r.URL.Query().Get("currencyCode") != "USD" {
			t.Errorf("asked %s", r.URL)
		}
		_, _ = io.WriteString(w, sample)
	}))
	defer server.Close()
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	c := &Client{Root: server.URL, Transport: http.DefaultTransport, Dir: t.TempDir(), Now: func() time.Time { return now }}

	a, err := c.Units(context.Background(), "eastus", "USD")
	if err != nil || len(a.Units) != 2 || a.Stale {
		t.Fatalf("%+v, %v", a, err)
	}
	if u := a.Units[1]; u.Type != ptu.Regional || u.Hourly != 2 || u.Terms[catalog.OneYear] != 2916 || u.Region != "eastus" {
		t.Errorf("regional: %+v", u)
	}

	// Fresh for a day; kept for longer when the API is down, and said so.
	broken = true
	now = now.Add(23 * time.Hour)
	if a, err = c.Units(context.Background(), "eastus", "USD"); err != nil || a.Stale || asked != 1 {
		t.Errorf("after 23 hours: %+v, %v, asked %d times", a, err, asked)
	}
	now = now.Add(2 * time.Hour)
	if a, err = c.Units(context.Background(), "eastus", "USD"); err != nil || !a.Stale || len(a.Units) != 2 || now.Sub(a.At) != 25*time.Hour {
		t.Errorf("after 25 hours: %+v, %v", a, err)
	}
	if _, err = c.Units(context.Background(), "westus", "USD"); err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("nothing kept: %v", err)
	}
}

func TestHostileAnswers(t *testing.T) {
	for _, body := range []string{``, `[]`, `{"Items":`, `{"Items":[],"NextPageLink":"https://evil.example/"}`} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, body) }))
		c := &Client{Root: server.URL, Transport: http.DefaultTransport, Now: time.Now}
		if a, err := c.Units(context.Background(), "", "USD"); err == nil {
			t.Errorf("%q was taken: %+v", body, a)
		}
		server.Close()
	}
	endless := httptest.NewServer(nil)
	endless.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"Items":[],"NextPageLink":"`+endless.URL+`/more"}`)
	})
	defer endless.Close()
	c := &Client{Root: endless.URL, Transport: http.DefaultTransport, Now: time.Now}
	if _, err := c.Units(context.Background(), "", "USD"); err == nil || !strings.Contains(err.Error(), "does not end") {
		t.Errorf("an endless list: %v", err)
	}
}

func TestDamagedCacheIsNoPrice(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, sample) }))
	defer server.Close()
	dir := t.TempDir()
	c := &Client{Root: server.URL, Transport: http.DefaultTransport, Dir: dir, Now: time.Now}
	if _, err := c.Units(context.Background(), "", "USD"); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v", files, err)
	}
	if err := os.WriteFile(files[0], []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if a, err := c.Units(context.Background(), "", "USD"); err != nil || len(a.Units) != 2 {
		t.Errorf("%+v, %v", a, err)
	}
}

// The published sample, where it is at hand.
func TestPublishedSample(t *testing.T) {
	root := os.Getenv("AZPTU_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "..", "shared")
	}
	raw, err := os.ReadFile(filepath.Join(root, "azure", "retail-prices-sample.json"))
	if err != nil {
		t.Log("left out: the published sample; our own above instead")
		raw = []byte(sample)
	}
	var body struct{ Items []row }
	if err := json.Unmarshal(raw, &body); err != nil {
		t.Fatal(err)
	}
	hourly := map[ptu.DeploymentType]float64{}
	for _, u := range gather(body.Items) {
		if u.Region == "eastus" {
			hourly[u.Type] = u.Hourly
		}
	}
	if hourly[ptu.Global] != 1 || hourly[ptu.Regional] != 2 {
		t.Errorf("%v", hourly)
	}
}
