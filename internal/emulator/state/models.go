package state

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/azptu/azptu/internal/catalog"
	"github.com/azptu/azptu/internal/ptu"
)

// Model is one version of a model as a region lists it.
type Model struct {
	Format, Name, Version string
	Default               bool
	Description           string
	Lifecycle             string // GenerallyAvailable, Preview or Deprecated
	Capabilities          map[string]string
	MaxCapacity           int
	Retirement            time.Time // zero: not announced
	Created               time.Time
	Replacement           Replacement
	SKUs                  []SKU
	FineTune              map[string]string // what a fine-tuned one can do; nil where it cannot be fine-tuned
	Base                  ModelRef          // of a fine-tuned model: what it was trained on; zero otherwise
	account               string            // kind of account that lists it: "OpenAI" or "AIServices"
}

// Kind is the kind of account that the model belongs to.
func (m Model) Kind() string { return m.account }

// Replacement is the model a publisher moves its users to.
type Replacement struct {
	Name, Version string
	Start         time.Time // when automatic upgrades begin
	LeadDays      int       // upgrades on expiry begin so many days before
}

// SKU is one way to deploy a model.
type SKU struct {
	Name, UsageName, QuotaLabel string
	Quota                       int // limit that a subscription starts with
	Rule                        ptu.Rule
	Deprecation                 time.Time
	RateLimits                  []RateLimit // of one unit of capacity
	Costs                       []Cost
}

// RateLimit is how many requests or tokens fit in a period.
type RateLimit struct {
	Key     string // "request" or "token"
	Seconds int
	Count   int
}

// Cost names a meter.
type Cost struct{ Name, Meter, Unit string }

// upgradeLead is how long before retirement automatic upgrades begin, and
// expiryLead the lead of those on expiry; both as recorded for gpt-35-turbo
// (six weeks, 15 days) in October 2025.
const (
	upgradeLead = 42 * 24 * time.Hour
	expiryLead  = 15
	retireAfter = 60 * 24 * time.Hour // least time that a fresh world's models have left
)

// shift is by how much published retirement dates are moved so that no model
// is retired, or about to be, in a fresh world; nothing retires before floor.
func shift(c *catalog.Catalog, now time.Time) (by time.Duration, floor time.Time) {
	floor = now.Truncate(24 * time.Hour).Add(retireAfter)
	var earliest time.Time
	for _, m := range c.Models() {
		for _, v := range m.Versions {
			if !v.Retirement.IsZero() && (earliest.IsZero() || v.Retirement.Before(earliest)) {
				earliest = v.Retirement
			}
		}
	}
	if !earliest.IsZero() && earliest.Before(floor) {
		by = floor.Sub(earliest)
	}
	return by, floor
}

// publish turns the catalog, and what of Azure's own list it lacks, into the
// models that regions list.
//
// Dates of retirement are moved by a duration; those that only we know of, older
// than the catalog's, come no sooner than floor.
func publish(c *catalog.Catalog, by time.Duration, floor time.Time) []Model {
	var models []Model
	for _, m := range c.Models() {
		t := traitsOf(m.Name)
		versions := slices.Clone(m.Versions)
		for _, old := range t.versions {
			if !old.Retirement.IsZero() && old.Retirement.Add(by).Before(floor) {
				old.Retirement = floor.Add(-by)
			}
			i := slices.IndexFunc(versions, func(v catalog.Version) bool { return strings.EqualFold(v.Name, old.Name) })
			switch {
			case i < 0:
				versions = append(versions, old)
			case versions[i].Retirement.IsZero():
				versions[i].Retirement = old.Retirement
			}
		}
		def, _ := m.DefaultVersion()
		for _, v := range versions {
			models = append(models, publishVersion(c, m, v, t, v.Name == def.Name, by))
		}
	}
	return models
}

func publishVersion(c *catalog.Catalog, m catalog.Model, v catalog.Version, t traits, isDefault bool, by time.Duration) Model {
	out := Model{
		Format: cmp.Or(m.Format, "OpenAI"), Name: m.Name, Version: v.Name, Default: isDefault, Description: m.Describe("en"),
		Lifecycle: lifecycle(v.Lifecycle), Capabilities: t.capabilities(m), MaxCapacity: 3, Created: created(v.Name), account: "OpenAI",
	}
	if out.Format != "OpenAI" {
		out.account = "AIServices"
	}
	if !v.Retirement.IsZero() {
		out.Retirement = v.Retirement.Add(by)
	}
	if r, ok := c.Model(cmp.Or(v.Replacement, t.replacement)); ok && !out.Retirement.IsZero() {
		to, _ := r.DefaultVersion()
		out.Replacement = Replacement{Name: r.Name, Version: to.Name, Start: out.Retirement.Add(-upgradeLead), LeadDays: expiryLead}
	}
	if t.fineTune {
		out.FineTune = map[string]string{"chatCompletion": "true", "fineTune": "true", "inference": "true", "scaleType": "Manual,Standard", "FineTuneTokensMaxValue": "2000000000"}
	}
	out.SKUs = append(t.standard(out), t.provisioned(m, out)...)
	return out
}

