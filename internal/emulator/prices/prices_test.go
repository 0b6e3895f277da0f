package prices

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/azptu/azptu/internal/catalog"
)

var places = []Region{{"eastus", "East US", "US"}, {"swedencentral", "Sweden Central", "EU"}, {"japaneast", "Japan East", ""}, {"nowhere", "No Where", ""}}

func server(t *testing.T, regions []Region) *httptest.Server {
	s := httptest.NewServer(New(catalog.Builtin(), regions))
	t.Cleanup(s.Close)
	return s
}

type page struct {
	BillingCurrency, CustomerEntityId, CustomerEntityType string
	Items                                                 []Row
	NextPageLink                                          *string
	Count                                                 int
	Error                                                 struct{ Code, Message string }
}

func fetch(t *testing.T, link string) (int, page) {
	t.Helper()
	res, err := http.Get(link)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var p page
	if err := json.NewDecoder(res.Body).Decode(&p); err != nil && res.StatusCode != 404 {
		t.Fatalf("%s: %v", link, err)
	}
	return res.StatusCode, p
}

func ask(t *testing.T, s *httptest.Server, filter string, more ...string) (int, page) {
	t.Helper()
	q := url.Values{"$filter": {filter}}
	for i := 0; i+1 < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	return fetch(t, s.URL+Path+"?"+q.Encode())
}

func TestUnits(t *testing.T) {
	s := server(t, places)
	for _, c := range []struct {
		filter string
		want   string // region meter price unit term
	}{
		{"serviceName eq 'Foundry Models' and armRegionName eq 'eastus' and productName eq 'Azure OpenAI' and unitOfMeasure eq '1/Hour'",
			"Provisioned Managed Data Zone Unit 1.1 1/Hour ; Provisioned Managed Global Unit 1 1/Hour ; Provisioned Managed Regional Unit 2 1/Hour "},
		{"armRegionName eq 'japaneast' and productName eq 'Azure OpenAI' and contains(meterName, 'Provisioned')",
			"Provisioned Managed Global Unit 1 1/Hour ; Provisioned Managed Regional Unit 2 1/Hour "},
		{"armRegionName eq 'eastus' and productName eq 'Azure Llama Models'", "Provisioned Managed Data Zone Unit 1.1 1/Hour ; Provisioned Managed Global Unit 1 1/Hour "},
		{"productName eq 'Azure AI Foundry Provisioned Throughput Reservation' and armRegionName eq 'swedencentral' and priceType eq 'Reservation'",
			"Provisioned Managed Global Unit 260 1/Hour 1 Month; Provisioned Managed Global Unit 2652 1/Hour 1 Year; Provisioned Managed Regional Unit 2916 1/Hour 1 Year"},
		{"reservationTerm eq '1 Month' and location eq 'SE Central'", "Provisioned Managed Global Unit 260 1/Hour 1 Month"},
		{"meterId eq 'defbc4b5-293c-5481-89dc-9017183ec9ef' and armRegionName eq 'eastus' and priceType eq 'Consumption'", "Provisioned Managed Global Unit 1 1/Hour "},
		{"serviceName eq 'Azure OpenAI'", ""},
		{"currencyCode eq 'EUR'", ""},
		{"priceType eq 'SavingsPlan' or priceType eq 'devtestconsumption'", ""},
	} {
		code, p := ask(t, s, c.filter)
		var got []string
		for _, r := range p.Items {
			got = append(got, fmt.Sprint(r.MeterName, " ", r.RetailPrice, " ", r.Unit, " ", r.Term))
			if r.UnitPrice != r.RetailPrice || r.ServiceName != "Foundry Models" || r.CurrencyCode != "USD" || len(r.MeterID) != 36 {
				t.Errorf("%+v", r)
			}
		}
		if text := joined(got); code != 200 || text != c.want || p.Count != len(p.Items) {
			t.Errorf("%s: %d %q, want %q", c.filter, code, text, c.want)
		}
	}
}

func joined(list []string) string {
	for i := range list {
		for j := i + 1; j < len(list); j++ {
			if list[j] < list[i] {
				list[i], list[j] = list[j], list[i]
			}
		}
	}
	return strings.Join(list, "; ")
}

