package fn

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/azptu/azptu/internal/kql/value"
)

// maxText bounds the texts that functions may build, in bytes.
const maxText = 16 << 20

func string1(f func(string) string) Func {
	return Func{Row: func(_ *Context, a []value.Value) value.Value { return value.OfString(f(text(a[0]))) }, Nulls: true}
}

var stringFuncs = func() group {
	return group{
		"strlen": {Row: func(_ *Context, a []value.Value) value.Value {
			return value.OfLong(int64(utf8.RuneCountInString(text(a[0]))))
		}},
		"string_size":  {Row: func(_ *Context, a []value.Value) value.Value { return value.OfLong(int64(len(text(a[0])))) }},
		"tolower":      string1(strings.ToLower),
		"toupper":      string1(strings.ToUpper),
		"reverse":      string1(reverse),
		"substring":    {Row: substring, Nulls: true},
		"strcat":       {Row: strcat, Nulls: true},
		"strcat_delim": {Row: strcatDelim, Nulls: true},
		"strcat_array": {Row: strcatArray},
		"strcmp": {Row: func(_ *Context, a []value.Value) value.Value {
			return value.OfLong(int64(strings.Compare(text(a[0]), text(a[1]))))
		}},
		"strrep":          {Row: strrep},
		"repeat":          {Row: repeat},
		"split":           {Row: split},
		"indexof":         {Row: indexOf, Nulls: true},
		"countof":         {Row: countOf},
		"replace_string":  {Row: replaceString},
		"replace_strings": {Row: replaceStrings},
		"translate":       {Row: translate},
		"format_bytes":    {Row: formatBytes},
		"has_any_index": {Row: func(_ *Context, a []value.Value) value.Value {
			terms, _ := list(a[1])
			for i, t := range terms {
				if hasTerm(text(a[0]), text(value.FromDynamic(t)), true, true, true) {
					return value.OfLong(int64(i))
				}
			}
			return value.OfLong(-1)
		}},
	}
}

func reverse(s string) string {
	r := []rune(s)
	for i, j := 0, len(r)-1; i < j; i, j = i+1, j-1 {
		r[i], r[j] = r[j], r[i]
	}
	return string(r)
}

// runeAt gives the byte offset of the n-th character, at most len(s).
func runeAt(s string, n int64) int {
	i := 0
	for ; n > 0 && i < len(s); n-- {
		_, w := utf8.DecodeRuneInString(s[i:])
		i += w
	}
	return i
}

func substring(_ *Context, a []value.Value) value.Value {
	s := text(a[0])
	if a[1].Null {
		return value.OfString("")
	}
	start := a[1].I
	if start < 0 {
		if start += int64(utf8.RuneCountInString(s)); start < 0 {
			return value.OfString("")
		}
	}
	s = s[runeAt(s, start):]
	if len(a) > 2 && !a[2].Null {
		if a[2].I < 0 {
			return value.OfString("")
		}
		s = s[:runeAt(s, a[2].I)]
	}
	return value.OfString(s)
}

func strcat(_ *Context, a []value.Value) value.Value {
	var b strings.Builder
	for _, v := range a {
		b.WriteString(text(v))
	}
	return value.OfString(b.String())
}

func strcatDelim(_ *Context, a []value.Value) value.Value {
	parts := make([]string, len(a)-1)
	for i, v := range a[1:] {
		parts[i] = text(v)
	}
	return value.OfString(strings.Join(parts, text(a[0])))
}

func strcatArray(_ *Context, a []value.Value) value.Value {
	l, ok := list(a[0])
	if !ok {
		return value.OfString("")
	}
	parts := make([]string, len(l))
	for i, x := range l {
		parts[i] = text(value.FromDynamic(x))
	}
	return value.OfString(strings.Join(parts, text(a[1])))
}

func strrep(_ *Context, a []value.Value) value.Value {
	s, n := text(a[0]), min(max(a[1].I, 0), 1024)
	delim := text(arg(a, 2, value.OfString("")))
	if n == 0 || int64(len(s)+len(delim))*n > maxText {
		return value.OfString("")
	}
	return value.OfString(strings.TrimSuffix(strings.Repeat(s+delim, int(n)), delim))
}

func repeat(_ *Context, a []value.Value) value.Value {
	n := min(a[1].I, maxRange)
	if n < 0 {
		return null(value.Dynamic)
	}
	out := make([]any, n)
	for i := range out {
		out[i] = a[0].AsDynamic()
	}
	return dyn(out)
}

func split(_ *Context, a []value.Value) value.Value {
	s, delim := text(a[0]), text(a[1])
	var parts []string
	if delim == "" {
		parts = []string{s}
	} else {
		parts = strings.Split(s, delim)
	}
	if len(a) > 2 {
		if i := a[2].I; i >= 0 && i < int64(len(parts)) {
			return dyn([]any{parts[i]})
		}
		return null(value.Dynamic)
	}
	out := make([]any, len(parts))
	for i, p := range parts {
		out[i] = p
	}
	return dyn(out)
}

