package model

import (
	"context"
	"fmt"
	"io"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/azptu/azptu/internal/azure/arm"
	"github.com/azptu/azptu/internal/catalog"
	"github.com/azptu/azptu/internal/cli/account"
	"github.com/azptu/azptu/internal/cli/deployment"
	"github.com/azptu/azptu/internal/cli/render"
	"github.com/azptu/azptu/internal/cli/session"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/ptu"
)

// What happens to a deployment when its model retires. Never translated.
const (
	stops    = "stops"    // calls fail from that day on
	upgrades = "upgrades" // the service moves it to the default version of that day
	follows  = "follows"  // upgraded within two weeks of every new default version
	stopped  = "stopped"  // the day has passed
	unknown  = "unknown"  // no date is published
)

// Retirement is one deployment against its model's dates, as -o json shows it.
type Retirement struct {
	Account        string  `json:"account"`
	Deployment     string  `json:"deployment"`
	Model          string  `json:"model"`
	Version        string  `json:"version"`
	RetirementDate *string `json:"retirementDate"` // YYYY-MM-DD, null when none is published
	DaysLeft       *int    `json:"daysLeft"`       // negative when the day has passed
	UpgradeOption  string  `json:"upgradeOption"`  // the one in force; null means OnceCurrentVersionExpired
	WhatHappens    string  `json:"whatHappens"`    // stops, upgrades, follows, stopped, unknown
	SubscriptionID string  `json:"subscriptionId"`
	ResourceGroup  string  `json:"resourceGroup"`
	Location       string  `json:"location"`
	SKU            string  `json:"sku"`
	Tentative      bool    `json:"tentative"`   // the date is not settled
	Replacement    *string `json:"replacement"` // model and version that the service would move it to
	Source         string  `json:"source"`      // region or catalog that the date is from
	Command        string  `json:"command"`     // what to type to act
}

type retirementOptions struct {
	scope  verb.Scope
	within int
	ics    bool
}

func newRetirements(env *verb.Env) *cobra.Command {
	o := &retirementOptions{}
	cmd := verb.Command(env, verb.Spec{Use: "retirements", Help: "model.retirements", Run: func(ctx context.Context, _ []string) error { return o.run(ctx, env) }})
	o.scope.Bind(env, cmd, verb.FlagSubscription)
	cmd.Flags().IntVar(&o.within, "within-days", 0, "model.flag.within-days")
	cmd.Flags().BoolVar(&o.ics, "ics", false, "model.flag.ics")
	return cmd
}

func (o *retirementOptions) run(ctx context.Context, env *verb.Env) error {
	if o.within < 0 {
		return env.NotFitting("--within-days", strconv.Itoa(o.within))
	}
	s, err := session.Open(env)
	if err != nil {
		return err
	}
	subscriptions, err := s.Subscriptions(ctx, o.scope.SubscriptionID)
	if err != nil {
		return err
	}
	done := session.Busy(env, env.T("model.retirements.asking"))
	rows, err := o.rows(ctx, s, subscriptions)
	done()
	if err != nil {
		return err
	}
	if o.ics {
		return writeCalendar(env, rows)
	}
	view := render.List(rows, func(r Retirement) string { return r.Deployment }, retirementFields(env)...)
	view.Empty = env.T("model.retirements.none")
	return env.Show(view)
}

// Retirements sets every deployment of subscriptions against its dates, the
// nearest first.
func Retirements(ctx context.Context, s *session.Session, subscriptions []string) ([]Retirement, error) {
	return (&retirementOptions{}).rows(ctx, s, subscriptions)
}

func (o *retirementOptions) rows(ctx context.Context, s *session.Session, subscriptions []string) ([]Retirement, error) {
	accounts, err := account.Everywhere(ctx, s, subscriptions)
	if err != nil {
		return nil, err
	}
	var found [][]arm.Deployment
	var offered map[string][]arm.Model
	group, inner := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		found, err = deployment.Everywhere(inner, s, accounts)
		return err
	})
	group.Go(func() (err error) {
		offered, err = regionModels(inner, s, accounts)
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, session.Explain(s.Env, err)
	}
	published, err := s.Env.Catalog()
	if err != nil {
		return nil, err
	}
	rows := []Retirement{}
	for i, a := range accounts {
		for _, d := range found[i] {
			row := judge(d, arm.Fold(a.Location), offered[arm.Fold(a.Location)], published, s.Env.Now())
			if o.within == 0 || row.DaysLeft != nil && *row.DaysLeft <= o.within {
				rows = append(rows, row)
			}
		}
	}
	sort.SliceStable(rows, func(i, j int) bool { return sooner(rows[i], rows[j]) })
	return rows, nil
}

