package ast

import (
	"maps"
	"slices"
	"strings"

	"github.com/azptu/azptu/internal/kql/value"
)

// spans are written in one word.
func spans(f *fault) (string, *edit) {
	if _, ok := value.SpanUnit(f.low(0)); ok && f.at(0).kind == kIdent && f.at(-1).kind == kNumber && f.at(1).text != "=" {
		word := f.at(-1).text + f.low(0)
		return "a timespan is one word: " + word, f.instead(-1, 0, word)
	}
	return "", nil
}

func ordering(f *fault) (string, *edit) {
	switch f.low(0) {
	case "descending":
		return "the order is desc", f.instead(0, 0, "desc")
	case "ascending":
		return "the order is asc", f.instead(0, 0, "asc")
	}
	return "", nil
}

// operatorHabits are operators of other languages, and what does their work here.
var operatorHabits = map[string]string{
	"select": "project", "fields": "project", "table": "project", "columns": "project", "drop": "project-away", "remove": "project-away", "exclude": "project-away", "rename": "project-rename",
	"head": "take", "first": "take", "unique": "distinct", "dedup": "distinct", "deduplicate": "distinct", "uniq": "distinct",
	"explode": "mv-expand", "unnest": "mv-expand", "expand": "mv-expand", "flatten": "mv-expand", "orderby": "order by", "sortby": "sort by",
	"aggregate": "summarize", "stats": "summarize", "agg": "summarize", "groupby": "summarize by", "group": "summarize by", "eval": "extend", "mutate": "extend", "compute": "extend", "withcolumn": "extend",
	"chart": "render", "plot": "render", "append": "union", "rex": "parse", "grep": "search", "having": "where", "when": "where", "keep": "project-keep", "pivot": "evaluate pivot", "topk": "top", "timechart": "render timechart",
}

// joinSides are kinds of join as SQL has them.
var joinSides = map[string]string{"left": "leftouter", "right": "rightouter", "full": "fullouter", "outer": "fullouter", "inner": "inner", "cross": "inner"}

// otherOperators stand behind a pipe.
func otherOperators(f *fault) (string, *edit) {
	if f.at(-1).text == "count" && f.at(0).text == "(" {
		end := 1
		for f.at(end).text != ")" && f.at(end).kind != kEOF {
			end++
		}
		return "the operator count takes no brackets", f.instead(0, end, "")
	}
	if f.at(-1).text != "|" || f.at(0).kind != kIdent {
		return "", nil
	}
	word, rest := f.low(0), 1
	if f.low(1) == "outer" {
		rest = 2
	}
	if kind := joinSides[word]; kind != "" && f.low(rest) == "join" {
		return "it is written join kind=" + kind, f.instead(0, rest, "join kind="+kind)
	}
	if word == "let" {
		return "let stands in front of the query, and ends with ;", nil
	}
	with := operatorHabits[word]
	if with == "" {
		return "", nil
	}
	rest = 0
	if strings.HasSuffix(with, " by") && f.low(1) == "by" {
		rest = 1
	}
	return "it is written " + with, f.instead(0, rest, with)
}

// itemStart finds the first token of the list item that ends before the fault, 0 when it is
// none.
func (f *fault) itemStart() int {
	depth := 0
	for n := -1; f.i+n > 0; n-- {
		switch f.at(n).text {
		case ")", "]":
			depth++
		case "(", "[":
			depth--
		}
		before := f.at(n - 1)
		if depth == 0 && (before.text == "," || before.text == "by" || operatorNames[before.text] != nil && f.at(n-2).text == "|") {
			return n
		}
	}
	return 0
}

