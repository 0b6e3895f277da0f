package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/azptu/azptu/internal/azure/arm"
	"github.com/azptu/azptu/internal/azure/monitor"
	"github.com/azptu/azptu/internal/catalog"
	"github.com/azptu/azptu/internal/cli/model"
	"github.com/azptu/azptu/internal/cli/session"
	"github.com/azptu/azptu/internal/ptu"
)

// need is a right that a command cannot do without.
type need struct {
	command string
	action  string
	account bool // it is enough to hold it at the account
	data    bool // an action of the data plane
	writes  bool // without it azptu still shows everything
}

const provider = "Microsoft.CognitiveServices/"

// needs are the rights of each command, those that read first.
var needs = []need{
	{"account list", provider + "accounts/read", false, false, false},
	{"deployment list", provider + "accounts/deployments/read", true, false, false},
	{"model list", provider + "locations/models/read", false, false, false},
	{"quota show", provider + "locations/usages/read", false, false, false},
	{"capacity show", provider + "modelCapacities/read", false, false, false},
	{"metrics show", "Microsoft.Insights/metrics/read", true, false, false},
	{"deployment create", provider + "accounts/deployments/write", true, false, true},
	{"deployment delete", provider + "accounts/deployments/delete", true, false, true},
	{"account create", provider + "accounts/write", false, false, true},
	{"account keys", provider + "accounts/listKeys/action", true, false, true},
	{"account grant", "Microsoft.Authorization/roleAssignments/write", true, false, true},
	{"account diagnostics", "Microsoft.Insights/diagnosticSettings/write", true, false, true},
	{"chat", provider + "accounts/OpenAI/deployments/chat/completions/action", true, true, true},
}

func (n need) met(rights []arm.Right) bool {
	for _, r := range rights {
		if n.data && r.AllowsData(n.action) || !n.data && r.Allows(n.action) {
			return true
		}
	}
	return false
}

// checkPermissions tells which commands the caller may not use.
func checkPermissions(ctx context.Context, w *ward) []Finding {
	general, err := w.session.ARM.Rights(ctx, "/subscriptions/"+w.subscription, w.identity.Object)
	if err != nil {
		return []Finding{w.skipped("permissions.unread", "Error", firstLine(err.Error()))}
	}
	own := general
	if ref, ok := w.account(ctx); ok {
		if held, err := w.session.ARM.Rights(ctx, ref.ID(), w.identity.Object); err == nil {
			own = slices.Concat(general, held)
		}
	}
	var findings []Finding
	for _, n := range needs {
		rights := general
		if n.account {
			rights = own
		}
		switch {
		case n.met(rights):
		case n.data:
			findings = append(findings, w.warning("permissions.no-data", "Command", "azptu "+n.command, "Action", n.action))
		case n.writes:
			findings = append(findings, w.warning("permissions.no-write", "Command", "azptu "+n.command, "Action", n.action))
		default:
			findings = append(findings, w.failed("permissions.no-read", "Command", "azptu "+n.command, "Action", n.action))
		}
	}
	if len(findings) == 0 {
		return []Finding{w.ok("permissions.ok", "Count", len(needs))}
	}
	return findings
}

// account is the account that flags, variables or the state name.
func (w *ward) account(ctx context.Context) (arm.AccountRef, bool) {
	filled, err := w.env.Fill(ctx, w.scope)
	if err != nil || filled.Account == "" {
		return arm.AccountRef{}, false
	}
	for _, a := range w.accounts {
		if strings.EqualFold(a.Account, filled.Account) && (filled.ResourceGroup == "" || strings.EqualFold(a.ResourceGroup, filled.ResourceGroup)) {
			return a.AccountRef, true
		}
	}
	return arm.AccountRef{}, false
}

