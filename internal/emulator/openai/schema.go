package openai

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/azptu/azptu/internal/tokens/jsonlex"
)

// schema is a JSON schema as it is generated from. Keywords it does not have
// are not looked at.
type schema struct {
	root map[string]any
	r    *random
	deep int // how deep the value being written is nested
}

// maxSchemaDepth bounds recursive schemas. Past shallow, optional parts are
// left out and the alternative that ends soonest is taken.
const (
	shallowSchema  = 4
	maxSchemaDepth = 32
)

// fromSchema writes a JSON value that is valid by a schema.
func fromSchema(raw []byte, r *random, name string) ([]byte, *problem) {
	var root any
	if err := json.Unmarshal(raw, &root); err != nil {
		return nil, invalid("", "response_format", "Invalid schema for '%s': the schema is not JSON.", name)
	}
	s := schema{r: r}
	s.root, _ = root.(map[string]any)
	out, err := s.value(nil, root)
	if err != nil {
		return nil, invalid("", "response_format", "Invalid schema for '%s': %s", name, err)
	}
	return out, nil
}

// value appends a value for one (sub)schema.
func (s *schema) value(dst []byte, of any) ([]byte, error) {
	if s.deep++; s.deep > maxSchemaDepth {
		return nil, fmt.Errorf("no value ends within %d levels", maxSchemaDepth)
	}
	defer func() { s.deep-- }()
	switch node := of.(type) {
	case bool:
		if !node {
			return nil, fmt.Errorf("a schema of false has no value")
		}
		return jsonlex.AppendString(dst, s.words(3)), nil
	case map[string]any:
		return s.node(dst, node)
	}
	return nil, fmt.Errorf("a schema must be an object or a boolean")
}

func (s *schema) node(dst []byte, node map[string]any) ([]byte, error) {
	node, err := s.resolve(node)
	if err != nil {
		return nil, err
	}
	if constant, ok := node["const"]; ok {
		return appendAny(dst, constant)
	}
	if enum, ok := node["enum"].([]any); ok {
		if len(enum) == 0 {
			return nil, fmt.Errorf("an enum is empty")
		}
		return appendAny(dst, enum[s.r.below(len(enum))])
	}
	for _, choice := range []string{"anyOf", "oneOf"} {
		if options, ok := node[choice].([]any); ok && len(options) > 0 {
			return s.choose(dst, node, choice, options)
		}
	}
	switch kind := s.kind(node); kind {
	case "object":
		return s.object(dst, node)
	case "array":
		return s.array(dst, node)
	case "string":
		return s.text(dst, node)
	case "integer", "number":
		return s.number(dst, node, kind == "integer")
	case "boolean":
		return append(dst, []string{"false", "true"}[s.r.below(2)]...), nil
	case "null":
		return append(dst, "null"...), nil
	default:
		return nil, fmt.Errorf("'%s' is not a valid type", kind)
	}
}

// resolve follows $ref and lays the parts of allOf over one another.
func (s *schema) resolve(node map[string]any) (map[string]any, error) {
	for range maxSchemaDepth {
		ref, ok := node["$ref"].(string)
		if !ok {
			return s.all(node)
		}
		found, err := s.follow(ref)
		if err != nil {
			return nil, err
		}
		rest := maps.Clone(node)
		delete(rest, "$ref")
		node = overlay(found, rest)
	}
	return nil, fmt.Errorf("references go in a circle")
}

func (s *schema) all(node map[string]any) (map[string]any, error) {
	parts, ok := node["allOf"].([]any)
	if !ok {
		return node, nil
	}
	merged := maps.Clone(node)
	delete(merged, "allOf")
	for _, part := range parts {
		sub, ok := part.(map[string]any)
		if !ok {
			continue
		}
		if s.deep++; s.deep > maxSchemaDepth {
			return nil, fmt.Errorf("references go in a circle")
		}
		sub, err := s.resolve(sub)
		s.deep--
		if err != nil {
			return nil, err
		}
		merged = overlay(merged, sub)
	}
	return merged, nil
}

// overlay lays b over a: properties and required of both are kept.
func overlay(a, b map[string]any) map[string]any {
	out := maps.Clone(a)
	for key, value := range b {
		switch old := out[key].(type) {
		case map[string]any:
			if more, ok := value.(map[string]any); ok {
				both := maps.Clone(old)
				maps.Copy(both, more)
				value = both
			}
		case []any:
			if more, ok := value.([]any); ok && key == "required" {
				value = append(slices.Clone(old), more...)
			}
		}
		out[key] = value
	}
	return out
}

// follow finds what a local reference, "#/$defs/name", points at.
func (s *schema) follow(ref string) (map[string]any, error) {
	path, ok := strings.CutPrefix(ref, "#")
	if !ok {
		return nil, fmt.Errorf("reference '%s' can only point to definitions in the schema", ref)
	}
	node := s.root
	for _, step := range strings.Split(path, "/")[1:] {
		step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		node, ok = node[step].(map[string]any)
		if !ok {
			return nil, fmt.Errorf("reference '%s' does not point to a definition", ref)
		}
	}
	return node, nil
}

