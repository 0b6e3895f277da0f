// Package fn computes Kusto's scalar functions. Most are written for one row at a time
// over value.Value; those that logs lean on also have a form over whole vectors. What a
// function takes and gives is the business of package sig: arguments arrive here converted.
package fn

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"sync"

	"github.com/azptu/azptu/internal/kql/value"
)

// Context is what functions may know of the query that runs them. It is safe for use by
// several goroutines.
type Context struct {
	// Now is the query's one moment, in ticks.
	Now int64
	// Random gives numbers from 0 up to 1 for rand() and new_guid(). It must be safe for
	// concurrent use.
	Random func() float64
	// Canceled says that the query is to end; it may be nil.
	Canceled func() error

	mu      sync.Mutex
	regexes map[string]*regexp.Regexp
	err     error
}

// maxRegexes bounds the patterns that are kept compiled.
const maxRegexes = 1000

// Regexp compiles a pattern once; nil when it is not a regular expression.
func (c *Context) Regexp(pattern string) *regexp.Regexp {
	c.mu.Lock()
	defer c.mu.Unlock()
	if re, ok := c.regexes[pattern]; ok {
		return re
	}
	re, err := regexp.Compile(GoRegexp(pattern))
	if err != nil {
		re = nil
		c.fail(fmt.Errorf("regular expression %q: %w", pattern, err))
	}
	if c.regexes == nil || len(c.regexes) > maxRegexes {
		c.regexes = make(map[string]*regexp.Regexp)
	}
	c.regexes[pattern] = re
	return re
}

func (c *Context) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

// Fail notes that the query cannot go on; the first error counts.
func (c *Context) Fail(err error) {
	c.mu.Lock()
	c.fail(err)
	c.mu.Unlock()
}

// Err gives the error noted by Fail.
func (c *Context) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Row computes one row.
type Row func(c *Context, a []value.Value) value.Value

// Vec computes n rows at once; nil says that these vectors need the row form.
type Vec func(c *Context, a []*value.Vector, n int) *value.Vector

// Func is a scalar function.
type Func struct {
	Name string
	Row  Row
	Vec  Vec
	// Nulls says that Row wants to see null arguments; otherwise one null gives null.
	Nulls bool
	// Volatile says that equal arguments may give different results.
	Volatile bool
	// Columns names what a function that gives several columns gives; Row then returns an
	// array with one member for each. n is the number of arguments.
	Columns func(n int) []Output
}

// Output is a column of a function that gives several.
type Output struct {
	Name string
	Type value.Type
}

type group map[string]Func

// registry holds all functions by name. It is made when a query first asks for
// one: most commands never do.
var registry = sync.OnceValue(func() map[string]*Func {
	return collect(operatorFuncs(), conditionFuncs(), convertFuncs(), mathFuncs(), specialFuncs(), stringFuncs(), regexFuncs(), encodingFuncs(), parseFuncs(), datetimeFuncs(), arrayFuncs(), setFuncs(), bagFuncs(), ipFuncs(), hashFuncs(), seriesFuncs(), fitFuncs(), decomposeFuncs(), unitFuncs(), sketchFuncs(), geoFuncs(), geohashFuncs(), geoShapeFuncs(), s2Funcs(), h3Funcs(), shapeSetFuncs(), transformFuncs())
})

func collect(groups ...group) map[string]*Func {
	all := make(map[string]*Func)
	for _, g := range groups {
		for name, f := range g {
			f.Name = name
			all[name] = &f
		}
	}
	addMatchers(all)
	for alias, name := range aliases {
		f := *all[name]
		f.Name = alias
		all[alias] = &f
	}
	return all
}

var aliases = map[string]string{
	"iif": "iff", "notnull": "isnotnull", "notempty": "isnotempty", "floor": "bin", "toboolean": "tobool", "toreal": "todouble", "totime": "totimespan",
	"todynamic": "parse_json", "parsejson": "parse_json", "toobject": "parse_json", "to_utf8": "unicode_codepoints_from_string", "make_string": "unicode_codepoints_to_string", "datepart": "datetime_part",
	"array_iif": "array_iff", "arraylength": "array_length", "pack": "bag_pack", "pack_dictionary": "bag_pack", "array_strcat": "strcat_array",
	"extractjson": "extract_json", "extractall": "extract_all", "replace": "replace_regex", "parseurl": "parse_url", "parseurlquery": "parse_urlquery",
	"base64_decodestring": "base64_decode_tostring", "base64_encodestring": "base64_encode_tostring", "merge_tdigest": "tdigest_merge",
}

// Lookup finds a function; nil when there is none of that name.
func Lookup(name string) *Func { return registry()[name] }

// Names lists the functions, sorted, without the operators.
func Names() []string {
	names, operators := slices.Sorted(maps.Keys(registry())), operatorFuncs()
	return slices.DeleteFunc(names, func(n string) bool { return n[0] < 'a' || n[0] > 'z' || operators[n].Row != nil })
}

