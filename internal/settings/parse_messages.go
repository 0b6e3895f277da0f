package settings

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/azptu/azptu/internal/locale"
)

// messages reads texts of the user's own: {"key": text} for every language,
// or {"pt-BR": {"key": text}} for one. A key must be one that azptu knows, and
// a text may only leave open what the built-in text leaves open.
func (c *checker) messages(value any, path string) {
	for name, v := range c.object(value, path) {
		at := under(path, name)
		lang, isLanguage := languageTag(name)
		if !isLanguage {
			c.message("", name, v, at)
			continue
		}
		for key, text := range c.object(v, at) {
			c.message(lang, key, text, under(at, key))
		}
	}
}

func (c *checker) message(lang locale.Language, key string, value any, path string) {
	raw, err := json.Marshal(value)
	var text locale.Text
	if err == nil {
		err = json.Unmarshal(raw, &text)
	}
	if err != nil || text.Other == "" {
		c.fault(path, "not-message")
		return
	}
	builtIn, err := locale.Messages(locale.Area(key), locale.English)
	original, known := builtIn[key]
	if err != nil || !known {
		c.fault(path, "unknown-message")
		return
	}
	open := original.Placeholders()
	if original.One != "" && !slices.Contains(open, "Count") {
		open = append(open, "Count")
	}
	for _, name := range text.Placeholders() {
		if !slices.Contains(open, name) {
			c.fault(path, "unknown-placeholder", "Name", "{{."+name+"}}", "Known", blanks(open))
		}
	}
	if c.file.Messages[lang] == nil {
		c.file.Messages[lang] = locale.Overrides{}
	}
	c.file.Messages[lang][key] = text
}

// blanks writes placeholders as a message does: {{.Name}} {{.Count}}.
func blanks(names []string) string {
	var out []string
	for _, name := range names {
		out = append(out, "{{."+name+"}}")
	}
	return cmp.Or(strings.Join(out, " "), "–")
}
