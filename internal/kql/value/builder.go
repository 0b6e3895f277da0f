package value

// Builder grows a vector one value at a time.
type Builder struct {
	v *Vector
}

// NewBuilder starts a vector of type t with room for n values.
func NewBuilder(t Type, n int) *Builder {
	v := &Vector{Type: t}
	switch {
	case t.Ints():
		v.I64 = make([]int64, 0, n)
	case t == Real:
		v.F64 = make([]float64, 0, n)
	case t == String:
		v.Str = make([]string, 0, n)
	case t == Decimal:
		v.Dec = make([]Dec, 0, n)
	case t == GUID:
		v.GUID = make([]UUID, 0, n)
	default:
		v.Type = Dynamic
		v.Dyn = make([]any, 0, n)
	}
	return &Builder{v}
}

// Len is the number of values so far.
func (b *Builder) Len() int { return b.v.Len }

func (b *Builder) markNull() {
	for len(b.v.Nulls) <= b.v.Len>>6 {
		b.v.Nulls = append(b.v.Nulls, 0)
	}
	b.v.Nulls.Set(b.v.Len)
}

// AppendNull adds a null, or the empty string to a string vector.
func (b *Builder) AppendNull() { b.Append(NullOf(b.v.Type)) }

// Append adds x, which must be of the builder's type or null. In a dynamic vector a value
// of any type may be put.
func (b *Builder) Append(x Value) {
	v := b.v
	switch {
	case v.Type == Dynamic:
		v.Dyn = append(v.Dyn, x.AsDynamic())
	case v.Type == String:
		v.Str = append(v.Str, x.S)
	default:
		if x.Null {
			b.markNull()
		}
		switch {
		case v.Type == Real:
			v.F64 = append(v.F64, x.F)
		case v.Type == Decimal:
			v.Dec = append(v.Dec, x.Dec())
		case v.Type == GUID:
			v.GUID = append(v.GUID, x.UUID())
		default:
			v.I64 = append(v.I64, x.I)
		}
	}
	v.Len++
}

// AppendFrom adds row i of w, a vector of the same type.
func (b *Builder) AppendFrom(w *Vector, i int) {
	v := b.v
	if v.Type == String && w.Type == String {
		v.Str = append(v.Str, w.Text(i))
		v.Len++
		return
	}
	b.Append(w.Value(i))
}

// AppendVector adds all of w, a vector of the same type.
func (b *Builder) AppendVector(w *Vector) {
	v := b.v
	if !w.Const && len(w.Nulls) == 0 && w.Type == v.Type && !w.Raw && w.Codes == nil {
		v.I64, v.F64, v.Str = append(v.I64, w.I64...), append(v.F64, w.F64...), append(v.Str, w.Str...)
		v.Dec, v.GUID, v.Dyn = append(v.Dec, w.Dec...), append(v.GUID, w.GUID...), append(v.Dyn, w.Dyn...)
		v.Len += w.Len
		return
	}
	for i := range w.Len {
		b.AppendFrom(w, i)
	}
}

// Finish hands over the vector; the builder must not be used afterwards.
func (b *Builder) Finish() *Vector { return b.v }

// BoolsOf makes a bool vector; nulls may be nil.
func BoolsOf(bits []int64, nulls Bitmap) *Vector {
	return &Vector{Type: Bool, Len: len(bits), I64: bits, Nulls: nulls}
}

// StringsOf makes a plain string vector.
func StringsOf(s []string) *Vector { return &Vector{Type: String, Len: len(s), Str: s} }

// DictOf makes a dictionary-coded string vector.
func DictOf(dict []string, codes []uint32) *Vector {
	return &Vector{Type: String, Len: len(codes), Dict: dict, Codes: codes}
}
