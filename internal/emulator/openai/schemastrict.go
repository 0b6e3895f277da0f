package openai

import (
	"encoding/json"
	"fmt"
	"strings"
)

// strictSchema checks what the service demands of a strict schema: every
// object names all its properties as required and allows no others.
func strictSchema(raw []byte, param, what, name string) *problem {
	var root any
	if err := json.Unmarshal(raw, &root); err != nil {
		return invalid("", param, "Invalid schema for %s '%s': the schema is not JSON.", what, name)
	}
	fault := strictNode(root, nil, 0)
	if fault == "" {
		if node, ok := root.(map[string]any); ok && node["type"] != "object" && node["$ref"] == nil {
			fault = fmt.Sprintf("schema must be a JSON Schema of 'type: \"object\"', got 'type: \"%v\"'.", node["type"])
		}
	}
	if fault == "" {
		return nil
	}
	return invalid("", param, "Invalid schema for %s '%s': %s", what, name, fault)
}

// strictNode returns the first fault below a node, in the service's words.
func strictNode(of any, path []string, depth int) string {
	node, ok := of.(map[string]any)
	if !ok || depth > maxSchemaDepth {
		return ""
	}
	if fault := strictObject(node, path); fault != "" {
		return fault
	}
	for _, key := range []string{"properties", "$defs", "definitions"} {
		if subs, ok := node[key].(map[string]any); ok {
			for _, name := range sortedKeys(subs) {
				if fault := strictNode(subs[name], append(path, key, name), depth+1); fault != "" {
					return fault
				}
			}
		}
	}
	if fault := strictNode(node["items"], append(path, "items"), depth+1); fault != "" {
		return fault
	}
	options, _ := node["anyOf"].([]any)
	for i, option := range options {
		if fault := strictNode(option, append(path, "anyOf", itoa(i)), depth+1); fault != "" {
			return fault
		}
	}
	return ""
}

func strictObject(node map[string]any, path []string) string {
	properties, ok := node["properties"].(map[string]any)
	if !ok && node["type"] != "object" {
		return ""
	}
	context := "In context=" + contextOf(path)
	if node["additionalProperties"] != false {
		return context + ", 'additionalProperties' is required to be supplied and to be false."
	}
	required := map[string]bool{}
	list, _ := node["required"].([]any)
	for _, name := range list {
		if text, ok := name.(string); ok {
			required[text] = true
		}
	}
	for _, name := range sortedKeys(properties) {
		if !required[name] {
			return context + ", 'required' is required to be supplied and to be an array including every key in properties. Missing '" + name + "'."
		}
	}
	return ""
}

// contextOf writes a path as Python writes a tuple.
func contextOf(path []string) string {
	switch len(path) {
	case 0:
		return "()"
	case 1:
		return "('" + path[0] + "',)"
	}
	return "('" + strings.Join(path, "', '") + "')"
}
