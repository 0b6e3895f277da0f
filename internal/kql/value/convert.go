package value

import (
	"math"
	"strconv"
	"strings"
)

// FormatReal prints a real as Kusto does: shortest digits, always with a fraction or an
// exponent; NaN, Infinity and -Infinity by name.
func FormatReal(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	a := math.Abs(f)
	if a != 0 && (a < 1e-6 || a >= 1e16) {
		s := strconv.FormatFloat(f, 'e', -1, 64)
		return s
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// Text gives v as tostring does; null is the empty string.
func Text(v Value) string {
	if v.Null {
		return ""
	}
	switch v.T {
	case Bool:
		if v.I != 0 {
			return "True"
		}
		return "False"
	case Int, Long:
		return strconv.FormatInt(v.I, 10)
	case Real:
		return RealText(v.F)
	case Decimal:
		return v.Dec().String()
	case DateTime:
		return FormatDateTime(v.I)
	case TimeSpan:
		return FormatTimeSpan(v.I)
	case String:
		return v.S
	case GUID:
		return v.UUID().String()
	}
	return dynamicText(v.X)
}

func dynamicText(x any) string {
	switch x := x.(type) {
	case nil:
		return ""
	case string:
		return x
	case bool:
		if x {
			return "true"
		}
		return "false"
	case []any, *Bag:
		return string(AppendJSON(nil, x))
	}
	return Text(FromDynamic(x))
}

// Convert gives v as type t the way Kusto's to*() functions do: what cannot be read is null.
func Convert(v Value, t Type) Value {
	if v.T == t {
		return v
	}
	if t == Dynamic {
		return OfDynamic(v.AsDynamic())
	}
	if t == String {
		return OfString(Text(v))
	}
	if v.Null {
		return NullOf(t)
	}
	if v.T == Dynamic {
		switch v.X.(type) {
		case []any, *Bag:
			return NullOf(t)
		}
		return Convert(FromDynamic(v.X), t)
	}
	if c := converters[t]; c != nil {
		return c(v)
	}
	return NullOf(t)
}

var converters = map[Type]func(Value) Value{
	Bool: toBool, Int: toInt, Long: toLong, Real: toReal, Decimal: toDecimal, DateTime: toDateTime, TimeSpan: toTimeSpan, GUID: toGUID,
}

func toBool(v Value) Value {
	switch v.T {
	case Int, Long:
		return OfBool(v.I != 0)
	case Real:
		return OfBool(v.F != 0)
	case Decimal:
		return OfBool(v.Dec().Sign() != 0)
	case String:
		switch strings.ToLower(v.S) {
		case "true":
			return OfBool(true)
		case "false":
			return OfBool(false)
		}
		if n, ok := ParseLong(v.S); ok {
			return OfBool(n != 0)
		}
	}
	return NullOf(Bool)
}

func toInt(v Value) Value {
	l := toLong(v)
	switch {
	case l.Null:
		return NullOf(Int)
	case v.T == Long || v.T == TimeSpan || v.T == DateTime:
		return OfInt(int64(int32(l.I))) // Kusto keeps the lower half
	case v.T == Real:
		return OfInt(max(min(l.I, math.MaxInt32), math.MinInt32))
	case l.I > math.MaxInt32 || l.I < math.MinInt32:
		return NullOf(Int)
	}
	return OfInt(l.I)
}

func toLong(v Value) Value {
	switch v.T {
	case Bool, Int, Long, DateTime, TimeSpan:
		return OfLong(v.I)
	case Real:
		switch {
		case math.IsNaN(v.F) || math.IsInf(v.F, 0):
			return NullOf(Long)
		case v.F >= 9223372036854775808:
			return OfLong(math.MaxInt64)
		case v.F < -9223372036854775808:
			return OfLong(math.MinInt64)
		}
		return OfLong(int64(v.F))
	case Decimal:
		if n, ok := v.Dec().Int(); ok {
			return OfLong(n)
		}
	case String:
		if n, ok := ParseLong(v.S); ok {
			return OfLong(n)
		}
	}
	return NullOf(Long)
}

// ParseLong reads an integer from text: decimal, 0x hexadecimal, or a real that is cut.
func ParseLong(s string) (int64, bool) {
	s = strings.TrimSpace(s)
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, true
	}
	if len(s) > 2 && (s[:2] == "0x" || s[:2] == "0X") {
		n, err := strconv.ParseUint(s[2:], 16, 64)
		return int64(n), err == nil
	}
	return 0, false
}

func toReal(v Value) Value {
	switch v.T {
	case Bool, Int, Long, DateTime, TimeSpan:
		return OfReal(float64(v.I))
	case Decimal:
		return OfReal(v.Dec().Float())
	case String:
		if f, ok := ParseReal(v.S); ok {
			return OfReal(f)
		}
	}
	return NullOf(Real)
}

// ParseReal reads a real from text; what is beyond the range is infinite.
func ParseReal(s string) (float64, bool) {
	s = strings.TrimSpace(s)
	switch strings.ToLower(s) {
	case "nan":
		return math.NaN(), true
	case "inf", "+inf", "infinity", "+infinity":
		return math.Inf(1), true
	case "-inf", "-infinity":
		return math.Inf(-1), true
	}
	if strings.ContainsAny(s, "xXpP_nNiI") {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(f, 0) {
		return 0, false
	}
	return f, true
}

func toDecimal(v Value) Value {
	switch v.T {
	case Bool, Int, Long, DateTime, TimeSpan:
		return OfDec(DecOf(v.I))
	case Real:
		if d, ok := DecOfReal(v.F); ok {
			return OfDec(d)
		}
	case String:
		if d, ok := ParseDec(v.S); ok {
			return OfDec(d)
		}
	}
	return NullOf(Decimal)
}

func toDateTime(v Value) Value {
	switch v.T {
	case Int, Long:
		return OfDateTime(v.I)
	case Real:
		if l := toLong(v); !l.Null {
			return OfDateTime(l.I)
		}
	case String:
		if t, ok := ParseDateTime(v.S); ok {
			return OfDateTime(t)
		}
	}
	return NullOf(DateTime)
}

func toTimeSpan(v Value) Value {
	switch v.T {
	case Int, Long:
		return OfTimeSpan(v.I)
	case Real:
		if math.Abs(v.F) < 10675199 {
			return OfTimeSpan(int64(v.F * float64(Day)))
		}
	case String:
		if t, ok := ParseTimeSpan(v.S); ok {
			return OfTimeSpan(t)
		}
	}
	return NullOf(TimeSpan)
}

func toGUID(v Value) Value {
	if v.T == String {
		if u, ok := ParseUUID(v.S); ok {
			return OfGUID(u)
		}
	}
	return NullOf(GUID)
}

// Compare orders two values of one type, or two numbers of any types: negative, zero or
// positive. Nulls come first, then NaN. Dynamics compare by kind, then content.
func Compare(a, b Value) int {
	if a.Null || b.Null {
		switch {
		case a.Null && b.Null:
			return 0
		case a.Null:
			return -1
		}
		return 1
	}
	if a.T == b.T {
		return compareSame(a, b)
	}
	if a.T.IsNumeric() && b.T.IsNumeric() {
		return compareNumbers(a, b)
	}
	return int(a.T) - int(b.T)
}

func compareSame(a, b Value) int {
	switch a.T {
	case Real:
		return CompareReal(a.F, b.F)
	case Decimal:
		return a.Dec().Cmp(b.Dec())
	case String:
		return strings.Compare(a.S, b.S)
	case GUID:
		return strings.Compare(a.UUID().String(), b.UUID().String())
	case Dynamic:
		return compareDynamic(a.X, b.X)
	}
	switch {
	case a.I < b.I:
		return -1
	case a.I > b.I:
		return 1
	}
	return 0
}

// CompareReal orders reals with NaN before all others.
func CompareReal(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	case a == b:
		return 0
	case a != a && b != b:
		return 0
	case a != a:
		return -1
	}
	return 1
}

func compareNumbers(a, b Value) int {
	if a.T.IsInteger() && b.T.IsInteger() {
		a.T, b.T = Long, Long
		return compareSame(a, b)
	}
	if a.T == Real || b.T == Real {
		return CompareReal(toReal2(a), toReal2(b))
	}
	return toDecimal2(a).Cmp(toDecimal2(b))
}

func toReal2(v Value) float64 {
	if v.T == Real {
		return v.F
	}
	return toReal(v).F
}

func toDecimal2(v Value) Dec {
	if v.T == Decimal {
		return v.Dec()
	}
	return toDecimal(v).Dec()
}

func compareDynamic(x, y any) int {
	a, b := FromDynamic(x), FromDynamic(y)
	if a.T == Dynamic && b.T == Dynamic {
		return strings.Compare(dynamicText(x), dynamicText(y))
	}
	return Compare(a, b)
}

// BigFloor divides a by b toward minus infinity on decimals, for bin().
func BigFloor(a, b Dec) (Dec, bool) {
	q, ok := a.Quo(b)
	if !ok {
		return Dec{}, false
	}
	return q.Floor().Mul(b), true
}
