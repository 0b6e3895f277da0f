package state

import (
	"strconv"
	"strings"
	"time"

	"github.com/azptu/azptu/internal/catalog"
	"github.com/azptu/azptu/internal/ptu"
)

// traits is what Azure lists of a model beside what the catalog knows: how it
// is sold by the token, what it can do, versions of old. Limits and rates are
// those of a recorded West Europe answer (October 2025) where a model was in
// it, ours by analogy elsewhere.
type traits struct {
	does          string // chat, completion, embeddings, image, audio
	stem, label   string // of the quota row's name and text; "" means the model's name
	unit          string // what one unit of quota is; "" means thousands of tokens
	rate          [3]int // requests, in seconds, and tokens a minute of one unit
	quota         [3]int // Standard, GlobalStandard, DataZoneStandard; 0 is not offered
	classic       *ptu.Rule
	classicStem   string
	replacement   string
	versions      []catalog.Version
	noLabelSuffix bool // the row's text does not name the SKU
	fineTune      bool // can be fine-tuned, in regions that do
}

var (
	byTenSeconds = [3]int{1, 10, 1000}
	tenAMinute   = [3]int{10, 60, 1000}
	oneAMinute   = [3]int{1, 60, 1000}
)

// known holds the models with traits of their own, by lower-case name.
var known = map[string]traits{
	"gpt-35-turbo": {fineTune: true, does: "chat completion", label: "GPT-35-Turbo", rate: byTenSeconds, quota: [3]int{480, 0, 0}, noLabelSuffix: true,
		classic: &ptu.Rule{Minimum: 100, Step: 100, Maximum: 30000, Default: 300}, replacement: "gpt-4.1-mini",
		versions: []catalog.Version{old("0301", "2025-02-13"), old("0613", "2025-02-13"), old("1106", "2025-11-11")}},
	"gpt-35-turbo-16k": {does: "chat completion", label: "GPT-35-Turbo-16k", rate: byTenSeconds, quota: [3]int{300, 0, 0}, noLabelSuffix: true},
	"gpt-4": {does: "chat", label: "GPT-4", rate: byTenSeconds, quota: [3]int{60, 0, 0}, noLabelSuffix: true,
		classic: &ptu.Rule{Minimum: 100, Step: 100, Maximum: 30000, Default: 300}, replacement: "gpt-4.1"},
	"gpt-4-32k":   {does: "chat", label: "GPT-4-32K", rate: byTenSeconds, quota: [3]int{120, 0, 0}, noLabelSuffix: true},
	"gpt-4-turbo": {does: "chat", label: "GPT-4-Turbo", rate: byTenSeconds, quota: [3]int{150, 450, 0}, replacement: "gpt-4.1"},
	"gpt-4o": {fineTune: true, does: "chat completion responses", rate: byTenSeconds, quota: [3]int{150, 450, 300},
		classic: &ptu.Rule{Minimum: 250, Step: 250, Maximum: 75000, Default: 750}},
	"gpt-4o-mini": {fineTune: true, does: "chat completion responses", rate: tenAMinute, quota: [3]int{500, 2000, 1000},
		classic: &ptu.Rule{Minimum: 200, Step: 200, Maximum: 60000, Default: 600}},
	"gpt-4.1":      {fineTune: true, does: "chat completion responses", stem: "gpt4.1", label: "4.1", rate: oneAMinute, quota: [3]int{0, 1000, 300}},
	"gpt-4.1-mini": {fineTune: true, does: "chat completion responses", stem: "gpt4.1-mini", label: "4.1-mini", rate: oneAMinute, quota: [3]int{0, 5000, 2000}},
	"gpt-4.1-nano": {fineTune: true, does: "chat completion responses", stem: "gpt4.1-nano", label: "4.1-nano", rate: oneAMinute, quota: [3]int{0, 5000, 2000}},
	"o1": {does: "chat responses", rate: [3]int{1, 60, 6000}, quota: [3]int{0, 500, 100}, unit: "Six Thousand Tokens Per Minute",
		classic: &ptu.Rule{Minimum: 250, Step: 250, Maximum: 150000, Default: 750}},
	"o1-preview": {does: "chat responses", rate: [3]int{1, 60, 6000}, quota: [3]int{0, 100, 0}, unit: "Six Thousand Tokens Per Minute", replacement: "o1",
		classic: &ptu.Rule{Minimum: 250, Step: 250, Maximum: 150000, Default: 750}, classicStem: "o1"},
	"o1-mini":                {does: "chat", rate: [3]int{1, 60, 10000}, quota: [3]int{0, 500, 0}, unit: "Ten Thousand Tokens Per Minute", replacement: "o3-mini"},
	"o3-mini":                {does: "chat responses", rate: [3]int{1, 60, 10000}, quota: [3]int{0, 500, 200}, unit: "Ten Thousand Tokens Per Minute"},
	"o3":                     {does: "chat responses", rate: oneAMinute, quota: [3]int{0, 1000, 300}, unit: "One Thousand Tokens Per Minute"},
	"o4-mini":                {fineTune: true, does: "chat responses", rate: oneAMinute, quota: [3]int{0, 1000, 300}, unit: "One Thousand Tokens Per Minute"},
	"text-embedding-ada-002": {does: "embeddings", label: "Text-Embedding-Ada-002", rate: byTenSeconds, quota: [3]int{900, 1000, 0}, noLabelSuffix: true},
	"text-embedding-3-small": {does: "embeddings", rate: byTenSeconds, quota: [3]int{350, 1000, 500}, noLabelSuffix: true},
	"text-embedding-3-large": {does: "embeddings", rate: byTenSeconds, quota: [3]int{350, 1000, 500}, noLabelSuffix: true},
	"dall-e-3": {does: "image", unit: "Capacity Unit", rate: [3]int{6, 60, 0}, quota: [3]int{2, 0, 0}, classicStem: "Dalle",
		classic: &ptu.Rule{Minimum: 100, Step: 100, Maximum: 60000, Default: 300}},
	"deepseek-r1": {does: "chat", rate: oneAMinute, quota: [3]int{0, 1000, 0}, noLabelSuffix: true},
}

