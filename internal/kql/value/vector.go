package value

// Bitmap marks rows; bit i of word i/64. A nil Bitmap marks none.
type Bitmap []uint64

// NewBitmap makes an empty bitmap for n rows.
func NewBitmap(n int) Bitmap { return make(Bitmap, (n+63)/64) }

// Get says whether row i is marked. It is safe on a nil or short bitmap.
func (b Bitmap) Get(i int) bool {
	w := i >> 6
	return w < len(b) && b[w]>>(uint(i)&63)&1 != 0
}

// Set marks row i, which must be within the bitmap.
func (b Bitmap) Set(i int) { b[i>>6] |= 1 << (uint(i) & 63) }

// Any says whether any row is marked.
func (b Bitmap) Any() bool {
	for _, w := range b {
		if w != 0 {
			return true
		}
	}
	return false
}

// Vector is a column of Len values of one type. Which slice holds them follows from Type:
// I64 for bool, int, long, datetime and timespan; F64 for real; Dec; GUID; Str for string,
// or Codes into Dict when the strings are dictionary-coded; Dyn for dynamic. A dynamic
// vector with Raw set holds JSON text in Str (or Codes and Dict) instead, where "" and
// "null" are null and text that is not JSON stands for itself as a string.
// A vector of another type may be coded too: Codes then point into Words, a vector of the
// same type, and the slices are empty. Only who asks for such vectors gets them (see
// scan.Request.Transient); Flat makes an ordinary one.
// A Const vector keeps one element for all its rows. Vectors are never changed once made.
type Vector struct {
	Type  Type
	Len   int
	Const bool
	Raw   bool
	// Valid says that all raw text is known to be well-formed JSON.
	Valid bool
	Nulls Bitmap
	I64   []int64
	F64   []float64
	Str   []string
	Codes []uint32
	Dict  []string
	Words *Vector
	Dec   []Dec
	GUID  []UUID
	Dyn   []any
}

// Mask maps a row to its place in the slices: row & Mask(), which is 0 in a Const vector.
func (v *Vector) Mask() int {
	if v.Const {
		return 0
	}
	return -1
}

// HasNulls says whether a null is possible.
func (v *Vector) HasNulls() bool {
	return len(v.Nulls) > 0 || v.Type == Dynamic || v.Words != nil && v.Words.HasNulls()
}

// Null says whether row i is null.
func (v *Vector) Null(i int) bool {
	i &= v.Mask()
	if v.Words != nil {
		return v.Words.Null(int(v.Codes[i]))
	}
	if v.Type == Dynamic {
		if v.Raw {
			s := v.Text(i)
			return s == "" || s == "null"
		}
		return v.Dyn[i] == nil
	}
	return v.Nulls.Get(i)
}

// Text gives row i of a string vector, or the JSON text of a raw dynamic one.
func (v *Vector) Text(i int) string {
	i &= v.Mask()
	if v.Codes != nil {
		return v.Dict[v.Codes[i]]
	}
	return v.Str[i]
}

// Dynamic gives row i of a dynamic vector as a tree, parsing it when it is raw.
func (v *Vector) Dynamic(i int) any {
	if v.Words != nil {
		return v.Words.Dynamic(int(v.Codes[i&v.Mask()]))
	}
	if v.Raw {
		return ParseJSONOrText(v.Text(i))
	}
	return v.Dyn[i&v.Mask()]
}

// Value gives row i as a single value.
func (v *Vector) Value(i int) Value {
	i &= v.Mask()
	switch {
	case v.Words != nil:
		return v.Words.Value(int(v.Codes[i]))
	case v.Type == String:
		return Value{T: String, S: v.Text(i)}
	case v.Type == Dynamic:
		return OfDynamic(v.Dynamic(i))
	case v.Nulls.Get(i):
		return NullOf(v.Type)
	case v.Type.Ints():
		return Value{T: v.Type, I: v.I64[i]}
	case v.Type == Real:
		return Value{T: Real, F: v.F64[i]}
	case v.Type == Decimal:
		return Value{T: Decimal, X: v.Dec[i]}
	case v.Type == GUID:
		return Value{T: GUID, X: v.GUID[i]}
	}
	return NullOf(v.Type)
}

// ConstOf makes a vector that repeats one value n times.
func ConstOf(x Value, n int) *Vector {
	b := NewBuilder(x.T, 1)
	b.Append(x)
	v := b.Finish()
	v.Const, v.Len = true, n
	return v
}

// Resized gives a Const vector another length.
func (v *Vector) Resized(n int) *Vector {
	w := *v
	w.Len = n
	return &w
}

func take[T any](s []T, sel []int32) []T {
	if s == nil {
		return nil
	}
	out := make([]T, len(sel))
	for i, r := range sel {
		out[i] = s[r]
	}
	return out
}

