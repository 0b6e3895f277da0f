package arm

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/azptu/azptu/internal/ptu"
)

// Model is one version of a model as a region offers it.
type Model struct {
	ModelRef
	Kind         string // OpenAI, AIServices, …: the kind of account that offers it
	Default      bool   // the version taken when none is named
	Lifecycle    string // GenerallyAvailable, Preview, Deprecated, …
	Retirement   time.Time
	Tentative    bool // the retirement date is not settled
	Capabilities map[string]string
	SKUs         []SKU
	Replacement  Replacement
}

// Replacement is where an automatic upgrade would go.
type Replacement struct {
	Model, Version string
	StartDate      time.Time // when automatic upgrades begin; zero when not said
	LeadTimeDays   int       // how long before retirement upgrades on expiry begin
}

// SKU is one way to buy a model.
type SKU struct {
	Name       string
	UsageName  string   // the quota it is taken from, e.g. OpenAI.ProvisionedManaged
	Rule       ptu.Rule // capacities; the zero Rule when the service does not say
	Retirement time.Time
	Meters     []Meter
	RateLimits []RateLimit // of one unit of capacity
}

// Meter is what a SKU is billed by.
type Meter struct {
	Name string `json:"name"`
	ID   string `json:"meterId"`
	Unit string `json:"unit"`
}

// RateLimit is what one unit of capacity allows in a period.
type RateLimit struct {
	Key           string  `json:"key"` // request or token
	RenewalPeriod float64 `json:"renewalPeriod"`
	Count         float64 `json:"count"`
}

// SKU finds a SKU by name.
func (m Model) SKU(name string) (SKU, bool) {
	for _, s := range m.SKUs {
		if strings.EqualFold(s.Name, name) {
			return s, true
		}
	}
	return SKU{}, false
}

// RetiresAs is when a deployment of this SKU stops: the SKU's own date, else
// the model's. Zero means that the service names none.
func (m Model) RetiresAs(sku string) time.Time {
	if s, ok := m.SKU(sku); ok && !s.Retirement.IsZero() {
		return s.Retirement
	}
	return m.Retirement
}

// wireModel is one row of the models answer. Dates are read as text, as the
// service writes them with and without zone; "costs" and "cost" both occur.
type wireModel struct {
	Kind  string `json:"kind"`
	Model struct {
		Format       string            `json:"format"`
		Name         string            `json:"name"`
		Version      string            `json:"version"`
		Default      bool              `json:"isDefaultVersion"`
		Lifecycle    string            `json:"lifecycleStatus"`
		Capabilities map[string]string `json:"capabilities"`
		Deprecation  struct {
			Inference string `json:"inference"`
			Status    string `json:"deprecationStatus"`
		} `json:"deprecation"`
		Replacement struct {
			Name      string `json:"targetModelName"`
			Version   string `json:"targetModelVersion"`
			StartDate string `json:"autoUpgradeStartDate"`
			LeadDays  int    `json:"upgradeOnExpiryLeadTimeDays"`
		} `json:"replacementConfig"`
		SKUs []wireSKU `json:"skus"`
	} `json:"model"`
}

type wireSKU struct {
	Name        string `json:"name"`
	UsageName   string `json:"usageName"`
	Deprecation string `json:"deprecationDate"`
	Capacity    *struct {
		Minimum int   `json:"minimum"`
		Maximum int   `json:"maximum"`
		Step    int   `json:"step"`
		Default int   `json:"default"`
		Allowed []int `json:"allowedValues"`
	} `json:"capacity"`
	Costs      []Meter     `json:"costs"`
	Cost       []Meter     `json:"cost"`
	RateLimits []RateLimit `json:"rateLimits"`
}

// Models lists what a region offers, in the service's order.
func (c *Client) Models(ctx context.Context, subscription, location string) ([]Model, error) {
	rows, err := list[wireModel](ctx, c, join("subscriptions", subscription, "providers", provider, "locations", location, "models"), version(cognitiveVersion))
	if err != nil {
		return nil, err
	}
	out := make([]Model, 0, len(rows))
	for _, row := range rows {
		out = append(out, row.model())
	}
	return out, nil
}

