package prices

import (
	"slices"
	"strings"

	"github.com/azptu/azptu/internal/catalog"
	"github.com/azptu/azptu/internal/ptu"
)

// naming is how a family of models spells its token meters:
// "gpt 4o 1120 cached Inp glbl Tokens", "5 mini cd inp Gl 1M Tokens".
type naming struct {
	model   string // of the catalog
	product string
	stem    string // "gpt 4o 1120"
	join    string // between the parts
	millions,
	embeds bool // no direction in the name
	input, cached, output  string
	global, zone, regional string
}

// namings follow the spellings seen in the API: directions and deployment types
// are abbreviated in a way of their own by each family. Where a model's own
// meters were not seen, those of its family lend their pattern.
var namings = []naming{
	{"gpt-5", "Azure OpenAI GPT5", "5", " ", true, false, "inp", "cd inp", "opt", "Gl", "Dz", "regnl"},
	{"gpt-5-mini", "Azure OpenAI GPT5", "5 mini", " ", true, false, "Inp", "cd Inp", "Opt", "Gl", "DZ", "regnl"},
	{"gpt-4.1", "Azure OpenAI", "gpt 4.1", " ", false, false, "Inp", "cached Inp", "Outp", "glbl", "DZone", "regnl"},
	{"gpt-4.1-mini", "Azure OpenAI", "gpt 4.1 mini", " ", false, false, "Inp", "cached Inp", "Outp", "glbl", "DZone", "regnl"},
	{"gpt-4.1-nano", "Azure OpenAI", "gpt 4.1 nano", " ", false, false, "Inp", "cached Inp", "Outp", "glbl", "Data Zone", "regnl"},
	{"gpt-4o", "Azure OpenAI", "gpt 4o 1120", " ", false, false, "Inp", "cached Inp", "Outp", "glbl", "Data Zone", "regnl"},
	{"gpt-4o", "Azure OpenAI", "gpt-4o-0806", "-", false, false, "Inp", "cached-Inp", "Outp", "glbl", "DZone", "regnl"},
	{"gpt-4o-mini", "Azure OpenAI", "gpt-4o-mini-0718", "-", false, false, "Inp", "cchd-Inp", "Outp", "glbl", "DZone", "regnl"},
	{"o3", "Azure OpenAI Reasoning", "o3 0416", " ", false, false, "Inp", "cchd Inp", "Outp", "glbl", "DZone", "regnl"},
	{"o4-mini", "Azure OpenAI Reasoning", "o4-mini 0416", " ", false, false, "Inp", "cached Inp", "Outp", "glbl", "Data Zone", "regnl"},
	{"gpt-35-turbo", "Azure OpenAI", "gpt-35-turbo16K-0125", "-", false, false, "Inp", "cached-Inp", "Outp", "glbl", "DZone", "regnl"},
	{"text-embedding-3-small", "Azure OpenAI", "text-embedding-3-small", "-", false, true, "", "", "", "glbl", "DZ", "regional"},
	{"text-embedding-3-large", "Azure OpenAI", "text-embedding-3-large", "-", false, true, "", "", "", "glbl", "DZ", "regional"},
	{"text-embedding-ada-002", "Azure OpenAI", "text-embedding-ada-002", "-", false, true, "", "", "", "glbl", "DZ", "regional"},
}

// namingsOf finds how a model's meters are called; a model without a pattern
// gets that of gpt-4.1.
func namingsOf(model string) []naming {
	var out []naming
	for _, n := range namings {
		if n.model == model {
			out = append(out, n)
		}
	}
	if out == nil {
		out = []naming{{model, "Azure OpenAI", strings.ReplaceAll(model, "-", " "), " ", false, false, "Inp", "cached Inp", "Outp", "glbl", "DZone", "regnl"}}
	}
	return out
}

var boundaries = []struct {
	t   ptu.DeploymentType
	sku string
}{{ptu.Global, ptu.SKUGlobalStandard}, {ptu.DataZone, ptu.SKUDataZoneStandard}, {ptu.Regional, ptu.SKUStandard}}

// tokens are the pay-as-you-go meters of one region.
func tokens(c *catalog.Catalog, at Row, region Region) []Row {
	models := make([]string, 0, len(c.Tokens.Models))
	for model := range c.Tokens.Models {
		models = append(models, model)
	}
	slices.Sort(models)
	var rows []Row
	for _, model := range models {
		for _, b := range boundaries {
			if b.t == ptu.DataZone && region.Zone == "" {
				continue
			}
			price, ok := c.Tokens.Price(model, b.sku)
			if !ok {
				continue
			}
			for _, n := range namingsOf(model) {
				rows = append(rows, n.meters(at, b.t, price)...)
			}
		}
	}
	return rows
}

// meters are those of one model under one deployment type.
func (n *naming) meters(at Row, t ptu.DeploymentType, price ptu.TokenPrice) []Row {
	boundary := map[ptu.DeploymentType]string{ptu.Global: n.global, ptu.DataZone: n.zone, ptu.Regional: n.regional}[t]
	var rows []Row
	for _, one := range []struct {
		direction string
		price     float64 // per million
	}{{n.input, price.Input}, {n.cached, price.CachedInput}, {n.output, price.Output}} {
		if one.price == 0 {
			continue
		}
		parts := []string{n.stem, one.direction, boundary}
		if n.embeds {
			parts = []string{n.stem, boundary}
		}
		r := at
		r.ProductName, r.SKUName, r.Type = n.product, strings.Join(parts, n.join), "Consumption"
		if n.millions {
			r.Unit, r.MeterName, r.RetailPrice = "1M", r.SKUName+" 1M Tokens", exact(one.price)
		} else {
			r.Unit, r.MeterName, r.RetailPrice = "1K", r.SKUName+" Tokens", exact(one.price/1000)
		}
		rows = append(rows, r)
	}
	return rows
}