// checkAccounts tells whether there is anything to deploy to, and whether the
// remembered project is still there.
func checkAccounts(ctx context.Context, w *ward) []Finding {
	filled, err := w.env.Fill(ctx, w.scope)
	_, there := w.account(ctx)
	switch {
	case err == nil && filled.Account != "" && !there:
		return []Finding{w.failed("accounts.gone", "Name", filled.Account, "Command", "azptu account list")}
	case len(w.accounts) == 0:
		return []Finding{w.warning("accounts.none", "Command", "azptu account create")}
	}
	return []Finding{w.ok("accounts.ok", "Count", len(w.accounts))}
}

// mostEndpoints bounds how many accounts are knocked at.
const mostEndpoints = 32

// checkEndpoints tells which accounts do not answer from here.
func checkEndpoints(ctx context.Context, w *ward) []Finding {
	accounts := w.accounts[:min(len(w.accounts), mostEndpoints)]
	found := make([]*Finding, len(accounts))
	var group errgroup.Group
	group.SetLimit(16)
	for i, a := range accounts {
		group.Go(func() error {
			_, err := w.get(ctx, w.session.HTTP(), a.OwnEndpoint())
			if err == nil {
				return nil
			}
			f := w.unreachable("endpoints.unreachable", a.OwnEndpoint(), err)
			if strings.EqualFold(a.PublicNetwork, "Disabled") {
				f = w.warning("endpoints.private", "Address", a.OwnEndpoint())
			}
			found[i] = &f
			return nil
		})
	}
	_ = group.Wait() // findings are the answer
	var findings []Finding
	for _, f := range found {
		if f != nil {
			findings = append(findings, *f)
		}
	}
	switch {
	case len(accounts) == 0:
		return []Finding{w.skipped("endpoints.none")}
	case len(findings) == 0:
		return []Finding{w.ok("endpoints.ok", "Count", len(accounts))}
	}
	return findings
}

