package value

// A coded vector keeps each distinct value once and a code for each row. What depends on the
// value alone is then computed once for each word of the dictionary.

// Coded says whether v has a dictionary.
func (v *Vector) Coded() bool { return v.Codes != nil && !v.Const }

// Dictionary gives the words of a coded vector as a vector of their own, and what tells
// this dictionary from others.
func (v *Vector) Dictionary() (words *Vector, id DictID) {
	if v.Words != nil {
		return v.Words, DictID{words: v.Words}
	}
	id = v.DictID()
	return &Vector{Type: v.Type, Raw: v.Raw, Valid: v.Valid, Len: len(v.Dict), Str: v.Dict}, id
}

// DictID tells one dictionary from another.
type DictID struct {
	words *Vector
	first *string
	n     int
}

// DictID gives what Dictionary does, without making a vector.
func (v *Vector) DictID() DictID {
	if v.Words != nil {
		return DictID{words: v.Words}
	}
	id := DictID{n: len(v.Dict)}
	if id.n > 0 {
		id.first = &v.Dict[0]
	}
	return id
}

// CodedOf makes a coded vector of the codes and as many words as the largest code needs.
func CodedOf(words *Vector, codes []uint32) *Vector {
	v := &Vector{Type: words.Type, Len: len(codes), Codes: codes}
	if words.Type == String && words.Codes == nil {
		v.Dict = words.Str
		return v
	}
	v.Words = words
	return v
}

// Flat gives an ordinary vector with the same rows. Strings stay coded, since all know how
// to read those.
func (v *Vector) Flat() *Vector {
	if v.Words == nil {
		return v
	}
	w := &Vector{Type: v.Type, Len: v.Len, Raw: v.Words.Raw, Valid: v.Words.Valid}
	from := v.Words
	w.I64, w.F64, w.Str = pick(from.I64, v.Codes), pick(from.F64, v.Codes), pick(from.Str, v.Codes)
	w.Dec, w.GUID, w.Dyn = pick(from.Dec, v.Codes), pick(from.GUID, v.Codes), pick(from.Dyn, v.Codes)
	if len(from.Nulls) > 0 {
		w.Nulls = NewBitmap(v.Len)
		for i, c := range v.Codes {
			if from.Nulls.Get(int(c)) {
				w.Nulls.Set(i)
			}
		}
	}
	return w
}

func pick[T any](words []T, codes []uint32) []T {
	if words == nil {
		return nil
	}
	out := make([]T, len(codes))
	for i, c := range codes {
		out[i] = words[c]
	}
	return out
}
