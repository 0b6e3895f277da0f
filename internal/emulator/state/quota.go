package state

import (
	"strings"

	"github.com/azptu/azptu/internal/ptu"
)

// Row is one kind of quota in a region: what `usages` answers.
type Row struct {
	Name, Label string
	Limit, Used int
}

// Limits a subscription starts with, per region.
const (
	provisionedLimit   = 500 // units of each provisioned type
	openAIAccounts     = 30
	aiServicesAccounts = 100
	allAccounts        = 200
	fineTuned          = 8
)

// provisionedRow is the quota row of a provisioned SKU: independent of the
// model (Microsoft, "Provisioned throughput", 2026-05).
func provisionedRow(sku string) (Row, bool) {
	t, ok := ptu.TypeOfSKU(sku)
	if !ok {
		return Row{}, false
	}
	label := map[ptu.DeploymentType]string{
		ptu.Regional: "Provisioned Managed Throughput Unit",
		ptu.Global:   "Global Provisioned Managed Throughput Unit",
		ptu.DataZone: "Data Zone Provisioned Managed Throughput Unit",
	}[t]
	return Row{Name: "OpenAI." + t.SKU(), Label: label, Limit: provisionedLimit}, true
}

// rowOf is the quota row that a deployment draws from.
func (s *Store) rowOf(d Deployment) Row {
	if row, ok := provisionedRow(d.SKU); ok {
		return row
	}
	if m, ok := s.ModelOf(d.Model); ok {
		if sku, ok := m.sku(d.SKU); ok {
			return Row{Name: sku.UsageName, Label: sku.QuotaLabel, Limit: sku.Quota}
		}
	}
	return Row{Name: "OpenAI." + d.SKU + "." + d.Model.Name, Label: "Tokens Per Minute (thousands) - " + d.Model.Name}
}

// limit is the limit of a row, unless it was set by hand for this region.
func (s *Store) limit(subscription string, region Region, row Row) int {
	if n, ok := s.world.Quotas[quotaKey(subscription, region.Name, row.Name)]; ok {
		return n
	}
	return row.Limit
}

func quotaKey(subscription, region, row string) string {
	return fold(subscription + "|" + region + "|" + row)
}

// used is what deployments, those of soft-deleted accounts included, draw from
// a row. An operation in flight holds the larger of before and after.
func (s *Store) used(subscription string, region Region, row string) int {
	return s.drawn(subscription, region)[row]
}

// drawn is what is used of every row of a region.
func (s *Store) drawn(subscription string, region Region) map[string]int {
	drawn := map[string]int{}
	for _, d := range s.world.Deployments {
		a := s.owner(d)
		if a == nil || d.State == "Failed" || !strings.EqualFold(a.Subscription, subscription) || Normalize(a.Location) != region.Name {
			continue
		}
		drawn[s.rowOf(*d).Name] += max(d.Capacity, d.InForceCapacity)
		if s.countsTuned(*d) {
			drawn[fineTunedRow.Name]++
		}
	}
	return drawn
}

// owner is the account of a deployment, also when it was soft-deleted.
func (s *Store) owner(d *Deployment) *Account {
	if a := s.world.Accounts[fold(d.Account)]; a != nil {
		return a
	}
	return s.world.Deleted[fold(d.Account)]
}

// Usages lists every quota row of a region.
func (s *Store) Usages(subscription, location string) ([]Row, error) {
	defer s.lock()()
	if !s.known(subscription) {
		return nil, subscriptionNotFound(subscription)
	}
	region, ok := RegionOf(location)
	if !ok {
		return nil, locationNotFound(location)
	}
	rows, drawn := s.rows(region), s.drawn(subscription, region)
	for i := range rows {
		rows[i].Limit = s.limit(subscription, region, rows[i])
		switch rows[i].Name {
		case "OpenAI.S0.AccountCount":
			rows[i].Used = s.accounts(subscription, region, "OpenAI")
		case "AIServices.S0.AccountCount":
			rows[i].Used = s.accounts(subscription, region, "AIServices")
		case "AccountCount":
			rows[i].Used = s.accounts(subscription, region, "")
		default:
			rows[i].Used = drawn[rows[i].Name]
		}
	}
	return rows, nil
}

// rows lists the quota rows that a region has, without usage: the provisioned
// types first, then one row for each model's SKU, then the counts.
func (s *Store) rows(region Region) []Row {
	var rows []Row
	seen := map[string]bool{}
	add := func(r Row) {
		if !seen[r.Name] {
			seen[r.Name] = true
			rows = append(rows, r)
		}
	}
	for _, t := range ptu.DeploymentTypes() {
		if t == ptu.DataZone && region.Zone == "" {
			continue
		}
		row, _ := provisionedRow(t.SKU())
		add(row)
	}
	add(accountRow("OpenAI"))
	add(fineTunedRow)
	for _, m := range s.models {
		for _, sku := range m.in(region).SKUs {
			if _, provisioned := ptu.TypeOfSKU(sku.Name); !provisioned {
				add(Row{Name: sku.UsageName, Label: sku.QuotaLabel, Limit: sku.Quota})
			}
		}
	}
	add(accountRow("AIServices"))
	add(accountRow(""))
	return rows
}

// accountRow counts resources of a kind ("" for all).
func accountRow(kind string) Row {
	switch kind {
	case "OpenAI":
		return Row{Name: "OpenAI.S0.AccountCount", Label: "Maximum resources for OpenAI S0 sku.", Limit: openAIAccounts}
	case "AIServices":
		return Row{Name: "AIServices.S0.AccountCount", Label: "Maximum resources for AIServices S0 sku.", Limit: aiServicesAccounts}
	}
	return Row{Name: "AccountCount", Label: "Maximum Resources per Region", Limit: allAccounts}
}

// accounts counts the accounts of a kind, soft-deleted ones included.
func (s *Store) accounts(subscription string, region Region, kind string) int {
	n := 0
	count := func(list map[string]*Account) {
		for _, a := range list {
			if strings.EqualFold(a.Subscription, subscription) && Normalize(a.Location) == region.Name && (kind == "" || a.Kind == kind) {
				n++
			}
		}
	}
	count(s.world.Accounts)
	count(s.world.Deleted)
	return n
}

// SetQuota sets the limit of a row in a region, as a granted request or a
// fault does. A negative limit puts the built-in one back.
func (s *Store) SetQuota(subscription, location, row string, limit int) error {
	defer s.lock()()
	region, ok := RegionOf(location)
	if !ok {
		return locationNotFound(location)
	}
	key := quotaKey(subscription, region.Name, row)
	if limit < 0 {
		delete(s.world.Quotas, key)
	} else {
		s.world.Quotas[key] = limit
	}
	s.changed()
	return nil
}

func locationNotFound(location string) *Refusal {
	return Refuse(400, "LocationNotAvailableForResourceType", "The provided location '%s' is not available for resource type 'Microsoft.CognitiveServices/accounts'.", location)
}
