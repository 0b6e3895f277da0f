// Package agg computes Kusto's aggregates. An aggregate keeps its running state for all
// groups side by side, takes whole vectors with the group of each row, can be merged with
// one that ran over other rows, and ends as columns with one row for each group.
package agg

import (
	"maps"
	"slices"

	"github.com/azptu/azptu/internal/kql/value"
)

// Aggregator is the running state of one aggregate over any number of groups.
type Aggregator interface {
	// Resize makes room for n groups; groups never become fewer.
	Resize(n int)
	// Update takes n rows: groups[i] is the group of row i.
	Update(groups []uint32, args []*value.Vector, n int)
	// Merge takes over the state of an aggregator of the same making; to maps its groups.
	Merge(other Aggregator, to []uint32)
	// Results gives the columns, one row for each group.
	Results() []*value.Vector
}

// Spec says which aggregate to make.
type Spec struct {
	Name string
	// Args are the types of the arguments, after conversion.
	Args []value.Type
	// Consts holds the arguments that are constants; the others are null of type Unknown.
	Consts []value.Value
	// Result is the type of the first column.
	Result value.Type
	// Bytes, when set, is told of memory that grows with the rows; it returns an error's
	// worth of false when the query may take no more.
	Bytes func(n int64)
}

// maker makes an aggregator.
type maker func(s Spec) Aggregator

// makers holds all aggregates. Those whose name ends in if take a condition as second
// argument (see conditional).
var makers = map[string]maker{
	"count": newCount, "sum": newSum, "avg": newAvg, "min": newExtreme, "max": newExtreme,
	"dcount": newDCount, "count_distinct": newDCount, "hll": newDCount, "hll_merge": rowwise(newHLLMerge),
	"make_list": rowwise(newList), "makelist": rowwise(newList), "make_list_with_nulls": rowwise(newList), "make_set": rowwise(newSet), "makeset": rowwise(newSet),
	"make_bag": rowwise(newBag), "make_dictionary": rowwise(newBag), "buildschema": rowwise(newSchema),
	"stdev": newVariance, "stdevp": newVariance, "variance": newVariance, "variancep": newVariance, "covariance": newCovariance, "covariancep": newCovariance,
	"percentile": newPercentile, "percentiles": newPercentile, "percentiles_array": newPercentile, "percentilew": newPercentile, "percentilesw": newPercentile, "percentilesw_array": newPercentile,
	"tdigest": rowwise(newDigest), "tdigest_merge": rowwise(newDigestMerge), "merge_tdigest": rowwise(newDigestMerge),
	"arg_max": rowwise(newArg), "arg_min": rowwise(newArg), "argmax": rowwise(newArg), "argmin": rowwise(newArg), "take_any": rowwise(newAny), "any": rowwise(newAny),
	"binary_all_and": rowwise(newBits), "binary_all_or": rowwise(newBits), "binary_all_xor": rowwise(newBits),
}

// conditional maps the names that take a condition to the plain ones.
var conditional = map[string]string{
	"countif": "count", "sumif": "sum", "avgif": "avg", "minif": "min", "maxif": "max", "dcountif": "dcount", "count_distinctif": "count_distinct", "hll_if": "hll",
	"make_list_if": "make_list", "make_set_if": "make_set", "make_bag_if": "make_bag", "stdevif": "stdev", "varianceif": "variance", "variancepif": "variancep",
	"covarianceif": "covariance", "covariancepif": "covariancep", "take_anyif": "take_any", "anyif": "any",
}

// Known says whether there is an aggregate of that name.
func Known(name string) bool { return makers[name] != nil || conditional[name] != "" }

// Names lists the aggregates, sorted.
func Names() []string {
	all := append(slices.Collect(maps.Keys(makers)), slices.Collect(maps.Keys(conditional))...)
	slices.Sort(all)
	return all
}

// TakesCodes says whether an aggregate reads coded vectors of any type.
func TakesCodes(a Aggregator) bool {
	switch a.(type) {
	case *sum, *avg, *sharedMean, *count, *rows:
		return true
	}
	return false
}

// OrderMatters says whether the result depends on the order of the rows.
func OrderMatters(name string) bool {
	if c := conditional[name]; c != "" {
		name = c
	}
	switch name {
	case "make_list", "makelist", "make_list_with_nulls", "make_set", "makeset", "make_bag", "make_dictionary", "take_any", "any", "arg_max", "arg_min", "argmax", "argmin", "tdigest":
		return true
	}
	return false
}

// New makes an aggregator; the binder has checked the name.
func New(s Spec) Aggregator {
	plain := conditional[s.Name]
	if plain == "" {
		return makers[s.Name](s)
	}
	at := condAt(plain, len(s.Args))
	inner := s
	inner.Name = plain
	inner.Args = slices.Delete(slices.Clone(s.Args), at, at+1)
	inner.Consts = slices.Delete(slices.Clone(s.Consts), at, at+1)
	return &filtered{inner: makers[plain](inner), at: at}
}

// condAt is the place of the condition among the arguments.
func condAt(plain string, n int) int {
	switch plain {
	case "count":
		return 0
	case "covariance", "covariancep":
		return 2
	}
	return min(1, n-1)
}

// filtered gives an aggregator only the rows whose condition holds.
type filtered struct {
	inner Aggregator
	at    int
}

func (f *filtered) Resize(n int) { f.inner.Resize(n) }

func (f *filtered) Update(groups []uint32, args []*value.Vector, n int) {
	cond := args[f.at]
	rest := slices.Delete(slices.Clone(args), f.at, f.at+1)
	m := cond.Mask()
	sel := make([]int32, 0, n)
	for i := range n {
		if cond.I64[i&m] != 0 && !cond.Nulls.Get(i&m) {
			sel = append(sel, int32(i))
		}
	}
	if len(sel) == 0 {
		return
	}
	kept := make([]uint32, len(sel))
	for i, r := range sel {
		kept[i] = groups[r]
	}
	for i, v := range rest {
		rest[i] = v.Take(sel)
	}
	f.inner.Update(kept, rest, len(sel))
}

func (f *filtered) Merge(o Aggregator, to []uint32) { f.inner.Merge(o.(*filtered).inner, to) }

func (f *filtered) Results() []*value.Vector { return f.inner.Results() }

// grow lengthens a slice to n with zero values.
func grow[T any](s []T, n int) []T {
	if n <= len(s) {
		return s
	}
	if n <= cap(s) {
		return s[:n]
	}
	t := make([]T, n, n+n/2)
	copy(t, s)
	return t
}
