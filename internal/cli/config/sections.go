package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/azptu/azptu/internal/catalog"
	"github.com/azptu/azptu/internal/locale"
	"github.com/azptu/azptu/internal/ptu"
	"github.com/azptu/azptu/internal/settings"
)

// types shows the deployment types. The description is one text in a list, in
// the user's language, and all of them in the document.
func (e *effective) types(configured *settings.Settings, lang locale.Language) {
	section := map[string]any{}
	for _, t := range ptu.DeploymentTypes() {
		found := configured.DeploymentType(string(t))
		allowed, at := found.Value.Allowed(), "deployment_types."+string(t)
		section[string(t)] = found.Value
		e.add(at+".sku", t.SKU(), settings.BuiltIn)
		e.add(at+".description", found.Value.Description.In(lang), found.Origin)
		e.add(at+".enabled", allowed, found.Origin)
	}
	e.document["deployment_types"] = section
}

// requirements shows the capacity rule of every model as every type.
func (e *effective) requirements(published *catalog.Catalog) {
	section := map[string]any{}
	for _, model := range published.Models() {
		rules := map[string]*settings.Requirement{}
		for _, t := range ptu.DeploymentTypes() {
			rule, offered := model.Rules[t]
			if !offered {
				continue
			}
			r := &settings.Requirement{Minimum: rule.Minimum, Increment: max(rule.Step, 1), Maximum: rule.Maximum}
			rules[string(t)] = r
			text := fmt.Sprintf("minimum %d, increment %d", r.Minimum, r.Increment)
			if r.Maximum > 0 {
				text += fmt.Sprintf(", maximum %d", r.Maximum)
			}
			e.add("ptu_requirements."+model.Name+"."+string(t), text, origin(rule.Source))
		}
		if len(rules) > 0 {
			section[model.Name] = rules
		}
	}
	e.document["ptu_requirements"] = section
}

// models shows the models that can be deployed with provisioned throughput.
func (e *effective) models(published *catalog.Catalog, configured *settings.Settings) {
	section := map[string]any{}
	own := configured.Models()
	for _, model := range published.Models() {
		if len(model.Rules) == 0 {
			continue
		}
		entry := settings.Model{Format: model.Format, Versions: []string{}}
		for _, version := range model.Versions {
			entry.Versions = append(entry.Versions, version.Name)
		}
		if len(model.Description) > 0 {
			entry.Description = settings.Localized{}
			for lang, text := range model.Description {
				entry.Description[locale.Language(lang)] = text
			}
		}
		section[model.Name] = entry
		from := origin(model.Source)
		if mine, ok := own[model.Name]; ok {
			from = mine.Origin
		}
		e.add("ptu_models."+model.Name+".versions", strings.Join(entry.Versions, ", "), from)
	}
	e.document["ptu_models"] = section
}

// messages shows the user's own texts; the built-in ones are not configuration.
func (e *effective) messages(configured *settings.Settings) {
	section := map[string]any{}
	for _, lang := range locale.Languages() {
		own := configured.Messages(lang)
		if len(own) == 0 {
			continue
		}
		texts := map[string]any{}
		for _, key := range slices.Sorted(maps.Keys(own)) {
			texts[key] = own[key]
			if own[key].One == "" {
				texts[key] = own[key].Other
			}
			e.add("messages."+string(lang)+"."+key, own[key].Other, configured.MessageOrigin(lang, key))
		}
		section[string(lang)] = texts
	}
	e.document["messages"] = section
}

// builtInMessages lists the texts that azptu comes with, in one language: what
// there is to override. They are no part of the document, which would freeze
// them.
func (e *effective) builtInMessages(lang locale.Language) error {
	own := map[string]bool{}
	for _, known := range e.entries {
		own[known.Path] = true
	}
	for _, area := range locale.Areas() {
		texts, err := locale.Messages(area, lang)
		if err != nil {
			return err
		}
		for _, key := range slices.Sorted(maps.Keys(texts)) {
			if path := "messages." + string(lang) + "." + key; !own[path] {
				e.add(path, texts[key].Other, settings.BuiltIn)
			}
		}
	}
	return nil
}

// origin names the built-in tables as such; a path of the user's stays.
func origin(source string) string {
	if _, builtIn := catalog.Named(source); builtIn {
		return settings.BuiltIn + " (" + source + ")"
	}
	if source == "" {
		return settings.BuiltIn
	}
	return source
}

func contains(list []string, word string) bool { return slices.Contains(list, word) }
