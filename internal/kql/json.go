package kql

import (
	"math"
	"strconv"

	"github.com/azptu/azptu/internal/kql/value"
)

// AppendJSON prints a value as Log Analytics and Data Explorer do in their JSON answers:
// datetimes in ISO 8601 with seven fraction digits and Z, timespans as [-][d.]hh:mm:ss[.fffffff],
// decimals as strings, NaN and infinities by name, dynamic values as JSON, nulls as null.
// A string is never null.
func AppendJSON(b []byte, v Value) []byte {
	if v.Null {
		return append(b, "null"...)
	}
	switch v.T {
	case value.Bool:
		return strconv.AppendBool(b, v.I != 0)
	case value.Int, value.Long:
		return strconv.AppendInt(b, v.I, 10)
	case value.Real:
		if math.IsNaN(v.F) || math.IsInf(v.F, 0) {
			return value.AppendQuoted(b, value.FormatReal(v.F))
		}
		return append(b, value.FormatReal(v.F)...)
	case value.Dynamic:
		return value.AppendJSON(b, v.X)
	}
	return value.AppendQuoted(b, value.Text(v))
}

// Text prints a value for people, as tostring() does.
func Text(v Value) string { return value.Text(v) }
