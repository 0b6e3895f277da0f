package verb

import (
	"maps"
	"os"

	"github.com/azptu/azptu/internal/catalog"
	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/ptu"
	"github.com/azptu/azptu/internal/settings"
)

// Catalog is what is published about models: the built-in tables with the
// user's own entries laid over them, or the one that --catalog names, alone.
func (e *Env) Catalog() (*catalog.Catalog, error) {
	return e.catalog.get(func() (*catalog.Catalog, error) {
		if name := e.Setting(settings.Catalog); name != "" {
			return e.namedCatalog(name)
		}
		configured, err := e.Settings()
		if err != nil {
			return nil, e.Explain(err)
		}
		return overlay(catalog.Builtin(), configured), nil
	})
}

// CatalogNamed tells whether the user named a catalog, which then beats every
// other source of rules, live ones included.
func (e *Env) CatalogNamed() bool { return e.Setting(settings.Catalog) != "" }

func (e *Env) namedCatalog(name string) (*catalog.Catalog, error) {
	if known, ok := catalog.Named(name); ok {
		return known, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, exit.New(exit.Usage, e.T("cli.catalog-unknown", "Name", name)).
			Hint(e.T("cli.catalog-names", "Names", catalog.AzPTU10+", "+catalog.Microsoft202605)).Wrap(err)
	}
	defer file.Close()
	read, err := catalog.Read(file)
	if err != nil {
		return nil, exit.New(exit.Usage, e.T("cli.catalog-faulty", "Name", name, "Error", err.Error())).Wrap(err)
	}
	return read, nil
}

// overlay lays the sections ptu_models and ptu_requirements of the user's
// configuration over base.
func overlay(base *catalog.Catalog, configured *settings.Settings) *catalog.Catalog {
	models, requirements := configured.Models(), configured.Requirements()
	names := map[string]bool{}
	for name := range models {
		names[name] = true
	}
	for name := range requirements {
		names[name] = true
	}
	if len(names) == 0 {
		return base
	}
	var own []catalog.Model
	for name := range maps.Keys(names) {
		model, known := base.Model(name)
		if !known {
			model = catalog.Model{Name: name, Format: "OpenAI"}
		}
		if entry, ok := models[name]; ok {
			describe(&model, entry.Value, entry.Origin)
		}
		model.Rules = maps.Clone(model.Rules)
		if model.Rules == nil {
			model.Rules = map[ptu.DeploymentType]catalog.Rule{}
		}
		for t, rule := range requirements[name] {
			if rule.Value == nil {
				delete(model.Rules, ptu.DeploymentType(t))
				continue
			}
			model.Rules[ptu.DeploymentType(t)] = catalog.Rule{Rule: rule.Value.Rule(), Source: rule.Origin}
		}
		own = append(own, model)
	}
	return catalog.New("configuration", "", configured.Files[0], own).Over(base)
}

func describe(model *catalog.Model, entry settings.Model, origin string) {
	model.Source = origin
	if entry.Format != "" {
		model.Format = entry.Format
	}
	if len(entry.Description) > 0 {
		model.Description = map[string]string{}
		for lang, text := range entry.Description {
			if lang == "" {
				lang = "en"
			}
			model.Description[string(lang)] = text
		}
	}
	if entry.Versions == nil {
		return
	}
	versions := make([]catalog.Version, len(entry.Versions))
	for i, name := range entry.Versions {
		known, ok := model.Version(name)
		if !ok {
			known = catalog.Version{Name: name}
		}
		versions[i] = known
	}
	model.Versions = versions
}