func TestTokenMeters(t *testing.T) {
	s := server(t, places)
	price := func(filter, version string) (string, int) {
		t.Helper()
		_, p := ask(t, s, "armRegionName eq 'eastus' and "+filter, "api-version", version)
		var got []string
		for _, r := range p.Items {
			got = append(got, fmt.Sprintf("%s %g/%s", r.MeterName, r.RetailPrice, r.Unit))
		}
		return joined(got), len(got)
	}
	if got, _ := price("productName eq 'Azure OpenAI GPT5' and contains(meterName,' Gl ') and startswith(meterName,'5 mini')", ""); got != "5 mini Inp Gl 1M Tokens 0.25/1M; 5 mini Opt Gl 1M Tokens 2/1M; 5 mini cd Inp Gl 1M Tokens 0.025/1M" {
		t.Error(got)
	}
	if got, _ := price("contains(meterName,'gpt-4o-0806') and contains(tolower(meterName),'dzone')", "2023-01-01-preview"); got != "gpt-4o-0806-Inp-DZone Tokens 0.00275/1K; gpt-4o-0806-Outp-DZone Tokens 0.011/1K; gpt-4o-0806-cached-Inp-DZone Tokens 0.001375/1K" {
		t.Error(got)
	}
	if got, _ := price("meterName eq 'text-embedding-3-large-regional Tokens'", ""); got != "text-embedding-3-large-regional Tokens 0.000143/1K" {
		t.Error(got)
	}
	// The case of values counts from 2023-01-01-preview on.
	if _, n := price("productName eq 'azure openai gpt5'", ""); n == 0 {
		t.Error("an old api-version does not mind the case")
	}
	if _, n := price("productName eq 'azure openai gpt5'", "2023-01-01-preview"); n != 0 {
		t.Error("a new api-version minds the case")
	}
	if _, n := price("contains(skuName, 'glbl') ne true and contains(skuName, 'Gl') eq false and priceType eq 'Consumption' and unitOfMeasure eq '1K' and (contains(skuName,'regnl') or contains(skuName,'regional')) eq true", ""); n != 0 {
		t.Error("a parenthesis has no value to compare")
	}
}

func TestPaging(t *testing.T) {
	var many []Region
	for i := range 30 {
		many = append(many, Region{fmt.Sprint("r", i), fmt.Sprint("R ", i), "US"})
	}
	s := server(t, many)
	link := s.URL + Path + "?api-version=2023-01-01-preview&currencyCode='EUR'&meterRegion='primary'&$filter=" + url.PathEscape("serviceName eq 'Foundry Models' and priceType eq 'Consumption'")
	seen, pages := map[string]bool{}, 0
	for link != "" {
		code, p := fetch(t, link)
		if code != 200 || p.BillingCurrency != "EUR" || p.CustomerEntityId != "Default" || p.CustomerEntityType != "Retail" {
			t.Fatalf("%d %+v", code, p)
		}
		for _, r := range p.Items {
			if seen[r.SKUID] {
				t.Fatalf("%s comes twice", r.SKUID)
			}
			seen[r.SKUID] = true
			if r.CurrencyCode != "EUR" {
				t.Fatalf("%+v", r)
			}
		}
		pages++
		link = ""
		if p.NextPageLink != nil {
			if len(p.Items) != 1000 {
				t.Errorf("a page of %d that is not the last", len(p.Items))
			}
			if link = *p.NextPageLink; !strings.Contains(link, "$filter=serviceName%20eq%20%27Foundry%20Models%27") || !strings.Contains(link, "&$skip=") {
				t.Errorf("link %s", link)
			}
		}
	}
	if pages < 3 || len(seen) < 2000 {
		t.Errorf("%d rows on %d pages", len(seen), pages)
	}
	if _, p := fetch(t, s.URL+Path+"?$top=3&$skip=1"); p.Count != 3 || p.NextPageLink != nil || p.BillingCurrency != "USD" {
		t.Errorf("top: %d rows, more %v", p.Count, p.NextPageLink)
	}
}

