package openai

import (
	"fmt"
	"math"
	"regexp/syntax"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/azptu/azptu/internal/tokens/jsonlex"
)

// words are a few words of prose, without the full stop.
func (s *schema) words(n int) []byte {
	var p prose
	p.write(s.r, n)
	p.cut(n)
	return p.text
}

// formats are values for the string formats that the service supports.
var formats = map[string]string{
	"date-time": "2026-03-14T09:26:53Z", "date": "2026-03-14", "time": "09:26:53Z", "duration": "P1DT2H", "email": "ana.silva@example.com",
	"hostname": "service.example.com", "ipv4": "192.0.2.7", "ipv6": "2001:db8::7", "uuid": "6d6321f8-e4aa-4a77-9aa0-67868802d7ca",
	"uri": "https://example.com/answer",
}

// text writes a string. Pattern and format win over the length.
func (s *schema) text(dst []byte, node map[string]any) ([]byte, error) {
	if format, ok := node["format"].(string); ok && formats[format] != "" {
		return jsonlex.AppendString(dst, formats[format]), nil
	}
	if pattern, ok := node["pattern"].(string); ok {
		text, err := s.matching(pattern)
		if err != nil {
			return nil, err
		}
		return jsonlex.AppendString(dst, text), nil
	}
	least, most := bound(node, "minLength", 0), bound(node, "maxLength", math.MaxInt32)
	if least > 1<<16 {
		return nil, fmt.Errorf("a string of %d characters is too long", least)
	}
	text := s.words(3 + s.r.below(6))
	for utf8.RuneCount(text) < least {
		text = append(append(text, ' '), s.words(4)...)
	}
	if len(text) > most {
		text = text[:most] // prose is ASCII
	}
	return jsonlex.AppendString(dst, text), nil
}

// matching writes a string that a regular expression matches.
func (s *schema) matching(pattern string) (string, error) {
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return "", fmt.Errorf("pattern '%s' is not supported: %w", pattern, err)
	}
	var b strings.Builder
	if !s.spell(&b, tree.Simplify()) {
		return "", fmt.Errorf("pattern '%s' is not supported", pattern)
	}
	return b.String(), nil
}

// spell writes a match of one node. Look-around and word boundaries inside a
// pattern are more than it can do; it reports false.
func (s *schema) spell(b *strings.Builder, re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText:
		return true
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			b.WriteRune(r)
		}
		return true
	case syntax.OpCharClass:
		return s.spellClass(b, re.Rune)
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteByte(alphanumeric[s.r.below(62)])
		return true
	case syntax.OpCapture:
		return s.spell(b, re.Sub[0])
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			if !s.spell(b, sub) {
				return false
			}
		}
		return true
	case syntax.OpAlternate:
		return s.spell(b, re.Sub[s.r.below(len(re.Sub))])
	}
	return s.spellRepeat(b, re)
}

func (s *schema) spellRepeat(b *strings.Builder, re *syntax.Regexp) bool {
	times := 0
	switch re.Op {
	case syntax.OpStar, syntax.OpQuest:
		times = s.r.below(2)
	case syntax.OpPlus:
		times = 1 + s.r.below(3)
	case syntax.OpRepeat:
		times = re.Min
	default:
		return false
	}
	for range times {
		if !s.spell(b, re.Sub[0]) {
			return false
		}
	}
	return true
}

// spellClass takes a character of the class, a printable one if there is any.
func (s *schema) spellClass(b *strings.Builder, ranges []rune) bool {
	if len(ranges) == 0 {
		return false
	}
	for range 50 {
		i := 2 * s.r.below(len(ranges)/2)
		low, high := max(ranges[i], ' '), min(ranges[i+1], '~')
		if low <= high {
			b.WriteRune(low + rune(s.r.below(int(high-low)+1)))
			return true
		}
	}
	b.WriteRune(ranges[0])
	return true
}

// number writes a number within the bounds, a multiple where one is asked for.
func (s *schema) number(dst []byte, node map[string]any, whole bool) ([]byte, error) {
	step, _ := node["multipleOf"].(float64)
	if step <= 0 && whole {
		step = 1
	}
	low, high := bounds(node, step)
	if low > high {
		return nil, fmt.Errorf("no number lies between %v and %v", low, high)
	}
	if step <= 0 {
		f := low + math.Round((high-low)*s.r.share()*8)/8
		return strconv.AppendFloat(dst, min(f, high), 'f', -1, 64), nil
	}
	first, last := math.Ceil(low/step), math.Floor(high/step)
	if first > last {
		return nil, fmt.Errorf("no multiple of %v lies between %v and %v", step, low, high)
	}
	n := (first + float64(s.r.below(int(min(last-first, 1000))+1))) * step
	// The shortest text of a multiple, 0.30000000000000004 being none.
	return strconv.AppendFloat(dst, n, 'f', decimals(step), 64), nil
}

// bounds are the least and the largest number that may be written; where the
// schema leaves one open, a hundred lie between.
func bounds(node map[string]any, step float64) (low, high float64) {
	low, high = math.Inf(-1), math.Inf(1)
	if f, ok := node["minimum"].(float64); ok {
		low = f
	}
	if f, ok := node["exclusiveMinimum"].(float64); ok && f >= low {
		low = above(f, step)
	}
	if f, ok := node["maximum"].(float64); ok {
		high = f
	}
	if f, ok := node["exclusiveMaximum"].(float64); ok && f <= high {
		high = -above(-f, step)
	}
	switch {
	case math.IsInf(low, -1) && math.IsInf(high, 1):
		return 0, 100
	case math.IsInf(low, -1):
		return high - 100, high
	case math.IsInf(high, 1):
		return low, low + 100
	}
	return low, high
}

// above is the least that may stand for "more than f".
func above(f, step float64) float64 {
	if step > 0 {
		return (math.Floor(f/step) + 1) * step
	}
	return f + 0.125
}

func decimals(step float64) int {
	text := strconv.FormatFloat(step, 'f', -1, 64)
	if _, fraction, ok := strings.Cut(text, "."); ok {
		return len(fraction)
	}
	return 0
}
