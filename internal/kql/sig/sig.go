// Package sig knows what the functions of Kusto take and give: their overloads, how an
// argument is converted to fit, what type results, and how a column made by a call is
// named when the query does not say. The facts are a table (signatures.txt); what the
// functions compute is in packages fn and agg.
package sig

import (
	_ "embed"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"sync"

	"github.com/azptu/azptu/internal/kql/value"
)

//go:embed signatures.txt
var table string

// Param is a parameter of an overload.
type Param struct {
	// Kind is a type's name or a class of types such as num or common.
	Kind string
	// Literal says that only a constant will do.
	Literal bool
	// Star says that * may stand here.
	Star bool
	// Min and Max say how often the parameter may be given.
	Min, Max int
}

// Overload is one way to call a function.
type Overload struct {
	Params []Param
	// Result is a type's name or a rule such as p0 or common.
	Result string
}

// Symbol is a function or aggregate.
type Symbol struct {
	Name string
	// Naming says how a column is named after the call: arg1, onlyarg, name1, nameonly1,
	// pre1, pre, or - for not at all.
	Naming string
	// Prefix is put before the argument's name when Naming is pre1 or pre.
	Prefix    string
	Overloads []Overload
}

// Table holds the symbols of scalar functions and aggregates by name.
type Table struct {
	Scalar, Aggregate map[string]*Symbol
}

var symbols = sync.OnceValue(func() *Table { return parseTable(table) })

// Scalar finds a scalar function; nil when Kusto has none of that name.
func Scalar(name string) *Symbol { return symbols().Scalar[name] }

// Aggregate finds an aggregate; nil when Kusto has none of that name.
func Aggregate(name string) *Symbol { return symbols().Aggregate[name] }

// ScalarNames lists the scalar functions that Kusto has, sorted.
func ScalarNames() []string { return names(symbols().Scalar) }

// AggregateNames lists the aggregates that Kusto has, sorted.
func AggregateNames() []string { return names(symbols().Aggregate) }

func names(m map[string]*Symbol) []string {
	out := make([]string, 0, len(m))
	for n := range m {
		out = append(out, n)
	}
	sort.Strings(out)
	return out
}

func parseTable(text string) *Table {
	t := &Table{Scalar: map[string]*Symbol{}, Aggregate: map[string]*Symbol{}}
	into := t.Scalar
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
		case line == "@scalar":
			into = t.Scalar
		case line == "@aggregate":
			into = t.Aggregate
		default:
			s := parseSymbol(line)
			into[s.Name] = s
		}
	}
	return t
}

func parseSymbol(line string) *Symbol {
	name, rest, _ := strings.Cut(line, " ")
	naming, rest, _ := strings.Cut(rest, " ")
	s := &Symbol{Name: name}
	s.Naming, s.Prefix, _ = strings.Cut(naming, ":")
	for {
		open := strings.IndexByte(rest, '(')
		if open < 0 {
			return s
		}
		end := open + strings.IndexByte(rest[open:], ')')
		result, after, _ := strings.Cut(rest[end+1:], " ")
		o := Overload{Result: result}
		for _, p := range strings.Fields(rest[open+1 : end]) {
			o.Params = append(o.Params, parseParam(p))
		}
		s.Overloads = append(s.Overloads, o)
		rest = after
	}
}

const unbounded = 1 << 20

func parseParam(text string) Param {
	p := Param{Min: 1, Max: 1}
	if i := strings.IndexByte(text, '{'); i >= 0 {
		lo, hi, _ := strings.Cut(strings.TrimSuffix(text[i+1:], "}"), ",")
		p.Min, _ = strconv.Atoi(lo)
		p.Max, _ = strconv.Atoi(hi)
		if hi == "" {
			p.Max = unbounded
		}
		text = text[:i]
	}
	kind, flags, _ := strings.Cut(text, "!")
	p.Kind = kind
	p.Literal = strings.Contains(flags, "lit") || strings.Contains(flags, "const")
	p.Star = strings.Contains(flags, "star")
	return p
}

// Arg is an argument as the overloads see it.
type Arg struct {
	Type value.Type
	// Const says that it is a constant.
	Const bool
	// Kind is array, dictionary and so on for a constant dynamic, "" for other arguments.
	Kind string
	// Texts says that a constant array holds strings only.
	Texts bool
	// TypeLiteral is the type named by typeof(…), Unknown for other arguments.
	TypeLiteral value.Type
}

// Match is an overload fitted to arguments.
type Match struct {
	// Convert gives the type each argument is to be converted to; Unknown leaves it alone.
	Convert []value.Type
	// Result is the call's type, Unknown when the function decides itself.
	Result value.Type
	score  int
	// dynamic is the first parameter that is given a dynamic and takes none.
	dynamic *Param
}

// Resolve finds the overload that fits best, or says why none does.
func (s *Symbol) Resolve(args []Arg) (Match, error) {
	best, found := Match{}, false
	for _, o := range s.Overloads {
		m, ok := o.fit(args)
		if ok && (!found || best.dynamic != nil && m.dynamic == nil || m.score < best.score && (best.dynamic == nil) == (m.dynamic == nil)) {
			best, found = m, true
		}
	}
	switch {
	case found && best.dynamic == nil:
		return best, nil
	case found:
		kind, _, _ := strings.Cut(best.dynamic.Kind, "|")
		return Match{}, fmt.Errorf("%s() takes %s here, not a dynamic; convert it first: %s(…)", s.Name, article(kindNames(best.dynamic.Kind)), converters[kind])
	}
	have := make([]string, len(args))
	for i, a := range args {
		have[i] = a.Type.String()
	}
	return Match{}, fmt.Errorf("%s() cannot be called with (%s): expected %s", s.Name, strings.Join(have, ", "), s.Usage())
}

func article(noun string) string {
	if strings.Contains("aeiou", noun[:1]) {
		return "an " + noun
	}
	return "a " + noun
}

// Counts gives how few and how many arguments the overloads take.
func (s *Symbol) Counts() (least, most int) {
	for i, o := range s.Overloads {
		few, many := 0, 0
		for _, p := range o.Params {
			few, many = few+p.Min, min(many+p.Max, unbounded)
		}
		if i == 0 || few < least {
			least = few
		}
		most = max(most, many)
	}
	return least, most
}

// Usage prints the overloads for people.
func (s *Symbol) Usage() string {
	var all []string
	for _, o := range s.Overloads {
		parts := make([]string, len(o.Params))
		for i, p := range o.Params {
			parts[i] = kindNames(p.Kind)
			switch {
			case p.Min == 0:
				parts[i] = "[" + parts[i] + "]"
			case p.Max > 1:
				parts[i] += ", …"
			}
		}
		all = append(all, s.Name+"("+strings.Join(parts, ", ")+")")
	}
	return strings.Join(all, " or ")
}

func kindNames(kind string) string {
	if n, ok := map[string]string{"strdyn": "string or dynamic", "strarr": "string or array", "intarr": "integer or array", "num": "number", "notdyn": "scalar", "plain": "scalar that is not dynamic", "commondyn": "scalar", "common": "scalar",
		"p0": "same as first", "summable": "number, timespan or datetime", "orderable": "scalar", "commonord": "scalar"}[kind]; ok {
		return n
	}
	return kind
}
