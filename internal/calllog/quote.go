package calllog

import (
	"encoding/binary"
	"unicode/utf8"
)

// appendQuoted appends text as a JSON string, quotes included. Bytes that are
// not UTF-8 become U+FFFD. Plain ASCII is looked at eight bytes at a time, since
// most of what a log holds is prose.
func appendQuoted[T string | []byte](b []byte, text T) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(text); {
		if i = plain(text, i); i == len(text) {
			break
		}
		c := text[i]
		if c >= utf8.RuneSelf {
			if n := runeLength(text[i:]); n > 0 {
				i += n
				continue
			}
		}
		b = append(b, text[start:i]...)
		b = appendEscaped(b, c)
		i++
		start = i
	}
	b = append(b, text[start:]...)
	return append(b, '"')
}

// runeLength is the length of the rune that text begins with, or 0 when its
// first byte belongs to none.
func runeLength[T string | []byte](text T) int {
	r, n := utf8.DecodeRuneInString(string(text[:min(len(text), utf8.UTFMax)]))
	if r == utf8.RuneError && n <= 1 {
		return 0
	}
	return n
}

// plain is the first place from i on with a byte that a JSON string cannot
// hold as it is, or that is not ASCII; or the length of text.
func plain[T string | []byte](text T, i int) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	var word [8]byte
	for ; i+8 <= len(text); i += 8 {
		copy(word[:], text[i:i+8])
		x := binary.LittleEndian.Uint64(word[:])
		quote, slash := x^(ones*'"'), x^(ones*'\\')
		// Each term has the top bit of a byte set where that byte is below ' ',
		// the quote, the backslash, or beyond ASCII.
		if ((x-ones*' ')|(quote-ones)|(slash-ones)|x)&tops != 0 {
			break
		}
	}
	for i < len(text) && text[i] >= ' ' && text[i] < utf8.RuneSelf && text[i] != '"' && text[i] != '\\' {
		i++
	}
	return i
}

const hexDigits = "0123456789abcdef"

func appendEscaped(b []byte, c byte) []byte {
	switch {
	case c == '"' || c == '\\':
		return append(b, '\\', c)
	case c == '\n':
		return append(b, '\\', 'n')
	case c == '\r':
		return append(b, '\\', 'r')
	case c == '\t':
		return append(b, '\\', 't')
	case c >= utf8.RuneSelf:
		return append(b, "\uFFFD"...)
	}
	return append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}
