package settings

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/azptu/azptu/internal/locale"
	"github.com/azptu/azptu/internal/ptu"
)

// Fault is one thing wrong in a configuration file.
type Fault struct {
	Path    string // "settings.language"; "line 3, column 7" for broken JSON
	Problem string // key of a message in package locale
	Args    []any  // its arguments
}

// Parse reads the text of a configuration file and reports every fault at
// once. The File holds what was right.
func Parse(raw []byte) (*File, []Fault) {
	file := &File{
		Requirements: map[string]map[string]*Requirement{}, Models: map[string]Model{},
		Messages: map[locale.Language]locale.Overrides{}, DeploymentTypes: map[string]TypeSettings{}, Settings: map[string]string{},
	}
	raw = bytes.TrimPrefix(raw, []byte("\ufeff")) // editors on Windows write a mark
	if len(bytes.TrimSpace(raw)) == 0 {
		return file, []Fault{{Path: FileName, Problem: "settings.fault.empty"}}
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var root any
	err := decoder.Decode(&root)
	if err == nil {
		if _, more := decoder.Token(); !errors.Is(more, io.EOF) {
			return file, []Fault{{Path: position(raw, decoder.InputOffset()), Problem: "settings.fault.syntax-more"}}
		}
	}
	if err != nil {
		return file, []Fault{broken(raw, decoder.InputOffset(), err)}
	}
	c := &checker{file: file}
	c.sections(root)
	return file, c.faults
}

// broken tells where JSON broke, and on what.
func broken(raw []byte, offset int64, err error) Fault {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		offset = syntax.Offset - 1
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || offset >= int64(len(raw)) {
		return Fault{Path: position(raw, int64(len(raw))), Problem: "settings.fault.syntax-ends"}
	}
	at, _ := utf8.DecodeRune(raw[max(offset, 0):])
	return Fault{Path: position(raw, offset), Problem: "settings.fault.syntax", Args: []any{"Character", strconv.QuoteRune(at)}}
}

// position names a line and column.
func position(raw []byte, offset int64) string {
	before := raw[:max(0, min(offset, int64(len(raw))))]
	line := bytes.Count(before, []byte("\n")) + 1
	column := len(before) - bytes.LastIndexByte(before, '\n')
	return fmt.Sprintf("%d:%d", line, column)
}

// checker walks a decoded file, fills in File and collects faults.
type checker struct {
	file   *File
	faults []Fault
}

func (c *checker) fault(path, problem string, args ...any) {
	c.faults = append(c.faults, Fault{Path: path, Problem: "settings.fault." + problem, Args: args})
}

func (c *checker) sections(root any) {
	for name, value := range c.object(root, "$") {
		at := under("", name)
		switch name {
		case "$schema":
			c.text(value, at)
		case "ptu_requirements":
			c.requirements(value, at)
		case "ptu_models":
			c.models(value, at)
		case "messages":
			c.messages(value, at)
		case "deployment_types":
			c.types(value, at)
		case "settings":
			c.settings(value, at)
		default:
			c.fault(at, "unknown-section", "Known", "ptu_requirements, ptu_models, messages, deployment_types, settings")
		}
	}
	slices.SortStableFunc(c.faults, func(a, b Fault) int { return strings.Compare(a.Path, b.Path) })
}

func (c *checker) requirements(value any, path string) {
	for model, types := range c.object(value, path) {
		at := under(path, model)
		rules := map[string]*Requirement{}
		for name, rule := range c.object(types, at) {
			at := under(at, name)
			if !isType(name) {
				c.fault(at, "unknown-type", "Known", typeNames())
				continue
			}
			rules[name] = c.requirement(rule, at)
		}
		c.file.Requirements[model] = rules
	}
}

func (c *checker) requirement(value any, path string) *Requirement {
	if value == nil {
		return nil
	}
	r := Requirement{}
	fields := c.object(value, path)
	for name, field := range fields {
		switch name {
		case "minimum":
			r.Minimum = c.units(field, under(path, name))
		case "increment":
			r.Increment = c.units(field, under(path, name))
		case "maximum":
			r.Maximum = c.units(field, under(path, name))
		default:
			c.fault(under(path, name), "unknown-field", "Known", "minimum, increment, maximum")
		}
	}
	for _, name := range []string{"minimum", "increment"} {
		if _, given := fields[name]; !given && fields != nil {
			c.fault(path, "missing-field", "Name", name)
		}
	}
	if r.Maximum != 0 && r.Maximum < r.Minimum {
		c.fault(path+".maximum", "maximum-below-minimum", "Minimum", r.Minimum)
	}
	return &r
}

func (c *checker) models(value any, path string) {
	for name, fields := range c.object(value, path) {
		at := under(path, name)
		model := Model{}
		for field, v := range c.object(fields, at) {
			switch at := under(at, field); field {
			case "description":
				model.Description = c.localized(v, at)
			case "format":
				model.Format = c.text(v, at)
			case "versions":
				model.Versions = c.texts(v, at)
			default:
				c.fault(at, "unknown-field", "Known", "description, format, versions")
			}
		}
		c.file.Models[name] = model
	}
}

func (c *checker) types(value any, path string) {
	for name, fields := range c.object(value, path) {
		at := under(path, name)
		if !isType(name) {
			c.fault(at, "unknown-type", "Known", typeNames())
			continue
		}
		t := TypeSettings{}
		for field, v := range c.object(fields, at) {
			switch at := under(at, field); field {
			case "sku":
				t.SKU = c.text(v, at)
				if sku := ptu.DeploymentType(name).SKU(); t.SKU != sku {
					c.fault(at, "sku", "SKU", sku)
				}
			case "description":
				t.Description = c.localized(v, at)
			case "enabled":
				enabled, ok := v.(bool)
				if !ok {
					c.fault(at, "not-boolean")
				}
				t.Enabled = &enabled
			default:
				c.fault(at, "unknown-field", "Known", "sku, description, enabled")
			}
		}
		c.file.DeploymentTypes[name] = t
	}
}

func (c *checker) settings(value any, path string) {
	for name, v := range c.object(value, path) {
		at := under(path, name)
		key, known := FindKey(name)
		if !known {
			c.fault(at, "unknown-field", "Known", keyNames())
			continue
		}
		text, isText := v.(string)
		if number, isNumber := v.(json.Number); isNumber && name == CacheMinutes {
			text, isText = number.String(), true
		}
		switch {
		case !isText:
			c.fault(at, "not-text")
		case text == "": // as if it were not there
		case key.Allowed != nil && !slices.Contains(key.Allowed, text): // a file spells exactly
			c.fault(at, "not-allowed", "Value", text, "Known", strings.Join(key.Allowed, ", "))
		case !key.Accepts(text):
			c.fault(at, strings.TrimPrefix(key.Misfit(), "settings.fault."), "Value", text)
		default:
			c.file.Settings[name] = text
		}
	}
}

// under names the field of a section. A name that would not show is quoted.
func under(path, name string) string {
	if name == "" || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		name = strconv.Quote(name)
	}
	if path == "" {
		return name
	}
	return path + "." + name
}

