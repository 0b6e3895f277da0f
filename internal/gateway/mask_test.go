package gateway

import (
	"strings"
	"testing"
)

// everyRule masks by every built-in rule in turn, whatever the text has.
func everyRule(text []byte) []byte {
	for _, t := range [...]trait{hasAt, hasDigits, hasBearer, hasLongWord} {
		text = maskBy(text, builtinMasks()[t])
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
		if got := string(maskText([]byte(c.text), nil)); got != c.want {
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
		got, want := string(maskText([]byte(string(text)), nil)), string(everyRule([]byte(string(text))))
		if got != want {
			t.Errorf("%q is masked as %q, want %q", text, got, want)
		}
	})
}

func BenchmarkMask(b *testing.B) {
	body := []byte(`{"messages":[{"role":"user","content":"` + strings.Repeat("Provisioned throughput is a number of tokens a minute, paid for ahead. ", 30) + `"}]}`)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		maskBody(body, nil)
	}
}
