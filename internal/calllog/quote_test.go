package calllog

import (
	"encoding/json"
	"strings"
	"testing"
)

// What is quoted reads back as it was, with U+FFFD for bytes that are no text.
func FuzzQuotedTextReadsBack(f *testing.F) {
	for _, seed := range []string{"", "plain ascii of more than eight bytes", "seven b\"", `back\slash`, "line\nend\r\ttab\x00\x1f", "ação 你好 🎉", "\xff\xfe half \xe4\xbd", "12345678\x80", strings.Repeat("x", 4096) + "\""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		quoted := appendQuoted(nil, text)
		if string(quote(nil, []byte(text))) != string(quoted) {
			t.Fatal("bytes and strings are quoted differently")
		}
		var back string
		if err := json.Unmarshal(quoted, &back); err != nil {
			t.Fatalf("%s: %v", quoted, err)
		}
		want := strings.Builder{}
		for _, r := range text {
			want.WriteRune(r)
		}
		if back != want.String() {
			t.Errorf("%q came back as %q", want.String(), back)
		}
		if strings.ContainsAny(string(quoted), "\n\r") {
			t.Error("a line end inside a line")
		}
	})
}
