package deployment

import (
	"context"
	"errors"
	"math"
	"strconv"
	"strings"

	"github.com/azptu/azptu/internal/azure/arm"
	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/session"
	"github.com/azptu/azptu/internal/cli/term"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/ptu"
)

// size is how large a deployment is wanted: units, or tokens per minute for a
// SKU that is billed by the token.
type size struct {
	units int
	tpm   string // 120k, 1.5m, 120000
}

// capacity is the size in the unit of the SKU.
func (z *size) capacity(env *verb.Env, sku string) (int, error) {
	switch {
	case z.tpm == "":
		return z.units, nil
	case z.units != 0:
		return 0, env.Contradiction("--capacity", "--tpm")
	}
	if !ptu.IsStandard(sku) {
		return 0, exit.New(exit.Usage, env.T("deployment.tpm-provisioned", "SKU", sku)).Hint(env.T("cli.give", "Flag", "--capacity"))
	}
	thousands, ok := parseTPM(z.tpm)
	if !ok {
		return 0, exit.New(exit.Usage, env.T("deployment.tpm-faulty", "Value", shorten(z.tpm))).Hint(env.T("deployment.tpm-faulty.hint"))
	}
	return thousands, nil
}

// parseTPM reads tokens per minute as people write them: 120000, 120k, 1.5m.
// The answer is in thousands, which is what Azure counts in.
func parseTPM(s string) (thousands int, ok bool) {
	number := strings.ToLower(strings.TrimSpace(s))
	factor := 1.0
	switch {
	case strings.HasSuffix(number, "k"):
		number, factor = strings.TrimSuffix(number, "k"), 1_000
	case strings.HasSuffix(number, "m"):
		number, factor = strings.TrimSuffix(number, "m"), 1_000_000
	}
	value, err := strconv.ParseFloat(number, 64)
	if err != nil || math.IsNaN(value) || math.IsInf(value, 0) {
		return 0, false
	}
	tokens := value * factor
	if tokens < 1000 || tokens > 1e12 || math.Mod(tokens, 1000) != 0 {
		return 0, false
	}
	return int(tokens / 1000), true
}

func typeNames() []string {
	var names []string
	for _, t := range ptu.DeploymentTypes() {
		names = append(names, string(t))
	}
	return names
}

func skuNames() []string {
	return []string{ptu.SKURegional, ptu.SKUGlobal, ptu.SKUDataZone, ptu.SKUStandard, ptu.SKUGlobalStandard, ptu.SKUDataZoneStandard}
}

// parseSKU gives a SKU its usual spelling.
func parseSKU(env *verb.Env, sku string) (string, error) {
	for _, known := range skuNames() {
		if strings.EqualFold(known, sku) {
			return known, nil
		}
	}
	return "", env.NotOneOf("--sku", sku, skuNames())
}

func parseUpgrade(env *verb.Env, option string) (string, error) {
	for _, known := range arm.UpgradeOptions {
		if strings.EqualFold(known, option) {
			return known, nil
		}
	}
	return "", env.NotOneOf("--upgrade-policy", option, arm.UpgradeOptions)
}

func isCapacity(err error) bool {
	var refused *ptu.CapacityError
	return errors.As(err, &refused)
}

func cancelled(env *verb.Env) error {
	env.Note(env.T("deployment.cancelled"))
	return exit.Quietly(1)
}

func shorten(s string) string {
	if runes := []rune(s); len(runes) > 60 {
		return string(runes[:57]) + "..."
	}
	return s
}

// paste is the command that creates the same deployment in another account.
func (o *createOptions) paste(ref arm.DeploymentRef, w session.Wish) session.Command {
	return func(account arm.AccountRef, sku string, capacity int) string {
		where := " --subscription-id " + account.SubscriptionID + " --resource-group " + session.Quote(account.ResourceGroup) + " --account-name " + account.Account
		what := " --model-name " + session.Quote(w.Model) + " --model-version " + session.Quote(w.Version) + " --capacity " + strconv.Itoa(capacity)
		if o.face == verb.Documented {
			return "azptu create-ptu-deployment" + where + " --deployment-name " + ref.Deployment + what + " --deployment-type " + string(ptu.BoundaryOfSKU(sku))
		}
		return "azptu deployment create " + ref.Deployment + where + what + " --sku " + sku
	}
}

// elsewhere offers the first alternative, as the portal does, when somebody
// sits at the terminal; else the refusal names it. The documented command asks
// nothing.
func (o *createOptions) elsewhere(ctx context.Context, s *session.Session, refusal error, g session.Ground, w session.Wish, offer session.Offer, ref arm.DeploymentRef) error {
	found, refusal := s.Elsewhere(ctx, refusal, g, w, offer, o.paste(ref, w))
	if len(found) == 0 || o.face == verb.Documented || !s.Env.Term.InTTY || s.Env.Global.Yes || o.switched {
		return refusal
	}
	first := found[0]
	exit.Print(s.Env.Term.Err, s.Env.Printer(), func(text string) string { return s.Env.Term.ErrStyle(term.Red, text) }, refusal, false)
	yes, err := s.Env.Term.Confirm(ctx, s.Env.T("azure.switch", "Account", first.Account.Account, "Region", arm.Fold(first.Account.Location),
		"Type", session.SKULabel(first.SKU), "To", s.Boundary(arm.Fold(first.Account.Location), first.SKU)))
	if err != nil {
		return err
	}
	if !yes {
		return exit.Quietly(exit.CodeOf(refusal))
	}
	o.switched, o.sku = true, first.SKU
	o.scope = verb.Scope{SubscriptionID: first.Account.SubscriptionID, ResourceGroup: first.Account.ResourceGroup, Account: first.Account.Account}
	return o.run(ctx, s.Env)
}
