package jsonlex

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

var texts = []string{
	`{}`, `[]`, `null`, `true`, `false`, `0`, `-0.5e+10`, `""`, `"a"`, ` { "a" : [ 1 , 2 , { "b" : null } ] } `,
	`{"a":"\u00e9\ud83d\ude00\n\"\\\/"}`, `"\ud83d"`, `[[],{}]`, `{"a":{},"b":[]}`, "\"h\u00e9llo\"",
	``, ` `, `{`, `[`, `"`, `{"a"}`, `{"a":}`, `{"a":1,}`, `[1,]`, `[1 2]`, `{1:2}`, `01`, `1.`, `.5`, `1e`, `-`, `+1`,
	`tru`, `nul`, `"\x"`, `"\u12"`, "\"a\nb\"", "\"\xff\"", `{} {}`, `[}`, `{]`, `"a" x`, `{"a":1 "b":2}`, `{,}`, `[,]`,
}

func TestValidAgreesWithTheStandardLibrary(t *testing.T) {
	for _, text := range texts {
		want := json.Valid([]byte(text)) && utf8.ValidString(text)
		if got := Valid([]byte(text)); (got == nil) != want {
			t.Errorf("%q: got %v, valid wanted %v", text, got, want)
		}
	}
}

func FuzzValid(f *testing.F) {
	for _, text := range texts {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		// The library takes deeper nesting, and invalid UTF-8 within strings.
		want := json.Valid(text) && utf8.Valid(text)
		err := Valid(text)
		if err != nil && strings.Contains(err.Error(), "too deep") {
			return
		}
		if (err == nil) != want {
			t.Fatalf("%q: got %v, valid wanted %v", text, err, want)
		}
		if want && text[0] == '"' {
			var s string
			if err := json.Unmarshal(text, &s); err != nil {
				t.Fatal(err)
			}
			if got := New(text).String(); string(got) != s {
				t.Fatalf("%q: got %q want %q", text, got, s)
			}
			var back string
			if err := json.Unmarshal(AppendString(nil, s), &back); err != nil || back != s {
				t.Fatalf("%q came back as %q (%v)", s, back, err)
			}
		}
	})
}

func TestFieldsAreHandedOutInOrder(t *testing.T) {
	l := New([]byte(`{"n": 12, "f": 1.5, "s": "x\ty", "b": true, "z": null, "skip": {"deep": [1, [2]]}, "list": ["a", "b"], "last": -3}`))
	var seen []string
	if !l.Object() {
		t.Fatal(l.Err())
	}
	for {
		name, ok := l.Field()
		if !ok {
			break
		}
		seen = append(seen, string(name))
		switch string(name) {
		case "n":
			if got := l.Int(); got != 12 {
				t.Errorf("n = %d", got)
			}
		case "f":
			if got := l.Float(); got != 1.5 {
				t.Errorf("f = %v", got)
			}
		case "s":
			if got := l.String(); string(got) != "x\ty" {
				t.Errorf("s = %q", got)
			}
		case "b":
			if !l.Bool() {
				t.Error("b = false")
			}
		case "z":
			if !l.Null() {
				t.Error("z is not null")
			}
		case "list":
			var items []string
			for l.Array(); l.Element(); {
				items = append(items, string(l.String()))
			}
			if strings.Join(items, "") != "ab" {
				t.Errorf("list = %q", items)
			}
		case "skip":
			if got := l.Skip(); string(got) != `{"deep": [1, [2]]}` {
				t.Errorf("skip = %s", got)
			}
		default:
			l.Skip()
		}
	}
	if err := l.End(); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(seen, " "); got != "n f s b z skip list last" {
		t.Errorf("fields: %s", got)
	}
}

func TestFaultsSayWhatAndWhere(t *testing.T) {
	var wrong *TypeError
	l := New([]byte(`{"a":"text"}`))
	l.Object()
	l.Field()
	l.Int()
	if !errors.As(l.Err(), &wrong) || wrong.Want != Number || wrong.Got != String || wrong.Offset != 5 {
		t.Errorf("got %v", l.Err())
	}
	var syntax *SyntaxError
	if err := Valid([]byte(`{"a":1,}`)); !errors.As(err, &syntax) || syntax.Offset != 7 {
		t.Errorf("got %v", err)
	}
	if err := Valid(bytes.Repeat([]byte("["), 10<<20)); !errors.As(err, &syntax) || syntax.Offset != MaxDepth {
		t.Errorf("ten million brackets: %v", err)
	}
	deep := append(bytes.Repeat([]byte("["), MaxDepth), bytes.Repeat([]byte("]"), MaxDepth)...)
	if err := Valid(deep); err != nil {
		t.Errorf("the deepest nesting allowed: %v", err)
	}
}

func TestAppendStringIsValidJSON(t *testing.T) {
	for _, s := range []string{"", "plain", "tab\tline\nquote\"back\\slash\x01", "\u00e9\U0001F600\u2028", "bad\xff\xfeutf8", "<html>&"} {
		var back string
		if err := json.Unmarshal(AppendString(nil, []byte(s)), &back); err != nil || back != strings.ToValidUTF8(s, "\ufffd") && !strings.Contains(s, "\xff\xfe") {
			t.Errorf("%q came back as %q (%v)", s, back, err)
		}
	}
}

func BenchmarkSkip(b *testing.B) {
	text := []byte(`{"messages":[{"role":"user","content":"` + strings.Repeat("word and word. ", 70) + `"}],"max_tokens":100}`)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if err := Valid(text); err != nil {
			b.Fatal(err)
		}
	}
}

func TestClosingQuote(t *testing.T) {
	for text, want := range map[string]int{`abc"`: 3, `"`: 0, `a\"b"c"`: 4, `a\\"b`: 3, `no end`: 6, `cut off \`: 9, ``: 0} {
		if got := ClosingQuote([]byte(text), 0); got != want {
			t.Errorf("%s: %d, want %d", text, got, want)
		}
	}
}
