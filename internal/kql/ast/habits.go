package ast

import (
	"errors"
	"slices"
	"strings"
)

// advise adds to a fault of syntax what was probably meant, for the mistakes that people
// make who write other languages, and the corrected query where the advice leads to one.
func advise(text string, e *Error) {
	if len(text) > maxAdvised {
		return
	}
	say, edit := mistaken(text, e)
	if say == "" {
		e.Corrected = completed(text, e)
		return
	}
	e.Message += "; " + say
	e.Near = ""
	at := *e
	for range 20 { // the same mistake may be there more than once
		if edit == nil {
			return
		}
		text = text[:edit.from] + edit.with + text[edit.to:]
		_, err := parse(text)
		if err == nil {
			e.Corrected = text
			return
		}
		var next *Error
		if !errors.As(err, &next) || next.Offset <= at.Offset && next.Message == at.Message {
			return
		}
		at = *next
		_, edit = mistaken(text, next)
	}
}

// maxAdvised bounds the length of a query whose correction is looked for, in bytes.
const maxAdvised = 64 << 10

// completed puts in the word or mark that was expected, "" when that does not help.
func completed(text string, e *Error) string {
	rest, ok := strings.CutPrefix(e.Message, "expected '")
	word, rest, _ := strings.Cut(rest, "'")
	if !ok || !strings.HasPrefix(rest, " but found") {
		return ""
	}
	before := strings.TrimRight(text[:e.Offset], " \t\r\n")
	if strings.HasSuffix(before, word) || strings.HasPrefix(text[e.Offset:], "as ") {
		return ""
	}
	for _, with := range []string{before + " " + word + " ", before + word + " "} {
		fixed := strings.TrimRight(with+text[e.Offset:], " ")
		if _, err := parse(fixed); err == nil {
			return fixed
		}
	}
	return ""
}

// edit puts a text in place of another.
type edit struct {
	from, to int
	with     string
}

// fault is a mistake's place among the tokens of a query.
type fault struct {
	src     string
	toks    []token
	i       int
	message string
}

func (f *fault) at(n int) token {
	if f.i+n < 0 {
		return token{kind: kEOF}
	}
	return f.toks[min(f.i+n, len(f.toks)-1)]
}

func (f *fault) low(n int) string { return strings.ToLower(f.at(n).text) }

// instead proposes to write something else for the tokens from one to another.
func (f *fault) instead(from, to int, with string) *edit {
	return &edit{int(f.at(from).pos), int(f.at(to).end), with}
}

func mistaken(text string, e *Error) (string, *edit) {
	if say, ed := wrongCharacter(text, e.Offset); say != "" {
		return say, ed
	}
	toks, err := lex(text)
	if err != nil {
		return "", nil
	}
	f := &fault{src: text, toks: toks, message: e.Message}
	f.i = slices.IndexFunc(toks, func(t token) bool { return int(t.pos) >= e.Offset })
	if f.i < 0 {
		return "", nil
	}
	for _, habit := range habits {
		if say, ed := habit(f); say != "" {
			return say, ed
		}
	}
	return "", nil
}

// wrongCharacter explains a character that no token begins with.
func wrongCharacter(text string, at int) (string, *edit) {
	rest := text[at:]
	has := func(prefixes ...string) bool {
		return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(rest, p) })
	}
	switch {
	case has("&&"):
		return "conditions are joined by and", &edit{at, at + 2, "and"}
	case has("||"):
		return "conditions are joined by or", &edit{at, at + 2, "or"}
	case at > 0 && text[at-1] == '|' && has("|"):
		return "conditions are joined by or", &edit{at - 1, at + 1, "or"}
	case has("“", "”", "„", "‘", "’", "«", "»"):
		straight := strings.NewReplacer("“", `"`, "”", `"`, "„", `"`, "‘", "'", "’", "'", "«", `"`, "»", `"`)
		return "strings stand in straight quotes, ' or \"", &edit{0, len(text), straight.Replace(text)}
	case has("`"):
		return "a name with strange letters is written ['name'], a string 'text'", nil
	case has("~="):
		return "the operator is =~", &edit{at, at + 2, "=~"}
	case has("~") && strings.HasSuffix(text[:at], "!="):
		return "the operator is !~", &edit{at - 1, at + 1, "~"}
	case has("~"):
		return "the operator is =~", &edit{at, at + 1, "=~"}
	case has("#"):
		return "a comment begins with //", nil
	case has("^"):
		return "powers are pow(x, y), and bits are told apart by binary_xor(x, y)", nil
	}
	return "", nil
}

