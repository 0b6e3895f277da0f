package template

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

var place = Scope{
	Tenant: "ten", Subscription: "sub", SubscriptionName: "Subscription", Deployment: "dep", Deployer: "me", Root: "https://arm",
	Group: &Group{ID: "/subscriptions/sub/resourceGroups/rg", Name: "rg", Location: "eastus", Tags: map[string]string{"a": "b"}},
	Now:   time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), NewGUID: func() string { return "new" },
}

func decode(t testing.TB, text string) map[string]any {
	t.Helper()
	var v map[string]any
	if err := Decode([]byte(text), &v); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return v
}

// outputs of a template with one expression.
func evaluate(t testing.TB, expression string) (any, error) {
	t.Helper()
	quoted, err := json.Marshal(expression)
	if err != nil {
		t.Fatal(err)
	}
	doc := decode(t, `{"$schema": "x", "parameters": {"p": {"type": "object", "defaultValue": {"List": [1, "two", {"three": 3}], "s": "text"}}},
		"variables": {"v": "[concat('v-', parameters('p').s)]", "loop": "[variables('loop')]", "copy": [{"name": "squares", "count": 4, "input": "[mul(copyIndex('squares'), copyIndex('squares'))]"}]},
		"resources": [], "outputs": {"o": {"type": "object", "value": `+string(quoted)+`}}}`)
	tpl, err := New(doc, nil, place)
	if err != nil {
		return nil, err
	}
	out, err := tpl.Outputs()
	if err != nil {
		return nil, err
	}
	return out["o"].(map[string]any)["value"], nil
}

func TestExpressions(t *testing.T) {
	for expression, want := range map[string]any{
		"plain": "plain", "[[literal]": "[literal]", "[not closed": "[not closed", "": "",
		"['it''s']": "it's", "[-5]": int64(-5), "[ concat ( 'a' , 'b' ) ]": "ab",
		"[parameters('P').list[1]]": "two", "[parameters('p')['list'][2].THREE]": int64(3), "[variables('v')]": "v-text", "[variables('squares')[3]]": int64(9),
		"[concat(createArray(1), createArray(2, 3))]": []any{int64(1), int64(2), int64(3)},
		"[format('{0}-{1:D3} {{x}}', 'a', 7)]":        "a-007 {x}",
		"[if(equals('A', 'a'), 'yes', div(1, 0))]":    "yes",
		"[and(true(), or(false(), not(false())))]":    true, "[and(false(), div(1, 0))]": false,
		"[add(2, mul(3, sub(10, 4)))]": int64(20), "[mod(7, 3)]": int64(1), "[min(3, 1, 2)]": int64(1), "[max(createArray(3, 9))]": int64(9),
		"[less(1, 2)]": true, "[greaterOrEquals('b', 'a')]": true, "[int('42')]": int64(42), "[bool('True')]": true, "[string(createObject('a', 1))]": `{"a":1}`,
		"[toUpper(substring('abcdef', 1, 3))]": "BCD", "[replace('a.b', '.', '-')]": "a-b", "[length('four')]": int64(4), "[empty(createArray())]": true,
		"[split('a,b;c', createArray(',', ';'))]": []any{"a", "b", "c"}, "[join(createArray('a', 1), '/')]": "a/1", "[contains('abc', 'b')]": true, "[contains(parameters('p'), 'S')]": true,
		"[first('abc')]": "a", "[last(createArray(1, 2))]": int64(2), "[take('abc', 9)]": "abc", "[skip(createArray(1, 2), 1)]": []any{int64(2)},
		"[range(3, 2)]": []any{int64(3), int64(4)}, "[union(createObject('a', 1, 'b', createObject('c', 1)), createObject('b', createObject('d', 2)))]": map[string]any{"a": int64(1), "b": map[string]any{"c": int64(1), "d": int64(2)}},
		"[union(createArray(1, 2), createArray(2, 3))]": []any{int64(1), int64(2), int64(3)}, "[intersection(createArray(1, 2), createArray(2, 3))]": []any{int64(2)},
		"[flatten(createArray(createArray(1), createArray(2)))]": []any{int64(1), int64(2)}, "[items(createObject('k', 'v'))[0].key]": "k", "[coalesce(null(), 'x')]": "x",
		"[base64ToString(base64('é'))]": "é", "[uriComponent('a b/c')]": "a%20b%2Fc", "[uri('http://x/y/', 'z')]": "http://x/y/z", "[json('{\"a\": [1.5]}').a[0]]": 1.5, "[padLeft(7, 3, '0')]": "007",
		"[indexOf('abc', 'C')]": int64(2), "[startsWith('abc', 'AB')]": true, "[tryGet(parameters('p'), 'list', 7)]": nil, "[length(uniqueString('a'))]": int64(13),
		"[length(guid('a', 'b'))]": int64(36), "[equals(guid('a', 'b'), guid('a', 'c'))]": false,
		"[resourceGroup().location]": "eastus", "[subscription().subscriptionId]": "sub", "[deployment().name]": "dep", "[tenant().tenantId]": "ten", "[environment().resourceManager]": "https://arm/",
		"[resourceId('A.B/c', 'n')]":                              "/subscriptions/sub/resourceGroups/rg/providers/A.B/c/n",
		"[resourceId('other', 'A.B/c/d', 'n', 'm')]":              "/subscriptions/sub/resourceGroups/other/providers/A.B/c/n/d/m",
		"[resourceId('s2', 'other', 'A.B/c/d', 'n/m')]":           "/subscriptions/s2/resourceGroups/other/providers/A.B/c/n/d/m",
		"[subscriptionResourceId('A.B/c', 'n')]":                  "/subscriptions/sub/providers/A.B/c/n",
		"[extensionResourceId(resourceGroup().id, 'A.B/c', 'n')]": "/subscriptions/sub/resourceGroups/rg/providers/A.B/c/n",
		"[tenantResourceId('A.B/c', 'n')]":                        "/providers/A.B/c/n",
	} {
		if got, err := evaluate(t, expression); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %#v (%v), want %#v", expression, got, err, want)
		}
	}
}

