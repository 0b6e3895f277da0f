package session

import (
	"context"
	"slices"
	"sort"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/azptu/azptu/internal/azure/arm"
	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/ptu"
)

// Fit is how much of a model one region can take under one deployment type.
type Fit struct {
	Location      string   `json:"location"`
	Type          string   `json:"deploymentType"`
	SKU           string   `json:"sku"`
	Available     int      `json:"availableCapacity"` // free service capacity
	FreeQuota     *int     `json:"freeQuota"`         // null when the quota could not be read
	MaxDeployable int      `json:"maxDeployable"`     // the smaller of both, rounded down to a size that may be deployed
	Accounts      []string `json:"accounts"`          // accounts in the region
}

// Parallel is how many requests are under way at a time; Resource Manager
// allows far more reads, but sockets are not free.
const Parallel = 32

// Usages reads the quota of many regions at once. Regions that could not be
// read are left out of the answer and named in failed.
func (s *Session) Usages(ctx context.Context, subscription string, regions []string) (usages map[string][]arm.Usage, failed map[string]error, err error) {
	usages, failed = map[string][]arm.Usage{}, map[string]error{}
	var mu sync.Mutex
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(Parallel)
	for _, region := range regions {
		group.Go(func() error {
			rows, err := s.ARM.Usages(inner, subscription, region)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				usages[region] = rows
			case arm.KindOf(err) == arm.SignIn || inner.Err() != nil:
				return err
			default:
				failed[region] = err
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, nil, Explain(s.Env, err)
	}
	return usages, failed, nil
}

// Fits finds out where a model can be deployed: service capacity, quota and
// accounts of every region, best fit first. rules gives the sizes that each
// SKU may have; a SKU without one is left out.
func (s *Session) Fits(ctx context.Context, subscription string, model arm.ModelRef, rules map[string]ptu.Rule) ([]Fit, error) {
	var capacities []arm.Capacity
	var accounts []arm.Account
	group, inner := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		capacities, err = s.ARM.Capacities(inner, subscription, model)
		return err
	})
	group.Go(func() (err error) {
		accounts, err = s.ARM.Accounts(inner, subscription)
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, Explain(s.Env, err)
	}
	var regions []string
	for _, c := range capacities {
		if _, wanted := rules[c.SKU]; wanted {
			regions = append(regions, c.Location)
		}
	}
	slices.Sort(regions)
	usages, failed, err := s.Usages(ctx, subscription, slices.Compact(regions))
	if err != nil {
		return nil, err
	}
	for region, err := range failed {
		s.Env.Warn(s.Env.T("azure.quota-unread-in", "Region", region, "Error", err.Error()))
	}
	fits := []Fit{}
	for _, c := range capacities {
		if rule, wanted := rules[c.SKU]; wanted {
			fits = append(fits, fit(c, rule, model, usages[c.Location], accounts))
		}
	}
	sortFits(fits)
	return fits, nil
}

func fit(c arm.Capacity, rule ptu.Rule, model arm.ModelRef, usages []arm.Usage, accounts []arm.Account) Fit {
	f := Fit{Location: c.Location, SKU: c.SKU, Type: string(ptu.BoundaryOfSKU(c.SKU)), Available: c.Available, Accounts: []string{}}
	most := c.Available
	if usage, known := arm.FindUsage(usages, "", c.SKU, model); known {
		free := max(int(usage.Limit-usage.Used), 0)
		f.FreeQuota = &free
		most = min(most, free)
	}
	f.MaxDeployable = rule.RoundDown(most)
	for _, a := range accounts {
		if arm.Fold(a.Location) == c.Location {
			f.Accounts = append(f.Accounts, a.Account)
		}
	}
	return f
}

// sortFits puts the largest deployable size first; of equals, regions that
// have an account already, then by name.
func sortFits(fits []Fit) {
	sort.SliceStable(fits, func(i, j int) bool {
		a, b := fits[i], fits[j]
		switch {
		case a.MaxDeployable != b.MaxDeployable:
			return a.MaxDeployable > b.MaxDeployable
		case (len(a.Accounts) > 0) != (len(b.Accounts) > 0):
			return len(a.Accounts) > 0
		case a.Location != b.Location:
			return a.Location < b.Location
		}
		return a.SKU < b.SKU
	})
}

// CheckCapacity refuses more units than the region can serve, and says where
// they could be had: the largest size that fits here, and accounts elsewhere
// that could hold what was asked for.
func (s *Session) CheckCapacity(ctx context.Context, g Ground, w Wish, o Offer, more int) error {
	if _, provisioned := ptu.TypeOfSKU(w.SKU); !provisioned || more <= 0 {
		return nil
	}
	capacities, err := s.ARM.Capacities(ctx, g.Account.SubscriptionID, o.Model)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		s.Env.Warn(s.Env.T("azure.capacity-unread", "Error", err.Error()))
		return nil
	}
	free, known := FreeCapacity(capacities, g.Region.Name, w.SKU)
	if !known || more <= free {
		return nil
	}
	return s.NoCapacity(g, w, o, free)
}

// NoCapacity is the error for a region that has not enough units left.
func (s *Session) NoCapacity(g Ground, w Wish, o Offer, free int) *exit.Error {
	message := s.Env.T("azure.error.capacity") + "\n  " + s.Env.T("azure.capacity-lacks",
		"Asked", w.Capacity, "Free", free, "Region", g.Region.Name, "Model", o.Model.Name, "Type", w.Label())
	err := exit.New(exit.Capacity, message).See(tellings[arm.NoCapacity].link)
	if fits := o.Rule.RoundDown(free); fits > 0 {
		err.Hint(s.Env.T("azure.capacity-fits", "Fits", fits, "Region", g.Region.Name))
	}
	return err.Hint(hints(s.Env, "azure.error.capacity")...)
}

// Rules gives the sizes of every provisioned SKU of a model: the live ones of
// a region where it says, else the catalog's.
func (s *Session) Rules(region Region, model arm.ModelRef) (map[string]ptu.Rule, error) {
	published, err := s.Env.Catalog()
	if err != nil {
		return nil, err
	}
	rules := map[string]ptu.Rule{}
	for _, t := range ptu.DeploymentTypes() {
		if r, ok := published.Rule(model.Name, t); ok {
			rules[t.SKU()] = r.Rule
		}
	}
	if s.Env.CatalogNamed() {
		return rules, nil
	}
	for _, m := range region.Models {
		if !strings.EqualFold(m.Name, model.Name) || m.Version != model.Version {
			continue
		}
		for _, sku := range m.SKUs {
			if _, provisioned := ptu.TypeOfSKU(sku.Name); provisioned && sku.Rule != (ptu.Rule{}) {
				rules[sku.Name] = sku.Rule
			}
		}
	}
	return rules, nil
}
