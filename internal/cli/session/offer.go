package session

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/azptu/azptu/internal/azure/arm"
	"github.com/azptu/azptu/internal/catalog"
	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/ptu"
)

// Wish is what a deployment is wanted to be.
type Wish struct {
	Model    string
	Version  string // "" takes the default version
	SKU      string
	Capacity int // units, or thousands of tokens per minute for standard SKUs
}

// Label is the deployment type as people write it, or the SKU's own name.
func (w Wish) Label() string { return SKULabel(w.SKU) }

// SKULabel is a SKU as people write it: Regional, Global, Data Zone, or the
// SKU's own name when it is not provisioned.
func SKULabel(sku string) string {
	if t, ok := ptu.TypeOfSKU(sku); ok {
		return t.Label()
	}
	return sku
}

// Offer is how a region, or a catalog, offers what is wished for.
type Offer struct {
	Model      arm.ModelRef
	Rule       ptu.Rule
	Source     string // the region's name when its live answer decided, else the catalog's
	UsageName  string // of the quota it is taken from; "" when not known
	Retirement time.Time
	Meters     []arm.Meter
}

// Region is a live models answer and where it came from. Its zero value means
// that no region was asked.
type Region struct {
	Name   string
	Models []arm.Model
}

// Judge decides whether w can be deployed and with which numbers. The region's
// live answer goes first; a catalog that the user named beats it; where the
// sources differ the user is told. Errors are ready to be printed, in the
// words of the azptu 1.0 manual.
func Judge(env *verb.Env, w Wish, region Region) (Offer, error) {
	published, err := env.Catalog()
	if err != nil {
		return Offer{}, err
	}
	offer, err := choose(env, w, region, published)
	if err != nil {
		return Offer{}, err
	}
	if err := offer.Rule.Check(w.Capacity); err != nil {
		return offer, capacityRefused(env, w, err)
	}
	return offer, nil
}

func choose(env *verb.Env, w Wish, region Region, published *catalog.Catalog) (Offer, error) {
	fromCatalog, catalogErr := catalogOffer(env, w, published)
	if region.Models == nil {
		return fromCatalog, catalogErr
	}
	live, liveErr := liveOffer(env, w, region, published)
	if env.CatalogNamed() && !ptu.IsStandard(w.SKU) {
		if catalogErr != nil {
			return Offer{}, catalogErr
		}
		if liveErr == nil {
			fromCatalog.Model, fromCatalog.UsageName, fromCatalog.Retirement, fromCatalog.Meters = live.Model, live.UsageName, live.Retirement, live.Meters
			warnDifference(env, w, fromCatalog, live)
		}
		return fromCatalog, nil
	}
	if liveErr != nil {
		return Offer{}, liveErr
	}
	if live.Rule == (ptu.Rule{}) && catalogErr == nil {
		live.Rule, live.Source = fromCatalog.Rule, fromCatalog.Source
	} else if catalogErr == nil {
		warnDifference(env, w, live, fromCatalog)
	}
	return live, nil
}

// warnDifference says that two sources give other numbers, and whose count.
func warnDifference(env *verb.Env, w Wish, used, other Offer) {
	if ptu.IsStandard(w.SKU) || other.Rule == (ptu.Rule{}) || used.Rule.Minimum == other.Rule.Minimum && used.Rule.Step == other.Rule.Step {
		return
	}
	env.Warn(env.T("azure.rules-differ", "Model", w.Model, "Type", w.Label(),
		"Used", used.Source, "Minimum", used.Rule.Minimum, "Step", used.Rule.Step,
		"Other", other.Source, "OtherMinimum", other.Rule.Minimum, "OtherStep", other.Rule.Step))
}

func liveOffer(env *verb.Env, w Wish, region Region, published *catalog.Catalog) (Offer, error) {
	model, nameKnown, versionKnown := arm.FindModel(region.Models, w.Model, w.Version, w.SKU)
	switch {
	case !nameKnown:
		if _, known := published.Model(w.Model); known {
			return Offer{}, exit.New(exit.Validation, env.T("azure.model-elsewhere", "Model", w.Model, "Region", region.Name)).
				Hint(env.T("azure.model-elsewhere.hint", "Command", "azptu capacity show --model "+Quote(w.Model)+" --model-version "+Quote(w.Version)))
		}
		return Offer{}, ModelUnknown(env, exit.Validation, w.Model, liveNames(region.Models), "azptu list-ptu-models")
	case !versionKnown:
		return Offer{}, VersionUnknown(env, exit.Validation, w.Model, w.Version, liveVersions(region.Models, w.Model))
	}
	sku, ok := model.SKU(w.SKU)
	if !ok {
		return Offer{}, typeRefused(env, w, liveTypes(model))
	}
	return Offer{
		Model: model.ModelRef, Rule: sku.Rule, Source: region.Name, UsageName: sku.UsageName,
		Retirement: model.RetiresAs(w.SKU), Meters: sku.Meters,
	}, nil
}