// choose takes one alternative; in the depths the one that ends soonest.
func (s *schema) choose(dst []byte, node map[string]any, choice string, options []any) ([]byte, error) {
	base := maps.Clone(node)
	delete(base, choice)
	order := make([]int, len(options))
	start := s.r.below(len(options))
	for i := range order {
		order[i] = (start + i) % len(options)
	}
	if s.deep > shallowSchema {
		slices.SortStableFunc(order, func(a, b int) int { return weight(options[a]) - weight(options[b]) })
	}
	var failed error
	for _, i := range order {
		option, ok := options[i].(map[string]any)
		if !ok {
			continue
		}
		out, err := s.value(slices.Clip(dst), overlay(base, option))
		if err == nil {
			return out, nil
		}
		failed = err
	}
	return nil, failed
}

// weight guesses how much a schema makes be written.
func weight(of any) int {
	node, ok := of.(map[string]any)
	switch {
	case !ok:
		return 0
	case node["$ref"] != nil:
		return 4
	case node["type"] == "null" || node["const"] != nil || node["enum"] != nil:
		return 0
	case node["properties"] != nil:
		return 3
	case node["items"] != nil:
		return 2
	}
	return 1
}

// kind is the type to write; without one it is told by other keywords.
func (s *schema) kind(node map[string]any) string {
	switch kind := node["type"].(type) {
	case string:
		return kind
	case []any:
		if len(kind) > 0 {
			i := s.r.below(len(kind))
			if s.deep > shallowSchema && slices.Contains(kind, any("null")) {
				return "null"
			}
			name, _ := kind[i].(string)
			return name
		}
	}
	switch {
	case node["properties"] != nil || node["required"] != nil || node["additionalProperties"] != nil:
		return "object"
	case node["items"] != nil || node["prefixItems"] != nil:
		return "array"
	case node["minimum"] != nil || node["maximum"] != nil || node["multipleOf"] != nil:
		return "number"
	}
	return "string"
}

// object writes the properties in the order of the schema's text where that is
// known, which encoding/json does not keep: by name.
func (s *schema) object(dst []byte, node map[string]any) ([]byte, error) {
	properties, _ := node["properties"].(map[string]any)
	required := map[string]bool{}
	if list, ok := node["required"].([]any); ok {
		for _, name := range list {
			if text, ok := name.(string); ok {
				required[text] = true
			}
		}
	}
	names := slices.Collect(maps.Keys(properties))
	for name := range required {
		if _, ok := properties[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	dst = append(dst, '{')
	first := true
	for _, name := range names {
		if !required[name] && s.deep > shallowSchema {
			continue
		}
		of, ok := properties[name]
		if !ok {
			of = true
		}
		mark := len(dst)
		if !first {
			dst = append(dst, ',')
		}
		dst = append(jsonlex.AppendString(dst, name), ':')
		out, err := s.value(dst, of)
		if err != nil {
			if required[name] {
				return nil, err
			}
			dst = dst[:mark]
			continue
		}
		dst, first = out, false
	}
	return append(dst, '}'), nil
}

func (s *schema) array(dst []byte, node map[string]any) ([]byte, error) {
	least, most := bound(node, "minItems", 0), bound(node, "maxItems", math.MaxInt32)
	prefix, _ := node["prefixItems"].([]any)
	n := min(max(least, 1+s.r.below(3)), most)
	if s.deep > shallowSchema {
		n = least
	}
	if n > 1000 {
		return nil, fmt.Errorf("an array of %d items is too long", n)
	}
	dst = append(dst, '[')
	unique := node["uniqueItems"] == true
	var written [][]byte
	for i := range n {
		of, ok := node["items"]
		if i < len(prefix) {
			of, ok = prefix[i], true
		}
		if !ok {
			of = true
		}
		item, err := s.item(of, unique, written)
		if err != nil {
			if i >= least && i > 0 {
				break
			}
			if i >= least {
				return append(dst, ']'), nil
			}
			return nil, err
		}
		if i > 0 {
			dst = append(dst, ',')
		}
		dst, written = append(dst, item...), append(written, item)
	}
	return append(dst, ']'), nil
}

// item writes one element; where elements must differ it tries a few times.
func (s *schema) item(of any, unique bool, written [][]byte) ([]byte, error) {
	for range 20 {
		item, err := s.value(nil, of)
		if err != nil {
			return nil, err
		}
		if !unique || !slices.ContainsFunc(written, func(b []byte) bool { return bytes.Equal(b, item) }) {
			return item, nil
		}
	}
	return nil, fmt.Errorf("not enough different items")
}

func bound(node map[string]any, key string, otherwise int) int {
	if f, ok := node[key].(float64); ok && f >= 0 && f < math.MaxInt32 {
		return int(f)
	}
	return otherwise
}

func appendAny(dst []byte, v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("writing a constant: %w", err)
	}
	return append(dst, text...), nil
}
