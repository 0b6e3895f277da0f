// Package catalog holds what is published about models: their versions and
// retirement dates, the capacities they may be deployed with, the throughput
// of one unit, prices. Every table is dated and names its source, because all
// of these figures move. Two tables are embedded: the requirements that the
// azptu 1.0 manual documents, and Microsoft's tables of May 2026. A user's own
// file is read in the same format, and catalogs are laid over one another;
// what a region answers live is laid over them by whoever asked it.
package catalog

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/azptu/azptu/internal/ptu"
)

// Catalog is a set of models and prices. It is immutable once made.
type Catalog struct {
	Name   string // "azptu-1.0", "microsoft-2026-05", or what a file calls itself
	AsOf   string // date of the figures
	Source string // where they were published
	models []Model
	index  map[string]int // by lower-case name
	Units  UnitPrices
	Tokens TokenPrices
}

// Model is what is known of one model. A zero figure is an unknown one.
type Model struct {
	Name        string
	Format      string            // publisher as ARM spells it: "OpenAI", "DeepSeek", "Meta", …
	Description map[string]string // by language tag
	Versions    []Version         // in the order they are listed
	Rules       map[ptu.DeploymentType]Rule
	Throughput  ptu.Throughput

	TokensPerSecond  float64 // latency target: 99 % of calls answer faster than this
	ContextTokens    int     // prompt and completion together
	OutputTokens     int     // most completion tokens
	PTUPromptTokens  int     // longest prompt that a provisioned deployment takes; 0 means ContextTokens
	NoSpillover      bool    // native spill-over is not offered
	Preview          bool
	Ours             bool   // not in the source: added by azptu
	Source           string // name of the catalog that the figures come from
	ThroughputSource string // name of the catalog that Throughput comes from
}

// Rule is a capacity rule and the name of the catalog it comes from.
type Rule struct {
	ptu.Rule
	Source string
}

// Version is one version of a model.
type Version struct {
	Name        string    // "2024-08-06"
	Lifecycle   string    // GA, Preview, Deprecated, Legacy
	Retirement  time.Time // first day without service, UTC; zero: not announced
	Replacement string    // model that the publisher advises
	Default     bool
}

// Models returns every model in listing order. The slice is the caller's.
func (c *Catalog) Models() []Model { return slices.Clone(c.models) }

// Model finds a model by name; case does not count.
func (c *Catalog) Model(name string) (Model, bool) {
	i, ok := c.index[strings.ToLower(name)]
	if !ok {
		return Model{}, false
	}
	return c.models[i], true
}

// Rule finds the capacity rule of a model under a deployment type. ok is false
// when the model is unknown or not offered that way.
func (c *Catalog) Rule(model string, t ptu.DeploymentType) (r Rule, ok bool) {
	m, ok := c.Model(model)
	if !ok {
		return Rule{}, false
	}
	r, ok = m.Rules[t]
	return r, ok
}

// Version finds a version of the model; case does not count.
func (m Model) Version(name string) (Version, bool) {
	for _, v := range m.Versions {
		if strings.EqualFold(v.Name, name) {
			return v, true
		}
	}
	return Version{}, false
}

// DefaultVersion is the version deployed when none is named: the one marked
// so, else the first.
func (m Model) DefaultVersion() (Version, bool) {
	for _, v := range m.Versions {
		if v.Default {
			return v, true
		}
	}
	if len(m.Versions) == 0 {
		return Version{}, false
	}
	return m.Versions[0], true
}

// Types lists the deployment types that the model is offered under.
func (m Model) Types() []ptu.DeploymentType {
	var types []ptu.DeploymentType
	for _, t := range ptu.DeploymentTypes() {
		if _, ok := m.Rules[t]; ok {
			types = append(types, t)
		}
	}
	return types
}

// assumedThroughput stands in for models whose figures were never published.
// It is ours: the figures of gpt-4o, a middling model.
var assumedThroughput = ptu.Throughput{InputTPMPerPTU: 2500, OutputRatio: 4}