// indexOf finds the character position of the n-th occurrence, -1 when there is none.
func indexOf(_ *Context, a []value.Value) value.Value {
	s, p := text(a[0]), text(a[1])
	if p == "" {
		return null(value.Long)
	}
	return find(a, s, false, func(from int) (int, int) {
		i := strings.Index(s[from:], p)
		return i, i + len(p)
	})
}

// find serves indexof and indexof_regex: next gives the first match at or after a byte
// offset, relative to it. The length is counted from where each search starts; apart says
// that matches do not overlap.
func find(a []value.Value, s string, apart bool, next func(from int) (int, int)) value.Value {
	start := arg(a, 2, value.OfLong(0)).I
	length := arg(a, 3, value.OfLong(-1)).I
	nth := arg(a, 4, value.OfLong(1)).I
	if start < 0 {
		start = max(start+int64(utf8.RuneCountInString(s)), 0)
	}
	if length < -1 || nth < 1 {
		return null(value.Long)
	}
	for from := runeAt(s, start); from <= len(s); nth-- {
		limit := len(s)
		if length >= 0 {
			limit = from + runeAt(s[from:], length)
		}
		i, end := next(from)
		if i < 0 || from+end > limit {
			break
		}
		if nth == 1 {
			return value.OfLong(int64(utf8.RuneCountInString(s[:from+i])))
		}
		_, w := utf8.DecodeRuneInString(s[from+i:])
		if apart {
			w = end - i
		}
		from += i + max(w, 1)
	}
	return value.OfLong(-1)
}

func countOf(c *Context, a []value.Value) value.Value {
	s, p := text(a[0]), text(a[1])
	if len(a) > 2 && a[2].S == "regex" {
		re := c.Regexp(p)
		if re == nil {
			return value.OfLong(0)
		}
		return value.OfLong(int64(len(re.FindAllStringIndex(s, -1))))
	}
	n := int64(0)
	for from := 0; p != ""; n++ {
		i := strings.Index(s[from:], p)
		if i < 0 {
			break
		}
		from += i + 1
	}
	return value.OfLong(n)
}

func replaceString(_ *Context, a []value.Value) value.Value {
	if a[1].S == "" {
		return a[0]
	}
	if n := strings.Count(a[0].S, a[1].S); len(a[0].S)+n*len(a[2].S) > maxText {
		return value.OfString("")
	}
	return value.OfString(strings.ReplaceAll(a[0].S, a[1].S, a[2].S))
}

// replaceStrings replaces one text of the list after the other. What was matched is not
// looked at again; a rewrite that is no string leaves its match as it is.
func replaceStrings(_ *Context, a []value.Value) value.Value {
	type piece struct {
		text string
		done bool
	}
	from, _ := list(a[1])
	to, _ := list(a[2])
	pieces, size := []piece{{text: a[0].S}}, len(a[0].S)
	for i, f := range from {
		old, ok := f.(string)
		if !ok || old == "" || i >= len(to) {
			continue
		}
		repl, ok := to[i].(string)
		if !ok {
			repl = old
		}
		var next []piece
		for _, p := range pieces {
			for !p.done {
				at := strings.Index(p.text, old)
				if at < 0 {
					break
				}
				if size += len(repl) - len(old); size > maxText {
					return value.OfString("")
				}
				next = append(next, piece{text: p.text[:at]}, piece{repl, true})
				p.text = p.text[at+len(old):]
			}
			next = append(next, p)
		}
		pieces = next
	}
	var b strings.Builder
	for _, p := range pieces {
		b.WriteString(p.text)
	}
	return value.OfString(b.String())
}

// translate replaces the characters of one list by those of another, the last of which
// stands for all that follow.
func translate(_ *Context, a []value.Value) value.Value {
	from, to := []rune(a[0].S), []rune(a[1].S)
	return value.OfString(strings.Map(func(r rune) rune {
		for i, f := range from {
			if f != r {
				continue
			}
			if len(to) == 0 {
				return -1
			}
			return to[min(i, len(to)-1)]
		}
		return r
	}, a[2].S))
}

var byteUnits = []string{"Bytes", "KB", "MB", "GB", "TB", "PB", "EB"}

func formatBytes(_ *Context, a []value.Value) value.Value {
	f := asReal(a[0])
	digits := arg(a, 1, value.OfLong(0)).I
	want := text(arg(a, 2, value.OfString("")))
	unit := 0
	for unit < len(byteUnits)-1 {
		if want != "" && byteUnits[unit] == want || want == "" && f < 1024 && f > -1024 {
			break
		}
		f /= 1024
		unit++
	}
	s := strconv.FormatFloat(roundReal(f, digits), 'f', -1, 64)
	return value.OfString(s + " " + byteUnits[unit])
}
