package oracle

import (
	_ "embed"
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/azptu/azptu/internal/kql/agg"
	"github.com/azptu/azptu/internal/kql/fn"
	"github.com/azptu/azptu/internal/kql/plan"
	"github.com/azptu/azptu/internal/kql/sig"
)

// columns of the table T that the corpus asks.
var columns = [][2]string{{"a", "long"}, {"i", "int"}, {"b", "real"}, {"n", "decimal"}, {"s", "string"}, {"j", "string"}, {"t", "datetime"}, {"p", "timespan"}, {"g", "guid"}, {"k", "bool"}, {"d", "dynamic"}}

// samples are arguments for a kind of parameter: columns, constants and computed values.
var samples = map[string][]string{
	"long": {"a", "7", "a + 1", "tolong(s)"}, "int": {"i", "int(3)"}, "real": {"b", "1.5", "b * 2"}, "decimal": {"n", "decimal(1.5)"}, "string": {"s", "'x'", "tostring(d.m)", "strcat(s, j)"},
	"datetime": {"t", "datetime(2024-01-01)", "t + 1h"}, "timespan": {"p", "1h", "t - datetime(2024-01-01)"}, "guid": {"g"}, "bool": {"k", "a > 1"}, "dynamic": {"d", "d.x", "parse_json(j).l", "dynamic([1,2])", "dynamic({'a':1})"},
}

// kinds says which types fit a class of parameters.
var kinds = map[string][]string{
	"integer": {"long", "int"}, "num": {"long", "real", "decimal", "int"}, "realdec": {"real", "decimal"}, "strdyn": {"string", "dynamic"}, "strarr": {"string", "dynamic"}, "intarr": {"long", "dynamic"},
	"array": {"dynamic"}, "bag": {"dynamic"}, "numbool": {"long", "bool"}, "summable": {"long", "real", "timespan", "decimal", "int"}, "orderable": {"long", "string", "datetime", "bool", "guid"},
	"notrealbool": {"long", "string", "dynamic"}, "notdyn": {"string", "long", "datetime"}, "notbool": {"long", "string", "dynamic"},
	"any": {"long", "string", "dynamic", "datetime", "bool"}, "scalar": {"long", "string", "dynamic", "datetime", "timespan", "bool", "real", "guid"},
}

// about begins a source of chance of its own for a part of the corpus, so that the other
// parts stay as they are when the language grows.
func (c *corpus) about(part string) {
	h := fnv.New64()
	_, _ = h.Write([]byte(part))
	c.r = rand.New(rand.NewPCG(c.seed, h.Sum64()))
}

// corpus makes queries: every function and aggregate by its signatures, then pipelines.
type corpus struct {
	seed uint64
	r    *rand.Rand
	seen map[string]bool
	out  []string
}

func (c *corpus) add(format string, args ...any) {
	q := fmt.Sprintf(format, args...)
	if !c.seen[q] {
		c.seen[q] = true
		c.out = append(c.out, q)
	}
}

func (c *corpus) one(xs ...string) string { return xs[c.r.IntN(len(xs))] }

// argument makes one of a kind; same is the type that all of kind common have.
func (c *corpus) argument(p sig.Param, same string) string {
	kind, _, _ := strings.Cut(p.Kind, "|")
	var types []string
	switch {
	case samples[kind] != nil:
		types = []string{kind}
	case kinds[kind] != nil:
		types = kinds[kind]
	default: // common, or the type of another parameter
		types = []string{same}
	}
	of := samples[c.one(types...)]
	if p.Literal {
		for range 8 {
			if x := c.one(of...); strings.ContainsAny(x[:1], "0123456789'") || strings.Contains(x, "(") && !strings.ContainsAny(x, ".+*>") {
				return x
			}
		}
	}
	return c.one(of...)
}

// calls makes calls of a function for each of its overloads.
func (c *corpus) calls(s *sig.Symbol, each int) []string {
	var out []string
	for _, o := range s.Overloads {
		for range each {
			same := c.one("long", "string", "real", "datetime")
			var args []string
			for _, p := range o.Params {
				for range p.Min + c.r.IntN(min(p.Max, p.Min+2)-p.Min+1) {
					args = append(args, c.argument(p, same))
				}
			}
			out = append(out, s.Name+"("+strings.Join(args, ", ")+")")
		}
	}
	return out
}

