package session

import (
	"context"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/azptu/azptu/internal/azure/arm"
	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/ptu"
)

// Ground is everything that is asked before a deployment is written.
type Ground struct {
	Account  arm.Account
	Region   Region
	Usages   []arm.Usage     // nil when they could not be read
	Existing *arm.Deployment // the deployment of that name, if there is one
}

// Survey asks for the account, its region's models and quota, and whether the
// deployment is there already.
func (s *Session) Survey(ctx context.Context, ref arm.DeploymentRef) (Ground, error) {
	var g Ground
	account, err := s.ARM.Account(ctx, ref.AccountRef)
	if err != nil {
		if IsMissing(err) {
			return g, s.MissingAccount(ctx, ref.AccountRef, err)
		}
		return g, Explain(s.Env, err)
	}
	g.Account, g.Region.Name = account, arm.Fold(account.Location)
	group, inner := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		g.Region.Models, err = s.ARM.Models(inner, ref.SubscriptionID, g.Region.Name)
		return err
	})
	group.Go(func() error {
		// Reading quota needs a right of its own; without it Azure itself
		// still refuses what does not fit.
		usages, err := s.ARM.Usages(inner, ref.SubscriptionID, g.Region.Name)
		if err == nil {
			g.Usages = usages
		} else if inner.Err() == nil {
			s.Env.Warn(s.Env.T("azure.quota-unread", "Error", err.Error()))
		}
		return nil
	})
	group.Go(func() error {
		d, err := s.ARM.Deployment(inner, ref)
		if err == nil {
			g.Existing = &d
			return nil
		}
		if arm.KindOf(err) == arm.NotFound {
			return nil
		}
		return err
	})
	if err := group.Wait(); err != nil {
		return g, Explain(s.Env, err)
	}
	if g.Region.Models == nil {
		g.Region.Models = []arm.Model{} // asked, and offered nothing
	}
	return g, nil
}

// MissingAccount tells of an account that is not there: where one of that name
// is, or the nearest name. cause is what Azure said.
func (s *Session) MissingAccount(ctx context.Context, ref arm.AccountRef, cause error) error {
	accounts, err := s.ARM.Accounts(ctx, ref.SubscriptionID)
	if err != nil {
		return Explain(s.Env, cause)
	}
	var names []string
	for _, a := range accounts {
		if strings.EqualFold(a.Account, ref.Account) {
			return exit.New(exit.NotFound, s.Env.T("azure.account-not-here", "Name", ref.Account, "Group", ref.ResourceGroup)).
				Hint(s.Env.T("azure.account-there", "Group", a.ResourceGroup, "Command", "azptu set-resource-group "+Quote(a.ResourceGroup))).Wrap(cause)
		}
		names = append(names, a.Account)
	}
	return s.NoAccount(ref, names)
}

// Quota is the quota that an offer is taken from in a region, as far as the
// usages tell.
func (g Ground) Quota(w Wish, o Offer) (arm.Usage, bool) {
	return arm.FindUsage(g.Usages, o.UsageName, w.SKU, o.Model)
}

// CheckQuota refuses more units than the subscription has left. more is what
// is wanted on top of what the deployment holds already.
func (s *Session) CheckQuota(g Ground, w Wish, o Offer, more int) error {
	usage, known := g.Quota(w, o)
	if !known || more <= 0 {
		return nil
	}
	free := max(int(usage.Limit-usage.Used), 0)
	if more <= free {
		return nil
	}
	short := s.Env.T("azure.error.quota")
	if ptu.IsStandard(w.SKU) {
		short = s.Env.T("azure.quota-short")
	}
	return exit.New(exit.Quota, short+"\n  "+s.Env.T("azure.quota-lacks",
		"Asked", more, "Free", free, "Limit", int(usage.Limit), "Used", int(usage.Used), "Quota", usage.Name, "Region", g.Region.Name)).
		Because("InsufficientQuota").Hint(hints(s.Env, "azure.error.quota")...).See(tellings[arm.NoQuota].link)
}

// FreeCapacity is what a region can serve of a SKU right now. known is false
// when the service did not say.
func FreeCapacity(capacities []arm.Capacity, region, sku string) (free int, known bool) {
	for _, c := range capacities {
		if arm.Fold(c.Location) == arm.Fold(region) && c.SKU == sku {
			return c.Available, true
		}
	}
	return 0, false
}