// EffectiveThroughput returns the published throughput, or, with published
// false, an assumption of ours that lets a model without figures be emulated.
func (m Model) EffectiveThroughput() (t ptu.Throughput, published bool) {
	t = m.Throughput
	published = t.InputTPMPerPTU > 0
	if !published {
		t.InputTPMPerPTU = assumedThroughput.InputTPMPerPTU
	}
	if t.OutputRatio <= 0 {
		t.OutputRatio = assumedThroughput.OutputRatio
	}
	return t, published
}

// Describe returns the description in a language, else in English, else "".
func (m Model) Describe(lang string) string {
	return cmp.Or(m.Description[lang], m.Description["en"])
}

// Over lays c over base: what c says wins, what it leaves out shows through.
// The rules of a model are one thing: where c has any for a model, a type that
// c does not list is not offered.
func (c *Catalog) Over(base *Catalog) *Catalog {
	if base == nil {
		return c
	}
	merged := &Catalog{
		Name:   c.Name + "+" + base.Name,
		AsOf:   max(c.AsOf, base.AsOf),
		Source: c.Source + "; " + base.Source,
		Units:  c.Units.over(base.Units),
		Tokens: c.Tokens.over(base.Tokens),
	}
	for _, m := range c.models {
		if under, ok := base.Model(m.Name); ok {
			m = m.over(under)
		}
		merged.models = append(merged.models, m)
	}
	for _, m := range base.models {
		if _, ok := c.Model(m.Name); !ok {
			merged.models = append(merged.models, m)
		}
	}
	merged.reindex()
	return merged
}

func (m Model) over(base Model) Model {
	out := base
	out.Format = cmp.Or(base.Format, m.Format)
	out.Ours = m.Ours && base.Ours
	if len(m.Description) > 0 {
		out.Description = m.Description
	}
	if len(m.Rules) > 0 {
		out.Rules, out.Source = m.Rules, m.Source
	}
	if m.Throughput.InputTPMPerPTU > 0 {
		out.Throughput, out.ThroughputSource = m.Throughput, m.ThroughputSource
	}
	out.TokensPerSecond = cmp.Or(m.TokensPerSecond, base.TokensPerSecond)
	out.ContextTokens = cmp.Or(m.ContextTokens, base.ContextTokens)
	out.OutputTokens = cmp.Or(m.OutputTokens, base.OutputTokens)
	out.PTUPromptTokens = cmp.Or(m.PTUPromptTokens, base.PTUPromptTokens)
	out.NoSpillover = m.NoSpillover || base.NoSpillover
	out.Versions = overVersions(m.Versions, base.Versions)
	return out
}

// overVersions lists the versions of top first, each with what only base knows
// of it, then the others of base. A default in top is the only default.
func overVersions(top, base []Version) []Version {
	under := make(map[string]Version, len(base))
	for _, v := range base {
		under[strings.ToLower(v.Name)] = v
	}
	chosen := slices.ContainsFunc(top, func(v Version) bool { return v.Default })
	out := make([]Version, 0, len(top)+len(base))
	for _, v := range top {
		if b, ok := under[strings.ToLower(v.Name)]; ok {
			delete(under, strings.ToLower(v.Name))
			v.Lifecycle = cmp.Or(b.Lifecycle, v.Lifecycle)
			v.Replacement = cmp.Or(v.Replacement, b.Replacement)
			if v.Retirement.IsZero() {
				v.Retirement = b.Retirement
			}
			v.Default = v.Default || b.Default && !chosen
		}
		out = append(out, v)
	}
	for _, v := range base {
		if _, left := under[strings.ToLower(v.Name)]; left {
			v.Default = v.Default && !chosen
			out = append(out, v)
		}
	}
	return out
}

func (c *Catalog) reindex() {
	c.index = make(map[string]int, len(c.models))
	for i, m := range c.models {
		c.index[strings.ToLower(m.Name)] = i
	}
}

// New makes a catalog of models that a program knows from elsewhere, such as
// the user's configuration or a region's live answer.
func New(name, asOf, source string, models []Model) *Catalog {
	c := &Catalog{Name: name, AsOf: asOf, Source: source, models: slices.Clone(models)}
	for i := range c.models {
		m := &c.models[i]
		m.Source = cmp.Or(m.Source, name)
		rules := maps.Clone(m.Rules)
		for t, r := range rules {
			r.Source = cmp.Or(r.Source, name)
			rules[t] = r
		}
		m.Rules = rules
	}
	c.reindex()
	return c
}
