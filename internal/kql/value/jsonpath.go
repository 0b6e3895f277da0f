package value

import (
	"math/bits"
	"strconv"
	"strings"
)

// Step is one step into a JSON document: a property when Key is set (or Index is not),
// an array element when IsIndex is. Reparse says that before this step a value that is a
// JSON string is itself read as JSON, as parse_json does with a string.
type Step struct {
	Key     string
	Index   int
	IsIndex bool
	Reparse bool
}

// PathString prints a path as ['a'][0]; a reparse is printed as a leading *.
func PathString(path []Step) string {
	var b strings.Builder
	for _, s := range path {
		if s.Reparse {
			b.WriteByte('*')
		}
		if s.IsIndex {
			b.WriteString("[" + strconv.Itoa(s.Index) + "]")
		} else {
			b.WriteString("[" + strconv.Quote(s.Key) + "]")
		}
	}
	return b.String()
}

// CheckJSON says whether s is one well-formed JSON document, without building anything.
func CheckJSON(s string) bool {
	i := skipSpace(s, 0)
	end := skipValue(s, i, 0)
	return end >= 0 && skipSpace(s, end) == len(s)
}

// FindPaths looks up several paths in one pass over a JSON document and puts the text of
// each found value into out (same length as paths), "" for the others. Nothing is
// allocated unless a reparse meets a string. When doc is not well-formed JSON all are "".
func FindPaths(doc string, paths [][]Step, out []string) {
	for i := range out {
		out[i] = ""
	}
	i := skipSpace(doc, 0)
	f := pathFinder{paths: paths, out: out}
	end := f.value(doc, i, 0, f.all())
	if end < 0 || skipSpace(doc, end) != len(doc) {
		for i := range out {
			out[i] = ""
		}
	}
}

type pathFinder struct {
	paths [][]Step
	out   []string
}

// pathSet is a set of path numbers; more than 64 paths are looked up in rounds by callers.
type pathSet uint64

func (f *pathFinder) all() pathSet {
	if len(f.paths) >= 64 {
		return ^pathSet(0)
	}
	return 1<<len(f.paths) - 1
}

// value walks the value at i that lies at the given depth on every path of set, recording
// those that end here. It returns the place after the value, or -1.
func (f *pathFinder) value(s string, i, depth int, set pathSet) int {
	if i >= len(s) || depth > MaxDepth {
		return -1
	}
	deeper, ending, reparse := f.sort(depth, set)
	end := -1
	switch {
	case s[i] == '{' && deeper != 0:
		end = f.object(s, i, depth, deeper)
	case s[i] == '[' && deeper != 0:
		end = f.array(s, i, depth, deeper)
	default:
		end = skipValue(s, i, depth)
		if end > 0 && s[i] == '"' && reparse != 0 {
			f.reparse(s[i+1:end-1], depth, reparse)
		}
	}
	if end > 0 {
		for rest := ending; rest != 0; rest &= rest - 1 {
			f.out[bits.TrailingZeros64(uint64(rest))] = s[i:end]
		}
	}
	return end
}

// sort tells the paths that end at a depth from those that go on, and which of these read
// a string as JSON first.
func (f *pathFinder) sort(depth int, set pathSet) (deeper, ending, reparse pathSet) {
	for rest := set; rest != 0; rest &= rest - 1 {
		p := bits.TrailingZeros64(uint64(rest))
		if len(f.paths[p]) == depth {
			ending |= 1 << p
		} else if deeper |= 1 << p; f.paths[p][depth].Reparse {
			reparse |= 1 << p
		}
	}
	return deeper, ending, reparse
}

// reparse follows paths into the content of a JSON string.
func (f *pathFinder) reparse(inside string, depth int, set pathSet) {
	t, ok := inside, true
	if strings.IndexByte(inside, '\\') >= 0 {
		t, ok = unescape(inside)
	}
	if !ok || !CheckJSON(t) {
		return
	}
	for p := range f.paths {
		if set>>p&1 != 0 {
			rest := append([]Step(nil), f.paths[p][depth:]...)
			rest[0].Reparse = false
			FindPaths(t, [][]Step{rest}, f.out[p:p+1])
		}
	}
}

func (f *pathFinder) object(s string, i, depth int, set pathSet) int {
	i = skipSpace(s, i+1)
	if i < len(s) && s[i] == '}' {
		return i + 1
	}
	for i < len(s) && s[i] == '"' {
		end, escaped := stringEnd(s, i)
		if end < 0 {
			return -1
		}
		key := s[i+1 : end-1]
		if escaped {
			var ok bool
			if key, ok = unescape(key); !ok {
				return -1
			}
		}
		if i = skipSpace(s, end); i >= len(s) || s[i] != ':' {
			return -1
		}
		i = skipSpace(s, i+1)
		if i = f.member(s, i, depth, f.matching(set, depth, key)); i < 0 {
			return -1
		}
		if i = skipSpace(s, i); i >= len(s) {
			return -1
		}
		if s[i] == '}' {
			return i + 1
		}
		if s[i] != ',' {
			return -1
		}
		i = skipSpace(s, i+1)
	}
	return -1
}

func (f *pathFinder) matching(set pathSet, depth int, key string) pathSet {
	var m pathSet
	for rest := set; rest != 0; rest &= rest - 1 {
		p := bits.TrailingZeros64(uint64(rest))
		if st := &f.paths[p][depth]; len(st.Key) == len(key) && st.Key == key && !st.IsIndex {
			m |= 1 << p
		}
	}
	return m
}

