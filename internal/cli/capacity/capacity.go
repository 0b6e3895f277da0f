// Package capacity holds the verbs about service capacity: where, and how
// large, a model could be deployed right now.
package capacity

import (
	"cmp"
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/azure/arm"
	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/render"
	"github.com/azptu/azptu/internal/cli/session"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/ptu"
)

// New makes the noun `azptu capacity`.
func New(env *verb.Env) *cobra.Command {
	return verb.Group(env, verb.Spec{Use: "capacity", Help: "capacity"}, newShow(env))
}

type options struct {
	scope    verb.Scope
	model    string
	name     string // --model-name, the same as --model
	version  string
	location string
	kind     string
	units    int
}

func newShow(env *verb.Env) *cobra.Command {
	o := &options{}
	cmd := verb.Command(env, verb.Spec{Use: "show", Aliases: []string{"list"}, Help: "capacity.show", Run: func(ctx context.Context, _ []string) error { return o.run(ctx, env) }})
	o.scope.Bind(env, cmd, verb.FlagSubscription)
	flags := cmd.Flags()
	flags.StringVar(&o.model, "model", "", "capacity.flag.model")
	flags.StringVar(&o.name, "model-name", "", "capacity.flag.model")
	_ = cmd.RegisterFlagCompletionFunc("model", env.CompleteModels())
	_ = cmd.RegisterFlagCompletionFunc("model-name", env.CompleteModels())
	_ = cmd.RegisterFlagCompletionFunc("model-version", env.CompleteVersions("model"))
	flags.StringVar(&o.version, "model-version", "", "capacity.flag.version")
	flags.StringVar(&o.location, "location", "", "capacity.flag.location")
	flags.StringVar(&o.kind, "deployment-type", "", "capacity.flag.deployment-type")
	flags.IntVar(&o.units, "capacity", 0, "capacity.flag.capacity")
	return cmd
}

func (o *options) run(ctx context.Context, env *verb.Env) error {
	o.model = cmp.Or(o.model, o.name)
	if o.model == "" {
		return exit.New(exit.Usage, env.T("capacity.model-missing")).Hint(env.T("cli.give", "Flag", "--model"))
	}
	kinds := ptu.DeploymentTypes()
	if o.kind != "" {
		t, err := ptu.ParseDeploymentType(o.kind)
		if err != nil {
			return env.NotOneOf("--deployment-type", o.kind, []string{string(ptu.Regional), string(ptu.Global), string(ptu.DataZone)})
		}
		kinds = []ptu.DeploymentType{t}
	}
	s, err := session.Open(env)
	if err != nil {
		return err
	}
	subscription, err := s.Subscription(ctx, o.scope)
	if err != nil {
		return err
	}
	done := session.Busy(env, env.T("capacity.asking"))
	fits, err := o.fits(ctx, s, subscription, kinds)
	done()
	if err != nil {
		return err
	}
	return o.show(env, fits)
}

func (o *options) fits(ctx context.Context, s *session.Session, subscription string, kinds []ptu.DeploymentType) ([]session.Fit, error) {
	region, err := o.home(ctx, s, subscription)
	if err != nil {
		return nil, err
	}
	model, err := o.find(s.Env, region)
	if err != nil {
		return nil, err
	}
	all, err := s.Rules(region, model)
	if err != nil {
		return nil, err
	}
	rules := map[string]ptu.Rule{}
	for _, t := range kinds {
		if rule, ok := all[t.SKU()]; ok {
			rules[t.SKU()] = rule
		}
	}
	if o.units != 0 {
		if err := o.anyRule(s.Env, rules); err != nil {
			return nil, err
		}
	}
	fits, err := s.Fits(ctx, subscription, model, rules)
	if err != nil {
		return nil, err
	}
	kept := []session.Fit{}
	for _, fit := range fits {
		if o.location == "" || arm.Fold(o.location) == fit.Location {
			kept = append(kept, fit)
		}
	}
	return kept, nil
}

// home is the region whose live answer names the sizes: the one asked about,
// else that of the first account.
func (o *options) home(ctx context.Context, s *session.Session, subscription string) (session.Region, error) {
	region := session.Region{Name: arm.Fold(o.location)}
	if region.Name == "" {
		accounts, err := s.ARM.Accounts(ctx, subscription)
		if err != nil {
			return region, session.Explain(s.Env, err)
		}
		if len(accounts) == 0 {
			return region, nil
		}
		region.Name = arm.Fold(accounts[0].Location)
	} else if err := session.CheckName(s.Env, arm.LocationName, region.Name); err != nil {
		return region, err
	}
	var err error
	region.Models, err = s.ARM.Models(ctx, subscription, region.Name)
	return region, session.Explain(s.Env, err)
}

