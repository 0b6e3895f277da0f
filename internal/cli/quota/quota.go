// Package quota holds the verbs about quota: how many provisioned units and
// how many tokens per minute a subscription may deploy in each region, how
// many are used, by which deployments, and how many are left.
package quota

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/azptu/azptu/internal/azure/arm"
	"github.com/azptu/azptu/internal/cli/account"
	"github.com/azptu/azptu/internal/cli/deployment"
	"github.com/azptu/azptu/internal/cli/render"
	"github.com/azptu/azptu/internal/cli/session"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/ptu"
)

// New makes the noun `azptu quota`.
func New(env *verb.Env) *cobra.Command {
	return verb.Group(env, verb.Spec{Use: "quota", Help: "quota"}, newShow(env))
}

// Row is one quota of one region as -o json shows it. Its field names are a
// contract.
type Row struct {
	SubscriptionID string `json:"subscriptionId"`
	Location       string `json:"location"`
	DeploymentType string `json:"deploymentType"` // regional, global, data-zone; with -standard for quota in tokens
	Quota          string `json:"quota"`          // the service's name, e.g. OpenAI.ProvisionedManaged
	Unit           string `json:"unit"`           // PTU, or kTPM: thousands of tokens per minute
	Limit          int    `json:"limit"`
	Used           int    `json:"used"`
	Free           int    `json:"free"`
	Deployments    []Use  `json:"deployments"`
}

// Use is one deployment that takes part of a quota.
type Use struct {
	Account    string `json:"account"`
	Deployment string `json:"deployment"`
	Model      string `json:"model"`
	Version    string `json:"version"`
	Capacity   int    `json:"capacity"`
}

type options struct {
	scope    verb.Scope
	location string
	kind     string
	all      bool
}

func newShow(env *verb.Env) *cobra.Command {
	o := &options{}
	cmd := verb.Command(env, verb.Spec{Use: "show", Aliases: []string{"list"}, Help: "quota.show", Run: func(ctx context.Context, _ []string) error { return o.run(ctx, env) }})
	o.scope.Bind(env, cmd, verb.FlagSubscription)
	cmd.Flags().StringVar(&o.location, "location", "", "quota.flag.location")
	cmd.Flags().StringVar(&o.kind, "deployment-type", "", "quota.flag.deployment-type")
	cmd.Flags().BoolVar(&o.all, "all", false, "quota.flag.all")
	return cmd
}

func (o *options) run(ctx context.Context, env *verb.Env) error {
	if o.kind != "" {
		t, err := ptu.ParseDeploymentType(o.kind)
		if err != nil {
			return env.NotOneOf("--deployment-type", o.kind, []string{string(ptu.Regional), string(ptu.Global), string(ptu.DataZone)})
		}
		o.kind = string(t)
	}
	s, err := session.Open(env)
	if err != nil {
		return err
	}
	subscriptions, err := o.subscriptions(ctx, s)
	if err != nil {
		return err
	}
	rows := []Row{}
	for _, subscription := range subscriptions {
		some, err := o.rows(ctx, s, subscription)
		if err != nil {
			return err
		}
		rows = append(rows, some...)
	}
	view := render.List(rows, func(r Row) string { return r.Quota }, fields(env)...)
	view.Empty = env.T("quota.none")
	return env.Show(view)
}

// subscriptions is the one a flag, a variable or the state names, else all.
func (o *options) subscriptions(ctx context.Context, s *session.Session) ([]string, error) {
	filled, err := s.Env.Fill(ctx, o.scope)
	if err != nil {
		return nil, err
	}
	return s.Subscriptions(ctx, filled.SubscriptionID)
}

func (o *options) rows(ctx context.Context, s *session.Session, subscription string) ([]Row, error) {
	defer session.Busy(s.Env, s.Env.T("quota.asking"))()
	regions, err := o.regions(ctx, s, subscription)
	if err != nil {
		return nil, err
	}
	var usages map[string][]arm.Usage
	var failed map[string]error
	var accounts []arm.Account
	var found [][]arm.Deployment
	group, inner := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		usages, failed, err = s.Usages(inner, subscription, regions)
		return err
	})
	group.Go(func() (err error) {
		accounts, found, err = deployed(inner, s, subscription, regions)
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, session.Explain(s.Env, err)
	}
	if err := o.tellFailed(s, regions, failed); err != nil {
		return nil, err
	}
	uses := usedBy(usages, accounts, found)
	var rows []Row
	for _, region := range regions {
		for _, usage := range usages[region] {
			row, ok := toRow(subscription, region, usage, uses[region][usage.Name])
			if ok && o.wanted(row) {
				rows = append(rows, row)
			}
		}
	}
	sortRows(rows)
	return rows, nil
}

// tellFailed warns of regions that could not be read; when none could, that is
// the error.
func (o *options) tellFailed(s *session.Session, regions []string, failed map[string]error) error {
	for _, region := range regions {
		err := failed[region]
		switch {
		case err == nil:
		case len(failed) == len(regions):
			return session.Explain(s.Env, err)
		case arm.KindOf(err) != arm.NotFound && arm.KindOf(err) != arm.Validation: // the service is not in every region
			s.Env.Warn(s.Env.T("azure.quota-unread-in", "Region", region, "Error", err.Error()))
		}
	}
	return nil
}

