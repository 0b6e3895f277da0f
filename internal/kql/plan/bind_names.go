package plan

import (
	"strconv"
	"strings"

	"github.com/azptu/azptu/internal/kql/ast"
	"github.com/azptu/azptu/internal/kql/sig"
	"github.com/azptu/azptu/internal/kql/value"
)

// nameOf gives the name Kusto would give a column made by an expression, "" for none.
func nameOf(x ast.Expr) string {
	switch x := x.(type) {
	case *ast.Ident:
		return x.Name
	case *ast.Named:
		return x.Names[0]
	case *ast.Member:
		if id, ok := x.X.(*ast.Ident); ok && strings.HasPrefix(id.Name, "$") {
			return x.Name
		}
		if base := nameOf(x.X); base != "" {
			return base + "_" + x.Name
		}
	case *ast.Index:
		base := nameOf(x.X)
		if lit, ok := x.I.(*ast.Literal); ok && base != "" {
			return base + "_" + value.Text(lit.V)
		}
	case *ast.Call:
		s := sig.Scalar(x.Name)
		if s == nil {
			s = sig.Aggregate(x.Name)
		}
		return callName(x, s)
	}
	return ""
}

func callName(c *ast.Call, s *sig.Symbol) string {
	if s == nil {
		return ""
	}
	first := ""
	if len(c.Args) > 0 {
		first = nameOf(c.Args[0])
	}
	if strings.HasPrefix(c.Name, "array_sort_") {
		return nameOr(first, "array0") + "_sorted"
	}
	if c.Name == "ingestion_time" {
		return "$IngestionTime"
	}
	switch s.Naming {
	case "arg1":
		return first
	case "onlyarg":
		if len(c.Args) == 1 {
			return first
		}
	case "firstcol":
		if lit, ok := c.Args[0].(*ast.Literal); ok {
			return lit.V.S
		}
	case "name1", "nameonly1":
		return c.Name + "_" + first
	case "pre1", "preonly1":
		return s.Prefix + "_" + first
	case "pre":
		return s.Prefix
	}
	return ""
}

// aggName gives the name of an aggregate's column that has none, by the aggregate.
func aggName(c *ast.Call, i int, args []Expr, cols []Col) string {
	name := c.Name
	switch name {
	case "arg_max", "arg_min":
		if n := argName(c, i, args, cols); n != "" {
			return n
		}
		name = strings.TrimPrefix(name, "arg_") + "_"
		if i > 0 {
			name += argName(c, 0, args, cols) + "_arg" + strconv.Itoa(i)
		}
		return name
	case "argmax", "argmin": // the old names of arg_max and arg_min
		name = strings.TrimPrefix(name, "arg") + "_" + argName(c, 0, args, cols)
		if i > 0 {
			name += "_" + nameOr(argName(c, i, args, cols), "arg"+strconv.Itoa(i))
		}
		return name
	case "take_any", "take_anyif", "any", "anyif":
		return anyName(name, argName(c, i, args, cols), i, len(args))
	case "percentile", "percentiles", "percentilew", "percentilesw":
		first := 1
		if strings.HasSuffix(name, "w") {
			first = 2
		}
		p := ""
		if k, ok := args[first+i].(Const); ok {
			p = strings.ReplaceAll(strings.TrimSuffix(value.Text(k.V), ".0"), ".", "_")
		}
		return "percentile_" + nameOf(c.Args[0]) + "_" + p
	case "percentiles_array", "percentilesw_array":
		return "percentiles_" + nameOf(c.Args[0])
	}
	return callName(c, sig.Aggregate(c.Name))
}

// anyName names a column of take_any, any and their conditional forms after the argument.
func anyName(name, n string, i, args int) string {
	switch {
	case name == "anyif" || name == "any" && args == 1:
		return name + "_" + n
	case name == "take_anyif":
		return n
	case n == "":
		return "any_arg" + strconv.Itoa(i)
	case name == "any":
		return "any_" + n
	}
	return n
}

// argName names an argument of an aggregate; those that * stands for are columns.
func argName(c *ast.Call, i int, args []Expr, cols []Col) string {
	if ref, ok := args[i].(Ref); ok {
		return colName(ref.ID, cols)
	}
	if i < len(c.Args) {
		return nameOf(c.Args[i])
	}
	return ""
}

func colName(id int, cols []Col) string {
	for _, c := range cols {
		if c.ID == id {
			return c.Name
		}
	}
	return ""
}

// namer hands out names that are not yet taken.
type namer struct {
	taken map[string]bool
	// avoid are columns of the input: they may be named again, but not by chance.
	avoid map[string]bool
	n     int
}

// avoiding makes a namer for columns that take the place of others.
func avoiding(cols []Col) *namer {
	n := newNamer(nil)
	n.avoid = newNamer(cols).taken
	return n
}

func newNamer(cols []Col) *namer {
	n := &namer{taken: map[string]bool{}}
	for _, c := range cols {
		n.taken[c.Name] = true
	}
	return n
}

// fresh gives Column1, Column2, … for an expression without a name.
func (n *namer) fresh() string {
	for {
		n.n++
		name := "Column" + strconv.Itoa(n.n)
		if !n.taken[name] && !n.avoid[name] {
			n.taken[name] = true
			return name
		}
	}
}

// unique gives the name, or the name with the first free number behind it.
func (n *namer) unique(name string) string {
	if !n.taken[name] {
		n.taken[name] = true
		return name
	}
	for i := 1; ; i++ {
		if s := name + strconv.Itoa(i); !n.taken[s] {
			n.taken[s] = true
			return s
		}
	}
}
