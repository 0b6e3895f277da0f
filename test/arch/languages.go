package arch

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"sort"
	"strings"
	"unicode"
)

// messageDir holds one file per area and language: <area>.<language>.json.
const messageDir = "internal/locale/messages"

// languages lists the reference first.
var languages = []string{"en", "pt-BR", "es"}

var placeholder = regexp.MustCompile(`\{\{\s*\.?(\w+)[^}]*\}\}`)

// command is a command line as examples show it, up to the remark behind it.
// It is typed the same in every language; the remark is not.
var command = regexp.MustCompile(`(?m)^\s*azptu [^#\n]*`)

// text is one message with its plural forms; a plain text has "other" alone.
type text map[string]string

// UnmarshalJSON reads "text" or {"one": "text", "other": "text"}.
func (t *text) UnmarshalJSON(raw []byte) error {
	var plain string
	if json.Unmarshal(raw, &plain) == nil {
		*t = text{"other": plain}
		return nil
	}
	forms := map[string]string{}
	if err := json.Unmarshal(raw, &forms); err != nil {
		return fmt.Errorf("a message is a text or an object of texts: %w", err)
	}
	*t = forms
	return nil
}

func (t text) all() string {
	forms := make([]string, 0, len(t))
	for _, s := range t {
		forms = append(forms, s)
	}
	sort.Strings(forms)
	return strings.Join(forms, "\n")
}

func (t text) placeholders() string {
	seen := map[string]bool{}
	for _, m := range placeholder.FindAllStringSubmatch(t.all(), -1) {
		seen[m[1]] = true
	}
	names := make([]string, 0, len(seen))
	for n := range seen {
		names = append(names, n)
	}
	sort.Strings(names)
	return strings.Join(names, " ")
}

// wordless holds for texts that are placeholders, rules, bullets and command
// lines alone.
func (t text) wordless() bool {
	rest := command.ReplaceAllString(placeholder.ReplaceAllString(t.all(), ""), "")
	return !strings.ContainsFunc(rest, unicode.IsLetter)
}

// Languages reports messages that lack a language, that leave other places
// open than the English text, that are empty, or that are still the English
// text. same lists, one a line, the keys and languages whose text is the
// English one on purpose: "area.key es pt-BR"; entries without need are
// faults too.
func (t *Tree) Languages(same string) []Fault {
	entries, err := fs.ReadDir(t.fsys, messageDir)
	if err != nil {
		return []Fault{{messageDir, err.Error()}}
	}
	areas := map[string]bool{}
	for _, e := range entries {
		area, _, _ := strings.Cut(e.Name(), ".")
		areas[area] = true
	}
	twins := parseTwins(same)
	var faults []Fault
	for area := range areas {
		faults = append(faults, t.area(area, twins)...)
	}
	for twin, used := range twins {
		if !used {
			faults = append(faults, Fault{"same-words.txt", fmt.Sprintf("%s need not be listed", twin)})
		}
	}
	return sorted(faults)
}

// parseTwins gives "key language" pairs, none used yet.
func parseTwins(same string) map[string]bool {
	twins := map[string]bool{}
	for _, line := range strings.Split(same, "\n") {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		for _, lang := range words[min(1, len(words)):] {
			twins[words[0]+" "+lang] = false
		}
	}
	return twins
}

func (t *Tree) area(area string, twins map[string]bool) []Fault {
	var faults []Fault
	texts := map[string]map[string]text{}
	keys := map[string]bool{}
	for _, lang := range languages {
		name := path.Join(messageDir, area+"."+lang+".json")
		raw, err := fs.ReadFile(t.fsys, name)
		if err != nil {
			faults = append(faults, Fault{name, "missing"})
			continue
		}
		var m map[string]text
		if err := json.Unmarshal(raw, &m); err != nil {
			faults = append(faults, Fault{name, err.Error()})
			continue
		}
		texts[lang] = m
		for key := range m {
			keys[key] = true
		}
	}
	for key := range keys {
		faults = append(faults, compare(area, key, texts, twins)...)
	}
	return faults
}

// compare judges one message across the languages that could be read.
func compare(area, key string, texts map[string]map[string]text, twins map[string]bool) []Fault {
	var faults []Fault
	reference, known := texts["en"][key]
	for _, lang := range languages {
		file := path.Join(messageDir, area+"."+lang+".json")
		m, readable := texts[lang]
		if !readable {
			continue
		}
		got, there := m[key]
		switch {
		case !there:
			faults = append(faults, Fault{file, key + " is missing"})
		case strings.TrimSpace(got.all()) == "":
			faults = append(faults, Fault{file, key + " is empty"})
		case !known || lang == "en":
		case got.placeholders() != reference.placeholders():
			faults = append(faults, Fault{file, fmt.Sprintf("%s leaves open {%s}, the English text {%s}", key, got.placeholders(), reference.placeholders())})
		case got.all() == reference.all() && !got.wordless():
			if _, listed := twins[key+" "+lang]; !listed {
				faults = append(faults, Fault{file, key + " is the English text"})
			}
			twins[key+" "+lang] = true
		}
	}
	return faults
}
