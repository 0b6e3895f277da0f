package value

import (
	"math"
	"math/big"
	"math/bits"
	"strings"

	"github.com/cockroachdb/apd/v3"
)

// Dec is a decimal of up to 34 digits. Small ones are Coef × 10^Exp; those that do not fit
// 64 bits are in Big.
type Dec struct {
	Coef int64
	Exp  int32
	Big  *apd.Decimal
}

var decContext = func() *apd.Context {
	c := apd.BaseContext.WithPrecision(34)
	c.Traps = 0
	return c
}()

// DecOf makes a decimal from an integer.
func DecOf(i int64) Dec { return Dec{Coef: i} }

// ParseDec reads a decimal, with an exponent if it has one. ok is false when s is none.
func ParseDec(s string) (Dec, bool) {
	s = strings.TrimSpace(s)
	if s == "" || len(s) > 200 {
		return Dec{}, false
	}
	if len(s) <= 18 {
		if d, ok := parseSmallDec(s); ok {
			return d, true
		}
	}
	a, _, err := decContext.NewFromString(s)
	if err != nil || a.Form != apd.Finite {
		return Dec{}, false
	}
	return packDec(a), true
}

func parseSmallDec(s string) (Dec, bool) {
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

// apd gives d in the library's form.
func (d Dec) apd() *apd.Decimal {
	if d.Big != nil {
		return d.Big
	}
	return apd.New(d.Coef, d.Exp)
}

func packDec(a *apd.Decimal) Dec {
	if a.Exponent > 0 && a.Exponent <= 34 {
		b := new(apd.Decimal)
		if _, err := decContext.Quantize(b, a, 0); err == nil && b.Form == apd.Finite {
			a = b
		}
	}
	if a.Coeff.IsInt64() {
		c := a.Coeff.Int64()
		if a.Negative {
			c = -c
		}
		return Dec{Coef: c, Exp: a.Exponent}
	}
	return Dec{Big: a}
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
	return d.apd().Cmp(e.apd())
}

// Add is d + e.
func (d Dec) Add(e Dec) Dec {
	if d.Big == nil && e.Big == nil && d.Exp == e.Exp {
		if s := d.Coef + e.Coef; (s > d.Coef) == (e.Coef > 0) {
			return Dec{Coef: s, Exp: d.Exp}
		}
	}
	return d.op(e, decContext.Add)
}

// Sub is d - e.
func (d Dec) Sub(e Dec) Dec {
	if d.Big == nil && e.Big == nil && d.Exp == e.Exp {
		if s := d.Coef - e.Coef; (s < d.Coef) == (e.Coef > 0) {
			return Dec{Coef: s, Exp: d.Exp}
		}
	}
	return d.op(e, decContext.Sub)
}

// Mul is d × e.
func (d Dec) Mul(e Dec) Dec {
	if d.Big == nil && e.Big == nil && d.Coef >= 0 && e.Coef >= 0 {
		if hi, lo := bits.Mul64(uint64(d.Coef), uint64(e.Coef)); hi == 0 && lo <= math.MaxInt64 {
			return Dec{Coef: int64(lo), Exp: d.Exp + e.Exp}
		}
	}
	return d.op(e, decContext.Mul)
}

// Quo is d / e; ok is false when e is zero.
func (d Dec) Quo(e Dec) (Dec, bool) {
	if e.Sign() == 0 {
		return Dec{}, false
	}
	r := d.op(e, decContext.Quo)
	if r.Big == nil {
		return r.reduce(), true
	}
	b := new(apd.Decimal)
	b.Reduce(r.Big)
	return packDec(b), true
}

// Rem is the remainder of d / e; ok is false when e is zero.
func (d Dec) Rem(e Dec) (Dec, bool) {
	if e.Sign() == 0 {
		return Dec{}, false
	}
	return d.op(e, decContext.Rem), true
}

func (d Dec) op(e Dec, f func(r, x, y *apd.Decimal) (apd.Condition, error)) Dec {
	r := new(apd.Decimal)
	if _, err := f(r, d.apd(), e.apd()); err != nil || r.Form != apd.Finite {
		return Dec{}
	}
	return packDec(r)
}

func (d Dec) reduce() Dec {
	for d.Exp < 0 && d.Coef%10 == 0 {
		d.Coef /= 10
		d.Exp++
	}
	return d
}

// Neg is -d.
func (d Dec) Neg() Dec { return Dec{}.Sub(d) }

// Round rounds half away from zero to the given number of fraction digits.
func (d Dec) Round(digits int32) Dec {
	c := *decContext
	c.Rounding = apd.RoundHalfUp
	r := new(apd.Decimal)
	if _, err := c.Quantize(r, d.apd(), -digits); err != nil || r.Form != apd.Finite {
		return d
	}
	return packDec(r)
}

// Floor is the largest integer not above d.
func (d Dec) Floor() Dec {
	r := new(apd.Decimal)
	if _, err := decContext.Floor(r, d.apd()); err != nil {
		return d
	}
	return packDec(r)
}

// Float is the nearest real.
func (d Dec) Float() float64 {
	if d.Big == nil && d.Exp == 0 {
		return float64(d.Coef)
	}
	f, _ := d.apd().Float64()
	return f
}

// Int truncates toward zero; ok is false when the result does not fit 64 bits.
func (d Dec) Int() (int64, bool) {
	if d.Big == nil && d.Exp == 0 {
		return d.Coef, true
	}
	i := new(apd.Decimal)
	f := new(apd.Decimal)
	d.apd().Modf(i, f)
	n, err := i.Int64()
	return n, err == nil
}

// BigInt gives the coefficient and exponent for hashing.
func (d Dec) BigInt() (*big.Int, int32) {
	a := new(apd.Decimal)
	a.Reduce(d.apd())
	b := a.Coeff.MathBigInt()
	if a.Negative {
		b.Neg(b)
	}
	return b, a.Exponent
}

// String prints d without an exponent.
func (d Dec) String() string { return d.apd().Text('f') }
