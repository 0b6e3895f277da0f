// Package price holds the verbs about money: what provisioned units cost by
// the hour and under a reservation, across types, regions and terms, and what
// the same traffic would cost paid by the token.
package price

import (
	"cmp"
	"context"
	"math"
	"regexp"
	"sort"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/azure/arm"
	"github.com/azptu/azptu/internal/catalog"
	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/render"
	"github.com/azptu/azptu/internal/cli/session"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/ptu"
)

// New makes the noun `azptu price`.
func New(env *verb.Env) *cobra.Command {
	return verb.Group(env, verb.Spec{Use: "price", Help: "price"}, newShow(env), newCompare(env))
}

// Row is one way to pay, as -o json shows it. Its field names are a contract.
type Row struct {
	Location string   `json:"location"`
	Type     string   `json:"deploymentType"`
	SKU      string   `json:"sku"`
	Term     string   `json:"term"` // hourly, P1M, P1Y, or tokens: paid by the token
	Capacity int      `json:"capacity"`
	Unit     *float64 `json:"unitPrice"` // per unit and hour, or per unit and term; null for tokens
	Hour     float64  `json:"perHour"`   // of the whole capacity
	Day      float64  `json:"perDay"`
	Month    float64  `json:"perMonth"` // of 730 hours
	Saving   float64  `json:"saving"`   // share saved against the hourly price of the same type and region
	Currency string   `json:"currency"`
	Source   string   `json:"source"`
	AsOf     string   `json:"asOf"`
}

const hourly = "hourly"

type options struct {
	compare   bool
	location  string
	locations []string
	kind      string
	capacity  int
	currency  string
	overlay   string
	traffic
}

// traffic is what is sent to a model, for the price by the token.
type traffic struct {
	model      string
	rpm        float64
	prompt     float64
	completion float64
	cached     float64
}

func newShow(env *verb.Env) *cobra.Command {
	o := &options{}
	cmd := verb.Command(env, verb.Spec{Use: "show", Help: "price.show", Run: func(ctx context.Context, _ []string) error { return o.run(ctx, env) }})
	cmd.Flags().StringVar(&o.location, "location", "eastus", "price.flag.location")
	o.bind(cmd)
	return cmd
}

func newCompare(env *verb.Env) *cobra.Command {
	o := &options{compare: true}
	cmd := verb.Command(env, verb.Spec{Use: "compare", Help: "price.compare", Run: func(ctx context.Context, _ []string) error { return o.run(ctx, env) }})
	cmd.Flags().StringSliceVar(&o.locations, "location", nil, "price.flag.locations")
	o.bind(cmd)
	flags := cmd.Flags()
	flags.StringVar(&o.model, "model", "", "price.flag.model")
	_ = cmd.RegisterFlagCompletionFunc("model", env.CompleteModels())
	flags.Float64Var(&o.rpm, "rpm", 0, "price.flag.rpm")
	flags.Float64Var(&o.prompt, "prompt-tokens", 0, "price.flag.prompt")
	flags.Float64Var(&o.completion, "completion-tokens", 0, "price.flag.completion")
	flags.Float64Var(&o.cached, "cache-rate", 0, "price.flag.cache-rate")
	return cmd
}

func (o *options) bind(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&o.kind, "deployment-type", "", "price.flag.deployment-type")
	flags.IntVar(&o.capacity, "capacity", 1, "price.flag.capacity")
	flags.StringVar(&o.currency, "currency", "USD", "price.flag.currency")
	flags.StringVar(&o.overlay, "prices", "", "price.flag.prices")
}

