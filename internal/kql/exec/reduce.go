package exec

import (
	"context"
	"sort"
	"strings"
	"unicode"

	"github.com/azptu/azptu/internal/kql/plan"
	"github.com/azptu/azptu/internal/kql/value"
)

type reducedGroup struct {
	tokens []string
	count  int64
	first  string
}

// maxPatterns bounds the patterns that reduce tells apart.
const maxPatterns = 1000

// reduce groups strings that have the same number of words and enough of them alike; words
// that differ become asterisks.
func (x *Runner) reduce(ctx context.Context, n *plan.Reduce, emit func(*Rel) error) error {
	in, err := x.hold(ctx, "reduce", n.In)
	if err != nil {
		return err
	}
	text := x.compiler(n.In.Columns()).compile(n.X)(in)
	var groups []*reducedGroup
	for i := range in.Len {
		s := text.Text(i)
		groups = place(groups, s, words(s, n.Delims), n.Threshold)
	}
	sort.SliceStable(groups, func(i, j int) bool { return groups[i].count > groups[j].count })
	vb := []*value.Builder{value.NewBuilder(value.String, 0), value.NewBuilder(value.Long, 0), value.NewBuilder(value.String, 0)}
	for _, g := range groups {
		pattern := strings.Join(g.tokens, "")
		for strings.Contains(pattern, "**") {
			pattern = strings.ReplaceAll(pattern, "**", "*")
		}
		vb[0].Append(value.OfString(pattern))
		vb[1].Append(value.OfLong(g.count))
		vb[2].Append(value.OfString(g.first))
	}
	return emit(&Rel{Len: len(groups), Cols: []*value.Vector{vb[0].Finish(), vb[1].Finish(), vb[2].Finish()}})
}

// words cuts a string into words and what stands between them.
func words(s, delims string) []string {
	var out []string
	start := 0
	for i, r := range s {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) || strings.ContainsRune(delims, r) {
			out = append(out, s[start:i], string(r))
			start = i + len(string(r))
		}
	}
	return append(out, s[start:])
}

func place(groups []*reducedGroup, s string, tokens []string, threshold float64) []*reducedGroup {
	for _, g := range groups {
		if len(g.tokens) != len(tokens) {
			continue
		}
		same := 0
		for i, t := range tokens {
			if g.tokens[i] == t {
				same++
			}
		}
		if float64(same) < threshold*float64(len(tokens)) {
			continue
		}
		for i, t := range tokens {
			if g.tokens[i] != t {
				g.tokens[i] = "*"
			}
		}
		g.count++
		return groups
	}
	if len(groups) >= maxPatterns {
		return groups
	}
	return append(groups, &reducedGroup{tokens: append([]string(nil), tokens...), count: 1, first: s})
}