func catalogOffer(env *verb.Env, w Wish, published *catalog.Catalog) (Offer, error) {
	model, ok := published.Model(w.Model)
	if !ok {
		var names []string
		for _, m := range published.Models() {
			names = append(names, m.Name)
		}
		return Offer{}, ModelUnknown(env, exit.Validation, w.Model, names, "azptu list-ptu-models")
	}
	version, ok := model.Version(w.Version)
	if !ok && w.Version == "" {
		version, _ = model.DefaultVersion()
	} else if !ok {
		var versions []string
		for _, v := range model.Versions {
			versions = append(versions, v.Name)
		}
		return Offer{}, VersionUnknown(env, exit.Validation, w.Model, w.Version, versions)
	}
	offer := Offer{Model: arm.ModelRef{Format: model.Format, Name: model.Name, Version: version.Name}, Source: published.Name, Retirement: version.Retirement}
	t, provisioned := ptu.TypeOfSKU(w.SKU)
	if !provisioned {
		return offer, nil
	}
	rule, ok := model.Rules[t]
	if !ok {
		return Offer{}, typeRefused(env, w, model.Types())
	}
	offer.Rule, offer.Source = rule.Rule, rule.Source
	return offer, nil
}

func liveNames(models []arm.Model) []string {
	var names []string
	for _, m := range models {
		names = append(names, m.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func liveVersions(models []arm.Model, name string) []string {
	var versions []string
	for _, m := range models {
		if strings.EqualFold(m.Name, name) {
			versions = append(versions, m.Version)
		}
	}
	slices.Sort(versions)
	return slices.Compact(versions)
}

func liveTypes(m arm.Model) []ptu.DeploymentType {
	var types []ptu.DeploymentType
	for _, t := range ptu.DeploymentTypes() {
		if _, ok := m.SKU(t.SKU()); ok {
			types = append(types, t)
		}
	}
	return types
}

// ModelUnknown is the error for a model that none of names is; command lists
// those there are.
func ModelUnknown(env *verb.Env, kind exit.Kind, model string, names []string, command string) error {
	err := exit.New(kind, env.T("azure.model-unknown", "Model", model))
	if near := verb.Nearest(model, names); near != "" {
		err.Hint(env.T("cli.did-you-mean", "Name", near))
	}
	return err.Hint(env.T("azure.list-models", "Command", command))
}

// VersionUnknown is the error for a version that model has not, beside those
// it has.
func VersionUnknown(env *verb.Env, kind exit.Kind, model, version string, versions []string) error {
	err := exit.New(kind, env.T("azure.version-unknown", "Model", model, "Version", version))
	if near := verb.Nearest(version, versions); near != "" {
		err.Hint(env.T("cli.did-you-mean", "Name", near))
	}
	if len(versions) > 0 {
		err.Hint(env.T("azure.versions-known", "Versions", strings.Join(versions, ", ")))
	}
	return err
}

// typeRefused is "Model 'gpt-4' does not support Regional deployment. Use
// Global or Data Zone."
func typeRefused(env *verb.Env, w Wish, others []ptu.DeploymentType) error {
	var labels []string
	for _, t := range others {
		labels = append(labels, t.Label())
	}
	message := env.T("azure.type-refused", "Model", w.Model, "Type", w.Label())
	if len(labels) > 0 {
		message += " " + env.T("azure.type-instead", "Types", strings.Join(labels, " "+env.T("azure.or")+" "))
	}
	return exit.New(exit.Validation, message).Hint(env.T("azure.list-models", "Command", "azptu list-ptu-models"))
}

// capacityRefused words a capacity that the rule refuses as the manual does.
func capacityRefused(env *verb.Env, w Wish, err error) error {
	var refused *ptu.CapacityError
	if !errors.As(err, &refused) {
		return err
	}
	args := []any{"Model", w.Model, "Type", w.Label(), "Capacity", w.Capacity, "Minimum", max(refused.Rule.Minimum, 1), "Step", max(refused.Rule.Step, 1), "Maximum", refused.Rule.Maximum}
	key := map[ptu.Reason]string{ptu.BelowMinimum: "azure.capacity-below", ptu.NotAStep: "azure.capacity-step", ptu.AboveMaximum: "azure.capacity-above"}[refused.Reason]
	out := exit.New(exit.Validation, env.T(key, args...)).Wrap(err)
	below, above := refused.Rule.Next(w.Capacity)
	switch {
	case refused.Reason == ptu.NotAStep && below > 0:
		out.Hint(env.T("azure.capacity-near", "Below", below, "Above", above))
	case refused.Reason == ptu.BelowMinimum:
		out.Hint(env.T("azure.capacity-least", "Minimum", max(refused.Rule.Minimum, 1)))
	}
	return out.Hint(env.T("azure.list-models", "Command", "azptu list-ptu-models"))
}
