package fn

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/azptu/azptu/internal/kql/value"
)

// matcher says whether a text holds a pattern in some way.
type matcher func(s, pattern string) bool

// stringOps are the string operators by name, without their negations.
var stringOps = map[string]matcher{
	"=~":          strings.EqualFold,
	"contains":    containsFold,
	"contains_cs": strings.Contains,
	"startswith": func(s, p string) bool {
		return len(s) >= len(p) && strings.EqualFold(s[:len(p)], p) || prefixFold(s, p)
	},
	"endswith":     suffixFold,
	"has":          func(s, p string) bool { return hasTerm(s, p, true, true, true) },
	"has_cs":       func(s, p string) bool { return hasTerm(s, p, false, true, true) },
	"hasprefix":    func(s, p string) bool { return hasTerm(s, p, true, true, false) },
	"hasprefix_cs": func(s, p string) bool { return hasTerm(s, p, false, true, false) },
	"hassuffix":    func(s, p string) bool { return hasTerm(s, p, true, false, true) },
	"hassuffix_cs": func(s, p string) bool { return hasTerm(s, p, false, false, true) },

	"startswith_cs": strings.HasPrefix,
	"endswith_cs":   strings.HasSuffix,
}

// addMatchers adds the operators that compare texts, and their negations.
func addMatchers(registry map[string]*Func) {
	for name, m := range stringOps {
		for _, not := range []bool{false, true} {
			op := name
			switch {
			case not && name == "=~":
				op = "!~"
			case not:
				op = "!" + name
			}
			registry[op] = &Func{Name: op, Row: func(_ *Context, a []value.Value) value.Value {
				return value.OfBool(m(text(a[0]), text(a[1])) != not)
			}, Nulls: true}
		}
	}
	registry["has_any"] = &Func{Name: "has_any", Row: hasList(false), Nulls: true}
	registry["has_all"] = &Func{Name: "has_all", Row: hasList(true), Nulls: true}
	registry["matches regex"] = &Func{Name: "matches regex", Row: func(c *Context, a []value.Value) value.Value {
		re := c.Regexp(text(a[1]))
		return value.OfBool(re != nil && re.MatchString(text(a[0])))
	}, Nulls: true}
}

func hasList(all bool) Row {
	return func(_ *Context, a []value.Value) value.Value {
		s := text(a[0])
		for _, v := range a[1:] {
			terms, ok := list(v)
			if !ok {
				terms = []any{v.AsDynamic()}
			}
			for _, t := range terms {
				if hasTerm(s, text(value.FromDynamic(t)), true, true, true) != all {
					return value.OfBool(!all)
				}
			}
		}
		return value.OfBool(all)
	}
}

func isTermRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// hasTerm looks for p in s where the term it begins (start) or ends (end) is whole.
func hasTerm(s, p string, fold, start, end bool) bool {
	if p == "" {
		return true
	}
	if fold {
		s, p = lower(s), lower(p)
	}
	first, _ := utf8.DecodeRuneInString(p)
	last, _ := utf8.DecodeLastRuneInString(p)
	start, end = start && isTermRune(first), end && isTermRune(last)
	for from := 0; ; {
		i := strings.Index(s[from:], p)
		if i < 0 {
			return false
		}
		i += from
		before, _ := utf8.DecodeLastRuneInString(s[:i])
		after, _ := utf8.DecodeRuneInString(s[i+len(p):])
		if !(start && i > 0 && isTermRune(before)) && !(end && i+len(p) < len(s) && isTermRune(after)) {
			return true
		}
		_, n := utf8.DecodeRuneInString(s[i:])
		from = i + n
	}
}

// lower is strings.ToLower without work for texts that are lower case already.
func lower(s string) string { return strings.ToLower(s) }

func containsFold(s, p string) bool {
	if len(p) == 0 {
		return true
	}
	for i := range len(p) {
		if p[i] >= utf8.RuneSelf {
			return strings.Contains(lower(s), lower(p))
		}
	}
	lo, up := p[0]|0x20, p[0]
	if lo < 'a' || lo > 'z' {
		lo = up
	} else {
		up = lo &^ 0x20
	}
	for i := 0; i+len(p) <= len(s); i++ {
		if c := s[i]; (c == lo || c == up) && strings.EqualFold(s[i:i+len(p)], p) {
			return true
		}
	}
	return false
}

func prefixFold(s, p string) bool { return strings.HasPrefix(lower(s), lower(p)) }

func suffixFold(s, p string) bool { return strings.HasSuffix(lower(s), lower(p)) }
