package session

import (
	"context"
	"sort"
	"strings"

	"github.com/azptu/azptu/internal/azure/arm"
	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/ptu"
)

// Alternative is another account, or another type in the same one, that could
// hold a deployment its region has no units for.
type Alternative struct {
	Account arm.Account
	SKU     string
	Most    int  // the largest size that fits there now
	Leaves  bool // calls may be processed outside the boundary that was asked for
}

// Command is a command that makes the deployment there.
type Command func(account arm.AccountRef, sku string, capacity int) string

// maxAlternatives is how many are told.
const maxAlternatives = 3

// Elsewhere finds where the wish could be had instead, after refusal said that
// the region has not enough, and adds it to the refusal: accounts that could
// hold it, the same type first, each with the command to paste. Errors other
// than a lack of capacity pass untouched.
func (s *Session) Elsewhere(ctx context.Context, refusal error, g Ground, w Wish, o Offer, command Command) ([]Alternative, error) {
	known, ok := refusal.(*exit.Error)
	if !ok || known.Kind != exit.Capacity {
		return nil, refusal
	}
	rules, err := s.Rules(g.Region, o.Model)
	if err != nil {
		return nil, refusal
	}
	fits, err := s.Fits(ctx, g.Account.SubscriptionID, o.Model, rules)
	if err != nil {
		return nil, refusal
	}
	accounts, err := s.ARM.Accounts(ctx, g.Account.SubscriptionID)
	if err != nil {
		return nil, refusal
	}
	found, empty := alternatives(g, w, fits, rules, accounts)
	for _, a := range found {
		text := s.Env.T("azure.elsewhere", "Region", arm.Fold(a.Account.Location), "Type", SKULabel(a.SKU), "Most", a.Most, "Command", command(a.Account.AccountRef, a.SKU, w.Capacity))
		if a.Leaves {
			text += " " + s.Env.T("azure.elsewhere-leaves", "From", s.Boundary(g.Region.Name, w.SKU), "To", s.Boundary(arm.Fold(a.Account.Location), a.SKU))
		}
		known.Hint(text)
	}
	if len(empty) > 0 {
		known.Hint(s.Env.T("azure.elsewhere-empty", "Regions", strings.Join(empty[:min(len(empty), 5)], ", ")))
	}
	return found, known
}

// Boundary says where calls of a SKU in a region may be processed.
func (s *Session) Boundary(region, sku string) string {
	return s.Env.T("azure.boundary."+string(ptu.BoundaryOfSKU(sku)), "Region", region)
}

// alternatives picks, for each fit that takes the wish, an account in its
// region; empty are regions that would take it but hold no account.
func alternatives(g Ground, w Wish, fits []Fit, rules map[string]ptu.Rule, accounts []arm.Account) (found []Alternative, empty []string) {
	for _, fit := range fits {
		here := fit.Location == g.Region.Name
		if fit.MaxDeployable < w.Capacity || rules[fit.SKU].Check(w.Capacity) != nil || here && fit.SKU == w.SKU {
			continue
		}
		a, ok := accountIn(fit.Location, g.Account, accounts)
		switch {
		case ok:
			found = append(found, Alternative{a, fit.SKU, fit.MaxDeployable, leaves(g.Region.Name, w.SKU, fit.Location, fit.SKU)})
		case fit.SKU == w.SKU:
			empty = append(empty, fit.Location)
		}
	}
	sort.SliceStable(found, func(i, j int) bool {
		if same := found[i].SKU == w.SKU; same != (found[j].SKU == w.SKU) {
			return same
		}
		return !found[i].Leaves && found[j].Leaves
	})
	return found[:min(len(found), maxAlternatives)], empty
}

// accountIn picks an account of a region; the one asked for when it is there.
func accountIn(region string, asked arm.Account, accounts []arm.Account) (arm.Account, bool) {
	if arm.Fold(asked.Location) == region {
		return asked, true
	}
	for _, a := range accounts {
		if arm.Fold(a.Location) == region {
			return a, true
		}
	}
	return arm.Account{}, false
}

// leaves tells whether a switch may process calls where the first choice would
// not: another region of a regional type, or a wider type.
func leaves(fromRegion, fromSKU, toRegion, toSKU string) bool {
	width := map[ptu.DeploymentType]int{ptu.Regional: 0, ptu.DataZone: 1, ptu.Global: 2}
	from, to := width[ptu.BoundaryOfSKU(fromSKU)], width[ptu.BoundaryOfSKU(toSKU)]
	if from == width[ptu.Global] {
		return false
	}
	return to > from || fromRegion != toRegion
}