// functions asks for every scalar function and aggregate that the engine has.
func (c *corpus) functions() {
	for _, name := range sig.ScalarNames() {
		if fn.Lookup(name) == nil && !plan.Special(name) {
			continue
		}
		c.about(name)
		for i, call := range c.calls(sig.Scalar(name), 3) {
			switch i % 3 {
			case 0:
				c.add("T | project %s", call)
			case 1:
				c.add("T | extend r = %s | project r", call)
			default:
				c.add("T | summarize max(a) by %s", call)
			}
		}
	}
	for _, name := range sig.AggregateNames() {
		if !agg.Known(name) {
			continue
		}
		c.about("aggregate " + name)
		for i, call := range c.calls(sig.Aggregate(name), 4) {
			switch i % 3 {
			case 0:
				c.add("T | summarize %s", call)
			case 1:
				c.add("T | summarize %s, %s by s, bin(t, 1h)", call, call)
			default:
				c.add("T | summarize x = %s by k", call)
			}
		}
	}
}

// mixed calls every function and aggregate with arguments of any type, most of them wrong.
func (c *corpus) mixed() {
	types := slices.Sorted(maps.Keys(samples))
	for _, name := range sig.ScalarNames() {
		if fn.Lookup(name) != nil {
			c.add("T | project x = %s", c.anyCall(sig.Scalar(name), types))
		}
	}
	for _, name := range sig.AggregateNames() {
		if agg.Known(name) {
			c.add("T | summarize x = %s", c.anyCall(sig.Aggregate(name), types))
		}
	}
}

// anyCall calls a function with as many arguments as an overload takes, or one more or less;
// one of them is of any type, the others fit.
func (c *corpus) anyCall(s *sig.Symbol, types []string) string {
	o := s.Overloads[c.r.IntN(len(s.Overloads))]
	var args []string
	for _, p := range o.Params {
		for range max(p.Min, 1) {
			args = append(args, c.argument(p, "long"))
		}
	}
	if len(args) > 0 {
		args[c.r.IntN(len(args))] = c.one(samples[c.one(types...)]...)
	}
	switch c.r.IntN(8) {
	case 0:
		args = append(args, c.one(samples[c.one(types...)]...))
	case 1:
		args = args[:max(len(args)-1, 0)]
	}
	return s.Name + "(" + strings.Join(args, ", ") + ")"
}

//go:embed shapes.txt
var shapesText string

// shapes are queries written by hand.
func (c *corpus) shapes() {
	for line := range strings.Lines(shapesText) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			c.add("%s", line)
		}
	}
}

var infix = []string{"==", "!=", "<", ">", "<=", ">=", "+", "-", "*", "/", "%", "has", "contains", "startswith", "endswith", "=~", "!~", "matches regex", "has_cs", "contains_cs", "hasprefix", "hassuffix", "!has", "!contains", "and", "or"}

// operators puts every infix operator between every two types.
func (c *corpus) operators() {
	var types []string
	for _, col := range columns {
		types = append(types, col[1])
	}
	for _, op := range infix {
		for range 24 {
			c.add("T | project x = %s %s %s", c.one(samples[c.one(types...)]...), op, c.one(samples[c.one(types...)]...))
		}
	}
	for range 60 {
		kind := c.one(types...)
		c.add("T | where %s %s (%s, %s) | count", c.one(samples[kind]...), c.one("in", "!in", "in~", "has_any", "has_all"), c.one(samples[kind]...), c.one(samples[c.one(types...)]...))
		c.add("T | where %s %s (%s .. %s)", c.one(samples[kind]...), c.one("between", "!between"), c.one(samples[kind]...), c.one(samples[c.one(kind, "timespan", "long")]...))
	}
}

// value makes an expression that names columns which every step keeps.
func (c *corpus) value() string {
	name := c.one(columns[c.r.IntN(len(columns))][0], "a", "s", "t")
	switch c.r.IntN(9) {
	case 0:
		return "tostring(" + name + ")"
	case 1:
		return "d.m.x"
	case 2:
		return "bin(a, 10)"
	case 3:
		return "strcat(s, '-', " + name + ")"
	case 4:
		return "iff(k, a, 0)"
	case 5:
		return "a * b"
	case 6:
		return "parse_json(j)['u'].v"
	case 7:
		return "startofday(t)"
	}
	return name
}

func (c *corpus) summary() string {
	return c.one("count()", "sum(a)", "avg(b)", "dcount(s)", "max(t)", "min(p)", "make_list(s)", "make_set(d)", "arg_max(t, *)", "arg_min(a, s, k)", "percentiles(a, 50, 95)", "percentile(b, 99)", "stdev(a)", "take_any(s)", "take_any(*)", "countif(k)", "sumif(a, k)", "make_bag(d)", "variance(b)", "hll(s)", "dcountif(s, k)", "avg(p)", "sum(n)", "sum(i)", "max(i)", "x = sum(a) / count()", "round(avg(a), 2)")
}

