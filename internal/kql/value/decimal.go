package value

import (
	"math"
	"math/big"
	"math/bits"
	"strconv"
	"strings"
)

// decDigits is how many significant digits a decimal keeps: those of IEEE 754's decimal128,
// which is what Kusto's 128-bit decimal holds.
const decDigits = 34

// decMaxExp bounds the exponent that is read from text (decimal128's own is 6,111), so that
// printing one number never takes unbounded memory.
const decMaxExp = 6144

// Dec is a decimal of up to 34 digits: coefficient × 10^Exp. The coefficient is Coef, or Big
// when it does not fit 64 bits. A Big is never changed once it is in a Dec.
type Dec struct {
	Coef int64
	Exp  int32
	Big  *big.Int
}

// DecOf makes a decimal from an integer.
func DecOf(i int64) Dec { return Dec{Coef: i} }

// ParseDec reads a decimal, with an exponent if it has one. ok is false when s is none.
func ParseDec(s string) (Dec, bool) {
	s = strings.TrimSpace(s)
	if s == "" || len(s) > 200 {
		return Dec{}, false
	}
	exp := 0
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		var err error
		if exp, err = strconv.Atoi(s[i+1:]); err != nil || exp > decMaxExp || exp < -decMaxExp {
			return Dec{}, false
		}
		s = s[:i]
	}
	if len(s) <= 18 {
		d, ok := parseSmallDec(s)
		if !ok || exp == 0 {
			return d, ok
		}
		return packDec(d.big(), d.Exp+int32(exp)), true
	}
	whole, fraction, _ := strings.Cut(s, ".")
	if strings.ContainsAny(fraction, "+-") || strings.Contains(s, "_") {
		return Dec{}, false
	}
	c, ok := new(big.Int).SetString(whole+fraction, 10)
	if !ok {
		return Dec{}, false
	}
	return packDec(c, int32(exp-len(fraction))), true
}

func parseSmallDec(s string) (Dec, bool) {
	if s == "" {
		return Dec{}, false
	}
	neg := s[0] == '-'
	i := 0
	if neg || s[0] == '+' {
		i = 1
	}
	var n int64
	exp, seen := int32(0), false
	dot := false
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			n, seen = n*10+int64(c-'0'), true
			if dot {
				exp--
			}
		case c == '.' && !dot:
			dot = true
		default:
			return Dec{}, false
		}
	}
	if neg {
		n = -n
	}
	return Dec{Coef: n, Exp: exp}, seen
}

// DecOfReal gives the decimal that the shortest print of f denotes; ok is false for NaN and infinities.
func DecOfReal(f float64) (Dec, bool) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return Dec{}, false
	}
	if f == math.Trunc(f) && math.Abs(f) < 1e15 {
		return Dec{Coef: int64(f)}, true
	}
	return ParseDec(FormatReal(f))
}

// big gives the coefficient; it must not be written to.
func (d Dec) big() *big.Int {
	if d.Big != nil {
		return d.Big
	}
	return big.NewInt(d.Coef)
}

// packDec makes c × 10^exp a Dec: rounded to 34 digits, half away from zero, and without a
// positive exponent where the digits have room for its zeros.
func packDec(c *big.Int, exp int32) Dec {
	for n := decimalDigits(c); n > decDigits; n = decimalDigits(c) { // twice when 99…9 rounds up
		c, exp = roundedQuo(c, pow10(n-decDigits)), exp+int32(n-decDigits)
	}
	if exp > 0 && decimalDigits(c)+int(exp) <= decDigits {
		c, exp = new(big.Int).Mul(c, pow10(int(exp))), 0
	}
	if c.IsInt64() {
		return Dec{Coef: c.Int64(), Exp: exp}
	}
	return Dec{Big: c, Exp: exp}
}

// decimalDigits is the number of decimal digits of |c|; 1 for zero.
func decimalDigits(c *big.Int) int {
	n := int(float64(c.BitLen()) * math.Log10(2)) // the length or one less
	if c.CmpAbs(pow10(n)) >= 0 {
		n++
	}
	return max(n, 1)
}

// pow10 is 10^n.
func pow10(n int) *big.Int {
	if n < 19 {
		p := int64(1)
		for range n {
			p *= 10
		}
		return big.NewInt(p)
	}
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
}

// roundedQuo is a / b for b > 0, rounded half away from zero.
func roundedQuo(a, b *big.Int) *big.Int {
	q, r := new(big.Int).QuoRem(a, b, new(big.Int))
	if r.Lsh(r, 1).CmpAbs(b) >= 0 {
		q.Add(q, big.NewInt(int64(a.Sign())))
	}
	return q
}

// aligned gives both coefficients at the smaller of the two exponents.
func aligned(d, e Dec) (x, y *big.Int, exp int32) {
	x, y = d.big(), e.big()
	switch {
	case d.Exp > e.Exp:
		return new(big.Int).Mul(x, pow10(int(d.Exp-e.Exp))), y, e.Exp
	case e.Exp > d.Exp:
		return x, new(big.Int).Mul(y, pow10(int(e.Exp-d.Exp))), d.Exp
	}
	return x, y, d.Exp
}

// Sign is -1, 0 or 1.
func (d Dec) Sign() int {
	if d.Big != nil {
		return d.Big.Sign()
	}
	return int(d.Coef>>63) | int(uint64(-d.Coef)>>63)
}

// Cmp compares two decimals by value.
func (d Dec) Cmp(e Dec) int {
	if d.Big == nil && e.Big == nil && d.Exp == e.Exp {
		switch {
		case d.Coef < e.Coef:
			return -1
		case d.Coef > e.Coef:
			return 1
		}
		return 0
	}
	x, y, _ := aligned(d, e)
	return x.Cmp(y)
}

