package state

import (
	"errors"
	"strings"

	"github.com/azptu/azptu/internal/ptu"
)

// judge turns an order into the deployment it would make, or says why Azure
// would not make it. Quota and capacity are judged later, by afford.
func (s *Store) judge(a *Account, o Order, old *Deployment) (Deployment, error) {
	d := Deployment{Account: a.ID(), Name: o.Name, RAIPolicy: o.RAIPolicy, Spillover: o.Spillover, Parent: o.Parent, Tags: o.Tags}
	if a.Kind != "OpenAI" && a.Kind != "AIServices" {
		return d, invalidProperties("The account of kind '%s' does not support deployments.", a.Kind)
	}
	model, err := s.pick(a, o.Model, old)
	if err != nil {
		return d, err
	}
	d.Model = ModelRef{Format: model.Format, Name: model.Name, Version: model.Version, Source: o.Model.Source}
	if o.SKU == "" {
		o.SKU = ptu.SKUStandard
	}
	sku, ok := model.sku(o.SKU)
	if !ok && o.Scaled {
		return d, invalidProperties("The specified scale type '%s' of account deployment is not supported by the model '%s'.", o.SKU, model.Name)
	}
	if !ok {
		return d, invalidProperties("The specified SKU '%s' for model '%s %s' is not supported in this region '%s'.", o.SKU, model.Name, model.Version, Normalize(a.Location))
	}
	d.SKU = sku.Name
	if d.Capacity, err = size(sku, o.Capacity); err != nil {
		return d, err
	}
	if d.UpgradeOption, err = upgradeOption(o.UpgradeOption, d.SKU, old); err != nil {
		return d, err
	}
	if gone := model.retires(sku); !gone.IsZero() && !s.now.Before(gone) && (old == nil || old.Model != d.Model) {
		return d, Refuse(400, "ServiceModelDeprecated", "The model 'Format: %s, Name: %s, Version: %s' has been deprecated since %s.", model.Format, model.Name, model.Version, gone.Format("01/02/2006 15:04:05"))
	}
	return d, errors.Join(s.judgeSpillover(a, d), s.judgePolicy(a, d))
}

// pick finds the model version that an order means.
func (s *Store) pick(a *Account, want ModelRef, old *Deployment) (Model, error) {
	if want.Format == "" {
		want.Format = "OpenAI"
	}
	if want.Name == "" {
		return Model{}, invalidProperties("The model name of the account deployment is required.")
	}
	if want.Version == "" && old != nil && strings.EqualFold(old.Model.Name, want.Name) {
		want.Version = old.Model.Version
	}
	if s.owns(a.ID(), want) {
		want.Version = fineTunedVersion
		if m, ok := s.ModelOf(want); ok {
			region, _ := RegionOf(a.Location)
			return m.in(region), nil
		}
	}
	for _, m := range s.models {
		if !strings.EqualFold(m.Format, want.Format) || !strings.EqualFold(m.Name, want.Name) {
			continue
		}
		if strings.EqualFold(m.Version, want.Version) || want.Version == "" && s.isDefault(m) {
			region, ok := RegionOf(a.Location)
			if !ok {
				break
			}
			return m.in(region), nil
		}
	}
	return Model{}, Refuse(400, "DeploymentModelNotSupported", "The model 'Format: %s, Name: %s, Version: %s' of account deployment is not supported.", want.Format, want.Name, want.Version)
}

// size judges the capacity against the rule of the SKU. The wording of a
// refusal is ours: what Azure answers is not published.
func size(sku SKU, asked *int) (int, error) {
	if asked == nil {
		return max(sku.Rule.Default, sku.Rule.Minimum, 1), nil
	}
	if *asked <= 0 {
		return 0, Refuse(400, "InvalidCapacity", "The specified capacity '%d' of account deployment is invalid. It must be a positive number.", *asked)
	}
	err := sku.Rule.Check(*asked)
	var refused *ptu.CapacityError
	if !errors.As(err, &refused) {
		return *asked, nil
	}
	switch refused.Reason {
	case ptu.BelowMinimum:
		return 0, Refuse(400, "InvalidCapacity", "The specified capacity '%d' of account deployment is below the minimum '%d' of SKU '%s'.", *asked, sku.Rule.Minimum, sku.Name)
	case ptu.AboveMaximum:
		return 0, Refuse(400, "InvalidCapacity", "The specified capacity '%d' of account deployment is above the maximum '%d' of SKU '%s'.", *asked, sku.Rule.Maximum, sku.Name)
	}
	return 0, Refuse(400, "InvalidCapacity", "The specified capacity '%d' of account deployment is not a multiple of the step '%d' of SKU '%s'.", *asked, sku.Rule.Step, sku.Name)
}

