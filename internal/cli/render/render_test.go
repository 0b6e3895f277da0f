package render

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/azptu/azptu/internal/locale"
)

type thing struct {
	Name     string    `json:"name"`
	Capacity int       `json:"capacity"`
	Share    float64   `json:"share"`
	Since    time.Time `json:"since"`
	Model    struct {
		Version string `json:"version"`
	} `json:"model"`
	Note *string `json:"note"`
}

func things() []thing {
	a := thing{Name: "gpt4o-prod", Capacity: 1200, Share: 0.5, Since: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
	a.Model.Version = "2024-08-06"
	return []thing{a, {Name: "evil\x1b[31m\tname\n", Capacity: 5}}
}

func listed() View {
	return List(things(), func(t thing) string { return t.Name },
		Col("Name", func(t thing) any { return t.Name }),
		Col("Capacity", func(t thing) any { return t.Capacity }).AlignRight(),
		Col("Share", func(t thing) any { return t.Share }).AlignRight().OnlyWide(),
		Col("Since", func(t thing) any { return t.Since }).OnlyWide(),
		Col("Version", func(t thing) any { return t.Model.Version }),
	)
}

func write(t *testing.T, v View, o Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, v, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestFormats(t *testing.T) {
	en := locale.New(locale.English, nil)
	for _, c := range []struct {
		name string
		o    Options
		want string
	}{
		{"table", Options{Format: Table, Numbers: en}, "Name            Capacity  Version\ngpt4o-prod         1,200  2024-08-06\nevil�[31m name         5  -\n"},
		{"narrow table", Options{Format: Table, Numbers: en, Width: 20}, "Name            Cap…\ngpt4o-prod         …\nevil�[31m name     …\n"},
		{"wide", Options{Format: Wide, Width: 20}, "Name            Capacity  Share  Since                 Version\ngpt4o-prod          1200    0.5  2026-05-01T12:00:00Z  2024-08-06\nevil�[31m name         5      0  -                     -\n"},
		{"tsv", Options{Format: TSV}, "gpt4o-prod\t1200\t0.5\t2026-05-01T12:00:00Z\t2024-08-06\nevil\x1b[31m\\tname\\n\t5\t0\t\t\n"},
		{"name", Options{Format: Name}, "gpt4o-prod\nevil\x1b[31m\\tname\\n\n"},
		{"none", Options{Format: None}, ""},
		{"query to names", Options{Format: TSV, Query: "[].name | [0]"}, "gpt4o-prod\n"},
		{"query to columns", Options{Format: TSV, Query: "[].[name, capacity] | [:1]"}, "gpt4o-prod\t1200\n"},
		{"query to a table", Options{Format: Table, Query: "[?capacity > `100`].{n: name, v: model.version}", Numbers: en}, "n           v\ngpt4o-prod  2024-08-06\n"},
		{"query to a card", Options{Format: Table, Query: "[0].{n: name, v: model}", Numbers: en}, "n: gpt4o-prod\nv: {\"version\":\"2024-08-06\"}\n"},
		{"query to nothing", Options{Format: Table, Query: "[?name == 'x'] | [0]"}, ""},
		{"query to null", Options{Format: JSON, Query: "[9]"}, "null\n"},
		{"query to a number", Options{Format: JSON, Query: "length(@)"}, "2\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := write(t, listed(), c.o); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestJSONAndYAMLSayTheSame(t *testing.T) {
	v := View{Value: map[string]any{"html": "<a&b>", "number": 12345678901234567, "float": 1.5, "quoted": "1.0", "yes": "yes", "null": nil, "list": []any{}, "multi": "a\nb", "emoji": "🤖"}}
	text := write(t, v, Options{Format: JSON})
	if !strings.Contains(text, `"<a&b>"`) {
		t.Errorf("escaped more than JSON requires: %s", text)
	}
	var fromYAML map[string]any
	if err := yaml.Unmarshal([]byte(write(t, v, Options{Format: YAML})), &fromYAML); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(fromYAML)
	if err != nil {
		t.Fatal(err)
	}
	original, _ := json.Marshal(v.Value)
	if string(again) != string(original) {
		t.Errorf("YAML says %s, JSON %s", again, original)
	}
	ordered := write(t, One(things()[0], func(t thing) string { return t.Name }), Options{Format: YAML})
	if !strings.HasPrefix(ordered, "name: gpt4o-prod\ncapacity: 1200\nshare: 0.5\nsince: \"2026-05-01T12:00:00Z\"\nmodel:\n  version: \"2024-08-06\"\nnote: null\n") {
		t.Errorf("fields of a struct keep their order:\n%s", ordered)
	}
}

func TestEmptyListIsAListAndSaysSo(t *testing.T) {
	empty := List(nil, func(t thing) string { return t.Name }, Col("Name", func(t thing) any { return t.Name }))
	empty.Empty = "Nothing there."
	if got := write(t, empty, Options{Format: JSON}); got != "[]\n" {
		t.Errorf("%q", got)
	}
	var talk bytes.Buffer
	if got := write(t, empty, Options{Format: Table, Talk: &talk}); got != "" || talk.String() != "Nothing there.\n" {
		t.Errorf("%q, %q", got, talk.String())
	}
}

func TestCard(t *testing.T) {
	v := One(things()[0], func(t thing) string { return t.Name },
		Col("Nome", func(t thing) any { return t.Name }), Col("Capacidade", func(t thing) any { return t.Capacity }))
	got := write(t, v, Options{Format: Table, Numbers: locale.New(locale.Portuguese, nil)})
	if want := "Nome:       gpt4o-prod\nCapacidade: 1.200\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestFaultyQuery(t *testing.T) {
	for _, query := range []string{"[", "nosuch(@)", "[?", "a.b.c(", "length(`1`)"} {
		var faulty *QueryError
		if err := Write(&bytes.Buffer{}, listed(), Options{Format: JSON, Query: query}); !errors.As(err, &faulty) || faulty.Query != query {
			t.Errorf("%s: %v", query, err)
		}
	}
}

func FuzzQuery(f *testing.F) {
	f.Add("[].name")
	f.Add("[?capacity>`1`] | {a: @[0].b}")
	f.Add("sum([*].capacity)")
	f.Fuzz(func(t *testing.T, expression string) {
		if len(expression) > 200 {
			return
		}
		_ = Write(&bytes.Buffer{}, listed(), Options{Format: Table, Query: expression})
	})
}
