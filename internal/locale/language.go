package locale

import "strings"

// Language is one of the languages azptu speaks, as a BCP 47 tag.
type Language string

// The languages azptu speaks.
const (
	English    Language = "en"
	Portuguese Language = "pt-BR"
	Spanish    Language = "es"
)

// Languages lists every language, English first.
func Languages() []Language { return []Language{English, Portuguese, Spanish} }

// ParseLanguage reads a language as a person or an operating system writes it:
// "pt-BR", "pt_BR.UTF-8", "PT", "es-MX@euro". Every kind of Portuguese is
// Brazilian here, every kind of Spanish is Spanish. ok is false for others.
func ParseLanguage(s string) (lang Language, ok bool) {
	base, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(s)), ".")
	base, _, _ = strings.Cut(base, "@")
	base, _, _ = strings.Cut(strings.ReplaceAll(base, "_", "-"), "-")
	switch base {
	case "en":
		return English, true
	case "pt":
		return Portuguese, true
	case "es":
		return Spanish, true
	}
	return "", false
}

// FromEnvironment reads the language of the operating system's session: the
// first of LC_ALL, LC_MESSAGES and LANG that is set decides, as POSIX says.
// origin names that variable; it is "" when none is set. A session in a
// language that azptu does not speak, or in "C", gets English.
func FromEnvironment(getenv func(string) string) (lang Language, origin string) {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		value := getenv(name)
		if value == "" {
			continue
		}
		if lang, ok := ParseLanguage(value); ok {
			return lang, name
		}
		return English, name
	}
	return English, ""
}

// singular tells whether n of something takes the form "one": in Portuguese
// none and one do, in English and Spanish one alone (the cardinal rules of
// Unicode CLDR for whole numbers).
func (l Language) singular(n int) bool {
	if n == 0 {
		return l == Portuguese
	}
	return n == 1 || n == -1
}
