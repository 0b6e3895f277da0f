package catalog

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/azptu/azptu/internal/ptu"
)

// Names of the embedded catalogs.
const (
	AzPTU10         = "azptu-1.0"
	Microsoft202605 = "microsoft-2026-05"
)

//go:embed tables/*.json
var tables embed.FS

var (
	azptu10   = sync.OnceValue(func() *Catalog { return embedded(AzPTU10) })
	microsoft = sync.OnceValue(func() *Catalog { return embedded(Microsoft202605) })
	builtin   = sync.OnceValue(func() *Catalog { return azptu10().Over(microsoft()) })
)

// Builtin returns azptu 1.0's documented requirements laid over Microsoft's
// tables: what holds where neither a region nor the user says otherwise.
func Builtin() *Catalog { return builtin() }

// Named returns an embedded catalog by name. ok is false for any other name.
func Named(name string) (c *Catalog, ok bool) {
	switch name {
	case AzPTU10:
		return azptu10(), true
	case Microsoft202605:
		return microsoft(), true
	}
	return nil, false
}

// embedded reads a table that tests have read before it was shipped.
func embedded(name string) *Catalog {
	raw, err := tables.ReadFile("tables/" + name + ".json")
	if err == nil {
		var c *Catalog
		if c, err = Read(bytes.NewReader(raw)); err == nil {
			return c
		}
	}
	panic(fmt.Sprintf("embedded catalog %s: %v", name, err))
}

type fileDoc struct {
	Name   string      `json:"name"`
	AsOf   string      `json:"asOf"`
	Source string      `json:"source"`
	Models []fileModel `json:"models"`
	Units  *fileUnits  `json:"units"`
	Tokens *fileTokens `json:"tokens"`
}

type fileModel struct {
	Name            string                          `json:"name"`
	Format          string                          `json:"format"`
	Description     map[string]string               `json:"description"`
	Preview         bool                            `json:"preview"`
	Ours            bool                            `json:"ours"`
	Versions        []fileVersion                   `json:"versions"`
	Rules           map[ptu.DeploymentType]fileRule `json:"rules"`
	InputTPMPerPTU  float64                         `json:"inputTPMPerPTU"`
	OutputRatio     float64                         `json:"outputRatio"`
	TokensPerSecond float64                         `json:"tokensPerSecond"`
	ContextTokens   int                             `json:"contextTokens"`
	OutputTokens    int                             `json:"outputTokens"`
	PTUPromptTokens int                             `json:"ptuPromptTokens"`
	NoSpillover     bool                            `json:"noSpillover"`
}

type fileVersion struct {
	Version     string `json:"version"`
	Lifecycle   string `json:"lifecycle"`
	Retirement  string `json:"retirement"` // YYYY-MM-DD
	Replacement string `json:"replacement"`
	Default     bool   `json:"default"`
}

type fileRule struct {
	Minimum int `json:"minimum"`
	Step    int `json:"step"`
	Maximum int `json:"maximum"`
	Default int `json:"default"`
}

type fileUnits struct {
	Hourly []struct {
		Type ptu.DeploymentType `json:"type"`
		USD  float64            `json:"usd"`
	} `json:"hourly"`
	Reservations []struct {
		Type ptu.DeploymentType `json:"type"`
		Term Term               `json:"term"`
		USD  float64            `json:"usd"`
	} `json:"reservations"`
	AsOf   string `json:"asOf"`
	Source string `json:"source"`
	Note   string `json:"note"`
}

type fileTokens struct {
	USDPerMillion map[string]struct {
		Input       float64 `json:"input"`
		CachedInput float64 `json:"cachedInput"`
		Output      float64 `json:"output"`
	} `json:"usdPerMillion"`
	OtherBoundaryFactor float64 `json:"otherBoundaryFactor"`
	AsOf                string  `json:"asOf"`
	Source              string  `json:"source"`
	Note                string  `json:"note"`
}