// regionModels reads the models of every region that holds an account, each
// region once. A region that cannot be read falls back to the catalog.
func regionModels(ctx context.Context, s *session.Session, accounts []arm.Account) (map[string][]arm.Model, error) {
	regions := map[string]string{} // region -> a subscription that is there
	for _, a := range accounts {
		regions[arm.Fold(a.Location)] = a.SubscriptionID
	}
	type answer struct {
		region string
		models []arm.Model
		err    error
	}
	answers := make(chan answer, len(regions))
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(session.Parallel)
	for region, subscription := range regions {
		group.Go(func() error {
			models, err := s.ARM.Models(inner, subscription, region)
			answers <- answer{region, models, err}
			return nil
		})
	}
	_ = group.Wait() // every goroutine reports through answers
	close(answers)
	offered := map[string][]arm.Model{}
	for a := range answers {
		if a.err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			s.Env.Warn(s.Env.T("model.retirements.unread", "Region", a.region, "Error", a.err.Error()))
			continue
		}
		offered[a.region] = a.models
	}
	return offered, nil
}

func sooner(a, b Retirement) bool {
	switch {
	case a.RetirementDate == nil || b.RetirementDate == nil:
		return a.RetirementDate != nil
	case *a.RetirementDate != *b.RetirementDate:
		return *a.RetirementDate < *b.RetirementDate
	}
	return a.Deployment < b.Deployment
}

// judge sets a deployment against its dates: what the region answers counts,
// since published tables move, also backwards; the catalog fills the gaps.
func judge(d arm.Deployment, region string, models []arm.Model, published *catalog.Catalog, now time.Time) Retirement {
	row := Retirement{
		Account: d.Account, Deployment: d.DeploymentRef.Deployment, Model: d.Model.Name, Version: d.Model.Version,
		UpgradeOption: d.EffectiveUpgrade(), SubscriptionID: d.SubscriptionID, ResourceGroup: d.ResourceGroup, Location: region, SKU: d.SKU,
	}
	live, _, known := arm.FindModel(models, d.Model.Name, d.Model.Version, d.SKU)
	var when time.Time
	if known {
		when, row.Tentative, row.Source = live.RetiresAs(d.SKU), live.Tentative, region
		if r := live.Replacement; r.Version != "" {
			target := strings.TrimSpace(r.Model + " " + r.Version)
			row.Replacement = &target
		}
	}
	if m, ok := published.Model(d.Model.Name); ok {
		v, _ := m.Version(d.Model.Version)
		if when.IsZero() && !v.Retirement.IsZero() {
			when, row.Source = v.Retirement, published.Name
		}
		if row.Replacement == nil && v.Replacement != "" {
			row.Replacement = &v.Replacement
		}
	}
	row.WhatHappens = fate(d, when, now)
	if !when.IsZero() {
		days := int(when.Sub(now.UTC().Truncate(24*time.Hour)).Hours() / 24)
		row.RetirementDate, row.DaysLeft = day(when), &days
	}
	row.Command = act(d, row)
	return row
}

// fate is what becomes of a deployment. Automatic upgrades exist only for
// standard types, whatever the option says.
func fate(d arm.Deployment, when, now time.Time) string {
	automatic := ptu.IsStandard(d.SKU) && d.EffectiveUpgrade() != "NoAutoUpgrade"
	switch {
	case automatic && d.EffectiveUpgrade() == "OnceNewDefaultVersionAvailable":
		return follows
	case when.IsZero():
		return unknown
	case automatic:
		return upgrades
	case !now.Before(when):
		return stopped
	}
	return stops
}

