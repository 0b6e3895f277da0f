package agg

import "github.com/azptu/azptu/internal/kql/value"

// maxMembers bounds the members of a list or set, as Kusto does.
const maxMembers = 1048576

// limit reads the optional maximal size, the last argument; without it the old names of
// the functions give no more than 128 members.
func limit(s *Spec, at int) int {
	if len(s.Consts) > at && !s.Consts[at].Null && s.Consts[at].T.IsInteger() {
		return int(min(max(s.Consts[at].I, 0), maxMembers))
	}
	switch s.Name {
	case "makelist", "makeset", "make_dictionary":
		return 128
	}
	return maxMembers
}

// makeList gathers values in the order of the rows. Nulls are kept for
// make_list_with_nulls, and those of a dynamic always, where null is a value like any
// other. A list among the values gives its members.
type makeList struct {
	items []any
	max   int
	nulls bool
}

func newList(s *Spec) state {
	return &makeList{max: limit(s, 1), nulls: s.Name == "make_list_with_nulls" || s.Args[0] == value.Dynamic, items: []any{}}
}

func (l *makeList) add(row []value.Value) {
	x := row[0].AsDynamic()
	if members, ok := x.([]any); ok {
		l.items = append(l.items, members[:min(len(members), l.max-len(l.items))]...)
		return
	}
	if len(l.items) < l.max && (x != nil || l.nulls) {
		l.items = append(l.items, x)
	}
}

func (l *makeList) merge(o state) {
	l.items = append(l.items, o.(*makeList).items...)
	l.items = l.items[:min(len(l.items), l.max)]
}

func (l *makeList) result(*Spec) []value.Value { return []value.Value{value.OfDynamic(l.items)} }

// makeSet gathers distinct values in the order they are first seen.
type makeSet struct {
	makeList
	seen map[string]struct{}
}

func newSet(s *Spec) state {
	return &makeSet{makeList{max: limit(s, 1), items: []any{}}, map[string]struct{}{}}
}

func (l *makeSet) add(row []value.Value) {
	x := row[0].AsDynamic()
	if x == nil || len(l.items) >= l.max {
		return
	}
	if members, ok := x.([]any); ok && row[0].T == value.Dynamic {
		for _, m := range members {
			l.put(m)
		}
		return
	}
	l.put(x)
}

func (l *makeSet) put(x any) {
	k := string(value.AppendCanonical(nil, x))
	if _, dup := l.seen[k]; dup || len(l.items) >= l.max || x == nil {
		return
	}
	l.seen[k] = struct{}{}
	l.items = append(l.items, x)
}

func (l *makeSet) merge(o state) {
	for _, x := range o.(*makeSet).items {
		l.put(x)
	}
}

// makeBag merges bags; the first value of a name stays.
type makeBag struct {
	b   *value.Bag
	max int
}

func newBag(s *Spec) state { return &makeBag{&value.Bag{}, limit(s, 1)} }

func (m *makeBag) add(row []value.Value) {
	b, ok := row[0].X.(*value.Bag)
	if !ok {
		return
	}
	for i, k := range b.Keys {
		if !m.b.Has(k) && m.b.Len() < m.max {
			m.b.Set(k, b.Vals[i])
		}
	}
}

func (m *makeBag) merge(o state) { m.add([]value.Value{value.OfDynamic(o.(*makeBag).b)}) }

func (m *makeBag) result(*Spec) []value.Value { return []value.Value{value.OfDynamic(m.b)} }

// schema collects the shapes of dynamic values.
type schema struct{ shape any }

func newSchema(*Spec) state { return &schema{} }

func (s *schema) add(row []value.Value) {
	if !row[0].Null {
		s.shape = joinShape(s.shape, shapeOf(row[0].X))
	}
}

func shapeOf(x any) any {
	switch x := x.(type) {
	case *value.Bag:
		b := &value.Bag{}
		for i, k := range x.Keys {
			b.Set(k, shapeOf(x.Vals[i]))
		}
		return b
	case []any:
		b := &value.Bag{}
		var item any
		for _, e := range x {
			item = joinShape(item, shapeOf(e))
		}
		b.Set("`indexer`", item)
		return b
	}
	return value.KindOf(x)
}

func joinShape(a, b any) any {
	if a == nil || b == nil || value.EqualDynamic(a, b) {
		if a == nil {
			return b
		}
		return a
	}
	x, ok1 := a.(*value.Bag)
	y, ok2 := b.(*value.Bag)
	if ok1 && ok2 {
		out := &value.Bag{}
		for i, k := range x.Keys {
			out.Set(k, joinShape(x.Vals[i], y.Get(k)))
		}
		for i, k := range y.Keys {
			if !out.Has(k) {
				out.Set(k, y.Vals[i])
			}
		}
		return out
	}
	l, ok := a.([]any)
	if !ok {
		l = []any{a}
	}
	for _, e := range l {
		if value.EqualDynamic(e, b) {
			return l
		}
	}
	return append(append([]any(nil), l...), b)
}

func (s *schema) merge(o state) { s.shape = joinShape(s.shape, o.(*schema).shape) }

func (s *schema) result(*Spec) []value.Value { return []value.Value{value.OfDynamic(s.shape)} }
