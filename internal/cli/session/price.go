package session

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/azptu/azptu/internal/azure/login"
	"github.com/azptu/azptu/internal/azure/prices"
	"github.com/azptu/azptu/internal/catalog"
	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/ptu"
	"github.com/azptu/azptu/internal/settings"
)

// soon is how close a retirement must be to be worth a warning.
const soon = 90 * 24 * time.Hour

// Price is what one provisioned unit costs in one region under one type.
type Price struct {
	Region   string
	Type     ptu.DeploymentType
	Hourly   float64                  // per unit and hour; 0 when not known
	Terms    map[catalog.Term]float64 // per unit and whole term
	Currency string
	Source   string // where the figures are from
	AsOf     string // YYYY-MM-DD
}

// PriceList is the prices of units: the Retail Prices API's, with a user's
// negotiated ones over them, and the dated catalog where the API has none or
// cannot be asked.
type PriceList struct {
	Prices  []Price
	Offline error // why the API was not asked or did not answer; nil when it did
}

// PriceListOf asks for the prices of units in one region, or in every one.
// overlay is a file of negotiated prices, "" for none.
func PriceListOf(ctx context.Context, env *verb.Env, cloud login.Cloud, region, currency, overlay string) (PriceList, error) {
	own, err := readOverlay(env, overlay)
	if err != nil {
		return PriceList{}, err
	}
	list := PriceList{}
	if cloud.Prices == "" {
		list.Offline = fmt.Errorf("%s has no list of prices", cloud.Name)
	} else if list.Prices, err = asked(ctx, env, cloud, region, currency); err != nil {
		list.Offline = err
	}
	if list.Offline != nil && ctx.Err() != nil {
		return list, ctx.Err()
	}
	list.fill(region, currency)
	for i := range list.Prices {
		own.over(&list.Prices[i])
	}
	return list, nil
}

func asked(ctx context.Context, env *verb.Env, cloud login.Cloud, region, currency string) ([]Price, error) {
	base := env.Transport()
	if err := login.Trust(base, cloud.CAFile, env.Getenv("SSL_CERT_FILE")); err != nil {
		return nil, err
	}
	var transport http.RoundTripper = env.Traced(base)
	client := &prices.Client{Root: cloud.Prices, Transport: transport, Now: env.Now}
	if dir := settings.FindFolders(env.Getenv).State; dir != "" && cloud.Name != "emulator" {
		client.Dir = filepath.Join(dir, "prices") // an emulator's address is another one each day
	}
	answer, err := client.Units(ctx, region, currency)
	if err != nil {
		return nil, err
	}
	if answer.Stale {
		env.Warn(env.T("price.stale", "Date", answer.At))
	}
	if len(answer.Units) == 0 && region != "" {
		// Either the region has none, or the list's meters are none we know.
		everywhere, err := client.Units(ctx, "", currency)
		if err == nil && len(everywhere.Units) == 0 {
			return nil, errors.New("it has no meter of provisioned units that azptu knows")
		}
	}
	var out []Price
	for _, u := range answer.Units {
		if u.Hourly > 0 {
			out = append(out, Price{u.Region, u.Type, u.Hourly, u.Terms, cmp.Or(u.Currency, currency), "Azure Retail Prices", answer.At.UTC().Format(time.DateOnly)})
		}
	}
	return out, nil
}

// fill adds the catalog's prices for types that the API did not price in a
// region. They are in US dollars and, as published, the same everywhere.
func (l *PriceList) fill(region, currency string) {
	if region == "" || currency != "USD" || l.Offline == nil && len(l.Prices) == 0 {
		return // a region that the list does not know is none
	}
	units := catalog.Builtin().Units
	for _, t := range ptu.DeploymentTypes() {
		known := false
		for _, p := range l.Prices {
			known = known || p.Type == t && p.Region == region
		}
		if hourly, ok := units.Hourly[t]; ok && !known {
			l.Prices = append(l.Prices, Price{region, t, hourly, units.Reservations[t], "USD", units.Source, units.AsOf})
		}
	}
}

// overlay is a user's negotiated prices.
type overlay struct {
	Currency     string                                          `json:"currency"`
	AsOf         string                                          `json:"asOf"`
	Hourly       map[ptu.DeploymentType]float64                  `json:"hourly"`
	Reservations map[ptu.DeploymentType]map[catalog.Term]float64 `json:"reservations"`
	Regions      map[string]struct {
		Hourly       map[ptu.DeploymentType]float64                  `json:"hourly"`
		Reservations map[ptu.DeploymentType]map[catalog.Term]float64 `json:"reservations"`
	} `json:"regions"`
	name string
}

func readOverlay(env *verb.Env, path string) (overlay, error) {
	if path == "" {
		return overlay{}, nil
	}
	fail := func(err error) (overlay, error) {
		return overlay{}, exit.New(exit.Usage, env.T("price.overlay-faulty", "Path", path, "Error", err.Error())).Hint(env.T("price.overlay-faulty.hint")).Wrap(err)
	}
	f, err := os.Open(path)
	if err != nil {
		return fail(err)
	}
	defer f.Close()
	decoder := json.NewDecoder(io.LimitReader(f, 1<<20))
	decoder.DisallowUnknownFields()
	var own overlay
	if err := decoder.Decode(&own); err != nil {
		return fail(err)
	}
	for t, price := range own.Hourly {
		if t.SKU() == "" || price <= 0 {
			return fail(fmt.Errorf("hourly.%s: not a deployment type with a price above 0", t))
		}
	}
	own.name = filepath.Base(path)
	return own, nil
}

// over replaces what the user has negotiated.
func (o overlay) over(p *Price) {
	if o.name == "" || o.Currency != "" && o.Currency != p.Currency {
		return
	}
	take := func(hourly map[ptu.DeploymentType]float64, terms map[ptu.DeploymentType]map[catalog.Term]float64) {
		if price, ok := hourly[p.Type]; ok {
			p.Hourly, p.Source, p.AsOf = price, o.name, cmp.Or(o.AsOf, p.AsOf)
		}
		for term, price := range terms[p.Type] {
			merged := map[catalog.Term]float64{}
			for t, v := range p.Terms {
				merged[t] = v
			}
			merged[term] = price
			p.Terms = merged
		}
	}
	take(o.Hourly, o.Reservations)
	if here, ok := o.Regions[p.Region]; ok {
		take(here.Hourly, here.Reservations)
	}
}

// UnitPrice is the list price of a provisioned unit in a region. ok is false
// when no source knows it.
func (s *Session) UnitPrice(ctx context.Context, t ptu.DeploymentType, region string) (p Price, ok bool) {
	list, err := PriceListOf(ctx, s.Env, s.Cloud, region, "USD", "")
	if err != nil {
		return Price{}, false
	}
	for _, p := range list.Prices {
		if p.Type == t && p.Region == region {
			return p, p.Hourly > 0
		}
	}
	return Price{}, false
}