func TestBadExpressions(t *testing.T) {
	for _, expression := range []string{
		"[concat('a']", "[concat(]", "[nothing('x')]", "[parameters('none')]", "[variables('none')]", "[variables('loop')]", "[parameters('p').none]", "[parameters('p').list[9]]",
		"['a'.b]", "[add('a', 1)]", "[div(1, 0)]", "[if(1, 2, 3)]", "[substring('abc', 2, 5)]", "[resourceId('A.B/c')]", "[resourceId('A.B/c', 'n', 'm')]", "[copyIndex()]", "[newGuid()]", "[utcNow()]",
		"[reference('none')]", "['open]", "[1 2]", "[int('x')]", "[json('{')]", "[createObject('a')]", "[format('{3}', 'a')]", "[a.b.c()]", "[" + strings.Repeat("concat(", 200) + strings.Repeat(")", 200) + "]",
	} {
		got, err := evaluate(t, expression)
		var fault *Fault
		if !errors.As(err, &fault) {
			t.Errorf("%.60s is %v (%v)", expression, got, err)
		}
	}
}

// A template whose variables double at each step ends with a fault, not with
// the memory.
func TestBounds(t *testing.T) {
	var variables []string
	for i := range 60 {
		variables = append(variables, fmt.Sprintf(`"v%d": "[concat(variables('v%d'), variables('v%d'))]"`, i+1, i, i))
	}
	doc := decode(t, `{"$schema": "x", "variables": {"v0": "xxxxxxxxxxxxxxxx", `+strings.Join(variables, ",")+`}, "resources": [{"type": "A.B/c", "apiVersion": "1", "name": "[variables('v60')]"}]}`)
	var fault *Fault
	if _, err := New(doc, nil, place); !errors.As(err, &fault) {
		t.Errorf("it ends with %v", err)
	}
	loops := `"x"`
	for i := range 5 {
		loops = fmt.Sprintf(`{"copy": [{"name": "l%d", "count": 800, "input": %s}]}`, i, loops)
	}
	tpl := steps(t, `[{"type": "A.B/c", "apiVersion": "1", "name": "x", "properties": `+loops+`}]`)
	if _, err := tpl.Body(tpl.Steps[0]); !errors.As(err, &fault) {
		t.Errorf("loops in loops end with %v", err)
	}
}

func steps(t *testing.T, resources string) *Template {
	t.Helper()
	tpl, err := New(decode(t, `{"$schema": "x", "resources": `+resources+`}`), nil, place)
	if err != nil {
		t.Fatal(err)
	}
	return tpl
}

