package catalog

import (
	"strings"
	"testing"

	"github.com/azptu/azptu/internal/ptu"
)

func TestManualTable(t *testing.T) {
	c, ok := Named(AzPTU10)
	if !ok || len(c.Models()) != 14 {
		t.Fatalf("the manual counts 14 models, here are %d", len(c.Models()))
	}
	type pair struct{ minimum, step int }
	documented := 0
	for name, want := range map[string]struct{ regional, global pair }{
		"gpt-4o":                 {pair{50, 50}, pair{100, 100}},
		"gpt-4o-mini":            {pair{25, 25}, pair{50, 50}},
		"gpt-4-turbo":            {pair{50, 50}, pair{100, 100}},
		"gpt-4":                  {pair{}, pair{300, 50}},
		"gpt-35-turbo":           {pair{25, 25}, pair{100, 100}},
		"text-embedding-3-large": {pair{100, 100}, pair{150, 50}},
		"dall-e-3":               {pair{10, 10}, pair{25, 5}},
		"deepseek-r1":            {pair{100, 100}, pair{200, 100}},
		"o1-preview":             {pair{}, pair{1000, 100}},
	} {
		m, ok := c.Model(name)
		if !ok || m.Ours {
			t.Errorf("%s: found %v, ours %v", name, ok, m.Ours)
		}
		documented++
		for typ, want := range map[ptu.DeploymentType]pair{ptu.Regional: want.regional, ptu.Global: want.global, ptu.DataZone: want.global} {
			r, ok := c.Rule(name, typ)
			if ok != (want != pair{}) || r.Minimum != want.minimum || r.Step != want.step {
				t.Errorf("%s %s: %+v, %v; want %+v", name, typ, r, ok, want)
			}
		}
	}
	for _, m := range c.Models() {
		if m.Ours {
			documented++
		}
		for _, lang := range []string{"en", "pt-BR", "es"} {
			if m.Description[lang] == "" {
				t.Errorf("%s has no description in %s", m.Name, lang)
			}
		}
	}
	if documented != 14 {
		t.Errorf("%d models are documented or marked ours", documented)
	}
}

func TestBuiltinMerge(t *testing.T) {
	c := Builtin()
	gpt4o, ok := c.Model("GPT-4o")
	if !ok || gpt4o.Throughput != (ptu.Throughput{InputTPMPerPTU: 2500, OutputRatio: 4}) {
		t.Fatalf("gpt-4o: %v, %+v", ok, gpt4o.Throughput)
	}
	if r := gpt4o.Rules[ptu.Global]; r.Minimum != 100 || r.Source != AzPTU10 {
		t.Errorf("global rule %+v: the manual's table goes before Microsoft's", r)
	}
	if v, _ := gpt4o.Version("2024-11-20"); v.Retirement.IsZero() || v.Replacement == "" {
		t.Errorf("what only Microsoft knows of a version is lost: %+v", v)
	}
	if v, _ := gpt4o.DefaultVersion(); v.Name != "2024-08-06" {
		t.Errorf("default version %s", v.Name)
	}
	if gpt5, ok := c.Rule("gpt-5", ptu.Regional); !ok || gpt5.Minimum != 50 || gpt5.Source != Microsoft202605 {
		t.Errorf("gpt-5 regional: %+v, %v", gpt5, ok)
	}
	if r1, ok := c.Model("deepseek-r1"); !ok || r1.Throughput.InputTPMPerPTU != 4000 || r1.Rules[ptu.Regional].Minimum != 100 {
		t.Errorf("deepseek-r1 and DeepSeek-R1 are one model: %+v", r1)
	}
	if _, ok := c.Rule("gpt-4", ptu.Regional); ok {
		t.Error("gpt-4 is offered regionally")
	}
	defaults := 0
	for _, v := range gpt4o.Versions {
		if v.Default {
			defaults++
		}
	}
	if defaults != 1 {
		t.Errorf("%d default versions", defaults)
	}
	for _, m := range c.Models() {
		if th, published := m.EffectiveThroughput(); th.InputTPMPerPTU <= 0 || th.OutputRatio <= 0 || published != (m.Throughput.InputTPMPerPTU > 0) {
			t.Errorf("%s: throughput %+v, published %v", m.Name, th, published)
		}
		if m.Name != "fireworks/Kimi K2.6" && len(m.Versions) == 0 {
			t.Errorf("%s has no version", m.Name)
		}
		if m.Format == "" || len(m.Types()) == 0 {
			t.Errorf("%s: format %q, types %v", m.Name, m.Format, m.Types())
		}
	}
}

