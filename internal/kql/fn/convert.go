package fn

import (
	"unicode/utf8"

	"github.com/azptu/azptu/internal/kql/value"
)

var convertFuncs = func() group {
	return group{
		"tobool":     converter(value.Bool),
		"toint":      converter(value.Int),
		"tolong":     converter(value.Long),
		"todouble":   converter(value.Real),
		"todecimal":  converter(value.Decimal),
		"todatetime": converter(value.DateTime),
		"totimespan": converter(value.TimeSpan),
		"toguid":     converter(value.GUID),
		"tostring":   {Row: func(_ *Context, a []value.Value) value.Value { return value.OfString(text(a[0])) }, Nulls: true, Vec: vecConvert(value.String)},
		"gettype":    {Row: gettype, Nulls: true},
		"parse_json": {Row: parseJSON, Vec: vecParseJSON},
		"dynamic_to_json": {Nulls: true, Row: func(_ *Context, a []value.Value) value.Value {
			return value.OfString(sortedJSON(a[0].AsDynamic()))
		}},
		"isascii": {Row: func(_ *Context, a []value.Value) value.Value {
			for _, c := range []byte(text(a[0])) {
				if c >= utf8.RuneSelf {
					return value.OfBool(false)
				}
			}
			return value.OfBool(true)
		}},
		"isutf8": {Row: func(_ *Context, a []value.Value) value.Value { return value.OfBool(utf8.ValidString(text(a[0]))) }},
	}
}

// Converter finds the function that converts to a type.
func Converter(t value.Type) *Func {
	return Lookup(map[value.Type]string{
		value.Bool: "tobool", value.Int: "toint", value.Long: "tolong", value.Real: "todouble", value.Decimal: "todecimal", value.DateTime: "todatetime",
		value.TimeSpan: "totimespan", value.GUID: "toguid", value.String: "tostring", value.Dynamic: "todynamic*",
	}[t])
}

func converter(t value.Type) Func {
	return Func{Row: func(_ *Context, a []value.Value) value.Value { return value.Convert(a[0], t) }, Vec: vecConvert(t)}
}

// vecConvert does the conversions that logs need often without boxing values.
func vecConvert(t value.Type) Vec {
	return func(_ *Context, a []*value.Vector, n int) *value.Vector {
		v := a[0]
		switch {
		case v.Type == t:
			return v
		case v.Const:
			return nil
		case v.Type == value.Dynamic && v.Raw && v.Valid:
			return ConvertRaw(v, t)
		case v.Type.IsInteger() && t == value.Decimal:
			out := make([]value.Dec, n)
			for i := range out {
				out[i].Coef = v.I64[i]
			}
			return &value.Vector{Type: t, Len: n, Dec: out, Nulls: v.Nulls}
		case v.Type.IsInteger() && t == value.Real:
			out := make([]float64, n)
			for i := range out {
				out[i] = float64(v.I64[i])
			}
			return &value.Vector{Type: t, Len: n, F64: out, Nulls: v.Nulls}
		case v.Type == value.Int && t == value.Long:
			w := *v
			w.Type = t
			return &w
		}
		return nil
	}
}

// ConvertRaw converts well-formed JSON texts to a scalar type, looking only at each text's
// first character to know what it is. Nil when the type needs the general way.
func ConvertRaw(v *value.Vector, t value.Type) *value.Vector {
	if v.Codes != nil || v.Const || t == value.Dynamic {
		return nil
	}
	switch t {
	case value.String:
		out := make([]string, v.Len)
		for i, s := range v.Str {
			if n := len(s); n >= 2 && s[0] == '"' && !hasBackslash(s) {
				out[i] = s[1 : n-1]
			} else if s != "" {
				out[i] = value.Text(rawScalar(s))
			}
		}
		return value.StringsOf(out)
	case value.Long, value.Decimal:
		if w := rawInts(v.Str, t); w != nil {
			return w
		}
	}
	b := value.NewBuilder(t, v.Len)
	for _, s := range v.Str {
		b.Append(value.Convert(rawScalar(s), t))
	}
	return b.Finish()
}

// rawInts reads texts that are all small integers or null; nil when one is not.
func rawInts(texts []string, t value.Type) *value.Vector {
	w := &value.Vector{Type: t, Len: len(texts)}
	if t == value.Long {
		w.I64 = make([]int64, len(texts))
	} else {
		w.Dec = make([]value.Dec, len(texts))
	}
	for i, s := range texts {
		if s == "" || s == "null" {
			if w.Nulls == nil {
				w.Nulls = value.NewBitmap(len(texts))
			}
			w.Nulls.Set(i)
			continue
		}
		n, ok := smallInt(s)
		if !ok || len(s) > 17 {
			return nil
		}
		if t == value.Long {
			w.I64[i] = n
		} else {
			w.Dec[i].Coef = n
		}
	}
	return w
}

// rawScalar reads JSON text as a value; arrays and bags stay dynamic.
func rawScalar(s string) value.Value {
	if s == "" || s == "null" {
		return value.NullOf(value.Dynamic)
	}
	switch c := s[0]; {
	case c == '"':
		if body := s[1 : len(s)-1]; !hasBackslash(body) {
			return value.OfString(body)
		}
	case c >= '0' && c <= '9' && len(s) < 18:
		if n, ok := smallInt(s); ok {
			return value.OfLong(n)
		}
	}
	return value.FromDynamic(value.ParseJSONOrText(s))
}

func smallInt(s string) (n int64, ok bool) {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int64(s[i]-'0')
	}
	return n, true
}

func hasBackslash(s string) bool {
	for i := range len(s) {
		if s[i] == '\\' {
			return true
		}
	}
	return false
}

func gettype(_ *Context, a []value.Value) value.Value {
	if a[0].T == value.Dynamic {
		return value.OfString(value.KindOf(a[0].X))
	}
	return value.OfString(a[0].T.String())
}

func parseJSON(_ *Context, a []value.Value) value.Value {
	switch x := a[0].X.(type) {
	case string:
		return dyn(value.ParseJSONOrText(x))
	case nil:
		if a[0].T == value.String {
			return dyn(value.ParseJSONOrText(a[0].S))
		}
	}
	return dyn(a[0].AsDynamic())
}

// vecParseJSON leaves the text as it is until somebody looks inside.
func vecParseJSON(_ *Context, a []*value.Vector, _ int) *value.Vector {
	v := a[0]
	if v.Type != value.String || v.Const {
		return nil
	}
	w := *v
	w.Type, w.Raw = value.Dynamic, true
	return &w
}

func sortedJSON(x any) string {
	return string(value.AppendJSON(nil, sorted(x)))
}

func sorted(x any) any {
	switch x := x.(type) {
	case []any:
		out := make([]any, len(x))
		for i, e := range x {
			out[i] = sorted(e)
		}
		return out
	case *value.Bag:
		out := &value.Bag{}
		for _, i := range x.Sorted() {
			out.Set(x.Keys[i], sorted(x.Vals[i]))
		}
		return out
	}
	return x
}
