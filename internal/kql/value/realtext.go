package value

import (
	"math"
	"math/big"
	"strings"
)

// RealText prints a real as tostring does: as FormatReal, but for infinity, and for numbers
// that need more than 15 digits. There Kusto does not give the nearest of the shortest
// texts that read back as f, but the largest: 0.1 + 0.2 is 0.30000000000000007.
func RealText(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	s := FormatReal(f)
	mantissa, exponent, _ := strings.Cut(s, "e")
	digits := strings.TrimLeft(strings.Replace(strings.TrimPrefix(mantissa, "-"), ".", "", 1), "0")
	if n := len(strings.TrimRight(digits, "0")); n <= 15 || math.IsNaN(f) {
		return s
	}
	largest := largestShortest(math.Abs(f))
	if len(largest) < len(digits) {
		largest += strings.Repeat("0", len(digits)-len(largest))
	}
	out := s[:len(mantissa)-len(digits)-1] // sign and leading zeros, point apart
	if i := strings.IndexByte(mantissa, '.'); i < len(mantissa)-len(digits) {
		out = mantissa[:len(mantissa)-len(digits)] + largest
	} else {
		at := i - (len(mantissa) - len(digits) - 1)
		out += largest[:at] + "." + largest[at:]
	}
	if exponent != "" {
		out += "e" + exponent
	}
	return out
}

// largestShortest gives the digits of the largest number with the fewest digits that lies
// in the interval of what reads back as f.
func largestShortest(f float64) string {
	frac, exp := math.Frexp(f)
	m := big.NewInt(int64(frac * (1 << 53)))
	exp -= 54 // f is 2m times two to this power
	hi := new(big.Int).Add(new(big.Int).Lsh(m, 1), big.NewInt(1))
	lo := new(big.Int).Sub(new(big.Int).Lsh(m, 1), big.NewInt(1))
	by := new(big.Int)
	if exp >= 0 {
		by.Lsh(big.NewInt(1), uint(exp))
	} else {
		by.Exp(big.NewInt(5), big.NewInt(int64(-exp)), nil)
	}
	top, bottom := hi.Mul(hi, by).String(), lo.Mul(lo, by).String()
	bottom = strings.Repeat("0", len(top)-len(bottom)) + bottom
	for n := 15; n < min(len(top), 17); n++ {
		if top[:n]+strings.Repeat("0", len(top)-n) > bottom {
			return top[:n]
		}
	}
	return top[:min(len(top), 17)]
}
