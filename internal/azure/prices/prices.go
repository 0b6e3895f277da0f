// Package prices asks the Azure Retail Prices API what provisioned units cost.
// The API is public and needs no sign-in. Answers are kept in a file for a day,
// and longer when the API cannot be reached, so that a price is shown with its
// age rather than not at all. Its rows hold traps that are dealt with here: the
// service is called "Foundry Models", and the price of a reservation is for the
// whole term although its unit reads "1/Hour".
package prices

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/azptu/azptu/internal/catalog"
	"github.com/azptu/azptu/internal/ptu"
)

const (
	apiVersion  = "2023-01-01-preview"
	service     = "Foundry Models"
	units       = "Azure OpenAI"
	reservation = "Azure AI Foundry Provisioned Throughput Reservation"
	fresh       = 24 * time.Hour
	patience    = 8 * time.Second // a price is not worth a longer wait
	maxPages    = 50
	maxBody     = 16 << 20
)

// Client asks one Retail Prices API.
type Client struct {
	Root      string // e.g. https://prices.azure.com
	Transport http.RoundTripper
	Dir       string // where answers are kept; "" keeps none
	Now       func() time.Time
}

// Unit is what one provisioned unit costs in one region under one type.
type Unit struct {
	Region   string
	Type     ptu.DeploymentType
	Currency string
	Hourly   float64                  // per unit and hour; 0 when there is no such row
	Terms    map[catalog.Term]float64 // per unit and whole term
}

// Answer is a list of prices and when the API gave it.
type Answer struct {
	Units []Unit
	At    time.Time
	Stale bool // older than a day: the API could not be asked
}

// row is one row of the API, as far as it counts here.
type row struct {
	Currency string  `json:"currencyCode"`
	Price    float64 `json:"retailPrice"`
	Region   string  `json:"armRegionName"`
	Product  string  `json:"productName"`
	SKU      string  `json:"skuName"`
	Meter    string  `json:"meterName"`
	Type     string  `json:"type"`
	Term     string  `json:"reservationTerm"`
	Since    string  `json:"effectiveStartDate"`
}

// kept is a kept answer.
type kept struct {
	At   time.Time `json:"at"`
	Rows []row     `json:"rows"`
}

// Units asks for the prices of provisioned units: in one region, or in every
// one when region is "". currency is an ISO 4217 code.
func (c *Client) Units(ctx context.Context, region, currency string) (Answer, error) {
	filter := fmt.Sprintf("serviceName eq '%s' and (productName eq '%s' or productName eq '%s') and contains(meterName,'Provisioned Managed')", service, units, reservation)
	if region != "" {
		filter += " and armRegionName eq '" + strings.ReplaceAll(region, "'", "''") + "'"
	}
	query := url.Values{"api-version": {apiVersion}, "currencyCode": {currency}, "$filter": {filter}}
	have, err := c.rows(ctx, query)
	if err != nil && have.Rows == nil {
		return Answer{}, err
	}
	return Answer{Units: gather(have.Rows), At: have.At, Stale: err != nil}, nil
}

// rows asks, or takes a kept answer that is fresh. When asking fails a kept
// answer of any age is returned along with the error.
func (c *Client) rows(ctx context.Context, query url.Values) (kept, error) {
	path := c.path(query)
	have := load(path)
	if have.Rows != nil && c.Now().Sub(have.At) < fresh {
		return have, nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	rows, err := c.ask(ctx, c.Root+"/api/retail/prices?"+query.Encode())
	if err != nil {
		return have, err
	}
	now := kept{At: c.Now(), Rows: rows}
	save(path, now) // a price that cannot be kept is still a price
	return now, nil
}

func (c *Client) ask(ctx context.Context, address string) ([]row, error) {
	home, err := url.Parse(c.Root)
	if err != nil {
		return nil, fmt.Errorf("asking for prices: %w", err)
	}
	rows := []row{}
	for range maxPages {
		next, some, err := c.page(ctx, address)
		if err != nil {
			return nil, err
		}
		rows = append(rows, some...)
		if next == "" {
			return rows, nil
		}
		// The real API answers links to its own name; nothing secret goes
		// along, but a list should not lead elsewhere.
		if u, err := url.Parse(next); err != nil || !strings.EqualFold(u.Hostname(), home.Hostname()) {
			return nil, fmt.Errorf("asking for prices: the next page is at %.80q", next)
		}
		address = next
	}
	return nil, errors.New("asking for prices: the list does not end")
}

func (c *Client) page(ctx context.Context, address string) (next string, rows []row, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", nil, fmt.Errorf("asking for prices: %w", err)
	}
	resp, err := (&http.Client{Transport: c.Transport}).Do(req)
	if err != nil {
		return "", nil, fmt.Errorf("asking for prices: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", nil, fmt.Errorf("asking for prices: HTTP %s", resp.Status)
	}
	var body struct {
		Items []row   `json:"Items"`
		Next  *string `json:"NextPageLink"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxBody)).Decode(&body); err != nil {
		return "", nil, fmt.Errorf("asking for prices: reading the answer: %w", err)
	}
	if body.Next != nil {
		next = *body.Next
	}
	return next, body.Items, nil
}

// gather puts the rows of one region and type together. Rows it cannot place
// are left out: the API sells more under the same words.
func gather(rows []row) []Unit {
	type place struct {
		region string
		kind   ptu.DeploymentType
	}
	index := map[place]int{}
	var out []Unit
	for _, r := range rows {
		t, ok := typeOf(r.SKU + " " + r.Meter)
		if !ok || r.Region == "" || r.Price <= 0 {
			continue
		}
		at := place{strings.ToLower(r.Region), t}
		i, known := index[at]
		if !known {
			i = len(out)
			index[at] = i
			out = append(out, Unit{Region: at.region, Type: t, Currency: r.Currency, Terms: map[catalog.Term]float64{}})
		}
		switch {
		case strings.EqualFold(r.Type, "Reservation") && r.Term == "1 Month":
			out[i].Terms[catalog.OneMonth] = r.Price
		case strings.EqualFold(r.Type, "Reservation") && r.Term == "1 Year":
			out[i].Terms[catalog.OneYear] = r.Price
		case strings.EqualFold(r.Type, "Consumption") && r.Product == units:
			out[i].Hourly = r.Price
		}
	}
	return out
}

// typeOf reads the deployment type out of the names of a meter.
func typeOf(name string) (ptu.DeploymentType, bool) {
	name = strings.ToLower(name)
	switch {
	case !strings.Contains(name, "provisioned managed"):
		return "", false
	case strings.Contains(name, "global"):
		return ptu.Global, true
	case strings.Contains(name, "data zone"), strings.Contains(name, "datazone"):
		return ptu.DataZone, true
	}
	return ptu.Regional, true
}

func (c *Client) path(query url.Values) string {
	if c.Dir == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(c.Root + "?" + query.Encode()))
	return filepath.Join(c.Dir, "prices-"+hex.EncodeToString(sum[:8])+".json")
}

func load(path string) (have kept) {
	if path == "" {
		return kept{}
	}
	raw, err := os.ReadFile(path)
	if err != nil || len(raw) > maxBody || json.Unmarshal(raw, &have) != nil {
		return kept{}
	}
	return have
}

func save(path string, now kept) {
	if path == "" {
		return
	}
	raw, err := json.Marshal(now)
	if err != nil || os.MkdirAll(filepath.Dir(path), 0o700) != nil {
		return
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), "prices-*.new")
	if err != nil {
		return
	}
	_, err = temporary.Write(raw)
	if errors.Join(err, temporary.Close()) == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err != nil {
		_ = os.Remove(temporary.Name())
	}
}
