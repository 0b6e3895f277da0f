package plan

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/azptu/azptu/internal/kql/fn"
	"github.com/azptu/azptu/internal/kql/value"
)

// Pattern is what parse looks for: texts with columns between them.
type Pattern struct {
	parts   []patternPart
	re      *regexp.Regexp
	groups  []int // of re, one a column
	relaxed bool
	types   []value.Type
}

type patternPart struct {
	star bool
	text string
	col  int // -1 for a text or star
	re   *regexp.Regexp
}

// simple matches the parts one after the other without regular expressions.
//
// Match gives the columns' values; ok is false when the text does not fit.
func (p *Pattern) Match(s string) (out []value.Value, ok bool) {
	var texts []string
	if p.re != nil {
		m := p.re.FindStringSubmatch(s)
		if m == nil {
			return nil, false
		}
		for _, g := range p.groups {
			texts = append(texts, m[g])
		}
	} else if texts, ok = p.walk(s); !ok {
		return nil, false
	}
	out = make([]value.Value, len(p.types))
	for i, t := range p.types {
		out[i] = value.Convert(value.OfString(texts[i]), t)
		if out[i].Null && !p.relaxed {
			return nil, false
		}
	}
	return out, true
}

// walker is how far a pattern has come in a text: free says that anything may come before
// the next match, col is the column that takes it (-1 for none).
type walker struct {
	rest    string
	free    bool
	col     int
	out     []string
	relaxed bool
}

// walk finds each text after the one before; a column takes what lies between.
func (p *Pattern) walk(s string) ([]string, bool) {
	w := &walker{rest: s, col: -1, out: make([]string, len(p.types)), relaxed: p.relaxed}
	for _, part := range p.parts {
		if !w.step(part) {
			return nil, false
		}
	}
	if w.col >= 0 {
		w.out[w.col] = w.rest
	} else if !w.free && w.rest != "" {
		return nil, false
	}
	return w.out, true
}

func (w *walker) step(part patternPart) bool {
	switch {
	case part.star:
		w.free = true
	case part.col >= 0 && part.re != nil:
		m := part.re.FindStringIndex(w.rest)
		if m == nil || !w.free && m[0] != 0 {
			return w.relaxed
		}
		w.out[part.col] = w.rest[m[0]:m[1]]
		w.rest, w.free, w.col = w.rest[m[1]:], false, -1
	case part.col >= 0:
		w.free, w.col = true, part.col
	default:
		i := strings.Index(w.rest, part.text)
		if i < 0 || !w.free && i != 0 {
			return false
		}
		if w.col >= 0 {
			w.out[w.col] = w.rest[:i]
		}
		w.rest, w.free, w.col = w.rest[i+len(part.text):], false, -1
	}
	return true
}

// What a column of numbers takes from the text when no text says where it ends.
var (
	integerText = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[-+]?\d+`) })
	realText    = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?`) })
)

// numberText gives that of a type, nil for other types.
func numberText(t value.Type) *regexp.Regexp {
	switch t {
	case value.Int, value.Long:
		return integerText()
	case value.Real, value.Decimal:
		return realText()
	}
	return nil
}

// regexText is what a column of each type takes in kind=regex.
var regexText = map[value.Type]string{
	value.Int: `\s*[-+]?\d+\s*`, value.Long: `\s*[-+]?\d+\s*`, value.Real: `\s*[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?\s*`, value.Bool: `(?i:\s*(?:true|false|0|1)\s*)`,
}

type patternSource struct {
	star  bool
	text  string
	isCol bool
	typ   value.Type
}

// newPattern compiles a parse pattern.
func newPattern(parts []patternSource, kind, flags string) (*Pattern, error) {
	p := &Pattern{relaxed: kind == "relaxed"}
	for _, part := range parts {
		if part.isCol {
			p.types = append(p.types, part.typ)
		}
	}
	if kind == "regex" {
		return p, p.compile(parts, flags)
	}
	n := 0
	for i, part := range parts {
		q := patternPart{star: part.star, text: part.text, col: -1}
		if part.isCol {
			q.col = n
			n++
			if i+1 < len(parts) && (parts[i+1].isCol || parts[i+1].star) {
				q.re = numberText(part.typ)
			}
		}
		p.parts = append(p.parts, q)
	}
	return p, nil
}

func (p *Pattern) compile(parts []patternSource, flags string) error {
	goFlags := ""
	for _, f := range flags {
		switch f {
		case 'i', 's', 'm', 'U':
			goFlags += string(f)
		case ',', ' ':
		default:
			return fmt.Errorf("parse does not know the flag %q", f)
		}
	}
	var b strings.Builder
	if goFlags != "" {
		b.WriteString("(?" + goFlags + ")")
	}
	b.WriteString("^")
	for i, part := range parts {
		text, err := part.regex(i == len(parts)-1)
		if err != nil {
			return err
		}
		if part.isCol {
			text = strings.Replace(text, columnGroup, columnGroup+strconv.Itoa(len(p.groups)), 1)
			p.groups = append(p.groups, 0)
		}
		b.WriteString(text)
	}
	re, err := regexp.Compile(b.String())
	if err != nil {
		return err
	}
	for i := range p.groups {
		p.groups[i] = re.SubexpIndex(columnGroup + strconv.Itoa(i))
	}
	p.re = re
	return nil
}

// columnGroup names the groups that are columns, each with its number behind it.
const columnGroup = "azptu_column_"

// regex gives the regular expression of one part of a pattern.
func (part patternSource) regex(last bool) (string, error) {
	switch {
	case part.star && last:
		return ".*", nil
	case part.star:
		return ".*?", nil
	case part.isCol && regexText[part.typ] != "":
		return "(?P<" + columnGroup + ">" + regexText[part.typ] + ")", nil
	case part.isCol && last:
		return "(?P<" + columnGroup + ">.*)$", nil
	case part.isCol:
		return "(?P<" + columnGroup + ">.*)", nil
	}
	text := fn.GoRegexp(part.text)
	if _, err := regexp.Compile(text); err != nil {
		return "", fmt.Errorf("the pattern %q: %w", part.text, err)
	}
	return "(?:" + text + ")", nil
}
