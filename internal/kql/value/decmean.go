package value

import (
	"math/big"
	"math/bits"
)

// DecMean is total / n for n > 0, as Quo gives it. Whole totals, which is what sums of
// counts are, need no arithmetic on large numbers.
func DecMean(total Dec, n int64) Dec {
	if total.Big == nil && total.Exp == 0 && n > 0 {
		if d, ok := wholeMean(total.Coef, uint64(n)); ok {
			return d
		}
	}
	q, _ := total.Quo(DecOf(n))
	return q
}

// wholeMean works the digits out by dividing twice what is left over. ok is false where it
// cannot tell.
func wholeMean(total int64, n uint64) (d Dec, ok bool) {
	a := uint64(total)
	if total < 0 {
		a = -a
	}
	whole, rest := a/n, a%n
	if rest == 0 {
		return DecOf(total / int64(n)), true
	}
	digits := 0
	for x := whole; x > 0; x /= 10 {
		digits++
	}
	if digits == 0 || a > 1<<62 {
		return Dec{}, false // the digits that count begin further right
	}
	places := decDigits - digits
	first := min(places, 18)
	hi, lo := bits.Mul64(rest, tens[first])
	left, rest := bits.Div64(hi, lo, n)
	hi, lo = bits.Mul64(rest, tens[places-first])
	right, rest := bits.Div64(hi, lo, n)
	if rest >= n-rest {
		right++
	}
	// whole and left have at most 34 digits together, so 128 bits hold them and right.
	h, l := bits.Mul64(whole, tens[first])
	l, carry := bits.Add64(l, left, 0)
	h += carry
	h2, l2 := bits.Mul64(l, tens[places-first])
	h2 += h * tens[places-first]
	l2, carry = bits.Add64(l2, right, 0)
	h2 += carry
	for ; places > 0; places-- { // zeros at the end go into the exponent
		ql, zero := bits.Div64(h2%10, l2, 10)
		if zero != 0 {
			break
		}
		h2, l2 = h2/10, ql
	}
	if h2 == 0 && l2 < 1<<63 {
		if total < 0 {
			return Dec{Coef: -int64(l2), Exp: int32(-places)}, true
		}
		return Dec{Coef: int64(l2), Exp: int32(-places)}, true
	}
	c := wide(h2, l2)
	if total < 0 {
		c.Neg(c)
	}
	return Dec{Big: c, Exp: int32(-places)}, true
}

// tens are the powers of ten that 64 bits hold.
var tens = func() (p [19]uint64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = 10 * p[i-1]
	}
	return p
}()

// wide makes a number of 128 bits.
func wide(hi, lo uint64) *big.Int {
	if bits.UintSize == 64 {
		return new(big.Int).SetBits([]big.Word{big.Word(lo), big.Word(hi)})
	}
	c := new(big.Int).SetUint64(hi)
	return c.Or(c.Lsh(c, 64), new(big.Int).SetUint64(lo))
}
