package settings

import (
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const schemaPath = "../../docs/config_consolidated.schema.json"

// The JSON Schema, which editors use, and the check that azptu does itself
// agree about what a configuration is.
func TestSchemaAgreesWithCheck(t *testing.T) {
	raw, err := os.ReadFile(schemaPath)
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(string(raw)))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("config.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("config.json")
	if err != nil {
		t.Fatal(err)
	}
	for text, right := range map[string]bool{
		string(builtInText): true,
		`{}`:                true,
		`{"$schema": "x"}`:  true,
		`[]`:                false,
		`{"$schema": 1}`:    false,
		`{"section": {}}`:   false,
		`{"settings": {"language": "pt-BR", "output": "json", "cache_minutes": 0}}`:                   true,
		`{"settings": {"cache_minutes": "15", "cloud": "/a/b.json"}}`:                                 true,
		`{"settings": {"cache_minutes": 1441}}`:                                                       false,
		`{"settings": {"cache_minutes": -1}}`:                                                         false,
		`{"settings": {"cache_minutes": "soon"}}`:                                                     false,
		`{"settings": {"language": "pt"}}`:                                                            false,
		`{"settings": {"cloud": "a\nb"}}`:                                                             false,
		`{"settings": {"colour": "auto"}}`:                                                            false,
		`{"settings": {"color": true}}`:                                                               false,
		`{"settings": []}`:                                                                            false,
		`{"ptu_requirements": {"m": {"global": {"minimum": 15, "increment": 5}}}}`:                    true,
		`{"ptu_requirements": {"m": {"global": null}}}`:                                               true,
		`{"ptu_requirements": {"m": {}}}`:                                                             true,
		`{"ptu_requirements": {"m": {"world": null}}}`:                                                false,
		`{"ptu_requirements": {"m": {"global": {"minimum": 15}}}}`:                                    false,
		`{"ptu_requirements": {"m": {"global": {"minimum": 0, "increment": 5}}}}`:                     false,
		`{"ptu_requirements": {"m": {"global": {"minimum": 1.5, "increment": 5}}}}`:                   false,
		`{"ptu_requirements": {"m": {"global": {"minimum": 15, "increment": 5, "step": 5}}}}`:         false,
		`{"ptu_requirements": {"m": {"global": {"minimum": 9999999999, "increment": 5}}}}`:            false,
		`{"ptu_models": {"m": {"versions": ["1"], "description": "d"}}}`:                              true,
		`{"ptu_models": {"m": {"description": {"es": "d"}}}}`:                                         true,
		`{"ptu_models": {"m": {"description": {"fr": "d"}}}}`:                                         false,
		`{"ptu_models": {"m": {"versions": "1"}}}`:                                                    false,
		`{"ptu_models": {"m": {"versions": [1]}}}`:                                                    false,
		`{"ptu_models": {"m": {"price": 1}}}`:                                                         false,
		`{"messages": {"exit.hint": "x", "pt-BR": {"config.faultless": {"one": "1", "other": "2"}}}}`: true,
		`{"messages": {"exit.hint": ""}}`:                                                             false,
		`{"messages": {"exit.hint": {"one": "1"}}}`:                                                   false,
		`{"messages": {"exit.hint": {"few": "1", "other": "2"}}}`:                                     false,
		`{"messages": {"es": "x"}}`:                                                                   false,
		`{"deployment_types": {"global": {"enabled": false, "description": "d"}}}`:                    true,
		`{"deployment_types": {"global": {"sku": "ProvisionedManaged"}}}`:                             false,
		`{"deployment_types": {"global": {"enabled": "no"}}}`:                                         false,
		`{"deployment_types": {"global": {"location": "eastus"}}}`:                                    false,
		`{"deployment_types": {"standard": {}}}`:                                                      false,
	} {
		_, faults := Parse([]byte(text))
		if (len(faults) == 0) != right {
			t.Errorf("check of %s: %+v", text, faults)
		}
		instance, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(instance); (err == nil) != right {
			t.Errorf("schema of %s: %v", text, err)
		}
	}
}

// Every setting is in the schema, with the values it allows.
func TestSchemaKnowsEverySetting(t *testing.T) {
	raw, err := os.ReadFile(schemaPath)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range Keys() {
		if !strings.Contains(string(raw), `"`+key.Name+`": {`) {
			t.Errorf("the schema lacks %s", key.Name)
		}
		for _, value := range key.Allowed {
			if !strings.Contains(string(raw), `"`+value+`"`) {
				t.Errorf("the schema lacks %s of %s", value, key.Name)
			}
		}
	}
}