// Read reads a catalog file. Unknown keys are errors, so that a misspelt rule
// is not taken for none.
func Read(r io.Reader) (*Catalog, error) {
	dec := json.NewDecoder(r)
	dec.DisallowUnknownFields()
	var doc fileDoc
	if err := dec.Decode(&doc); err != nil {
		return nil, fmt.Errorf("reading catalog: %w", err)
	}
	if doc.Name == "" {
		return nil, fmt.Errorf("reading catalog: name is missing")
	}
	c := &Catalog{Name: doc.Name, AsOf: doc.AsOf, Source: doc.Source}
	for i, fm := range doc.Models {
		m, err := fm.model(doc.Name)
		if err != nil {
			return nil, fmt.Errorf("reading catalog %s: models[%d] %s: %w", doc.Name, i, fm.Name, err)
		}
		c.models = append(c.models, m)
	}
	c.reindex()
	if len(c.index) != len(c.models) {
		return nil, fmt.Errorf("reading catalog %s: a model is listed twice", doc.Name)
	}
	var err error
	if c.Units, err = doc.Units.prices(); err != nil {
		return nil, fmt.Errorf("reading catalog %s: units: %w", doc.Name, err)
	}
	c.Tokens = doc.Tokens.prices()
	return c, nil
}

func (fm fileModel) model(source string) (Model, error) {
	if fm.Name == "" {
		return Model{}, fmt.Errorf("name is missing")
	}
	m := Model{
		Name: fm.Name, Format: fm.Format, Description: fm.Description, Preview: fm.Preview, Ours: fm.Ours,
		Throughput:      ptu.Throughput{InputTPMPerPTU: fm.InputTPMPerPTU, OutputRatio: fm.OutputRatio},
		TokensPerSecond: fm.TokensPerSecond, ContextTokens: fm.ContextTokens, OutputTokens: fm.OutputTokens,
		PTUPromptTokens: fm.PTUPromptTokens, NoSpillover: fm.NoSpillover,
		Source: source, ThroughputSource: source,
		Rules: make(map[ptu.DeploymentType]Rule, len(fm.Rules)),
	}
	for t, r := range fm.Rules {
		if t.SKU() == "" {
			return Model{}, fmt.Errorf("rules: unknown deployment type %q", t)
		}
		if r.Minimum < 1 || r.Step < 1 || r.Maximum < 0 || r.Maximum > 0 && r.Maximum < r.Minimum {
			return Model{}, fmt.Errorf("rules.%s: minimum and step must be at least 1 and the maximum not below the minimum", t)
		}
		m.Rules[t] = Rule{Rule: ptu.Rule(r), Source: source}
	}
	for i, fv := range fm.Versions {
		v := Version{Name: fv.Version, Lifecycle: fv.Lifecycle, Replacement: fv.Replacement, Default: fv.Default}
		if fv.Version == "" {
			return Model{}, fmt.Errorf("versions[%d]: version is missing", i)
		}
		if fv.Retirement != "" {
			var err error
			if v.Retirement, err = time.Parse(time.DateOnly, fv.Retirement); err != nil {
				return Model{}, fmt.Errorf("versions[%d].retirement: %w", i, err)
			}
		}
		m.Versions = append(m.Versions, v)
	}
	return m, nil
}

func (fu *fileUnits) prices() (UnitPrices, error) {
	if fu == nil {
		return UnitPrices{}, nil
	}
	p := UnitPrices{
		Hourly:       make(map[ptu.DeploymentType]float64),
		Reservations: make(map[ptu.DeploymentType]map[Term]float64),
		AsOf:         fu.AsOf, Source: fu.Source, Note: fu.Note,
	}
	for _, h := range fu.Hourly {
		if h.Type.SKU() == "" {
			return p, fmt.Errorf("hourly: unknown deployment type %q", h.Type)
		}
		p.Hourly[h.Type] = h.USD
	}
	for _, r := range fu.Reservations {
		if r.Type.SKU() == "" || r.Term != OneMonth && r.Term != OneYear {
			return p, fmt.Errorf("reservations: unknown deployment type %q or term %q", r.Type, r.Term)
		}
		if p.Reservations[r.Type] == nil {
			p.Reservations[r.Type] = make(map[Term]float64)
		}
		p.Reservations[r.Type][r.Term] = r.USD
	}
	return p, nil
}

func (ft *fileTokens) prices() TokenPrices {
	if ft == nil {
		return TokenPrices{}
	}
	p := TokenPrices{
		Models:              make(map[string]ptu.TokenPrice, len(ft.USDPerMillion)),
		OtherBoundaryFactor: ft.OtherBoundaryFactor, AsOf: ft.AsOf, Source: ft.Source, Note: ft.Note,
	}
	for name, v := range ft.USDPerMillion {
		p.Models[name] = ptu.TokenPrice{Input: v.Input, CachedInput: v.CachedInput, Output: v.Output}
	}
	return p
}