// regions are where accounts are, each once.
func (w *ward) regions() []string {
	var all []string
	for _, a := range w.accounts {
		all = append(all, arm.Fold(a.Location))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// nearly is the share of a quota from which one should ask for more.
const nearly = 0.9

// checkQuota tells where provisioned quota is missing or nearly used up, in
// the regions that hold accounts.
func checkQuota(ctx context.Context, w *ward) []Finding {
	if len(w.regions()) == 0 {
		return []Finding{w.skipped("endpoints.none")}
	}
	usages, failed, err := w.session.Usages(ctx, w.subscription, w.regions())
	if err != nil || len(failed) == len(w.regions()) {
		for _, one := range failed {
			err = one
		}
		return []Finding{w.warning("quota.unread", "Error", firstLine(err.Error()))}
	}
	var findings []Finding
	limit := 0
	for _, region := range w.regions() {
		for _, u := range usages[region] {
			_, sku, _ := strings.Cut(u.Name, ".")
			if _, provisioned := ptu.TypeOfSKU(sku); !provisioned {
				continue
			}
			limit += int(u.Limit)
			if u.Limit > 0 && u.Used >= nearly*u.Limit {
				findings = append(findings, w.warning("quota.nearly", "Quota", u.Name, "Region", region, "Used", int(u.Used), "Limit", int(u.Limit)))
			}
		}
	}
	switch {
	case limit == 0:
		return []Finding{w.warning("quota.none", "Regions", strings.Join(w.regions(), ", "))}
	case len(findings) == 0:
		return []Finding{w.ok("quota.ok", "Limit", limit, "Count", len(w.regions()))}
	}
	return findings
}

// checkCatalog sets the published figures against what a region answers today.
func checkCatalog(ctx context.Context, w *ward) []Finding {
	published, err := w.env.Catalog()
	regions := w.regions()
	if err != nil || len(regions) == 0 {
		return []Finding{w.skipped("endpoints.none")}
	}
	region := regions[0]
	if ref, ok := w.account(ctx); ok {
		for _, a := range w.accounts {
			if a.AccountRef == ref {
				region = arm.Fold(a.Location)
			}
		}
	}
	models, err := w.session.ARM.Models(ctx, w.subscription, region)
	if err != nil {
		return []Finding{w.skipped("catalog.unread", "Region", region, "Error", firstLine(err.Error()))}
	}
	differ := differences(models, published)
	if len(differ) == 0 {
		return []Finding{w.ok("catalog.ok", "Region", region)}
	}
	more := ""
	if len(differ) > mostShown {
		more = ", …"
	}
	return []Finding{w.warning("catalog.differs", "Region", region, "Count", len(differ), "What", strings.Join(differ[:min(len(differ), mostShown)], ", ")+more)}
}

// mostShown is how many differences a finding names.
const mostShown = 5

// differences are the dates and sizes that a region answers otherwise than
// they are published: first the region's figure, then the published one.
func differences(models []arm.Model, published *catalog.Catalog) []string {
	var differ []string
	for _, m := range models {
		known, ok := published.Model(m.Name)
		if !ok {
			continue
		}
		if v, ok := known.Version(m.Version); ok && !v.Retirement.IsZero() && !m.Retirement.IsZero() && !v.Retirement.Equal(m.Retirement) {
			differ = append(differ, fmt.Sprintf("%s %s: %s ≠ %s", m.Name, m.Version, m.Retirement.Format(time.DateOnly), v.Retirement.Format(time.DateOnly)))
		}
		differ = append(differ, otherSizes(m, known)...)
	}
	slices.Sort(differ)
	return slices.Compact(differ)
}

func otherSizes(m arm.Model, known catalog.Model) []string {
	var differ []string
	for _, sku := range m.SKUs {
		t, provisioned := ptu.TypeOfSKU(sku.Name)
		rule, ok := known.Rules[t]
		if provisioned && ok && sku.Rule != (ptu.Rule{}) && (sku.Rule.Minimum != rule.Minimum || sku.Rule.Step != rule.Step) {
			differ = append(differ, fmt.Sprintf("%s %s: %d+%d ≠ %d+%d PTU", m.Name, t.Label(), sku.Rule.Minimum, sku.Rule.Step, rule.Minimum, rule.Step))
		}
	}
	return differ
}

// checkMetrics tells whether Azure Monitor answers for one account.
func checkMetrics(ctx context.Context, w *ward) []Finding {
	if len(w.accounts) == 0 {
		return []Finding{w.skipped("endpoints.none")}
	}
	a := w.accounts[0]
	client, err := w.session.Metrics(a.Location)
	if err == nil {
		_, err = client.Deployments(ctx, []arm.AccountRef{a.AccountRef}, monitor.Window{})
	}
	if err != nil {
		told := session.Explain(w.env, err)
		return []Finding{explained(w.warning("metrics.unread", "Account", a.Account, "Error", firstLine(told.Error())), told)}
	}
	return []Finding{w.ok("metrics.ok", "Account", a.Account)}
}

// pressing is how near a retirement is a finding, in days.
const pressing = 30

// checkRetirements tells which deployments stop soon, or have stopped.
func checkRetirements(ctx context.Context, w *ward) []Finding {
	rows, err := model.Retirements(ctx, w.session, []string{w.subscription})
	if err != nil {
		told := session.Explain(w.env, err)
		return []Finding{explained(w.skipped("retirements.unread", "Error", firstLine(told.Error())), told)}
	}
	var findings []Finding
	for _, r := range rows {
		if r.DaysLeft == nil || *r.DaysLeft > pressing {
			continue
		}
		args := []any{"Deployment", r.Deployment, "Account", r.Account, "Date", *r.RetirementDate, "Days", *r.DaysLeft}
		switch r.WhatHappens {
		case "stopped":
			findings = append(findings, hinted(w.failed("retirements.stopped", args...), r.Command))
		case "stops":
			findings = append(findings, hinted(w.warning("retirements.stops", args...), r.Command))
		}
	}
	if len(findings) == 0 {
		return []Finding{w.ok("retirements.ok", "Count", len(rows), "Days", pressing)}
	}
	return findings
}