// find names the model as the region or the catalog knows it. The version is
// the default one when none was given.
func (o *options) find(env *verb.Env, region session.Region) (arm.ModelRef, error) {
	if live, _, known := arm.FindModel(region.Models, o.model, o.version, ptu.SKUGlobal); known {
		return live.ModelRef, nil
	}
	published, err := env.Catalog()
	if err != nil {
		return arm.ModelRef{}, err
	}
	model, ok := published.Model(o.model)
	if !ok {
		var names []string
		for _, m := range published.Models() {
			names = append(names, m.Name)
		}
		return arm.ModelRef{}, session.ModelUnknown(env, exit.Validation, o.model, names, "azptu list-ptu-models")
	}
	version := o.version
	if version == "" {
		v, _ := model.DefaultVersion()
		version = v.Name
	} else if _, ok := model.Version(version); !ok {
		var versions []string
		for _, v := range model.Versions {
			versions = append(versions, v.Name)
		}
		return arm.ModelRef{}, session.VersionUnknown(env, exit.Validation, o.model, version, versions)
	}
	return arm.ModelRef{Format: model.Format, Name: model.Name, Version: version}, nil
}

// anyRule refuses a size that no type takes.
func (o *options) anyRule(env *verb.Env, rules map[string]ptu.Rule) error {
	for _, rule := range rules {
		if rule.Check(o.units) == nil {
			return nil
		}
	}
	return exit.New(exit.Validation, env.T("capacity.no-such-size", "Capacity", o.units, "Model", o.model)).
		Hint(env.T("azure.list-models", "Command", "azptu model show "+session.Quote(o.model)))
}

// show writes the fits; with --capacity the regions that take it come first
// and are marked. None that does is exit code 5, after the table.
func (o *options) show(env *verb.Env, fits []session.Fit) error {
	takes := func(f session.Fit) bool { return o.units > 0 && f.MaxDeployable >= o.units }
	anyTakes := false
	for _, f := range fits {
		anyTakes = anyTakes || takes(f)
	}
	columns := []render.Field[session.Fit]{
		render.Col(env.T("capacity.field.location"), func(f session.Fit) any { return f.Location }),
		render.Col(env.T("capacity.field.type"), func(f session.Fit) any { return session.SKULabel(f.SKU) }),
		render.Col(env.T("capacity.field.available"), func(f session.Fit) any { return f.Available }).AlignRight(),
		render.Col(env.T("capacity.field.quota"), func(f session.Fit) any {
			if f.FreeQuota == nil {
				return nil
			}
			return *f.FreeQuota
		}).AlignRight(),
		render.Col(env.T("capacity.field.max"), func(f session.Fit) any { return f.MaxDeployable }).AlignRight(),
		render.Col(env.T("capacity.field.bar"), func(f session.Fit) any { return bar(f.MaxDeployable, most(fits)) }),
		render.Col(env.T("capacity.field.accounts"), func(f session.Fit) any { return strings.Join(f.Accounts, ", ") }),
	}
	if o.units > 0 {
		columns = append(columns, render.Col(env.T("capacity.field.fits"), func(f session.Fit) any {
			if takes(f) {
				return "✓"
			}
			return "✗"
		}))
	}
	view := render.List(fits, func(f session.Fit) string { return f.Location }, columns...)
	view.Empty = env.T("capacity.none")
	if err := env.Show(view); err != nil {
		return err
	}
	if o.units > 0 && !anyTakes {
		return exit.New(exit.Capacity, env.T("capacity.nowhere", "Capacity", o.units, "Model", o.model)).
			Hint(env.T("capacity.nowhere.hint", "Most", most(fits)))
	}
	return nil
}

func most(fits []session.Fit) int {
	n := 0
	for _, f := range fits {
		n = max(n, f.MaxDeployable)
	}
	return n
}

// bar draws n of most as up to ten blocks.
func bar(n, most int) string {
	if most == 0 || n == 0 {
		return "·"
	}
	return strings.Repeat("█", max(1, n*10/most))
}
