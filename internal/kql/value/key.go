package value

import (
	"encoding/binary"
	"math"
)

// AppendKey adds bytes that are equal exactly when two values of one type are equal: what
// grouping, joining and distinct go by. Nulls equal each other here, and so do NaNs.
func AppendKey(b []byte, v *Vector, i int) []byte {
	i &= v.Mask()
	switch {
	case v.Type == String:
		s := v.Text(i)
		b = binary.AppendUvarint(b, uint64(len(s)))
		return append(b, s...)
	case v.Type == Dynamic:
		t := AppendCanonical(nil, v.Dynamic(i))
		b = binary.AppendUvarint(b, uint64(len(t)))
		return append(b, t...)
	case v.Nulls.Get(i):
		return append(b, 0)
	}
	b = append(b, 1)
	switch {
	case v.Type == Real:
		return binary.LittleEndian.AppendUint64(b, RealBits(v.F64[i]))
	case v.Type == GUID:
		return append(b, v.GUID[i][:]...)
	case v.Type == Decimal:
		n, e := v.Dec[i].BigInt()
		t := n.Text(36)
		b = binary.AppendVarint(b, int64(e))
		b = binary.AppendUvarint(b, uint64(len(t)))
		return append(b, t...)
	}
	return binary.LittleEndian.AppendUint64(b, uint64(v.I64[i]))
}

// KeyOf is AppendKey for a single value.
func KeyOf(v Value) string { return string(AppendKey(nil, ConstOf(v, 1), 0)) }

// RealBits gives the bits of f, with one NaN and one zero.
func RealBits(f float64) uint64 {
	if f == 0 {
		return 0
	}
	if f != f {
		return math.Float64bits(math.NaN())
	}
	return math.Float64bits(f)
}

// AppendCanonical prints a tree so that equal trees print alike: bags in the order of their
// names, integral reals as integers.
func AppendCanonical(b []byte, x any) []byte {
	switch x := x.(type) {
	case []any:
		b = append(b, '[')
		for _, e := range x {
			b = append(AppendCanonical(b, e), ',')
		}
		return append(b, ']')
	case *Bag:
		b = append(b, '{')
		for _, i := range x.Sorted() {
			b = append(AppendQuoted(b, x.Keys[i]), ':')
			b = append(AppendCanonical(b, x.Vals[i]), ',')
		}
		return append(b, '}')
	case float64:
		if x == math.Trunc(x) && math.Abs(x) < 1<<53 {
			return AppendJSON(b, int64(x))
		}
	}
	return AppendJSON(b, x)
}
