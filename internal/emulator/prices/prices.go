// Package prices is the Azure Retail Prices API of the emulator: a public list
// of meters, filtered by OData, in pages. Its rows are made from the prices of
// the catalog, for every region, under the names that Azure gives its meters,
// traps included: the service is called "Foundry Models", a reservation's price
// is for the whole term although its unit reads "1/Hour", token meters count
// thousands in old families and millions in new ones, and each family spells
// the deployment type its own way. Prices that the catalog does not know have
// no row. Ids of products and SKUs are ours (EMULATED), and so are meter ids
// other than the published ones and the rates of currencies.
package prices

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/azptu/azptu/internal/catalog"
)

// Path is where the API lives.
const Path = "/api/retail/prices"

const (
	pageSize = 1000
	// mostURL is the longest URL that Azure answers; longer ones are a 404
	// (measured by others on 2026-10-08).
	mostURL = 2048
)

// Region is a place that has prices.
type Region struct {
	Name    string // eastus
	Display string // East US
	Zone    string // data zone: US, EU or ""
}

// Prices answers the API. It needs no sign-in.
type Prices struct {
	rows func() []Row
}

// New makes the API over a catalog's prices. The rows are made when they are
// first asked for.
func New(c *catalog.Catalog, regions []Region) *Prices {
	return &Prices{rows: sync.OnceValue(func() []Row { return makeRows(c, regions) })}
}

type answer struct {
	BillingCurrency    string
	CustomerEntityID   string `json:"CustomerEntityId"`
	CustomerEntityType string
	Items              []Row
	NextPageLink       *string
	Count              int
}

// request is what was asked, understood.
type request struct {
	currency string
	rate     float64
	version  string
	filter   string
	matches  func(*Row) bool
	primary  bool
	skip     int
	top      int // rows wanted in all; 0: every one
}

// ServeHTTP answers GET /api/retail/prices.
func (p *Prices) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case !strings.EqualFold(strings.TrimSuffix(r.URL.Path, "/"), Path) || len(r.RequestURI) > mostURL:
		http.NotFound(w, r)
		return
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", http.MethodGet)
		refuse(w, http.StatusMethodNotAllowed, "MethodNotAllowed", "The requested resource does not support http method '"+r.Method+"'.")
		return
	}
	q, problem := understand(r.URL.RawQuery)
	if problem != "" {
		refuse(w, http.StatusBadRequest, "BadRequest", problem)
		return
	}
	write(w, http.StatusOK, p.page(q, r))
}

// The refusals of the API. The first two are Azure's words (seen by others in
// 2026); the last is ours.
const (
	badFilter   = "Invalid OData parameters supplied"
	badVersion  = "Unsupported API version"
	badCurrency = "Invalid currency code supplied"
)

func understand(raw string) (*request, string) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, badFilter
	}
	get := func(name string) string {
		for k, v := range values {
			if strings.EqualFold(k, name) {
				return strings.TrimSpace(v[0])
			}
		}
		return ""
	}
	q := &request{version: get("api-version"), filter: get("$filter")}
	if !slices.Contains([]string{"", "2021-10-01-preview", "2023-01-01-preview"}, q.version) {
		return nil, badVersion
	}
	q.currency = strings.ToUpper(strings.Trim(get("currencyCode"), "'"))
	if q.currency == "" {
		q.currency = "USD"
	}
	if q.rate = rates[q.currency]; q.rate == 0 {
		return nil, badCurrency
	}
	// From 2023-01-01-preview on the case of values counts (Microsoft, "Azure
	// Retail Prices overview").
	if q.matches, err = parse(q.filter, q.version == "2023-01-01-preview"); err != nil {
		return nil, badFilter
	}
	switch strings.Trim(strings.ToLower(get("meterRegion")), "'") {
	case "":
	case "primary":
		q.primary = true
	default:
		return nil, badFilter
	}
	for name, into := range map[string]*int{"$skip": &q.skip, "$top": &q.top} {
		if text := get(name); text != "" {
			if *into, err = strconv.Atoi(text); err != nil || *into < 0 {
				return nil, badFilter
			}
		}
	}
	return q, ""
}

// page picks the rows of one page.
func (p *Prices) page(q *request, r *http.Request) *answer {
	out := &answer{BillingCurrency: q.currency, CustomerEntityID: "Default", CustomerEntityType: "Retail", Items: []Row{}}
	all := p.rows()
	size := pageSize
	if q.top > 0 {
		size = min(size, q.top)
	}
	seen := 0
	for i := range all {
		row := &all[i]
		if q.primary && !row.Primary || !q.matches(row) {
			continue
		}
		if seen++; seen <= q.skip {
			continue
		}
		if len(out.Items) == size {
			if q.top == 0 || q.top > size {
				link := q.next(r)
				out.NextPageLink = &link
			}
			break
		}
		out.Items = append(out.Items, row.in(q.currency, q.rate))
	}
	out.Count = len(out.Items)
	return out
}

// next is the link to the page after this one, spelled as Azure spells it: the
// dollar signs bare, spaces as %20.
func (q *request) next(r *http.Request) string {
	escape := func(s string) string {
		return strings.NewReplacer("+", "%20", "%28", "(", "%29", ")", "%2C", ",").Replace(url.QueryEscape(s))
	}
	var parts []string
	add := func(name, value string) {
		if value != "" {
			parts = append(parts, name+"="+escape(value))
		}
	}
	add("api-version", q.version)
	if q.currency != "USD" {
		add("currencyCode", q.currency)
	}
	if q.primary {
		add("meterRegion", "primary")
	}
	add("$filter", q.filter)
	if q.top > 0 {
		add("$top", strconv.Itoa(q.top-pageSize))
	}
	add("$skip", strconv.Itoa(q.skip+pageSize))
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host + Path + "?" + strings.Join(parts, "&")
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	write(w, status, map[string]any{"Error": map[string]string{"Code": code, "Message": message}})
}

func write(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		http.Error(w, "the answer could not be written", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(text)
}