// step makes an operator; last says that no other will follow.
func (c *corpus) step(last bool) string {
	keeping := []func() string{
		func() string {
			return "where " + c.one("a > 1", "isnotempty(s)", "t > ago(1d)", "k", "s has 'x'", "isnull(d.x)")
		},
		func() string {
			return "extend " + c.one("", "y = ", "z = ") + c.value()
		},
		func() string {
			return c.one("sort", "order") + " by " + c.value() + c.one("", " asc", " desc nulls first")
		},
		func() string { return c.one("take 5", "limit 3", "sample 2", "serialize", "as X", "top 4 by a") },
		func() string { return "serialize rn = row_number()" },
		func() string {
			return "mv-expand " + c.one("e = d.l", "e = d.l to typeof(long)", "bagexpansion=array e = d.x", "with_itemindex=ix e = d.l")
		},
		func() string {
			return "parse " + c.one("", "kind=regex ") + "j with * 'a' " + c.one("q1", "q2:long") + " 'b' q3:real *"
		},
		func() string {
			return "parse-kv j as (kv1:string, kv2:long) with (pair_delimiter=',', kv_delimiter='=')"
		},
		func() string {
			return "join kind=" + c.one("inner", "leftouter", "rightouter", "fullouter", "innerunique") + " T on " + c.one("a", "s", "$left.a == $right.a", "a, s")
		},
		func() string { return "join kind=" + c.one("leftsemi", "leftanti") + " T on a" },
		func() string { return "lookup " + c.one("", "kind=inner ") + "(T | project s, other = a) on s" },
		func() string {
			return "union " + c.one("", "withsource=src ", "kind=outer ") + "(T | project a, s, t, k, extra = b)"
		},
		func() string { return "project-rename renamed = g" },
		func() string { return "project-reorder " + c.one("t", "p*", "* asc", "a, s") },
		func() string { return "partition by s (top 1 by a)" },
		func() string { return "invoke F()" },
		func() string { return "scan declare (c:long = 0) with (step q: true => c = q.c + 1;)" },
	}
	if !last {
		return keeping[c.r.IntN(len(keeping))]()
	}
	ending := []func() string{
		func() string { return "count" },
		func() string { return "distinct " + c.one("s", "a, k", "*", c.value()) },
		func() string { return "project " + c.value() + ", " + c.value() + ", m = " + c.value() },
		func() string { return "project-away " + c.one("d", "p, g", "*a*") },
		func() string { return "project-keep " + c.one("a", "a, s", "t*") },
		func() string { return "getschema" },
		func() string {
			return "summarize " + c.summary() + ", " + c.summary() + c.one("", " by "+c.value(), " by s, "+c.value(), " by bin(t, 1h), s")
		},
		func() string { return "summarize by " + c.value() },
		func() string {
			return "make-series " + c.one("count()", "x = sum(a)", "avg(b) default=0") + " on " + c.one("t step 1h", "t from ago(1d) to now() step 1h", "a from 1 to 10 step 1") + c.one("", " by s", " by k, s")
		},
		func() string { return "top-nested 2 of s by sum(a), top-nested 1 of k by max(a)" },
		func() string { return "top-hitters 3 of s" + c.one("", " by a") },
		func() string { return "sample-distinct 3 of " + c.one("s", "a") },
		func() string { return "reduce by s" },
		func() string {
			return "mv-apply e = d.l to typeof(long) on (" + c.one("top 1 by e", "summarize m = max(e)", "where e > 1") + ")"
		},
		func() string { return "evaluate narrow()" },
		func() string { return "search 'x'" },
		func() string { return "render timechart" },
	}
	return ending[c.r.IntN(len(ending))]()
}

// pipelines makes queries of several operators.
func (c *corpus) pipelines(n int) {
	for range n {
		q := c.one("T", "T", "union T, T", "(T | where k)", "find in (T) where a > 1 | project-away source_ | extend T = 1 | take 0 | union T", "let x = 5; T", "let M = materialize(T); M")
		if c.r.IntN(12) == 0 {
			q = c.one("print a = 1, s = 'x', t = now(), k = true, b = 1.5, d = dynamic({}), j = '', i = int(1), n = decimal(1), p = 1h, g = new_guid()", "datatable(a:long, s:string, t:datetime, k:bool)[1, 'x', datetime(2024-01-01), true]", "range a from 1 to 3 step 1")
		}
		for range c.r.IntN(4) {
			q += "\n| " + c.step(false)
		}
		q += "\n| " + c.step(true)
		if strings.Contains(q, "F()") {
			q = "let F = (X:(a:long, s:string)) { X | extend fx = a + 1 };\n" + q
		}
		c.add("%s", q)
	}
}

// queries makes the corpus; the same seed gives the same.
func queries(seed uint64) []string {
	c := &corpus{seed: seed, seen: map[string]bool{}}
	c.functions()
	c.about("operators")
	c.operators()
	c.about("pipelines")
	c.pipelines(450)
	c.about("mixed")
	c.mixed()
	c.shapes()
	return c.out
}
