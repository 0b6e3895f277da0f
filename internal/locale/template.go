package locale

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nicksnyder/go-i18n/v2/i18n/template"
)

// blanks fills in {{.Name}} and nothing else. Messages may come from a
// configuration file found in a working directory, so they must not be
// programs; and text/template would cost more than the message is worth.
type blanks struct{}

// Cacheable says that a parsed text may be kept.
func (blanks) Cacheable() bool { return true }

// Parse accepts every text; a placeholder without a value stays as it is.
func (blanks) Parse(src, _, _ string) (template.ParsedTemplate, error) { return blankText(src), nil }

type blankText string

// Execute fills text with data, a map[string]string.
func (text blankText) Execute(data any) (string, error) {
	values, _ := data.(map[string]string)
	return fill(string(text), func(name string) (string, bool) {
		value, ok := values[name]
		return value, ok
	}), nil
}

// fill replaces {{.Name}} by what value says of Name; where value knows
// nothing, and where the braces hold anything else, the text stays as it is.
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