// naming: a name stands in front of what it names.
func naming(f *fault) (string, *edit) {
	if f.at(0).text == ":" && f.at(1).text == "=" {
		return "a name is given by =", f.instead(0, 1, "=")
	}
	if f.low(-1) == "return" {
		return "a function gives its last expression, without return", f.instead(-1, -1, "")
	}
	if f.low(0) != "as" || f.at(1).kind != kIdent {
		return "", nil
	}
	start := f.itemStart()
	if start == 0 {
		return "", nil
	}
	item := f.src[f.at(start).pos:f.at(-1).end]
	return "a name stands in front: " + f.at(1).text + " = " + item, f.instead(start, 1, f.at(1).text+" = "+item)
}

// dynamics are written dynamic(…).
func dynamics(f *fault) (string, *edit) {
	t := f.at(0)
	if t.text != "[" && t.text != "{" || t.kind != kPunct || !strings.Contains(f.message, "expected an expression") {
		return "", nil
	}
	depth := 0
	for n := 0; f.at(n).kind != kEOF; n++ {
		switch f.at(n).text {
		case "[", "{":
			depth++
		case "]", "}":
			depth--
		}
		if depth == 0 {
			inner := f.src[t.pos:f.at(n).end]
			return "a constant list or bag is written dynamic(" + t.text + "…" + f.at(n).text + ")", f.instead(0, n, "dynamic("+inner+")")
		}
	}
	return "", nil
}

func afterNumbers(f *fault) (string, *edit) {
	prev, t, next := f.at(-1), f.at(0), f.at(1)
	switch {
	case t.text == "," && prev.kind == kNumber && next.kind == kNumber && prev.end == t.pos && next.pos == t.end:
		return "a number has no commas inside", f.instead(0, 0, "")
	case t.text == "." && next.kind == kNumber && next.pos == t.end:
		return "a number begins with a digit: 0." + next.text, f.instead(0, 0, "0.")
	}
	return "", nil
}

// missingComma tries whether a comma, or a semicolon, puts the query right.
func missingComma(f *fault) (string, *edit) {
	if f.i == 0 || !strings.HasPrefix(f.message, "expected '|'") || f.at(-1).kind == kIdent && f.at(-2).text == "summarize" {
		return "", nil
	}
	at := int(f.at(-1).end)
	for _, mark := range []string{",", ";"} {
		if mark == ";" && f.toks[0].text != "let" {
			break
		}
		if _, err := parse(f.src[:at] + mark + f.src[at:]); err == nil {
			return "a " + mark + " is missing before it", &edit{at, at, mark}
		}
	}
	return "", nil
}

// infixHabits are other spellings of string operators.
var infixHabits = map[string]string{
	"beginswith": "startswith", "begins_with": "startswith", "starts_with": "startswith", "ends_with": "endswith", "match": "matches regex", "regex": "matches regex", "regexp": "matches regex", "include": "contains", "includes": "contains",
}

// operand says whether an expression can begin with a token.
func (t token) operand() bool {
	return t.kind != kEOF && (t.kind != kPunct || t.text == "(" || t.text == "-")
}

// nearOperator finds the operator that is most like a word between two operands.
func nearOperator(f *fault) (string, *edit) {
	t := f.at(0)
	if t.kind != kIdent || f.i == 0 || !strings.HasPrefix(f.message, "expected '|'") || !f.at(1).operand() {
		return "", nil
	}
	if t.text == "matches" {
		return "the operator is matches regex", f.instead(0, 0, "matches regex")
	}
	near, to := infixHabits[f.low(0)], 0
	if near == "matches regex" && f.low(1) == "regex" {
		to = 1
	}
	if near == "" {
		known := slices.DeleteFunc(slices.Collect(maps.Keys(stringOps)), func(w string) bool { return w[0] == '!' || strings.HasPrefix(w, "not") })
		near = Nearest(t.text, append(known, "in", "between", "and", "or", "has_any", "has_all"))
	}
	if near == "" || distance(f.low(0), near) > 2 && infixHabits[f.low(0)] == "" {
		return "", nil
	}
	return "the operator may be " + near, f.instead(0, to, near)
}