func TestRefusals(t *testing.T) {
	s := server(t, places)
	chain := "armSkuName eq 'a'" + strings.Repeat(" or armSkuName eq 'b'", 20)
	for filter, why := range map[string]string{
		"not(contains(productName,'Windows'))":      "not",
		"armSkuName in ('a','b')":                   "in",
		"indexof(location, ' ') ne -1":              "indexof",
		"priceType eq 'NotAType'":                   "kind of price",
		"termType eq 'x'":                           "unknown field",
		"type eq 'Consumption'":                     "name of the row's field, not the filter's",
		"servicename eq 'x'":                        "case of a field",
		"savingsPlan/any(t: t/term eq '1 Year')":    "lambda",
		"serviceName eq 'x":                         "unfinished text",
		"serviceName eq":                            "unfinished comparison",
		"serviceName eq 'x' and":                    "unfinished conjunction",
		"(serviceName eq 'x'":                       "unfinished parenthesis",
		"serviceName gt 'x'":                        "gt",
		"retailPrice eq 'x'":                        "text for a number",
		"contains(serviceName)":                     "one argument",
		chain:                                       "21 comparisons",
		strings.Repeat("(", 40) + "serviceName":     "nesting",
		"serviceName eq 'x' serviceName eq 'y'":     "nothing in between",
		strings.Repeat("tolower(", 50) + "location": "nested calls",
	} {
		code, p := ask(t, s, filter)
		if code != 400 || p.Error.Code != "BadRequest" || p.Error.Message != "Invalid OData parameters supplied" {
			t.Errorf("%s: %d %+v", why, code, p.Error)
		}
	}
	if code, p := ask(t, s, "", "api-version", "2023-01-01"); code != 400 || p.Error.Message != "Unsupported API version" {
		t.Errorf("api-version: %d %+v", code, p.Error)
	}
	if code, _ := ask(t, s, "", "currencyCode", "XXX"); code != 400 {
		t.Errorf("currency: %d", code)
	}
	if code, _ := ask(t, s, "", "$skip", "-1"); code != 400 {
		t.Errorf("skip: %d", code)
	}
	if code, _ := ask(t, s, "serviceName eq '"+strings.Repeat("x", 2100)+"'"); code != 404 {
		t.Errorf("a long URL: %d", code)
	}
	if code, _ := fetch(t, s.URL+"/api/other"); code != 404 {
		t.Errorf("another path: %d", code)
	}
	res, err := http.Post(s.URL+Path, "application/json", nil)
	if err != nil || res.StatusCode != 405 {
		t.Errorf("POST: %v %v", err, res.StatusCode)
	}
	res.Body.Close()
}

// TestPublishedRows holds our rows against those put together from published
// prices, where they are at hand.
func TestPublishedRows(t *testing.T) {
	text, err := os.ReadFile(sample())
	if err != nil {
		t.Log("left out: the sample is not here")
		return
	}
	var want page
	var keys struct{ Items []map[string]any }
	if json.Unmarshal(text, &want) != nil || json.Unmarshal(text, &keys) != nil || len(want.Items) == 0 {
		t.Fatal("the sample cannot be read")
	}
	s := server(t, places)
	for i, w := range want.Items {
		_, p := ask(t, s, fmt.Sprintf("armRegionName eq '%s' and productName eq '%s' and skuName eq '%s' and priceType eq '%s' and reservationTerm eq '%s'", w.Region, w.ProductName, w.SKUName, w.Type, w.Term))
		if len(p.Items) != 1 {
			t.Errorf("%s %s: %d rows", w.SKUName, w.Term, len(p.Items))
			continue
		}
		g := p.Items[0]
		if !strings.HasPrefix(w.MeterID, "SYNTHETIC") && g.MeterID != w.MeterID {
			t.Errorf("%s: meter %s, want %s", w.SKUName, g.MeterID, w.MeterID)
		}
		g.MeterID, g.ProductID, g.SKUID, g.ServiceID = w.MeterID, w.ProductID, w.SKUID, w.ServiceID // made up on both sides
		if g != w {
			t.Errorf("row %+v\nwant %+v", g, w)
		}
		var ours map[string]any
		b, _ := json.Marshal(p.Items[0])
		_ = json.Unmarshal(b, &ours)
		if len(ours) != len(keys.Items[i]) {
			t.Errorf("fields %v, want %v", ours, keys.Items[i])
		}
	}
}

func sample() string {
	root := os.Getenv("AZPTU_SHARED")
	if root == "" {
		dir, _ := os.Getwd()
		for dir != filepath.Dir(dir) {
			if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
				break
			}
			dir = filepath.Dir(dir)
		}
		root = filepath.Join(dir, "..", "shared")
	}
	return filepath.Join(root, "azure", "retail-prices-sample.json")
}

func FuzzFilter(f *testing.F) {
	for _, s := range []string{
		"serviceName eq 'Foundry Models' and armRegionName eq 'eastus'", "contains(tolower(meterName),'glbl') ne true", "(a eq 'b')", "retailPrice eq 1.5 or isPrimaryMeterRegion ne false",
		"meterName eq 'it''s'", "contains(", "tolower(tolower(location)) eq 'x'", "((((", "'",
	} {
		f.Add(s)
	}
	row := &Row{MeterName: "m", Type: "Consumption"}
	f.Fuzz(func(t *testing.T, s string) {
		for _, sensitive := range []bool{true, false} {
			if judge, err := parse(s, sensitive); err == nil {
				judge(row)
			}
		}
	})
}