func (f *pathFinder) member(s string, i, depth int, set pathSet) int {
	if set == 0 {
		return skipValue(s, i, depth+1)
	}
	for rest := set; rest != 0; rest &= rest - 1 {
		f.out[bits.TrailingZeros64(uint64(rest))] = ""
	}
	return f.value(s, i, depth+1, set)
}

func (f *pathFinder) array(s string, i, depth int, set pathSet) int {
	start := i
	i = skipSpace(s, i+1)
	if i < len(s) && s[i] == ']' {
		return i + 1
	}
	fromEnd := false
	for n := 0; i < len(s); n++ {
		var m pathSet
		for p := range f.paths {
			if set>>p&1 != 0 && f.paths[p][depth].IsIndex {
				if f.paths[p][depth].Index == n {
					m |= 1 << p
				}
				fromEnd = fromEnd || f.paths[p][depth].Index < 0
			}
		}
		if i = f.member(s, i, depth, m); i < 0 {
			return -1
		}
		if i = skipSpace(s, i); i >= len(s) {
			return -1
		}
		if s[i] == ']' {
			if fromEnd {
				f.fromEnd(s[start:i+1], depth, set, n+1)
			}
			return i + 1
		}
		if s[i] != ',' {
			return -1
		}
		i = skipSpace(s, i+1)
	}
	return -1
}

// fromEnd resolves negative indexes once the array's length n is known.
func (f *pathFinder) fromEnd(arr string, depth int, set pathSet, n int) {
	for p := range f.paths {
		if set>>p&1 == 0 || !f.paths[p][depth].IsIndex || f.paths[p][depth].Index >= 0 {
			continue
		}
		rest := append([]Step(nil), f.paths[p][depth:]...)
		if rest[0].Index += n; rest[0].Index >= 0 {
			rest[0].Reparse = false
			FindPaths(arr, [][]Step{rest}, f.out[p:p+1])
		}
	}
}

func skipSpace(s string, i int) int {
	for i < len(s) && s[i] <= ' ' && (s[i] == ' ' || s[i] == '\n' || s[i] == '\t' || s[i] == '\r') {
		i++
	}
	return i
}

// skipValue finds the end of the JSON value at i, checking its form; -1 when it is none.
func skipValue(s string, i, depth int) int {
	if i >= len(s) || depth > MaxDepth {
		return -1
	}
	switch s[i] {
	case '"':
		end, escaped := stringEnd(s, i)
		if end > 0 && escaped && !validEscapes(s[i+1:end-1]) {
			return -1
		}
		return end
	case '{', '[':
		return skipComposite(s, i, depth)
	case 't':
		return skipWord(s, i, "true")
	case 'f':
		return skipWord(s, i, "false")
	case 'n':
		return skipWord(s, i, "null")
	}
	return skipNumber(s, i)
}

// inNumber marks the characters a number is made of.
var inNumber = [256]bool{'0': true, '1': true, '2': true, '3': true, '4': true, '5': true, '6': true, '7': true, '8': true, '9': true, '-': true, '+': true, '.': true, 'e': true, 'E': true}

func skipNumber(s string, i int) int {
	j := i
	for j < len(s) && inNumber[s[j]] {
		j++
	}
	if !validNumber(s[i:j]) {
		return -1
	}
	return j
}

func skipWord(s string, i int, w string) int {
	if strings.HasPrefix(s[i:], w) {
		return i + len(w)
	}
	return -1
}

func skipComposite(s string, i, depth int) int {
	object := s[i] == '{'
	closing := byte(']')
	if object {
		closing = '}'
	}
	i = skipSpace(s, i+1)
	if i < len(s) && s[i] == closing {
		return i + 1
	}
	for i < len(s) {
		if object {
			if i = skipKey(s, i); i < 0 {
				return -1
			}
		}
		if i = skipValue(s, i, depth+1); i < 0 {
			return -1
		}
		if i = skipSpace(s, i); i >= len(s) {
			return -1
		}
		if s[i] == closing {
			return i + 1
		}
		if s[i] != ',' {
			return -1
		}
		i = skipSpace(s, i+1)
	}
	return -1
}

// skipKey passes a property's name and the colon; -1 when they are not there.
func skipKey(s string, i int) int {
	if s[i] != '"' {
		return -1
	}
	end, escaped := stringEnd(s, i)
	if end < 0 || escaped && !validEscapes(s[i+1:end-1]) {
		return -1
	}
	if i = skipSpace(s, end); i >= len(s) || s[i] != ':' {
		return -1
	}
	return skipSpace(s, i+1)
}

func validEscapes(t string) bool {
	for i := 0; i < len(t); i++ {
		if t[i] != '\\' {
			continue
		}
		i++
		if i >= len(t) {
			return false
		}
		if t[i] != 'u' {
			if _, ok := escapes[t[i]]; !ok {
				return false
			}
			continue
		}
		if i+5 > len(t) {
			return false
		}
		if _, err := strconv.ParseUint(t[i+1:i+5], 16, 32); err != nil {
			return false
		}
		i += 4
	}
	return true
}

// validNumber says whether t is a JSON number; plain integers are settled without parsing.
func validNumber(t string) bool {
	d := t
	if d != "" && d[0] == '-' {
		d = d[1:]
	}
	if d == "" || len(d) > 1 && d[0] == '0' && d[1] >= '0' && d[1] <= '9' {
		return false
	}
	for i := range len(d) {
		if d[i] < '0' || d[i] > '9' {
			_, ok := jsonNumber(t)
			return ok
		}
	}
	return true
}