// Add is d + e.
func (d Dec) Add(e Dec) Dec {
	if d.Big == nil && e.Big == nil && d.Exp == e.Exp {
		if s := d.Coef + e.Coef; (s > d.Coef) == (e.Coef > 0) {
			return Dec{Coef: s, Exp: d.Exp}
		}
	}
	x, y, exp := aligned(d, e)
	return packDec(new(big.Int).Add(x, y), exp)
}

// Sub is d - e.
func (d Dec) Sub(e Dec) Dec {
	if d.Big == nil && e.Big == nil && d.Exp == e.Exp {
		if s := d.Coef - e.Coef; (s < d.Coef) == (e.Coef > 0) {
			return Dec{Coef: s, Exp: d.Exp}
		}
	}
	x, y, exp := aligned(d, e)
	return packDec(new(big.Int).Sub(x, y), exp)
}

// Mul is d × e; zero when the exponent leaves what a decimal can hold.
func (d Dec) Mul(e Dec) Dec {
	exp := d.Exp + e.Exp
	if exp > 2*decMaxExp || exp < -2*decMaxExp {
		return Dec{}
	}
	if d.Big == nil && e.Big == nil && d.Coef >= 0 && e.Coef >= 0 {
		if hi, lo := bits.Mul64(uint64(d.Coef), uint64(e.Coef)); hi == 0 && lo <= math.MaxInt64 {
			return Dec{Coef: int64(lo), Exp: exp}
		}
	}
	return packDec(new(big.Int).Mul(d.big(), e.big()), exp)
}

// Quo is d / e; ok is false when e is zero.
func (d Dec) Quo(e Dec) (Dec, bool) {
	if e.Sign() == 0 {
		return Dec{}, false
	}
	x, y := d.big(), e.big()
	exp := d.Exp - e.Exp
	// One digit more than is kept: the rounding looks at it alone.
	if shift := decDigits + 1 + decimalDigits(y) - decimalDigits(x); shift > 0 {
		x, exp = new(big.Int).Mul(x, pow10(shift)), exp-int32(shift)
	}
	if exp > 2*decMaxExp || exp < -2*decMaxExp {
		return Dec{}, true
	}
	r := packDec(new(big.Int).Quo(x, y), exp)
	if r.Exp >= 0 {
		return r, true
	}
	c, exp := reduced(r.big(), r.Exp)
	return packDec(c, exp), true
}

// reduced takes the trailing zeros of c into the exponent.
func reduced(c *big.Int, exp int32) (*big.Int, int32) {
	if c.Sign() == 0 {
		return c, 0
	}
	ten, r := big.NewInt(10), new(big.Int)
	for {
		q, _ := new(big.Int).QuoRem(c, ten, r)
		if r.Sign() != 0 {
			return c, exp
		}
		c, exp = q, exp+1
	}
}

// Rem is the remainder of d / e, with the sign of d; ok is false when e is zero.
func (d Dec) Rem(e Dec) (Dec, bool) {
	if e.Sign() == 0 {
		return Dec{}, false
	}
	x, y, exp := aligned(d, e)
	return packDec(new(big.Int).Rem(x, y), exp), true
}

// Neg is -d.
func (d Dec) Neg() Dec { return Dec{}.Sub(d) }

// Round rounds half away from zero to the given number of fraction digits; it leaves d as it
// is when 34 digits cannot hold that many.
func (d Dec) Round(fraction int32) Dec {
	c := d.big()
	switch {
	case d.Exp < -fraction:
		c = roundedQuo(c, pow10(int(-fraction-d.Exp)))
	case int(d.Exp+fraction) > decDigits:
		return d
	default:
		c = new(big.Int).Mul(c, pow10(int(d.Exp+fraction)))
	}
	if decimalDigits(c) > decDigits {
		return d
	}
	return packDec(c, -fraction)
}

// Floor is the largest integer not above d.
func (d Dec) Floor() Dec {
	if d.Exp >= 0 {
		return d
	}
	// Euclid's division rounds toward minus infinity for a positive divisor.
	return packDec(new(big.Int).Div(d.big(), pow10(int(-d.Exp))), 0)
}

// Float is the nearest real.
func (d Dec) Float() float64 {
	if d.Big == nil && d.Exp == 0 {
		return float64(d.Coef)
	}
	f, _ := strconv.ParseFloat(d.big().String()+"e"+strconv.Itoa(int(d.Exp)), 64) // out of range is an infinity, as it should
	return f
}

// Int truncates toward zero; ok is false when the result does not fit 64 bits.
func (d Dec) Int() (int64, bool) {
	if d.Big == nil && d.Exp == 0 {
		return d.Coef, true
	}
	c := d.big()
	switch {
	case d.Exp < 0:
		c = new(big.Int).Quo(c, pow10(int(-d.Exp)))
	case d.Exp <= decDigits || c.Sign() == 0:
		c = new(big.Int).Mul(c, pow10(int(d.Exp)))
	default:
		return 0, false
	}
	return c.Int64(), c.IsInt64()
}

// BigInt gives the coefficient without trailing zeros and its exponent: equal for equal
// values, as hashing needs it.
func (d Dec) BigInt() (*big.Int, int32) { return reduced(d.big(), d.Exp) }

// String prints d without an exponent.
func (d Dec) String() string {
	s := d.big().String()
	if d.Exp >= 0 {
		if s == "0" {
			return s
		}
		return s + strings.Repeat("0", int(d.Exp))
	}
	sign := ""
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	point := len(s) + int(d.Exp)
	if point <= 0 {
		s, point = strings.Repeat("0", 1-point)+s, 1
	}
	return sign + s[:point] + "." + s[point:]
}
