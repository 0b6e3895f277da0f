package sig

import (
	"strings"

	"github.com/azptu/azptu/internal/kql/value"
)

// spread lays the overload's parameters out over n arguments.
// tail is how many arguments stand behind the repeated ones.
func (o Overload) spread(n, tail int) ([]Param, bool) {
	from, to := -1, -1
	required := 0
	for i, p := range o.Params {
		if p.Max > 1 {
			if from < 0 {
				from = i
			}
			to = i + 1
		}
		required += p.Min
	}
	if from < 0 {
		return o.Params[:min(n, len(o.Params))], n >= required && n <= len(o.Params)
	}
	group := o.Params[from:to]
	reps := n - from - tail
	if reps < group[0].Min*len(group) || reps > group[0].Max*len(group) || reps%len(group) != 0 {
		return nil, false
	}
	out := append([]Param(nil), o.Params[:from]...)
	for i := range reps {
		out = append(out, group[i%len(group)])
	}
	return append(out, o.Params[to:]...)[:n], true
}

// tails gives the numbers of arguments that may stand behind the repeated parameters.
func (o Overload) tails() (least, most int) {
	for i := len(o.Params) - 1; i >= 0 && o.Params[i].Max == 1; i-- {
		least += o.Params[i].Min
		most++
	}
	if most == len(o.Params) {
		return 0, 0
	}
	return least, most
}

func (o Overload) fit(args []Arg) (Match, bool) {
	least, most := o.tails()
	for tail := least; tail <= most; tail++ {
		if params, ok := o.spread(len(args), tail); ok {
			if m, ok := o.fitParams(params, args); ok {
				return m, true
			}
		}
	}
	return Match{}, false
}

func (o Overload) fitParams(params []Param, args []Arg) (Match, bool) {
	m := Match{Convert: make([]value.Type, len(args))}
	common := value.Unknown
	for i, p := range params {
		if strings.HasPrefix(p.Kind, "common") {
			common = Common(common, args[i].Type, p.Kind == "commondyn")
			if common == value.Unknown || p.Kind == "commonord" && !classes["orderable"](common) {
				return m, false
			}
		}
	}
	for i, p := range params {
		kind := p.Kind
		if p.Literal && !args[i].Const && args[i].TypeLiteral == value.Unknown {
			return m, false
		}
		to, score, ok := accept(kind, args[i], args, common)
		if !ok {
			return m, false
		}
		m.Convert[i] = to
		if m.score += score; score == lenient && to != value.String && m.dynamic == nil {
			m.dynamic = &params[i]
		}
	}
	m.Result = o.result(args, common)
	return m, true
}

// Common gives the type that two belong to, Unknown when there is none. Unknown with x is
// x. With dynamic allowed beside other types, those win.
func Common(a, b value.Type, mix bool) value.Type {
	switch {
	case a == value.Unknown || a == b:
		return b
	case b == value.Unknown:
		return a
	case a.IsNumeric() && b.IsNumeric():
		return max(a, b)
	case mix && a == value.Dynamic:
		return b
	case mix && b == value.Dynamic:
		return a
	}
	return value.Unknown
}

// classes says which types belong to a class of parameters.
var classes = map[string]func(t value.Type) bool{
	"integer":     value.Type.IsInteger,
	"num":         value.Type.IsNumeric,
	"realdec":     func(t value.Type) bool { return t == value.Real || t == value.Decimal },
	"strdyn":      func(t value.Type) bool { return t == value.String || t == value.Dynamic },
	"strarr":      func(t value.Type) bool { return t == value.String || t == value.Dynamic },
	"intarr":      func(t value.Type) bool { return t.IsInteger() || t == value.Dynamic },
	"array":       func(t value.Type) bool { return t == value.Dynamic },
	"bag":         func(t value.Type) bool { return t == value.Dynamic },
	"numbool":     func(t value.Type) bool { return t.IsNumeric() || t == value.Bool },
	"summable":    value.Type.IsSummable,
	"orderable":   func(t value.Type) bool { return t != value.Dynamic && t != value.GUID },
	"notrealbool": func(t value.Type) bool { return t != value.Real && t != value.Bool },
	"notdyn":      func(t value.Type) bool { return t != value.Dynamic },
	"plain":       func(t value.Type) bool { return t != value.Dynamic },
	"notbool":     func(t value.Type) bool { return t != value.Bool },
}