// Apply computes n rows of a function over vectors. typ is the type of the result.
func (f *Func) Apply(c *Context, a []*value.Vector, n int, typ value.Type) *value.Vector {
	if f.Vec != nil {
		if v := f.Vec(c, a, n); v != nil {
			return v
		}
	}
	if v := f.overDictionary(c, a, n, typ); v != nil {
		return v
	}
	if f.allConst(a) {
		return value.ConstOf(f.one(c, a, 0, typ, make([]value.Value, len(a))), n)
	}
	b := value.NewBuilder(typ, n)
	row := make([]value.Value, len(a))
	size := 0
	for i := range n {
		v := f.one(c, a, i, typ, row)
		b.Append(v)
		if size += sizeOf(v); size > maxBatchBytes || i&255 == 255 && c.canceled() {
			c.Fail(errTooMuch)
			break
		}
	}
	for b.Len() < n {
		b.AppendNull()
	}
	return b.Finish()
}

// maxBatchBytes bounds the values that one function may make for one batch of rows.
const maxBatchBytes = 256 << 20

var errTooMuch = errors.New("a function made more than 256 MB of values at once")

// sizeOf estimates what a large value takes: texts, arrays with the arrays in them, and
// shapes.
func sizeOf(v value.Value) int {
	switch x := v.X.(type) {
	case []any:
		return sizeOfList(x)
	case *value.Bag:
		if l, ok := x.Get("coordinates").([]any); ok {
			return sizeOfList(l)
		}
	}
	return len(v.S)
}

// sizeOfList takes all members to be like the first.
func sizeOfList(l []any) int {
	n := 24 * len(l)
	if len(l) == 0 {
		return n
	}
	switch first := l[0].(type) {
	case string:
		n += (16 + len(first)) * len(l)
	case []any:
		for _, x := range l {
			if inner, ok := x.([]any); ok {
				n += sizeOfList(inner)
			}
		}
	}
	return n
}

// canceled notes that the query is to end.
func (c *Context) canceled() bool {
	if c.Canceled == nil {
		return false
	}
	err := c.Canceled()
	if err != nil {
		c.Fail(err)
	}
	return err != nil
}

func (f *Func) allConst(a []*value.Vector) bool {
	for _, v := range a {
		if !v.Const {
			return false
		}
	}
	return !f.Volatile
}

func (f *Func) one(c *Context, a []*value.Vector, i int, typ value.Type, row []value.Value) value.Value {
	for j, v := range a {
		row[j] = v.Value(i)
	}
	return f.Call(c, row, typ)
}

// Call computes one row and makes the result of type typ.
func (f *Func) Call(c *Context, row []value.Value, typ value.Type) value.Value {
	if !f.Nulls {
		for _, v := range row {
			if v.Null {
				return value.NullOf(typ)
			}
		}
	}
	r := f.Row(c, row)
	if r.T != typ {
		if r.Null {
			return value.NullOf(typ)
		}
		r = value.Convert(r, typ)
	}
	return r
}

// overDictionary computes a function of one dictionary-coded column, all other arguments
// being constant, once for each word of the dictionary.
func (f *Func) overDictionary(c *Context, a []*value.Vector, n int, typ value.Type) *value.Vector {
	coded := -1
	for i, v := range a {
		if v.Const {
			continue
		}
		if coded >= 0 || !v.Coded() || f.Volatile {
			return nil
		}
		coded = i
	}
	if coded < 0 {
		return nil
	}
	v := a[coded]
	dict, _ := v.Dictionary()
	if dict.Len > n {
		return nil
	}
	b := value.NewBuilder(typ, dict.Len)
	row := make([]value.Value, len(a))
	for j := range a {
		if j != coded {
			row[j] = a[j].Value(0)
		}
	}
	for i := range dict.Len {
		row[coded] = dict.Value(i)
		b.Append(f.Call(c, row, typ))
	}
	return value.CodedOf(b.Finish(), v.Codes).Flat()
}

// Shorthands for the functions' own use.

func null(t value.Type) value.Value { return value.NullOf(t) }

func text(v value.Value) string { return value.Text(v) }

func list(v value.Value) ([]any, bool) {
	a, ok := v.X.([]any)
	return a, ok
}

func bag(v value.Value) (*value.Bag, bool) {
	b, ok := v.X.(*value.Bag)
	return b, ok
}

func dyn(x any) value.Value { return value.OfDynamic(x) }

// arg gives argument i, or the fallback when it was not given or is null.
func arg(a []value.Value, i int, fallback value.Value) value.Value {
	if i >= len(a) || a[i].Null {
		return fallback
	}
	return a[i]
}

func number(x any) (float64, bool) {
	switch n := x.(type) {
	case int64:
		return float64(n), true
	case float64:
		return n, true
	case value.Dec:
		return n.Float(), true
	case value.Span:
		return float64(n), true
	case value.Ticks:
		return float64(n), true
	case bool:
		if n {
			return 1, true
		}
		return 0, true
	}
	return 0, false
}
