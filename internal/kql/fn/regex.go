package fn

import (
	"regexp"
	"strings"
	"sync"

	"github.com/azptu/azptu/internal/kql/value"
)

var regexFuncs = func() group {
	return group{
		"extract":       {Row: extract},
		"extract_all":   {Row: extractAll},
		"replace_regex": {Row: replaceRegex},
		"indexof_regex": {Row: func(c *Context, a []value.Value) value.Value {
			s := text(a[0])
			re := c.Regexp(text(a[1]))
			if re == nil || arg(a, 2, value.OfLong(0)).I < 0 {
				return null(value.Long)
			}
			return find(a, s, true, func(from int) (int, int) {
				m := re.FindStringIndex(s[from:])
				if m == nil {
					return -1, -1
				}
				return m[0], m[1]
			})
		}, Nulls: true},
		"regex_quote": {Row: func(_ *Context, a []value.Value) value.Value { return value.OfString(regexp.QuoteMeta(text(a[0]))) }},
		"trim":        {Row: trim(true, true)},
		"trim_start":  {Row: trim(true, false)},
		"trim_end":    {Row: trim(false, true)},
	}
}

func extract(c *Context, a []value.Value) value.Value {
	re := c.Regexp(a[0].S)
	if re == nil {
		return value.OfString("")
	}
	m := re.FindStringSubmatch(a[2].S)
	if g := a[1].I; g >= 0 && g < int64(len(m)) {
		return value.OfString(m[g])
	}
	return value.OfString("")
}

func extractAll(c *Context, a []value.Value) value.Value {
	re := c.Regexp(a[0].S)
	if re == nil {
		return null(value.Dynamic)
	}
	s := a[len(a)-1].S
	groups := captureGroups(re, a)
	out := []any{}
	for _, m := range re.FindAllStringSubmatch(s, -1) {
		var row []any
		for _, g := range groups {
			if g < len(m) {
				row = append(row, m[g])
			}
		}
		if len(row) == 1 {
			out = append(out, row[0])
		} else {
			out = append(out, row)
		}
	}
	if len(out) == 0 {
		return null(value.Dynamic)
	}
	return dyn(out)
}

// captureGroups gives the groups that extract_all is to return: those asked for by number
// or name, or all.
func captureGroups(re *regexp.Regexp, a []value.Value) []int {
	var groups []int
	if len(a) > 2 {
		asked, _ := list(a[1])
		for _, g := range asked {
			switch g := g.(type) {
			case int64:
				groups = append(groups, int(max(g, 0)))
			case string:
				if i := re.SubexpIndex(g); i >= 0 {
					groups = append(groups, i)
				}
			}
		}
		return groups
	}
	for i := 1; i <= re.NumSubexp(); i++ {
		groups = append(groups, i)
	}
	if len(groups) == 0 {
		groups = []int{0}
	}
	return groups
}

// backslashGroups turns Kusto's \1 into Go's ${1}.
var backslashGroups = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\\(\d)`) })

func replaceRegex(c *Context, a []value.Value) value.Value {
	re := c.Regexp(a[1].S)
	if re == nil {
		return a[0]
	}
	repl := strings.ReplaceAll(a[2].S, "$", "$$")
	repl = backslashGroups().ReplaceAllString(repl, "$${$1}")
	return value.OfString(re.ReplaceAllString(a[0].S, repl))
}

// trim removes one match of a pattern at the ends.
func trim(start, end bool) Row {
	return func(c *Context, a []value.Value) value.Value {
		s := a[1].S
		if start {
			if re := c.Regexp("^(?:" + a[0].S + ")"); re != nil {
				s = s[len(re.FindString(s)):]
			}
		}
		if end {
			if re := c.Regexp("(?:" + a[0].S + ")$"); re != nil {
				if m := re.FindStringIndex(s); m != nil {
					s = s[:m[0]]
				}
			}
		}
		return value.OfString(s)
	}
}
