package exec

import (
	"context"
	"sort"
	"strings"
	"unicode"

	"github.com/azptu/azptu/internal/kql/plan"
	"github.com/azptu/azptu/internal/kql/value"
)

// reducer groups similar strings in the manner of SLCT (Vaarandi, "A Data Clustering
// Algorithm for Mining Patterns From Event Logs"): what is frequent at its place makes the
// pattern, all else is an asterisk.
type reducer struct {
	delims    string
	threshold float64
	groups    []*reducedGroup
	often     map[placedTerm]int
	rows      int
}

type placedTerm struct {
	at   int
	term string
}

// reducedGroup is a pattern as it comes about: nil terms differ from row to row.
type reducedGroup struct {
	terms []term
	count int64
	first string
}

// term is a word, or what stands between two words; loose says that it goes with an
// asterisk beside it.
type term struct {
	text              string
	word, star, loose bool
}

// Bounds of what reduce tells apart; what goes beyond is among the others.
const (
	maxPatterns = 1000
	maxTerms    = 1 << 20
)

// others is the pattern of the rows that have nothing frequent in them.
const others = "others"

func (x *Runner) reduce(ctx context.Context, n *plan.Reduce, emit func(*Rel) error) error {
	in, err := x.hold(ctx, "reduce", n.In)
	if err != nil {
		return err
	}
	text := x.compiler(n.In.Columns()).compile(n.X)(in)
	r := &reducer{delims: n.Delims, threshold: n.Threshold, rows: in.Len, often: map[placedTerm]int{}}
	for i := range in.Len {
		r.count(r.cut(text.Text(i)))
	}
	of := make([]int, in.Len)
	for i := range in.Len {
		if i%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		of[i] = r.place(text.Text(i))
	}
	return emit(r.result(n, in, of))
}

// cut takes a string apart into words and what stands between them.
func (r *reducer) cut(s string) []term {
	var out []term
	start := 0
	for i, c := range s {
		if given := strings.ContainsRune(r.delims, c); given || !unicode.IsLetter(c) && !unicode.IsDigit(c) {
			out = append(out, term{text: s[start:i], word: true}, term{text: string(c), loose: given})
			start = i + len(string(c))
		}
	}
	return append(out, term{text: s[start:], word: true})
}

func (r *reducer) count(terms []term) {
	for i, t := range terms {
		if k := (placedTerm{i, t.text}); t.word && t.text != "" {
			if _, known := r.often[k]; known || len(r.often) < maxTerms {
				r.often[k]++
			}
		}
	}
}

// place finds the group of a string: one with as many terms of which enough are the same.
// It gives -1 when no more groups can be made.
func (r *reducer) place(s string) int {
	terms := r.cut(s)
	for k, g := range r.groups {
		if len(g.terms) != len(terms) {
			continue
		}
		same := 0
		for i, t := range terms {
			if g.terms[i].text == t.text && !g.terms[i].star {
				same++
			}
		}
		if float64(same) < r.threshold*float64(len(terms)) {
			continue
		}
		for i, t := range terms {
			g.terms[i].star = g.terms[i].star || g.terms[i].text != t.text
		}
		g.count++
		return k
	}
	if len(r.groups) >= maxPatterns {
		return -1
	}
	r.groups = append(r.groups, &reducedGroup{terms: terms, count: 1, first: s})
	return len(r.groups) - 1
}

// pattern writes a group's pattern; "" when nothing in it is frequent.
func (r *reducer) pattern(g *reducedGroup) string {
	stars := make([]bool, len(g.terms))
	kept := false
	for i, t := range g.terms {
		stars[i] = t.star || r.rare(i, t)
		kept = kept || t.word && t.text != "" && !stars[i]
	}
	if !kept {
		return ""
	}
	var b strings.Builder
	for i, t := range g.terms {
		beside := i > 0 && stars[i-1] || i+1 < len(stars) && stars[i+1]
		switch {
		case t.loose && beside:
		case !stars[i]:
			b.WriteString(t.text)
		case !strings.HasSuffix(b.String(), "*"):
			b.WriteByte('*')
		}
	}
	return b.String()
}

// rare says that a word is not frequent at its place.
func (r *reducer) rare(at int, t term) bool {
	return t.word && t.text != "" && float64(r.often[placedTerm{at, t.text}]) <= r.threshold*float64(r.rows)
}

// reduced is a row of the result.
type reduced struct {
	pattern, first string
	count          int64
}

// result gives a row for each pattern, or with n.Source the input's rows with theirs.
func (r *reducer) result(n *plan.Reduce, in *Rel, of []int) *Rel {
	rest := &reduced{pattern: others}
	rows := []*reduced{}
	byGroup := make([]*reduced, len(r.groups))
	for i, g := range r.groups {
		if p := r.pattern(g); p != "" {
			byGroup[i] = &reduced{p, g.first, g.count}
			rows = append(rows, byGroup[i])
		} else {
			byGroup[i] = rest
			rest.count += g.count
		}
	}
	for _, k := range of {
		if k < 0 {
			rest.count++
		}
	}
	if rest.count > 0 {
		rows = append(rows, rest)
	}
	sort.SliceStable(rows, func(i, j int) bool { return rows[i].count > rows[j].count })
	out := &Rel{}
	if n.Source {
		out.Cols, rows = append(out.Cols, in.Cols...), make([]*reduced, in.Len)
		for i, k := range of {
			if rows[i] = rest; k >= 0 {
				rows[i] = byGroup[k]
			}
		}
	}
	out.Len = len(rows)
	vb := parsedBuilders(n.Cols[len(n.Cols)-3:], len(rows))
	for _, row := range rows {
		vb[0].Append(value.OfString(row.pattern))
		vb[1].Append(value.OfLong(row.count))
		vb[2].Append(value.OfString(row.first))
	}
	for _, b := range vb {
		out.Cols = append(out.Cols, b.Finish())
	}
	return out
}