// listKinds are the classes that a dynamic fits only as an array.
var listKinds = map[string]bool{"array": true, "strarr": true, "intarr": true}

// lenient is the score of a dynamic argument that would have to be converted.
const lenient = 10

// converters says which function makes of a dynamic what a parameter takes. A string is
// made unasked.
var converters = map[string]string{
	"integer": "tolong", "num": "todouble", "realdec": "todouble", "numbool": "todouble", "summable": "tolong", "orderable": "tostring", "notdyn": "tostring",
	"bool": "tobool", "int": "toint", "long": "tolong", "real": "todouble", "decimal": "todecimal", "datetime": "todatetime", "timespan": "totimespan", "guid": "toguid",
}

// dynamicFor says what a dynamic becomes for a class that does not take one.
var dynamicFor = map[string]value.Type{"integer": value.Long, "num": value.Real, "realdec": value.Real, "numbool": value.Real, "summable": value.Real, "orderable": value.Unknown, "notdyn": value.Unknown}

func accept(kind string, a Arg, args []Arg, common value.Type) (to value.Type, score int, ok bool) {
	switch {
	case kind == "any" || kind == "scalar" || kind == "tabular":
		return value.Unknown, 0, true
	case kind == "type":
		return value.Unknown, 0, a.TypeLiteral != value.Unknown
	case strings.HasPrefix(kind, "common"):
		return common, 0, true
	case len(kind) == 2 && kind[0] == 'p':
		want := args[kind[1]-'0'].Type
		return want, 0, a.Type == want || promotes(a.Type, want)
	}
	if class := classes[kind]; class != nil {
		return acceptClass(kind, class, a)
	}
	return acceptType(kind, a)
}

func acceptClass(kind string, class func(value.Type) bool, a Arg) (to value.Type, score int, ok bool) {
	switch {
	case a.Kind == "dictionary" && listKinds[kind] || a.Kind == "array" && (kind == "bag" || kind == "strarr" && !a.Texts):
		return value.Unknown, 0, false
	case class(a.Type):
		return value.Unknown, 0, true
	case a.Type == value.Dynamic && a.Kind != "dictionary" && a.Kind != "array":
		to, ok = dynamicFor[kind]
		return to, lenient, ok
	}
	return value.Unknown, 0, false
}

func acceptType(kind string, a Arg) (value.Type, int, bool) {
	for name := range strings.SplitSeq(kind, "|") {
		want, _ := value.TypeByName(name)
		switch {
		case a.Type == want:
			return value.Unknown, 0, true
		case promotes(a.Type, want):
			return want, 1 + int(want) - int(a.Type), true
		case a.Type == value.Dynamic && a.Kind != "dictionary" && a.Kind != "array":
			return want, lenient, true
		}
	}
	return value.Unknown, 0, false
}

// promotes says whether Kusto converts from one type to a wider one unasked.
func promotes(from, to value.Type) bool {
	return from.IsNumeric() && to.IsNumeric() && from < to || from == value.Long && to == value.Int
}

func (o Overload) result(args []Arg, common value.Type) value.Type {
	switch r := o.Result; r {
	case "p0", "p1", "p2":
		return args[min(int(r[1]-'0'), len(args)-1)].Type
	case "pN":
		return args[len(args)-1].Type
	case "lit0", "lit1", "litN":
		return args[len(args)-1].TypeLiteral
	case "p0promoted":
		if args[0].Type == value.Int {
			return value.Long
		}
		return args[0].Type
	case "p0array", "p0dynamic":
		return value.Dynamic
	case "common", "commonnondyn":
		return common
	case "widest":
		w := value.Long
		for _, a := range args {
			if a.Type.IsNumeric() {
				w = max(w, a.Type)
			}
		}
		return w
	default:
		t, _ := value.TypeByName(r)
		return t
	}
}