// Take gathers the selected rows, in the order given.
func (v *Vector) Take(sel []int32) *Vector {
	if v.Const {
		return v.Resized(len(sel))
	}
	w := &Vector{Type: v.Type, Len: len(sel), Raw: v.Raw, Valid: v.Valid, Dict: v.Dict, Words: v.Words}
	w.I64, w.F64, w.Codes = take(v.I64, sel), take(v.F64, sel), take(v.Codes, sel)
	w.Str, w.Dec, w.GUID, w.Dyn = take(v.Str, sel), take(v.Dec, sel), take(v.GUID, sel), take(v.Dyn, sel)
	if len(v.Nulls) > 0 {
		w.Nulls = NewBitmap(len(sel))
		for i, r := range sel {
			if v.Nulls.Get(int(r)) {
				w.Nulls.Set(i)
			}
		}
	}
	return w
}

// TakeOrNull gathers like Take, but a negative row gives null.
func (v *Vector) TakeOrNull(sel []int32) *Vector {
	if v.Raw && !v.Const {
		w := &Vector{Type: Dynamic, Raw: true, Valid: v.Valid, Len: len(sel), Str: make([]string, len(sel))}
		for i, r := range sel {
			if r >= 0 {
				w.Str[i] = v.Text(int(r))
			}
		}
		return w
	}
	b := NewBuilder(v.Type, len(sel))
	for _, r := range sel {
		if r < 0 {
			b.AppendNull()
		} else {
			b.AppendFrom(v, int(r))
		}
	}
	return b.Finish()
}

func part[T any](s []T, lo, hi int) []T {
	if s == nil {
		return nil
	}
	return s[lo:hi:hi]
}

// Slice gives rows lo to hi; it shares memory with v.
func (v *Vector) Slice(lo, hi int) *Vector {
	if v.Const {
		return v.Resized(hi - lo)
	}
	if lo == 0 && hi == v.Len {
		return v
	}
	w := &Vector{Type: v.Type, Len: hi - lo, Raw: v.Raw, Valid: v.Valid, Dict: v.Dict, Words: v.Words}
	w.I64, w.F64, w.Codes = part(v.I64, lo, hi), part(v.F64, lo, hi), part(v.Codes, lo, hi)
	w.Str, w.Dec, w.GUID, w.Dyn = part(v.Str, lo, hi), part(v.Dec, lo, hi), part(v.GUID, lo, hi), part(v.Dyn, lo, hi)
	if len(v.Nulls) > 0 {
		w.Nulls = NewBitmap(hi - lo)
		for i := lo; i < hi; i++ {
			if v.Nulls.Get(i) {
				w.Nulls.Set(i - lo)
			}
		}
	}
	return w
}

// Concat joins vectors of one type into one.
func Concat(t Type, vs []*Vector) *Vector {
	if len(vs) == 1 {
		return vs[0]
	}
	n := 0
	for i, v := range vs {
		if v.Words != nil {
			vs[i] = v.Flat()
		}
	}
	raw, coded := len(vs) > 0, len(vs) > 0
	for _, v := range vs {
		n += v.Len
		raw = raw && v.Raw && !v.Const
		coded = coded && v.Codes != nil && !v.Const && len(v.Dict) > 0 && &v.Dict[0] == &vs[0].Dict[0] && len(v.Dict) == len(vs[0].Dict)
	}
	switch {
	case coded:
		return joinCodes(vs, n)
	case raw:
		return joinTexts(vs, n)
	}
	b := NewBuilder(t, n)
	for _, v := range vs {
		b.AppendVector(v)
	}
	return b.Finish()
}

// joinCodes joins vectors that share one dictionary.
func joinCodes(vs []*Vector, n int) *Vector {
	w := *vs[0]
	w.Len, w.Codes = n, make([]uint32, 0, n)
	for _, v := range vs {
		w.Codes = append(w.Codes, v.Codes...)
		w.Valid = w.Valid && v.Valid
	}
	return &w
}

// joinTexts joins raw dynamic vectors without looking inside.
func joinTexts(vs []*Vector, n int) *Vector {
	w := &Vector{Type: Dynamic, Raw: true, Valid: true, Len: n, Str: make([]string, 0, n)}
	for _, v := range vs {
		w.Valid = w.Valid && v.Valid
		for i := range v.Len {
			w.Str = append(w.Str, v.Text(i))
		}
	}
	return w
}

// Bytes estimates the memory v holds, in bytes.
func (v *Vector) Bytes() int64 {
	n := int64(len(v.I64)+len(v.F64))*8 + int64(len(v.Codes))*4 + int64(len(v.Dec)+len(v.GUID))*24 + int64(len(v.Dyn))*48 + int64(len(v.Str))*16
	for _, s := range v.Str {
		n += int64(len(s))
	}
	return n
}
