package settings

import (
	"encoding/json"

	"github.com/azptu/azptu/internal/locale"
	"github.com/azptu/azptu/internal/ptu"
)

// File is one config_consolidated.json.
type File struct {
	Requirements    map[string]map[string]*Requirement
	Models          map[string]Model
	Messages        map[locale.Language]locale.Overrides // "" holds texts for every language
	DeploymentTypes map[string]TypeSettings
	Settings        map[string]string // general settings as text
}

// Requirement is the capacity rule of a model as one deployment type, in PTU.
type Requirement struct {
	Minimum   int `json:"minimum"`
	Increment int `json:"increment"`
	Maximum   int `json:"maximum,omitempty"` // 0: no maximum is stated
}

// Rule is r as the arithmetic knows it.
func (r Requirement) Rule() ptu.Rule {
	return ptu.Rule{Minimum: r.Minimum, Step: r.Increment, Maximum: r.Maximum}
}

// Model is a model that can be deployed with provisioned throughput.
type Model struct {
	Description Localized `json:"description,omitzero"`
	Format      string    `json:"format,omitempty"` // "OpenAI" when empty
	Versions    []string  `json:"versions"`
}

// TypeSettings is what an organisation says about a deployment type.
type TypeSettings struct {
	SKU         string    `json:"sku,omitempty"` // documentation; must be the type's own
	Description Localized `json:"description,omitzero"`
	Enabled     *bool     `json:"enabled,omitempty"` // nil: yes
}

// Allowed tells whether deployments of this type may be created.
func (t TypeSettings) Allowed() bool { return t.Enabled == nil || *t.Enabled }

// Localized is one text, or one per language.
type Localized map[locale.Language]string

// In is the text in lang, else in English, else whichever there is.
func (l Localized) In(lang locale.Language) string {
	for _, candidate := range []locale.Language{lang, "", locale.English, locale.Portuguese, locale.Spanish} {
		if text := l[candidate]; text != "" {
			return text
		}
	}
	return ""
}

// MarshalJSON writes a plain text when there is only one.
func (l Localized) MarshalJSON() ([]byte, error) {
	if text, ok := l[""]; ok {
		return json.Marshal(text)
	}
	return json.Marshal(map[locale.Language]string(l))
}
