package plan

import (
	"strings"

	"github.com/azptu/azptu/internal/kql/agg"
	"github.com/azptu/azptu/internal/kql/ast"
	"github.com/azptu/azptu/internal/kql/fn"
	"github.com/azptu/azptu/internal/kql/value"
)

// functionHabits are functions of other languages, and what does their work here.
var functionHabits = map[string]string{
	"len": "strlen()", "length": "strlen(), array_length() of a list", "char_length": "strlen()", "size": "array_length()", "concat": "strcat()", "concat_ws": "strcat_delim()", "upper": "toupper()", "ucase": "toupper()", "lower": "tolower()",
	"lcase": "tolower()", "substr": "substring(), which counts from 0", "mid": "substring(), which counts from 0", "left": "substring(s, 0, n)", "right": "substring(s, strlen(s) - n)", "instr": "indexof()", "charindex": "indexof()",
	"position": "indexof()", "locate": "indexof()", "ltrim": "trim_start(regex, s)", "rtrim": "trim_end(regex, s)", "regexp_replace": "replace_regex()", "regexp_extract": "extract()", "regexp_substr": "extract()", "regex_extract": "extract()",
	"regexp_like": "the operator matches regex", "regex_match": "the operator matches regex", "like": "the operators contains, startswith, endswith and has", "contains": "the operator contains: s contains 'x'",
	"startswith": "the operator startswith: s startswith 'x'", "endswith": "the operator endswith: s endswith 'x'", "has": "the operator has: s has 'x'", "in": "the operator in: x in (1, 2)", "between": "the operator between: x between (1 .. 2)",
	"ifnull": "coalesce()", "nvl": "coalesce()", "isnulloremptystring": "isempty()", "if": "iff()", "ifelse": "iff()", "decode": "case()", "switch": "case()", "nullif": "iff(a == b, …, a)",
	"getdate": "now()", "sysdate": "now()", "current_timestamp": "now()", "current_date": "startofday(now())", "today": "startofday(now())", "date_trunc": "bin(t, 1h), startofday(), startofmonth() and the like", "trunc": "bin()",
	"time_bucket": "bin(t, 1h)", "date_add": "datetime_add('day', 1, t), or t + 1d", "dateadd": "datetime_add('day', 1, t), or t + 1d", "date_sub": "t - 1d", "datediff": "datetime_diff('day', later, earlier)", "date_diff": "datetime_diff('day', later, earlier)",
	"date_part": "datetime_part()", "date_format": "format_datetime()", "strftime": "format_datetime()", "to_char": "format_datetime() or tostring()", "year": "getyear()", "month": "monthofyear()", "day": "dayofmonth()", "hour": "hourofday()",
	"minute": "datetime_part('minute', t)", "second": "datetime_part('second', t)", "weekday": "dayofweek()", "startofhour": "bin(t, 1h)", "startofminute": "bin(t, 1m)", "to_date": "todatetime()", "to_timestamp": "todatetime()", "from_unixtime": "unixtime_seconds_todatetime()",
	"to_number": "tolong() or todouble()", "int": "toint()", "float": "todouble()", "double": "todouble()", "number": "todouble()", "str": "tostring()", "string": "tostring()", "cast": "tostring(), tolong(), todatetime() and the like",
	"convert": "tostring(), tolong(), todatetime() and the like", "try_cast": "tostring(), tolong(), todatetime() and the like", "json_value": "parse_json(s).name", "json_query": "parse_json(s).name", "json_extract": "parse_json(s).name", "json_parse": "parse_json()", "get_json_object": "parse_json(s).name",
	"get_json_field": "parse_json(s).name", "from_json": "parse_json()", "to_json": "tostring() of a dynamic", "power": "pow()", "ln": "log()", "ceil": "ceiling()", "mod": "the operator %", "truncate": "bin(x, 1)", "rand_int": "rand(n)", "random": "rand()", "greatest": "max_of()",
	"least": "min_of()", "md5": "hash_md5()", "sha256": "hash_sha256()", "sha1": "hash_sha1()", "rownum": "row_number(), behind serialize", "lag": "prev(), behind a sort", "lead": "next(), behind a sort", "coalesce_empty": "iff(isempty(s), …, s)",
	"average": "avg()", "mean": "avg()", "median": "percentile(x, 50)", "stddev": "stdev()", "std": "stdev()", "var": "variance()", "count_if": "countif()", "sum_if": "sumif()", "countdistinct": "dcount(), or count_distinct() exactly", "distinct": "dcount(), or make_set()",
	"approx_count_distinct": "dcount()", "uniq": "dcount()", "first": "arg_min(t, x), or take_any(x)", "last": "arg_max(t, x)", "first_value": "arg_min(t, x)", "last_value": "arg_max(t, x)", "any_value": "take_any()", "array_agg": "make_list()", "collect_list": "make_list()",
	"collect_set": "make_set()", "group_concat": "strcat_array(make_list(x), ',')", "string_agg": "strcat_array(make_list(x), ',')", "listagg": "strcat_array(make_list(x), ',')", "quantile": "percentile()", "p50": "percentile(x, 50)", "p90": "percentile(x, 90)", "p95": "percentile(x, 95)", "p99": "percentile(x, 99)",
	"unnest": "the operator mv-expand", "explode": "the operator mv-expand", "array_contains": "set_has_element()", "array_join": "strcat_array()", "array_distinct": "array_sort_asc() or set_union()", "typeof": "gettype()", "guid": "new_guid()", "uuid": "new_guid()", "newid": "new_guid()",
}

