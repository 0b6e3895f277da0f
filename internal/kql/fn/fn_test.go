package fn

import (
	"testing"

	"github.com/azptu/azptu/internal/kql/value"
)

// TestVectorsAgreeWithRows computes functions over plain, dictionary-coded and constant
// vectors, which must give what they give row by row.
func TestVectorsAgreeWithRows(t *testing.T) {
	c := &Context{}
	words := []string{"", "abc", "Abc-def", "éa b", "10", "{\"a\":1}"}
	codes := []uint32{0, 1, 2, 3, 4, 5, 1, 2}
	texts := make([]string, len(codes))
	for i, k := range codes {
		texts[i] = words[k]
	}
	n := len(codes)
	for name, extra := range map[string][]value.Value{
		"tolower": nil, "strlen": nil, "has": {value.OfString("ABC")}, "contains": {value.OfString("B")}, "==": {value.OfString("abc")}, "<": {value.OfString("abc")}, "tolong": nil,
		"substring": {value.OfLong(1), value.OfLong(2)}, "split": {value.OfString("-")}, "isempty": nil, "reverse": nil, "parse_json": nil, "hash_sha256": nil, "countof": {value.OfString("a")},
	} {
		f := Lookup(name)
		typ := f.Call(c, append([]value.Value{value.OfString("abc")}, extra...), value.Unknown).T
		if typ == value.Unknown {
			typ = f.Row(c, append([]value.Value{value.OfString("abc")}, extra...)).T
		}
		for _, v := range []*value.Vector{value.StringsOf(texts), value.DictOf(words, codes), value.ConstOf(value.OfString("Abc"), n)} {
			args := []*value.Vector{v}
			for _, e := range extra {
				args = append(args, value.ConstOf(e, n))
			}
			got := f.Apply(c, args, n, typ)
			for i := range n {
				row := make([]value.Value, len(args))
				for j, a := range args {
					row[j] = a.Value(i)
				}
				want := f.Call(c, row, typ)
				if g := got.Value(i); value.Text(g) != value.Text(want) || g.Null != want.Null {
					t.Errorf("%s(%q): %v over vectors, %v by row", name, v.Text(i), g, want)
				}
			}
		}
	}
	if c.Err() != nil {
		t.Error(c.Err())
	}
}

func TestNumbersOverVectors(t *testing.T) {
	c := &Context{}
	a := &value.Vector{Type: value.Long, Len: 3, I64: []int64{7, -7, 9}}
	b := &value.Vector{Type: value.Long, Len: 3, I64: []int64{2, 2, 0}, Nulls: value.Bitmap{2}}
	for name, want := range map[string][]string{"+": {"9", "", "9"}, "*": {"14", "", "0"}, "/": {"3", "", ""}, "<": {"False", "", "False"}, "==": {"False", "False", "False"}} {
		typ := value.Long
		if name == "<" || name == "==" {
			typ = value.Bool
		}
		got := Lookup(name).Apply(c, []*value.Vector{a, b}, 3, typ)
		for i, w := range want {
			if g := value.Text(got.Value(i)); g != w {
				t.Errorf("row %d of %s is %q, want %q", i, name, g, w)
			}
		}
	}
}

func BenchmarkContains(b *testing.B) {
	s := make([]string, 4096)
	for i := range s {
		s[i] = "POST /openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21"
	}
	args := []*value.Vector{value.StringsOf(s), value.ConstOf(value.OfString("COMPLETIONS"), len(s))}
	f := Lookup("contains")
	for b.Loop() {
		f.Apply(&Context{}, args, len(s), value.Bool)
	}
}

// TestSizesOfNestedValues holds what large answers are counted as to what they hold: a ring
// of cells or a shape is not the size of its outermost array.
func TestSizesOfNestedValues(t *testing.T) {
	c := &Context{}
	rings := Lookup("geo_h3cell_rings").Call(c, []value.Value{value.OfString("85283473fffffff"), value.OfLong(20)}, value.Dynamic)
	buffer := Lookup("geo_line_buffer").Call(c, []value.Value{dyn(bagOf("type", "LineString", "coordinates", []any{[]any{0.0, 0.0}, []any{1.0, 0.0}})), value.OfReal(1000), value.OfReal(0.01)}, value.Dynamic)
	if n := sizeOf(rings); n < 1261*40 {
		t.Errorf("1261 cells count as %d bytes", n)
	}
	if n := sizeOf(buffer); n < 1000*48 {
		t.Errorf("a shape of over 1000 corners counts as %d bytes", n)
	}
}