func act(d arm.Deployment, row Retirement) string {
	switch row.WhatHappens {
	case stops, stopped:
		target := " --model-version VERSION"
		if row.Replacement != nil {
			name, version, found := strings.Cut(*row.Replacement, " ")
			switch {
			case found && !strings.EqualFold(name, d.Model.Name):
				target = " --model-name " + name + " --model-version " + version
			case found:
				target = " --model-version " + version
			default:
				target = " --model-name " + name + " --model-version VERSION"
			}
		}
		if ptu.IsStandard(d.SKU) {
			return "azptu deployment upgrade-policy " + d.DeploymentRef.Deployment + " --account-name " + d.Account + " --set OnceCurrentVersionExpired"
		}
		return "azptu deployment migrate " + d.DeploymentRef.Deployment + " --account-name " + d.Account + target + " --in-place"
	}
	return ""
}

func retirementFields(env *verb.Env) []render.Field[Retirement] {
	return []render.Field[Retirement]{
		render.Col(env.T("model.field.account"), func(r Retirement) any { return r.Account }),
		render.Col(env.T("model.field.deployment"), func(r Retirement) any { return r.Deployment }),
		render.Col(env.T("model.field.name"), func(r Retirement) any { return r.Model + " " + r.Version }),
		render.Col(env.T("model.field.retirement"), func(r Retirement) any { return pointed(r.RetirementDate) }),
		render.Col(env.T("model.field.days"), func(r Retirement) any { return pointed(r.DaysLeft) }).AlignRight(),
		render.Col(env.T("model.field.upgrade"), func(r Retirement) any { return r.UpgradeOption }).OnlyWide(),
		render.Col(env.T("model.field.fate"), func(r Retirement) any { return env.T("model.fate." + r.WhatHappens) }),
		render.Col(env.T("model.field.source"), func(r Retirement) any { return r.Source }).OnlyWide(),
		render.Col(env.T("model.field.command"), func(r Retirement) any { return r.Command }).OnlyWide(),
	}
}

func pointed[T any](p *T) any {
	if p == nil {
		return nil
	}
	return *p
}

// writeCalendar writes the dates as an iCalendar (RFC 5545) file, an all-day
// event for each, with an alarm 30 days before.
func writeCalendar(env *verb.Env, rows []Retirement) error {
	var b strings.Builder
	line := func(format string, args ...any) { b.WriteString(fold(fmt.Sprintf(format, args...)) + "\r\n") }
	line("BEGIN:VCALENDAR")
	line("VERSION:2.0")
	line("PRODID:-//azptu//model retirements")
	for _, r := range rows {
		if r.RetirementDate == nil {
			continue
		}
		date := strings.ReplaceAll(*r.RetirementDate, "-", "")
		line("BEGIN:VEVENT")
		line("UID:%s-%s-%s-%s@azptu", escape(r.SubscriptionID), escape(r.Account), escape(r.Deployment), escape(r.Version))
		line("DTSTAMP:%s", env.Now().UTC().Format("20060102T150405Z"))
		line("DTSTART;VALUE=DATE:%s", date)
		line("SUMMARY:%s", escape(env.T("model.calendar.summary", "Deployment", r.Deployment, "Account", r.Account, "Model", r.Model, "Version", r.Version)))
		line("DESCRIPTION:%s", escape(env.T("model.fate."+r.WhatHappens)+"\n"+r.Command))
		line("BEGIN:VALARM")
		line("ACTION:DISPLAY")
		line("DESCRIPTION:%s", escape(r.Deployment))
		line("TRIGGER:-P30D")
		line("END:VALARM")
		line("END:VEVENT")
	}
	line("END:VCALENDAR")
	_, err := io.WriteString(env.Term.Out, b.String())
	return err
}

func escape(s string) string {
	return strings.NewReplacer("\\", "\\\\", ";", "\\;", ",", "\\,", "\r", "", "\n", "\\n").Replace(s)
}

// fold breaks a content line after 75 octets, between characters.
func fold(s string) string {
	const most = 73
	var b strings.Builder
	length := 0
	for _, r := range s {
		size := len(string(r))
		if length+size > most {
			b.WriteString("\r\n ")
			length = 1
		}
		b.WriteRune(r)
		length += size
	}
	return b.String()
}