// Steps know where their resources lie and what they wait for, however the
// template says it.
func TestSteps(t *testing.T) {
	tpl := steps(t, `[
		{"type": "A.B/c", "apiVersion": "1", "name": "one", "resources": [{"type": "d", "apiVersion": "1", "name": "child"}]},
		{"type": "A.B/c", "apiVersion": "1", "name": "[concat('n', copyIndex(1))]", "copy": {"name": "loop", "count": 3, "mode": "Serial", "batchSize": 2}},
		{"type": "A.B/c", "apiVersion": "1", "name": "off", "condition": false},
		{"type": "E.F/g", "apiVersion": "1", "name": "after", "scope": "A.B/c/one", "dependsOn": ["loop", "[resourceId('A.B/c', 'one')]", "A.B/c/one/d/child", "off"]}
	]`)
	const base = "/subscriptions/sub/resourceGroups/rg/providers/"
	want := map[string]string{
		base + "A.B/c/one": "", base + "A.B/c/one/d/child": "one", base + "A.B/c/n1": "", base + "A.B/c/n2": "", base + "A.B/c/n3": "n1 n2",
		base + "A.B/c/one/providers/E.F/g/after": "n1 n2 n3 one one/child",
	}
	if len(tpl.Steps) != len(want) {
		t.Errorf("%d steps, want %d", len(tpl.Steps), len(want))
	}
	for _, s := range tpl.Steps {
		var after []string
		for _, before := range s.After {
			after = append(after, before.Name)
		}
		if waits, known := want[s.ID]; !known || strings.Join(after, " ") != waits {
			t.Errorf("%s waits for %v, want %q", s.ID, after, waits)
		}
	}
	for what, resources := range map[string]string{
		"twice the same":    `[{"type": "A.B/c", "apiVersion": "1", "name": "x"}, {"type": "A.B/C", "apiVersion": "1", "name": "X"}]`,
		"too few names":     `[{"type": "A.B/c/d", "apiVersion": "1", "name": "x"}]`,
		"no api-version":    `[{"type": "A.B/c", "name": "x"}]`,
		"waits for nothing": `[{"type": "A.B/c", "apiVersion": "1", "name": "x", "dependsOn": ["y"]}]`,
		"too many":          `[{"type": "A.B/c", "apiVersion": "1", "name": "[string(copyIndex())]", "copy": {"name": "l", "count": 801}}]`,
		"no object":         `["x"]`,
		"no list":           `"x"`,
	} {
		var fault *Fault
		if _, err := New(decode(t, `{"$schema": "x", "resources": `+resources+`}`), nil, place); !errors.As(err, &fault) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// world has one resource that is there and one that is not yet.
type world struct{}

func (world) Get(id, version string) (map[string]any, error) {
	if strings.HasSuffix(id, "later") {
		return nil, ErrPending
	}
	return map[string]any{"id": id, "properties": map[string]any{"version": version}}, nil
}

func (world) List(_, _, action string) (map[string]any, error) {
	return map[string]any{"key1": action}, nil
}

func TestReferences(t *testing.T) {
	tpl := steps(t, `{
		"there": {"type": "A.B/c", "apiVersion": "7", "name": "there", "existing": true},
		"later": {"type": "A.B/c", "apiVersion": "7", "name": "later"},
		"first": {"type": "A.B/c", "apiVersion": "7", "name": "first", "properties": {"a": "[reference('there').version]", "b": "[listKeys('there', '8').key1]", "c": "[resourceInfo('there').id]",
			"copy": [{"name": "d", "count": 2, "input": {"n": "[copyIndex('d')]"}}]}},
		"second": {"type": "A.B/c", "apiVersion": "7", "name": "second", "properties": {"a": "[reference('later').version]"}}
	}`)
	tpl.Connect(world{})
	for _, s := range tpl.Steps {
		body, err := tpl.Body(s)
		switch s.Name {
		case "first":
			want := map[string]any{"a": "7", "b": "listkeys", "c": "/subscriptions/sub/resourceGroups/rg/providers/A.B/c/there", "d": []any{map[string]any{"n": int64(0)}, map[string]any{"n": int64(1)}}}
			if err != nil || !reflect.DeepEqual(body["properties"], want) {
				t.Errorf("first: %v %v", body, err)
			}
		case "second":
			if !errors.Is(err, ErrPending) {
				t.Errorf("what refers to a resource to come: %v %v", body, err)
			}
		}
	}
}

func TestStrict(t *testing.T) {
	for in, want := range map[string]string{
		`{"a": 1}`: `{"a":1}`,
		"{\"p\": {\"mode\": \"Incremental\"}, template:{ // comment\n \"a\": 'it\\'s \"x\"', /* more */ b: [1, 2,], \"c\": \"two\nlines\", d: true,}}": `{"p":{"mode":"Incremental"},"template":{"a":"it's \"x\"","b":[1,2],"c":"two\nlines","d":true}}`,
		`{"url": "http://x//y"}`: `{"url":"http://x//y"}`,
	} {
		var got, wanted any
		if err := json.Unmarshal(Strict([]byte(in)), &got); err != nil {
			t.Errorf("%s: %v: %s", in, err, Strict([]byte(in)))
			continue
		}
		if err := json.Unmarshal([]byte(want), &wanted); err != nil || !reflect.DeepEqual(got, wanted) {
			t.Errorf("%s became %v", in, got)
		}
	}
}

func FuzzTemplate(f *testing.F) {
	f.Add("[concat('a', parameters('p').list[0])]", `{"type": "A.B/c", "apiVersion": "1", "name": "x", "properties": {"a": "[reference('x')]"}}`)
	f.Add("[if(true(), createArray(1), variables('v'))]", `{"type": "A.B/c", "apiVersion": "1", "name": "[copyIndex()]", "copy": {"name": "l", "count": 2}}`)
	f.Add("[[x", `{a: 'b', // c`)
	f.Fuzz(func(t *testing.T, expression, resource string) {
		_, _ = evaluate(t, expression)
		doc := map[string]any{}
		if Decode(Strict([]byte(`{"$schema": "x", "resources": [`+resource+`]}`)), &doc) != nil {
			return
		}
		tpl, err := New(doc, nil, place)
		if err != nil {
			return
		}
		tpl.Connect(world{})
		for _, s := range tpl.Steps {
			_, _ = tpl.Body(s)
		}
	})
}
