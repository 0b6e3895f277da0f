// Package value holds what a Kusto query computes with: the ten scalar types, single values,
// typed column vectors with null bits and dictionary codes, dynamic (JSON) values that stay
// text until somebody looks inside, and the conversions between them exactly as Kusto
// prescribes (100 ns ticks, null numbers beside never-null strings, exact decimals).
package value

import "strings"

// Type is one of Kusto's scalar types.
type Type uint8

// The scalar types. Unknown is the type of an expression that could not be typed.
const (
	Unknown Type = iota
	Bool
	Int
	Long
	Real
	Decimal
	DateTime
	TimeSpan
	String
	GUID
	Dynamic
)

var typeNames = [...]string{"unknown", "bool", "int", "long", "real", "decimal", "datetime", "timespan", "string", "guid", "dynamic"}

// String gives the type's canonical Kusto name, such as "long".
func (t Type) String() string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return "unknown"
}

var typesByName = map[string]Type{
	"bool": Bool, "boolean": Bool, "int": Int, "int32": Int, "int8": Int, "int16": Int, "uint8": Int, "uint16": Int, "long": Long, "int64": Long, "uint32": Long, "uint64": Long,
	"real": Real, "double": Real, "float": Real, "decimal": Decimal, "datetime": DateTime, "date": DateTime,
	"timespan": TimeSpan, "time": TimeSpan, "string": String, "guid": GUID, "uniqueid": GUID, "uuid": GUID, "dynamic": Dynamic, "object": Dynamic,
}

// TypeByName finds a type by any of its Kusto names, aliases included.
func TypeByName(name string) (Type, bool) {
	t, ok := typesByName[strings.ToLower(name)]
	return t, ok
}

// IsInteger says whether t is int or long.
func (t Type) IsInteger() bool { return t == Int || t == Long }

// IsNumeric says whether t is int, long, real or decimal.
func (t Type) IsNumeric() bool { return t >= Int && t <= Decimal }

// IsSummable says whether values of t can be added up.
func (t Type) IsSummable() bool { return t >= Int && t <= TimeSpan }

// Ints says whether vectors of t keep their values in Vector.I64.
func (t Type) Ints() bool {
	return t == Bool || t == Int || t == Long || t == DateTime || t == TimeSpan
}

// Value is one scalar. Null is never set for a string. I holds bool (0 or 1), int, long,
// datetime (ticks of 100 ns since 0001-01-01 UTC) and timespan (ticks); F real; S string;
// X a Dec, a UUID or a dynamic value (see Bag for what those are made of).
type Value struct {
	T    Type
	Null bool
	I    int64
	F    float64
	S    string
	X    any
}

// NullOf is the null of type t; for string it is the empty string.
func NullOf(t Type) Value { return Value{T: t, Null: t != String} }

// OfBool makes a bool.
func OfBool(b bool) Value {
	if b {
		return Value{T: Bool, I: 1}
	}
	return Value{T: Bool}
}

// OfLong makes a long.
func OfLong(i int64) Value { return Value{T: Long, I: i} }

// OfInt makes an int; the caller keeps i within 32 bits.
func OfInt(i int64) Value { return Value{T: Int, I: i} }

// OfReal makes a real.
func OfReal(f float64) Value { return Value{T: Real, F: f} }

// OfString makes a string.
func OfString(s string) Value { return Value{T: String, S: s} }

// OfDateTime makes a datetime from ticks, null when they are outside years 1 to 9999.
func OfDateTime(ticks int64) Value {
	if ticks < 0 || ticks > MaxDateTime {
		return NullOf(DateTime)
	}
	return Value{T: DateTime, I: ticks}
}

// OfTimeSpan makes a timespan from ticks.
func OfTimeSpan(ticks int64) Value { return Value{T: TimeSpan, I: ticks} }

// OfDec makes a decimal.
func OfDec(d Dec) Value { return Value{T: Decimal, X: d} }

// OfGUID makes a guid.
func OfGUID(u UUID) Value { return Value{T: GUID, X: u} }

// OfDynamic makes a dynamic from a tree; nil gives null.
func OfDynamic(x any) Value {
	if x == nil {
		return Value{T: Dynamic, Null: true}
	}
	return Value{T: Dynamic, X: x}
}

// Bool says whether v is a true bool.
func (v Value) Bool() bool { return v.T == Bool && !v.Null && v.I != 0 }

// Dec returns the decimal in v; zero when v holds none.
func (v Value) Dec() Dec {
	d, _ := v.X.(Dec)
	return d
}

// UUID returns the guid in v; zero when v holds none.
func (v Value) UUID() UUID {
	u, _ := v.X.(UUID)
	return u
}

// AsDynamic gives v as a member of a dynamic value: nil for null, otherwise a bool, int64,
// float64, string, Ticks, Span, UUID, Dec, []any or *Bag.
func (v Value) AsDynamic() any {
	if v.Null {
		return nil
	}
	switch v.T {
	case Bool:
		return v.I != 0
	case Int, Long:
		return v.I
	case Real:
		return v.F
	case String:
		return v.S
	case DateTime:
		return Ticks(v.I)
	case TimeSpan:
		return Span(v.I)
	}
	return v.X
}

// FromDynamic gives a dynamic member its own scalar type: the reverse of AsDynamic. Arrays
// and bags stay dynamic.
func FromDynamic(x any) Value {
	switch x := x.(type) {
	case bool:
		return OfBool(x)
	case int64:
		return OfLong(x)
	case float64:
		return OfReal(x)
	case string:
		return OfString(x)
	case Ticks:
		return OfDateTime(int64(x))
	case Span:
		return OfTimeSpan(int64(x))
	case UUID:
		return OfGUID(x)
	case Dec:
		return OfDec(x)
	}
	return OfDynamic(x)
}
