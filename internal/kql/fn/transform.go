package fn

import (
	"math"
	"math/bits"
	"math/cmplx"

	"github.com/azptu/azptu/internal/kql/value"
)

var transformFuncs = func() group {
	return group{
		"series_fft":      {Row: seriesFFT(false), Columns: fftColumns},
		"series_ifft":     {Row: seriesFFT(true), Columns: fftColumns},
		"series_fit_poly": {Row: fitPoly, Columns: polyColumns},
	}
}

func fftColumns(int) []Output { return []Output{{"real", value.Dynamic}, {"imag", value.Dynamic}} }

// seriesFFT is the discrete Fourier transform of a series with its imaginary part, if given.
func seriesFFT(inverse bool) Row {
	return func(c *Context, a []value.Value) value.Value {
		re, ok := seriesOf(a[0])
		im := make([]float64, len(re))
		if ok && len(a) > 1 {
			if im, ok = seriesOf(a[1]); len(im) != len(re) {
				ok = false
			}
		}
		if !ok || len(re) == 0 {
			return dyn(make([]any, 2))
		}
		x := make([]complex128, len(re))
		for i := range x {
			x[i] = complex(re[i], im[i])
		}
		x = transform(x, inverse)
		for i, z := range x {
			re[i], im[i] = real(z), imag(z)
		}
		return dyn([]any{seriesDyn(re).X, seriesDyn(im).X})
	}
}

// transform computes the transform of any length; the inverse is divided by the length.
func transform(x []complex128, inverse bool) []complex128 {
	sign := -1.0
	if inverse {
		sign = 1
	}
	n := len(x)
	var out []complex128
	if n&(n-1) == 0 {
		out = append([]complex128(nil), x...)
		butterflies(out, sign)
	} else {
		out = chirp(x, sign)
	}
	if inverse {
		for i := range out {
			out[i] /= complex(float64(n), 0)
		}
	}
	return out
}

// butterflies transforms a power of two points in place (Cooley and Tukey).
func butterflies(x []complex128, sign float64) {
	n := len(x)
	shift := 64 - bits.TrailingZeros(uint(n))
	for i := range x {
		if j := int(bits.Reverse64(uint64(i)) >> shift); n > 1 && j > i {
			x[i], x[j] = x[j], x[i]
		}
	}
	for size := 2; size <= n; size *= 2 {
		for k := range size / 2 {
			w := cmplx.Rect(1, sign*2*math.Pi*float64(k)/float64(size))
			for i := k; i < n; i += size {
				t := w * x[i+size/2]
				x[i], x[i+size/2] = x[i]+t, x[i]-t
			}
		}
	}
}

// chirp transforms any number of points by way of a convolution (Bluestein).
func chirp(x []complex128, sign float64) []complex128 {
	n, m := len(x), 1
	for m < 2*n {
		m *= 2
	}
	w := make([]complex128, n)
	a, b := make([]complex128, m), make([]complex128, m)
	for i := range n {
		w[i] = cmplx.Rect(1, sign*math.Pi*float64(i*i%(2*n))/float64(n))
		a[i] = x[i] * w[i]
		b[i] = cmplx.Conj(w[i])
		b[(m-i)%m] = b[i]
	}
	butterflies(a, -1)
	butterflies(b, -1)
	for i := range a {
		a[i] *= b[i]
	}
	butterflies(a, 1)
	out := make([]complex128, n)
	for i := range out {
		out[i] = a[i] * w[i] / complex(float64(m), 0)
	}
	return out
}

func polyColumns(int) []Output {
	return []Output{{"rsquare", value.Real}, {"coefficients", value.Dynamic}, {"variance", value.Real}, {"rvariance", value.Real}, {"poly_fit", value.Dynamic}}
}

// maxDegree bounds the polynomials that are fitted.
const maxDegree = 20

// fitPoly finds the polynomial nearest to a series by least squares; its coefficients stand
// from the highest power down.
func fitPoly(_ *Context, a []value.Value) value.Value {
	y, ok := seriesOf(a[0])
	x := make([]float64, len(y))
	for i := range x {
		x[i] = float64(i)
	}
	if ok && len(a) > 1 && !a[1].Null {
		x, ok = seriesOf(a[1])
	}
	degree := int(arg(a, 2, value.OfLong(2)).I)
	if !ok || len(x) != len(y) || degree < 1 || degree > maxDegree || len(y) <= degree {
		return dyn(make([]any, 5))
	}
	at, scale := centered(x)
	c, ok := leastSquares(at, y, degree)
	if !ok {
		return dyn(make([]any, 5))
	}
	fit := make([]float64, len(y))
	var residual, total float64
	m := mean(y)
	for i := range y {
		for k := degree; k >= 0; k-- {
			fit[i] = fit[i]*at[i] + c[k]
		}
		residual += (y[i] - fit[i]) * (y[i] - fit[i])
		total += (y[i] - m) * (y[i] - m)
	}
	rsquare := 1.0
	if total > 0 {
		rsquare = 1 - residual/total
	}
	n := float64(len(y))
	return dyn([]any{rsquare, seriesDyn(scale(c)).X, total / n, residual / n, seriesDyn(fit).X})
}

// centered moves and stretches places to between -1 and 1, where powers stay tame, and
// tells how the coefficients are brought back.
func centered(x []float64) (at []float64, back func(c []float64) []float64) {
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, v := range x {
		lo, hi = min(lo, v), max(hi, v)
	}
	mid, half := (lo+hi)/2, (hi-lo)/2
	if half == 0 {
		half = 1
	}
	at = make([]float64, len(x))
	for i, v := range x {
		at[i] = (v - mid) / half
	}
	return at, func(c []float64) []float64 {
		// Horner's rule with (x - mid) / half for x, on coefficients.
		p := []float64{0}
		for k := len(c) - 1; k >= 0; k-- {
			q := make([]float64, len(p)+1)
			for i, v := range p {
				q[i+1] += v / half
				q[i] -= v * mid / half
			}
			q[0] += c[k]
			p = q
		}
		p = p[:len(c)]
		for i, j := 0, len(p)-1; i < j; i, j = i+1, j-1 {
			p[i], p[j] = p[j], p[i]
		}
		return p
	}
}

// leastSquares solves the normal equations; ok is false when there is no one solution.
func leastSquares(x, y []float64, degree int) (c []float64, ok bool) {
	n := degree + 1
	rows := make([][]float64, n)
	for i := range rows {
		rows[i] = make([]float64, n+1)
	}
	for k := range x {
		p := make([]float64, 2*n)
		p[0] = 1
		for i := 1; i < 2*n; i++ {
			p[i] = p[i-1] * x[k]
		}
		for i := range n {
			for j := range n {
				rows[i][j] += p[i+j]
			}
			rows[i][n] += p[i] * y[k]
		}
	}
	for i := range n {
		pivot := i
		for j := i + 1; j < n; j++ {
			if math.Abs(rows[j][i]) > math.Abs(rows[pivot][i]) {
				pivot = j
			}
		}
		rows[i], rows[pivot] = rows[pivot], rows[i]
		if !(math.Abs(rows[i][i]) > 1e-12) {
			return nil, false
		}
		for j := range n {
			if j == i {
				continue
			}
			f := rows[j][i] / rows[i][i]
			for k := i; k <= n; k++ {
				rows[j][k] -= f * rows[i][k]
			}
		}
	}
	c = make([]float64, n)
	for i := range c {
		c[i] = rows[i][n] / rows[i][i]
	}
	return c, true
}
