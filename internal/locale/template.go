package locale

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// fill replaces {{.Name}} by what value says of Name; where value knows
// nothing, and where the braces hold anything else, the text stays as it is.
// Messages may come from a configuration file found in a working directory, so
// they must not be programs, as those of text/template are.
func fill(text string, value func(name string) (string, bool)) string {
	if !strings.Contains(text, "{{") {
		return text
	}
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, "{{")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		inside, rest, closed := strings.Cut(after, "}}")
		name, dotted := strings.CutPrefix(strings.TrimSpace(inside), ".")
		if closed && dotted && isName(name) {
			if filled, ok := value(name); ok {
				b.WriteString(filled)
				text = rest
				continue
			}
		}
		b.WriteString("{{")
		text = after
	}
}

func isName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// Printable makes text from outside safe to show on a terminal: control
// characters other than newline and tab, marks that turn the writing
// direction, and broken UTF-8 become U+FFFD.
func Printable(s string) string {
	unsafe := func(r rune) bool {
		if r == '\n' || r == '\t' {
			return false
		}
		return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == utf8.RuneError
	}
	if !strings.ContainsFunc(s, unsafe) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if unsafe(r) {
			return utf8.RuneError
		}
		return r
	}, s)
}