func (o *options) regions(ctx context.Context, s *session.Session, subscription string) ([]string, error) {
	if o.location != "" {
		region := arm.Fold(o.location)
		return []string{region}, session.CheckName(s.Env, arm.LocationName, region)
	}
	locations, err := s.ARM.Locations(ctx, subscription)
	if err != nil {
		return nil, session.Explain(s.Env, err)
	}
	regions := make([]string, 0, len(locations))
	for _, l := range locations {
		regions = append(regions, arm.Fold(l.Name))
	}
	sort.Strings(regions)
	return regions, nil
}

// deployed reads the deployments of every account in the regions.
func deployed(ctx context.Context, s *session.Session, subscription string, regions []string) ([]arm.Account, [][]arm.Deployment, error) {
	all, err := account.Everywhere(ctx, s, []string{subscription})
	if err != nil {
		return nil, nil, err
	}
	var accounts []arm.Account
	for _, a := range all {
		if slices.Contains(regions, arm.Fold(a.Location)) {
			accounts = append(accounts, a)
		}
	}
	found, err := deployment.Everywhere(ctx, s, accounts)
	return accounts, found, err
}

// usedBy finds out which deployments take from which quota, by region and name.
func usedBy(usages map[string][]arm.Usage, accounts []arm.Account, found [][]arm.Deployment) map[string]map[string][]Use {
	uses := map[string]map[string][]Use{}
	for i, a := range accounts {
		region := arm.Fold(a.Location)
		if uses[region] == nil {
			uses[region] = map[string][]Use{}
		}
		for _, d := range found[i] {
			usage, known := arm.FindUsage(usages[region], "", d.SKU, d.Model)
			if known {
				uses[region][usage.Name] = append(uses[region][usage.Name], Use{a.Account, d.DeploymentRef.Deployment, d.Model.Name, d.Model.Version, d.Capacity})
			}
		}
	}
	return uses
}

// toRow reads a usage. ok is false for quotas that are not about the size of
// deployments: numbers of accounts, files and the like.
func toRow(subscription, region string, usage arm.Usage, uses []Use) (Row, bool) {
	parts := strings.SplitN(usage.Name, ".", 3)
	if len(parts) < 2 {
		return Row{}, false
	}
	row := Row{
		SubscriptionID: subscription, Location: region, Quota: usage.Name,
		Limit: int(usage.Limit), Used: int(usage.Used), Free: max(int(usage.Limit)-int(usage.Used), 0), Deployments: uses,
	}
	if uses == nil {
		row.Deployments = []Use{}
	}
	sku := parts[1]
	switch t, provisioned := ptu.TypeOfSKU(sku); {
	case provisioned:
		row.DeploymentType, row.Unit = string(t), "PTU"
	case ptu.IsStandard(sku) && len(parts) == 3:
		row.DeploymentType, row.Unit = standardType(sku), "kTPM"
	default:
		return Row{}, false
	}
	return row, true
}

func standardType(sku string) string {
	if t := ptu.BoundaryOfSKU(sku); t != ptu.Regional {
		return string(t) + "-standard"
	}
	return "regional-standard"
}

// wanted leaves out what tells nothing: quota in tokens that no deployment
// uses, and regions without any quota, unless one region or all were asked for.
func (o *options) wanted(row Row) bool {
	switch {
	case o.kind != "" && row.DeploymentType != o.kind:
		return false
	case o.all:
		return true
	case row.Unit != "PTU":
		return row.Used > 0
	}
	return o.location != "" || row.Limit > 0 || row.Used > 0
}

func sortRows(rows []Row) {
	order := map[string]int{string(ptu.Regional): 0, string(ptu.Global): 1, string(ptu.DataZone): 2}
	rank := func(r Row) int {
		if n, ok := order[r.DeploymentType]; ok {
			return n
		}
		return len(order)
	}
	sort.SliceStable(rows, func(i, j int) bool {
		a, b := rows[i], rows[j]
		switch {
		case a.Location != b.Location:
			return a.Location < b.Location
		case rank(a) != rank(b):
			return rank(a) < rank(b)
		}
		return a.Quota < b.Quota
	})
}

func fields(env *verb.Env) []render.Field[Row] {
	return []render.Field[Row]{
		render.Col(env.T("quota.field.subscription"), func(r Row) any { return r.SubscriptionID }).OnlyWide(),
		render.Col(env.T("quota.field.location"), func(r Row) any { return r.Location }),
		render.Col(env.T("quota.field.quota"), func(r Row) any { return r.Quota }),
		render.Col(env.T("quota.field.limit"), func(r Row) any { return r.Limit }).AlignRight(),
		render.Col(env.T("quota.field.used"), func(r Row) any { return r.Used }).AlignRight(),
		render.Col(env.T("quota.field.free"), func(r Row) any { return r.Free }).AlignRight(),
		render.Col(env.T("quota.field.unit"), func(r Row) any { return r.Unit }),
		render.Col(env.T("quota.field.deployments"), func(r Row) any {
			var names []string
			for _, use := range r.Deployments {
				names = append(names, fmt.Sprintf("%s/%s: %d", use.Account, use.Deployment, use.Capacity))
			}
			return strings.Join(names, ", ")
		}),
	}
}
