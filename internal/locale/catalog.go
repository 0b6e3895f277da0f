package locale

import (
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

//go:embed messages/*.json
var messages embed.FS

// Text is one message: a plain text has only Other; a text that depends on a
// count has One as well. English, Portuguese and Spanish need no more forms.
type Text struct {
	One   string `json:"one,omitempty"`
	Other string `json:"other"`
}

// UnmarshalJSON reads "text" or {"one": "text", "other": "text"}.
func (t *Text) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] == '"' {
		t.One = ""
		return json.Unmarshal(raw, &t.Other)
	}
	var forms map[string]string
	if err := json.Unmarshal(raw, &forms); err != nil {
		return fmt.Errorf("a message is a text or an object with the texts \"one\" and \"other\"")
	}
	for form := range forms {
		if form != "one" && form != "other" {
			return fmt.Errorf("unknown plural form %q: use \"one\" and \"other\"", form)
		}
	}
	if forms["other"] == "" {
		return fmt.Errorf("the plural form \"other\" is missing")
	}
	t.One, t.Other = forms["one"], forms["other"]
	return nil
}

// Area is the part of a message key before its first dot: the name of the
// file that holds the message.
func Area(key string) string {
	area, _, _ := strings.Cut(key, ".")
	return area
}

// Areas lists the areas that have messages in any language, sorted.
func Areas() []string {
	entries, err := messages.ReadDir("messages")
	if err != nil {
		return nil
	}
	var areas []string
	for _, entry := range entries {
		areas = append(areas, Area(entry.Name()))
	}
	slices.Sort(areas)
	return slices.Compact(areas)
}

// Messages reads the built-in messages of one area in one language.
func Messages(area string, lang Language) (map[string]Text, error) {
	name := "messages/" + area + "." + string(lang) + ".json"
	raw, err := messages.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("reading messages of %s in %s: %w", area, lang, err)
	}
	texts := map[string]Text{}
	if err := json.Unmarshal(raw, &texts); err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return texts, nil
}

// Placeholders lists the distinct names a text leaves open, sorted:
// "{{.Count}} of {{.Total}}" gives Count and Total.
func (t Text) Placeholders() []string {
	var names []string
	fill(t.One+"\x00"+t.Other, func(name string) (string, bool) {
		names = append(names, name)
		return "", true
	})
	slices.Sort(names)
	return slices.Compact(names)
}
