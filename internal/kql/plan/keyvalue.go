package plan

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/azptu/azptu/internal/kql/ast"
	"github.com/azptu/azptu/internal/kql/fn"
)

// KeyValue is what parse-kv looks for: pairs between delimiters, or keys that anything but
// letters and digits may surround (Loose), or what a regular expression finds.
type KeyValue struct {
	Pair, Assign string
	Quotes       [][2]string // what opens and what closes
	Escapes      []string
	Greedy       bool
	Loose        bool
	Regex        *regexp.Regexp
}

// newKeyValue reads parse-kv's options; quote and escape may be given several times.
func newKeyValue(o ast.Options) (KeyValue, error) {
	kv := KeyValue{Pair: o.Get("pair_delimiter"), Assign: o.Get("kv_delimiter"), Greedy: o.Get("greedy") == "True"}
	if kv.Pair == "" && kv.Assign == "" {
		kv.Loose = true
	}
	if kv.Pair == "" {
		kv.Pair = " "
	}
	if kv.Assign == "" {
		kv.Assign = "="
	}
	for i := range o {
		text := o[i : i+1].Get(o[i].Name)
		switch o[i].Name {
		case "quote":
			switch q := []rune(text); len(q) {
			case 1:
				kv.Quotes = append(kv.Quotes, [2]string{text, text})
			case 2:
				kv.Quotes = append(kv.Quotes, [2]string{string(q[0]), string(q[1])})
			default:
				return kv, fmt.Errorf("a quote is one character, or one that opens and one that closes, not '%s'", text)
			}
		case "escape":
			if utf8.RuneCountInString(text) != 1 {
				return kv, fmt.Errorf("what escapes is one character, not '%s'", text)
			}
			kv.Escapes = append(kv.Escapes, text)
		case "regex":
			re, err := regexp.Compile(fn.GoRegexp(text))
			if err != nil {
				return kv, err
			}
			if re.NumSubexp() != 2 {
				return kv, fmt.Errorf("the regular expression of parse-kv has two groups, for the key and the value, not %d", re.NumSubexp())
			}
			kv.Regex = re
		}
	}
	return kv, nil
}

// Parse gives the values by key; the first of a key counts.
func (kv *KeyValue) Parse(s string, keys []string) map[string]string {
	out := map[string]string{}
	put := func(key, val string) {
		if _, dup := out[key]; !dup {
			out[key] = val
		}
	}
	if kv.Regex != nil {
		for _, m := range kv.Regex.FindAllStringSubmatch(s, -1) {
			put(strings.TrimSpace(m[1]), strings.TrimSpace(m[2]))
		}
		return out
	}
	if kv.Loose {
		kv.loose(s, keys, put)
		return out
	}
	for {
		s = strings.TrimLeft(s, " ")
		for strings.HasPrefix(s, kv.Pair) {
			s = strings.TrimLeft(s[len(kv.Pair):], " ")
		}
		key, rest, ok := kv.key(s)
		if !ok {
			return out
		}
		val, rest := kv.value(rest)
		put(key, val)
		s = rest
	}
}

// loose looks for the keys as whole words; the value is the word behind, or what is quoted.
func (kv *KeyValue) loose(s string, keys []string, put func(key, val string)) {
	inWord := false
	for s != "" {
		key := ""
		if !inWord {
			key = keyAhead(s, keys)
		}
		if key == "" {
			r, w := utf8.DecodeRuneInString(s)
			inWord, s = wordRune(r), s[w:]
			continue
		}
		s = s[len(key):]
		val, quoted := "", false
		for s != "" && !quoted {
			r, w := utf8.DecodeRuneInString(s)
			if wordRune(r) {
				break
			}
			if val, s, quoted = kv.quoted(s); !quoted {
				s = s[w:]
			}
		}
		if !quoted {
			end := strings.IndexFunc(s, func(r rune) bool { return !wordRune(r) })
			if end < 0 {
				end = len(s)
			}
			val, s = s[:end], s[end:]
		}
		put(key, val)
	}
}

func wordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// keyAhead gives the key with which a text begins, the longest one.
func keyAhead(s string, keys []string) (found string) {
	for _, k := range keys {
		r, w := utf8.DecodeRuneInString(strings.TrimPrefix(s, k))
		if len(k) > len(found) && strings.HasPrefix(s, k) && (w == 0 || !wordRune(r)) {
			found = k
		}
	}
	return found
}

// key reads a key, quoted or not, with what assigns its value.
func (kv *KeyValue) key(s string) (key, rest string, ok bool) {
	for _, q := range kv.Quotes {
		if strings.HasPrefix(s, q[0]) {
			if inside, after, found := strings.Cut(s[len(q[0]):], q[1]); found && strings.HasPrefix(after, kv.Assign) {
				return inside, after[len(kv.Assign):], true
			}
		}
	}
	i := strings.Index(s, kv.Assign)
	if i < 0 {
		return "", "", false
	}
	key = strings.TrimSpace(s[:i])
	if j := strings.LastIndex(key, kv.Pair); j >= 0 {
		key = key[j+len(kv.Pair):]
	}
	return strings.TrimSpace(key), s[i+len(kv.Assign):], true
}

// quoted reads a text in quotes when one begins here.
func (kv *KeyValue) quoted(s string) (inside, rest string, ok bool) {
	for _, q := range kv.Quotes {
		t, found := strings.CutPrefix(s, q[0])
		if !found {
			continue
		}
		var b strings.Builder
		for t != "" && !strings.HasPrefix(t, q[1]) {
			for _, e := range kv.Escapes {
				if strings.HasPrefix(t, e) && len(t) > len(e) {
					t = t[len(e):]
					break
				}
			}
			_, w := utf8.DecodeRuneInString(t)
			b.WriteString(t[:w])
			t = t[w:]
		}
		return b.String(), strings.TrimPrefix(t, q[1]), true
	}
	return "", s, false
}

// value reads up to the next pair.
func (kv *KeyValue) value(s string) (val, rest string) {
	if inside, rest, ok := kv.quoted(strings.TrimLeft(s, " ")); ok {
		return inside, rest
	}
	if t := strings.TrimLeft(s, " "); strings.TrimSpace(t) != "" {
		s = t
	}
	i := strings.Index(s, kv.Pair)
	if i < 0 {
		return strings.TrimSpace(s), ""
	}
	if kv.Greedy {
		if next := strings.Index(s, kv.Assign); next >= 0 {
			i = strings.LastIndex(s[:next], kv.Pair)
		} else {
			i = -1
		}
		if i < 0 {
			return s, ""
		}
	}
	return strings.TrimSpace(s[:i]), s[i+len(kv.Pair):]
}
