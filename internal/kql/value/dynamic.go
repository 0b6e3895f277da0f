package value

import "sort"

// Bag is a property bag: names with values, in the order they were put. Values are those
// AsDynamic gives: nil, bool, int64, float64, string, Ticks, Span, UUID, Dec, []any, *Bag.
type Bag struct {
	Keys  []string
	Vals  []any
	index map[string]int
}

// bagIndexAt is the size from which a bag is searched by hash.
const bagIndexAt = 12

func (b *Bag) find(key string) int {
	if b.index != nil {
		if i, ok := b.index[key]; ok {
			return i
		}
		return -1
	}
	for i, k := range b.Keys {
		if k == key {
			return i
		}
	}
	return -1
}

// Get finds a property; nil when there is none.
func (b *Bag) Get(key string) any {
	if i := b.find(key); i >= 0 {
		return b.Vals[i]
	}
	return nil
}

// Has says whether the property is there, even with a null value.
func (b *Bag) Has(key string) bool { return b.find(key) >= 0 }

// Set puts a property, replacing one of the same name where it stands.
func (b *Bag) Set(key string, v any) {
	if i := b.find(key); i >= 0 {
		b.Vals[i] = v
		return
	}
	b.Keys, b.Vals = append(b.Keys, key), append(b.Vals, v)
	if b.index != nil {
		b.index[key] = len(b.Keys) - 1
	} else if len(b.Keys) >= bagIndexAt {
		b.index = make(map[string]int, 2*len(b.Keys))
		for i, k := range b.Keys {
			b.index[k] = i
		}
	}
}

// Len is the number of properties.
func (b *Bag) Len() int { return len(b.Keys) }

// Sorted gives the properties' places in the order of their names.
func (b *Bag) Sorted() []int {
	p := make([]int, len(b.Keys))
	for i := range p {
		p[i] = i
	}
	sort.Slice(p, func(i, j int) bool { return b.Keys[p[i]] < b.Keys[p[j]] })
	return p
}

// Member looks one step into a dynamic: a property of a bag. Nil when there is none.
func Member(x any, key string) any {
	if b, ok := x.(*Bag); ok {
		return b.Get(key)
	}
	return nil
}

// Element looks one step into a dynamic array; negative places count from the end.
func Element(x any, i int64) any {
	a, ok := x.([]any)
	if !ok {
		return nil
	}
	if i < 0 {
		i += int64(len(a))
	}
	if i < 0 || i >= int64(len(a)) {
		return nil
	}
	return a[i]
}

// KindOf names what is inside a dynamic value, as gettype does.
func KindOf(x any) string {
	switch x.(type) {
	case nil:
		return "null"
	case []any:
		return "array"
	case *Bag:
		return "dictionary"
	case float64:
		return "double"
	}
	return FromDynamic(x).T.String()
}

// EqualDynamic compares two trees: numbers by value, bags regardless of order.
func EqualDynamic(a, b any) bool {
	switch x := a.(type) {
	case nil:
		return b == nil
	case []any:
		y, ok := b.([]any)
		return ok && equalLists(x, y)
	case *Bag:
		y, ok := b.(*Bag)
		return ok && equalBags(x, y)
	}
	switch b.(type) {
	case nil, []any, *Bag:
		return false
	}
	return equalScalars(FromDynamic(a), FromDynamic(b))
}

func equalLists(x, y []any) bool {
	if len(x) != len(y) {
		return false
	}
	for i := range x {
		if !EqualDynamic(x[i], y[i]) {
			return false
		}
	}
	return true
}

func equalBags(x, y *Bag) bool {
	if x.Len() != y.Len() {
		return false
	}
	for i, k := range x.Keys {
		if !y.Has(k) || !EqualDynamic(x.Vals[i], y.Get(k)) {
			return false
		}
	}
	return true
}

func equalScalars(a, b Value) bool {
	if a.T == b.T || a.T.IsNumeric() && b.T.IsNumeric() {
		return Compare(a, b) == 0
	}
	return false
}
