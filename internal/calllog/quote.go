package calllog

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"unicode/utf8"
)

// appendQuoted appends text as a JSON string, quotes included. Bytes that are
// not UTF-8 become U+FFFD.
func appendQuoted(b []byte, text string) []byte { return quote(b, bytesOf(text)) }

// quote is appendQuoted for bytes. It copies text while it looks at it, eight bytes at a time as long as they
// are plain ASCII, since most of what a log holds is prose.
func quote(b, text []byte) []byte {
	n := len(b) + 1
	b = slices.Grow(b, len(text)+len(text)/8+wordRoom)
	b = b[:cap(b)]
	b[n-1] = '"'
	for i := 0; i < len(text); {
		if len(b)-n < len(text)-i+wordRoom {
			b = slices.Grow(b[:n], len(text)-i+len(text)/4+wordRoom)
			b = b[:cap(b)]
		}
		k := copyPlain(b[n:], text[i:])
		n, i = n+k, i+k
		if i == len(text) {
			break
		}
		if c := text[i]; c >= utf8.RuneSelf {
			if size := runeLength(text[i:]); size > 0 {
				n, i = n+copy(b[n:], text[i:i+size]), i+size
				continue
			}
		}
		n = len(appendEscaped(b[:n], text[i]))
		i++
	}
	b[n] = '"'
	return b[:n+1]
}

// wordRoom is how much more room than text there must be: for a word that is
// written before it is known to be plain, and for the longest escape.
const wordRoom = 16

// runeLength is the length of the rune that text begins with, or 0 when its
// first byte belongs to none.
func runeLength(text []byte) int {
	r, n := utf8.DecodeRune(text)
	if r == utf8.RuneError && n <= 1 {
		return 0
	}
	return n
}

// copyPlain copies what of text a JSON string can hold as it is and is ASCII,
// up to the first byte that is not, and tells how much that is. to has room for
// all of text and eight bytes.
func copyPlain(to, text []byte) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(text); i += 8 {
		x := binary.LittleEndian.Uint64(text[i:])
		binary.LittleEndian.PutUint64(to[i:], x)
		mark, slash := x^(ones*'"'), x^(ones*'\\')
		// Each term has the top bit of a byte set where that byte is below ' ',
		// the quote, the backslash, or beyond ASCII. Bytes above the first one may
		// be marked wrongly, as the subtraction borrows.
		if special := ((x - ones*' ') | (mark - ones) | (slash - ones) | x) & tops; special != 0 {
			return i + bits.TrailingZeros64(special)/8
		}
	}
	for ; i < len(text) && text[i] >= ' ' && text[i] < utf8.RuneSelf && text[i] != '"' && text[i] != '\\'; i++ {
		to[i] = text[i]
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