// habits are asked in this order.
var habits = []func(*fault) (string, *edit){
	unclosed, comparing, capitals, negations, likeAndIs, lists, spans, ordering, otherOperators, naming, dynamics, afterNumbers, missingComma, nearOperator,
}

// unclosed tells of brackets that are not closed, or close nothing.
func unclosed(f *fault) (string, *edit) {
	var open []token
	for _, t := range f.toks[:f.i] {
		switch {
		case t.kind == kPunct && strings.Contains("([{", t.text):
			open = append(open, t)
		case t.kind == kPunct && strings.Contains(")]}", t.text) && len(open) > 0:
			open = open[:len(open)-1]
		}
	}
	closing := map[string]string{"(": ")", "[": "]", "{": "}"}
	t := f.at(0)
	if t.kind == kPunct && strings.Contains(")]}", t.text) && len(open) == 0 {
		return "it closes nothing", &edit{int(t.pos), int(t.end), ""}
	}
	if t.kind != kEOF || len(open) == 0 {
		return "", nil
	}
	last, all := open[len(open)-1], ""
	for _, o := range slices.Backward(open) {
		all += closing[o.text]
	}
	return "the " + last.text + " at " + place(f.src, last.pos) + " is not closed", &edit{len(f.src), len(f.src), all}
}

func place(text string, at Pos) string {
	s, _, _ := strings.Cut(Locate(text, at, "").Error(), ":")
	return s
}

// comparisons are other spellings of an operator: the words at the fault, how many of them
// stand before it, and what to write.
var comparisons = []struct {
	words  string
	before int
	say    string
	with   string
}{
	{"== =", 1, "it is compared by ==", "=="}, {"!= =", 1, "it is compared by !=", "!="}, {"= <", 0, "it is compared by <=", "<="}, {"=>", 0, "it is compared by >=", ">="}, {"= =", 0, "it is compared by ==, without a gap", "=="},
	{"=", 0, "= gives a name, and == compares", "=="}, {"- >", 1, "a member is d.name or d['name']", ""}, {"?", 0, "a choice is iff(condition, one, other)", ""},
}

// comparing knows the other ways to compare and to choose.
func comparing(f *fault) (string, *edit) {
	for _, c := range comparisons {
		parts := strings.Split(c.words, " ")
		from, to := -c.before, len(parts)-1-c.before
		if !f.reads(from, parts) {
			continue
		}
		if c.with == "" {
			return c.say, nil
		}
		return c.say, f.instead(from, to, c.with)
	}
	if f.reads(-1, []string{"|", "|"}) {
		if f.at(-1).end == f.at(0).pos {
			return "conditions are joined by or", f.instead(-1, 0, "or")
		}
		return "one | is too many", f.instead(0, 0, "")
	}
	return "", nil
}

// reads says whether these marks stand there.
func (f *fault) reads(from int, marks []string) bool {
	for n, m := range marks {
		if t := f.at(from + n); t.kind != kPunct || t.text != m {
			return false
		}
	}
	return true
}

// capitals finds words of the language in capital letters.
func capitals(f *fault) (string, *edit) {
	for _, n := range []int{0, -1} {
		t := f.at(n)
		low := strings.ToLower(t.text)
		if t.kind != kIdent || low == t.text {
			continue
		}
		if smallWords[low] || listOps[low] || stringOps[low] != "" || n == 0 && operatorNames[low] != nil {
			return "the words of the language are in small letters: " + low, f.instead(n, n, low)
		}
	}
	return "", nil
}