// object gives the fields of value; what is no object is a fault and has none.
func (c *checker) object(value any, path string) map[string]any {
	fields, ok := value.(map[string]any)
	if !ok {
		c.fault(path, "not-object")
	}
	return fields
}

func (c *checker) text(value any, path string) string {
	text, ok := value.(string)
	if !ok {
		c.fault(path, "not-text")
	}
	return text
}

func (c *checker) texts(value any, path string) []string {
	list, ok := value.([]any)
	if !ok {
		c.fault(path, "not-list")
	}
	var out []string
	for i, item := range list {
		out = append(out, c.text(item, path+"["+strconv.Itoa(i)+"]"))
	}
	return out
}

// units reads a number of PTU: whole, above zero, and below what any region has.
func (c *checker) units(value any, path string) int {
	number, ok := value.(json.Number)
	n, err := number.Int64()
	if !ok || err != nil || n < 1 || n > math.MaxInt32 {
		c.fault(path, "not-units")
		return 0
	}
	return int(n)
}

// localized reads a text, or an object of texts by language.
func (c *checker) localized(value any, path string) Localized {
	if text, ok := value.(string); ok {
		return Localized{"": text}
	}
	out := Localized{}
	for name, text := range c.object(value, path) {
		lang, ok := languageTag(name)
		if !ok {
			c.fault(under(path, name), "unknown-language")
			continue
		}
		out[lang] = c.text(text, under(path, name))
	}
	return out
}

// languageTag reads the tag of a language section; it must be spelled exactly,
// so that a message area can never be mistaken for a language.
func languageTag(name string) (locale.Language, bool) {
	lang := locale.Language(name)
	return lang, slices.Contains(locale.Languages(), lang)
}

func isType(name string) bool {
	return slices.Contains(ptu.DeploymentTypes(), ptu.DeploymentType(name))
}

func typeNames() string {
	var names []string
	for _, t := range ptu.DeploymentTypes() {
		names = append(names, string(t))
	}
	return strings.Join(names, ", ")
}

func keyNames() string {
	var names []string
	for _, key := range Keys() {
		names = append(names, key.Name)
	}
	return strings.Join(names, ", ")
}