var currencyCode = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Z]{3}$`) })

func (o *options) run(ctx context.Context, env *verb.Env) error {
	if err := o.check(env); err != nil {
		return err
	}
	cloud, err := session.FindCloud(env)
	if err != nil {
		return err
	}
	region := o.location
	if o.compare && len(o.locations) == 1 {
		region = o.locations[0]
	}
	list, err := session.PriceListOf(ctx, env, cloud, region, o.currency, o.overlay)
	if err != nil {
		return err
	}
	if list.Offline != nil {
		if region == "" {
			list, err = o.everyRegion(ctx, env, list)
			if err != nil {
				return err
			}
		}
		if len(list.Prices) == 0 {
			return exit.New(exit.Failed, env.T("price.none", "Currency", o.currency)).Hint(env.T("price.none.hint")).Wrap(list.Offline)
		}
		env.Warn(env.T("price.offline", "Error", list.Offline.Error()))
	}
	rows := []Row{}
	for _, p := range list.Prices {
		if o.wanted(p) {
			rows = append(rows, o.rows(p)...)
		}
	}
	if len(rows) == 0 {
		return exit.New(exit.NotFound, env.T("price.no-region", "Region", o.where())).Hint(env.T("price.no-region.hint"))
	}
	if o.model != "" {
		byToken, err := o.tokens(env)
		if err != nil {
			return err
		}
		rows = append(rows, byToken)
	}
	o.sort(rows)
	return o.show(env, rows)
}

// everyRegion is what the catalog says when no region was named and the API
// did not answer: the same price everywhere.
func (o *options) everyRegion(ctx context.Context, env *verb.Env, list session.PriceList) (session.PriceList, error) {
	places := o.locations
	if len(places) == 0 {
		places = []string{"eastus"}
	}
	offline := list.Offline
	for _, region := range places {
		cloudless, err := session.FindCloud(env)
		if err != nil {
			return list, err
		}
		cloudless.Prices = ""
		some, err := session.PriceListOf(ctx, env, cloudless, region, o.currency, o.overlay)
		if err != nil {
			return list, err
		}
		list.Prices = append(list.Prices, some.Prices...)
	}
	list.Offline = offline
	return list, nil
}

func (o *options) check(env *verb.Env) error {
	if o.kind != "" {
		t, err := ptu.ParseDeploymentType(o.kind)
		if err != nil {
			return env.NotOneOf("--deployment-type", o.kind, []string{string(ptu.Regional), string(ptu.Global), string(ptu.DataZone)})
		}
		o.kind = string(t)
	}
	o.location = arm.Fold(o.location)
	for i := range o.locations {
		o.locations[i] = arm.Fold(o.locations[i])
		if err := session.CheckName(env, arm.LocationName, o.locations[i]); err != nil {
			return err
		}
	}
	if o.location != "" {
		if err := session.CheckName(env, arm.LocationName, o.location); err != nil {
			return err
		}
	}
	o.currency = strings.ToUpper(o.currency)
	switch {
	case !currencyCode().MatchString(o.currency):
		return exit.New(exit.Usage, env.T("price.currency-faulty", "Value", o.currency))
	case o.capacity < 1:
		return exit.New(exit.Usage, env.T("price.capacity-faulty"))
	case o.model != "" && (o.rpm <= 0 || o.prompt < 0 || o.completion < 0 || o.cached < 0 || o.cached > 1):
		return exit.New(exit.Usage, env.T("price.traffic-faulty")).Hint(env.T("cli.missing.give", "Flag", "--rpm"))
	}
	return nil
}

// where names the regions that were asked about.
func (o *options) where() string {
	return cmp.Or(o.location, strings.Join(o.locations, ", "), "*")
}

func (o *options) wanted(p session.Price) bool {
	if o.kind != "" && string(p.Type) != o.kind {
		return false
	}
	if len(o.locations) == 0 {
		return true
	}
	for _, l := range o.locations {
		if l == p.Region {
			return true
		}
	}
	return false
}

// rows are the ways to pay for units of one type in one region.
func (o *options) rows(p session.Price) []Row {
	units := float64(o.capacity)
	make := func(term string, unit, hour float64) Row {
		r := Row{Location: p.Region, Type: string(p.Type), SKU: p.Type.SKU(), Term: term, Capacity: o.capacity, Unit: &unit,
			Hour: cents(hour), Day: cents(hour * 24), Month: cents(hour * ptu.HoursPerMonth), Currency: p.Currency, Source: p.Source, AsOf: p.AsOf}
		if p.Hourly > 0 {
			r.Saving = math.Round((1-hour/(units*p.Hourly))*1000) / 1000
		}
		return r
	}
	out := []Row{make(hourly, p.Hourly, units*p.Hourly)}
	for _, term := range []catalog.Term{catalog.OneMonth, catalog.OneYear} {
		if whole, ok := p.Terms[term]; ok {
			out = append(out, make(string(term), whole, units*whole/session.Months(term)/ptu.HoursPerMonth))
		}
	}
	return out
}

// tokens is what the traffic costs paid by the token, at list prices of Global
// Standard. How much the units on the other rows can serve is for `plan size`.
func (o *options) tokens(env *verb.Env) (Row, error) {
	list := catalog.Builtin().Tokens
	price, ok := list.Price(strings.ToLower(o.model), ptu.SKUGlobalStandard)
	if !ok {
		return Row{}, exit.New(exit.Validation, env.T("price.tokens-unknown", "Model", o.model))
	}
	calls := o.rpm * 60
	prompt := calls * o.prompt
	hour := price.Cost(int64(prompt), int64(prompt*o.cached), int64(calls*o.completion))
	return Row{Location: "global", Type: "global", SKU: ptu.SKUGlobalStandard, Term: "tokens", Hour: cents(hour), Day: cents(hour * 24), Month: cents(hour * ptu.HoursPerMonth),
		Currency: "USD", Source: list.Source, AsOf: list.AsOf}, nil
}

func cents(f float64) float64 { return math.Round(f*100) / 100 }

// sort puts the cheapest first in a comparison; a plain list keeps its order.
func (o *options) sort(rows []Row) {
	if !o.compare {
		return
	}
	sort.SliceStable(rows, func(i, j int) bool {
		if rows[i].Month != rows[j].Month {
			return rows[i].Month < rows[j].Month
		}
		return rows[i].Location < rows[j].Location
	})
}

func (o *options) show(env *verb.Env, rows []Row) error {
	money := func(amount float64, currency string) any { return env.Printer().Money(amount, currency) }
	view := render.List(rows, func(r Row) string { return r.Location + "/" + r.Type + "/" + r.Term },
		render.Col(env.T("price.field.location"), func(r Row) any { return r.Location }),
		render.Col(env.T("price.field.type"), func(r Row) any { return session.SKULabel(r.SKU) }),
		render.Col(env.T("price.field.term"), func(r Row) any { return env.T("price.term." + r.Term) }),
		render.Col(env.T("price.field.unit"), func(r Row) any {
			if r.Unit == nil {
				return nil
			}
			return money(*r.Unit, r.Currency)
		}).AlignRight(),
		render.Col(env.T("price.field.hour"), func(r Row) any { return money(r.Hour, r.Currency) }).AlignRight(),
		render.Col(env.T("price.field.day"), func(r Row) any { return money(r.Day, r.Currency) }).AlignRight().OnlyWide(),
		render.Col(env.T("price.field.month"), func(r Row) any { return money(r.Month, r.Currency) }).AlignRight(),
		render.Col(env.T("price.field.saving"), func(r Row) any { return env.Printer().Percent(r.Saving, 0) }).AlignRight(),
		render.Col(env.T("price.field.source"), func(r Row) any { return r.Source + ", " + r.AsOf }).OnlyWide(),
	)
	if err := env.Show(view); err != nil {
		return err
	}
	if !o.compare && len(rows) > 0 {
		env.Note(env.T("price.advice"))
	}
	return nil
}