func old(version, retirement string) catalog.Version {
	t, _ := time.Parse(time.DateOnly, retirement)
	return catalog.Version{Name: version, Lifecycle: "Deprecated", Retirement: t}
}

// traitsOf finds a model's traits; one that nobody described is taken for a
// recent chat model.
func traitsOf(name string) traits {
	t, ok := known[strings.ToLower(name)]
	switch {
	case ok:
	case strings.HasPrefix(name, "fireworks/"): // provisioned alone
		t = traits{does: "chat", rate: oneAMinute}
	default:
		t = traits{does: "chat responses", rate: oneAMinute, quota: [3]int{0, 1000, 300}}
	}
	if t.stem == "" {
		t.stem = name
	}
	if t.label == "" {
		t.label = name
	}
	if t.unit == "" {
		t.unit = "Tokens Per Minute (thousands)"
	}
	if t.classicStem == "" {
		t.classicStem = t.stem
	}
	return t
}

// capabilities lists what the model can do, in the service's words.
func (t traits) capabilities(m catalog.Model) map[string]string {
	c := map[string]string{}
	for what := range strings.FieldsSeq(t.does) {
		switch what {
		case "chat":
			c["chatCompletion"], c["assistants"] = "true", "true"
		case "completion":
			c["completion"] = "true"
		case "responses":
			c["responses"] = "true"
		case "embeddings":
			c["embeddings"] = "true"
		case "image":
			c["inference"], c["imageGenerations"], c["imageEdits"], c["imageVariations"] = "true", "true", "true", "true"
		}
	}
	if m.ContextTokens > 0 && c["chatCompletion"] != "" {
		c["maxContextToken"] = strconv.Itoa(m.ContextTokens)
	}
	if m.OutputTokens > 0 && c["chatCompletion"] != "" {
		c["maxOutputToken"] = strconv.Itoa(m.OutputTokens)
	}
	if len(m.Rules) > 0 && c["inference"] == "" {
		c["allowProvisionedManagedCommitment"] = "true"
	}
	return c
}

// standard lists the SKUs that are billed by the token.
func (t traits) standard(m Model) []SKU {
	var skus []SKU
	for i, name := range []string{ptu.SKUStandard, ptu.SKUGlobalStandard, ptu.SKUDataZoneStandard} {
		if t.quota[i] == 0 {
			continue
		}
		label := t.unit + " - " + t.label
		if name != ptu.SKUStandard && !t.noLabelSuffix {
			label += " - " + name
		}
		sku := SKU{
			Name: name, UsageName: m.account + "." + name + "." + t.stem, QuotaLabel: label, Quota: t.quota[i],
			Rule: ptu.Rule{Maximum: 1000000, Default: min(10, t.quota[i])}, Deprecation: m.Retirement,
		}
		sku.RateLimits = []RateLimit{{"request", t.rate[1], t.rate[0]}}
		if t.rate[2] > 0 {
			sku.RateLimits = append(sku.RateLimits, RateLimit{"token", 60, t.rate[2]})
			sku.Costs = []Cost{
				{"ContextToken", meter(m.Name + name + "in"), "1K Tokens"},
				{"GeneratedToken", meter(m.Name + name + "out"), "1K Tokens"},
			}
		}
		skus = append(skus, sku)
	}
	return skus
}

// Meters of provisioned units, from the recorded West Europe answer.
var hosting = map[string]string{
	ptu.SKUClassic:  "6e423a39-5bb4-58e1-8d9d-6b9f5596bc0e",
	ptu.SKURegional: meter(ptu.SKURegional),
	ptu.SKUGlobal:   meter(ptu.SKUGlobal),
	ptu.SKUDataZone: meter(ptu.SKUDataZone),
}

// mostUnits is the maximum of provisioned SKUs in the recorded answer.
const mostUnits = 100000

// provisioned lists the SKUs that are bought in units.
func (t traits) provisioned(m catalog.Model, listed Model) []SKU {
	var skus []SKU
	add := func(name, usage, label string, limit int, rule ptu.Rule) {
		skus = append(skus, SKU{
			Name: name, UsageName: usage, QuotaLabel: label, Quota: limit, Rule: rule, Deprecation: listed.Retirement,
			Costs: []Cost{{"Hosting", hosting[name], "1 Unit/Hour"}},
		})
	}
	if t.classic != nil {
		add(ptu.SKUClassic, "OpenAI.Provisioned."+t.classicStem, "Provisioned Throughput Unit - "+t.classicStem, 0, *t.classic)
	}
	for _, typ := range m.Types() {
		row, _ := provisionedRow(typ.SKU())
		rule := m.Rules[typ].Rule
		if rule.Maximum == 0 {
			rule.Maximum = mostUnits
		}
		add(typ.SKU(), row.Name, row.Label, row.Limit, rule)
	}
	return skus
}