// functionHint tells what does the work of a function that is not known, "" when that
// cannot be told.
func functionHint(name string) string {
	if to := functionHabits[strings.ToLower(name)]; to != "" {
		return "; that is " + to + " here"
	}
	return ""
}

// nameHint explains a name that is nothing in a scalar expression.
func (b *binder) nameHint(name string, r *row) string {
	switch low := strings.ToLower(name); low {
	case "null", "nil", "none", "undefined":
		return "; ask isnull(x), or isempty(x) of a string, and write long(null), datetime(null) and so on"
	case "true", "false":
		return "; write " + low
	}
	_, table := b.opts.DB.Table(name)
	switch {
	case name[0] == '!':
		return "; write not(" + name[1:] + ")"
	case name[0] >= '0' && name[0] <= '9':
		return "; it is neither a number nor a timespan, whose units are d, h, m, s, ms, microsecond and tick"
	case r.aggs != nil && agg.Known(name) || fn.Lookup(name) != nil || windowNames[name]:
		return "; it is a function: write " + name + "()"
	case table:
		return "; it is a table: the columns of a join are $left.name and $right.name"
	}
	return ""
}

// operatorHints tell how types are brought together that an operator does not take: its
// letters, the two types in either order, and what to write. The first that fits counts.
var operatorHints = []struct{ ops, one, other, say string }{
	{"+", "string", "string number", "texts are joined by strcat(a, b)"},
	{"+-", "datetime", "number string", "a timespan is added or taken away: t + 1d"},
	{"", "datetime", "string number", "a date is written datetime(2024-01-31), and read from a text by todatetime(…)"},
	{"", "timespan", "number string", "a timespan is written 5m, and read from a text by totimespan(…)"},
	{"<>", "string", "string", "texts are ordered by strcmp(a, b) < 0"},
	{"<>*/%-", "string", "number", "a number is read from a text by tolong(…) or todouble(…)"},
	{"", "string", "number", "a text is made by tostring(…)"},
}

// operatorHint tells how two types are brought together, "" when that cannot be told.
func operatorHint(op string, l, r value.Type) string {
	class := func(t value.Type) string {
		if t.IsNumeric() {
			return "number"
		}
		return t.String()
	}
	for _, h := range operatorHints {
		fits := func(x, y value.Type) bool { return class(x) == h.one && strings.Contains(h.other, class(y)) }
		if (h.ops == "" || strings.ContainsAny(op, h.ops)) && (fits(l, r) || fits(r, l)) {
			return "; " + h.say
		}
	}
	return ""
}

// joinHint tells the kind of join that is meant.
func joinHint(kind string) string {
	if to := map[string]string{"left": "leftouter", "right": "rightouter", "full": "fullouter", "outer": "fullouter", "cross": "inner, on a constant column of both sides", "semi": "leftsemi", "left_outer": "leftouter", "innner": "inner"}[strings.ToLower(kind)]; to != "" {
		return "; it is kind=" + to
	}
	var kinds []string
	for k := range joinKinds {
		if k != "" {
			kinds = append(kinds, k)
		}
	}
	if near := ast.Nearest(kind, kinds); near != "" {
		return "; did you mean " + near + "?"
	}
	return ""
}