func TestPrices(t *testing.T) {
	c := Builtin()
	if c.Units.Hourly[ptu.Regional] != 2 || c.Units.Hourly[ptu.DataZone] != 1.1 || c.Units.Reservations[ptu.Global][OneYear] != 2652 {
		t.Errorf("unit prices: %+v", c.Units)
	}
	global, _ := c.Tokens.Price("gpt-4o", ptu.SKUGlobalStandard)
	regional, ok := c.Tokens.Price("gpt-4o", ptu.SKUStandard)
	if !ok || global.Input != 2.5 || regional.Input <= global.Input {
		t.Errorf("token prices: global %+v, regional %+v", global, regional)
	}
	if _, ok := c.Tokens.Price("no-such-model", ptu.SKUStandard); ok {
		t.Error("an unknown model has a price")
	}
}

func TestUserFileOverBuiltin(t *testing.T) {
	mine, err := Read(strings.NewReader(`{"name": "mine", "models": [{"name": "gpt-4o", "rules": {"regional": {"minimum": 10, "step": 5, "maximum": 500}}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	c := mine.Over(Builtin())
	if r, ok := c.Rule("gpt-4o", ptu.Regional); !ok || r.Minimum != 10 || r.Source != "mine" {
		t.Errorf("regional rule %+v, %v", r, ok)
	}
	if _, ok := c.Rule("gpt-4o", ptu.Global); ok {
		t.Error("a type that the user's rules leave out is still offered")
	}
	if m, _ := c.Model("gpt-4o"); len(m.Versions) < 3 || m.Throughput.InputTPMPerPTU != 2500 {
		t.Errorf("what the user's file leaves out is lost: %+v", m)
	}
}

func TestReadRefuses(t *testing.T) {
	for name, doc := range map[string]string{
		"not JSON":          `{`,
		"no name":           `{}`,
		"unknown key":       `{"name": "x", "modles": []}`,
		"unnamed model":     `{"name": "x", "models": [{}]}`,
		"unknown type":      `{"name": "x", "models": [{"name": "m", "rules": {"local": {"minimum": 1, "step": 1}}}]}`,
		"zero step":         `{"name": "x", "models": [{"name": "m", "rules": {"global": {"minimum": 1, "step": 0}}}]}`,
		"maximum too small": `{"name": "x", "models": [{"name": "m", "rules": {"global": {"minimum": 5, "step": 5, "maximum": 4}}}]}`,
		"bad date":          `{"name": "x", "models": [{"name": "m", "versions": [{"version": "1", "retirement": "soon"}]}]}`,
		"twice":             `{"name": "x", "models": [{"name": "m"}, {"name": "M"}]}`,
		"bad term":          `{"name": "x", "units": {"reservations": [{"type": "global", "term": "P5Y", "usd": 1}]}}`,
	} {
		if _, err := Read(strings.NewReader(doc)); err == nil {
			t.Errorf("%s: read without an error", name)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(`{"name": "x", "models": [{"name": "m", "rules": {"global": {"minimum": 5, "step": 5}}}]}`)
	f.Add(`{"name": "x", "units": {"hourly": [{"type": "global", "usd": 1}]}, "tokens": {"usdPerMillion": {"m": {"input": 1}}}}`)
	f.Fuzz(func(t *testing.T, doc string) {
		if c, err := Read(strings.NewReader(doc)); err == nil {
			for _, m := range c.Over(Builtin()).Models() {
				m.EffectiveThroughput()
				m.DefaultVersion()
			}
		}
	})
}
