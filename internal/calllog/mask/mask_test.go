package mask

import (
	"encoding/json"
	"strings"
	"testing"
)

// everyRule masks by every built-in rule in turn, whatever the text has.
func everyRule(text []byte) []byte {
	for _, t := range [...]trait{hasAt, hasDigits, hasBearer, hasLongWord} {
		text, _ = by(builtin()[t], text, false)
	}
	return text
}

func TestMasks(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"write to ana.souza+x@example.com.br today", "write to *** today"},
		{"card 4111 1111 1111 1111, 4111-1111-1111-1111", "card ***, ***"},
		{"CPF 123.456.789-09, SSN 078-05-1120", "CPF ***, SSN ***"},
		{"Authorization: BeArEr abcdefghijklmnop0123", "Authorization: ***"},
		{"key sk-abcdefghijklmnop0 and pk_ABCDEFGHIJKLMNOPQRS", "key *** and ***"},
		{"eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3.c2ln", "***"},
		{"nothing of the kind: 12 345, order 2024-11-20, a.b@c, the bearer of news", "nothing of the kind: 12 345, order 2024-11-20, a.b@c, the bearer of news"},
	} {
		if got := string(new(Rules).Text([]byte(c.text))); got != c.want {
			t.Errorf("%q is masked as %q, want %q", c.text, got, c.want)
		}
	}
}

// FuzzMask: looking first what a text has never changes what is masked.
func FuzzMask(f *testing.F) {
	for _, seed := range []string{"a@b.c", "4111 1111 1111 1111", "123.456.789-09 078-05-1120", "bearer abcdefghijklmnop", "xoxb-aaaaaaaaaaaaaaaa", "eyJaaaaaaaaaa.bbbbbbbbbb.", "1\u00a02", "ſk-aaaaaaaaaaaaaaaa"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, want := string(new(Rules).Text([]byte(string(text)))), string(everyRule([]byte(string(text))))
		if got != want {
			t.Errorf("%q is masked as %q, want %q", text, got, want)
		}
	})
}

func BenchmarkMask(b *testing.B) {
	body := []byte(`{"messages":[{"role":"user","content":"` + strings.Repeat("Provisioned throughput is a number of tokens a minute, paid for ahead. ", 30) + `"}]}`)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	rules := new(Rules)
	for b.Loop() {
		rules.Body(body)
	}
}

// What was JSON stays JSON, with its names and numbers; texts are masked by what
// they mean, not by how they are written.
func TestBodiesStayJSON(t *testing.T) {
	rules, err := New(`secret-\d+`, `C:\\\w+`)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ body, want string }{
		{`{"a@b.com":1,"n":4111111111111111,"text":"a@b.com"}`, `{"***":1,"n":4111111111111111,"text":"***"}`},
		{`{"text":"mail to:\nana@example.com\tor \"bob@example.com\""}`, `{"text":"mail to:\n***\tor \"***\""}`},
		{`{"text":"ana\u0040example.com, caf\u00e9 secret-12 c:\\x C:\\temp"}`, `{"text":"***, café *** c:\\x ***"}`},
		{`  [ "no find \u00e9 here\/" , 1e3 ]`, `  [ "no find \u00e9 here\/" , 1e3 ]`},
		{`{"cut":"to ana@example.com`, `{"cut":"to ***`},
		{`{"cut":"\u12 ana@example.com`, `{"cut":"\u12 ***`},
		{`name=ana&mail=ana@example.com`, `name=ana&mail=***`},
		{`"secret-7"`, `"***"`}, {``, ``}, {`{`, `{`},
	} {
		if got := string(rules.Body([]byte(c.body))); got != c.want {
			t.Errorf("%s\nis masked as %s\nwant %s", c.body, got, c.want)
		}
	}
	if _, err := New("("); err == nil {
		t.Error("a faulty expression was taken")
	}
}

// FuzzBody: masking ends, and JSON stays JSON.
func FuzzBody(f *testing.F) {
	f.Add([]byte(`{"a":"b@c.de\n","b":["\u0040","\\"]}`))
	f.Add([]byte(`{"a":"\`))
	rules, err := New(`[a-z]\\?`)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got := rules.Body(append([]byte(nil), body...))
		if body := strings.TrimSpace(string(body)); body != "" && strings.ContainsAny(body[:1], `{["`) && json.Valid([]byte(body)) && !json.Valid(got) {
			t.Errorf("%s became %s", body, got)
		}
	})
}
