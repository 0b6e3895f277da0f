package tokens

import (
	"sync"
	"unicode"
	"unicode/utf8"
)

// class is what the split patterns ask of a character.
type class uint8

const (
	upper   class = 1 << iota // Lu, Lt
	lower                     // Ll
	letter                    // Lm, Lo: both cases at once
	mark                      // M
	number                    // N
	space                     // white space but CR and LF
	newline                   // CR and LF

	anyLetter = upper | lower | letter
	anySpace  = space | newline
	upperRun  = upper | letter | mark // may start a word in o200k
	lowerRun  = lower | letter | mark // may end one
)

// classes of the characters below 0x10000, made when first needed: 64 kB that
// save a search through the Unicode tables for every character.
var classes = sync.OnceValue(func() *[0x10000]class {
	table := new([0x10000]class)
	for r := range rune(0x10000) {
		table[r] = slowClass(r)
	}
	return table
})

func slowClass(r rune) class {
	switch {
	case r == '\r' || r == '\n':
		return newline
	case unicode.Is(unicode.Lu, r) || unicode.Is(unicode.Lt, r):
		return upper
	case unicode.Is(unicode.Ll, r):
		return lower
	case unicode.Is(unicode.L, r):
		return letter
	case unicode.Is(unicode.M, r):
		return mark
	case unicode.Is(unicode.N, r):
		return number
	case unicode.IsSpace(r):
		return space
	}
	return 0
}

// at classifies the character at b[i] and tells its length. Bytes that are not
// UTF-8 count as symbols, one each.
func (t *splitter) at(b []byte, i int) (class, int) {
	if c := b[i]; c < utf8.RuneSelf {
		return t.table[c], 1
	}
	return t.wide(b[i:])
}

func (t *splitter) wide(b []byte) (class, int) {
	r, n := utf8.DecodeRune(b)
	if r < 0x10000 {
		return t.table[r], n
	}
	return slowClass(r), n
}