// upgradeOption judges versionUpgradeOption. Left out, a new Standard
// deployment gets OnceNewDefaultVersionAvailable (recorded traffic of
// 2025-10-28); a provisioned one stays null.
func upgradeOption(asked *string, sku string, old *Deployment) (string, error) {
	if asked == nil {
		switch {
		case old != nil:
			return old.UpgradeOption, nil
		case ptu.IsStandard(sku):
			return OnceNewDefault, nil
		}
		return "", nil
	}
	for _, known := range []string{"", OnceNewDefault, OnceExpired, NoAutoUpgrade} {
		if strings.EqualFold(*asked, known) {
			return known, nil
		}
	}
	return "", invalidProperties("The specified versionUpgradeOption '%s' of account deployment is not supported. Use '%s', '%s' or '%s'.", *asked, OnceNewDefault, OnceExpired, NoAutoUpgrade)
}

// judgeSpillover: the target is a standard deployment in the same resource
// (Microsoft, "Spillover traffic management", 2026-03-04). Words ours.
func (s *Store) judgeSpillover(a *Account, d Deployment) error {
	if d.Spillover == "" {
		return nil
	}
	if ptu.IsStandard(d.SKU) {
		return invalidProperties("spilloverDeploymentName is supported by provisioned deployments only; the SKU of '%s' is '%s'.", d.Name, d.SKU)
	}
	if !strings.EqualFold(d.Model.Format, "OpenAI") {
		return invalidProperties("Spillover is not supported for model '%s'.", d.Model.Name)
	}
	target := s.world.Deployments[fold(a.ID()+"/deployments/"+d.Spillover)]
	if target == nil || !ptu.IsStandard(target.SKU) {
		return invalidProperties("The spillover deployment '%s' must be a standard deployment of the same resource.", d.Spillover)
	}
	return nil
}

// judgePolicy: a content filter policy is Microsoft's or the account's own.
func (s *Store) judgePolicy(a *Account, d Deployment) error {
	if d.RAIPolicy == "" || strings.HasPrefix(fold(d.RAIPolicy), "microsoft.") || s.world.Documents[fold(a.ID()+"/raiPolicies/"+d.RAIPolicy)] != nil {
		return nil
	}
	return invalidProperties("The content filter policy '%s' was not found in account '%s'.", d.RAIPolicy, a.Name)
}

// afford judges quota first and service capacity second, as Azure does: a
// subscription may have quota where there is nothing to be had.
func (s *Store) afford(a *Account, want Deployment, old *Deployment) error {
	region, ok := RegionOf(a.Location)
	if !ok {
		return invalidProperties("The region '%s' is not supported.", a.Location)
	}
	row := s.rowOf(want)
	held, more := 0, want.Capacity
	if old != nil && old.State != "Failed" && s.rowOf(*old).Name == row.Name {
		held = old.Capacity
		more = want.Capacity - held
	}
	if err := s.affordTuned(a, region, want, old); err != nil || more <= 0 {
		return err
	}
	limit, used := s.limit(a.Subscription, region, row), s.used(a.Subscription, region, row.Name)
	if used+more > limit {
		return insufficientQuota(more, limit, used, row)
	}
	if _, provisioned := ptu.TypeOfSKU(want.SKU); !provisioned {
		return nil
	}
	if free := s.free(region, want.SKU); more > free {
		// Neither code nor text is published for want of service capacity; the
		// first sentence is what Azure says of other services without room.
		return Refuse(409, "InsufficientServiceCapacity", "The region '%s' currently does not have enough resources available to provision services with the SKU '%s'. %d more provisioned throughput units were asked for and %d can be deployed. Try creating the service in another region or selecting a different SKU.",
			region.Name, want.SKU, more, free)
	}
	return nil
}

func insufficientQuota(more, limit, used int, row Row) *Refusal {
	return Refuse(400, "InsufficientQuota", "This operation require %d new capacity in quota %s, which is bigger than the current available capacity %d. The current quota usage is %d and the quota limit is %d for quota %s",
		more, row.Label, max(limit-used, 0), used, limit, row.Label)
}