func lifecycle(published string) string {
	switch published {
	case "Preview":
		return "Preview"
	case "Deprecated", "Legacy":
		return "Deprecated"
	}
	return "GenerallyAvailable"
}

// created reads the date out of a version that is one, or that begins with
// month and day, as those of 2023 and 2024 do. Other versions get a date of ours.
func created(version string) time.Time {
	if len(version) >= len(time.DateOnly) {
		if t, err := time.Parse(time.DateOnly, version[:len(time.DateOnly)]); err == nil {
			return t
		}
	}
	if t, err := time.Parse("0102", version[:min(4, len(version))]); err == nil {
		year := 2023
		if t.Month() < time.March {
			year = 2024
		}
		return time.Date(year, t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	}
	return time.Date(2023, 11, 15, 0, 0, 0, 0, time.UTC)
}

// Models lists what can be deployed in a region.
func (s *Store) Models(location string) ([]Model, Region, error) {
	defer s.lock()()
	region, ok := RegionOf(location)
	if !ok {
		return nil, Region{}, locationNotFound(location)
	}
	var list []Model
	for _, m := range s.models {
		m = m.in(region)
		m.Default = s.isDefault(m)
		if len(m.SKUs) > 0 {
			list = append(list, m)
		}
	}
	return list, region, nil
}

// publish makes the models that regions list, moved by the world's shift.
func (s *Store) publish() {
	s.models, s.index = publish(s.config.Catalog, s.world.Shift, s.world.Floor), map[string]int{}
	for i, m := range s.models {
		s.index[fold(m.Name+"|"+m.Version)] = i
	}
	s.indexTuned()
}

// ModelOf finds the model of a deployment, published or fine-tuned.
func (s *Store) ModelOf(ref ModelRef) (Model, bool) {
	if m, ok := s.published(ref); ok {
		return m, true
	}
	tuned := s.tuned.Load()
	if tuned == nil {
		return Model{}, false
	}
	m, ok := (*tuned)[fold(ref.Name+"|"+ref.Version)]
	return m, ok
}

func (s *Store) published(ref ModelRef) (Model, bool) {
	i, ok := s.index[fold(ref.Name+"|"+ref.Version)]
	if !ok {
		return Model{}, false
	}
	return s.models[i], true
}

// SKU finds one way to deploy the model.
func (m Model) SKU(name string) (SKU, bool) { return m.sku(name) }

func (m Model) sku(name string) (SKU, bool) {
	for _, sku := range m.SKUs {
		if strings.EqualFold(sku.Name, name) {
			return sku, true
		}
	}
	return SKU{}, false
}

// in keeps the SKUs that a region offers: regional Standard only in some
// regions, data zones only in the United States and the European Union.
func (m Model) in(r Region) Model {
	var skus []SKU
	for _, sku := range m.SKUs {
		boundary := ptu.BoundaryOfSKU(sku.Name)
		if boundary == ptu.DataZone && r.Zone == "" || sku.Name == ptu.SKUStandard && !r.Standard {
			continue
		}
		skus = append(skus, sku)
	}
	m.SKUs = skus
	if !r.FineTunes {
		m.FineTune = nil
	}
	if r.Zone != "" {
		m.Capabilities = withArea(m.Capabilities, map[string]string{"EU": "EUR", "US": "US"}[r.Zone])
	}
	return m
}

func withArea(capabilities map[string]string, area string) map[string]string {
	out := make(map[string]string, len(capabilities)+1)
	for k, v := range capabilities {
		out[k] = v
	}
	out["area"] = area
	return out
}

// retires is when a SKU of the model stops answering; zero: not announced.
func (m Model) retires(sku SKU) time.Time {
	if !sku.Deprecation.IsZero() {
		return sku.Deprecation
	}
	return m.Retirement
}

// isDefault tells whether the version is its model's default today.
func (s *Store) isDefault(m Model) bool {
	if p, ok := s.world.Defaults[fold(m.Name)]; ok {
		return strings.EqualFold(p.Version, m.Version)
	}
	return m.Default
}

// meter makes an id for a meter that no source names: the same each time.
func meter(name string) string {
	h := sha256.Sum256([]byte("meter " + name))
	return fmt.Sprintf("%x-%x-5%x-9%x-%x", h[:4], h[4:6], h[6:8], h[8:10], h[10:16])[:36]
}

// Throughput is what one provisioned unit of a model does, a fine-tuned one as
// much as its base; assumed where nothing is published.
func (s *Store) Throughput(model string) ptu.Throughput {
	if m, ok := s.ModelOf(ModelRef{Name: model, Version: fineTunedVersion}); ok && m.Base.Name != "" {
		model = m.Base.Name
	}
	m, _ := s.config.Catalog.Model(model)
	t, _ := m.EffectiveThroughput()
	return t
}