func (row wireModel) model() Model {
	w := row.Model
	m := Model{
		ModelRef: ModelRef{w.Format, w.Name, w.Version}, Kind: row.Kind, Default: w.Default, Lifecycle: w.Lifecycle,
		Retirement: date(w.Deprecation.Inference), Tentative: strings.EqualFold(w.Deprecation.Status, "Tentative"), Capabilities: w.Capabilities,
		Replacement: Replacement{w.Replacement.Name, w.Replacement.Version, date(w.Replacement.StartDate), w.Replacement.LeadDays},
	}
	for _, s := range w.SKUs {
		sku := SKU{Name: s.Name, UsageName: s.UsageName, Retirement: date(s.Deprecation), Meters: slices.Concat(s.Costs, s.Cost), RateLimits: s.RateLimits}
		if s.Capacity != nil {
			sku.Rule = ptu.Rule{Minimum: s.Capacity.Minimum, Step: s.Capacity.Step, Maximum: s.Capacity.Maximum, Default: s.Capacity.Default}
		}
		m.SKUs = append(m.SKUs, sku)
	}
	return m
}

// date reads a date in any of the shapes the service uses; zero when there is
// none or it cannot be read.
func date(s string) time.Time {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04:05.9999999", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// FindModel picks a version of a model out of a region's list. An account of
// kind OpenAI and one of kind AIServices offer the same version twice; the
// first that has the SKU wins. Names are matched without case, and exact is
// false when the name is there but not the version.
func FindModel(models []Model, name, version, sku string) (found Model, nameKnown, versionKnown bool) {
	for _, m := range models {
		if !strings.EqualFold(m.Name, name) {
			continue
		}
		nameKnown = true
		if m.Version != version && (version != "" || !m.Default) {
			continue
		}
		if _, ok := m.SKU(sku); ok || !versionKnown {
			found = m
			if ok {
				return found, true, true
			}
		}
		versionKnown = true
	}
	return found, nameKnown, versionKnown
}

// Usage is one quota of a region.
type Usage struct {
	Name  string // e.g. OpenAI.ProvisionedManaged
	Label string // the service's words for it
	Used  float64
	Limit float64
}

// Usages lists the quotas of a region.
func (c *Client) Usages(ctx context.Context, subscription, location string) ([]Usage, error) {
	rows, err := list[struct {
		Name struct {
			Value     string `json:"value"`
			Localized string `json:"localizedValue"`
		} `json:"name"`
		CurrentValue float64 `json:"currentValue"`
		Limit        float64 `json:"limit"`
	}](ctx, c, join("subscriptions", subscription, "providers", provider, "locations", location, "usages"), version(cognitiveVersion))
	if err != nil {
		return nil, err
	}
	out := make([]Usage, 0, len(rows))
	for _, row := range rows {
		out = append(out, Usage{row.Name.Value, row.Name.Localized, row.CurrentValue, row.Limit})
	}
	return out, nil
}

// FindUsage picks the quota that a SKU of a model is taken from: the one the
// model's SKU names, else the model's own row, else the shared row.
func FindUsage(usages []Usage, usageName, sku string, model ModelRef) (Usage, bool) {
	names := []string{usageName, "OpenAI." + sku + "." + model.Name + "-" + model.Version, "OpenAI." + sku + "." + model.Name, "OpenAI." + sku}
	for _, name := range names {
		if name == "" {
			continue
		}
		for _, u := range usages {
			if strings.EqualFold(u.Name, name) {
				return u, true
			}
		}
	}
	return Usage{}, false
}

// Capacity is what a region can serve of one SKU of a model right now. The
// service already takes the caller's quota into account.
type Capacity struct {
	Location  string
	SKU       string
	Available int
}

// Capacities lists the free service capacity of every region for one model.
func (c *Client) Capacities(ctx context.Context, subscription string, model ModelRef) ([]Capacity, error) {
	query := version(cognitiveVersion)
	query.Set("modelFormat", model.Format)
	query.Set("modelName", model.Name)
	query.Set("modelVersion", model.Version)
	rows, err := list[struct {
		Location   string `json:"location"`
		Name       string `json:"name"`
		Properties struct {
			SKU       string  `json:"skuName"`
			Available float64 `json:"availableCapacity"`
		} `json:"properties"`
	}](ctx, c, join("subscriptions", subscription, "providers", provider, "modelCapacities"), query)
	if err != nil {
		return nil, err
	}
	out := make([]Capacity, 0, len(rows))
	for _, row := range rows {
		sku := row.Properties.SKU
		if sku == "" {
			sku = row.Name
		}
		out = append(out, Capacity{Location: Fold(row.Location), SKU: sku, Available: int(row.Properties.Available)})
	}
	return out, nil
}

// Fold is a region's name as it is compared: WestUS, "West US" and westus are
// the same.
func Fold(location string) string {
	return strings.ToLower(strings.ReplaceAll(location, " ", ""))
}
