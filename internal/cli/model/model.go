// Package model holds the verbs about models: what there is, which sizes it
// may be deployed with, what one unit serves and when it retires; and the
// documented list-ptu-models.
package model

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/azptu/azptu/internal/azure/arm"
	"github.com/azptu/azptu/internal/catalog"
	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/render"
	"github.com/azptu/azptu/internal/cli/session"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/ptu"
)

// New makes the noun `azptu model`.
func New(env *verb.Env) *cobra.Command {
	return verb.Group(env, verb.Spec{Use: "model", Help: "model"}, newList(env), newShow(env), newRetirements(env))
}

// Record is one version of a model as -o json shows it.
type Record struct {
	Name         string            `json:"name"`
	Version      string            `json:"version"`
	Format       string            `json:"format"`
	Default      bool              `json:"isDefault"`
	Lifecycle    string            `json:"lifecycle"`
	Retirement   *string           `json:"retirementDate"` // YYYY-MM-DD
	Types        []TypeRule        `json:"deploymentTypes"`
	InputTPM     *float64          `json:"inputTpmPerPtu"`
	Ratio        *float64          `json:"outputTokenRatio"`
	Capabilities map[string]string `json:"capabilities"`
	Source       string            `json:"source"`
}

// TypeRule is how a model is offered under one SKU.
type TypeRule struct {
	Type    string `json:"deploymentType"`
	SKU     string `json:"sku"`
	Minimum int    `json:"minimum"`
	Step    int    `json:"step"`
	Maximum int    `json:"maximum"` // 0: none published
}

type options struct {
	scope    verb.Scope
	location string
	name     string
	version  string
	all      bool
}

func (o *options) bind(env *verb.Env, cmd *cobra.Command) {
	o.scope.Bind(env, cmd, verb.FlagSubscription)
	cmd.Flags().StringVar(&o.location, "location", "", "model.flag.location")
}

func newList(env *verb.Env) *cobra.Command {
	o := &options{}
	cmd := verb.Command(env, verb.Spec{Use: "list", Aliases: []string{"ls"}, Help: "model.list", Run: func(ctx context.Context, _ []string) error {
		records, err := o.records(ctx, env)
		if err != nil {
			return err
		}
		return env.Show(render.List(records, func(r Record) string { return r.Name }, fields(env)...))
	}})
	o.bind(env, cmd)
	cmd.Flags().BoolVar(&o.all, "all", false, "model.flag.all")
	return cmd
}

func newShow(env *verb.Env) *cobra.Command {
	o := &options{all: true}
	cmd := verb.Command(env, verb.Spec{Use: "show NAME", Help: "model.show", Run: func(ctx context.Context, args []string) error {
		o.name = args[0]
		return o.show(ctx, env)
	}})
	o.bind(env, cmd)
	cmd.ValidArgsFunction = env.CompleteModels()
	cmd.Flags().StringVar(&o.version, "model-version", "", "model.flag.version")
	_ = cmd.RegisterFlagCompletionFunc("model-version", env.CompleteVersions(""))
	return cmd
}

func (o *options) show(ctx context.Context, env *verb.Env) error {
	records, err := o.records(ctx, env)
	if err != nil {
		return err
	}
	var found []Record
	var names, versions []string
	for _, r := range records {
		names = append(names, r.Name)
		if !strings.EqualFold(r.Name, o.name) {
			continue
		}
		versions = append(versions, r.Version)
		if o.version == "" || r.Version == o.version {
			found = append(found, r)
		}
	}
	if len(found) > 0 {
		return env.Show(render.List(found, func(r Record) string { return r.Name }, fields(env)...))
	}
	if len(versions) > 0 {
		return session.VersionUnknown(env, exit.NotFound, o.name, o.version, versions)
	}
	return session.ModelUnknown(env, exit.NotFound, o.name, names, "azptu model list")
}

// records are the models of a region when one is named, else of the catalog.
func (o *options) records(ctx context.Context, env *verb.Env) ([]Record, error) {
	published, err := env.Catalog()
	if err != nil {
		return nil, err
	}
	if o.location == "" {
		return fromCatalog(published), nil
	}
	region := arm.Fold(o.location)
	if err := session.CheckName(env, arm.LocationName, region); err != nil {
		return nil, err
	}
	s, err := session.Open(env)
	if err != nil {
		return nil, err
	}
	subscription, err := s.Subscription(ctx, o.scope)
	if err != nil {
		return nil, err
	}
	models, err := s.ARM.Models(ctx, subscription, region)
	if err != nil {
		return nil, session.Explain(env, err)
	}
	return o.fromRegion(models, region, published), nil
}

func fromCatalog(c *catalog.Catalog) []Record {
	records := []Record{}
	for _, m := range c.Models() {
		for _, v := range m.Versions {
			r := Record{Name: m.Name, Version: v.Name, Format: m.Format, Default: v.Default, Lifecycle: v.Lifecycle, Retirement: day(v.Retirement),
				Types: []TypeRule{}, Capabilities: map[string]string{}, Source: cmp.Or(m.Source, c.Name)}
			for _, t := range m.Types() {
				rule := m.Rules[t]
				r.Types = append(r.Types, TypeRule{string(t), t.SKU(), rule.Minimum, rule.Step, rule.Maximum})
			}
			throughput(&r, m)
			records = append(records, r)
		}
	}
	return records
}