// smallWords are the small words of the language.
var smallWords = map[string]bool{
	"and": true, "or": true, "not": true, "by": true, "on": true, "asc": true, "desc": true, "between": true, "with": true, "to": true, "from": true, "step": true, "of": true, "matches": true, "regex": true, "nulls": true, "first": true,
	"last": true, "kind": true, "default": true,
}

// negations are written with a ! in front of the operator.
func negations(f *fault) (string, *edit) {
	word := f.low(0)
	if f.at(0).kind != kIdent {
		return "", nil
	}
	if word == "notin" {
		return "the operator is !in", f.instead(0, 0, "!in")
	}
	if word != "not" {
		return "", nil
	}
	next := f.low(1)
	if listOps["!"+next] || stringOps["!"+next] != "" || next == "between" {
		return "the operator is !" + next, f.instead(0, 1, "!"+next)
	}
	if next == "like" {
		return "there is no like: see !contains, !startswith, !endswith and !has", nil
	}
	return "", nil
}

// likeAndIs are operators of SQL.
func likeAndIs(f *fault) (string, *edit) {
	name := f.at(-1).text
	if strings.EqualFold(name, "distinct") && f.at(-2).text == "(" {
		return "distinct values are counted by dcount(x), or exactly by count_distinct(x)", nil
	}
	switch f.low(0) {
	case "like", "ilike", "rlike":
		return "there is no like: see contains, startswith, endswith, has and matches regex", nil
	case "is":
		if f.low(1) == "not" {
			return "write isnotnull(" + name + "), or isnotempty(" + name + ") of a string", nil
		}
		return "write isnull(" + name + "), or isempty(" + name + ") of a string", nil
	case "group", "groupby":
		return "rows are grouped by summarize … by …", nil
	case "having":
		return "groups are chosen by where, in a pipe behind summarize", f.instead(0, 0, "| where")
	case "offset", "skip":
		return "rows are passed over by serialize, then where row_number() > …", nil
	case "using":
		return "the columns of a join stand behind on", f.instead(0, 0, "on")
	case "when":
		return "cases are case(condition, value, …, otherwise)", nil
	}
	return "", nil
}

// lists are written in brackets.
func lists(f *fault) (string, *edit) {
	t, prev := f.at(0), f.at(-1)
	switch {
	case prev.text == "between" || prev.text == "!between":
		if f.low(1) == "and" && f.at(2).kind != kEOF {
			return "bounds are written (from .. to)", f.instead(0, 2, "("+f.at(0).text+" .. "+f.at(2).text+")")
		}
		return "bounds are written (from .. to)", nil
	case listOps[t.text] && f.at(1).text == "[":
		return "a list stands in ( )", nil
	case listOps[t.text] && f.at(1).text != "(":
		return "a list stands in ( )", f.instead(0, 1, t.text+" ("+f.src[f.at(1).pos:f.at(1).end]+")")
	}
	switch owner := f.owner(); {
	case strings.HasSuffix(owner, "between") && t.text == ",":
		return "bounds are written (from .. to)", f.instead(0, 0, " ..")
	case strings.HasSuffix(owner, "between") && t.text == ")":
		return "bounds are written (from .. to)", nil
	case stringOps[owner] != "" && t.text == ",":
		return "several texts are asked by has_any ('a', 'b'), or by or", nil
	}
	return "", nil
}

// owner gives the word before the bracket in which the fault stands.
func (f *fault) owner() string {
	depth := 0
	for i := f.i - 1; i > 0; i-- {
		switch f.toks[i].text {
		case ")":
			depth++
		case "(":
			if depth == 0 {
				return f.toks[i-1].text
			}
			depth--
		}
	}
	return ""
}