// fromRegion shows what a region offers; what one unit serves is published
// only by the catalog. Without all, versions that cannot be deployed as
// provisioned are left out.
func (o *options) fromRegion(models []arm.Model, region string, published *catalog.Catalog) []Record {
	records := []Record{}
	seen := map[arm.ModelRef]bool{}
	for _, m := range models {
		if seen[m.ModelRef] {
			continue // an OpenAI and an AIServices account offer the same
		}
		seen[m.ModelRef] = true
		r := Record{Name: m.Name, Version: m.Version, Format: m.Format, Default: m.Default, Lifecycle: m.Lifecycle, Retirement: day(m.Retirement),
			Types: []TypeRule{}, Capabilities: m.Capabilities, Source: region}
		provisioned := false
		for _, sku := range m.SKUs {
			_, managed := ptu.TypeOfSKU(sku.Name)
			provisioned = provisioned || managed
			r.Types = append(r.Types, TypeRule{string(ptu.BoundaryOfSKU(sku.Name)), sku.Name, sku.Rule.Minimum, sku.Rule.Step, sku.Rule.Maximum})
		}
		if !provisioned && !o.all {
			continue
		}
		if known, ok := published.Model(m.Name); ok {
			throughput(&r, known)
		}
		records = append(records, r)
	}
	return records
}

func throughput(r *Record, m catalog.Model) {
	if t, published := m.EffectiveThroughput(); published {
		r.InputTPM, r.Ratio = &t.InputTPMPerPTU, &t.OutputRatio
	}
}

func day(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	text := t.Format(time.DateOnly)
	return &text
}

func fields(env *verb.Env) []render.Field[Record] {
	rule := func(t ptu.DeploymentType) func(Record) any {
		return func(r Record) any {
			for _, offered := range r.Types {
				if offered.SKU == t.SKU() {
					return fmt.Sprintf("%d/%d", offered.Minimum, offered.Step)
				}
			}
			return nil
		}
	}
	out := []render.Field[Record]{
		render.Col(env.T("model.field.name"), func(r Record) any { return r.Name }),
		render.Col(env.T("model.field.version"), func(r Record) any { return r.Version }),
		render.Col(env.T("model.field.lifecycle"), func(r Record) any { return r.Lifecycle }),
	}
	for _, t := range ptu.DeploymentTypes() {
		out = append(out, render.Col(t.Label(), rule(t)).AlignRight())
	}
	return append(out,
		render.Col(env.T("model.field.throughput"), func(r Record) any {
			if r.InputTPM == nil {
				return nil
			}
			return *r.InputTPM
		}).AlignRight(),
		render.Col(env.T("model.field.retirement"), func(r Record) any {
			if r.Retirement == nil {
				return nil
			}
			return *r.Retirement
		}),
		render.Col(env.T("model.field.source"), func(r Record) any { return r.Source }).OnlyWide(),
	)
}

// NewDocumented makes `azptu list-ptu-models`: the models of the 1.0 manual
// with the requirements that are in force, the user's own models after them.
func NewDocumented(env *verb.Env) *cobra.Command {
	return verb.Command(env, verb.Spec{Use: "list-ptu-models", Help: "model.list-ptu-models", Run: func(context.Context, []string) error {
		models, err := documentedModels(env)
		if err != nil {
			return err
		}
		if !env.Verbatim(verb.Documented) {
			records := fromCatalog(catalog.New("azptu", "", "", models))
			return env.Show(render.List(records, func(r Record) string { return r.Name }, fields(env)...))
		}
		return documented(env, models)
	}})
}

// documentedModels are those of the named catalog, or the manual's with what
// the user's configuration says of them and the models it adds.
func documentedModels(env *verb.Env) ([]catalog.Model, error) {
	effective, err := env.Catalog()
	if err != nil {
		return nil, err
	}
	manual, ok := catalog.Named(catalog.AzPTU10)
	if env.CatalogNamed() || !ok {
		return effective.Models(), nil
	}
	var models []catalog.Model
	for _, m := range manual.Models() {
		if now, ok := effective.Model(m.Name); ok {
			now.Name, now.Versions = m.Name, manualVersions(m, now)
			m = now
		}
		models = append(models, m)
	}
	for _, m := range effective.Models() {
		_, builtIn := catalog.Builtin().Model(m.Name)
		if _, listed := manual.Model(m.Name); !listed && !builtIn {
			models = append(models, m)
		}
	}
	return models, nil
}

// manualVersions keeps the manual's list of versions unless the user's
// configuration names others: Microsoft's tables know more, and the manual
// shows its own.
func manualVersions(manual, now catalog.Model) []catalog.Version {
	builtIn, ok := catalog.Builtin().Model(manual.Name)
	if !ok || len(builtIn.Versions) != len(now.Versions) {
		return now.Versions
	}
	for i := range builtIn.Versions {
		if builtIn.Versions[i].Name != now.Versions[i].Name {
			return now.Versions
		}
	}
	return manual.Versions
}

func documented(env *verb.Env, models []catalog.Model) error {
	var b strings.Builder
	b.WriteString(env.T("model.documented.head") + "\n\n")
	for i, m := range models {
		var versions []string
		for _, v := range m.Versions {
			versions = append(versions, v.Name)
		}
		b.WriteString(env.T("model.documented.item", "Number", fmt.Sprintf("%2d", i+1), "Name", m.Name,
			"Description", m.Describe(string(env.Printer().Language())), "Versions", strings.Join(versions, ", ")) + "\n")
		for _, t := range ptu.DeploymentTypes() {
			rule, offered := m.Rules[t]
			if !offered || t == ptu.DataZone && rule.Rule == m.Rules[ptu.Global].Rule {
				continue // as in the manual: Data Zone follows Global unless it differs
			}
			b.WriteString(env.T("model.documented.rule", "Type", t.Label(), "Minimum", rule.Minimum, "Step", rule.Step) + "\n")
		}
		b.WriteString("\n")
	}
	b.WriteString(env.N("model.documented.total", len(models)) + "\n" + env.T("model.documented.tip") + "\n")
	_, err := io.WriteString(env.Term.Out, b.String())
	return err
}
